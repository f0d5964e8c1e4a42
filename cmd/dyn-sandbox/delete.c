/*
 * delete - a row, and what the platform does with those that refer to it
 *
 * Rows that belong to it go with it (parties, notes, activities, process
 * instances, a company's contacts and opportunities, by the stock cascades),
 * a restricting relationship stops it (405, 0x80040227), other links are
 * cleared.  A relationship's own CascadeConfiguration comes first.
 */
#include <string.h>

#include "store.h"

struct removal {
	struct request *r;
	struct reply *a;
	const struct relation *rel;
	bool failed;
};

static const char *
cascade(const struct relation *rel)
{
	static const char *const parental[] = { "objectid", "regardingobjectid", "activityid", "customerid", "parentcustomerid",
	    "opportunityid", "bpf_opportunityid", "bpf_leadid", "productid" };
	static const char *const restricted[] = { "transactioncurrency", "uom", "uomschedule", "businessunit", "systemuser", "team",
	    "workflow", "processstage" };
	const char *column = relation_column(rel);
	size_t i;

	if (rel->on_delete[0] != '\0')
		return rel->on_delete;
	for (i = 0; i < sizeof(restricted) / sizeof(restricted[0]); i++)
		if (strcmp(rel->referenced, restricted[i]) == 0 && strcmp(rel->referencing, "activityparty") != 0)
			return "Restrict";
	if (strcmp(rel->referencing, "opportunityproduct") == 0 && strcmp(column, "productid") == 0)
		return "Restrict";
	for (i = 0; i < sizeof(parental) / sizeof(parental[0]); i++)
		if (strcmp(column, parental[i]) == 0)
			return "Cascade";
	return "RemoveLink";
}

static bool
remove_one(struct row *row, void *arg)
{
	struct removal *m = arg;
	const char *how = cascade(m->rel), *column = relation_column(m->rel);

	if (strcmp(how, "Restrict") == 0)
		m->failed = !reply_error(m->a, 405, "0x80040227", "The %s cannot be deleted because it is associated with another "
		    "record (%s %s). Remove the association and try again.", m->rel->referenced, row->table->name, row->id);
	else if (strcmp(how, "Cascade") == 0)
		m->failed = !write_delete(m->r, m->a, row);
	else {
		row_bind(m->r->arena, row, column, NULL, NULL);
		store_update(m->r->arena, row);
	}
	return !m->failed;
}

static bool
already(const struct table *t, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (strcmp(t->collection[k]->referencing, t->collection[i]->referencing) == 0 &&
		    strcmp(relation_column(t->collection[k]), relation_column(t->collection[i])) == 0)
			return true;
	return false;
}

static bool
audited_only(const struct table *t)
{
	return strcmp(t->name, "systemuser") == 0 || strcmp(t->name, "team") == 0 || strcmp(t->name, "organization") == 0 ||
	    strcmp(t->name, "businessunit") == 0;
}

bool
write_delete(struct request *r, struct reply *a, struct row *row)
{
	const struct table *t = row->table, *other;
	struct removal m = { .r = r, .a = a };
	struct row *mirror;
	size_t i;

	if (audited_only(t))
		return reply_error(a, 405, "0x80040227", "A %s cannot be deleted because other records are associated with it.", t->name);
	for (i = 0; i < t->collections; i++) {
		m.rel = t->collection[i];
		if ((other = schema_table(m.rel->referencing)) == NULL || relation_column(m.rel)[0] == '\0' || already(t, i))
			continue;
		store_referencing(r->arena, other, relation_column(m.rel), row->id, remove_one, &m);
		if (m.failed)
			return false;
	}
	if (t->activity && (other = schema_table("activitypointer")) != NULL && other != t &&
	    (mirror = store_get(r->arena, other, row->id)) != NULL)
		store_delete(mirror);
	store_delete(row);
	return true;
}
