/*
 * sm-sandbox - a strict local imitation of the Salesmate API
 *
 * stdin    nothing
 * stdout   nothing (--help, --version)
 * answers  what reference and --help say, on 127.0.0.1
 *
 * Memory: the text of the data files, and 40 bytes a record.
 */
#include <err.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli.h"
#include "sandbox.h"
#include "xalloc.h"

#define LIMIT 1500		/* calls an hour, all plans and users together */
#define LIFE 60

static const char usage[] =
"usage: sm-sandbox --data DIR [--port N] [--port-file F] [--faults FILE] [--limit N] [--url-life S] [--log FILE]\n"
"\n"
"A local stand-in of the Salesmate API: it serves a folder of NDJSON files in\n"
"the ways of the real service, its quirks included, and refuses what the\n"
"service refuses. It listens on 127.0.0.1 only and never writes to the folder.\n"
"SIGTERM, SIGINT or SIGHUP ends it.\n"
"\n"
"  --data DIR      DIR/<module>.ndjson, one record a line, in the value forms of\n"
"                  the search: contact company deal activity product user\n"
"                  pipeline field tag currency note, and activityType\n"
"                  emailTemplate module ticket quote; DIR/files/<attachment id>.\n"
"                  A file that is missing is a module without records. A file\n"
"                  that changes is read again before the next call; while it is\n"
"                  damaged the old records stay.\n"
"                  module.ndjson declares custom modules, {\"id\":101,\"name\":\"cm_x\"},\n"
"                  whose records are in DIR/cm_x.ndjson.\n"
"  --port N        0, the default, takes a free one\n"
"  --port-file F   the port is written there, whole, when calls are answered\n"
"  --faults FILE   faults on demand, see below\n"
"  --limit N       429, without Retry-After, after N calls in the clock hour;\n"
"                  default 1500, 0: no limit\n"
"  --url-life S    seconds for which the address of an attachment is good (60)\n"
"  --log FILE      one line of JSON a call: method, target, body, status, rows, fault\n"
"  --help, --version\n"
"\n"
"Environment: SM_LINK and SM_TOKEN (or SM_TOKEN_FILE), both \"sandbox\" unless\n"
"set. A call needs the headers x-linkname: <SM_LINK>.salesmate.io and\n"
"accessToken: <SM_TOKEN> (sessionToken will do for v1 to v3).\n"
"\n"
"Served, under http://127.0.0.1:PORT/apis:\n"
"  POST {contact|company|deal|activity}/v4/search?rows=&from=\n"
"  POST module/v4/records/search?rows=&from=     tickets, quotes, custom modules\n"
"  POST v3/products/search?rows=&from=&sortBy=&sortOrder=\n"
"  GET  {contact|company|deal|activity}/v4/{id}\n"
"  GET  module/v4/{moduleId}/records/{id}?fieldsToQuery=\n"
"  GET  module/v4/{moduleId}/fields, module/v4/fields/all-visible-fields,\n"
"       v3/fields/getAllVisibleFields, v1/modules/{moduleId}/fields\n"
"  GET  module/v4/modules/{internal name}\n"
"  GET  module/v4/modules/{moduleId}/objects/{id}/notes[/{noteId}[/attachments/{id}]]\n"
"  GET  core/v4/deal-pipelines, v3/apps/dealPipeline, core/v4/users[?status=active],\n"
"       v1/tags, v3/lookups/active/currency, v1/activityTypes, v1/emailTemplates\n"
"  GET  /storage/salesmate/{attachment id}?Expires=&Signature=\n"
"       /storage/salesmate/embedded/{id}         not under /apis, no API headers\n"
"\n"
"Behaviour:\n"
"  - rows above 250 give 250; without rows, 25. Totals come if getRecordsCount is\n"
"    true, and never for activities.\n"
"  - displayingFields: only what is asked for comes back; of a relation only the\n"
"    sub-fields asked for (what the row does not carry is taken from the related\n"
"    record); a relation asked for as a whole is its bare id; unknown names are\n"
"    passed over.\n"
"  - filterQuery: EQUALS NOT_EQUALS CONTAINS DOES_NOT_CONTAINS STARTS_WITH ENDS_WITH\n"
"    EMPTY NOT_EMPTY IS_AFTER TODAY, AND and OR, groups in groups, $MYSELF$. Texts\n"
"    are compared byte for byte. Dates are \"Mar 02, 2026 09:00 AM\" in the time zone of\n"
"    the user with isCurrentUser. A comparison on id, and any other condition: 400.\n"
"  - deleted records (isDeleted) come only if a rule on isDeleted asks for them.\n"
"  - sort by id, createdAt, lastModifiedAt, contact name firstName lastName, company\n"
"    name, title; anything else leaves the order of the file.\n"
"  - the address of an attachment is the storage's, signed, and good for a while\n"
"    only: 400 ExpiredToken then, 403 with another signature, 400 for a request with\n"
"    API headers. In the texts of notes https://storage.googleapis.com/salesmate/ID,\n"
"    an embedded image, becomes an address here, which does not expire.\n"
"  - GET by id gives ISO dates, true and false, whole owner, company and currency\n"
"    objects; searches give the values exactly as they are in the files.\n"
"  - 403 AuthorizationFailed, 404 NoSuchLinkExist in lower-case keys; 404\n"
"    ObjectNotFound and 400 ValidationError in capitals; 405 for other methods.\n"
"\n"
"A faults file has one fault a line; # begins a comment:\n"
"  shuffle=SEED    offset paging is unstable: a pass over several pages repeats\n"
"                  some rows and misses some; several passes united find all\n"
"  cap=ROWS        a page holds no more rows than that, whatever is asked for\n"
"  overlap         each page begins a tenth of a page early, so rows repeat and the\n"
"                  last ones come only to who reads on until a page is not full\n"
"  records         module/v4/records/search answers {records,total,from,rows}, as one\n"
"                  copy of the documents shows it, instead of {data,totalRows,totalPages}\n"
"  [match=TEXT] [at=N] [every=N] [times=N] ACTION\n"
"                  a line counts the calls whose \"METHOD path?query\" holds TEXT and\n"
"                  strikes at the N-th, every N-th, or every one; times: at most so\n"
"                  often. Requests to the storage are counted only by lines with\n"
"                  match=. Actions:\n"
"    status=N [retry-after=S]   an error status (400 to 599)\n"
"    fail200       a failure envelope in HTTP 200, its keys in lower case and in\n"
"                  capitals by turns\n"
"    html          HTTP 200 with a web page\n"
"    drop          the connection is closed without an answer\n"
"    cut           a file is announced whole, and half of it sent; else as drop\n"
"    empty         success, but no records\n"
"    delay=MS      late; goes with any other action\n"
"\n"
"Example:\n"
"  printf 'shuffle=7\\nevery=9 status=429 retry-after=1\\n' >faults\n"
"  sm-sandbox --data fixtures/demo --port-file port --faults faults &\n"
"  curl -s -H accessToken:sandbox -H x-linkname:sandbox.salesmate.io \\\n"
"      \"http://127.0.0.1:$(cat port)/apis/core/v4/users\" | jq '.Data | length'\n"
"\n"
"Exit: 0 ended by a signal; 64 usage; 65 a damaged data file, with file and line;\n"
"66 no such folder or file; 69 the port is taken; 73, 74 the port or log file cannot\n"
"be written; 77 a token file others can read; 78 a bad faults file, with its line.\n"
"Its last line on stderr counts the calls: in, answered well (out), refused (rejected).\n"
"\n"
"Source: public clients of the Salesmate API and public copies of its documents.\n";

static const struct option longopts[] = {
	{ "data", required_argument, NULL, 'd' },
	{ "port", required_argument, NULL, 'p' },
	{ "port-file", required_argument, NULL, 'f' },
	{ "faults", required_argument, NULL, 'x' },
	{ "limit", required_argument, NULL, 'l' },
	{ "url-life", required_argument, NULL, 'u' },
	{ "log", required_argument, NULL, 'o' },
	{ NULL, 0, NULL, 0 },
};

static const char *datadir, *portfile, *faultsfile;

static void
read_options(int argc, char *argv[], struct options *o)
{
	int c;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		switch (c) {
		case 'd': datadir = optarg; break;
		case 'p': o->port = cli_number(optarg, 0, 65535, "port"); break;
		case 'f': portfile = optarg; break;
		case 'x': faultsfile = optarg; break;
		case 'l': o->limit = cli_number(optarg, 0, 1000000000, "limit"); break;
		case 'u': o->life = cli_number(optarg, 0, 604800, "url-life"); break;
		case 'o': o->log = optarg; break;
		default:  cli_usage(usage);
		}
	}
	if (optind < argc || datadir == NULL)
		cli_usage(usage);
}

/* Under another name first: who sees the file sees all of it. */
static void
write_port(unsigned port)
{
	char *temp = xasprintf("%s.tmp", portfile);
	FILE *fp = fopen(temp, "w");

	if (fp == NULL)
		err(EX_CANTCREAT, "%s", temp);
	if (fprintf(fp, "%u\n", port) < 0 || fclose(fp) != 0)
		err(EX_IOERR, "%s", temp);
	if (rename(temp, portfile) == -1)
		err(EX_CANTCREAT, "%s", portfile);
	free(temp);
}

int
main(int argc, char *argv[])
{
	struct paging paging = { 0 };
	struct options o = { .limit = LIMIT, .life = LIFE, .paging = &paging };
	struct server *server;
	sigset_t end;
	char *token;
	int got;

	cli_start(argc, argv, usage);
	cli_no_core();
	read_options(argc, argv, &o);
	o.link = cli_env("SM_LINK", "sandbox");
	token = cli_secret("SM_TOKEN");
	o.token = token != NULL && *token != '\0' ? token : "sandbox";
	o.data = data_open(datadir);
	if (faultsfile != NULL)
		o.faults = faults_load(faultsfile, &paging);
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigaddset(&end, SIGINT);
	sigaddset(&end, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &end, NULL);		/* before the threads: they inherit it */
	server = server_start(&o);
	fprintf(stderr, "sm-sandbox: http://127.0.0.1:%u\n", server_port(server));
	if (portfile != NULL)
		write_port(server_port(server));
	while (sigwait(&end, &got) != 0)
		;
	server_stop(server);
	faults_free(o.faults);
	data_free(o.data);
	free(token);
	return 0;
}
