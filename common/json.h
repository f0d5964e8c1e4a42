/*
 * json - a strict, fast reader of one JSON text (RFC 8259)
 *
 * json_parse judges the whole text: grammar, UTF-8 (no overlong forms, no
 * surrogates), \u escapes (no lone surrogates), no duplicate member names at
 * any depth, at most JSON_DEPTH levels.  It hands out the members of the
 * outermost object as values: spans of the text, nothing is copied and no
 * number is converted.  A value is good as long as the text is.
 *
 * The text must be followed by at least JSON_PAD readable bytes (any bytes);
 * nd_read's lines and buf's contents after json_pad are.
 *
 * Source: RFC 8259 (grammar), RFC 3629 (UTF-8).
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define JSON_PAD 32
#define JSON_DEPTH 512

enum json_kind { JSON_NONE, JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_value {
	const char *p;		/* a string without its quotes; anything else whole */
	size_t n;
	enum json_kind kind;
	bool escaped;		/* a string that holds a backslash */
	bool ascii;		/* a string whose raw bytes are all below 0x80 */
};

struct json_member {
	struct json_value key;	/* always a JSON_STRING */
	struct json_value value;
};

/*
 * Names whose values are wanted, each with a slot number (0, 1, ...), so that
 * a filter gets a field by index.  Made once, read by every json_parse.
 */
struct json_names;
struct json_names *json_names_new(void);
size_t json_names_add(struct json_names *names, const char *name);	/* its slot; the old one if known */
size_t json_names_count(const struct json_names *names);
void json_names_free(struct json_names *names);

/* The reader; zeros are ready for use.  Reused from text to text. */
struct json {
	struct json_member *member;	/* of the outermost object, in text order */
	size_t count;
	const struct json_value **slot;	/* by slot of names; NULL where absent */
	const char *error;		/* reject code: bad-json, bad-utf8, too-deep, duplicate-member, not-an-object */
	const char *detail;		/* what is wrong, in words */
	size_t offset;			/* where, in bytes from the start */
	struct json_names *names;	/* set before json_parse, or NULL */
	struct json_state *state;	/* private */
};

bool json_parse(struct json *j, const char *text, size_t n);	/* one object, whole text; false: error, detail, offset */
bool json_parse_any(struct json *j, const char *text, size_t n, struct json_value *v);	/* any value; members only if an object */
const struct json_value *json_get(const struct json *j, const char *name);	/* NULL if absent */
void json_free(struct json *j);

/*
 * Walking what json_parse has judged (and nothing else: no checks are made).
 * As for json_parse, JSON_PAD readable bytes must follow the text.
 *	struct json_iter it = json_iter(&value);	an object or array
 *	while (json_next(&it, &key, &v)) ...		key may be NULL; empty for arrays
 */
struct json_iter {
	const char *p;
	const char *end;
	bool object;
};
struct json_iter json_iter(const struct json_value *v);		/* of anything else: no members */
bool json_next(struct json_iter *it, struct json_value *key, struct json_value *v);
bool json_member(const struct json_value *object, const char *name, struct json_value *v);	/* false if absent or no object */
bool json_path(const struct json_value *object, const char *path, struct json_value *v);	/* "company.name" */

bool json_is(const struct json_value *v, const char *text);		/* a string equal to text once unescaped */
bool json_null(const struct json_value *v);				/* NULL pointer, absent or JSON null */
size_t json_decode(const struct json_value *v, char *dst);		/* string to UTF-8; at most v->n bytes; returns the length */
char *json_strdup(const struct json_value *v);				/* decoded, NUL-terminated; NULL if it holds U+0000 or is no string */
size_t json_utf16(const struct json_value *v);				/* length in UTF-16 code units, as Dataverse counts text */
void json_raw(const struct json_value *v, const char **p, size_t *n);	/* the span as it stands in the text, quotes included */
void json_put(struct buf *b, const struct json_value *v);		/* that span */
bool json_int(const struct json_value *v, int64_t *out);		/* an integer in range, no fraction, no exponent */
const char *json_utf8(const char *p, const char *end);			/* past one well-formed character of two to four bytes, or NULL */
void json_pad(struct buf *b);						/* JSON_PAD readable zeros after the bytes, not counted */

#endif
