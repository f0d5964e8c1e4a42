/*
 * The HTTP side (libmicrohttpd, a thread a connection).  One lock is held
 * while a call is answered, so calls are answered one at a time; a delay fault
 * waits without it.
 *
 * Order of the checks: link, token, the hour's limit, faults, the body, the
 * path.  Calls of a wrong link or token count towards nothing.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "nd.h"
#include "sandbox.h"
#include "xalloc.h"

#define BODY_MAX ((size_t)1 << 20)
#define HOUR 3600

/* One request while its pieces arrive. */
struct request {
	char *target;		/* as it came, before anything is decoded */
	struct buf body;
	bool started;
	bool toolong;
};

struct server {
	struct options o;
	struct MHD_Daemon *daemon;
	pthread_mutex_t lock;
	pthread_cond_t wake;	/* the end has come: delays end */
	bool stopping;
	char *link;		/* <SM_LINK>.salesmate.io */
	char *base;
	struct nd_out log;
	time_t hour;
	unsigned long in_hour;
	uint64_t calls, good;
};

const char *
call_query(const struct call *c, const char *name)
{
	return MHD_lookup_connection_value((struct MHD_Connection *)c->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *
call_header(const struct call *c, const char *name)
{
	return MHD_lookup_connection_value((struct MHD_Connection *)c->connection, MHD_HEADER_KIND, name);
}

/* x-linkname and the key; false: answered, in the spelling that a live account used. */
static bool
admitted(const struct server *s, struct call *c)
{
	const char *link = call_header(c, "x-linkname"), *token = call_header(c, "accessToken");
	bool old = c->nseg > 0 && c->seg[0][0] == 'v' && c->seg[0][1] >= '1' && c->seg[0][1] <= '3' &&
	    c->seg[0][2] == '\0';

	if (link != NULL && strcasecmp(link, s->link) != 0) {
		answer_error_lower(c, 404, "NoSuchLinkExist", "Link  not found");
		return false;
	}
	if (token == NULL && old)
		token = call_header(c, "sessionToken");
	if (link == NULL || token == NULL || strcmp(token, s->o.token) != 0) {
		answer_error_lower(c, 403, "AuthorizationFailed", "");
		return false;
	}
	return true;
}

static bool
within_limit(struct server *s, struct call *c)
{
	time_t hour = time(NULL) / HOUR;

	if (hour != s->hour)
		s->in_hour = 0;
	s->hour = hour;
	if (s->o.limit == 0 || ++s->in_hour <= s->o.limit)
		return true;
	answer_error_lower(c, 429, "TooManyRequests", "Call limit of the hour exceeded");
	return false;
}

/* The body of a POST; false: answered. */
static bool
judged(struct call *c, const struct request *r, struct json *j)
{
	const char *type = call_header(c, "Content-Type");

	if (strcmp(c->method, "POST") != 0)
		return true;
	if (r->toolong) {
		answer_error(c, 413, NULL, "PayloadTooLarge", "The body is too large");
		return false;
	}
	if (type == NULL || strncasecmp(type, "application/json", 16) != 0) {
		answer_invalid(c, "Content-Type must be application/json");
		return false;
	}
	if (r->body.n == 0 || !json_parse(j, r->body.p, r->body.n)) {
		answer_invalid(c, "The body is not a JSON object");
		return false;
	}
	c->body = (struct json_value){ .p = r->body.p + strspn(r->body.p, " \t\r\n"), .kind = JSON_OBJECT };
	c->body.n = r->body.n - (size_t)(c->body.p - r->body.p);
	while (c->body.p[c->body.n - 1] != '}')
		c->body.n--;
	return true;
}

static void
wait_delay(struct server *s, unsigned long ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (!s->stopping && pthread_cond_timedwait(&s->wake, &s->lock, &until) != ETIMEDOUT)
		;
}

/* true: the fault is the answer */
static bool
struck(struct server *s, struct call *c, const struct fault *f)
{
	if (f->delay > 0)
		wait_delay(s, f->delay);
	c->empty = f->kind == FAULT_EMPTY;
	switch (f->kind) {
	case FAULT_STATUS:
		answer_error_lower(c, f->status, "Fault", "A fault on demand");
		return true;
	case FAULT_FAIL200:
		if (f->upper)
			answer_error(c, 200, "5000", "InternalError", "Something went wrong");
		else
			answer_error_lower(c, 200, "InternalError", "Something went wrong");
		return true;
	case FAULT_HTML:
		c->reply.status = 200;
		c->reply.type = "text/html; charset=utf-8";
		buf_str(&c->reply.body, "<!DOCTYPE html>\n<html><head><title>Salesmate</title></head>"
		    "<body><div id=\"app\"></div></body></html>\n");
		return true;
	case FAULT_DROP:
		c->reply.status = 0;
		return true;
	case FAULT_CUT:
		if (notes_is_storage(c))
			return false;		/* send_reply cuts */
		c->reply.status = 0;
		return true;
	default:
		return false;
	}
}

static void
log_call(struct server *s, const struct call *c, const struct request *r, const struct fault *f)
{
	static const char *const names[] = { "", "status", "fail200", "html", "drop", "empty", "cut" };
	struct buf b = { 0 };

	if (s->o.log == NULL)
		return;
	buf_printf(&b, "{\"call\":%llu,\"method\":", (unsigned long long)s->calls);
	buf_json_str(&b, c->method);
	buf_str(&b, ",\"target\":");
	buf_json_str(&b, c->target);
	buf_str(&b, ",\"body\":");
	if (c->body.kind == JSON_OBJECT)
		json_put(&b, &c->body);
	else
		buf_str(&b, "null");
	buf_printf(&b, ",\"status\":%d,\"rows\":%zu,\"fault\":\"%s\",\"bytes\":%zu}", c->reply.status, c->reply.rows,
	    names[f->kind], r->body.n);
	nd_write(&s->log, b.p, b.n);
	nd_flush(&s->log);
	buf_free(&b);
}

/* Of a file that is announced whole, one half: then the connection is closed. */
static ssize_t
read_half(void *arg, uint64_t at, char *p, size_t n)
{
	const int *fd = arg;
	off_t size = lseek(*fd, 0, SEEK_END);
	ssize_t got;

	if (at >= (uint64_t)size / 2)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (n > (uint64_t)size / 2 - at)
		n = (size_t)((uint64_t)size / 2 - at);
	got = pread(*fd, p, n, (off_t)at);
	return got > 0 ? got : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void
close_half(void *arg)
{
	close(*(int *)arg);
	free(arg);
}

static struct MHD_Response *
file_response(int fd, off_t size, bool cut)
{
	int *kept;

	if (!cut)
		return MHD_create_response_from_fd((size_t)size, fd);
	kept = xmalloc(sizeof *kept);
	*kept = fd;
	return MHD_create_response_from_callback((uint64_t)size, 64 << 10, read_half, kept, close_half);
}

static enum MHD_Result
send_reply(struct MHD_Connection *connection, struct call *c, const struct fault *f)
{
	struct MHD_Response *response;
	enum MHD_Result sent;
	char seconds[24];
	int fd = -1;
	off_t size;

	if (c->reply.status == 0)
		return MHD_NO;		/* the connection is closed without an answer */
	if (c->reply.file != NULL) {
		if ((fd = open(c->reply.file, O_RDONLY | O_CLOEXEC)) == -1 || (size = lseek(fd, 0, SEEK_END)) == -1)
			err(EX_IOERR, "%s", c->reply.file);
		response = file_response(fd, size, f->kind == FAULT_CUT);
	} else {
		response = MHD_create_response_from_buffer(c->reply.body.n, c->reply.body.p, MHD_RESPMEM_MUST_COPY);
	}
	MHD_add_response_header(response, "Content-Type", c->reply.type);
	if (f->kind == FAULT_STATUS && f->retry_after >= 0) {
		snprintf(seconds, sizeof seconds, "%ld", f->retry_after);
		MHD_add_response_header(response, "Retry-After", seconds);
	}
	sent = MHD_queue_response(connection, (unsigned)c->reply.status, response);
	MHD_destroy_response(response);
	return sent;
}

/* The path in segments; one empty segment at the end (a trailing slash) is taken off. */
static void
segments(struct call *c, char *path)
{
	char *at = path[0] == '/' ? path + 1 : path, *one;

	while ((one = strsep(&at, "/")) != NULL && c->nseg < SEGMENTS)
		c->seg[c->nseg++] = one;
	if (one != NULL)
		c->nseg = 0;		/* longer than any known path */
	if (c->nseg > 0 && c->seg[c->nseg - 1][0] == '\0')
		c->nseg--;
}

/* Takes /apis off; false if it is not there. */
static bool
under_apis(struct call *c)
{
	if (c->nseg == 0 || strcmp(c->seg[0], "apis") != 0)
		return false;
	memmove(c->seg, c->seg + 1, (c->nseg - 1) * sizeof c->seg[0]);
	c->nseg--;
	return true;
}

static void
answer_call(struct server *s, struct call *c, const struct request *r, struct fault *f)
{
	struct json j = { 0 };

	if (admitted(s, c) && within_limit(s, c)) {
		*f = faults_next(s->o.faults, c->method, c->target);
		if (!struck(s, c, f) && judged(c, r, &j))
			route(c);
	}
	log_call(s, c, r, f);
	json_free(&j);
}

/* The storage is not the API: no account, no key, no limit. */
static void
answer_storage(struct server *s, struct call *c, const struct request *r, struct fault *f)
{
	*f = faults_next(s->o.faults, c->method, c->target);
	if (!struck(s, c, f))
		notes_file(c);
	log_call(s, c, r, f);
}

static enum MHD_Result
answer(struct server *s, struct MHD_Connection *connection, const char *url, const char *method, struct request *r)
{
	struct fault fault = { .retry_after = -1 };
	struct call c = { .method = method, .target = r->target, .data = s->o.data, .base = s->base,
	    .paging = s->o.paging, .connection = connection };
	char *path = xstrdup(url);
	enum MHD_Result sent;

	pthread_mutex_lock(&s->lock);
	s->calls++;
	data_refresh(s->o.data);
	json_pad(&r->body);
	segments(&c, path);
	if (under_apis(&c))
		answer_call(s, &c, r, &fault);
	else if (notes_is_storage(&c) && strcmp(method, "GET") == 0)
		answer_storage(s, &c, r, &fault);
	else
		answer_error(&c, 404, NULL, "ResourceNotFound", "No such path");
	if (c.reply.status == 200 && fault.kind == FAULT_NONE)
		s->good++;
	sent = send_reply(connection, &c, &fault);
	pthread_mutex_unlock(&s->lock);
	buf_free(&c.reply.body);
	free(c.reply.file);
	free(path);
	return sent;
}

static void *
begin(void *arg, const char *uri, struct MHD_Connection *connection)
{
	struct request *r = xcalloc(1, sizeof *r);

	(void)arg;
	(void)connection;
	r->target = xstrdup(uri);
	return r;
}

static enum MHD_Result
handle(void *arg, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
    const char *data, size_t *n, void **state)
{
	struct request *r = *state;

	(void)version;
	if (!r->started) {
		r->started = true;
		return MHD_YES;
	}
	if (*n == 0)
		return answer(arg, connection, url, method, r);
	if (r->body.n + *n > BODY_MAX)
		r->toolong = true;
	else
		buf_add(&r->body, data, *n);
	*n = 0;
	return MHD_YES;
}

static void
finish(void *arg, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why)
{
	struct request *r = *state;

	(void)arg;
	(void)connection;
	(void)why;
	if (r == NULL)
		return;
	free(r->target);
	buf_free(&r->body);
	free(r);
	*state = NULL;
}

struct server *
server_start(const struct options *o)
{
	struct server *s = xcalloc(1, sizeof *s);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)o->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	pthread_condattr_t clock;

	s->o = *o;
	/* Nobody has to be kept out: it must only differ from what a client could make up. */
	notes_storage((time_t)o->life, (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid());
	s->link = xasprintf("%s.salesmate.io", o->link);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &clock);
	pthread_condattr_destroy(&clock);
	if (o->log != NULL)
		nd_create(&s->log, o->log);
	/* No call can be answered before the lock is free: base is set by then. */
	pthread_mutex_lock(&s->lock);
	s->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL,
	    (uint16_t)o->port, NULL, NULL, handle, s, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at,
	    MHD_OPTION_URI_LOG_CALLBACK, begin, s, MHD_OPTION_NOTIFY_COMPLETED, finish, s,
	    MHD_OPTION_CONNECTION_TIMEOUT, 300u, MHD_OPTION_END);
	if (s->daemon == NULL)
		err(EX_UNAVAILABLE, "127.0.0.1:%lu: cannot listen", o->port);
	s->base = xasprintf("http://127.0.0.1:%u", server_port(s));
	pthread_mutex_unlock(&s->lock);
	return s;
}

unsigned
server_port(const struct server *s)
{
	return MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void
server_stop(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->lock);
	MHD_stop_daemon(s->daemon);
	if (s->o.log != NULL)
		nd_close(&s->log);
	fprintf(stderr, "sm-sandbox: %llu in, %llu out, %llu rejected\n", (unsigned long long)s->calls,
	    (unsigned long long)s->good, (unsigned long long)(s->calls - s->good));
	free(s->link);
	free(s->base);
	free(s);
}
