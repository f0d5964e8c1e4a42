/*
 * load - what the parts of dyn-load share
 *
 * A row is read (row.c), sent to a queue by what is known of it (route.c),
 * packed with others into a batch (batch.c; one with a file alone, upload.c), sent when a worker is free
 * (pace.c), joined with its answer (answer.c, multipart.c), judged where the
 * target has to be asked or compared (settle.c, compare.c), and written out in
 * input order (order.c).  What happened and what is about to happen is in the
 * journal (journal.c).  main.c holds the loop.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "dyn.h"
#include "guid.h"
#include "json.h"
#include "nd.h"
#include "reject.h"

enum form { FORM_AUTO, FORM_BULK, FORM_PARTS, FORM_SINGLE };
enum how { HOW_CREATE = 'c', HOW_UPDATE = 'u', HOW_MATCHED = 'm', HOW_CLOSE = 'a' };
enum policy { POLICY_LEAVE, POLICY_FILL, POLICY_OVERWRITE };
enum want { WANT_CREATE, WANT_READ, WANT_PATCH, WANT_ACTION, WANTS };
enum outcome { OUT_CREATED, OUT_UPDATED, OUT_UNCHANGED, OUT_MATCHED, OUT_REJECTED };

/* Why a row is read before anything else is done with it. */
enum ask {
	ASK_EXISTS,		/* a create was refused, or would be: a row with this id is there */
	ASK_UNKNOWN,		/* sent, and nobody knows what became of it */
	ASK_CHANGED,		/* loaded before with other contents */
	ASK_GIVEN		/* an update or a matched row: it must be there */
};

struct options {
	const char *journal, *rejects, *confirmed, *org;
	size_t batch;			/* rows a call, to begin with */
	bool batch_fixed;		/* --batch was given: never more than that */
	unsigned workers;		/* most requests in the air; 0: what the service advises */
	unsigned retries;		/* unusable answers in a row before the run ends */
	enum form form;
	bool progress;
	const char *header[8];		/* of section 8, for every write; NULL-terminated */
};
#define TRIES_ERROR 4			/* of a row that the service answers with 500 */
#define TRIES_MAX 25			/* of a row whose fate stays unknown, or that meets deadlocks */

extern struct options options;

struct file {				/* _file: what a row brings along */
	char *column, *path;
	char sha256[65];
	uint64_t size;
};

struct queue {
	struct row *first, **last;
	size_t n;
};

/* ---- table.c: what the service says about a table ---- */

struct column {
	char *name;
	bool update, read;
};

struct navigation {
	char *name, *attribute;
};

struct table {
	struct table *next;
	char *name, *set, *key;
	bool bulk;			/* CreateMultiple is there; judged once */
	bool probed;
	size_t size;			/* rows a call, now */
	unsigned good;			/* calls that went well since size was last changed */
	size_t there;			/* rows in a row that were to be created and were there already */
	struct queue creates;
	bool described;			/* the rest is filled */
	struct column *column;		/* sorted by name */
	size_t columns;
	struct navigation *navigation;	/* sorted by name */
	size_t navigations;
};
extern struct table *tables;
extern struct dyn *asking;		/* the session for questions that are waited for */
struct table *table_get(const char *name, size_t n);	/* asks the service the first time; NULL: it has no such table */
void table_probe(struct table *t);
void table_describe(struct table *t);
const struct column *table_column(const struct table *t, const char *name, size_t n);
const struct navigation *table_navigation(const struct table *t, const char *name, size_t n);
void table_worked(struct table *t, size_t n);		/* a call of n rows went well */
void table_shrink(struct table *t, size_t n);		/* one of n rows was too much */
void table_grow(void);				/* fewer, larger calls */

/* ---- row.c ---- */

struct row {
	struct row *next;		/* in a queue */
	uint64_t lineno;
	char *line;			/* the whole line; JSON_PAD readable bytes follow */
	size_t len, cap;
	const char *send;		/* its sendable members, without braces: a span of line, or own */
	size_t sendlen;
	char *own;
	bool nested;			/* has objects or arrays (parties): never in a bulk message */
	struct json_value source, key;	/* _source, _source.id */
	char action[32];		/* WinOpportunity, LoseOpportunity */
	int64_t action_status;
	struct file *file;		/* NULL: none */
	bool resend;			/* the patch takes the file along */
	unsigned restarts;		/* of the upload */
	struct table *table;
	struct guid id;			/* the row's; of a close without activityid the opportunity's */
	struct guid opportunity;	/* what a close closes */
	bool has_id;			/* false: damaged line, no outcome beyond its rejection */
	enum how how;
	enum policy policy;
	uint64_t hash;			/* of what would be sent and how */

	enum want want;
	enum ask ask;
	bool intended;			/* its intent to want is in the journal */
	bool ours;			/* the journal knows it */
	bool alone;			/* answers about it were in doubt: one request for itself */
	bool asked;			/* the target has been asked since the last refusal */
	unsigned tries;
	char *patch;			/* what WANT_PATCH sends */
	size_t patchlen;
	char etag[64];			/* of the row as read; If-Match of the patch */

	bool settled, parked;
	int64_t parkedno;		/* when fed again from the park file, else -1 */
	enum outcome outcome;
	const char *reject;		/* code of the closed list */
	char *message;			/* of a rejection */
	struct buf out;			/* the outcome line */
	uint64_t durable;		/* journal position that must be on disk before it is shown */
};

void row_confirmed(const char *path);			/* reads the list of confirmed maps */
struct row *row_make(const struct nd_in *in);		/* reads and judges one line; a bad one comes back settled; NULL: the run has to stop */
void row_free(struct row *r);
size_t rows_held(void);					/* bytes of all lines in memory */

struct reason {				/* an answer, or a judgement of our own */
	int status;
	const char *code;		/* the service's, or a reject code; "" if none */
	const char *message;
	const char *request;		/* REQ_ID */
};
void row_settle(struct row *r, enum outcome o, const struct reason *why, const char *version);
void row_reject(struct row *r, const char *code, const struct reason *why);
void row_park(struct row *r, const char *code, const struct reason *why);	/* later once more; a second time it is rejected */

/* ---- route.c: where a row's next step is done ---- */

void queue_put(struct queue *q, struct row *r);
struct row *queue_take(struct queue *q);
void row_route(struct row *r);				/* a new row, by what the journal knows of it */
void row_want(struct row *r, enum want want);		/* to the queue of that step */
extern struct queue queues[WANTS];			/* WANT_CREATE: unused, creates wait in their tables */

/* ---- journal.c ---- */

struct known {
	enum { KNOWN_NOTHING, KNOWN_INTENT_CREATE, KNOWN_INTENT_UPDATE, KNOWN_DONE, KNOWN_REJECTED } state;
	bool ours;			/* written by us at some time */
	uint64_t hash;
	uint64_t offset;		/* of the outcome's entry */
};
void journal_open(const char *path);			/* locks, reads, drops a torn end */
const char *journal_organization(void);			/* "" for a new one */
void journal_begin(const char *organization);
struct known journal_find(const struct row *r);
void journal_repeat(uint64_t offset, struct buf *out);	/* the outcome line of that entry */
void journal_intent(const struct row *r);
void journal_before(const struct row *r, const char *version, const struct buf *columns);
uint64_t journal_outcome(const struct row *r);		/* position after the entry */
bool journal_dirty(void);
void journal_sync(void);
uint64_t journal_durable(void);
void journal_close(void);
void failpoint(void);			/* where a kill must do no harm: around syncs, after answers, after output */

/* ---- batch.c ---- */

struct batch {
	struct batch *next;
	enum form form;			/* never FORM_AUTO */
	enum want want;
	struct row **row;
	size_t n, cap;
	struct buf body;
	struct buf path;		/* relative to the root */
	char type[80];
	const char *method;
	char if_match[80];		/* header of a single PATCH; "" if none */
	unsigned fails;			/* answers that named a missing row */
	struct client *client;		/* who sends it, while it is in the air */
	struct upload *upload;		/* of a row with a file; NULL: none */
};
struct batch *batch_new(enum form form, enum want want);
void batch_add(struct batch *b, struct row *r);
void batch_pack(struct batch *b);			/* notes intents, builds path, type and body */
void batch_split(struct batch *b, enum form form);	/* its rows in two halves (one: as it is) to the front of the ready ones; frees b */
void batch_again(struct batch *b, enum form form);	/* the same rows once more, before all others */
void batch_free(struct batch *b);
struct batch *batch_next(bool rest);			/* the next one from the queues, intents noted; NULL: nothing to send */
void batch_path(struct batch *b);			/* of its one row */

/* ---- pace.c: who may send what when ---- */

void pace_room(size_t users);	/* no more workers than descriptors; too few for one: 78 */
void pace_open(void);
void pace_ready(struct batch *b, bool front);		/* a packed batch waits for a worker */
bool pace_hungry(void);					/* more batches are needed */
bool pace_idle(void);					/* nothing is in the air or ready */
size_t pace_active(void);
size_t pace_window(void);				/* batches that may exist at once */
void pace_send(void);
void pace_wait(void);
void pace_good(struct client *c, struct http *h);
void pace_throttled(struct client *c, const char *code, long retry_after);
void pace_trouble(struct client *c, const char *what);	/* no or no usable answer: pause, in the end stop with 75 */
bool pace_token(struct client *c);			/* a token was refused: false if that is no accident any more */
void pace_jitter(struct client *c);			/* a deadlock: a short pause of random length */
double pace_seconds_held(void);
unsigned pace_workers(void);
const char *pace_root(void);
double pace_now(void);
void pace_close(void);

/* ---- multipart.c ---- */

struct part {
	int status;			/* 0: unreadable */
	long content_id;		/* -1 if none */
	struct guid id;			/* of OData-EntityId or Location */
	bool has_id;
	long retry_after;
	char request[40];
	const char *type, *body;
	size_t typelen, n;
};
size_t parts_read(const char *type, const char *body, size_t n, struct part **parts);	/* caller frees; 0: no multipart */

/* ---- answer.c ---- */

enum verdict {
	SAID_OK, SAID_ROW, SAID_THROTTLE, SAID_RETRY, SAID_UNKNOWN, SAID_TOO_MUCH, SAID_EXISTS, SAID_ABSENT,
	SAID_VERSION, SAID_CLOSED, SAID_STOP, SAID_TOKEN
};
http_done answer_done;
void answer_unknown(struct row *r, const char *what);	/* sent, and nobody knows what became of it */
void answer_row(struct row *r, struct client *c, enum verdict v, const struct http_answer *a, const struct reason *why);
enum verdict verdict(int status, const char *code, const char *message);

/* ---- upload.c: rows with files ---- */

extern struct queue upload_queue;
struct batch *upload_next(void);			/* the next such row's first request, its intent noted; NULL: none, or enough are under way */
void upload_answer(struct batch *b, struct http *h, enum verdict v, const struct http_answer *a, const struct reason *why);
void upload_lost(struct batch *b, bool sent, const char *what);
bool upload_blocks(const struct row *r);		/* its file goes in blocks */
bool upload_fixed(const struct row *r);			/* and can be made that way, not replaced */

/* ---- settle.c: after the target was asked ---- */

void settle_read(struct row *r, const char *body, size_t n, const char *request);
void settle_absent(struct row *r, const struct reason *why);

/* ---- compare.c ---- */

void compare_select(struct buf *path, struct row *r);		/* "?$select=..." for reading what the row would write */
/* Members of the row that differ from the row as read, to patch; what they replace, to before (both without braces). */
void compare_rows(struct row *r, const struct json *target, bool only_empty, struct buf *patch, struct buf *before);

/* ---- order.c ---- */

void order_open(const char *name, struct rej *rejects, struct nd_out *out);
void order_add(struct row *r);
size_t order_held(void);		/* rows not yet written */
bool order_head(const struct row *r);	/* it is the one all others wait for */
bool order_blocked(void);		/* the head is settled and waits only for the journal to be on disk */
void order_advance(void);
struct row *order_parked(void);		/* the next parked row to try again; NULL: none is left */
void order_finish(void);		/* writes what waited for parked rows */
extern uint64_t count_out[OUT_REJECTED + 1];

/* ---- main.c ---- */

void run_stop(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));	/* finish what is in the air, then exit with code */
bool run_stopping(void);

/* ---- help.c ---- */

const char *help_text(void);

/* ---- progress.c ---- */

void progress_open(bool wanted, const struct nd_in *in);
void progress_show(bool final);
void progress_clear(void);		/* before another line on stderr */

#endif
