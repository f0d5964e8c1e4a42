#include "reconcile.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "xalloc.h"

struct cause {
	char *stage, *kind, *code, *field;
	uint64_t count;
};

static bool
same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static void
add_cause(struct books *b, const char *stage, const char *kind, const char *code, const char *field)
{
	size_t i;

	for (i = 0; i < b->causes; i++) {
		struct cause *c = &b->cause[i];

		if (same(c->stage, stage) && same(c->kind, kind) && same(c->code, code) && same(c->field, field)) {
			c->count++;
			return;
		}
	}
	b->cause = xreallocarray(b->cause, b->causes + 1, sizeof(*b->cause));
	b->cause[b->causes++] = (struct cause){ xstrdup(stage), xstrdup(kind), xstrdup(code), xstrdup(field), 1 };
}

/* The field as the source names it, or as the target does: a record that dyn-load set aside is a row. */
static const struct json_value *
either(const struct json *j, const char *field, const char *column)
{
	const struct json_value *v = json_get(j, field);

	return v != NULL ? v : json_get(j, column);
}

static uint64_t
read_kind(struct books *b, const char *prefix, const char *kind, struct sums *sums, const char *sum_field,
    const char *by_field, const char *sum_column, const char *by_column)
{
	char *path = xasprintf("%s.%s.ndjson", prefix, kind), *code, *field;
	const char *stage = strrchr(prefix, '/');
	const struct json_value *error;
	struct json_value v = { 0 };
	struct json j = { 0 };
	struct nd_in in;
	uint64_t n;

	if (access(path, F_OK) != 0 && errno == ENOENT) {
		free(path);
		return 0;
	}
	stage = stage != NULL ? stage + 1 : prefix;
	nd_open(&in, path);
	while (nd_read(&in)) {
		if (in.toolong || !json_parse(&j, in.line, in.len) || (error = json_get(&j, "_error")) == NULL)
			errx(EX_DATAERR, "%s:%llu: a record without _error: this file is written by the stages, not by hand",
			    path, (unsigned long long)in.lineno);
		code = json_member(error, "code", &v) ? json_strdup(&v) : NULL;
		field = json_member(error, "field", &v) ? json_strdup(&v) : NULL;
		add_cause(b, stage, kind, code != NULL ? code : "", field != NULL ? field : "");
		if (code != NULL && strncmp(code, "reference-", 10) == 0)
			b->cascades++;
		if (sums != NULL)
			sums_add(sums, SUMS_ASIDE, either(&j, by_field, by_column), either(&j, sum_field, sum_column));
		free(code);
		free(field);
	}
	n = in.count;
	nd_end(&in);
	json_free(&j);
	free(path);
	return n;
}

void
books_read(struct books *b, const char *prefix, struct sums *sums, const char *sum_field, const char *by_field,
    const char *sum_column, const char *by_column)
{
	b->rejected += read_kind(b, prefix, "rejects", sums, sum_field, by_field, sum_column, by_column);
	b->queued += read_kind(b, prefix, "queue", sums, sum_field, by_field, sum_column, by_column);
	b->skipped += read_kind(b, prefix, "skipped", sums, sum_field, by_field, sum_column, by_column);
}

static int
by_count(const void *a, const void *b)
{
	const struct cause *x = a, *y = b;
	int c;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	if ((c = strcmp(x->stage, y->stage)) != 0 || (c = strcmp(x->code, y->code)) != 0)
		return c;
	return strcmp(x->field, y->field);
}

void
books_print(const struct books *b, struct buf *out)
{
	size_t i;

	if (b->causes > 0)
		qsort(b->cause, b->causes, sizeof(*b->cause), by_count);
	buf_char(out, '[');
	for (i = 0; i < b->causes; i++) {
		buf_str(out, i > 0 ? ",{\"stage\":" : "{\"stage\":");
		buf_json_str(out, b->cause[i].stage);
		buf_str(out, ",\"kind\":");
		buf_json_str(out, b->cause[i].kind);
		buf_str(out, ",\"code\":");
		buf_json_str(out, b->cause[i].code);
		buf_str(out, ",\"field\":");
		buf_json_str(out, b->cause[i].field);
		buf_printf(out, ",\"count\":%llu}", (unsigned long long)b->cause[i].count);
	}
	buf_char(out, ']');
}
