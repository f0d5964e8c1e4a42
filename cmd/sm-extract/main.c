/*
 * sm-extract - one module of Salesmate as NDJSON, verbatim
 *
 * stdin    not read
 * stdout   the records of the module, one a line, written when all are there:
 *          searched modules and notes by id, lists in the service's order,
 *          files in the order of the notes that name them
 * rejects  bad-id: a record or note without an id that is a whole number;
 *          missing: a record that was gone when its notes were asked for
 *
 * Memory: 21 to 43 bytes a record of a search (the table that unites the
 * passes) and one page; the records themselves lie in a file.  For notes and
 * files see notes.c and files.c: nothing grows with the size of a file.
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
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

static const char usage[] =
"usage: sm-extract MODULE [--since TEXT] [--state DIR] [--fields FILE] [--rejects FILE] [option ...]\n"
"       sm-extract NAME --module N [the same]\n"
"       sm-extract field [--module NAME=N ...]\n"
"       sm-extract note --of MODULE=FILE ... [--state DIR] [--rejects FILE]\n"
"       sm-extract attachment --notes FILE --store DIR [--state DIR]\n"
"\n"
"Reads one module of a Salesmate account and writes its records to standard\n"
"output, one JSON object a line, exactly as the API gave them.\n"
"\n"
"MODULE   company contact deal activity product   searched, sorted by id\n"
"         user pipeline tag currency              lists, in the service's order\n"
"         field                                   field definitions of modules 1, 2, 4,\n"
"                                                 5 and 6 and those of --module, each\n"
"                                                 with its moduleId and module behind\n"
"                                                 its id\n"
"         note                                    notes, sorted by id: one call for each\n"
"                                                 record that says when its last note\n"
"                                                 was added, and for no other\n"
"         attachment                              files of notes, see below\n"
"         NAME --module N                         tickets (9), quotes (10) and custom\n"
"                                                 modules by their number, NAME their\n"
"                                                 internal name; in either form that the\n"
"                                                 service answers in\n"
"\n"
"  --module N, NAME=N   the number of module NAME; may be repeated for field\n"
"  --of MODULE=FILE     the extracted records of a module whose notes are wanted; MODULE\n"
"                       is one of the names above or a number. May be repeated.\n"
"  --all-records        asks every record for notes, also without lastNoteAddedAt\n"
"  --notes FILE         output of `sm-extract note`: its attachments are downloaded\n"
"  --store DIR          where files go: DIR/ab/<SHA-256 of the bytes>\n"
"  --storage-host HOST  images in the texts of notes are downloaded from this host too,\n"
"                       besides storage.googleapis.com and the account's own; may be\n"
"                       repeated\n"
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
"Notes: the calls are counted first, and how many are to come is said on stderr. A\n"
"note that does not say whose it is gets moduleId and objectId behind its id. A\n"
"record that is gone by then goes to the rejects (missing). With --state nothing is\n"
"asked twice after a kill.\n"
"\n"
"Files: for each attachment of a note the API is asked for its address, and the file\n"
"downloaded at once from there, without the key, https only (http from this machine).\n"
"So are the images that a note shows from the storage, <img src=\"https://...\">. One\n"
"line a file, with what the note declares and what came:\n"
"  {\"noteId\":239,\"id\":51,\"name\":..,\"contentType\":..,\"size\":9,\"file\":{\"path\":..,\"sha256\":..,\"size\":9}}\n"
"  {\"noteId\":239,\"src\":\"https://..\",\"contentType\":..,\"file\":{..}}\n"
"or in place of file \"problem\":{\"code\":..,\"message\":..}, which is no failure:\n"
"missing-file (404, or no such attachment), empty-file, wrong-type (a web page came),\n"
"refused (another refusal, or no address), bad-id. A download that breaks off, 429\n"
"and 5xx are repeated with a new address, --retries times. --retries, --patience and\n"
"--no-wait hold for them too; downloads count for no budget.\n"
"\n"
"Memory: at most 43 bytes a record, and one page; for notes some 30 bytes a record\n"
"more, for files some 40 and the address; never the size of a file. Disk: about the\n"
"size of the answers of all passes, and the files.\n"
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
"  sm-extract note --of contact=contact.ndjson --state state >note.ndjson\n"
"  sm-extract attachment --notes note.ndjson --store files --state state >attachment.ndjson\n"
"  sm-extract ticket --module 9 --state state >ticket.ndjson\n"
"\n"
"Source: public clients of the Salesmate API and public copies of its documents\n"
"(apidocs.salesmate.io).\n";

const struct module modules[] = {
	{ "contact", 1, "Contact", "contact", 250, SEARCH },
	{ "activity", 2, "Task", "task", 250, SEARCH },
	{ "deal", 4, "Deal", "deal", 250, SEARCH },
	{ "company", 5, "Company", "company", 250, SEARCH },
	{ "product", 6, "Product", "product", 25, PRODUCTS },	/* the older search: documented with 25 rows */
	{ "user", 0, NULL, NULL, 0, LIST },
	{ "pipeline", 0, NULL, NULL, 0, LIST },
	{ "tag", 0, NULL, NULL, 0, LIST },
	{ "currency", 0, NULL, NULL, 0, LIST },
	{ "field", 0, NULL, NULL, 0, LIST },
	{ "note", 0, NULL, NULL, 0, NOTES },
	{ "attachment", 0, NULL, NULL, 0, FILES },
	{ NULL, 0, NULL, NULL, 0, LIST },
};

struct options opt = { .passes = PASSES, .retries = RETRIES, .patience = PATIENCE, .calls_per_hour = CALLS_PER_HOUR };

static const struct option longopts[] = {
	{ "since", required_argument, NULL, 's' },
	{ "budget", required_argument, NULL, 'b' },
	{ "state", required_argument, NULL, 'S' },
	{ "fields", required_argument, NULL, 'f' },
	{ "module", required_argument, NULL, 'M' },
	{ "of", required_argument, NULL, 'o' },
	{ "all-records", no_argument, NULL, 'a' },
	{ "notes", required_argument, NULL, 'n' },
	{ "store", required_argument, NULL, 'D' },
	{ "storage-host", required_argument, NULL, 'h' },
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
by_name(const char *name, size_t n)
{
	const struct module *m;

	for (m = modules; m->name != NULL && (strlen(m->name) != n || memcmp(m->name, name, n) != 0); m++)
		;
	return m->name != NULL ? m : NULL;
}

/* --of deal=FILE, --of 4=FILE */
static void
add_of(const char *text)
{
	const char *equals = strchr(text, '=');
	const struct module *m;
	struct of *of = &opt.of[opt.ofs];
	char *name;

	if (equals == NULL || equals == text || equals[1] == '\0')
		errx(EX_USAGE, "--of takes MODULE=FILE, not \"%s\"", text);
	if (opt.ofs == MANY)
		errx(EX_USAGE, "--of: at most %d", MANY);
	name = xstrndup(text, (size_t)(equals - text));
	m = by_name(name, strlen(name));
	if (m != NULL && m->id == 0)
		errx(EX_USAGE, "--of %s: records of that kind have no notes", text);
	*of = (struct of){ name, equals + 1, m != NULL ? m->id : (int)cli_number(name, 1, 100000000, "of") };
	opt.ofs++;
}

/* --module 9, --module ticket=9 */
static void
add_module(const char *text)
{
	const char *equals = strchr(text, '='), *number = equals != NULL ? equals + 1 : text;
	struct module *m = &opt.own[opt.owns];
	char *name;

	if (opt.owns == MANY)
		errx(EX_USAGE, "--module: at most %d", MANY);
	name = equals != NULL ? xstrndup(text, (size_t)(equals - text)) : NULL;
	if (name != NULL && (*name == '\0' || strspn(name, NAME_CHARS) != strlen(name) || by_name(name, strlen(name)) != NULL))
		errx(EX_USAGE, "--module %s: a name has letters, digits and _, and is none of this program's own", text);
	*m = (struct module){ name, (int)cli_number(number, 1, 100000000, "module"), name, name, 250, RECORDS };
	opt.owns++;
}

/* The module of the command line, which may be one of the customer's own. */
static const struct module *
the_module(const char *name)
{
	const struct module *m = by_name(name, strlen(name));
	struct module *own = &opt.own[0];

	if (m == NULL && opt.owns == 1 && own->name == NULL && *name != '\0' && strspn(name, NAME_CHARS) == strlen(name)) {
		own->name = own->rule = own->meta = name;
		return own;
	}
	if (m == NULL)
		errx(EX_USAGE, "%s: no module this program reads: --help names them%s", name,
		    opt.owns == 0 ? "; for one of your own say --module and its number" : "");
	return m;
}

static void
check_options(const struct module *m)
{
	size_t i;

	if (opt.since != NULL && m->rule == NULL)
		errx(EX_USAGE, "--since is for company, contact, deal, activity, product and modules of your own; %s is read whole", m->name);
	if ((m->way == NOTES) != (opt.ofs > 0))
		errx(EX_USAGE, m->way == NOTES ? "note: --of MODULE=FILE says whose notes" : "--of goes with note");
	if ((m->way == FILES) != (opt.notes != NULL) || (m->way == FILES) != (opt.store != NULL))
		errx(EX_USAGE, m->way == FILES ? "attachment: --notes FILE and --store DIR are needed" : "--notes and --store go with attachment");
	if (opt.owns > 0 && m->way != RECORDS && strcmp(m->name, "field") != 0)
		errx(EX_USAGE, "--module goes with field and with modules of your own, not with %s", m->name);
	for (i = 0; i < opt.owns; i++)
		if (opt.own[i].name == NULL)
			errx(EX_USAGE, "field: --module takes NAME=N");
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
		case 'M': add_module(optarg); break;
		case 'o': add_of(optarg); break;
		case 'a': opt.all_records = true; break;
		case 'n': opt.notes = optarg; break;
		case 'D': opt.store = optarg; break;
		case 'h':
			if (opt.hosts == MANY)
				errx(EX_USAGE, "--storage-host: at most %d", MANY);
			opt.host[opt.hosts++] = optarg;
			break;
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
	m = the_module(argv[optind]);
	check_options(m);
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

/* What there is, of a whole extraction, to standard output. */
static void
finish(const struct module *m, uint64_t count, struct store *s, const struct buf *lines, const struct parent *gone, size_t ngone)
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
	if (count == 0 && opt.since == NULL && m->way != NOTES)
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
	notes_gone(gone, ngone, &rej);
	rej_close(&rej);
	if (opt.since == NULL)
		count_keep(m, count);
	if (s != NULL)
		store_discard(s);
	code = rej_sum("sm-extract", count + ngone, written, &rej, NULL, NULL);
	if (code != 0)
		exit(code);
}

int
main(int argc, char *argv[])
{
	const struct module *m;
	struct store *s = NULL;
	struct buf lines = { 0 };
	struct parent *gone = NULL;
	size_t ngone = 0;
	uint64_t count = 0;

	cli_start(argc, argv, usage);
	cli_no_core();
	m = read_options(argc, argv);
	catch_signals();
	api_open();
	switch (m->way) {
	case FILES:
		files_all(m);
		api_close();
		return 0;
	case NOTES:
		s = notes_all(m, &gone, &ngone);
		break;
	case LIST:
		list_all(m, &lines, &count);
		break;
	default:
		s = search_all(m);
	}
	if (s != NULL)
		count = store_count(s);
	finish(m, count, s, &lines, gone, ngone);
	free(gone);
	buf_free(&lines);
	api_close();
	return 0;
}
