/*
 * Where a row's next step is done.
 *
 * A row that is new to the journal is created (or read, if it is an update or
 * stands for an existing row).  A durable outcome of the same row is repeated
 * and nothing is sent.  An intent without outcome is unknown: the target is
 * asked.  An outcome of the row as it was before an edit leads to an update.
 * When all the rows before a new one were there already (a journal that is not
 * the one the target was loaded with), it is asked for first.
 */
#include <stdlib.h>
#include <string.h>

#include "load.h"

#define THERE_MANY 200			/* rows that were there in a row, from where the next is asked for first */

struct queue queues[WANTS];

void
queue_put(struct queue *q, struct row *r)
{
	if (q->first == NULL)
		q->last = &q->first;
	r->next = NULL;
	*q->last = r;
	q->last = &r->next;
	q->n++;
}

struct row *
queue_take(struct queue *q)
{
	struct row *r = q->first;

	if (r != NULL) {
		q->first = r->next;
		q->n--;
	}
	return r;
}

void
row_want(struct row *r, enum want want)
{
	r->want = want;
	r->intended = false;
	if (r->file != NULL && (want == WANT_CREATE || (want == WANT_PATCH && r->resend)))
		queue_put(&upload_queue, r);
	else
		queue_put(want == WANT_CREATE ? &r->table->creates : &queues[want], r);
}

/* The outcome of before, with the source as it is now: what is sent may be the same although the record changed. */
static void
repeat(struct row *r, uint64_t offset)
{
	static const char *const name[] = { "created", "updated", "unchanged", "matched", "rejected" };
	struct buf old = { 0 };
	struct json j = { 0 };
	const struct json_value *v;
	size_t i;

	journal_repeat(offset, &old);
	json_pad(&old);
	r->out.n = 0;
	buf_str(&r->out, "{\"_source\":");
	buf_add(&r->out, r->source.p, r->source.n);
	if (json_parse(&j, old.p, old.n) && (v = json_get(&j, "_source")) != NULL)
		buf_add(&r->out, v->p + v->n, (size_t)(old.p + old.n - v->p) - v->n);
	v = json_get(&j, "outcome");
	for (i = 0; i < OUT_REJECTED; i++)
		if (v != NULL && json_is(v, name[i]))
			r->outcome = (enum outcome)i;
	r->settled = true;
	json_free(&j);
	buf_free(&old);
}

void
row_route(struct row *r)
{
	struct known k = journal_find(r);
	bool open = k.state == KNOWN_INTENT_CREATE || k.state == KNOWN_INTENT_UPDATE;

	if (k.state == KNOWN_DONE && k.hash == r->hash) {
		repeat(r, k.offset);
		return;
	}
	r->ours = k.ours || open;
	if (open && (k.hash == r->hash || !k.ours))
		r->ask = ASK_UNKNOWN;		/* it may never have arrived */
	else
		r->ask = r->how == HOW_CREATE ? ASK_CHANGED : ASK_GIVEN;
	if (r->how == HOW_CLOSE) {
		row_want(r, open ? WANT_READ : WANT_ACTION);
	} else if (r->how == HOW_CREATE && !r->ours && r->table->there >= THERE_MANY) {
		r->ask = ASK_EXISTS;
		row_want(r, WANT_READ);
	} else {
		row_want(r, r->how == HOW_CREATE && !r->ours ? WANT_CREATE : WANT_READ);
	}
}
