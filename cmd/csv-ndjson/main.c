/*
 * csv-ndjson - a CSV file that a person exported, as records with API field names
 *
 * stdin    the CSV file, if none is named
 * stdout   one JSON object a row
 * rejects  bad-row: a row with other than the header's number of cells, as
 *          {"_cells":["..",".."]}
 *
 * Streams: memory is one row and the labels.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <csv.h>

#include "cli.h"
#include "convert.h"
#include "nd.h"
#include "reject.h"
#include "xalloc.h"

#define ROW_MAX ((size_t)64 << 20)

static const char usage[] =
"usage: csv-ndjson [--fields FILE --module NAME] [--map FILE ...] [--kind NAME] [option ...] [FILE]\n"
"\n"
"Turns a CSV file as a person exports it, with display labels for headers, into\n"
"records with the names of the API, one JSON object a line. Reads FILE or standard\n"
"input, writes standard output.\n"
"\n"
"  --fields FILE     output of `sm-extract field`: the labels of the fields\n"
"  --module NAME     of which module: contact company deal activity product, or any\n"
"                    name or number that FILE has\n"
"  --map FILE        CSV with the columns label,field: what a label means; goes before\n"
"                    --fields. A blank field leaves the column out. May be repeated;\n"
"                    the first that has a label decides.\n"
"  --kind NAME       gives each record a first member \"kind\":\"NAME\"\n"
"  --delimiter C     what is between cells: , (default), ; or another ASCII character,\n"
"                    or the word tab\n"
"  --separator C     what is between the items of a list within a cell: ; (default)\n"
"  --keep            headers that mean nothing become members of that name; otherwise\n"
"                    they are an error that names them\n"
"  --rejects FILE    rows with more or fewer cells than the header; without it the\n"
"                    first ends the run (65)\n"
"  --help, --version\n"
"\n"
"Headers are compared trimmed and without regard to case, with the labels of --map,\n"
"then with the display names of --fields; a relation's label is its name, \"Company Id\"\n"
"its id, \"Owner Email\" its e-mail; then with the names of fields themselves. Two\n"
"columns of one field, and a label that two fields have, are errors.\n"
"\n"
"A field is a name; a.b for a member of an object; a[] for a list of the items of the\n"
"cell, blank ones left out; a[].b for a list of objects, whose members several\n"
"columns give item by item. All values are texts, as they stand in the file; an\n"
"empty cell is \"\" and an empty list [].\n"
"\n"
"The file: RFC 4180, with LF or CR LF, with or without a byte order mark, quoted cells\n"
"with line ends in them; UTF-8 only. Rows of empty cells are passed over and not\n"
"counted; so are empty cells beyond the header.\n"
"\n"
"Memory: one row (64 MiB at most), and the labels.\n"
"\n"
"Exit: 0 done; 64 usage; 65 not UTF-8, a quote in the wrong place, a row to set aside\n"
"and no --rejects; 66 no such file; 73, 74 files; 78 headers or label tables: unknown,\n"
"twice, or meaning two fields. The last line on stderr: N in, N out, N rejected.\n"
"\n"
"Example:\n"
"  csv-ndjson --fields field.ndjson --module contact contacts.csv >contact.ndjson\n"
"  csv-ndjson --map pipelines/labels/email.csv --kind email emails.csv >email.ndjson\n";

static const struct option longopts[] = {
	{ "fields", required_argument, NULL, 'f' },
	{ "module", required_argument, NULL, 'm' },
	{ "map", required_argument, NULL, 'M' },
	{ "kind", required_argument, NULL, 'k' },
	{ "delimiter", required_argument, NULL, 'd' },
	{ "separator", required_argument, NULL, 's' },
	{ "keep", no_argument, NULL, 'K' },
	{ "rejects", required_argument, NULL, 'r' },
	{ NULL, 0, NULL, 0 },
};

static const char *fields, *module, *kind, *rejects;
static char delimiter = ',', separator = ';';
static bool keep;

struct reading {
	const char *name;
	struct labels *labels;
	struct node *tree;
	struct buf *cell;
	size_t cells, room;
	size_t columns;			/* of the header, without empty ones at its end; 0: not read yet */
	unsigned long line;		/* of the bytes in hand */
	unsigned long first;		/* where the row in hand began; 0 between rows */
	size_t bytes;			/* of the row in hand */
	uint64_t rows, written;
	struct nd_out out;
	struct rej rej;
	struct buf text;
};

static char
one_character(const char *text, const char *option)
{
	if (strcmp(text, "tab") == 0)
		return '\t';
	if (strlen(text) != 1 || (unsigned char)*text >= 0x80 || strchr("\"\r\n", *text) != NULL)
		errx(EX_USAGE, "--%s takes one ASCII character, no quote or line end, or the word tab, not \"%s\"", option, text);
	return *text;
}

static void
read_options(int argc, char *argv[], struct labels *labels)
{
	bool mapped = false;
	int c;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		switch (c) {
		case 'f': fields = optarg; break;
		case 'm': module = optarg; break;
		case 'M': labels_add_map(labels, optarg); mapped = true; break;
		case 'k': kind = optarg; break;
		case 'd': delimiter = one_character(optarg, "delimiter"); break;
		case 's': separator = one_character(optarg, "separator"); break;
		case 'K': keep = true; break;
		case 'r': rejects = optarg; break;
		default:  cli_usage(usage);
		}
	}
	if (optind + 1 < argc || (fields != NULL && module == NULL) || (fields == NULL && !mapped && !keep))
		cli_usage(usage);
	if (fields != NULL)
		labels_add_fields(labels, fields, module);
}

/* ---- the header ---- */

static void
add_to(struct buf *list, const char *fmt, const char *a, const char *b)
{
	if (list->n > 0)
		buf_str(list, ", ");
	buf_printf(list, fmt, a, b);
}

/* Other delimiters in the only header: a hint. */
static const char *
hint(const struct reading *r, const struct buf *unknown)
{
	if (r->columns > 1 || delimiter != ',')
		return "";
	if (memchr(unknown->p, ';', unknown->n) != NULL)
		return " (--delimiter ';' ?)";
	return memchr(unknown->p, '\t', unknown->n) != NULL ? " (--delimiter tab ?)" : "";
}

static void
header(struct reading *r)
{
	struct buf field = { 0 }, unknown = { 0 }, wrong = { 0 };
	const char *what, *text, **taken;
	char **path;
	enum meaning m;
	size_t i, k;

	for (r->columns = r->cells; r->columns > 0 && r->cell[r->columns - 1].n == 0; r->columns--)
		;
	if (r->columns == 0)
		errx(EX_DATAERR, "%s:%lu: the header is empty; the first line must name the columns", r->name, r->first);
	taken = xcalloc(r->columns, sizeof(*taken));
	path = xcalloc(r->columns, sizeof(*path));
	for (i = 0; i < r->columns; i++) {
		buf_nul(&r->cell[i]);
		text = xstrdup(r->cell[i].p);
		m = labels_find(r->labels, text, &field);
		if (m == MEANS_TWO)
			add_to(&wrong, "%s means %s", text, field.p);
		if (m == MEANS_NOTHING && (!keep || *text == '\0'))
			add_to(&unknown, *text != '\0' ? "%s%s" : "an empty one%s%s", text, "");
		taken[i] = text;
		if (m == MEANS_FIELD || (m == MEANS_NOTHING && *text != '\0'))
			path[i] = xstrdup(m == MEANS_FIELD ? field.p : text);
		for (k = 0; k < i && path[i] != NULL; k++)
			if (path[k] != NULL && strcmp(path[k], path[i]) == 0) {
				buf_nul(&wrong);
				add_to(&wrong, "%s and %s are the same field", taken[k], text);
				break;
			}
		what = NULL;
		if (path[i] != NULL && k == i && !tree_add(r->tree, path[i], i, &what))
			add_to(&wrong, "%s %s", path[i], what);
	}
	buf_nul(&unknown);
	buf_nul(&wrong);
	if (wrong.n > 0)
		errx(EX_CONFIG, "%s:%lu: %s: a line in a --map FILE says which one is meant", r->name, r->first, wrong.p);
	if (unknown.n > 0)
		errx(EX_CONFIG, "%s:%lu: headers that mean no field: %s%s: name them in a --map FILE (label,field; a blank field leaves the "
		    "column out), or --keep", r->name, r->first, unknown.p, hint(r, &unknown));
	for (i = 0; i < r->columns; i++) {
		free((char *)taken[i]);
		free(path[i]);
	}
	free(taken);
	free(path);
	buf_free(&field);
	buf_free(&unknown);
	buf_free(&wrong);
}

/* ---- rows ---- */

static void
reject_row(struct reading *r)
{
	struct nd_in in = { .name = r->name, .lineno = r->first };
	size_t i;

	r->text.n = 0;
	buf_str(&r->text, "{\"_cells\":[");
	for (i = 0; i < r->cells; i++) {
		if (i > 0)
			buf_char(&r->text, ',');
		buf_json_string(&r->text, r->cell[i].p, r->cell[i].n);
	}
	buf_str(&r->text, "]}");
	json_pad(&r->text);
	in.line = r->text.p;
	in.len = r->text.n;
	rej_write(&r->rej, &in, "bad-row", NULL, NULL, "%zu cells, but the header has %zu", r->cells, r->columns);
}

static void
row(struct reading *r)
{
	size_t i, filled = 0, beyond = 0;

	for (i = 0; i < r->cells; i++) {
		filled += r->cell[i].n > 0;
		beyond += i >= r->columns && r->cell[i].n > 0;
	}
	if (filled == 0)
		return;
	r->rows++;
	if (r->cells < r->columns || beyond > 0) {
		reject_row(r);
		return;
	}
	r->text.n = 0;
	tree_put(&r->text, r->tree, kind, r->cell, separator);
	nd_write(&r->out, r->text.p, r->text.n);
	r->written++;
}

static void
cell_done(void *p, size_t n, void *arg)
{
	struct reading *r = arg;

	if (r->cells == r->room) {
		r->room = r->room * 2 + 16;
		r->cell = xreallocarray(r->cell, r->room, sizeof(*r->cell));
		memset(r->cell + r->cells, 0, (r->room - r->cells) * sizeof(*r->cell));
	}
	r->cell[r->cells].n = 0;
	buf_add(&r->cell[r->cells], p, n);
	r->cells++;
}

static void
row_done(int c, void *arg)
{
	struct reading *r = arg;

	(void)c;
	if (r->columns == 0)
		header(r);
	else
		row(r);
	r->cells = 0;
	r->first = 0;
	r->bytes = 0;
}

/* ---- the file ---- */

static int
no_space(unsigned char c)
{
	(void)c;
	return 0;
}

static void
check_utf8(const struct reading *r, const char *p, size_t n)
{
	const char *end = p + n, *next;

	for (; p < end; p = next) {
		if ((unsigned char)*p < 0x80)
			next = p + 1;
		else if ((next = json_utf8(p, end)) == NULL)
			errx(EX_DATAERR, "%s:%lu: byte 0x%02x is not UTF-8; save the file as CSV UTF-8", r->name, r->line, (unsigned char)*p);
	}
}

static size_t
byte_order_mark(const struct reading *r, const char *p, size_t n)
{
	if (n >= 2 && (memcmp(p, "\xff\xfe", 2) == 0 || memcmp(p, "\xfe\xff", 2) == 0))
		errx(EX_DATAERR, "%s: UTF-16; save the file as CSV UTF-8", r->name);
	return n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static void
feed(struct reading *r, struct csv_parser *parser, const char *p, size_t n)
{
	if (r->first == 0)
		r->first = r->line;
	r->bytes += n;
	if (r->bytes > ROW_MAX)
		errx(EX_DATAERR, "%s:%lu: a row of more than 64 MiB: is a quote not closed there?", r->name, r->first);
	check_utf8(r, p, n);
	if (csv_parse(parser, p, n, cell_done, row_done, r) != n)
		errx(EX_DATAERR, "%s:%lu: %s", r->name, r->line, csv_error(parser) == CSV_EPARSE ?
		    "a quote in the wrong place: a cell with quotes is written \"so \"\"quoted\"\" so\"" : csv_strerror(csv_error(parser)));
	if (r->bytes == n && (*p == '\n' || *p == '\r'))
		r->first = r->bytes = 0;	/* a blank line */
}

static void
read_file(struct reading *r, FILE *fp)
{
	struct csv_parser parser;
	char *line = NULL;
	size_t cap = 0, skip;
	ssize_t n;

	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		errx(EX_SOFTWARE, "csv_init failed");
	csv_set_space_func(&parser, no_space);
	csv_set_delim(&parser, (unsigned char)delimiter);
	while (errno = 0, (n = getline(&line, &cap, fp)) != -1) {
		r->line++;
		skip = r->line == 1 ? byte_order_mark(r, line, (size_t)n) : 0;
		feed(r, &parser, line + skip, (size_t)n - skip);
	}
	if (ferror(fp))
		err(EX_IOERR, "%s", r->name);
	if (csv_fini(&parser, cell_done, row_done, r) != 0)
		errx(EX_DATAERR, "%s:%lu: a quote opened in this row is not closed", r->name, r->first);
	csv_free(&parser);
	free(line);
	if (r->columns == 0)
		errx(EX_DATAERR, "%s: empty; its first line must name the columns", r->name);
}

int
main(int argc, char *argv[])
{
	struct reading r = { .name = "stdin", .labels = labels_new(), .tree = tree_new() };
	FILE *fp = stdin;
	size_t i;
	int code;

	cli_start(argc, argv, usage);
	read_options(argc, argv, r.labels);
	if (optind < argc && strcmp(argv[optind], "-") != 0) {
		r.name = argv[optind];
		if ((fp = fopen(r.name, "re")) == NULL)
			err(errno == ENOENT || errno == ENOTDIR ? EX_NOINPUT : EX_IOERR, "%s", r.name);
	}
	rej_open(&r.rej, "csv-ndjson", rejects);
	nd_create(&r.out, NULL);
	read_file(&r, fp);
	nd_close(&r.out);
	rej_close(&r.rej);
	code = rej_sum("csv-ndjson", r.rows, r.written, &r.rej, NULL, NULL);
	for (i = 0; i < r.room; i++)
		buf_free(&r.cell[i]);
	free(r.cell);
	buf_free(&r.text);
	tree_free(r.tree);
	labels_free(r.labels);
	if (fp != stdin)
		fclose(fp);
	return code;
}
