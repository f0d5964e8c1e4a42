/*
 * http - libcurl behind http.h
 *
 * A transfer waits (for its time, or for the pool's hold), flies, and is then
 * repeated or delivered.  Who waits is kept in one list; times are seconds of
 * the monotonic clock.  A 429 is repeated as long as patience lasts (it counts
 * as no repeat, since nothing was done with the request); everything else at
 * most policy.retries times.
 *
 * http_stop: 1 lets what is in the air finish, for at most GRACE seconds, and
 * delivers what waits at once; 2 or more drops what is in the air too.
 *
 * libcurl repeats a request by itself when a kept-alive connection turns out
 * to be dead.  For a request that may not be sent twice that is refused here
 * (before_request), and the caller learns that the outcome is unknown.
 */
#include <ctype.h>
#include <err.h>
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <time.h>

#include <curl/curl.h>

#include "cli.h"
#include "http.h"
#include "json.h"
#include "xalloc.h"

#define GRACE 10.0			/* seconds for what is in the air after http_stop */
#define PAUSE_FIRST 0.5			/* seconds; doubled with every repeat */
#define PAUSE_MAX 60.0
#define POLL_MAX 1.0			/* a signal between two looks at http_stop is seen this late */
#define ANSWER_MAX ((size_t)1 << 30)	/* bytes of one answer */
#define HEAD_MAX ((size_t)1 << 20)
#define BIG_BODY ((size_t)64 << 10)	/* from here on a large upload buffer pays */

volatile int http_stop;

struct transfer {
	struct transfer *prev, *next;
	struct http *pool;
	CURL *easy;
	bool flying;
	char *method, *url;
	struct curl_slist *headers;
	const char *body;
	size_t n;
	int replay;
	http_take *take;
	void *take_arg;
	bool taken;			/* bytes went to take: no repeat */
	http_done *done;
	void *arg;
	double due;			/* not before this time */
	double waited;			/* all pauses planned so far */
	unsigned attempts, repeats;
	unsigned sends;			/* of this attempt: more than one is libcurl's own doing */
	char error[CURL_ERROR_SIZE];
	struct buf head, answer;	/* header lines, each ended by NUL; the body */
	int status;
	bool sent;
	double seconds;
	long retry_after;
};

struct http {
	CURLM *multi;
	struct http_policy policy;
	struct transfer *active, *idle;
	size_t count;			/* of active */
	unsigned long delivered;
	double hold_until, held;	/* held: all holds together, those still to come included */
	unsigned storm;			/* 429s in a row without Retry-After */
	double stop_at;			/* when the grace after http_stop ends; 0: not stopped */
	uint64_t random;
	struct transfer *now;		/* in its callback */
	struct transfer *kept;		/* of the last http_do */
	struct http_answer kept_answer;
	char **secret;
	size_t secrets;
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* 0 <= x < 1 (xorshift): for jitter alone. */
static double
chance(struct http *h)
{
	h->random ^= h->random << 13;
	h->random ^= h->random >> 7;
	h->random ^= h->random << 17;
	return (double)(h->random >> 11) / 9007199254740992.0;
}

/* A pause that grows with n, between half and all of it. */
static double
backoff(struct http *h, unsigned n)
{
	double s = ldexp(PAUSE_FIRST, n < 16 ? (int)n : 16);

	return fmin(s, PAUSE_MAX) * (0.5 + chance(h) / 2);
}

/* ---- secrets ---- */

void
http_secret(struct http *h, const char *secret)
{
	size_t i;

	/* Shorter ones would blank ordinary words. */
	if (secret == NULL || strlen(secret) < 6)
		return;
	for (i = 0; i < h->secrets; i++)
		if (strcmp(h->secret[i], secret) == 0)
			return;
	h->secret = xreallocarray(h->secret, h->secrets + 1, sizeof(*h->secret));
	h->secret[h->secrets++] = xstrdup(secret);
}

void
http_mask(const struct http *h, char *p, size_t n)
{
	size_t i, len;
	char *at;

	for (i = 0; i < h->secrets && n > 0; i++) {
		len = strlen(h->secret[i]);
		for (at = p; (at = memmem(at, n - (size_t)(at - p), h->secret[i], len)) != NULL; at += len)
			memset(at, '*', len);
	}
}

/* ---- what libcurl calls ---- */

static size_t
take_body(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	long status = 0;

	n *= size;
	if (t->take != NULL && curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status / 100 == 2) {
		t->taken = true;
		return t->take(p, n, t->take_arg) ? n : 0;
	}
	if (t->answer.n + n > ANSWER_MAX)
		return 0;
	buf_add(&t->answer, p, n);
	return n;
}

static size_t
take_header(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len;

	n *= size;
	if (n >= 5 && memcmp(p, "HTTP/", 5) == 0)
		t->head.n = 0;			/* after a 100 or a proxy's answer the real one begins */
	if (t->head.n + n > HEAD_MAX)
		return 0;
	for (len = n; len > 0 && (p[len - 1] == '\r' || p[len - 1] == '\n'); len--)
		;
	if (len > 0) {
		buf_add(&t->head, p, len);
		buf_char(&t->head, '\0');
	}
	return n;
}

#if LIBCURL_VERSION_NUM >= 0x075000
static int
before_request(void *arg, char *ip, char *local, int port, int local_port)
{
	struct transfer *t = arg;

	(void)ip, (void)local, (void)port, (void)local_port;
	if (++t->sends > 1 && !t->replay)
		return CURL_PREREQFUNC_ABORT;
	return CURL_PREREQFUNC_OK;
}
#endif

/* ---- handles ---- */

static void
set_limits(CURL *e)
{
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https,http");
#else
	curl_easy_setopt(e, CURLOPT_PROTOCOLS, CURLPROTO_HTTPS | CURLPROTO_HTTP);
#endif
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "smdyn/" SMDYN_VERSION);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 64L << 10);
}

static struct transfer *
transfer_new(struct http *h)
{
	struct transfer *t = xcalloc(1, sizeof(*t));
	CURL *e = curl_easy_init();

	if (e == NULL)
		errx(EX_IOERR, "libcurl: out of memory");
	t->pool = h;
	t->easy = e;
	set_limits(e);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)h->policy.connect_ms);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)h->policy.total_ms);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, h->policy.stall_s > 0 ? 1L : 0L);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)h->policy.stall_s);
	curl_easy_setopt(e, CURLOPT_PRIVATE, (void *)t);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, (void *)t);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, (void *)t);
#if LIBCURL_VERSION_NUM >= 0x075000
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, before_request);
	curl_easy_setopt(e, CURLOPT_PREREQDATA, (void *)t);
#endif
	return t;
}

static void
transfer_clear(struct transfer *t)
{
	free(t->method);
	free(t->url);
	curl_slist_free_all(t->headers);
	t->method = t->url = NULL;
	t->headers = NULL;
}

static void
transfer_free(struct transfer *t)
{
	if (t == NULL)
		return;
	transfer_clear(t);
	curl_easy_cleanup(t->easy);
	buf_free(&t->head);
	buf_free(&t->answer);
	free(t);
}

static void
unlink_active(struct http *h, struct transfer *t)
{
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		h->active = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	h->count--;
}

static void
recycle(struct http *h, struct transfer *t)
{
	transfer_clear(t);
	t->next = h->idle;
	h->idle = t;
}

static void
drop_kept(struct http *h)
{
	if (h->kept != NULL)
		recycle(h, h->kept);
	h->kept = NULL;
}

static struct curl_slist *
add_header(struct curl_slist *list, const char *line)
{
	struct curl_slist *more = curl_slist_append(list, line);

	if (more == NULL)
		errx(EX_IOERR, "libcurl: out of memory");
	return more;
}

static struct curl_slist *
header_list(const struct http_request *r)
{
	struct curl_slist *list = add_header(NULL, "Expect:");
	const char *const *line;
	bool typed = false;

	for (line = r->headers; line != NULL && *line != NULL; line++) {
		typed = typed || strncasecmp(*line, "Content-Type:", 13) == 0;
		list = add_header(list, *line);
	}
	return typed ? list : add_header(list, "Content-Type:");	/* libcurl's guess is for forms */
}

static void
set_request(struct transfer *t)
{
	CURL *e = t->easy;
	bool loopback_http = strncasecmp(t->url, "http:", 5) == 0;

	curl_easy_setopt(e, CURLOPT_URL, t->url);
	curl_easy_setopt(e, CURLOPT_PROXY, loopback_http ? "" : NULL);	/* "": not even by the environment */
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, t->take != NULL ? NULL : "gzip");
	curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, t->n > BIG_BODY ? 512L << 10 : 64L << 10);
#if LIBCURL_VERSION_NUM < 0x075000
	/* No way to hear of libcurl's own repeats: only a new connection has none. */
	curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, t->replay ? 0L : 1L);
#endif
	if (t->body == NULL && strcmp(t->method, "POST") != 0) {
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, NULL);
		curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
	} else {
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->n);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, t->body != NULL ? t->body : "");
	}
	curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, t->method);
}

/* ---- the life of a transfer ---- */

static const char *
header_of(const struct transfer *t, const char *name)
{
	size_t n = strlen(name);
	const char *p, *end = t->head.p + t->head.n;

	for (p = t->head.p; p != NULL && p < end; p += strlen(p) + 1) {
		if (strncasecmp(p, name, n) != 0 || p[n] != ':')
			continue;
		for (p += n + 1; *p == ' ' || *p == '\t'; p++)
			;
		return p;
	}
	return NULL;
}

/* Seconds of a Retry-After: a number, or a date judged by the server's own clock; -1 if neither. */
static long
retry_after(const struct transfer *t)
{
	const char *text = header_of(t, "Retry-After"), *date;
	char *end;
	double s;
	time_t at, then;

	if (text == NULL || *text == '\0')
		return -1;
	s = strtod(text, &end);
	while (isspace((unsigned char)*end))
		end++;
	if (isdigit((unsigned char)*text) && *end == '\0')
		return s < 1e9 ? (long)ceil(s) : -1;
	if ((at = curl_getdate(text, NULL)) == -1)
		return -1;
	date = header_of(t, "Date");
	if (date == NULL || (then = curl_getdate(date, NULL)) == -1)
		then = time(NULL);
	return at > then ? (long)(at - then) : 0;
}

static void
deliver(struct http *h, struct transfer *t)
{
	struct transfer *outer = h->now;
	struct http_answer a = { 0 };
	const char *type = header_of(t, "Content-Type");
	bool keep;

	unlink_active(h, t);
	json_pad(&t->answer);
	a.status = t->status;
	a.error = t->status == 0 ? t->error : NULL;
	a.type = type != NULL ? type : "";
	a.body = t->answer.p;
	a.n = t->answer.n;
	a.retry_after = t->retry_after;
	a.attempts = t->attempts;
	a.seconds = t->seconds;
	a.sent = t->status != 0 || t->sent;
	h->delivered++;
	keep = t->done == NULL;
	if (keep) {
		drop_kept(h);
		h->kept = t;
		h->kept_answer = a;
		*(bool *)t->arg = true;
	} else {
		h->now = t;
		t->done(h, &a, t->arg);
		h->now = outer;
		recycle(h, t);
	}
}

/* Plans a repeat, or returns false if the answer in hand is the last word. */
static bool
repeat(struct http *h, struct transfer *t)
{
	bool throttled = t->status == 429, broken, unsent = t->status == 0 && !t->sent;
	double pause;

	broken = t->status == 0 || (t->status >= 502 && t->status <= 504) ||
	    (t->status == 500 && strcmp(t->method, "GET") == 0);	/* an "unexpected error" of a read passes */
	if (http_stop || t->taken || h->policy.retries == 0 || !(throttled || broken))
		return false;
	if (throttled ? h->policy.give_429 : t->repeats >= h->policy.retries || !(t->replay || unsent))
		return false;
	pause = fmax(throttled ? 0 : backoff(h, t->repeats), h->hold_until - now());
	if (t->waited + pause > h->policy.patience_s)
		return false;
	if (!throttled)
		t->repeats++;
	t->waited += pause;
	t->due = now() + pause;
	return true;
}

/* The whole pool holds back where the server asks for it. */
static void
throttle(struct http *h, const struct transfer *t)
{
	if (t->status != 429 && !(t->status == 503 && t->retry_after >= 0)) {
		if (t->status != 0)
			h->storm = 0;
		return;
	}
	if (t->retry_after >= 0)
		http_hold(h, (double)t->retry_after + 0.1 + 0.4 * chance(h));
	else
		http_hold(h, backoff(h, 1 + h->storm++));
}

static void
landed(struct http *h, struct transfer *t, CURLcode result)
{
	long status = 0, bytes = 0;
	double seconds = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &bytes);
	curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME, &seconds);
	curl_multi_remove_handle(h->multi, t->easy);
	t->flying = false;
	t->attempts++;
	t->seconds = seconds;
	t->sent = bytes > 0 || t->sends > 1;
	t->status = result == CURLE_OK ? (int)status : 0;
	t->retry_after = result == CURLE_OK ? retry_after(t) : -1;
	if (result == CURLE_ABORTED_BY_CALLBACK)
		strcpy(t->error, "the connection was closed before an answer came");
	else if (result == CURLE_WRITE_ERROR)
		strcpy(t->error, t->taken ? "the answer was not taken whole" : "the answer is too large");
	else if (result != CURLE_OK && t->error[0] == '\0')
		snprintf(t->error, sizeof(t->error), "%s", curl_easy_strerror(result));
	http_mask(h, t->error, strlen(t->error));
	if (t->status == 0 || t->status >= 400)
		http_mask(h, t->answer.p, t->answer.n);	/* what ends up in messages; a good answer stays as it is */
	throttle(h, t);
	if (!repeat(h, t))
		deliver(h, t);
}

/* Ends a transfer that has no answer of its own yet; one between two attempts keeps its last answer. */
static void
give_up(struct http *h, struct transfer *t, const char *why)
{
	if (t->flying) {
		curl_multi_remove_handle(h->multi, t->easy);
		t->flying = false;
		t->attempts++;
		t->status = 0;
		t->sent = true;
		t->head.n = t->answer.n = 0;
		snprintf(t->error, sizeof(t->error), "%s", why);
	} else if (t->attempts == 0) {
		snprintf(t->error, sizeof(t->error), "%s", why);
	}
	deliver(h, t);
}

static bool
give_up_one(struct http *h, bool flying)
{
	struct transfer *t;

	for (t = h->active; t != NULL; t = t->next) {
		if (flying || !t->flying) {
			give_up(h, t, "interrupted");	/* its callback may start or end others: look again from the start */
			return true;
		}
	}
	return false;
}

/* After http_stop: nothing waits any more, and what flies has until stop_at.  True the first time. */
static bool
stop(struct http *h)
{
	bool first = h->stop_at == 0;

	if (first)
		h->stop_at = now() + GRACE;
	while (give_up_one(h, http_stop > 1 || now() >= h->stop_at))
		;
	return first;
}

static void
launch(struct http *h)
{
	struct transfer *t;
	double t0 = now();

	for (t = h->active; t != NULL; t = t->next) {
		if (t->flying || t->due > t0 || h->hold_until > t0)
			continue;
		t->head.n = t->answer.n = 0;
		t->error[0] = '\0';
		t->sends = 0;
		if (curl_multi_add_handle(h->multi, t->easy) != CURLM_OK)
			errx(EX_IOERR, "libcurl: out of memory");
		t->flying = true;
	}
}

static void
collect(struct http *h)
{
	struct transfer *t;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		landed(h, t, m->data.result);
	}
}

/* Milliseconds until something is due, at most until end. */
static int
nap(const struct http *h, double end)
{
	const struct transfer *t;
	double t0 = now(), until = fmin(end, t0 + POLL_MAX);

	for (t = h->active; t != NULL; t = t->next)
		if (!t->flying)
			until = fmin(until, fmax(t->due, h->hold_until));
	if (h->stop_at > 0)
		until = fmin(until, h->stop_at);
	return until > t0 ? (int)ceil((until - t0) * 1000) : 0;
}

/* ---- the interface ---- */

struct http *
http_new(const struct http_policy *policy)
{
	struct http *h = xcalloc(1, sizeof(*h));
	struct timespec t;

	/* libcurl takes its upload buffer per transfer: from the heap, not from the kernel each time. */
	mallopt(M_MMAP_THRESHOLD, 8 << 20);
	mallopt(M_TRIM_THRESHOLD, 32 << 20);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (h->multi = curl_multi_init()) == NULL)
		errx(EX_IOERR, "libcurl: cannot start");
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, 256L);
	h->policy = *policy;
	if (h->policy.connect_ms == 0)
		h->policy.connect_ms = 15000;
	if (h->policy.total_ms == 0)
		h->policy.total_ms = 300000;
	if (h->policy.patience_s == 0)
		h->policy.patience_s = 3600;
	clock_gettime(CLOCK_REALTIME, &t);
	h->random = ((uint64_t)t.tv_sec << 30 ^ (uint64_t)t.tv_nsec ^ (uint64_t)(uintptr_t)h) | 1;
	return h;
}

static bool
loopback(const char *host)
{
	int a, b, c, used = 0;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return strspn(host, "0123456789.") == strlen(host) &&
	    sscanf(host, "127.%3d.%3d.%3d%n", &a, &b, &c, &used) == 3 && host[used] == '\0';
}

bool
http_allowed(const char *url)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *user = NULL;
	bool ok = false;

	if (u != NULL && curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_USER, &user, 0) != CURLUE_OK)
		ok = strcmp(scheme, "https") == 0 || (strcmp(scheme, "http") == 0 && loopback(host));
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_url_cleanup(u);
	return ok;
}

void
http_start(struct http *h, const struct http_request *r, http_done *done, void *arg)
{
	struct transfer *t;

	if (!http_allowed(r->url))
		errx(EX_CONFIG, "%s: only https, or http to this machine, is allowed", r->url);
	drop_kept(h);
	if ((t = h->idle) != NULL)
		h->idle = t->next;
	else
		t = transfer_new(h);
	t->method = xstrdup(r->method);
	t->url = xstrdup(r->url);
	t->headers = header_list(r);
	t->body = r->body;
	t->n = r->body != NULL ? r->n : 0;
	t->replay = r->replay;
	t->take = r->take;
	t->take_arg = r->take_arg;
	t->taken = false;
	t->done = done;
	t->arg = arg;
	t->flying = t->sent = false;
	t->status = 0;
	t->attempts = t->repeats = t->sends = 0;
	t->due = t->waited = t->seconds = 0;
	t->retry_after = -1;
	t->head.n = t->answer.n = 0;
	set_request(t);
	t->prev = NULL;
	t->next = h->active;
	if (h->active != NULL)
		h->active->prev = t;
	h->active = t;
	h->count++;
}

size_t
http_active(const struct http *h)
{
	return h->count;
}

bool
http_wait(struct http *h, int ms)
{
	double end = ms < 0 ? HUGE_VAL : now() + ms / 1000.0;
	unsigned long before = h->delivered;
	int running;

	if (h->count == 0)
		return false;
	for (;;) {
		if (http_stop && stop(h))
			return true;
		launch(h);
		if (curl_multi_perform(h->multi, &running) != CURLM_OK)
			errx(EX_IOERR, "libcurl: out of memory");
		collect(h);
		if (h->delivered != before || h->count == 0 || now() >= end)
			return true;
		curl_multi_poll(h->multi, NULL, 0, nap(h, end), NULL);
	}
}

void
http_hold(struct http *h, double seconds)
{
	double t0 = now(), until = t0 + seconds;

	if (until <= h->hold_until)
		return;
	h->held += until - fmax(t0, h->hold_until);
	h->hold_until = until;
}

double
http_held(const struct http *h)
{
	return h->held - fmax(0, h->hold_until - now());
}

void
http_cancel(struct http *h)
{
	struct transfer *t;

	while ((t = h->active) != NULL) {
		if (t->flying)
			curl_multi_remove_handle(h->multi, t->easy);
		unlink_active(h, t);
		recycle(h, t);
	}
}

const char *
http_header(struct http *h, const char *name)
{
	const struct transfer *t = h->now != NULL ? h->now : h->kept;

	return t != NULL ? header_of(t, name) : NULL;
}

const struct http_answer *
http_do(struct http *h, const struct http_request *r)
{
	bool done = false;

	http_start(h, r, NULL, &done);
	while (!done)
		http_wait(h, -1);
	return &h->kept_answer;
}

void
http_free(struct http *h)
{
	struct transfer *t;
	size_t i;

	if (h == NULL)
		return;
	http_cancel(h);
	drop_kept(h);
	while ((t = h->idle) != NULL) {
		h->idle = t->next;
		transfer_free(t);
	}
	curl_multi_cleanup(h->multi);
	for (i = 0; i < h->secrets; i++) {
		explicit_bzero(h->secret[i], strlen(h->secret[i]));
		free(h->secret[i]);
	}
	free(h->secret);
	free(h);
}
