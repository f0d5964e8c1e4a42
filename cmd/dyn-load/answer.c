/*
 * Joins an answer to the rows it is about, and says what happens to each.
 *
 * By id: the id in OData-EntityId or Location (or in the body of a read) tells
 * whose part it is; Content-ID and position are only believed when nothing in
 * the whole answer speaks against them.  A row that no part can be joined to
 * beyond doubt is unknown: the target is asked for it, and a row in doubt is
 * sent alone the next time.
 *
 * A bulk message that fails is all undone.  Rows whose binding names the
 * missing row of the error text are parked; else the message is halved until
 * its pieces are small (PIECE) and then sent as $batch, where every row has an
 * error of its own; --form bulk halves down to one row.
 *
 * Sources: reference sections 4.2, 4.3 (answers), 5 (bulk), 11 (errors).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "load.h"
#include "xalloc.h"

#define PIECE 32			/* rows of a failed bulk message from where $batch is cheaper than halving */

/* ---- what an answer says ---- */

static bool
says(const char *message, const char *text)
{
	return strcasestr(message, text) != NULL;
}

static bool
is(const char *code, const char *a, const char *b)
{
	return strcmp(code, a) == 0 || (b != NULL && strcmp(code, b) == 0);
}

static enum verdict
verdict_500(int status, const char *code, const char *message)
{
	if (is(code, "0x80044151", NULL) || says(message, "Sql Number: -2 ") || says(message, "Message size exceeded"))
		return SAID_TOO_MUCH;
	if (says(message, "Sql Number: 1205") || says(message, "already been rolled back") || is(code, "0x80044339", NULL))
		return SAID_RETRY;
	if (status == 500 && code[0] != '\0' && !is(code, "0x80040216", NULL) && !is(code, "0x80044150", NULL) && !is(code, "0x0", NULL))
		return SAID_ROW;
	return SAID_UNKNOWN;
}

/* A 404 that is not about a row: the address is wrong, not what it names. */
static bool
no_resource(const char *message)
{
	return says(message, "for the segment") || says(message, "No HTTP resource");
}

/* Codes may be missing where the documentation's samples lack them: then the text decides. */
enum verdict
verdict(int status, const char *code, const char *message)
{
	if (status >= 200 && status < 300)
		return SAID_OK;
	if (is(code, "0x80040237", NULL) || says(message, "Cannot insert duplicate key") ||
	    (status == 412 && code[0] == '\0' && says(message, "matching key values already exists")))
		return SAID_EXISTS;
	if (is(code, "0x80060892", NULL) || says(message, "Entity Key"))
		return SAID_EXISTS;	/* which of its two keys a row is refused for is the service's choice */
	if (is(code, "0x80040515", "0x80040516") || (says(message, "already") && says(message, "closed")))
		return SAID_CLOSED;
	if (is(code, "0x80040217", "0x80060891"))
		return SAID_ABSENT;
	switch (status) {
	case 401:
		return SAID_TOKEN;
	case 403:
		return is(code, "0x80040220", "0x80072560") || code[0] == '\0' ? SAID_STOP : SAID_ROW;
	case 404:
		return no_resource(message) ? SAID_ROW : SAID_ABSENT;
	case 412:
		return is(code, "0x80060882", NULL) || says(message, "RowVersion") ? SAID_VERSION : SAID_ROW;
	case 413:
		return SAID_TOO_MUCH;
	case 429:
		return SAID_THROTTLE;
	case 501:
		return SAID_ROW;
	}
	if (status >= 500)
		return verdict_500(status, code, message);
	return status >= 400 ? SAID_ROW : SAID_UNKNOWN;
}

/* ---- one row ---- */

void
answer_unknown(struct row *r, const char *what)
{
	if (++r->tries > TRIES_MAX) {
		run_stop(EX_TEMPFAIL, "a row of %s stays without an answer (%s); the same command goes on later", r->table->name, what);
		return;
	}
	if (r->want != WANT_READ)
		r->ask = ASK_UNKNOWN;
	row_want(r, WANT_READ);
}

static void
again(struct row *r)
{
	enum want want = r->want;
	bool intended = r->intended;

	row_want(r, want);
	r->intended = intended;
}

static void
good_row(struct row *r, const char *body, size_t n, const struct reason *why)
{
	if (r->want == WANT_READ)
		settle_read(r, body, n, why->request);
	else
		row_settle(r, r->want == WANT_PATCH ? OUT_UPDATED : OUT_CREATED, why, "");
}

static void
version_changed(struct row *r, const struct reason *why)
{
	if (++r->tries > TRIES_ERROR) {
		row_reject(r, "conflict", why);
		return;
	}
	r->ask = r->how == HOW_CREATE ? ASK_CHANGED : ASK_GIVEN;
	row_want(r, WANT_READ);
}

static void
exists(struct row *r, const struct reason *why)
{
	/* Another row has its alternate key, since none is there under its id. */
	bool taken = r->asked && !is(why->code, "0x80040237", NULL) && !says(why->message, "matching key values");

	if (r->want == WANT_PATCH || taken || ++r->tries > TRIES_ERROR) {
		row_reject(r, "conflict", why);
		return;
	}
	if (r->ask != ASK_UNKNOWN)
		r->ask = ASK_EXISTS;
	row_want(r, WANT_READ);
}

static void
stop_permission(const struct row *r, const struct reason *why)
{
	run_stop(EX_NOPERM, "%s: HTTP %d %s: %s; nothing more is sent (give the application user a security role that allows it, "
	    "then the same command goes on)", r->table->name, why->status, why->code, why->message);
}

/* An answer that is this row's beyond doubt. */
static void
row_answer(struct row *r, struct client *c, enum verdict v, const char *body, size_t n, const struct reason *why, long retry_after)
{
	switch (v) {
	case SAID_OK:
		good_row(r, body, n, why);
		return;
	case SAID_THROTTLE:
		pace_throttled(c, why->code, retry_after);
		again(r);
		return;
	case SAID_RETRY:
	case SAID_TOO_MUCH:
		pace_jitter(c);
		if (++r->tries > (v == SAID_RETRY ? TRIES_MAX : TRIES_ERROR))
			row_reject(r, "refused", why);
		else
			again(r);
		return;
	case SAID_UNKNOWN:
		if (r->tries >= TRIES_ERROR && why->status == 500)
			row_reject(r, "refused", why);
		else
			answer_unknown(r, why->message);
		return;
	case SAID_EXISTS:
		exists(r, why);
		return;
	case SAID_ABSENT:
		if (r->want == WANT_READ)
			settle_absent(r, why);
		else
			row_park(r, "missing-reference", why);
		return;
	case SAID_VERSION:
		version_changed(r, why);
		return;
	case SAID_CLOSED:
		if (r->want == WANT_PATCH) {
			row_reject(r, "conflict", why);
			return;
		}
		r->ask = r->ask == ASK_UNKNOWN ? ASK_UNKNOWN : ASK_EXISTS;
		row_want(r, WANT_READ);
		return;
	case SAID_TOKEN:
	case SAID_STOP:
		stop_permission(r, why);
		return;
	case SAID_ROW:
		if (why->status == 412 && r->want == WANT_PATCH && why->code[0] == '\0') {
			version_changed(r, why);
			return;
		}
		row_reject(r, is(why->code, "0x80040333", NULL) ? "conflict" : "refused", why);
		return;
	}
}

void
answer_row(struct row *r, struct client *c, enum verdict v, const struct http_answer *a, const struct reason *why)
{
	row_answer(r, c, v, a->body, a->n, why, a->retry_after);
}

/* ---- the parts of a $batch ---- */

/*
 * Is the part about this row?  Its header tells, or the primary key in the
 * body of a row that was read, or the id in the text of an error.
 * otherwise: it is certainly about another one.
 */
static bool
part_speaks_of(const struct part *p, const struct row *r, bool *otherwise)
{
	char id[GUID_TEXT + 1], text[200];
	bool close = r->how == HOW_CLOSE, here;

	*otherwise = false;
	if (r->want == WANT_ACTION)
		return false;		/* an action's answer names no row */
	if (r->want != WANT_READ) {
		here = p->has_id && memcmp(p->id.b, r->id.b, sizeof(p->id.b)) == 0;
		*otherwise = p->has_id && !here;
		return here;
	}
	guid_text(close ? &r->opportunity : &r->id, id);
	if (p->status != 200)
		return p->n > 0 && memmem(p->body, p->n, id, GUID_TEXT) != NULL;
	snprintf(text, sizeof(text), "\"%s\":\"%s\"", close ? "opportunityid" : r->table->key, id);
	here = memmem(p->body, p->n, text, strlen(text)) != NULL;
	*otherwise = !here;
	return here;
}

static long
find_row(const struct batch *b, const struct part *p, size_t guess)
{
	bool other;
	size_t i;

	if (guess < b->n && part_speaks_of(p, b->row[guess], &other))
		return (long)guess;
	for (i = 0; i < b->n; i++)
		if (part_speaks_of(p, b->row[i], &other))
			return (long)i;
	return -1;
}

/*
 * To every row the part that is its own, or none.  doubt: some part is not
 * where it should be, so a part that names nobody is nobody's.
 */
static void
join(const struct batch *b, const struct part *part, size_t n, const struct part **of)
{
	bool doubt = n != b->n, other, *twice = xcalloc(b->n, sizeof(*twice));
	size_t i, at;
	long row;

	for (i = 0; i < n && !doubt; i++) {
		part_speaks_of(&part[i], b->row[i], &other);
		doubt = other || part[i].status == 0 || (part[i].content_id > 0 && part[i].content_id != (long)i + 1);
	}
	for (i = 0; i < n; i++) {
		if (part[i].status == 0)
			continue;
		at = part[i].content_id > 0 && (size_t)part[i].content_id <= b->n ? (size_t)part[i].content_id - 1 : i;
		row = doubt ? find_row(b, &part[i], at) : (long)i;
		if (row < 0 && part[i].content_id > 0 && at < b->n) {
			part_speaks_of(&part[i], b->row[at], &other);
			row = other ? -1 : (long)at;
		}
		if (row < 0)
			continue;
		if (of[row] != NULL && of[row]->status != part[i].status)
			twice[row] = true;
		of[row] = &part[i];
	}
	for (i = 0; i < b->n; i++)
		if (twice[i])
			of[i] = NULL;
	free(twice);
}

static void
part_answer(struct row *r, struct client *c, const struct part *p, const char *request)
{
	struct dyn_error e = { .message = NULL };
	struct reason why = { p->status, "", "", p->request[0] != '\0' ? p->request : request };
	char *text;

	if (p->status >= 200 && p->status < 300) {
		row_answer(r, c, SAID_OK, p->body, p->n, &why, -1);
		return;
	}
	text = xstrndup(p->type, p->typelen);
	dyn_error_read(&e, p->status, text, p->body, p->n);
	why.code = e.code;
	why.message = e.message;
	row_answer(r, c, verdict(p->status, e.code, e.message), p->body, p->n, &why, p->retry_after);
	dyn_error_free(&e);
	free(text);
}

/* true if the answer was one of parts. */
static bool
parts_answer(struct batch *b, const struct http_answer *a, const char *request)
{
	struct part *part;
	const struct part **of;
	size_t n, i;

	n = parts_read(a->type, a->body, a->n, &part);
	if (n == 0)
		return false;
	of = xcalloc(b->n, sizeof(*of));
	join(b, part, n, of);
	for (i = 0; i < b->n; i++) {
		if (of[i] != NULL) {
			part_answer(b->row[i], b->client, of[i], request);
		} else {
			b->row[i]->alone = b->want != WANT_READ || b->row[i]->alone || b->row[i]->tries > 2;
			answer_unknown(b->row[i], "no part of the answer is this row's");
		}
	}
	free(of);
	free(part);
	return true;
}

/* ---- bulk messages ---- */

static bool
same_id(const struct json_value *v, const struct row *r)
{
	struct guid id;

	return guid_parse(v->p, v->n, &id) && memcmp(id.b, r->id.b, sizeof(id.b)) == 0;
}

static bool
among(const struct json_value *list, const struct row *r)
{
	struct json_iter it = json_iter(list);
	struct json_value v;

	while (json_next(&it, NULL, &v))
		if (same_id(&v, r))
			return true;
	return false;
}

static void
bulk_good(struct batch *b, const struct http_answer *a, const char *request)
{
	static struct json j;		/* reused; no state between answers */
	struct json_value list = { 0 }, v;
	struct json_iter it;
	struct reason why = { a->status, "", "", request };
	size_t i;

	if (json_parse(&j, a->body, a->n) && json_get(&j, "Ids") != NULL)
		list = *json_get(&j, "Ids");
	it = json_iter(&list);
	for (i = 0; i < b->n; i++) {
		if ((json_next(&it, NULL, &v) && same_id(&v, b->row[i])) || among(&list, b->row[i]))
			row_settle(b->row[i], OUT_CREATED, &why, "");
		else
			answer_unknown(b->row[i], "its id is not in the answer");
	}
	table_worked(b->row[0]->table, b->n);
	batch_free(b);
}

/* The rows that bind to the row which the error text says is missing are parked; how many. */
static size_t
park_dangling(struct batch *b, const struct reason *why)
{
	const char *p = strcasestr(why->message, "With Id = ");
	char bound[GUID_TEXT + 3];
	size_t i, keep = 0, parked = 0;
	struct guid id;

	if (p == NULL || strlen(p) < 10 + GUID_TEXT || !guid_parse(p + 10, GUID_TEXT, &id))
		return 0;
	bound[0] = '(';
	guid_text(&id, bound + 1);
	bound[GUID_TEXT + 1] = ')';
	for (i = 0; i < b->n; i++) {
		if (memmem(b->row[i]->send, b->row[i]->sendlen, bound, GUID_TEXT + 2) != NULL) {
			row_park(b->row[i], "missing-reference", why);
			parked++;
		} else {
			b->row[keep++] = b->row[i];
		}
	}
	b->n = keep;
	return parked;
}

/* One row of many is at fault, and the message does not say which. */
static void
bisect(struct batch *b)
{
	table_shrink(b->row[0]->table, b->n);
	if (options.form == FORM_BULK || b->n > PIECE)
		batch_split(b, FORM_BULK);
	else
		batch_again(b, FORM_PARTS);
}

static void
bulk_exists(struct batch *b)
{
	bool asked = true;
	size_t i;

	for (i = 0; i < b->n; i++)
		asked = asked && b->row[i]->asked;
	if (asked) {
		bisect(b);
		return;
	}
	/* Some of them are there already: one question tells which. */
	for (i = 0; i < b->n; i++) {
		b->row[i]->asked = true;
		if (b->row[i]->ask != ASK_UNKNOWN)
			b->row[i]->ask = ASK_EXISTS;
		row_want(b->row[i], WANT_READ);
	}
	batch_free(b);
}

/* ---- a whole request ---- */

static void
all_again(struct batch *b)
{
	batch_again(b, b->form);
}

static void
all_unknown(struct batch *b, const char *what)
{
	size_t i;

	if (b->want == WANT_READ) {
		all_again(b);
		return;
	}
	for (i = 0; i < b->n; i++)
		answer_unknown(b->row[i], what);
	batch_free(b);
}

static bool
too_often(struct batch *b, unsigned most)
{
	unsigned tries = 0;
	size_t i;

	for (i = 0; i < b->n; i++)
		if (++b->row[i]->tries > tries)
			tries = b->row[i]->tries;
	return tries > most;
}

static void
too_much(struct batch *b, const struct reason *why)
{
	if (b->n > 1) {
		table_shrink(b->row[0]->table, b->n);
		batch_split(b, b->form);
	} else if (why->status == 413 || too_often(b, TRIES_ERROR)) {
		row_reject(b->row[0], "refused", why);
		batch_free(b);
	} else {
		all_again(b);
	}
}

/* What a table without CreateMultiple answers is not documented. */
static bool
no_bulk(int status, const struct reason *why)
{
	return status == 405 || status == 501 || says(why->message, "CreateMultiple") ||
	    (status == 404 && !is(why->code, "0x80040217", "0x80060891") && !says(why->message, "does not exist"));
}

/* The request as a whole was refused, or it was about one row. */
static void
refused(struct batch *b, enum verdict v, const struct http_answer *a, const struct reason *why)
{
	if (b->form == FORM_SINGLE || (b->form == FORM_BULK && b->n == 1)) {
		row_answer(b->row[0], b->client, v, a->body, a->n, why, a->retry_after);
		batch_free(b);
	} else if (b->form == FORM_PARTS) {
		batch_split(b, b->n > 1 ? FORM_PARTS : FORM_SINGLE);
	} else if (v == SAID_EXISTS) {
		bulk_exists(b);
	} else if (v == SAID_ABSENT && park_dangling(b, why) > 0) {
		/* Every such answer names one missing row; $batch names them all. */
		if (b->n > 0)
			batch_again(b, ++b->fails > 1 && options.form == FORM_AUTO ? FORM_PARTS : FORM_BULK);
		else
			batch_free(b);
	} else if (options.form == FORM_AUTO && no_bulk(a->status, why)) {
		b->row[0]->table->bulk = false;		/* the probe was wrong: this table has no such message */
		batch_again(b, FORM_PARTS);
	} else {
		bisect(b);
	}
}

static void
failed(struct batch *b, enum verdict v, const struct http_answer *a, const struct reason *why)
{
	struct client *c = b->client;

	switch (v) {
	case SAID_THROTTLE:
		pace_throttled(c, why->code, a->retry_after);
		all_again(b);
		return;
	case SAID_TOKEN:
		if (pace_token(c)) {
			all_again(b);
			return;
		}
		/* fallthrough */
	case SAID_STOP:
		stop_permission(b->row[0], why);
		batch_free(b);
		return;
	case SAID_RETRY:
		pace_jitter(c);
		if (too_often(b, TRIES_MAX))
			refused(b, SAID_ROW, a, why);
		else
			all_again(b);
		return;
	case SAID_TOO_MUCH:
		too_much(b, why);
		return;
	case SAID_OK:
	case SAID_UNKNOWN:
		/* A 500 that does not go away may be one row's doing: then it is looked for. */
		if (why->status == 500 && b->want != WANT_READ && b->row[0]->tries >= TRIES_ERROR) {
			refused(b, SAID_ROW, a, why);
			return;
		}
		pace_trouble(c, why->message);
		all_unknown(b, why->message);
		return;
	default:
		refused(b, v, a, why);
	}
}

/* An answer of 200 that is not what was asked for: a sign-in page, a proxy. */
static bool
is_json(const struct http_answer *a)
{
	return strncasecmp(a->type, "application/json", 16) == 0;
}

static void
good(struct batch *b, struct http *h, const struct http_answer *a, const char *request)
{
	struct reason why = { a->status, "", "", request };

	if (b->form == FORM_BULK && a->status == 200 && is_json(a)) {
		pace_good(b->client, h);
		bulk_good(b, a, request);
	} else if (b->form == FORM_SINGLE && (a->status == 204 || (a->n > 0 && is_json(a)))) {
		pace_good(b->client, h);
		good_row(b->row[0], a->body, a->n, &why);
		batch_free(b);
	} else {
		why.message = "the answer is not what was asked for";
		failed(b, SAID_UNKNOWN, a, &why);
	}
}

void
answer_done(struct http *h, const struct http_answer *a, void *arg)
{
	struct batch *b = arg;
	struct dyn_error e = { .message = NULL };
	struct reason why = { a->status, "", "", "" };
	const char *id = http_header(h, "REQ_ID");
	enum verdict v;

	why.request = id != NULL ? id : (id = http_header(h, "x-ms-service-request-id")) != NULL ? id : "";
	if (a->status == 0) {
		why.message = a->error;
		pace_trouble(b->client, a->error);
		if (b->upload != NULL)
			upload_lost(b, a->sent, a->error);
		else if (a->sent)
			all_unknown(b, a->error);
		else
			all_again(b);
		return;
	}
	if (b->form == FORM_PARTS && parts_answer(b, a, why.request)) {
		pace_good(b->client, h);
		table_worked(b->row[0]->table, b->n);
		batch_free(b);
		return;
	}
	if (a->status >= 200 && a->status < 300 && b->upload == NULL) {
		good(b, h, a, why.request);
		return;
	}
	dyn_error_read(&e, a->status, a->type, a->body, a->n);
	why.code = e.code;
	why.message = e.message;
	v = verdict(a->status, e.code, e.message);
	if (b->upload != NULL)
		upload_answer(b, h, v == SAID_OK && a->status != 204 && !is_json(a) ? SAID_UNKNOWN : v, a, &why);
	else
		failed(b, v, a, &why);
	dyn_error_free(&e);
}
