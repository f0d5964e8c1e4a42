/*
 * batch - $batch: several operations in one request
 *
 * The whole body is taken apart and judged first; a batch that is malformed is
 * refused as a whole, before anything is done.  Then the items run in order.
 * A change set is one savepoint: all of it or, answered by the one operation
 * that failed, nothing.  Lines may end in CRLF or LF; answers have CRLF.
 *
 * Source: reference section 4.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "store.h"
#include "batch.h"

#define MAX_REQUESTS 1000
#define MAX_URL 65536

struct span {
	const char *p, *end;
};

struct operation {
	struct span http;		/* request line, headers, body */
	const char *id;			/* Content-ID; NULL if none */
	size_t set;			/* number of its change set from 1; 0: on its own */
};

struct references {
	const char **id, **url;
	size_t n;
};

struct batch {
	struct request *outer;
	struct operation *op;
	size_t n, cap, sets;
	struct references known;
	const char *made;		/* what the operation in hand made or changed */
};

static bool
refuse(struct reply *a, const char *why)
{
	return reply_error(a, 400, "0x80060888", "%s", why);
}

/* ---- the request taken apart ---- */

/* One line without its end; s moves behind it. */
static struct span
take_line(struct span *s)
{
	const char *lf = memchr(s->p, '\n', (size_t)(s->end - s->p));
	struct span line = { s->p, lf != NULL ? lf : s->end };

	s->p = lf != NULL ? lf + 1 : s->end;
	if (line.end > line.p && line.end[-1] == '\r')
		line.end--;
	return line;
}

static char *
span_text(struct arena *a, struct span s)
{
	while (s.p < s.end && isspace((unsigned char)*s.p))
		s.p++;
	while (s.end > s.p && isspace((unsigned char)s.end[-1]))
		s.end--;
	return arena_dup(a, s.p, (size_t)(s.end - s.p));
}

/* Header lines up to the empty one. */
static void
take_headers(struct arena *a, struct span *s, struct headers *out)
{
	struct span line;
	const char *colon;

	*out = (struct headers){ 0 };
	while (s->p < s->end) {
		line = take_line(s);
		if (line.p == line.end)
			return;
		if ((colon = memchr(line.p, ':', (size_t)(line.end - line.p))) != NULL)
			headers_add(a, out, span_text(a, (struct span){ line.p, colon }), span_text(a, (struct span){ colon + 1, line.end }));
	}
}

static const char *
header_of(const struct headers *h, const char *name)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (strcasecmp(h->h[i].name, name) == 0)
			return h->h[i].value;
	return NULL;
}

/* boundary=x or boundary="x" of a multipart/mixed type; NULL if it is none. */
static char *
boundary_of(struct arena *a, const char *type)
{
	const char *p;

	if (type == NULL || strncasecmp(type, "multipart/mixed", 15) != 0 || (p = strcasestr(type, "boundary=")) == NULL)
		return NULL;
	p += 9;
	if (*p == '"')
		return arena_dup(a, p + 1, strcspn(p + 1, "\""));
	return arena_dup(a, p, strcspn(p, "; \t"));
}

enum mark { NO_MARK, MARK, LAST_MARK };

static enum mark
boundary_mark(struct span line, const char *boundary)
{
	size_t n = strlen(boundary);

	while (line.end > line.p && (line.end[-1] == ' ' || line.end[-1] == '\t'))
		line.end--;
	if ((size_t)(line.end - line.p) < n + 2 || memcmp(line.p, "--", 2) != 0 || memcmp(line.p + 2, boundary, n) != 0)
		return NO_MARK;
	if ((size_t)(line.end - line.p) == n + 2)
		return MARK;
	return (size_t)(line.end - line.p) == n + 4 && memcmp(line.end - 2, "--", 2) == 0 ? LAST_MARK : NO_MARK;
}

/* The next part between two delimiters. false: there is none; *closed: the last delimiter was seen. */
static bool
take_part(struct span *s, const char *boundary, bool *begun, bool *closed, struct span *part)
{
	struct span line;
	enum mark mark;
	const char *start = NULL;

	if (*begun)
		start = s->p;
	while (s->p < s->end) {
		line = take_line(s);
		if ((mark = boundary_mark(line, boundary)) == NO_MARK)
			continue;
		*closed = mark == LAST_MARK;
		if (start != NULL) {
			*part = (struct span){ start, line.p };
			if (part->end > part->p && part->end[-1] == '\n')
				part->end--;
			if (part->end > part->p && part->end[-1] == '\r')
				part->end--;
			return true;
		}
		if (*closed)
			return false;
		*begun = true;
		start = s->p;
	}
	return false;
}

static bool
add_operation(struct batch *b, struct reply *a, struct span http, const char *id, size_t set)
{
	struct arena *memory = b->outer->arena;
	struct operation *more;
	size_t i;

	for (i = 0; id != NULL && i < b->n; i++)
		if (b->op[i].id != NULL && strcmp(b->op[i].id, id) == 0)
			return reply_error(a, 400, "0x80060888", "The content ID '%s' was found more than once in the same change set or same "
			    "batch request. Content IDs have to be unique across all operations of a batch.", id);
	if (b->n == MAX_REQUESTS)
		return refuse(a, "The number of requests in the batch exceeds the maximum of 1000.");
	if (b->n == b->cap) {
		more = arena_get(memory, (b->cap = b->cap ? b->cap * 2 : 64) * sizeof(*more));
		if (b->n > 0)
			memcpy(more, b->op, b->n * sizeof(*more));
		b->op = more;
	}
	b->op[b->n++] = (struct operation){ .http = http, .id = id, .set = set };
	return true;
}

static bool
read_changeset(struct batch *b, struct reply *a, struct span s, const char *boundary)
{
	struct headers headers;
	struct span part;
	bool begun = false, closed = false;
	const char *type, *id;
	size_t before = b->n;

	b->sets++;
	while (!closed && take_part(&s, boundary, &begun, &closed, &part)) {
		take_headers(b->outer->arena, &part, &headers);
		type = header_of(&headers, "Content-Type");
		if (type == NULL || strncasecmp(type, "application/http", 16) != 0)
			return refuse(a, "A part of a change set must be application/http.");
		if ((id = header_of(&headers, "Content-ID")) == NULL)
			return refuse(a, "Content-ID header not present: every part of a change set needs one.");
		if ((size_t)(part.end - part.p) >= 4 && memcmp(part.p, "GET ", 4) == 0)
			return refuse(a, "An invalid HTTP method 'GET' was detected for a request in a change set.");
		if (!add_operation(b, a, part, id, b->sets))
			return false;
	}
	if (!closed)
		return refuse(a, "The change set is not closed by its last boundary.");
	return b->n > before || refuse(a, "A change set is empty.");
}

static bool
read_batch(struct batch *b, struct reply *a, const char *boundary)
{
	struct span s = { b->outer->body, b->outer->body + b->outer->n }, part;
	struct headers headers;
	bool begun = false, closed = false;
	const char *type;
	char *inner;

	while (!closed && take_part(&s, boundary, &begun, &closed, &part)) {
		take_headers(b->outer->arena, &part, &headers);
		type = header_of(&headers, "Content-Type");
		if ((inner = boundary_of(b->outer->arena, type)) != NULL) {
			if (!read_changeset(b, a, part, inner))
				return false;
		} else if (type == NULL || strncasecmp(type, "application/http", 16) != 0) {
			return refuse(a, "A part of a batch must be application/http or multipart/mixed.");
		} else if (!add_operation(b, a, part, header_of(&headers, "Content-ID"), 0)) {
			return false;
		}
	}
	if (!begun)
		return refuse(a, "The batch does not begin with its boundary.");
	return closed || refuse(a, "The batch is not closed by its last boundary.");
}

/* ---- operations ---- */

void
batch_made(struct request *r, const char *url)
{
	if (r->batch != NULL)
		r->batch->made = url;
}

const char *
batch_reference(struct request *r, const char *id)
{
	size_t i;

	for (i = 0; r->batch != NULL && i < r->batch->known.n; i++)
		if (strcmp(r->batch->known.id[i], id) == 0)
			return r->batch->known.url[i];
	return NULL;
}

/* "$1/primarycontactid/$ref", also below the root of the API. */
static const char *
resolve(struct request *r, struct reply *a, const char *url)
{
	const char *p = strstr(url, API_ROOT), *made;
	char *id;
	size_t n;

	p = p != NULL ? p + strlen(API_ROOT) : url + (*url == '/');
	if (*p != '$' || strncmp(p, "$metadata", 9) == 0 || strncmp(p, "$batch", 6) == 0) {
		if (*url == '/' || strstr(url, "://") != NULL)
			return url;
		return arena_printf(r->arena, "%s%s", API_ROOT, url);
	}
	n = strcspn(p + 1, "/?");
	id = arena_dup(r->arena, p + 1, n);
	if ((made = batch_reference(r, id)) == NULL) {
		reply_error(a, 400, "0x80060888", "Content-ID Reference: '$%s' does not exist in the batch context.", id);
		return NULL;
	}
	return arena_printf(r->arena, "%s%s%s", API_ROOT, made, p + 1 + n);
}

/* The request line, and with it the request. */
static bool
read_operation(struct batch *b, struct reply *a, struct span s, struct request *r)
{
	char *line = span_text(r->arena, take_line(&s)), *url, *end;
	const char *full, *consistency;

	take_headers(r->arena, &s, &r->headers);
	r->method = line;
	if ((url = strchr(line, ' ')) == NULL || (end = strrchr(line, ' ')) == url || strncmp(end, " HTTP/", 6) != 0)
		return refuse(a, "A part of the batch has no valid request line.");
	*url++ = '\0';
	*end = '\0';
	if (strlen(url) >= MAX_URL)
		return refuse(a, "The address of a part of the batch is too long.");
	while (s.end > s.p && isspace((unsigned char)s.end[-1]))
		s.end--;
	while (s.p < s.end && isspace((unsigned char)*s.p))
		s.p++;
	r->n = (size_t)(s.end - s.p);
	r->body = s.p;
	r->batch = b;
	if ((full = resolve(r, a, url)) == NULL)
		return false;
	request_url(r, full);
	consistency = request_header(r, "Consistency");
	if (consistency != NULL && strcasecmp(consistency, "Strong") == 0) {
		r->strong = true;
		r->now = INT64_MAX;
	}
	return (r->path == NULL || strcmp(r->path, "$batch") != 0) || refuse(a, "A batch cannot hold another batch.");
}

static void
remember(struct batch *b, const struct operation *op, struct arena *memory)
{
	struct references *k = &b->known;

	if (op->id == NULL || b->made == NULL)
		return;
	if (k->id == NULL) {
		k->id = arena_get(memory, MAX_REQUESTS * sizeof(*k->id));
		k->url = arena_get(memory, MAX_REQUESTS * sizeof(*k->url));
	}
	k->id[k->n] = op->id;
	k->url[k->n++] = arena_str(memory, b->made);
}

static void
run_operation(struct batch *b, const struct operation *op, struct request *r, struct reply *a)
{
	char id[37];

	guid_new(id);
	r->id = arena_str(r->arena, id);
	b->made = NULL;
	if (read_operation(b, a, op->http, r) && !faults_part(r, a))
		route(r, a);
	if (a->status < 400)
		remember(b, op, b->outer->arena);
}

/* ---- the answer ---- */

static const char *
reason(int status)
{
	static const struct { int status; const char *text; } known[] = {
		{ 200, "OK" }, { 201, "Created" }, { 204, "No Content" }, { 304, "Not Modified" }, { 400, "Bad Request" }, { 401, "Unauthorized" },
		{ 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" }, { 412, "Precondition Failed" },
		{ 413, "Payload Too Large" }, { 415, "Unsupported Media Type" }, { 429, "Too Many Requests" }, { 500, "Internal Server Error" },
		{ 501, "Not Implemented" }, { 502, "Bad Gateway" }, { 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].status == status)
			return known[i].text;
	return "Unknown";
}

static void
write_part(struct buf *out, const char *boundary, const struct operation *op, const struct request *r, const struct reply *a)
{
	size_t i;

	buf_printf(out, "--%s\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n", boundary);
	if (op->set > 0)
		buf_printf(out, "Content-ID: %s\r\n", op->id);
	buf_printf(out, "\r\nHTTP/1.1 %d %s\r\n", a->status, reason(a->status));
	if (a->status >= 400)
		buf_printf(out, "REQ_ID: %s\r\n", r->id);
	if (a->body.n > 0)
		buf_printf(out, "Content-Type: %s\r\n", a->type != NULL ? a->type : "application/json; odata.metadata=minimal");
	buf_str(out, "OData-Version: 4.0\r\n");
	for (i = 0; i < a->headers.n; i++)
		buf_printf(out, "%s: %s\r\n", a->headers.h[i].name, a->headers.h[i].value);
	buf_str(out, "\r\n");
	buf_add(out, a->body.p, a->body.n);
	buf_str(out, "\r\n");
}

static struct request
part_request(const struct batch *b, struct arena *memory)
{
	struct request r = { .arena = memory, .root = b->outer->root, .strong = b->outer->strong, .now = b->outer->now };

	memcpy(r.user, b->outer->user, sizeof(r.user));
	return r;
}

/* Runs operations first .. end-1, a whole change set or one on its own; the status of the one that failed, or 0. */
static int
run_group(struct batch *b, size_t first, size_t end, const char *boundary, struct buf *out)
{
	struct buf parts = { 0 };
	struct reply a;
	struct request r;
	struct arena memory;
	size_t i;
	int failed = 0;

	for (i = first; i < end && failed == 0; i++) {
		memory = (struct arena){ 0 };
		r = part_request(b, &memory);
		a = (struct reply){ .arena = &memory };
		run_operation(b, &b->op[i], &r, &a);
		if (a.status >= 400) {
			failed = a.status;
			parts.n = 0;
		}
		write_part(&parts, boundary, &b->op[i], &r, &a);
		buf_free(&a.body);
		arena_free(&memory);
	}
	buf_add(out, parts.p, parts.n);
	buf_free(&parts);
	return failed;
}

static int
run_changeset(struct batch *b, size_t first, size_t end, const char *boundary, struct buf *out)
{
	char id[37], inner[64];
	size_t known = b->known.n;
	int failed;

	guid_new(id);
	snprintf(inner, sizeof(inner), "changesetresponse_%s", id);
	buf_printf(out, "--%s\r\nContent-Type: multipart/mixed; boundary=%s\r\n\r\n", boundary, inner);
	store_exec("SAVEPOINT changeset");
	if ((failed = run_group(b, first, end, inner, out)) != 0) {
		store_exec("ROLLBACK TO changeset");
		b->known.n = known;
	}
	store_exec("RELEASE changeset");
	buf_printf(out, "--%s--\r\n", inner);
	return failed;
}

void
batch_run(struct request *r, struct reply *a)
{
	struct batch b = { .outer = r };
	char *boundary = boundary_of(r->arena, request_header(r, "Content-Type")), id[37], own[64];
	bool go_on = request_prefer(r, "odata.continue-on-error") != NULL;
	size_t i, end;
	int failed = 0;

	if (boundary == NULL || boundary[0] == '\0') {
		refuse(a, "The content type of a batch must be multipart/mixed with a boundary.");
		return;
	}
	if (!read_batch(&b, a, boundary))
		return;
	guid_new(id);
	snprintf(own, sizeof(own), "batchresponse_%s", id);
	for (i = 0; i < b.n && (failed == 0 || go_on); i = end) {
		for (end = i + 1; b.op[i].set > 0 && end < b.n && b.op[end].set == b.op[i].set; end++)
			;
		failed = b.op[i].set > 0 ? run_changeset(&b, i, end, own, &a->body) : run_group(&b, i, end, own, &a->body);
	}
	buf_printf(&a->body, "--%s--\r\n", own);
	a->status = failed != 0 && !go_on ? failed : 200;
	a->type = arena_printf(r->arena, "multipart/mixed; boundary=%s", own);
}
