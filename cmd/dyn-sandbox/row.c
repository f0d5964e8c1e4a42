/*
 * row - one row in memory: cells of canonical JSON text
 */
#include <stdlib.h>
#include <string.h>

#include "store.h"

struct row *
row_new(struct arena *a, const struct table *t, const char *id)
{
	struct row *row = arena_get(a, sizeof(*row));

	row->table = t;
	memcpy(row->id, id, sizeof(row->id));
	guid_lower(row->id);
	return row;
}

struct row *
row_copy(struct arena *a, const struct row *row)
{
	struct row *copy = arena_get(a, sizeof(*copy));

	*copy = *row;
	copy->cap = row->n + 16;
	copy->cell = arena_get(a, copy->cap * sizeof(*copy->cell));
	if (row->n > 0)
		memcpy(copy->cell, row->cell, row->n * sizeof(*row->cell));
	return copy;
}

struct row *
row_parse(struct arena *a, const struct table *t, const char *id, const char *body, size_t n)
{
	struct row *row = row_new(a, t, id);
	struct json_value object = { .p = body, .n = n, .kind = JSON_OBJECT }, key, v;
	struct json_iter it = json_iter(&object);
	const char *p;
	size_t len;

	while (json_next(&it, &key, &v)) {
		json_raw(&v, &p, &len);
		row_set(a, row, arena_dup(a, key.p, key.n), arena_dup(a, p, len));
	}
	return row;
}

void
row_print(const struct row *row, struct buf *b)
{
	size_t i;

	buf_char(b, '{');
	for (i = 0; i < row->n; i++) {
		if (i > 0)
			buf_char(b, ',');
		buf_json_str(b, row->cell[i].name);
		buf_char(b, ':');
		buf_str(b, row->cell[i].json);
	}
	buf_char(b, '}');
}

const char *
row_get(const struct row *row, const char *name)
{
	size_t i;

	for (i = 0; i < row->n; i++)
		if (strcmp(row->cell[i].name, name) == 0)
			return row->cell[i].json;
	return NULL;
}

static void
row_clear(struct row *row, const char *name)
{
	size_t i;

	for (i = 0; i < row->n; i++)
		if (strcmp(row->cell[i].name, name) == 0) {
			memmove(&row->cell[i], &row->cell[i + 1], (row->n - i - 1) * sizeof(*row->cell));
			row->n--;
			return;
		}
}

static void
row_grow(struct arena *a, struct row *row)
{
	struct cell *cell;

	row->cap = row->cap ? row->cap * 2 : 32;
	cell = arena_get(a, row->cap * sizeof(*cell));
	if (row->n > 0)
		memcpy(cell, row->cell, row->n * sizeof(*cell));
	row->cell = cell;
}

void
row_set(struct arena *a, struct row *row, const char *name, const char *json)
{
	size_t i;

	if (json == NULL || strcmp(json, "null") == 0) {
		row_clear(row, name);
		return;
	}
	for (i = 0; i < row->n; i++)
		if (strcmp(row->cell[i].name, name) == 0) {
			row->cell[i].json = json;
			return;
		}
	if (row->n == row->cap)
		row_grow(a, row);
	row->cell[row->n].name = name;
	row->cell[row->n++].json = json;
}

char *
json_quote(struct arena *a, const char *p, size_t n)
{
	struct buf b = { 0 };
	char *s;

	buf_json_string(&b, p, n);
	s = arena_dup(a, b.p, b.n);
	buf_free(&b);
	return s;
}

char *
json_text(struct arena *a, const struct json_value *v)
{
	char *s = arena_get(a, v->n + 1);

	s[v->escaped ? json_decode(v, s) : (memcpy(s, v->p, v->n), v->n)] = '\0';
	return s;
}

void
row_set_text(struct arena *a, struct row *row, const char *name, const char *text)
{
	row_set(a, row, name, text != NULL ? json_quote(a, text, strlen(text)) : NULL);
}

void
row_set_int(struct arena *a, struct row *row, const char *name, long v)
{
	row_set(a, row, name, arena_printf(a, "%ld", v));
}

long
row_int(const struct row *row, const char *name, long fallback)
{
	const char *json = row_get(row, name);

	return json != NULL ? strtol(json, NULL, 10) : fallback;
}

bool
row_true(const struct row *row, const char *name)
{
	const char *json = row_get(row, name);

	return json != NULL && strcmp(json, "true") == 0;
}

char *
row_text(struct arena *a, const struct row *row, const char *name)
{
	const char *json = row_get(row, name);
	struct json_value v;

	if (json == NULL || json[0] != '"')
		return NULL;
	v = (struct json_value){ .p = json + 1, .n = strlen(json) - 2, .kind = JSON_STRING,
	    .escaped = strchr(json, '\\') != NULL };
	return json_text(a, &v);
}

char *
row_lookup(struct arena *a, const struct row *row, const char *column)
{
	return row_text(a, row, arena_printf(a, "_%s_value", column));
}

const char *
row_lookup_table(struct arena *a, const struct row *row, const char *column)
{
	return row_text(a, row, arena_printf(a, "_%s_value@t", column));
}

void
row_bind(struct arena *a, struct row *row, const char *column, const char *table, const char *id)
{
	char *name = arena_printf(a, "_%s_value", column), *type = arena_printf(a, "_%s_value@t", column);

	row_set(a, row, name, table != NULL ? arena_printf(a, "\"%s\"", id) : NULL);
	row_set(a, row, type, table != NULL ? arena_printf(a, "\"%s\"", table) : NULL);
}
