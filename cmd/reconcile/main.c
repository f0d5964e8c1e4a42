/*
 * reconcile - the books of one object, and every field and link read back
 *
 * Reads the source records, what each stage set aside, the mapped rows, their
 * outcomes and the rows that the target has now; writes one line with the
 * counts (summary.json's entry of the object) and, to --mismatches, a line for
 * every difference.  Memory: 40 bytes a target row, 24 a party.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli.h"
#include "reconcile.h"
#include "xalloc.h"

static const char usage[] =
"usage: reconcile --object NAME --source F [--mapped F --loaded F --target F --metadata F] [--set-aside PREFIX]... [options]\n"
"\n"
"Balances the books of one object and compares every mapped field and link with\n"
"the row read back.  One JSON line on standard output:\n"
"  source = created + updated + matched + unchanged + skipped + queued + rejected\n"
"\n"
"  --object NAME        the object's name in the report\n"
"  --source F           the records that the object began with (NDJSON); may be repeated: they\n"
"                       are counted together, as when a stage before set some of them aside\n"
"  --set-aside PREFIX   PREFIX.rejects.ndjson, .queue.ndjson and .skipped.ndjson, those that exist\n"
"  --mapped F           mapped rows; --loaded F their outcomes, line by line\n"
"  --target F           the rows read back by dyn-extract; --metadata F their tables\n"
"  --mismatches F       every difference: kind field, link, missing-row, unexpected-row\n"
"  --key COLUMN         join on this column (default: the table's primary id)\n"
"  --compare A=B        compare only mapped member A with target column B (may be repeated)\n"
"  --complete           rows of the target with a sm_salesmate_id that no mapped row accounts for are\n"
"                       differences too (unexpected-row)\n"
"  --except IDS         an ids file of another object with rows in this table: they count for nothing\n"
"                       here (may be repeated)\n"
"  --sum FIELD=COLUMN --by FIELD=COLUMN\n"
"                       counts and exact sums per group: source = target + set aside\n"
"  --parties F          rows of activityparty (dyn-extract --select activityid,participationtypemask,\n"
"                       partyid,addressused activityparty): the mapped *_activity_parties are links,\n"
"                       in any order; those the platform adds (regarding, owner) do not count\n"
"  --handed F           records that went to a file for a person instead of the target (NDJSON,\n"
"                       a record each); counted as handed, and part of the sum\n"
"  --tally COLUMN       counts of the target's rows by this column, and sums of --sum's column\n"
"\n"
"Understood, and not a difference: a zero fraction of a second; trailing zeros of\n"
"a number; blanks trimmed off a text (counted as trimmed); a filled column of a\n"
"matched row under the policy fill (counted as kept); overriddencreatedon, which\n"
"Dataverse shows as createdon; an address for which the platform found the record\n"
"(counted as resolved); with --compare, a moment and the day it is in.\n"
"\n"
"Exit: 0 balanced; 65 not balanced (the line is written all the same), or a damaged\n"
"input; 64, 66, 73, 74 as everywhere.\n"
"Example: reconcile --object account --source company.ndjson --mapped 40-mapped.ndjson \\\n"
"  --loaded 50-loaded.ndjson --target 55-read.ndjson --metadata metadata.ndjson --set-aside 40-mapped\n";

static const char *object, *mappedfile, *loadedfile, *targetfile, *metafile, *mismatches, *key, *tally, *partyfile, *handedfile;
static char *sum_field, *sum_column, *by_field, *by_column;
static bool complete;
static const char **source;
static size_t sources;

enum { CREATED, UPDATED, MATCHED, UNCHANGED, REJECTED, OUTCOMES };
static const char *const outcome_name[OUTCOMES] = { "created", "updated", "matched", "unchanged", "rejected" };

struct state {
	struct books books;
	struct compare compare;
	struct nd_out out;
	struct sums *sums, *tally;
	struct target *target;
	uint64_t source, outcome[OUTCOMES], unexpected, handed;
};

/* "a=b" in two. */
static void
halves(char *text, char **a, char **b)
{
	char *eq = strchr(text, '=');

	if (eq == NULL || eq == text || eq[1] == '\0')
		errx(EX_USAGE, "\"%s\": two names with = between them are due", text);
	*eq = '\0';
	*a = text;
	*b = eq + 1;
}

static bool
parse(const struct nd_in *in, struct json *j)
{
	if (in->toolong || !json_parse(j, in->line, in->len))
		errx(EX_DATAERR, "%s:%llu: %s: make this file again with the stage that writes it", in->name,
		    (unsigned long long)in->lineno, in->toolong ? "line too long" : j->detail);
	return true;
}

static void
read_source(struct state *s, const char *path)
{
	struct json j = { 0 };
	struct nd_in in;

	nd_open(&in, path);
	while (nd_read(&in)) {
		if (s->sums == NULL)
			continue;
		if (!in.toolong && json_parse(&j, in.line, in.len))
			sums_add(s->sums, SUMS_SOURCE, json_get(&j, by_field), json_get(&j, sum_field));
		else
			sums_add(s->sums, SUMS_SOURCE, NULL, NULL);
	}
	s->source += in.count;
	nd_end(&in);
	json_free(&j);
}

static uint64_t
count_records(const char *path)
{
	struct nd_in in;
	uint64_t n;

	nd_open(&in, path);
	while (nd_read(&in))
		;
	n = in.count;
	nd_end(&in);
	return n;
}

/* The GUID that joins a mapped row to the target. */
static struct guid
join_key(const struct nd_in *in, const struct json *j, const struct meta *meta)
{
	const struct meta_table *t;
	const struct json_value *v;
	char *table = json_strdup(json_get(j, "_table")), *bind;
	struct guid g;
	const char *name = key, *open;

	if (table == NULL)
		errx(EX_DATAERR, "%s:%llu: a row without a _table", in->name, (unsigned long long)in->lineno);
	if (name == NULL) {
		if ((t = meta_table(meta, table)) == NULL)
			errx(EX_DATAERR, "%s:%llu: a row without a _table that the metadata knows", in->name, (unsigned long long)in->lineno);
		name = t->primary_id;
	}
	bind = xasprintf("%s@odata.bind", name);
	if ((v = json_get(j, name)) != NULL && v->kind == JSON_STRING && guid_parse(v->p, v->n, &g)) {
		/* the column itself */
	} else if ((v = json_get(j, bind)) == NULL || v->kind != JSON_STRING || (open = memchr(v->p, '(', v->n)) == NULL ||
	    (size_t)(v->p + v->n - open) < GUID_TEXT + 2 || !guid_parse(open + 1, GUID_TEXT, &g)) {
		errx(EX_DATAERR, "%s:%llu: a row without a GUID in %s", in->name, (unsigned long long)in->lineno, name);
	}
	free(bind);
	free(table);
	return g;
}

static size_t
outcome_of(const struct nd_in *in, const struct json *j)
{
	const struct json_value *v = json_get(j, "outcome");
	size_t i;

	for (i = 0; i < OUTCOMES; i++)
		if (json_is(v, outcome_name[i]))
			return i;
	errx(EX_DATAERR, "%s:%llu: no outcome that is known: this file is dyn-load's output", in->name, (unsigned long long)in->lineno);
}

/* The outcome belongs to the row: both say which source record they are. */
static void
same_source(const struct nd_in *in, const struct json *mapped, const struct json *loaded)
{
	const struct json_value *a = json_get(mapped, "_source"), *b = json_get(loaded, "_source");
	struct json_value x = { 0 }, y = { 0 };

	if (!json_member(a, "id", &x) || !json_member(b, "id", &y) || x.n != y.n || memcmp(x.p, y.p, x.n) != 0)
		errx(EX_DATAERR, "%s:%llu: the outcome of another row than the mapped file has here: load again", in->name,
		    (unsigned long long)in->lineno);
}

static void
read_rows(struct state *s)
{
	struct nd_in mapped, loaded;
	struct json m = { 0 }, l = { 0 };
	struct guid id;
	const char *line;
	size_t n, what;

	nd_open(&mapped, mappedfile);
	nd_open(&loaded, loadedfile);
	while (nd_read(&mapped)) {
		if (!nd_read(&loaded))
			errx(EX_DATAERR, "%s: ends before %s does: load again", loadedfile, mappedfile);
		parse(&mapped, &m);
		parse(&loaded, &l);
		same_source(&loaded, &m, &l);
		s->outcome[what = outcome_of(&loaded, &l)]++;
		if (s->target == NULL)
			continue;
		id = join_key(&mapped, &m, s->compare.meta);
		line = target_find(s->target, &id, &n);
		if (what == REJECTED)
			continue;
		if (line == NULL)
			compare_missing(&s->compare, &m);
		else
			compare_row(&s->compare, &m, line, n, outcome_name[what]);
	}
	if (nd_read(&loaded))
		errx(EX_DATAERR, "%s: goes on after %s ends: load again", loadedfile, mappedfile);
	nd_end(&mapped);
	nd_end(&loaded);
	json_free(&m);
	json_free(&l);
}

/* Rows of the target: sums, tallies, and those that nobody accounts for. */
static void
read_target(struct state *s)
{
	struct json j = { 0 };
	struct nd_in in;
	const char *line;
	size_t at, n;

	nd_open(&in, targetfile);
	while (nd_read(&in)) {
		parse(&in, &j);
		if (target_excepted(s->target, &in, &j))
			continue;
		if (s->sums != NULL && !json_null(json_get(&j, "sm_salesmate_id")))
			sums_add(s->sums, SUMS_TARGET, json_get(&j, by_column), json_get(&j, sum_column));
		if (s->tally != NULL && !json_null(json_get(&j, "sm_salesmate_id")))
			sums_add(s->tally, SUMS_TARGET, json_get(&j, tally), sum_column != NULL ? json_get(&j, sum_column) : NULL);
	}
	nd_end(&in);
	for (at = 0; complete && (at = target_next_unseen(s->target, at)) != SIZE_MAX; at++) {
		line = target_line(s->target, at, &n);
		if (json_parse(&j, line, n) && !json_null(json_get(&j, "sm_salesmate_id"))) {
			s->unexpected++;
			compare_unexpected(&s->compare, line, n);
		}
	}
	json_free(&j);
}

static bool
balanced(const struct state *s)
{
	const struct compare *c = &s->compare;
	uint64_t sum = s->books.rejected + s->books.queued + s->books.skipped + s->handed;
	size_t i;

	for (i = 0; i < REJECTED; i++)
		sum += s->outcome[i];
	return sum == s->source && c->field_mismatches + c->link_mismatches + c->missing + s->unexpected == 0 &&
	    (s->sums == NULL || sums_balanced(s->sums));
}

static void
number(struct buf *b, const char *name, uint64_t v)
{
	buf_printf(b, ",\"%s\":%llu", name, (unsigned long long)v);
}

static void
print(const struct state *s, struct nd_out *out)
{
	const struct compare *c = &s->compare;
	struct buf b = { 0 };
	size_t i;

	buf_str(&b, "{\"object\":");
	buf_json_str(&b, object);
	number(&b, "source", s->source);
	for (i = 0; i < REJECTED; i++)
		number(&b, outcome_name[i], s->outcome[i]);
	if (handedfile != NULL)
		number(&b, "handed", s->handed);
	number(&b, "skipped", s->books.skipped);
	number(&b, "queued", s->books.queued);
	number(&b, "rejected", s->books.rejected);
	buf_printf(&b, ",\"balanced\":%s", balanced(s) ? "true" : "false");
	number(&b, "fields_verified", c->fields);
	number(&b, "field_mismatches", c->field_mismatches);
	number(&b, "links_verified", c->links);
	number(&b, "link_mismatches", c->link_mismatches);
	number(&b, "missing_rows", c->missing);
	number(&b, "unexpected_rows", s->unexpected);
	number(&b, "trimmed", c->trimmed);
	number(&b, "kept", c->kept);
	number(&b, "resolved", c->resolved);
	number(&b, "cascades", s->books.cascades);
	buf_str(&b, ",\"causes\":");
	books_print(&s->books, &b);
	if (s->sums != NULL) {
		buf_str(&b, ",\"sums\":{\"of\":");
		buf_json_str(&b, sum_field);
		buf_str(&b, ",\"by\":");
		buf_json_str(&b, by_field);
		buf_printf(&b, ",\"balanced\":%s,\"groups\":", sums_balanced(s->sums) ? "true" : "false");
		sums_print(s->sums, &b);
		buf_char(&b, '}');
	}
	if (s->tally != NULL) {
		buf_str(&b, ",\"tally\":{\"by\":");
		buf_json_str(&b, tally);
		buf_str(&b, ",\"groups\":");
		sums_print_side(s->tally, SUMS_TARGET, &b);
		buf_char(&b, '}');
	}
	buf_char(&b, '}');
	nd_write(out, b.p, b.n);
	buf_free(&b);
}

static const struct option longopts[] = {
	{ "object", required_argument, NULL, 'o' }, { "source", required_argument, NULL, 's' },
	{ "mapped", required_argument, NULL, 'm' }, { "loaded", required_argument, NULL, 'l' },
	{ "target", required_argument, NULL, 't' }, { "metadata", required_argument, NULL, 'M' },
	{ "mismatches", required_argument, NULL, 'x' }, { "set-aside", required_argument, NULL, 'a' },
	{ "key", required_argument, NULL, 'k' }, { "compare", required_argument, NULL, 'c' },
	{ "complete", no_argument, NULL, 'C' }, { "sum", required_argument, NULL, 'S' },
	{ "by", required_argument, NULL, 'B' }, { "tally", required_argument, NULL, 'T' },
	{ "except", required_argument, NULL, 'e' },
	{ "parties", required_argument, NULL, 'p' }, { "handed", required_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static void
add_pair(struct compare *c, char *text)
{
	struct pair *p = xreallocarray((void *)c->pair, c->pairs + 1, sizeof(*p));
	char *a, *b;

	halves(text, &a, &b);
	p[c->pairs++] = (struct pair){ a, b };
	c->pair = p;
}

/* The last line on standard error. */
static int
verdict(const struct state *s)
{
	const struct compare *c = &s->compare;
	uint64_t out = s->outcome[CREATED] + s->outcome[UPDATED] + s->outcome[MATCHED] + s->outcome[UNCHANGED] + s->handed;
	bool good = balanced(s);

	fprintf(stderr, "reconcile: %s: %llu in, %llu out, %llu rejected, %llu queued, %llu skipped; ", object,
	    (unsigned long long)s->source, (unsigned long long)out, (unsigned long long)s->books.rejected,
	    (unsigned long long)s->books.queued, (unsigned long long)s->books.skipped);
	if (good)
		fputs("balanced\n", stderr);
	else
		fprintf(stderr, "NOT balanced: %llu field and %llu link differences, %llu rows missing, %llu unexpected\n",
		    (unsigned long long)c->field_mismatches, (unsigned long long)c->link_mismatches,
		    (unsigned long long)c->missing, (unsigned long long)s->unexpected);
	return good ? 0 : EX_DATAERR;
}

static const char **aside, **except;
static size_t asides, excepts;

static void
read_options(int argc, char *argv[], struct compare *compare)
{
	int c;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		switch (c) {
		case 'o': object = optarg; break;
		case 's':
			source = xreallocarray(source, sources + 1, sizeof(*source));
			source[sources++] = optarg;
			break;
		case 'm': mappedfile = optarg; break;
		case 'l': loadedfile = optarg; break;
		case 't': targetfile = optarg; break;
		case 'M': metafile = optarg; break;
		case 'x': mismatches = optarg; break;
		case 'k': key = optarg; break;
		case 'C': complete = true; break;
		case 'T': tally = optarg; break;
		case 'p': partyfile = optarg; break;
		case 'h': handedfile = optarg; break;
		case 'c': add_pair(compare, optarg); break;
		case 'S': halves(optarg, &sum_field, &sum_column); break;
		case 'B': halves(optarg, &by_field, &by_column); break;
		case 'a':
			aside = xreallocarray(aside, asides + 1, sizeof(*aside));
			aside[asides++] = optarg;
			break;
		case 'e':
			except = xreallocarray(except, excepts + 1, sizeof(*except));
			except[excepts++] = optarg;
			break;
		default: cli_usage(usage);
		}
	}
	if (optind < argc || object == NULL || sources == 0 || (mappedfile == NULL) != (loadedfile == NULL) ||
	    (targetfile != NULL && (mappedfile == NULL || metafile == NULL)) || (partyfile != NULL && targetfile == NULL) || (sum_field == NULL) != (by_field == NULL))
		cli_usage(usage);
}

int
main(int argc, char *argv[])
{
	struct state s = { 0 };
	struct nd_out out;
	size_t i;

	cli_start(argc, argv, usage);
	read_options(argc, argv, &s.compare);
	if (sum_field != NULL)
		s.sums = sums_new();
	if (tally != NULL)
		s.tally = sums_new();
	if (mismatches != NULL)
		nd_create(&s.out, mismatches);
	s.compare.out = &s.out;
	s.compare.object = object;
	for (i = 0; i < sources; i++)
		read_source(&s, source[i]);
	if (handedfile != NULL)
		s.handed = count_records(handedfile);
	for (i = 0; i < asides; i++)
		books_read(&s.books, aside[i], s.sums, sum_field, by_field, sum_column, by_column);
	if (targetfile != NULL) {
		s.compare.meta = meta_load(metafile);
		s.target = target_load(targetfile, s.compare.meta, key);
		for (i = 0; i < excepts; i++)
			target_except(s.target, except[i]);
		if (partyfile != NULL)
			s.compare.parties = parties_load(partyfile);
	}
	if (mappedfile != NULL)
		read_rows(&s);
	if (targetfile != NULL)
		read_target(&s);
	nd_create(&out, NULL);
	print(&s, &out);
	nd_close(&out);
	if (mismatches != NULL)
		nd_close(&s.out);
	return verdict(&s);
}
