#include "match.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "buf.h"
#include "fold.h"
#include "keys.h"
#include "nd.h"
#include "record.h"
#include "xalloc.h"

#define NONE UINT32_MAX
#define OWN_COLUMN "sm_salesmate_id"

struct row {
	struct guid id;
	bool inactive, ours;
};

struct rule {
	struct record_path source;
	char *column, *name;
	size_t slot;		/* of the column, in a row */
	bool source_domain, column_domain, seen;
	struct keys *value;	/* of the column, folded; by its number: */
	uint32_t *first, *last;	/* the rows with that value, */
	size_t room;
	uint32_t *next;		/* chained by row */
};

struct matcher {
	struct json_names *names;
	struct rule *rule;
	size_t rules;
	struct row *row;
	uint32_t rows, room;
	struct keys *own;	/* sm_salesmate_id of the rows that have one, by its number: */
	uint32_t *own_row;
	size_t own_room;
	struct buf text;
};

struct matcher *
matcher_new(struct json_names *names)
{
	struct matcher *m = xcalloc(1, sizeof(*m));

	m->names = names;
	m->own = keys_new();
	return m;
}

/* Takes ":domain" off the end of a name. */
static bool
domain_suffix(char *name)
{
	size_t n = strlen(name);

	if (n < 8 || strcmp(name + n - 7, ":domain") != 0)
		return false;
	name[n - 7] = '\0';
	return true;
}

void
matcher_rule(struct matcher *m, const char *text)
{
	struct rule *r;
	char *source = xstrdup(text), *column = strchr(source, '=');

	if (column == NULL || column == source || column[1] == '\0')
		errx(EX_USAGE, "--match takes source=column, as in email=internalemailaddress, not \"%s\"", text);
	*column++ = '\0';
	m->rule = xreallocarray(m->rule, m->rules + 1, sizeof(*m->rule));
	r = &m->rule[m->rules++];
	*r = (struct rule){ .value = keys_new() };
	r->source_domain = domain_suffix(source);
	r->column = xstrdup(column);
	r->column_domain = domain_suffix(r->column);
	r->name = xstrdup(r->source_domain || r->column_domain ? "domain" : source);
	record_path(&r->source, m->names, source);
	free(source);
}

size_t
matcher_rules(const struct matcher *m)
{
	return m->rules;
}

static const char *
find(const char *p, const char *end, char c)
{
	const char *q = memchr(p, c, (size_t)(end - p));

	return q != NULL ? q : end;
}

/* The host in a folded web or e-mail address, moved to the front; its length, 0 when there is none. */
static size_t
host(char *text, size_t n)
{
	const char *p = text, *end = text + n, *q;

	for (q = p; q + 1 < end; q++)
		if (memcmp(q, "//", 2) == 0 && (q == p || q[-1] == ':')) {
			p = q + 2;
			break;
		}
	end = find(p, end, '/');
	end = find(p, end, '?');
	end = find(p, end, '#');
	while ((q = find(p, end, '@')) < end)
		p = q + 1;
	end = find(p, end, ':');
	if (end - p > 4 && memcmp(p, "www.", 4) == 0)
		p += 4;
	if (end > p && end[-1] == '.')
		end--;
	if (find(p, end, '.') == end || find(p, end, ' ') != end)
		return 0;
	memmove(text, p, (size_t)(end - p));
	return (size_t)(end - p);
}

/* What is compared of a value, to m->text; its length, 0 when there is nothing to compare. */
static size_t
comparable(struct matcher *m, const struct json_value *v, bool domain)
{
	struct buf *b = &m->text;

	if (record_key(v, b) != RECORD_KEY)
		return 0;
	b->n = fold(b->p, b->p, b->n);
	if (domain)
		b->n = host(b->p, b->n);
	return b->n <= KEYS_LONGEST ? b->n : 0;
}

static bool
is_true(const struct json_value *v)
{
	return v != NULL && (v->kind == JSON_TRUE || json_is(v, "true") || json_is(v, "1") ||
	    (v->kind == JSON_NUMBER && v->n == 1 && *v->p == '1'));
}

static void
index_row(struct matcher *m, struct rule *r, const struct json *j, uint32_t row)
{
	size_t n = comparable(m, j->slot[r->slot], r->column_domain);
	uint32_t i;
	bool fresh;

	r->seen |= j->slot[r->slot] != NULL;
	r->next[row] = NONE;
	if (n == 0)
		return;
	i = keys_add(r->value, m->text.p, n, &fresh);
	if (i >= r->room) {
		r->room = r->room * 2 + 256;
		r->first = xreallocarray(r->first, r->room, sizeof(*r->first));
		r->last = xreallocarray(r->last, r->room, sizeof(*r->last));
	}
	if (fresh)
		r->first[i] = row;
	else
		r->next[r->last[i]] = row;
	r->last[i] = row;
}

static void
make_room(struct matcher *m)
{
	size_t i;

	if (m->rows < m->room)
		return;
	m->room = m->room * 2 + 256;
	m->row = xreallocarray(m->row, m->room, sizeof(*m->row));
	for (i = 0; i < m->rules; i++)
		m->rule[i].next = xreallocarray(m->rule[i].next, m->room, sizeof(*m->rule[i].next));
}

/* A row of an earlier run: found by its source id alone. */
static void
own_row(struct matcher *m, const struct nd_in *in)
{
	uint32_t i;
	bool fresh;

	if (m->text.n > KEYS_LONGEST)
		errx(EX_DATAERR, "%s:%llu: an " OWN_COLUMN " of %zu bytes", in->name, (unsigned long long)in->lineno, m->text.n);
	i = keys_add(m->own, m->text.p, m->text.n, &fresh);
	if (!fresh)
		errx(EX_CONFIG, "%s:%llu: a second row with " OWN_COLUMN " %.*s: one of the two must go", in->name,
		    (unsigned long long)in->lineno, (int)m->text.n, m->text.p);
	if (i >= m->own_room) {
		m->own_room = m->own_room * 2 + 256;
		m->own_row = xreallocarray(m->own_row, m->own_room, sizeof(*m->own_row));
	}
	m->own_row[i] = m->rows;
}

struct slots {
	size_t table, id, own, inactive;
};

static void
add_row(struct matcher *m, const struct nd_in *in, const struct json *j, const struct slots *s, const char *table)
{
	const struct json_value *id = j->slot[s->id];
	struct row *row;
	size_t i;

	make_room(m);
	row = &m->row[m->rows];
	*row = (struct row){ .inactive = s->inactive != SIZE_MAX && is_true(j->slot[s->inactive]) };
	if (id == NULL || id->kind != JSON_STRING || !guid_parse(id->p, id->n, &row->id))
		errx(EX_DATAERR, "%s:%llu: a row of %s needs its id, a GUID, in \"%sid\"", in->name,
		    (unsigned long long)in->lineno, table, table);
	if (record_key(j->slot[s->own], &m->text) == RECORD_KEY) {
		row->ours = true;
		own_row(m, in);
		for (i = 0; i < m->rules; i++)
			m->rule[i].next[m->rows] = NONE;
	} else {
		for (i = 0; i < m->rules; i++)
			index_row(m, &m->rule[i], j, m->rows);
	}
	m->rows++;
}

void
matcher_load(struct matcher *m, const char *path, const char *table, const char *inactive)
{
	struct json j = { .names = json_names_new() };
	char *id = xasprintf("%sid", table);
	struct slots s = { .inactive = SIZE_MAX };
	struct nd_in in;
	size_t i;

	s.table = json_names_add(j.names, "_table");
	s.id = json_names_add(j.names, id);
	s.own = json_names_add(j.names, OWN_COLUMN);
	if (inactive != NULL)
		s.inactive = json_names_add(j.names, inactive);
	for (i = 0; i < m->rules; i++)
		m->rule[i].slot = json_names_add(j.names, m->rule[i].column);
	nd_open(&in, path);
	while (nd_read(&in)) {
		if (in.toolong || !json_parse(&j, in.line, in.len))
			errx(EX_DATAERR, "%s:%llu: no row: %s", in.name, (unsigned long long)in.lineno,
			    in.toolong ? "the line is too long" : j.detail);
		if (j.slot[s.table] == NULL || json_is(j.slot[s.table], table))
			add_row(m, &in, &j, &s, table);
	}
	if (in.count > 0 && m->rows == 0)
		errx(EX_DATAERR, "%s: none of its %llu rows is of table %s", in.name, (unsigned long long)in.count, table);
	nd_end(&in);
	for (i = 0; i < m->rules && m->rows > keys_count(m->own); i++)
		if (!m->rule[i].seen)	/* the service writes null where there is nothing, so it was not asked for */
			errx(EX_CONFIG, "%s: no row has the column %s, which --match compares: extract it too", path,
			    m->rule[i].column);
	json_names_free(j.names);
	json_free(&j);
	free(id);
}

/* The candidates of one value: an enabled one is preferred to those that are not. */
static void
judge(const struct matcher *m, const struct rule *r, uint32_t row, struct match *out)
{
	size_t enabled = 0;

	*out = (struct match){ .verdict = INACTIVE, .row = row, .rule = r->name, .column = r->column };
	for (; row != NONE; row = r->next[row]) {
		if (m->row[row].inactive)
			continue;
		if (enabled == 0)
			out->row = row;
		else if (enabled == 1)
			out->other = row;
		enabled++;
	}
	if (enabled > 0)
		out->verdict = enabled == 1 ? MATCHED : AMBIGUOUS;
}

void
matcher_match(struct matcher *m, const struct json *record, const char *key, size_t n, struct match *out)
{
	struct json_value v;
	size_t i, len;
	uint32_t k;

	*out = (struct match){ .verdict = NO_MATCH };
	if (m->rows == 0)
		return;
	if (n <= KEYS_LONGEST && keys_find(m->own, key, n, &k)) {
		*out = (struct match){ .verdict = OURS, .row = m->own_row[k], .rule = "earlier", .column = OWN_COLUMN };
		return;
	}
	for (i = 0; i < m->rules; i++) {
		if (!record_at(&m->rule[i].source, record, &v))
			continue;
		len = comparable(m, &v, m->rule[i].source_domain);
		if (len > 0 && keys_find(m->rule[i].value, m->text.p, len, &k)) {
			judge(m, &m->rule[i], m->rule[i].first[k], out);
			return;
		}
	}
}

void
matcher_value(struct matcher *m, const char *value, struct match *out)
{
	char *text = xmalloc(strlen(value) + 1);
	size_t i, n;
	uint32_t k;

	*out = (struct match){ .verdict = NO_MATCH };
	for (i = 0; i < m->rules && out->verdict == NO_MATCH; i++) {
		n = fold(text, value, strlen(value));
		if (m->rule[i].column_domain)
			n = host(text, n);
		if (n > 0 && n <= KEYS_LONGEST && keys_find(m->rule[i].value, text, n, &k))
			judge(m, &m->rule[i], m->rule[i].first[k], out);
	}
	free(text);
}

const struct guid *
matcher_id(const struct matcher *m, uint32_t row)
{
	return &m->row[row].id;
}

uint32_t
matcher_rows(const struct matcher *m)
{
	return m->rows;
}
