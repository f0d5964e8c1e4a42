#include "nd.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "xalloc.h"

#define READ_SIZE ((size_t)1 << 20)
#define WRITE_SIZE ((size_t)256 << 10)

struct nd_reader {
	int fd;
	char *buf;
	size_t cap;		/* without the padding */
	size_t from, to;	/* what is read and not yet handed out */
	bool eof;
	bool begun;		/* the BOM has been looked for */
	uint64_t next;		/* bytes before buf[from] */
};

struct nd_writer {
	int fd;
	char *buf;
	size_t n;
};

void
nd_open(struct nd_in *in, const char *path)
{
	bool std = path == NULL || strcmp(path, "-") == 0;

	*in = (struct nd_in){ .name = std ? "stdin" : path };
	in->r = xcalloc(1, sizeof(*in->r));
	in->r->fd = std ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (in->r->fd < 0)
		err(EX_NOINPUT, "%s", path);
	in->r->cap = READ_SIZE;
	in->r->buf = xmalloc(READ_SIZE + JSON_PAD);
}

/* After a failed call: true when it was interrupted, or when another program left the descriptor non-blocking. */
static bool
try_again(int fd, short what)
{
	struct pollfd p = { .fd = fd, .events = what };

	if (errno == EINTR)
		return true;
	return (errno == EAGAIN || errno == EWOULDBLOCK) && (poll(&p, 1, -1) >= 0 || errno == EINTR);
}

/* More bytes after to; false at the end of the file. */
static bool
fill(struct nd_in *in)
{
	struct nd_reader *r = in->r;
	ssize_t n;

	if (r->eof)
		return false;
	if (r->from > 0) {
		memmove(r->buf, r->buf + r->from, r->to - r->from);
		r->to -= r->from;
		r->from = 0;
	}
	if (r->to == r->cap) {
		r->cap *= 2;
		r->buf = xrealloc(r->buf, r->cap + JSON_PAD);
	}
	do
		n = read(r->fd, r->buf + r->to, r->cap - r->to);
	while (n < 0 && try_again(r->fd, POLLIN));
	if (n < 0)
		err(EX_IOERR, "%s:%llu: read", in->name, (unsigned long long)in->lineno + 1);
	r->eof = n == 0;
	r->to += (size_t)n;
	memset(r->buf + r->to, 0, JSON_PAD);
	return n > 0;
}

/* Reads on to the line's end without keeping it: a line over the limit. */
static void
pass_over(struct nd_in *in)
{
	struct nd_reader *r = in->r;
	size_t keep = r->to - r->from < 256 ? r->to - r->from : 256;
	char *lf;

	for (;;) {
		lf = memchr(r->buf + r->from + keep, '\n', r->to - r->from - keep);
		if (lf != NULL)
			break;
		r->next += r->to - r->from - keep;
		r->to = r->from + keep;
		if (!fill(in))
			break;
	}
	in->line = r->buf + r->from;
	in->len = keep;
	in->toolong = true;
	keep = (lf != NULL ? (size_t)(lf + 1 - r->buf) : r->to) - r->from;
	r->from += keep;
	r->next += keep;
}

/* The next line as it stands in the file, LF taken off; false at the end. */
static bool
next_line(struct nd_in *in)
{
	struct nd_reader *r = in->r;
	size_t seen = 0;
	char *lf;

	in->toolong = false;
	in->offset = r->next;
	while ((lf = memchr(r->buf + r->from + seen, '\n', r->to - r->from - seen)) == NULL) {
		seen = r->to - r->from;
		if (seen > ND_LINE_MAX) {
			pass_over(in);
			return true;
		}
		if (!fill(in)) {
			if (r->to == r->from)
				return false;
			lf = r->buf + r->to;
			break;
		}
	}
	in->line = r->buf + r->from;
	in->len = (size_t)(lf - in->line);
	r->from += in->len + (lf < r->buf + r->to);
	r->next += in->len + 1;
	return true;
}

bool
nd_read(struct nd_in *in)
{
	size_t i;

	while (next_line(in)) {
		in->lineno++;
		if (!in->r->begun && in->len >= 3 && memcmp(in->line, "\xef\xbb\xbf", 3) == 0) {
			in->line += 3;
			in->len -= 3;
			in->offset += 3;
		}
		in->r->begun = true;
		if (in->len > 0 && in->line[in->len - 1] == '\r')
			in->len--;
		if (in->len > ND_LINE_MAX)
			in->toolong = true;
		for (i = 0; i < in->len && (in->line[i] == ' ' || in->line[i] == '\t' || in->line[i] == '\r'); i++)
			;
		if (i == in->len)
			continue;
		in->count++;
		return true;
	}
	return false;
}

bool
nd_ready(const struct nd_in *in, int ms)
{
	const struct nd_reader *r = in->r;
	struct pollfd p = { .fd = r->fd, .events = POLLIN };

	/* Whatever poll finds wrong with the descriptor is for nd_read to say. */
	return r->eof || memchr(r->buf + r->from, '\n', r->to - r->from) != NULL ||
	    (poll(&p, 1, ms) != 0 && p.revents != 0);
}

void
nd_end(struct nd_in *in)
{
	if (in->r == NULL)
		return;
	if (in->r->fd != STDIN_FILENO)
		close(in->r->fd);
	free(in->r->buf);
	free(in->r);
	in->r = NULL;
}

#define OPEN_MAX_SEEN 64	/* descriptors that are looked at */

/* Opens path for writing and empties it, unless this run has the same file open. */
static int
create(const char *path)
{
	struct stat st, other;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666), i;

	if (fd < 0 || fstat(fd, &st) != 0)
		err(EX_CANTCREAT, "%s", path);
	if (!S_ISREG(st.st_mode))
		return fd;
	for (i = 0; i < OPEN_MAX_SEEN; i++)
		if (i != fd && fstat(i, &other) == 0 && other.st_dev == st.st_dev && other.st_ino == st.st_ino)
			errx(EX_USAGE, "%s: this run reads or writes that file already: name another", path);
	if (ftruncate(fd, 0) != 0)
		err(EX_CANTCREAT, "%s", path);
	return fd;
}

void
nd_create(struct nd_out *out, const char *path)
{
	bool std = path == NULL || strcmp(path, "-") == 0;

	*out = (struct nd_out){ .name = std ? "stdout" : path };
	out->w = xcalloc(1, sizeof(*out->w));
	out->w->fd = std ? STDOUT_FILENO : create(path);
	out->w->buf = xmalloc(WRITE_SIZE);
}

static void
put(struct nd_out *out, const char *p, size_t n)
{
	ssize_t done;

	while (n > 0) {
		done = write(out->w->fd, p, n);
		if (done < 0 && try_again(out->w->fd, POLLOUT))
			continue;
		if (done < 0 && errno == EPIPE)
			exit(EX_IOERR);		/* the reader left: it knows why */
		if (done < 0)
			err(EX_IOERR, "%s: write", out->name);
		p += done;
		n -= (size_t)done;
	}
}

void
nd_flush(struct nd_out *out)
{
	put(out, out->w->buf, out->w->n);
	out->w->n = 0;
}

void
nd_part(struct nd_out *out, const char *p, size_t n)
{
	if (out->w->n + n > WRITE_SIZE)
		nd_flush(out);
	if (n > WRITE_SIZE) {
		put(out, p, n);
		return;
	}
	memcpy(out->w->buf + out->w->n, p, n);
	out->w->n += n;
}

void
nd_line(struct nd_out *out)
{
	nd_part(out, "\n", 1);
	out->count++;
}

void
nd_write(struct nd_out *out, const char *p, size_t n)
{
	nd_part(out, p, n);
	nd_line(out);
}

void
nd_close(struct nd_out *out)
{
	if (out->w == NULL)
		return;
	nd_flush(out);
	if (close(out->w->fd) != 0)
		err(EX_IOERR, "%s: close", out->name);
	free(out->w->buf);
	free(out->w);
	out->w = NULL;
}
