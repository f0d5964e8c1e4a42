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

/* What has a target of its own: a role's references, a file. */
static void
check_party(struct map *m, const struct output *o, const struct rule *r)
{
	unsigned allowed = party_roles(m->table);
	const struct meta_target *t;
	char names[128];
	size_t i;

	if (r->role != 0 && !(allowed & 1u << r->role)) {
		party_role_names(allowed, names, sizeof(names));
		map_finding(m, r, "source", "table %s takes no party of this role; it takes: %s", m->table, names);
	}
	for (i = 0; i < r->parties; i++) {
		if (r->party[i].table.p == NULL)
			continue;
		t = target_of(o->column, r->party[i].table.p);
		if (t == NULL)
			map_finding(m, r, "source", "a row of table %s cannot be a party", r->party[i].table.p);
		else if (t->navigation == NULL || t->set == NULL)
			map_finding(m, r, "source", "the metadata file has no %s for %s; extract that table too",
			    t->set == NULL ? "entity set" : "navigation property partyid_...", r->party[i].table.p);
	}
	if (r->misfit != MISFIT_REJECT && r->misfit != MISFIT_NULL)
		map_finding(m, r, "misfit", "a party that does not fit can be rejected or left out (null)");
	if (r->blank == BLANK_DEFAULT)
		map_finding(m, r, "blank", "a party has no default value");
}

static void
check_file(struct map *m, const struct rule *r)
{
	if (r->misfit != MISFIT_REJECT || r->blank == BLANK_DEFAULT)
		map_finding(m, r, r->blank == BLANK_DEFAULT ? "blank" : "misfit", "a file can only be rejected or left out");
}

static void
check_own(struct map *m, const struct output *o, const struct rule *r)
{
	if (r->from != o->rule[0]->from)
		map_finding(m, r, "from", "all rows of %s must be from %s", o->name, o->kind == OUT_FILE ? "file" : "party");
	else if (r->convert != BY_TYPE)
		map_finding(m, r, "convert", "parties and files are not converted");
	else if (o->kind == OUT_PARTIES)
		check_party(m, o, r);
	else
		check_file(m, r);
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
	if (r->convert != BY_TYPE && r->convert != CONVERT_NOT && r->convert != CONVERT_CHOICE && r->convert != CONVERT_MULTICHOICE &&
	    !is_text(o->column))
		map_finding(m, r, "convert", "trim, text, html and plain are for text columns, and %s is of type %s", o->name, name);
	if (r->from == FROM_PARTY || r->from == FROM_FILE)
		map_finding(m, r, "from", "all rows of %s must be from %s", o->name, r->from == FROM_FILE ? "file, or none" : "party, or none");
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
	if (r->misfit == MISFIT_TRUNCATE && r->convert != CONVERT_MULTICHOICE && (!is_text(o->column) || o->column->max_length == 0))
		map_finding(m, r, "misfit", "only text of limited length and multichoice can be truncated");
}

static void
check_rule(struct map *m, const struct output *o, struct rule *r)
{
	struct problem p = { 0 };

	if (o->kind == OUT_PARTIES || o->kind == OUT_FILE) {
		check_own(m, o, r);
		return;
	}
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

/* The metadata of activity parties: what a party may be. */
static const struct meta_column *
find_parties(struct map *m, struct output *o)
{
	const struct meta_collection *c = meta_collection(m->meta, o->name);
	const struct meta_table *party = meta_table(m->metadata, "activityparty");
	const struct meta_column *column = party != NULL ? meta_column(party, "partyid") : NULL;
	const char *its = "";
	size_t i;

	for (i = 0; i < m->meta->collections; i++)
		if (strcmp(m->meta->collection[i].table, "activityparty") == 0)
			its = m->meta->collection[i].navigation;
	o->address = party != NULL ? meta_column(party, "addressused") : NULL;
	if (c == NULL || strcmp(c->table, "activityparty") != 0)
		map_finding(m, o->rule[0], "target", "table %s has no such collection of activity parties%s%s", m->table, *its != '\0' ? "; it has " : "", its);
	else if (column == NULL || o->address == NULL)
		map_finding(m, o->rule[0], "target", "the metadata file has no columns partyid and addressused of activityparty; extract that table too");
	else if (m->how != NULL)
		map_finding(m, o->rule[0], "target", "parties are written when a row is created, and this map says _how %s", m->how);
	else
		return column;
	return NULL;
}

/* The columns that take a file's bytes.  Source: dataverse-api, section 9, notes and attachments. */
static void
check_bytes(struct map *m, const struct output *o)
{
	const struct output *other;

	if (!(strcmp(m->table, "annotation") == 0 && strcmp(o->name, "documentbody") == 0) &&
	    !(strcmp(m->table, "activitymimeattachment") == 0 && strcmp(o->name, "body") == 0))
		map_finding(m, o->rule[0], "target", "a file's bytes go to documentbody of annotation or to body of activitymimeattachment");
	for (other = m->output; other < o; other++)
		if (other->kind == OUT_FILE)
			map_finding(m, o->rule[0], "target", "a row takes one file, and %s is there already", other->name);
}

static void
find_target(struct map *m, struct output *o)
{
	if (o->rules > 0 && o->rule[0]->from == FROM_PARTY) {
		o->kind = OUT_PARTIES;
		if ((o->column = find_parties(m, o)) == NULL)
			return;
		bind_targets(o);
		if (o->binds == 0)
			map_finding(m, o->rule[0], "target", "no table that a party can be is in the metadata file; extract contact, account, lead, systemuser");
		o->label = literal(",\"%s\":[", o->name);
		return;
	}
	if (o->rules > 0 && o->rule[0]->from == FROM_FILE) {
		o->kind = OUT_FILE;
		o->column = find_column(m, o);
		check_bytes(m, o);
		o->label = literal(",\"_file\":{\"column\":\"%s\",", o->name);
		return;
	}
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

/* After the columns the parties, then what keeps cut texts, when it is known what was cut; a file comes last. */
static int
rank(const struct output *o)
{
	enum from from = o->rules > 0 ? o->rule[0]->from : FROM_FIELD;

	return from == FROM_FILE ? 5 : o->memo ? 4 : from == FROM_PARTY ? 3 : strcmp(o->name, "_only") == 0 ? 0 : o->name[0] == '_' && strcmp(o->name, "_check") != 0 ? 1 : 2;
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
	for (k = 0; k <= 5; k++)
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

	for (d = m->rule; d < m->rule + m->rules; d++) {
		if (d->drop == NULL || strpbrk(d->drop, "*?[") != NULL)
			continue;
		for (r = m->rule; r < m->rule + m->rules; r++)
			if (r->fields > 0 && source_reads(r, d->drop))
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
		if (is_lookup(o->column) && o->kind == OUT_COLUMN)
			bind_targets(o);
		for (i = 0; i < o->rules; i++)
			check_rule(m, o, o->rule[i]);
		o->plain = m->findings == 0 && is_plain(o);
	}
	check_memos(m);
	check_drops(m);
}
