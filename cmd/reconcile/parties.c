/*
 * The parties of activities: rows of activityparty, found by their activity.
 *
 * The file is read once to note (activity, offset) of every row, sorted; its
 * lines are then read from the mapped file.  Rows of masks 8 (regarding) and 9
 * (owner) are the platform's own and are not noted (reference, section 9.5).
 * Memory: 24 bytes a party, and the parties of one activity.
 */
#include "reconcile.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "xalloc.h"

#define REGARDING 8
#define OWNER 9

struct entry {
	struct guid activity;
	uint64_t offset;
};

struct parties {
	struct entry *entry;
	size_t entries, cap, size;
	const char *map;
	struct party *found;		/* of the activity in hand */
	size_t cap_found;
	struct buf line;
	struct json j;
};

static int
by_activity(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = memcmp(&x->activity, &y->activity, sizeof(x->activity));

	return c != 0 ? c : x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void
note(struct parties *p, const struct nd_in *in, const struct json *j)
{
	const struct json_value *v = json_get(j, "_activityid_value"), *mask = json_get(j, "participationtypemask");
	struct guid g;
	int64_t n = 0;

	if (v == NULL)
		v = json_get(j, "activityid");
	if (mask == NULL || v == NULL || (v->kind != JSON_NULL && (v->kind != JSON_STRING || !guid_parse(v->p, v->n, &g))))
		errx(EX_DATAERR, "%s:%llu: no activity party: make it again with dyn-extract --select activityid,participationtypemask,"
		    "partyid,addressused activityparty", in->name, (unsigned long long)in->lineno);
	json_int(mask, &n);
	if (v->kind == JSON_NULL || n == REGARDING || n == OWNER)
		return;
	if (p->entries == p->cap) {
		p->cap = p->cap > 0 ? p->cap * 2 : 1024;
		p->entry = xreallocarray(p->entry, p->cap, sizeof(*p->entry));
	}
	p->entry[p->entries++] = (struct entry){ g, in->offset };
}

static void
map_file(struct parties *p, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0)
		err(EX_NOINPUT, "%s", path);
	p->size = (size_t)st.st_size;
	if (p->size > 0 && (p->map = mmap(NULL, p->size, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED)
		err(EX_IOERR, "%s: mmap", path);
	close(fd);
}

struct parties *
parties_load(const char *path)
{
	struct parties *p = xcalloc(1, sizeof(*p));
	struct nd_in in;

	nd_open(&in, path);
	while (nd_read(&in)) {
		if (in.toolong || !json_parse(&p->j, in.line, in.len))
			errx(EX_DATAERR, "%s:%llu: not a row: make it again with dyn-extract", path, (unsigned long long)in.lineno);
		note(p, &in, &p->j);
	}
	nd_end(&in);
	if (p->entries > 0)
		qsort(p->entry, p->entries, sizeof(*p->entry), by_activity);
	map_file(p, path);
	if (p->size < in.offset)
		errx(EX_NOINPUT, "%s: no file that can be read twice, or it changed meanwhile: a pipe will not do", path);
	return p;
}

/* The first entry of an activity, or where it would be. */
static size_t
first_of(const struct parties *p, const struct guid *activity)
{
	size_t low = 0, high = p->entries, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (memcmp(&p->entry[middle].activity, activity, sizeof(*activity)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A party's row; its text is copied, because the next line takes its place. */
static void
read_party(struct parties *p, uint64_t offset, struct party *x)
{
	const char *at = p->map + offset, *end = p->map + p->size, *lf = memchr(at, '\n', (size_t)(end - at));
	const struct json_value *v;

	p->line.n = 0;
	buf_add(&p->line, at, (size_t)((lf != NULL ? lf : end) - at));
	json_pad(&p->line);
	free(x->address);
	free(x->row);
	*x = (struct party){ .row = xstrndup(p->line.p, p->line.n) };
	if (!json_parse(&p->j, p->line.p, p->line.n))
		errx(EX_DATAERR, "the file of parties changed while it was in use");
	json_int(json_get(&p->j, "participationtypemask"), &x->mask);
	v = json_get(&p->j, "_partyid_value");
	x->has_id = v != NULL && v->kind == JSON_STRING && guid_parse(v->p, v->n, &x->id);
	v = json_get(&p->j, "addressused");
	x->address = v != NULL ? json_strdup(v) : NULL;
}

struct party *
parties_of(struct parties *p, const struct guid *activity, size_t *n)
{
	size_t from = first_of(p, activity), i;

	for (*n = 0; from + *n < p->entries && memcmp(&p->entry[from + *n].activity, activity, sizeof(*activity)) == 0; ++*n)
		;
	if (*n > p->cap_found) {
		p->found = xreallocarray(p->found, *n, sizeof(*p->found));
		memset(p->found + p->cap_found, 0, (*n - p->cap_found) * sizeof(*p->found));
		p->cap_found = *n;
	}
	for (i = 0; i < *n; i++)
		read_party(p, p->entry[from + i].offset, &p->found[i]);
	return p->found;
}
