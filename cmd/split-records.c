/*
 * split-records - send each record to a file, by what one of its fields says
 *
 * stdin    records, one JSON object a line
 * --to     the line of each record, unchanged, in the file of its target
 * queue    undecided
 * rejects  bad-json bad-utf8 too-deep line-too-long duplicate-member not-an-object
 *
 * Streams: memory does not grow with the number of records.
 */
#include <err.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "buf.h"
#include "cli.h"
#include "decision.h"
#include "fold.h"
#include "json.h"
#include "nd.h"
#include "record.h"
#include "reject.h"
#include "xalloc.h"

static const char usage[] =
"usage: split-records --field NAME --table F --to NAME=F [--to NAME=F]... [--queue F] [--rejects F] < records\n"
"\n"
"Sends each record to one of several files, by the value of a field and a table:\n"
"activities by their type, say, to tasks and appointments. What no line of the\n"
"table decides is queued for a person.\n"
"\n"
"  --field NAME   the field that decides, a name or a path (a.b): a text, a number\n"
"                 or a truth value\n"
"  --table F      CSV with the columns value,to; to is a NAME of --to, or undecided;\n"
"                 other columns are for people\n"
"  --to NAME=F    write the records that go to NAME to F, their lines unchanged but\n"
"                 for an old _error, which is taken off\n"
"  --queue F      write the undecided to F, each with a last member _error (code\n"
"                 undecided) that names the nearest value and the line to add;\n"
"                 without it the first ends the run (65)\n"
"  --rejects F    records that are no JSON object; without it the first ends the\n"
"                 run (65)\n"
"  --help, --version\n"
"\n"
"Values are compared trimmed (Unicode white space at both ends) and without regard\n"
"to case (A-Z, Latin-1, Latin Extended-A, Greek, Cyrillic; the same in every\n"
"locale). An empty value is that of null, \"\", blanks and an absent field. The value *\n"
"is any that has no line of its own, empty ones too. An object or a list is always\n"
"undecided. A value twice with different targets, a target without --to, a table\n"
"without lines is 78.\n"
"\n"
"in = the sum of the --to files + queued + rejected. Order is kept in each file.\n"
"\n"
"Exit: 0 done, 64 usage, 65 a record to set aside without a file, 66 no such file,\n"
"73 cannot create, 74 read or write failed, 78 the table is wrong.\n"
"\n"
"Example:\n"
"  split-records --field type --table maps/activity-type.csv --to task=task.ndjson \\\n"
"    --to appointment=appointment.ndjson --queue queue.ndjson --rejects rejects.ndjson < activities\n";

static const char *const ours[] = { "_error", NULL };
static const char undecided[] = "undecided";

static const char *field, *tablefile;

struct target {
	char *name;
	const char *file;
	struct nd_out out;
};

struct split {
	struct decisions *table;
	struct target *target;
	size_t targets;
	struct json j;
	struct record_path path;
	size_t old_error;
	struct rej queue, rej;
	uint64_t seen, sum;
	struct buf text, clean;
};

/* The value that decides, folded, to text; false when it is an object or a list. */
static bool
fold_value(struct split *s, const struct json_value *v)
{
	s->text.n = 0;
	switch (v->kind) {
	case JSON_NONE: case JSON_NULL:
		return true;
	case JSON_OBJECT: case JSON_ARRAY:
		return false;
	case JSON_STRING:
		buf_room(&s->text, v->n + 1);
		s->text.n = json_decode(v, s->text.p);
		break;
	default:
		buf_add(&s->text, v->p, v->n);
	}
	s->text.n = fold(s->text.p, s->text.p, s->text.n);
	return true;
}

/* The queue's message: what no line decides, and what line would. */
static void
queue(struct split *s, const struct nd_in *in, const struct json_value *v, const struct decision *d, bool value)
{
	const struct decision *near;

	if (!value)
		rej_write(&s->queue, in, undecided, field, v, "an object or a list decides nothing: mend the record");
	else if (d != NULL)
		rej_write(&s->queue, in, undecided, field, v, "line %lu of %s says undecided: change its target", d->line, tablefile);
	else if (s->text.n == 0)
		rej_write(&s->queue, in, undecided, field, v, "it is blank: give the record one, or add a line with an empty value to %s", tablefile);
	else if ((near = decisions_nearest(s->table, s->text.p, s->text.n)) != NULL && near->to < s->targets)
		rej_write(&s->queue, in, undecided, field, v, "no line of %s has this value; the nearest is \"%s\" (line %lu, %s): "
		    "if that is meant, add a line for it", tablefile, near->text, near->line, s->target[near->to].name);
	else
		rej_write(&s->queue, in, undecided, field, v, "no line of %s has this value, and none is near: add one", tablefile);
}

static void
decide(struct split *s, const struct nd_in *in)
{
	struct json_value v = { .kind = JSON_NONE };
	const struct decision *d = NULL;
	bool value;

	s->seen += record_at(&s->path, &s->j, &v);
	value = fold_value(s, &v);
	if (value)
		d = decisions_find(s->table, s->text.n > 0 ? s->text.p : "", s->text.n);
	if (d == NULL || d->to == s->targets) {
		queue(s, in, &v, d, value);
		return;
	}
	if (s->j.slot[s->old_error] == NULL) {
		nd_write(&s->target[d->to].out, in->line, in->len);
		return;
	}
	record_without(&s->clean, &s->j, ours);
	nd_write(&s->target[d->to].out, s->clean.p, s->clean.n);
}

static void
add_target(struct split *s, const char *option)
{
	const char *file = strchr(option, '=');
	char *name;
	size_t i;

	if (file == NULL || file == option || file[1] == '\0')
		errx(EX_USAGE, "--to takes NAME=FILE, not \"%s\"", option);
	name = xstrndup(option, (size_t)(file - option));
	for (i = 0; i < s->targets; i++)
		if (strcmp(name, s->target[i].name) == 0)
			errx(EX_USAGE, "--to %s twice", name);
	if (strcmp(name, undecided) == 0)
		errx(EX_USAGE, "--to %s: that is the queue", undecided);
	s->target = xreallocarray(s->target, s->targets + 1, sizeof(*s->target));
	s->target[s->targets++] = (struct target){ .name = name, .file = file + 1 };
}

static void
options(int argc, char *argv[], struct split *s)
{
	static const struct option longopts[] = {
		{ "field", required_argument, NULL, 'f' }, { "table", required_argument, NULL, 't' },
		{ "to", required_argument, NULL, 'T' }, { "queue", required_argument, NULL, 'q' },
		{ "rejects", required_argument, NULL, 'r' }, { NULL, 0, NULL, 0 }
	};
	const char *queuefile = NULL, *rejects = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "r:", longopts, NULL)) != -1) {
		switch (c) {
		case 'f': field = optarg; break;
		case 't': tablefile = optarg; break;
		case 'T': add_target(s, optarg); break;
		case 'q': queuefile = optarg; break;
		case 'r': rejects = optarg; break;
		default: cli_usage(usage);
		}
	}
	if (optind < argc || field == NULL || *field == '\0' || tablefile == NULL || s->targets == 0)
		cli_usage(usage);
	rej_open(&s->queue, "split-records", queuefile);
	rej_open(&s->rej, "split-records", rejects);
}

static void
begin(struct split *s)
{
	const char **names = xcalloc(s->targets + 2, sizeof(*names));
	size_t i;

	for (i = 0; i < s->targets; i++)
		names[i] = s->target[i].name;
	names[i] = undecided;
	s->table = decisions_load(tablefile, "value", names, true);
	free(names);
	for (i = 0; i < s->targets; i++)
		nd_create(&s->target[i].out, s->target[i].file);
	s->j.names = json_names_new();
	record_path(&s->path, s->j.names, field);
	s->old_error = json_names_add(s->j.names, "_error");
}

/* Closes the outputs; the counts on stderr. */
static void
end(struct split *s, uint64_t count)
{
	size_t i;

	if (count > 0 && s->seen == 0)
		warnx("no record has a field \"%s\": is that the one (--field) that decides?", field);
	for (i = 0; i < s->targets; i++) {
		nd_close(&s->target[i].out);
		s->sum += s->target[i].out.count;
	}
	rej_close(&s->queue);
	rej_close(&s->rej);
	fprintf(stderr, "split-records:");
	for (i = 0; i < s->targets; i++)
		fprintf(stderr, "%s %llu %s", i > 0 ? "," : "", (unsigned long long)s->target[i].out.count, s->target[i].name);
	fputc('\n', stderr);
}

int
main(int argc, char *argv[])
{
	static struct split s;
	struct nd_in in;

	cli_start(argc, argv, usage);
	options(argc, argv, &s);
	begin(&s);
	nd_open(&in, NULL);
	while (nd_read(&in)) {
		if (!record_parse(&in, &s.j))
			rej_parse(&s.rej, &in, &s.j);
		else
			decide(&s, &in);
	}
	nd_end(&in);
	end(&s, in.count);
	return rej_sum("split-records", in.count, s.sum, &s.rej, &s.queue, NULL);
}
