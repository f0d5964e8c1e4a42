/*
 * blob - files kept by their content
 *
 * DIR/ab/ab34...: the name is the SHA-256 of the bytes, so the same bytes are
 * kept once, whatever they are called.  A file is written under a name of its
 * own in DIR (.new-PID-N), hashed on the way, read back and hashed again, and
 * only then renamed: a file with its real name is whole.  What an ended run left
 * half written is of no use to anyone and may be deleted.
 * Memory: one block, whatever the size of the files.
 */
#ifndef BLOB_H
#define BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sha256.h"

struct blobs;
struct blob_put;		/* a file that is being written */

struct blob {
	char sha256[SHA256_TEXT + 1];
	uint64_t size;
	char *path;		/* DIR/ab/ab34...; belongs to whoever holds the struct: free(3) */
};

struct blobs *blob_open(const char *dir);	/* makes DIR when it is not there; or exit 73 */
void blob_close(struct blobs *s);

/* Piece by piece.  A failed write, or bytes that read back differently, is 74. */
struct blob_put *blob_begin(struct blobs *s);
void blob_add(struct blob_put *p, const void *bytes, size_t n);
void blob_end(struct blob_put *p, struct blob *f);		/* keeps it; p is gone */
void blob_drop(struct blob_put *p);			/* keeps nothing; p is gone */

/* All at once: bytes; or what an open file still has to give (false with errno: it could not be read, nothing is kept). */
void blob_bytes(struct blobs *s, const void *bytes, size_t n, struct blob *f);
bool blob_copy(struct blobs *s, int fd, struct blob *f);

/* The hash and size of a file as it is now; false with errno when it cannot be read. */
bool blob_hash(const char *path, char sha256[SHA256_TEXT + 1], uint64_t *size);

#endif
