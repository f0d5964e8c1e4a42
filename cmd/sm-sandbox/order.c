/*
 * The order of a search.  Only the fields that the reference names can be
 * sorted by: id, createdAt, lastModifiedAt, and the naming field or fields of
 * the module.  Anything else, like no sort at all, leaves the order of the
 * data file.  Texts sort by their bytes, empty values first, ties as in the
 * file.
 */
#include <stdlib.h>
#include <string.h>

#include "sandbox.h"
#include "xalloc.h"

struct key {
	int64_t number;
	struct json_value text;
	size_t index;
};

static bool descending;		/* qsort has no argument of its own */

static int
compare(const void *x, const void *y)
{
	const struct key *a = x, *b = y;
	size_t n = a->text.n < b->text.n ? a->text.n : b->text.n;
	int c;

	c = a->number < b->number ? -1 : a->number > b->number;
	if (c == 0 && n > 0)
		c = memcmp(a->text.p, b->text.p, n);
	if (c == 0)
		c = a->text.n < b->text.n ? -1 : a->text.n > b->text.n;
	if (c != 0)
		return descending ? -c : c;
	return a->index < b->index ? -1 : a->index > b->index;
}

static bool
sortable(const struct kind *k, const char *field)
{
	static const char *const fields[][2] = {
		{ "", "id" }, { "", "createdAt" }, { "", "lastModifiedAt" },
		{ "contact", "name" }, { "contact", "firstName" }, { "contact", "lastName" },
		{ "company", "name" }, { "deal", "title" }, { "activity", "title" }, { "product", "title" },
		{ "product", "name" },
	};
	size_t i;

	for (i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (strcmp(fields[i][1], field) == 0 && (fields[i][0][0] == '\0' || strcmp(fields[i][0], k->file) == 0))
			return true;
	return false;
}

void
order_rows_by(const struct module *m, size_t *index, size_t n, const char *field, bool down)
{
	struct key *key;
	struct json_value record, v;
	bool date = strcmp(field, "createdAt") == 0 || strcmp(field, "lastModifiedAt") == 0;
	bool id = strcmp(field, "id") == 0;
	size_t i;

	if (id && !down && m->sorted)
		return;
	key = xcalloc(n + 1, sizeof *key);
	for (i = 0; i < n; i++) {
		key[i].index = index[i];
		key[i].number = date ? INT64_MIN : 0;
		if (id) {
			key[i].number = m->row[index[i]].id;
			continue;
		}
		record = row_value(&m->row[index[i]]);
		if (!json_member(&record, field, &v))
			continue;
		if (date)
			when_read(&v, &key[i].number);
		else if (v.kind == JSON_STRING)
			key[i].text = v;
	}
	descending = down;
	qsort(key, n, sizeof *key, compare);
	for (i = 0; i < n; i++)
		index[i] = key[i].index;
	free(key);
}

void
order_rows(const struct module *m, size_t *index, size_t n, const struct kind *k, const struct json_value *sort)
{
	struct json_value one = *sort, v;
	struct json_iter it = json_iter(sort);
	char *name, *field;

	if (sort->kind == JSON_ARRAY && !json_next(&it, NULL, &one))
		return;
	if (!json_member(&one, "fieldName", &v) || (name = json_strdup(&v)) == NULL)
		return;
	field = strrchr(name, '.') == NULL ? name : strrchr(name, '.') + 1;
	json_member(&one, "order", &v);
	if (sortable(k, field))
		order_rows_by(m, index, n, field, json_is(&v, "desc") || json_is(&v, "DESC"));
	free(name);
}
