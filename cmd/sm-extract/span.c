/*
 * The structure of an answer: where its values begin and end, and no more.
 *
 * A page must be cut into records even when one of them is damaged inside
 * (half a surrogate pair where the service cut a text, a member twice): that
 * record is one line, for the next program to reject, and the other 249 are
 * not lost with it.  So the strict reader of common/ comes later in the chain.
 */
#include <ctype.h>
#include <string.h>

#include "extract.h"

static const char *
blank(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* Past the string that begins at p; NULL if it does not end. */
static const char *
past_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p < end ? p + 1 : NULL;
}

static const char *
past_container(const char *p, const char *end)
{
	size_t depth = 0;

	do {
		if (*p == '"') {
			if ((p = past_string(p, end)) == NULL)
				return NULL;
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		p++;
	} while (depth > 0 && p < end);
	return depth == 0 ? p : NULL;
}

static const char *
past_value(const char *p, const char *end)
{
	if (p >= end)
		return NULL;
	if (*p == '"')
		return past_string(p, end);
	if (*p == '{' || *p == '[')
		return past_container(p, end);
	while (p < end && strchr(",:]} \t\r\n", *p) == NULL)
		p++;
	return p;
}

bool
span_whole(const char *p, size_t n, struct span *v)
{
	const char *end = p + n, *q;

	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	p = blank(p, end);
	if (p >= end || (*p != '{' && *p != '[') || (q = past_value(p, end)) == NULL || blank(q, end) != end)
		return false;
	*v = (struct span){ p, (size_t)(q - p) };
	return true;
}

struct walk
span_walk(struct span v)
{
	if (v.n < 2 || (*v.p != '{' && *v.p != '['))
		return (struct walk){ 0 };
	return (struct walk){ v.p + 1, v.p + v.n - 1, *v.p == '{', false };
}

static bool
damaged(struct walk *w)
{
	w->bad = true;
	w->p = w->end;
	return false;
}

bool
span_next(struct walk *w, struct span *key, struct span *v)
{
	const char *p = blank(w->p, w->end), *q;

	if (p < w->end && *p == ',')
		p = blank(p + 1, w->end);
	if (p >= w->end)
		return false;
	if (w->object) {
		if (*p != '"' || (q = past_string(p, w->end)) == NULL)
			return damaged(w);
		if (key != NULL)
			*key = (struct span){ p + 1, (size_t)(q - p) - 2 };
		p = blank(q, w->end);
		if (p >= w->end || *p != ':')
			return damaged(w);
		p = blank(p + 1, w->end);
	}
	q = past_value(p, w->end);
	if (q == NULL || q == p)
		return damaged(w);
	*v = (struct span){ p, (size_t)(q - p) };
	w->p = q;
	return true;
}

bool
span_member(struct span object, const char *name, struct span *v)
{
	struct walk w = span_walk(object);
	size_t n = strlen(name);
	struct span key;

	while (w.object && span_next(&w, &key, v))
		if (key.n == n && tolower((unsigned char)*key.p) == tolower((unsigned char)*name) &&
		    memcmp(key.p + 1, name + 1, n - 1) == 0)
			return true;
	*v = (struct span){ 0 };
	return false;
}

/* A string without its quotes. */
static struct span
bare(struct span v)
{
	if (v.n >= 2 && *v.p == '"')
		return (struct span){ v.p + 1, v.n - 2 };
	return v;
}

bool
span_is(struct span v, const char *text)
{
	v = bare(v);
	return v.n == strlen(text) && memcmp(v.p, text, v.n) == 0;
}

bool
span_number(struct span v, uint64_t *number)
{
	size_t i;

	v = bare(v);
	if (v.n == 0 || v.n > 18)
		return false;
	for (i = 0, *number = 0; i < v.n; i++) {
		if (!isdigit((unsigned char)v.p[i]))
			return false;
		*number = *number * 10 + (uint64_t)(v.p[i] - '0');
	}
	return true;
}

bool
span_null(struct span v)
{
	return v.n == 0 || (v.n == 4 && memcmp(v.p, "null", 4) == 0);
}

void
span_text(struct buf *b, struct span v)
{
	size_t i;

	v = bare(v);
	for (i = 0; i < v.n && i < 300; i++)
		buf_char(b, iscntrl((unsigned char)v.p[i]) ? ' ' : v.p[i]);
}

/* A part without quotes in it, or one whole string; line ends in a string (damage) stay as their escapes. */
static void
put_part(struct buf *b, const char *p, const char *q, bool text)
{
	if (memchr(p, '\n', (size_t)(q - p)) == NULL && memchr(p, '\r', (size_t)(q - p)) == NULL) {
		buf_add(b, p, (size_t)(q - p));
		return;
	}
	for (; p < q; p++) {
		if (*p != '\n' && *p != '\r')
			buf_char(b, *p);
		else if (text)
			buf_str(b, *p == '\n' ? "\\n" : "\\r");
	}
}

void
span_line(struct buf *b, struct span v)
{
	const char *p = v.p, *end = v.p + v.n, *q;
	bool text;

	while (p < end) {
		text = *p == '"';
		q = text ? past_string(p, end) : memchr(p, '"', (size_t)(end - p));
		if (q == NULL)
			q = end;
		put_part(b, p, q, text);
		p = q;
	}
	buf_char(b, '\n');
}

void
span_line_with(struct buf *b, struct span object, const struct buf *more)
{
	struct walk w = span_walk(object);
	struct buf whole = { 0 };
	struct span key, id;
	const char *at = object.p + 1;
	bool first;

	if (more->n == 0 || *object.p != '{') {
		span_line(b, object);
		return;
	}
	first = !span_next(&w, &key, &id);
	if (!first && span_is(key, "id"))
		at = id.p + id.n;
	buf_add(&whole, object.p, (size_t)(at - object.p));
	if (at > object.p + 1)
		buf_char(&whole, ',');
	/* Its last comma comes with the rest, or is not wanted. */
	buf_add(&whole, more->p, more->n - (at > object.p + 1 || first));
	buf_add(&whole, at, (size_t)(object.p + object.n - at));
	span_line(b, (struct span){ whole.p, whole.n });
	buf_free(&whole);
}
