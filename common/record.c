#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "xalloc.h"

/* The text in a wrapping, to b; false when the record is none. */
static bool
unwrap(const struct json *j, struct buf *b)
{
	const struct json_value *v = NULL;
	bool coded = false;
	size_t i;

	for (i = 0; i < j->count && j->count <= 2 && v == NULL; i++) {
		coded = json_is(&j->member[i].key, "_raw_base64");
		if ((coded || json_is(&j->member[i].key, "_raw")) && j->member[i].value.kind == JSON_STRING)
			v = &j->member[i].value;
	}
	if (v == NULL)
		return false;
	b->n = 0;
	if (coded && !base64_get(b, v->p, v->n))
		return false;
	buf_room(b, v->n + 1);
	if (!coded)
		b->n = json_decode(v, b->p);
	json_pad(b);
	return true;
}

bool
record_parse(struct nd_in *in, struct json *j)
{
	static struct buf text;		/* kept from call to call; no state */
	size_t i;

	if (in->toolong || !json_parse(j, in->line, in->len))
		return false;
	if (!unwrap(j, &text))
		return true;
	in->line = text.p;
	in->len = text.n;
	if (!json_parse(j, text.p, text.n))
		return false;
	for (i = 0; i < text.n; i++)	/* white space between members: a record is one line */
		if (text.p[i] == '\n' || text.p[i] == '\r')
			text.p[i] = ' ';
	return true;
}

static bool
blank(const char *p, size_t n)
{
	while (n > 0 && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) {
		p++;
		n--;
	}
	return n == 0;
}

static bool
all_null(const struct json_value *object)
{
	struct json_iter it = json_iter(object);
	struct json_value key, v;

	while (json_next(&it, &key, &v))
		if (v.kind != JSON_NULL && !(v.kind == JSON_STRING && v.n == 0))
			return false;
	return true;
}

enum record_key
record_key(const struct json_value *v, struct buf *key)
{
	struct json_value id;

	key->n = 0;
	if (v == NULL || v->kind == JSON_NONE || v->kind == JSON_NULL)
		return RECORD_BLANK;
	if (v->kind == JSON_OBJECT) {
		if (!json_member(v, "id", &id) || id.kind == JSON_NULL)
			return all_null(v) ? RECORD_BLANK : RECORD_WRONG;
		return id.kind == JSON_OBJECT ? RECORD_WRONG : record_key(&id, key);
	}
	if (v->kind == JSON_NUMBER) {
		buf_add(key, v->p, v->n);
		return RECORD_KEY;
	}
	if (v->kind != JSON_STRING)
		return RECORD_WRONG;
	buf_room(key, v->n + 1);
	key->n = json_decode(v, key->p);
	return blank(key->p, key->n) ? RECORD_BLANK : RECORD_KEY;
}

void
record_path(struct record_path *p, struct json_names *names, const char *path)
{
	char *copy = xstrdup(path), *dot;
	size_t n = strlen(copy);

	p->text = xstrdup(path);
	if (n > 3 && strcmp(copy + n - 3, ".id") == 0)
		copy[n - 3] = '\0';
	dot = strchr(copy, '.');
	p->rest = NULL;
	if (dot != NULL) {
		*dot = '\0';
		p->rest = xstrdup(dot + 1);
	}
	p->slot = json_names_add(names, copy);
	free(copy);
}

void
record_path_free(struct record_path *p)
{
	free(p->text);
	free(p->rest);
}

bool
record_at(const struct record_path *p, const struct json *j, struct json_value *v)
{
	const struct json_value *top = j->slot[p->slot];

	if (top == NULL)
		return false;
	if (p->rest != NULL)
		return json_path(top, p->rest, v);
	*v = *top;
	return true;
}

static bool
among(const struct json_value *key, const char *const *names)
{
	while (*names != NULL)
		if (json_is(key, *names++))
			return true;
	return false;
}

void
record_without(struct buf *b, const struct json *j, const char *const *names)
{
	size_t i;

	b->n = 0;
	buf_char(b, '{');
	for (i = 0; i < j->count; i++) {
		if (among(&j->member[i].key, names))
			continue;
		if (b->n > 1)
			buf_char(b, ',');
		json_put(b, &j->member[i].key);
		buf_char(b, ':');
		json_put(b, &j->member[i].value);
	}
	buf_char(b, '}');
}

static bool
space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void
record_write(struct nd_out *out, const char *line, size_t n, const char *name, const char *json, size_t jn)
{
	while (line[n - 1] != '}')
		n--;
	for (n--; space(line[n - 1]); n--)
		;
	nd_part(out, line, n);
	nd_part(out, line[n - 1] == '{' ? "\"" : ",\"", line[n - 1] == '{' ? 1 : 2);
	nd_part(out, name, strlen(name));
	nd_part(out, "\":", 2);
	nd_part(out, json, jn);
	nd_part(out, "}", 1);
	nd_line(out);
}
