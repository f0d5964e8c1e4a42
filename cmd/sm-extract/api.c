/*
 * One call of the Salesmate API: counted in the budget before it is sent,
 * repeated while that may help, and its answer judged by the envelope, since
 * a failure may come with HTTP 200.
 *
 *	no answer, 5xx, a web page, broken JSON,
 *	a failure of unknown name in HTTP 200	again, with growing pauses; then 75
 *	429, or a failure that speaks of a limit	waits (Retry-After, or growing pauses
 *						up to the top of the hour); then 75
 *	401, 403, AuthorizationFailed, code 4002	77
 *	NoSuchLinkExist				78
 *	any other refusal				69
 *
 * A call that may fail (API_OTHERWISE) is answered with false where this path
 * is not to be had: refused, denied to a key that was good before, or never more
 * than a web page; API_OR_NONE where the service says ObjectNotFound (4005).
 *
 * The waits are here and not in common/http because every repeat is a call
 * that must be counted first.
 */
#include <ctype.h>
#include <err.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <time.h>

#include "cli.h"
#include "extract.h"
#include "http.h"
#include "xalloc.h"

#define HOUR 3600
#define BUDGET_LOOK 60		/* seconds between two looks at a spent budget */
#define PAGES 2			/* web pages in answer to an optional call before it is given up */

uint64_t api_calls;
double api_waited;

static struct http *http;
static char *root, *linkname;
static char *header_token, *header_link;
static bool accepted;		/* the key was good for something */
static bool page;		/* the answer in hand is a web page */

enum verdict { GOOD, AGAIN, LIMITED, DENIED, NO_LINK, GONE, REFUSED };	/* GONE: no such record */

/* ---- settings ---- */

static bool
label(const char *s)
{
	return *s != '\0' && *s != '-' && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == strlen(s);
}

/* "acme", also when the whole host is given. */
static char *
link_setting(void)
{
	const char *v = cli_env("SM_LINK", NULL), *dot;
	char *name;

	if (v == NULL)
		errx(EX_CONFIG, "SM_LINK is not set: the account's name, the first part of its address https://<name>.salesmate.io");
	dot = strcasestr(v, ".salesmate.io");
	name = dot != NULL && dot[13] == '\0' ? xstrndup(v, (size_t)(dot - v)) : xstrdup(v);
	if (!label(name))
		errx(EX_CONFIG, "SM_LINK: \"%s\" is no account name: the first part of https://<name>.salesmate.io", v);
	return name;
}

static char *
root_setting(void)
{
	const char *v = cli_env("SM_URL", NULL);
	char *url = v != NULL ? xstrdup(v) : xasprintf("https://%s.salesmate.io", linkname);
	size_t n = strlen(url);

	while (n > 0 && url[n - 1] == '/')
		url[--n] = '\0';
	if (!http_allowed(url) || strpbrk(strstr(url, "://") + 3, "/?#") != NULL)
		errx(EX_CONFIG, "SM_URL: \"%s\" is no address: https and a host, without a path (plain http only to this machine)", url);
	return url;
}

static char *
token_setting(void)
{
	char *token = cli_secret("SM_TOKEN");
	const char *p;

	if (token == NULL || *token == '\0')
		errx(EX_CONFIG, "SM_TOKEN is not set: the Session Key of an administrator (My Account, Access Key), or SM_TOKEN_FILE with the name of a file of mode 600 that holds it");
	for (p = token; *p != '\0'; p++)
		if (!isgraph((unsigned char)*p))
			errx(EX_CONFIG, "SM_TOKEN: a Session Key is one word");
	return token;
}

void
api_open(void)
{
	static const struct http_policy policy = { .total_ms = 120000, .give_429 = true };
	char *token = token_setting();

	linkname = link_setting();
	root = root_setting();
	http = http_new(&policy);
	http_secret(http, token);
	header_token = xasprintf("accessToken: %s", token);
	header_link = xasprintf("x-linkname: %s.salesmate.io", linkname);
	explicit_bzero(token, strlen(token));
	free(token);
}

const char *
api_root(void)
{
	return root;
}

const char *
api_link(void)
{
	return linkname;
}

void
api_close(void)
{
	http_free(http);
	explicit_bzero(header_token, strlen(header_token));
	free(header_token);
	free(header_link);
	free(root);
	free(linkname);
}

/* ---- waiting ---- */

void
api_interrupted(void)
{
	progress_end();
	errx(EX_TEMPFAIL, "interrupted; the same command goes on%s",
	    opt.state != NULL ? " where this one stopped" : " (from the start: without --state nothing is kept)");
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void
api_pause(double seconds, const char *why)
{
	double start = now(), end = start + seconds, left;
	struct timespec t;
	time_t at;
	char clock[32];

	if (seconds >= 1 || opt.progress) {
		at = time(NULL) + (time_t)ceil(seconds);
		strftime(clock, sizeof(clock), "%H:%M:%S UTC", gmtime(&at));
		progress_say("%s: waiting %.1f s, until %s", why, seconds, clock);
	}
	while (!http_stop && (left = end - now()) > 0) {
		left = fmin(left, 1);
		t.tv_sec = (time_t)left;
		t.tv_nsec = (long)((left - floor(left)) * 1e9);
		nanosleep(&t, NULL);
	}
	api_waited += now() - start;
	if (http_stop)
		api_interrupted();
}

static void
take_call(void)
{
	long wait;

	while ((wait = budget_take(opt.budget, opt.calls_per_hour)) > 0) {
		if (opt.nowait)
			errx(EX_TEMPFAIL, "%s: the budget of %lu calls an hour is spent; a call is free in %ld s", opt.budget, opt.calls_per_hour, wait);
		api_pause(wait < BUDGET_LOOK ? (double)wait : BUDGET_LOOK, "the hour's call budget is spent");
	}
}

/* ---- what an answer means ---- */

static struct span
error_part(struct span error, const char *name)
{
	struct span v;

	span_member(error, name, &v);
	return v;
}

static bool
holds(struct span v, const char *text)
{
	size_t i, n = strlen(text);

	for (i = 0; i + n <= v.n; i++)
		if (strncasecmp(v.p + i, text, n) == 0)
			return true;
	return false;
}

/* "the API limit is exceeded", "limit reached", "RateLimit", but not "a name has a limit of 255 characters" */
static bool
limit_words(struct span v)
{
	static const char *const word[] = { "rate", "exceed", "reach", "call", "request", "hour" };
	size_t i;

	if (holds(v, "too many requests") || holds(v, "toomanyrequests") || holds(v, "throttl") || holds(v, "quota"))
		return true;
	for (i = 0; i < sizeof(word) / sizeof(word[0]) && holds(v, "limit"); i++)
		if (holds(v, word[i]))
			return true;
	return false;
}

/* How the service says that the hour is spent is not documented: the words decide, but not against a code that is. */
static bool
speaks_of_limit(struct span error)
{
	if (span_is(error_part(error, "Name"), "ValidationError") || span_is(error_part(error, "Code"), "4001"))
		return false;
	return limit_words(*error.p == '"' ? error : error_part(error, "Name")) || limit_words(error_part(error, "Message"));
}

static void
describe(struct buf *why, int status, struct span error)
{
	buf_printf(why, "HTTP %d", status);
	if (*error.p == '"' || span_null(error)) {
		buf_str(why, ", ");
		span_text(why, error);
		return;
	}
	buf_str(why, ", ");
	span_text(why, error_part(error, "Name"));
	if (!span_null(error_part(error, "Code"))) {
		buf_str(why, " (");
		span_text(why, error_part(error, "Code"));
		buf_char(why, ')');
	}
	buf_str(why, ": ");
	span_text(why, error_part(error, "Message"));
}

static enum verdict
judge_failure(int status, struct span error, struct buf *why)
{
	struct span name = error_part(error, "Name");

	if (error.n == 0)
		error = (struct span){ "\"a failure without a reason\"", 28 };
	describe(why, status, error);
	if (status == 429 || speaks_of_limit(error))
		return LIMITED;
	if (span_is(name, "NoSuchLinkExist"))
		return NO_LINK;
	if (status == 401 || status == 403 || span_is(name, "AuthorizationFailed") || span_is(error_part(error, "Code"), "4002"))
		return DENIED;
	if (span_is(name, "ObjectNotFound") || span_is(error_part(error, "Code"), "4005"))
		return GONE;
	if (span_is(name, "ValidationError") || span_is(error_part(error, "Code"), "4001"))
		return REFUSED;
	return status < 300 || status >= 500 || status == 408 ? AGAIN : REFUSED;
}

/* An answer that is no JSON envelope. */
static enum verdict
judge_foreign(const struct http_answer *a, struct buf *why)
{
	page = strcasestr(a->type, "html") != NULL || memmem(a->body, a->n < 512 ? a->n : 512, "<html", 5) != NULL;
	buf_printf(why, "HTTP %d, %s", a->status, page ? "a web page" : a->n == 0 ? "an empty answer" : "no whole JSON");
	if (page && a->status < 300)
		buf_str(why, " (an address that is no Salesmate account answers so: are SM_LINK and SM_URL right?)");
	if (a->status == 429)
		return LIMITED;
	if (a->status == 401 || a->status == 403)
		return DENIED;
	return a->status < 300 || a->status >= 500 || a->status == 408 ? AGAIN : REFUSED;
}

static enum verdict
judge(const struct http_answer *a, struct span *data, struct buf *why)
{
	struct span whole, status, error;

	why->n = 0;
	page = false;
	if (a->status == 0) {
		buf_str(why, a->error);
		return AGAIN;
	}
	if (!span_whole(a->body, a->n, &whole) || *whole.p != '{')
		return judge_foreign(a, why);
	span_member(whole, "Status", &status);
	span_member(whole, "Error", &error);
	if (a->status >= 300 || (status.n == 9 && strncasecmp(status.p, "\"success\"", 9) != 0) || (status.n != 9 && status.n > 0) ||
	    (status.n == 0 && !span_null(error)))
		return judge_failure(a->status, error, why);
	if (span_member(whole, "Data", data))
		return GOOD;
	buf_printf(why, "HTTP %d, an answer without Data", a->status);
	return AGAIN;
}

/* ---- the call ---- */

static const char *
advice(enum verdict v)
{
	switch (v) {
	case DENIED:
		return "; SM_TOKEN must be the Session Key (not the Access Key) of an administrator of this account: My Account, Access Key";
	case NO_LINK:
		return "; SM_LINK must be the first part of the account's address https://<name>.salesmate.io";
	case AGAIN:
	case LIMITED:
		return "; the same command goes on later";
	default:
		return "";
	}
}

static _Noreturn void
refuse(const char *path, enum verdict v, struct buf *why)
{
	int code = v == DENIED ? EX_NOPERM : v == NO_LINK ? EX_CONFIG : v == REFUSED || v == GONE ? EX_UNAVAILABLE : EX_TEMPFAIL;

	progress_end();
	buf_nul(why);
	http_mask(http, why->p, why->n);
	errx(code, "%s: %.*s: %s%s", root, (int)strcspn(path, "?"), path, why->p, advice(v));
}

/* The pause before the n-th repeat of a throttled call: doubled each time, but not past the top of the hour. */
static double
limit_pause(long retry_after, unsigned n)
{
	double top = (double)(HOUR - time(NULL) % HOUR + 1);

	if (retry_after >= 0)
		return (double)retry_after + 0.2;
	return fmin(top, ldexp(1, n < 12 ? (int)n : 12));
}

static const struct http_answer *
send(const char *method, const char *path, const struct buf *body)
{
	const char *headers[] = { header_token, header_link, "Accept: application/json",
	    body != NULL ? "Content-Type: application/json" : NULL, NULL };
	char *url = xasprintf("%s%s", root, path);
	const struct http_request r = { .method = method, .url = url, .headers = headers,
	    .body = body != NULL ? body->p : NULL, .n = body != NULL ? body->n : 0 };
	const struct http_answer *a;

	take_call();
	api_calls++;
	a = http_do(http, &r);
	free(url);
	if (http_stop && a->status == 0)
		api_interrupted();
	return a;
}

static bool
gives_way(enum api_need need, enum verdict v, unsigned tries)
{
	if (need != API_OTHERWISE)
		return need == API_OR_NONE && v == GONE;
	return v == REFUSED || v == GONE || (v == DENIED && accepted) || (v == AGAIN && page && tries >= PAGES);
}

bool
api_call(const char *method, const char *path, const struct buf *body, enum api_need need, struct span *data)
{
	unsigned tries = 0, limited = 0;
	const struct http_answer *a;
	double waited = 0, pause;
	struct buf why = { 0 };
	enum verdict v;

	for (;;) {
		a = send(method, path, body);
		v = judge(a, data, &why);
		if (v == GOOD)
			accepted = true;
		if (v == GOOD || gives_way(need, v, tries))
			break;
		if (v == AGAIN && tries < opt.retries)
			pause = fmin(60, ldexp(0.25, (int)tries++));
		else if (v == LIMITED && !opt.nowait)
			pause = limit_pause(a->retry_after, limited++);
		else
			refuse(path, v, &why);
		waited += pause;
		if (waited > (double)opt.patience)
			refuse(path, v, &why);
		buf_nul(&why);
		http_mask(http, why.p, why.n);
		api_pause(pause, why.p);
	}
	if (v != GOOD && need == API_OTHERWISE) {
		buf_nul(&why);
		http_mask(http, why.p, why.n);
		progress_say("%.*s: %s: another way is tried", (int)strcspn(path, "?"), path, why.p);
	}
	buf_free(&why);
	return v == GOOD;
}

void
api_plan(const char *what, uint64_t calls)
{
	unsigned long used = budget_used(opt.budget);
	uint64_t free_now = used < opt.calls_per_hour ? opt.calls_per_hour - used : 0;

	if (calls == 0)
		progress_say("%s: no call is needed", what);
	else if (calls <= free_now)
		progress_say("%s: %llu calls planned; %llu of the hour's %lu are free", what, (unsigned long long)calls,
		    (unsigned long long)free_now, opt.calls_per_hour);
	else
		progress_say("%s: %llu calls planned; %llu of the hour's %lu are free, so this takes about %.1f hours (it may be ended and goes on)",
		    what, (unsigned long long)calls, (unsigned long long)free_now, opt.calls_per_hour,
		    (double)(calls - free_now) / (double)opt.calls_per_hour);
}
