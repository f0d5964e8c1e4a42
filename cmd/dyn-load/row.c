/*
 * One input line becomes one row: what is sent of it, where, and how it is
 * known again (its hash).  Nothing is sent from here.
 */
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "load.h"
#include "xalloc.h"

#define KEEP_LINE ((size_t)64 << 10)	/* a longer line's memory is given back */
#define KEEP_ROWS 4096

static char (*confirmed)[65];
static size_t confirmations;
static struct row *spare;
static size_t spares, held;

size_t
rows_held(void)
{
	return held;
}

static struct row *
row_new(const struct nd_in *in)
{
	struct row *r = spare;

	if (r != NULL) {
		spare = r->next;
		spares--;
		*r = (struct row){ .line = r->line, .cap = r->cap, .out = r->out };
		r->out.n = 0;
	} else {
		r = xcalloc(1, sizeof(*r));
	}
	if (r->cap < in->len + JSON_PAD) {
		r->cap = in->len + JSON_PAD;
		free(r->line);
		r->line = xmalloc(r->cap);
	}
	memcpy(r->line, in->line, in->len);
	memset(r->line + in->len, 0, JSON_PAD);
	r->len = in->len;
	r->lineno = in->lineno;
	r->parkedno = -1;
	held += r->len;
	return r;
}

void
row_free(struct row *r)
{
	held -= r->len;
	free(r->own);
	free(r->message);
	free(r->patch);
	if (r->file != NULL) {
		free(r->file->column);
		free(r->file->path);
		free(r->file);
	}
	if (spares >= KEEP_ROWS || r->cap > KEEP_LINE || r->out.cap > KEEP_LINE) {
		free(r->line);
		buf_free(&r->out);
		free(r);
		return;
	}
	r->next = spare;
	spare = r;
	spares++;
}

/* ---- confirmed maps ---- */

void
row_confirmed(const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0, n;

	if (f == NULL)
		err(EX_NOINPUT, "%s", path);
	while (getline(&line, &cap, f) != -1) {
		n = strspn(line, "0123456789abcdefABCDEF");
		if (n != 64 || (line[n] != '\0' && !isspace((unsigned char)line[n])))
			continue;
		confirmed = xreallocarray(confirmed, confirmations + 1, sizeof(*confirmed));
		memcpy(confirmed[confirmations], line, 64);
		confirmed[confirmations++][64] = '\0';
	}
	if (ferror(f))
		err(EX_IOERR, "%s", path);
	free(line);
	fclose(f);
}

static bool
is_confirmed(const struct json_value *map)
{
	size_t i;

	if (map == NULL || map->kind != JSON_STRING || map->n != 64)
		return false;
	for (i = confirmations; i-- > 0;)
		if (memcmp(confirmed[i], map->p, 64) == 0)
			return true;
	return false;
}

/* ---- the members ---- */

enum { M_TABLE, M_SOURCE, M_MAP, M_HOW, M_MATCH, M_ACTION, M_STATUS, M_STATECODE, M_STATUSCODE, M_FILE };

static struct json_names *
names(void)
{
	static struct json_names *n;

	if (n == NULL) {
		n = json_names_new();
		json_names_add(n, "_table");
		json_names_add(n, "_source");
		json_names_add(n, "_map");
		json_names_add(n, "_how");
		json_names_add(n, "_match");
		json_names_add(n, "_action");
		json_names_add(n, "_status");
		json_names_add(n, "statecode");
		json_names_add(n, "statuscode");
		json_names_add(n, "_file");
	}
	return n;
}

static bool
own_word(const struct json_value *key)
{
	return key->n > 0 && key->p[0] == '_';
}

/* The members to send: mostly one run of the line, else put together. */
static void
take_send(struct row *r, const struct json *j)
{
	const char *from = NULL, *p;
	const struct json_member *last = NULL;
	struct buf b = { 0 };
	size_t i, n, run = 0, runs = 0;

	for (i = 0; i < j->count; i++) {
		const struct json_member *m = &j->member[i];

		if (own_word(&m->key)) {
			run = 0;
			continue;
		}
		if (run++ == 0)
			runs++;
		if (from == NULL)
			from = m->key.p - 1;
		last = m;
		r->nested = r->nested || m->value.kind == JSON_OBJECT || m->value.kind == JSON_ARRAY;
	}
	json_raw(&last->value, &p, &n);	/* there is one at least: the id */
	r->send = from;
	r->sendlen = (size_t)(p + n - from);
	if (runs < 2)
		return;
	for (i = 0; i < j->count; i++) {
		if (own_word(&j->member[i].key))
			continue;
		if (b.n > 0)
			buf_char(&b, ',');
		json_put(&b, &j->member[i].key);
		buf_char(&b, ':');
		json_put(&b, &j->member[i].value);
	}
	json_pad(&b);
	r->send = r->own = b.p;
	r->sendlen = b.n;
}

static void
bad(struct row *r, const char *code, const char *message)
{
	row_reject(r, code, &(struct reason){ 0, code, message, "" });
}

/* The GUID in a binding ("/opportunities(<guid>)"). */
static bool
bound_id(const struct json_value *v, struct guid *id)
{
	const char *p;

	if (v == NULL || v->kind != JSON_STRING || v->n < GUID_TEXT + 2)
		return false;
	p = v->p + v->n - GUID_TEXT - 2;
	return p[0] == '(' && p[GUID_TEXT + 1] == ')' && guid_parse(p + 1, GUID_TEXT, id);
}

static bool
take_close(struct row *r, const struct json *j)
{
	const struct json_value *action = j->slot[M_ACTION];

	if (!json_is(action, "WinOpportunity") && !json_is(action, "LoseOpportunity")) {
		bad(r, "no-option", "_action must be WinOpportunity or LoseOpportunity");
		return false;
	}
	snprintf(r->action, sizeof(r->action), "%.*s", (int)action->n, action->p);
	if (!json_int(j->slot[M_STATUS], &r->action_status)) {
		bad(r, "missing-field", "_status must be the status code to close with (3 won; 4, 5 lost)");
		return false;
	}
	if (!bound_id(json_get(j, "opportunityid@odata.bind"), &r->opportunity)) {
		bad(r, "missing-field", "opportunityid@odata.bind must name the opportunity by its id");
		return false;
	}
	r->how = HOW_CLOSE;
	return true;
}

static bool
take_how(struct row *r, const struct json *j)
{
	const struct json_value *how = j->slot[M_HOW], *match = j->slot[M_MATCH];

	r->how = HOW_CREATE;
	if (j->slot[M_ACTION] != NULL && !json_null(j->slot[M_ACTION]))
		return take_close(r, j);
	if (json_null(how) || json_is(how, "new"))
		return true;
	if (json_is(how, "update")) {
		r->how = HOW_UPDATE;
		r->policy = POLICY_OVERWRITE;
		return true;
	}
	if (!json_is(how, "matched")) {
		bad(r, "no-option", "_how must be new, matched or update");
		return false;
	}
	r->how = HOW_MATCHED;
	if (json_null(match) || json_is(match, "fill")) {
		r->policy = POLICY_FILL;
	} else if (json_is(match, "overwrite")) {
		r->policy = POLICY_OVERWRITE;
	} else if (json_is(match, "leave")) {
		r->policy = POLICY_LEAVE;
	} else {
		bad(r, "no-option", "_match must be fill, overwrite or leave");
		return false;
	}
	return true;
}

/* The primary key; a close may have none of its own and is then known by its opportunity. */
static bool
take_id(struct row *r, const struct json *j)
{
	const struct json_value *key = json_get(j, r->table->key);
	char text[200];

	if (json_null(key)) {
		if (r->how == HOW_CLOSE) {
			r->id = r->opportunity;
			return r->has_id = true;
		}
		snprintf(text, sizeof(text), "%s, the id, is missing: the row must bring it along", r->table->key);
		bad(r, "missing-field", text);
		return false;
	}
	if (key->kind != JSON_STRING || !guid_parse(key->p, key->n, &r->id)) {
		snprintf(text, sizeof(text), "%s is no GUID", r->table->key);
		bad(r, "bad-id", text);
		return false;
	}
	return r->has_id = true;
}

static bool
take_source(struct row *r, const struct json *j)
{
	if (j->slot[M_SOURCE] == NULL || !json_member(j->slot[M_SOURCE], "id", &r->key) || r->key.kind != JSON_STRING) {
		r->key = (struct json_value){ 0 };
		bad(r, "missing-field", "_source must be {\"module\":…,\"id\":…,\"hash\":…}");
		return false;
	}
	r->source = *j->slot[M_SOURCE];
	return true;
}

static bool
take_file(struct row *r, const struct json *j)
{
	const struct json_value *v = j->slot[M_FILE];
	struct json_value column, path, sum, size;
	const char *holds;
	struct file *f;
	int64_t n;

	if (json_null(v))
		return true;
	if (!json_member(v, "column", &column) || !json_member(v, "path", &path) || !json_member(v, "sha256", &sum) ||
	    !json_member(v, "size", &size) || column.kind != JSON_STRING || path.kind != JSON_STRING || path.n == 0 ||
	    sum.kind != JSON_STRING || sum.n != 64 || !json_int(&size, &n) || n < 0) {
		bad(r, "missing-field", "_file must be {\"column\":…,\"path\":…,\"sha256\":…,\"size\":…}");
		return false;
	}
	f = r->file = xcalloc(1, sizeof(*f));
	f->column = json_strdup(&column);
	f->path = json_strdup(&path);
	memcpy(f->sha256, sum.p, 64);
	f->size = (uint64_t)n;
	holds = strcmp(r->table->name, "annotation") == 0 ? "documentbody" : strcmp(r->table->name, "activitymimeattachment") == 0 ? "body" : "";
	if (r->how == HOW_CREATE && f->path != NULL && f->column != NULL && strcmp(f->column, holds) == 0)
		return true;
	bad(r, "wrong-type", r->how != HOW_CREATE ? "a _file goes with a row that is created, no other" :
	    "_file names no column that holds files: annotation has documentbody, activitymimeattachment has body");
	return false;
}

static void
take_hash(struct row *r)
{
	static struct buf how;		/* reused; no state between rows */

	how.n = 0;
	buf_str(&how, r->table->name);
	buf_char(&how, ' ');
	buf_char(&how, (char)r->how);
	buf_char(&how, ' ');
	buf_uint(&how, (uint64_t)r->policy);
	buf_char(&how, ' ');
	buf_str(&how, r->action);
	buf_char(&how, ' ');
	buf_uint(&how, (uint64_t)r->action_status);
	if (r->file != NULL)		/* wherever it lies */
		buf_printf(&how, " %s %s %llu", r->file->column, r->file->sha256, (unsigned long long)r->file->size);
	r->hash = XXH3_64bits_withSeed(r->send, r->sendlen, XXH3_64bits(how.p, how.n));
}

/* An e-mail in state 6 (pending send) or 7 (sending) is sent by the platform: no history is. */
static bool
judge_email(struct row *r, const struct json *j)
{
	int64_t status = 0;

	if (strcmp(r->table->name, "email") != 0 || !json_int(j->slot[M_STATUSCODE], &status) || (status != 6 && status != 7))
		return true;
	bad(r, "refused", "statuscode 6 and 7 have the platform send this e-mail: nothing is sent to anybody by a migration");
	return false;
}

static bool
judge_state(struct row *r, const struct json *j)
{
	if (r->how != HOW_CREATE || (j->slot[M_STATECODE] == NULL && j->slot[M_STATUSCODE] == NULL))
		return true;
	bad(r, "refused", "rows are created open: statecode and statuscode are set later by a row with \"_how\":\"update\"");
	return false;
}

/* false: the run has to stop. */
static bool
fill(struct row *r, const struct json *j)
{
	const struct json_value *table = j->slot[M_TABLE];

	if (confirmed != NULL && !is_confirmed(j->slot[M_MAP])) {
		run_stop(EX_CONFIG, "line %llu: its map is not confirmed; nothing of it is sent "
		    "(confirm the map, by the hash that map-fields --print-hash prints)", (unsigned long long)r->lineno);
		return false;
	}
	if (!take_source(r, j))
		return true;
	if (json_null(table) || table->kind != JSON_STRING) {
		bad(r, "missing-field", "_table must name the table");
		return true;
	}
	if ((r->table = table_get(table->p, table->n)) == NULL) {
		run_stop(EX_CONFIG, "line %llu: the target has no table %.*s", (unsigned long long)r->lineno,
		    (int)table->n, table->p);
		return false;
	}
	if (!take_how(r, j) || !take_id(r, j) || !judge_state(r, j) || !judge_email(r, j) || !take_file(r, j))
		return true;
	take_send(r, j);
	take_hash(r);
	return true;
}

static void
reject_damaged(struct row *r, const struct nd_in *in, const struct json *j)
{
	char text[200];

	if (in->toolong)
		snprintf(text, sizeof(text), "the line is too long");
	else
		snprintf(text, sizeof(text), "byte %zu: %s", j->offset + 1, j->detail);
	bad(r, in->toolong ? "line-too-long" : j->error, text);
}

struct row *
row_make(const struct nd_in *in)
{
	static struct json j;		/* reused; no state between rows */
	struct row *r = row_new(in);

	j.names = names();
	if (in->toolong || !json_parse(&j, r->line, r->len)) {
		reject_damaged(r, in, &j);
		return r;
	}
	if (!fill(r, &j)) {
		row_free(r);
		return NULL;
	}
	return r;
}

/* ---- what became of it ---- */

static const char *const outcome_name[] = { "created", "updated", "unchanged", "matched", "rejected" };

static void
put_time(struct buf *b)
{
	static time_t last;
	static char text[32];
	time_t t = time(NULL);
	struct tm tm;

	if (t != last || text[0] == '\0')
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
	last = t;
	buf_str(b, text);
}

void
row_settle(struct row *r, enum outcome o, const struct reason *why, const char *version)
{
	struct buf *b = &r->out;
	char id[GUID_TEXT + 1] = "";

	b->n = 0;
	buf_str(b, "{\"_source\":");
	if (r->source.n > 0)
		buf_add(b, r->source.p, r->source.n);
	else
		buf_str(b, "{\"module\":\"\",\"id\":\"\",\"hash\":\"\"}");
	buf_str(b, ",\"table\":\"");
	buf_str(b, r->table != NULL ? r->table->name : "");
	buf_str(b, "\",\"id\":\"");
	if (r->has_id)
		guid_text(&r->id, id);
	buf_str(b, id);
	buf_str(b, "\",\"outcome\":\"");
	buf_str(b, outcome_name[o]);
	buf_str(b, "\",\"status\":");
	buf_uint(b, (uint64_t)why->status);
	buf_str(b, ",\"code\":");
	buf_json_str(b, why->code);
	buf_str(b, ",\"message\":");
	buf_json_str(b, why->message);
	buf_str(b, ",\"request\":");
	buf_json_str(b, why->request);
	buf_str(b, ",\"version\":");
	buf_json_str(b, version);
	buf_str(b, ",\"at\":\"");
	put_time(b);
	buf_str(b, "\"}");
	r->outcome = o;
	r->settled = true;
	r->durable = r->has_id ? journal_outcome(r) : 0;
}

static void
set_rejection(struct row *r, const char *code, const struct reason *why)
{
	r->reject = code;
	free(r->message);
	if (why->status != 0 && why->code[0] != '\0')
		r->message = xasprintf("%s: %s", why->code, why->message);
	else
		r->message = xstrdup(why->message);
}

void
row_reject(struct row *r, const char *code, const struct reason *why)
{
	set_rejection(r, code, why);
	row_settle(r, OUT_REJECTED, why, "");
}

/* The rejection stands in case the next try is no better; a journal that ends here says so too. */
void
row_park(struct row *r, const char *code, const struct reason *why)
{
	row_reject(r, code, why);
	r->parked = true;
}
