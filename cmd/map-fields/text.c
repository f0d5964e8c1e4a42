/* Text: what is blank, what Dataverse refuses, how long it is, how it looks in a message. */
#include <stdio.h>

#include "map.h"

/* Unicode's White_Space characters beyond ASCII, as UTF-8. */
static size_t
wide_blank(const char *p, const char *end)
{
	static const char *const blanks[] = { "\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
	    "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87",
	    "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf",
	    "\xe2\x81\x9f", "\xe3\x80\x80" };
	size_t i, n;

	for (i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
		n = strlen(blanks[i]);
		if ((size_t)(end - p) >= n && memcmp(p, blanks[i], n) == 0)
			return n;
	}
	return 0;
}

size_t
text_blanks(const char *p, const char *end)
{
	const char *from = p;
	size_t n;

	while (p < end) {
		if (*p == ' ' || (*p >= '\t' && *p <= '\r'))
			p++;
		else if ((unsigned char)*p >= 0xc2 && (n = wide_blank(p, end)) > 0)
			p += n;
		else
			break;
	}
	return (size_t)(p - from);
}

const char *
text_of(const struct json_value *v, struct buf *scratch, size_t *n)
{
	if (v->kind != JSON_STRING || !v->escaped) {
		*n = v->n;
		return v->p;
	}
	scratch->n = 0;
	buf_room(scratch, v->n + 1);
	*n = json_decode(v, scratch->p);
	return scratch->p;
}

static bool
blank_string(const struct json_value *v)
{
	static struct buf scratch;
	const char *p;
	size_t n;

	if (v->n == 0)
		return true;
	if ((unsigned char)*v->p > ' ' && (unsigned char)*v->p < 0x80 && *v->p != '\\')
		return false;
	p = text_of(v, &scratch, &n);
	return text_blanks(p, p + n) == n;
}

bool
value_blank(const struct json_value *v)
{
	struct json_iter it;
	struct json_value inner;

	if (v == NULL)
		return true;
	switch (v->kind) {
	case JSON_NONE:
	case JSON_NULL:
		return true;
	case JSON_STRING:
		return blank_string(v);
	case JSON_OBJECT:
	case JSON_ARRAY:
		for (it = json_iter(v); json_next(&it, NULL, &inner); )
			if (v->kind == JSON_ARRAY || inner.kind != JSON_NULL)
				return false;
		return true;
	default:
		return false;
	}
}

/*
 * Controls other than tab, line feed and carriage return, U+FFFE and U+FFFF are
 * not legal in XML 1.0, which the platform uses inside (0x80040278).  U+007F is
 * legal there, but it is a control all the same and never meant.
 */
static bool
refused(uint32_t c)
{
	return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f || c == 0xfffe || c == 0xffff;
}

static uint32_t
next_character(const unsigned char **p)
{
	const unsigned char *u = *p;

	if (u[0] < 0x80) {
		*p += 1;
		return u[0];
	}
	if (u[0] < 0xe0) {
		*p += 2;
		return (uint32_t)(u[0] & 31) << 6 | (u[1] & 63);
	}
	if (u[0] < 0xf0) {
		*p += 3;
		return (uint32_t)(u[0] & 15) << 12 | (uint32_t)(u[1] & 63) << 6 | (u[2] & 63);
	}
	*p += 4;
	return (uint32_t)(u[0] & 7) << 18 | (uint32_t)(u[1] & 63) << 12 | (uint32_t)(u[2] & 63) << 6 | (u[3] & 63);
}

uint32_t
text_bad(const struct json_value *v)
{
	static struct buf scratch;
	const unsigned char *p, *end;
	const char *text;
	uint32_t c;
	size_t n;

	/* Raw controls below U+0020 are no JSON, so plain ASCII can only hold U+007F. */
	if (v->kind != JSON_STRING || (v->ascii && !v->escaped && memchr(v->p, 0x7f, v->n) == NULL))
		return UINT32_MAX;
	text = text_of(v, &scratch, &n);
	p = (const unsigned char *)text;
	for (end = p + n; p < end; ) {
		c = next_character(&p);
		if (refused(c))
			return c;
	}
	return UINT32_MAX;
}

size_t
text_cut(const char *p, size_t n, size_t units)
{
	const unsigned char *q = (const unsigned char *)p, *last = q, *end = q + n;
	size_t used = 0;

	while (q < end) {
		used += next_character(&q) > 0xffff ? 2 : 1;
		if (used > units)
			break;
		last = q;
	}
	return (size_t)((const char *)last - p);
}

void
text_short(struct buf *b, const char *p, size_t n)
{
	const unsigned char *q = (const unsigned char *)p, *end = q + n, *from;
	unsigned shown = 0;
	uint32_t c;

	buf_char(b, '"');
	while (q < end && shown++ < 40) {
		from = q;
		c = next_character(&q);
		if (refused(c) || c < 0x20)
			buf_printf(b, "\\x%02x", (unsigned)c);
		else
			buf_add(b, from, (size_t)(q - from));
	}
	buf_str(b, q < end ? "\"..." : "\"");
}
