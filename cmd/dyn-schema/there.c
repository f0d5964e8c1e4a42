#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "schema.h"
#include "xalloc.h"

const char *const strong[] = { "Consistency: Strong", NULL };

/* What a callback needs: the items of one table. */
struct look {
	struct schema *s;
	const char *table;
};

static struct item *
find(const struct look *l, const char *logical)
{
	size_t i;

	for (i = 0; i < l->s->items; i++)
		if (l->s->item[i].type < TABLE && strcmp(l->s->item[i].table, l->table) == 0 &&
		    strcmp(l->s->item[i].logical, logical) == 0)
			return &l->s->item[i];
	return NULL;
}

const struct choice *
option_find(const struct choices *o, int64_t value)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (o->o[i].value == value)
			return &o->o[i];
	return NULL;
}

/* A string or number as text; NULL if absent or null.  {"Value":...} of a managed property is seen through. */
static char *
text(const struct json_value *row, const char *name)
{
	struct json_value v, value;

	if (!json_member(row, name, &v) || json_null(&v))
		return NULL;
	if (v.kind == JSON_OBJECT) {
		if (!json_member(&v, "Value", &value))
			return NULL;
		v = value;
	}
	return v.kind == JSON_STRING ? json_strdup(&v) : xstrndup(v.p, v.n);
}

/* A list of texts, between blanks. */
static char *
texts(const struct json_value *row, const char *name)
{
	struct json_value list, v;
	struct json_iter it;
	struct buf b = { 0 };
	char *one;

	if (json_member(row, name, &list)) {
		it = json_iter(&list);
		while (json_next(&it, NULL, &v)) {
			if ((one = json_strdup(&v)) == NULL)
				continue;
			buf_printf(&b, "%s%s", b.n > 0 ? " " : "", one);
			free(one);
		}
	}
	buf_nul(&b);
	return b.p;
}

static bool
truth(const struct json_value *row, const char *name)
{
	struct json_value v;

	return json_member(row, name, &v) && v.kind == JSON_TRUE;
}

static long
number(const struct json_value *row, const char *name)
{
	struct json_value v;
	int64_t n;

	return json_member(row, name, &v) && json_int(&v, &n) ? (long)n : -1;
}

static bool
column_seen(const struct json_value *row, void *arg)
{
	const struct look *l = arg;
	char *logical = text(row, "LogicalName");
	struct item *it = logical != NULL ? find(l, logical) : NULL;

	if (it != NULL) {
		it->there.is = true;
		it->there.type = text(row, "AttributeTypeName");
		it->there.length = number(row, "MaxLength");
		it->there.precision = number(row, "Precision");
		it->there.min = text(row, "MinValue");
		it->there.max = text(row, "MaxValue");
		it->there.behavior = text(row, "DateTimeBehavior");
		it->there.format = text(row, "Format");
		it->there.targets = texts(row, "Targets");
	}
	free(logical);
	return true;
}

static char *
label_text(const struct json_value *option)
{
	struct json_value label, v;
	struct json_iter it;
	char *t;

	if (!json_member(option, "Label", &label))
		return xstrdup("");
	if (!json_member(&label, "UserLocalizedLabel", &v) || json_null(&v)) {
		if (!json_member(&label, "LocalizedLabels", &v))
			return xstrdup("");
		it = json_iter(&v);
		if (!json_next(&it, NULL, &v))
			return xstrdup("");
	}
	t = text(&v, "Label");
	return t != NULL ? t : xstrdup("");
}

static void
options_free(struct choices *o)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		free(o->o[i].label);
	free(o->o);
	*o = (struct choices){ 0 };
}

/* A local choice is in OptionSet; a global one there too, or in GlobalOptionSet alone. */
static bool
options_seen(const struct json_value *row, void *arg)
{
	static const char *const place[] = { "OptionSet", "GlobalOptionSet" };
	const struct look *l = arg;
	char *logical = text(row, "LogicalName");
	struct item *it = logical != NULL ? find(l, logical) : NULL;
	struct json_value set, v, option;
	struct json_iter each;
	int64_t value;
	size_t i;

	for (i = 0; it != NULL && i < 2; i++) {
		if (!json_member(row, place[i], &set) || !json_member(&set, "Options", &v) || json_null(&v))
			continue;
		options_free(&it->there.options);
		if (json_member(&set, "IsGlobal", &option) && option.kind == JSON_TRUE) {
			free(it->there.global);
			it->there.global = text(&set, "Name");
		}
		each = json_iter(&v);
		while (json_next(&each, NULL, &option)) {
			struct choices *o = &it->there.options;

			if (!json_member(&option, "Value", &v) || !json_int(&v, &value))
				continue;
			o->o = xreallocarray(o->o, o->n + 1, sizeof(*o->o));
			o->o[o->n++] = (struct choice){ .value = value, .label = label_text(&option) };
		}
		break;
	}
	free(logical);
	return true;
}

void
there_options(struct dyn *d, struct schema *s, const char *table)
{
	static const enum type kind[] = { PICKLIST, MULTISELECT };
	struct look l = { .s = s, .table = table };
	char *path;
	size_t i, k;

	for (k = 0; k < 2; k++) {
		for (i = 0; i < s->items; i++)
			if (s->item[i].type == kind[k] && s->item[i].there.is && strcmp(s->item[i].table, table) == 0)
				break;
		if (i == s->items)
			continue;
		path = xasprintf("EntityDefinitions(LogicalName='%s')/Attributes/Microsoft.Dynamics.CRM.%sAttributeMetadata"
		    "?$select=LogicalName&$expand=OptionSet,GlobalOptionSet", table, type_name[kind[k]]);
		dyn_pages(d, path, strong, options_seen, &l);
		free(path);
	}
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A key's columns, sorted, between blanks. */
static char *
key_columns(const struct json_value *row)
{
	struct json_value list, v;
	struct json_iter it;
	struct buf b = { 0 };
	char *name[64];
	size_t n = 0, i;

	if (json_member(row, "KeyAttributes", &list)) {
		it = json_iter(&list);
		while (n < 64 && json_next(&it, NULL, &v))
			if ((name[n] = json_strdup(&v)) != NULL)
				n++;
	}
	qsort(name, n, sizeof(name[0]), by_text);
	for (i = 0; i < n; i++) {
		buf_printf(&b, "%s%s", i > 0 ? " " : "", name[i]);
		free(name[i]);
	}
	buf_nul(&b);
	return b.p;
}

static bool
key_seen(const struct json_value *row, void *arg)
{
	const struct look *l = arg;
	char *name = text(row, "SchemaName"), *logical = text(row, "LogicalName"), *columns = key_columns(row);
	struct item *it;
	size_t i;

	for (i = 0; i < l->s->items; i++) {
		it = &l->s->item[i];
		if (it->type != KEY || strcmp(it->table, l->table) != 0)
			continue;
		/* The same columns under another name serve as well: the service allows no second key over them. */
		if ((name == NULL || strcasecmp(name, it->name) != 0) && strcmp(columns, it->key_columns) != 0)
			continue;
		free(it->there.status);
		free(it->there.key);
		free(it->there.key_columns);
		it->there.is = true;
		it->there.status = text(row, "EntityKeyIndexStatus");
		it->there.key = xstrdup(logical != NULL ? logical : it->logical);
		it->there.key_columns = xstrdup(columns);
	}
	free(name);
	free(logical);
	free(columns);
	return true;
}

static bool
wants_key(const struct schema *s, const char *table)
{
	size_t i;

	for (i = 0; i < s->items; i++)
		if (s->item[i].type == KEY && strcmp(s->item[i].table, table) == 0)
			return true;
	return false;
}

void
there_keys(struct dyn *d, struct schema *s, const char *table)
{
	struct look l = { .s = s, .table = table };
	char *path;

	if (!wants_key(s, table))
		return;
	path = xasprintf("EntityDefinitions(LogicalName='%s')/Keys?$select=SchemaName,LogicalName,KeyAttributes,"
	    "EntityKeyIndexStatus", table);
	dyn_pages(d, path, strong, key_seen, &l);
	free(path);
}

static struct item *
table_item(const struct schema *s, const char *table)
{
	size_t i;

	for (i = 0; i < s->items; i++)
		if (s->item[i].type == TABLE && strcmp(s->item[i].table, table) == 0)
			return &s->item[i];
	return NULL;
}

static void
table_seen(struct item *it, const struct json_value *row)
{
	it->there.is = true;
	it->there.notes = truth(row, "HasNotes");
	it->there.activities = truth(row, "HasActivities");
	it->there.activity = truth(row, "IsActivity");
	it->there.ownership = text(row, "OwnershipType");
}

/* Its entity set (or its primary key); NULL if there is no such table.  it: the line that wants the table, or NULL. */
static char *
table_ask(struct dyn *d, const char *table, const char *member, struct item *it)
{
	char *path = xasprintf("EntityDefinitions(LogicalName='%s')?$select=LogicalName,EntitySetName,PrimaryIdAttribute,"
	    "OwnershipType,IsActivity,HasNotes,HasActivities", table), *set;
	const struct http_answer *a = dyn_get(d, path, strong);
	struct json j = { 0 };
	struct json_value v;

	if (a->status == 404) {
		free(path);
		return NULL;
	}
	if (a->status != 200)
		dyn_fail(a, path);
	if (!json_parse_any(&j, a->body, a->n, &v) || (set = text(&v, member)) == NULL)
		errx(EX_UNAVAILABLE, "%s: an answer that cannot be read", path);
	if (it != NULL)
		table_seen(it, &v);
	json_free(&j);
	free(path);
	return set;
}

char *
there_set(struct dyn *d, const char *table)
{
	return table_ask(d, table, "EntitySetName", NULL);
}

static bool
found(const struct json_value *row, void *arg)
{
	(void)row;
	*(bool *)arg = true;
	return false;
}

bool
there_column(struct dyn *d, const struct item *it)
{
	char *path = xasprintf("EntityDefinitions(LogicalName='%s')/Attributes?$filter=SchemaName%%20eq%%20'%s'"
	    "&$select=LogicalName,SchemaName", it->table, it->name);
	bool is = false;

	dyn_pages(d, path, strong, found, &is);
	free(path);
	return is;
}

struct named {
	const char *key;
	char *id;
};

static bool
named_seen(const struct json_value *row, void *arg)
{
	struct named *n = arg;

	n->id = text(row, n->key);
	return false;
}

bool
there_named(struct dyn *d, const char *set, const char *name, char **id)
{
	struct named n = { .key = strcmp(set, "publishers") == 0 ? "publisherid" : "solutionid" };
	char *path = xasprintf("%s?$select=%s,uniquename&$filter=uniquename%%20eq%%20'%s'", set, n.key, name);

	dyn_pages(d, path, strong, named_seen, &n);
	free(path);
	if (id != NULL)
		*id = n.id;
	else
		free(n.id);
	return n.id != NULL;
}

static bool
language_seen(const struct json_value *row, void *arg)
{
	long code = number(row, "languagecode");

	if (code > 0)
		*(long *)arg = code;
	return false;
}

/* What lookups point to must be there too, or be made here. */
static size_t
targets_read(struct dyn *d, struct schema *s)
{
	struct item *it, *seen;
	size_t missing = 0;

	for (it = s->item; it < s->item + s->items; it++) {
		if (it->type != LOOKUP)
			continue;
		for (seen = s->item; seen < it && (seen->type != LOOKUP || strcmp(seen->target, it->target) != 0); seen++)
			;
		if (seen < it)
			it->target_key = seen->target_key != NULL ? xstrdup(seen->target_key) : NULL;
		else if ((it->target_key = table_ask(d, it->target, "PrimaryIdAttribute", NULL)) == NULL && table_item(s, it->target) != NULL)
			it->target_key = xasprintf("%sid", it->target);
		if (it->target_key != NULL)
			continue;
		warnx("%s:%lu: %s.%s: this organization has no table \"%s\"", s->file, it->line, it->table, it->name, it->target);
		missing++;
	}
	return missing;
}

void
there_read(struct dyn *d, struct schema *s)
{
	size_t i, missing = 0;

	s->set = xcalloc(s->tables > 0 ? s->tables : 1, sizeof(*s->set));
	for (i = 0; i < s->tables; i++) {
		struct look l = { .s = s, .table = s->table[i] };
		struct item *it = table_item(s, s->table[i]);
		char *path;

		if ((s->set[i] = table_ask(d, s->table[i], "EntitySetName", it)) == NULL) {
			if (it != NULL)
				continue;
			warnx("%s: this organization has no table \"%s\"", s->file, s->table[i]);
			missing++;
			continue;
		}
		path = xasprintf("EntityDefinitions(LogicalName='%s')/Attributes", s->table[i]);
		dyn_pages(d, path, strong, column_seen, &l);
		free(path);
		there_options(d, s, s->table[i]);
		there_keys(d, s, s->table[i]);
	}
	missing += targets_read(d, s);
	if (missing > 0)
		errx(EX_CONFIG, "%zu tables are missing; nothing was changed", missing);
	there_named(d, "publishers", s->publisher, &s->publisher_id);
	s->solution_there = there_named(d, "solutions", s->solution, NULL);
	s->language = 1033;
	dyn_pages(d, "organizations?$select=languagecode", strong, language_seen, &s->language);
}
