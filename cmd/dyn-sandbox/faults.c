/*
 * faults - what goes wrong on demand
 *
 * A text file, one fault a line, described in faults_usage.  Every line keeps
 * its own count, so that faults do not shift each other.  With one client at a
 * time a run is repeatable; with several, it is as their requests arrive.
 */
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "buf.h"
#include "sandbox.h"
#include "xalloc.h"

const char faults_usage[] =
    "Faults (--faults FILE): one fault a line, words between blanks, # begins a comment,\n"
    "\"quotes\" around values with blanks.  A line has conditions and actions; every line counts\n"
    "the API requests that fit its match and body by itself (token requests are not counted).\n"
    "  match=TEXT        only requests whose \"METHOD path?query\" (path below /api/data/v9.2/) holds TEXT\n"
    "  body=TEXT         only requests whose body holds TEXT\n"
    "  at=N              the Nth of them, once\n"
    "  every=N           the Nth, the 2Nth, ...\n"
    "  times=N           at most N times (without at and every: the first N)\n"
    "  part              counts the parts of $batch requests instead; with status, deadlock or delay only\n"
    "Actions before anything is done:\n"
    "  status=N          that status: 429 with code 0x80072322, 502, 503, 504 as a gateway's HTML, others as JSON\n"
    "  retry-after=S     with status: the Retry-After header, seconds (429 without it: 1)\n"
    "  code=0x...        with status: the error code; message=TEXT its message\n"
    "  deadlock          500, 0x80044150, Sql Number: 1205\n"
    "  html              200 with a captive portal's HTML page\n"
    "  drop, reset       the connection is closed, or reset, without an answer\n"
    "  expire-tokens     all tokens are void from now on; this request gets 401\n"
    "  delay=MS          the answer comes MS milliseconds later\n"
    "  lag=MS            from now on schema changes stay unseen for MS milliseconds\n"
    "Actions after the work is done and committed:\n"
    "  after=502|503|504 that answer instead of the true one\n"
    "  after=drop|reset|half  no answer, a reset, or half of the answer\n"
    "  shuffle-parts     the parts of a $batch answer in reverse order\n"
    "  drop-part=K       its Kth part is missing;  repeat-part=K  its Kth part comes twice\n"
    "Example:\n"
    "  match=\"POST $batch\" every=5 times=3 after=504\n"
    "  at=40 status=429 retry-after=2\n"
    "SIGHUP reads the file again.\n";

enum answer { ANSWER_NONE, ANSWER_STATUS, ANSWER_DEADLOCK, ANSWER_HTML, ANSWER_DROP, ANSWER_RESET, ANSWER_EXPIRE };
enum late { LATE_NONE, LATE_STATUS, LATE_DROP, LATE_RESET, LATE_HALF, LATE_SHUFFLE, LATE_DROP_PART, LATE_REPEAT_PART };

struct rule {
	char *match, *body;
	long at, every, times;
	bool part;
	enum answer answer;
	long status, retry_after;
	char *code, *message;
	long delay, lag;
	enum late late;
	long late_value;	/* a status, or the number of a part */
	long count, fired;
};

struct rules {
	struct rule *rule;
	size_t n;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *file;
static struct rules rules;

/* ---- the file ---- */

static bool
number(const char *value, long *out, const char **error)
{
	char *end;

	*out = value != NULL ? strtol(value, &end, 10) : -1;
	if (value == NULL || *value == '\0' || *end != '\0' || *out < 0) {
		*error = "a number is wanted";
		return false;
	}
	return true;
}

static bool
late_action(struct rule *p, const char *value, const char **error)
{
	static const struct { const char *name; enum late late; } names[] = {
		{ "drop", LATE_DROP }, { "reset", LATE_RESET }, { "half", LATE_HALF },
	};
	size_t i;

	for (i = 0; value != NULL && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(value, names[i].name) == 0) {
			p->late = names[i].late;
			return true;
		}
	p->late = LATE_STATUS;
	if (number(value, &p->late_value, error) && (p->late_value == 502 || p->late_value == 503 || p->late_value == 504))
		return true;
	*error = "after= takes 502, 503, 504, drop, reset or half";
	return false;
}

/* A word without value. */
static bool
flag(struct rule *p, const char *name)
{
	static const struct { const char *name; enum answer answer; } names[] = {
		{ "deadlock", ANSWER_DEADLOCK }, { "html", ANSWER_HTML }, { "drop", ANSWER_DROP }, { "reset", ANSWER_RESET },
		{ "expire-tokens", ANSWER_EXPIRE },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i].name) == 0) {
			p->answer = names[i].answer;
			return true;
		}
	if (strcmp(name, "part") == 0)
		p->part = true;
	else if (strcmp(name, "shuffle-parts") == 0)
		p->late = LATE_SHUFFLE;
	else
		return false;
	return true;
}

static bool
setting(struct rule *p, const char *name, const char *value, const char **error)
{
	if (value == NULL && flag(p, name))
		return true;
	if (value == NULL)
		*error = "an unknown word, or its value is missing";
	else if (strcmp(name, "match") == 0)
		p->match = xstrdup(value);
	else if (strcmp(name, "body") == 0)
		p->body = xstrdup(value);
	else if (strcmp(name, "code") == 0)
		p->code = xstrdup(value);
	else if (strcmp(name, "message") == 0)
		p->message = xstrdup(value);
	else if (strcmp(name, "at") == 0)
		number(value, &p->at, error);
	else if (strcmp(name, "every") == 0)
		number(value, &p->every, error);
	else if (strcmp(name, "times") == 0)
		number(value, &p->times, error);
	else if (strcmp(name, "retry-after") == 0)
		number(value, &p->retry_after, error);
	else if (strcmp(name, "delay") == 0)
		number(value, &p->delay, error);
	else if (strcmp(name, "lag") == 0)
		number(value, &p->lag, error);
	else if (strcmp(name, "after") == 0)
		late_action(p, value, error);
	else if (strcmp(name, "status") == 0 && number(value, &p->status, error))
		p->answer = ANSWER_STATUS;
	else if (strcmp(name, "drop-part") == 0 && number(value, &p->late_value, error))
		p->late = LATE_DROP_PART;
	else if (strcmp(name, "repeat-part") == 0 && number(value, &p->late_value, error))
		p->late = LATE_REPEAT_PART;
	else if (*error == NULL)
		*error = "an unknown word";
	return *error == NULL;
}

/* The next word of a line, its value split off.  false at the end. */
static bool
next_word(char **line, char **name, char **value, const char **error)
{
	char *p = *line + strspn(*line, " \t\r\n"), *o;
	bool quoted = false;

	if (*p == '\0' || *p == '#')
		return false;
	*name = o = p;
	*value = NULL;
	for (; *p != '\0' && (quoted || strchr(" \t\r\n", *p) == NULL); p++) {
		if (*p == '"') {
			quoted = !quoted;
		} else if (*p == '=' && !quoted && *value == NULL) {
			*o++ = '\0';
			*value = o;
		} else {
			*o++ = *p;
		}
	}
	if (quoted)
		*error = "a quote is not closed";
	*line = *p != '\0' ? p + 1 : p;
	*o = '\0';
	return true;
}

static bool
check(const struct rule *p, const char **error)
{
	if (p->at == 0 || p->every == 0)
		*error = "at= and every= count from 1";
	else if (p->answer == ANSWER_STATUS && (p->status < 200 || p->status > 599))
		*error = "status= takes 200 to 599";
	else if (p->answer == ANSWER_NONE && p->late == LATE_NONE && p->delay == 0 && p->lag < 0)
		*error = "no action";
	else if (p->part && (p->late != LATE_NONE || (p->answer != ANSWER_NONE && p->answer != ANSWER_STATUS && p->answer != ANSWER_DEADLOCK)))
		*error = "a part takes status, deadlock or delay only";
	return *error == NULL;
}

static void
free_rules(struct rules *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		free(s->rule[i].match);
		free(s->rule[i].body);
		free(s->rule[i].code);
		free(s->rule[i].message);
	}
	free(s->rule);
	*s = (struct rules){ 0 };
}

static bool
read_line(struct rules *s, char *line, const char **error)
{
	struct rule p = { .at = -1, .every = -1, .times = -1, .retry_after = -1, .lag = -1 };
	char *name, *value;
	bool any = false;

	while (*error == NULL && next_word(&line, &name, &value, error)) {
		any = true;
		if (*error == NULL)
			setting(&p, name, value, error);
	}
	if (!any)
		return true;
	s->rule = xreallocarray(s->rule, s->n + 1, sizeof(p));
	s->rule[s->n++] = p;
	return *error == NULL && check(&p, error);
}

/* false: said on stderr. */
static bool
read_rules(struct rules *s)
{
	FILE *fp = fopen(file, "re");
	char *line = NULL;
	const char *error = NULL;
	unsigned long lineno = 0;
	size_t cap = 0;
	bool good;

	*s = (struct rules){ 0 };
	if (fp == NULL) {
		warn("%s", file);
		return false;
	}
	while (error == NULL && getline(&line, &cap, fp) != -1) {
		lineno++;
		if (!read_line(s, line, &error))
			warnx("%s:%lu: %s", file, lineno, error);
	}
	good = error == NULL && !ferror(fp);
	fclose(fp);
	free(line);
	if (!good)
		free_rules(s);
	return good;
}

void
faults_open(const char *path)
{
	file = path;
	if (path != NULL && !read_rules(&rules))
		errx(EX_DATAERR, "%s: the faults file is not usable", path);
}

void
faults_reload(void)
{
	struct rules fresh, old;

	if (file == NULL || !read_rules(&fresh))
		return;
	pthread_mutex_lock(&lock);
	old = rules;
	rules = fresh;
	pthread_mutex_unlock(&lock);
	free_rules(&old);
}

/* ---- which fault ---- */

static bool
fits(const struct rule *p, const struct request *r)
{
	size_t n = strlen(API_ROOT);
	const char *url = strncmp(r->url, API_ROOT, n) == 0 ? r->url + n : r->url;
	const char *what = arena_printf(r->arena, "%s %s", r->method, url);

	if (p->match != NULL && strstr(what, p->match) == NULL &&
	    strstr(arena_printf(r->arena, "%s %s", r->method, r->path), p->match) == NULL)
		return false;
	return p->body == NULL || memmem(r->body, r->n, p->body, strlen(p->body)) != NULL;
}

/* Counts the request; true: its turn has come. */
static bool
due(struct rule *p)
{
	p->count++;
	if (p->times >= 0 && p->fired >= p->times)
		return false;
	if ((p->at > 0 && p->count != p->at) || (p->every > 0 && p->count % p->every != 0))
		return false;
	p->fired++;
	return true;
}

static void
gateway(struct reply *a, long status)
{
	const char *name = status == 502 ? "Bad Gateway" : status == 503 ? "Service Unavailable" : "Gateway Timeout";

	reply_clear(a);
	a->status = (int)status;
	a->type = "text/html";
	buf_printf(&a->body, "<html><head><title>%ld %s</title></head><body><h1>%ld %s</h1></body></html>\n", status, name, status, name);
}

static void
answer_status(struct reply *a, const struct rule *p)
{
	if (p->status >= 502 && p->status <= 504 && p->code == NULL)
		gateway(a, p->status);
	else if (p->status == 429)
		reply_error(a, 429, p->code != NULL ? p->code : "0x80072322", "%s", p->message != NULL ? p->message :
		    "Number of requests exceeded the limit of 6000 over time window of 300 seconds.");
	else
		reply_error(a, (int)p->status, p->code != NULL ? p->code : "0x80040216", "%s",
		    p->message != NULL ? p->message : "An unexpected error occurred.");
	if (p->retry_after >= 0 || p->status == 429)
		reply_header(a, "Retry-After", "%ld", p->retry_after >= 0 ? p->retry_after : 1);
}

static enum fault
act(struct request *r, struct reply *a, const struct rule *p)
{
	switch (p->answer) {
	case ANSWER_NONE:
		return FAULT_NONE;
	case ANSWER_STATUS:
		answer_status(a, p);
		break;
	case ANSWER_DEADLOCK:
		reply_error(a, 500, "0x80044150", "Sql error: Generic SQL error. CRM ErrorCode: -2147204784 Sql ErrorCode: -2146232060 "
		    "Sql Number: 1205");
		break;
	case ANSWER_HTML:
		reply_clear(a);
		a->status = 200;
		a->type = "text/html; charset=utf-8";
		buf_str(&a->body, "<!DOCTYPE html><html><head><title>Sign in to the network</title></head><body>Please sign in.</body></html>\n");
		break;
	case ANSWER_EXPIRE:
		auth_expire();
		auth_denied(r, a);
		break;
	case ANSWER_DROP:
	case ANSWER_RESET:
		a->send = p->answer == ANSWER_DROP ? SEND_NOTHING : SEND_RESET;
		return FAULT_DROP;
	}
	return FAULT_REPLY;
}

struct chosen {			/* what is done after the work */
	enum late late;
	long value;
};

enum fault
faults_before(struct request *r, struct reply *a)
{
	enum fault fault = FAULT_NONE;
	struct chosen *chosen;
	struct rule *p;
	size_t i;

	pthread_mutex_lock(&lock);
	for (i = 0; r->path != NULL && i < rules.n; i++) {
		p = &rules.rule[i];
		if (p->part || !fits(p, r) || !due(p))
			continue;
		a->delay_ms += (unsigned)p->delay;
		if (p->lag >= 0)
			limits_set_lag(p->lag);
		if (p->late != LATE_NONE && r->fault == NULL) {
			r->fault = chosen = arena_get(r->arena, sizeof(*chosen));
			chosen->late = p->late;
			chosen->value = p->late_value;
		}
		if (fault == FAULT_NONE)
			fault = act(r, a, p);
	}
	pthread_mutex_unlock(&lock);
	return fault;
}

bool
faults_part(struct request *part, struct reply *a)
{
	bool answered = false;
	struct rule *p;
	size_t i;

	pthread_mutex_lock(&lock);
	for (i = 0; part->path != NULL && i < rules.n; i++) {
		p = &rules.rule[i];
		if (!p->part || !fits(p, part) || !due(p))
			continue;
		a->delay_ms += (unsigned)p->delay;
		if (!answered)
			answered = act(part, a, p) == FAULT_REPLY;
	}
	pthread_mutex_unlock(&lock);
	return answered;
}

/* ---- answers in disorder ---- */

struct span {
	const char *p;
	size_t n;
};

/* The parts between the delimiters of a multipart body; 0: it is none. */
static size_t
find_parts(const struct buf *body, const char *delimiter, struct span part[], size_t max)
{
	const char *p = body->p, *end = body->p + body->n, *q;
	size_t n = 0, d = strlen(delimiter);

	p = memmem(p, body->n, delimiter, d);
	while (p != NULL && n < max && (p += d) + 2 <= end && memcmp(p, "--", 2) != 0) {
		p += p[0] == '\r' ? 2 : 1;
		q = memmem(p, (size_t)(end - p), delimiter, d);
		if (q == NULL)
			return 0;
		part[n++] = (struct span){ p, (size_t)(q - p) };
		p = q;
	}
	return n;
}

static void
disorder(struct request *r, struct reply *a, const struct chosen *c)
{
	const char *b = a->type != NULL ? strstr(a->type, "boundary=") : NULL;
	char *delimiter;
	struct span *part;
	struct buf out = { 0 };
	size_t i, k, n, times;

	if (b == NULL)
		return;
	b += strlen("boundary=");
	b += *b == '"';
	delimiter = arena_printf(r->arena, "--%.*s", (int)strcspn(b, "\"; "), b);
	part = arena_get(r->arena, 1001 * sizeof(*part));
	n = find_parts(&a->body, delimiter, part, 1001);
	for (i = 0; i < n; i++) {
		k = c->late == LATE_SHUFFLE ? n - 1 - i : i;
		times = (long)(i + 1) != c->value || c->late == LATE_SHUFFLE ? 1 : c->late == LATE_DROP_PART ? 0 : 2;
		for (; times > 0; times--) {
			buf_printf(&out, "%s\r\n", delimiter);
			buf_add(&out, part[k].p, part[k].n);
		}
	}
	if (n == 0)
		return;
	buf_printf(&out, "%s--\r\n", delimiter);
	buf_free(&a->body);
	a->body = out;
}

void
faults_after(struct request *r, struct reply *a)
{
	const struct chosen *c = r->fault;

	if (c == NULL)
		return;
	switch (c->late) {
	case LATE_STATUS:
		gateway(a, c->value);
		break;
	case LATE_DROP:
		a->send = SEND_NOTHING;
		break;
	case LATE_RESET:
		a->send = SEND_RESET;
		break;
	case LATE_HALF:
		a->send = SEND_HALF;
		break;
	default:
		disorder(r, a, c);
		break;
	}
}
