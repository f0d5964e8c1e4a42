/*
 * Alternate keys.  The service builds the index of a key in a job of its own;
 * until EntityKeyIndexStatus is Active the key finds nothing and hinders no
 * duplicate, so no record may be loaded before.  A failed job (most often:
 * values that are there twice) is started again once; its old state may be
 * seen for some looks more.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "schema.h"
#include "xalloc.h"

#define PAUSE_FIRST 0.5			/* seconds between two looks, doubled */
#define PAUSE_MAX 15.0
#define LOOKS_OLD 4			/* looks after the second start that may still show the first failure */

struct asked {
	struct schema *s;
	const struct item *it;
};

static bool
key_there(struct dyn *d, void *arg)
{
	const struct asked *a = arg;

	there_keys(d, a->s, a->it->table);
	return a->it->there.is;
}

static bool
make(struct dyn *d, struct schema *s, struct item *it)
{
	struct asked asked = { s, it };
	char *path = xasprintf("EntityDefinitions(LogicalName='%s')/Keys", it->table);
	char *what = xasprintf("key %s of %s", it->name, it->table);
	struct buf b = { 0 };
	bool new;

	body_key(&b, it, s->language);
	new = change_make(d, &(struct change){ .path = path, .what = what, .body = &b, .solution = s->solution_header,
	    .there = key_there, .arg = &asked });
	buf_free(&b);
	free(path);
	free(what);
	return new;
}

void
key_create(struct dyn *d, struct schema *s, struct report *r)
{
	struct item *it;
	bool new;

	for (it = s->item; it < s->item + s->items; it++) {
		if (it->type != KEY)
			continue;
		new = !it->there.is && (r->dry || make(d, s, it));
		it->created = new;
		if (new)
			r->created++;
		else
			r->there++;
		report_item(r, it, !new ? "exists" : r->dry ? "create" : "created");
	}
}

static void
reactivate(struct dyn *d, const struct item *it)
{
	struct buf b = { 0 };
	const struct http_answer *a;

	warnx("key %s of %s: its index failed; started once more", it->name, it->table);
	buf_printf(&b, "{\"EntityLogicalName\":\"%s\",\"EntityKeyLogicalName\":\"%s\"}", it->table, it->there.key);
	a = dyn_do(d, &(struct dyn_request){ .method = "POST", .path = "ReactivateEntityKey", .extra = strong, .body = b.p,
	    .n = b.n, .replay = 1 });
	if (a->status < 200 || a->status > 299)
		dyn_fail(a, "ReactivateEntityKey");
	buf_free(&b);
}

static bool
status_is(const struct item *it, const char *status)
{
	return it->there.status != NULL && strcmp(it->there.status, status) == 0;
}

static _Noreturn void
failed_twice(const struct item *it)
{
	errx(EX_UNAVAILABLE, "key %s of %s: its index failed twice.  Most often two rows of %s have the same value in %s: "
	    "find them with dyn-extract, mend or clear one, and run the same command again; the job's own message is in "
	    "Settings > System Jobs", it->name, it->table, it->table, it->key_columns);
}

/* One look at all keys; how many are not active.  again: 0 before a key's second start, then how many looks make a failure final. */
static size_t
look(struct dyn *d, struct schema *s, unsigned *again)
{
	size_t i, waiting = 0;

	for (i = 0; i < s->tables; i++)
		there_keys(d, s, s->table[i]);
	for (i = 0; i < s->items; i++) {
		struct item *it = &s->item[i];

		if (it->type != KEY || status_is(it, "Active"))
			continue;
		waiting++;
		if (!status_is(it, "Failed")) {
			again[i] = again[i] > 0 ? 1 : 0;
		} else if (again[i] == 0) {
			again[i] = LOOKS_OLD;
			reactivate(d, it);
		} else if (--again[i] == 0) {
			failed_twice(it);
		}
	}
	return waiting;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void
key_wait(struct dyn *d, struct schema *s, unsigned long patience)
{
	unsigned *again = xcalloc(s->items > 0 ? s->items : 1, sizeof(*again));
	double end = now() + (double)patience, pause = PAUSE_FIRST;
	size_t waiting;

	while ((waiting = look(d, s, again)) > 0) {
		if (http_stop)
			errx(EX_TEMPFAIL, "interrupted while %zu keys are being built: run the same command again", waiting);
		if (now() + pause > end)
			errx(EX_TEMPFAIL, "%zu keys are not active after %lu s: run the same command again later", waiting,
			    patience);
		if (pause >= PAUSE_MAX / 2)
			warnx("waiting for the index of %zu keys", waiting);
		change_pause(d, pause);
		pause = pause * 2 < PAUSE_MAX ? pause * 2 : PAUSE_MAX;
	}
	free(again);
}
