/*
 * fetch - FetchXML, as far as it counts rows
 *
 * <fetch aggregate="true"> of one entity with one attribute whose aggregate is
 * count or countcolumn, and filters of conditions eq, ne, gt, ge, lt, le, null,
 * not-null: enough to count exactly and to slice by dates or keys below the
 * aggregate limit.  The filters become a $filter.  Anything else is 501.
 *
 * Source: reference section 10 (exact counts).
 */
#include <ctype.h>
#include <string.h>

#include "store.h"

#define DEPTH 8

struct tag {
	char *name;			/* "/filter" at an end */
	struct header *attribute;
	size_t n;
	bool empty;			/* <x/> */
};

struct fetch {
	struct request *r;
	struct reply *a;
	const struct table *t;
	const char *p;			/* what is not yet read */
	struct buf filter;
	const char *join[DEPTH];	/* " and " or " or " of the open filters */
	bool some[DEPTH];		/* they have a condition already */
	size_t depth;
	char *name;			/* the result's alias */
	bool aggregate, entity;
};

static bool
malformed(struct fetch *f)
{
	return reply_error(f->a, 400, "0x80040203", "Malformed FetchXML.");
}

static bool
unknown(struct fetch *f, const char *what)
{
	return reply_error(f->a, 501, "0x80060888", "The stand-in runs FetchXML that counts rows only, not '%s'.", what);
}

static char *
unescape(struct arena *a, const char *p, size_t n)
{
	static const struct { const char *name; char c; } entity[] = {
		{ "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&apos;", '\'' }, { "&amp;", '&' },
	};
	char *s = arena_get(a, n + 1), *o = s;
	const char *e = p + n;
	size_t i;

	while (p < e) {
		for (i = 0; i < 5 && strncmp(p, entity[i].name, strlen(entity[i].name)) != 0; i++)
			;
		*o++ = i < 5 ? entity[i].c : *p;
		p += i < 5 ? strlen(entity[i].name) : 1;
	}
	return s;
}

static const char *
attribute(const struct tag *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (strcmp(t->attribute[i].name, name) == 0)
			return t->attribute[i].value;
	return NULL;
}

/* name="value" or name='value' */
static bool
read_attribute(struct fetch *f, struct tag *t)
{
	size_t n = strcspn(f->p, "=<>");
	const char *e;

	if (f->p[n] != '=' || (f->p[n + 1] != '"' && f->p[n + 1] != '\'') || t->n == 16)
		return false;
	t->attribute[t->n].name = arena_dup(f->r->arena, f->p, n);
	f->p += n + 2;
	if ((e = strchr(f->p, f->p[-1])) == NULL)
		return false;
	t->attribute[t->n++].value = unescape(f->r->arena, f->p, (size_t)(e - f->p));
	f->p = e + 1;
	return true;
}

/* 1: a tag, 0: the end, -1: malformed */
static int
next_tag(struct fetch *f, struct tag *t)
{
	size_t n;

	f->p += strspn(f->p, " \t\r\n");
	if (*f->p == '\0')
		return 0;
	if (*f->p++ != '<')
		return -1;
	*t = (struct tag){ .attribute = arena_get(f->r->arena, 16 * sizeof(*t->attribute)) };
	n = (*f->p == '/') + strcspn(f->p + (*f->p == '/'), " \t\r\n/>");
	t->name = arena_dup(f->r->arena, f->p, n);
	for (f->p += n; f->p += strspn(f->p, " \t\r\n"), *f->p != '>' && *f->p != '/';)
		if (!read_attribute(f, t))
			return -1;
	t->empty = *f->p == '/';
	f->p += t->empty;
	return *f->p++ == '>' ? 1 : -1;
}

static void
joined(struct fetch *f)
{
	if (f->some[f->depth])
		buf_str(&f->filter, f->join[f->depth]);
	f->some[f->depth] = true;
}

/* A value as a literal of the column's type; NULL: answered. */
static char *
literal(struct fetch *f, const struct column *c, const char *value)
{
	struct arena *a = f->r->arena;
	struct buf b = { 0 };
	char *s;

	if (c->type == COL_BOOLEAN)
		return arena_str(a, strcmp(value, "1") == 0 || strcmp(value, "true") == 0 ? "true" : "false");
	if (c->type == COL_DATETIME && !c->date_behavior && strchr(value, 'T') == NULL)
		return arena_printf(a, "%sT00:00:00Z", value);
	if (c->type != COL_STRING && c->type != COL_MEMO) {
		if (value[strspn(value, "0123456789abcdefABCDEF.:+-TZ")] == '\0')
			return arena_str(a, value);
		reply_error(f->a, 400, "0x80040203", "'%s' is no value of the attribute '%s'.", value, c->name);
		return NULL;
	}
	for (buf_char(&b, '\''); *value != '\0'; value++) {
		if (*value == '\'')
			buf_char(&b, '\'');
		buf_char(&b, *value);
	}
	buf_char(&b, '\'');
	s = arena_dup(a, b.p, b.n);
	buf_free(&b);
	return s;
}

static bool
condition(struct fetch *f, const struct tag *t)
{
	static const char *const operators[] = { "eq", "ne", "gt", "ge", "lt", "le" };
	const char *name = attribute(t, "attribute"), *operator = attribute(t, "operator"), *value = attribute(t, "value");
	const struct column *c = name != NULL ? schema_column(f->t, name) : NULL;
	char *text;
	size_t i;

	if (name == NULL || operator == NULL || f->depth == 0)
		return malformed(f);
	if (!is_property(c, f->r->now))
		return reply_error(f->a, 400, "0x80041103", "'%s' entity doesn't contain attribute with Name = '%s' and NameMapping = 'Logical'.",
		    f->t->name, name);
	joined(f);
	buf_printf(&f->filter, is_lookup(c) ? "_%s_value " : "%s ", name);
	if (strcmp(operator, "null") == 0 || strcmp(operator, "not-null") == 0) {
		buf_str(&f->filter, operator[1] == 'u' ? "eq null" : "ne null");
		return true;
	}
	for (i = 0; i < 6 && strcmp(operator, operators[i]) != 0; i++)
		;
	if (i == 6)
		return unknown(f, operator);
	if (value == NULL)
		return malformed(f);
	if ((text = literal(f, c, value)) == NULL)
		return false;
	buf_printf(&f->filter, "%s ", operator);
	buf_str(&f->filter, text);
	return true;
}

static bool
counted(struct fetch *f, const struct tag *t)
{
	const char *how = attribute(t, "aggregate"), *alias = attribute(t, "alias"), *name = attribute(t, "name");
	const struct column *c = name != NULL ? schema_column(f->t, name) : NULL;

	if (how == NULL || alias == NULL || name == NULL)
		return malformed(f);
	if (alias[strspn(alias, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] != '\0')
		return malformed(f);
	if (!is_property(c, f->r->now))
		return reply_error(f->a, 400, "0x80041103", "'%s' entity doesn't contain attribute with Name = '%s' and NameMapping = 'Logical'.",
		    f->t->name, name);
	if ((strcmp(how, "count") != 0 && strcmp(how, "countcolumn") != 0) || f->name != NULL || attribute(t, "distinct") != NULL)
		return unknown(f, how);
	f->name = arena_str(f->r->arena, alias);
	if (strcmp(how, "countcolumn") == 0) {
		joined(f);
		buf_printf(&f->filter, is_lookup(c) ? "_%s_value ne null" : "%s ne null", name);
	}
	return true;
}

static bool
open_filter(struct fetch *f, const struct tag *t)
{
	const char *type = attribute(t, "type");

	if (f->depth + 1 == DEPTH || t->empty)
		return malformed(f);
	joined(f);
	buf_char(&f->filter, '(');
	f->some[++f->depth] = false;
	f->join[f->depth] = type != NULL && strcmp(type, "or") == 0 ? " or " : " and ";
	return true;
}

static bool
close_filter(struct fetch *f)
{
	if (f->depth == 0 || !f->some[f->depth])
		return malformed(f);
	f->depth--;
	buf_char(&f->filter, ')');
	return true;
}

static bool
element(struct fetch *f, const struct tag *t)
{
	const char *name;

	if (strcmp(t->name, "fetch") == 0) {
		f->aggregate = attribute(t, "aggregate") != NULL && strcmp(attribute(t, "aggregate"), "true") == 0;
		return f->aggregate || unknown(f, "fetch without aggregate");
	}
	if (strcmp(t->name, "entity") == 0) {
		f->entity = (name = attribute(t, "name")) != NULL && strcmp(name, f->t->name) == 0;
		return f->entity || reply_error(f->a, 400, "0x80060888", "The entity of the FetchXML is not that of the set '%s'.", f->t->set);
	}
	if (strcmp(t->name, "attribute") == 0 && f->entity)
		return counted(f, t);
	if (strcmp(t->name, "filter") == 0 && f->entity)
		return open_filter(f, t);
	if (strcmp(t->name, "/filter") == 0)
		return close_filter(f);
	if (strcmp(t->name, "condition") == 0)
		return condition(f, t);
	return t->name[0] == '/' || unknown(f, t->name);
}

bool
fetch_count(struct request *r, struct reply *a, const struct table *t, const char *xml, char **filter, char **name)
{
	struct fetch f = { .r = r, .a = a, .t = t, .p = xml, .join = { " and " } };
	struct tag tag;
	bool ok = true;
	int rc;

	while (ok && (rc = next_tag(&f, &tag)) != 0)
		ok = rc > 0 ? element(&f, &tag) : malformed(&f);
	if (ok && (!f.aggregate || !f.entity || f.name == NULL || f.depth > 0))
		ok = malformed(&f);
	*filter = ok && f.filter.n > 0 ? arena_dup(r->arena, f.filter.p, f.filter.n) : NULL;
	*name = f.name;
	buf_free(&f.filter);
	return ok;
}
