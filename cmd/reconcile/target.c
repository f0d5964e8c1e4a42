/*
 * The target's rows by GUID.  The file is read once to fill an open-addressing
 * table of (GUID, offset, seen); lines are then read from the mapped file,
 * copied, because the reader wants padding behind a line.
 */
#include "reconcile.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "xalloc.h"

struct slot {
	struct guid id;
	uint64_t offset;	/* of the line, plus 1; 0: the slot is free */
	bool seen, excepted;
};

struct target {
	struct slot *slot;
	size_t cap, rows, size;
	const struct meta *meta;
	const char *key;
	const char *map;
	struct buf line;
};

static size_t
place_of(const struct target *t, const struct guid *id)
{
	uint64_t a, b;
	size_t h;

	memcpy(&a, id->b, 8);
	memcpy(&b, id->b + 8, 8);
	h = (size_t)((a ^ b * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu >> 20) & (t->cap - 1);
	while (t->slot[h].offset != 0 && memcmp(&t->slot[h].id, id, sizeof(*id)) != 0)
		h = (h + 1) & (t->cap - 1);
	return h;
}

static void
grow(struct target *t)
{
	struct slot *old = t->slot;
	size_t n = t->cap, i;

	t->cap = n > 0 ? 2 * n : 1024;
	t->slot = xcalloc(t->cap, sizeof(*t->slot));
	for (i = 0; i < n; i++)
		if (old[i].offset != 0)
			t->slot[place_of(t, &old[i].id)] = old[i];
	free(old);
}

/* The GUID of a row's key column. */
static struct guid
key_of(const struct nd_in *in, const struct json *j, const struct meta *meta, const char *key)
{
	const struct json_value *table = json_get(j, "_table"), *v;
	const struct meta_table *m;
	struct guid id;
	char *name = json_strdup(table);

	if (key == NULL) {
		if (name == NULL || (m = meta_table(meta, name)) == NULL)
			errx(EX_DATAERR, "%s:%llu: a row without a _table that the metadata knows", in->name,
			    (unsigned long long)in->lineno);
		key = m->primary_id;
	}
	free(name);
	v = json_get(j, key);
	if (v == NULL || v->kind != JSON_STRING || !guid_parse(v->p, v->n, &id))
		errx(EX_DATAERR, "%s:%llu: a row without a GUID in %s", in->name, (unsigned long long)in->lineno, key);
	return id;
}

static void
map_file(struct target *t, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0)
		err(EX_NOINPUT, "%s", path);
	t->size = (size_t)st.st_size;
	if (t->size > 0 && (t->map = mmap(NULL, t->size, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED)
		err(EX_IOERR, "%s: mmap", path);
	close(fd);
}

struct target *
target_load(const char *path, const struct meta *meta, const char *key)
{
	struct target *t = xcalloc(1, sizeof(*t));
	struct json j = { 0 };
	struct nd_in in;
	struct guid id;
	size_t at;

	t->meta = meta;
	t->key = key;
	nd_open(&in, path);
	while (nd_read(&in)) {
		if (in.toolong || !json_parse(&j, in.line, in.len))
			errx(EX_DATAERR, "%s:%llu: not a row: make it again with dyn-extract", path, (unsigned long long)in.lineno);
		id = key_of(&in, &j, meta, key);
		if (2 * (t->rows + 1) > t->cap)
			grow(t);
		at = place_of(t, &id);
		if (t->slot[at].offset != 0)
			errx(EX_DATAERR, "%s:%llu: the same row a second time: make the file again with dyn-extract", path,
			    (unsigned long long)in.lineno);
		t->slot[at] = (struct slot){ id, in.offset + 1, false, false };
		t->rows++;
	}
	nd_end(&in);
	json_free(&j);
	map_file(t, path);
	if (t->size < in.offset)
		errx(EX_NOINPUT, "%s: no file that can be read twice, or it changed meanwhile: a pipe will not do", path);
	return t;
}

const char *
target_line(const struct target *t, size_t at, size_t *n)
{
	struct buf *b = (struct buf *)&t->line;		/* a cache of the line in hand, no state of the table */
	const char *p = t->map + t->slot[at].offset - 1, *end = t->map + t->size, *lf = memchr(p, '\n', (size_t)(end - p));

	b->n = 0;
	buf_add(b, p, (size_t)((lf != NULL ? lf : end) - p));
	json_pad(b);
	*n = b->n;
	return b->p;
}

const char *
target_find(struct target *t, const struct guid *id, size_t *n)
{
	size_t at;

	if (t->rows == 0 || t->slot[at = place_of(t, id)].offset == 0)
		return NULL;
	t->slot[at].seen = true;
	return target_line(t, at, n);
}

size_t
target_next_unseen(const struct target *t, size_t from)
{
	for (; from < t->cap; from++)
		if (t->slot[from].offset != 0 && !t->slot[from].seen && !t->slot[from].excepted)
			return from;
	return SIZE_MAX;
}

/* Each line of an ids file has the id of one row; most of them are in no slot. */
void
target_except(struct target *t, const char *ids)
{
	struct json j = { 0 };
	struct nd_in in;
	struct guid id;
	const struct json_value *v;
	size_t at;

	nd_open(&in, ids);
	while (nd_read(&in)) {
		if (in.toolong || !json_parse(&j, in.line, in.len) || (v = json_get(&j, "id")) == NULL || v->kind != JSON_STRING ||
		    !guid_parse(v->p, v->n, &id))
			errx(EX_DATAERR, "%s:%llu: no line of ids: make it again with assign-ids", ids, (unsigned long long)in.lineno);
		if (t->rows > 0 && t->slot[at = place_of(t, &id)].offset != 0)
			t->slot[at].excepted = true;
	}
	nd_end(&in);
	json_free(&j);
}

bool
target_excepted(const struct target *t, const struct nd_in *in, const struct json *row)
{
	struct guid id = key_of(in, row, t->meta, t->key);

	return t->slot[place_of(t, &id)].excepted;
}

size_t
target_rows(const struct target *t)
{
	return t->rows;
}
