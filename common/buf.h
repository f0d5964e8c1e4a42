/*
 * buf - bytes that grow
 *
 * A struct buf of zeros is an empty buffer.  p may move with every call that
 * adds.  buf_free gives the memory back and leaves an empty buffer.
 * JSON writers: buf_json_string escapes what RFC 8259 demands and nothing else
 * (", \, and the controls below 0x20), so valid UTF-8 goes through unchanged.
 */
#ifndef BUF_H
#define BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *p;
	size_t n;		/* bytes used */
	size_t cap;
};

void buf_room(struct buf *b, size_t more);	/* room for more bytes after n */

/* In the header, because lines are put together from many short pieces of known length. */
static inline void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (b->cap - b->n <= n)
		buf_room(b, n + 1);
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}

static inline void
buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

static inline void
buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_uint(struct buf *b, uint64_t v);
void buf_nul(struct buf *b);			/* a NUL after the bytes, not counted in n */
void buf_json_string(struct buf *b, const char *p, size_t n);	/* with its quotes */
void buf_json_str(struct buf *b, const char *s);
void buf_json_text(struct buf *b, const char *p, size_t n);	/* without quotes */
void buf_free(struct buf *b);

#endif
