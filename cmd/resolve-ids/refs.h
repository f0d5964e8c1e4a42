/*
 * refs - what a record refers to, and what to do when it is not there
 *
 * A CSV file with the columns
 *	ref	the reference's name in _ref
 *	path	where it stands in the record: an object with an id, a number, a text, or a list
 *		of these; behind [] the path goes on in each element: followers[].userId
 *	module	the source module it names; address: it is an e-mail address; FIELD:TEXT=MODULE ...:
 *		the module that the text of this field stands for
 *	missing	reject, queue, skip, fallback, plain or leave: what to do when the ids do not have it
 *	tables	only these tables will do (words; blank: all), unless ...
 *	unless	... the reference of this name is resolved; otherwise queue, lead-only
 *	blank	reject, queue, skip: what to do without a reference; blank: nothing
 *	prefer	of an address that several records have, that of one of these references
 * of which the last four may be left out.
 */
#ifndef REFS_H
#define REFS_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "json.h"
#include "record.h"

#define REFS_ADDRESS "address"

enum policy { NOTHING, REJECT, QUEUE, SKIP, FALLBACK, PLAIN, LEAVE };

struct choice {				/* a module and the text that stands for it */
	char *text, *module;		/* folded */
};

struct ref {
	char *name, *text;		/* text: the path as the file has it, for messages */
	struct record_path path;
	bool each;			/* the path goes on in each element, */
	char *tail;			/* here; NULL: the element itself */
	char *module;			/* NULL: chosen by the field that by says */
	struct record_path by;
	struct choice *choice;
	size_t choices;
	bool address;
	enum policy missing, blank;
	char *tables;			/* "" for all */
	size_t unless;			/* index; REF_NONE */
	size_t *prefer, prefers;	/* indexes */
};

#define REF_NONE ((size_t)-1)

struct refs {
	struct ref *ref;
	size_t count;
};

void refs_load(struct refs *r, const char *path, struct json_names *names);	/* NULL: the default ones */
bool refs_allows(const struct ref *r, const char *table);
size_t refs_find(const struct refs *r, const char *name);			/* REF_NONE */
const char *refs_module(const struct ref *r, struct buf *text);			/* text is folded in place; NULL if it stands for none */

#endif
