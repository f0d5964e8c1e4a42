/*
 * The data folder: DIR/<module>.ndjson, one record a line, kept as text.
 *
 * A file that is not there is a module without records.  Before each call the
 * files are looked at (stat) and read again when they changed, so that a test
 * can edit a source between two extractions.
 *
 * Memory: the text of every file that was asked for, and 40 bytes a record.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "nd.h"
#include "sandbox.h"
#include "xalloc.h"

struct file {
	struct module m;
	struct file *next;
	char *path;
	char *text;
	struct stat seen;
	bool there;
};

struct data {
	char *dir;
	struct file *files;
};

static const char *const known[] = {
	"contact", "company", "deal", "activity", "product", "user", "pipeline", "field", "tag", "currency",
	"note", "activityType", "emailTemplate", "module", "ticket", "quote",
};

struct json_value
row_value(const struct row *r)
{
	struct json_value v = { .p = r->p, .n = r->n, .kind = JSON_OBJECT };

	return v;
}

bool
value_id(const struct json_value *v, int64_t *id)
{
	struct json_value number = *v;

	if (v->kind == JSON_STRING && v->n > 0 && strspn(v->p, "0123456789") == v->n)
		number.kind = JSON_NUMBER;
	return number.kind == JSON_NUMBER && json_int(&number, id);
}

bool
value_true(const struct json_value *v)
{
	return v->kind == JSON_TRUE || json_is(v, "1") || json_is(v, "true") ||
	    (v->kind == JSON_NUMBER && v->n == 1 && v->p[0] == '1');
}

/* Every line of the file into one text; the lengths into rows, whose p is set when the text no longer moves. */
static bool
data_read(struct file *f, struct buf *text, struct row **rows, size_t *count, bool must)
{
	struct json j = { 0 };
	struct nd_in in = { 0 };
	size_t cap = 0;
	const struct json_value *id;
	bool good = true;

	nd_open(&in, f->path);
	while (good && nd_read(&in)) {
		if (in.toolong || !json_parse(&j, in.line, in.len)) {
			good = false;
			if (must)
				errx(EX_DATAERR, "%s:%lu: %s", f->path, (unsigned long)in.lineno,
				    in.toolong ? "line too long" : j.detail);
			warnx("%s:%lu: %s; the old records are kept", f->path, (unsigned long)in.lineno,
			    in.toolong ? "line too long" : j.detail);
			continue;
		}
		if (*count == cap) {
			cap = cap == 0 ? 64 : cap * 2;
			*rows = xreallocarray(*rows, cap, sizeof **rows);
		}
		(*rows)[*count] = (struct row){ .n = in.len };
		if ((id = json_get(&j, "id")) == NULL || !value_id(id, &(*rows)[*count].id))
			(*rows)[*count].id = 0;
		(*count)++;
		buf_add(text, in.line, in.len);
	}
	nd_end(&in);
	json_free(&j);
	return good;
}

static const struct row *sorting;	/* qsort has no argument of its own */

static int
by_id(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	if (sorting[x].id != sorting[y].id)
		return sorting[x].id < sorting[y].id ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void
data_index(struct module *m)
{
	size_t i;

	m->by_id = xreallocarray(NULL, m->count + 1, sizeof *m->by_id);
	m->sorted = true;
	for (i = 0; i < m->count; i++) {
		m->by_id[i] = i;
		if (i > 0 && m->row[i].id < m->row[i - 1].id)
			m->sorted = false;
	}
	sorting = m->row;
	if (!m->sorted)
		qsort(m->by_id, m->count, sizeof *m->by_id, by_id);
}

static void
data_drop(struct file *f)
{
	free(f->text);
	free(f->m.row);
	free(f->m.by_id);
	f->text = NULL;
	f->m.row = NULL;
	f->m.by_id = NULL;
	f->m.count = 0;
}

static void
data_load(struct file *f, bool must)
{
	struct buf text = { 0 };
	struct row *rows = NULL;
	size_t count = 0, i, at = 0;

	if (!data_read(f, &text, &rows, &count, must)) {
		buf_free(&text);
		free(rows);
		return;
	}
	json_pad(&text);
	for (i = 0; i < count; i++) {
		rows[i].p = text.p + at;
		at += rows[i].n;
	}
	data_drop(f);
	f->text = text.p;
	f->m.row = rows;
	f->m.count = count;
	data_index(&f->m);
}

static bool
data_changed(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec ||
	    a->st_size != b->st_size || a->st_ino != b->st_ino;
}

static void
data_look(struct file *f, bool must)
{
	struct stat now;

	if (stat(f->path, &now) == -1) {
		data_drop(f);
		f->there = false;
		return;
	}
	if (f->there && !data_changed(&f->seen, &now))
		return;
	f->there = true;
	f->seen = now;
	data_load(f, must);
}

static struct file *
data_file(struct data *d, const char *name, bool must)
{
	struct file *f;

	for (f = d->files; f != NULL; f = f->next)
		if (strcmp(f->m.name, name) == 0)
			return f;
	f = xcalloc(1, sizeof *f);
	f->m.name = xstrdup(name);
	f->m.sorted = true;
	f->path = xasprintf("%s/%s.ndjson", d->dir, name);
	f->next = d->files;
	d->files = f;
	data_look(f, must);
	return f;
}

const struct module *
data_module(struct data *d, const char *name)
{
	return &data_file(d, name, false)->m;
}

struct data *
data_open(const char *dir)
{
	struct data *d = xcalloc(1, sizeof *d);
	struct stat st;
	size_t i;

	if (stat(dir, &st) == -1)
		err(EX_NOINPUT, "%s", dir);
	if (!S_ISDIR(st.st_mode))
		errx(EX_NOINPUT, "%s: not a folder", dir);
	d->dir = xstrdup(dir);
	for (i = 0; i < sizeof known / sizeof known[0]; i++)
		data_file(d, known[i], true);
	return d;
}

void
data_refresh(struct data *d)
{
	struct file *f;

	for (f = d->files; f != NULL; f = f->next)
		data_look(f, false);
}

const struct row *
data_find(const struct module *m, int64_t id)
{
	size_t low = 0, high = m->count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (m->row[m->by_id[mid]].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < m->count && m->row[m->by_id[low]].id == id ? &m->row[m->by_id[low]] : NULL;
}

char *
data_path(const struct data *d, const char *folder, int64_t id)
{
	return xasprintf("%s/%s/%lld", d->dir, folder, (long long)id);
}

void
data_free(struct data *d)
{
	struct file *f, *next;

	for (f = d->files; f != NULL; f = next) {
		next = f->next;
		data_drop(f);
		free((char *)f->m.name);
		free(f->path);
		free(f);
	}
	free(d->dir);
	free(d);
}
