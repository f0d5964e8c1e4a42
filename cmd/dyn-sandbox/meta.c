/*
 * meta - the metadata API: what is loaded, what is kept, who answers
 *
 * Definitions come from the files of a directory; what schema requests change
 * is kept in the store and laid over them when the program starts again:
 *
 *	meta_definitions  kind, table, name, line (NULL: deleted)
 *
 * A change is seen at once with "Consistency: Strong", and after --limits
 * lag=MS by everybody else.  Source: reference section 7.
 */
#include <dirent.h>
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "metadata.h"
#include "nd.h"
#include "xalloc.h"

static sqlite3 *db;

static void
fail(const char *what)
{
	errx(EX_IOERR, "metadata: %s: %s", what, sqlite3_errmsg(db));
}

/* ---- loading ---- */

static int
is_ndjson(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 7 && strcmp(e->d_name + n - 7, ".ndjson") == 0;
}

static void
load_file(const char *path)
{
	struct nd_in in = { 0 };
	const char *error;

	nd_open(&in, path);
	while (nd_read(&in)) {
		error = in.toolong ? "the line is too long" : meta_define(in.line, in.len, 0);
		if (error != NULL)
			errx(EX_DATAERR, "%s:%llu: %s", path, (unsigned long long)in.lineno, error);
	}
	nd_end(&in);
}

static void
load_files(const char *dir)
{
	struct dirent **list;
	char *path;
	int i, n;

	n = scandir(dir, &list, is_ndjson, alphasort);
	if (n < 0)
		err(EX_NOINPUT, "%s", dir);
	if (n == 0)
		errx(EX_NOINPUT, "%s: no *.ndjson file", dir);
	for (i = 0; i < n; i++) {
		path = xasprintf("%s/%s", dir, list[i]->d_name);
		load_file(path);
		free(path);
		free(list[i]);
	}
	free(list);
}

static void
drop_kept(enum def_kind kind, const char *table, const char *name)
{
	struct table *t = schema_table(kind == DEF_TABLE ? name : table);
	struct relation *rel;
	size_t i;

	if (kind == DEF_TABLE && t != NULL)
		schema_drop_table(t);
	else if (kind == DEF_COLUMN && t != NULL)
		schema_drop_column(t, name);
	else if (kind == DEF_CHOICE)
		schema_drop_choice(name);
	else if (kind == DEF_RELATION && (rel = schema_relation(name)) != NULL)
		schema_drop_relation(rel);
	for (i = 0; kind == DEF_KEY && t != NULL && i < t->keys; i++)
		if (strcmp(t->key[i]->name, name) == 0)
			schema_drop_key(t, t->key[i]);
}

static void
load_kept(void)
{
	static const char create[] = "CREATE TABLE IF NOT EXISTS meta_definitions(kind INTEGER, tbl TEXT, name TEXT, line TEXT,"
	    " PRIMARY KEY(kind, tbl, name)) WITHOUT ROWID";
	struct buf line = { 0 };
	sqlite3_stmt *s = NULL;
	const char *text, *error;
	int rc;

	if (sqlite3_exec(db, create, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, "SELECT kind, tbl, name, line FROM meta_definitions ORDER BY kind, tbl, name", -1, &s, NULL) != SQLITE_OK)
		fail("meta_definitions");
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		text = (const char *)sqlite3_column_text(s, 3);
		if (text == NULL) {
			drop_kept((enum def_kind)sqlite3_column_int(s, 0), (const char *)sqlite3_column_text(s, 1),
			    (const char *)sqlite3_column_text(s, 2));
			continue;
		}
		line.n = 0;
		buf_str(&line, text);
		json_pad(&line);
		error = meta_define(line.p, line.n, 0);
		if (error != NULL)
			errx(EX_DATAERR, "store: definition of %s: %s", sqlite3_column_text(s, 2), error);
	}
	if (rc != SQLITE_DONE)
		fail("meta_definitions");
	sqlite3_finalize(s);
	buf_free(&line);
}

void
meta_open(sqlite3 *handle, const char *dir)
{
	db = handle;
	load_files(dir);
	meta_builtin();
	schema_link();
	load_kept();
}

/* ---- keeping ---- */

static void
store_line(enum def_kind kind, const char *table, const char *name, const char *line, size_t n)
{
	static sqlite3_stmt *s;

	if (s == NULL && sqlite3_prepare_v3(db, "INSERT OR REPLACE INTO meta_definitions(kind, tbl, name, line) VALUES(?1, ?2, ?3, ?4)", -1,
	    SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK)
		fail("prepare");
	sqlite3_bind_int(s, 1, (int)kind);
	sqlite3_bind_text(s, 2, table, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(s, 3, name, -1, SQLITE_TRANSIENT);
	if (line == NULL)
		sqlite3_bind_null(s, 4);
	else
		sqlite3_bind_text(s, 4, line, (int)n, SQLITE_TRANSIENT);
	if (!store_spoiled() && sqlite3_step(s) != SQLITE_DONE)
		store_spoil();
	sqlite3_reset(s);
}

void
meta_keep(const struct buf *line, enum def_kind kind, const char *table, const char *name, int64_t visible_at)
{
	struct buf b = { 0 };
	const char *error;

	store_line(kind, table, name, line->p, line->n);
	buf_add(&b, line->p, line->n);
	json_pad(&b);
	error = meta_define(b.p, b.n, visible_at);
	if (error != NULL)
		errx(EX_SOFTWARE, "metadata: %s: %s: %.*s", name, error, (int)b.n, b.p);
	buf_free(&b);
}

void
meta_forget(enum def_kind kind, const char *table, const char *name)
{
	store_line(kind, table, name, NULL, 0);
}

int64_t
meta_visible_at(void)
{
	int64_t lag = limits_lag();

	return lag == 0 ? 0 : clock_ms() + lag;
}

void
meta_created(struct request *r, struct reply *a, const char *fmt, ...)
{
	char *where;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&where, fmt, ap) < 0)
		abort();
	va_end(ap);
	a->status = 204;
	reply_header(a, "OData-EntityId", "%s%s", r->root, where);
	free(where);
}

void
meta_done(struct reply *a)
{
	a->status = 204;
}

/* ---- who answers ---- */

static void
publish(struct request *r, struct reply *a, bool all)
{
	struct json j = { 0 };
	struct json_value v;
	char *xml, *p, *e;

	if (all) {
		meta_done(a);
		return;
	}
	if (!body_parse(r, a, "PublishXml", &j, &v))
		return;
	xml = member_string(r, &v, "ParameterXml");
	json_free(&j);
	if (xml == NULL || strstr(xml, "<importexportxml") == NULL) {
		reply_error(a, 400, "0x80040203", "The ParameterXml of PublishXml must be an importexportxml document.");
		return;
	}
	for (p = xml; (p = strstr(p, "<entity>")) != NULL; p = e) {
		p += strlen("<entity>");
		e = p + strcspn(p, "<");
		p = arena_dup(r->arena, p, (size_t)(e - p));
		if (schema_table(p) == NULL) {
			reply_error(a, 404, "0x80041102", "The entity with a name = '%s' with namemapping = 'Logical' was not found in the "
			    "MetadataCache.", p);
			return;
		}
	}
	meta_done(a);
}

static bool
run_action(struct request *r, struct reply *a, const char *name)
{
	if (strcmp(name, "PublishXml") == 0 || strcmp(name, "PublishAllXml") == 0)
		publish(r, a, strcmp(name, "PublishAllXml") == 0);
	else if (strcmp(name, "InsertOptionValue") == 0 || strcmp(name, "UpdateOptionValue") == 0 || strcmp(name, "OrderOption") == 0 ||
	    strcmp(name, "InsertStatusValue") == 0)
		write_option(r, a, name);
	else if (strcmp(name, "CreateCustomerRelationships") == 0)
		write_lookup(r, a, true);
	else if (strcmp(name, "CreatePolymorphicLookupAttribute") == 0)
		write_lookup(r, a, false);
	else if (strcmp(name, "ReactivateEntityKey") == 0)
		write_reactivate(r, a);
	else
		return false;
	return true;
}

/* Publishers and solutions are rows like others; only what is written into them is judged here. */
static bool
judge_row(struct request *r, struct reply *a, const struct segment *seg, size_t n)
{
	if (n != 1 || seg->key != NULL || strcmp(r->method, "POST") != 0)
		return false;
	if (strcmp(seg->name, "publishers") == 0)
		return !check_publisher(r, a);
	return strcmp(seg->name, "solutions") == 0 && !check_new_solution(r, a);
}

static void
post(struct request *r, struct reply *a, struct segment *seg, size_t n)
{
	struct table *t;

	if (strcmp(seg[0].name, "RelationshipDefinitions") == 0 && n == 1 && seg->key == NULL)
		write_relation(r, a);
	else if (strcmp(seg[0].name, "GlobalOptionSetDefinitions") == 0 && n == 1 && seg->key == NULL)
		write_choice(r, a);
	else if (n == 1 && seg->key == NULL)
		write_table(r, a);
	else if (n != 2 || seg[1].key != NULL)
		reply_error(a, 405, "0x80060888", "The requested resource does not support http method 'POST'.");
	else if ((t = find_table(r, a, seg)) == NULL)
		return;
	else if (strcmp(seg[1].name, "Attributes") == 0)
		write_column(r, a, t);
	else if (strcmp(seg[1].name, "Keys") == 0)
		write_key(r, a, t);
	else
		reply_error(a, 404, "0x80060888", "Resource not found for the segment '%s'.", seg[1].name);
}

static void
put(struct request *r, struct reply *a, struct segment *seg, size_t n)
{
	struct table *t;
	struct column_def *c;

	if (strcmp(seg[0].name, "EntityDefinitions") != 0 || seg[0].key == NULL || n > 2 || (n == 2 && seg[1].key == NULL)) {
		reply_error(a, 405, "0x80060888", "The requested resource does not support http method 'PUT'.");
	} else if ((t = find_table(r, a, seg)) != NULL) {
		if (n == 1)
			write_table_put(r, a, t);
		else if (strcmp(seg[1].name, "Attributes") != 0)
			reply_error(a, 405, "0x80060888", "The requested resource does not support http method 'PUT'.");
		else if ((c = find_column(r, a, t, &seg[1])) != NULL)
			write_column_put(r, a, t, c);
	}
}

bool
meta_handle(struct request *r, struct reply *a)
{
	struct segment *seg;
	size_t n = path_split(r, r->path, &seg);

	if (n == 0)
		return false;
	if (judge_row(r, a, seg, n))
		return true;
	if (strcmp(seg[0].name, "$metadata") == 0 && strcmp(r->method, "GET") == 0) {
		meta_csdl(r, a);
		return true;
	}
	if (n == 1 && seg[0].key == NULL && strcmp(r->method, "POST") == 0 && run_action(r, a, seg[0].name))
		return true;
	if (strcmp(seg[0].name, "EntityDefinitions") != 0 && strcmp(seg[0].name, "RelationshipDefinitions") != 0 &&
	    strcmp(seg[0].name, "GlobalOptionSetDefinitions") != 0)
		return false;
	if (strcmp(r->method, "GET") == 0)
		meta_get(r, a, seg, n);
	else if (strcmp(r->method, "POST") == 0)
		post(r, a, seg, n);
	else if (strcmp(r->method, "PUT") == 0)
		put(r, a, seg, n);
	else if (strcmp(r->method, "DELETE") == 0)
		meta_delete(r, a, seg, n);
	else
		reply_error(a, 405, "0x80060888", "The requested resource does not support http method '%s'.", r->method);
	return true;
}
