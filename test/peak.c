/*
 * peak FILE COMMAND [ARG...] - runs a command as it is, and adds a line to FILE: its name and the most memory
 * that it held at once, in KiB (ru_maxrss).  Ends as the command did.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	struct rusage use;
	int status;
	const char *name;
	FILE *f;
	pid_t pid;

	if (argc < 3)
		errx(EX_USAGE, "usage: peak FILE COMMAND [ARG...]");
	if ((pid = fork()) < 0)
		err(EX_OSERR, "fork");
	if (pid == 0) {
		execv(argv[2], argv + 2);
		err(EX_UNAVAILABLE, "%s", argv[2]);
	}
	if (wait4(pid, &status, 0, &use) < 0)
		err(EX_OSERR, "wait4");
	name = strrchr(argv[2], '/');
	if ((f = fopen(argv[1], "a")) == NULL)
		err(EX_CANTCREAT, "%s", argv[1]);
	fprintf(f, "%s %ld\n", name != NULL ? name + 1 : argv[2], use.ru_maxrss);
	if (fclose(f) != 0)
		err(EX_IOERR, "%s", argv[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
