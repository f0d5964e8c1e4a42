/*
 * dyn-sandbox - a local stand-in of the Dataverse Web API
 *
 * Serves /api/data/v9.2/ and the token endpoint on loopback, over plain HTTP;
 * rows are in one SQLite file.  Written from the protocol reference (its
 * sections 1 to 12), strict where Dataverse is strict.
 *
 * stdin    not read
 * stdout   nothing
 * Memory: one request and its answer a connection; metadata; the rest is in the store.
 */
#include <err.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli.h"
#include "start.h"
#include "xalloc.h"

static const char usage[] =
    "usage: dyn-sandbox --store FILE [--metadata DIR] [--users FILE] [--rows FILE] [--port N] [--port-file F]\n"
    "                   [--faults FILE] [--limits SPEC]\n"
    "A local stand-in of the Dataverse Web API (/api/data/v9.2/) and its token endpoint, on 127.0.0.1 only.\n"
    "\n"
    "  --store FILE      rows and schema changes (SQLite; made if it is not there)\n"
    "  --metadata DIR    tables and columns: all DIR/*.ndjson, one definition a line as dyn-extract --metadata writes\n"
    "                    them (default: the stock tables that come with the program)\n"
    "  --users FILE      NDJSON: systemuserid, fullname, internalemailaddress, isdisabled ...; put in or brought up to\n"
    "                    date at every start\n"
    "  --rows FILE       NDJSON rows (_table, columns, binds) put in at start where they are not there yet\n"
    "  --port N          the port; 0 (the default) takes a free one\n"
    "  --port-file F     gets the port's number when requests are served\n"
    "  --faults FILE     faults on demand\n"
    "  --limits SPEC     other service protection limits\n"
    "  --help, --version\n"
    "\n"
    "Environment: DYN_TENANT, DYN_CLIENT_ID, DYN_CLIENT_SECRET (or DYN_CLIENT_SECRET_FILE) are what it accepts\n"
    "(default: sandbox each); DYN_CLIENTS_FILE names more clients.\n"
    "SIGTERM and SIGINT end it cleanly, SIGHUP reads the faults again.\n"
    "\n";

static const char more[] =
    "\n"
    "A fresh store holds: an organization (base currency USD, 5,242,880 bytes a file), the root business unit, the\n"
    "application user, currencies USD EUR GBP CHF NOK, a unit, the sales processes with their stages.\n"
    "RetrieveTotalRecordCount answers the counts of the program's start, as its snapshot may be a day old.\n"
    "Not there: FetchXML beyond counts, file columns, totals of lines, duplicate detection rules, plug-ins, privileges.\n"
    "\n"
    "Exit: 0 ended by a signal; 64 usage; 65 damaged metadata, users, rows or faults file; 66 no such file;\n"
    "69 the port is taken; 73, 74 the store or the port file cannot be written.\n"
    "Source of the protocol facts: Microsoft's documentation and published client code.\n"
    "\n"
    "Example:\n"
    "  dyn-sandbox --store crm.db --port 8080 &\n"
    "  T=$(curl -s http://127.0.0.1:8080/sandbox/oauth2/v2.0/token -d grant_type=client_credentials -d client_id=sandbox \\\n"
    "      -d client_secret=sandbox --data-urlencode scope=http://127.0.0.1:8080/.default | jq -r .access_token)\n"
    "  curl -si http://127.0.0.1:8080/api/data/v9.2/accounts -H \"Authorization: Bearer $T\" \\\n"
    "      -H 'Content-Type: application/json' -d '{\"name\":\"Acme\"}'\n"
    "  curl -s \"http://127.0.0.1:8080/api/data/v9.2/accounts?\\$select=name&\\$filter=startswith(name,'A')\" \\\n"
    "      -H \"Authorization: Bearer $T\"\n";

enum { STORE = 1, METADATA, USERS, ROWS, PORT, PORT_FILE, FAULTS, LIMITS };

static const struct option longopts[] = {
	{ "store", required_argument, NULL, STORE },
	{ "metadata", required_argument, NULL, METADATA },
	{ "users", required_argument, NULL, USERS },
	{ "rows", required_argument, NULL, ROWS },
	{ "port", required_argument, NULL, PORT },
	{ "port-file", required_argument, NULL, PORT_FILE },
	{ "faults", required_argument, NULL, FAULTS },
	{ "limits", required_argument, NULL, LIMITS },
	{ NULL, 0, NULL, 0 }
};

static struct settings settings;
static const char *port_file;

/* fixtures/metadata beside bin/, or share/smdyn/metadata where it is installed. */
static const char *
stock_metadata(void)
{
	static const char *const places[] = { "../fixtures/metadata", "../share/smdyn/metadata" };
	static char path[4200];
	char self[4096], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct stat st;
	size_t i;

	if (n < 0)
		err(EX_OSERR, "/proc/self/exe");
	self[n] = '\0';
	if ((slash = strrchr(self, '/')) != NULL)
		*slash = '\0';
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", self, places[i]);
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			return path;
	}
	errx(EX_NOINPUT, "%s: no metadata beside the program; name a directory with --metadata", self);
}

/* Whole under its name or not at all. */
static void
write_port(unsigned short number)
{
	char *temporary;
	FILE *fp;

	if (port_file == NULL)
		return;
	temporary = xasprintf("%s.tmp", port_file);
	if ((fp = fopen(temporary, "w")) == NULL)
		err(EX_CANTCREAT, "%s", temporary);
	fprintf(fp, "%u\n", number);
	if (fclose(fp) != 0)
		err(EX_IOERR, "%s", temporary);
	if (rename(temporary, port_file) != 0)
		err(EX_CANTCREAT, "%s", port_file);
	free(temporary);
}

static void
options(int argc, char *argv[])
{
	int c;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		switch (c) {
		case STORE: settings.store = optarg; break;
		case METADATA: settings.metadata = optarg; break;
		case USERS: settings.users = optarg; break;
		case ROWS: settings.rows = optarg; break;
		case PORT: settings.port = cli_number(optarg, 0, 65535, "--port"); break;
		case PORT_FILE: port_file = optarg; break;
		case FAULTS: settings.faults = optarg; break;
		case LIMITS: settings.limits = optarg; break;
		default: cli_usage(usage);
		}
	}
	if (optind < argc || settings.store == NULL)
		cli_usage(usage);
}

int
main(int argc, char *argv[])
{
	char *help = xasprintf("%s%s\n%s%s", usage, limits_usage, faults_usage, more);
	unsigned short number;
	sigset_t signals;
	int sig;

	cli_start(argc, argv, help);
	free(help);
	cli_no_core();
	options(argc, argv);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (settings.metadata == NULL)
		settings.metadata = stock_metadata();
	number = start_all(&settings);
	write_port(number);
	while (sigwait(&signals, &sig) == 0 && sig == SIGHUP)
		start_reload();
	start_end();
	return 0;
}
