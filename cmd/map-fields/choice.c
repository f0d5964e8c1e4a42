/* Choice tables: CSV lines "column,source,target"; a source text is matched exactly. */
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "csv.h"
#include "map.h"
#include "xalloc.h"

static size_t
place(const struct choices *c, const char *text, size_t n)
{
	size_t at = (size_t)XXH3_64bits(text, n) & c->mask;

	while (c->index[at] != 0) {
		const struct choice *s = &c->list[c->index[at] - 1];

		if (s->source_n == n && memcmp(s->source, text, n) == 0)
			break;
		at = (at + 1) & c->mask;
	}
	return at;
}

const struct choice *
choice_find(const struct choices *c, const char *text, size_t n)
{
	uint32_t i = c->count == 0 ? 0 : c->index[place(c, text, n)];

	return i == 0 ? NULL : &c->list[i - 1];
}

const struct choice *
choice_twice(const struct choices *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (choice_find(c, c->list[i].source, strlen(c->list[i].source)) != &c->list[i])
			return &c->list[i];
	return NULL;
}

size_t
choices_load(struct choices *c, const struct csv *table, const char *column)
{
	size_t name = csv_need(table, "column"), source = csv_need(table, "source"), target = csv_need(table, "target");
	size_t i, at;

	for (i = 0; i < table->rows; i++) {
		if (strcmp(csv_cell(table, i, name), column) != 0)
			continue;
		c->list = xreallocarray(c->list, c->count + 1, sizeof(*c->list));
		c->list[c->count] = (struct choice){ csv_cell(table, i, source), csv_cell(table, i, target), 0, { 0 } };
		c->list[c->count].source_n = strlen(c->list[c->count].source);
		c->count++;
	}
	for (c->mask = 15; c->mask < 2 * c->count; c->mask = 2 * c->mask + 1)
		;
	c->index = xcalloc(c->mask + 1, sizeof(*c->index));
	for (i = 0; i < c->count; i++) {
		at = place(c, c->list[i].source, strlen(c->list[i].source));
		if (c->index[at] == 0)
			c->index[at] = (uint32_t)i + 1;
	}
	return c->count;
}

void
choice_near(const struct choices *c, const char *text, size_t n, struct buf *b)
{
	char *word = xstrndup(text, n);
	size_t i, limit = 2 + n / 4, shown = 0;
	bool near;

	for (near = true; ; near = false) {	/* those that are near, else the first ones */
		for (i = 0; i < c->count && shown < 4; i++) {
			if (near && meta_distance(word, c->list[i].source, limit) > limit)
				continue;
			buf_str(b, shown++ > 0 ? ", " : near ? "; near: " : "; it has: ");
			text_short(b, c->list[i].source, strlen(c->list[i].source));
		}
		if (shown > 0 || !near)
			break;
	}
	free(word);
}
