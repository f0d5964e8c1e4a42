/*
 * dyn-load - sends rows to Dataverse; one outcome line for each input line
 *
 * stdin    mapped rows (NDJSON)
 * stdout   their outcomes, in input order
 * rejects  what the service refused, and lines that are no rows
 * journal  what is about to be sent and what came of it (journal.c)
 *
 * Memory: bounded by the requests in the air (order.c) but for two tables:
 * 43 to 86 bytes a row that the journal held at the start, and 32 bytes a
 * parked row.
 */
#include <err.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli.h"
#include "load.h"
#include "xalloc.h"

#define PROGRAM "dyn-load"
#define HELD_MAX ((size_t)256 << 20)	/* bytes of lines in memory */
#define LOOK 500			/* ms; so late is a signal seen while the input keeps us waiting */

struct options options = { .batch = 100, .retries = 10 };

static struct nd_in in;
static struct nd_out out;
static struct rej rejects;
static bool line_in_hand, ended, parked_phase;
static int stop_code;

void
run_stop(int code, const char *fmt, ...)
{
	va_list ap;

	if (stop_code != 0)
		return;			/* the first reason is the one to tell */
	stop_code = code;
	progress_clear();
	va_start(ap, fmt);
	vwarnx(fmt, ap);
	va_end(ap);
}

bool
run_stopping(void)
{
	return stop_code != 0 || http_stop;
}

/* ---- options ---- */

static void
add_header(const char *line)
{
	size_t n = 0;

	while (options.header[n] != NULL)
		n++;
	if (n + 1 < sizeof(options.header) / sizeof(options.header[0]))
		options.header[n] = line;
}

static void
set_bypass(const char *text)
{
	static const char *const word[] = { "sync", "async", "plugins", "flows" };
	bool on[4] = { false };
	size_t i, n;

	for (; *text != '\0'; text += n + (text[n] == ',')) {
		n = strcspn(text, ",");
		for (i = 0; i < 4 && (strlen(word[i]) != n || memcmp(text, word[i], n) != 0); i++)
			;
		if (i == 4)
			errx(EX_USAGE, "--bypass takes sync, async, plugins, flows, not \"%.*s\"", (int)n, text);
		on[i] = true;
	}
	if (on[0] || on[1])
		add_header(on[0] && on[1] ? "MSCRM.BypassBusinessLogicExecution: CustomSync,CustomAsync" :
		    on[0] ? "MSCRM.BypassBusinessLogicExecution: CustomSync" : "MSCRM.BypassBusinessLogicExecution: CustomAsync");
	if (on[2])
		add_header("MSCRM.BypassCustomPluginExecution: true");
	if (on[3])
		add_header("MSCRM.SuppressCallbackRegistrationExpanderJob: true");
}

static enum form
form_number(const char *text)
{
	static const char *const word[] = { "auto", "bulk", "batch", "single" };
	int i;

	for (i = 0; i < 4; i++)
		if (strcmp(text, word[i]) == 0)
			return (enum form)i;
	errx(EX_USAGE, "--form takes auto, bulk, batch or single, not \"%s\"", text);
}

static void
read_options(int argc, char *argv[])
{
	enum { JOURNAL = 'j', REJECTS = 'r', CONFIRMED = 256, ORG, BATCH, CONCURRENCY, RETRIES, FORM, BYPASS, DUPLICATES, PROGRESS };
	static const struct option longopts[] = {
		{ "journal", required_argument, NULL, JOURNAL }, { "rejects", required_argument, NULL, REJECTS },
		{ "confirmed", required_argument, NULL, CONFIRMED }, { "org", required_argument, NULL, ORG },
		{ "batch", required_argument, NULL, BATCH }, { "concurrency", required_argument, NULL, CONCURRENCY },
		{ "retries", required_argument, NULL, RETRIES },
		{ "form", required_argument, NULL, FORM }, { "bypass", required_argument, NULL, BYPASS },
		{ "detect-duplicates", no_argument, NULL, DUPLICATES }, { "progress", no_argument, NULL, PROGRESS },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "j:r:", longopts, NULL)) != -1) {
		switch (c) {
		case JOURNAL: options.journal = optarg; break;
		case REJECTS: options.rejects = optarg; break;
		case CONFIRMED: options.confirmed = optarg; break;
		case ORG: options.org = optarg; break;
		case BATCH:
			options.batch = cli_number(optarg, 1, 1000, "batch");
			options.batch_fixed = true;
			break;
		case CONCURRENCY: options.workers = (unsigned)cli_number(optarg, 1, 256, "concurrency"); break;
		case RETRIES: options.retries = (unsigned)cli_number(optarg, 0, 1000, "retries"); break;
		case FORM: options.form = form_number(optarg); break;
		case BYPASS: set_bypass(optarg); break;
		case DUPLICATES: add_header("MSCRM.SuppressDuplicateDetection: false"); break;
		case PROGRESS: options.progress = true; break;
		default: cli_usage(help_text());
		}
	}
	if (optind < argc)
		cli_usage(help_text());
	if (options.journal == NULL)
		errx(EX_USAGE, "--journal FILE is needed: without it a run that is cut off could not be continued");
}

/* ---- start ---- */

static void
on_signal(int sig)
{
	(void)sig;
	if (++http_stop > 2)
		_exit(EX_TEMPFAIL);
}

static void
catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigemptyset(&sa.sa_mask);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	signal(SIGXFSZ, SIG_IGN);	/* a file over the limit shows as a failed write */
}

static void
check_organization(void)
{
	struct dyn_who who;
	const char *known = journal_organization();

	dyn_whoami(asking, &who);
	if (options.org != NULL && strcasecmp(options.org, who.organization) != 0)
		errx(EX_CONFIG, "this is organisation %s, and --org says %s: nothing is sent", who.organization, options.org);
	if (known[0] != '\0' && strcasecmp(known, who.organization) != 0)
		errx(EX_CONFIG, "%s belongs to organisation %s, and this is %s: nothing is sent", options.journal, known, who.organization);
	journal_begin(who.organization);
}

static void
open_service(void)
{
	static const struct http_policy patient = { .retries = 6, .patience_s = 3600 };
	struct dyn_client *who;
	size_t n = dyn_clients(&who), i;

	pace_room(n);
	asking = dyn_open_as(&patient, &who[0]);
	for (i = 0; i < n; i++) {
		explicit_bzero(who[i].secret, strlen(who[i].secret));
		free(who[i].secret);
		free(who[i].id);
	}
	free(who);
	check_organization();
	pace_open();
}

/* ---- the loop ---- */

static bool
window_full(void)
{
	return order_held() >= pace_window() * options.batch || rows_held() >= HELD_MAX;
}

/* A writer that is slow must not keep answers from being taken, or a signal from being heard. */
static bool
input_ready(int ms)
{
	return ended || line_in_hand || nd_ready(&in, ms);
}

/* Without a first line nobody is asked for anything; and the rejects of before may be on their way to us, so they stay until it is here. */
static void
first_line(void)
{
	while (!run_stopping() && !input_ready(LOOK))
		;
	line_in_hand = !run_stopping() && nd_read(&in);
}

/* The next row of the input, or, after its end, of those that wait for another try. */
static struct row *
next_row(void)
{
	if (!ended) {
		if (line_in_hand || nd_read(&in)) {
			line_in_hand = false;
			return row_make(&in);
		}
		ended = true;
	}
	if (!parked_phase && order_held() > 0)
		return NULL;
	parked_phase = true;
	return order_parked();
}

static void
fill_window(void)
{
	struct row *r;

	while (!run_stopping() && !window_full() && input_ready(order_held() == 0 ? LOOK : 0) && (r = next_row()) != NULL) {
		order_add(r);
		if (!r->settled)
			row_route(r);
	}
}

static bool
make_batches(void)
{
	struct batch *b;
	bool any = false;

	while (!run_stopping() && pace_hungry() && (b = batch_next(ended || pace_idle())) != NULL) {
		pace_ready(b, false);
		any = true;
	}
	return any;
}

static bool
finished(void)
{
	if (run_stopping())
		return pace_active() == 0;
	return parked_phase && order_held() == 0;
}

static void
run(void)
{
	for (;;) {
		fill_window();
		if (finished())
			break;
		/* Intents before sending; outcomes with the next intents, or when rows wait for them. */
		if (make_batches() || run_stopping() || (order_blocked() && (ended || window_full() || pace_idle())))
			journal_sync();
		pace_send();
		order_advance();
		progress_show(false);
		if (order_held() > 0)
			pace_wait();
	}
	journal_sync();
	order_advance();
}

static int
finish(void)
{
	uint64_t good = count_out[OUT_CREATED] + count_out[OUT_UPDATED] + count_out[OUT_UNCHANGED] + count_out[OUT_MATCHED];
	int code;

	if (run_stopping()) {
		if (stop_code == 0)
			warnx("interrupted; the same command goes on");
		nd_flush(&out);
		rej_close(&rejects);
		journal_close();
		fprintf(stderr, PROGRAM ": %llu in, %llu out, %llu rejected\n", (unsigned long long)in.count,
		    (unsigned long long)good, (unsigned long long)rejects.count);
		return stop_code != 0 ? stop_code : EX_TEMPFAIL;
	}
	order_finish();
	good = out.count - count_out[OUT_REJECTED];
	rej_close(&rejects);
	nd_close(&out);
	journal_close();
	code = rej_sum(PROGRAM, in.count, good, &rejects, NULL, NULL);
	nd_end(&in);
	return code;
}

int
main(int argc, char *argv[])
{
	cli_start(argc, argv, help_text());
	read_options(argc, argv);
	cli_no_core();
	catch_signals();
	if (options.confirmed != NULL)
		row_confirmed(options.confirmed);
	nd_open(&in, NULL);
	journal_open(options.journal);
	first_line();
	rej_open(&rejects, PROGRAM, options.rejects);
	nd_create(&out, NULL);
	order_open(in.name, &rejects, &out);
	if (line_in_hand) {
		open_service();
		progress_open(options.progress, &in);
		run();
		progress_show(true);
	}
	return finish();
}
