/*
 * read - rows as answers: collections by pages, single rows, counts
 *
 * $select, $filter, $orderby, $top, $count, $expand (one level), $apply for a
 * bare count, or FetchXML for one; pages of at most 5000 with a cookie in
 * @odata.nextLink.  Change tracking: the rows of a first read, then what was
 * changed or deleted since ($deltatoken is a row version and a time).
 * Source: reference section 10.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store.h"
#include "read.h"

#define PAGE 5000
#define AGGREGATE_LIMIT 50000

/* ---- collections ---- */

struct page {
	struct view view;
	struct reply *a;
	size_t size, sent;
	char last[37];
	bool more;
};

static bool
page_row(struct arena *memory, struct row *row, void *arg)
{
	struct page *p = arg;

	(void)memory;
	if (p->sent == p->size) {
		p->more = true;
		return false;
	}
	if (p->sent++ > 0)
		buf_char(&p->a->body, ',');
	view_row(&p->view, row, &p->a->body);
	memcpy(p->last, row->id, sizeof(p->last));
	return true;
}

/* name="value" inside the cookie. */
static char *
cookie_value(struct arena *a, const char *cookie, const char *name)
{
	const char *p = strstr(cookie, name), *e;

	if (p == NULL || strncmp(p += strlen(name), "=\"", 2) != 0 || (e = strchr(p + 2, '"')) == NULL)
		return NULL;
	return arena_dup(a, p + 2, (size_t)(e - p - 2));
}

/* Where the next page begins: behind a row when the order is that of the ids, at a position otherwise. */
static bool
cookie_read(struct request *r, struct reply *a, long *page, char **last, long *offset)
{
	const char *cookie = request_query(r, "$skiptoken");
	char *number, *inner;

	*page = 1;
	*offset = 0;
	*last = NULL;
	if (cookie == NULL)
		return true;
	number = cookie_value(r->arena, cookie, "pagenumber");
	inner = cookie_value(r->arena, cookie, "pagingcookie");
	if (number == NULL || inner == NULL || strncmp(cookie, "<cookie ", 8) != 0)
		return reply_error(a, 400, "0x80060888", "Malformed XML in the paging cookie.");
	*page = strtol(number, NULL, 10);
	if (strncmp(inner, "last:", 5) == 0 && guid_ok(inner + 5, strlen(inner + 5)))
		*last = inner + 5;
	else if (strncmp(inner, "after:", 6) == 0)
		*offset = strtol(inner + 6, NULL, 10);
	else
		return reply_error(a, 400, "0x80060888", "Malformed XML in the paging cookie.");
	return true;
}

/* The address asked for, with its $skiptoken exchanged. */
static void
next_link(struct request *r, struct reply *a, long page, const char *place, int64_t tracked)
{
	const char *q = strchr(r->url, '?'), *p, *e;
	struct buf b = { 0 };
	size_t n = q != NULL ? (size_t)(q - r->url) : strlen(r->url);

	buf_add(&b, r->root, strlen(r->root) - strlen(API_ROOT));
	buf_add(&b, r->url, n);
	buf_char(&b, '?');
	for (p = q != NULL ? q + 1 : ""; *p != '\0'; p = *e == '&' ? e + 1 : e) {
		e = p + strcspn(p, "&");
		if (e > p && strncmp(p, "$skiptoken=", 11) != 0 && strncmp(p, "%24skiptoken=", 13) != 0) {
			buf_add(&b, p, (size_t)(e - p));
			buf_char(&b, '&');
		}
	}
	buf_printf(&b, "$skiptoken=%%3Ccookie%%20pagenumber=%%22%ld%%22%%20pagingcookie=%%22%s%%22%%20istracking=%%22%s%%22%%20", page, place,
	    tracked > 0 ? "True" : "False");
	if (tracked > 0)
		buf_printf(&b, "tracked=%%22%" PRId64 "%%22%%20", tracked);
	buf_str(&b, "/%3E");
	buf_nul(&b);
	buf_str(&a->body, ",\"@odata.nextLink\":");
	buf_json_str(&a->body, b.p);
	buf_free(&b);
}

static long
number_option(struct request *r, const char *name, long fallback)
{
	const char *v = request_query(r, name);
	char *end;
	long n;

	if (v == NULL)
		return fallback;
	n = strtol(v, &end, 10);
	return *v != '\0' && *end == '\0' && n >= 0 ? n : -1;
}

/* FROM and WHERE of what was asked for. */
static bool
where(struct request *r, struct reply *a, const struct table *t, const char *extra, const char *filter, struct buf *sql)
{
	buf_printf(sql, " FROM rows r WHERE r.tbl='%s'", t->name);
	if (extra != NULL)
		buf_printf(sql, " AND %s", extra);
	if (filter == NULL)
		return true;
	buf_str(sql, " AND (");
	if (!filter_sql(r, a, t, filter, sql))
		return false;
	buf_char(sql, ')');
	return true;
}

static int64_t
count_rows(const struct buf *condition)
{
	struct buf sql = { 0 };
	int64_t n;

	buf_str(&sql, "SELECT count(*)");
	buf_add(&sql, condition->p, condition->n);
	buf_nul(&sql);
	n = store_number(sql.p);
	buf_free(&sql);
	return n;
}

static bool
unknown_option(struct request *r, struct reply *a)
{
	static const char *const known[] = { "$select", "$filter", "$orderby", "$top", "$count", "$expand", "$skiptoken", "$apply",
	    "$deltatoken" };
	size_t i, k;

	for (i = 0; i < r->queries; i++) {
		if (r->query[i].name[0] != '$')
			continue;
		for (k = 0; k < sizeof(known) / sizeof(known[0]) && strcmp(known[k], r->query[i].name) != 0; k++)
			;
		if (k == sizeof(known) / sizeof(known[0]))
			return reply_error(a, 400, "0x80060888", strcmp(r->query[i].name, "$skip") == 0 ? "The query parameter %s is not "
			    "supported" : "The query parameter %s is not known", r->query[i].name);
	}
	return true;
}

static void
answer_count(struct request *r, struct reply *a, const struct table *t, const char *extra, const char *filter, const char *name)
{
	struct buf sql = { 0 };
	int64_t n;

	if (where(r, a, t, extra, filter, &sql)) {
		if ((n = count_rows(&sql)) > AGGREGATE_LIMIT) {
			reply_error(a, 400, "0x8004e023", "AggregateQueryRecordLimit exceeded. Cannot perform this operation.");
		} else {
			a->status = 200;
			buf_printf(&a->body, "{\"@odata.context\":\"%s$metadata#%s(%s)\",\"value\":[{\"%s\":%lld}]}", r->root, t->set, name,
			    name, (long long)n);
		}
	}
	buf_free(&sql);
}

/* $apply=aggregate($count as n), after an optional filter(...)/ */
static void
aggregate(struct request *r, struct reply *a, const struct table *t, const char *apply, const char *extra)
{
	const char *filter = request_query(r, "$filter"), *p = apply, *e;

	if (strncmp(p, "filter(", 7) == 0 && (e = strstr(p, ")/aggregate(")) != NULL) {
		filter = arena_dup(r->arena, p + 7, (size_t)(e - p - 7));
		p = e + 2;
	}
	if (strncmp(p, "aggregate($count as ", 20) != 0 || p[strlen(p) - 1] != ')') {
		reply_error(a, 400, "0x80060888", "The stand-in knows $apply=aggregate($count as name) only.");
		return;
	}
	answer_count(r, a, t, extra, filter, arena_dup(r->arena, p + 20, strlen(p) - 21));
}

static void
count_members(struct request *r, struct reply *a, const struct view *v, const struct buf *condition)
{
	const char *count = request_query(r, "$count");
	int64_t n;

	if (count == NULL || strcmp(count, "true") != 0)
		return;
	n = count_rows(condition);
	buf_printf(&a->body, "\"@odata.count\":%lld,", (long long)(n > PAGE ? PAGE : n));
	if (view_wants(v, "Microsoft.Dynamics.CRM.totalrecordcount"))
		buf_printf(&a->body, "\"@Microsoft.Dynamics.CRM.totalrecordcount\":%lld,", (long long)(n > PAGE ? PAGE : n));
	if (view_wants(v, "Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"))
		buf_printf(&a->body, "\"@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded\":%s,", n > PAGE ? "true" : "false");
}

struct request_page {
	long top, size, page, offset;
	int64_t tracked;		/* version the deltaLink will begin at; 0: changes are not tracked */
	char *last;
	bool by_id;
};

static bool
tracking(struct request *r, struct reply *a, struct request_page *q)
{
	static const char *const barred[] = { "$filter", "$orderby", "$expand", "$top" };
	const char *cookie = request_query(r, "$skiptoken");
	char *kept;
	size_t i;

	if (request_prefer(r, "odata.track-changes") == NULL && request_query(r, "$deltatoken") == NULL)
		return true;
	for (i = 0; i < sizeof(barred) / sizeof(barred[0]); i++)
		if (request_query(r, barred[i]) != NULL)
			return reply_error(a, 400, "0x80060888", "The query parameter %s cannot be used with change tracking.", barred[i]);
	kept = cookie != NULL ? cookie_value(r->arena, cookie, "tracked") : NULL;
	q->tracked = kept != NULL ? strtoll(kept, NULL, 10) : store_version();
	return true;
}

/* The address for what changes after a version: a token as the service writes it, "919042!08/22/2017 08:10:44". */
static void
delta_link(struct request *r, struct reply *a, const struct table *t, int64_t version)
{
	const char *select = request_query(r, "$select");
	time_t now = time(NULL);
	char when[64];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%m%%2f%d%%2f%Y%%20%H%%3a%M%%3a%S", &tm);
	buf_str(&a->body, ",\"@odata.deltaLink\":");
	buf_json_str(&a->body, arena_printf(r->arena, "%s%s?%s%s%s$deltatoken=%" PRId64 "%%21%s", r->root, t->set, select ? "$select=" : "",
	    select ? select : "", select ? "&" : "", version, when));
}

static bool
page_options(struct request *r, struct reply *a, struct request_page *q)
{
	const char *prefer = request_prefer(r, "odata.maxpagesize");

	q->top = number_option(r, "$top", 0);
	if (q->top < 0)
		return reply_error(a, 400, "0x80060888", "Invalid value for $top.");
	q->size = prefer != NULL ? strtol(prefer, NULL, 10) : PAGE;
	if (q->size < 1 || q->size > PAGE)
		q->size = PAGE;
	if (request_query(r, "$top") != NULL)
		q->size = q->top > PAGE ? PAGE : q->top;
	return cookie_read(r, a, &q->page, &q->last, &q->offset);
}

static void
send_page(struct request *r, struct reply *a, struct page *p, const struct request_page *q, const struct buf *condition, const char *order)
{
	struct buf sql = { 0 };
	char ord[33];

	a->status = 200;
	if (request_prefer(r, "odata.maxpagesize") != NULL && request_query(r, "$top") == NULL)
		reply_header(a, "Preference-Applied", "odata.maxpagesize=%ld%s", q->size, q->tracked > 0 ? ", odata.track-changes" : "");
	else if (q->tracked > 0)
		reply_header(a, "Preference-Applied", "odata.track-changes");
	buf_str(&a->body, "{\"@odata.context\":");
	buf_json_str(&a->body, view_context(&p->view, ""));
	buf_char(&a->body, ',');
	count_members(r, a, &p->view, condition);
	buf_str(&a->body, "\"value\":[");
	buf_str(&sql, "SELECT r.rid, r.id, r.version, r.body");
	buf_add(&sql, condition->p, condition->n);
	if (q->by_id && q->last != NULL) {
		guid_order(q->last, ord);
		buf_printf(&sql, " AND r.ord>'%s'", ord);
	}
	buf_printf(&sql, " ORDER BY %s%sr.ord LIMIT %ld OFFSET %ld", order, order[0] ? "," : "", q->size + 1, q->by_id ? 0 : q->offset);
	buf_nul(&sql);
	store_select(p->view.table, sql.p, page_row, p);
	buf_char(&a->body, ']');
	if (p->more && request_query(r, "$top") == NULL)
		next_link(r, a, q->page + 1, q->by_id ? arena_printf(r->arena, "last:%s", p->last) :
		    arena_printf(r->arena, "after:%ld", q->offset + q->size), q->tracked);
	else if (q->tracked > 0)
		delta_link(r, a, p->view.table, q->tracked);
	buf_char(&a->body, '}');
	buf_free(&sql);
}

/* ---- what changed since a token ---- */

static bool
delta_token(struct request *r, struct reply *a, int64_t *since)
{
	const char *token = request_query(r, "$deltatoken");
	char *end;

	*since = strtoll(token, &end, 10);
	return (end > token && *end == '!' && *since > 0) || reply_error(a, 400, "0x80060888", "The delta token '%s' is not valid.", token);
}

static void
delta_gone(struct request *r, struct reply *a, const struct table *t, int64_t since, bool some)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(store_db(), "SELECT id FROM gone WHERE tbl=?1 AND version>?2 ORDER BY version", -1, &s, NULL) != SQLITE_OK)
		return;
	sqlite3_bind_text(s, 1, t->name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, since);
	for (; sqlite3_step(s) == SQLITE_ROW; some = true)
		buf_printf(&a->body, "%s{\"@odata.context\":\"%s$metadata#%s/$deletedEntity\",\"id\":\"%s\",\"reason\":\"deleted\"}",
		    some ? "," : "", r->root, t->set, (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
}

static void
read_delta(struct request *r, struct reply *a, const struct table *t)
{
	struct request_page q = { 0 };
	struct page p = { .a = a, .size = SIZE_MAX };
	struct buf sql = { 0 };
	int64_t since;

	if (!delta_token(r, a, &since) || !tracking(r, a, &q) || !view_read(r, a, t, &p.view))
		return;
	a->status = 200;
	buf_str(&a->body, "{\"@odata.context\":");
	buf_json_str(&a->body, view_context(&p.view, "/$delta"));
	buf_str(&a->body, ",\"value\":[");
	buf_printf(&sql, "SELECT r.rid, r.id, r.version, r.body FROM rows r WHERE r.tbl='%s' AND r.version>%" PRId64 " ORDER BY r.version",
	    t->name, since);
	buf_nul(&sql);
	store_select(t, sql.p, page_row, &p);
	delta_gone(r, a, t, since, p.sent > 0);
	buf_char(&a->body, ']');
	delta_link(r, a, t, store_version());
	buf_char(&a->body, '}');
	buf_free(&sql);
}

static int64_t
delta_count(struct request *r, const struct table *t, int64_t since)
{
	return store_number(arena_printf(r->arena, "SELECT (SELECT count(*) FROM rows WHERE tbl='%s' AND version>%" PRId64
	    ") + (SELECT count(*) FROM gone WHERE tbl='%s' AND version>%" PRId64 ")", t->name, since, t->name, since));
}

void
read_collection(struct request *r, struct reply *a, const struct table *t, const char *extra)
{
	const char *apply = request_query(r, "$apply"), *order = request_query(r, "$orderby"), *xml = request_query(r, "fetchXml");
	char *filter, *name;
	struct buf condition = { 0 }, orderby = { 0 };
	struct request_page q = { .by_id = true };
	struct page p = { .a = a };

	if (!unknown_option(r, a))
		return;
	if (apply != NULL) {
		aggregate(r, a, t, apply, extra);
		return;
	}
	if (xml != NULL) {
		if (fetch_count(r, a, t, xml, &filter, &name))
			answer_count(r, a, t, extra, filter, name);
		return;
	}
	if (request_query(r, "$deltatoken") != NULL) {
		read_delta(r, a, t);
		return;
	}
	if (view_read(r, a, t, &p.view) && page_options(r, a, &q) && tracking(r, a, &q) && where(r, a, t, extra, request_query(r, "$filter"), &condition) &&
	    (order == NULL || filter_order(r, a, t, order, &orderby, &q.by_id))) {
		buf_nul(&orderby);
		p.size = (size_t)q.size;
		send_page(r, a, &p, &q, &condition, q.by_id ? "" : orderby.p);
	}
	buf_free(&condition);
	buf_free(&orderby);
}

void
read_count(struct request *r, struct reply *a, const struct table *t)
{
	struct buf condition = { 0 };
	int64_t n;

	if (request_query(r, "$deltatoken") != NULL) {
		if (delta_token(r, a, &n)) {
			a->status = 200;
			a->type = "text/plain";
			buf_printf(&a->body, "%lld", (long long)delta_count(r, t, n));
		}
		return;
	}
	if (where(r, a, t, NULL, request_query(r, "$filter"), &condition)) {
		n = count_rows(&condition);
		a->status = 200;
		a->type = "text/plain";
		buf_printf(&a->body, "%lld", (long long)(n > PAGE ? PAGE : n));
	}
	buf_free(&condition);
}

void
read_row(struct request *r, struct reply *a, struct row *row, int status)
{
	struct view v = { 0 };

	if (!view_read(r, a, row->table, &v))
		return;
	a->status = status;
	reply_header(a, "ETag", "W/\"%lld\"", (long long)row->version);
	v.single = true;
	view_row(&v, row, &a->body);
}
