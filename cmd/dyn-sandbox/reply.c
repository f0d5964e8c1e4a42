/*
 * reply - requests taken apart, answers put together
 *
 * Source: reference sections 1.5 (headers), 11 (error body).
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/rand.h>

#include "sandbox.h"
#include "store.h"
#include "xalloc.h"

int64_t
clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
guid_new(char text[37])
{
	unsigned char b[16];

	if (RAND_bytes(b, sizeof(b)) != 1)
		abort();
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(text, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
	    b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

bool
guid_ok(const char *p, size_t n)
{
	size_t i;

	if (n != 36)
		return false;
	for (i = 0; i < n; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? p[i] != '-' : !isxdigit((unsigned char)p[i]))
			return false;
	return true;
}

void
guid_lower(char *text)
{
	for (; *text != '\0'; text++)
		*text = (char)tolower((unsigned char)*text);
}

/* ---- requests ---- */

const char *
request_header(const struct request *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->headers.n; i++)
		if (strcasecmp(r->headers.h[i].name, name) == 0)
			return r->headers.h[i].value;
	return NULL;
}

const char *
request_query(const struct request *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->queries; i++)
		if (strcmp(r->query[i].name, name) == 0)
			return r->query[i].value;
	return NULL;
}

/* The value after "=" at p, without its quotes. */
static const char *
prefer_value(const struct request *r, const char *p)
{
	const char *e;

	while (*p == ' ')
		p++;
	if (*p != '=')
		return "";
	for (p++; *p == ' '; p++)
		;
	if (*p == '"') {
		p++;
		e = strchr(p, '"');
		return arena_dup(r->arena, p, e != NULL ? (size_t)(e - p) : strlen(p));
	}
	return arena_dup(r->arena, p, strcspn(p, ",; "));
}

static const char *
prefer_skip(const char *p)
{
	bool quoted = false;

	for (; *p != '\0' && (quoted || *p != ','); p++)
		if (*p == '"')
			quoted = !quoted;
	return *p == ',' ? p + 1 : p;
}

/* Prefer may come in several headers and as a comma-separated list; quoted values may hold commas. */
const char *
request_prefer(const struct request *r, const char *name)
{
	const char *p;
	size_t i, n = strlen(name);

	for (i = 0; i < r->headers.n; i++) {
		if (strcasecmp(r->headers.h[i].name, "Prefer") != 0)
			continue;
		for (p = r->headers.h[i].value; *p != '\0'; p = prefer_skip(p)) {
			p += strspn(p, " \t");
			if (strncasecmp(p, name, n) == 0 && strchr(" =,;", p[n]) != NULL)
				return prefer_value(r, p + n);
		}
	}
	return NULL;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char *
percent_decode(struct arena *a, const char *p, size_t n, bool plus)
{
	char *s = arena_get(a, n + 1);
	size_t i, o = 0;

	for (i = 0; i < n; i++) {
		if (p[i] == '%' && i + 2 < n && hex(p[i + 1]) >= 0 && hex(p[i + 2]) >= 0) {
			s[o++] = (char)(hex(p[i + 1]) * 16 + hex(p[i + 2]));
			i += 2;
		} else {
			s[o++] = plus && p[i] == '+' ? ' ' : p[i];
		}
	}
	s[o] = '\0';
	return s;
}

static void
split_query(struct request *r, const char *q)
{
	size_t n = 1;
	const char *p, *e, *eq;

	for (p = q; *p != '\0'; p++)
		n += *p == '&';
	r->query = arena_get(r->arena, n * sizeof(*r->query));
	for (p = q; *p != '\0'; p = *e == '&' ? e + 1 : e) {
		e = p + strcspn(p, "&");
		eq = memchr(p, '=', (size_t)(e - p));
		if (e == p)
			continue;
		r->query[r->queries].name = percent_decode(r->arena, p, (size_t)((eq ? eq : e) - p), true);
		r->query[r->queries++].value = eq ? percent_decode(r->arena, eq + 1, (size_t)(e - eq - 1), true) : arena_str(r->arena, "");
	}
}

/* An absolute URL is cut down to its path: what the host is does not matter here. */
void
request_url(struct request *r, const char *url)
{
	const char *p = strstr(url, "://"), *q, *slash;
	size_t n = strlen(API_ROOT);

	if (p != NULL && (size_t)(p - url) < 8 && (slash = strchr(p + 3, '/')) != NULL)
		url = slash;
	r->url = arena_str(r->arena, url);
	q = strchr(r->url, '?');
	r->rawpath = percent_decode(r->arena, r->url, q != NULL ? (size_t)(q - r->url) : strlen(r->url), false);
	if (strncmp(r->rawpath, API_ROOT, n) == 0)
		r->path = r->rawpath + n;
	else if (strlen(r->rawpath) == n - 1 && strncmp(r->rawpath, API_ROOT, n - 1) == 0)
		r->path = "";
	else
		r->path = NULL;
	r->query = NULL;
	r->queries = 0;
	if (q != NULL)
		split_query(r, q + 1);
}

void
headers_add(struct arena *a, struct headers *l, const char *name, const char *value)
{
	struct header *h;

	if (l->n == l->cap) {
		h = arena_get(a, (l->cap = l->cap ? l->cap * 2 : 8) * sizeof(*h));
		if (l->n > 0)
			memcpy(h, l->h, l->n * sizeof(*h));
		l->h = h;
	}
	l->h[l->n].name = arena_str(a, name);
	l->h[l->n++].value = arena_str(a, value);
}

/* ---- replies ---- */

void
reply_header(struct reply *a, const char *name, const char *fmt, ...)
{
	char *value;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&value, fmt, ap) < 0)
		abort();
	va_end(ap);
	headers_add(a->arena, &a->headers, name, value);
	free(value);
}

void
reply_clear(struct reply *a)
{
	a->status = 0;
	a->type = NULL;
	a->headers.n = 0;
	a->body.n = 0;
}

void
reply_text(struct reply *a, int status, const char *text)
{
	reply_clear(a);
	a->status = status;
	a->type = "text/plain";
	buf_str(&a->body, text);
}

bool
reply_error(struct reply *a, int status, const char *code, const char *fmt, ...)
{
	char *message;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&message, fmt, ap) < 0)
		abort();
	va_end(ap);
	reply_clear(a);
	a->status = status;
	buf_str(&a->body, "{\"error\":{\"code\":");
	buf_json_str(&a->body, code);
	buf_str(&a->body, ",\"message\":");
	buf_json_str(&a->body, message);
	buf_str(&a->body, "}}");
	free(message);
	return false;
}

bool
reply_payload(struct reply *a, const char *set, const char *fmt, ...)
{
	char *message;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&message, fmt, ap) < 0)
		abort();
	va_end(ap);
	reply_error(a, 400, "0x80048d19", "Error identified in Payload provided by the user for Entity :'%s', ---->  "
	    "InnerException : Microsoft.OData.ODataException: %s", set, message);
	free(message);
	return false;
}
