/*
 * csv - small tables that people edit (libcsv)
 *
 * Reads a whole CSV file with a header line: UTF-8, BOM taken off, quotes by
 * RFC 4180.  A missing file is 66, a damaged one 65 with file and line; a row
 * with more cells than the header has is 65; missing cells are "".
 * Cells belong to the table and live until csv_unload.
 */
#ifndef CSV_H
#define CSV_H

#include <stddef.h>

struct csv {
	const char *name;
	size_t columns, rows;
	char **head;
	char **cell;		/* row-major, rows * columns */
	unsigned long *line;	/* of each row in the file, from 1 */
};

struct csv *csv_load(const char *path);
long csv_column(const struct csv *t, const char *name);		/* -1 if absent */
size_t csv_need(const struct csv *t, const char *name);		/* its index, or exit 78 naming the file and the columns it has */
const char *csv_cell(const struct csv *t, size_t row, size_t column);
void csv_unload(struct csv *t);	/* not csv_free: that is libcsv's */

#endif
