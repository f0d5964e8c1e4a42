/*
 * What becomes of a row once the target has been asked for it.
 *
 * A row of ours (its sm_salesmate_id is the source's id; on tables without
 * that column: the journal knows it) is compared: equal is done, else the
 * columns that differ are patched, guarded by the version that was read, and
 * what they replace goes to the journal first.  A row under our id that is not
 * ours is a conflict and stays as it is.
 */
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "xalloc.h"

#define SOURCE_COLUMN "sm_salesmate_id"

static void
judge(struct row *r, const char *code, int status, const char *request, const char *message)
{
	row_reject(r, code, &(struct reason){ status, code, message, request });
}

static void
read_again(struct row *r, const char *request)
{
	if (++r->tries > 10) {
		judge(r, "refused", 200, request, "the service does not show this row when asked for it");
		return;
	}
	r->alone = true;
	row_want(r, WANT_READ);
}

/* ---- closed opportunities ---- */

static void
settle_close(struct row *r, const struct json *j, const char *request)
{
	int64_t state = -1, wanted = strcmp(r->action, "WinOpportunity") == 0 ? 1 : 2;

	json_int(json_get(j, "statecode"), &state);
	if (state == wanted)
		row_settle(r, r->ask == ASK_UNKNOWN ? OUT_CREATED : OUT_UNCHANGED, &(struct reason){ 200, "", "", request }, r->etag);
	else if (state == 0 && r->tries++ < 4)
		row_want(r, WANT_ACTION);
	else if (state == 0)
		judge(r, "refused", 200, request, "the opportunity is open, and the service will not close it");
	else
		judge(r, "conflict", 200, request, "the opportunity is closed otherwise (won instead of lost, or lost instead of won)");
}

/* ---- ours or not ---- */

static bool
same_key(const struct json_value *v, const struct row *r)
{
	char *a = json_strdup(v), *b = json_strdup(&r->key);
	bool same = a != NULL && b != NULL && strcmp(a, b) == 0;

	free(a);
	free(b);
	return same;
}

static bool
is_ours(const struct row *r, const struct json *j)
{
	const struct json_value *v = json_get(j, SOURCE_COLUMN);
	bool marked = table_column(r->table, SOURCE_COLUMN, strlen(SOURCE_COLUMN)) != NULL;

	switch (r->how) {
	case HOW_CREATE:
		return marked ? !json_null(v) && same_key(v, r) : r->ours || r->ask == ASK_UNKNOWN;
	case HOW_UPDATE:
		return !marked || json_null(v) || same_key(v, r);
	default:
		return true;		/* a match is a row of somebody else's */
	}
}

/* ---- rows that are there ---- */

static void
settle_equal(struct row *r, const char *request)
{
	struct reason why = { 200, "", "", request };
	bool ours_now = r->ask == ASK_UNKNOWN;

	if (r->how == HOW_CREATE)
		row_settle(r, ours_now ? OUT_CREATED : OUT_UNCHANGED, &why, r->etag);
	else if (r->how == HOW_UPDATE)
		row_settle(r, ours_now ? OUT_UPDATED : OUT_UNCHANGED, &why, r->etag);
	else
		row_settle(r, ours_now && r->policy != POLICY_LEAVE ? OUT_UPDATED : OUT_MATCHED, &why, r->etag);
}

/*
 * Is the file there another one?  An attachment that came in blocks cannot be
 * replaced, so of an edited one only the size is judged; reconcile compares
 * the hash of all.
 */
static bool
other_file(const struct row *r, const struct json *j)
{
	int64_t size = -1;

	if (r->file == NULL)
		return false;
	json_int(json_get(j, "filesize"), &size);
	return size < 0 || (uint64_t)size != r->file->size || (r->ask == ASK_CHANGED && !upload_fixed(r));
}

static void
settle_there(struct row *r, const struct json *j, const char *request)
{
	struct buf patch = { 0 }, before = { 0 };

	if (r->how == HOW_CREATE && r->ask == ASK_EXISTS)
		r->table->there++;
	if (!is_ours(r, j)) {
		judge(r, "conflict", 200, request, "a row with this id is there, and it is not this record's: "
		    "its sm_salesmate_id is missing or another; it stays as it is");
		return;
	}
	r->resend = other_file(r, j);
	if (r->resend && upload_fixed(r)) {
		judge(r, "conflict", 200, request, "this attachment is there with another file: one over 4 MB is made by the service and never "
		    "replaced; delete the row there to have it made again");
		return;
	}
	if (r->how != HOW_MATCHED || r->policy != POLICY_LEAVE)
		compare_rows(r, j, r->how == HOW_MATCHED && r->policy == POLICY_FILL, &patch, &before);
	if (patch.n == 0 && !r->resend) {
		settle_equal(r, request);
	} else {
		journal_before(r, r->etag, &before);
		free(r->patch);
		r->patch = patch.p;
		r->patchlen = patch.n;
		patch = (struct buf){ 0 };
		if (r->etag[0] == '\0')
			strcpy(r->etag, "*");
		row_want(r, WANT_PATCH);
	}
	buf_free(&patch);
	buf_free(&before);
}

static bool
right_row(const struct row *r, const struct json *j)
{
	const struct json_value *v = json_get(j, r->how == HOW_CLOSE ? "opportunityid" : r->table->key);
	const struct guid *want = r->how == HOW_CLOSE ? &r->opportunity : &r->id;
	struct guid id;

	if (v == NULL && r->how == HOW_CLOSE)
		return json_get(j, "statecode") != NULL;
	return v != NULL && guid_parse(v->p, v->n, &id) && memcmp(id.b, want->b, sizeof(id.b)) == 0;
}

void
settle_read(struct row *r, const char *body, size_t n, const char *request)
{
	static struct json j;		/* reused; no state between answers */
	const struct json_value *etag;
	char *text;

	if (!json_parse(&j, body, n) || !right_row(r, &j)) {
		read_again(r, request);
		return;
	}
	etag = json_get(&j, "@odata.etag");
	text = etag != NULL ? json_strdup(etag) : NULL;
	r->etag[0] = '\0';
	if (text != NULL && strlen(text) < sizeof(r->etag) && strpbrk(text, "\r\n") == NULL)
		strcpy(r->etag, text);
	free(text);
	if (r->how == HOW_CLOSE)
		settle_close(r, &j, request);
	else
		settle_there(r, &j, request);
}

/* ---- rows that are not ---- */

void
settle_absent(struct row *r, const struct reason *why)
{
	if (r->how == HOW_CREATE && r->ask != ASK_CHANGED) {
		r->asked = true;
		r->table->there = 0;
		row_want(r, WANT_CREATE);
	} else if (r->how == HOW_CREATE) {
		judge(r, "missing", why->status, why->request, "it was loaded before and is gone from the target: "
		    "deleted there; it is not created again by itself");
	} else if (r->how == HOW_CLOSE) {
		row_park(r, "missing-reference", why);
	} else {
		row_park(r, "missing", why);
	}
}
