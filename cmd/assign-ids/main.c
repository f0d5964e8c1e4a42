/*
 * assign-ids - give every source record its target table and id
 *
 * stdin    source records of one module, one JSON object a line
 * stdout   ids.ndjson: one line for each record that has an id, in their order:
 *          module, key, table, id, how, rule
 * queue    ambiguous missing inactive
 * rejects  missing-field bad-id duplicate-id, and what the reader finds
 *
 * A duplicate is known only at the end, so the input is read first and the ids
 * are written afterwards; when something is to be rejected or queued, the input
 * is read once more (a pipe is kept in an unlinked temporary file for that).
 * Memory: some 70 bytes a record (keys of 7 digits) and what match.h says of
 * existing rows.
 */
#include <err.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "buf.h"
#include "cli.h"
#include "guid.h"
#include "json.h"
#include "keys.h"
#include "match.h"
#include "nd.h"
#include "record.h"
#include "reject.h"
#include "spool.h"
#include "usage.h"
#include "xalloc.h"

#define KEY_MAX 100		/* UTF-16 units of a source id: what sm_salesmate_id takes */
#define NOBODY UINT32_MAX

enum fate { NEW, MATCHED_ROW, EARLIER_ROW, BAD, DUPLICATE, QUEUE_AMBIGUOUS, QUEUE_MISSING, QUEUE_INACTIVE, QUEUE_SHARED };

static const char *const code[] = { [QUEUE_AMBIGUOUS] = "ambiguous", [QUEUE_MISSING] = "missing",
	[QUEUE_INACTIVE] = "inactive", [QUEUE_SHARED] = "ambiguous" };

/* A record, by its number in the input. */
struct rec {
	uint32_t line;
	uint32_t row;		/* of the target, where there is one */
	uint32_t other;		/* line of the record it collides with */
	uint8_t fate;
	bool elsewhere;		/* the row is one of --else */
	bool first;		/* the first with its key: the keys have it in this order */
	const char *rule;
};

struct assign {
	struct matcher *matcher, *other;	/* other: the rows of --else, NULL without */
	struct json j;
	struct record_path key_path;
	struct keys *keys;
	uint32_t *holder;	/* by key: its first record */
	uint32_t *claim;	/* by existing row: the first record that matched it */
	struct rec *rec;
	size_t count, room, holders;
	uint32_t fallback;	/* row, or NOBODY */
	off_t start;		/* of stdin */
	struct buf key, line;
	struct rej queue, rej;
	struct nd_out out;
};

static const char *module, *table, *namespace, *key_name = "id", *existing, *inactive, *fallback, *other_table, *other_existing;
static bool match_only;

/* The record's key in a->key; or a reject code, with *why. */
static const char *
take_key(struct assign *a, struct json_value *v, const char **why)
{
	size_t i;

	*v = (struct json_value){ .kind = JSON_NONE };
	record_at(&a->key_path, &a->j, v);
	switch (record_key(v, &a->key)) {
	case RECORD_BLANK:
		*why = "a record without a key cannot be found again: it needs one";
		return "missing-field";
	case RECORD_WRONG:
		*why = "the key must be a number or a text";
		return "bad-id";
	case RECORD_KEY:
		break;
	}
	*why = "the key is a whole number without sign, or a text of at most 100 characters";
	if (v->kind == JSON_STRING && (json_utf16(v) > KEY_MAX || memchr(a->key.p, '\0', a->key.n) != NULL))
		return "bad-id";
	for (i = 0; v->kind == JSON_NUMBER && i < v->n; i++)
		if (v->p[i] < '0' || v->p[i] > '9')
			return "bad-id";
	if (a->key.n == 1 && a->key.p[0] == '*')	/* the fallback's line */
		return "bad-id";
	return NULL;
}

static struct rec *
new_rec(struct assign *a, const struct nd_in *in)
{
	if (a->count == a->room) {
		a->room = a->room * 2 + 1024;
		a->rec = xreallocarray(a->rec, a->room, sizeof(*a->rec));
	}
	a->rec[a->count] = (struct rec){ .line = (uint32_t)in->lineno, .row = NOBODY, .rule = "computed" };
	return &a->rec[a->count++];
}

/* Whose key it is; false when another record had it before, which then is a duplicate too. */
static bool
hold_key(struct assign *a, struct rec *r)
{
	uint32_t i = keys_add(a->keys, a->key.p, a->key.n, &r->first);
	struct rec *old;

	if (i >= a->holders) {
		a->holders = a->holders * 2 + 1024;
		a->holder = xreallocarray(a->holder, a->holders, sizeof(*a->holder));
	}
	if (r->first) {
		a->holder[i] = (uint32_t)(r - a->rec);
		return true;
	}
	old = &a->rec[a->holder[i]];
	if (old->fate != DUPLICATE)
		old->other = r->line;
	old->fate = r->fate = DUPLICATE;
	r->other = old->line;
	return false;
}

/* A row that is to be written belongs to one record; users and the like may be shared. */
static void
claim_row(struct assign *a, struct rec *r)
{
	struct rec *old;

	if (match_only)
		return;
	if (a->claim[r->row] == NOBODY) {
		a->claim[r->row] = (uint32_t)(r - a->rec);
		return;
	}
	old = &a->rec[a->claim[r->row]];
	if (old->fate == MATCHED_ROW) {
		old->fate = QUEUE_SHARED;
		old->other = r->line;
	}
	r->fate = QUEUE_SHARED;
	r->other = old->line;
}

static void
read_record(struct assign *a, struct nd_in *in)
{
	struct rec *r = new_rec(a, in);
	struct json_value v;
	struct match m;
	const char *why;

	if (!record_parse(in, &a->j) || take_key(a, &v, &why) != NULL) {
		r->fate = BAD;
		return;
	}
	if (!hold_key(a, r))
		return;
	matcher_match(a->matcher, &a->j, a->key.p, a->key.n, &m);
	if (m.verdict == NO_MATCH && a->other != NULL) {
		matcher_match(a->other, &a->j, a->key.p, a->key.n, &m);
		r->elsewhere = m.verdict != NO_MATCH;
	}
	r->row = m.row;
	switch (m.verdict) {
	case NO_MATCH: r->fate = match_only ? QUEUE_MISSING : NEW; break;
	case OURS: r->fate = EARLIER_ROW; r->rule = m.rule; break;
	case MATCHED: r->fate = MATCHED_ROW; r->rule = m.rule; claim_row(a, r); break;
	case AMBIGUOUS: r->fate = QUEUE_AMBIGUOUS; break;
	case INACTIVE: r->fate = QUEUE_INACTIVE; break;
	}
}

static void
queue(struct assign *a, const struct nd_in *in, const struct rec *r)
{
	struct matcher *matcher = r->elsewhere ? a->other : a->matcher;
	const char *then = a->fallback != NOBODY ? "; until then it is the fallback's" : "", *of = r->elsewhere ? other_table : table;
	char one[GUID_TEXT + 1] = "", two[GUID_TEXT + 1] = "";
	struct match m;

	matcher_match(matcher, &a->j, a->key.p, a->key.n, &m);
	if (m.verdict != NO_MATCH)
		guid_text(matcher_id(matcher, m.row), one);
	if (m.verdict == AMBIGUOUS)
		guid_text(matcher_id(matcher, m.other), two);
	if (r->fate == QUEUE_AMBIGUOUS)
		rej_write(&a->queue, in, code[r->fate], NULL, NULL, "two rows of %s have the same %s: %s and %s: make one of them differ%s",
		    of, m.column, one, two, then);
	else if (r->fate == QUEUE_MISSING)
		rej_write(&a->queue, in, code[r->fate], NULL, NULL, "no row of %s%s%s matches: create it, or mend what is compared%s",
		    table, a->other != NULL ? " or " : "", a->other != NULL ? other_table : "", then);
	else if (r->fate == QUEUE_INACTIVE)
		rej_write(&a->queue, in, code[r->fate], NULL, NULL, "the only row of %s with this %s is disabled: %s: enable it%s",
		    of, m.column, one, then);
	else
		rej_write(&a->queue, in, code[r->fate], NULL, NULL, "row %s of %s matches the record of line %u too, by %s: make one of the two differ",
		    one, table, r->other, m.column);
}

/* A record that got no id of its own, in its own words. */
static void
set_aside(struct assign *a, struct nd_in *in, const struct rec *r)
{
	struct json_value v;
	const char *bad, *why = "";

	if (!record_parse(in, &a->j)) {
		rej_parse(&a->rej, in, &a->j);
		return;
	}
	bad = take_key(a, &v, &why);
	if (r->fate == BAD)
		rej_write(&a->rej, in, bad, key_name, &v, "%s", why);
	else if (r->fate == DUPLICATE)
		rej_write(&a->rej, in, "duplicate-id", key_name, &v, "the record of line %u has the same %s: keep one of the two",
		    r->other, key_name);
	else
		queue(a, in, r);
}

static bool
has_id(const struct assign *a, const struct rec *r)
{
	return r->fate <= EARLIER_ROW || (r->fate >= QUEUE_AMBIGUOUS && a->fallback != NOBODY);
}

/* Once more through the input, when something in it is to be set aside. */
static void
second_reading(struct assign *a)
{
	struct nd_in in;
	size_t i;

	for (i = 0; i < a->count && a->rec[i].fate <= EARLIER_ROW; i++)
		;
	if (i == a->count)
		return;
	spool_rewind(a->start);
	nd_open(&in, NULL);
	for (i = 0; nd_read(&in) && i < a->count; i++)
		if (a->rec[i].fate > EARLIER_ROW)
			set_aside(a, &in, &a->rec[i]);
	if (i != a->count || in.lineno < a->rec[i - 1].line)
		errx(EX_IOERR, "stdin: changed while it was read");
	nd_end(&in);
}

static void
put_id(struct assign *a, const char *key, size_t n, const char *of, const struct guid *id, const char *how, const char *rule)
{
	struct buf *b = &a->line;
	char text[GUID_TEXT + 1];

	guid_text(id, text);
	b->n = 0;
	buf_str(b, "{\"module\":");
	buf_json_str(b, module);
	buf_str(b, ",\"key\":");
	buf_json_string(b, key, n);
	buf_str(b, ",\"table\":");
	buf_json_str(b, of);
	buf_str(b, ",\"id\":\"");
	buf_str(b, text);
	buf_str(b, "\",\"how\":\"");
	buf_str(b, how);
	buf_str(b, "\",\"rule\":");
	buf_json_str(b, rule);
	buf_char(b, '}');
	nd_write(&a->out, b->p, b->n);
}

static void
write_id(struct assign *a, const struct rec *r, const char *key, size_t n)
{
	struct guid id = guid_make(namespace, module, key, n);

	if (r->fate == NEW)
		put_id(a, key, n, table, &id, "new", "computed");
	else if (r->elsewhere && r->fate <= EARLIER_ROW)
		put_id(a, key, n, other_table, matcher_id(a->other, r->row), "matched", r->rule);
	else if (r->fate == EARLIER_ROW && memcmp(&id, matcher_id(a->matcher, r->row), sizeof(id)) == 0)
		put_id(a, key, n, table, &id, "new", "computed");
	else if (r->fate == EARLIER_ROW || r->fate == MATCHED_ROW)
		put_id(a, key, n, table, matcher_id(a->matcher, r->row), "matched", r->rule);
	else
		put_id(a, key, n, table, matcher_id(a->matcher, a->fallback), "fallback", code[r->fate]);
}

/* The keys are walked beside the records: the first record of each key holds the next one. */
static uint64_t
write_ids(struct assign *a)
{
	const char *key;
	size_t i, n, at = 0;
	uint64_t records;

	for (i = 0; i < a->count; i++) {
		if (!a->rec[i].first || !keys_next(a->keys, &at, &key, &n))
			continue;
		if (has_id(a, &a->rec[i]))
			write_id(a, &a->rec[i], key, n);
	}
	records = a->out.count;
	if (a->fallback != NOBODY)
		put_id(a, "*", 1, table, matcher_id(a->matcher, a->fallback), "fallback", "unknown");
	return records;
}

/* The row that stands in for what is not found. */
static uint32_t
find_fallback(struct assign *a)
{
	struct match m;

	matcher_value(a->matcher, fallback, &m);
	if (m.verdict == MATCHED)
		return m.row;
	errx(EX_CONFIG, "--fallback %s: %s of %s in %s has this value", fallback,
	    m.verdict == NO_MATCH ? "no row" : m.verdict == INACTIVE ? "only a disabled row" : "more than one row", table,
	    existing);
}

/* From here on --existing and --match are those of another table. */
static void
begin_other(struct assign *a, const char *name)
{
	if (a->other != NULL || *name == '\0')
		cli_usage(usage);
	other_table = name;
	a->other = matcher_new(a->j.names);
}

static void
options(int argc, char *argv[], struct assign *a)
{
	static const struct option longopts[] = {
		{ "module", required_argument, NULL, 'm' }, { "table", required_argument, NULL, 't' },
		{ "namespace", required_argument, NULL, 'n' }, { "key", required_argument, NULL, 'k' },
		{ "match", required_argument, NULL, 'M' }, { "existing", required_argument, NULL, 'e' },
		{ "match-only", no_argument, NULL, 'o' }, { "inactive", required_argument, NULL, 'i' },
		{ "fallback", required_argument, NULL, 'f' }, { "else", required_argument, NULL, 'E' }, { "queue", required_argument, NULL, 'q' },
		{ "rejects", required_argument, NULL, 'r' }, { NULL, 0, NULL, 0 }
	};
	const char *rejects = NULL, *queuefile = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "r:", longopts, NULL)) != -1) {
		switch (c) {
		case 'm': module = optarg; break;
		case 't': table = optarg; break;
		case 'n': namespace = optarg; break;
		case 'k': key_name = optarg; break;
		case 'M': matcher_rule(a->other != NULL ? a->other : a->matcher, optarg); break;
		case 'e': *(a->other != NULL ? &other_existing : &existing) = optarg; break;
		case 'E': begin_other(a, optarg); break;
		case 'o': match_only = true; break;
		case 'i': inactive = optarg; break;
		case 'f': fallback = *optarg != '\0' ? optarg : NULL; break;
		case 'q': queuefile = optarg; break;
		case 'r': rejects = optarg; break;
		default: cli_usage(usage);
		}
	}
	if (optind < argc || module == NULL || table == NULL || namespace == NULL || *module == '\0' || *table == '\0' ||
	    *namespace == '\0' || *key_name == '\0')
		cli_usage(usage);
	if ((matcher_rules(a->matcher) > 0 || match_only || inactive != NULL || fallback != NULL) && existing == NULL)
		errx(EX_USAGE, "--match, --match-only, --inactive and --fallback need --existing F");
	if (match_only && matcher_rules(a->matcher) == 0)
		errx(EX_USAGE, "--match-only needs --match");
	if (a->other != NULL && (!match_only || other_existing == NULL || matcher_rules(a->other) == 0))
		errx(EX_USAGE, "--else is for --match-only, and needs --existing F and --match of its own behind it");
	if (fallback != NULL && !match_only)
		errx(EX_USAGE, "--fallback is for --match-only: elsewhere it would write many records into one row");
	rej_open(&a->rej, "assign-ids", rejects);
	rej_open(&a->queue, "assign-ids", queuefile);
}

static void
begin(struct assign *a)
{
	uint32_t i;

	record_path(&a->key_path, a->j.names, key_name);
	a->keys = keys_new();
	a->fallback = NOBODY;
	if (existing != NULL) {
		matcher_load(a->matcher, existing, table, inactive);
		a->claim = xreallocarray(NULL, matcher_rows(a->matcher) + 1, sizeof(*a->claim));
		for (i = 0; i < matcher_rows(a->matcher); i++)
			a->claim[i] = NOBODY;
	}
	if (a->other != NULL)
		matcher_load(a->other, other_existing, other_table, NULL);
	if (fallback != NULL)
		a->fallback = find_fallback(a);
	a->start = spool_stdin();
}

int
main(int argc, char *argv[])
{
	static struct assign a;
	struct nd_in in;
	uint64_t out;

	cli_start(argc, argv, usage);
	a.j.names = json_names_new();
	a.matcher = matcher_new(a.j.names);
	options(argc, argv, &a);
	begin(&a);
	nd_open(&in, NULL);
	while (nd_read(&in))
		read_record(&a, &in);
	nd_end(&in);
	second_reading(&a);
	nd_create(&a.out, NULL);
	out = write_ids(&a);
	rej_close(&a.queue);
	rej_close(&a.rej);
	nd_close(&a.out);
	if (a.fallback != NOBODY)
		fprintf(stderr, "assign-ids: %llu queued, and the fallback's until then\n", (unsigned long long)a.queue.count);
	return rej_sum("assign-ids", in.count, out, &a.rej, a.fallback == NOBODY ? &a.queue : NULL, NULL);
}
