#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "schema.h"
#include "xalloc.h"

#define OPTION_PREFIX 72700		/* option values are this and four digits */

/* ---- what was done, a line each ---- */

static void
report_line(struct report *r, const char *table, const char *column, const char *kind, const char *action,
    const struct choice *o)
{
	struct buf b = { 0 };

	buf_str(&b, "{\"table\":");
	buf_json_str(&b, table);
	buf_str(&b, ",\"column\":");
	buf_json_str(&b, column);
	buf_str(&b, ",\"kind\":");
	buf_json_str(&b, kind);
	if (o != NULL) {
		buf_printf(&b, ",\"value\":%lld,\"label\":", (long long)o->value);
		buf_json_str(&b, o->label);
	}
	buf_str(&b, ",\"action\":");
	buf_json_str(&b, action);
	buf_char(&b, '}');
	nd_write(&r->out, b.p, b.n);
	nd_flush(&r->out);
	buf_free(&b);
}

void
report_item(struct report *r, const struct item *it, const char *action)
{
	report_line(r, it->table, it->name, type_name[it->type], action, NULL);
}

static const char *
made(struct report *r, bool new)
{
	if (new)
		r->created++;
	else
		r->there++;
	return !new ? "exists" : r->dry ? "create" : "created";
}

/* ---- publisher and solution ---- */

struct name {
	const char *set, *name;
};

static bool
named_there(struct dyn *d, void *arg)
{
	const struct name *n = arg;

	return there_named(d, n->set, n->name, NULL);
}

static bool
publisher_make(struct dyn *d, struct schema *s, bool dry)
{
	struct name n = { "publishers", s->publisher };
	struct buf b = { 0 };
	bool new;

	if (s->publisher_id != NULL || dry)
		return s->publisher_id == NULL;
	buf_printf(&b, "{\"uniquename\":\"%s\",\"friendlyname\":\"Salesmate migration\",\"customizationprefix\":\"%s\","
	    "\"customizationoptionvalueprefix\":%d}", s->publisher, s->publisher, OPTION_PREFIX);
	new = change_make(d, &(struct change){ .path = "publishers", .what = "publisher", .body = &b, .there = named_there,
	    .arg = &n });
	buf_free(&b);
	if (!there_named(d, "publishers", s->publisher, &s->publisher_id))
		errx(EX_TEMPFAIL, "publisher %s was created but is not visible yet: run the same command again", s->publisher);
	return new;
}

static bool
solution_make(struct dyn *d, struct schema *s, bool dry)
{
	struct name n = { "solutions", s->solution };
	struct buf b = { 0 };
	bool new;

	if (s->solution_there || dry)
		return !s->solution_there;
	buf_printf(&b, "{\"uniquename\":\"%s\",\"friendlyname\":\"Salesmate migration\",\"version\":\"1.0.0.0\","
	    "\"publisherid@odata.bind\":\"/publishers(%s)\"}", s->solution, s->publisher_id);
	new = change_make(d, &(struct change){ .path = "solutions", .what = "solution", .body = &b, .there = named_there,
	    .arg = &n });
	buf_free(&b);
	return new;
}

void
apply_basis(struct dyn *d, struct schema *s, struct report *r)
{
	report_line(r, "publisher", s->publisher, "publisher", made(r, publisher_make(d, s, r->dry)), NULL);
	report_line(r, "solution", s->solution, "solution", made(r, solution_make(d, s, r->dry)), NULL);
	s->solution_header = xasprintf("MSCRM.SolutionUniqueName: %s", s->solution);
}

/* ---- tables ---- */

static bool
table_there(struct dyn *d, void *arg)
{
	const struct item *it = arg;
	char *set = there_set(d, it->table);

	free(set);
	return set != NULL;
}

static bool
table_make(struct dyn *d, const struct schema *s, struct item *it)
{
	char *what = xasprintf("table %s", it->table);
	struct buf b = { 0 };
	bool new;

	body_table(&b, it, s);
	new = change_make(d, &(struct change){ .path = "EntityDefinitions", .what = what, .body = &b,
	    .solution = s->solution_header, .there = table_there, .arg = it });
	buf_free(&b);
	free(what);
	return new;
}

/* Before every column: lookups point to tables of other lines. */
void
apply_tables(struct dyn *d, struct schema *s, struct report *r)
{
	struct item *it;

	for (it = s->item; it < s->item + s->items; it++) {
		if (it->type != TABLE)
			continue;
		it->created = !it->there.is && (r->dry || table_make(d, s, it));
		report_item(r, it, made(r, it->created));
	}
}

/* ---- columns ---- */

static bool
column_there(struct dyn *d, void *arg)
{
	return there_column(d, arg);
}

static bool
column_make(struct dyn *d, const struct schema *s, struct item *it)
{
	char *path = it->type == LOOKUP ? xstrdup("RelationshipDefinitions") :
	    xasprintf("EntityDefinitions(LogicalName='%s')/Attributes", it->table);
	char *what = xasprintf("column %s.%s", it->table, it->name);
	struct buf b = { 0 };
	bool new;

	if (it->type == LOOKUP)
		body_lookup(&b, it, s);
	else
		body_column(&b, it, s->language);
	new = change_make(d, &(struct change){ .path = path, .what = what, .body = &b, .solution = s->solution_header,
	    .there = column_there, .arg = it });
	buf_free(&b);
	free(path);
	free(what);
	return new;
}

/* ---- options that an existing choice lacks ---- */

struct missing {
	struct schema *s;
	const struct item *it;
	const struct choice *o;
};

static bool
option_there(struct dyn *d, void *arg)
{
	const struct missing *m = arg;

	there_options(d, m->s, m->it->table);
	return option_find(&m->it->there.options, m->o->value) != NULL;
}

static void
option_make(struct dyn *d, struct schema *s, const struct item *it, const struct choice *o)
{
	struct missing m = { s, it, o };
	char *what = xasprintf("option %lld of %s.%s", (long long)o->value, it->table, it->name);
	struct buf b = { 0 };

	body_option(&b, it, o, s);
	change_make(d, &(struct change){ .path = "InsertOptionValue", .what = what, .body = &b,
	    .solution = s->solution_header, .there = option_there, .arg = &m });
	buf_free(&b);
	free(what);
}

static void
options_make(struct dyn *d, struct schema *s, const struct item *it, struct report *r)
{
	size_t i;

	if (it->type != PICKLIST && it->type != MULTISELECT)
		return;
	for (i = 0; i < it->options.n; i++) {
		const struct choice *o = &it->options.o[i];

		if (option_find(&it->there.options, o->value) != NULL)
			continue;
		if (!r->dry)
			option_make(d, s, it, o);
		r->options++;
		report_line(r, it->table, it->name, "option", r->dry ? "create" : "created", o);
	}
}

void
apply_columns(struct dyn *d, struct schema *s, struct report *r)
{
	struct item *it;

	for (it = s->item; it < s->item + s->items; it++) {
		if (it->type == KEY || it->type == TABLE)
			continue;
		if (it->there.is) {
			report_item(r, it, made(r, false));
			options_make(d, s, it, r);
			continue;
		}
		it->created = r->dry || column_make(d, s, it);
		report_item(r, it, made(r, it->created));
	}
}

/* ---- publishing, and the caches ---- */

void
apply_publish(struct dyn *d, const struct schema *s)
{
	struct buf b = { 0 };
	const struct http_answer *a;
	size_t i;

	if (s->tables == 0)
		return;
	buf_str(&b, "{\"ParameterXml\":\"<importexportxml><entities>");
	for (i = 0; i < s->tables; i++)
		buf_printf(&b, "<entity>%s</entity>", s->table[i]);
	buf_str(&b, "</entities></importexportxml>\"}");
	a = dyn_do(d, &(struct dyn_request){ .method = "POST", .path = "PublishXml", .extra = strong, .body = b.p, .n = b.n,
	    .replay = 1 });
	if (a->status < 200 || a->status > 299)
		dyn_fail(a, "PublishXml");
	buf_free(&b);
}

/* A query that names the new columns of a table; NULL if it has none.  Of a lookup, rows have the id. */
static char *
settle_path(const struct schema *s, size_t table)
{
	struct buf b = { 0 };
	const struct item *it;
	char *path;

	for (it = s->item; it < s->item + s->items; it++) {
		if (!it->created || it->type == KEY || strcmp(it->table, s->table[table]) != 0)
			continue;
		buf_str(&b, b.n > 0 ? "," : "");
		if (it->type == TABLE)
			buf_printf(&b, "%s_name", s->publisher);
		else
			buf_printf(&b, it->type == LOOKUP ? "_%s_value" : "%s", it->logical);
	}
	if (b.n == 0)
		return NULL;
	path = xasprintf("%s?$select=%.*s&$top=1", s->set[table], (int)b.n, b.p);
	buf_free(&b);
	return path;
}

/*
 * A new column may be unknown to the data API for some seconds.  Asked the way a load asks, without
 * Consistency: Strong, for as long as Microsoft's own client does (33 s), in growing pauses.
 */
void
apply_settle(struct dyn *d, struct schema *s)
{
	static const double pause[] = { 0, 0.5, 1, 2, 4, 8, 17.5 };
	static const size_t pauses = sizeof(pause) / sizeof(pause[0]);
	const struct http_answer *a;
	char *path;
	size_t i, k;

	for (i = 0; i < s->tables; i++) {
		for (k = 0; s->set[i] == NULL && k < pauses; k++) {	/* a table made just now */
			if (pause[k] > 0)
				change_pause(d, pause[k]);
			s->set[i] = there_set(d, s->table[i]);
		}
		if (s->set[i] == NULL)
			errx(EX_TEMPFAIL, "table %s is not to be seen yet: run the same command again", s->table[i]);
		if ((path = settle_path(s, i)) == NULL)
			continue;
		for (k = 0; k < pauses; k++) {
			if (pause[k] > 0)
				change_pause(d, pause[k]);
			a = dyn_get(d, path, NULL);
			if (a->status == 200)
				break;
			if (a->status != 400 && a->status != 404)
				dyn_fail(a, path);
		}
		if (k == pauses)
			errx(EX_TEMPFAIL, "the data API does not know the new columns of %s yet: run the same command again",
			    s->table[i]);
		free(path);
	}
}
