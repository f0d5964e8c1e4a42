#include "reject.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base64.h"
#include "xalloc.h"

#define VALUE_MAX 200		/* bytes of a value that _error repeats: the whole one is in the record */

void
rej_open(struct rej *r, const char *program, const char *path)
{
	*r = (struct rej){ .program = program, .open = path != NULL };
	if (path != NULL)
		nd_create(&r->out, path);
}

/* The members but _error: the bytes of the line where _error is last or absent. */
static void
members(struct buf *b, const char *line, const struct json *j)
{
	const struct json_member *m = j->member, *end = m + j->count;
	const char *p, *brace = strchr(line, '{');
	size_t n;

	if (j->count > 0 && json_is(&end[-1].key, "_error"))
		end--;
	for (; m < end && !json_is(&m->key, "_error"); m++)
		;
	if (m == end) {
		n = 1;
		if (end > j->member) {
			json_raw(&end[-1].value, &p, &n);
			n += (size_t)(p - brace);
		}
		buf_add(b, brace, n);
		return;
	}
	buf_char(b, '{');
	for (m = j->member; m < end; m++) {
		if (json_is(&m->key, "_error"))
			continue;
		if (b->n > 1)
			buf_char(b, ',');
		json_put(b, &m->key);
		buf_char(b, ':');
		json_put(b, &m->value);
	}
}

/* The record without an _error it brought along, closing brace left off; or its text where it is none. */
static void
record(struct buf *b, const struct nd_in *in)
{
	struct json j = { 0 };
	struct json_value v;

	if (in->toolong || !json_parse(&j, in->line, in->len)) {
		bool text = !in->toolong && j.error != NULL && strcmp(j.error, "bad-utf8") != 0;
		struct buf quoted = { 0 };

		buf_json_string(&quoted, in->line, in->len);
		json_pad(&quoted);
		text = text && json_parse_any(&j, quoted.p, quoted.n, &v);	/* is it UTF-8 all through? */
		buf_str(b, text ? "{\"_raw\":\"" : "{\"_raw_base64\":\"");
		(text ? buf_json_text : base64_put)(b, in->line, in->len);
		buf_char(b, '"');
		buf_free(&quoted);
	} else {
		members(b, in->line, &j);
	}
	json_free(&j);
}

/* What was printed in a message: one line of UTF-8, whatever a file's name or a value's end looks like. */
static void
one_line(char *text)
{
	const char *end = text + strlen(text), *next;

	while (*text != '\0') {
		next = (unsigned char)*text < 0x80 ? text + 1 : json_utf8(text, end);
		if (next == NULL || (unsigned char)*text < 0x20 || *text == 0x7f)
			*text++ = '?';
		else
			text += next - text;
	}
}

static void
put_value(struct buf *b, const struct json_value *value)
{
	struct json_value cut = *value;
	char *d;
	size_t n;

	if (value->kind == JSON_STRING && value->n > VALUE_MAX) {
		d = xmalloc(value->n + 1);
		n = json_decode(value, d);
		for (n = n < VALUE_MAX ? n : VALUE_MAX; n > 0 && ((unsigned char)d[n] & 0xc0) == 0x80; n--)
			;
		buf_char(b, '"');
		buf_json_text(b, d, n);
		buf_str(b, "\xe2\x80\xa6\"");
		free(d);
	} else if (value->n > VALUE_MAX) {
		buf_str(b, "\"(a long value)\"");
	} else {
		json_put(b, &cut);
	}
}

void
rej_write(struct rej *r, const struct nd_in *in, const char *code, const char *field,
    const struct json_value *value, const char *fmt, ...)
{
	static struct buf b;		/* kept from call to call; no state */
	char message[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	one_line(message);
	if (!r->open)
		errx(EX_DATAERR, "%s:%llu: %s%s%s: %s (--rejects FILE sets such records aside)", in->name,
		    (unsigned long long)in->lineno, code, field != NULL ? ": " : "", field != NULL ? field : "", message);
	b.n = 0;
	record(&b, in);
	if (b.n > 1)
		buf_char(&b, ',');
	buf_str(&b, "\"_error\":{\"program\":");
	buf_json_str(&b, r->program);
	buf_str(&b, ",\"line\":");
	buf_uint(&b, in->lineno);
	buf_str(&b, ",\"code\":");
	buf_json_str(&b, code);
	if (field != NULL) {
		buf_str(&b, ",\"field\":");
		buf_json_str(&b, field);
	}
	buf_str(&b, ",\"message\":");
	buf_json_str(&b, message);
	if (value != NULL && value->kind != JSON_NONE) {
		buf_str(&b, ",\"value\":");
		put_value(&b, value);
	}
	buf_add(&b, r->more.p, r->more.n);
	r->more.n = 0;
	buf_str(&b, "}}");
	nd_write(&r->out, b.p, b.n);
	r->count++;
}

void
rej_parse(struct rej *r, const struct nd_in *in, const struct json *j)
{
	if (in->toolong)
		rej_write(r, in, "line-too-long", NULL, NULL,
		    "a line longer than %zu MiB (its first bytes are kept)", ND_LINE_MAX >> 20);
	else
		rej_write(r, in, j->error, NULL, NULL, "%s, at byte %zu of the line", j->detail, j->offset + 1);
}

void
rej_close(struct rej *r)
{
	if (r->open)
		nd_close(&r->out);
	buf_free(&r->more);
}

int
rej_sum(const char *program, uint64_t in, uint64_t out, const struct rej *rejected,
    const struct rej *queued, const struct rej *skipped)
{
	uint64_t rest = rejected->count + (queued != NULL ? queued->count : 0) + (skipped != NULL ? skipped->count : 0);

	fprintf(stderr, "%s: %llu in, %llu out, %llu rejected", program, (unsigned long long)in,
	    (unsigned long long)out, (unsigned long long)rejected->count);
	if (queued != NULL && queued->open)
		fprintf(stderr, ", %llu queued", (unsigned long long)queued->count);
	if (skipped != NULL && skipped->open)
		fprintf(stderr, ", %llu skipped", (unsigned long long)skipped->count);
	fputc('\n', stderr);
	if (in == out + rest)
		return 0;
	warnx("our own bug: the sums differ");
	return EX_SOFTWARE;
}
