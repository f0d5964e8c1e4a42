/*
 * order-records - oldest first
 *
 * stdin    records, one JSON object a line; a file is read twice as it is, a
 *          pipe is copied into a temporary file first
 * stdout   the same, ordered by a time, each with a last member _order
 * rejects  bad-json bad-utf8 too-deep line-too-long duplicate-member not-an-object
 *
 * Holds 24 bytes a record (struct item) and, with --group, some 40 a group.
 */
#include <err.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "buf.h"
#include "cli.h"
#include "date.h"
#include "json.h"
#include "keys.h"
#include "nd.h"
#include "record.h"
#include "reject.h"
#include "reread.h"
#include "spool.h"
#include "xalloc.h"

static const char usage[] =
"usage: order-records --time FIELD [--group FIELD] [--rejects F] < records > ordered\n"
"\n"
"Orders records by a time, oldest first, so that they are written in the order in\n"
"which they came about. Records of the same time keep their order.\n"
"\n"
"  --time FIELD   the field that holds the time, a name or a path (a.b): seconds or\n"
"                 milliseconds since 1970, 2017-03-01, 2017-03-01T12:38:21Z (also\n"
"                 with an offset, a blank for the T, without seconds), Mar 04, 2021\n"
"                 10:15 AM; UTC where no zone is said\n"
"  --group FIELD  number the records of each value of this field, the thread of an\n"
"                 e-mail say: an id, or an object with an id\n"
"  --rejects F    records that are no JSON object; without it the first ends the\n"
"                 run (65)\n"
"  --help, --version\n"
"\n"
"stdout: the line with one last member, an old _order or _error taken off:\n"
"  \"_order\":{\"time\":\"2017-03-01T12:38:21Z\",\"place\":3}\n"
"  time   in UTC, to the second; left out where there is none that can be read:\n"
"         such records come first, in the order of the input\n"
"  place  1 for the first of its group; left out without --group, and where the\n"
"         record has no group\n"
"\n"
"in = out + rejected. Memory: 24 bytes a record, 40 a group and its text. A pipe\n"
"is copied to TMPDIR (default /tmp) first.\n"
"\n"
"Exit: 0 done, 64 usage, 65 a bad record without --rejects, 73 cannot create,\n"
"74 read or write failed, or the file changed meanwhile.\n"
"\n"
"Example:\n"
"  order-records --time sentAt --group conversationId < email.ndjson > 25-ordered.ndjson\n";

static const char *const ours[] = { "_error", "_order", NULL };

#define NO_TIME INT64_MIN
#define NO_GROUP UINT32_MAX
#define MEND 0x80000000u	/* in len: the line holds an old member of ours, or the record in a wrapping */

struct item {			/* 24 bytes, in input order at first */
	int64_t time;
	uint64_t at;
	uint32_t len, group;
};

struct order {
	struct json j;
	struct record_path time, group;
	bool grouped;
	size_t old_error, old_order;
	struct item *item;
	size_t count, room;
	bool ordered;		/* as it came */
	uint64_t seen, untimed;
	struct keys *groups;
	struct reread in;
	struct nd_out out;
	struct rej rej;
	struct buf key, member, clean;
};

static bool
before(const struct item *a, const struct item *b)
{
	return a->time != b->time ? a->time < b->time : a->at < b->at;
}

static void
sift(struct item *item, size_t i, size_t n)
{
	struct item x = item[i];
	size_t child;

	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n && before(&item[child], &item[child + 1]))
			child++;
		if (!before(&x, &item[child]))
			break;
		item[i] = item[child];
		i = child;
	}
	item[i] = x;
}

/* Heapsort: qsort(3) may take as much memory again. */
static void
sort(struct item *item, size_t n)
{
	struct item x;
	size_t i;

	for (i = n / 2; i > 0; i--)
		sift(item, i - 1, n);
	for (i = n; i > 1; i--) {
		x = item[0];
		item[0] = item[i - 1];
		item[i - 1] = x;
		sift(item, 0, i - 1);
	}
}

static int64_t
time_of(struct order *o)
{
	struct json_value v;
	const char *why;
	int64_t seconds;

	if (record_at(&o->time, &o->j, &v)) {
		o->seen++;
		if ((v.kind == JSON_NUMBER || v.kind == JSON_STRING) && date_read(&v, &seconds, &why))
			return seconds;
	}
	o->untimed++;
	return NO_TIME;
}

static uint32_t
group_of(struct order *o)
{
	struct json_value v;

	if (!o->grouped || !record_at(&o->group, &o->j, &v) || record_key(&v, &o->key) != RECORD_KEY || o->key.n > KEYS_LONGEST)
		return NO_GROUP;
	return keys_add(o->groups, o->key.p, o->key.n, NULL);
}

static void
add(struct order *o, uint64_t at, size_t len, bool mend)
{
	struct item *i;

	if (o->count == o->room) {
		o->room = o->room * 2 + 1024;
		o->item = xreallocarray(o->item, o->room, sizeof(*o->item));
	}
	i = &o->item[o->count++];
	*i = (struct item){ .time = time_of(o), .at = at, .len = (uint32_t)len, .group = group_of(o) };
	if (mend)
		i->len |= MEND;
	if (o->count > 1 && i->time < i[-1].time)
		o->ordered = false;
}

/* The first reading: where each record stands, and its time. */
static uint64_t
read_times(struct order *o)
{
	struct nd_in in;
	const char *line;
	size_t len;

	nd_open(&in, NULL);
	while (nd_read(&in)) {
		line = in.line;
		len = in.len;
		if (!record_parse(&in, &o->j))
			rej_parse(&o->rej, &in, &o->j);
		else
			add(o, in.offset, len, in.line != line || o->j.slot[o->old_error] != NULL || o->j.slot[o->old_order] != NULL);
	}
	nd_end(&in);
	return in.count;
}

static void
write_record(struct order *o, const struct item *i, uint32_t *place)
{
	struct nd_in in = { .name = "stdin", .len = i->len & ~MEND };
	struct buf *b = &o->member;

	in.line = reread_line(&o->in, i->at, in.len);
	if (i->len & MEND) {
		if (!record_parse(&in, &o->j))
			errx(EX_IOERR, "stdin: it changed while it was read");
		record_without(&o->clean, &o->j, ours);
		in.line = o->clean.p;
		in.len = o->clean.n;
	}
	b->n = 0;
	buf_char(b, '{');
	if (i->time != NO_TIME) {
		buf_str(b, "\"time\":");
		date_put(b, i->time, false);
	}
	if (i->group != NO_GROUP) {
		buf_str(b, b->n > 1 ? ",\"place\":" : "\"place\":");
		buf_uint(b, ++place[i->group]);
	}
	buf_char(b, '}');
	record_write(&o->out, in.line, in.len, "_order", b->p, b->n);
}

static void
write_all(struct order *o)
{
	uint32_t *place = xcalloc((size_t)keys_count(o->groups) + 1, sizeof(*place));
	size_t i;

	for (i = 0; i < o->count; i++)
		write_record(o, &o->item[i], place);
	free(place);
}

static void
options(int argc, char *argv[], struct order *o)
{
	static const struct option longopts[] = {
		{ "time", required_argument, NULL, 't' }, { "group", required_argument, NULL, 'g' },
		{ "rejects", required_argument, NULL, 'r' }, { NULL, 0, NULL, 0 }
	};
	const char *rejects = NULL, *time = NULL, *group = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "r:", longopts, NULL)) != -1) {
		switch (c) {
		case 't': time = optarg; break;
		case 'g': group = optarg; break;
		case 'r': rejects = optarg; break;
		default: cli_usage(usage);
		}
	}
	if (optind < argc || time == NULL || *time == '\0' || (group != NULL && *group == '\0'))
		cli_usage(usage);
	o->j.names = json_names_new();
	record_path(&o->time, o->j.names, time);
	o->grouped = group != NULL;
	if (o->grouped)
		record_path(&o->group, o->j.names, group);
	o->old_error = json_names_add(o->j.names, "_error");
	o->old_order = json_names_add(o->j.names, "_order");
	rej_open(&o->rej, "order-records", rejects);
}

int
main(int argc, char *argv[])
{
	static struct order o = { .ordered = true };
	uint64_t in;

	cli_start(argc, argv, usage);
	options(argc, argv, &o);
	o.groups = keys_new();
	nd_create(&o.out, NULL);
	reread_stdin(&o.in, spool_stdin());
	in = read_times(&o);
	if (!o.ordered)
		sort(o.item, o.count);
	write_all(&o);
	nd_close(&o.out);
	rej_close(&o.rej);
	if (o.count > 0 && o.seen == 0)
		warnx("no record has a field \"%s\": is that the one (--time) that holds the time?", o.time.text);
	if (o.untimed > 0)
		fprintf(stderr, "order-records: %llu without a time that can be read\n", (unsigned long long)o.untimed);
	return rej_sum("order-records", in, o.out.count, &o.rej, NULL, NULL);
}
