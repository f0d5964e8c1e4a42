/*
 * meta_read - GET of definitions
 *
 * EntityDefinitions, one of them, its Attributes (also cast to a type), Keys,
 * ManyToOneRelationships, OneToManyRelationships; RelationshipDefinitions;
 * GlobalOptionSetDefinitions.  A definition is answered as its line in the
 * metadata file says it.  Choices of a column are seen only where they are
 * expanded on a cast.  Source: reference section 7.
 */
#include <string.h>

#include "guid.h"
#include "metadata.h"

struct read {
	struct request *r;
	struct reply *a;
	struct query q;
	struct shape shape;
	size_t count;			/* rows so far */
};

static struct json_value
object_of(const struct buf *b)
{
	return (struct json_value){ .p = b->p, .n = b->n, .kind = JSON_OBJECT };
}

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

static void
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

static void
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

static void
row_key(struct buf *b, const struct key_def *k)
{
	buf_char(b, '{');
	put_members(b, &k->d, " _meta _table MetadataId LogicalName EntityKeyIndexStatus EntityLogicalName ");
	buf_printf(b, "\"LogicalName\":\"%s\",\"EntityLogicalName\":\"%s\",\"EntityKeyIndexStatus\":\"%s\",\"MetadataId\":\"%s\"}", k->k.name,
	    k->k.table, schema_key_status(k), k->d.id);
}

static void
row_relation(struct buf *b, const struct relation_def *r, bool cast)
{
	buf_char(b, '{');
	if (!cast)
		buf_str(b, "\"@odata.type\":\"#Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata\",");
	put_members(b, &r->d, " _meta _table @odata.type MetadataId RelationshipType ");
	buf_printf(b, "\"RelationshipType\":\"OneToManyRelationship\",\"MetadataId\":\"%s\"}", r->d.id);
}

static void
row_choice(struct buf *b, const struct choice_def *c, bool cast)
{
	buf_char(b, '{');
	if (!cast)
		buf_str(b, "\"@odata.type\":\"#Microsoft.Dynamics.CRM.OptionSetMetadata\",");
	put_members(b, &c->d, " _meta _table @odata.type MetadataId ");
	buf_printf(b, "\"MetadataId\":\"%s\"}", c->d.id);
}

/* ---- choices of a column ---- */

static void
row_options(struct buf *b, const struct table *t, const struct column_def *c)
{
	struct json_value line = line_of(&c->d), set = { 0 }, key, v;
	struct json_iter it;
	char *name = arena_printf(&meta_memory, "%s_%s", t->name, c->c.name), id[37];
	struct guid g = guid_make("metadata", "choice", name, strlen(name));

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

static bool
has_choices(const struct column_def *c)
{
	return c->c.type == COL_PICKLIST || c->c.type == COL_MULTISELECT || c->c.type == COL_STATE || c->c.type == COL_STATUS ||
	    c->c.type == COL_BOOLEAN;
}

/* OptionSet is null where the column uses a global choice, GlobalOptionSet where it has its own. */
static bool
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
	v = object_of(&row);
	query_put(b, q, &v);
	buf_char(b, '}');
	buf_free(&row);
	return true;
}

static bool
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

/* ---- lists: each row into b, without brackets ---- */

/* Judges a row; true: its selected members are in b and the closing brace is the caller's.  *failed: answered. */
static bool
take_row(struct read *d, struct buf *b, const struct buf *row, bool *failed)
{
	struct json_value v = object_of(row);
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

static bool
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

static bool
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
		if (rel->d.kind != DEF_RELATION || rel->r.visible_at > d->r->now)
			continue;
		row.n = 0;
		row_relation(&row, rel, cast);
		if (take_row(d, b, &row, &failed))
			buf_char(b, '}');
	}
	buf_free(&row);
	return !failed;
}

static bool
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

static bool
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

static bool
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

static bool
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

/* ---- what a path names ---- */

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

/* ---- answers ---- */

static bool
no_resource(struct reply *a, const char *name)
{
	return reply_error(a, 404, "0x80060888", "Resource not found for the segment '%s'.", name);
}

static void
open_list(struct read *d, const char *context)
{
	d->a->status = 200;
	buf_printf(&d->a->body, "{\"@odata.context\":\"%s$metadata#%s", d->r->root, context);
	if (d->q.select != NULL) {
		buf_char(&d->a->body, '(');
		buf_json_text(&d->a->body, d->q.select, strlen(d->q.select));
		buf_char(&d->a->body, ')');
	}
	buf_str(&d->a->body, "\",\"value\":[");
}

static void
close_list(struct read *d, bool good)
{
	if (good)
		buf_str(&d->a->body, "]}");
}

/* One row; true: the closing brace (after what is expanded) is the caller's. */
static bool
open_one(struct read *d, const char *context, const struct buf *row)
{
	struct json_value v = object_of(row);
	struct buf b = { 0 };

	if (!query_check(d->a, &d->q, &d->shape))
		return false;
	if (d->q.filter != NULL || d->q.top >= 0)
		return reply_error(d->a, 400, "0x80060888", "The query parameters $filter and $top apply to collections only.");
	d->a->status = 200;
	buf_printf(&d->a->body, "{\"@odata.context\":\"%s$metadata#%s/$entity\",", d->r->root, context);
	query_put(&b, &d->q, &v);
	buf_add(&d->a->body, b.p + 1, b.n - 1);
	buf_free(&b);
	return true;
}

/* "Picklist" of "Microsoft.Dynamics.CRM.PicklistAttributeMetadata"; NULL if it is no such type. */
static char *
cast_name(struct request *r, const char *name)
{
	const char *p, *end;
	char *cast;

	if (strncmp(name, "Microsoft.Dynamics.CRM.", 23) != 0 || (end = strstr(p = name + 23, "AttributeMetadata")) == NULL || end[17] != '\0')
		return NULL;
	cast = arena_dup(r->arena, p, (size_t)(end - p));
	return shape_cast(r->arena, cast).name != NULL ? cast : NULL;
}

static void
get_options(struct read *d, const struct table *t, const struct column_def *c, const char *name)
{
	struct buf b = { 0 };

	if (!put_choices(d, &b, t, c, name, &d->q)) {
		buf_free(&b);
		return;
	}
	if (b.p[b.n - 1] != '}') {
		reply_clear(d->a);
		d->a->status = 204;
	} else {
		d->a->status = 200;
		buf_printf(&d->a->body, "{\"@odata.context\":\"%s$metadata#EntityDefinitions('%s')/Attributes/%s/$entity\",", d->r->root, t->name, name);
		buf_nul(&b);
		buf_str(&d->a->body, strchr(b.p, '{') + 1);
	}
	buf_free(&b);
}

static void
get_column(struct read *d, const struct table *t, struct segment *seg, size_t n)
{
	struct column_def *c = find_column(d->r, d->a, t, &seg[0]);
	char *cast = n > 1 ? cast_name(d->r, seg[1].name) : NULL;
	struct buf row = { 0 };

	if (c == NULL)
		return;
	if ((n > 1 && (cast == NULL || strcmp(cast, c->cast) != 0)) || n > 3) {
		no_resource(d->a, seg[1].name);
		return;
	}
	d->shape = cast != NULL ? shape_cast(d->r->arena, cast) : shape_column;
	if (n == 3) {
		if (has_choices(c) && (strcmp(seg[2].name, "OptionSet") == 0 || strcmp(seg[2].name, "GlobalOptionSet") == 0)) {
			get_options(d, t, c, seg[2].name);
		} else {
			no_resource(d->a, seg[2].name);
		}
		return;
	}
	row_column(&row, t, c, cast != NULL);
	if (open_one(d, arena_printf(d->r->arena, "EntityDefinitions('%s')/Attributes", t->name), &row) &&
	    expand_column(d, &d->a->body, t, c))
		buf_char(&d->a->body, '}');
	buf_free(&row);
}

static void
get_columns(struct read *d, const struct table *t, struct segment *seg, size_t n)
{
	char *cast = n > 1 ? cast_name(d->r, seg[1].name) : NULL;

	if (n > 2 || (n == 2 && cast == NULL)) {
		no_resource(d->a, seg[1].name);
		return;
	}
	open_list(d, arena_printf(d->r->arena, "EntityDefinitions('%s')/Attributes", t->name));
	close_list(d, list_columns(d, &d->a->body, t, cast));
}

static void
get_key(struct read *d, const struct table *t, struct segment *seg)
{
	struct key_def *k = find_key(d->r, d->a, t, seg);
	struct buf row = { 0 };

	if (k == NULL)
		return;
	d->shape = shape_key;
	row_key(&row, k);
	if (open_one(d, arena_printf(d->r->arena, "EntityDefinitions('%s')/Keys", t->name), &row))
		buf_char(&d->a->body, '}');
	buf_free(&row);
}

static void
get_table(struct read *d, struct segment *seg, size_t n)
{
	struct table *t = find_table(d->r, d->a, &seg[0]);
	struct buf row = { 0 };

	if (t == NULL)
		return;
	if (n == 1) {
		d->shape = shape_table;
		row_table(&row, t);
		if (open_one(d, "EntityDefinitions", &row) && expand_table(d, &d->a->body, t))
			buf_char(&d->a->body, '}');
		buf_free(&row);
	} else if (strcmp(seg[1].name, "Attributes") == 0) {
		if (seg[1].key != NULL)
			get_column(d, t, seg + 1, n - 1);
		else
			get_columns(d, t, seg + 1, n - 1);
	} else if (strcmp(seg[1].name, "Keys") == 0 && seg[1].key != NULL && n == 2) {
		get_key(d, t, &seg[1]);
	} else if (n == 2 && seg[1].key == NULL && (strcmp(seg[1].name, "Keys") == 0 || strstr(seg[1].name, "Relationships") != NULL)) {
		open_list(d, arena_printf(d->r->arena, "EntityDefinitions('%s')/%s", t->name, seg[1].name));
		close_list(d, list_part(d, &d->a->body, t, seg[1].name));
	} else {
		no_resource(d->a, seg[1].name);
	}
}

static void
get_relations(struct read *d, struct segment *seg, size_t n)
{
	struct relation **list;
	struct relation_def *rel;
	struct buf row = { 0 };
	size_t count = schema_relations(&list);
	bool cast = n == 2 && strcmp(seg[1].name, "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata") == 0;

	if (n > 1 && !cast) {
		no_resource(d->a, seg[1].name);
	} else if (seg[0].key == NULL) {
		open_list(d, "RelationshipDefinitions");
		close_list(d, list_relations(d, &d->a->body, list, count, cast));
	} else if ((rel = find_relation(d->r, d->a, &seg[0])) != NULL) {
		d->shape = cast ? shape_one_to_many : shape_relation;
		row_relation(&row, rel, cast);
		if (open_one(d, "RelationshipDefinitions", &row))
			buf_char(&d->a->body, '}');
		buf_free(&row);
	}
}

static void
get_choices(struct read *d, struct segment *seg, size_t n)
{
	struct choice_def *c;
	struct buf row = { 0 };
	bool cast = n == 2 && strcmp(seg[1].name, "Microsoft.Dynamics.CRM.OptionSetMetadata") == 0;

	if (n > 1 && !cast) {
		no_resource(d->a, seg[1].name);
	} else if (seg[0].key == NULL) {
		open_list(d, "GlobalOptionSetDefinitions");
		close_list(d, list_choices(d, &d->a->body, cast));
	} else if ((c = find_choice(d->r, d->a, &seg[0])) != NULL) {
		d->shape = shape_choice;
		if (!cast)
			d->shape.more = "";
		row_choice(&row, c, cast);
		if (open_one(d, "GlobalOptionSetDefinitions", &row))
			buf_char(&d->a->body, '}');
		buf_free(&row);
	}
}

void
meta_get(struct request *r, struct reply *a, struct segment *seg, size_t n)
{
	struct read d = { .r = r, .a = a };

	if (!query_read(r, a, &d.q))
		return;
	if (strcmp(seg[0].name, "RelationshipDefinitions") == 0) {
		get_relations(&d, seg, n);
	} else if (strcmp(seg[0].name, "GlobalOptionSetDefinitions") == 0) {
		get_choices(&d, seg, n);
	} else if (seg[0].key != NULL) {
		get_table(&d, seg, n);
	} else if (n > 1) {
		no_resource(a, seg[1].name);
	} else {
		open_list(&d, "EntityDefinitions");
		close_list(&d, list_tables(&d, &a->body));
	}
}
