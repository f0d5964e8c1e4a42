#include "cycle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "xalloc.h"

#define NONE UINT32_MAX
#define PATH_MAX_SHOWN 10

struct node {
	uint32_t parent;	/* number of its key, or NONE */
	uint32_t seen;		/* the walk that came by; 0: none yet */
	bool on;
	size_t at;		/* of its key, for keys_next */
};

struct cycle {
	struct keys *keys;
	struct node *node;
	size_t room;
};

struct cycle *
cycle_new(void)
{
	struct cycle *c = xcalloc(1, sizeof(*c));

	c->keys = keys_new();
	return c;
}

static uint32_t
node(struct cycle *c, const char *key, size_t n)
{
	bool fresh;
	uint32_t i = keys_add(c->keys, key, n, &fresh);

	if (i == c->room) {
		c->room = c->room * 2 + 1024;
		c->node = xreallocarray(c->node, c->room, sizeof(*c->node));
	}
	if (fresh)
		c->node[i] = (struct node){ .parent = NONE };
	return i;
}

void
cycle_add(struct cycle *c, const char *key, size_t n, const char *parent, size_t pn)
{
	uint32_t child, up;

	if (n > KEYS_LONGEST || pn > KEYS_LONGEST)
		return;
	child = node(c, key, n);
	up = node(c, parent, pn);
	c->node[child].parent = up;
}

/* Each walk goes up until it meets a node that a walk came by; when that was this walk, the way from there is a cycle. */
void
cycle_find(struct cycle *c)
{
	uint32_t count = keys_count(c->keys), i, k, walk;
	size_t at = 0, n;
	const char *p;

	for (i = 0; i < count; i++) {
		c->node[i].at = at;
		keys_next(c->keys, &at, &p, &n);
	}
	for (i = 0; i < count; i++) {
		walk = i + 1;
		for (k = i; k != NONE && c->node[k].seen == 0; k = c->node[k].parent)
			c->node[k].seen = walk;
		if (k == NONE || c->node[k].seen != walk)
			continue;
		for (; !c->node[k].on; k = c->node[k].parent)
			c->node[k].on = true;
	}
}

bool
cycle_on(const struct cycle *c, const char *key, size_t n, struct buf *path)
{
	uint32_t first, k;
	size_t at, len, steps = 0;
	const char *p;

	if (n > KEYS_LONGEST || !keys_find(c->keys, key, n, &first) || !c->node[first].on)
		return false;
	path->n = 0;
	buf_add(path, key, n);
	for (k = c->node[first].parent; ; k = c->node[k].parent) {
		buf_str(path, " -> ");
		if (k != first && ++steps >= PATH_MAX_SHOWN) {
			buf_str(path, "... -> ");
			k = first;
		}
		at = c->node[k].at;
		keys_next(c->keys, &at, &p, &len);
		buf_add(path, p, len);
		if (k == first)
			break;
	}
	buf_nul(path);
	return true;
}
