/*
 * Passes over the pages of a search.
 *
 * Offset paging is unstable: one pass repeats some records and misses others,
 * so passes are repeated and united by id
 *	- until as many ids are known as the highest total of this pass and the
 *	  one before (a total that falls in mid-pass is not believed at once: an
 *	  empty answer between two good ones must not end the extraction), or
 *	- until a pass that brought nothing new came to its end with a total
 *	  that is reached (records were deleted meanwhile), or
 *	- where no totals are told (activities), until a pass brings nothing new;
 *	  one page that holds everything needs no second pass.
 * A first answer without any record is asked for twice before it is believed.
 *
 * A pass ends at a page that is not full, if the total agrees, or else at an
 * empty one: a service that gives fewer rows than asked for must not end it.
 * Whatever falls short after --passes passes, or after BARREN passes in a row
 * without anything new, is an error (65) and no output, unless --allow-missing
 * covers it.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "extract.h"
#include "http.h"

#define BARREN 3
#define RUNAWAY 2500		/* a pass may go this far, and twice the total, before it is stopped */

struct search {
	const struct module *m;
	struct store *s;
	unsigned pass;
	unsigned here;		/* passes begun in this run */
	unsigned barren;	/* passes in a row that brought nothing new */
	bool open;		/* in mid-pass */
	bool narrow;		/* asks only for the fields of the metadata */
	bool whole;		/* some pass came to its end, and was not stopped as a runaway */
	uint64_t next;		/* the offset to ask for */
	uint64_t rows, added;	/* in this pass */
	uint64_t pages;		/* in this pass */
	uint64_t first;		/* rows of its first page */
	int64_t high, before;	/* the highest total of this pass, and of the pass before; -1: none told (or 0, which a page with rows belies) */
};

/* A full page has a next one; a short one may have been cut by the service: the total tells, or an empty page. */
static bool
more(const struct search *q, const struct page *g)
{
	if (g->rows == 0 || g->rows >= q->m->page)
		return g->rows > 0;
	return q->high < 0 || q->next < (uint64_t)q->high;
}

static bool
runaway(const struct search *q)
{
	uint64_t most = q->high > 0 ? (uint64_t)q->high : store_count(q->s);

	return q->next > 2 * most + RUNAWAY;
}

static void
note_page(const struct page *g, uint64_t added, void *arg)
{
	struct search *q = arg;

	if (g->from == 0) {
		q->before = q->high;
		q->high = -1;
		q->first = g->rows;
		q->rows = q->added = q->pages = 0;
		q->pass = g->pass;
		q->open = true;
	}
	q->rows += g->rows;
	q->added += added;
	q->pages++;
	q->next = g->from + (g->rows < q->m->page ? g->rows : q->m->page);
	if (g->total > q->high && (g->total > 0 || g->rows == 0))
		q->high = g->total;
	q->open = more(q, g) && !runaway(q);
	if (q->open)
		return;
	q->whole = q->whole || !runaway(q);
	q->barren = q->added > 0 ? 0 : q->barren + 1;
}

static int64_t
wanted(const struct search *q)
{
	return q->high > q->before ? q->high : q->before;
}

static bool
complete(const struct search *q)
{
	uint64_t have = store_count(q->s);
	int64_t total = wanted(q);

	if (q->pages == 0)
		return false;
	if (have == 0)
		return !q->open && total <= 0 && q->barren >= 2;
	if (!q->whole)
		return false;
	if (total <= 0)
		return !q->open && (q->barren > 0 || (q->pass == 1 && q->rows == q->first && q->first < q->m->page));
	if (have >= (uint64_t)total)
		return true;
	if (q->open || q->barren == 0)
		return false;
	if ((uint64_t)total - have <= opt.allow_missing)
		return true;
	return q->rows > 0 && q->high >= 0 && have >= (uint64_t)q->high && q->rows >= (uint64_t)q->high;
}

/* ---- one page ---- */

/*
 * The first search was refused.  An unknown name in displayingFields is passed
 * over, as far as one knows; should it be an error, only the fields of the
 * account's own metadata are asked for.
 */
static void
narrow_body(struct search *q)
{
	struct buf body = fields_body(q->m, true);

	q->narrow = true;
	store_set_body(q->s, &body);
	buf_free(&body);
}

static struct buf
page_path(const struct search *q)
{
	struct buf path = { 0 };

	if (q->m->way == PRODUCTS)
		buf_str(&path, "/apis/v3/products/search");
	else if (q->m->way == RECORDS)
		buf_str(&path, "/apis/module/v4/records/search");
	else
		buf_printf(&path, "/apis/%s/v4/search", q->m->name);
	buf_printf(&path, "?rows=%zu&from=%llu", q->m->page, (unsigned long long)q->next);
	if (q->m->id == 2)
		buf_str(&path, "&viewType=list");
	else if (q->m->way == PRODUCTS)
		buf_str(&path, "&sortBy=id&sortOrder=asc");
	buf_nul(&path);
	return path;
}

static void
read_page(const struct search *q, struct span data, struct page *g, struct buf *lines)
{
	struct span rows = data, v;
	struct walk w;
	uint64_t total;

	if ((*data.p == '{' && !span_member(data, "data", &rows) && !span_member(data, "records", &rows)) ||
	    (*rows.p != '[' && *rows.p != '{' && !span_null(rows)))
		errx(EX_UNAVAILABLE, "%s: an answer without a list of records", q->m->name);
	if (*data.p == '{' && (span_member(data, "totalRows", &v) || span_member(data, "total", &v)) && span_number(v, &total))
		g->total = (int64_t)total;
	for (w = span_walk(rows); span_next(&w, NULL, &v); g->rows++)
		span_line(lines, v);
	if (w.bad)
		errx(EX_TEMPFAIL, "%s: the page at %llu is damaged JSON; the same command asks for it again", q->m->name, (unsigned long long)g->from);
}

static void
get_page(struct search *q)
{
	struct page g = { .pass = q->pass, .from = q->next, .total = -1 };
	struct buf path = page_path(q), lines = { 0 };
	struct span data;

	if (!api_call("POST", path.p, store_body(q->s), q->pages == 0 && !q->narrow ? API_OTHERWISE : API_MUST, &data)) {
		buf_free(&path);
		narrow_body(q);
		return;
	}
	read_page(q, data, &g, &lines);
	note_page(&g, store_add(q->s, &g, &lines), q);
	progress_show(q->m, q->pass, store_count(q->s), wanted(q));
	if (store_bad(q->s) > 0 && opt.rejects == NULL)
		errx(EX_DATAERR, "%s: bad-id: the service sent a record without an id that is a whole number (--rejects FILE sets such records aside)", q->m->name);
	buf_free(&path);
	buf_free(&lines);
	if (http_stop)
		api_interrupted();
}

/* ---- all pages ---- */

static bool
begun_with(const struct search *q, bool narrow)
{
	const struct buf *old = store_body(q->s);
	struct buf body = fields_body(q->m, narrow);
	bool same = old->n == body.n && memcmp(old->p, body.p, body.n) == 0;

	buf_free(&body);
	return same;
}

/* A run that goes on asks as it began. */
static void
set_body(struct search *q)
{
	struct buf body;

	if (store_body(q->s)->n == 0) {
		body = fields_body(q->m, false);
		store_set_body(q->s, &body);
		buf_free(&body);
	} else if (opt.fields != NULL && !begun_with(q, false) && !begun_with(q, true)) {
		errx(EX_CONFIG, "%s/%s.pages: begun with other fields than those of %s; remove it to begin anew", opt.state, q->m->name, opt.fields);
	}
}

static _Noreturn void
fall_short(const struct search *q)
{
	uint64_t have = store_count(q->s);
	int64_t total = wanted(q);

	progress_end();
	if (!q->whole)
		errx(EX_DATAERR, "%s: the pages do not end: the service gave %llu records over and over, whatever offset was asked for; "
		    "this is not an answer to rely on", q->m->name, (unsigned long long)have);
	if (total < 0)
		errx(EX_DATAERR, "%s: pass %u still brought new records (%llu so far) and no total is told; more --passes%s",
		    q->m->name, q->pass, (unsigned long long)have, opt.state != NULL ? ", the pages are kept" : "");
	errx(EX_DATAERR, "%s: %llu of %lld records after %u passes, the last %u without anything new; the same command makes more passes%s, "
	    "and --allow-missing %lld accepts what there is", q->m->name, (unsigned long long)have, (long long)total, q->pass, q->barren,
	    opt.state != NULL ? " (the pages are kept)" : "", (long long)total - (long long)have);
}

static void
warn_missing(const struct search *q)
{
	uint64_t have = store_count(q->s);

	if (wanted(q) > (int64_t)have)
		progress_say("%s: %llu records, where the service counted %lld", q->m->name, (unsigned long long)have, (long long)wanted(q));
}

struct store *
search_all(const struct module *m)
{
	struct search q = { .m = m, .high = -1, .before = -1 };

	q.s = store_open(m);
	store_replay(q.s, note_page, &q);
	if (q.pages > 0)
		progress_say("%s: going on after page %llu of pass %u, %llu records kept", m->name,
		    (unsigned long long)q.pages, q.pass, (unsigned long long)store_count(q.s));
	if (q.barren > 1 && !complete(&q))
		q.barren = 1;		/* a run that fell short: this one tries anew */
	while (!complete(&q)) {
		if (!q.open) {
			if (q.here == opt.passes || q.barren == BARREN)
				fall_short(&q);
			q.here++;
			q.pass++;
			q.next = 0;
		}
		set_body(&q);
		get_page(&q);
	}
	warn_missing(&q);
	progress_end();
	return q.s;
}
