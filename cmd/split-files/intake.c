#include "split.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* It is not there, whatever else may be; any other failure is this machine's. */
static bool
absent(void)
{
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO;
}

int
intake_open(const char *dir, const char *path, size_t n, const char **why)
{
	char part[NAME_MAX + 1], files[PATH_MAX];
	const char *end = path + n, *slash;
	struct stat st;
	int at, fd;
	size_t len;

	*why = "no such file in the intake";
	if (snprintf(files, sizeof(files), "%s/files", dir) >= (int)sizeof(files))
		return -1;
	at = open(files, O_PATH | O_DIRECTORY | O_CLOEXEC);	/* this one may be a link: the operator made it */
	if (at < 0 && !absent())
		err(EX_IOERR, "%s", files);
	if (at < 0)
		return -1;
	for (;;) {
		slash = memchr(path, '/', (size_t)(end - path));
		len = (size_t)((slash != NULL ? slash : end) - path);
		if (len > NAME_MAX || memchr(path, '\0', len) != NULL)
			break;
		memcpy(part, path, len);
		part[len] = '\0';
		if (len == 0 || strcmp(part, ".") == 0 || strcmp(part, "..") == 0) {
			*why = "its path leads out of the intake";
			break;
		}
		fd = openat(at, part, slash != NULL ? O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC :
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
			*why = "its path in the intake leads through a link or a file";
		if (fd < 0 && !absent())
			err(EX_IOERR, "%s/%s", files, part);
		close(at);
		if (fd < 0)
			return -1;
		if (slash == NULL) {
			if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
				return fd;
			*why = "what has its name in the intake is no file";
			close(fd);
			return -1;
		}
		at = fd;
		path = slash + 1;
	}
	close(at);
	return -1;
}
