#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "extract.h"
#include "xalloc.h"

struct column {
	char *name;
	bool lookup;		/* read as _name_value */
	bool list;		/* of activity parties: not a column of the row at all */
	bool read;
};

bool
table_name_good(const char *name)
{
	return *name >= 'a' && *name <= 'z' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static char *
text_of(const struct json *j, const char *name, const char *table)
{
	const struct json_value *v = json_get(j, name);
	char *text = v != NULL ? json_strdup(v) : NULL;

	if (text == NULL)
		errx(EX_UNAVAILABLE, "the definition of table %s has no %s", table, name);
	return text;
}

struct table *
table_ask(struct dyn *d, const char *name)
{
	char *path = xasprintf("EntityDefinitions(LogicalName='%s')?$select=LogicalName,EntitySetName,PrimaryIdAttribute", name);
	const struct http_answer *a = dyn_get(d, path, strong);
	struct table *t = xcalloc(1, sizeof(*t));
	struct json j = { 0 };

	if (a->status == 404)
		errx(EX_CONFIG, "this organization has no table \"%s\" (a logical name, in the singular, is wanted)", name);
	if (a->status != 200)
		dyn_fail(a, path);
	if (!json_parse(&j, a->body, a->n))
		errx(EX_UNAVAILABLE, "%s: an answer that cannot be read: %s", path, j.detail);
	t->name = xstrdup(name);
	t->set = text_of(&j, "EntitySetName", name);
	t->primary = text_of(&j, "PrimaryIdAttribute", name);
	json_free(&j);
	free(path);
	return t;
}

static bool
column_add(const struct json_value *row, void *arg)
{
	struct table *t = arg;
	struct column c = { .read = true };
	struct json_value v;

	if (!json_member(row, "LogicalName", &v) || (c.name = json_strdup(&v)) == NULL)
		return true;
	if (json_member(row, "AttributeType", &v)) {
		c.lookup = json_is(&v, "Lookup") || json_is(&v, "Customer") || json_is(&v, "Owner");
		c.list = json_is(&v, "PartyList");
	}
	if (json_member(row, "IsValidForRead", &v))
		c.read = v.kind != JSON_FALSE;
	t->column = xreallocarray(t->column, t->columns + 1, sizeof(*t->column));
	t->column[t->columns++] = c;
	return true;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct column *)a)->name, ((const struct column *)b)->name);
}

void
table_columns(struct dyn *d, struct table *t)
{
	char *path = xasprintf("EntityDefinitions(LogicalName='%s')/Attributes?$select=LogicalName,AttributeType,IsValidForRead",
	    t->name);

	dyn_pages(d, path, strong, column_add, t);
	if (t->columns > 0)
		qsort(t->column, t->columns, sizeof(*t->column), by_name);
	free(path);
}

/* The column by its logical name, or by the name it has in a row (_x_value). */
static const struct column *
find(const struct table *t, const char *name)
{
	struct column key = { .name = xstrdup(name) };
	const struct column *c = NULL;
	size_t n = strlen(name);

	if (t->columns > 0)
		c = bsearch(&key, t->column, t->columns, sizeof(key), by_name);
	if (c == NULL && t->columns > 0 && n > 7 && name[0] == '_' && strcmp(name + n - 6, "_value") == 0) {
		memmove(key.name, name + 1, n - 7);
		key.name[n - 7] = '\0';
		c = bsearch(&key, t->column, t->columns, sizeof(key), by_name);
		c = c != NULL && c->lookup ? c : NULL;
	}
	free(key.name);
	return c;
}

bool
table_has(const struct table *t, const char *column)
{
	return find(t, column) != NULL;
}

/* Adds the name that rows have for it; false, and why on stderr, if there is none. */
static bool
put_name(struct buf *b, const struct table *t, const char *name)
{
	const struct column *c = find(t, name);

	if (c == NULL)
		warnx("table %s has no column \"%s\"", t->name, name);
	else if (c->list)
		warnx("column %s of %s is a list of activity parties: read table activityparty", name, t->name);
	else if (!c->read)
		warnx("column %s of %s cannot be read", name, t->name);
	else
		buf_printf(b, c->lookup ? "_%s_value" : "%s", c->name);
	return c != NULL && !c->list && c->read;
}

char *
table_select(const struct table *t, const char *const *name, size_t n)
{
	struct buf b = { 0 };
	bool good = true;
	size_t i;

	buf_str(&b, t->primary);
	for (i = 0; i < n; i++) {
		if (strcmp(name[i], t->primary) == 0)
			continue;
		buf_char(&b, ',');
		good = put_name(&b, t, name[i]) && good;
	}
	if (!good)
		exit(EX_CONFIG);
	buf_nul(&b);
	return b.p;
}

char *
table_order(const struct table *t, const char *order)
{
	struct buf b = { 0 };
	char *name;
	const char *direction;

	if (order == NULL || strcmp(order, t->primary) == 0)
		return xstrdup(t->primary);
	name = xstrndup(order, strcspn(order, " "));
	direction = order + strlen(name);
	if (strcmp(direction, "") != 0 && strcmp(direction, " desc") != 0 && strcmp(direction, " asc") != 0)
		errx(EX_USAGE, "--order takes one column, and \"desc\" after it or not: \"%s\"", order);
	if (!put_name(&b, t, name))
		exit(EX_CONFIG);
	buf_str(&b, direction);
	if (strcmp(name, t->primary) != 0)
		buf_printf(&b, ",%s", t->primary);
	buf_nul(&b);
	free(name);
	return b.p;
}

void
table_free(struct table *t)
{
	size_t i;

	for (i = 0; i < t->columns; i++)
		free(t->column[i].name);
	free(t->column);
	free(t->name);
	free(t->set);
	free(t->primary);
	free(t);
}
