/*
 * split-lifecycle - say which table a contact belongs in
 *
 * stdin    contacts, one JSON object a line
 * stdout   every one of them, same line plus a last member _split: to, stage,
 *          value, reason
 * classes  --lead, --contact, --undecided: the line of each record unchanged;
 *          the undecided with an _error that names the nearest stage
 * rejects  bad-json bad-utf8 too-deep line-too-long duplicate-member not-an-object
 *
 * Streams; only --lead-deals promote holds something: some 50 bytes for each
 * contact that is the only party of a deal.
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
#include "keys.h"
#include "nd.h"
#include "record.h"
#include "reject.h"
#include "xalloc.h"

static const char usage[] =
"usage: split-lifecycle [--field NAME] --table F [--lead F] [--contact F] [--undecided F]\n"
"                       [--lead-deals link|queue|promote [--deals F]] [--rejects F] < contacts > decided\n"
"\n"
"Says of each contact of Salesmate whether it becomes a lead or a contact, by\n"
"its lifecycle stage and a decision table. What no line of the table decides is\n"
"undecided: a queue for a person.\n"
"\n"
"  --field NAME      the field that holds the stage, a name or a path (a.b);\n"
"                    default: type\n"
"  --table F         the decision table, CSV with the columns stage,to; to is\n"
"                    lead, contact or undecided; other columns are for people\n"
"  --lead F          write the records that become leads to F, their lines unchanged\n"
"  --contact F       the same for contacts\n"
"  --undecided F     the same for the undecided, each with one more member _error\n"
"                    (code undecided) that names the nearest stage and the line\n"
"                    to add to the table\n"
"  --lead-deals HOW  what becomes of deals whose only party is a lead. promote: such\n"
"                    a lead becomes a contact after all, here; link (the default)\n"
"                    and queue change nothing here, resolve-ids knows them\n"
"  --deals F         the deals (NDJSON), needed by promote\n"
"  --rejects F       records that are no JSON object; without it the first ends\n"
"                    the run (65)\n"
"  --help, --version\n"
"\n"
"The table is compared with the value trimmed (Unicode white space at both ends)\n"
"and without regard to case (A-Z, Latin-1, Latin Extended-A, Greek, Cyrillic; the\n"
"same in every locale). Blanks inside count: \"Marketing  Qualified Lead\" is not\n"
"\"marketing qualified lead\". null, \"\" and an absent field are undecided unless the\n"
"table has a line with an empty stage. A stage twice with different targets, an\n"
"unknown target, or a table without lines is 78.\n"
"\n"
"promote: a contact whose stage says lead becomes a contact if a deal names it as\n"
"primaryContact and has no primaryCompany (null, \"\", {} or an object of nulls).\n"
"\n"
"stdout: the line with one last member, an old _split or _error taken off:\n"
"  \"_split\":{\"to\":\"lead\",\"stage\":\"marketing qualified lead\",\"value\":\" Lead \",\"reason\":\"table line 3\"}\n"
"  to      lead, contact, undecided\n"
"  stage   as the table writes it; null when no line decides\n"
"  value   the field as it came; null when absent\n"
"  reason  the line of the table, or why it is undecided or promoted\n"
"\n"
"in = out + rejected, and out = lead + contact + undecided. The table of the\n"
"pipelines is pipelines/maps/lifecycle.csv.\n"
"\n"
"Exit: 0 done, 64 usage, 65 a bad record without --rejects, 66 no such file,\n"
"73 cannot create, 74 read or write failed, 78 the table is wrong.\n"
"\n"
"Example:\n"
"  split-lifecycle --table maps/lifecycle.csv --lead lead.ndjson --contact contact.ndjson \\\n"
"    --undecided undecided.ndjson --rejects rejects.ndjson < 10-extracted.ndjson > 20-split.ndjson\n";

static const char *const ours[] = { "_error", "_split", NULL };
enum to { LEAD, CONTACT, UNDECIDED };
static const char *const name[] = { "lead", "contact", "undecided", NULL };

static const char *field = "type", *tablefile, *dealsfile;
static const char *classfile[3];
static bool promote;

struct split {
	struct decisions *table;
	struct json j;
	struct record_path path, id;
	size_t old_error, old_split;
	struct nd_out out, class[2];
	bool open[2];
	struct rej undecided, rej;
	uint64_t count[3], promoted, seen;
	/* Contacts that are the only party of a deal: contact ids, and by their number the first such deal. */
	struct keys *alone;
	char **deal;
	size_t room;
	struct buf clean, text, member, reason, key;
};

/* One deal: its contact is remembered when there is no company. */
static void
note_deal(struct split *s, const struct json *j, const struct record_path path[3])
{
	struct buf *key = &s->key;
	struct json_value v;
	enum record_key company;
	uint32_t i;
	bool fresh;

	company = record_at(&path[1], j, &v) ? record_key(&v, key) : RECORD_BLANK;
	if (company != RECORD_BLANK || !record_at(&path[0], j, &v) || record_key(&v, key) != RECORD_KEY ||
	    key->n > KEYS_LONGEST)
		return;
	i = keys_add(s->alone, key->p, key->n, &fresh);
	if (!fresh)
		return;
	if (i == s->room) {
		s->room = s->room * 2 + 64;
		s->deal = xreallocarray(s->deal, s->room, sizeof(*s->deal));
	}
	if (record_at(&path[2], j, &v) && record_key(&v, key) == RECORD_KEY)
		s->deal[i] = xstrndup(key->p, key->n);
	else
		s->deal[i] = xstrdup("without id");
}

/* A deal that is no JSON object will be rejected in its own chain; here it says nothing. */
static void
read_deals(struct split *s)
{
	struct json j = { .names = json_names_new() };
	struct record_path path[3];
	struct nd_in in;
	uint64_t bad = 0;

	record_path(&path[0], j.names, "primaryContact.id");
	record_path(&path[1], j.names, "primaryCompany.id");
	record_path(&path[2], j.names, "id");
	nd_open(&in, dealsfile);
	while (nd_read(&in)) {
		if (!in.toolong && json_parse(&j, in.line, in.len))
			note_deal(s, &j, path);
		else
			bad++;
	}
	if (bad > 0)
		warnx("%s: %llu lines that are no JSON object say nothing", dealsfile, (unsigned long long)bad);
	nd_end(&in);
	record_path_free(&path[0]);
	record_path_free(&path[1]);
	record_path_free(&path[2]);
	json_names_free(j.names);
	json_free(&j);
}

/* The stage of the record in hand; NULL and *why when no line of the table decides it. */
static const struct decision *
stage_of(struct split *s, const struct json_value *v, const char **why)
{
	const struct decision *stage;

	s->text.n = 0;
	if (v->kind != JSON_NULL && v->kind != JSON_NONE && v->kind != JSON_STRING) {
		*why = "the stage is no text";
		return NULL;
	}
	if (v->kind == JSON_STRING) {
		buf_room(&s->text, v->n + 1);
		s->text.n = json_decode(v, s->text.p);
		s->text.n = fold(s->text.p, s->text.p, s->text.n);
	}
	stage = decisions_find(s->table, s->text.n > 0 ? s->text.p : "", s->text.n);
	if (stage == NULL)
		*why = s->text.n > 0 ? "no line of the table" : "the stage is blank";
	return stage;
}

/* A cell of CSV: quoted where it must be, cut where it is endless. */
static void
put_cell(struct buf *b, const struct json_value *v)
{
	char *d = xmalloc(v->n + 1);
	size_t n = json_decode(v, d), i, cut = n > 100 ? 100 : n;
	bool quote = false;

	while (cut < n && cut > 0 && ((unsigned char)d[cut] & 0xc0) == 0x80)
		cut--;
	for (i = 0; i < cut; i++)
		quote |= strchr(",\"\n\r ", d[i]) != NULL;
	if (quote)
		buf_char(b, '"');
	for (i = 0; i < cut; i++) {
		if (d[i] == '"')
			buf_char(b, '"');
		buf_char(b, d[i] == '\0' ? '?' : d[i]);
	}
	if (quote)
		buf_char(b, '"');
	free(d);
}

/* The queue's message: what no line decides, what is nearest, what line would decide it. */
static void
queue(struct split *s, const struct nd_in *in, const struct json_value *v, const struct decision *stage, const char *why)
{
	const struct decision *near;
	struct buf cell = { 0 };

	if (stage != NULL) {
		rej_write(&s->undecided, in, "undecided", field, v, "line %lu of %s says undecided: change its target to lead or contact",
		    stage->line, tablefile);
		return;
	}
	if (v->kind != JSON_STRING && v->kind != JSON_NULL && v->kind != JSON_NONE) {
		rej_write(&s->undecided, in, "undecided", field, v, "%s: a table decides only texts, so mend the record", why);
		return;
	}
	if (s->text.n == 0) {
		rej_write(&s->undecided, in, "undecided", field, v,
		    "%s: give the record a stage, or add the line \",lead\" or \",contact\" to %s", why, tablefile);
		return;
	}
	put_cell(&cell, v);
	near = decisions_nearest(s->table, s->text.p, s->text.n);
	if (near != NULL && near->to != UNDECIDED)
		rej_write(&s->undecided, in, "undecided", field, v,
		    "no line of %s has this stage; the nearest is \"%s\" (line %lu, %s): if that is meant, add the line %.*s,%s",
		    tablefile, near->text, near->line, name[near->to], (int)cell.n, cell.p, name[near->to]);
	else
		rej_write(&s->undecided, in, "undecided", field, v,
		    "no line of %s has this stage, and none is near: add the line %.*s,lead or %.*s,contact",
		    tablefile, (int)cell.n, cell.p, (int)cell.n, cell.p);
	buf_free(&cell);
}

/* The deal for whose sake this lead becomes a contact, or NULL. */
static const char *
promoted_for(struct split *s)
{
	struct json_value v;
	uint32_t i;

	if (s->alone == NULL || !record_at(&s->id, &s->j, &v) || record_key(&v, &s->key) != RECORD_KEY ||
	    s->key.n > KEYS_LONGEST || !keys_find(s->alone, s->key.p, s->key.n, &i))
		return NULL;
	return s->deal[i];
}

static void
put_split(struct split *s, enum to to, const struct decision *stage, const struct json_value *v)
{
	struct buf *b = &s->member;

	b->n = 0;
	buf_str(b, "{\"to\":\"");
	buf_str(b, name[to]);
	buf_str(b, "\",\"stage\":");
	if (stage != NULL)
		buf_json_str(b, stage->text);
	else
		buf_str(b, "null");
	buf_str(b, ",\"value\":");
	if (v->kind == JSON_NONE)
		buf_str(b, "null");
	else
		json_put(b, v);
	buf_str(b, ",\"reason\":");
	buf_json_string(b, s->reason.p, s->reason.n);
	buf_char(b, '}');
}

static void
decide(struct split *s, const struct nd_in *in)
{
	const char *line = in->line, *why = "", *deal;
	const struct decision *stage;
	struct json_value v = { .kind = JSON_NONE };
	size_t len = in->len;
	enum to to;

	s->seen += record_at(&s->path, &s->j, &v);
	stage = stage_of(s, &v, &why);
	to = stage != NULL ? (enum to)stage->to : UNDECIDED;
	s->reason.n = 0;
	if (stage != NULL)
		buf_printf(&s->reason, "table line %lu", stage->line);
	else
		buf_str(&s->reason, why);
	if (to == LEAD && (deal = promoted_for(s)) != NULL) {
		to = CONTACT;
		buf_printf(&s->reason, " says lead; promoted: the only party of deal %s", deal);
		s->promoted++;
	}
	s->count[to]++;
	if (to == UNDECIDED && s->undecided.open)
		queue(s, in, &v, stage, why);
	put_split(s, to, stage, &v);
	if (s->j.slot[s->old_error] != NULL || s->j.slot[s->old_split] != NULL) {
		record_without(&s->clean, &s->j, ours);
		line = s->clean.p;
		len = s->clean.n;
	}
	record_write(&s->out, line, len, "_split", s->member.p, s->member.n);
	if (to != UNDECIDED && s->open[to])
		nd_write(&s->class[to], line, len);
}

static void
options(int argc, char *argv[], struct split *s)
{
	static const struct option longopts[] = {
		{ "field", required_argument, NULL, 'f' }, { "table", required_argument, NULL, 't' },
		{ "lead", required_argument, NULL, 'l' }, { "contact", required_argument, NULL, 'c' },
		{ "undecided", required_argument, NULL, 'u' }, { "lead-deals", required_argument, NULL, 'L' },
		{ "deals", required_argument, NULL, 'd' }, { "rejects", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 }
	};
	const char *rejects = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "r:", longopts, NULL)) != -1) {
		switch (c) {
		case 'f': field = optarg; break;
		case 't': tablefile = optarg; break;
		case 'l': classfile[LEAD] = optarg; break;
		case 'c': classfile[CONTACT] = optarg; break;
		case 'u': classfile[UNDECIDED] = optarg; break;
		case 'L':
			promote = strcmp(optarg, "promote") == 0;
			if (!promote && strcmp(optarg, "link") != 0 && strcmp(optarg, "queue") != 0)
				errx(EX_USAGE, "--lead-deals is link, queue or promote, not \"%s\"", optarg);
			break;
		case 'd': dealsfile = optarg; break;
		case 'r': rejects = optarg; break;
		default: cli_usage(usage);
		}
	}
	if (optind < argc || tablefile == NULL || *field == '\0')
		cli_usage(usage);
	if (promote && dealsfile == NULL)
		errx(EX_USAGE, "--lead-deals promote needs --deals F");
	s->table = decisions_load(tablefile, "stage", name, false);
	rej_open(&s->rej, "split-lifecycle", rejects);
}

static void
begin(struct split *s)
{
	enum to to;

	s->j.names = json_names_new();
	record_path(&s->path, s->j.names, field);
	record_path(&s->id, s->j.names, "id");
	s->old_error = json_names_add(s->j.names, "_error");
	s->old_split = json_names_add(s->j.names, "_split");
	if (promote) {
		s->alone = keys_new();
		read_deals(s);
	}
	for (to = LEAD; to <= CONTACT; to++)
		if (classfile[to] != NULL) {
			nd_create(&s->class[to], classfile[to]);
			s->open[to] = true;
		}
	rej_open(&s->undecided, "split-lifecycle", classfile[UNDECIDED]);
	nd_create(&s->out, NULL);
}

/* Closes the outputs; the counts on stderr. */
static void
end(struct split *s)
{
	enum to to;

	for (to = LEAD; to <= CONTACT; to++)
		if (s->open[to])
			nd_close(&s->class[to]);
	rej_close(&s->undecided);
	rej_close(&s->rej);
	nd_close(&s->out);
	if (s->out.count > 0 && s->seen == 0)
		warnx("no record has a field \"%s\": is that the one (--field) that holds the stage?", field);
	fprintf(stderr, "split-lifecycle: %llu lead, %llu contact, %llu undecided", (unsigned long long)s->count[LEAD],
	    (unsigned long long)s->count[CONTACT], (unsigned long long)s->count[UNDECIDED]);
	if (promote)
		fprintf(stderr, " (%llu promoted)", (unsigned long long)s->promoted);
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
	end(&s);
	return rej_sum("split-lifecycle", in.count, s.out.count, &s.rej, NULL, NULL);
}
