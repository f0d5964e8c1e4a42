/* What a person sees meanwhile: one line that changes on a terminal, a line now and then in a log. */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "extract.h"

static bool open_line;		/* the terminal's line is not ended */
static double began, last;
static uint64_t first_have, last_have;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void
progress_end(void)
{
	if (open_line)
		fputc('\n', stderr);
	open_line = false;
}

void
progress_say(const char *fmt, ...)
{
	va_list ap;

	progress_end();
	fputs("sm-extract: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void
progress_show(const struct module *m, unsigned pass, uint64_t have, int64_t total)
{
	bool terminal = isatty(STDERR_FILENO);
	double t = now(), overall, lately;

	if (!terminal && !opt.progress)
		return;
	if (began == 0) {
		began = last = t;
		first_have = last_have = have;
	}
	overall = t > began ? (double)(have - first_have) / (t - began) : 0;
	lately = t > last ? (double)(have - last_have) / (t - last) : 0;
	fprintf(stderr, "%ssm-extract: %s: pass %u: %llu", terminal ? "\r\033[K" : "", m->name, pass, (unsigned long long)have);
	if (total >= 0)
		fprintf(stderr, "/%lld", (long long)total);
	fprintf(stderr, " records, %llu calls, %.0f/s now, %.0f/s overall, waited %.0f s",
	    (unsigned long long)api_calls, lately, overall, api_waited);
	if (total > (int64_t)have && overall > 0)
		fprintf(stderr, ", ETA %.0f s", (double)(total - (int64_t)have) / overall);
	if (!terminal)
		fputc('\n', stderr);
	fflush(stderr);
	open_line = terminal;
	last = t;
	last_have = have;
}

void
progress_items(const struct module *m, uint64_t done, uint64_t planned)
{
	bool terminal = isatty(STDERR_FILENO);

	if (!terminal && !opt.progress)
		return;
	fprintf(stderr, "%ssm-extract: %s: %llu of %llu, %llu calls, waited %.0f s%s", terminal ? "\r\033[K" : "", m->name,
	    (unsigned long long)done, (unsigned long long)planned, (unsigned long long)api_calls, api_waited, terminal ? "" : "\n");
	fflush(stderr);
	open_line = terminal;
}
