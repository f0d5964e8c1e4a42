/*
 * meta_store - what the schema writes need of the rows
 *
 * A look-up of publishers and solutions by a column's text, and the values of
 * columns and tables that were deleted.
 */
#include <err.h>
#include <string.h>
#include <sysexits.h>

#include "metadata.h"

static sqlite3_stmt *
prepare(const char *sql)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(store_db(), sql, -1, &s, NULL) != SQLITE_OK)
		errx(EX_IOERR, "store: %s: %s", sql, sqlite3_errmsg(store_db()));
	return s;
}

static void
run(sqlite3_stmt *s)
{
	if (!store_spoiled() && sqlite3_step(s) != SQLITE_DONE)
		store_spoil();
	sqlite3_finalize(s);
}

bool
store_find(struct arena *a, const char *table, const char *where, const char *value, const char *want, char **text)
{
	const struct table *t = schema_table(table);
	bool by_id = t != NULL && strcmp(where, t->primary_id) == 0, want_id = t != NULL && strcmp(want, t->primary_id) == 0, found;
	sqlite3_stmt *s;
	char *sql;

	sql = arena_printf(a, "SELECT %s FROM rows WHERE tbl = ?1 AND %s = ?4", want_id ? "id" : "json_extract(body, '$.' || ?2)",
	    by_id ? "id" : "json_extract(body, '$.' || ?3)");
	s = prepare(sql);
	sqlite3_bind_text(s, 1, table, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(s, 2, want, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(s, 3, where, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(s, 4, value, -1, SQLITE_TRANSIENT);
	found = sqlite3_step(s) == SQLITE_ROW;
	if (found)
		*text = sqlite3_column_type(s, 0) == SQLITE_NULL ? arena_str(a, "") : arena_str(a, (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	return found;
}

void
store_unindex_key(const char *table, const char *name)
{
	sqlite3_stmt *s = prepare("DELETE FROM altkeys WHERE tbl = ?1 AND name = ?2");

	sqlite3_bind_text(s, 1, table, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(s, 2, name, -1, SQLITE_TRANSIENT);
	run(s);
}

void
store_drop(const char *table, const char *column)
{
	static const char *const rows[] = {
		"DELETE FROM altkeys WHERE tbl = ?1", "DELETE FROM links WHERE tbl = ?1", "DELETE FROM rows WHERE tbl = ?1",
	};
	sqlite3_stmt *s;
	size_t i;

	if (column == NULL) {
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			s = prepare(rows[i]);
			sqlite3_bind_text(s, 1, table, -1, SQLITE_TRANSIENT);
			run(s);
		}
		return;
	}
	s = prepare("UPDATE rows SET body = json_remove(body, '$.' || ?2, '$._' || ?2 || '_value', '$.\"_' || ?2 || '_value@t\"') WHERE tbl = ?1"
	    " AND (json_type(body, '$.' || ?2) IS NOT NULL OR json_type(body, '$._' || ?2 || '_value') IS NOT NULL)");
	sqlite3_bind_text(s, 1, table, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(s, 2, column, -1, SQLITE_TRANSIENT);
	run(s);
	s = prepare("DELETE FROM links WHERE tbl = ?1 AND col = ?2");
	sqlite3_bind_text(s, 1, table, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(s, 2, column, -1, SQLITE_TRANSIENT);
	run(s);
}
