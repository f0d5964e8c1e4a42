/*
 * One value to one column: by the column's type, or as the map's "convert" says.
 *
 * What is written is JSON.  Text and numbers are spans of the record's line;
 * a value that does not fit leaves a problem and no promise about b.
 */
#include <stdarg.h>
#include <stdio.h>

#include "date.h"
#include "guid.h"
#include "html.h"
#include "map.h"

/* A character that a full buffer cut in two is taken off the end. */
static void
drop_half(char *s)
{
	size_t n = strlen(s), lead = n, wanted;

	while (lead > 0 && n - lead < 3 && ((unsigned char)s[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead == 0 || (unsigned char)s[lead - 1] < 0xc0)
		return;
	wanted = (unsigned char)s[lead - 1] >= 0xf0 ? 4 : (unsigned char)s[lead - 1] >= 0xe0 ? 3 : 2;
	if (n - (lead - 1) < wanted)
		s[lead - 1] = '\0';
}

void
problem_say(struct problem *p, const char *code, const char *fmt, ...)
{
	va_list ap;
	size_t n = 0;

	p->code = code;
	if (p->field != NULL && p->target != NULL)
		n = (size_t)snprintf(p->message, sizeof(p->message) / 2, "%s -> %s: ", p->field, p->target);
	else if (p->field != NULL || p->target != NULL)
		n = (size_t)snprintf(p->message, sizeof(p->message) / 2, "%s: ", p->field != NULL ? p->field : p->target);
	if (n >= sizeof(p->message) / 2)
		n = 0;
	va_start(ap, fmt);
	vsnprintf(p->message + n, sizeof(p->message) - n, fmt, ap);
	va_end(ap);
	drop_half(p->message);
}

/* The value for a message: quoted and shortened. */
static const char *
shown(const struct json_value *v)
{
	static struct buf text, b;
	const char *s;
	size_t n;

	s = text_of(v, &text, &n);
	b.n = 0;
	if (v->kind == JSON_OBJECT || v->kind == JSON_ARRAY)
		buf_str(&b, v->kind == JSON_OBJECT ? "an object" : "a list");
	else
		text_short(&b, s, n);
	buf_nul(&b);
	return b.p;
}

static bool
wrong_type(const struct json_value *v, const char *wanted, struct problem *p)
{
	problem_say(p, "wrong-type", "%s where %s is wanted; name one of its members in the map, or drop the field",
	    v->kind == JSON_OBJECT ? "an object" : "a list", wanted);
	return false;
}

static bool
is_scalar(const struct json_value *v)
{
	return v->kind == JSON_STRING || v->kind == JSON_NUMBER || v->kind == JSON_TRUE || v->kind == JSON_FALSE;
}

/* White space taken off both ends; v may then point into scratch. */
static void
trim(struct json_value *v)
{
	static struct buf plain, again;
	const char *p, *end, *q, *last;
	size_t n, k;

	if (v->kind != JSON_STRING || v->n == 0)
		return;
	p = text_of(v, &plain, &n);
	end = p + n;
	p += text_blanks(p, end);
	for (q = last = p; q < end; ) {
		k = text_blanks(q, end);
		q += k > 0 ? k : 1;
		last = k > 0 ? last : q;
	}
	if (v->escaped) {
		again.n = 0;
		buf_json_text(&again, p, (size_t)(last - p));
		p = again.p;
		last = p + again.n;
	}
	v->p = p;
	v->n = (size_t)(last - p);
}

static bool
put_text(struct buf *b, const struct output *o, const struct rule *r, const struct json_value *value, struct problem *p)
{
	struct json_value v = *value;
	size_t max = o->column->max_length, units;
	uint32_t bad;

	if (v.kind == JSON_OBJECT || v.kind == JSON_ARRAY) {
		if (r == NULL || r->convert != CONVERT_TEXT)
			return wrong_type(&v, "text", p);
		buf_json_string(b, v.p, v.n);
		if (max > 0 && v.n > max) {
			problem_say(p, "too-long", "%zu bytes of JSON, the column takes %zu characters", v.n, max);
			return false;
		}
		return true;
	}
	if (r != NULL && r->convert == CONVERT_TRIM)
		trim(&v);
	if ((bad = text_bad(&v)) != UINT32_MAX) {
		problem_say(p, "bad-character", "holds U+%04X, which the target refuses: %s; take it out", (unsigned)bad, shown(&v));
		return false;
	}
	if (max > 0 && v.n > max && (units = v.kind == JSON_STRING ? json_utf16(&v) : v.n) > max) {
		problem_say(p, "too-long", "%zu characters, the column takes %zu: %s; shorten it, or let the map cut it (misfit truncate:COLUMN)",
		    units, max, shown(&v));
		return false;
	}
	put(b, "\"", 1);
	put(b, v.p, v.n);
	put(b, "\"", 1);
	return true;
}

static bool
put_number(struct buf *b, const struct output *o, const struct json_value *v, struct problem *p)
{
	static struct buf scratch;
	const struct number_bounds *bounds = o->bounds;
	struct decimal d;
	const char *text;
	size_t n;

	if (!is_scalar(v))
		return wrong_type(v, "a number", p);
	text = text_of(v, &scratch, &n);
	if (v->kind == JSON_TRUE || v->kind == JSON_FALSE || !decimal_read(text, n, &d)) {
		problem_say(p, "bad-number", "%s is no plain number: digits, a point, digits; nothing else is read as one", shown(v));
		return false;
	}
	if (decimal_compare(&d, &bounds->min) < 0 || decimal_compare(&d, &bounds->max) > 0) {
		problem_say(p, "out-of-range", "%s is outside %s to %s, which is all the column takes", shown(v),
		    o->column->min != NULL ? o->column->min : bounds->min_text,
		    o->column->max != NULL ? o->column->max : bounds->max_text);
		return false;
	}
	if (bounds->places == 0 && d.fractions > 0) {
		problem_say(p, "bad-number", "%s is not a whole number, and the column takes no other", shown(v));
		return false;
	}
	if (bounds->places > 0 && d.fractions > (size_t)bounds->places) {
		problem_say(p, "out-of-range", "%s has %zu decimals, the column keeps %d; round it at the source", shown(v),
		    d.fractions, bounds->places);
		return false;
	}
	decimal_put(b, &d);
	return true;
}

static bool
put_boolean(struct buf *b, const struct rule *r, const struct json_value *v, struct problem *p)
{
	static struct buf scratch;
	const char *text;
	size_t n;
	bool yes;

	if (!is_scalar(v))
		return wrong_type(v, "yes or no", p);
	text = text_of(v, &scratch, &n);
	if ((n == 1 && *text == '1') || (n == 4 && strncasecmp(text, "true", 4) == 0))
		yes = true;
	else if ((n == 1 && *text == '0') || (n == 5 && strncasecmp(text, "false", 5) == 0))
		yes = false;
	else {
		problem_say(p, "bad-boolean", "%s is none of 0, 1, true, false; translate it with a choice table", shown(v));
		return false;
	}
	if (r != NULL && r->convert == CONVERT_NOT)
		yes = !yes;
	put(b, yes ? "true" : "false", yes ? 4 : 5);
	return true;
}

static bool
put_date(struct buf *b, const struct output *o, const struct json_value *v, struct problem *p)
{
	const char *why;
	int64_t seconds;

	if (!is_scalar(v))
		return wrong_type(v, "a date", p);
	if (!date_read(v, &seconds, &why)) {
		problem_say(p, "bad-date", "%s %s; write it as 2021-03-04T10:15:00Z", shown(v), why);
		return false;
	}
	date_put(b, seconds, o->column->behavior == META_DATEONLY);
	return true;
}

/* The number of an option of the column. */
static bool
is_option(const struct meta_column *c, const char *text, size_t n)
{
	struct decimal d;
	int64_t value = 0;
	size_t i;

	if (!decimal_read(text, n, &d) || d.fractions > 0 || d.wholes > 10)
		return false;
	for (i = 0; i < d.wholes; i++)
		value = value * 10 + (d.whole[i] - '0');
	if (d.negative)
		value = -value;
	for (i = 0; i < c->options; i++)
		if (c->option[i].value == value)
			return true;
	return false;
}

/* A choice without a table: the value must be the number of one of the column's options. */
static bool
put_option(struct buf *b, const struct output *o, const struct json_value *v, struct problem *p)
{
	static struct buf scratch;
	struct decimal d;
	const char *text;
	size_t n;

	if (!is_scalar(v))
		return wrong_type(v, "a choice", p);
	text = text_of(v, &scratch, &n);
	if (is_option(o->column, text, n)) {
		decimal_read(text, n, &d);
		decimal_put(b, &d);
		return true;
	}
	problem_say(p, "no-option", "%s is the number of no option of the column; translate it with a choice table", shown(v));
	return false;
}

static bool
put_guid(struct buf *b, const struct json_value *v, struct problem *p)
{
	struct guid g;
	char text[GUID_TEXT + 1];

	if (v->kind != JSON_STRING || v->escaped || !guid_parse(v->p, v->n, &g)) {
		problem_say(p, "bad-id", "%s is no GUID", shown(v));
		return false;
	}
	guid_text(&g, text);
	put(b, "\"", 1);
	put(b, text, GUID_TEXT);
	put(b, "\"", 1);
	return true;
}

static bool
put_choice(struct buf *b, const struct rule *r, const struct json_value *v, struct problem *p)
{
	static struct buf scratch, near;
	const struct choice *c;
	const char *text;
	size_t n;

	if (!is_scalar(v))
		return wrong_type(v, "a choice", p);
	text = text_of(v, &scratch, &n);
	if ((c = choice_find(&r->choices, text, n)) != NULL) {
		put(b, c->json.p, c->json.n);
		return true;
	}
	near.n = 0;
	choice_near(&r->choices, text, n, &near);
	buf_nul(&near);
	problem_say(p, "no-option", "%s is not in the choice table%s; add a line for it, or mend the value", shown(v), near.p);
	return false;
}

/* One member of a multi-select's text; its option's number is added to the list in b unless it is there, and counted. */
static bool
add_member(struct buf *b, size_t from, const struct rule *r, const char *text, size_t n, size_t *count, struct problem *p)
{
	static struct buf near;
	const struct choice *c = choice_find(&r->choices, text, n);
	const char *at;
	size_t k;

	if (c == NULL) {
		near.n = 0;
		text_short(&near, text, n);
		buf_str(&near, " is not in the choice table");
		choice_near(&r->choices, text, n, &near);
		buf_nul(&near);
		problem_say(p, "no-option", "%s; add a line for it, or mend the value", near.p);
		return false;
	}
	buf_nul(b);
	for (at = b->p + from; at < b->p + b->n; at += k + 1) {
		k = strcspn(at, ",");
		if (k == c->json.n && memcmp(at, c->json.p, k) == 0)
			return true;
	}
	if (b->n > from)
		put(b, ",", 1);
	put(b, c->json.p, c->json.n);
	++*count;
	return true;
}

/*
 * Comma-joined labels to comma-joined numbers; white space around a label, empty
 * and repeated ones say nothing.  most: what comes after so many is left out.
 */
static bool
put_multichoice(struct buf *b, const struct rule *r, const struct json_value *v, size_t most, struct problem *p)
{
	static struct buf scratch;
	const char *text, *end, *comma, *last, *q;
	size_t n, from, k, count = 0;

	if (!is_scalar(v))
		return wrong_type(v, "text", p);
	text = text_of(v, &scratch, &n);
	put(b, "\"", 1);
	from = b->n;
	for (end = text + n; text < end && count < most; text = comma + 1) {
		comma = memchr(text, ',', (size_t)(end - text));
		if (comma == NULL)
			comma = end;
		text += text_blanks(text, comma);
		for (q = last = text; q < comma; ) {
			k = text_blanks(q, comma);
			q += k > 0 ? k : 1;
			last = k > 0 ? last : q;
		}
		if (last > text && !add_member(b, from, r, text, (size_t)(last - text), &count, p))
			return false;
	}
	if (count > CHOICES_MAX) {
		problem_say(p, "too-long", "%zu choices, the column takes %d; take some out, or let the map keep the first ones "
		    "(misfit truncate:COLUMN)", count, CHOICES_MAX);
		return false;
	}
	if (b->n == from) {	/* nothing but commas */
		b->n--;
		put(b, "null", 4);
		return true;
	}
	put(b, "\"", 1);
	return true;
}

/*
 * HTML made safe, or text of it.  A value without markup stays as it is, byte
 * for byte, and so does one with a character that is refused anyway.
 */
enum html_fate
value_html(const struct rule *r, struct json_value *v, size_t units, struct buf *kept, struct problem *p)
{
	static struct buf scratch, made;
	const char *text;
	enum html made_of;
	size_t n;

	if (v->kind != JSON_STRING || (!v->escaped && !html_markup(v->p, v->n)))
		return HTML_KEPT;
	if (text_bad(v) != UINT32_MAX)
		return HTML_KEPT;
	text = text_of(v, &scratch, &n);
	if (!html_markup(text, n))
		return HTML_KEPT;
	made.n = 0;
	made_of = r->convert == CONVERT_HTML ? html_safe(&made, text, n, units) : html_plain(&made, text, n);
	if (made_of == HTML_SAME)
		return HTML_KEPT;
	if (made_of == HTML_BROKEN) {
		problem_say(p, "wrong-type", "HTML that cannot be read to its end, %zu bytes of it; split or mend it", n);
		return HTML_PROBLEM;
	}
	kept->n = 0;
	buf_json_string(kept, made.p, made.n);
	json_pad(kept);
	*v = (struct json_value){ .kind = JSON_STRING, .p = kept->p + 1, .n = kept->n - 2 };
	v->escaped = v->n > 0 && memchr(v->p, '\\', v->n) != NULL;
	return value_blank(v) ? HTML_BLANK : HTML_KEPT;
}

void
value_cut(struct buf *b, const struct output *o, const struct rule *r, const struct json_value *value)
{
	static struct buf scratch, html;
	struct json_value v = *value;
	struct problem unused = { 0 };
	const char *text;
	size_t n;

	if (r->convert == CONVERT_MULTICHOICE) {
		put_multichoice(b, r, &v, CHOICES_MAX, &unused);
		return;
	}
	if (r->convert == CONVERT_HTML)		/* never inside a tag, and every tag is closed */
		value_html(r, &v, o->column->max_length, &html, &unused);
	text = text_of(&v, &scratch, &n);
	put(b, "\"", 1);
	buf_json_text(b, text, text_cut(text, n, o->column->max_length));
	put(b, "\"", 1);
}

bool
value_check(struct buf *b, const struct output *o, const struct json_value *v, struct problem *p)
{
	return value_put(b, o, NULL, v, p);
}

bool
value_put(struct buf *b, const struct output *o, const struct rule *r, const struct json_value *v, struct problem *p)
{
	if (r != NULL && r->convert == CONVERT_CHOICE)
		return put_choice(b, r, v, p);
	if (r != NULL && r->convert == CONVERT_MULTICHOICE)
		return put_multichoice(b, r, v, SIZE_MAX, p);
	switch (o->column->type) {
	case META_INTEGER:
	case META_BIGINT:
	case META_DECIMAL:
	case META_DOUBLE:
	case META_MONEY:
		return put_number(b, o, v, p);
	case META_BOOLEAN:
		return put_boolean(b, r, v, p);
	case META_DATETIME:
		return put_date(b, o, v, p);
	case META_PICKLIST:
	case META_MULTISELECT:
	case META_STATE:
	case META_STATUS:
		return put_option(b, o, v, p);
	case META_UNIQUEID:
		return put_guid(b, v, p);
	default:
		return put_text(b, o, r, v, p);
	}
}
