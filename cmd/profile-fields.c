/*
 * profile-fields - what the fields of a set of records hold
 *
 * stdin    records
 * stdout   a line a field, in order of first appearance
 * rejects  none: a line that is no JSON object says nothing, and how many there were is said
 *
 * Streams.  Holds for each field at most 80 KB, and of a listed one its values,
 * 20,000 at most; 10,000 fields at most.
 */
#include <err.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "buf.h"
#include "cli.h"
#include "date.h"
#include "fold.h"
#include "json.h"
#include "keys.h"
#include "nd.h"
#include "xalloc.h"

#define DISTINCT_MAX 4096	/* counted exactly up to here */
#define SET_SIZE (2 * DISTINCT_MAX)
#define VALUES_MAX 20000
#define FIELDS_MAX 10000
#define DATE_LONGEST 64		/* bytes; no form of a date has more */

static const char usage[] =
"usage: profile-fields [--list FIELD[:SEPARATOR]]... < records > profile\n"
"\n"
"Says what the fields of records (NDJSON) hold, so that columns of the right type\n"
"and size can be made for them before any record is mapped.\n"
"\n"
"  --list FIELD      give every distinct value of FIELD too, exactly as it stands,\n"
"                    with its count\n"
"  --list FIELD:SEP  FIELD holds a list: its text is split at the character SEP, the\n"
"                    parts lose white space at their ends, blank ones are dropped;\n"
"                    as in --list tags:,\n"
"  --help, --version\n"
"\n"
"stdout: one line a field, in the order in which fields first appear:\n"
"  {\"field\":\"textCustomField1\",\"filled\":46,\"blank\":14,\"kinds\":{\"text\":46},\"longest\":12,\n"
"   \"distinct\":40,\"numbers\":2,\"dates\":0,\"booleans\":0,\"decimals\":1,\"least\":\"0\",\"greatest\":\"7.5\"}\n"
"  filled    records whose value is not blank; blank: all others (null, absent, \"\",\n"
"            white space, {}, [], an object of nulls)\n"
"  kinds     of the filled: text, number, bool, object, list\n"
"  longest   UTF-16 units of the longest text; of numbers their digits, of objects\n"
"            and lists their JSON in bytes\n"
"  distinct  different values, as they stand; exact up to 4096, then \"more\":true\n"
"  numbers   values that are plain decimal numbers, as text too; then also decimals\n"
"            (the most places without zeros at the end), least and greatest\n"
"  dates     values that map-fields takes for a date; booleans: 0, 1, true, false, as\n"
"            text too\n"
"  values    of a listed field: [{\"value\":\"VIP\",\"fold\":\"vip\",\"count\":3}], in order of\n"
"            first appearance; fold: trimmed and without regard to case.  After 20,000\n"
"            different ones, or for one above 1000 bytes, \"values_more\":true\n"
"A listed field that no record has gets a line too.\n"
"\n"
"stderr: the counts of records and fields.  A line that is no JSON object is passed\n"
"over and counted.  Memory: 80 KB a field and the listed values.\n"
"\n"
"Exit: 0 done; 64 usage; 65 more than 10,000 field names; 74 read or write failed.\n"
"\n"
"Example:\n"
"  profile-fields --list selectCustomField1 --list tags:, < data/source/contact/10-extracted.ndjson\n";

enum { TEXT, NUMBER, BOOL, OBJECT, LIST, KINDS };
static const char *const kind_name[KINDS] = { "text", "number", "bool", "object", "list" };

struct field {
	char *name;
	size_t n;
	uint32_t next;			/* the field that followed last time */
	uint64_t filled, kind[KINDS];
	uint64_t numbers, dates, booleans;
	size_t longest, decimals;
	struct buf least, greatest;	/* as they were written */
	uint64_t *set;			/* hashes of the distinct values; 0: free */
	size_t distinct;
	bool more;
	bool list;
	char separator;			/* 0: the whole value is one */
	struct keys *values;
	uint64_t *count;
	bool values_more;
};

static struct field *field;
static size_t fields;
static struct keys *names;
static struct buf decoded, folded;

static uint32_t
field_number(const char *name, size_t n)
{
	bool fresh;
	uint32_t i = keys_add(names, name, n, &fresh);

	if (!fresh)
		return i;
	if (i == FIELDS_MAX)
		errx(EX_DATAERR, "more than %d different field names: these are no records of one module", FIELDS_MAX);
	if ((i & (i - 1)) == 0)
		field = xreallocarray(field, i == 0 ? 1 : 2 * (size_t)i, sizeof(*field));
	field[i] = (struct field){ .name = xstrndup(name, n), .n = n, .next = UINT32_MAX };
	fields++;
	return i;
}

static bool
white(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
trim(const char **p, size_t *n)
{
	while (*n > 0 && white(**p))
		++*p, --*n;
	while (*n > 0 && white((*p)[*n - 1]))
		--*n;
}

static bool
blank(const struct json_value *v)
{
	struct json_value member;
	struct json_iter it;
	size_t i;

	switch (v->kind) {
	case JSON_NONE:
	case JSON_NULL:
		return true;
	case JSON_STRING:
		for (i = 0; i < v->n && white(v->p[i]); i++)
			;
		return i == v->n || (v->escaped && (folded.n = 0, buf_room(&folded, v->n + 1), fold(folded.p, decoded.p, decoded.n) == 0));
	case JSON_ARRAY:
		it = json_iter(v);
		return !json_next(&it, NULL, &member);
	case JSON_OBJECT:
		for (it = json_iter(v); json_next(&it, NULL, &member);)
			if (!json_null(&member))
				return false;
		return true;
	default:
		return false;
	}
}

/* A plain decimal number: a minus or nothing, digits, a point, digits; how many decimals count. */
static bool
plain(const char *p, size_t n, size_t *decimals)
{
	const char *end, *point;

	trim(&p, &n);
	end = p + n;
	p += n > 0 && *p == '-';
	if (p == end || *p < '0' || *p > '9')
		return false;
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	*decimals = 0;
	if (p == end)
		return true;
	if (*p++ != '.' || p == end)
		return false;
	for (point = p; p < end && *p >= '0' && *p <= '9'; p++)
		if (*p != '0')
			*decimals = (size_t)(p - point) + 1;
	return p == end;
}

/* Which of two plain numbers above zero is greater, digit by digit: nothing is rounded. */
static int
compare_digits(const char *a, size_t an, const char *b, size_t bn)
{
	const char *ap, *bp;
	size_t aw, bw, i;
	int x, y;

	for (; an > 1 && *a == '0' && a[1] != '.'; a++)
		an--;
	for (; bn > 1 && *b == '0' && b[1] != '.'; b++)
		bn--;
	aw = (ap = memchr(a, '.', an)) != NULL ? (size_t)(ap - a) : an;
	bw = (bp = memchr(b, '.', bn)) != NULL ? (size_t)(bp - b) : bn;
	if (aw != bw)
		return aw < bw ? -1 : 1;
	if ((x = memcmp(a, b, aw)) != 0)
		return x;
	for (i = aw + 1; i < an || i < bn; i++) {
		x = i < an ? a[i] : '0';
		y = i < bn ? b[i] : '0';
		if (x != y)
			return x - y;
	}
	return 0;
}

static int
compare(const char *a, size_t an, const char *b, size_t bn)
{
	if (*a == '-' && *b == '-')
		return compare_digits(b + 1, bn - 1, a + 1, an - 1);
	if (*a == '-' || *b == '-')
		return *a == '-' ? -1 : 1;
	return compare_digits(a, an, b, bn);
}

static void
note_number(struct field *f, const char *p, size_t n)
{
	size_t decimals;

	if (n == 0 || n > 1000 || *p > '9' || !plain(p, n, &decimals))
		return;
	trim(&p, &n);
	if (f->numbers++ == 0 || compare(p, n, f->least.p, f->least.n) < 0) {
		f->least.n = 0;
		buf_add(&f->least, p, n);
	}
	if (f->numbers == 1 || compare(p, n, f->greatest.p, f->greatest.n) > 0) {
		f->greatest.n = 0;
		buf_add(&f->greatest, p, n);
	}
	if (decimals > f->decimals)
		f->decimals = decimals;
}

/* Dates begin with a digit, a minus, or a month's first letter; most texts are none at the first look. */
static bool
is_date(const struct json_value *v, const char *text, size_t n)
{
	const char *why;
	int64_t seconds;

	if (n == 0 || v->n > DATE_LONGEST || (*text > '9' && strchr("JFMASONDjfmasond", *text) == NULL))
		return false;
	return date_read(v, &seconds, &why);
}

static void
note_distinct(struct field *f, const char *p, size_t n)
{
	uint64_t h;
	size_t at;

	if (f->more)
		return;
	if (f->set == NULL)
		f->set = xcalloc(SET_SIZE, sizeof(*f->set));
	h = XXH3_64bits(p, n);
	h += h == 0;
	for (at = (size_t)h % SET_SIZE; f->set[at] != 0; at = (at + 1) % SET_SIZE)
		if (f->set[at] == h)
			return;
	if (f->distinct == DISTINCT_MAX) {
		f->more = true;
		return;
	}
	f->set[at] = h;
	f->distinct++;
}

static void
note_value(struct field *f, const char *p, size_t n)
{
	uint32_t i;
	bool fresh;

	if (n > 1000 || (keys_count(f->values) == VALUES_MAX && !keys_find(f->values, p, n, &i))) {
		f->values_more = true;
		return;
	}
	i = keys_add(f->values, p, n, &fresh);
	if (fresh && (i & (i - 1)) == 0)
		f->count = xreallocarray(f->count, i == 0 ? 1 : 2 * (size_t)i, sizeof(*f->count));
	f->count[i] = fresh ? 1 : f->count[i] + 1;
}

static void
note_parts(struct field *f, const char *p, size_t n)
{
	const char *end = p + n, *part;
	size_t k;

	if (f->separator == '\0') {
		note_value(f, p, n);
		return;
	}
	for (; p <= end; p = part + 1) {
		part = memchr(p, f->separator, (size_t)(end - p));
		if (part == NULL)
			part = end;
		k = (size_t)(part - p);
		trim(&p, &k);
		if (k > 0)
			note_value(f, p, k);
	}
}

/* The text of a scalar; decoded where it must be. */
static const char *
text_of(const struct json_value *v, size_t *n)
{
	*n = v->n;
	if (v->kind != JSON_STRING || !v->escaped)
		return v->p;
	decoded.n = 0;
	buf_room(&decoded, v->n + 1);
	*n = decoded.n = json_decode(v, decoded.p);
	return decoded.p;
}

static void
note_list(struct field *f, const struct json_value *v, const char *text, size_t n)
{
	struct json_value one;
	struct json_iter it;

	if (v->kind != JSON_ARRAY) {
		note_parts(f, text, n);
		return;
	}
	for (it = json_iter(v); json_next(&it, NULL, &one);) {
		text = text_of(&one, &n);
		if (one.kind == JSON_STRING && f->separator != '\0')
			trim(&text, &n);
		if (n > 0 && one.kind != JSON_NULL)
			note_value(f, text, n);
	}
}

static bool
is_boolean(const char *p, size_t n)
{
	trim(&p, &n);
	return (n == 1 && (*p == '0' || *p == '1')) || (n == 4 && strncasecmp(p, "true", 4) == 0) ||
	    (n == 5 && strncasecmp(p, "false", 5) == 0);
}

static void
note(struct field *f, const struct json_value *v)
{
	static const int kinds[] = { [JSON_FALSE] = BOOL, [JSON_TRUE] = BOOL, [JSON_NUMBER] = NUMBER, [JSON_STRING] = TEXT,
	    [JSON_ARRAY] = LIST, [JSON_OBJECT] = OBJECT };
	const char *text;
	size_t n, length;

	text = text_of(v, &n);
	if (blank(v))
		return;
	f->filled++;
	f->kind[kinds[v->kind]]++;
	length = v->kind == JSON_STRING ? json_utf16(v) : v->n;
	if (length > f->longest)
		f->longest = length;
	note_distinct(f, text, n);
	if (f->list)
		note_list(f, v, text, n);
	if (v->kind == JSON_ARRAY || v->kind == JSON_OBJECT)
		return;
	f->booleans += n <= 16 && is_boolean(text, n);
	if (v->kind == JSON_TRUE || v->kind == JSON_FALSE)
		return;
	note_number(f, text, n);
	f->dates += is_date(v, text, n);
}

static void
record(const struct json *j)
{
	uint32_t at = UINT32_MAX, before = UINT32_MAX;
	const char *name;
	size_t i, n;

	for (i = 0; i < j->count; i++) {
		const struct json_member *m = &j->member[i];

		name = text_of(&m->key, &n);
		at = before != UINT32_MAX ? field[before].next : 0;
		if (at >= fields || field[at].n != n || memcmp(field[at].name, name, n) != 0)
			at = field_number(name, n);
		if (before != UINT32_MAX)
			field[before].next = at;
		note(&field[at], &m->value);
		before = at;
	}
}

/* ---- output ---- */

static void
put_values(struct buf *b, const struct field *f)
{
	const char *p;
	size_t at = 0, n;
	uint32_t i;

	buf_str(b, ",\"values\":[");
	for (i = 0; keys_next(f->values, &at, &p, &n); i++) {
		buf_str(b, i > 0 ? ",{\"value\":" : "{\"value\":");
		buf_json_string(b, p, n);
		buf_str(b, ",\"fold\":");
		folded.n = 0;
		buf_room(&folded, n + 1);
		folded.n = fold(folded.p, p, n);
		buf_json_string(b, folded.p, folded.n);
		buf_str(b, ",\"count\":");
		buf_uint(b, f->count[i]);
		buf_char(b, '}');
	}
	buf_str(b, f->values_more ? "],\"values_more\":true" : "]");
}

static void
put_field(struct buf *b, const struct field *f, uint64_t records)
{
	int k;
	bool first = true;

	b->n = 0;
	buf_str(b, "{\"field\":");
	buf_json_string(b, f->name, f->n);
	buf_printf(b, ",\"filled\":%llu,\"blank\":%llu,\"kinds\":{", (unsigned long long)f->filled,
	    (unsigned long long)(records - f->filled));
	for (k = 0; k < KINDS; k++) {
		if (f->kind[k] == 0)
			continue;
		buf_printf(b, "%s\"%s\":%llu", first ? "" : ",", kind_name[k], (unsigned long long)f->kind[k]);
		first = false;
	}
	buf_printf(b, "},\"longest\":%zu,\"distinct\":%zu%s,\"numbers\":%llu,\"dates\":%llu,\"booleans\":%llu", f->longest,
	    f->distinct, f->more ? ",\"more\":true" : "", (unsigned long long)f->numbers, (unsigned long long)f->dates,
	    (unsigned long long)f->booleans);
	if (f->numbers > 0) {
		buf_printf(b, ",\"decimals\":%zu,\"least\":", f->decimals);
		buf_json_string(b, f->least.p, f->least.n);
		buf_str(b, ",\"greatest\":");
		buf_json_string(b, f->greatest.p, f->greatest.n);
	}
	if (f->list)
		put_values(b, f);
	buf_char(b, '}');
}

static void
profile_write(uint64_t records)
{
	struct nd_out out;
	struct buf b = { 0 };
	size_t i;

	nd_create(&out, NULL);
	for (i = 0; i < fields; i++) {
		put_field(&b, &field[i], records);
		nd_write(&out, b.p, b.n);
	}
	nd_close(&out);
	buf_free(&b);
}

/* FIELD or FIELD:SEPARATOR, the separator one character of ASCII. */
static void
list(const char *text)
{
	const char *colon = strchr(text, ':');
	size_t n = colon != NULL ? (size_t)(colon - text) : strlen(text);
	struct field *f;
	uint32_t i;

	if (n == 0 || (colon != NULL && (strlen(colon) != 2 || (unsigned char)colon[1] >= 0x80)))
		errx(EX_USAGE, "--list takes FIELD or FIELD: and one character of ASCII, not \"%s\"", text);
	i = field_number(text, n);
	f = &field[i];
	f->list = true;
	f->separator = colon != NULL ? colon[1] : '\0';
	if (f->values == NULL)
		f->values = keys_new();
}

static void
options(int argc, char *argv[])
{
	static const struct option longopts[] = { { "list", required_argument, NULL, 'l' }, { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		if (c != 'l')
			cli_usage(usage);
		list(optarg);
	}
	if (optind < argc)
		cli_usage(usage);
}

int
main(int argc, char *argv[])
{
	struct json j = { 0 };
	struct nd_in in;
	uint64_t bad = 0;

	cli_start(argc, argv, usage);
	names = keys_new();
	options(argc, argv);
	nd_open(&in, NULL);
	while (nd_read(&in)) {
		if (!in.toolong && json_parse(&j, in.line, in.len))
			record(&j);
		else
			bad++;
	}
	profile_write(in.count - bad);
	fprintf(stderr, "profile-fields: %llu records, %zu fields", (unsigned long long)(in.count - bad), fields);
	if (bad > 0)
		fprintf(stderr, ", %llu lines that are no record", (unsigned long long)bad);
	fputc('\n', stderr);
	nd_end(&in);
	json_free(&j);
	return 0;
}
