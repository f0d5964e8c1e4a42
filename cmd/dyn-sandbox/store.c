/*
 * store - the rows, in one SQLite file
 *
 * rows      one line a row: table, GUID in SQL Server's order, version, body
 * altkeys   one line for each alternate key a row has a value for
 * links     one line for each lookup value (not those of ownership and audit)
 * gone      one line for each row that was deleted, for change tracking
 * content   the bytes of files, and blocks those of uploads under way (content.c)
 * settings  name and value; the row version counter among them
 *
 * synchronous=OFF: what a kill -9 of the sandbox leaves is whole (the kernel
 * has it), what a power cut leaves is not promised.
 *
 * A write that fails (a full disk) spoils the request, not the program: from
 * then on nothing is written, and store_commit undoes it all and says so.
 */
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "store.h"

static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
    "CREATE TABLE IF NOT EXISTS rows(rid INTEGER PRIMARY KEY, tbl TEXT NOT NULL, ord TEXT NOT NULL,"
    " id TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE(tbl, ord));"
    "CREATE TABLE IF NOT EXISTS altkeys(tbl TEXT, name TEXT, value TEXT, rid INTEGER,"
    " PRIMARY KEY(tbl, name, value)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS altkeys_rid ON altkeys(rid);"
    "CREATE TABLE IF NOT EXISTS links(target TEXT, col TEXT, tbl TEXT, rid INTEGER,"
    " PRIMARY KEY(target, col, tbl, rid)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS links_rid ON links(rid);"
    "CREATE TABLE IF NOT EXISTS gone(tbl TEXT, version INTEGER, id TEXT, PRIMARY KEY(tbl, version)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS content(rid INTEGER, n INTEGER, data BLOB, PRIMARY KEY(rid, n));"
    "CREATE TABLE IF NOT EXISTS blocks(token TEXT, id TEXT, data BLOB, PRIMARY KEY(token, id));"
    "CREATE TABLE IF NOT EXISTS settings(name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;";

enum statement {
	GET, EXISTS, BY_KEY, INSERT, UPDATE, DELETE, KEY_ADD, KEY_DROP, LINK_ADD, LINK_DROP, LINKED, COUNT,
	SETTING, SET_SETTING, GONE, STATEMENTS
};

static const char *const text[STATEMENTS] = {
	[GET] = "SELECT rid, id, version, body FROM rows WHERE tbl=?1 AND ord=?2",
	[EXISTS] = "SELECT 1 FROM rows WHERE tbl=?1 AND ord=?2",
	[BY_KEY] = "SELECT r.rid, r.id, r.version, r.body FROM altkeys k JOIN rows r ON r.rid=k.rid"
	    " WHERE k.tbl=?1 AND k.name=?2 AND k.value=?3",
	[INSERT] = "INSERT INTO rows(tbl, ord, id, version, body) VALUES(?1, ?2, ?3, ?4, ?5)",
	[UPDATE] = "UPDATE rows SET version=?2, body=?3 WHERE rid=?1",
	[DELETE] = "DELETE FROM rows WHERE rid=?1",
	[KEY_ADD] = "INSERT INTO altkeys(tbl, name, value, rid) VALUES(?1, ?2, ?3, ?4)",
	[KEY_DROP] = "DELETE FROM altkeys WHERE rid=?1",
	[LINK_ADD] = "INSERT OR IGNORE INTO links(target, col, tbl, rid) VALUES(?1, ?2, ?3, ?4)",
	[LINK_DROP] = "DELETE FROM links WHERE rid=?1",
	[LINKED] = "SELECT r.rid, r.id, r.version, r.body FROM links l JOIN rows r ON r.rid=l.rid"
	    " WHERE l.target=?1 AND l.col=?2 AND l.tbl=?3 ORDER BY r.ord",
	[COUNT] = "SELECT count(*) FROM rows WHERE tbl=?1",
	[SETTING] = "SELECT value FROM settings WHERE name=?1",
	[GONE] = "INSERT INTO gone(tbl, version, id) VALUES(?1, ?2, ?3)",
	[SET_SETTING] = "INSERT OR REPLACE INTO settings(name, value) VALUES(?1, ?2)",
};

static sqlite3 *db;
static sqlite3_stmt *prepared[STATEMENTS];
static const struct altkey *violated;
static int64_t version, kept_version;
static bool spoiled;

static void
fail(const char *what)
{
	errx(EX_IOERR, "store: %s: %s", what, sqlite3_errmsg(db));
}

/* SQLite itself may have ended the transaction by now. */
void
store_spoil(void)
{
	if (!spoiled)
		warnx("store: %s", sqlite3_errmsg(db));
	spoiled = true;
}

static sqlite3_stmt *
statement(enum statement n)
{
	if (prepared[n] == NULL && sqlite3_prepare_v3(db, text[n], -1, SQLITE_PREPARE_PERSISTENT, &prepared[n], NULL) != SQLITE_OK)
		fail(text[n]);
	sqlite3_reset(prepared[n]);
	return prepared[n];
}

static void
bind_text(sqlite3_stmt *s, int n, const char *p)
{
	sqlite3_bind_text(s, n, p, -1, SQLITE_TRANSIENT);
}

/* true: a row; false: done, or *constraint is broken.  In a spoiled transaction every write counts as refused. */
static bool
step(sqlite3_stmt *s, bool *constraint)
{
	int rc = spoiled && !sqlite3_stmt_readonly(s) ? SQLITE_CONSTRAINT : sqlite3_step(s);

	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE && rc != SQLITE_CONSTRAINT) {
		store_spoil();
		rc = SQLITE_CONSTRAINT;
	}
	if (constraint != NULL)
		*constraint = rc == SQLITE_CONSTRAINT;
	sqlite3_reset(s);
	return false;
}

sqlite3 *
store_db(void)
{
	return db;
}

void
store_exec(const char *sql)
{
	if (!spoiled && sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		store_spoil();
}

void
store_begin(void)
{
	store_exec("BEGIN IMMEDIATE");
}

bool
store_spoiled(void)
{
	return spoiled;
}

/* Who only reads writes nothing, so a full disk can still be read. */
bool
store_commit(void)
{
	char value[24];

	if (version != kept_version) {
		snprintf(value, sizeof(value), "%lld", (long long)version);
		store_set_setting("version", value);
	}
	store_exec("COMMIT");
	if (spoiled) {
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
		version = kept_version;
		spoiled = false;
		return false;
	}
	kept_version = version;
	return true;
}

/* SQL Server compares a GUID's bytes 10-15 first, then 8-9, 6-7, 4-5, 0-3 of its little-endian storage. */
void
guid_order(const char *id, char out[33])
{
	static const unsigned char from[] = { 24, 26, 28, 30, 32, 34, 19, 21, 16, 14, 11, 9, 6, 4, 2, 0 };
	size_t i;

	for (i = 0; i < sizeof(from); i++) {
		out[2 * i] = (char)tolower((unsigned char)id[from[i]]);
		out[2 * i + 1] = (char)tolower((unsigned char)id[from[i] + 1]);
	}
	out[32] = '\0';
}

static void
sql_guid_order(sqlite3_context *c, int argc, sqlite3_value **argv)
{
	const char *id = (const char *)sqlite3_value_text(argv[0]);
	char out[33];

	(void)argc;
	if (id == NULL || !guid_ok(id, strlen(id)))
		return;
	guid_order(id, out);
	sqlite3_result_text(c, out, 32, SQLITE_TRANSIENT);
}

void
store_open(const char *path)
{
	struct arena a = { 0 };
	char *v;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		errx(EX_CANTCREAT, "%s: %s", path, sqlite3_errmsg(db));
	if (sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK)
		errx(EX_CANTCREAT, "%s: %s", path, sqlite3_errmsg(db));
	sqlite3_busy_timeout(db, 5000);
	sqlite3_create_function(db, "guidord", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, sql_guid_order, NULL, NULL);
	v = store_setting(&a, "version");
	version = v != NULL ? strtoll(v, NULL, 10) : 1000000;
	kept_version = v != NULL ? version : 0;
	arena_free(&a);
}

void
store_close(void)
{
	size_t i;

	for (i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(prepared[i]);
	sqlite3_close(db);
}

char *
store_setting(struct arena *a, const char *name)
{
	sqlite3_stmt *s = statement(SETTING);
	char *v = NULL;

	bind_text(s, 1, name);
	if (step(s, NULL)) {
		v = arena_str(a, (const char *)sqlite3_column_text(s, 0));
		sqlite3_reset(s);
	}
	return v;
}

void
store_set_setting(const char *name, const char *value)
{
	sqlite3_stmt *s = statement(SET_SETTING);

	bind_text(s, 1, name);
	bind_text(s, 2, value);
	step(s, NULL);
}

static struct row *
row_of(struct arena *a, const struct table *t, sqlite3_stmt *s)
{
	const char *body = (const char *)sqlite3_column_text(s, 3);
	char *copy = arena_get(a, (size_t)sqlite3_column_bytes(s, 3) + JSON_PAD);
	struct row *row;

	memcpy(copy, body, (size_t)sqlite3_column_bytes(s, 3));
	row = row_parse(a, t, (const char *)sqlite3_column_text(s, 1), copy, (size_t)sqlite3_column_bytes(s, 3));
	row->rid = sqlite3_column_int64(s, 0);
	row->version = sqlite3_column_int64(s, 2);
	return row;
}

static void
bind_id(sqlite3_stmt *s, const struct table *t, const char *id)
{
	char ord[33];

	guid_order(id, ord);
	bind_text(s, 1, t->name);
	bind_text(s, 2, ord);
}

struct row *
store_get(struct arena *a, const struct table *t, const char *id)
{
	sqlite3_stmt *s = statement(GET);
	struct row *row = NULL;

	bind_id(s, t, id);
	if (step(s, NULL)) {
		row = row_of(a, t, s);
		sqlite3_reset(s);
	}
	return row;
}

bool
store_exists(const struct table *t, const char *id)
{
	sqlite3_stmt *s = statement(EXISTS);
	bool found;

	bind_id(s, t, id);
	if ((found = step(s, NULL)))
		sqlite3_reset(s);
	return found;
}

size_t
store_count(const char *table)
{
	sqlite3_stmt *s = statement(COUNT);
	size_t n = 0;

	bind_text(s, 1, table);
	if (step(s, NULL)) {
		n = (size_t)sqlite3_column_int64(s, 0);
		sqlite3_reset(s);
	}
	return n;
}

/* Key values are compared as SQL Server's usual collation does: without regard to (ASCII) case. */
static char *
key_value(struct arena *a, const struct altkey *k, const char *const *value)
{
	char *s = arena_str(a, ""), *p;
	size_t i;

	for (i = 0; i < k->columns; i++)
		s = arena_printf(a, "%s\x1f%s", s, value[i]);
	for (p = s; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return s;
}

struct row *
store_by_key(struct arena *a, const struct altkey *k, const char *const *value)
{
	sqlite3_stmt *s = statement(BY_KEY);
	struct row *row = NULL;

	bind_text(s, 1, k->table);
	bind_text(s, 2, k->name);
	bind_text(s, 3, key_value(a, k, value));
	if (step(s, NULL)) {
		row = row_of(a, schema_table(k->table), s);
		sqlite3_reset(s);
	}
	return row;
}

static const char *
key_cell(struct arena *a, const struct row *row, const char *column)
{
	const struct column *c = schema_column(row->table, column);
	const char *name = column;

	if (c != NULL && (c->type == COL_LOOKUP || c->type == COL_CUSTOMER || c->type == COL_OWNER))
		name = arena_printf(a, "_%s_value", column);
	return row_get(row, name);
}

/* A row with a null in the key has no line: nulls are not compared. */
static bool
key_insert(struct arena *a, const struct row *row, const struct altkey *k)
{
	const char **value = arena_get(a, k->columns * sizeof(*value));
	sqlite3_stmt *s;
	bool constraint = false;
	size_t i;

	for (i = 0; i < k->columns; i++)
		if ((value[i] = key_cell(a, row, k->column[i])) == NULL)
			return true;
	s = statement(KEY_ADD);
	bind_text(s, 1, row->table->name);
	bind_text(s, 2, k->name);
	bind_text(s, 3, key_value(a, k, value));
	sqlite3_bind_int64(s, 4, row->rid);
	step(s, &constraint);
	if (constraint)
		violated = k;
	return !constraint;
}

const struct altkey *
store_violated(void)
{
	return violated;
}

/* What every row has and nothing follows backwards. */
bool
store_indexed(const char *column)
{
	static const char *const skip[] = { "createdby", "modifiedby", "createdonbehalfby", "modifiedonbehalfby", "ownerid",
	    "owninguser", "owningteam", "owningbusinessunit", "transactioncurrencyid", "organizationid" };
	size_t i;

	for (i = 0; i < sizeof(skip) / sizeof(skip[0]); i++)
		if (strcmp(column, skip[i]) == 0)
			return false;
	return true;
}

static void
links_insert(struct arena *a, const struct row *row)
{
	sqlite3_stmt *s;
	size_t i, n;
	char *column;

	for (i = 0; i < row->n; i++) {
		n = strlen(row->cell[i].name);
		if (row->cell[i].name[0] != '_' || n < 8 || strcmp(row->cell[i].name + n - 6, "_value") != 0)
			continue;
		column = arena_dup(a, row->cell[i].name + 1, n - 7);
		if (!store_indexed(column))
			continue;
		s = statement(LINK_ADD);
		bind_text(s, 1, arena_dup(a, row->cell[i].json + 1, 36));
		bind_text(s, 2, column);
		bind_text(s, 3, row->table->name);
		sqlite3_bind_int64(s, 4, row->rid);
		step(s, NULL);
	}
}

static bool
index_row(struct arena *a, const struct row *row)
{
	size_t i;

	for (i = 0; i < row->table->keys; i++)
		if (!key_insert(a, row, row->table->key[i]) && row->table->key[i]->clash(row->table->key[i]))
			return false;
	if (strcmp(row->table->name, "activitypointer") != 0)
		links_insert(a, row);
	return true;
}

static void
drop_index(const struct row *row)
{
	static const enum statement drop[] = { KEY_DROP, LINK_DROP };
	sqlite3_stmt *s;
	size_t i;

	for (i = 0; i < 2; i++) {
		s = statement(drop[i]);
		sqlite3_bind_int64(s, 1, row->rid);
		step(s, NULL);
	}
}

static void
next_version(struct arena *a, struct row *row)
{
	row->version = ++version;
	row_set(a, row, "versionnumber", arena_printf(a, "%lld", (long long)version));
}

enum stored
store_insert(struct arena *a, struct row *row)
{
	struct buf b = { 0 };
	sqlite3_stmt *s;
	bool constraint = false;

	if (store_exists(row->table, row->id))
		return STORED_DUPLICATE;
	next_version(a, row);
	row_print(row, &b);
	s = statement(INSERT);
	bind_id(s, row->table, row->id);
	bind_text(s, 3, row->id);
	sqlite3_bind_int64(s, 4, row->version);
	sqlite3_bind_text(s, 5, b.p, (int)b.n, SQLITE_TRANSIENT);
	step(s, &constraint);
	buf_free(&b);
	if (constraint)
		return STORED_DUPLICATE;
	row->rid = sqlite3_last_insert_rowid(db);
	return index_row(a, row) ? STORED : STORED_KEY;
}

enum stored
store_update(struct arena *a, struct row *row)
{
	struct buf b = { 0 };
	sqlite3_stmt *s;

	next_version(a, row);
	row_print(row, &b);
	s = statement(UPDATE);
	sqlite3_bind_int64(s, 1, row->rid);
	sqlite3_bind_int64(s, 2, row->version);
	sqlite3_bind_text(s, 3, b.p, (int)b.n, SQLITE_TRANSIENT);
	step(s, NULL);
	buf_free(&b);
	drop_index(row);
	return index_row(a, row) ? STORED : STORED_KEY;
}

void
store_delete(const struct row *row)
{
	sqlite3_stmt *s = statement(DELETE);

	sqlite3_bind_int64(s, 1, row->rid);
	step(s, NULL);
	drop_index(row);
	if (document_column(row->table) != NULL)
		content_drop(row->rid);
	s = statement(GONE);
	bind_text(s, 1, row->table->name);
	sqlite3_bind_int64(s, 2, ++version);
	bind_text(s, 3, row->id);
	step(s, NULL);
}

int64_t
store_version(void)
{
	return version;
}

void
store_select(const struct table *t, const char *sql, store_each *fn, void *arg)
{
	struct arena a = { 0 };
	sqlite3_stmt *s;
	bool go = true;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		fail(sql);
	while (go && step(s, NULL)) {
		go = fn(&a, row_of(&a, t, s), arg);
		arena_free(&a);
	}
	sqlite3_finalize(s);
}

int64_t
store_number(const char *sql)
{
	sqlite3_stmt *s;
	int64_t n = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		fail(sql);
	if (step(s, NULL))
		n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

/* The rows are collected first: fn may change the store. */
void
store_referencing(struct arena *a, const struct table *t, const char *column, const char *id, store_row *fn, void *arg)
{
	sqlite3_stmt *s = statement(LINKED);
	struct row **list = NULL, **more;
	size_t n = 0, cap = 0, i;

	bind_text(s, 1, id);
	bind_text(s, 2, column);
	bind_text(s, 3, t->name);
	while (step(s, NULL)) {
		if (n == cap) {
			more = arena_get(a, (cap = cap ? cap * 2 : 16) * sizeof(*more));
			if (n > 0)
				memcpy(more, list, n * sizeof(*list));
			list = more;
		}
		list[n++] = row_of(a, t, s);
	}
	for (i = 0; i < n && fn(list[i], arg); i++)
		;
}

bool
store_index_key(const struct altkey *k)
{
	const struct table *t = schema_table(k->table);
	struct arena a = { 0 };
	sqlite3_stmt *s;
	struct row *row;
	bool ok = true;

	if (sqlite3_prepare_v2(db, "SELECT rid, id, version, body FROM rows WHERE tbl=?1", -1, &s, NULL) != SQLITE_OK)
		fail("index");
	bind_text(s, 1, k->table);
	while (ok && step(s, NULL)) {
		row = row_of(&a, t, s);
		ok = key_insert(&a, row, k);
		arena_free(&a);
	}
	sqlite3_finalize(s);
	return ok;
}
