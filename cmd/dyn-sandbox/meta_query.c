/*
 * meta_query - the query options that metadata reads know
 *
 * $select, $expand, $top, and $filter with eq, ne, and, or, not, parentheses,
 * over properties and property paths (RequiredLevel/Value).  Everything else
 * that begins with $ is refused.  Source: reference section 7, existence checks.
 */
#include <stdlib.h>
#include <string.h>

#include "metadata.h"

static bool
set_option(struct reply *a, struct query *q, const char *name, const char *value)
{
	char *end;

	if (strcmp(name, "$select") == 0)
		q->select = value;
	else if (strcmp(name, "$expand") == 0)
		q->expand = value;
	else if (strcmp(name, "$filter") == 0)
		q->filter = value;
	else if (strcmp(name, "$top") == 0) {
		q->top = strtol(value, &end, 10);
		if (*value == '\0' || *end != '\0' || q->top < 0)
			return reply_error(a, 400, "0x80060888", "Invalid value '%s' for $top query option found.", value);
	} else if (name[0] == '$')
		return reply_error(a, 400, "0x80060888", "The query parameter %s is not supported.", name);
	return true;
}

bool
query_read(struct request *r, struct reply *a, struct query *q)
{
	size_t i;

	*q = (struct query){ .top = -1 };
	for (i = 0; i < r->queries; i++)
		if (!set_option(a, q, r->query[i].name, r->query[i].value))
			return false;
	return true;
}

/* Up to one of stop outside quotes and parentheses. */
static const char *
scan(const char *p, const char *stop)
{
	bool quoted = false;
	int depth = 0;

	for (; *p != '\0'; p++) {
		if (*p == '\'')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (depth == 0 && strchr(stop, *p) != NULL)
			break;
		else if (*p == '(')
			depth++;
		else if (*p == ')')
			depth--;
	}
	return p;
}

bool
query_nested(struct request *r, struct reply *a, const char *text, size_t n, struct query *q)
{
	const char *p = arena_dup(r->arena, text, n), *e, *eq;

	*q = (struct query){ .top = -1 };
	for (; *p != '\0'; p = *e == ';' ? e + 1 : e) {
		p += strspn(p, " ");
		e = scan(p, ";");
		eq = memchr(p, '=', (size_t)(e - p));
		if (eq == NULL)
			return reply_error(a, 400, "0x80060888", "Term '%s' is not valid in a $select or $expand expression.", p);
		if (!set_option(a, q, arena_dup(r->arena, p, (size_t)(eq - p)), arena_dup(r->arena, eq + 1, (size_t)(e - eq - 1))))
			return false;
	}
	return true;
}

bool
query_expand(struct request *r, const char **rest, char **name, char **inner)
{
	const char *p = *rest, *e, *paren;

	p += strspn(p, " ,");
	if (*p == '\0')
		return false;
	e = scan(p, ",");
	paren = memchr(p, '(', (size_t)(e - p));
	*name = arena_dup(r->arena, p, (size_t)((paren != NULL ? paren : e) - p));
	*inner = paren != NULL && e - paren >= 2 ? arena_dup(r->arena, paren + 1, (size_t)(e - paren - 2)) : arena_str(r->arena, "");
	*rest = e;
	return true;
}

/* The next name of a $select list; false at the end. */
static bool
next_name(const char **rest, const char **name, size_t *n)
{
	const char *p = *rest, *e;

	p += strspn(p, " ,");
	if (*p == '\0')
		return false;
	e = p + strcspn(p, " ,");
	*name = p;
	*n = (size_t)(e - p);
	*rest = e;
	return true;
}

bool
query_check(struct reply *a, const struct query *q, const struct shape *s)
{
	const char *rest = q->select, *name;
	size_t n;

	while (rest != NULL && next_name(&rest, &name, &n))
		if (!shape_has(s, name, n))
			return reply_error(a, 400, "0x80060888", "Could not find a property named '%.*s' on type "
			    "'Microsoft.Dynamics.CRM.%s'.", (int)n, name, s->name);
	return true;
}

static bool
selected(const char *select, const char *name, size_t len)
{
	const char *p;
	size_t n;

	if (select == NULL || (len == 10 && memcmp(name, "MetadataId", 10) == 0) || *name == '@')
		return true;
	while (next_name(&select, &p, &n))
		if (n == len && memcmp(p, name, n) == 0)
			return true;
	return false;
}

static void
put_absent(struct buf *b, const char *name, size_t n)
{
	bool label = (n == 11 && (memcmp(name, "DisplayName", n) == 0 || memcmp(name, "Description", n) == 0)) ||
	    (n == 21 && memcmp(name, "DisplayCollectionName", n) == 0);

	buf_char(b, ',');
	buf_json_string(b, name, n);
	buf_str(b, label ? ":{\"LocalizedLabels\":[],\"UserLocalizedLabel\":null}" : ":null");
}

void
query_put(struct buf *b, const struct query *q, const struct json_value *row)
{
	struct json_iter it = json_iter(row);
	struct json_value key, v;
	const char *rest = q->select, *name;
	size_t n, first = b->n;
	char *text;

	buf_char(b, '{');
	while (json_next(&it, &key, &v)) {
		if (!selected(q->select, key.p, key.n))
			continue;
		if (b->n > first + 1)
			buf_char(b, ',');
		buf_json_string(b, key.p, key.n);
		buf_char(b, ':');
		json_put(b, &v);
	}
	while (rest != NULL && next_name(&rest, &name, &n)) {
		text = strndup(name, n);
		if (text != NULL && !json_member(row, text, &v))
			put_absent(b, name, n);
		free(text);
	}
}

/* ---- $filter ---- */

struct filter {
	struct request *r;
	struct reply *a;
	const struct shape *shape;
	const struct json_value *row;
	const char *p;
	bool failed;
};

static bool filter_or(struct filter *f);

static bool
filter_fail(struct filter *f, const char *what)
{
	if (!f->failed)
		reply_error(f->a, 400, "0x80060888", "The $filter expression is not valid near '%s': %s.", f->p, what);
	f->failed = true;
	return false;
}

static void
blanks(struct filter *f)
{
	f->p += strspn(f->p, " ");
}

static bool
word(struct filter *f, const char *w)
{
	size_t n = strlen(w);

	blanks(f);
	if (strncmp(f->p, w, n) != 0 || (f->p[n] != ' ' && f->p[n] != '(' && f->p[n] != '\0'))
		return false;
	f->p += n;
	return true;
}

/* The property a path names: false if it is not there (as good as null). */
static bool
property(struct filter *f, struct json_value *v)
{
	const char *e = f->p + strcspn(f->p, " ()',"), *slash = memchr(f->p, '/', (size_t)(e - f->p));
	char *path, *c;

	if (!shape_has(f->shape, f->p, (size_t)((slash != NULL ? slash : e) - f->p))) {
		if (!f->failed)
			reply_error(f->a, 400, "0x80060888", "Could not find a property named '%.*s' on type "
			    "'Microsoft.Dynamics.CRM.%s'.", (int)(e - f->p), f->p, f->shape->name);
		f->failed = true;
		return false;
	}
	path = arena_dup(f->r->arena, f->p, (size_t)(e - f->p));
	for (c = path; *c != '\0'; c++)
		if (*c == '/')
			*c = '.';
	f->p = e;
	return json_path(f->row, path, v);
}

/* 'text' (also behind the name of an enumeration) or a plain word. */
static char *
literal(struct filter *f, bool *quoted)
{
	const char *e;
	char *s, *o;

	blanks(f);
	e = f->p + strcspn(f->p, " ')");
	*quoted = *e == '\'';
	if (!*quoted) {
		s = arena_dup(f->r->arena, f->p, (size_t)(e - f->p));
		f->p = e;
		return s;
	}
	o = s = arena_get(f->r->arena, strlen(e) + 1);
	for (f->p = e + 1; *f->p != '\0'; f->p++) {
		if (*f->p == '\'' && f->p[1] == '\'')
			f->p++;
		else if (*f->p == '\'')
			break;
		*o++ = *f->p;
	}
	if (*f->p != '\'')
		filter_fail(f, "a quote is not closed");
	else
		f->p++;
	return s;
}

static bool
equal(const struct json_value *v, bool there, const char *text, bool quoted)
{
	if (!quoted && strcmp(text, "null") == 0)
		return !there || v->kind == JSON_NULL;
	if (!there)
		return false;
	if (v->kind == JSON_STRING)
		return (quoted || guid_ok(text, strlen(text))) && json_is(v, text);
	return !quoted && v->n == strlen(text) && memcmp(v->p, text, v->n) == 0;
}

static bool
filter_term(struct filter *f)
{
	struct json_value v = { 0 };
	bool there, result, ne, quoted;
	char *text;

	blanks(f);
	if (*f->p == '(') {
		f->p++;
		result = filter_or(f);
		blanks(f);
		if (*f->p != ')')
			return filter_fail(f, "a parenthesis is not closed");
		f->p++;
		return result;
	}
	if (word(f, "not"))
		return !filter_term(f);
	there = property(f, &v);
	if (f->failed)
		return false;
	ne = word(f, "ne");
	if (!ne && !word(f, "eq"))
		return filter_fail(f, "only eq, ne, and, or, not are known here");
	text = literal(f, &quoted);
	return equal(&v, there, text, quoted) != ne;
}

static bool
filter_and(struct filter *f)
{
	bool result = filter_term(f), next;

	while (!f->failed && word(f, "and")) {
		next = filter_term(f);
		result = result && next;
	}
	return result;
}

static bool
filter_or(struct filter *f)
{
	bool result = filter_and(f), next;

	while (!f->failed && word(f, "or")) {
		next = filter_and(f);
		result = result || next;
	}
	return result;
}

int
query_match(struct request *r, struct reply *a, const struct query *q, const struct shape *s, const struct json_value *row)
{
	struct filter f = { .r = r, .a = a, .shape = s, .row = row, .p = q->filter };
	bool result;

	if (q->filter == NULL)
		return 1;
	result = filter_or(&f);
	blanks(&f);
	if (!f.failed && *f.p != '\0')
		filter_fail(&f, "the end was expected");
	return f.failed ? -1 : result;
}
