/*
 * meta_key - alternate keys
 *
 * A new key's index is built by a job: Pending, InProgress, then Active after
 * --limits key-delay=MS, or Failed when two rows have, or get by then, the same
 * values.  Before that it is no key for URLs and binds, and refuses no row.  ReactivateEntityKey starts the job
 * again.  Source: reference section 7 (alternate keys).
 */
#include <string.h>

#include "metadata.h"

#define NAME_MAX_KEY 100
#define COLUMNS_MAX 16
#define KEYS_MAX 10
#define BYTES_MAX 900

/* What a column takes in the index; 0: its type may not be in a key. */
static long
index_bytes(const struct column *c)
{
	switch (c->type) {
	case COL_STRING:
		return 2 * c->max_length;
	case COL_INTEGER:
	case COL_PICKLIST:
		return 4;
	case COL_DATETIME:
		return 8;
	case COL_DECIMAL:
		return 13;
	case COL_LOOKUP:
	case COL_CUSTOMER:
		return 16;
	default:
		return 0;
	}
}

static bool
key_columns(struct request *r, struct reply *a, const struct table *t, const struct json_value *body, const char *column[], size_t *n)
{
	struct json_value list, v;
	struct json_iter it;
	const struct column *c;
	long bytes = 0;
	char *name;

	*n = 0;
	if (!json_member(body, "KeyAttributes", &list) || list.kind != JSON_ARRAY)
		return reply_error(a, 400, "0x80040203", "Required field 'KeyAttributes' is missing.");
	for (it = json_iter(&list); json_next(&it, NULL, &v);) {
		name = v.kind == JSON_STRING ? json_text(r->arena, &v) : arena_str(r->arena, "");
		c = schema_column_at(t, name, r->now);
		if (c == NULL)
			return reply_error(a, 400, "0x80041103", "'%s' entity doesn't contain attribute with Name = '%s' and NameMapping = 'Logical'.",
			    t->name, name);
		if (index_bytes(c) == 0 || c->attribute_of != NULL)
			return reply_error(a, 400, "0x80040203", "The attribute '%s' has a type that cannot be part of an entity key.", name);
		if (*n == COLUMNS_MAX)
			return reply_error(a, 400, "0x80040203", "An entity key has at most %d attributes.", COLUMNS_MAX);
		column[(*n)++] = c->name;
		bytes += index_bytes(c);
	}
	if (*n == 0)
		return reply_error(a, 400, "0x80040203", "Required field 'KeyAttributes' is empty.");
	return bytes <= BYTES_MAX || reply_error(a, 400, "0x80040203", "The attributes of the entity key take %ld bytes; the maximum is %d.",
	    bytes, BYTES_MAX);
}

static bool
same_columns(const struct altkey *k, const char *const column[], size_t n)
{
	size_t i, m;

	if (k->columns != n)
		return false;
	for (i = 0; i < n; i++) {
		for (m = 0; m < n && strcmp(k->column[m], column[i]) != 0; m++)
			;
		if (m == n)
			return false;
	}
	return true;
}

static bool
free_to_make(struct reply *a, const struct table *t, const char *name, const char *const column[], size_t n)
{
	size_t i;

	for (i = 0; i < t->keys; i++) {
		if (strcmp(t->key[i]->name, name) == 0)
			return reply_error(a, 400, "0x80060893", "An entity key with the name %s already exists on entity %s.", name, t->name);
		if (same_columns(t->key[i], column, n))
			return reply_error(a, 400, "0x80060894", "An entity key with the same attributes already exists on entity %s: %s.", t->name,
			    t->key[i]->name);
	}
	return t->keys < KEYS_MAX || reply_error(a, 400, "0x80040203", "Entity %s already has the maximum of %d keys.", t->name, KEYS_MAX);
}

/* Kept with the status the job ends with: one that was under way when the program ended is done when it starts again. */
static void
put_key(struct buf *b, const struct table *t, const char *schema, const struct json_value *body, const char *const column[], size_t n,
    const char *id, bool failed)
{
	size_t i;

	buf_printf(b, "{\"_meta\":\"key\",\"_table\":\"%s\",\"SchemaName\":\"%s\",\"LogicalName\":\"%s\",\"KeyAttributes\":[", t->name, schema,
	    lower(&meta_memory, schema));
	for (i = 0; i < n; i++)
		buf_printf(b, "%s\"%s\"", i > 0 ? "," : "", column[i]);
	buf_char(b, ']');
	put_label(b, body, "DisplayName");
	buf_printf(b, ",\"EntityKeyIndexStatus\":\"%s\",\"MetadataId\":\"%s\"}", failed ? "Failed" : "Active", id);
}

static void
start_job(struct key_def *k)
{
	k->asked_at = clock_ms();
	k->active_at = k->asked_at + limits_key_delay();
	store_unindex_key(k->k.table, k->k.name);
	k->failed = !store_index_key(&k->k);
	if (k->failed)
		store_unindex_key(k->k.table, k->k.name);
}

/* Rows with the same values are refused once the index is there; while the job is at it they make it fail. */
bool
key_clash(const struct altkey *k)
{
	struct key_def *d = (struct key_def *)(uintptr_t)k;
	char *sql;

	if (k->active(k))
		return true;
	if (d->failed)
		return false;
	d->failed = true;
	sql = sqlite3_mprintf("UPDATE meta_definitions SET line = replace(line, '\"EntityKeyIndexStatus\":\"Active\"', "
	    "'\"EntityKeyIndexStatus\":\"Failed\"') WHERE kind = %d AND tbl = %Q AND name = %Q", DEF_KEY, k->table, k->name);
	store_exec(sql);
	sqlite3_free(sql);
	return false;
}

static struct key_def *
key_named(const struct table *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->keys; i++)
		if (strcmp(t->key[i]->name, name) == 0)
			return (struct key_def *)t->key[i];
	return NULL;
}

void
write_key(struct request *r, struct reply *a, struct table *t)
{
	struct json j = { 0 };
	struct json_value v;
	struct buf line = { 0 };
	const char *column[COLUMNS_MAX];
	struct key_def *k;
	char *schema, *name, id[37];
	int64_t asked;
	size_t n;

	if (!body_parse(r, a, "EntityDefinitions", &j, &v) || !check_solution(r, a, NULL) || !check_members(a, &v, &shape_key, "") ||
	    (schema = check_name(r, a, &v, "SchemaName", NAME_MAX_KEY)) == NULL || !check_label(a, &v, "DisplayName", true) ||
	    !key_columns(r, a, t, &v, column, &n)) {
		json_free(&j);
		return;
	}
	name = lower(r->arena, schema);
	if (free_to_make(a, t, name, column, n)) {
		guid_new(id);
		put_key(&line, t, schema, &v, column, n, id, false);
		meta_keep(&line, DEF_KEY, t->name, name, meta_visible_at());
		k = key_named(t, name);
		start_job(k);
		if (k->failed) {
			asked = k->asked_at;
			line.n = 0;
			put_key(&line, t, schema, &v, column, n, id, true);
			meta_keep(&line, DEF_KEY, t->name, name, meta_visible_at());
			k = key_named(t, name);
			k->asked_at = asked;
			k->active_at = asked + limits_key_delay();
		}
		meta_created(r, a, "EntityDefinitions(%s)/Keys(%s)", ((struct table_def *)t)->d.id, id);
	}
	buf_free(&line);
	json_free(&j);
}

void
write_reactivate(struct request *r, struct reply *a)
{
	struct json j = { 0 };
	struct json_value v;
	struct table *t;
	struct key_def *k;
	char *table, *key;

	if (!body_parse(r, a, "ReactivateEntityKey", &j, &v))
		return;
	table = member_string(r, &v, "EntityLogicalName");
	key = member_string(r, &v, "EntityKeyLogicalName");
	t = table != NULL ? schema_table(table) : NULL;
	k = t != NULL && key != NULL ? key_named(t, key) : NULL;
	if (k == NULL) {
		reply_error(a, 404, "0x80060891", "The entity key '%s' does not exist on entity '%s'.", key != NULL ? key : "", table != NULL ? table : "");
	} else if (strcmp(schema_key_status(k), "Failed") != 0) {
		reply_error(a, 400, "0x80040203", "The entity key '%s' has not failed; only then can it be activated again.", key);
	} else {
		start_job(k);
		meta_done(a);
	}
	json_free(&j);
}
