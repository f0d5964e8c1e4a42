/*
 * A name becomes safe by rule, not by taste: what it leads through is joined with
 * _ (../../etc/passwd is etc_passwd), characters that some system refuses become
 * _, writing-direction marks go (they make gpj.exe of exe.jpg), dots and blanks at
 * the ends go, a device's name gets a _ before it.  All else stays, in any script.
 * Source: reserved characters and device names of Windows, "Naming Files, Paths,
 * and Namespaces"; the target is read on all systems.
 */
#include "split.h"

#include <string.h>
#include <strings.h>

#define EXTENSION_UNITS 20	/* longer ones are no extensions */

/* %2e %2f %5c %00, coded any number of times (%252e): the bytes it takes, its character to *c; else 0. */
static size_t
coded(const char *p, size_t n, char *c)
{
	static const char code[] = "2e2f5c00", is[] = "./\\";
	size_t at = 1, i;

	if (n < 3 || p[0] != '%')
		return 0;
	while (at + 4 <= n && p[at] == '2' && p[at + 1] == '5')
		at += 2;
	for (i = 0; i < 4 && at + 2 <= n; i++)
		if (strncasecmp(p + at, code + 2 * i, 2) == 0) {
			*c = is[i];
			return at + 2;
		}
	return 0;
}

/* A character of two or more bytes that has no place in a name: 0 keep, 1 drop, 2 replace. */
static int
odd(const unsigned char *s)
{
	unsigned c;

	if (s[0] == 0xc2)
		return s[1] < 0xa0 ? 2 : 0;		/* C1 controls */
	if ((s[0] & 0xf0) != 0xe0)
		return 0;
	c = (unsigned)(s[0] & 15) << 12 | (unsigned)(s[1] & 63) << 6 | (s[2] & 63);
	if (c == 0x2028 || c == 0x2029)
		return 2;
	return c == 0x200b || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static size_t
width(unsigned char c)
{
	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* The characters, codes and oddities resolved; separators are / from here on. */
static void
characters(struct buf *b, const char *p, size_t n)
{
	size_t i, k;
	char c;
	int what;

	for (i = 0; i < n; i += k) {
		c = p[i];
		if ((k = coded(p + i, n - i, &c)) == 0)
			k = width((unsigned char)c);
		if (k > 1 && (unsigned char)c >= 0x80) {
			what = odd((const unsigned char *)p + i);
			if (what == 0)
				buf_add(b, p + i, k);
			else if (what == 2)
				buf_char(b, '_');
		} else if (c == '\\') {
			buf_char(b, '/');
		} else {
			buf_char(b, (unsigned char)c < 0x20 || c == 0x7f || strchr("\":*?<>|", c) != NULL ? '_' : c);
		}
	}
}

/* Dots, blanks and wide blanks at the ends of a part. */
static size_t
edge(const char *p, size_t n, bool last)
{
	static const char *const blank[] = { " ", ".", "\xc2\xa0", "\xe3\x80\x80" };
	size_t i, k;

	for (i = 0; i < sizeof(blank) / sizeof(blank[0]); i++) {
		k = strlen(blank[i]);
		if (n >= k && memcmp(last ? p + n - k : p, blank[i], k) == 0)
			return k;
	}
	if (n >= 3 && memcmp(last ? p + n - 3 : p, "\xe2\x80", 2) == 0 && (unsigned char)p[last ? n - 1 : 2] <= 0x8a)
		return 3;				/* U+2000..200A */
	return 0;
}

static bool
device(const char *p, size_t n)
{
	static const char *const name[] = { "con", "prn", "aux", "nul", "conin$", "conout$" };
	static const char *const digit[] = { "\xc2\xb9", "\xc2\xb2", "\xc2\xb3" };
	const char *dot = memchr(p, '.', n);
	size_t i;

	n = dot != NULL ? (size_t)(dot - p) : n;
	while (n > 0 && p[n - 1] == ' ')
		n--;
	for (i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if (strlen(name[i]) == n && strncasecmp(p, name[i], n) == 0)
			return true;
	if (n < 4 || (strncasecmp(p, "com", 3) != 0 && strncasecmp(p, "lpt", 3) != 0))
		return false;
	for (i = 0; i < 3; i++)
		if (n == 5 && memcmp(p + 3, digit[i], 2) == 0)
			return true;
	return n == 4 && p[3] >= '0' && p[3] <= '9';
}

/* Where the extension begins, dot included; n when there is none. */
static size_t
extension(const char *p, size_t n)
{
	size_t i = n;

	while (i > 1 && p[i - 1] != '.')
		i--;
	return i > 1 && html_units(p + i - 1, n - i + 1) <= EXTENSION_UNITS ? i - 1 : n;
}

/* Name and extension with text between, the name cut so that all fits; added to b. */
static void
fit(struct buf *b, const char *p, size_t n, const char *text)
{
	size_t dot = extension(p, n), room = NAME_UNITS - html_units(p + dot, n - dot) - strlen(text), i = 0, k;

	while (i < dot) {
		k = width((unsigned char)p[i]);
		if (room < 1 + (k == 4))
			break;
		room -= 1 + (k == 4);
		i += k;
	}
	while (i < dot && i > 0 && edge(p, i, true) > 0)
		i -= edge(p, i, true);
	buf_add(b, p, i);
	buf_str(b, text);
	buf_add(b, p + dot, n - dot);
}

void
name_safe(struct buf *b, const char *p, size_t n)
{
	struct buf all = { 0 }, joined = { 0 };
	const char *part, *end, *slash;
	size_t k, len;

	characters(&all, p, n);
	part = all.p;
	end = part + all.n;
	while (part < end) {
		slash = memchr(part, '/', (size_t)(end - part));
		len = (size_t)((slash != NULL ? slash : end) - part);
		p = part;
		part += len + (slash != NULL);
		for (; (k = edge(p, len, false)) > 0; len -= k)
			p += k;
		while ((k = edge(p, len, true)) > 0)
			len -= k;
		/* What says nothing, and a drive (C:, whose colon is _ by now), is left out. */
		if (len == 0 || (slash != NULL && joined.n == 0 && len == 2 && p[1] == '_'))
			continue;
		if (joined.n > 0)
			buf_char(&joined, '_');
		buf_add(&joined, p, len);
	}
	if (joined.n > 0 && device(joined.p, joined.n)) {
		buf_char(b, '_');
		fit(b, joined.p, joined.n, "");
	} else if (joined.n > 0) {
		fit(b, joined.p, joined.n, "");
	}
	buf_free(&all);
	buf_free(&joined);
}

void
name_numbered(struct buf *b, const char *p, size_t n, unsigned number)
{
	struct buf text = { 0 };

	buf_printf(&text, " (%u)", number);
	buf_nul(&text);
	fit(b, p, n, text.p);
	buf_free(&text);
}
