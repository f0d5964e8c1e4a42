/*
 * A row of the input against the row in the target.
 *
 * Compared are columns and bindings that an update may write; not the primary
 * key, overriddencreatedon (valid on create alone), nested rows (parties) nor
 * columns that are not valid for update.  null and "" are one value to the
 * service; numbers are compared as decimals, dates without a zero fraction,
 * GUIDs without case, all else by its characters.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "load.h"
#include "xalloc.h"

#define BIND "@odata.bind"
#define SOURCE_COLUMN "sm_salesmate_id"

/* ---- values ---- */

static bool
empty(const struct json_value *v)
{
	return json_null(v) || (v->kind == JSON_STRING && v->n == 0);
}

/* The digits of a plain decimal: sign, no zeros at either end; false for an exponent. */
static bool
plain_decimal(const struct json_value *v, char *text, size_t size)
{
	const char *p = v->p, *end = v->p + v->n, *dot = memchr(p, '.', v->n);
	bool negative = p < end && *p == '-';
	size_t n = 0;

	if (v->n + 3 > size || memchr(p, 'e', v->n) != NULL || memchr(p, 'E', v->n) != NULL)
		return false;
	p += negative;
	while (p < end && *p == '0' && p + 1 < end && p[1] != '.')
		p++;
	if (dot != NULL) {
		while (end[-1] == '0')
			end--;
		if (end[-1] == '.')
			end--;
	}
	if (negative && !(end - p == 1 && *p == '0'))
		text[n++] = '-';
	memcpy(text + n, p, (size_t)(end - p));
	text[n + (size_t)(end - p)] = '\0';
	return true;
}

static bool
same_number(const struct json_value *a, const struct json_value *b)
{
	char x[420], y[420];

	if (a->n == b->n && memcmp(a->p, b->p, a->n) == 0)
		return true;
	return plain_decimal(a, x, sizeof(x)) && plain_decimal(b, y, sizeof(y)) && strcmp(x, y) == 0;
}

/* "2019-03-04T09:12:00.000Z" and "2019-03-04T09:12:00Z" become "2019-03-04T09:12:00"; false for what is no date. */
static bool
plain_date(const char *s, char text[24])
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";
	size_t i;

	for (i = 0; i < sizeof(shape) - 1 && s[i] != '\0'; i++)
		if (shape[i] == 'd' ? !isdigit((unsigned char)s[i]) : s[i] != shape[i])
			return false;
	if (i != 10 && i != 19)
		return false;
	memcpy(text, s, i);
	strcpy(text + i, i == 10 ? "T00:00:00" : "");
	s += i;
	if (i == 19 && *s == '.')
		s += 1 + strspn(s + 1, "0");
	return *s == '\0' || strcmp(s, "Z") == 0;
}

static bool
same_text(const struct json_value *a, const struct json_value *b)
{
	char *x = json_strdup(a), *y = json_strdup(b), p[24], q[24];
	struct guid g, h;
	bool same = false;

	if (x == NULL || y == NULL)
		same = a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
	else if (strcmp(x, y) == 0)
		same = true;
	else if (guid_parse(x, strlen(x), &g) && guid_parse(y, strlen(y), &h))
		same = memcmp(g.b, h.b, sizeof(g.b)) == 0;
	else if (plain_date(x, p) && plain_date(y, q))
		same = strcmp(p, q) == 0;
	free(x);
	free(y);
	return same;
}

static bool
same_value(const struct json_value *a, const struct json_value *b)
{
	if (empty(a) || empty(b))
		return empty(a) && empty(b);
	if (a->kind != b->kind)
		return false;
	if (a->kind == JSON_STRING)
		return same_text(a, b);
	return a->kind == JSON_NUMBER ? same_number(a, b) : true;
}

/* A binding ("/accounts(<guid>)", or null) against the id of what the row points to. */
static bool
same_binding(const struct json_value *bind, const struct json_value *id)
{
	struct guid g, h;

	if (json_null(bind) || json_null(id))
		return json_null(bind) && json_null(id);
	return bind->n >= GUID_TEXT + 2 && guid_parse(bind->p + bind->n - GUID_TEXT - 1, GUID_TEXT, &g) &&
	    guid_parse(id->p, id->n, &h) && memcmp(g.b, h.b, sizeof(g.b)) == 0;
}

/* ---- members ---- */

/* What a member of the row is compared with. */
struct against {
	char name[300];			/* of the member in the target's row; "" if it cannot be read */
	bool binding;
	bool skip;
};

static void
lookup_name(struct against *x, const struct navigation *n)
{
	x->binding = true;
	x->name[0] = '\0';
	if (n != NULL)
		snprintf(x->name, sizeof(x->name), "_%s_value", n->attribute);
}

static struct against
against(const struct table *t, const struct json_member *m)
{
	struct against x = { .skip = true };
	const struct json_value *k = &m->key;
	const struct column *c;

	if (k->n == 0 || k->p[0] == '_' || k->n > 250 || m->value.kind == JSON_OBJECT || m->value.kind == JSON_ARRAY ||
	    json_is(k, t->key) || json_is(k, "overriddencreatedon"))
		return x;
	x.skip = false;
	if (k->n > strlen(BIND) && memcmp(k->p + k->n - strlen(BIND), BIND, strlen(BIND)) == 0) {
		lookup_name(&x, table_navigation(t, k->p, k->n - strlen(BIND)));
		/* The owner's property may be listed under none of its targets: it is named like its column. */
		if (x.name[0] == '\0' && (c = table_column(t, k->p, k->n - strlen(BIND))) != NULL)
			snprintf(x.name, sizeof(x.name), "_%s_value", c->name);
	} else if ((c = table_column(t, k->p, k->n)) != NULL) {
		x.skip = !c->update;
		snprintf(x.name, sizeof(x.name), "%s", c->read ? c->name : "");
	} else if (json_null(&m->value) && table_navigation(t, k->p, k->n) != NULL) {
		lookup_name(&x, table_navigation(t, k->p, k->n));
	}
	return x;
}

static struct json *
members(const struct row *r)
{
	static struct json j;		/* reused; no state between rows */

	json_parse(&j, r->line, r->len);	/* was judged when it was read */
	return &j;
}

void
compare_select(struct buf *path, struct row *r)
{
	struct against x;
	const struct json *j;
	bool source = false;
	size_t i;

	buf_str(path, "?$select=");
	buf_str(path, r->table->key);
	if (r->how == HOW_MATCHED && r->policy == POLICY_LEAVE)
		return;
	table_describe(r->table);
	j = members(r);
	for (i = 0; i < j->count; i++) {
		x = against(r->table, &j->member[i]);
		if (x.skip || x.name[0] == '\0')
			continue;
		source = source || strcmp(x.name, SOURCE_COLUMN) == 0;
		buf_char(path, ',');
		buf_str(path, x.name);
	}
	if (r->file != NULL)
		buf_str(path, ",filesize");
	if (!source && table_column(r->table, SOURCE_COLUMN, strlen(SOURCE_COLUMN)) != NULL)
		buf_str(path, "," SOURCE_COLUMN);
}

static void
put_member(struct buf *b, const struct json_member *m)
{
	if (b->n > 0)
		buf_char(b, ',');
	json_put(b, &m->key);
	buf_char(b, ':');
	json_put(b, &m->value);
}

/* The target's member of that name and its annotations (which table a lookup points to, by which property). */
static void
put_before(struct buf *b, const struct json *target, const char *name)
{
	size_t i, n = strlen(name);

	for (i = 0; i < target->count; i++) {
		const struct json_member *m = &target->member[i];

		if (m->key.n >= n && memcmp(m->key.p, name, n) == 0 && (m->key.n == n || m->key.p[n] == '@'))
			put_member(b, m);
	}
}

void
compare_rows(struct row *r, const struct json *target, bool only_empty, struct buf *patch, struct buf *before)
{
	bool together;			/* a file's name and kind go with it */
	const struct json_value *there;
	const struct json *j;
	struct against x;
	size_t i;

	table_describe(r->table);
	j = members(r);
	for (i = 0; i < j->count; i++) {
		const struct json_member *m = &j->member[i];

		x = against(r->table, m);
		if (x.skip)
			continue;
		there = x.name[0] != '\0' ? json_get(target, x.name) : NULL;
		together = r->resend && (json_is(&m->key, "filename") || json_is(&m->key, "mimetype"));
		if (!together && x.name[0] != '\0' && (x.binding ? same_binding(&m->value, there) : same_value(&m->value, there)))
			continue;
		if (only_empty && !empty(there))
			continue;
		put_member(patch, m);
		if (x.name[0] != '\0')
			put_before(before, target, x.name);
	}
	if (r->resend)
		put_before(before, target, "filesize");
}
