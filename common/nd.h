/*
 * nd - streams of records: one JSON object a line (NDJSON, UTF-8, LF)
 *
 * Reading: a BOM at the start and a CR before an LF are taken off; blank lines
 * are passed over and not counted as records; a last line without LF is a
 * record.  A line longer than ND_LINE_MAX is read past, not held: nd_read
 * returns it with toolong set and its first bytes.  A failing read ends the
 * program with 74.
 *
 * Writing: buffered; a failed write ends the program with 74 and names the
 * file.  A reader of ours that went away (EPIPE) ends it quietly with 74.
 * nd_create refuses (64) a file that this run has open already, above all its
 * own input: opening would empty it.
 * nd_close must be called: it flushes, and a lost write is found there.
 */
#ifndef ND_H
#define ND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"

#define ND_LINE_MAX ((size_t)64 << 20)	/* bytes */

struct nd_in {
	const char *name;	/* for messages; "stdin" */
	uint64_t lineno;	/* of the line in hand, from 1 */
	uint64_t count;		/* records so far */
	uint64_t offset;	/* bytes before the line in hand */
	const char *line;	/* without its LF; JSON_PAD readable bytes follow */
	size_t len;
	bool toolong;
	struct nd_reader *r;	/* private */
};

struct nd_out {
	const char *name;
	uint64_t count;		/* lines so far */
	struct nd_writer *w;	/* private */
};

void nd_open(struct nd_in *in, const char *path);	/* NULL or "-": stdin; missing file: 66 */
bool nd_read(struct nd_in *in);				/* the next record's line; false at the end */
bool nd_ready(const struct nd_in *in, int ms);		/* would nd_read not have to wait?  For those who have other things to do; looks for at most ms */
void nd_end(struct nd_in *in);				/* closes and frees */

void nd_create(struct nd_out *out, const char *path);	/* NULL or "-": stdout; cannot create: 73 */
void nd_write(struct nd_out *out, const char *p, size_t n);	/* a line; the LF is added */
void nd_part(struct nd_out *out, const char *p, size_t n);	/* a part of a line */
void nd_line(struct nd_out *out);			/* ends a line made of parts */
void nd_flush(struct nd_out *out);			/* to the kernel */
void nd_close(struct nd_out *out);

#endif
