#include "cli.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "xalloc.h"

/* What was printed has arrived, or 74. */
static void
leave(void)
{
	if (ferror(stdout) || fflush(stdout) != 0 || fclose(stdout) != 0)	/* a long text fails in fputs already */
		err(EX_IOERR, "stdout");
	exit(0);
}

/* Closed standard descriptors are opened the wrong way round: no file gets their number, and their use is an error. */
static void
take_descriptors(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			exit(EX_IOERR);
}

void
cli_start(int argc, char *argv[], const char *usage)
{
	int i;

	take_descriptors();
	signal(SIGPIPE, SIG_IGN);
	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			fputs(usage, stdout);
			leave();
		}
		if (strcmp(argv[i], "--version") == 0) {
			printf("%s (smdyn) %s\n", program_invocation_short_name, SMDYN_VERSION);
			leave();
		}
	}
}

void
cli_usage(const char *usage)
{
	fprintf(stderr, "%.*s\n%s: --help tells more\n", (int)strcspn(usage, "\n"), usage,
	    program_invocation_short_name);
	exit(EX_USAGE);
}

unsigned long
cli_number(const char *text, unsigned long min, unsigned long max, const char *option)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || v < min || v > max)
		errx(EX_USAGE, "--%s takes a whole number from %lu to %lu, not \"%s\"", option, min, max, text);
	return v;
}

const char *
cli_env(const char *name, const char *fallback)
{
	const char *v = getenv(name);

	return v != NULL && *v != '\0' ? v : fallback;
}

/* The text of a file that holds a secret and that nobody else may read. */
static char *
secret_file(const char *path, const char *variable)
{
	struct stat st;
	char text[4096];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0)
		err(EX_NOINPUT, "%s (named by %s)", path, variable);
	if ((st.st_mode & 077) != 0)
		errx(EX_NOPERM, "%s: others may read this secret: chmod 600 it", path);
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		err(EX_IOERR, "%s", path);
	close(fd);
	text[n] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	return xstrdup(text);
}

char *
cli_secret(const char *name)
{
	char *variable = xasprintf("%s_FILE", name), *secret = NULL;
	const char *v;

	if ((v = cli_env(name, NULL)) != NULL)
		secret = xstrdup(v);
	else if ((v = cli_env(variable, NULL)) != NULL)
		secret = secret_file(v, variable);
	free(variable);
	return secret;
}

void
cli_no_core(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
}
