#include "base64.h"

void
base64_put(struct buf *b, const char *text, size_t n)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)text;
	unsigned v;
	char *d;
	size_t i;

	buf_room(b, BASE64_SIZE(n) + 1);
	for (i = 0, d = b->p + b->n; i < n; i += 3) {
		v = (unsigned)p[i] << 16 | (i + 1 < n ? (unsigned)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);
		*d++ = digit[v >> 18];
		*d++ = digit[v >> 12 & 63];
		*d++ = i + 1 < n ? digit[v >> 6 & 63] : '=';
		*d++ = i + 2 < n ? digit[v & 63] : '=';
	}
	b->n += BASE64_SIZE(n);
}

static int
value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool
space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

bool
base64_get(struct buf *b, const char *p, size_t n)
{
	size_t i, digits = 0, pad = 0, old = b->n;
	unsigned v = 0;
	int bits = 0, d;

	buf_room(b, n / 4 * 3 + 4);
	for (i = 0; i < n; i++) {
		if (space(p[i]))
			continue;
		d = value(p[i]);
		if (p[i] == '=' ? ++pad > 2 : d < 0 || pad > 0)
			break;
		if (p[i] == '=')
			continue;
		digits++;
		v = (v << 6 | (unsigned)d) & 0xffff;
		if ((bits += 6) >= 8)
			b->p[b->n++] = (char)(v >> (bits -= 8) & 0xff);
	}
	if (i == n && digits % 4 != 1 && (pad == 0 || (digits + pad) % 4 == 0))
		return true;
	b->n = old;
	return false;
}
