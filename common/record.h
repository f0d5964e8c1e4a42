/*
 * record - what several programs do alike with a source record
 *
 * A relation comes as an object with an id, as a number or as text; null, "",
 * blanks, {} and an object of nulls and empty texts mean that there is none.  A key is
 * the text of that id: a number as it is written, a text unescaped.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "json.h"
#include "nd.h"

/*
 * Parses the line in hand.  A line that was set aside because it was no JSON
 * object, {"_raw":"..."} or {"_raw_base64":"..."} with its _error, is first
 * taken out again: line and len are then those of the text, so that it is
 * judged as it was, or as it was mended.
 */
bool record_parse(struct nd_in *in, struct json *j);

enum record_key { RECORD_BLANK, RECORD_KEY, RECORD_WRONG };	/* RECORD_WRONG: true, false, an array, an object with values but no id */

/* The key in v (NULL: absent) to key, which is emptied first. */
enum record_key record_key(const struct json_value *v, struct buf *key);

/*
 * A path into records, its first name a slot of names.  An ".id" at its end is
 * taken off: record_key finds the id, in an object or in its place.
 */
struct record_path {
	size_t slot;
	char *rest;		/* of the path; NULL when it is one name */
	char *text;		/* the whole path, for messages */
};
void record_path(struct record_path *p, struct json_names *names, const char *path);
void record_path_free(struct record_path *p);
bool record_at(const struct record_path *p, const struct json *j, struct json_value *v);	/* false if absent */

/* The object in j without its members of these names (NULL-terminated): into b, emptied first. */
void record_without(struct buf *b, const struct json *j, const char *const *names);

/* The line with one member more at its end, to out; the line must have been parsed. */
void record_write(struct nd_out *out, const char *line, size_t n, const char *name, const char *json, size_t jn);

#endif
