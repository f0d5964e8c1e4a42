/*
 * The map against the metadata, before any record is read.
 *
 * Every finding is printed with file, line and cell, so that one look mends
 * them all; and what each record needs is made ready: labels, bounds, binds,
 * constants, choice tables as JSON.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "map.h"
#include "xalloc.h"

/* What the members of a row, and checks, are judged by. */
static const struct meta_column text_member = { .name = "text", .type = META_STRING, .create = true, .update = true, .precision = -1 };
static const struct meta_column number_member = { .name = "number", .type = META_INTEGER, .create = true, .update = true, .precision = 0 };

static bool
is_lookup(const struct meta_column *c)
{
	return c->type == META_LOOKUP || c->type == META_CUSTOMER || c->type == META_OWNER;
}

static bool
is_text(const struct meta_column *c)
{
	return c->type == META_STRING || c->type == META_MEMO;
}

static struct literal
literal(const char *fmt, ...)
{
	struct literal l;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&l.p, fmt, ap) < 0)
		l.p = xstrdup("");
	va_end(ap);
	l.n = strlen(l.p);
	return l;
}

/* A cell's text as the column wants it; false: p says why not. */
static bool
ready(const struct output *o, const struct rule *r, const char *text, struct literal *l, struct problem *p)
{
	struct buf quoted = { 0 }, b = { 0 };
	struct json_value v = { .kind = JSON_STRING };
	bool ok;

	buf_json_text(&quoted, text, strlen(text));
	buf_nul(&quoted);
	v.p = quoted.p;
	v.n = quoted.n;
	v.escaped = memchr(v.p, '\\', v.n) != NULL;
	ok = value_put(&b, o, r, &v, p);
	if (ok) {
		buf_nul(&b);
		l->p = b.p;
		l->n = b.n;
	} else {
		buf_free(&b);
	}
	buf_free(&quoted);
	return ok;
}

static void
check_choices(struct map *m, const struct output *o, struct rule *r)
{
	struct problem p = { 0 };
	size_t i;

	for (i = 0; i < r->choices.count; i++) {
		struct choice *c = &r->choices.list[i];

		if (!ready(o, NULL, c->target, &c->json, &p))
			map_finding(m, r, "choices", "\"%s\" becomes \"%s\", but %s", c->source, c->target, p.message);
	}
}

static const struct meta_target *
target_of(const struct meta_column *c, const char *table)
{
	size_t i;

	for (i = 0; i < c->targets; i++)
		if (strcmp(c->target[i].table, table) == 0)
			return &c->target[i];
	return NULL;
}

static void
target_list(const struct meta_column *c, char *text, size_t n)
{
	size_t i, at = 0;

	text[0] = '\0';
	for (i = 0; i < c->targets && at + 40 < n; i++)
		at += (size_t)snprintf(text + at, n - at, "%s%.32s", i > 0 ? ", " : "", c->target[i].table);
}

static void
check_ref(struct map *m, const struct output *o, const struct rule *r)
{
	char allowed[256];
	const struct meta_target *t;

	if (!is_lookup(o->column)) {
		map_finding(m, r, "from", "ref gives a row's id, but %s is a column of type %s", o->name, meta_type_name(o->column->type));
		return;
	}
	if (o->binds == 0) {
		map_finding(m, r, "target", "no table it points to is in the metadata file with a navigation property; extract those tables too");
		return;
	}
	if (r->ref_table.p == NULL)
		return;
	target_list(o->column, allowed, sizeof(allowed));
	if ((t = target_of(o->column, r->ref_table.p)) == NULL)
		map_finding(m, r, "source", "%s cannot point to table %s; it points to: %s", o->name, r->ref_table.p, allowed);
	else if (t->navigation == NULL || t->set == NULL)
		map_finding(m, r, "source", "the metadata file has no %s for %s; extract that table too",
		    t->set == NULL ? "entity set" : "navigation property", r->ref_table.p);
}

/* Whether the row's form can give what the column's type takes. */
static void
check_form(struct map *m, const struct output *o, const struct rule *r)
{
	enum meta_type type = o->column->type;
	const char *name = meta_type_name(type);

	if (r->from == FROM_REF) {
		check_ref(m, o, r);
		return;
	}
	if (is_lookup(o->column))
		map_finding(m, r, "from", "a lookup is filled from ref, by what resolve-ids found");
	if (r->convert == CONVERT_NOT && type != META_BOOLEAN)
		map_finding(m, r, "convert", "not is for yes/no columns, and %s is of type %s", o->name, name);
	if ((r->convert == CONVERT_TRIM || r->convert == CONVERT_TEXT) && !is_text(o->column))
		map_finding(m, r, "convert", "trim and text are for text columns, and %s is of type %s", o->name, name);
	if (r->convert == CONVERT_MULTICHOICE && type != META_MULTISELECT)
		map_finding(m, r, "convert", "multichoice is for multi-select columns, and %s is of type %s", o->name, name);
	if (type == META_MULTISELECT && r->convert != CONVERT_MULTICHOICE)
		map_finding(m, r, "convert", "a multi-select column wants multichoice and a choice table");
	if ((type == META_PICKLIST || type == META_STATUS) && r->convert != CONVERT_CHOICE && r->from != FROM_CONST && r->from != FROM_JQ)
		map_finding(m, r, "convert", "a choice column wants choice and a choice table");
	if (r->from == FROM_JOIN && !is_text(o->column) && r->convert != CONVERT_CHOICE)
		map_finding(m, r, "from", "join gives text, and %s is of type %s", o->name, name);
}

static void
check_policies(struct map *m, const struct output *o, struct rule *r)
{
	struct problem p = { 0 };

	if (r->from == FROM_REF && (r->misfit == MISFIT_DEFAULT || r->blank == BLANK_DEFAULT))
		map_finding(m, r, "misfit", "a lookup has no default value");
	else if (r->misfit == MISFIT_DEFAULT && !ready(o, NULL, r->misfit_text, &r->fallback, &p))
		map_finding(m, r, "misfit", "default \"%s\" does not fit: %s", r->misfit_text, p.message);
	else if (r->blank == BLANK_DEFAULT && !ready(o, NULL, r->blank_text, &r->blank_literal, &p))
		map_finding(m, r, "blank", "default \"%s\" does not fit: %s", r->blank_text, p.message);
	if (r->misfit == MISFIT_TRUNCATE && (!is_text(o->column) || o->column->max_length == 0))
		map_finding(m, r, "misfit", "only text of limited length can be truncated");
}

static void
check_rule(struct map *m, const struct output *o, struct rule *r)
{
	struct problem p = { 0 };

	check_form(m, o, r);
	check_choices(m, o, r);
	check_policies(m, o, r);
	if (r->from == FROM_CONST && *r->source != '\0' && m->findings == 0 && !ready(o, r, r->source, &r->constant, &p))
		map_finding(m, r, "source", "\"%s\" does not fit: %s", r->source, p.message);
}

static bool
is_plain(const struct output *o)
{
	const struct rule *r = o->rules > 0 ? o->rule[0] : NULL;

	return r != NULL && o->kind == OUT_COLUMN && is_text(o->column) && o->column->max_length > 0 &&
	    r->from == FROM_FIELD && r->alternatives == 0 && r->convert == BY_TYPE && r->field[0].below == NULL;
}

static void
bind_targets(struct output *o)
{
	const struct meta_column *c = o->column;
	size_t i;

	o->bind = xcalloc(c->targets + 1, sizeof(*o->bind));
	for (i = 0; i < c->targets; i++) {
		const struct meta_target *t = &c->target[i];

		if (t->navigation == NULL || t->set == NULL)
			continue;
		o->bind[o->binds].table = literal("%s", t->table);
		o->bind[o->binds++].before = literal(",\"%s@odata.bind\":\"/%s(", t->navigation, t->set);
	}
}

/* The column of a target, or a stand-in after a finding. */
static const struct meta_column *
find_column(struct map *m, const struct output *o)
{
	const struct rule *r = o->rules > 0 ? o->rule[0] : NULL;
	const struct meta_column *c = meta_column(m->meta, o->name);
	bool update = m->how != NULL && strcmp(m->how, "update") == 0;
	const char *near;

	if (c == NULL) {
		near = meta_nearest(m->meta, o->name);
		map_finding(m, r, "target", "table %s has no column %s%s%s", m->table, o->name,
		    near != NULL ? "; near: " : "", near != NULL ? near : "");
		return NULL;
	}
	if (strcmp(c->name, m->meta->primary_id) == 0)
		map_finding(m, r, "target", "the primary key comes from _ref.self, not from the map");
	else if (update ? !c->update : !c->create)
		map_finding(m, r, "target", "not valid for %s: the platform sets it, or a later phase does", update ? "update" : "create");
	else if (c->type == META_PARTYLIST || c->type == META_OTHER)
		map_finding(m, r, "target", "a column of type %s cannot be filled by a map", meta_type_name(c->type));
	return c;
}

static void
find_target(struct map *m, struct output *o)
{
	if (o->name[0] != '_') {
		o->kind = OUT_COLUMN;
		o->column = find_column(m, o);
		o->label = literal(",\"%s\":", o->name);
		return;
	}
	o->column = &text_member;
	o->kind = strcmp(o->name, "_only") == 0 ? OUT_ONLY : strcmp(o->name, "_check") == 0 ? OUT_CHECK : OUT_MEMBER;
	if (o->kind != OUT_MEMBER)
		return;
	o->label = literal(",\"%s\":", o->name);
	if (strcmp(o->name, "_status") == 0)
		o->column = &number_member;
	else if (strcmp(o->name, "_action") != 0)
		map_finding(m, o->rule[0], "target", "none of _table _module _match _how _action _status _only _check");
}

/* Targets of truncate come last, when what was cut is known. */
static int
rank(const struct output *o)
{
	return o->memo ? 3 : strcmp(o->name, "_only") == 0 ? 0 : o->name[0] == '_' && strcmp(o->name, "_check") != 0 ? 1 : 2;
}

static void
order_outputs(struct map *m)
{
	struct output *sorted;
	struct rule *r;
	size_t i, n = 0;
	int k;

	for (r = m->rule; r < m->rule + m->rules; r++)
		if (r->misfit == MISFIT_TRUNCATE)
			map_output(m, r->misfit_text)->memo = true;
	sorted = xcalloc(m->outputs + 1, sizeof(*sorted));
	for (k = 0; k <= 3; k++)
		for (i = 0; i < m->outputs; i++)
			if (rank(&m->output[i]) == k)
				sorted[n++] = m->output[i];
	free(m->output);
	m->output = sorted;
	for (r = m->rule; r < m->rule + m->rules; r++)
		if (r->misfit == MISFIT_TRUNCATE)
			r->memo = map_output(m, r->misfit_text);
}

static void
check_memos(struct map *m)
{
	const struct rule *r;

	for (r = m->rule; r < m->rule + m->rules; r++) {
		if (r->memo == NULL || r->memo->column == NULL)
			continue;
		if (!is_text(r->memo->column) || r->memo->kind != OUT_COLUMN)
			map_finding(m, r, "misfit", "the original of a truncated value needs a text column, and %s is none", r->memo->name);
		else if (strcmp(r->memo->name, r->target) == 0)
			map_finding(m, r, "misfit", "a column cannot keep its own original");
	}
}

/* A field that is both mapped and dropped by name: one of the two lines is a mistake. */
static void
check_drops(struct map *m)
{
	const struct rule *r, *d;
	size_t i;

	for (d = m->rule; d < m->rule + m->rules; d++) {
		if (d->drop == NULL || strpbrk(d->drop, "*?[") != NULL)
			continue;
		for (r = m->rule; r < m->rule + m->rules; r++)
			for (i = 0; i < r->fields; i++)
				if (strcmp(r->field[i].top, d->drop) == 0)
					map_finding(m, d, "source", "%s is mapped as well, in line %lu", d->drop, r->line);
	}
}

static bool
check_table(struct map *m, const struct meta *meta)
{
	static const char *const matches[] = { "fill", "overwrite", "leave" };
	size_t i;

	if (m->module == NULL)
		map_finding(m, NULL, "", "no row _module,const,NAME: it names the source records");
	for (i = 0; m->match != NULL && i < 3 && strcmp(m->match, matches[i]) != 0; i++)
		;
	if (i == 3)
		map_finding(m, NULL, "_match", "\"%s\" is none of fill, overwrite, leave", m->match);
	if (m->table == NULL) {
		map_finding(m, NULL, "", "no row _table,const,NAME: it names the target table");
		return false;
	}
	if ((m->meta = meta_table(meta, m->table)) == NULL) {
		map_finding(m, NULL, "_table", "the metadata file has no table %s", m->table);
		return false;
	}
	return true;
}

void
map_check(struct map *m, struct meta *meta)
{
	struct output *o;
	size_t i;

	m->metadata = meta;
	if (!check_table(m, meta))
		return;
	order_outputs(m);
	for (o = m->output; o < m->output + m->outputs; o++) {
		find_target(m, o);
		if (o->column == NULL)
			continue;
		o->bounds = number_bounds(o->column);
		if (is_lookup(o->column))
			bind_targets(o);
		for (i = 0; i < o->rules; i++)
			check_rule(m, o, o->rule[i]);
		o->plain = m->findings == 0 && is_plain(o);
	}
	check_memos(m);
	check_drops(m);
}
