#include "buf.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "xalloc.h"

void
buf_room(struct buf *b, size_t more)
{
	size_t cap;

	if (b->cap - b->n >= more && b->p != NULL)
		return;
	if (more > SIZE_MAX / 2 - b->n)
		errx(EX_IOERR, "a buffer of more than half the address space");
	cap = b->cap > 0 ? b->cap : 256;
	while (cap < b->n + more)
		cap *= 2;
	b->p = xrealloc(b->p, cap);
	b->cap = cap;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		errx(EX_SOFTWARE, "a format that cannot be printed: %s", fmt);
	buf_room(b, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void
buf_uint(struct buf *b, uint64_t v)
{
	char digit[20];
	size_t i = sizeof(digit);

	do {
		digit[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	buf_add(b, digit + i, sizeof(digit) - i);
}

void
buf_nul(struct buf *b)
{
	buf_room(b, 1);
	b->p[b->n] = '\0';
}

void
buf_json_text(struct buf *b, const char *p, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	static const char mark[] = "btn\0fr";	/* \b \t \n - \f \r */
	size_t i, from = 0;
	unsigned char c;

	buf_room(b, n + 2);
	for (i = 0; i < n; i++) {
		c = (unsigned char)p[i];
		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_add(b, p + from, i - from);
		from = i + 1;
		if (c == '"' || c == '\\') {
			buf_char(b, '\\');
			buf_char(b, (char)c);
		} else if (c >= 8 && c <= 13 && c != 11) {
			buf_char(b, '\\');
			buf_char(b, mark[c - 8]);
		} else {
			buf_str(b, "\\u00");
			buf_char(b, hex[c >> 4]);
			buf_char(b, hex[c & 15]);
		}
	}
	buf_add(b, p + from, n - from);
}

void
buf_json_string(struct buf *b, const char *p, size_t n)
{
	buf_char(b, '"');
	buf_json_text(b, p, n);
	buf_char(b, '"');
}

void
buf_json_str(struct buf *b, const char *s)
{
	buf_json_string(b, s, strlen(s));
}

void
buf_free(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}
