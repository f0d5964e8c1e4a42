/*
 * Records on disk, united by id.
 *
 * The file --state DIR/<module>.pages (without --state a nameless one in
 * TMPDIR) is only ever added to, a block a page, synced before the next call:
 *
 *	sm-extract 1				the first line
 *	block KIND PASS FROM ROWS TOTAL BYTES SUM	in decimal; SUM is FNV-1a of the bytes, hex
 *	<BYTES bytes>
 *
 * KIND is "what" (which extraction this is), "body" (the search's request, on
 * a line) or "page" (records, a line each).  A block that is cut short or whose sum is
 * wrong was being written when the run ended: it and what follows is dropped.
 *
 * In memory is one open-addressing table of ids and where their lines are: 16
 * bytes an entry, 21 to 43 bytes a record as it fills and doubles.
 *
 * A record seen twice with different contents: the one modified later stays,
 * or the one seen later if that does not tell.  Records without a usable id
 * are told apart by a hash of their text and end in the rejects.
 *
 * DIR/<module>.count is what stays after a whole extraction: its number of
 * records, so that an empty answer later is noticed.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "extract.h"
#include "xalloc.h"

#define FIRST_LINE "sm-extract 1\n"
#define BAD ((uint64_t)1 << 63)		/* of where: key is a hash, not an id */
#define HEAD_MAX 160

struct entry {
	uint64_t key;
	uint64_t where;			/* the line's offset; 0: free, since no line is there */
};

struct store {
	const struct module *m;
	char *path;			/* NULL: nameless */
	int fd;
	uint64_t end;
	struct entry *entry;
	size_t cap, count, bad;
	struct buf body;
	struct buf line, other;		/* scratch */
};

static uint64_t
hash(const char *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; n > 0; n--)
		h = (h ^ (unsigned char)*p++) * 0x100000001b3u;
	return h;
}

static const char *
file_name(const struct store *s)
{
	return s->path != NULL ? s->path : "the temporary file";
}

/* ---- bytes ---- */

static size_t
read_at(const struct store *s, char *p, size_t n, uint64_t at)
{
	size_t got = 0;
	ssize_t r;

	while (got < n) {
		r = pread(s->fd, p + got, n - got, (off_t)(at + got));
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			err(EX_IOERR, "%s", file_name(s));
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return got;
}

static void
append(struct store *s, const char *p, size_t n)
{
	ssize_t w;

	while (n > 0) {
		w = pwrite(s->fd, p, n, (off_t)s->end);
		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			err(EX_IOERR, "%s", file_name(s));
		s->end += (uint64_t)w;
		p += w;
		n -= (size_t)w;
	}
}

static void
sync_file(const struct store *s)
{
	if (s->path != NULL && fdatasync(s->fd) == -1)
		err(EX_IOERR, "%s", s->path);
}

static void
append_block(struct store *s, const char *kind, const struct page *g, const struct buf *bytes)
{
	char head[HEAD_MAX];
	int n = snprintf(head, sizeof(head), "block %s %u %" PRIu64 " %" PRIu64 " %" PRId64 " %zu %016" PRIx64 "\n",
	    kind, g->pass, g->from, g->rows, g->total, bytes->n, hash(bytes->p, bytes->n));

	append(s, head, (size_t)n);
	append(s, bytes->p, bytes->n);
	sync_file(s);
}

/* The line at an offset, without its LF. */
static void
read_line(const struct store *s, uint64_t at, struct buf *b)
{
	size_t got, chunk = 8 << 10;
	char *lf;

	for (b->n = 0;; b->n += got) {
		buf_room(b, chunk);
		got = read_at(s, b->p + b->n, chunk, at + b->n);
		lf = memchr(b->p + b->n, '\n', got);
		if (lf != NULL)
			break;
		if (got == 0)
			errx(EX_IOERR, "%s: shorter than it was", file_name(s));
		chunk = 256 << 10;
	}
	b->n = (size_t)(lf - b->p);
	json_pad(b);
}

/* ---- the table ---- */

static struct entry *
slot(struct store *s, uint64_t key, bool bad)
{
	size_t i = (size_t)(key * 0x9e3779b97f4a7c15u >> 20) & (s->cap - 1);

	while (s->entry[i].where != 0 && (s->entry[i].key != key || ((s->entry[i].where & BAD) != 0) != bad))
		i = (i + 1) & (s->cap - 1);
	return &s->entry[i];
}

static void
grow(struct store *s)
{
	struct entry *old = s->entry;
	size_t n = s->cap, i;

	s->cap = n > 0 ? n * 2 : 1024;
	s->entry = xcalloc(s->cap, sizeof(*s->entry));
	for (i = 0; i < n; i++)
		if (old[i].where != 0)
			*slot(s, old[i].key, (old[i].where & BAD) != 0) = old[i];
	free(old);
}

/* -1, 0, 1: which was modified later; 0 if that cannot be told. */
static int
later(struct span a, struct span b)
{
	struct span x, y;
	uint64_t i, j;
	int d;

	span_member(a, "lastModifiedAt", &x);
	span_member(b, "lastModifiedAt", &y);
	if (span_number(x, &i) && span_number(y, &j))
		return (i > j) - (i < j);
	if (x.n < 12 || x.n != y.n || *x.p != '"' || memchr(x.p, 'T', x.n) == NULL)
		return 0;
	d = memcmp(x.p, y.p, x.n);	/* ISO dates of one form sort as text */
	return (d > 0) - (d < 0);
}

/* Takes a line that lies at where; true if its id is new. */
static bool
unite(struct store *s, struct span line, uint64_t where)
{
	struct span id, old;
	struct entry *e;
	uint64_t key;
	bool bad = !span_member(line, "id", &id) || !span_number(id, &key);

	if (bad)
		key = hash(line.p, line.n);
	if (4 * (s->count + 1) > 3 * s->cap)
		grow(s);
	e = slot(s, key, bad);
	if (e->where == 0) {
		*e = (struct entry){ key, where | (bad ? BAD : 0) };
		s->count++;
		s->bad += bad;
		return true;
	}
	read_line(s, e->where & ~BAD, &s->other);
	old = (struct span){ s->other.p, s->other.n };
	if ((old.n != line.n || memcmp(old.p, line.p, line.n) != 0) && later(old, line) <= 0)
		e->where = where | (bad ? BAD : 0);
	return false;
}

static uint64_t
unite_lines(struct store *s, const char *p, size_t n, uint64_t where)
{
	const char *end = p + n, *lf;
	uint64_t added = 0;

	for (; p < end && (lf = memchr(p, '\n', (size_t)(end - p))) != NULL; p = lf + 1) {
		added += unite(s, (struct span){ p, (size_t)(lf - p) }, where);
		where += (uint64_t)(lf - p) + 1;
	}
	return added;
}

/* ---- opening ---- */

static char *
state_path(const struct module *m, const char *ending)
{
	return xasprintf("%s/%s.%s", opt.state, m->name, ending);
}

static int
open_nameless(void)
{
	const char *dir = getenv("TMPDIR");
	char *name = xasprintf("%s/sm-extract.XXXXXX", dir != NULL && *dir != '\0' ? dir : "/tmp");
	int fd = mkostemp(name, O_CLOEXEC);

	if (fd == -1)
		err(EX_CANTCREAT, "%s", name);
	unlink(name);
	free(name);
	return fd;
}

/* A lock that dies with its process; a second run is refused. */
static int
open_locked(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd == -1)
		err(EX_CANTCREAT, "%s", path);
	if (fcntl(fd, F_SETLK, &lock) == 0)
		return fd;
	if ((errno == EAGAIN || errno == EACCES) && fcntl(fd, F_GETLK, &lock) == 0)
		errx(EX_TEMPFAIL, "%s: another sm-extract (process %ld) is at work on it", path, (long)lock.l_pid);
	err(EX_IOERR, "%s", path);
}

int
state_open(const struct module *m, const char *ending, char **path)
{
	*path = NULL;
	if (opt.state == NULL)
		return open_nameless();
	if (mkdir(opt.state, 0700) == -1 && errno != EEXIST)
		err(EX_CANTCREAT, "%s", opt.state);
	*path = state_path(m, ending);
	return open_locked(*path);
}

static void
what_this_is(const struct store *s, struct buf *b)
{
	buf_printf(b, "%s of %s at %s, since %s\n", s->m->name, api_link(), api_root(), opt.since != NULL ? opt.since : "ever");
}

/* The block at an offset: its head read, its bytes in s->line.  False if it is not whole. */
static bool
read_block(struct store *s, uint64_t at, char kind[8], struct page *g, uint64_t *start)
{
	char head[HEAD_MAX + 1];
	size_t n = read_at(s, head, HEAD_MAX, at), bytes;
	uint64_t sum;
	int used = 0;

	head[n] = '\0';
	if (sscanf(head, "block %7s %u %" SCNu64 " %" SCNu64 " %" SCNd64 " %zu %" SCNx64 "%n",
	    kind, &g->pass, &g->from, &g->rows, &g->total, &bytes, &sum, &used) != 7 || head[used] != '\n')
		return false;
	*start = at + (uint64_t)used + 1;
	if (bytes > s->end - *start)
		return false;
	s->line.n = 0;
	buf_room(&s->line, bytes + 1);
	s->line.n = read_at(s, s->line.p, bytes, *start);
	return s->line.n == bytes && hash(s->line.p, bytes) == sum;
}

static void
check_what(struct store *s)
{
	struct buf here = { 0 };

	what_this_is(s, &here);
	if (here.n != s->line.n || memcmp(here.p, s->line.p, here.n) != 0)
		errx(EX_CONFIG, "%s: begun for another extraction (%.*s); finish that one, remove the file, or use another --state",
		    s->path, (int)s->line.n - 1, s->line.p);
	buf_free(&here);
}

static void
begin(struct store *s)
{
	struct buf what = { 0 };

	if (ftruncate(s->fd, 0) == -1)
		err(EX_IOERR, "%s", file_name(s));
	s->end = 0;
	append(s, FIRST_LINE, sizeof(FIRST_LINE) - 1);
	what_this_is(s, &what);
	append_block(s, "what", &(struct page){ 0 }, &what);
	buf_free(&what);
}

void
store_replay(struct store *s, store_page *each, void *arg)
{
	uint64_t at = sizeof(FIRST_LINE) - 1, start, added;
	struct page g;
	char kind[8];

	for (; at < s->end && read_block(s, at, kind, &g, &start); at = start + s->line.n) {
		if (strcmp(kind, "what") == 0) {
			check_what(s);
		} else if (strcmp(kind, "body") == 0) {
			s->body.n = 0;
			buf_add(&s->body, s->line.p, s->line.n - (s->line.n > 0));
		} else if (strcmp(kind, "page") == 0) {
			added = unite_lines(s, s->line.p, s->line.n, start);
			each(&g, added, arg);
		}
	}
	if (at == s->end)
		return;
	warnx("%s: the last block is not whole: %" PRIu64 " bytes of it are dropped", s->path, s->end - at);
	if (ftruncate(s->fd, (off_t)at) == -1)
		err(EX_IOERR, "%s", s->path);
	s->end = at;
	if (at == sizeof(FIRST_LINE) - 1)
		begin(s);
}

struct store *
store_open(const struct module *m)
{
	struct store *s = xcalloc(1, sizeof(*s));
	char first[sizeof(FIRST_LINE)] = "";
	struct stat st;

	s->m = m;
	grow(s);
	s->fd = state_open(m, "pages", &s->path);
	if (s->path == NULL) {
		begin(s);
		return s;
	}
	if (fstat(s->fd, &st) == -1)
		err(EX_IOERR, "%s", s->path);
	s->end = (uint64_t)st.st_size;
	read_at(s, first, sizeof(FIRST_LINE) - 1, 0);
	if (strcmp(first, FIRST_LINE) == 0 && s->end > sizeof(FIRST_LINE) - 1)
		return s;
	if (strncmp(first, FIRST_LINE, strlen(first)) != 0)
		errx(EX_CONFIG, "%s: not a state file of sm-extract", s->path);
	begin(s);
	return s;
}

/* ---- use ---- */

const struct buf *
store_body(const struct store *s)
{
	return &s->body;
}

void
store_set_body(struct store *s, const struct buf *body)
{
	s->body.n = 0;
	buf_add(&s->body, body->p, body->n);
	buf_char(&s->body, '\n');
	append_block(s, "body", &(struct page){ 0 }, &s->body);
	s->body.n--;
}

uint64_t
store_add(struct store *s, const struct page *g, const struct buf *lines)
{
	append_block(s, "page", g, lines);
	return unite_lines(s, lines->p, lines->n, s->end - lines->n);
}

uint64_t
store_count(const struct store *s)
{
	return s->count;
}

uint64_t
store_bad(const struct store *s)
{
	return s->bad;
}

/* Ids in their order, then the records without one in the order in which they came. */
static int
by_id(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	if ((a->where & BAD) != (b->where & BAD))
		return (a->where & BAD) != 0 ? 1 : -1;
	if ((a->where & BAD) != 0)
		return a->where < b->where ? -1 : 1;
	return (a->key > b->key) - (a->key < b->key);
}

void
store_write(struct store *s, struct nd_out *out, struct rej *rej)
{
	struct nd_in in = { .name = s->m->name };
	size_t i, n = 0;

	for (i = 0; i < s->cap; i++)
		if (s->entry[i].where != 0)
			s->entry[n++] = s->entry[i];
	qsort(s->entry, n, sizeof(*s->entry), by_id);
	for (i = 0; i < n; i++) {
		read_line(s, s->entry[i].where & ~BAD, &s->line);
		if ((s->entry[i].where & BAD) == 0) {
			nd_write(out, s->line.p, s->line.n);
			continue;
		}
		in.line = s->line.p;
		in.len = s->line.n;
		in.lineno = i + 1;
		rej_write(rej, &in, "bad-id", "id", NULL, "the service sent a record without an id that is a whole number");
	}
}

void
store_discard(struct store *s)
{
	if (s->path != NULL && unlink(s->path) == -1 && errno != ENOENT)
		err(EX_IOERR, "%s", s->path);
	close(s->fd);
	free(s->path);
	free(s->entry);
	buf_free(&s->body);
	buf_free(&s->line);
	buf_free(&s->other);
	free(s);
}

/* ---- the memory of the count ---- */

bool
count_kept(const struct module *m, uint64_t *count)
{
	char *path;
	FILE *fp;
	bool ok;

	if (opt.state == NULL)
		return false;
	path = state_path(m, "count");
	fp = fopen(path, "re");
	if (fp == NULL && errno != ENOENT)
		err(EX_IOERR, "%s", path);
	ok = fp != NULL && fscanf(fp, "%" SCNu64, count) == 1;
	if (fp != NULL)
		fclose(fp);
	free(path);
	return ok;
}

void
count_keep(const struct module *m, uint64_t count)
{
	char *path, *temp;
	FILE *fp;

	if (opt.state == NULL)
		return;
	if (mkdir(opt.state, 0700) == -1 && errno != EEXIST)
		err(EX_CANTCREAT, "%s", opt.state);
	path = state_path(m, "count");
	temp = xasprintf("%s.tmp", path);
	fp = fopen(temp, "we");
	if (fp == NULL)
		err(EX_CANTCREAT, "%s", temp);
	if (fprintf(fp, "%" PRIu64 "\n", count) < 0 || fflush(fp) != 0 || fsync(fileno(fp)) == -1 || fclose(fp) != 0)
		err(EX_IOERR, "%s", temp);
	if (rename(temp, path) == -1)
		err(EX_CANTCREAT, "%s", path);
	free(temp);
	free(path);
}
