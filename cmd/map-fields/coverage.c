/*
 * What became of every source field: one line of JSON each, for the person who
 * reviews a map and for the drift report.
 *
 * Memory grows with the number of different field names, not with records.
 */
#include <fnmatch.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "map.h"
#include "xalloc.h"

struct seen {
	char *name;
	size_t n;
	uint64_t values;		/* records with a value that is not blank */
};

struct coverage {
	struct map *m;
	struct seen *field;
	size_t fields;
	uint32_t *index;		/* open addressing; position + 1 */
	size_t mask;
};

static struct seen *
field_of(struct coverage *c, const char *name, size_t n)
{
	size_t at, i;

	if (2 * c->fields >= c->mask) {
		free(c->index);
		c->mask = 4 * c->mask + 3;
		c->index = xcalloc(c->mask + 1, sizeof(*c->index));
		for (i = 0; i < c->fields; i++) {
			for (at = (size_t)XXH3_64bits(c->field[i].name, c->field[i].n) & c->mask; c->index[at] != 0; at = (at + 1) & c->mask)
				;
			c->index[at] = (uint32_t)i + 1;
		}
	}
	for (at = (size_t)XXH3_64bits(name, n) & c->mask; c->index[at] != 0; at = (at + 1) & c->mask) {
		struct seen *s = &c->field[c->index[at] - 1];

		if (s->n == n && memcmp(s->name, name, n) == 0)
			return s;
	}
	c->field = xreallocarray(c->field, c->fields + 1, sizeof(*c->field));
	c->field[c->fields] = (struct seen){ xstrndup(name, n), n, 0 };
	c->index[at] = (uint32_t)++c->fields;
	return &c->field[c->fields - 1];
}

struct coverage *
coverage_new(struct map *m)
{
	struct coverage *c = xcalloc(1, sizeof(*c));
	const struct rule *r;
	size_t i;

	c->m = m;
	for (r = m->rule; r < m->rule + m->rules; r++) {
		for (i = 0; i < r->fields; i++)
			if (r->field[i].top[0] != '_')
				field_of(c, r->field[i].top, strlen(r->field[i].top));
		if (r->alternatives > 0 && r->when.top[0] != '_')
			field_of(c, r->when.top, strlen(r->when.top));
		if (r->drop != NULL && strpbrk(r->drop, "*?[") == NULL)
			field_of(c, r->drop, strlen(r->drop));
	}
	return c;
}

void
coverage_count(struct coverage *c, const struct json *j)
{
	static struct buf scratch;
	const char *name;
	size_t i, n;
	struct seen *s;

	for (i = 0; i < j->count; i++) {
		name = text_of(&j->member[i].key, &scratch, &n);
		if (n > 0 && name[0] == '_')
			continue;
		s = field_of(c, name, n);
		s->values += !value_blank(&j->member[i].value);
	}
}

/* ,"mapped":["jobtitle",…] and how many values the rows' misfit rules replaced; false if no row uses the field. */
static bool
put_mapped(struct buf *b, const struct coverage *c, const struct seen *s, uint64_t *lost, bool *condition)
{
	const struct rule *r;
	const char *last = "";
	bool any = false;

	*lost = 0;
	*condition = false;
	for (r = c->m->rule; r < c->m->rule + c->m->rules; r++) {
		*condition = *condition || (r->alternatives > 0 && strcmp(r->when.top, s->name) == 0);
		if (!source_reads(r, s->name))
			continue;
		*lost += r->lost;
		if (any && strcmp(last, r->target) == 0)
			continue;
		last = r->target;
		buf_str(b, any ? "," : ",\"mapped\":[");
		buf_json_str(b, r->target);
		any = true;
	}
	if (any)
		buf_char(b, ']');
	return any;
}

static const struct rule *
dropped_by(const struct coverage *c, const struct seen *s)
{
	const struct rule *r;

	for (r = c->m->rule; r < c->m->rule + c->m->rules; r++)
		if (r->drop != NULL && strcmp(r->drop, s->name) == 0)
			return r;
	for (r = c->m->rule; r < c->m->rule + c->m->rules; r++)
		if (r->drop != NULL && fnmatch(r->drop, s->name, FNM_NOESCAPE) == 0)
			return r;
	return NULL;
}

static void
put_line(struct buf *b, const struct coverage *c, const struct seen *s)
{
	const struct rule *drop;
	struct buf mapped = { 0 };
	uint64_t lost;
	bool condition;

	b->n = 0;
	buf_str(b, "{\"field\":");
	buf_json_string(b, s->name, s->n);
	if (put_mapped(&mapped, c, s, &lost, &condition)) {
		buf_str(b, ",\"fate\":\"mapped\"");
		buf_add(b, mapped.p, mapped.n);
	} else if (strcmp(s->name, "id") == 0) {
		buf_str(b, ",\"fate\":\"mapped\",\"mapped\":[\"_source.id\"]");
	} else if ((drop = dropped_by(c, s)) != NULL) {
		buf_str(b, ",\"fate\":\"dropped\",\"reason\":");
		buf_json_str(b, drop->reason);
		lost = s->values;
	} else if (condition) {
		buf_str(b, ",\"fate\":\"condition\"");
	} else {
		buf_str(b, ",\"fate\":\"unknown\",\"reason\":\"the map does not name it\"");
		lost = s->values;
	}
	buf_str(b, ",\"values\":");
	buf_uint(b, s->values);
	buf_str(b, ",\"lost\":");
	buf_uint(b, lost);
	buf_char(b, '}');
	buf_free(&mapped);
}

void
coverage_write(struct coverage *c, const char *path)
{
	struct nd_out out;
	struct buf b = { 0 };
	size_t i;

	nd_create(&out, path);
	for (i = 0; i < c->fields; i++) {
		put_line(&b, c, &c->field[i]);
		nd_write(&out, b.p, b.n);
	}
	nd_close(&out);
	buf_free(&b);
	for (i = 0; i < c->fields; i++)
		free(c->field[i].name);
	free(c->field);
	free(c->index);
	free(c);
}
