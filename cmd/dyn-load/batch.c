/*
 * From rows to request bodies.
 *
 * bulk     CreateMultiple: rows of one table, all or nothing
 * parts    $batch with items outside change sets: each row for itself
 * single   one request for one row: large bodies, and rows whose answers were in doubt
 *
 * Bodies are put together from the spans of the lines; nothing is escaped or
 * parsed again.  A row's intent is noted in the journal when it is packed.
 * Sources: reference sections 3.1 (verbs), 4.1 ($batch), 5 (bulk), 9.4 (closing).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "xalloc.h"

#define SINGLE_FROM ((size_t)1 << 20)	/* bytes of a row that is sent alone */
#define BODY_MAX ((size_t)8 << 20)	/* far below the 116 MB at which plug-ins fail */
#define BOUNDARY "batch_7f3a1c9e5b2d4e60"

static struct batch *spare;

struct batch *
batch_new(enum form form, enum want want)
{
	struct batch *b = spare;

	if (b != NULL) {
		spare = b->next;
		b->next = NULL;
		b->n = b->body.n = b->path.n = 0;
	} else {
		b = xcalloc(1, sizeof(*b));
	}
	b->form = form;
	b->want = want;
	b->upload = NULL;
	b->client = NULL;
	b->fails = 0;
	b->if_match[0] = '\0';
	return b;
}

void
batch_free(struct batch *b)
{
	if (b->body.cap > BODY_MAX)
		buf_free(&b->body);
	b->next = spare;
	spare = b;
}

void
batch_add(struct batch *b, struct row *r)
{
	if (b->n == b->cap) {
		b->cap = b->cap == 0 ? 128 : b->cap * 2;
		b->row = xreallocarray(b->row, b->cap, sizeof(*b->row));
	}
	b->row[b->n++] = r;
}

/* ---- one row's request ---- */

static const char *
method(enum want want)
{
	return want == WANT_READ ? "GET" : want == WANT_PATCH ? "PATCH" : "POST";
}

static void
put_path(struct buf *b, struct row *r, enum want want)
{
	char id[GUID_TEXT + 1];

	if (want == WANT_ACTION) {
		buf_str(b, r->action);
		return;
	}
	if (r->how == HOW_CLOSE) {
		guid_text(&r->opportunity, id);
		buf_printf(b, "opportunities(%s)?$select=statecode,statuscode", id);
		return;
	}
	buf_str(b, r->table->set);
	if (want == WANT_CREATE)
		return;
	guid_text(&r->id, id);
	buf_char(b, '(');
	buf_add(b, id, GUID_TEXT);
	buf_char(b, ')');
	if (want == WANT_READ)
		compare_select(b, r);
}

void
batch_path(struct batch *b)
{
	put_path(&b->path, b->row[0], b->want);
	b->method = method(b->want);
	if (b->want == WANT_PATCH)
		snprintf(b->if_match, sizeof(b->if_match), "If-Match: %s", b->row[0]->etag);
}

static void
put_body(struct buf *b, const struct row *r, enum want want)
{
	if (want == WANT_ACTION)
		buf_printf(b, "{\"Status\":%lld,\"OpportunityClose\":", (long long)r->action_status);
	buf_char(b, '{');
	if (want == WANT_PATCH)
		buf_add(b, r->patch, r->patchlen);
	else
		buf_add(b, r->send, r->sendlen);
	buf_char(b, '}');
	if (want == WANT_ACTION)
		buf_char(b, '}');
}

static void
put_part(struct buf *b, struct row *r, enum want want, size_t number, const char *base)
{
	const char *const *h;
	size_t extra = want == WANT_PATCH ? r->patchlen : r->sendlen;
	char digits[24];

	buf_str(b, "--" BOUNDARY "\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: ");
	buf_uint(b, number + 1);
	buf_str(b, "\r\n\r\n");
	buf_str(b, method(want));
	buf_char(b, ' ');
	buf_str(b, base);
	put_path(b, r, want);
	buf_str(b, " HTTP/1.1\r\n");
	if (want == WANT_READ) {
		buf_str(b, "Accept: application/json\r\nPrefer: odata.include-annotations=\""
		    "Microsoft.Dynamics.CRM.lookuplogicalname,Microsoft.Dynamics.CRM.associatednavigationproperty\"\r\n\r\n\r\n");
		return;
	}
	for (h = options.header; *h != NULL; h++) {
		buf_str(b, *h);
		buf_str(b, "\r\n");
	}
	if (want == WANT_PATCH) {
		buf_str(b, "If-Match: ");
		buf_str(b, r->etag);
		buf_str(b, "\r\n");
	}
	if (want == WANT_ACTION)
		extra += (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)r->action_status) +
		    strlen("{\"Status\":,\"OpportunityClose\":}");
	buf_str(b, "Content-Type: application/json; type=entry\r\nContent-Length: ");
	buf_uint(b, extra + 2);
	buf_str(b, "\r\n\r\n");
	put_body(b, r, want);
	buf_str(b, "\r\n");
}

/* ---- one batch's request ---- */

static void
pack_parts(struct batch *b)
{
	const char *host = strstr(pace_root(), "://"), *base = strchr(host + 3, '/');
	size_t i;

	buf_str(&b->path, "$batch");
	snprintf(b->type, sizeof(b->type), "multipart/mixed; boundary=\"%s\"", BOUNDARY);
	for (i = 0; i < b->n; i++)
		put_part(&b->body, b->row[i], b->want, i, base);
	buf_str(&b->body, "--" BOUNDARY "--\r\n");
	b->method = "POST";
}

static void
pack_bulk(struct batch *b)
{
	const struct table *t = b->row[0]->table;
	struct buf head = { 0 };
	size_t i;

	buf_printf(&b->path, "%s/Microsoft.Dynamics.CRM.CreateMultiple", t->set);
	snprintf(b->type, sizeof(b->type), "application/json; charset=utf-8");
	buf_printf(&head, "{\"@odata.type\":\"Microsoft.Dynamics.CRM.%s\",", t->name);
	buf_str(&b->body, "{\"Targets\":[");
	for (i = 0; i < b->n; i++) {
		if (i > 0)
			buf_char(&b->body, ',');
		buf_add(&b->body, head.p, head.n);
		buf_add(&b->body, b->row[i]->send, b->row[i]->sendlen);
		buf_char(&b->body, '}');
	}
	buf_str(&b->body, "]}");
	b->method = "POST";
	buf_free(&head);
}

static void
pack_single(struct batch *b)
{
	batch_path(b);
	snprintf(b->type, sizeof(b->type), "application/json; charset=utf-8");
	if (b->want != WANT_READ)
		put_body(&b->body, b->row[0], b->want);
}

void
batch_pack(struct batch *b)
{
	size_t i;

	for (i = 0; i < b->n; i++) {
		if (b->want != WANT_READ && !b->row[i]->intended)
			journal_intent(b->row[i]);
		b->row[i]->intended = true;
	}
	b->path.n = b->body.n = 0;
	if (b->form == FORM_BULK)
		pack_bulk(b);
	else if (b->form == FORM_PARTS)
		pack_parts(b);
	else
		pack_single(b);
	buf_nul(&b->path);
	json_pad(&b->body);
}

void
batch_split(struct batch *b, enum form form)
{
	struct batch *half;
	size_t cut = b->n > 1 ? b->n / 2 : 0, i;

	/* The second half first: the first one then stands in front of it. */
	half = batch_new(form, b->want);
	for (i = cut; i < b->n; i++)
		batch_add(half, b->row[i]);
	if (half->n == 1 && form == FORM_PARTS)
		half->form = FORM_SINGLE;
	batch_pack(half);
	pace_ready(half, true);
	b->n = cut;
	if (cut > 0)
		batch_again(b, cut == 1 && form == FORM_PARTS ? FORM_SINGLE : form);
	else
		batch_free(b);
}

void
batch_again(struct batch *b, enum form form)
{
	b->form = form;
	b->client = NULL;
	batch_pack(b);
	pace_ready(b, true);
}

/* ---- from the queues ---- */

static enum form
form_of(const struct row *r)
{
	bool create = r->want == WANT_CREATE;

	if (options.form == FORM_SINGLE || r->alone || (r->want != WANT_READ && r->sendlen > SINGLE_FROM))
		return FORM_SINGLE;
	/* A row that had to wait may fail again: in a bulk message it would fail all others. */
	return create && r->table->bulk && !r->nested && r->parkedno < 0 ? FORM_BULK : FORM_PARTS;
}

static struct batch *
gather(struct queue *q, size_t size)
{
	enum form form = form_of(q->first);
	struct batch *b = batch_new(form, q->first->want);
	size_t bytes = 0;

	do {
		bytes += q->first->sendlen + 400;
		batch_add(b, queue_take(q));
	} while (form != FORM_SINGLE && q->first != NULL && b->n < size && form_of(q->first) == form &&
	    bytes + q->first->sendlen < BODY_MAX);
	/* A message of one row has no use but a less clear answer. */
	if (b->n == 1 && b->want == WANT_CREATE && options.form == FORM_AUTO)
		b->form = FORM_SINGLE;
	batch_pack(b);
	return b;
}

struct batch *
batch_next(bool rest)
{
	static const enum want order[] = { WANT_PATCH, WANT_ACTION, WANT_READ };
	struct table *t;
	struct batch *b = upload_next();
	struct queue *q;
	size_t i;

	if (b != NULL)
		return b;
	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		q = &queues[order[i]];
		if (q->n >= options.batch || (q->n > 0 && (rest || order_head(q->first))))
			return gather(q, options.batch);
	}
	for (t = tables; t != NULL; t = t->next) {
		if (t->creates.n == 0)
			continue;
		if (!t->probed)
			table_probe(t);
		if (t->creates.n >= t->size || rest || order_head(t->creates.first))
			return gather(&t->creates, t->size);
	}
	return NULL;
}
