/*
 * serve - one request from its arrival to its answer
 *
 * Every connection has its thread.  Work on the store is done under one lock
 * and in one transaction a request; delays are waited for outside it.
 *
 * Source: reference section 1.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include "serve.h"
#include "store.h"
#include "xalloc.h"

#define BODY_MAX (116UL * 1024 * 1024 + 870 * 1024)	/* 116.85 MB */

struct call {			/* a request being received */
	char *uri;
	struct buf body;
	bool started, too_large;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile bool stopping;

void *
serve_begin(void *cls, const char *uri, struct MHD_Connection *c)
{
	struct call *call = xcalloc(1, sizeof(*call));

	(void)cls;
	(void)c;
	call->uri = xstrdup(uri);
	return call;
}

void
serve_end(void *cls, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode why)
{
	struct call *call = *state;

	(void)cls;
	(void)c;
	(void)why;
	if (call == NULL)
		return;
	free(call->uri);
	buf_free(&call->body);
	free(call);
	*state = NULL;
}

void
serve_stop(void)
{
	stopping = true;
}

static enum MHD_Result
one_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct request *r = cls;

	(void)kind;
	headers_add(r->arena, &r->headers, name, value != NULL ? value : "");
	return MHD_YES;
}

static void
wait_ms(unsigned ms)
{
	struct timespec slice = { .tv_nsec = 20000000 };
	int64_t until = clock_ms() + ms, left;

	while (!stopping && (left = until - clock_ms()) > 0) {
		slice.tv_nsec = left < 20 ? left * 1000000 : 20000000;
		nanosleep(&slice, NULL);
	}
}

static bool
strong(const struct request *r)
{
	const char *v = request_header(r, "Consistency");

	return v != NULL && strcasecmp(v, "Strong") == 0;
}

/*
 * The work itself, in a transaction: what failed has been undone by then.
 * Returns its milliseconds: waiting for the lock is no execution time.
 */
static int64_t
work(struct request *r, struct reply *a)
{
	int64_t start;

	pthread_mutex_lock(&lock);
	start = clock_ms();
	store_begin();
	seed_user(r->user);
	if (strcmp(r->path, "$batch") == 0 && strcmp(r->method, "POST") == 0)
		batch_run(r, a);
	else
		route(r, a);
	if (!store_commit())
		reply_error(a, 500, "0x80044150", "Sql error: Generic SQL error. CRM ErrorCode: -2147204784 Sql ErrorCode: -2146232060 "
		    "Sql Number: 1105");
	start = clock_ms() - start;
	pthread_mutex_unlock(&lock);
	return start;
}

/* Everything between the token and the answer. */
static void
answer_api(struct request *r, struct reply *a)
{
	int64_t spent = 0;

	if (!auth_check(r, a))
		return;
	if (limits_before(r, a)) {
		switch (faults_before(r, a)) {
		case FAULT_NONE:
			spent = work(r, a);
			faults_after(r, a);
			break;
		case FAULT_REPLY:
		case FAULT_DROP:
			break;
		}
		if (a->delay_ms > 0)
			wait_ms(a->delay_ms);
	}
	limits_after(r, a, spent + a->delay_ms);
}

static void
answer(struct request *r, struct reply *a, bool too_large)
{
	if (auth_token(r, a))
		return;
	if (r->path == NULL)
		reply_text(a, 404, "404 - File or directory not found.");
	else if (too_large)
		reply_error(a, 413, "0x80060888", "The request entity is too large.");
	else
		answer_api(r, a);
}

/* ---- sending ---- */

struct half {
	char *p;
	size_t n;
};

static ssize_t
half_reader(void *cls, uint64_t at, char *out, size_t max)
{
	struct half *h = cls;
	size_t left = h->n / 2 - (at < h->n / 2 ? (size_t)at : h->n / 2);

	if (left == 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (left > max)
		left = max;
	memcpy(out, h->p + at, left);
	return (ssize_t)left;
}

static void
half_free(void *cls)
{
	struct half *h = cls;

	free(h->p);
	free(h);
}

static struct MHD_Response *
body_response(struct reply *a)
{
	struct half *h;

	if (a->send != SEND_HALF)
		return MHD_create_response_from_buffer(a->body.n, a->body.p != NULL ? a->body.p : (char *)"", MHD_RESPMEM_MUST_COPY);
	h = xcalloc(1, sizeof(*h));
	h->p = xmalloc(a->body.n + 1);
	h->n = a->body.n;
	if (h->n > 0)
		memcpy(h->p, a->body.p, h->n);
	return MHD_create_response_from_callback(a->body.n, 16384, half_reader, h, half_free);
}

static void
base_headers(struct MHD_Response *m, const struct request *r, const struct reply *a)
{
	char id[37];

	guid_new(id);
	MHD_add_response_header(m, "Cache-Control", "no-cache");
	MHD_add_response_header(m, "Expires", "-1");
	MHD_add_response_header(m, "x-ms-service-request-id", r->id);
	MHD_add_response_header(m, "REQ_ID", r->id);
	if (r->path == NULL || a->status == 401)
		return;
	MHD_add_response_header(m, "Strict-Transport-Security", "max-age=31536000; includeSubDomains");
	MHD_add_response_header(m, "AuthActivityId", id);
	MHD_add_response_header(m, "OData-Version", "4.0");
}

/* A connection that is dissolved is reset by the kernel at once. */
static void
reset(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	if (info != NULL)
		(void)connect(info->connect_fd, &none, sizeof(none));
}

static enum MHD_Result
send_reply(struct MHD_Connection *c, const struct request *r, struct reply *a)
{
	struct MHD_Response *m;
	enum MHD_Result done;
	size_t i;

	if (a->send == SEND_RESET)
		reset(c);
	if (a->send == SEND_RESET || a->send == SEND_NOTHING || stopping)
		return MHD_NO;
	m = body_response(a);
	base_headers(m, r, a);
	if (a->body.n > 0)
		MHD_add_response_header(m, "Content-Type", a->type != NULL ? a->type : "application/json; odata.metadata=minimal");
	for (i = 0; i < a->headers.n; i++)
		MHD_add_response_header(m, a->headers.h[i].name, a->headers.h[i].value);
	done = MHD_queue_response(c, (unsigned)a->status, m);
	MHD_destroy_response(m);
	return done;
}

static enum MHD_Result
serve(struct MHD_Connection *c, struct call *call, const char *method)
{
	struct arena memory = { 0 };
	struct request r = { .arena = &memory, .now = clock_ms() };
	struct reply a = { .arena = &memory };
	const char *host;
	char id[37];
	enum MHD_Result done;

	guid_new(id);
	r.id = id;
	r.method = arena_str(&memory, method);
	request_url(&r, call->uri);
	MHD_get_connection_values(c, MHD_HEADER_KIND, one_header, &r);
	json_pad(&call->body);
	r.body = call->body.p;
	r.n = call->body.n;
	host = request_header(&r, "Host");
	r.root = arena_printf(&memory, "http://%s%s", host != NULL ? host : "127.0.0.1", API_ROOT);
	if ((r.strong = strong(&r)))
		r.now = INT64_MAX;
	answer(&r, &a, call->too_large);
	done = send_reply(c, &r, &a);
	buf_free(&a.body);
	arena_free(&memory);
	return done;
}

enum MHD_Result
serve_request(void *cls, struct MHD_Connection *c, const char *url, const char *method, const char *version, const char *upload,
    size_t *n, void **state)
{
	struct call *call = *state;

	(void)cls;
	(void)url;
	(void)version;
	if (!call->started) {
		call->started = true;
		return MHD_YES;
	}
	if (*n > 0) {
		if (call->body.n + *n > BODY_MAX)
			call->too_large = true;
		else
			buf_add(&call->body, upload, *n);
		*n = 0;
		return MHD_YES;
	}
	return serve(c, call, method);
}
