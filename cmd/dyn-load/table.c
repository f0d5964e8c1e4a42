/*
 * What the service says about a table, asked once: its entity set and primary
 * key before the first row; whether CreateMultiple is there before the first
 * create; columns and navigation properties only when a row must be compared.
 * Sources: reference sections 3.4, 5 (the probe), 7 (Consistency: Strong).
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "load.h"
#include "xalloc.h"

#define SIZE_MAX_ROWS 1000		/* operations a batch, at most */
#define SIZE_MIN 10
#define GROW_AFTER 20			/* good calls before a shrunk size grows again */

struct table *tables;
struct dyn *asking;

static const char *const strong[] = { "Consistency: Strong", NULL };

static char *
text_of(const struct json *j, const char *name, const char *what)
{
	const struct json_value *v = json_get(j, name);
	char *text = v != NULL ? json_strdup(v) : NULL;

	if (text == NULL || text[0] == '\0')
		errx(EX_UNAVAILABLE, "%s: the service's definition has no %s", what, name);
	return text;
}

/* Names go into URLs and bodies as they are. */
static bool
plain(const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!(name[i] == '_' || (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9')))
			return false;
	return n > 0 && n < 128;
}

struct table *
table_get(const char *name, size_t n)
{
	const struct http_answer *a;
	struct table *t;
	struct json j = { 0 };
	char path[300];

	for (t = tables; t != NULL; t = t->next)
		if (strlen(t->name) == n && memcmp(t->name, name, n) == 0)
			return t;
	if (!plain(name, n))
		return NULL;
	snprintf(path, sizeof(path), "EntityDefinitions(LogicalName='%.*s')"
	    "?$select=EntitySetName,PrimaryIdAttribute,LogicalName", (int)n, name);
	a = dyn_get(asking, path, strong);
	if (a->status == 404)
		return NULL;
	if (a->status != 200)
		dyn_fail(a, path);
	if (!json_parse(&j, a->body, a->n))
		errx(EX_UNAVAILABLE, "%s: the answer is no JSON object", path);
	t = xcalloc(1, sizeof(*t));
	t->name = xstrndup(name, n);
	t->set = text_of(&j, "EntitySetName", t->name);
	t->key = text_of(&j, "PrimaryIdAttribute", t->name);
	t->size = options.batch;
	json_free(&j);
	t->next = tables;
	tables = t;
	return t;
}

void
table_probe(struct table *t)
{
	const struct http_answer *a;
	struct json_value list, row;
	struct json_iter it;
	struct json j = { 0 };
	char path[500];

	t->probed = true;
	if (options.form != FORM_AUTO) {
		t->bulk = options.form == FORM_BULK;
		return;
	}
	snprintf(path, sizeof(path), "sdkmessagefilters?$select=sdkmessagefilterid&$filter=sdkmessageid/name%%20eq%%20@message"
	    "%%20and%%20primaryobjecttypecode%%20eq%%20@table&@message='CreateMultiple'&@table='%s'", t->name);
	a = dyn_get(asking, path, NULL);
	/* A server that does not answer this is asked nothing of the kind: $batch is always there. */
	if (a->status == 200 && json_parse(&j, a->body, a->n) && json_get(&j, "value") != NULL) {
		list = *json_get(&j, "value");
		it = json_iter(&list);
		t->bulk = json_next(&it, NULL, &row);
	}
	json_free(&j);
}

/* ---- columns ---- */

static bool
add_column(const struct json_value *row, void *arg)
{
	struct table *t = arg;
	struct json_value name, v;
	struct column *c;

	if (!json_member(row, "LogicalName", &name))
		return true;
	t->column = xreallocarray(t->column, t->columns + 1, sizeof(*t->column));
	c = &t->column[t->columns++];
	c->name = json_strdup(&name);
	c->update = !json_member(row, "IsValidForUpdate", &v) || v.kind != JSON_FALSE;
	c->read = !json_member(row, "IsValidForRead", &v) || v.kind != JSON_FALSE;
	return true;
}

static bool
add_navigation(const struct json_value *row, void *arg)
{
	struct table *t = arg;
	struct json_value name, attribute;
	struct navigation *n;

	if (!json_member(row, "ReferencingEntityNavigationPropertyName", &name) || name.kind != JSON_STRING ||
	    !json_member(row, "ReferencingAttribute", &attribute) || attribute.kind != JSON_STRING)
		return true;
	t->navigation = xreallocarray(t->navigation, t->navigations + 1, sizeof(*t->navigation));
	n = &t->navigation[t->navigations++];
	n->name = json_strdup(&name);
	n->attribute = json_strdup(&attribute);
	return true;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
table_describe(struct table *t)
{
	char path[300];

	if (t->described)
		return;
	t->described = true;
	snprintf(path, sizeof(path), "EntityDefinitions(LogicalName='%s')/Attributes"
	    "?$select=LogicalName,IsValidForUpdate,IsValidForRead", t->name);
	dyn_pages(asking, path, strong, add_column, t);
	snprintf(path, sizeof(path), "EntityDefinitions(LogicalName='%s')/ManyToOneRelationships"
	    "?$select=ReferencingAttribute,ReferencedEntity,ReferencingEntityNavigationPropertyName", t->name);
	dyn_pages(asking, path, strong, add_navigation, t);
	if (t->columns > 0)
		qsort(t->column, t->columns, sizeof(*t->column), by_name);
	if (t->navigations > 0)
		qsort(t->navigation, t->navigations, sizeof(*t->navigation), by_name);
}

/* The entry whose first member, its name, is that text. */
static const void *
find(const void *list, size_t count, size_t size, const char *name, size_t n)
{
	char key[256], *p = key;

	if (n >= sizeof(key) || count == 0)
		return NULL;
	memcpy(key, name, n);
	key[n] = '\0';
	return bsearch(&p, list, count, size, by_name);
}

const struct column *
table_column(const struct table *t, const char *name, size_t n)
{
	return find(t->column, t->columns, sizeof(*t->column), name, n);
}

const struct navigation *
table_navigation(const struct table *t, const char *name, size_t n)
{
	return find(t->navigation, t->navigations, sizeof(*t->navigation), name, n);
}

/* ---- rows a call ---- */

void
table_worked(struct table *t, size_t n)
{
	if (t == NULL || n < t->size || t->size >= options.batch || ++t->good < GROW_AFTER)
		return;
	t->good = 0;
	t->size = t->size * 2 < options.batch ? t->size * 2 : options.batch;
}

void
table_shrink(struct table *t, size_t n)
{
	if (t == NULL)
		return;
	t->good = 0;
	if (n / 2 < t->size)
		t->size = n / 2 < SIZE_MIN ? SIZE_MIN : n / 2;
	if (t->size > options.batch)
		t->size = options.batch;
}

/* The service counts requests: from now on more rows in each. */
void
table_grow(void)
{
	struct table *t;

	if (options.batch_fixed)
		return;
	options.batch = options.batch * 2 < SIZE_MAX_ROWS ? options.batch * 2 : SIZE_MAX_ROWS;
	for (t = tables; t != NULL; t = t->next)
		t->size = t->size * 2 < options.batch ? t->size * 2 : options.batch;
}
