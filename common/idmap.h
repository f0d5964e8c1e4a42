/*
 * idmap - from (module, source key) to (table, target id), in memory
 *
 * Loads id files (NDJSON: module, key, table, id, how, rule) into one
 * open-addressing table; at most 64 bytes an entry for keys up to 10
 * characters.  A damaged line is 65 with file and line; the same key twice
 * with different ids is 65, naming both lines.  Only the keys of the module
 * that idmap_addresses names may repeat: an address can be that of several
 * people.  They are compared as address.h says.
 */
#ifndef IDMAP_H
#define IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guid.h"

struct idmap;

struct idmap_entry {
	const char *table;	/* belongs to the map */
	const char *how;	/* "new", "matched", "fallback" */
	struct guid id;
};

struct idmap *idmap_new(void);
void idmap_addresses(struct idmap *m, const char *module);	/* before anything is loaded */
void idmap_load(struct idmap *m, const char *path);
bool idmap_get(const struct idmap *m, const char *module, const char *key, size_t keylen, struct idmap_entry *e);
/* The ids of a key that repeats, k = 0, 1 ... in the order loaded; false after the last. */
bool idmap_nth(const struct idmap *m, const char *module, const char *key, size_t keylen, uint32_t k, struct idmap_entry *e);
void idmap_prefetch(const struct idmap *m, const char *module, const char *key, size_t keylen);	/* a hint: idmap_get comes soon */
size_t idmap_count(const struct idmap *m);
const char *idmap_first_module(const struct idmap *m);	/* of the first line loaded; NULL when empty */
void idmap_free(struct idmap *m);

#endif
