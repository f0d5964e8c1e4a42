/*
 * Cutting a page out of an ordered list, and the two ways a live account
 * upset that (reference, section 3: of 359 deals one pass returned 315 to 346
 * distinct ids, with repeats, even with an explicit sort, and two passes
 * united reached them all).
 *
 * shuffle: for every page the rows trade places anew with rows up to a third
 * of a page away, so some near a page's edge come on both pages and some on
 * neither.  Every pass (a request with from=0) also begins at another place,
 * so that what was at an edge before is inside a page now.
 *
 * overlap: every page begins a tenth of a page before the end of the page
 * before it, so rows repeat, and the last rows come only to a client that
 * reads on until a page is not full.
 */
#include <stdlib.h>
#include <string.h>

#include "sandbox.h"
#include "xalloc.h"

struct place {
	double at;
	size_t index;
};

/* splitmix64: a good enough mixer in three lines */
static uint64_t
mix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static int
compare(const void *x, const void *y)
{
	const struct place *a = x, *b = y;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static size_t *
shuffled(const struct paging *p, const size_t *index, size_t n, size_t from, size_t rows)
{
	struct place *place = xcalloc(n + 1, sizeof *place);
	size_t *out = xreallocarray(NULL, n + 1, sizeof *out), i;
	size_t start = n == 0 ? 0 : (size_t)((p->pass - 1) * rows * 5 / 13 % n);
	double reach = (double)rows / 3;
	uint64_t state = p->seed ^ p->pass << 32 ^ (uint64_t)from << 1;

	for (i = 0; i < n; i++) {
		place[i].index = index[(i + start) % n];
		place[i].at = (double)i + reach * ((double)(mix(&state) >> 11) / (double)(1ull << 52) - 1);
	}
	qsort(place, n, sizeof *place, compare);
	for (i = 0; i < n; i++)
		out[i] = place[i].index;
	free(place);
	return out;
}

size_t
paging_cut(struct paging *p, const size_t *index, size_t n, size_t from, size_t rows, size_t *out)
{
	size_t *moved = NULL, start = from, step = (rows + 9) / 10, count;

	if (from == 0)
		p->pass++;
	if (p->overlap && rows > 1)
		start -= from / rows * step;
	if (p->shuffle)
		moved = shuffled(p, index, n, from, rows);
	count = start >= n ? 0 : n - start < rows ? n - start : rows;
	if (count > 0)
		memcpy(out, (moved != NULL ? moved : index) + start, count * sizeof *out);
	free(moved);
	return count;
}
