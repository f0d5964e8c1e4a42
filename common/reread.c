#include "reread.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "json.h"

#define AHEAD ((size_t)256 << 10)	/* bytes read at once where lines follow each other, */
#define GAP 64				/* with no more than this between them */

void
reread_stdin(struct reread *r, off_t start)
{
	*r = (struct reread){ .name = "stdin", .fd = STDIN_FILENO, .start = start };
}

void
reread_open(struct reread *r, const char *path)
{
	*r = (struct reread){ .name = path, .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (r->fd < 0)
		err(EX_NOINPUT, "%s", path);
	if (lseek(r->fd, 0, SEEK_CUR) >= 0)
		return;
	if (errno == ESPIPE)
		errx(EX_USAGE, "%s: this is read twice, so it must be a file", path);
	err(EX_IOERR, "%s", path);
}

/* At least n bytes from there to block. */
static void
read_block(struct reread *r, uint64_t at, size_t n, size_t want)
{
	ssize_t got;

	r->from = at;
	r->block.n = 0;
	buf_room(&r->block, want + JSON_PAD);
	while (r->block.n < n) {
		got = pread(r->fd, r->block.p + r->block.n, want - r->block.n, r->start + (off_t)(at + r->block.n));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err(EX_IOERR, "%s: read", r->name);
		if (got == 0)
			errx(EX_IOERR, "%s: it became shorter while it was read", r->name);
		r->block.n += (size_t)got;
	}
	memset(r->block.p + r->block.n, 0, JSON_PAD);
}

const char *
reread_line(struct reread *r, uint64_t at, size_t n)
{
	uint64_t end = r->from + r->block.n;

	if (at < r->from || at + n > end)
		read_block(r, at, n, at >= r->from && at <= end + GAP && n < AHEAD ? AHEAD : n);
	return r->block.p + (at - r->from);
}
