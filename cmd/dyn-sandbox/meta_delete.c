/*
 * meta_delete - DELETE of custom definitions
 *
 * What is stock stays.  What something else needs stays too: a column in a key,
 * a table that another table's lookup refers to, a global choice in use.
 */
#include <string.h>

#include "metadata.h"

static bool
needed_by(struct reply *a, const char *what, const char *name, const char *by)
{
	return reply_error(a, 400, "0x8004f01f", "The %s(%s) component cannot be deleted because it is referenced by %s.", what, name, by);
}

static bool
not_custom(struct reply *a, const char *what, const char *name)
{
	return reply_error(a, 400, "0x80040203", "The %s(%s) is a system component and cannot be deleted.", what, name);
}

/* Its own relations, and those of a key, go with a column. */
static void
forget_relations(const char *table, const char *column)
{
	struct relation **list;
	size_t i, n = schema_relations(&list);

	for (i = 0; i < n; i++)
		if (strcmp(list[i]->referencing, table) == 0 && (column == NULL || strcmp(list[i]->column, column) == 0) && *list[i]->schema != '\0')
			meta_forget(DEF_RELATION, table, list[i]->schema);
}

static void
drop_column(struct table *t, const char *name)
{
	forget_relations(t->name, name);
	meta_forget(DEF_COLUMN, t->name, name);
	schema_drop_column(t, name);
	store_drop(t->name, name);
}

static void
delete_column(struct reply *a, struct table *t, const struct column_def *c)
{
	const char *name = c->c.name;
	size_t i, k;

	if (!c->c.custom || c->c.primary_name || c->c.attribute_of != NULL) {
		not_custom(a, "Attribute", name);
		return;
	}
	for (i = 0; i < t->keys; i++)
		for (k = 0; k < t->key[i]->columns; k++)
			if (strcmp(t->key[i]->column[k], name) == 0) {
				needed_by(a, "Attribute", name, t->key[i]->name);
				return;
			}
	for (i = t->columns; i-- > 0;)
		if (t->column[i]->attribute_of != NULL && strcmp(t->column[i]->attribute_of, name) == 0)
			drop_column(t, t->column[i]->name);
	if (c->c.type == COL_MONEY)
		drop_column(t, arena_printf(&meta_memory, "%s_base", name));
	drop_column(t, name);
	meta_done(a);
}

static void
delete_key(struct reply *a, struct table *t, const struct key_def *k)
{
	meta_forget(DEF_KEY, t->name, k->k.name);
	store_unindex_key(t->name, k->k.name);
	schema_drop_key(t, &k->k);
	meta_done(a);
}

static void
delete_relation(struct reply *a, const struct relation_def *d)
{
	struct table *t = schema_table(d->r.referencing);
	const struct column *c = t != NULL ? schema_column(t, d->r.column) : NULL;

	if (c == NULL || !c->custom)
		not_custom(a, "EntityRelationship", d->r.schema);
	else if (c->targets > 1) {
		meta_forget(DEF_RELATION, t->name, d->r.schema);
		schema_drop_relation(&d->r);
		meta_done(a);
	} else {
		delete_column(a, t, (const struct column_def *)c);
	}
}

/* Lookups of other tables, but those that notes and activities brought along. */
static const struct relation *
referring(const struct table *t)
{
	const struct column *c;
	const struct table *from;
	size_t i;

	for (i = 0; i < t->collections; i++) {
		from = schema_table(t->collection[i]->referencing);
		c = from != NULL && from != t ? schema_column(from, t->collection[i]->column) : NULL;
		if (c != NULL && c->custom)
			return t->collection[i];
	}
	return NULL;
}

static void
delete_table(struct reply *a, struct table *t)
{
	const struct relation *rel = referring(t);
	struct relation **list;
	size_t i, n;

	if (!t->custom) {
		not_custom(a, "Entity", t->name);
		return;
	}
	if (rel != NULL) {
		needed_by(a, "Entity", t->name, rel->schema);
		return;
	}
	for (n = schema_relations(&list), i = 0; i < n; i++)
		if (strcmp(list[i]->referenced, t->name) == 0)
			meta_forget(DEF_RELATION, list[i]->referencing, list[i]->schema);
	forget_relations(t->name, NULL);
	for (i = 0; i < t->columns; i++)
		meta_forget(DEF_COLUMN, t->name, t->column[i]->name);
	for (i = 0; i < t->keys; i++)
		meta_forget(DEF_KEY, t->name, t->key[i]->name);
	meta_forget(DEF_TABLE, t->name, t->name);
	store_drop(t->name, NULL);
	schema_drop_table(t);
	meta_done(a);
}

static void
delete_choice(struct reply *a, const struct choice_def *c)
{
	struct table **list;
	const struct column_def *d;
	size_t i, k, n = schema_tables(&list);

	for (i = 0; i < n; i++)
		for (k = 0; k < list[i]->columns; k++) {
			d = (const struct column_def *)list[i]->column[k];
			if (d->choice != NULL && strcmp(d->choice, c->name) == 0) {
				needed_by(a, "OptionSet", c->name, d->c.name);
				return;
			}
		}
	meta_forget(DEF_CHOICE, "", c->name);
	schema_drop_choice(c->name);
	meta_done(a);
}

static void
delete_part(struct request *r, struct reply *a, struct table *t, const struct segment *s)
{
	struct column_def *c;
	struct key_def *k;

	if (strcmp(s->name, "Attributes") == 0) {
		if ((c = find_column(r, a, t, s)) != NULL)
			delete_column(a, t, c);
	} else if (strcmp(s->name, "Keys") == 0) {
		if ((k = find_key(r, a, t, s)) != NULL)
			delete_key(a, t, k);
	} else {
		reply_error(a, 404, "0x80060888", "Resource not found for the segment '%s'.", s->name);
	}
}

void
meta_delete(struct request *r, struct reply *a, struct segment *seg, size_t n)
{
	struct table *t;
	struct relation_def *rel;
	struct choice_def *c;

	if (n > 2 || seg[n - 1].key == NULL) {
		reply_error(a, 405, "0x80060888", "The requested resource does not support http method 'DELETE'.");
	} else if (strcmp(seg[0].name, "RelationshipDefinitions") == 0) {
		if ((rel = find_relation(r, a, seg)) != NULL)
			delete_relation(a, rel);
	} else if (strcmp(seg[0].name, "GlobalOptionSetDefinitions") == 0) {
		if ((c = find_choice(r, a, seg)) != NULL)
			delete_choice(a, c);
	} else if ((t = find_table(r, a, seg)) != NULL) {
		if (n == 2)
			delete_part(r, a, t, &seg[1]);
		else
			delete_table(a, t);
	}
}
