#include "refs.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "csv.h"
#include "fold.h"
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
	static const char *const words[] = { "", "reject", "queue", "skip", "fallback", "plain", "leave" };
	bool blank = strcmp(column, "blank") == 0;
	enum policy p, first = blank ? NOTHING : REJECT, last = blank ? SKIP : LEAVE;

	for (p = first; p <= last; p++)
		if (strcmp(word, words[p]) == 0)
			return p;
	errx(EX_CONFIG, "%s:%lu: %s is %s, not \"%s\"", t->name, t->line[row], column,
	    blank ? "reject, queue, skip or nothing" : "reject, queue, skip, fallback, plain or leave", word);
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

/* The path, or in a list: followers[].userId */
static void
set_path(struct ref *ref, struct json_names *names, const char *path)
{
	char *head = xstrdup(path), *each = strstr(head, "[]");
	const char *tail;
	size_t n;

	ref->text = xstrdup(path);
	if (each != NULL) {
		ref->each = true;
		*each = '\0';
		tail = each + 2 + (each[2] == '.');
		n = strlen(tail);
		if (n > 3 && strcmp(tail + n - 3, ".id") == 0)	/* record_key finds the id */
			n -= 3;
		if (n > 0 && strcmp(tail, "id") != 0)
			ref->tail = xstrndup(tail, n);
	}
	record_path(&ref->path, names, head);
	free(head);
}

static void
add_choice(struct ref *ref, const struct csv *t, size_t row, const char *pair, size_t n)
{
	const char *equals = memchr(pair, '=', n);
	struct choice *c;
	size_t len;

	if (equals == NULL || equals == pair || equals + 1 == pair + n)
		errx(EX_CONFIG, "%s:%lu: module is NAME or FIELD:TEXT=NAME ..., and \"%.*s\" is no TEXT=NAME", t->name, t->line[row],
		    (int)n, pair);
	ref->choice = xreallocarray(ref->choice, ref->choices + 1, sizeof(*ref->choice));
	c = &ref->choice[ref->choices++];
	c->text = xmalloc(n);
	len = fold(c->text, pair, (size_t)(equals - pair));
	c->text[len] = '\0';
	c->module = xstrndup(equals + 1, (size_t)(pair + n - equals - 1));
}

/* NAME, or FIELD:TEXT=NAME TEXT=NAME ... */
static void
set_module(struct ref *ref, const struct csv *t, size_t row, struct json_names *names, const char *cell)
{
	const char *colon = strchr(cell, ':'), *p;
	char *by;
	size_t n;

	if (colon == NULL) {
		ref->module = xstrdup(cell);
		ref->address = strcmp(cell, REFS_ADDRESS) == 0;
		return;
	}
	by = xstrndup(cell, (size_t)(colon - cell));
	record_path(&ref->by, names, by);
	free(by);
	for (p = colon + 1 + strspn(colon + 1, " "); *p != '\0'; p += n, p += strspn(p, " ")) {
		n = strcspn(p, " ");
		add_choice(ref, t, row, p, n);
	}
	if (ref->choices == 0 || colon == cell)
		errx(EX_CONFIG, "%s:%lu: module is NAME or FIELD:TEXT=NAME ..., not \"%s\"", t->name, t->line[row], cell);
}

const char *
refs_module(const struct ref *r, struct buf *text)
{
	size_t i;

	text->n = fold(text->p, text->p, text->n);
	for (i = 0; i < r->choices; i++)
		if (strlen(r->choice[i].text) == text->n && memcmp(r->choice[i].text, text->p, text->n) == 0)
			return r->choice[i].module;
	return NULL;
}

static void
read_row(struct refs *r, const struct csv *t, size_t row, struct json_names *names)
{
	struct ref *ref = &r->ref[r->count];
	const char *name = needed(t, row, "ref");

	if (strcmp(name, "self") == 0 || refs_find(r, name) != REF_NONE)
		errx(EX_CONFIG, "%s:%lu: the reference %s is there already", t->name, t->line[row], name);
	ref->name = xstrdup(name);
	set_module(ref, t, row, names, needed(t, row, "module"));
	set_path(ref, names, needed(t, row, "path"));
	ref->missing = policy(t, row, "missing", needed(t, row, "missing"));
	ref->blank = policy(t, row, "blank", optional(t, row, "blank"));
	ref->tables = xstrdup(optional(t, row, "tables"));
	ref->unless = REF_NONE;
	r->count++;
}

/* The columns that name other references, once all are known. */
static void
link_row(struct refs *r, const struct csv *t, size_t row)
{
	struct ref *ref = &r->ref[row];
	const char *unless = optional(t, row, "unless"), *p = optional(t, row, "prefer");
	char *name;
	size_t n, i;

	if (*unless != '\0' && (ref->unless = refs_find(r, unless)) == REF_NONE)
		errx(EX_CONFIG, "%s:%lu: unless names %s, which is no reference of this file", t->name, t->line[row], unless);
	if (p[strspn(p, separators)] != '\0' && !ref->address)
		errx(EX_CONFIG, "%s:%lu: prefer is for module %s: no other key has several ids", t->name, t->line[row], REFS_ADDRESS);
	for (p += strspn(p, separators); *p != '\0'; p += n, p += strspn(p, separators)) {
		n = strcspn(p, separators);
		name = xstrndup(p, n);
		i = refs_find(r, name);
		if (i == REF_NONE || r->ref[i].address)
			errx(EX_CONFIG, "%s:%lu: prefer names %s, which is no reference of this file, or an address itself", t->name,
			    t->line[row], name);
		free(name);
		ref->prefer = xreallocarray(ref->prefer, ref->prefers + 1, sizeof(*ref->prefer));
		ref->prefer[ref->prefers++] = i;
	}
}

static void
load_file(struct refs *r, const char *path, struct json_names *names)
{
	struct csv *t = csv_load(path);
	size_t row;

	r->ref = xcalloc(t->rows + 1, sizeof(*r->ref));
	for (row = 0; row < t->rows; row++)
		read_row(r, t, row, names);
	for (row = 0; row < t->rows; row++)
		link_row(r, t, row);
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
		set_path(&r->ref[i], names, common[i].path);
		r->ref[i].missing = common[i].missing;
		r->ref[i].tables = xstrdup("");
		r->ref[i].unless = REF_NONE;
	}
}
