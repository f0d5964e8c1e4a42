/*
 * map-fields - a resolved record to a Dataverse row, by a map
 *
 * stdin    resolved records (NDJSON): the source record and its _ref
 * stdout   rows in the same order: _table, _source, _map, the primary key, then columns in the map's order
 * rejects  records with a value that does not fit, each with every finding about it
 *
 * The map is checked against the metadata before any record is read; all
 * findings are printed.  Streams: memory does not grow with the number of
 * records (--coverage: with the number of different field names).
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "cli.h"
#include "map.h"
#include "record.h"

static const char usage[] =
"usage: map-fields --map F --metadata F [--choices F] [--rejects F] [--skipped F] [--coverage F] <resolved >mapped\n"
"       map-fields --check --map F --metadata F [--choices F]\n"
"       map-fields --print-hash | --print-columns --map F [--choices F]\n"
"\n"
"Makes Dataverse rows of Salesmate records, by a map checked against the target's metadata.\n"
"\n"
"  --map F         the map, a CSV file (below)\n"
"  --metadata F    what dyn-extract --metadata wrote: the map's table and every table its lookups point to\n"
"  --choices F     choice tables: CSV, column,source,target\n"
"  --rejects F     records that do not fit; without it the first one ends the run (65)\n"
"  --skipped F     records left out by the map's rule _only; needed if it has one\n"
"  --coverage F    what became of each source field, one line of JSON each\n"
"  --check         checks the map, reads no records\n"
"  --print-hash    what a person confirms: SHA-256 of the map's bytes and then the choices'\n"
"  --print-columns the columns the map may write, but for a file's, joined by commas\n"
"\n"
"Map columns: target,from,source,when,convert,choices,misfit,blank,score,reason\n"
"target   a column's logical name, or _table, _module (const, needed), _how (const), _match (const: fill,\n"
"         overwrite, leave; for rows that were there before), _action, _status (for closing), _only (anything\n"
"         but yes: the record is skipped), _check (judged, not written; each stands for itself).  Of the rows\n"
"         with one target the first that gives a value counts.\n"
"from     field   source: a field or path, designation or company.name\n"
"         join    source: separator and fields, \" / \" pipeline stage; blank ones are left out\n"
"         ref     source: a reference, company, or contact/lead: only one that resolved to that table; then\n"
"                 the field it was made of, if named otherwise: contact primaryContact\n"
"         const   source: the value\n"
"         party   target: the activity's collection of parties, email_activity_parties; source: a role, sender to cc\n"
"                 bcc required optional organizer, and the references that have it, or lists of them: to toEmails;\n"
"                 NAME/TABLE and NAME=FIELD as for ref.  All rows of the target count, in order; nobody twice\n"
"         file    target: documentbody of annotation, body of activitymimeattachment; source: a field with path,\n"
"                 sha256 and size, which become the row's _file\n"
"         jq      source: a jq expression; numbers come as strings; not now, env, input\n"
"                 error({check: \"text\"}) rejects the record: code check, and that text\n"
"         drop    source: a field or pattern (*CustomField*) that is not mapped; reason says why\n"
"when     status=Won|Close: only if the field's text is one of these; firstName= is a blank one, firstName=* any\n"
"         other\n"
"convert  nothing: by the column's type.  Text stays; numbers are plain decimals, never rounded; yes/no is\n"
"         0, 1, true, false; dates are epoch seconds or milliseconds, ISO 8601 or \"Mar 04, 2021 10:15 AM\", to\n"
"         UTC.  trim: no white space around.  not: no for yes.  choice: by the choice table.\n"
"         multichoice: labels between commas, 150 at most.  text: objects and lists too, as JSON.  html: made safe,\n"
"         without scripts, frames, forms, event attributes.  plain: HTML to readable text.\n"
"choices  the choices file's lines with this \"column\"\n"
"misfit   a value that does not fit: reject (default), null, default:VALUE, truncate:COLUMN (cut, HTML and choices\n"
"         whole; the whole text is added to that column as a line \"target: text\"; it comes after the others)\n"
"blank    no row gave a value, and this row's when holds: nothing (default), reject, default:VALUE.  Blank is\n"
"         null, absent, \"\", white space, {}, [], an object of nulls.\n"
"\n"
"Row: {\"_table\",\"_source\":{\"module\",\"id\",\"hash\"},\"_map\",[\"_how\",\"_match\"],KEY,COLUMNS,PARTIES,[_file]}.  hash:\n"
"XXH3-128 of the record without members whose names begin with \"_\".  A matched row without _match is left alone.\n"
"\n"
"Reject codes: bad-json bad-utf8 too-deep duplicate-member not-an-object line-too-long bad-id missing-field\n"
"required bad-character too-long bad-number out-of-range bad-date bad-boolean no-option wrong-type.  _error is\n"
"the first finding, \"more\" in it the others.  Refused characters: controls but TAB, LF, CR; U+007F, U+FFFE,\n"
"U+FFFF.  Lengths count UTF-16 units.\n"
"Coverage: {\"field\",\"fate\":\"mapped|dropped|condition|unknown\",\"mapped\",\"reason\",\"values\",\"lost\"}: values are\n"
"not blank; lost ones were dropped, or replaced or cut by misfit.\n"
"\n"
"Exit: 0 every record is in the output, rejects or skipped; 64 usage; 65 a bad record without --rejects, or a\n"
"damaged file; 66 no such file; 70 our bug; 73, 74 files; 78 the map does not fit (all findings are printed).\n"
"Example: map-fields --map contact.csv --metadata m.ndjson --rejects r.ndjson <30-resolved.ndjson >40-mapped.ndjson\n"
"Sources: Dataverse Web API value forms; Salesmate's value forms.\n";

static const char *mapfile, *choicesfile, *metafile, *rejectsfile, *skippedfile, *coveragefile;
static bool checking, printhash, printcolumns;

enum { OPT_CHOICES = 256, OPT_METADATA, OPT_SKIPPED, OPT_COVERAGE, OPT_CHECK, OPT_HASH, OPT_COLUMNS };

static const struct option options[] = {
	{ "map", required_argument, NULL, 'm' },
	{ "choices", required_argument, NULL, OPT_CHOICES },
	{ "metadata", required_argument, NULL, OPT_METADATA },
	{ "rejects", required_argument, NULL, 'r' },
	{ "skipped", required_argument, NULL, OPT_SKIPPED },
	{ "coverage", required_argument, NULL, OPT_COVERAGE },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "print-hash", no_argument, NULL, OPT_HASH },
	{ "print-columns", no_argument, NULL, OPT_COLUMNS },
	{ NULL, 0, NULL, 0 }
};

static void
read_options(int argc, char *argv[])
{
	int c;

	while ((c = getopt_long(argc, argv, "m:r:", options, NULL)) != -1) {
		switch (c) {
		case 'm': mapfile = optarg; break;
		case 'r': rejectsfile = optarg; break;
		case OPT_CHOICES: choicesfile = optarg; break;
		case OPT_METADATA: metafile = optarg; break;
		case OPT_SKIPPED: skippedfile = optarg; break;
		case OPT_COVERAGE: coveragefile = optarg; break;
		case OPT_CHECK: checking = true; break;
		case OPT_HASH: printhash = true; break;
		case OPT_COLUMNS: printcolumns = true; break;
		default: cli_usage(usage);
		}
	}
	if (optind < argc || mapfile == NULL || (metafile == NULL && !printhash && !printcolumns))
		cli_usage(usage);
}

/* Ends the program with 78 if anything was found. */
static void
end_findings(const struct map *m)
{
	if (m->findings > 0)
		errx(EX_CONFIG, "%s: %u finding%s; nothing was mapped", m->path, m->findings, m->findings == 1 ? "" : "s");
}

static _Noreturn void
print_line(const char *text)
{
	if (puts(text) < 0 || fclose(stdout) != 0)
		err(EX_IOERR, "stdout");
	exit(0);
}

static _Noreturn void
print_columns(struct map *m)
{
	struct buf b = { 0 };
	const struct rule *r;
	size_t i;

	end_findings(m);
	for (r = m->rule; r < m->rule + m->rules; r++)
		if (r->misfit == MISFIT_TRUNCATE)
			map_output(m, r->misfit_text);
	for (i = 0; i < m->outputs; i++) {
		if (m->output[i].name[0] == '_' || (m->output[i].rules > 0 &&
		    (m->output[i].rule[0]->from == FROM_PARTY || m->output[i].rule[0]->from == FROM_FILE)))
			continue;
		if (b.n > 0)
			buf_char(&b, ',');
		buf_str(&b, m->output[i].name);
	}
	buf_nul(&b);
	print_line(b.p);
}

static bool
has_only(const struct map *m)
{
	return m->outputs > 0 && m->output[0].kind == OUT_ONLY;
}

static int
run(struct map *m)
{
	struct coverage *coverage = coveragefile != NULL ? coverage_new(m) : NULL;
	struct json j = { .names = m->names };
	struct rej rejects, skipped;
	struct buf row = { 0 };
	struct nd_out out;
	struct nd_in in;
	struct rule *r;

	rej_open(&rejects, PROGRAM, rejectsfile);
	rej_open(&skipped, PROGRAM, skippedfile);
	nd_create(&out, NULL);
	nd_open(&in, NULL);
	while (nd_read(&in)) {
		if (!record_parse(&in, &j)) {
			rej_parse(&rejects, &in, &j);
			continue;
		}
		if (coverage != NULL)
			coverage_count(coverage, &j);
		if (row_make(m, &in, &j, &row, &rejects, &skipped) == FATE_ROW)
			nd_write(&out, row.p, row.n);
	}
	if (coverage != NULL)
		coverage_write(coverage, coveragefile);
	rej_close(&rejects);
	rej_close(&skipped);
	nd_close(&out);
	nd_end(&in);
	for (r = m->rule; r < m->rule + m->rules; r++)
		if (r->expr != NULL)
			expr_free(r->expr);
	json_free(&j);
	buf_free(&row);
	return rej_sum(PROGRAM, in.count, out.count, &rejects, NULL, &skipped);
}

int
main(int argc, char *argv[])
{
	static struct map m;

	cli_start(argc, argv, usage);
	read_options(argc, argv);
	map_load(&m, mapfile, choicesfile);
	if (printhash)
		print_line(m.hash);
	if (printcolumns)
		print_columns(&m);
	map_check(&m, meta_load(metafile));
	end_findings(&m);
	if (checking) {
		fprintf(stderr, PROGRAM ": %s: %zu targets of table %s fit\n", m.path, m.outputs, m.table);
		return 0;
	}
	if (has_only(&m) && skippedfile == NULL)
		errx(EX_USAGE, "%s has a rule _only: give --skipped FILE for the records it leaves out", m.path);
	return run(&m);
}
