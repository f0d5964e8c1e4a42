/*
 * fault - a library to preload: the n-th call of a function fails
 *
 * FAULT=CALL:N:ERRNO	the N-th call (from 1) of read, write, open, close, lseek, fstat, mmap,
 *			dup2, unlink, mkstemp or malloc (any allocation) fails with ERRNO, a number
 * FAULT=short		every read and write moves one byte
 * FAULT=again		every second read and write is interrupted (EINTR)
 * FAULT_MARK=FILE	is made when the call failed, so that a loop over N knows its end
 *
 * Allocation goes to glibc's own names; nothing before main is counted.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

static const char *call;
static size_t call_length;
static long nth, error;
static bool tiny, again;

static int (*main_of)(int, char **, char **);

static int
begin(int argc, char **argv, char **envp)
{
	const char *fault = getenv("FAULT");
	char *end;

	tiny = fault != NULL && strcmp(fault, "short") == 0;
	again = fault != NULL && strcmp(fault, "again") == 0;
	if (fault != NULL && !tiny && !again) {
		call_length = strcspn(fault, ":");
		nth = strtol(fault + call_length + 1, &end, 10);
		error = strtol(end + 1, NULL, 10);
		call = fault;
	}
	return main_of(argc, argv, envp);
}

int
__libc_start_main(int (*m)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
    void (*rtld_fini)(void), void *stack)
{
	int (*next)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

	main_of = m;
	*(void **)&next = dlsym(RTLD_NEXT, "__libc_start_main");
	return next(begin, argc, argv, init, fini, rtld_fini, stack);
}

/* Whether this call is the one. */
static bool
fails(const char *name)
{
	const char *mark;

	if (call == NULL || strlen(name) != call_length || memcmp(name, call, call_length) != 0 || --nth != 0)
		return false;
	if ((mark = getenv("FAULT_MARK")) != NULL)
		syscall(SYS_close, syscall(SYS_open, mark, O_CREAT | O_WRONLY, 0666));
	errno = (int)error;
	return true;
}

static bool
interrupted(void)
{
	static unsigned turn;

	if (!again || turn++ % 2 == 1)
		return false;
	errno = EINTR;
	return true;
}

ssize_t
read(int fd, void *p, size_t n)
{
	if (fails("read") || interrupted())
		return -1;
	return syscall(SYS_read, fd, p, tiny && n > 1 ? 1 : n);
}

ssize_t
write(int fd, const void *p, size_t n)
{
	if (fails("write") || interrupted())
		return -1;
	return syscall(SYS_write, fd, p, tiny && n > 1 ? 1 : n);
}

int
open(const char *path, int flags, ...)
{
	va_list ap;
	int mode;

	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	return fails("open") ? -1 : (int)syscall(SYS_open, path, flags, mode);
}

FILE *
fopen(const char *path, const char *how)
{
	FILE *(*next)(const char *, const char *);

	*(void **)&next = dlsym(RTLD_NEXT, "fopen");
	return fails("open") ? NULL : next(path, how);
}

/* The stream's own read fails when its descriptor is suddenly that of a directory. */
size_t
fread(void *p, size_t size, size_t n, FILE *fp)
{
	size_t (*next)(void *, size_t, size_t, FILE *);
	int dir;

	*(void **)&next = dlsym(RTLD_NEXT, "fread");
	if (fails("read")) {
		dir = (int)syscall(SYS_open, "/", O_RDONLY, 0);
		syscall(SYS_dup2, dir, fileno(fp));
	}
	return next(p, size, n, fp);
}

int
close(int fd)
{
	long done = syscall(SYS_close, fd);

	return fails("close") ? -1 : (int)done;
}

off_t
lseek(int fd, off_t to, int whence)
{
	return fails("lseek") ? -1 : syscall(SYS_lseek, fd, to, whence);
}

int
fstat(int fd, struct stat *st)
{
	return fails("fstat") ? -1 : (int)syscall(SYS_fstat, fd, st);
}

int
dup2(int from, int to)
{
	return fails("dup2") ? -1 : (int)syscall(SYS_dup2, from, to);
}

int
unlink(const char *path)
{
	return fails("unlink") ? -1 : (int)syscall(SYS_unlink, path);
}

int
mkstemp(char *name)
{
	int (*next)(char *);

	*(void **)&next = dlsym(RTLD_NEXT, "mkstemp");
	return fails("mkstemp") ? -1 : next(name);
}

void *
mmap(void *at, size_t n, int prot, int flags, int fd, off_t from)
{
	return fails("mmap") ? MAP_FAILED : (void *)syscall(SYS_mmap, at, n, prot, flags, fd, from);
}

void *
malloc(size_t n)
{
	return fails("malloc") ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return fails("malloc") ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return fails("malloc") ? NULL : __libc_realloc(p, n);
}

void *
aligned_alloc(size_t to, size_t n)
{
	return fails("malloc") ? NULL : __libc_memalign(to, n);
}
