/*
 * The call budget: 1,500 an hour for the whole account, and the service's
 * answers do not say how many are left, so they are counted here, in a file
 * that every run and every process of the account shares.
 *
 * The file: a line of ten digits for each call, its UTC second, in order.
 * A line is added, under flock(2), before the call is sent.  The hour slides.
 * Old lines are dropped when they outnumber the others; a crash meanwhile
 * leaves lines twice, which errs on the side of fewer calls.  A line that is
 * too short (torn), or of an hour and more in the future (a clock set back), is
 * passed over.  A file that holds anything else is not ours and is not touched.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "extract.h"
#include "xalloc.h"

#define HOUR 3600
#define STAMP 11		/* bytes of a line */
#define FILE_MAX ((size_t)4 << 20)

static int
open_locked(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd == -1)
		err(EX_CANTCREAT, "%s (the call budget)", path);
	while (flock(fd, LOCK_EX) == -1)
		if (errno != EINTR)
			err(EX_IOERR, "%s", path);
	return fd;
}

static void
read_all(int fd, const char *path, struct buf *b)
{
	ssize_t n;

	do {
		buf_room(b, 64 << 10);
		while ((n = read(fd, b->p + b->n, 64 << 10)) == -1 && errno == EINTR)
			;
		if (n == -1)
			err(EX_IOERR, "%s", path);
		b->n += (size_t)n;
	} while (n > 0 && b->n < FILE_MAX);
	buf_nul(b);
}

static void
write_at(int fd, const char *path, const char *p, size_t n, off_t at)
{
	ssize_t w;

	while (n > 0) {
		if ((w = pwrite(fd, p, n, at)) == -1 && errno != EINTR)
			err(EX_IOERR, "%s (the call budget)", path);
		if (w > 0) {
			p += w;
			n -= (size_t)w;
			at += w;
		}
	}
}

static int
earlier(const void *x, const void *y)
{
	const long *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/* The calls of the last hour, oldest first; returns how many. */
static size_t
recent(const struct buf *b, const char *path, long now, long **stamps)
{
	const char *p = b->p, *end = b->p + b->n, *lf;
	size_t n = 0;
	long at;

	*stamps = xcalloc(b->n / STAMP + 1, sizeof(**stamps));
	if (strspn(p, "0123456789\n") != b->n)
		errx(EX_CONFIG, "%s: not a call budget: it holds more than lines of ten digits", path);
	for (; p < end && (lf = memchr(p, '\n', (size_t)(end - p))) != NULL; p = lf + 1) {
		if (lf - p != STAMP - 1 || strspn(p, "0123456789") != STAMP - 1)
			continue;
		at = strtol(p, NULL, 10);
		if (at > now - HOUR && at < now + HOUR)
			(*stamps)[n++] = at;
	}
	qsort(*stamps, n, sizeof(**stamps), earlier);
	return n;
}

static void
count_call(int fd, const char *path, struct buf *b, const long *stamps, size_t n, long now)
{
	bool rewrite = b->n > 2 * (n + 100) * STAMP || b->n % STAMP != 0;
	off_t at = rewrite ? 0 : (off_t)b->n;
	size_t i;

	b->n = 0;
	for (i = 0; rewrite && i < n; i++)
		buf_printf(b, "%010ld\n", stamps[i]);
	buf_printf(b, "%010ld\n", now);
	write_at(fd, path, b->p, b->n, at);
	if (rewrite && ftruncate(fd, (off_t)b->n) == -1)
		err(EX_IOERR, "%s", path);
}

long
budget_take(const char *path, unsigned long limit)
{
	struct buf b = { 0 };
	long now = (long)time(NULL), *stamps, wait = 0;
	int fd = open_locked(path);
	size_t n;

	read_all(fd, path, &b);
	n = recent(&b, path, now, &stamps);
	if (n < limit) {
		count_call(fd, path, &b, stamps, n, now);
	} else {
		wait = stamps[n - limit] + HOUR - now;
		if (wait < 1)
			wait = 1;
	}
	if (close(fd) == -1)
		err(EX_IOERR, "%s", path);
	free(stamps);
	buf_free(&b);
	return wait;
}

unsigned long
budget_used(const char *path)
{
	struct buf b = { 0 };
	long *stamps;
	int fd = open_locked(path);
	size_t n;

	read_all(fd, path, &b);
	n = recent(&b, path, (long)time(NULL), &stamps);
	close(fd);
	free(stamps);
	buf_free(&b);
	return n;
}
