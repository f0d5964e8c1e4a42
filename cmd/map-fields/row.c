/*
 * One record to one row.
 *
 * Nothing is allocated: values are spans of the line, the row and what is put
 * together on the way live in buffers that are kept from record to record.
 */
#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "address.h"
#include "map.h"
#include "xalloc.h"

#define PROBLEMS_MAX 24		/* findings listed of one record */

struct reference {
	struct json_value all;			/* kind JSON_NONE: the record has no such reference */
	struct json_value table, id, how;
	struct json_value value;		/* of one without a row: its own text */
};

struct work {
	struct map *m;
	const struct json *j;
	struct buf *row;
	struct reference self;
	struct reference *ref;
	struct problem problem[PROBLEMS_MAX];
	size_t problems;
	struct buf text;		/* of join and jq */
	struct buf html;		/* of html and plain */
	struct buf judged;		/* of _only and _check: what is not written */
	struct parties *parties;
};

enum got { GOT_NOTHING, GOT_VALUE, GOT_PROBLEM };

static struct problem *
new_problem(struct work *w, const char *field, const char *target)
{
	struct problem *p = &w->problem[w->problems < PROBLEMS_MAX ? w->problems : PROBLEMS_MAX - 1];

	p->field = field;
	p->target = target;
	p->value = (struct json_value){ 0 };
	return p;
}

static void
keep_problem(struct work *w)
{
	if (w->problems < PROBLEMS_MAX)
		w->problems++;
}

/* What resolve-ids wrote: names, tables and ids that need no escapes. */
static bool
same(const struct json_value *v, const char *text, size_t n)
{
	return v->n == n && memcmp(v->p, text, n) == 0;
}

static void
read_reference(const struct json_value *v, struct reference *r)
{
	struct json_iter it = json_iter(v);
	struct json_value key, inner;

	*r = (struct reference){ .all = *v };
	while (v->kind == JSON_OBJECT && json_next(&it, &key, &inner)) {
		if (inner.kind != JSON_STRING)
			continue;
		if (same(&key, "table", 5))
			r->table = inner;
		else if (same(&key, "id", 2))
			r->id = inner;
		else if (same(&key, "how", 3))
			r->how = inner;
		else if (same(&key, "value", 5))
			r->value = inner;
	}
}

static void
read_references(struct work *w)
{
	const struct json_value *v = w->j->slot[w->m->ref_slot];
	struct json_iter it = json_iter(v);
	struct json_value key, inner;
	size_t i;

	w->self = (struct reference){ 0 };
	memset(w->ref, 0, w->m->refs * sizeof(*w->ref));
	while (json_next(&it, &key, &inner)) {
		if (same(&key, "self", 4))
			read_reference(&inner, &w->self);
		for (i = 0; i < w->m->refs; i++)
			if (same(&key, w->m->ref[i].p, w->m->ref[i].n))
				read_reference(&inner, &w->ref[i]);
	}
}

/*
 * The source record's hash: XXH3, 128 bits, of "{", its members as they stand
 * but those whose names begin with "_", and "}".  For a record that only had
 * _ref added at its end this is the hash of the line it was extracted as.
 */
static void
hash_record(const struct json *j, char hex[33])
{
	XXH3_state_t state;
	XXH128_canonical_t c;
	const char *from = NULL, *to = NULL, *p;
	size_t i, n;
	bool first = true;

	XXH3_128bits_reset(&state);
	XXH3_128bits_update(&state, "{", 1);
	for (i = 0; i <= j->count; i++) {
		if (i < j->count && !(j->member[i].key.n > 0 && j->member[i].key.p[0] == '_')) {
			if (from == NULL)
				from = j->member[i].key.p - 1;
			json_raw(&j->member[i].value, &p, &n);
			to = p + n;
		} else if (from != NULL) {
			if (!first)
				XXH3_128bits_update(&state, ",", 1);
			first = false;
			XXH3_128bits_update(&state, from, (size_t)(to - from));
			from = NULL;
		}
	}
	XXH3_128bits_update(&state, "}", 1);
	XXH128_canonicalFromHash(&c, XXH3_128bits_digest(&state));
	for (i = 0; i < 16; i++) {
		hex[2 * i] = "0123456789abcdef"[c.digest[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[c.digest[i] & 15];
	}
}

/* The field's value; GOT_NOTHING for a blank one. */
static enum got
field_value(struct work *w, const struct field *f, const char *target, struct json_value *v)
{
	const struct json_value *top = w->j->slot[f->slot];

	if (top == NULL || top->kind == JSON_NULL)
		return GOT_NOTHING;
	*v = *top;
	if (f->below != NULL && top->kind != JSON_OBJECT) {
		if (value_blank(top))
			return GOT_NOTHING;
		problem_say(new_problem(w, f->path, target), "wrong-type", "%s is no object, so it has no %s", f->top, f->below);
		keep_problem(w);
		return GOT_PROBLEM;
	}
	if (f->below != NULL && !json_path(top, f->below, v))
		return GOT_NOTHING;
	return value_blank(v) ? GOT_NOTHING : GOT_VALUE;
}

static enum got
join_value(struct work *w, const struct rule *r, struct json_value *v)
{
	struct json_value part;
	enum got got;
	size_t i;

	w->text.n = 0;
	*v = (struct json_value){ .kind = JSON_STRING, .ascii = true };
	for (i = 0; i < r->fields; i++) {
		if ((got = field_value(w, &r->field[i], r->target, &part)) == GOT_PROBLEM)
			return got;
		if (got == GOT_NOTHING)
			continue;
		if (part.kind == JSON_OBJECT || part.kind == JSON_ARRAY) {
			problem_say(new_problem(w, r->field[i].path, r->target), "wrong-type", "an object or a list cannot be joined; name one of its members");
			keep_problem(w);
			return GOT_PROBLEM;
		}
		if (w->text.n > 0)
			put(&w->text, r->separator.p, r->separator.n);
		put(&w->text, part.p, part.n);
		v->ascii = v->ascii && (part.ascii || part.kind != JSON_STRING);
	}
	v->p = w->text.p;
	v->n = w->text.n;
	v->escaped = w->text.n > 0 && memchr(v->p, '\\', v->n) != NULL;
	if (v->ascii)
		for (i = 0; i < r->separator.n; i++)
			v->ascii = v->ascii && (unsigned char)r->separator.p[i] < 0x80;
	return v->n > 0 ? GOT_VALUE : GOT_NOTHING;
}

static enum got
source_value(struct work *w, const struct rule *r, struct json_value *v)
{
	switch (r->from) {
	case FROM_FIELD:
	case FROM_FILE:
		return field_value(w, &r->field[0], r->target, v);
	case FROM_JOIN:
		return join_value(w, r, v);
	case FROM_JQ:
		if (!expr_run(r->expr, r, w->j, &w->text, v, new_problem(w, r->shown, r->target))) {
			keep_problem(w);
			return GOT_PROBLEM;
		}
		return value_blank(v) ? GOT_NOTHING : GOT_VALUE;
	default:
		return GOT_NOTHING;
	}
}

/* Whether the row's condition holds. */
static bool
applies(struct work *w, const struct rule *r)
{
	static struct buf scratch;
	const struct json_value *top = w->j->slot[r->when.slot];
	struct json_value v = { 0 };
	const char *text;
	size_t i, n;
	bool blank;

	if (top != NULL)
		v = *top;
	if (r->when.below != NULL && (top == NULL || !json_path(top, r->when.below, &v)))
		v = (struct json_value){ 0 };
	blank = value_blank(&v);
	if (r->any && !blank)
		return true;
	text = text_of(&v, &scratch, &n);
	for (i = 0; i < r->alternatives; i++)
		if (r->is[i].n == 0 ? blank : r->is[i].n == n && memcmp(r->is[i].p, text, n) == 0)
			return true;
	return false;
}

/* Where the column points for the reference's table; NULL: it cannot. */
static const struct bind *
bind_of(const struct output *o, const struct reference *ref)
{
	const struct bind *b;

	for (b = o->bind; b < o->bind + o->binds; b++)
		if (same(&ref->table, b->table.p, b->table.n))
			return b;
	return NULL;
}

/* A lookup: ,"nav@odata.bind":"/set(id)" */
static enum got
put_reference(struct work *w, const struct output *o, const struct rule *r)
{
	const struct reference *ref = &w->ref[r->ref];
	const struct bind *b;

	if (ref->all.kind == JSON_ARRAY && !value_blank(&ref->all)) {
		problem_say(new_problem(w, r->shown, o->name), "wrong-type", "a list of references, and a lookup takes one");
		keep_problem(w);
		return GOT_PROBLEM;
	}
	if (ref->id.n == 0 || ref->table.n == 0 || (r->ref_table.p != NULL && !same(&ref->table, r->ref_table.p, r->ref_table.n)))
		return GOT_NOTHING;
	if ((b = bind_of(o, ref)) != NULL) {
		put(w->row, b->before.p, b->before.n);
		put(w->row, ref->id.p, ref->id.n);
		put(w->row, ")\"", 2);
		return GOT_VALUE;
	}
	problem_say(new_problem(w, r->shown, o->name), "wrong-type", "the reference is a row of table %.*s, and the column cannot point there; "
	    "write %s/TABLE in the map to take it only from one table", (int)ref->table.n, ref->table.p, w->m->ref[r->ref].p);
	keep_problem(w);
	return GOT_PROBLEM;
}

/* The value cut to the column's length; the whole of it, with the column's name, to the memo's notes. */
static void
put_truncated(struct work *w, const struct output *o, struct rule *r, const struct json_value *v)
{
	static struct buf scratch;
	struct buf *notes = &r->memo->notes;
	const char *text;
	size_t n;

	value_cut(w->row, o, r, v);
	text = text_of(v, &scratch, &n);
	if (notes->n > 0)
		buf_str(notes, "\\n");
	buf_str(notes, o->name);
	buf_str(notes, ": ");
	buf_json_text(notes, text, n);
}

/* What the map says to do with a value that does not fit. */
static enum got
misfit(struct work *w, const struct output *o, struct rule *r, const struct json_value *v, const struct json_value *source, struct buf *b)
{
	struct problem *p = &w->problem[w->problems < PROBLEMS_MAX ? w->problems : PROBLEMS_MAX - 1];

	if (r->misfit == MISFIT_REJECT || (r->misfit == MISFIT_TRUNCATE && strcmp(p->code, "too-long") != 0)) {
		if (r->from == FROM_FIELD)
			p->value = *source;
		keep_problem(w);
		return GOT_PROBLEM;
	}
	r->lost++;
	put(b, o->label.p, o->label.n);
	if (r->misfit == MISFIT_NULL)
		put(b, "null", 4);
	else if (r->misfit == MISFIT_DEFAULT)
		put(b, r->fallback.p, r->fallback.n);
	else
		put_truncated(w, o, r, v);
	return GOT_VALUE;
}

static enum got
put_rule(struct work *w, const struct output *o, struct rule *r, struct buf *b)
{
	struct json_value v, source;
	enum got got;
	size_t from = b->n;

	if (r->from == FROM_REF)
		return put_reference(w, o, r);
	if (r->from == FROM_CONST) {
		if (r->constant.n == 0)
			return GOT_NOTHING;
		put(b, o->label.p, o->label.n);
		put(b, r->constant.p, r->constant.n);
		return GOT_VALUE;
	}
	if ((got = source_value(w, r, &v)) != GOT_VALUE)
		return got;
	source = v;
	if (r->from == FROM_FILE) {
		if (file_put(b, o, &v, new_problem(w, r->shown, o->name)))
			return GOT_VALUE;
		keep_problem(w);
		return GOT_PROBLEM;
	}
	if (r->convert == CONVERT_HTML || r->convert == CONVERT_PLAIN) {
		switch (value_html(r, &v, 0, &w->html, new_problem(w, r->shown, o->name))) {
		case HTML_KEPT:
			break;
		case HTML_BLANK:
			return GOT_NOTHING;
		case HTML_PROBLEM:
			return misfit(w, o, r, &v, &source, b);
		}
	}
	put(b, o->label.p, o->label.n);
	if (value_put(b, o, r, &v, new_problem(w, r->shown, o->name)))
		return GOT_VALUE;
	b->n = from;
	return misfit(w, o, r, &v, &source, b);
}

/*
 * Most of a map is text copied from one field to one column, and most of that
 * needs no second look: not blank by its first byte, in bytes no longer than
 * the column in characters, no escape, nothing refused.  False: look twice.
 */
static bool
put_plain(struct work *w, const struct output *o)
{
	const struct json_value *v = w->j->slot[o->rule[0]->field[0].slot];
	struct buf *b = w->row;

	if (v == NULL || v->kind != JSON_STRING || v->escaped || v->n == 0 || v->n > o->column->max_length ||
	    (unsigned char)*v->p <= ' ' || (unsigned char)*v->p >= 0x80)
		return false;
	if (memchr(v->p, 0x7f, v->n) != NULL || (!v->ascii && memchr(v->p, 0xef, v->n) != NULL))
		return false;
	buf_room(b, o->label.n + v->n + 3);
	memcpy(b->p + b->n, o->label.p, o->label.n);
	memcpy(b->p + b->n + o->label.n, v->p - 1, v->n + 2);	/* with its quotes */
	b->n += o->label.n + v->n + 2;
	return true;
}

/* The target from the first of its rows that gives a value. */
static enum got
put_output(struct work *w, struct output *o)
{
	struct buf *b = w->row;
	struct rule *r, *blank = NULL;
	enum got got;
	size_t i;

	if (o->plain && put_plain(w, o))
		return GOT_VALUE;
	if (o->kind == OUT_ONLY || o->kind == OUT_CHECK) {
		b = &w->judged;
		b->n = 0;
	}
	for (i = 0; i < o->rules; i++) {
		r = o->rule[i];
		if (r->alternatives > 0 && !applies(w, r))
			continue;
		if ((got = put_rule(w, o, r, b)) != GOT_NOTHING)
			return got;
		if (blank == NULL && r->blank != BLANK_NOTHING)
			blank = r;
	}
	if (blank == NULL)
		return GOT_NOTHING;
	if (blank->blank == BLANK_DEFAULT) {
		put(b, o->label.p, o->label.n);
		put(b, blank->blank_literal.p, blank->blank_literal.n);
		return GOT_VALUE;
	}
	if (blank->from == FROM_REF)
		problem_say(new_problem(w, blank->shown, o->name), "missing-reference", "the record refers to no row, and the map wants one; "
		    "see the field in the source and the rejects of resolve-ids");
	else
		problem_say(new_problem(w, blank->shown, o->name), "required", "blank, and the map wants a value; fill it in at the source");
	keep_problem(w);
	return GOT_PROBLEM;
}

/* A problem of one party: misfit null leaves it out. */
static void
party_problem(struct work *w, struct rule *r)
{
	if (r->misfit == MISFIT_NULL)
		r->lost++;
	else
		keep_problem(w);
}

/* The party from there on in the row; taken off again if the record has it already. */
static void
end_party(struct work *w, size_t from)
{
	if (parties_add(w->parties, w->row->p + from, w->row->n - from))
		put(w->row, "},", 2);
	else
		w->row->n = from;
}

static void
put_address(struct work *w, const struct output *o, struct rule *r, const struct json_value *v)
{
	static struct buf scratch;
	size_t n, m, max = o->address->max_length;
	const char *text = text_of(v, &scratch, &n), *narrow;
	uint32_t bad = text_bad(v);

	narrow = text;
	m = n;
	address_in(&narrow, &m);
	if (memchr(narrow, '@', m) != NULL || m == 0) {
		text = narrow;
		n = m;
	}
	if (bad != UINT32_MAX || text_cut(text, n, max) < n) {
		if (bad != UINT32_MAX)
			problem_say(new_problem(w, r->shown, o->name), "bad-character", "an address holds U+%04X, which the target refuses",
			    (unsigned)bad);
		else
			problem_say(new_problem(w, r->shown, o->name), "too-long", "an address of more than %zu characters", max);
		party_problem(w, r);
	} else {
		m = w->row->n;
		buf_printf(w->row, "{\"participationtypemask\":%d,\"addressused\":", r->role);
		buf_json_string(w->row, text, n);
		end_party(w, m);
	}
}

/* One party, with a comma after it, unless it is there; false: the reference is nobody. */
static bool
put_party(struct work *w, const struct output *o, struct rule *r, const struct party *party, const struct reference *ref)
{
	const struct bind *b;
	size_t from;

	if (ref->id.n == 0 || ref->table.n == 0) {
		if (value_blank(&ref->value) || party->table.p != NULL)
			return false;
		put_address(w, o, r, &ref->value);
		return true;
	}
	if (party->table.p != NULL && !same(&ref->table, party->table.p, party->table.n))
		return false;
	if ((b = bind_of(o, ref)) == NULL) {
		problem_say(new_problem(w, r->shown, o->name), "wrong-type", "the reference is a row of table %.*s, which is no party here; "
		    "write %s/TABLE in the map to take it only from one table", (int)ref->table.n, ref->table.p, w->m->ref[party->ref].p);
		party_problem(w, r);
	} else {
		from = w->row->n;
		buf_printf(w->row, "{\"participationtypemask\":%d", r->role);
		put(w->row, b->before.p, b->before.n);
		put(w->row, ref->id.p, ref->id.n);
		put(w->row, ")\"", 2);
		end_party(w, from);
	}
	return true;
}

static bool
put_role(struct work *w, const struct output *o, struct rule *r)
{
	const struct party *party;
	struct reference one;
	struct json_iter it;
	struct json_value v;
	bool any = false;

	for (party = r->party; party < r->party + r->parties; party++) {
		const struct reference *ref = &w->ref[party->ref];

		if (ref->all.kind != JSON_ARRAY) {
			any = put_party(w, o, r, party, ref) || any;
			continue;
		}
		for (it = json_iter(&ref->all); json_next(&it, NULL, &v); ) {
			read_reference(&v, &one);
			any = put_party(w, o, r, party, &one) || any;
		}
	}
	return any;
}

/* All rows of the target, in order: ,"email_activity_parties":[...]; nothing where there is no party. */
static void
put_parties(struct work *w, struct output *o)
{
	size_t from = w->row->n, first, i;
	struct rule *r;

	if (w->parties == NULL)
		w->parties = parties_new();
	parties_start(w->parties);
	put(w->row, o->label.p, o->label.n);
	first = w->row->n;
	for (i = 0; i < o->rules; i++) {
		r = o->rule[i];
		if ((r->alternatives > 0 && !applies(w, r)) || put_role(w, o, r) || r->blank != BLANK_REJECT)
			continue;
		problem_say(new_problem(w, r->shown, o->name), "missing-reference", "nobody has this role, and the map wants someone; "
		    "see the field in the source");
		keep_problem(w);
	}
	if (w->row->n > first)
		w->row->p[w->row->n - 1] = ']';
	else
		w->row->n = from;
}

/* A memo, and after its own text the originals of what was cut in this record. */
static void
put_memo(struct work *w, struct output *o)
{
	struct json_value v = { .kind = JSON_STRING };
	size_t from = w->row->n, label = o->label.n + 1;
	struct buf *text = &w->text;
	enum got got = put_output(w, o);

	if (o->notes.n == 0 || got == GOT_PROBLEM)
		return;
	text->n = 0;
	if (got == GOT_VALUE && w->row->n - from > label + 1 && w->row->p[from + label - 1] == '"') {
		buf_add(text, w->row->p + from + label, w->row->n - from - label - 1);
		buf_str(text, "\\n");
	}
	buf_add(text, o->notes.p, o->notes.n);
	v.p = text->p;
	v.n = text->n;
	v.escaped = true;
	w->row->n = from;
	put(w->row, o->label.p, o->label.n);
	if (!value_put(w->row, o, NULL, &v, new_problem(w, "truncated originals", o->name)))
		keep_problem(w);
}

/* {"_table":…,"_source":{…},"_map":…  up to the record's id and its hash. */
static void
put_head(struct work *w, const struct json_value *id)
{
	static struct buf head, tail;
	char hex[33] = "";

	if (head.n == 0) {
		buf_str(&head, "{\"_table\":");
		buf_json_str(&head, w->m->table);
		buf_str(&head, ",\"_source\":{\"module\":");
		buf_json_str(&head, w->m->module);
		buf_str(&head, ",\"id\":\"");
		buf_printf(&tail, "\"},\"_map\":\"%s\"", w->m->hash);
	}
	put(w->row, head.p, head.n);
	put(w->row, id->p, id->n);
	put(w->row, "\",\"hash\":\"", 10);
	hash_record(w->j, hex);
	put(w->row, hex, 32);
	put(w->row, tail.p, tail.n);
}

/* How the row came to its id: new ones say nothing, matched ones name the map's policy. */
static void
put_how(struct work *w)
{
	static struct buf matched, how;

	if (matched.n == 0) {
		buf_str(&matched, ",\"_how\":\"matched\",\"_match\":");
		buf_json_str(&matched, w->m->match != NULL ? w->m->match : "leave");
		buf_str(&how, ",\"_how\":");
		buf_json_str(&how, w->m->how != NULL ? w->m->how : "");
	}
	if (same(&w->self.how, "matched", 7))
		put(w->row, matched.p, matched.n);
	else if (w->m->how != NULL)
		put(w->row, how.p, how.n);
}

static void
put_key(struct work *w)
{
	static struct buf label;

	if (label.n == 0) {
		buf_char(&label, ',');
		buf_json_str(&label, w->m->meta->primary_id);
		buf_str(&label, ":\"");
	}
	put(w->row, label.p, label.n);
	put(w->row, w->self.id.p, w->self.id.n);
	put(w->row, "\"", 1);
}

static bool
whole_number(const struct json_value *v)
{
	return memchr(v->p, '.', v->n) == NULL && memchr(v->p, 'e', v->n) == NULL && memchr(v->p, 'E', v->n) == NULL;
}

/* The record's own id and its row's; false after a problem. */
static bool
identify(struct work *w, const struct json_value **id)
{
	*id = w->j->slot[w->m->id_slot];
	if (value_blank(*id) || ((*id)->kind != JSON_STRING && ((*id)->kind != JSON_NUMBER || !whole_number(*id)))) {
		problem_say(new_problem(w, "id", NULL), "bad-id", "a whole number or a text is wanted");
	} else if (w->self.id.n == 0 || w->self.table.n == 0) {
		problem_say(new_problem(w, "_ref", NULL), "missing-field", "no _ref.self with table and id: run resolve-ids first");
	} else if (!same(&w->self.table, w->m->table, strlen(w->m->table))) {
		problem_say(new_problem(w, "_ref", NULL), "wrong-type", "the record's row is of table %.*s, the map's of %s: is this the map for it?",
		    (int)w->self.table.n, w->self.table.p, w->m->table);
	} else {
		return true;
	}
	keep_problem(w);
	return false;
}

static void
reject(struct work *w, const struct nd_in *in, struct rej *rejects)
{
	struct problem *p = &w->problem[0];
	size_t i;

	for (i = 1; i < w->problems; i++) {
		buf_str(&rejects->more, i == 1 ? ",\"more\":[{\"code\":" : ",{\"code\":");
		buf_json_str(&rejects->more, w->problem[i].code);
		buf_str(&rejects->more, ",\"field\":");
		buf_json_str(&rejects->more, w->problem[i].field);
		buf_str(&rejects->more, ",\"message\":");
		buf_json_str(&rejects->more, w->problem[i].message);
		buf_str(&rejects->more, i + 1 < w->problems ? "}" : "}]");
	}
	rej_write(rejects, in, p->code, p->field, &p->value, "%s", p->message);
}

/* Whether _only leaves the record out. */
static bool
left_out(struct work *w, struct output *o)
{
	return put_output(w, o) != GOT_PROBLEM &&
	    !(w->judged.n == 5 && memcmp(w->judged.p, "\"yes\"", 5) == 0);
}

enum fate
row_make(struct map *m, const struct nd_in *in, const struct json *j, struct buf *row, struct rej *rejects, struct rej *skipped)
{
	static struct work w;
	const struct json_value *id;
	struct output *o, *end = m->output + m->outputs;

	if (w.ref == NULL)
		w.ref = xcalloc(m->refs + 1, sizeof(*w.ref));
	w.m = m;
	w.j = j;
	w.row = row;
	w.problems = 0;
	row->n = 0;
	read_references(&w);
	for (o = m->output; o < end && o->kind == OUT_ONLY; o++) {
		if (left_out(&w, o)) {
			rej_write(skipped, in, "skipped", o->rule[0]->shown, NULL, "left out by the map's rule _only (line %lu)", o->rule[0]->line);
			return FATE_SKIP;
		}
	}
	if (w.problems == 0 && identify(&w, &id)) {
		put_head(&w, id);
		put_how(&w);
		for (; o < end && o->kind == OUT_MEMBER; o++)
			put_output(&w, o);
		put_key(&w);
		for (; o < end && !o->memo && o->kind != OUT_FILE; o++) {
			if (o->kind == OUT_PARTIES)
				put_parties(&w, o);
			else
				put_output(&w, o);
		}
		for (; o < end && o->memo; o++)
			put_memo(&w, o);
		for (; o < end; o++)
			put_output(&w, o);
		for (o = m->output; o < end; o++)
			o->notes.n = 0;
		put(row, "}", 1);
	}
	if (w.problems == 0)
		return FATE_ROW;
	reject(&w, in, rejects);
	return FATE_REJECT;
}
