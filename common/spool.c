#include "spool.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli.h"
#include "xalloc.h"

static void
put(int fd, const char *p, ssize_t n, const char *name)
{
	ssize_t done;

	while (n > 0) {
		done = write(fd, p, (size_t)n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			err(EX_IOERR, "%s: write", name);
		p += done;
		n -= done;
	}
}

off_t
spool_stdin(void)
{
	off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);
	char *name, *block;
	ssize_t n;
	int fd;

	if (at >= 0)
		return at;
	name = xasprintf("%s/smdyn.XXXXXX", cli_env("TMPDIR", "/tmp"));
	block = xmalloc(1 << 18);
	fd = mkstemp(name);
	if (fd < 0 || unlink(name) != 0)
		err(EX_CANTCREAT, "%s", name);
	while ((n = read(STDIN_FILENO, block, 1 << 18)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err(EX_IOERR, "stdin: read");
		put(fd, block, n, name);
	}
	if (dup2(fd, STDIN_FILENO) < 0)
		err(EX_IOERR, "%s", name);
	close(fd);
	free(block);
	free(name);
	spool_rewind(0);
	return 0;
}

void
spool_rewind(off_t start)
{
	if (lseek(STDIN_FILENO, start, SEEK_SET) < 0)
		err(EX_IOERR, "stdin: back to its beginning");
}
