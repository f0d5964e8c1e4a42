/*
 * limits - service protection, as Dataverse imposes it
 *
 * Three counters for each user and each web server: requests and their
 * combined execution time in a sliding window, and requests at the same time.
 * The ARRAffinity cookie picks the server; without it requests go round.
 * A caller that goes on while it is throttled waits longer: each such request
 * adds a second.  Source: reference sections 1.5, 6.1.
 */
#include <err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "sandbox.h"
#include "xalloc.h"

const char limits_usage[] =
    "Limits (--limits NAME=NUMBER[,...]), for each application user and server:\n"
    "  requests=6000     requests in the window\n"
    "  window=300        seconds of the sliding window\n"
    "  time=1200         seconds of combined execution time in the window\n"
    "  concurrency=52    requests at the same time\n"
    "  dop=48            what x-ms-dop-hint says\n"
    "  servers=1         web servers; the ARRAffinity cookie picks one, without it requests go round\n"
    "  token=3599        life of an access token, seconds\n"
    "  lag=500           milliseconds a schema change stays unseen without Consistency: Strong\n"
    "  key-delay=1000    milliseconds until a new alternate key is Active\n";

#define REQUESTS_CODE "0x80072322"
#define TIME_CODE "0x80072321"
#define CONCURRENCY_CODE "0x80072326"

enum setting { REQUESTS, WINDOW, TIME, CONCURRENCY, DOP, SERVERS, TOKEN, LAG, KEY_DELAY, SETTINGS };

static struct {
	const char *name;
	long value, min, max;
} setting[SETTINGS] = {
	[REQUESTS] = { "requests", 6000, 1, 100000000 },
	[WINDOW] = { "window", 300, 1, 86400 },
	[TIME] = { "time", 1200, 1, 1000000 },
	[CONCURRENCY] = { "concurrency", 52, 1, 100000 },
	[DOP] = { "dop", 48, 1, 1000 },
	[SERVERS] = { "servers", 1, 1, 64 },
	[TOKEN] = { "token", 3599, 1, 86400 },
	[LAG] = { "lag", 500, 0, 600000 },
	[KEY_DELAY] = { "key-delay", 1000, 0, 600000 },
};

struct stamp {
	int64_t at;		/* when the request came */
	int64_t ms;		/* how long it took */
};

struct counter {		/* of one user on one server */
	char user[37];
	long server;
	struct stamp *ring;	/* oldest first, from head */
	size_t head, n, cap;
	int64_t busy;		/* ms of all in the ring */
	long active;
	int64_t blocked_until;
	const char *why;	/* the code of the limit that blocks */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct counter **counters;
static size_t ncounters;
static long turn;		/* the server the next request without cookie goes to */
static long lag_override = -1;

/* The counter this thread's request was let into, from limits_before to limits_after. */
static _Thread_local struct counter *inside;
static _Thread_local struct counter *seen;
static _Thread_local bool had_cookie;

static void
set(const char *name, size_t n, const char *value)
{
	char *end;
	long v;
	size_t i;

	for (i = 0; i < SETTINGS; i++) {
		if (strlen(setting[i].name) != n || strncmp(setting[i].name, name, n) != 0)
			continue;
		v = strtol(value, &end, 10);
		if (end == value || (*end != ',' && *end != '\0') || v < setting[i].min || v > setting[i].max)
			errx(EX_USAGE, "--limits: %s must be a number from %ld to %ld", setting[i].name, setting[i].min, setting[i].max);
		setting[i].value = v;
		return;
	}
	errx(EX_USAGE, "--limits: unknown limit '%.*s'", (int)n, name);
}

void
limits_open(const char *spec)
{
	const char *p = spec, *eq;

	while (p != NULL && *p != '\0') {
		eq = p + strcspn(p, "=,");
		if (*eq != '=')
			errx(EX_USAGE, "--limits: '%.*s' is not NAME=NUMBER", (int)(eq - p), p);
		set(p, (size_t)(eq - p), eq + 1);
		p = eq + strcspn(eq, ",");
		p += *p == ',';
	}
}

int64_t
limits_lag(void)
{
	return lag_override >= 0 ? lag_override : setting[LAG].value;
}

void
limits_set_lag(long ms)
{
	lag_override = ms;
}

int64_t
limits_key_delay(void)
{
	return setting[KEY_DELAY].value;
}

long
limits_token(void)
{
	return setting[TOKEN].value;
}

/* ---- counters ---- */

static struct counter *
counter_of(const char *user, long server)
{
	struct counter *c;
	size_t i;

	for (i = 0; i < ncounters; i++)
		if (counters[i]->server == server && strcmp(counters[i]->user, user) == 0)
			return counters[i];
	c = xcalloc(1, sizeof(*c));
	snprintf(c->user, sizeof(c->user), "%s", user);
	c->server = server;
	counters = xreallocarray(counters, ncounters + 1, sizeof(struct counter *));
	counters[ncounters++] = c;
	return c;
}

static void
slide(struct counter *c, int64_t now)
{
	while (c->n > 0 && c->ring[c->head].at + setting[WINDOW].value * 1000 <= now) {
		c->busy -= c->ring[c->head].ms;
		c->head = (c->head + 1) % c->cap;
		c->n--;
	}
}

static void
push(struct counter *c, int64_t at, int64_t ms)
{
	struct stamp *bigger;
	size_t i;

	if (c->n == c->cap) {
		bigger = xreallocarray(NULL, c->cap ? 2 * c->cap : 64, sizeof(*bigger));
		for (i = 0; i < c->n; i++)
			bigger[i] = c->ring[(c->head + i) % c->cap];
		free(c->ring);
		c->ring = bigger;
		c->head = 0;
		c->cap = c->cap ? 2 * c->cap : 64;
	}
	c->ring[(c->head + c->n++) % c->cap] = (struct stamp){ at, ms };
	c->busy += ms;
}

/* A cookie's value names a server; what is not one of ours is as good as none. */
static long
server_of(const struct request *r)
{
	const char *cookie = request_header(r, "Cookie"), *p;
	unsigned long cookie_server;
	long s;

	had_cookie = false;
	if (cookie != NULL && (p = strstr(cookie, "ARRAffinity=")) != NULL) {
		if (sscanf(p, "ARRAffinity=%2lx", &cookie_server) == 1 && (s = (long)cookie_server) < setting[SERVERS].value) {
			had_cookie = true;
			return s;
		}
	}
	return turn++ % setting[SERVERS].value;
}

/* 1200000 as "1,200,000" */
static void
thousands(char *out, size_t n, long v)
{
	char digits[32];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%ld", v), i, o = 0;

	for (i = 0; i < len && o + 2 < n; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			out[o++] = ',';
		out[o++] = digits[i];
	}
	out[o] = '\0';
}

/* ---- throttling ---- */

static void
refuse(struct reply *a, const char *code, long wait)
{
	char number[32];

	if (strcmp(code, REQUESTS_CODE) == 0) {
		reply_error(a, 429, code, "Number of requests exceeded the limit of %ld over time window of %ld seconds.",
		    setting[REQUESTS].value, setting[WINDOW].value);
	} else if (strcmp(code, TIME_CODE) == 0) {
		thousands(number, sizeof(number), setting[TIME].value * 1000);
		reply_error(a, 429, code, "Combined execution time of incoming requests exceeded limit of %s milliseconds over time window "
		    "of %ld seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later.",
		    number, setting[WINDOW].value);
	} else {
		reply_error(a, 429, code, "Number of concurrent requests exceeded the limit of %ld.", setting[CONCURRENCY].value);
	}
	reply_header(a, "Retry-After", "%ld", wait < 1 ? 1 : wait);
}

/* Blocks until free_at, or a second longer than before when the caller did not wait. */
static void
block(struct counter *c, struct reply *a, int64_t now, int64_t free_at)
{
	int64_t last = now + setting[WINDOW].value * 1000;

	if (c->blocked_until > now)
		c->blocked_until += 1000;
	if (c->blocked_until < free_at)
		c->blocked_until = free_at;
	if (c->blocked_until > last)
		c->blocked_until = last;
	refuse(a, c->why, (long)((c->blocked_until - now + 999) / 1000));
}

bool
limits_before(struct request *r, struct reply *a)
{
	struct counter *c;
	int64_t now = clock_ms(), free_at;

	pthread_mutex_lock(&lock);
	c = seen = counter_of(r->user, server_of(r));
	inside = NULL;
	slide(c, now);
	free_at = (c->n > 0 ? c->ring[c->head].at : now) + setting[WINDOW].value * 1000;
	if (c->n >= (size_t)setting[REQUESTS].value) {
		c->why = REQUESTS_CODE;
		block(c, a, now, free_at);
	} else if (c->busy > setting[TIME].value * 1000) {
		c->why = TIME_CODE;
		block(c, a, now, free_at);
	} else if (c->blocked_until > now) {
		block(c, a, now, now);
	} else if (c->active >= setting[CONCURRENCY].value) {
		refuse(a, CONCURRENCY_CODE, 1);
	} else {
		c->active++;
		push(c, now, 0);
		inside = c;
	}
	pthread_mutex_unlock(&lock);
	return inside != NULL;
}

static void
cookies(struct request *r, struct reply *a, long server)
{
	if (had_cookie)
		return;
	reply_header(a, "Set-Cookie", "ARRAffinity=%02lx5f61c0d29ac1; path=/; secure; HttpOnly", server);
	reply_header(a, "Set-Cookie", "ReqClientId=%s; expires=Mon, 23-Nov-2076 00:00:00 GMT; path=/; secure; HttpOnly", r->id);
	reply_header(a, "Set-Cookie", "orgId=%s; expires=Mon, 23-Nov-2076 00:00:00 GMT; path=/; secure; HttpOnly", sandbox_organization);
}

void
limits_after(struct request *r, struct reply *a, int64_t ms)
{
	struct counter *c = seen;
	char whole[32];
	int64_t left;

	if (c == NULL)
		return;
	pthread_mutex_lock(&lock);
	if (inside != NULL) {
		c->active--;
		if (c->n > 0) {	/* the time is booked on the newest request: the window's sum is what counts */
			c->ring[(c->head + c->n - 1) % c->cap].ms += ms;
			c->busy += ms;
		}
	}
	left = setting[TIME].value * 1000 - c->busy;
	if (left < 0)
		left = 0;
	thousands(whole, sizeof(whole), (long)(left / 1000));
	reply_header(a, "x-ms-dop-hint", "%ld", setting[DOP].value);
	reply_header(a, "x-ms-ratelimit-time-remaining-xrm-requests", "%s.%02d", whole, (int)(left % 1000 / 10));
	reply_header(a, "x-ms-ratelimit-burst-remaining-xrm-requests", "%ld",
	    (long)(c->n < (size_t)setting[REQUESTS].value ? setting[REQUESTS].value - (long)c->n : 0));
	cookies(r, a, c->server);
	inside = NULL;
	seen = NULL;
	pthread_mutex_unlock(&lock);
}
