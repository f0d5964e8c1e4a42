/*
 * Cells as members: a path of names, a.b, makes objects in objects; a name with
 * [] a list, of the texts between separators, or of objects, whose members
 * come from several columns item by item.  Members stand in the order of the
 * columns that first name them.
 */
#include <stdlib.h>
#include <string.h>

#include "convert.h"
#include "xalloc.h"

#define NONE ((size_t)-1)

struct node {
	char *name;
	bool list;
	size_t column;		/* of a leaf; NONE: it has kids */
	struct node *kid, *next;
};

struct node *
tree_new(void)
{
	struct node *root = xcalloc(1, sizeof(*root));

	root->column = NONE;
	return root;
}

static struct node *
child(struct node *at, const char *name, size_t n, bool list, const char **what)
{
	struct node **k;

	for (k = &at->kid; *k != NULL; k = &(*k)->next)
		if (strlen((*k)->name) == n && memcmp((*k)->name, name, n) == 0)
			break;
	if (*k == NULL) {
		*k = xcalloc(1, sizeof(**k));
		(*k)->name = xstrndup(name, n);
		(*k)->list = list;
		(*k)->column = NONE;
	} else if ((*k)->list != list) {
		*what = "is a list for one column and none for another";
		return NULL;
	} else if ((*k)->column != NONE) {
		*what = "is a value for one column and an object for another";
		return NULL;
	}
	return *k;
}

bool
tree_add(struct node *root, const char *path, size_t column, const char **what)
{
	struct node *at = root;
	bool list, in_list = false;
	size_t n, plain;

	for (;;) {
		n = strcspn(path, ".");
		list = n > 2 && memcmp(path + n - 2, "[]", 2) == 0;
		plain = list ? n - 2 : n;
		if (plain == 0 || memchr(path, '[', plain) != NULL || memchr(path, ']', plain) != NULL || (list && in_list)) {
			*what = "is no path: names apart by points, one of them with [] behind it";
			return false;
		}
		at = child(at, path, plain, list, what);
		if (at == NULL)
			return false;
		in_list = in_list || list;
		if (path[n] == '\0')
			break;
		path += n + 1;
	}
	if (at->kid != NULL) {
		*what = "is a value for one column and an object for another";
		return false;
	}
	at->column = column;
	return true;
}

/* The item of that number of a cell; false if it has no more. */
static bool
item(const struct buf *cell, char separator, size_t number, const char **p, size_t *n)
{
	const char *at = cell->p, *end = cell->p + cell->n, *stop;

	if (cell->n == 0)
		return false;
	for (;; number--) {
		stop = memchr(at, separator, (size_t)(end - at));
		if (stop == NULL)
			stop = end;
		if (number == 0)
			break;
		if (stop == end)
			return false;
		at = stop + 1;
	}
	while (at < stop && strchr(" \t\r\n", *at) != NULL)
		at++;
	while (stop > at && strchr(" \t\r\n", stop[-1]) != NULL)
		stop--;
	*p = at;
	*n = (size_t)(stop - at);
	return true;
}

static void
put_texts(struct buf *b, const struct buf *cell, char separator)
{
	const char *p;
	size_t i, n, count = 0;

	buf_char(b, '[');
	for (i = 0; item(cell, separator, i, &p, &n); i++) {
		if (n == 0)
			continue;
		if (count++ > 0)
			buf_char(b, ',');
		buf_json_string(b, p, n);
	}
	buf_char(b, ']');
}

/* Has any column below an item of that number that is not blank?  more: some has a later one. */
static bool
has_item(const struct node *list, const struct buf *cell, char separator, size_t number, bool *more)
{
	const struct node *k;
	const char *p;
	bool found = false;
	size_t n;

	for (k = list->kid; k != NULL; k = k->next) {
		if (k->kid != NULL) {
			found |= has_item(k, cell, separator, number, more);
		} else if (item(&cell[k->column], separator, number, &p, &n)) {
			found |= n > 0;
			*more = true;
		}
	}
	return found;
}

static void
put_item(struct buf *b, const struct node *at, const struct buf *cell, char separator, size_t number)
{
	const struct node *k;
	const char *p;
	size_t n;

	buf_char(b, '{');
	for (k = at->kid; k != NULL; k = k->next) {
		if (k != at->kid)
			buf_char(b, ',');
		buf_json_str(b, k->name);
		buf_char(b, ':');
		if (k->kid != NULL)
			put_item(b, k, cell, separator, number);
		else if (item(&cell[k->column], separator, number, &p, &n))
			buf_json_string(b, p, n);
		else
			buf_str(b, "\"\"");
	}
	buf_char(b, '}');
}

static void
put_objects(struct buf *b, const struct node *list, const struct buf *cell, char separator)
{
	size_t i, count = 0;
	bool more = true;

	buf_char(b, '[');
	for (i = 0; more; i++) {
		more = false;
		if (!has_item(list, cell, separator, i, &more))
			continue;
		if (count++ > 0)
			buf_char(b, ',');
		put_item(b, list, cell, separator, i);
	}
	buf_char(b, ']');
}

static void
put_members(struct buf *b, const struct node *at, const struct buf *cell, char separator, bool first)
{
	const struct node *k;

	for (k = at->kid; k != NULL; k = k->next) {
		if (!first)
			buf_char(b, ',');
		first = false;
		buf_json_str(b, k->name);
		buf_char(b, ':');
		if (k->list && k->kid != NULL) {
			put_objects(b, k, cell, separator);
		} else if (k->list) {
			put_texts(b, &cell[k->column], separator);
		} else if (k->kid != NULL) {
			buf_char(b, '{');
			put_members(b, k, cell, separator, true);
			buf_char(b, '}');
		} else {
			buf_json_string(b, cell[k->column].p, cell[k->column].n);
		}
	}
}

void
tree_put(struct buf *b, const struct node *root, const char *kind, const struct buf *cell, char separator)
{
	buf_char(b, '{');
	if (kind != NULL) {
		buf_str(b, "\"kind\":");
		buf_json_str(b, kind);
	}
	put_members(b, root, cell, separator, kind == NULL);
	buf_char(b, '}');
}

void
tree_free(struct node *root)
{
	struct node *next;

	for (; root != NULL; root = next) {
		next = root->next;
		tree_free(root->kid);
		free(root->name);
		free(root);
	}
}
