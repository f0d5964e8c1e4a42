/*
 * reject - records that a program sets aside, so that nothing is lost
 *
 * The record unchanged plus one member _error (program, line, code, field,
 * message, value; plus extra members a caller gives).  An _error that the
 * record brought along (a mended reject, fed again) is taken off first.
 * A line that is no JSON object is kept as {"_raw":"..."}; one that is not
 * UTF-8 as {"_raw_base64":"..."}.
 *
 * Without a file the first reject ends the program: one line on stderr, 65.
 * The same struct serves queues (a person decides) and skipped records.
 */
#ifndef REJECT_H
#define REJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nd.h"

struct rej {
	const char *program;
	struct nd_out out;
	bool open;
	uint64_t count;
	struct buf more;	/* members a caller adds to the next _error, each as ,"name":json; emptied by rej_write */
};

void rej_open(struct rej *r, const char *program, const char *path);	/* path NULL: the first reject is fatal */

/* in gives file, line number and text.  code is of the closed list; field and value (a span of the line) may be NULL. */
void rej_write(struct rej *r, const struct nd_in *in, const char *code, const char *field,
    const struct json_value *value, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
void rej_parse(struct rej *r, const struct nd_in *in, const struct json *j);	/* what json_parse or toolong found */
void rej_close(struct rej *r);

/* The last line on stderr: "map-fields: 12 in, 11 out, 1 rejected[, 0 queued][, 0 skipped]" and the exit code:
 * 0, or 70 when in differs from the rest.  queued and skipped: NULL or not open leaves them out. */
int rej_sum(const char *program, uint64_t in, uint64_t out, const struct rej *rejected,
    const struct rej *queued, const struct rej *skipped);

#endif
