/*
 * Notes: one call a record, so only of records that say that they have any.
 *
 * The files of --of are read twice: first the calls are counted and announced,
 * then made.  Each answer is a page of the store, its pass the module's number
 * and its from the record's id, so a run that goes on knows whom it has asked.
 * The notes of all records are united by id.
 *
 * Memory: some 30 bytes for each record that is asked, besides the store's.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "extract.h"
#include "http.h"
#include "json.h"
#include "keys.h"
#include "xalloc.h"

#define GONE (-2)		/* the total of a page: there is no such record any more */

struct notes {
	const struct module *m;
	struct store *s;
	struct keys *asked;	/* "1/1204" */
	struct parent *gone;
	size_t ngone;
	uint64_t planned, done;
};

/* ---- records ---- */

/* null, absent, "", blanks, {}; and 0, which no date is */
static bool
blank(struct span v)
{
	size_t i;

	for (i = 0; i < v.n; i++)
		if (strchr("\"{} \t\r\n0", v.p[i]) == NULL)
			return span_null(v);
	return true;
}

struct reading {
	const struct of *of;
	struct nd_in in;
	uint64_t records, told, bad;	/* told: those that have the member at all */
};

static void
reading_open(struct reading *r, const struct of *of)
{
	*r = (struct reading){ .of = of };
	nd_open(&r->in, of->path);
}

/* The id of the next record with notes; false after the last. */
static bool
reading_next(struct reading *r, uint64_t *id)
{
	struct span record, v;

	while (nd_read(&r->in)) {
		r->records++;
		if (r->in.toolong || !span_whole(r->in.line, r->in.len, &record) || !span_member(record, "id", &v) || !span_number(v, id)) {
			r->bad++;
			continue;
		}
		if (span_member(record, "lastNoteAddedAt", &v))
			r->told++;
		if (opt.all_records || !blank(v))
			return true;
	}
	nd_end(&r->in);
	return false;
}

/* Its number in q->asked; fresh: not asked before. */
static bool
mark(struct notes *q, int module, uint64_t id)
{
	struct buf key = { 0 };
	bool fresh;

	buf_printf(&key, "%d/%llu", module, (unsigned long long)id);
	keys_add(q->asked, key.p, key.n, &fresh);
	buf_free(&key);
	return fresh;
}

static bool
is_asked(const struct notes *q, int module, uint64_t id)
{
	struct buf key = { 0 };
	uint32_t number;
	bool found;

	buf_printf(&key, "%d/%llu", module, (unsigned long long)id);
	found = keys_find(q->asked, key.p, key.n, &number);
	buf_free(&key);
	return found;
}

static void
plan(struct notes *q)
{
	struct buf parts = { 0 };
	struct reading r;
	uint64_t id, n, all = 0;
	size_t i;

	for (i = 0; i < opt.ofs; i++) {
		reading_open(&r, &opt.of[i]);
		for (n = 0; reading_next(&r, &id); n++)
			q->planned += !is_asked(q, r.of->module, id);
		if (r.bad > 0)
			progress_say("%s: %llu records without a usable id are not asked for notes", r.of->path, (unsigned long long)r.bad);
		if (r.records > 0 && r.told == 0 && !opt.all_records)
			progress_say("%s: none of %llu records has lastNoteAddedAt, so none is asked for notes; if there are notes, "
			    "--all-records asks every record", r.of->path, (unsigned long long)r.records);
		buf_printf(&parts, "%s%s %llu of %llu", i > 0 ? ", " : "", r.of->name, (unsigned long long)n, (unsigned long long)r.records);
		all += n;
	}
	buf_nul(&parts);
	progress_say("note: %llu records have notes (%s)", (unsigned long long)all, parts.p);
	api_plan("note", q->planned);
	buf_free(&parts);
}

/* ---- answers ---- */

static void
note_gone(struct notes *q, int module, uint64_t id)
{
	if (opt.rejects == NULL)
		errx(EX_DATAERR, "note: missing: the service has no record %llu of module %d any more (--rejects FILE sets such records aside)",
		    (unsigned long long)id, module);
	q->gone = xreallocarray(q->gone, q->ngone + 1, sizeof(*q->gone));
	q->gone[q->ngone++] = (struct parent){ module, id };
}

static void
note_page(const struct page *g, uint64_t added, void *arg)
{
	struct notes *q = arg;

	(void)added;
	mark(q, (int)g->pass, g->from);
	if (g->total == GONE)
		note_gone(q, (int)g->pass, g->from);
}

/* A note that does not say whose it is is told it. */
static void
put_note(struct buf *lines, struct span note, int module, uint64_t id)
{
	struct buf more = { 0 };
	struct span unused;

	if (!span_member(note, "moduleId", &unused))
		buf_printf(&more, "\"moduleId\":%d,", module);
	if (!span_member(note, "objectId", &unused))
		buf_printf(&more, "\"objectId\":%llu,", (unsigned long long)id);
	span_line_with(lines, note, &more);
	buf_free(&more);
}

static void
ask(struct notes *q, const struct of *of, uint64_t id)
{
	struct page g = { .pass = (unsigned)of->module, .from = id, .total = -1 };
	char *path = xasprintf("/apis/module/v4/modules/%d/objects/%llu/notes", of->module, (unsigned long long)id);
	struct buf lines = { 0 };
	struct span data, v;
	struct walk w;

	if (!api_call("GET", path, NULL, API_OR_NONE, &data)) {
		g.total = GONE;
	} else {
		if (*data.p == '{')
			span_member(data, "data", &data);
		if (!span_null(data) && *data.p != '[')
			errx(EX_UNAVAILABLE, "%s: the answer is no list", path);
		for (w = span_walk(data); span_next(&w, NULL, &v); g.rows++)
			put_note(&lines, v, of->module, id);
		if (w.bad)
			errx(EX_TEMPFAIL, "%s: the answer is damaged JSON; the same command asks again", path);
	}
	note_page(&g, store_add(q->s, &g, &lines), q);
	if (store_bad(q->s) > 0 && opt.rejects == NULL)
		errx(EX_DATAERR, "%s: bad-id: a note without an id that is a whole number (--rejects FILE sets such notes aside)", path);
	progress_items(q->m, ++q->done, q->planned);
	buf_free(&lines);
	free(path);
	if (http_stop)
		api_interrupted();
}

struct store *
notes_all(const struct module *m, struct parent **gone, size_t *ngone)
{
	struct notes q = { .m = m, .s = store_open(m), .asked = keys_new() };
	struct reading r;
	uint64_t id;
	size_t i;

	store_replay(q.s, note_page, &q);
	if (keys_count(q.asked) > 0)
		progress_say("note: going on after %u records, %llu notes kept", keys_count(q.asked), (unsigned long long)store_count(q.s));
	plan(&q);
	for (i = 0; i < opt.ofs; i++) {
		reading_open(&r, &opt.of[i]);
		while (reading_next(&r, &id))
			if (!is_asked(&q, r.of->module, id))
				ask(&q, r.of, id);
	}
	progress_end();
	keys_free(q.asked);
	*gone = q.gone;
	*ngone = q.ngone;
	return q.s;
}

void
notes_gone(const struct parent *gone, size_t n, struct rej *rej)
{
	struct nd_in in = { .name = "note" };
	struct buf line = { 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		line.n = 0;
		buf_printf(&line, "{\"moduleId\":%d,\"objectId\":%llu}", gone[i].module, (unsigned long long)gone[i].id);
		json_pad(&line);
		in.line = line.p;
		in.len = line.n;
		in.lineno = i + 1;
		rej_write(rej, &in, "missing", "objectId", NULL, "the service has no such record any more, so nothing is known of its notes");
	}
	buf_free(&line);
}
