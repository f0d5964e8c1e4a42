/*
 * nested - rows made together with another (deep insert), and rows that go with it
 *
 * Source: reference sections 3.5 (deep insert), 9.5 (activity parties).
 */
#include <string.h>

#include "store.h"

/* On update only the parties of an activity may come along: they replace the old ones. */
bool
nested_note(struct write *w, const struct relation *rel, const struct json_value *v)
{
	if (v->kind != JSON_ARRAY)
		return reply_payload(w->a, w->table->set, "The value of the collection '%s' must be an array.", rel->collection);
	if (w->old != NULL && strcmp(rel->referencing, "activityparty") != 0)
		return reply_error(w->a, 400, "0x80048d19", "Deep update of the collection '%s' is not supported: change its rows "
		    "one by one.", rel->collection);
	if (w->nesteds == sizeof(w->nested) / sizeof(w->nested[0]))
		return reply_error(w->a, 400, "0x80048d19", "Too many nested collections.");
	w->nested[w->nesteds].relation = rel;
	w->nested[w->nesteds++].list = *v;
	return true;
}

/* {"primarycontactid":{"lastname":"x"}}: that row first, then the lookup to it. */
bool
nested_single(struct write *w, const struct relation *rel, const struct json_value *v)
{
	struct write child = { .r = w->r, .a = w->a, .table = schema_table(rel->referenced) };

	if (w->old != NULL)
		return reply_error(w->a, 400, "0x80048d19", "Deep update of '%s' is not supported.", rel->navigation);
	if (child.table == NULL || !write_create(&child, v, NULL, NULL))
		return false;
	row_bind(w->r->arena, w->row, rel->column, child.table->name, child.row->id);
	return true;
}

static bool
party_allowed(struct write *parent, const struct json_value *party)
{
	static const struct { const char *table, *masks; } allowed[] = {
		{ "appointment", "567" }, { "email", "1234" }, { "phonecall", "12" },
	};
	struct json_value v;
	int64_t mask;
	size_t i;

	if (!json_member(party, "participationtypemask", &v) || v.kind != JSON_NUMBER || !json_int(&v, &mask))
		return reply_error(parent->a, 400, "0x80040203", "An activity party needs a participationtypemask.");
	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (strcmp(allowed[i].table, parent->table->name) == 0 &&
		    (mask < 1 || mask > 9 || strchr(allowed[i].masks, (int)('0' + mask)) == NULL))
			return reply_error(parent->a, 400, "0x80040203", "Participation type %lld is not allowed for the activity '%s'.",
			    (long long)mask, parent->table->name);
	return true;
}

static bool
drop_row(struct row *row, void *arg)
{
	(void)arg;
	store_delete(row);
	return true;
}

static bool
nested_list(struct write *w, const struct nested *n)
{
	struct write child = { .r = w->r, .a = w->a, .table = schema_table(n->relation->referencing) };
	struct json_iter it = json_iter(&n->list);
	struct json_value v;
	bool party = strcmp(n->relation->referencing, "activityparty") == 0;

	if (child.table == NULL)
		return reply_error(w->a, 400, "0x80048d19", "The rows of '%s' are of an unknown table.", n->relation->collection);
	child.parent_column = relation_column(n->relation);
	child.parent_table = w->table->name;
	child.parent_id = w->row->id;
	if (party && w->old != NULL)
		store_referencing(w->r->arena, child.table, child.parent_column, w->row->id, drop_row, NULL);
	while (json_next(&it, NULL, &v))
		if ((party && !party_allowed(w, &v)) || !write_create(&child, &v, NULL, NULL))
			return false;
	return true;
}

bool
nested_write(struct write *w)
{
	size_t i;

	for (i = 0; i < w->nesteds; i++)
		if (!nested_list(w, &w->nested[i]))
			return false;
	return true;
}
