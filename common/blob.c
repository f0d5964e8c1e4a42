#include "blob.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "xalloc.h"

#define BLOCK ((size_t)256 << 10)

struct blobs {
	char *dir;
	char *block;
	unsigned long next;		/* of the names of new files */
};

struct blob_put {
	struct blobs *blobs;
	struct sha256 hash;
	uint64_t size;
	char *path;
	int fd;
};

static void
folder(const char *path)
{
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		err(EX_CANTCREAT, "%s", path);
}

struct blobs *
blob_open(const char *dir)
{
	struct blobs *s = xcalloc(1, sizeof(*s));

	s->dir = xstrdup(dir);
	s->block = xmalloc(BLOCK);
	folder(dir);
	return s;
}

void
blob_close(struct blobs *s)
{
	free(s->block);
	free(s->dir);
	free(s);
}

struct blob_put *
blob_begin(struct blobs *s)
{
	struct blob_put *p = xcalloc(1, sizeof(*p));

	p->blobs = s;
	p->path = xasprintf("%s/.new-%ld-%lu", s->dir, (long)getpid(), s->next++);
	p->fd = open(p->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (p->fd < 0)
		err(EX_CANTCREAT, "%s", p->path);
	sha256_start(&p->hash);
	return p;
}

void
blob_add(struct blob_put *p, const void *bytes, size_t n)
{
	const char *at = bytes;
	ssize_t done;

	sha256_add(&p->hash, bytes, n);
	p->size += n;
	while (n > 0) {
		done = write(p->fd, at, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			warn("%s: write", p->path);
			unlink(p->path);
			exit(EX_IOERR);
		}
		at += done;
		n -= (size_t)done;
	}
}

static void
gone(struct blob_put *p)
{
	free(p->path);
	free(p);
}

void
blob_drop(struct blob_put *p)
{
	close(p->fd);
	unlink(p->path);
	gone(p);
}

/* What is to be read of fd, hashed. */
static bool
hash_rest(int fd, char *block, char sha256[SHA256_TEXT + 1], uint64_t *size)
{
	struct sha256 hash;
	ssize_t n;

	sha256_start(&hash);
	*size = 0;
	while ((n = read(fd, block, BLOCK)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		sha256_add(&hash, block, (size_t)n);
		*size += (uint64_t)n;
	}
	sha256_end_text(&hash, sha256);
	return true;
}

/* Is the file at path the one that was written? */
static bool
same(struct blobs *s, const char *path, const struct blob *f)
{
	char sha256[SHA256_TEXT + 1];
	uint64_t size;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool ok;

	if (fd < 0)
		return false;
	ok = hash_rest(fd, s->block, sha256, &size) && size == f->size && strcmp(sha256, f->sha256) == 0;
	close(fd);
	return ok;
}

void
blob_end(struct blob_put *p, struct blob *f)
{
	struct blobs *s = p->blobs;
	char *dir;

	f->size = p->size;
	sha256_end_text(&p->hash, f->sha256);
	if (close(p->fd) != 0)
		err(EX_IOERR, "%s: close", p->path);
	dir = xasprintf("%s/%.2s", s->dir, f->sha256);
	f->path = xasprintf("%s/%s", dir, f->sha256);
	if (same(s, f->path, f)) {		/* these bytes are kept already; a damaged file of that name is replaced */
		unlink(p->path);
	} else {
		if (!same(s, p->path, f))
			errx(EX_IOERR, "%s: reads back differently than it was written", p->path);
		folder(dir);
		if (rename(p->path, f->path) != 0)
			err(EX_CANTCREAT, "%s", f->path);
	}
	free(dir);
	gone(p);
}

void
blob_bytes(struct blobs *s, const void *bytes, size_t n, struct blob *f)
{
	struct blob_put *p = blob_begin(s);

	blob_add(p, bytes, n);
	blob_end(p, f);
}

bool
blob_copy(struct blobs *s, int fd, struct blob *f)
{
	struct blob_put *p = blob_begin(s);
	int why;
	ssize_t n;

	while ((n = read(fd, s->block, BLOCK)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			why = errno;
			blob_drop(p);
			errno = why;
			return false;
		}
		blob_add(p, s->block, (size_t)n);
	}
	blob_end(p, f);
	return true;
}

bool
blob_hash(const char *path, char sha256[SHA256_TEXT + 1], uint64_t *size)
{
	char *block;
	int fd = open(path, O_RDONLY | O_CLOEXEC), why;
	bool ok;

	if (fd < 0)
		return false;
	block = xmalloc(BLOCK);
	ok = hash_rest(fd, block, sha256, size);
	why = errno;
	free(block);
	close(fd);
	errno = why;
	return ok;
}
