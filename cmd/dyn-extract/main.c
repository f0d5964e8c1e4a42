/*
 * dyn-extract - rows or definitions of a Dataverse organization, as NDJSON
 *
 * stdin    nothing, or with --ids - lines that name rows
 * stdout   one row, or one definition, a line
 * rejects  with --ids only: bad-json and kin, missing-field, bad-id, missing
 *
 * Streams: one page of rows (5,000) or the definitions of one table are held
 * at a time, whatever the number of rows or tables.  With --hash four
 * files at a time, a block of each.
 */
#include <err.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli.h"
#include "extract.h"
#include "reject.h"
#include "xalloc.h"

static const char usage[] =
"usage: dyn-extract [OPTION...] TABLE | --metadata TABLE... | --whoami | --organization\n"
"\n"
"Reads a Dynamics 365 (Dataverse) organization and writes NDJSON to stdout.\n"
"It never changes anything there.\n"
"\n"
"TABLE (a logical name, \"contact\"): all its rows, each as the Web API gave it,\n"
"values byte for byte, with one member before them:\n"
"  {\"_table\":\"contact\",\"@odata.etag\":\"W/\\\"72201545\\\"\",\"contactid\":\"...\",\"firstname\":\"Ines\"}\n"
"  --select a,b,c      these columns (and the id); logical names, so a lookup is\n"
"                      \"parentcustomerid\" and comes back as _parentcustomerid_value\n"
"  --select-file FILE  the same, one name a line\n"
"  --filter ODATA      only these rows, e.g. \"statecode eq 0 and sm_salesmate_id ne null\"\n"
"                      (sent as it is: lookups are _x_value here)\n"
"  --order COLUMN      the order, \"modifiedon\" or \"modifiedon desc\"; default and\n"
"                      tie-break: the table's id\n"
"  --hash COLUMN       with --select: instead of the bytes of that column (documentbody\n"
"                      of annotation, body of activitymimeattachment) what they are:\n"
"                      \"documentbody\":{\"sha256\":\"...\",\"size\":25870370}, null where there\n"
"                      is no file.  Each is downloaded in blocks of 4 MB, four files at\n"
"                      a time, and not kept\n"
"  --ids FILE          instead of all rows those whose \"id\" a line of FILE names\n"
"                      (NDJSON, - for stdin: ids.ndjson and loaded.ndjson serve as\n"
"                      they are), in the order of FILE.  A line whose \"table\" is\n"
"                      another table is passed over and counted.  50 rows a request:\n"
"                      for more than a few thousand, all rows are faster.\n"
"  -r, --rejects FILE  with --ids: the lines that name no row, with the reason\n"
"                      (codes bad-id, missing-field, missing, bad-json ...);\n"
"                      without it the first such line ends the run with 65\n"
"\n"
"--metadata TABLE...: the definitions that maps and values are checked against, a\n"
"line each, in a fixed order, so that two snapshots can be compared with diff:\n"
"  _meta \"table\"; \"column\" (by LogicalName; choices with their options);\n"
"  \"relationship\" (lookups: navigation property, target); \"collection\" (of\n"
"  activity parties); \"key\" (alternate keys and the state of their index)\n"
"--whoami: {\"OrganizationId\",\"UserId\",\"BusinessUnitId\",\"url\"}, one line\n"
"--organization: the same with the organization's settings that a plan needs\n"
"\n"
"      --progress      rows and rate on stderr, also when it is no terminal\n"
"      --help, --version\n"
"\n"
"Environment: DYN_URL (https://contoso.crm.dynamics.com), DYN_TENANT, DYN_CLIENT_ID,\n"
"DYN_CLIENT_SECRET or DYN_CLIENT_SECRET_FILE, DYN_LOGIN_URL (default the public one).\n"
"\n"
"Success means complete: when a page fails in the middle, lines may have been\n"
"written, and the exit status says that they are not all.  Write to a temporary\n"
"name and rename on 0.\n"
"\n"
"Exit: 0 complete; 64 usage; 65 a bad line in --ids without --rejects; 66 no such\n"
"file; 69 the service refused for good; 73, 74 local files; 75 the service is away\n"
"or the run was interrupted: the same command can be run again; 77 credentials or\n"
"privilege; 78 no such table or column, or a setting is missing.\n"
"\n"
"Protocol: Microsoft's Dataverse Web API documentation (page results, query table\n"
"definitions, OData 4.0, file data with attachment and note records): Prefer:\n"
"odata.maxpagesize=5000, @odata.nextLink followed as given; definitions are read\n"
"with Consistency: Strong.\n"
"\n"
"Example: dyn-extract --select fullname,parentcustomerid,sm_salesmate_id \\\n"
"             --filter 'sm_salesmate_id ne null' contact >contacts.ndjson\n";

enum { SELECT = 256, SELECT_FILE, FILTER, ORDER, IDS, METADATA, WHOAMI, ORGANIZATION, PROGRESS, HASH };

static const struct option longopts[] = {
	{ "select", required_argument, NULL, SELECT },
	{ "select-file", required_argument, NULL, SELECT_FILE },
	{ "filter", required_argument, NULL, FILTER },
	{ "order", required_argument, NULL, ORDER },
	{ "ids", required_argument, NULL, IDS },
	{ "hash", required_argument, NULL, HASH },
	{ "rejects", required_argument, NULL, 'r' },
	{ "metadata", no_argument, NULL, METADATA },
	{ "whoami", no_argument, NULL, WHOAMI },
	{ "organization", no_argument, NULL, ORGANIZATION },
	{ "progress", no_argument, NULL, PROGRESS },
	{ NULL, 0, NULL, 0 }
};

static const char *selected, *selectfile, *filter, *order, *idfile, *rejectfile, *hashed;
static int what;		/* METADATA, WHOAMI, ORGANIZATION, or 0: rows */
static bool progress;

const char *const strong[] = { "Consistency: Strong", NULL };

static void
stop(int sig)
{
	(void)sig;
	http_stop++;		/* a second signal does not wait for what is in the air */
}

static void
options(int argc, char *argv[])
{
	int c;

	while ((c = getopt_long(argc, argv, "r:", longopts, NULL)) != -1) {
		switch (c) {
		case SELECT: selected = optarg; break;
		case SELECT_FILE: selectfile = optarg; break;
		case FILTER: filter = optarg; break;
		case ORDER: order = optarg; break;
		case IDS: idfile = optarg; break;
		case HASH: hashed = optarg; break;
		case 'r': rejectfile = optarg; break;
		case PROGRESS: progress = true; break;
		case METADATA: case WHOAMI: case ORGANIZATION:
			if (what != 0)
				cli_usage(usage);
			what = c;
			break;
		default: cli_usage(usage);
		}
	}
}

/* Options that would be passed over in silence are refused. */
static void
options_agree(int tables, char *table[])
{
	bool rows = selected != NULL || selectfile != NULL || filter != NULL || order != NULL || idfile != NULL || hashed != NULL;
	int i;

	if (what == WHOAMI || what == ORGANIZATION ? tables != 0 : what == METADATA ? tables == 0 : tables != 1)
		cli_usage(usage);
	if (what != 0 && rows)
		errx(EX_USAGE, "--select, --filter, --order, --hash and --ids are for the rows of a table");
	if (selected != NULL && selectfile != NULL)
		errx(EX_USAGE, "--select or --select-file, not both");
	if (hashed != NULL && ((selected == NULL && selectfile == NULL) || idfile != NULL))
		errx(EX_USAGE, "--hash goes with --select or --select-file, and not with --ids");
	if (idfile != NULL && (filter != NULL || order != NULL))
		errx(EX_USAGE, "--ids says which rows and in what order: no --filter or --order with it");
	if (rejectfile != NULL && idfile == NULL)
		errx(EX_USAGE, "--rejects is for the lines of --ids");
	if (hashed != NULL)
		hash_check(table[0], hashed);
	for (i = 0; i < tables; i++)
		if (!table_name_good(table[i]))
			errx(EX_USAGE, "\"%s\" is no logical name of a table (lower-case letters, digits, _)", table[i]);
}

/* Names between commas, or one a line; blanks around them are taken off. */
static size_t
split_names(char *text, const char *separators, char ***name)
{
	char *p, *save = NULL;
	size_t n = 0;

	*name = NULL;
	for (p = strtok_r(text, separators, &save); p != NULL; p = strtok_r(NULL, separators, &save)) {
		*name = xreallocarray(*name, n + 1, sizeof(**name));
		(*name)[n++] = p;
	}
	return n;
}

static char *
read_file(const char *path)
{
	struct buf b = { 0 };
	FILE *fp = fopen(path, "r");
	size_t n;

	if (fp == NULL)
		err(EX_NOINPUT, "%s", path);
	do {
		buf_room(&b, 4096);
		n = fread(b.p + b.n, 1, 4096, fp);
		b.n += n;
	} while (n > 0);
	if (ferror(fp))
		err(EX_IOERR, "%s", path);
	fclose(fp);
	buf_nul(&b);
	return b.p;
}

/* The hashed column is not read, and the size says which rows have a file. */
static size_t
without_bytes(char ***name, size_t n)
{
	size_t i, keep = 0;
	bool size = false;

	for (i = 0; i < n; i++) {
		size = size || strcmp((*name)[i], "filesize") == 0;
		if (strcmp((*name)[i], hashed) != 0)
			(*name)[keep++] = (*name)[i];
	}
	if (!size) {
		*name = xreallocarray(*name, keep + 1, sizeof(**name));
		(*name)[keep++] = (char *)"filesize";
	}
	return keep;
}

/* --select or --select-file as the text of $select; NULL without either. */
static char *
select_text(const struct table *t)
{
	char **name, *names, *text;
	size_t n;

	if (selected == NULL && selectfile == NULL)
		return NULL;
	names = selected != NULL ? xstrdup(selected) : read_file(selectfile);
	n = split_names(names, selected != NULL ? ", " : " \t\r\n", &name);
	if (n == 0)
		errx(EX_USAGE, "%s names no column", selected != NULL ? "--select" : selectfile);
	if (hashed != NULL)
		n = without_bytes(&name, n);
	text = table_select(t, (const char *const *)name, n);
	free(name);
	free(names);
	return text;
}

static int
rows(struct dyn *d, const char *name, struct nd_out *out)
{
	struct table *t = table_ask(d, name);
	char *select, *by;
	int status = 0;

	if (selected != NULL || selectfile != NULL || order != NULL)
		table_columns(d, t);
	select = select_text(t);
	by = table_order(t, order);
	if (idfile != NULL)
		status = ids_extract(d, t, select, idfile, rejectfile, out);
	else
		rows_extract(d, t, &(struct query){ .select = select, .filter = filter, .order = by, .hash = hashed }, out);
	free(select);
	free(by);
	table_free(t);
	return status;
}

static int
extract(struct dyn *d, int tables, char *table[], struct nd_out *out)
{
	struct dyn_who who;
	int i;

	if (what == 0)
		return rows(d, table[0], out);
	if (what == METADATA) {
		for (i = 0; i < tables; i++)
			metadata_extract(d, table[i], out);
		return 0;
	}
	dyn_whoami(d, &who);
	(what == WHOAMI ? whoami_put : organization_put)(d, &who, out);
	return 0;
}

int
main(int argc, char *argv[])
{
	static const struct http_policy policy = { .retries = 8 };
	struct rej none = { .program = "dyn-extract" };
	struct nd_out out;
	struct dyn *d;
	int status;

	cli_start(argc, argv, usage);
	cli_no_core();
	options(argc, argv);
	options_agree(argc - optind, argv + optind);
	signal(SIGINT, stop);
	signal(SIGTERM, stop);
	signal(SIGHUP, stop);
	d = dyn_open(&policy);
	nd_create(&out, NULL);
	progress_start(d, progress);
	status = extract(d, argc - optind, argv + optind, &out);
	progress_end();
	nd_close(&out);
	dyn_close(d);
	return idfile != NULL ? status : rej_sum("dyn-extract", out.count, out.count, &none, NULL, NULL);
}
