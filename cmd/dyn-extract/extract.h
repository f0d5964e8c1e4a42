/*
 * What the parts of dyn-extract share.  Every function ends the program when
 * the service or the organization refuses (main.c's usage lists the codes),
 * so what returns is whole.
 */
#ifndef EXTRACT_H
#define EXTRACT_H

#include <stdbool.h>
#include <stddef.h>

#include "dyn.h"
#include "guid.h"
#include "nd.h"

extern const char *const strong[];	/* the header for definitions: never a cached copy */

/* table.c: what the organization says of a table, and the names in a query */
struct table {
	char *name, *set, *primary;
	struct column *column;		/* sorted by name; empty until table_columns */
	size_t columns;
};
struct table *table_ask(struct dyn *d, const char *name);	/* 78 if there is none */
void table_columns(struct dyn *d, struct table *t);
bool table_has(const struct table *t, const char *column);
char *table_select(const struct table *t, const char *const *name, size_t n);	/* for $select, as the rows spell it; 78 naming every bad one */
char *table_order(const struct table *t, const char *order);	/* for $orderby: "column" or "column desc", the id last */
bool table_name_good(const char *name);
void table_free(struct table *t);

/* rows.c: all rows of a query */
struct query {
	const char *select;	/* NULL: every column */
	const char *filter;	/* NULL: every row */
	const char *order;
	const char *hash;	/* the column whose file is hashed; NULL: none */
};
void rows_extract(struct dyn *d, const struct table *t, const struct query *q, struct nd_out *out);
void row_put(struct buf *b, const char *table, const struct json_value *row);	/* one line's text */
void url_text(struct buf *b, const char *text);		/* percent-encoded where a query string needs it */
void put_flat(struct buf *b, const struct json_value *v);	/* verbatim, but for white space that would break the line */

/* hash.c: rows with the hash of their file in place of its bytes, in order */
struct hash;
void hash_check(const char *table, const char *column);	/* 64 when that column holds no files */
struct hash *hash_open(const struct table *t, const char *column, struct nd_out *out);
void hash_row(struct hash *h, const struct json_value *row);
void hash_close(struct hash *h);	/* writes what is left */

/* ids.c: the rows that a file names; returns the exit status */
int ids_extract(struct dyn *d, const struct table *t, const char *select, const char *idfile, const char *rejectfile,
    struct nd_out *out);

/* metadata.c: the lines of one table in a metadata file */
void metadata_extract(struct dyn *d, const char *table, struct nd_out *out);

/* organization.c: who asks, and where */
void whoami_put(struct dyn *d, const struct dyn_who *who, struct nd_out *out);
void organization_put(struct dyn *d, const struct dyn_who *who, struct nd_out *out);

/* progress.c: rows so far, on a terminal (or when asked for) */
void progress_start(struct dyn *d, bool asked);
void progress_rows(unsigned long long rows);
void progress_end(void);

#endif
