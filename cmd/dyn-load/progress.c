/* One line on stderr, once a second: done, rate, throttled seconds, time left. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "load.h"

static bool wanted, shown;
static const struct nd_in *input;
static double begun, last;
static uint64_t last_done;
static off_t bytes;			/* of the input; 0 if it is a pipe */

void
progress_open(bool asked, const struct nd_in *in)
{
	struct stat st;

	wanted = asked || isatty(STDERR_FILENO);
	input = in;
	begun = last = pace_now();
	if (fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode))
		bytes = st.st_size;
}

void
progress_clear(void)
{
	if (shown)
		fputc('\n', stderr);
	shown = false;
}

static uint64_t
settled_rows(void)
{
	uint64_t n = 0;
	int i;

	for (i = 0; i <= OUT_REJECTED; i++)
		n += count_out[i];
	return n;
}

void
progress_show(bool final)
{
	double t = pace_now(), left;
	uint64_t done, total;
	bool line = isatty(STDERR_FILENO);

	if (!wanted || (!final && t - last < 1.0))
		return;
	done = settled_rows();
	fprintf(stderr, "%sdyn-load: %llu", line ? "\r\033[K" : "", (unsigned long long)done);
	if (bytes > 0 && input->offset > 0 && input->count > 0) {
		total = final ? done : (uint64_t)((double)input->count * (double)bytes / (double)(input->offset + input->len + 1));
		fprintf(stderr, "/%s%llu", final ? "" : "~", (unsigned long long)total);
		left = done > 0 ? (double)(total - (total < done ? total : done)) * (t - begun) / (double)done : 0;
		if (!final && done > 0)
			fprintf(stderr, ", ETA %02ld:%02ld:%02ld", (long)left / 3600, (long)left / 60 % 60, (long)left % 60);
	}
	fprintf(stderr, ", %.0f/s now, %.0f/s overall, %u workers, %.0f s throttled%s",
	    t > last ? (double)(done - last_done) / (t - last) : 0, t > begun ? (double)done / (t - begun) : 0,
	    pace_workers(), pace_seconds_held(), line && !final ? "" : "\n");
	shown = line && !final;
	last = t;
	last_done = done;
}
