/*
 * refs - what a record refers to, and what to do when it is not there
 *
 * A CSV file with the columns
 *	ref	the reference's name in _ref
 *	path	where it stands in the record: an object with an id, a number, a text
 *	module	the source module it names
 *	missing	reject, queue, skip or fallback: what to do when the ids do not have it
 *	tables	only these tables will do (words; blank: all), unless ...
 *	unless	... the reference of this name is resolved; otherwise queue, lead-only
 *	blank	reject, queue, skip: what to do without a reference; blank: nothing
 * of which the last three may be left out.
 */
#ifndef REFS_H
#define REFS_H

#include <stdbool.h>
#include <stddef.h>

#include "json.h"
#include "record.h"

enum policy { NOTHING, REJECT, QUEUE, SKIP, FALLBACK };

struct ref {
	char *name, *module;
	struct record_path path;
	enum policy missing, blank;
	char *tables;			/* "" for all */
	size_t unless;			/* index; REF_NONE */
};

#define REF_NONE ((size_t)-1)

struct refs {
	struct ref *ref;
	size_t count;
};

void refs_load(struct refs *r, const char *path, struct json_names *names);	/* NULL: the default ones */
bool refs_allows(const struct ref *r, const char *table);
size_t refs_find(const struct refs *r, const char *name);			/* REF_NONE */

#endif
