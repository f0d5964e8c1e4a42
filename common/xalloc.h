/*
 * xalloc - allocation that does not return when memory is out
 *
 * Every function ends the program with EX_IOERR (74) and
 * one line on stderr when memory is refused, so callers need no check.
 * What is returned belongs to the caller, who frees it with free(3).
 */
#ifndef XALLOC_H
#define XALLOC_H

#include <stddef.h>

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
void *xreallocarray(void *p, size_t n, size_t size);	/* dies on overflow too */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
