/*
 * Rows that bring a file along (_file): the file is read from disk when its
 * turn comes, a block at a time, and hashed on the way.
 *
 * up to 4 MB   one request: the row with the file as base64 in its column
 * larger       Initialize...BlocksUpload, UploadBlock for each 4 MB, and
 *              Commit...BlocksUpload, which alone makes or changes the row
 *
 * Nothing is there before the one request, or the commit, has been answered;
 * so all before it is simply sent again when an answer is lost, and after it
 * the target is asked by the row's id, as for every other row.  The hash is
 * judged before that request: a file that is not the one that was mapped
 * makes no row.  A refusal that may be the upload's own fault (a block or the
 * token is gone) is answered by one upload from the start.
 *
 * Memory: UPLOADS blocks as base64 (5.6 MB each) and one as it was read.
 * Sources: reference sections 6.3 (sizes), 9.6 (blocks, error codes).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base64.h"
#include "load.h"
#include "sha256.h"
#include "xalloc.h"

#define UPLOADS 4			/* under way at once */
#define BLOCK ((size_t)4 << 20)
#define RESTARTS 1			/* of one row's upload after a refusal */

enum step { STEP_WHOLE, STEP_BEGIN, STEP_BLOCK, STEP_COMMIT };

struct upload {
	enum step step;
	int fd;
	uint64_t offset;		/* of what is not in a block yet */
	size_t blocks;			/* that have arrived */
	struct sha256 hash, ahead;	/* of the blocks that arrived; and of the one under way */
	char *token;			/* JSON text of it */
};

struct queue upload_queue;

static size_t under_way;

/* ---- the file ---- */

static void
reject(struct row *r, const char *code, const char *what)
{
	char *text = xasprintf("%s: %s", r->file->path, what);

	row_reject(r, code, &(struct reason){ 0, code, text, "" });
	free(text);
}

static bool
open_file(struct row *r, struct upload *u)
{
	struct stat st;

	u->fd = open(r->file->path, O_RDONLY | O_CLOEXEC);
	if (u->fd < 0 || fstat(u->fd, &st) != 0) {
		reject(r, "missing-file", strerror(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != r->file->size) {
		reject(r, "bad-hash", "not the file that was mapped: its size is another one");
		return false;
	}
	return true;
}

/* The next block in base64, and its share of the hash; false: the row is rejected. */
static bool
put_block(struct buf *b, struct row *r, struct upload *u)
{
	static char raw[BLOCK];		/* what is read is base64 at once */
	size_t want = r->file->size - u->offset < BLOCK ? (size_t)(r->file->size - u->offset) : BLOCK, have = 0;
	ssize_t n;

	while (have < want) {
		n = pread(u->fd, raw + have, want - have, (off_t)(u->offset + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			reject(r, n < 0 ? "missing-file" : "bad-hash", n < 0 ? strerror(errno) : "it became shorter while it was read");
			return false;
		}
		have += (size_t)n;
	}
	u->ahead = u->hash;
	sha256_add(&u->ahead, raw, want);
	base64_put(b, raw, want);
	return true;
}

static bool
right_hash(struct row *r, struct upload *u)
{
	char text[SHA256_TEXT + 1];
	struct sha256 h = u->ahead;

	sha256_end_text(&h, text);
	if (strcmp(text, r->file->sha256) == 0)
		return true;
	reject(r, "bad-hash", "not the file that was mapped: its SHA-256 is another one");
	return false;
}

/* ---- requests ---- */

static bool
attachment(const struct row *r)
{
	return strcmp(r->table->name, "activitymimeattachment") == 0;
}

bool
upload_blocks(const struct row *r)
{
	return r->file->size > BLOCK;
}

bool
upload_fixed(const struct row *r)
{
	return upload_blocks(r) && attachment(r);
}

static void
put_target(struct buf *b, const struct batch *batch)
{
	const struct row *r = batch->row[0];
	char id[GUID_TEXT + 1];

	buf_printf(b, "{\"Target\":{\"@odata.type\":\"Microsoft.Dynamics.CRM.%s\",", r->table->name);
	if (batch->want == WANT_CREATE) {
		buf_add(b, r->send, r->sendlen);
	} else {
		guid_text(&r->id, id);
		buf_printf(b, "\"%s\":\"%s\"", r->table->key, id);
		if (r->patchlen > 0)
			buf_char(b, ',');
		buf_add(b, r->patch, r->patchlen);
	}
	buf_char(b, '}');
}

/* All ids of one upload are of one length. */
static void
put_block_id(struct buf *b, size_t n)
{
	char text[16];

	snprintf(text, sizeof(text), "%08zu", n);
	buf_char(b, '"');
	base64_put(b, text, 8);
	buf_char(b, '"');
}

static bool
pack_whole(struct batch *b, struct upload *u)
{
	struct row *r = b->row[0];
	const char *members = b->want == WANT_CREATE ? r->send : r->patch;
	size_t n = b->want == WANT_CREATE ? r->sendlen : r->patchlen;

	batch_path(b);
	buf_room(&b->body, BASE64_SIZE((size_t)r->file->size) + n + 400);
	buf_char(&b->body, '{');
	buf_add(&b->body, members, n);
	buf_printf(&b->body, "%s\"%s\":\"", n > 0 ? "," : "", r->file->column);
	if (!put_block(&b->body, r, u) || !right_hash(r, u))
		return false;
	buf_str(&b->body, "\"}");
	return true;
}

static bool
pack_block(struct batch *b, struct upload *u)
{
	buf_str(&b->path, "UploadBlock");
	buf_room(&b->body, BASE64_SIZE(BLOCK) + strlen(u->token) + 400);
	buf_str(&b->body, "{\"BlockId\":");
	put_block_id(&b->body, u->blocks);
	buf_printf(&b->body, ",\"FileContinuationToken\":%s,\"BlockData\":\"", u->token);
	if (!put_block(&b->body, b->row[0], u))
		return false;
	buf_str(&b->body, "\"}");
	return true;
}

static void
pack_commit(struct batch *b, const struct upload *u)
{
	size_t i;

	buf_printf(&b->path, "Commit%sBlocksUpload", attachment(b->row[0]) ? "Attachment" : "Annotation");
	put_target(&b->body, b);
	buf_str(&b->body, ",\"BlockList\":[");
	for (i = 0; i < u->blocks; i++) {
		if (i > 0)
			buf_char(&b->body, ',');
		put_block_id(&b->body, i);
	}
	buf_printf(&b->body, "],\"FileContinuationToken\":%s}", u->token);
}

/* The request of the step in hand; false: the row is rejected. */
static bool
pack(struct batch *b)
{
	struct upload *u = b->upload;
	bool ok = true;

	b->path.n = b->body.n = 0;
	b->method = "POST";
	b->if_match[0] = '\0';
	switch (u->step) {
	case STEP_WHOLE:
		ok = pack_whole(b, u);
		break;
	case STEP_BEGIN:
		buf_printf(&b->path, "Initialize%sBlocksUpload", attachment(b->row[0]) ? "Attachment" : "Annotation");
		put_target(&b->body, b);
		buf_char(&b->body, '}');
		break;
	case STEP_BLOCK:
		ok = pack_block(b, u);
		break;
	case STEP_COMMIT:
		if ((ok = right_hash(b->row[0], u)))
			pack_commit(b, u);
		break;
	}
	buf_nul(&b->path);
	json_pad(&b->body);
	return ok;
}

/* ---- from the queue ---- */

static void
begin(struct row *r, struct upload *u)
{
	u->step = upload_blocks(r) ? STEP_BEGIN : STEP_WHOLE;
	u->offset = 0;
	u->blocks = 0;
	sha256_start(&u->hash);
	u->ahead = u->hash;
}

static void
end(struct batch *b)
{
	struct upload *u = b->upload;

	if (u->fd >= 0)
		close(u->fd);
	free(u->token);
	free(u);
	b->upload = NULL;
	buf_free(&b->body);		/* not every request is to hold a block one day */
	under_way--;
	batch_free(b);
}

struct batch *
upload_next(void)
{
	struct batch *b;
	struct row *r;

	while (under_way < UPLOADS && (r = queue_take(&upload_queue)) != NULL) {
		b = batch_new(FORM_SINGLE, r->want);
		batch_add(b, r);
		b->upload = xcalloc(1, sizeof(*b->upload));
		under_way++;
		begin(r, b->upload);
		snprintf(b->type, sizeof(b->type), "application/json; charset=utf-8");
		if (open_file(r, b->upload) && pack(b)) {
			if (!r->intended)
				journal_intent(r);
			r->intended = true;
			return b;
		}
		end(b);
	}
	return NULL;
}

/* ---- answers ---- */

static void
go_on(struct batch *b)
{
	b->client = NULL;
	if (pack(b))
		pace_ready(b, true);
	else
		end(b);
}

/* The same request once more; it is still in the body. */
static void
once_more(struct batch *b)
{
	b->client = NULL;
	pace_ready(b, true);
}

/* Until then the row is as it was. */
static bool
harmless(const struct batch *b)
{
	return b->upload->step == STEP_BEGIN || b->upload->step == STEP_BLOCK;
}

void
upload_lost(struct batch *b, bool sent, const char *what)
{
	struct row *r = b->row[0];

	if (sent && !harmless(b)) {
		answer_unknown(r, what);
		end(b);
	} else if (++r->tries > TRIES_MAX) {
		run_stop(EX_TEMPFAIL, "the file %s does not get through (%s); the same command goes on later", r->file->path, what);
		end(b);
	} else {
		once_more(b);
	}
}

static bool
take_token(struct upload *u, const struct http_answer *a)
{
	struct json j = { 0 };
	const struct json_value *v = NULL;
	const char *p;
	size_t n;

	if (json_parse(&j, a->body, a->n))
		v = json_get(&j, "FileContinuationToken");
	if (v != NULL && v->kind == JSON_STRING) {
		json_raw(v, &p, &n);
		free(u->token);
		u->token = xstrndup(p, n);
	}
	json_free(&j);
	return v != NULL && u->token != NULL;
}

/* The service's own count of the bytes, where it tells. */
static bool
all_there(const struct row *r, const struct http_answer *a)
{
	struct json j = { 0 };
	int64_t size = -1;
	bool good = true;

	if (a->n > 0 && json_parse(&j, a->body, a->n) && json_int(json_get(&j, "FileSizeInBytes"), &size))
		good = (uint64_t)size == r->file->size;
	json_free(&j);
	return good;
}

static void
step_done(struct batch *b, const struct http_answer *a, const char *request)
{
	struct reason why = { a->status, "", "", request };
	struct upload *u = b->upload;
	struct row *r = b->row[0];

	r->tries = 0;
	switch (u->step) {
	case STEP_BEGIN:
		if (!take_token(u, a)) {
			upload_lost(b, false, "an answer without a FileContinuationToken");
			return;
		}
		u->step = STEP_BLOCK;
		go_on(b);
		return;
	case STEP_BLOCK:
		u->hash = u->ahead;
		u->blocks++;
		u->offset += BLOCK;
		if (u->offset >= r->file->size)
			u->step = STEP_COMMIT;
		go_on(b);
		return;
	case STEP_WHOLE:
	case STEP_COMMIT:
		if (all_there(r, a))
			row_settle(r, b->want == WANT_PATCH ? OUT_UPDATED : OUT_CREATED, &why, "");
		else
			answer_unknown(r, "the service counts other bytes");
		end(b);
		return;
	}
}

/* Too large, or of a kind that is blocked: no second try helps. */
static bool
final(const struct reason *why)
{
	return strcmp(why->code, "0x80044a02") == 0 || strcmp(why->code, "0x80043e09") == 0;
}

static void
refused(struct batch *b, enum verdict v, const struct http_answer *a, const struct reason *why)
{
	struct row *r = b->row[0];

	if (v == SAID_ROW && b->upload->blocks > 0 && !final(why) && r->restarts++ < RESTARTS) {
		begin(r, b->upload);
		go_on(b);
		return;
	}
	answer_row(r, b->client, v, a, why);
	end(b);
}

void
upload_answer(struct batch *b, struct http *h, enum verdict v, const struct http_answer *a, const struct reason *why)
{
	struct row *r = b->row[0];

	switch (v) {
	case SAID_OK:
		pace_good(b->client, h);
		step_done(b, a, why->request);
		return;
	case SAID_THROTTLE:
		pace_throttled(b->client, why->code, a->retry_after);
		once_more(b);
		return;
	case SAID_TOKEN:
		if (pace_token(b->client))
			once_more(b);
		else
			refused(b, SAID_STOP, a, why);
		return;
	case SAID_RETRY:
		pace_jitter(b->client);
		upload_lost(b, false, why->message);
		return;
	case SAID_UNKNOWN:
		pace_trouble(b->client, why->message);
		if (why->status == 500 && r->tries >= TRIES_ERROR)
			refused(b, SAID_ROW, a, why);
		else
			upload_lost(b, true, why->message);
		return;
	default:
		refused(b, v, a, why);
	}
}
