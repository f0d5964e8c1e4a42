/*
 * meta - table metadata in memory
 *
 * One pass over the file keeps tables, columns and many-to-one relationships;
 * afterwards each lookup's targets are joined with the navigation property of
 * the relationship and the entity set of the table they point to.
 *
 * Member names and values: the reference's section 7 (EntityDefinitions,
 * Attributes with casts, ManyToOneRelationships).
 */
#include "meta.h"

#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "nd.h"
#include "xalloc.h"

struct relation {
	char *table, *column, *target, *navigation;
};

struct meta {
	const char *path;
	struct meta_table *table;
	size_t tables;
	struct relation *relation;
	size_t relations;
};

static const struct { const char *name; enum meta_type type; } types[] = {
	{ "String", META_STRING }, { "Memo", META_MEMO }, { "Integer", META_INTEGER }, { "BigInt", META_BIGINT },
	{ "Decimal", META_DECIMAL }, { "Double", META_DOUBLE }, { "Money", META_MONEY }, { "Boolean", META_BOOLEAN },
	{ "DateTime", META_DATETIME }, { "Picklist", META_PICKLIST }, { "MultiSelectPicklist", META_MULTISELECT },
	{ "State", META_STATE }, { "Status", META_STATUS }, { "Lookup", META_LOOKUP }, { "Customer", META_CUSTOMER },
	{ "Owner", META_OWNER }, { "Uniqueidentifier", META_UNIQUEID }, { "PartyList", META_PARTYLIST },
	/* The name of a table, as text: objecttypecode of an attachment. */
	{ "EntityName", META_STRING },
};

const char *
meta_type_name(enum meta_type type)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return "other";
}

/* A string member as C text, or NULL when it is absent, null or no string. */
static char *
text(const struct json *j, const char *name)
{
	const struct json_value *v = json_get(j, name);

	return v != NULL && v->kind == JSON_STRING ? json_strdup(v) : NULL;
}

/* A string at a path below a member; NULL when there is none. */
static char *
deep_text(const struct json *j, const char *name, const char *path)
{
	const struct json_value *v = json_get(j, name);
	struct json_value found;

	if (v == NULL || v->kind != JSON_OBJECT || !json_path(v, path, &found) || found.kind != JSON_STRING)
		return NULL;
	return json_strdup(&found);
}

static bool
flag(const struct json *j, const char *name)
{
	const struct json_value *v = json_get(j, name);

	return v != NULL && v->kind == JSON_TRUE;
}

/* A number's own text; NULL when there is none. */
static char *
number(const struct json *j, const char *name)
{
	const struct json_value *v = json_get(j, name);

	return v != NULL && v->kind == JSON_NUMBER ? xstrndup(v->p, v->n) : NULL;
}

static int64_t
whole(const struct json *j, const char *name, int64_t fallback)
{
	const struct json_value *v = json_get(j, name);
	int64_t n;

	return v != NULL && json_int(v, &n) ? n : fallback;
}

static char *
needed(const struct nd_in *in, const struct json *j, const char *name)
{
	char *s = text(j, name);

	if (s == NULL)
		errx(EX_DATAERR, "%s:%llu: no %s: not a line of a metadata file", in->name,
		    (unsigned long long)in->lineno, name);
	return s;
}

/* The table of that name, made when it is new. */
static struct meta_table *
own_table(struct meta *m, const char *name)
{
	struct meta_table *t;
	size_t i;

	for (i = 0; i < m->tables; i++)
		if (strcmp(m->table[i].name, name) == 0)
			return &m->table[i];
	m->table = xreallocarray(m->table, m->tables + 1, sizeof(*m->table));
	t = &m->table[m->tables++];
	*t = (struct meta_table){ .name = xstrdup(name) };
	return t;
}

static enum meta_type
type_of(const struct json *j)
{
	char *name = text(j, "AttributeType"), *kind = deep_text(j, "AttributeTypeName", "Value");
	enum meta_type type = META_OTHER;
	size_t i;

	if (kind != NULL && strcmp(kind, "MultiSelectPicklistType") == 0)
		type = META_MULTISELECT;
	for (i = 0; name != NULL && type == META_OTHER && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, name) == 0)
			type = types[i].type;
	free(name);
	free(kind);
	return type;
}

static void
add_option(struct meta_column *c, const struct json_value *o)
{
	struct meta_option *list;
	struct json_value v;
	int64_t n;

	if (!json_member(o, "Value", &v) || !json_int(&v, &n))
		return;
	list = xreallocarray((void *)(uintptr_t)c->option, c->options + 1, sizeof(*list));
	c->option = list;
	list += c->options++;
	*list = (struct meta_option){ .value = (int32_t)n, .state = -1, .label = "" };
	if (json_member(o, "State", &v) && json_int(&v, &n))
		list->state = (int32_t)n;
	if (json_path(o, "Label.UserLocalizedLabel.Label", &v) && v.kind == JSON_STRING && v.n > 0)
		list->label = json_strdup(&v);
	if (list->label == NULL)
		list->label = "";
}

/* A local choice is under OptionSet, a global one may be under GlobalOptionSet alone. */
static void
add_options(struct meta_column *c, const struct json *j)
{
	const struct json_value *set = json_get(j, "OptionSet");
	struct json_value list, o;
	struct json_iter it;

	if (json_null(set))
		set = json_get(j, "GlobalOptionSet");
	if (set == NULL)
		return;
	if (json_member(set, "FalseOption", &o))
		add_option(c, &o);
	if (json_member(set, "TrueOption", &o))
		add_option(c, &o);
	if (json_member(set, "Options", &list) && list.kind == JSON_ARRAY)
		for (it = json_iter(&list); json_next(&it, NULL, &o); )
			add_option(c, &o);
}

static void
add_target(struct meta_column *c, const char *table)
{
	struct meta_target *list;
	size_t i;

	for (i = 0; i < c->targets; i++)
		if (strcmp(c->target[i].table, table) == 0)
			return;
	list = xreallocarray((void *)(uintptr_t)c->target, c->targets + 1, sizeof(*list));
	list[c->targets++] = (struct meta_target){ .table = xstrdup(table) };
	c->target = list;
}

static void
add_targets(struct meta_column *c, const struct json *j)
{
	const struct json_value *list = json_get(j, "Targets");
	struct json_iter it = json_iter(list);
	struct json_value v;
	char *name;

	while (json_next(&it, NULL, &v))
		if ((name = json_strdup(&v)) != NULL) {
			add_target(c, name);
			free(name);
		}
}

static enum meta_date
behavior_of(const struct json *j)
{
	char *s = deep_text(j, "DateTimeBehavior", "Value");
	enum meta_date b = META_USERLOCAL;

	if (s != NULL && strcmp(s, "DateOnly") == 0)
		b = META_DATEONLY;
	else if (s != NULL && strcmp(s, "TimeZoneIndependent") == 0)
		b = META_ZONELESS;
	free(s);
	return b;
}

static void
read_column(struct meta_table *t, const struct nd_in *in, const struct json *j)
{
	struct meta_column *list, *c;
	char *format = text(j, "Format"), *level = deep_text(j, "RequiredLevel", "Value");

	list = xreallocarray((void *)(uintptr_t)t->column, t->columns + 1, sizeof(*list));
	t->column = list;
	c = &list[t->columns++];
	*c = (struct meta_column){ .name = needed(in, j, "LogicalName") };
	c->type = type_of(j);
	c->create = flag(j, "IsValidForCreate");
	c->update = flag(j, "IsValidForUpdate");
	c->read = flag(j, "IsValidForRead");
	c->required = level != NULL && strcmp(level, "SystemRequired") == 0;
	c->max_length = (size_t)whole(j, "MaxLength", 0);
	c->min = number(j, "MinValue");
	c->max = number(j, "MaxValue");
	c->precision = (int)whole(j, "Precision", -1);
	c->behavior = behavior_of(j);
	c->date_only = format != NULL && strcmp(format, "DateOnly") == 0;
	add_options(c, j);
	add_targets(c, j);
	free(format);
	free(level);
}

static void
read_table(struct meta *m, const struct nd_in *in, const struct json *j)
{
	char *name = needed(in, j, "LogicalName");
	struct meta_table *t = own_table(m, name);

	if (t->set != NULL)
		errx(EX_DATAERR, "%s:%llu: table %s is defined twice", in->name, (unsigned long long)in->lineno, name);
	t->set = needed(in, j, "EntitySetName");
	t->primary_id = needed(in, j, "PrimaryIdAttribute");
	t->primary_name = text(j, "PrimaryNameAttribute");
	free(name);
}

static void
read_relation(struct meta *m, const struct nd_in *in, const struct json *j)
{
	struct relation *r;

	m->relation = xreallocarray(m->relation, m->relations + 1, sizeof(*m->relation));
	r = &m->relation[m->relations++];
	r->table = needed(in, j, "ReferencingEntity");
	r->column = needed(in, j, "ReferencingAttribute");
	r->target = needed(in, j, "ReferencedEntity");
	r->navigation = text(j, "ReferencingEntityNavigationPropertyName");
}

static void
read_collection(struct meta_table *t, const struct nd_in *in, const struct json *j)
{
	struct meta_collection *list;

	list = xreallocarray((void *)(uintptr_t)t->collection, t->collections + 1, sizeof(*list));
	t->collection = list;
	list += t->collections++;
	list->navigation = needed(in, j, "ReferencedEntityNavigationPropertyName");
	list->table = needed(in, j, "ReferencingEntity");
	list->column = needed(in, j, "ReferencingAttribute");
}

static void
read_line(struct meta *m, const struct nd_in *in, const struct json *j)
{
	char *kind = needed(in, j, "_meta"), *table;

	if (strcmp(kind, "table") == 0) {
		read_table(m, in, j);
	} else if (strcmp(kind, "column") == 0) {
		table = needed(in, j, "_table");
		read_column(own_table(m, table), in, j);
		free(table);
	} else if (strcmp(kind, "relationship") == 0) {
		read_relation(m, in, j);
	} else if (strcmp(kind, "collection") == 0) {
		table = needed(in, j, "_table");
		read_collection(own_table(m, table), in, j);
		free(table);
	}
	free(kind);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct meta_column *)a)->name, ((const struct meta_column *)b)->name);
}

static bool
is_lookup(const struct meta_column *c)
{
	return c->type == META_LOOKUP || c->type == META_CUSTOMER || c->type == META_OWNER;
}

/*
 * Owner columns have one relationship, to the table "owner", whose navigation
 * property serves users and teams alike.
 */
static const char *
navigation(const struct meta *m, const struct meta_table *t, const struct meta_column *c, const char *target)
{
	const struct relation *r;

	for (r = m->relation; r < m->relation + m->relations; r++)
		if (strcmp(r->column, c->name) == 0 && strcmp(r->table, t->name) == 0 &&
		    (strcmp(r->target, target) == 0 || (c->type == META_OWNER && strcmp(r->target, "owner") == 0)))
			return r->navigation;
	return NULL;
}

static void
join_targets(struct meta *m, const struct meta_table *t, struct meta_column *c)
{
	struct meta_target *x;
	const struct meta_table *to;
	const struct relation *r;

	for (r = m->relation; r < m->relation + m->relations; r++)
		if (strcmp(r->column, c->name) == 0 && strcmp(r->table, t->name) == 0 &&
		    (c->type != META_OWNER || strcmp(r->target, "owner") != 0))
			add_target(c, r->target);
	for (x = (void *)(uintptr_t)c->target; x < c->target + c->targets; x++) {
		x->navigation = navigation(m, t, c, x->table);
		to = meta_table(m, x->table);
		x->set = to != NULL ? to->set : NULL;
	}
}

static void
finish(struct meta *m)
{
	struct meta_table *t;
	struct meta_column *c;
	size_t i;

	for (t = m->table; t < m->table + m->tables; t++) {
		if (t->set == NULL)
			errx(EX_DATAERR, "%s: columns of table %s, but no line with _meta \"table\" for it", m->path, t->name);
		if (t->columns == 0)
			continue;
		c = (void *)(uintptr_t)t->column;
		qsort(c, t->columns, sizeof(*c), by_name);
		for (i = 0; i < t->columns; i++) {
			if (i > 0 && strcmp(c[i].name, c[i - 1].name) == 0)
				errx(EX_DATAERR, "%s: column %s.%s is defined twice", m->path, t->name, c[i].name);
			if (is_lookup(&c[i]))
				join_targets(m, t, &c[i]);
		}
	}
}

struct meta *
meta_load(const char *path)
{
	struct meta *m = xcalloc(1, sizeof(*m));
	struct json j = { 0 };
	struct nd_in in;

	m->path = path;
	nd_open(&in, path);
	while (nd_read(&in)) {
		if (in.toolong)
			errx(EX_DATAERR, "%s:%llu: a line too long", in.name, (unsigned long long)in.lineno);
		if (!json_parse(&j, in.line, in.len))
			errx(EX_DATAERR, "%s:%llu: %s: %s, at byte %zu", in.name, (unsigned long long)in.lineno,
			    j.error, j.detail, j.offset + 1);
		read_line(m, &in, &j);
	}
	nd_end(&in);
	json_free(&j);
	finish(m);
	return m;
}

const struct meta_table *
meta_table(const struct meta *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->tables; i++)
		if (strcmp(m->table[i].name, name) == 0)
			return &m->table[i];
	return NULL;
}

const struct meta_column *
meta_column(const struct meta_table *t, const char *name)
{
	struct meta_column key = { .name = name };

	return t->columns == 0 ? NULL : bsearch(&key, t->column, t->columns, sizeof(key), by_name);
}

const struct meta_collection *
meta_collection(const struct meta_table *t, const char *navigation)
{
	size_t i;

	for (i = 0; i < t->collections; i++)
		if (strcmp(t->collection[i].navigation, navigation) == 0)
			return &t->collection[i];
	return NULL;
}

size_t
meta_distance(const char *a, const char *b, size_t limit)
{
	size_t n = strlen(a), m = strlen(b), i, j, left, up, best, *row;

	if (n > m + limit || m > n + limit)
		return limit + 1;
	row = xcalloc(m + 1, sizeof(*row));
	for (j = 0; j <= m; j++)
		row[j] = j;
	for (i = 1; i <= n; i++) {
		left = row[0];
		row[0] = i;
		for (j = 1; j <= m; j++) {
			up = row[j];
			best = left + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
			best = up + 1 < best ? up + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			row[j] = best;
			left = up;
		}
	}
	best = row[m];
	free(row);
	return best;
}

const char *
meta_nearest(const struct meta_table *t, const char *name)
{
	size_t limit = 2 + strlen(name) / 4, best = limit + 1, d, i;
	const char *near = NULL;

	for (i = 0; i < t->columns; i++) {
		d = meta_distance(name, t->column[i].name, limit);
		if (d < best) {
			best = d;
			near = t->column[i].name;
		}
	}
	return near;
}

/* Strings that begin life as literals are never freed: only "" is one. */
static void
free_text(const char *s)
{
	if (s != NULL && *s != '\0')
		free((void *)(uintptr_t)s);
}

static void
free_column(const struct meta_column *c)
{
	size_t i;

	for (i = 0; i < c->options; i++)
		free_text(c->option[i].label);
	for (i = 0; i < c->targets; i++)
		free_text(c->target[i].table);
	free((void *)(uintptr_t)c->option);
	free((void *)(uintptr_t)c->target);
	free_text(c->name);
	free_text(c->min);
	free_text(c->max);
}

void
meta_free(struct meta *m)
{
	struct meta_table *t;
	struct relation *r;
	size_t i;

	for (t = m->table; t < m->table + m->tables; t++) {
		for (i = 0; i < t->columns; i++)
			free_column(&t->column[i]);
		free((void *)(uintptr_t)t->column);
		for (i = 0; i < t->collections; i++) {
			free_text(t->collection[i].navigation);
			free_text(t->collection[i].table);
			free_text(t->collection[i].column);
		}
		free((void *)(uintptr_t)t->collection);
		free_text(t->name);
		free_text(t->set);
		free_text(t->primary_id);
		free_text(t->primary_name);
	}
	for (r = m->relation; r < m->relation + m->relations; r++) {
		free(r->table);
		free(r->column);
		free(r->target);
		free(r->navigation);
	}
	free(m->table);
	free(m->relation);
	free(m);
}
