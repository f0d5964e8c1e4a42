/*
 * The searches.  v4: contact, company, deal, activity, and module/v4/records
 * for tickets, quotes and custom modules; v3: products.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sandbox.h"
#include "xalloc.h"

#define ROWS_MAX 250		/* more is answered with 250, without complaint */
#define ROWS_DEFAULT 25

struct page {
	size_t rows, from;
	size_t total;		/* rows that match */
	size_t *index;		/* the page */
	size_t count;
};

/* A query argument that is a whole number; fallback if it is absent or blank. */
static bool
number(const struct call *c, const char *name, size_t fallback, size_t *out)
{
	const char *text = call_query(c, name);

	*out = fallback;
	if (text == NULL || *text == '\0')
		return true;
	if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 9)
		return false;
	*out = (size_t)strtoul(text, NULL, 10);
	return true;
}

static bool
page_read(struct call *c, struct page *p)
{
	if (!number(c, "rows", ROWS_DEFAULT, &p->rows) || p->rows == 0) {
		answer_invalid(c, "rows must be a number from 1 to 250");
		return false;
	}
	if (!number(c, "from", 0, &p->from)) {
		answer_invalid(c, "from must be a number");
		return false;
	}
	if (p->rows > ROWS_MAX)
		p->rows = ROWS_MAX;
	if (c->paging->cap > 0 && p->rows > c->paging->cap)
		p->rows = c->paging->cap;
	return true;
}

/* The user whose key this is: their id for $MYSELF$, their time zone for operands. */
static int64_t
myself(struct call *c)
{
	const struct module *users = data_module(c->data, "user");
	struct json_value record, v;
	char *zone;
	size_t i;

	for (i = 0; i < users->count; i++) {
		record = row_value(&users->row[i]);
		if (!json_member(&record, "isCurrentUser", &v) || !value_true(&v))
			continue;
		zone = json_member(&record, "timezone", &v) ? json_strdup(&v) : NULL;
		when_zone(zone == NULL || *zone == '\0' ? "UTC" : zone);
		free(zone);
		return users->row[i].id;
	}
	when_zone("UTC");
	return 0;
}

/* Filter, sort, cut.  false: a bad filter, answered. */
static bool
page_find(struct call *c, const struct kind *k, const char *query, const char *sort_by, struct page *p)
{
	const struct module *m = data_module(c->data, k->file);
	struct json_value v, record, sort = { 0 };
	const char *message = NULL, *order = call_query(c, "sortOrder");
	struct filter *f;
	size_t *all, i, n = 0;

	json_member(&c->body, query, &v);
	if ((f = filter_new(k, &v, myself(c), &message)) == NULL) {
		answer_invalid(c, message);
		return false;
	}
	all = xreallocarray(NULL, m->count + 1, sizeof *all);
	for (i = 0; i < m->count && !c->empty; i++) {
		record = row_value(&m->row[i]);
		if (filter_match(f, &record))
			all[n++] = i;
	}
	filter_free(f);
	if (sort_by != NULL)
		order_rows_by(m, all, n, sort_by, order != NULL && strcasecmp(order, "desc") == 0);
	else if (json_member(&c->body, "sort", &sort))
		order_rows(m, all, n, k, &sort);
	p->total = n;
	p->index = xreallocarray(NULL, p->rows, sizeof *p->index);
	p->count = paging_cut(c->paging, all, n, p->from, p->rows, p->index);
	free(all);
	return true;
}

/* ask NULL: whole rows */
static void
rows_put(struct call *c, const struct kind *k, const struct page *p, const struct ask *ask)
{
	const struct module *m = data_module(c->data, k->file);
	struct buf *b = &c->reply.body;
	struct json_value record;
	size_t i;

	for (i = 0; i < p->count; i++) {
		record = row_value(&m->row[p->index[i]]);
		if (i > 0)
			buf_char(b, ',');
		if (ask != NULL)
			ask_put(b, ask, c->data, &record);
		else
			json_put(b, &record);
	}
}

static void
page_put(struct call *c, const struct kind *k, const struct page *p, const struct ask *ask, bool totals)
{
	struct buf *b = &c->reply.body;

	answer_open(c);
	buf_str(b, "{\"data\":[");
	rows_put(c, k, p, ask);
	buf_str(b, "]");
	if (k->rule != NULL)
		buf_str(b, ",\"selectedView\":25");
	if (totals)
		buf_printf(b, ",\"totalRows\":%zu,\"totalPages\":%zu", p->total, (p->total + p->rows - 1) / p->rows);
	buf_char(b, '}');
	answer_close(c);
	c->reply.rows = p->count;
}

/* The form in which one copy of the documents shows the search of custom modules (reference, section 11, 13). */
static void
records_put(struct call *c, const struct kind *k, const struct page *p, const struct ask *ask)
{
	struct buf *b = &c->reply.body;

	answer_open(c);
	buf_str(b, "{\"records\":[");
	rows_put(c, k, p, ask);
	buf_printf(b, "],\"total\":%zu,\"from\":%zu,\"rows\":%zu}", p->total, p->from, p->rows);
	answer_close(c);
	c->reply.rows = p->count;
}

static void
search(struct call *c, const struct kind *k)
{
	struct page p = { 0 };
	struct json_value v;
	struct ask *ask;
	bool totals;

	if (!page_read(c, &p) || !page_find(c, k, "filterQuery", NULL, &p))
		return;
	/* An activity search answered without totals on a live account, asked or not. */
	totals = json_member(&c->body, "getRecordsCount", &v) && value_true(&v) && strcmp(k->file, "activity") != 0;
	json_member(&c->body, "displayingFields", &v);
	ask = ask_new(k, &v);
	if (k->rule == NULL && c->paging->records)
		records_put(c, k, &p, ask);
	else
		page_put(c, k, &p, ask, totals);
	ask_free(ask);
	free(p.index);
}

void
search_v4(struct call *c)
{
	struct kind k;

	kind_by_path(c->seg[0], &k);
	search(c, &k);
}

void
search_records(struct call *c)
{
	struct json_value v;
	struct kind k;
	int64_t id;
	char *name;
	bool found;

	if (!json_member(&c->body, "moduleId", &v) || json_null(&v)) {
		answer_invalid(c, "moduleId is required");
		return;
	}
	name = value_id(&v, &id) ? xasprintf("%lld", (long long)id) : json_strdup(&v);
	found = name != NULL && kind_by_id(c->data, name, &k);
	free(name);
	if (!found || k.rule != NULL)
		answer_invalid(c, "No such module exists");
	else
		search(c, &k);
}

void
search_products(struct call *c)
{
	struct kind k = { .id = 6, .file = "product", .key = "product" };
	const char *by = call_query(c, "sortBy");
	struct page p = { 0 };
	struct json_value v;
	struct ask *ask;

	if (by == NULL || (strcmp(by, "id") != 0 && strcmp(by, "name") != 0 && strcmp(by, "createdAt") != 0 &&
	    strcmp(by, "lastModifiedAt") != 0))
		by = NULL;
	if (!page_read(c, &p) || !page_find(c, &k, "query", by, &p))
		return;
	json_member(&c->body, "fields", &v);
	ask = ask_new_plain(&v);
	page_put(c, &k, &p, ask_none(ask) ? NULL : ask, true);
	ask_free(ask);
	free(p.index);
}
