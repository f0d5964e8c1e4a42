/*
 * content - the bytes of files, kept apart from their rows
 *
 * A row says of its file's column only that there is one (JSON true); the
 * bytes are in the table content, in blocks as they came.  Blocks of uploads
 * that are under way are in the table blocks.  Whatever the file's size, one
 * block of it is in memory at a time.
 */
#include <stdlib.h>

#include "base64.h"
#include "store.h"

#define STRETCH (3L << 20)		/* bytes that become base64 at once: a multiple of 3 */

long
base64_size(const char *s, size_t n)
{
	size_t i, pad = 0;

	while (n > 0 && s[n - 1] == '=' && pad < 2) {
		pad++;
		n--;
	}
	if ((n + pad) % 4 != 0)
		return -1;
	for (i = 0; i < n; i++)
		if (!((s[i] >= 'A' && s[i] <= 'Z') || (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '+' || s[i] == '/'))
			return -1;
	return (long)(n * 3 / 4);
}

static sqlite3_stmt *
prepare(const char *sql)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(store_db(), sql, -1, &s, NULL) != SQLITE_OK)
		store_spoil();
	return s;
}

static void
run(sqlite3_stmt *s)
{
	if (s != NULL && !store_spoiled() && sqlite3_step(s) != SQLITE_DONE)
		store_spoil();
	sqlite3_finalize(s);
}

void
content_drop(int64_t rid)
{
	sqlite3_stmt *s = prepare("DELETE FROM content WHERE rid=?1");

	sqlite3_bind_int64(s, 1, rid);
	run(s);
}

void
content_put(int64_t rid, const char *text, size_t n)
{
	sqlite3_stmt *s = prepare("INSERT INTO content(rid, n, data) VALUES(?1, 0, ?2)");
	struct buf raw = { 0 };

	base64_get(&raw, text, n);
	sqlite3_bind_int64(s, 1, rid);
	sqlite3_bind_blob(s, 2, raw.n > 0 ? raw.p : "", (int)raw.n, SQLITE_STATIC);
	run(s);
	buf_free(&raw);
}

/* ---- blocks on their way ---- */

void
block_put(const char *token, const char *id, const char *text, size_t n)
{
	sqlite3_stmt *s = prepare("INSERT OR REPLACE INTO blocks(token, id, data) VALUES(?1, ?2, ?3)");
	struct buf raw = { 0 };

	base64_get(&raw, text, n);
	sqlite3_bind_text(s, 1, token, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, id, -1, SQLITE_STATIC);
	sqlite3_bind_blob(s, 3, raw.n > 0 ? raw.p : "", (int)raw.n, SQLITE_STATIC);
	run(s);
	buf_free(&raw);
}

long
block_size(const char *token, const char *id)
{
	sqlite3_stmt *s = prepare("SELECT length(data) FROM blocks WHERE token=?1 AND id=?2");
	long n = -1;

	sqlite3_bind_text(s, 1, token, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, id, -1, SQLITE_STATIC);
	if (s != NULL && sqlite3_step(s) == SQLITE_ROW)
		n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

void
block_move(const char *token, const char *id, int64_t rid, int n)
{
	sqlite3_stmt *s = prepare("INSERT INTO content(rid, n, data) SELECT ?1, ?2, data FROM blocks WHERE token=?3 AND id=?4");

	sqlite3_bind_int64(s, 1, rid);
	sqlite3_bind_int(s, 2, n);
	sqlite3_bind_text(s, 3, token, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 4, id, -1, SQLITE_STATIC);
	run(s);
}

void
block_forget(const char *token)
{
	sqlite3_stmt *s = prepare("DELETE FROM blocks WHERE token=?1");

	sqlite3_bind_text(s, 1, token, -1, SQLITE_STATIC);
	run(s);
}

/* ---- reading ---- */

/* Bytes of the file from offset on, into raw; how many there were. */
static long
content_bytes(int64_t rid, long offset, long length, char *raw)
{
	sqlite3_stmt *s = prepare("SELECT n, length(data) FROM content WHERE rid=?1 ORDER BY n"), *part =
	    prepare("SELECT substr(data, ?3, ?4) FROM content WHERE rid=?1 AND n=?2");
	long at = 0, size, from, take, got = 0;

	sqlite3_bind_int64(s, 1, rid);
	for (; s != NULL && got < length && sqlite3_step(s) == SQLITE_ROW; at += size) {
		size = sqlite3_column_int64(s, 1);
		from = offset + got - at;
		if (from < 0 || from >= size)
			continue;
		take = size - from < length - got ? size - from : length - got;
		sqlite3_reset(part);
		sqlite3_bind_int64(part, 1, rid);
		sqlite3_bind_int(part, 2, sqlite3_column_int(s, 0));
		sqlite3_bind_int64(part, 3, from + 1);
		sqlite3_bind_int64(part, 4, take);
		if (sqlite3_step(part) != SQLITE_ROW)
			break;
		memcpy(raw + got, sqlite3_column_blob(part, 0), (size_t)sqlite3_column_bytes(part, 0));
		got += sqlite3_column_bytes(part, 0);
	}
	sqlite3_finalize(s);
	sqlite3_finalize(part);
	return got;
}

long
content_base64(int64_t rid, long offset, long length, struct buf *out)
{
	char *raw = malloc(STRETCH);
	long got = 0, n = 1;

	while (raw != NULL && n > 0 && got < length) {
		n = content_bytes(rid, offset + got, length - got < STRETCH ? length - got : STRETCH, raw);
		base64_put(out, raw, (size_t)n);
		got += n;
	}
	free(raw);
	return got;
}
