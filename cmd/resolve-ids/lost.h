/*
 * lost - records that did not make it, and why
 *
 * Read from files of rejected, queued or skipped records: the key is
 * _source.id (a mapped row), else id, else code (a currency); the cause is
 * _error.code and the file.  An _error with a root (it was lost because of
 * another record) hands that first cause on.
 * Memory: some 60 bytes a record, and its root.
 */
#ifndef LOST_H
#define LOST_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

struct lost;

struct lost_record {
	const char *code, *file;
	bool queued;		/* a person decides: its references wait too */
	const char *root;	/* JSON: the first cause; NULL: this record itself is it */
};

struct lost *lost_new(void);
void lost_load(struct lost *l, const char *option);	/* MODULE=FILE */
bool lost_get(const struct lost *l, const char *module, const char *key, size_t n, struct lost_record *r);
/* Adds the first cause to b, as JSON for _error.root. */
void lost_root(struct buf *b, const struct lost_record *r, const char *module, const char *key, size_t n);
/* What a message says of the first cause: "" when it is this record itself.  The caller frees it. */
char *lost_because(const struct lost_record *r);

#endif
