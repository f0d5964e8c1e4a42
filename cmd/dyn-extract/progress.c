#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "extract.h"

/* A count of all rows that is right does not exist (the service's own is up to a day old), so there is no ETA. */
static struct {
	struct dyn *d;
	bool on;
	double start, shown;
	unsigned long long rows, before;	/* now, and when it was last shown */
} p;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void
progress_start(struct dyn *d, bool asked)
{
	p.d = d;
	p.on = asked || isatty(STDERR_FILENO);
	p.start = p.shown = now();
}

static void
show(double t, char end)
{
	double whole = t - p.start > 0.001 ? t - p.start : 0.001, last = t - p.shown > 0.001 ? t - p.shown : 0.001;

	fprintf(stderr, "%s%llu rows, %.0f/s now, %.0f/s overall, %.0f s throttled%c", isatty(STDERR_FILENO) ? "\r" : "",
	    p.rows, (double)(p.rows - p.before) / last, (double)p.rows / whole, http_held(dyn_http(p.d)), end);
	p.shown = t;
	p.before = p.rows;
}

void
progress_rows(unsigned long long rows)
{
	double t;

	p.rows = rows;
	if (!p.on || rows % 500 != 0 || (t = now()) - p.shown < 1)
		return;
	show(t, isatty(STDERR_FILENO) ? ' ' : '\n');
}

void
progress_end(void)
{
	if (p.on && p.rows > 0)
		show(now(), '\n');
}
