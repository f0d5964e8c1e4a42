/*
 * meta_list - definitions in lists, and what is expanded in them
 *
 * Each function puts rows into b, with commas between and no brackets; false:
 * the request was answered with an error.
 */
#include <string.h>

#include "metadata.h"

struct json_value
buf_object(struct buf *b)
{
	json_pad(b);
	return (struct json_value){ .p = b->p, .n = b->n, .kind = JSON_OBJECT };
}

/* OptionSet is null where the column uses a global choice, GlobalOptionSet where it has its own. */
bool
put_choices(struct read *d, struct buf *b, const struct table *t, const struct column_def *c, const char *name, const struct query *q)
{
	static const struct shape shape = { "OptionSetMetadata",
		" MetadataId HasChanged Description DisplayName ExternalTypeName IntroducedVersion IsCustomOptionSet IsCustomizable IsGlobal"
		" IsManaged Name OptionSetType ", " Options TrueOption FalseOption ParentOptionSetName " };
	bool global = strcmp(name, "GlobalOptionSet") == 0;
	struct choice_def *choice = c->choice != NULL ? schema_choice(c->choice) : NULL;
	struct buf row = { 0 };
	struct json_value v;

	if (!query_check(d->a, q, &shape))
		return false;
	buf_printf(b, ",\"%s\":", name);
	if (global != (choice != NULL)) {
		buf_str(b, "null");
		return true;
	}
	if (choice != NULL)
		row_choice(&row, choice, true);
	else
		row_options(&row, t, c);
	v = buf_object(&row);
	query_put(b, q, &v);
	buf_char(b, '}');
	buf_free(&row);
	return true;
}

bool
expand_column(struct read *d, struct buf *b, const struct table *t, const struct column_def *c)
{
	const char *rest = d->q.expand;
	struct query q;
	char *name, *inner;

	while (rest != NULL && query_expand(d->r, &rest, &name, &inner)) {
		if (*d->shape.more == '\0' || !has_choices(c) || (strcmp(name, "OptionSet") != 0 && strcmp(name, "GlobalOptionSet") != 0))
			return reply_error(d->a, 400, "0x80060888", "Could not find a property named '%s' on type "
			    "'Microsoft.Dynamics.CRM.%s'.", name, d->shape.name);
		if (!query_nested(d->r, d->a, inner, strlen(inner), &q) || !put_choices(d, b, t, c, name, &q))
			return false;
	}
	return true;
}

/* Judges a row; true: its selected members are in b and the closing brace is the caller's.  *failed: answered. */
static bool
take_row(struct read *d, struct buf *b, struct buf *row, bool *failed)
{
	struct json_value v = buf_object(row);
	int match;

	if (d->q.top >= 0 && d->count >= (size_t)d->q.top)
		return false;
	match = query_match(d->r, d->a, &d->q, &d->shape, &v);
	*failed = match < 0;
	if (match <= 0)
		return false;
	if (d->count++ > 0)
		buf_char(b, ',');
	query_put(b, &d->q, &v);
	return true;
}

bool
list_columns(struct read *d, struct buf *b, const struct table *t, const char *cast)
{
	const struct column_def *c;
	struct buf row = { 0 };
	bool failed = false;
	size_t i;

	d->shape = cast != NULL ? shape_cast(d->r->arena, cast) : shape_column;
	if (!query_check(d->a, &d->q, &d->shape))
		return false;
	for (i = 0; i < t->columns && !failed; i++) {
		c = (const struct column_def *)schema_column_at(t, t->column[i]->name, d->r->now);
		if (c == NULL || (cast != NULL && strcmp(c->cast, cast) != 0))
			continue;
		row.n = 0;
		row_column(&row, t, c, cast != NULL);
		if (take_row(d, b, &row, &failed)) {
			failed = !expand_column(d, b, t, c);
			if (!failed)
				buf_char(b, '}');
		}
	}
	buf_free(&row);
	return !failed;
}

static bool
list_keys(struct read *d, struct buf *b, const struct table *t)
{
	const struct key_def *k;
	struct buf row = { 0 };
	bool failed = false;
	size_t i;

	d->shape = shape_key;
	if (!query_check(d->a, &d->q, &d->shape))
		return false;
	for (i = 0; i < t->keys && !failed; i++) {
		k = (const struct key_def *)t->key[i];
		if (k->d.visible_at > d->r->now)
			continue;
		row.n = 0;
		row_key(&row, k);
		if (take_row(d, b, &row, &failed))
			buf_char(b, '}');
	}
	buf_free(&row);
	return !failed;
}

bool
list_relations(struct read *d, struct buf *b, struct relation *const *list, size_t n, bool cast)
{
	const struct relation_def *rel;
	struct buf row = { 0 };
	bool failed = false;
	size_t i;

	d->shape = cast ? shape_one_to_many : shape_relation;
	if (!query_check(d->a, &d->q, &d->shape))
		return false;
	for (i = 0; i < n && !failed; i++) {
		rel = (const struct relation_def *)list[i];
		/* A collection line of the files is shown where it is a collection; a copy for look-ups has none. */
		if ((rel->d.kind != DEF_RELATION && *rel->r.collection == '\0') || rel->r.visible_at > d->r->now)
			continue;
		row.n = 0;
		row_relation(&row, rel, cast);
		if (take_row(d, b, &row, &failed))
			buf_char(b, '}');
	}
	buf_free(&row);
	return !failed;
}

bool
list_part(struct read *d, struct buf *b, const struct table *t, const char *name)
{
	if (strcmp(name, "Attributes") == 0)
		return list_columns(d, b, t, NULL);
	if (strcmp(name, "Keys") == 0)
		return list_keys(d, b, t);
	if (strcmp(name, "ManyToOneRelationships") == 0)
		return list_relations(d, b, t->relation, t->relations, true);
	if (strcmp(name, "OneToManyRelationships") == 0)
		return list_relations(d, b, t->collection, t->collections, true);
	if (strcmp(name, "ManyToManyRelationships") == 0)
		return true;
	return reply_error(d->a, 400, "0x80060888", "Could not find a property named '%s' on type "
	    "'Microsoft.Dynamics.CRM.EntityMetadata'.", name);
}

bool
expand_table(struct read *d, struct buf *b, const struct table *t)
{
	const char *rest = d->q.expand;
	struct read part;
	char *name, *inner;

	while (rest != NULL && query_expand(d->r, &rest, &name, &inner)) {
		part = (struct read){ .r = d->r, .a = d->a };
		if (!query_nested(d->r, d->a, inner, strlen(inner), &part.q))
			return false;
		buf_printf(b, ",\"%s\":[", name);
		if (!list_part(&part, b, t, name))
			return false;
		buf_char(b, ']');
	}
	return true;
}

bool
list_tables(struct read *d, struct buf *b)
{
	struct table **list;
	struct buf row = { 0 };
	bool failed = false;
	size_t i, n = schema_tables(&list);

	d->shape = shape_table;
	if (!query_check(d->a, &d->q, &d->shape))
		return false;
	for (i = 0; i < n && !failed; i++) {
		if (list[i]->visible_at > d->r->now)
			continue;
		row.n = 0;
		row_table(&row, list[i]);
		if (take_row(d, b, &row, &failed)) {
			failed = !expand_table(d, b, list[i]);
			if (!failed)
				buf_char(b, '}');
		}
	}
	buf_free(&row);
	return !failed;
}

bool
list_choices(struct read *d, struct buf *b, bool cast)
{
	struct choice_def **list;
	struct buf row = { 0 };
	bool failed = false;
	size_t i, n = schema_choices(&list);

	d->shape = shape_choice;
	if (!cast)
		d->shape.more = "";
	if (!query_check(d->a, &d->q, &d->shape))
		return false;
	for (i = 0; i < n && !failed; i++) {
		if (list[i]->d.visible_at > d->r->now)
			continue;
		row.n = 0;
		row_choice(&row, list[i], cast);
		if (take_row(d, b, &row, &failed))
			buf_char(b, '}');
	}
	buf_free(&row);
	return !failed;
}
