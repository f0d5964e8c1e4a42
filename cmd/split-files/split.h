/*
 * split-files - what its parts share
 */
#ifndef SPLIT_H
#define SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blob.h"
#include "buf.h"
#include "json.h"
#include "nd.h"
#include "reject.h"

/* ---- html.c: HTML as it stands, looked at and never rewritten ---- */

/*
 * The parts of a text, one after the other and without gaps.  Tags are found as
 * a browser finds them: a > inside quotes ends none, and nothing is a tag inside
 * a comment, a script or a style.  A tag that is never closed is text.
 */
enum html_kind { HTML_TEXT, HTML_TAG, HTML_HIDDEN };	/* hidden: comments, declarations, what script, style and title hold */
struct html {
	const char *p, *end;	/* what is left */
	char raw[10];		/* the element whose content comes next, if it holds no tags */
};
struct html_part {
	enum html_kind kind;
	const char *p;
	size_t n;
};
bool html_next(struct html *h, struct html_part *part);

struct html_value {
	const char *p;		/* as it is written, without its quotes; NULL: no such attribute */
	size_t n;
};
bool html_is(const struct html_part *tag, const char *name);	/* an opening tag of this name */
struct html_value html_attribute(const struct html_part *tag, const char *name);

void html_decode(struct buf *b, struct html_value v);	/* added to b: numbers, and the entities that attributes need */
void html_escape(struct buf *b, const char *p, size_t n);
bool html_shows(const char *p, size_t n);		/* is there text, or an image with an address? */
size_t html_cut(const char *p, size_t n, size_t units);	/* bytes of the longest beginning with so many UTF-16 units that splits no tag, entity or character */
size_t html_units(const char *p, size_t n);		/* UTF-16 units */

/* ---- uri.c: data: URIs (RFC 2397) ---- */

enum uri { URI_OTHER, URI_DATA, URI_BROKEN };		/* broken: no comma, or base64 that is none */
enum uri uri_data(const char *p, size_t n, struct buf *type, struct buf *bytes);	/* type: lower case, without parameters */
void uri_unescape(struct buf *b, const char *p, size_t n);	/* %41 is A; added to b, which may end up as no UTF-8 */
const char *uri_extension(const char *type, size_t n);	/* ".png" for image/png; ".bin" for what is not known */

/* ---- name.c: file names that are safe everywhere ---- */

#define NAME_UNITS 255			/* filename of annotation and activitymimeattachment; reference 9.6 */
void name_safe(struct buf *b, const char *p, size_t n);	/* added to b, perhaps nothing at all */
void name_numbered(struct buf *b, const char *p, size_t n, unsigned number);	/* "name (2).ext", within NAME_UNITS */

/* ---- have.c: the list of what was fetched ---- */

struct have;
struct have *have_load(const char *path, const char *parent);	/* parent: noteId, emailId */
/* The line for an attachment, or for the address of an image; false if there is none.  v is good until the next call. */
bool have_find(struct have *h, const char *key, size_t keylen, bool address, const char *id, size_t idlen, struct json_value *v);

/* ---- intake.c: files that the operator put there ---- */

/* A descriptor of DIR/files/PATH, a plain file reached through no link and no ".."; -1 and *why otherwise. */
int intake_open(const char *dir, const char *path, size_t n, const char **why);

/* ---- limits.c: what the organisation takes ---- */

struct limits {
	char *blocked;		/* ";exe;js;", lower case */
	uint64_t largest;
};
void limits_load(struct limits *l, const char *path);
bool limits_blocked(const struct limits *l, const char *name, size_t n, const char **extension, size_t *len);

/* ---- file.c: a file becomes a record, or is set aside ---- */

struct kind {			/* of record, as the API names its members */
	const char *name;	/* note */
	const char *parent;	/* the member of file records that holds its id; NULL: the record is the file */
	const char *time[2], *by[2];	/* the first that is there */
};

struct files {
	const struct kind *kind;
	struct limits limits;
	struct blobs *blobs;
	struct have *have;	/* NULL: nothing was fetched */
	const char *intake;	/* NULL: none */
	struct nd_out out;
	struct rej rej;
	uint64_t bytes, declared, images, texts, histories;
	/* Of the record in hand: */
	const struct nd_in *in;
	struct json_value record;
	struct buf key;		/* its id */
	struct keys *names;	/* folded, that its files have */
};

void files_begin(struct files *f, const struct nd_in *in, const struct json_value *record);
void files_declared(struct files *f, const struct json_value *attachment, unsigned number);
/* An image's place holder, its name escaped, to mark; false: the address is none that we have bytes of. */
bool files_image(struct files *f, unsigned number, const char *src, size_t n, struct html_value alt, struct buf *mark);
void files_text(struct files *f, const char *text, size_t n, struct buf *mark);	/* a text too long for its column */
void files_history(struct files *f, const struct json_value *history);
void files_end(struct files *f);

#endif
