/*
 * The rows that a file names, in its order.  The lines are taken 50 at a time
 * (a filter of 50 ids is about 4 KB of URL); each line ends as its row, as a
 * reject, or, when it names another table, passed over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "extract.h"
#include "guid.h"
#include "reject.h"
#include "xalloc.h"

#define CHUNK 50

struct item {
	struct nd_in in;		/* the line, kept for a reject */
	char *line;
	char id[GUID_TEXT + 1];
	char *row;			/* the output line; NULL: not there (yet) */
	size_t n;
};

struct batch {
	const struct table *t;
	struct dyn *d;
	const char *select;
	struct nd_out *out;
	struct rej *rej;
	struct item item[CHUNK];
	size_t items;
	unsigned long long passed;	/* lines of other tables */
};

static bool
row_match(const struct json_value *row, void *arg)
{
	struct batch *b = arg;
	struct json_value id;
	struct buf line = { 0 };
	size_t i;

	if (!json_member(row, b->t->primary, &id) || id.kind != JSON_STRING || id.n != GUID_TEXT)
		return true;
	row_put(&line, b->t->name, row);
	for (i = 0; i < b->items; i++) {
		if (b->item[i].row == NULL && strncasecmp(b->item[i].id, id.p, GUID_TEXT) == 0) {
			b->item[i].row = xstrndup(line.p, line.n);
			b->item[i].n = line.n;
		}
	}
	buf_free(&line);
	return true;
}

static void
batch_ask(struct batch *b)
{
	struct buf path = { 0 };
	size_t i;

	buf_printf(&path, "%s?", b->t->set);
	if (b->select != NULL)
		buf_printf(&path, "$select=%s&", b->select);
	buf_str(&path, "$filter=");
	for (i = 0; i < b->items; i++)
		buf_printf(&path, "%s%s%%20eq%%20%s", i > 0 ? "%20or%20" : "", b->t->primary, b->item[i].id);
	buf_nul(&path);
	dyn_pages(b->d, path.p, NULL, row_match, b);
	buf_free(&path);
}

static void
batch_flush(struct batch *b)
{
	struct item *it;
	size_t i;

	if (b->items == 0)
		return;
	batch_ask(b);
	for (i = 0; i < b->items; i++) {
		it = &b->item[i];
		if (it->row != NULL)
			nd_write(b->out, it->row, it->n);
		else
			rej_write(b->rej, &it->in, "missing", "id", NULL, "%s has no row %s", b->t->name, it->id);
		free(it->row);
		free(it->line);
	}
	b->items = 0;
	progress_rows(b->out->count);
}

static void
batch_add(struct batch *b, const struct nd_in *in, const struct guid *g)
{
	struct item *it = &b->item[b->items++];

	*it = (struct item){ .in = *in, .line = xmalloc(in->len + JSON_PAD) };
	memcpy(it->line, in->line, in->len);
	memset(it->line + in->len, 0, JSON_PAD);
	it->in.line = it->line;
	guid_text(g, it->id);
	if (b->items == CHUNK)
		batch_flush(b);
}

static void
take(struct batch *b, const struct nd_in *in, struct json *j)
{
	const struct json_value *id, *table;
	struct guid g;

	if (in->toolong || !json_parse(j, in->line, in->len)) {
		rej_parse(b->rej, in, j);
		return;
	}
	table = json_get(j, "table");
	id = json_get(j, "id");
	if (table != NULL && !json_is(table, b->t->name))
		b->passed++;
	else if (json_null(id))
		rej_write(b->rej, in, "missing-field", "id", NULL, "the line has no member id");
	else if (id->kind != JSON_STRING || !guid_parse(id->p, id->n, &g))
		rej_write(b->rej, in, "bad-id", "id", id, "no GUID of the form 8-4-4-4-12 hex digits");
	else
		batch_add(b, in, &g);
}

int
ids_extract(struct dyn *d, const struct table *t, const char *select, const char *idfile, const char *rejectfile,
    struct nd_out *out)
{
	struct rej rej, passed = { 0 };
	struct batch b = { .t = t, .d = d, .select = select, .out = out, .rej = &rej };
	struct json j = { 0 };
	struct nd_in in;

	rej_open(&rej, "dyn-extract", rejectfile);
	nd_open(&in, idfile);
	while (nd_read(&in))
		take(&b, &in, &j);
	batch_flush(&b);
	nd_flush(out);
	rej_close(&rej);
	passed.open = b.passed > 0;		/* counted, not kept: the file itself has them */
	passed.count = b.passed;
	json_free(&j);
	nd_end(&in);
	return rej_sum("dyn-extract", in.count, out->count, &rej, NULL, &passed);
}
