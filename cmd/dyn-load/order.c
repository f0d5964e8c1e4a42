/*
 * Outcomes leave in input order, whatever order answers come in.
 *
 * A ring holds the rows between the oldest without a shown outcome and the
 * newest read.  Its head is written once it is settled and its outcome is on
 * disk in the journal.  A head that is parked (what it refers to is not there
 * yet) must not hold up the rest: from then on outcomes go to a temporary file
 * with a hole for each parked row, and the parked lines to another.  When the
 * input has ended the parked rows are tried again, forwards and backwards in
 * turn (a chain may run either way), until two passes have brought none of
 * them further; then the holes are filled and the file is written out.
 *
 * Memory: the ring, and 32 bytes a parked row.  Disk: the lines of the parked
 * rows, and all outcomes after the first of them.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "load.h"
#include "xalloc.h"

struct parked {
	uint64_t line;			/* offset in the file of lines */
	uint64_t outcome;		/* offset in the file of its outcomes + 1; 0: none yet */
	uint64_t lineno;
	bool settled;
};

uint64_t count_out[OUT_REJECTED + 1];

static const char *input;
static struct rej *rejects;
static struct nd_out *out;
static struct row **ring;
static size_t size, head, held_rows;	/* size is a power of two */

static FILE *later, *lines, *outcomes;	/* what waits; parked lines; what became of them */
static struct parked *parked;
static size_t parks, taken;		/* taken: of this pass */
static size_t settled_before;		/* when this pass began */
static unsigned passes, idle_passes;

void
order_open(const char *name, struct rej *r, struct nd_out *o)
{
	input = name;
	rejects = r;
	out = o;
	size = 1024;
	ring = xcalloc(size, sizeof(*ring));
}

void
order_add(struct row *r)
{
	struct row **bigger;
	size_t i;

	if (held_rows == size) {
		bigger = xcalloc(size * 2, sizeof(*bigger));
		for (i = 0; i < held_rows; i++)
			bigger[i] = ring[(head + i) & (size - 1)];
		free(ring);
		ring = bigger;
		head = 0;
		size *= 2;
	}
	ring[(head + held_rows++) & (size - 1)] = r;
}

size_t
order_held(void)
{
	return held_rows;
}

bool
order_head(const struct row *r)
{
	return held_rows > 0 && ring[head] == r;
}

bool
order_blocked(void)
{
	return held_rows > 0 && ring[head]->settled && ring[head]->durable > journal_durable();
}

/* ---- temporary files: a length, then the bytes ---- */

static FILE *
temporary(void)
{
	FILE *f = tmpfile();

	if (f == NULL)
		err(EX_CANTCREAT, "a temporary file");
	return f;
}

static uint64_t
put_block(FILE *f, const char *p, size_t n)
{
	off_t at = ftello(f);

	if (at < 0 || fwrite(&n, sizeof(n), 1, f) != 1 || fwrite(p, 1, n, f) != n)
		err(EX_IOERR, "a temporary file");
	return (uint64_t)at;
}

static bool
get_block(FILE *f, struct buf *b)
{
	size_t n;

	b->n = 0;
	if (fread(&n, sizeof(n), 1, f) != 1) {
		if (ferror(f))
			err(EX_IOERR, "a temporary file");
		return false;
	}
	buf_room(b, n + JSON_PAD);
	if (fread(b->p, 1, n, f) != n)
		err(EX_IOERR, "a temporary file");
	b->n = n;
	json_pad(b);
	return true;
}

static void
seek(FILE *f, uint64_t at, int whence)
{
	if (fseeko(f, (off_t)at, whence) != 0)
		err(EX_IOERR, "a temporary file");
}

/* ---- the head of the ring ---- */

static void
write_reject(const struct row *r)
{
	struct nd_in in = { .name = input, .lineno = r->lineno, .line = r->line, .len = r->len };

	in.toolong = strcmp(r->reject, "line-too-long") == 0;
	if (!rejects->open)
		nd_flush(out);
	rej_write(rejects, &in, r->reject, NULL, NULL, "%s", r->message);
}

static void
show(const char *p, size_t n)
{
	if (later == NULL) {
		nd_write(out, p, n);
		return;
	}
	put_block(later, p, n);
}

/* The row goes to the file of lines; a hole stays where its outcome belongs. */
static void
park(const struct row *r)
{
	if (later == NULL) {
		later = temporary();
		lines = temporary();
		outcomes = temporary();
	}
	if ((parks & (parks - 1)) == 0)
		parked = xreallocarray(parked, parks == 0 ? 1 : parks * 2, sizeof(*parked));
	parked[parks++] = (struct parked){ .line = put_block(lines, r->line, r->len), .lineno = r->lineno };
	put_block(later, "", 0);
}

/* A row that was tried again: its last outcome is kept until all are known. */
static void
note_again(const struct row *r)
{
	struct parked *p = &parked[r->parkedno];

	p->settled = !r->parked;
	seek(outcomes, 0, SEEK_END);
	p->outcome = put_block(outcomes, r->out.p, r->out.n) + 1;
	put_block(outcomes, r->reject != NULL ? r->reject : "", r->reject != NULL ? strlen(r->reject) : 0);
	put_block(outcomes, r->message != NULL ? r->message : "", r->message != NULL ? strlen(r->message) : 0);
	put_block(outcomes, (const char *)&r->outcome, sizeof(r->outcome));
}

void
order_advance(void)
{
	struct row *r;

	while (held_rows > 0 && ring[head]->settled && ring[head]->durable <= journal_durable()) {
		r = ring[head];
		if (r->parkedno >= 0) {
			note_again(r);
		} else if (r->parked) {
			park(r);
		} else {
			count_out[r->outcome]++;
			show(r->out.p, r->out.n);
			if (r->outcome == OUT_REJECTED)
				write_reject(r);
		}
		head = (head + 1) & (size - 1);
		held_rows--;
		row_free(r);
		if (held_rows == 0)
			failpoint();
	}
}

/* ---- parked rows ---- */

static size_t
count_settled(void)
{
	size_t i, n = 0;

	for (i = 0; i < parks; i++)
		n += parked[i].settled;
	return n;
}

/* The next parked row of this pass that is not settled; parks if there is none. */
static size_t
next_unsettled(void)
{
	size_t i;

	for (; taken < parks; taken++) {
		i = passes % 2 == 0 ? taken : parks - 1 - taken;
		if (!parked[i].settled)
			return i;
	}
	return parks;
}

struct row *
order_parked(void)
{
	static struct buf line;
	struct nd_in in = { .name = input };
	struct row *r;
	size_t n, i;

	while ((i = next_unsettled()) == parks) {
		n = count_settled();
		if (held_rows > 0 || n == parks)
			return NULL;
		idle_passes = n == settled_before ? idle_passes + 1 : 0;
		if (idle_passes == 2)
			return NULL;
		settled_before = n;
		passes++;
		taken = 0;
	}
	taken++;
	seek(lines, parked[i].line, SEEK_SET);
	if (!get_block(lines, &line))
		errx(EX_IOERR, "a temporary file: too short");
	in.line = line.p;
	in.len = line.n;
	in.lineno = parked[i].lineno;
	if ((r = row_make(&in)) != NULL)
		r->parkedno = (int64_t)i;
	return r;
}

static void
fill_hole(const struct parked *p, struct buf *b)
{
	struct row r = { .lineno = p->lineno };
	struct buf code = { 0 }, message = { 0 }, raw = { 0 };

	seek(outcomes, p->outcome - 1, SEEK_SET);
	get_block(outcomes, b);
	get_block(outcomes, &code);
	get_block(outcomes, &message);
	get_block(outcomes, &raw);
	memcpy(&r.outcome, raw.p, sizeof(r.outcome));
	nd_write(out, b->p, b->n);
	count_out[r.outcome]++;
	if (r.outcome == OUT_REJECTED) {
		seek(lines, p->line, SEEK_SET);
		get_block(lines, &raw);
		buf_nul(&code);
		buf_nul(&message);
		r.line = raw.p;
		r.len = raw.n;
		r.reject = code.p;
		r.message = message.p;
		write_reject(&r);
	}
	buf_free(&code);
	buf_free(&message);
	buf_free(&raw);
}

void
order_finish(void)
{
	struct buf b = { 0 };
	size_t i = 0;

	if (later == NULL)
		return;
	rewind(later);
	while (get_block(later, &b)) {
		if (b.n > 0)
			nd_write(out, b.p, b.n);
		else
			fill_hole(&parked[i++], &b);
	}
	buf_free(&b);
	fclose(later);
	fclose(lines);
	fclose(outcomes);
	free(parked);
}
