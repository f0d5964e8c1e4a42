/*
 * The files of rows, as their SHA-256: every row that has one (filesize above
 * zero) has it downloaded in blocks and hashed on the way; nothing of it stays.
 *
 * Rows come from their page in order and leave in order: a ring holds those
 * whose file is under way, and is emptied from its oldest.  Downloads run over
 * a session of their own, because a page's answer must live meanwhile.
 *
 * Memory: FILES rows and as many blocks (5.6 MB each as base64, 4 MB as bytes).
 * Source: Microsoft's page "Use file data with Attachment and Note records"
 * (InitializeAnnotationBlocksDownload, InitializeAttachmentBlocksDownload,
 * DownloadBlock).
 */
#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base64.h"
#include "extract.h"
#include "sha256.h"
#include "xalloc.h"

#define FILES 4
#define BLOCK ((uint64_t)4 << 20)

struct download {
	struct hash *h;
	struct buf line;		/* the row's, without its last brace */
	char id[GUID_TEXT + 1];
	struct buf body;		/* of the request under way */
	const char *path;
	char *token;			/* JSON text */
	uint64_t size, offset;
	struct sha256 sum;
	bool done;
};

struct hash {
	struct dyn *d;
	const struct table *t;
	const char *column;
	bool note;
	struct nd_out *out;
	struct download ring[FILES];
	size_t first, count;
};

static http_done begun, came;

void
hash_check(const char *table, const char *column)
{
	if ((strcmp(table, "annotation") != 0 || strcmp(column, "documentbody") != 0) &&
	    (strcmp(table, "activitymimeattachment") != 0 || strcmp(column, "body") != 0))
		errx(EX_USAGE, "--hash: files are in documentbody of annotation and in body of activitymimeattachment, not in %s of %s",
		    column, table);
}

struct hash *
hash_open(const struct table *t, const char *column, struct nd_out *out)
{
	static const struct http_policy policy = { .retries = 8 };
	struct hash *h = xcalloc(1, sizeof(*h));

	h->t = t;
	h->column = column;
	h->note = strcmp(t->name, "annotation") == 0;
	h->out = out;
	h->d = dyn_open(&policy);
	return h;
}

static void
start(struct download *w, const char *path, http_done *done)
{
	json_pad(&w->body);
	w->path = path;
	dyn_start(w->h->d, &(struct dyn_request){ .method = "POST", .path = path, .body = w->body.p, .n = w->body.n, .replay = 1 }, done, w);
}

static void
ask_block(struct download *w)
{
	uint64_t left = w->size - w->offset;

	w->body.n = 0;
	buf_printf(&w->body, "{\"Offset\":%" PRIu64 ",\"BlockLength\":%" PRIu64 ",\"FileContinuationToken\":%s}", w->offset,
	    left < BLOCK ? left : BLOCK, w->token);
	start(w, "DownloadBlock", came);
}

static void
finish(struct download *w)
{
	char text[SHA256_TEXT + 1];

	sha256_end_text(&w->sum, text);
	buf_printf(&w->line, ",\"%s\":{\"sha256\":\"%s\",\"size\":%" PRIu64 "}}", w->h->column, text, w->size);
	w->done = true;
}

/* The answer's members; the run ends when it is none. */
static void
read_answer(struct download *w, const struct http_answer *a, struct json *j)
{
	if (a->status != 200)
		dyn_fail(a, w->path);
	if (!json_parse(j, a->body, a->n))
		errx(EX_UNAVAILABLE, "%s of %s: an answer that cannot be read: %s", w->path, w->id, j->detail);
}

static void
begun(struct http *pool, const struct http_answer *a, void *arg)
{
	struct download *w = arg;
	struct json j = { 0 };
	const struct json_value *token;
	int64_t size = -1;
	const char *p;
	size_t n;

	(void)pool;
	read_answer(w, a, &j);
	token = json_get(&j, "FileContinuationToken");
	json_int(json_get(&j, "FileSizeInBytes"), &size);
	if (token == NULL || token->kind != JSON_STRING || size < 0)
		errx(EX_UNAVAILABLE, "%s of %s: an answer without FileContinuationToken and FileSizeInBytes", w->path, w->id);
	json_raw(token, &p, &n);
	w->token = xstrndup(p, n);
	w->size = (uint64_t)size;
	json_free(&j);
	if (w->size > 0)
		ask_block(w);
	else
		finish(w);
}

static void
came(struct http *pool, const struct http_answer *a, void *arg)
{
	static struct buf bytes;	/* reused; no state between blocks */
	struct download *w = arg;
	struct json j = { 0 };
	const struct json_value *data;

	(void)pool;
	read_answer(w, a, &j);
	data = json_get(&j, "Data");
	bytes.n = 0;
	if (data == NULL || data->kind != JSON_STRING || data->escaped || !base64_get(&bytes, data->p, data->n) || bytes.n == 0 ||
	    bytes.n > w->size - w->offset)
		errx(EX_UNAVAILABLE, "%s of %s: a block that is none, at byte %" PRIu64 " of %" PRIu64, w->path, w->id, w->offset, w->size);
	sha256_add(&w->sum, bytes.p, bytes.n);
	w->offset += bytes.n;
	json_free(&j);
	if (w->offset < w->size)
		ask_block(w);
	else
		finish(w);
}

/* Writes the oldest row, once its file is hashed. */
static void
take_oldest(struct hash *h)
{
	struct download *w = &h->ring[h->first];

	while (!w->done)
		http_wait(dyn_http(h->d), -1);
	nd_write(h->out, w->line.p, w->line.n);
	progress_rows(h->out->count);
	free(w->token);
	w->token = NULL;
	h->first = (h->first + 1) % FILES;
	h->count--;
}

static bool
id_of(const struct hash *h, const struct json_value *row, char id[GUID_TEXT + 1])
{
	struct json_value v;
	struct guid g;

	if (!json_member(row, h->t->primary, &v) || v.kind != JSON_STRING || !guid_parse(v.p, v.n, &g))
		return false;
	guid_text(&g, id);
	return true;
}

void
hash_row(struct hash *h, const struct json_value *row)
{
	struct download *w;
	struct json_value v;
	int64_t size = 0;

	if (h->count == FILES)
		take_oldest(h);
	w = &h->ring[(h->first + h->count++) % FILES];
	w->h = h;
	w->offset = w->size = w->line.n = w->body.n = 0;
	w->done = false;
	sha256_start(&w->sum);
	row_put(&w->line, h->t->name, row);
	w->line.n--;
	if (json_member(row, "filesize", &v))
		json_int(&v, &size);
	if (size <= 0) {
		buf_printf(&w->line, ",\"%s\":null}", h->column);
		w->done = true;
		return;
	}
	if (!id_of(h, row, w->id))
		errx(EX_UNAVAILABLE, "%s: a row without a GUID in %s", h->t->name, h->t->primary);
	buf_printf(&w->body, "{\"Target\":{\"%s\":\"%s\",\"@odata.type\":\"Microsoft.Dynamics.CRM.%s\"}}", h->t->primary, w->id, h->t->name);
	start(w, h->note ? "InitializeAnnotationBlocksDownload" : "InitializeAttachmentBlocksDownload", begun);
}

void
hash_close(struct hash *h)
{
	size_t i;

	while (h->count > 0)
		take_oldest(h);
	for (i = 0; i < FILES; i++) {
		buf_free(&h->ring[i].line);
		buf_free(&h->ring[i].body);
	}
	dyn_close(h->d);
	free(h);
}
