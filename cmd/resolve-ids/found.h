/*
 * found - what stands in a record where a reference says
 *
 * One value, or a list of them without its blank elements, in the order of
 * the record, each with the key in it.  The key of an address is the address
 * alone, as it is written.  A list of anything else is only looked into where
 * the path says [].
 */
#ifndef FOUND_H
#define FOUND_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "idmap.h"
#include "json.h"
#include "record.h"
#include "refs.h"

struct item {
	struct json_value v;		/* JSON_NONE: absent */
	enum record_key kind;
	struct buf key;
	enum { LEFT_OUT, KNOWN, TEXT } is;	/* what becomes of it; KNOWN: e */
	struct idmap_entry e;
};

struct found {
	struct item *item;		/* at least one where it is no list */
	size_t count, room;
	bool list;
	const char *module;		/* NULL: the record says none that the refs file knows */
	struct buf by;			/* the text that says it */
};

void found_self(struct item *i, const struct record_path *id, const struct json *j);
void found_gather(struct found *f, const struct ref *ref, const struct json *j);
bool found_any(const struct found *f);			/* is one KNOWN? */

/* For _ref: {"table":...,"id":...,"how":...}, with value also "value"; {"value":...} where there is no id. */
void found_put_item(struct buf *b, const struct item *i, bool value);
/* ,"name": and the item or the list of them; nothing when all are left out. */
void found_put(struct buf *b, const struct ref *ref, const struct found *f);

#endif
