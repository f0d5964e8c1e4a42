/*
 * http - requests over kept-alive connections, many at a time (libcurl multi)
 *
 * The only place that knows libcurl, waits or retries.  No cookies, ever.
 * https only, but plain http to 127.0.0.0/8, ::1 and localhost.  Redirects are
 * not followed.  Secrets given with http_secret are cut out of every message.
 *
 * A request is retried by itself when its policy allows: on 429 (and on any
 * answer with Retry-After among 429, 503) the whole pool holds back for that
 * time; on 502, 503, 504 (of a GET also 500) and broken connections with growing, jittered pauses,
 * only if the request is idempotent (replay != 0).  When the retry budget is
 * spent the last answer, or status 0 with an error text, is handed over.
 */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

struct http;			/* a pool of connections */

struct http_policy {
	unsigned connect_ms;	/* time-out of connecting; 0: 15,000 */
	unsigned total_ms;	/* time-out of a whole request; 0: 300,000 (writes may take minutes) */
	unsigned retries;	/* at most so many repeats of one request; 0: none */
	unsigned stall_s;	/* a connection over which nothing came for so long is lost; 0: only total_ms ends it */
	unsigned patience_s;	/* all waiting for one request together; 0: 3,600 */
	bool give_429;		/* hand 429 answers over instead of waiting (the pool still holds back) */
};

struct http_answer {
	int status;		/* 0: no answer */
	const char *error;	/* text when status is 0, else NULL */
	const char *type;	/* Content-Type, "" if none */
	const char *body;	/* JSON_PAD readable bytes follow */
	size_t n;
	long retry_after;	/* seconds, -1 if absent or unreadable */
	unsigned attempts;	/* 1 or more */
	double seconds;		/* of the last attempt */
	bool sent;		/* status 0: the request may have reached the server */
};

/* Valid during the callback only.  http_header gives any response header of the answer in hand, or NULL. */
typedef void http_done(struct http *h, const struct http_answer *a, void *arg);
const char *http_header(struct http *h, const char *name);

/* The bytes of a 2xx answer as they come, undecoded; false ends the request with status 0. */
typedef bool http_take(const char *p, size_t n, void *arg);

struct http_request {
	const char *method;	/* GET, POST, PATCH, PUT, DELETE */
	const char *url;
	const char *const *headers;	/* "Name: value", NULL-terminated; copied */
	const char *body;	/* not copied: must live until done; NULL for none */
	size_t n;
	int replay;		/* != 0: safe to send again when the outcome is unknown */
	http_take *take;	/* for answers too large to hold: not into body, and no repeat once bytes came; NULL: into body */
	void *take_arg;
};

struct http *http_new(const struct http_policy *policy);
void http_secret(struct http *h, const char *secret);
void http_mask(const struct http *h, char *p, size_t n);	/* secrets in the text become asterisks; done by itself to errors and to bodies of status 400 and up */
bool http_allowed(const char *url);				/* https, or http to loopback */
void http_start(struct http *h, const struct http_request *r, http_done *done, void *arg);
size_t http_active(const struct http *h);			/* started and not done */
bool http_wait(struct http *h, int ms);				/* runs the pool until something is done or ms passed (-1: until done); false if nothing is active */
void http_hold(struct http *h, double seconds);			/* nothing new goes out for so long */
double http_held(const struct http *h);				/* seconds waited for throttling so far, all together */
void http_cancel(struct http *h);				/* drops what is active; no callbacks */
void http_free(struct http *h);

/* One request, waited for; the answer lives until the next call on this pool. */
const struct http_answer *http_do(struct http *h, const struct http_request *r);

extern volatile int http_stop;	/* set by a signal handler: waits end early, retries end */

#endif
