/*
 * jq expressions of a map: compiled once, run by libjq on a small object.
 *
 * The object holds only the top-level fields that the expression names; the
 * whole record where it uses "." alone or "..".  Numbers are handed over as
 * strings, because libjq keeps every number in a double: an expression that
 * computes says tonumber itself, and knows what it does.
 *
 * What would make two runs differ, or reach outside, is refused: the clock,
 * the environment, other input, messages, modules.
 */
#include <err.h>
#include <jq.h>
#include <jv.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "map.h"
#include "xalloc.h"

struct expr {
	jq_state *jq;
	bool whole;			/* wants all of the record */
};

struct compiling {
	struct map *map;
	const struct rule *rule;
	unsigned errors;
};

static void
compile_error(void *arg, jv message)
{
	struct compiling *c = arg;
	const char *text;

	message = jq_format_error(message);
	text = jv_string_value(message);
	if (c->errors++ == 0)		/* jq adds a count of errors after the first */
		map_finding(c->map, c->rule, "source", "%.*s", (int)strcspn(text, "\n"), text);
	jv_free(message);
}

static bool
word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static const char *const impure[] = { "now", "env", "$ENV", "input", "inputs", "debug", "stderr", "input_filename",
	"input_line_number", "$__loc__", "halt", "halt_error", "localtime", "strflocaltime", "import", "include", "modulemeta",
	"get_search_list" };

static void
check_word(struct map *m, const struct rule *r, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof(impure) / sizeof(impure[0]); i++)
		if (strlen(impure[i]) == n && memcmp(impure[i], p, n) == 0)
			map_finding(m, r, "source", "%s: a map's result must depend on the record alone", impure[i]);
}

static void
add_field(struct map *m, struct rule *r, const char *p, size_t n)
{
	char *name = xstrndup(p, n);
	size_t i;

	for (i = 0; i < r->fields && strcmp(r->field[i].path, name) != 0; i++)
		;
	if (i == r->fields) {
		r->field = xreallocarray(r->field, r->fields + 1, sizeof(*r->field));
		source_field(m, &r->field[r->fields++], name);
	}
	free(name);
}

/* Past a string literal's text up to its end or to an interpolation; p is after the quote or the ")". */
static const char *
skip_string(const char *p, bool *interpolated)
{
	for (*interpolated = false; *p != '\0' && *p != '"'; p++) {
		if (*p == '\\' && p[1] == '(') {
			*interpolated = true;
			return p + 2;
		}
		if (*p == '\\' && p[1] != '\0')
			p++;
	}
	return *p == '"' ? p + 1 : p;
}

#define NEST 32		/* interpolations inside interpolations */

/* Which top-level fields the text names; e->whole where that cannot be told. */
static void
scan(struct map *m, struct rule *r, struct expr *e)
{
	const char *text = r->source, *p = text, *q;
	int depth[NEST] = { 0 }, level = 0;
	bool more;

	while (*p != '\0') {
		if (*p == '"' || (*p == ')' && level > 0 && depth[level] == 0)) {
			if (*p == ')')
				level--;
			p = skip_string(p + 1, &more);
			if (more && level < NEST - 1)
				depth[++level] = 0;
			continue;
		}
		depth[level] += (*p == '(') - (*p == ')');
		if (*p == '.' && (p == text || strchr("])}?\"", p[-1]) == NULL) && (p == text || !word_char(p[-1]))) {
			for (q = p + 1; word_char(*q); q++)
				;
			if (q > p + 1 && !(p[1] >= '0' && p[1] <= '9'))
				add_field(m, r, p + 1, (size_t)(q - p - 1));
			else if (!(p[1] >= '0' && p[1] <= '9'))
				e->whole = true;	/* ".", "..", ".[", .\"quoted\" */
			p = q;
		} else if (word_char(*p) || *p == '$') {
			for (q = p + 1; word_char(*q); q++)
				;
			if (p == text || p[-1] != '.')
				check_word(m, r, p, (size_t)(q - p));
			p = q;
		} else {
			p++;
		}
	}
}

/* libjq's own answer would be abort(). */
static void
no_memory(void *unused)
{
	(void)unused;
	errx(EX_IOERR, "out of memory in a jq expression: give this machine more, or raise its limit (ulimit -v)");
}

struct expr *
expr_new(struct map *m, struct rule *r)
{
	struct expr *e = xcalloc(1, sizeof(*e));
	struct compiling c = { m, r, 0 };

	scan(m, r, e);
	if ((e->jq = jq_init()) == NULL) {
		map_finding(m, r, "source", "libjq did not start");
		return e;
	}
	jq_set_nomem_handler(e->jq, no_memory, NULL);
	jq_set_error_cb(e->jq, compile_error, &c);
	if (!jq_compile(e->jq, r->source) && c.errors == 0)
		map_finding(m, r, "source", "is no jq expression");
	jq_set_error_cb(e->jq, NULL, NULL);
	return e;
}

void
expr_free(struct expr *e)
{
	jq_teardown(&e->jq);
	free(e);
}

static jv
to_jv(const struct json_value *v)
{
	static struct buf scratch;
	struct json_iter it;
	struct json_value key, inner;
	const char *text;
	size_t n;
	jv result, name;

	switch (v->kind) {
	case JSON_TRUE:
	case JSON_FALSE:
		return jv_bool(v->kind == JSON_TRUE);
	case JSON_NUMBER:
	case JSON_STRING:
		text = text_of(v, &scratch, &n);
		return jv_string_sized(text, (int)n);
	case JSON_ARRAY:
		result = jv_array();
		for (it = json_iter(v); json_next(&it, NULL, &inner); )
			result = jv_array_append(result, to_jv(&inner));
		return result;
	case JSON_OBJECT:
		result = jv_object();
		for (it = json_iter(v); json_next(&it, &key, &inner); ) {
			text = text_of(&key, &scratch, &n);
			name = jv_string_sized(text, (int)n);
			result = jv_object_set(result, name, to_jv(&inner));
		}
		return result;
	default:
		return jv_null();
	}
}

static jv
input_of(const struct expr *e, const struct rule *r, const struct json *j)
{
	jv in = jv_object();
	const struct json_value *v;
	size_t i;

	if (e->whole) {
		for (i = 0; i < j->count; i++)
			in = jv_object_set(in, to_jv(&j->member[i].key), to_jv(&j->member[i].value));
		return in;
	}
	for (i = 0; i < r->fields; i++) {
		v = j->slot[r->field[i].slot];
		in = jv_object_set(in, jv_string(r->field[i].top), v != NULL ? to_jv(v) : jv_null());
	}
	return in;
}

/* The result's JSON in scratch, and the value that points there; frees result. */
static void
from_jv(jv result, struct buf *scratch, struct json_value *v)
{
	jv text = jv_dump_string(result, 0);

	scratch->n = 0;
	buf_add(scratch, jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)));
	jv_free(text);
	json_pad(scratch);
	*v = (struct json_value){ .p = scratch->p, .n = scratch->n };
	switch (scratch->p[0]) {
	case '"':
		v->kind = JSON_STRING;
		v->p++;
		v->n -= 2;
		v->escaped = memchr(v->p, '\\', v->n) != NULL;
		break;
	case '{': v->kind = JSON_OBJECT; break;
	case '[': v->kind = JSON_ARRAY; break;
	case 't': v->kind = JSON_TRUE; break;
	case 'f': v->kind = JSON_FALSE; break;
	case 'n': v->kind = JSON_NULL; break;
	default: v->kind = JSON_NUMBER;
	}
}

/* error({check: "..."}) is the map's own rule, any other error a mistake in the expression or an odd value. */
static bool
failed(jv result, struct problem *p)
{
	jv message = jv_invalid_get_msg(result);
	const char *text;
	jv check;

	if (jv_get_kind(message) == JV_KIND_OBJECT) {
		check = jv_object_get(jv_copy(message), jv_string("check"));
		if (jv_get_kind(check) == JV_KIND_STRING) {
			text = jv_string_value(check);
			problem_say(p, "check", "%.*s", (int)text_cut(text, strlen(text), 200), text);
			jv_free(check);
			jv_free(message);
			return false;
		}
		jv_free(check);
	}
	if (jv_get_kind(message) != JV_KIND_STRING)
		message = jv_dump_string(message, 0);
	text = jv_string_value(message);
	problem_say(p, "wrong-type", "the expression failed: %.*s", (int)text_cut(text, strlen(text), 200), text);
	jv_free(message);
	return false;
}

bool
expr_run(struct expr *e, const struct rule *r, const struct json *j, struct buf *scratch, struct json_value *v, struct problem *p)
{
	jv result, second;

	*v = (struct json_value){ 0 };
	jq_start(e->jq, input_of(e, r, j), 0);
	result = jq_next(e->jq);
	if (!jv_is_valid(result)) {
		if (jv_invalid_has_msg(jv_copy(result)))
			return failed(result, p);
		jv_free(result);
		return true;
	}
	second = jq_next(e->jq);
	if (jv_is_valid(second)) {
		problem_say(p, "wrong-type", "the expression gives more than one value; wrap it in first(...) or [...]|join");
		jv_free(second);
		jv_free(result);
		return false;
	}
	if (jv_invalid_has_msg(jv_copy(second))) {
		jv_free(result);
		return failed(second, p);
	}
	jv_free(second);
	from_jv(result, scratch, v);
	return true;
}
