/*
 * sm-extract - one module of Salesmate as NDJSON, verbatim
 *
 * stdin    not read
 * stdout   the records of the module, one a line, written when all are there:
 *          searched modules by id, lists in the service's order
 * rejects  bad-id: a record without an id that is a whole number
 *
 * Memory: 21 to 43 bytes a record of a search (the table that unites the
 * passes) and one page; the records themselves lie in a file.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "extract.h"
#include "http.h"
#include "xalloc.h"

#define CALLS_PER_HOUR 1500
#define PASSES 20
#define RETRIES 5
#define PATIENCE 7200
#define DAY 86400

static const char usage[] =
"usage: sm-extract MODULE [--since TEXT] [--state DIR] [--fields FILE] [--rejects FILE] [option ...]\n"
"\n"
"Reads one module of a Salesmate account and writes its records to standard\n"
"output, one JSON object a line, exactly as the API gave them.\n"
"\n"
"MODULE   company contact deal activity product   searched, sorted by id\n"
"         user pipeline tag currency              lists, in the service's order\n"
"         field                                   field definitions of modules 1, 2, 4,\n"
"                                                 5 and 6, each with its moduleId and\n"
"                                                 module behind its id\n"
"\n"
"  --since TEXT         only records modified after TEXT: \"Mar 02, 2026 09:00 AM\", in\n"
"                       the time zone of the key's user and sent as it is; or an\n"
"                       instant, 2026-03-02T09:00:00Z or epoch seconds, from which a\n"
"                       day is taken because that zone is not known\n"
"  --state DIR          keeps the pages there as they come (DIR/MODULE.pages, synced\n"
"                       page by page); after a kill the same command goes on and asks\n"
"                       for nothing twice. Removed when the output is complete. What\n"
"                       stays is DIR/MODULE.count: an empty answer where an earlier\n"
"                       run had records is an error. Without --state nothing is kept.\n"
"  --fields FILE        output of `sm-extract field`: names the custom fields to ask\n"
"                       for; otherwise one more call asks for them\n"
"  --rejects FILE       where records without a usable id go\n"
"  --budget FILE        the calls of the last hour, shared by every run and process of\n"
"                       the account; default $SM_BUDGET_FILE, or .salesmate-budget here\n"
"  --calls-per-hour N   1500, as the service allows for the whole account\n"
"  --no-wait            when the budget or the service says wait: 75 instead\n"
"  --passes N           at most N passes over the pages in one run (20)\n"
"  --allow-missing N    accept N records fewer than the service counts (0)\n"
"  --allow-empty        accept an empty answer where an earlier run had records\n"
"  --retries N          repeats of a call after 5xx, a web page or a lost connection (5)\n"
"  --patience S         seconds that one call may wait for throttling altogether (7200)\n"
"  --progress           progress on standard error though it is no terminal\n"
"  --help, --version\n"
"\n"
"Environment: SM_LINK, the account's name; SM_TOKEN, or SM_TOKEN_FILE naming a file\n"
"of mode 600: the Session Key (not the Access Key) of an administrator; SM_URL if\n"
"the account is not at https://<SM_LINK>.salesmate.io (plain http only to this\n"
"machine); SM_BUDGET_FILE; TMPDIR for the records when there is no --state.\n"
"\n"
"Paging: 250 rows a page. Pages shift while they are read, so passes are repeated\n"
"and united by id until the service's total is reached, or, where it tells none\n"
"(activities), until a pass brings nothing new. A page with fewer rows than asked\n"
"for ends a pass only where the total or an empty page after it agrees. A record\n"
"seen in two versions: the one modified later. Records deleted while the run goes\n"
"on may be in the output. A total that stays out of reach is an error (65) and gives\n"
"no output. Output appears only when complete, so a failed run leaves an empty file.\n"
"\n"
"Memory: at most 43 bytes a record, and one page. Disk: about the size of the\n"
"answers of all passes.\n"
"\n"
"Exit: 0 done; 64 usage; 65 fewer records than the service counts, or a record\n"
"without id and no --rejects; 66 no such --fields file; 69 the service refused, or\n"
"answers nothing where there were records; 70 a bug; 73, 74 local files; 75 stopped\n"
"but resumable: interrupted, throttled beyond --patience, the service away, another\n"
"run on the same state; 77 the key is refused; 78 settings, a state of another\n"
"extraction, or no such account. The last line on stderr: N in, N out, N rejected.\n"
"\n"
"Example:\n"
"  export SM_LINK=kestrel SM_TOKEN_FILE=$HOME/.salesmate-key\n"
"  sm-extract field --state state >field.ndjson\n"
"  sm-extract contact --fields field.ndjson --state state >contact.ndjson\n"
"\n"
"Source: public clients of the Salesmate API and public copies of its documents\n"
"(apidocs.salesmate.io).\n";

const struct module modules[] = {
	{ "contact", 1, "Contact", "contact", 250 },
	{ "activity", 2, "Task", "task", 250 },
	{ "deal", 4, "Deal", "deal", 250 },
	{ "company", 5, "Company", "company", 250 },
	{ "product", 6, "Product", "product", 25 },	/* the older search: documented with 25 rows */
	{ "user", 0, NULL, NULL, 0 },
	{ "pipeline", 0, NULL, NULL, 0 },
	{ "tag", 0, NULL, NULL, 0 },
	{ "currency", 0, NULL, NULL, 0 },
	{ "field", 0, NULL, NULL, 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

struct options opt = { .passes = PASSES, .retries = RETRIES, .patience = PATIENCE, .calls_per_hour = CALLS_PER_HOUR };

static const struct option longopts[] = {
	{ "since", required_argument, NULL, 's' },
	{ "budget", required_argument, NULL, 'b' },
	{ "state", required_argument, NULL, 'S' },
	{ "fields", required_argument, NULL, 'f' },
	{ "rejects", required_argument, NULL, 'r' },
	{ "calls-per-hour", required_argument, NULL, 'c' },
	{ "no-wait", no_argument, NULL, 'w' },
	{ "passes", required_argument, NULL, 'p' },
	{ "allow-missing", required_argument, NULL, 'm' },
	{ "allow-empty", no_argument, NULL, 'e' },
	{ "retries", required_argument, NULL, 'R' },
	{ "patience", required_argument, NULL, 'P' },
	{ "progress", no_argument, NULL, 'g' },
	{ NULL, 0, NULL, 0 },
};

/* The operand of the filter. */
static const char *
since_operand(const char *text)
{
	static char made[64];
	struct tm tm = { 0 };
	const char *end;
	char *stop;
	time_t at;

	end = strptime(text, "%b %d, %Y %I:%M %p", &tm);
	if (end != NULL && *end == '\0' && strlen(text) == 21)
		return text;
	tm = (struct tm){ 0 };
	end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (end != NULL && *end == '\0') {
		at = timegm(&tm);
	} else {
		at = (time_t)strtoll(text, &stop, 10);
		if (stop == text || *stop != '\0' || at < DAY || at > (time_t)253402300799)
			errx(EX_USAGE, "--since takes \"Mar 02, 2026 09:00 AM\", 2026-03-02T09:00:00Z or epoch seconds, not \"%s\"", text);
	}
	at -= DAY;
	strftime(made, sizeof(made), "%b %d, %Y %I:%M %p", gmtime_r(&at, &tm));
	return made;
}

static const struct module *
read_options(int argc, char *argv[])
{
	const struct module *m;
	int c;

	opt.budget = cli_env("SM_BUDGET_FILE", ".salesmate-budget");
	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		switch (c) {
		case 's': opt.since = since_operand(optarg); break;
		case 'b': opt.budget = optarg; break;
		case 'S': opt.state = optarg; break;
		case 'f': opt.fields = optarg; break;
		case 'r': opt.rejects = optarg; break;
		case 'c': opt.calls_per_hour = cli_number(optarg, 1, 100000, "calls-per-hour"); break;
		case 'w': opt.nowait = true; break;
		case 'p': opt.passes = cli_number(optarg, 1, 1000, "passes"); break;
		case 'm': opt.allow_missing = cli_number(optarg, 0, 1000000000, "allow-missing"); break;
		case 'e': opt.allow_empty = true; break;
		case 'R': opt.retries = cli_number(optarg, 0, 100, "retries"); break;
		case 'P': opt.patience = cli_number(optarg, 0, 604800, "patience"); break;
		case 'g': opt.progress = true; break;
		default:  cli_usage(usage);
		}
	}
	if (optind + 1 != argc)
		cli_usage(usage);
	for (m = modules; m->name != NULL && strcmp(m->name, argv[optind]) != 0; m++)
		;
	if (m->name == NULL)
		errx(EX_USAGE, "%s: no module this program reads: --help names them", argv[optind]);
	if (opt.since != NULL && m->rule == NULL)
		errx(EX_USAGE, "--since is for company, contact, deal, activity and product; %s is read whole", m->name);
	return m;
}

/* A read that is cut short loses nothing, so the call in hand is dropped at once. */
static void
on_signal(int sig)
{
	(void)sig;
	http_stop = 2;
}

static void
catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigemptyset(&sa.sa_mask);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
}

/* Nothing at all is only believed where there was nothing before, or when told to. */
static bool
believable(const struct module *m, uint64_t count, uint64_t *earlier)
{
	*earlier = 0;
	if (count > 0 || opt.allow_empty || opt.since != NULL)
		return true;
	if (strcmp(m->name, "user") == 0)
		return false;		/* the key's own user is always there */
	return !count_kept(m, earlier) || *earlier == 0;
}

static void
finish(const struct module *m, uint64_t count, struct store *s, const struct buf *lines)
{
	struct nd_out out = { 0 };
	struct rej rej;
	uint64_t written, earlier;
	int code;

	if (!believable(m, count, &earlier)) {
		if (s != NULL)
			store_discard(s);
		errx(EX_UNAVAILABLE, "%s: the service answers that there are none, where an earlier run had %llu: an outage or a lost permission looks like that; "
		    "--allow-empty accepts it", m->name, (unsigned long long)earlier);
	}
	if (count == 0 && opt.since == NULL)
		warnx("%s: the service has no records of it, or this key may not see them", m->name);
	rej_open(&rej, "sm-extract", opt.rejects);
	nd_create(&out, NULL);
	if (s != NULL)
		store_write(s, &out, &rej);
	else if (lines->n > 0)
		nd_part(&out, lines->p, lines->n);
	nd_flush(&out);
	written = s != NULL ? out.count : count;
	/* Pipes and the like cannot be synced, files can. */
	if (fsync(STDOUT_FILENO) == -1 && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
		err(EX_IOERR, "stdout");
	nd_close(&out);
	rej_close(&rej);
	if (opt.since == NULL)
		count_keep(m, count);
	if (s != NULL)
		store_discard(s);
	code = rej_sum("sm-extract", count, written, &rej, NULL, NULL);
	if (code != 0)
		exit(code);
}

int
main(int argc, char *argv[])
{
	const struct module *m;
	struct store *s = NULL;
	struct buf lines = { 0 };
	uint64_t count = 0;

	cli_start(argc, argv, usage);
	cli_no_core();
	m = read_options(argc, argv);
	catch_signals();
	api_open();
	if (m->rule != NULL) {
		s = search_all(m);
		count = store_count(s);
	} else {
		list_all(m, &lines, &count);
	}
	finish(m, count, s, &lines);
	buf_free(&lines);
	api_close();
	return 0;
}
