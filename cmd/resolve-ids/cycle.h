/*
 * cycle - records that are, by their references, their own ancestors
 *
 * Every record adds its key and that of its parent; cycle_find then marks the
 * records on a cycle.  Memory: some 70 bytes a record.
 */
#ifndef CYCLE_H
#define CYCLE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

struct cycle;

struct cycle *cycle_new(void);
void cycle_add(struct cycle *c, const char *key, size_t n, const char *parent, size_t pn);
void cycle_find(struct cycle *c);
/* Is this record on a cycle?  If so its path, "22 -> 7 -> 22", goes to path (emptied first). */
bool cycle_on(const struct cycle *c, const char *key, size_t n, struct buf *path);

#endif
