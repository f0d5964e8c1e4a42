/*
 * One mapped row against the row read back, member by member.
 *
 * What a member is compared with, and how, is worked out once per name and
 * remembered (struct rule); rows of one map have their members in one order,
 * so the next rule is nearly always the one after the last.
 *
 * Differences that are understood and not counted as mismatches: dates written
 * with and without a zero fraction; numbers with and without trailing zeros;
 * blanks at the ends of a text that the platform trimmed (counted: trimmed);
 * a column of a matched row under the policy "fill" that was filled before
 * (counted: kept); overriddencreatedon, which the platform shows as createdon
 * (reference, section 9.1); the address of a party that the platform has found
 * the record of (counted: resolved).
 *
 * A file (_file) is one field: its hash and size.  Parties are links: each one
 * of the mapped row has its own in the target, and there are no others.
 */
#include "reconcile.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "xalloc.h"

#define BIND "@odata.bind"
#define PARTIES "_activity_parties"
#define NO_SLOT SIZE_MAX

struct rule {
	char *table, *name;	/* the mapped row's table and member */
	size_t slot;		/* of the member of the row read back; NO_SLOT: not compared */
	bool link;
	bool file, parties;
	enum meta_type type;
};

struct compare_state {
	struct rule *rule;
	size_t rules, next;
	struct json target;
	struct buf out;
};

/* The attribute that a navigation property belongs to; NULL if the metadata has none. */
static const char *
attribute_of(const struct meta_table *t, const char *navigation, size_t n)
{
	const struct meta_column *c;
	size_t i, k;

	for (i = 0; i < t->columns; i++) {
		c = &t->column[i];
		for (k = 0; k < c->targets; k++)
			if (c->target[k].navigation != NULL && strncmp(c->target[k].navigation, navigation, n) == 0 &&
			    c->target[k].navigation[n] == '\0')
				return c->name;
	}
	return NULL;
}

static void
rule_for_bind(struct compare *c, struct rule *r, const struct meta_table *t)
{
	const char *attribute = t != NULL ? attribute_of(t, r->name, strlen(r->name) - strlen(BIND)) : NULL;
	char *name;

	r->link = true;
	name = attribute != NULL ? xasprintf("_%s_value", attribute) :
	    xasprintf("_%.*s_value", (int)(strlen(r->name) - strlen(BIND)), r->name);
	r->slot = json_names_add(c->state->target.names, name);
	free(name);
}

static bool
ends(const char *name, const char *tail)
{
	size_t n = strlen(name), m = strlen(tail);

	return n > m && strcmp(name + n - m, tail) == 0;
}

/* The column that _file names holds {"sha256","size"} in the row read back. */
static void
rule_for_file(struct compare *c, struct rule *r, const struct json_value *file)
{
	struct json_value v;
	char *column = json_member(file, "column", &v) ? json_strdup(&v) : NULL;

	if (column != NULL)
		r->slot = json_names_add(c->state->target.names, column);
	free(column);
}

/* With --compare, the column it names for this member; else the member's own name. */
static const char *
column_of(const struct compare *c, const char *member)
{
	size_t i;

	if (c->pairs == 0)
		return member[0] == '_' ? NULL : strcmp(member, "overriddencreatedon") == 0 ? "createdon" : member;
	for (i = 0; i < c->pairs; i++)
		if (strcmp(c->pair[i].mapped, member) == 0)
			return c->pair[i].column;
	return NULL;
}

static struct rule *
make_rule(struct compare *c, const struct json_member *m, const char *table)
{
	struct compare_state *s = c->state;
	const struct meta_table *t = meta_table(c->meta, table);
	const struct meta_column *column;
	const char *name;
	struct rule *r;

	s->rule = xreallocarray(s->rule, s->rules + 1, sizeof(*s->rule));
	r = &s->rule[s->rules++];
	*r = (struct rule){ .table = xstrdup(table), .name = json_strdup(&m->key), .slot = NO_SLOT, .type = META_OTHER };
	name = column_of(c, r->name);
	r->file = c->pairs == 0 && strcmp(r->name, "_file") == 0;
	r->parties = c->pairs == 0 && ends(r->name, PARTIES) && m->value.kind == JSON_ARRAY;
	if (r->file) {
		rule_for_file(c, r, &m->value);
	} else if (r->parties) {
		r->slot = NO_SLOT;
	} else if (c->pairs == 0 && ends(r->name, BIND)) {
		rule_for_bind(c, r, t);
	} else if (name != NULL && !(t != NULL && strcmp(name, t->primary_id) == 0)) {
		r->slot = json_names_add(s->target.names, name);
		if (t != NULL && (column = meta_column(t, name)) != NULL)
			r->type = column->type;
	}
	return r;
}

static struct rule *
rule_of(struct compare *c, const struct json_member *m, const char *table)
{
	struct compare_state *s = c->state;
	size_t i, at;

	for (i = 0; i < s->rules; i++) {
		at = (s->next + i) % s->rules;
		if (json_is(&m->key, s->rule[at].name) && strcmp(table, s->rule[at].table) == 0) {
			s->next = at + 1;
			return &s->rule[at];
		}
	}
	s->next = s->rules + 1;
	return make_rule(c, m, table);
}

/* The GUID inside "/accounts(<guid>)". */
static bool
bound(const struct json_value *v, struct guid *g)
{
	const char *open = memchr(v->p, '(', v->n);

	return open != NULL && v->p + v->n - open >= GUID_TEXT + 2 && guid_parse(open + 1, GUID_TEXT, g);
}

static bool
same_link(const struct json_value *want, const struct json_value *have)
{
	struct guid a, b;

	if (json_null(want))
		return json_null(have);
	return want->kind == JSON_STRING && bound(want, &a) && have != NULL && have->kind == JSON_STRING &&
	    guid_parse(have->p, have->n, &b) && memcmp(&a, &b, sizeof(a)) == 0;
}

/* The length of a date's text without "Z" and a fraction of zeros. */
static size_t
date_length(const struct json_value *v)
{
	size_t n = v->n;

	if (n > 0 && v->p[n - 1] == 'Z')
		n--;
	if (n > 19 && memchr(v->p, '.', n) == v->p + 19)
		while (n > 19 && (v->p[n - 1] == '0' || v->p[n - 1] == '.'))
			n--;
	return n;
}

static bool
same_text(struct compare *c, const struct json_value *want, const struct json_value *have)
{
	char *a, *b, *x;
	size_t n, m;
	bool same;

	if (want->n == have->n && memcmp(want->p, have->p, want->n) == 0)
		return true;
	a = x = xmalloc(want->n + 1);
	b = xmalloc(have->n + 1);
	n = json_decode(want, a);
	m = json_decode(have, b);
	same = n == m && memcmp(a, b, n) == 0;
	if (!same) {
		while (n > 0 && strchr(" \t\r\n", a[n - 1]) != NULL && a[n - 1] != '\0')
			n--;
		for (; n > 0 && strchr(" \t\r\n", *a) != NULL && *a != '\0'; n--)
			a++;
		same = n == m && memcmp(a, b, n) == 0;
		c->trimmed += same;
	}
	free(x);
	free(b);
	return same;
}

/* A moment and the day it is in, as two columns of one fact may hold it. */
static bool
same_day(const struct json_value *a, const struct json_value *b)
{
	return a->n > 10 && b->n == 10 && a->p[10] == 'T' && memcmp(a->p, b->p, 10) == 0;
}

static bool
same_value(struct compare *c, enum meta_type type, const struct json_value *want, const struct json_value *have)
{
	struct decimal a, b;

	if (json_null(want) || json_null(have))
		return json_null(want) && json_null(have);
	if (want->kind == JSON_NUMBER && have->kind == JSON_NUMBER && decimal_read(want, &a) && decimal_read(have, &b))
		return a.v == b.v;
	if (want->kind != have->kind)
		return false;
	if (type == META_DATETIME && want->kind == JSON_STRING && date_length(want) == date_length(have))
		return memcmp(want->p, have->p, date_length(want)) == 0;
	if (c->pairs > 0 && want->kind == JSON_STRING && same_day(want, have))
		return true;
	if (want->kind == JSON_STRING)
		return same_text(c, want, have);
	return want->n == have->n && memcmp(want->p, have->p, want->n) == 0;
}

static void
put(struct buf *b, const char *name, const struct json_value *v)
{
	buf_printf(b, ",\"%s\":", name);
	if (v == NULL || v->kind == JSON_NONE)
		buf_str(b, "null");
	else
		json_put(b, v);
}

static void
report(struct compare *c, const struct json *mapped, const char *kind, const struct json_value *field,
    const struct json_value *want, const struct json_value *have)
{
	struct buf *b = &c->state->out;

	if (c->out->name == NULL)
		return;
	b->n = 0;
	buf_str(b, "{\"object\":");
	buf_json_str(b, c->object);
	buf_printf(b, ",\"kind\":\"%s\"", kind);
	put(b, "source", json_get(mapped, "_source"));
	put(b, "table", json_get(mapped, "_table"));
	if (field != NULL) {
		put(b, "field", field);
		put(b, "expected", want);
		put(b, "found", have);
	}
	buf_char(b, '}');
	nd_write(c->out, b->p, b->n);
}

static bool
same_file(const struct json_value *want, const struct json_value *have)
{
	struct json_value a = { 0 }, b = { 0 };
	int64_t x = -1, y = -1;

	if (have == NULL || !json_member(want, "size", &a) || !json_member(have, "size", &b) || !json_int(&a, &x) || !json_int(&b, &y) || x != y)
		return false;
	return json_member(want, "sha256", &a) && json_member(have, "sha256", &b) && a.kind == JSON_STRING && b.kind == JSON_STRING &&
	    a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

static struct compare_state *
state_of(struct compare *c)
{
	if (c->state == NULL) {
		c->state = xcalloc(1, sizeof(*c->state));
		c->state->target.names = json_names_new();
	}
	return c->state;
}

/* Rules for all members first: they name the slots that the target's parse fills. */
static void
prepare(struct compare *c, const struct json *mapped, const char *table)
{
	size_t i;

	for (i = 0; i < mapped->count; i++)
		rule_of(c, &mapped->member[i], table);
}

static void
compare_member(struct compare *c, const struct json *mapped, const struct rule *r, const struct json_member *m, bool fill)
{
	const struct json_value *have = c->state->target.slot[r->slot];
	bool same = r->file ? same_file(&m->value, have) : r->link ? same_link(&m->value, have) : same_value(c, r->type, &m->value, have);

	if (!same && fill && !json_null(have)) {
		c->kept++;
		return;
	}
	*(r->link ? &c->links : &c->fields) += 1;
	if (same)
		return;
	*(r->link ? &c->link_mismatches : &c->field_mismatches) += 1;
	report(c, mapped, r->link ? "link" : "field", &m->key, &m->value, have);
}

/* ---- parties ---- */

/* "partyid_contact@odata.bind" of a party. */
static bool
party_link(const struct json_value *party, struct guid *g)
{
	struct json_iter it = json_iter(party);
	struct json_value key, v;

	while (json_next(&it, &key, &v))
		if (key.n > strlen("partyid_") + strlen(BIND) && memcmp(key.p, "partyid_", strlen("partyid_")) == 0 && v.kind == JSON_STRING)
			return bound(&v, g);
	return false;
}

/* An address that the platform has found a record for is still that party; an unresolved one comes first. */
static struct party *
party_there(struct compare *c, const struct json_value *want, struct party *p, size_t n)
{
	struct json_value v = { 0 };
	struct guid id;
	bool link = party_link(want, &id);
	char *address = json_member(want, "addressused", &v) ? json_strdup(&v) : NULL;
	struct party *best = NULL;
	int64_t mask = 0;
	size_t i;

	if (json_member(want, "participationtypemask", &v))
		json_int(&v, &mask);
	for (i = 0; i < n && (best == NULL || best->has_id != link); i++) {
		if (p[i].used || p[i].mask != mask)
			continue;
		if (link ? p[i].has_id && memcmp(&p[i].id, &id, sizeof(id)) == 0 :
		    address != NULL && p[i].address != NULL && strcasecmp(address, p[i].address) == 0)
			best = &p[i];
	}
	c->resolved += best != NULL && best->has_id != link;
	free(address);
	return best;
}

static void
compare_parties(struct compare *c, const struct json *mapped, const struct json_member *m)
{
	const struct json_value *activity = json_get(mapped, "activityid");
	struct json_iter it = json_iter(&m->value);
	struct json_value want, found;
	struct party *p, *x;
	struct guid id;
	size_t n, i;

	if (activity == NULL || activity->kind != JSON_STRING || !guid_parse(activity->p, activity->n, &id))
		return;
	p = parties_of(c->parties, &id, &n);
	for (i = 0; i < n; i++)
		p[i].used = false;
	while (json_next(&it, NULL, &want)) {
		c->links++;
		if ((x = party_there(c, &want, p, n)) != NULL) {
			x->used = true;
			continue;
		}
		c->link_mismatches++;
		report(c, mapped, "link", &m->key, &want, NULL);
	}
	for (i = 0; i < n; i++) {
		if (p[i].used)
			continue;
		c->link_mismatches++;
		found = (struct json_value){ .p = p[i].row, .n = strlen(p[i].row), .kind = JSON_OBJECT };
		report(c, mapped, "link", &m->key, NULL, &found);
	}
}

void
compare_row(struct compare *c, const struct json *mapped, const char *line, size_t n, const char *outcome)
{
	struct compare_state *s = state_of(c);
	bool ours = !json_is(json_get(mapped, "_how"), "matched"), fill = json_is(json_get(mapped, "_match"), "fill");
	char *table = json_strdup(json_get(mapped, "_table"));
	struct rule *r;
	size_t i;

	if (!ours && strcmp(outcome, "matched") == 0 && !fill) {
		free(table);
		return;
	}
	prepare(c, mapped, table);
	if (!json_parse(&s->target, line, n)) {
		compare_missing(c, mapped);
		free(table);
		return;
	}
	for (i = 0; i < mapped->count; i++) {
		r = rule_of(c, &mapped->member[i], table);
		if (r->parties && c->parties != NULL)
			compare_parties(c, mapped, &mapped->member[i]);
		if (r->slot != NO_SLOT && (ours || strcmp(r->name, "overriddencreatedon") != 0))
			compare_member(c, mapped, r, &mapped->member[i], !ours && fill);
	}
	free(table);
}

void
compare_missing(struct compare *c, const struct json *mapped)
{
	state_of(c);
	c->missing++;
	report(c, mapped, "missing-row", NULL, NULL, NULL);
}

void
compare_unexpected(struct compare *c, const char *line, size_t n)
{
	struct buf *b = &state_of(c)->out;

	if (c->out->name == NULL)
		return;
	b->n = 0;
	buf_str(b, "{\"object\":");
	buf_json_str(b, c->object);
	buf_str(b, ",\"kind\":\"unexpected-row\",\"row\":");
	buf_add(b, line, n);
	buf_char(b, '}');
	nd_write(c->out, b->p, b->n);
}
