/*
 * dyn-schema - makes the tables, columns, choices and keys that a migration needs
 *
 * stdin    nothing
 * stdout   what was found or made, a JSON line each, in order of the file
 * rejects  none: what cannot be made stops the run before the first change
 *
 * Holds the columns file and the definitions of its columns in memory.
 */
#include <ctype.h>
#include <err.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli.h"
#include "schema.h"

static const char usage[] =
"usage: dyn-schema apply --columns FILE [OPTION...]\n"
"\n"
"Creates in a Dynamics 365 (Dataverse) organization what the columns file wants\n"
"and the organization lacks: a publisher, a solution, tables, columns, lookups, options\n"
"of choices, alternate keys.  What is there is never changed or removed.  Running it again is\n"
"safe at any time: it goes on where it stopped and makes nothing twice.\n"
"\n"
"      --columns FILE    CSV: table,column,type,length,min,max,precision,format,label,choices\n"
"                        type: String, Memo, Integer, BigInt, Decimal, Double, Money,\n"
"                        Boolean, DateTime, Picklist, MultiSelectPicklist, Lookup,\n"
"                        key, or table\n"
"                        column: the schema name, exactly as it is to be written;\n"
"                        blank in the line of a table, which gets the name column\n"
"                        PREFIX_name (length: 200) and rows with owners\n"
"                        format: Text Email Phone Url (String), Text TextArea (Memo),\n"
"                        DateAndTime:UserLocal and the like (DateTime)\n"
"                        choices: of a Picklist its name in --options (blank: the\n"
"                        column's); of a Boolean its labels, \"No;Yes\"; of a key its\n"
"                        columns, between blanks; of a Lookup the table it points\n"
"                        to; of a table: notes activities, if it takes such\n"
"                        label: of a table \"Ticket;Tickets\", of one and of several\n"
"      --options FILE    CSV: column,value,label: the options that choices shall have;\n"
"                        those an existing choice lacks are added\n"
"      --publisher NAME  unique name and prefix of the publisher (sm)\n"
"      --solution NAME   unique name of the solution that holds it all (smdyn)\n"
"      --patience S      wait so long for the keys' indexes (600)\n"
"  -n, --dry-run         says what it would do, changes nothing\n"
"      --help, --version\n"
"\n"
"stdout: {\"table\":\"account\",\"column\":\"sm_tags\",\"kind\":\"Memo\",\"action\":\"created\"}, a line\n"
"each for the publisher, the solution, every table (column \"\"), column, added option (with value\n"
"and label) and key.  action: created or exists; with --dry-run create or exists.\n"
"stderr: last the counts.\n"
"\n"
"A column that is there with another type, a shorter length, a narrower range or\n"
"another date behavior, a lookup to another table, a table without the notes, activities\n"
"or owners that are wanted, a key over other columns, an option whose number and text\n"
"have come apart: all are listed with what is there and what is wanted, and the exit\n"
"is 78 before anything is changed.  An option renamed in Dynamics is left as it is.\n"
"\n"
"One change at a time, each with Consistency: Strong and MSCRM.SolutionUniqueName;\n"
"when an answer is lost the organization is asked before anything is sent again.\n"
"At the end all tables are published, the new columns are asked for until the data\n"
"API knows them, and the keys until their index is Active: exit 0 means that\n"
"records can be loaded.  A failed index is started again once.\n"
"\n"
"Environment: DYN_URL, DYN_TENANT, DYN_CLIENT_ID, DYN_CLIENT_SECRET (or _FILE),\n"
"DYN_LOGIN_URL.  The application user needs the System Customizer role.\n"
"\n"
"Exit: 0 all is there; 64 usage; 65 damaged CSV; 66 no such file; 69 refused for\n"
"good (an index that failed twice); 70 our own bug; 74 output; 75 the service is away,\n"
"interrupted, or keys not active yet: the same command goes on; 77 credentials or\n"
"privilege; 78 the files and the organization do not agree.\n"
"\n"
"Protocol: Microsoft's Dataverse Web API documentation (create and update column\n"
"definitions, define alternate keys) and its samples.\n"
"\n"
"Example: dyn-schema apply --columns maps/schema.csv --options data/target/options.csv\n";

enum { COLUMNS = 256, OPTIONS, PUBLISHER, SOLUTION, PATIENCE };

static const struct option longopts[] = {
	{ "columns", required_argument, NULL, COLUMNS },
	{ "options", required_argument, NULL, OPTIONS },
	{ "publisher", required_argument, NULL, PUBLISHER },
	{ "solution", required_argument, NULL, SOLUTION },
	{ "patience", required_argument, NULL, PATIENCE },
	{ "dry-run", no_argument, NULL, 'n' },
	{ NULL, 0, NULL, 0 }
};

static const char *columnfile, *optionfile, *publisher = "sm", *solution = "smdyn";
static unsigned long patience = 600;
static bool dryrun;

static void
stop(int sig)
{
	(void)sig;
	http_stop++;		/* a second signal does not wait for what is in the air */
}

/* The rules of a publisher's prefix: 2 to 8 letters and digits, a letter first. */
static void
check_names(void)
{
	size_t n = strlen(publisher);

	if (n < 2 || n > 8 || !islower((unsigned char)publisher[0]) ||
	    publisher[strspn(publisher, "abcdefghijklmnopqrstuvwxyz0123456789")] != '\0' || strncmp(publisher, "mscrm", 5) == 0)
		errx(EX_USAGE, "--publisher takes 2 to 8 lower-case letters and digits, a letter first, not \"%s\"", publisher);
	n = strlen(solution);
	if (n < 1 || n > 65 || isdigit((unsigned char)solution[0]) ||
	    solution[strspn(solution, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] != '\0')
		errx(EX_USAGE, "--solution takes letters, digits and _, not \"%s\"", solution);
}

static void
options(int argc, char *argv[])
{
	int c;

	while ((c = getopt_long(argc, argv, "n", longopts, NULL)) != -1) {
		switch (c) {
		case COLUMNS: columnfile = optarg; break;
		case OPTIONS: optionfile = optarg; break;
		case PUBLISHER: publisher = optarg; break;
		case SOLUTION: solution = optarg; break;
		case PATIENCE: patience = cli_number(optarg, 0, 86400, "patience"); break;
		case 'n': dryrun = true; break;
		default: cli_usage(usage);
		}
	}
	if (argc - optind != 1 || strcmp(argv[optind], "apply") != 0 || columnfile == NULL)
		cli_usage(usage);
	check_names();
}

static void
apply(struct dyn *d, struct schema *s, struct report *r)
{
	size_t n;

	there_read(d, s);
	if ((n = conflicts(s)) > 0)
		errx(EX_CONFIG, "%zu conflicts: a person must decide (rename here, or change there); nothing was changed", n);
	apply_basis(d, s, r);
	apply_tables(d, s, r);
	apply_columns(d, s, r);
	key_create(d, s, r);
	if (r->dry)
		return;
	apply_publish(d, s);
	apply_settle(d, s);
	key_wait(d, s, patience);
}

int
main(int argc, char *argv[])
{
	static const struct http_policy policy = { .retries = 8 };
	static struct schema s;		/* lives, with all that hangs on it, until the end */
	struct report r = { 0 };
	struct dyn *d;

	cli_start(argc, argv, usage);
	cli_no_core();
	options(argc, argv);
	signal(SIGINT, stop);
	signal(SIGTERM, stop);
	signal(SIGHUP, stop);
	s.publisher = publisher;
	s.solution = solution;
	r.dry = dryrun;
	wanted_read(&s, columnfile, optionfile);
	d = dyn_open(&policy);
	nd_create(&r.out, NULL);
	apply(d, &s, &r);
	nd_close(&r.out);
	dyn_close(d);
	fprintf(stderr, "dyn-schema: %zu wanted, %zu %s, %zu there, %zu options %s\n", r.created + r.there, r.created,
	    dryrun ? "to create" : "created", r.there, r.options, dryrun ? "to add" : "added");
	return 0;
}
