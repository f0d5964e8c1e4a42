#include "split.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool
letter(char c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool
space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool
starts(const char *p, const char *end, const char *with)
{
	size_t n = strlen(with);

	return (size_t)(end - p) >= n && strncasecmp(p, with, n) == 0;
}

/* One attribute from p on, with its value if name fits; past it, or NULL at the text's end. */
static const char *
attribute(const char *p, const char *end, const char *name, struct html_value *v)
{
	const char *a = p, *from;
	bool wanted;
	char quote;

	for (p++; p < end && !space(*p) && *p != '/' && *p != '>' && *p != '='; p++)
		;
	wanted = name != NULL && v->p == NULL && (size_t)(p - a) == strlen(name) && strncasecmp(a, name, (size_t)(p - a)) == 0;
	for (a = p; a < end && space(*a); a++)
		;
	if (a == end || *a != '=') {
		if (wanted)
			*v = (struct html_value){ p, 0 };
		return p;
	}
	for (a++; a < end && space(*a); a++)
		;
	if (a == end)
		return NULL;
	quote = *a == '"' || *a == '\'' ? *a++ : '\0';
	for (from = p = a; p < end && (quote != '\0' ? *p != quote : !space(*p) && *p != '>'); p++)
		;
	if (p == end)
		return NULL;
	if (wanted)
		*v = (struct html_value){ from, (size_t)(p - from) };
	return p + (quote != '\0');
}

/* Past the > of the tag at p, or NULL when it has none; the value of attribute name on the way. */
static const char *
tag(const char *p, const char *end, const char *name, struct html_value *v)
{
	for (p++; p < end && !space(*p) && *p != '>' && *p != '/'; p++)
		;
	if (p < end && *p == '/' && p[-1] == '<')	/* a closing tag's */
		for (p++; p < end && !space(*p) && *p != '>' && *p != '/'; p++)
			;
	while (p != NULL && p < end) {
		if (*p == '>')
			return p + 1;
		p = space(*p) || *p == '/' ? p + 1 : attribute(p, end, name, v);
	}
	return NULL;
}

static const char *
find(const char *p, const char *end, const char *what)
{
	for (; p < end; p++)
		if (*p == *what && starts(p, end, what))
			return p;
	return NULL;
}

/* Past what starts with <! or <?, or NULL when it never ends. */
static const char *
declaration(const char *p, const char *end)
{
	const char *close;

	if (!starts(p, end, "<!--")) {
		close = memchr(p, '>', (size_t)(end - p));
		return close != NULL ? close + 1 : NULL;
	}
	if (starts(p, end, "<!-->") || starts(p, end, "<!--->"))	/* a browser takes both for a whole comment */
		return p + (p[4] == '>' ? 5 : 6);
	close = find(p + 4, end, "-->");
	return close != NULL ? close + 3 : NULL;
}

/* After an opening tag: is its content no HTML? */
static void
look_ahead(struct html *h, const struct html_part *part)
{
	static const char *const raw[] = { "script", "style", "title", "textarea" };
	size_t i;

	for (i = 0; i < sizeof(raw) / sizeof(raw[0]); i++)
		if (html_is(part, raw[i]))
			strcpy(h->raw, raw[i]);
}

static bool
content(struct html *h, struct html_part *part)
{
	char close[16] = "</";
	const char *end;

	strcat(close, h->raw);
	part->kind = strcmp(h->raw, "textarea") == 0 ? HTML_TEXT : HTML_HIDDEN;
	h->raw[0] = '\0';
	end = find(h->p, h->end, close);
	part->p = h->p;
	part->n = (size_t)((end != NULL ? end : h->end) - h->p);
	h->p += part->n;
	return part->n > 0;
}

bool
html_next(struct html *h, struct html_part *part)
{
	const char *p, *to = NULL;
	struct html_value none = { 0 };

	if (h->raw[0] != '\0' && content(h, part))
		return true;
	part->p = h->p;
	for (p = h->p; p < h->end; p++) {
		p = memchr(p, '<', (size_t)(h->end - p));
		if (p == NULL || p + 1 == h->end) {
			p = h->end;
			break;
		}
		part->kind = p[1] == '!' || p[1] == '?' ? HTML_HIDDEN : HTML_TAG;
		if (part->kind == HTML_HIDDEN)
			to = declaration(p, h->end);
		else if (letter(p[1]) || (p[1] == '/' && p + 2 < h->end && letter(p[2])))
			to = tag(p, h->end, NULL, &none);
		else
			continue;
		if (to == NULL)		/* it and all that follows is text */
			p = h->end;
		break;
	}
	if (p > h->p) {
		part->kind = HTML_TEXT;
		to = p;
	}
	part->n = (size_t)((to != NULL ? to : h->end) - h->p);
	h->p += part->n;
	if (part->kind == HTML_TAG)
		look_ahead(h, part);
	return part->n > 0;
}

bool
html_is(const struct html_part *part, const char *name)
{
	size_t n = strlen(name);

	return part->kind == HTML_TAG && part->n > n + 1 && strncasecmp(part->p + 1, name, n) == 0 &&
	    (space(part->p[n + 1]) || part->p[n + 1] == '/' || part->p[n + 1] == '>');
}

struct html_value
html_attribute(const struct html_part *part, const char *name)
{
	struct html_value v = { 0 };

	tag(part->p, part->p + part->n, name, &v);
	return v;
}

static void
put_utf8(struct buf *b, unsigned long c)
{
	if (c < 0x80) {
		buf_char(b, (char)c);
	} else if (c < 0x800) {
		buf_char(b, (char)(0xc0 | c >> 6));
		buf_char(b, (char)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		buf_char(b, (char)(0xe0 | c >> 12));
		buf_char(b, (char)(0x80 | (c >> 6 & 63)));
		buf_char(b, (char)(0x80 | (c & 63)));
	} else {
		buf_char(b, (char)(0xf0 | c >> 18));
		buf_char(b, (char)(0x80 | (c >> 12 & 63)));
		buf_char(b, (char)(0x80 | (c >> 6 & 63)));
		buf_char(b, (char)(0x80 | (c & 63)));
	}
}

static const struct {
	const char *name;
	unsigned long code;
} entity[] = {
	{ "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' }, { "nbsp", 0xa0 }, { "ensp", 0x2002 },
	{ "emsp", 0x2003 }, { "thinsp", 0x2009 }, { "shy", 0xad }, { "zwj", 0x200d }, { "zwnj", 0x200c }, { "Tab", '\t' },
	{ "NewLine", '\n' },
};

/* The bytes of the entity at p (an &) with its semicolon; 0: none that we know.  Its character to *code. */
static size_t
reference(const char *p, const char *end, unsigned long *code)
{
	const char *semi = memchr(p, ';', (size_t)(end - p) < 12 ? (size_t)(end - p) : 12);
	size_t n = semi != NULL ? (size_t)(semi - p) : 0, i;
	char digits[12], *rest;
	int base;

	if (n < 3)
		return 0;
	if (p[1] == '#') {
		base = (p[2] | 32) == 'x' ? 16 : 10;
		i = base == 16 ? 3 : 2;
		if (i == n || p[i] == '+' || p[i] == '-' || space(p[i]))
			return 0;
		memcpy(digits, p + i, n - i);
		digits[n - i] = '\0';
		*code = strtoul(digits, &rest, base);
		return *rest == '\0' && *code > 0 && *code < 0x110000 && (*code < 0xd800 || *code > 0xdfff) ? n + 1 : 0;
	}
	for (i = 0; i < sizeof(entity) / sizeof(entity[0]); i++)
		if (strlen(entity[i].name) == n - 1 && memcmp(entity[i].name, p + 1, n - 1) == 0) {
			*code = entity[i].code;
			return n + 1;
		}
	return 0;
}

void
html_decode(struct buf *b, struct html_value v)
{
	const char *p = v.p, *end = p + v.n, *amp;
	unsigned long code;
	size_t n;

	while (p < end) {
		amp = memchr(p, '&', (size_t)(end - p));
		buf_add(b, p, (size_t)((amp != NULL ? amp : end) - p));
		if (amp == NULL)
			break;
		n = reference(amp, end, &code);
		if (n > 0)
			put_utf8(b, code);
		else
			buf_char(b, '&');
		p = amp + (n > 0 ? n : 1);
	}
}

void
html_escape(struct buf *b, const char *p, size_t n)
{
	for (; n > 0; p++, n--) {
		if (*p == '&')
			buf_str(b, "&amp;");
		else if (*p == '<')
			buf_str(b, "&lt;");
		else if (*p == '>')
			buf_str(b, "&gt;");
		else
			buf_char(b, *p);
	}
}

/* White space, and what takes no room at all. */
static bool
invisible(unsigned long c)
{
	return c <= 0x20 || c == 0x7f || c == 0x85 || c == 0xa0 || c == 0xad || c == 0x1680 || (c >= 0x2000 && c <= 0x200f) ||
	    (c >= 0x2028 && c <= 0x202f) || (c >= 0x205f && c <= 0x2064) || c == 0x3000 || c == 0xfeff;
}

static unsigned long
character(const char **p)
{
	const unsigned char *s = (const unsigned char *)*p;

	if (s[0] < 0x80) {
		*p += 1;
		return s[0];
	}
	if (s[0] < 0xe0) {
		*p += 2;
		return (unsigned long)(s[0] & 31) << 6 | (s[1] & 63);
	}
	if (s[0] < 0xf0) {
		*p += 3;
		return (unsigned long)(s[0] & 15) << 12 | (unsigned long)(s[1] & 63) << 6 | (s[2] & 63);
	}
	*p += 4;
	return (unsigned long)(s[0] & 7) << 18 | (unsigned long)(s[1] & 63) << 12 | (unsigned long)(s[2] & 63) << 6 | (s[3] & 63);
}

static bool
visible(const char *p, size_t n)
{
	const char *end = p + n;
	unsigned long c;
	size_t len;

	while (p < end) {
		if (*p == '&' && (len = reference(p, end, &c)) > 0)
			p += len;
		else
			c = character(&p);
		if (!invisible(c))
			return true;
	}
	return false;
}

/* An address that leads somewhere: not what a broken editor leaves behind (src=x). */
static bool
leads(struct html_value src)
{
	static const char *const scheme[] = { "data:", "http:", "https:", "cid:", "//" };
	const char *end = src.p + src.n;
	size_t i;

	while (src.p != NULL && src.p < end && space(*src.p))
		src.p++;
	for (i = 0; src.p != NULL && i < sizeof(scheme) / sizeof(scheme[0]); i++)
		if (starts(src.p, end, scheme[i]))
			return true;
	return false;
}

bool
html_shows(const char *p, size_t n)
{
	struct html h = { .p = p, .end = p + n };
	struct html_part part;

	while (html_next(&h, &part))
		if ((part.kind == HTML_TEXT && visible(part.p, part.n)) ||
		    (html_is(&part, "img") && leads(html_attribute(&part, "src"))))
			return true;
	return false;
}

size_t
html_units(const char *p, size_t n)
{
	size_t units = 0;

	for (; n > 0; p++, n--)
		units += ((unsigned char)*p & 0xc0) != 0x80 ? 1 + ((unsigned char)*p >= 0xf0) : 0;
	return units;
}

/* The bytes of what looks like an entity at p (an &), known or not; 0: it does not. */
static size_t
entity_like(const char *p, const char *end)
{
	const char *at = p + 1;

	while (at < end && at - p < 34 && (letter(*at) || (*at >= '0' && *at <= '9') || *at == '#'))
		at++;
	return at > p + 1 && at < end && *at == ';' ? (size_t)(at + 1 - p) : 0;
}

size_t
html_cut(const char *p, size_t n, size_t units)
{
	struct html h = { .p = p, .end = p + n };
	struct html_part part;
	const char *from = p, *at, *end;
	size_t len, left = units;

	while (html_next(&h, &part)) {
		len = html_units(part.p, part.n);
		if (len <= left) {
			left -= len;
			continue;
		}
		at = part.p;
		end = at + part.n;
		while (part.kind == HTML_TEXT && at < end) {
			len = *at == '&' ? entity_like(at, end) : 0;
			if (len > 0 ? len > left : left == 0 || ((unsigned char)*at >= 0xf0 && left < 2))
				break;
			left -= len > 0 ? len : 1 + ((unsigned char)*at >= 0xf0);
			if (len > 0)
				at += len;
			else
				character(&at);
		}
		return (size_t)(at - from);
	}
	return n;
}
