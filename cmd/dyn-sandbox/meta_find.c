/*
 * meta_find - the definitions that a path names, as its caller may see them
 */
#include <string.h>

#include "metadata.h"

char *
segment_key(struct request *r, const struct segment *s, const char *name)
{
	struct key_part *part;
	struct json_value v = { .kind = JSON_STRING, .escaped = true };

	if (s->key == NULL || path_key(r->arena, s->key, &part) != 1 || part->value[0] != '"')
		return NULL;
	if (part->name[0] != '\0' && strcmp(part->name, name) != 0 && strcmp(part->name, "MetadataId") != 0)
		return NULL;
	v.p = part->value + 1;
	v.n = strlen(v.p) - 1;
	return json_text(r->arena, &v);
}

static bool
is_id(const struct segment *s)
{
	return s->key != NULL && (guid_ok(s->key, strlen(s->key)) || strncmp(s->key, "MetadataId=", 11) == 0);
}

struct table *
find_table(struct request *r, struct reply *a, const struct segment *s)
{
	char *key = segment_key(r, s, "LogicalName");
	struct table *t = key == NULL ? NULL : is_id(s) ? schema_table_by_id(key) : schema_table(key);

	if (t != NULL && t->visible_at <= r->now)
		return t;
	if (key == NULL)
		reply_error(a, 400, "0x80060888", "The key in the request URI is not valid for resource "
		    "'Microsoft.Dynamics.CRM.EntityMetadata'.");
	else
		reply_error(a, 404, "0x80041102", "The entity with a name = '%s' with namemapping = 'Logical' was not found in the "
		    "MetadataCache.", key);
	return NULL;
}

struct column_def *
find_column(struct request *r, struct reply *a, const struct table *t, const struct segment *s)
{
	char *key = segment_key(r, s, "LogicalName");
	struct column *c = NULL;
	size_t i;

	if (key != NULL && !is_id(s))
		c = (struct column *)schema_column_at(t, key, r->now);
	for (i = 0; key != NULL && is_id(s) && i < t->columns; i++)
		if (strcmp(((struct column_def *)t->column[i])->d.id, key) == 0)
			c = (struct column *)schema_column_at(t, t->column[i]->name, r->now);
	if (c == NULL)
		reply_error(a, 404, "0x80041103", "'%s' entity doesn't contain attribute with Name = '%s' and NameMapping = 'Logical'.",
		    t->name, key != NULL ? key : "");
	return (struct column_def *)c;
}

struct key_def *
find_key(struct request *r, struct reply *a, const struct table *t, const struct segment *s)
{
	char *key = segment_key(r, s, "LogicalName");
	struct key_def *k;
	size_t i;

	for (i = 0; key != NULL && i < t->keys; i++) {
		k = (struct key_def *)t->key[i];
		if ((strcmp(k->k.name, key) == 0 || strcmp(k->d.id, key) == 0) && k->d.visible_at <= r->now)
			return k;
	}
	reply_error(a, 404, "0x80060891", "The entity key '%s' does not exist on entity '%s'.", key != NULL ? key : "", t->name);
	return NULL;
}

struct relation_def *
find_relation(struct request *r, struct reply *a, const struct segment *s)
{
	char *key = segment_key(r, s, "SchemaName");
	struct relation *rel = key != NULL ? schema_relation(key) : NULL;

	if (rel != NULL && ((struct relation_def *)rel)->d.kind == DEF_RELATION && rel->visible_at <= r->now)
		return (struct relation_def *)rel;
	reply_error(a, 404, "0x80040217", "Could not find a relationship with the name '%s'.", key != NULL ? key : "");
	return NULL;
}

struct choice_def *
find_choice(struct request *r, struct reply *a, const struct segment *s)
{
	char *key = segment_key(r, s, "Name");
	struct choice_def *c = key != NULL ? schema_choice(key) : NULL;

	if (c != NULL && c->d.visible_at <= r->now)
		return c;
	reply_error(a, 404, "0x80040217", "Could not find an optionset with name '%s'.", key != NULL ? key : "");
	return NULL;
}
