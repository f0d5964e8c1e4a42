/*
 * join-records - put a record of another file into the record that it belongs to
 *
 * stdin    records, one JSON object a line
 * stdout   the same, those with a match with one last member more
 * loose    the lines of --with that no record got, unchanged
 * rejects  bad-json bad-utf8 too-deep line-too-long duplicate-member not-an-object
 *
 * Holds where each record of --with stands: its key and some 40 bytes.  The
 * file is read twice, and its matches once more.
 */
#include <err.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "buf.h"
#include "cli.h"
#include "json.h"
#include "keys.h"
#include "nd.h"
#include "record.h"
#include "reject.h"
#include "reread.h"
#include "xalloc.h"

static const char usage[] =
"usage: join-records --with FILE --on FIELD --as NAME --loose F [--rejects F] < records > joined\n"
"\n"
"Puts into each record the one of another file that refers to it: into an activity,\n"
"say, the call that was logged for it.\n"
"\n"
"  --with FILE   the other records (NDJSON, a file)\n"
"  --on FIELD    the field of these, a name or a path (a.b), that holds the id of the\n"
"                record on standard input: a number, a text, or an object with an id\n"
"  --as NAME     the name of the new last member, whose value is the other record's\n"
"                line as it stands\n"
"  --loose F     where the others go, their lines unchanged and in their order: those\n"
"                that name no record, that name one for a second time, or that are no\n"
"                JSON objects\n"
"  --rejects F   records of standard input that are no JSON object, or that have a\n"
"                member NAME already; without it the first ends the run (65)\n"
"  --help, --version\n"
"\n"
"stdout: every record in its order; an old _error is taken off, and an old NAME where\n"
"NAME begins with _. Of two records with one id the first gets the match.\n"
"\n"
"in = out + rejected; the lines of FILE = joined + loose. Memory: the ids in FILE and\n"
"40 bytes each.\n"
"\n"
"Exit: 0 done, 64 usage, 65 a bad record without --rejects or a line of FILE over\n"
"64 MiB, 66 no such file, 73 cannot create, 74 read or write failed, or FILE changed\n"
"meanwhile.\n"
"\n"
"Example:\n"
"  join-records --with call.ndjson --on activityId --as call --loose calls-alone.ndjson \\\n"
"    < activity.ndjson > 15-joined.ndjson\n";

static const char *withfile, *on, *as, *loosefile;

struct held {			/* 16 bytes, by the key's number: the first record with that key */
	uint64_t at;
	uint32_t len;
	bool joined;
};

struct join {
	struct keys *keys;
	struct held *held;
	size_t room;
	struct json j, other;	/* the record, and one of --with */
	struct record_path id, on;
	size_t old_error, old_as;
	struct reread with;
	struct nd_out out, loose;
	struct rej rej;
	uint64_t seen, joined, second;
	struct buf key, clean, member;
};

/* The next line of --with, and the number of its key; false at the end. */
static bool
read_other(struct join *n, struct nd_in *in, bool *keyed)
{
	struct json_value v;

	if (!nd_read(in))
		return false;
	if (in->toolong)
		errx(EX_DATAERR, "%s:%llu: a line longer than %zu MiB", in->name, (unsigned long long)in->lineno, ND_LINE_MAX >> 20);
	*keyed = json_parse(&n->other, in->line, in->len) && record_at(&n->on, &n->other, &v) && ++n->seen > 0 &&
	    record_key(&v, &n->key) == RECORD_KEY && n->key.n <= KEYS_LONGEST;
	return true;
}

static void
read_with(struct join *n)
{
	struct nd_in in;
	uint32_t i;
	bool keyed, fresh;

	nd_open(&in, withfile);
	while (read_other(n, &in, &keyed)) {
		if (!keyed)
			continue;
		i = keys_add(n->keys, n->key.p, n->key.n, &fresh);
		if (!fresh)
			continue;
		if (i == n->room) {
			n->room = n->room * 2 + 1024;
			n->held = xreallocarray(n->held, n->room, sizeof(*n->held));
		}
		n->held[i] = (struct held){ .at = in.offset, .len = (uint32_t)in.len };
	}
	if (in.count > 0 && n->seen == 0)
		warnx("%s: no record has a field \"%s\": is that the one (--on) that names the other?", withfile, on);
	nd_end(&in);
}

static void
write_loose(struct join *n)
{
	struct nd_in in;
	uint32_t i;
	bool keyed;

	nd_open(&in, withfile);
	while (read_other(n, &in, &keyed)) {
		if (keyed && keys_find(n->keys, n->key.p, n->key.n, &i) && n->held[i].joined) {
			if (n->held[i].at == in.offset)
				continue;
			n->second++;
		}
		nd_write(&n->loose, in.line, in.len);
	}
	nd_end(&in);
}

/* The record of --with that refers to the one in hand, for the first time; NULL if there is none. */
static struct held *
match(struct join *n)
{
	struct json_value v;
	uint32_t i;

	if (!record_at(&n->id, &n->j, &v) || record_key(&v, &n->key) != RECORD_KEY || n->key.n > KEYS_LONGEST ||
	    !keys_find(n->keys, n->key.p, n->key.n, &i) || n->held[i].joined)
		return NULL;
	return &n->held[i];
}

static void
join(struct join *n, const struct nd_in *in)
{
	const char *const ours[] = { "_error", as, NULL };
	const char *line = in->line;
	struct held *h;
	size_t len = in->len;

	if (n->j.slot[n->old_as] != NULL && as[0] != '_') {
		rej_write(&n->rej, in, "duplicate-member", as, n->j.slot[n->old_as], "the record has a member of this name already");
		return;
	}
	if (n->j.slot[n->old_error] != NULL || n->j.slot[n->old_as] != NULL) {
		record_without(&n->clean, &n->j, ours);
		line = n->clean.p;
		len = n->clean.n;
	}
	h = match(n);
	if (h == NULL) {
		nd_write(&n->out, line, len);
		return;
	}
	h->joined = true;
	n->joined++;
	record_write(&n->out, line, len, as, reread_line(&n->with, h->at, h->len), h->len);
}

static void
options(int argc, char *argv[], struct join *n)
{
	static const struct option longopts[] = {
		{ "with", required_argument, NULL, 'w' }, { "on", required_argument, NULL, 'o' },
		{ "as", required_argument, NULL, 'a' }, { "loose", required_argument, NULL, 'l' },
		{ "rejects", required_argument, NULL, 'r' }, { NULL, 0, NULL, 0 }
	};
	const char *rejects = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "r:", longopts, NULL)) != -1) {
		switch (c) {
		case 'w': withfile = optarg; break;
		case 'o': on = optarg; break;
		case 'a': as = optarg; break;
		case 'l': loosefile = optarg; break;
		case 'r': rejects = optarg; break;
		default: cli_usage(usage);
		}
	}
	if (optind < argc || withfile == NULL || on == NULL || *on == '\0' || as == NULL || loosefile == NULL)
		cli_usage(usage);
	if (*as == '\0' || as[strcspn(as, "\"\\\t\n\r")] != '\0' || strcmp(as, "_error") == 0)
		errx(EX_USAGE, "--as \"%s\" is no name for a member", as);
	rej_open(&n->rej, "join-records", rejects);
}

static void
begin(struct join *n)
{
	reread_open(&n->with, withfile);
	nd_create(&n->loose, loosefile);
	nd_create(&n->out, NULL);
	n->keys = keys_new();
	n->other.names = json_names_new();
	record_path(&n->on, n->other.names, on);
	n->j.names = json_names_new();
	record_path(&n->id, n->j.names, "id");
	n->old_error = json_names_add(n->j.names, "_error");
	n->old_as = json_names_add(n->j.names, as);
	read_with(n);
}

int
main(int argc, char *argv[])
{
	static struct join n;
	struct nd_in in;

	cli_start(argc, argv, usage);
	options(argc, argv, &n);
	begin(&n);
	nd_open(&in, NULL);
	while (nd_read(&in)) {
		if (!record_parse(&in, &n.j))
			rej_parse(&n.rej, &in, &n.j);
		else
			join(&n, &in);
	}
	nd_end(&in);
	write_loose(&n);
	nd_close(&n.out);
	nd_close(&n.loose);
	rej_close(&n.rej);
	fprintf(stderr, "join-records: %llu joined, %llu loose, %llu of them for a second time\n", (unsigned long long)n.joined,
	    (unsigned long long)n.loose.count, (unsigned long long)n.second);
	return rej_sum("join-records", in.count, n.out.count, &n.rej, NULL, NULL);
}
