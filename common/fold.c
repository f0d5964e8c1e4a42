#include "fold.h"

#include <stdbool.h>
#include <stdint.h>

/* One code point of UTF-8; a byte that begins none is handed out as 0x110000 + itself. */
static size_t
decode(const char *text, size_t n, uint32_t *c)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t i, more = p[0] < 0x80 ? 0 : p[0] >= 0xf0 && p[0] < 0xf8 ? 3 : p[0] >= 0xe0 && p[0] < 0xf0 ? 2 :
	    p[0] >= 0xc2 && p[0] < 0xe0 ? 1 : 9;

	*c = more == 0 ? p[0] : p[0] & (0x3fu >> more);
	for (i = 1; more <= 3 && i <= more && i < n && (p[i] & 0xc0) == 0x80; i++)
		*c = *c << 6 | (p[i] & 0x3f);
	if (more <= 3 && i == more + 1)
		return i;
	*c = 0x110000 + p[0];
	return 1;
}

static size_t
encode(char *dst, uint32_t c)
{
	unsigned char *d = (unsigned char *)dst;

	if (c >= 0x110000 || c < 0x80) {
		d[0] = (unsigned char)(c & 0xff);
		return 1;
	}
	if (c < 0x800) {
		d[0] = (unsigned char)(0xc0 | c >> 6);
		d[1] = (unsigned char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		d[0] = (unsigned char)(0xe0 | c >> 12);
		d[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		d[2] = (unsigned char)(0x80 | (c & 0x3f));
		return 3;
	}
	d[0] = (unsigned char)(0xf0 | c >> 18);
	d[1] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
	d[2] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
	d[3] = (unsigned char)(0x80 | (c & 0x3f));
	return 4;
}

static bool
white(uint32_t c)
{
	return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
	    (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

static uint32_t
latin(uint32_t c)
{
	if (c < 0x100)
		return c >= 0xc0 && c <= 0xde && c != 0xd7 ? c + 32 : c;
	if (c == 0x130 || c == 0x131 || c == 0x149)
		return c;
	if (c == 0x178)
		return 0xff;
	if (c == 0x17f)
		return 's';
	if ((c >= 0x139 && c <= 0x148) || c >= 0x179)	/* here the odd ones are the capitals */
		return c % 2 == 1 ? c + 1 : c;
	return c == 0x138 ? c : c | 1;
}

static uint32_t
greek(uint32_t c)
{
	switch (c) {
	case 0x386: return 0x3ac;
	case 0x388: case 0x389: case 0x38a: return c + 37;
	case 0x38c: return 0x3cc;
	case 0x38e: case 0x38f: return c + 63;
	case 0x3a2: return c;
	case 0x3c2: return 0x3c3;
	default: return c >= 0x391 && c <= 0x3ab ? c + 32 : c;
	}
}

static uint32_t
lower(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	if (c < 0x180)
		return latin(c);
	if (c >= 0x386 && c <= 0x3c2)
		return greek(c);
	if (c >= 0x400 && c <= 0x42f)
		return c + (c < 0x410 ? 80 : 32);
	return c;
}

size_t
fold(char *dst, const char *p, size_t n)
{
	size_t i, len = 0, end = 0;
	uint32_t c;

	for (i = 0; i < n; ) {
		i += decode(p + i, n - i, &c);
		if (len == 0 && white(c))
			continue;
		len += encode(dst + len, lower(c));
		if (!white(c))
			end = len;
	}
	return end;
}
