#include "refs.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "csv.h"
#include "xalloc.h"

static const char separators[] = " ,/|";

static const struct {
	const char *name, *path, *module;
	enum policy missing;
} common[] = {
	{ "owner", "owner.id", "user", FALLBACK },
	{ "company", "company.id", "company", REJECT },
	{ "contact", "primaryContact.id", "contact", REJECT },
	{ "primaryCompany", "primaryCompany.id", "company", REJECT },
	{ "currency", "currency", "currency", REJECT },
};

size_t
refs_find(const struct refs *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		if (strcmp(r->ref[i].name, name) == 0)
			return i;
	return REF_NONE;
}

bool
refs_allows(const struct ref *r, const char *table)
{
	const char *p = r->tables;
	size_t n, len = strlen(table);

	if (*p == '\0')
		return true;
	for (; *p != '\0'; p += n) {
		p += strspn(p, separators);
		n = strcspn(p, separators);
		if (n == len && memcmp(p, table, n) == 0)
			return true;
	}
	return false;
}

static enum policy
policy(const struct csv *t, size_t row, const char *column, const char *word)
{
	static const char *const words[] = { "", "reject", "queue", "skip", "fallback" };
	bool blank = strcmp(column, "blank") == 0;
	enum policy p;

	for (p = NOTHING; p <= FALLBACK; p++)
		if (strcmp(word, words[p]) == 0 && p != (blank ? FALLBACK : NOTHING))
			return p;
	errx(EX_CONFIG, "%s:%lu: %s is %s, not \"%s\"", t->name, t->line[row], column,
	    blank ? "reject, queue, skip or nothing" : "reject, queue, skip or fallback", word);
}

static const char *
optional(const struct csv *t, size_t row, const char *column)
{
	long i = csv_column(t, column);

	return i >= 0 ? csv_cell(t, row, (size_t)i) : "";
}

static const char *
needed(const struct csv *t, size_t row, const char *column)
{
	const char *cell = csv_cell(t, row, csv_need(t, column));

	if (*cell == '\0')
		errx(EX_CONFIG, "%s:%lu: %s is empty", t->name, t->line[row], column);
	return cell;
}

static void
read_row(struct refs *r, const struct csv *t, size_t row, struct json_names *names)
{
	struct ref *ref = &r->ref[r->count];
	const char *name = needed(t, row, "ref");

	if (strcmp(name, "self") == 0 || refs_find(r, name) != REF_NONE)
		errx(EX_CONFIG, "%s:%lu: the reference %s is there already", t->name, t->line[row], name);
	ref->name = xstrdup(name);
	ref->module = xstrdup(needed(t, row, "module"));
	record_path(&ref->path, names, needed(t, row, "path"));
	ref->missing = policy(t, row, "missing", needed(t, row, "missing"));
	ref->blank = policy(t, row, "blank", optional(t, row, "blank"));
	ref->tables = xstrdup(optional(t, row, "tables"));
	ref->unless = REF_NONE;
	r->count++;
}

static void
load_file(struct refs *r, const char *path, struct json_names *names)
{
	struct csv *t = csv_load(path);
	const char *unless;
	size_t row;

	r->ref = xcalloc(t->rows + 1, sizeof(*r->ref));
	for (row = 0; row < t->rows; row++)
		read_row(r, t, row, names);
	for (row = 0; row < t->rows; row++) {
		unless = optional(t, row, "unless");
		if (*unless == '\0')
			continue;
		r->ref[row].unless = refs_find(r, unless);
		if (r->ref[row].unless == REF_NONE)
			errx(EX_CONFIG, "%s:%lu: unless names %s, which is no reference of this file", t->name, t->line[row],
			    unless);
	}
	csv_unload(t);
}

void
refs_load(struct refs *r, const char *path, struct json_names *names)
{
	size_t i;

	*r = (struct refs){ 0 };
	if (path != NULL) {
		load_file(r, path, names);
		return;
	}
	r->count = sizeof(common) / sizeof(common[0]);
	r->ref = xcalloc(r->count, sizeof(*r->ref));
	for (i = 0; i < r->count; i++) {
		r->ref[i].name = xstrdup(common[i].name);
		r->ref[i].module = xstrdup(common[i].module);
		record_path(&r->ref[i].path, names, common[i].path);
		r->ref[i].missing = common[i].missing;
		r->ref[i].tables = xstrdup("");
		r->ref[i].unless = REF_NONE;
	}
}
