/*
 * meta_row - one definition as the API answers it
 *
 * The members of its line in the metadata file, without the file's own, plus
 * what is not kept: a key's status, a lookup's targets, ids.
 */
#include <stdio.h>
#include <string.h>

#include "guid.h"
#include "metadata.h"

static struct json_value
line_of(const struct def *d)
{
	return (struct json_value){ .p = d->json, .n = d->n, .kind = JSON_OBJECT };
}

/* The members of the line whose names are not between blanks in skip. */
static void
put_members(struct buf *b, const struct def *d, const char *skip)
{
	struct json_value line = line_of(d), key, v;
	struct json_iter it = json_iter(&line);
	const struct shape s = { "", skip, "" };

	while (json_next(&it, &key, &v)) {
		if (shape_has(&s, key.p, key.n))
			continue;
		buf_json_string(b, key.p, key.n);
		buf_char(b, ':');
		json_put(b, &v);
		buf_char(b, ',');
	}
}

/* ---- what one definition looks like, whole ---- */

void
row_table(struct buf *b, const struct table *t)
{
	const struct table_def *d = (const struct table_def *)t;

	buf_char(b, '{');
	put_members(b, &d->d, " _meta _table MetadataId ");
	buf_printf(b, "\"MetadataId\":\"%s\"}", d->d.id);
}

static void
put_targets(struct buf *b, const struct column *c)
{
	size_t i;

	buf_str(b, "\"Targets\":[");
	for (i = 0; i < c->targets; i++) {
		if (i > 0)
			buf_char(b, ',');
		buf_json_str(b, c->target[i]);
	}
	buf_str(b, "],");
}

void
row_column(struct buf *b, const struct table *t, const struct column_def *c, bool cast)
{
	buf_char(b, '{');
	if (!cast && *c->cast != '\0')
		buf_printf(b, "\"@odata.type\":\"#Microsoft.Dynamics.CRM.%sAttributeMetadata\",", c->cast);
	put_members(b, &c->d, " _meta _table @odata.type MetadataId OptionSet GlobalOptionSet Targets EntityLogicalName ");
	if (strcmp(c->cast, "Lookup") == 0)
		put_targets(b, &c->c);
	buf_printf(b, "\"EntityLogicalName\":\"%s\",\"MetadataId\":\"%s\"}", t->name, c->d.id);
}

void
row_key(struct buf *b, const struct key_def *k)
{
	buf_char(b, '{');
	put_members(b, &k->d, " _meta _table MetadataId LogicalName EntityKeyIndexStatus EntityLogicalName ");
	buf_printf(b, "\"LogicalName\":\"%s\",\"EntityLogicalName\":\"%s\",\"EntityKeyIndexStatus\":\"%s\",\"MetadataId\":\"%s\"}", k->k.name,
	    k->k.table, schema_key_status(k), k->d.id);
}

void
row_relation(struct buf *b, const struct relation_def *r, bool cast)
{
	buf_char(b, '{');
	if (!cast)
		buf_str(b, "\"@odata.type\":\"#Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata\",");
	put_members(b, &r->d, " _meta _table @odata.type MetadataId RelationshipType ");
	buf_printf(b, "\"RelationshipType\":\"OneToManyRelationship\",\"MetadataId\":\"%s\"}", r->d.id);
}

void
row_choice(struct buf *b, const struct choice_def *c, bool cast)
{
	buf_char(b, '{');
	if (!cast)
		buf_str(b, "\"@odata.type\":\"#Microsoft.Dynamics.CRM.OptionSetMetadata\",");
	put_members(b, &c->d, " _meta _table @odata.type MetadataId ");
	buf_printf(b, "\"MetadataId\":\"%s\"}", c->d.id);
}

/* ---- choices of a column ---- */

void
row_options(struct buf *b, const struct table *t, const struct column_def *c)
{
	struct json_value line = line_of(&c->d), set = { 0 }, key, v;
	struct json_iter it;
	char name[256], id[37];
	struct guid g;

	snprintf(name, sizeof(name), "%s_%s", t->name, c->c.name);
	g = guid_make("metadata", "choice", name, strlen(name));
	guid_text(&g, id);
	if (!json_member(&line, "OptionSet", &set) || set.kind != JSON_OBJECT)
		set = (struct json_value){ 0 };
	buf_char(b, '{');
	for (it = json_iter(&set); json_next(&it, &key, &v);) {
		buf_json_string(b, key.p, key.n);
		buf_char(b, ':');
		json_put(b, &v);
		buf_char(b, ',');
	}
	if (!json_member(&set, "OptionSetType", &v))
		buf_printf(b, "\"OptionSetType\":\"%s\",", c->c.type == COL_STATE || c->c.type == COL_STATUS || c->c.type == COL_BOOLEAN ? c->cast : "Picklist");
	if (!json_member(&set, "Name", &v))
		buf_printf(b, "\"Name\":\"%s\",", name);
	if (!json_member(&set, "IsGlobal", &v))
		buf_str(b, "\"IsGlobal\":false,");
	if (!json_member(&set, "MetadataId", &v))
		buf_printf(b, "\"MetadataId\":\"%s\",", id);
	b->p[b->n - 1] = '}';
}

bool
has_choices(const struct column_def *c)
{
	return c->c.type == COL_PICKLIST || c->c.type == COL_MULTISELECT || c->c.type == COL_STATE || c->c.type == COL_STATUS ||
	    c->c.type == COL_BOOLEAN;
}
