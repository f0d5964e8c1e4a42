/*
 * resolve-ids - add to each record the target ids of what it refers to
 *
 * stdin    source records, one JSON object a line
 * stdout   the same, each with a last member _ref
 * queue    missing reference-queued lead-only ambiguous missing-field
 * skipped  skipped missing-reference reference-rejected reference-queued
 * rejects  missing-reference reference-rejected missing-field wrong-type
 *          conflict, and what the reader finds
 *
 * Holds the ids: at most 64 bytes an entry (idmap.h), and what lost.h and
 * cycle.h say.  The records stream.
 *
 * A reference with missing=plain goes on as text, one with leave is left out;
 * any other takes its record along where it goes itself.
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
#include "cycle.h"
#include "found.h"
#include "idmap.h"
#include "json.h"
#include "lost.h"
#include "nd.h"
#include "record.h"
#include "refs.h"
#include "reject.h"
#include "spool.h"
#include "usage.h"
#include "xalloc.h"

static const char *const ours[] = { "_error", "_ref", NULL };

struct resolve {
	struct idmap *ids;
	struct lost *lost;
	struct refs refs;
	struct item self;
	struct found *found;	/* by reference */
	struct cycle *cycle;
	size_t acyclic;		/* the reference, or REF_NONE */
	off_t start;
	const char *module;	/* of the records; NULL while no id is known */
	struct json j;
	struct record_path id;
	size_t old_error, old_ref;
	struct buf member, clean, path;
	struct nd_out out;
	struct rej rej, queue, skipped;
};

static const char *refsfile, *acyclic;

/* Where a record goes that this policy sets aside. */
static struct rej *
aside(struct resolve *r, enum policy policy)
{
	return policy == QUEUE ? &r->queue : policy == SKIP ? &r->skipped : &r->rej;
}

/* A reference to a record that did not make it. */
static void
set_aside_lost(struct resolve *r, const struct nd_in *in, const struct lost_record *l, enum policy missing,
    const char *module, const char *field, const struct item *i)
{
	struct rej *to = aside(r, missing == SKIP ? SKIP : l->queued ? QUEUE : REJECT);
	char *why = lost_because(l);

	buf_str(&to->more, ",\"root\":");
	lost_root(&to->more, l, module, i->key.p, i->key.n);
	rej_write(to, in, l->queued ? "reference-queued" : "reference-rejected", field, &i->v, "%s %.*s %s: %s in %s%s", module,
	    (int)i->key.n, i->key.p, l->queued ? "waits for a person" : "did not make it", l->code, l->file, why);
	free(why);
}

static void
set_aside_missing(struct resolve *r, const struct nd_in *in, const struct ref *ref, const struct found *f, const struct item *i)
{
	const char *code = ref->missing == QUEUE ? "missing" : "missing-reference";
	const char *more = ref->missing == QUEUE ? ": a person decides" : ref->missing == FALLBACK ? ", and no fallback" : "";

	if (f->module != NULL)
		rej_write(aside(r, ref->missing), in, code, ref->text, &i->v, "no %s %.*s among the ids%s", f->module, (int)i->key.n,
		    i->key.p, more);
	else if (f->by.n > 0)
		rej_write(aside(r, ref->missing), in, code, ref->text, &i->v, "%s %.*s stands for no module of the refs file%s",
		    ref->by.text, (int)f->by.n, f->by.p, more);
	else
		rej_write(aside(r, ref->missing), in, code, ref->text, &i->v, "no %s says which module %.*s is of%s", ref->by.text,
		    (int)i->key.n, i->key.p, more);
}

static bool
fall_back(struct resolve *r, const struct ref *ref, const char *module, struct item *i)
{
	if (ref->missing != FALLBACK || module == NULL || !idmap_get(r->ids, module, "*", 1, &i->e))
		return false;
	i->is = KNOWN;
	return true;
}

static bool
without_value(struct resolve *r, const struct nd_in *in, const struct ref *ref, struct found *f)
{
	if (!f->list && fall_back(r, ref, f->module, &f->item[0]))
		return true;
	if (!f->list && ref->missing == FALLBACK)
		rej_write(aside(r, REJECT), in, "missing-reference", ref->text, NULL, "no %s, and no fallback", ref->name);
	else if (ref->blank == NOTHING)
		return true;
	else
		rej_write(aside(r, ref->blank), in, ref->blank == SKIP ? "skipped" : "missing-field", ref->text, NULL,
		    "the record has no %s", ref->name);
	return false;
}

/* It has no id, and the record goes on all the same? */
static bool
goes_on(const struct ref *ref, struct item *i)
{
	i->is = ref->missing == PLAIN ? TEXT : LEFT_OUT;
	return ref->missing == PLAIN || ref->missing == LEAVE;
}

/* An id that assign-ids gave for want of another is not whom the record means. */
static bool
stands_in(const struct idmap_entry *e)
{
	return strcmp(e->how, "fallback") == 0;
}

/* One reference; false when the record was set aside because of it. */
static bool
resolve_item(struct resolve *r, const struct nd_in *in, const struct ref *ref, const struct found *f, struct item *i)
{
	struct lost_record l;

	if (i->kind == RECORD_WRONG) {
		rej_write(aside(r, REJECT), in, "wrong-type", ref->text, &i->v, "%s", ref->each ?
		    "a list of references is due" : "a reference is an object with an id, a number or a text");
		return false;
	}
	if (f->module != NULL && ref->missing != FALLBACK && lost_get(r->lost, f->module, i->key.p, i->key.n, &l)) {
		if (goes_on(ref, i))
			return true;
		set_aside_lost(r, in, &l, ref->missing, f->module, ref->text, i);
		return false;
	}
	if (f->module != NULL && idmap_get(r->ids, f->module, i->key.p, i->key.n, &i->e) &&
	    (ref->missing == FALLBACK || !stands_in(&i->e))) {
		i->is = KNOWN;
		return true;
	}
	if (fall_back(r, ref, f->module, i) || goes_on(ref, i))
		return true;
	if (f->module != NULL && ref->missing == FALLBACK && lost_get(r->lost, f->module, i->key.p, i->key.n, &l))
		set_aside_lost(r, in, &l, ref->missing, f->module, ref->text, i);
	else
		set_aside_missing(r, in, ref, f, i);
	return false;
}

/* Is this one of the record's references that ref prefers? */
static bool
preferred(const struct found *f, const struct idmap_entry *e)
{
	size_t i;

	for (i = 0; i < f->count; i++)
		if (f->item[i].is == KNOWN && !stands_in(&f->item[i].e) &&
		    memcmp(&f->item[i].e.id, &e->id, sizeof(e->id)) == 0 && strcmp(f->item[i].e.table, e->table) == 0)
			return true;
	return false;
}

/* An address and all who have it: the only one of them, or the one that is preferred. */
static bool
resolve_address(struct resolve *r, const struct nd_in *in, const struct ref *ref, const struct found *f, struct item *i)
{
	size_t p, candidates = 0;
	struct idmap_entry e;
	uint32_t k;

	for (k = 0; idmap_nth(r->ids, f->module, i->key.p, i->key.n, k, &e); k++)
		if (refs_allows(ref, e.table) && candidates++ == 0)
			i->e = e;
	if (candidates == 1) {
		i->is = KNOWN;
		return true;
	}
	for (p = 0; candidates > 0 && p < ref->prefers; p++)
		for (k = 0; idmap_nth(r->ids, f->module, i->key.p, i->key.n, k, &i->e); k++)
			if (refs_allows(ref, i->e.table) && preferred(&r->found[ref->prefer[p]], &i->e)) {
				i->is = KNOWN;
				return true;
			}
	if (goes_on(ref, i))
		return true;
	if (candidates > 0)
		rej_write(aside(r, QUEUE), in, "ambiguous", ref->text, &i->v, "%zu records have the address %.*s", candidates,
		    (int)i->key.n, i->key.p);
	else if (fall_back(r, ref, f->module, i))
		return true;
	else
		set_aside_missing(r, in, ref, f, i);
	return false;
}

static bool
resolve_ref(struct resolve *r, const struct nd_in *in, const struct ref *ref, struct found *f)
{
	size_t i;

	if (f->count == 0 || (!f->list && f->item[0].kind == RECORD_BLANK))
		return without_value(r, in, ref, f);
	for (i = 0; i < f->count; i++)
		if (ref->address && f->item[i].kind == RECORD_KEY ? !resolve_address(r, in, ref, f, &f->item[i]) :
		    !resolve_item(r, in, ref, f, &f->item[i]))
			return false;
	return true;
}

/* The record's own id; false when it was set aside. */
static bool
resolve_self(struct resolve *r, const struct nd_in *in, struct item *i)
{
	struct lost_record l;

	if (i->kind != RECORD_KEY) {
		rej_write(aside(r, REJECT), in, "missing-field", "id", &i->v, "a record needs an id, a number or a text");
		return false;
	}
	if (r->module != NULL && lost_get(r->lost, r->module, i->key.p, i->key.n, &l)) {
		set_aside_lost(r, in, &l, REJECT, r->module, "id", i);
		return false;
	}
	if (r->module == NULL || !idmap_get(r->ids, r->module, i->key.p, i->key.n, &i->e)) {
		rej_write(aside(r, REJECT), in, "missing-reference", "id", &i->v, "no %s %.*s among the ids: was it assigned one?",
		    r->module != NULL ? r->module : "record", (int)i->key.n, i->key.p);
		return false;
	}
	if (r->cycle != NULL && cycle_on(r->cycle, i->key.p, i->key.n, &r->path)) {
		rej_write(aside(r, REJECT), in, "conflict", r->refs.ref[r->acyclic].text, NULL,
		    "it would be its own ancestor: %s %s", r->module, r->path.p);
		return false;
	}
	return true;
}

/* The keys of all references first, so that their places in the id map come from memory together. */
static void
gather(struct resolve *r)
{
	const struct found *f;
	size_t i, k;

	found_self(&r->self, &r->id, &r->j);
	if (r->self.kind == RECORD_KEY && r->module != NULL)
		idmap_prefetch(r->ids, r->module, r->self.key.p, r->self.key.n);
	for (i = 0; i < r->refs.count; i++) {
		f = &r->found[i];
		found_gather(&r->found[i], &r->refs.ref[i], &r->j);
		for (k = 0; k < f->count; k++)
			if (f->item[k].kind == RECORD_KEY && f->module != NULL)
				idmap_prefetch(r->ids, f->module, f->item[k].key.p, f->item[k].key.n);
	}
}

/* Tables that will not do; false when the record was set aside.  Of an address, records of other tables were not looked at. */
static bool
check_tables(struct resolve *r, const struct nd_in *in, const struct ref *ref, const struct found *f)
{
	const struct item *i;

	if (ref->address || *ref->tables == '\0' || (ref->unless != REF_NONE && found_any(&r->found[ref->unless])))
		return true;
	for (i = f->item; i < f->item + f->count; i++) {
		if (i->is != KNOWN || refs_allows(ref, i->e.table))
			continue;
		rej_write(aside(r, QUEUE), in, "lead-only", ref->text, &i->v, "its only party became a %s; give it a %s, or make the %s a %s",
		    i->e.table, ref->unless != REF_NONE ? r->refs.ref[ref->unless].name : ref->tables, i->e.table, ref->tables);
		return false;
	}
	return true;
}

/* All references; false when the record was set aside.  Addresses come last: they look at the others. */
static bool
resolve_refs(struct resolve *r, const struct nd_in *in)
{
	int addresses;
	size_t i;

	for (addresses = 0; addresses < 2; addresses++)
		for (i = 0; i < r->refs.count; i++)
			if (r->refs.ref[i].address == addresses && !resolve_ref(r, in, &r->refs.ref[i], &r->found[i]))
				return false;
	for (i = 0; i < r->refs.count; i++)
		if (!check_tables(r, in, &r->refs.ref[i], &r->found[i]))
			return false;
	return true;
}

static void
resolve(struct resolve *r, const struct nd_in *in)
{
	const char *line = in->line;
	size_t i, n = in->len;

	gather(r);
	if (!resolve_self(r, in, &r->self) || !resolve_refs(r, in))
		return;
	r->member.n = 0;
	r->self.is = KNOWN;
	buf_str(&r->member, "{\"self\":");
	found_put_item(&r->member, &r->self, false);
	for (i = 0; i < r->refs.count; i++)
		found_put(&r->member, &r->refs.ref[i], &r->found[i]);
	buf_char(&r->member, '}');
	if (r->j.slot[r->old_error] != NULL || r->j.slot[r->old_ref] != NULL) {
		record_without(&r->clean, &r->j, ours);
		line = r->clean.p;
		n = r->clean.n;
	}
	record_write(&r->out, line, n, "_ref", r->member.p, r->member.n);
}

/* The first of two readings: who is whose parent. */
static void
read_parents(struct resolve *r)
{
	const struct ref *ref = &r->refs.ref[r->acyclic];
	struct buf key = { 0 }, parent = { 0 };
	struct json_value v;
	struct nd_in in;

	if (ref->each || ref->module == NULL)
		errx(EX_CONFIG, "--acyclic %s: a list, or of several modules", ref->name);
	if (r->module != NULL && strcmp(ref->module, r->module) != 0)
		errx(EX_CONFIG, "--acyclic %s: it names module %s, and the records are of %s", ref->name, ref->module, r->module);
	r->cycle = cycle_new();
	nd_open(&in, NULL);
	while (nd_read(&in)) {
		if (!record_parse(&in, &r->j) || !record_at(&r->id, &r->j, &v) ||
		    record_key(&v, &key) != RECORD_KEY || !record_at(&ref->path, &r->j, &v) ||
		    record_key(&v, &parent) != RECORD_KEY)
			continue;
		cycle_add(r->cycle, key.p, key.n, parent.p, parent.n);
	}
	cycle_find(r->cycle);
	nd_end(&in);
	buf_free(&key);
	buf_free(&parent);
	spool_rewind(r->start);
}

static void
options(int argc, char *argv[], struct resolve *r)
{
	static const struct option longopts[] = {
		{ "ids", required_argument, NULL, 'i' }, { "refs", required_argument, NULL, 'R' },
		{ "lost", required_argument, NULL, 'l' }, { "acyclic", required_argument, NULL, 'a' },
		{ "queue", required_argument, NULL, 'q' }, { "skipped", required_argument, NULL, 's' },
		{ "rejects", required_argument, NULL, 'r' }, { NULL, 0, NULL, 0 }
	};
	const char *rejects = NULL, *queue = NULL, *skipped = NULL, *first = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "r:", longopts, NULL)) != -1) {
		switch (c) {
		case 'i':
			idmap_load(r->ids, optarg);
			if (first == NULL)
				r->module = idmap_first_module(r->ids);
			first = optarg;
			break;
		case 'R': refsfile = optarg; break;
		case 'l': lost_load(r->lost, optarg); break;
		case 'a': acyclic = optarg; break;
		case 'q': queue = optarg; break;
		case 's': skipped = optarg; break;
		case 'r': rejects = optarg; break;
		default: cli_usage(usage);
		}
	}
	if (optind < argc || first == NULL)
		cli_usage(usage);
	rej_open(&r->rej, "resolve-ids", rejects);
	rej_open(&r->queue, "resolve-ids", queue);
	rej_open(&r->skipped, "resolve-ids", skipped);
}

static void
begin(struct resolve *r)
{
	record_path(&r->id, r->j.names, "id");
	r->old_error = json_names_add(r->j.names, "_error");
	r->old_ref = json_names_add(r->j.names, "_ref");
	refs_load(&r->refs, refsfile, r->j.names);
	r->found = xcalloc(r->refs.count + 1, sizeof(*r->found));
	if (acyclic == NULL)
		return;
	r->acyclic = refs_find(&r->refs, acyclic);
	if (r->acyclic == REF_NONE)
		errx(EX_CONFIG, "--acyclic %s: no such reference%s%s", acyclic, refsfile != NULL ? " in " : "",
		    refsfile != NULL ? refsfile : "");
	r->start = spool_stdin();
	read_parents(r);
}

int
main(int argc, char *argv[])
{
	static struct resolve r;
	struct nd_in in;

	cli_start(argc, argv, usage);
	r.j.names = json_names_new();
	r.ids = idmap_new();
	idmap_addresses(r.ids, REFS_ADDRESS);
	r.lost = lost_new();
	options(argc, argv, &r);
	begin(&r);
	nd_create(&r.out, NULL);
	nd_open(&in, NULL);
	while (nd_read(&in)) {
		if (!record_parse(&in, &r.j))
			rej_parse(&r.rej, &in, &r.j);
		else
			resolve(&r, &in);
	}
	nd_end(&in);
	rej_close(&r.rej);
	rej_close(&r.queue);
	rej_close(&r.skipped);
	nd_close(&r.out);
	return rej_sum("resolve-ids", in.count, r.out.count, &r.rej, &r.queue, &r.skipped);
}
