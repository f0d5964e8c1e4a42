/*
 * reread - lines of a file again, by where they stand
 *
 * For programs that read a file once to know what is in it, and then want its
 * lines in another order, without holding them.  Lines that follow each other
 * come from one read; any other costs one of its own.
 */
#ifndef REREAD_H
#define REREAD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"

struct reread {
	const char *name;
	int fd;
	off_t start;		/* of its first record */
	struct buf block;	/* what was read last, */
	uint64_t from;		/* from here */
};

void reread_stdin(struct reread *r, off_t start);
void reread_open(struct reread *r, const char *path);	/* no such file: 66; one that cannot be read twice: 64 */
/* Its line of n bytes at this offset, JSON_PAD readable bytes after it, until the next call; 74 when it is no longer there. */
const char *reread_line(struct reread *r, uint64_t at, size_t n);

#endif
