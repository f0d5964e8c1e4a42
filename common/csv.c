/*
 * csv - a whole CSV file as a table of strings, by libcsv
 *
 * libcsv is fed a byte at a time, because it does not count lines and a map's
 * findings must name theirs; the files are small.  Blanks around a cell belong
 * to it (RFC 4180), so libcsv's own trimming is off.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <csv.h>

#include "csv.h"
#include "xalloc.h"

struct reading {
	struct csv *t;
	char **row;			/* the cells of the row in hand */
	size_t cells, room;
	size_t rows_room;
	unsigned long line;		/* of the byte in hand */
	unsigned long first;		/* line where the row in hand began; 0 between rows */
	bool header;			/* the header has been read */
};

static int
no_space(unsigned char c)
{
	(void)c;
	return 0;
}

static void
cell_done(void *p, size_t n, void *arg)
{
	struct reading *r = arg;

	if (memchr(p, '\0', n) != NULL)
		errx(EX_DATAERR, "%s:%lu: a NUL byte", r->t->name, r->line);
	if (r->cells == r->room) {
		r->room = r->room ? 2 * r->room : 16;
		r->row = xreallocarray(r->row, r->room, sizeof *r->row);
	}
	r->row[r->cells++] = xstrndup(p, n);
}

static void
header_done(struct reading *r)
{
	struct csv *t = r->t;
	size_t i, j;

	t->columns = r->cells;
	t->head = xreallocarray(NULL, r->cells, sizeof *t->head);
	memcpy(t->head, r->row, r->cells * sizeof *t->head);
	for (i = 0; i < t->columns; i++)
		for (j = 0; j < i; j++)
			if (t->head[i][0] != '\0' && strcmp(t->head[i], t->head[j]) == 0)
				errx(EX_DATAERR, "%s:%lu: two columns named %s", t->name, r->first, t->head[i]);
	r->header = true;
}

static void
row_done(int c, void *arg)
{
	struct reading *r = arg;
	struct csv *t = r->t;
	size_t i;

	(void)c;
	if (!r->header) {
		header_done(r);
	} else {
		if (r->cells > t->columns)
			errx(EX_DATAERR, "%s:%lu: %zu cells, but the header has %zu", t->name, r->first, r->cells, t->columns);
		if (t->rows == r->rows_room) {
			r->rows_room = r->rows_room ? 2 * r->rows_room : 64;
			t->cell = xreallocarray(t->cell, r->rows_room * t->columns, sizeof *t->cell);
			t->line = xreallocarray(t->line, r->rows_room, sizeof *t->line);
		}
		for (i = 0; i < t->columns; i++)
			t->cell[t->rows * t->columns + i] = i < r->cells ? r->row[i] : xstrdup("");
		t->line[t->rows++] = r->first;
	}
	r->cells = 0;
	r->first = 0;
}

/* The length of the UTF-8 sequence at p, 0 if it is none (RFC 3629, table 3-7 of Unicode). */
static size_t
utf8_length(const unsigned char *p, size_t n)
{
	static const struct { unsigned char lo, hi, next_lo, next_hi, length; } form[] = {
		{ 0x00, 0x7f, 0x00, 0xff, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	size_t i, k;

	for (i = 0; i < sizeof form / sizeof form[0]; i++) {
		if (p[0] < form[i].lo || p[0] > form[i].hi)
			continue;
		if (form[i].length > n)
			return 0;
		if (form[i].length > 1 && (p[1] < form[i].next_lo || p[1] > form[i].next_hi))
			return 0;
		for (k = 2; k < form[i].length; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return form[i].length;
	}
	return 0;
}

static unsigned char *
file_bytes(const char *path, size_t *n)
{
	unsigned char *p = NULL;
	size_t room = 0, got;
	FILE *fp;

	if ((fp = fopen(path, "r")) == NULL)
		err(errno == ENOENT || errno == ENOTDIR ? EX_NOINPUT : EX_IOERR, "%s", path);
	*n = 0;
	do {
		room = room ? 2 * room : 65536;
		p = xrealloc(p, room);
		got = fread(p + *n, 1, room - *n, fp);
		*n += got;
	} while (*n == room);
	if (ferror(fp))
		err(EX_IOERR, "%s: read", path);
	fclose(fp);
	return p;
}

static void
check_utf8(const char *path, const unsigned char *p, size_t n)
{
	unsigned long line = 1;
	size_t i, k;

	for (i = 0; i < n; i += k) {
		if ((k = utf8_length(p + i, n - i)) == 0)
			errx(EX_DATAERR, "%s:%lu: byte 0x%02x is not UTF-8; save the file as CSV UTF-8", path, line, p[i]);
		line += p[i] == '\n';
	}
}

static void
parse(struct reading *r, const unsigned char *p, size_t n)
{
	const char *name = r->t->name;
	struct csv_parser parser;
	size_t i;

	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		errx(EX_SOFTWARE, "csv_init failed");
	csv_set_space_func(&parser, no_space);
	r->line = 1;
	for (i = 0; i < n; i++) {
		if (r->first == 0 && p[i] != '\n' && p[i] != '\r')
			r->first = r->line;
		if (csv_parse(&parser, p + i, 1, cell_done, row_done, r) != 1)
			errx(EX_DATAERR, "%s:%lu: %s", name, r->line, csv_error(&parser) == CSV_EPARSE ?
			    "a quote in the wrong place: a cell with quotes is written \"so \"\"quoted\"\" so\"" :
			    csv_strerror(csv_error(&parser)));
		r->line += p[i] == '\n';
	}
	if (csv_fini(&parser, cell_done, row_done, r) != 0)
		errx(EX_DATAERR, "%s:%lu: a quote opened in line %lu is not closed", name, r->line, r->first);
	csv_free(&parser);
}

struct csv *
csv_load(const char *path)
{
	struct reading r = { .t = xcalloc(1, sizeof *r.t) };
	unsigned char *p;
	size_t n, bom;

	r.t->name = xstrdup(path);
	p = file_bytes(path, &n);
	check_utf8(path, p, n);
	bom = n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	parse(&r, p + bom, n - bom);
	free(p);
	free(r.row);
	if (!r.header)
		errx(EX_DATAERR, "%s: empty; its first line must name the columns", path);
	return r.t;
}

long
csv_column(const struct csv *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->columns; i++)
		if (strcmp(t->head[i], name) == 0)
			return (long)i;
	return -1;
}

size_t
csv_need(const struct csv *t, const char *name)
{
	long i = csv_column(t, name);
	size_t k;

	if (i >= 0)
		return (size_t)i;
	fprintf(stderr, "%s: no column %s; it has:", t->name, name);
	for (k = 0; k < t->columns; k++)
		fprintf(stderr, "%s%s", k ? ", " : " ", t->head[k]);
	fputc('\n', stderr);
	exit(EX_CONFIG);
}

const char *
csv_cell(const struct csv *t, size_t row, size_t column)
{
	return t->cell[row * t->columns + column];
}

void
csv_unload(struct csv *t)
{
	size_t i;

	for (i = 0; i < t->columns; i++)
		free(t->head[i]);
	for (i = 0; i < t->rows * t->columns; i++)
		free(t->cell[i]);
	free(t->head);
	free(t->cell);
	free(t->line);
	free((char *)t->name);
	free(t);
}
