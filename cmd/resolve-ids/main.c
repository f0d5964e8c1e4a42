/*
 * resolve-ids - add to each record the target ids of what it refers to
 *
 * stdin    source records, one JSON object a line
 * stdout   the same, each with a last member _ref
 * queue    missing reference-queued lead-only missing-field
 * skipped  skipped missing-reference reference-rejected reference-queued
 * rejects  missing-reference reference-rejected missing-field wrong-type
 *          conflict, and what the reader finds
 *
 * Holds the ids: at most 64 bytes an entry (idmap.h), and what lost.h and
 * cycle.h say.  The records stream.
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

struct found {			/* a reference of the record in hand */
	struct json_value v;	/* JSON_NONE: absent */
	enum record_key kind;
	struct buf key;
	bool resolved;
	struct idmap_entry e;
};

struct resolve {
	struct idmap *ids;
	struct lost *lost;
	struct refs refs;
	struct found self, *found;	/* by reference */
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

/* What a message says of the first cause, when that is another record. */
static char *
because(const struct lost_record *l)
{
	struct json j = { 0 };
	struct buf b = { 0 }, text = { 0 };
	struct json_value root, v;
	static const char *const part[] = { "module", "id", "code", "file" };
	static const char *const between[] = { ", because of ", " ", ": ", " in " };
	size_t i;

	if (l->root == NULL)
		return xstrdup("");
	buf_str(&b, l->root);
	json_pad(&b);
	if (json_parse_any(&j, b.p, b.n, &root))
		for (i = 0; i < 4; i++)
			if (json_member(&root, part[i], &v)) {
				buf_str(&text, between[i]);
				buf_add(&text, v.p, v.n);
			}
	buf_nul(&text);
	json_free(&j);
	buf_free(&b);
	return text.p;
}

/* A reference to a record that did not make it. */
static void
set_aside_lost(struct resolve *r, const struct nd_in *in, const struct lost_record *l, enum policy missing,
    const char *module, const char *field, const struct found *f)
{
	struct rej *to = aside(r, missing == SKIP ? SKIP : l->queued ? QUEUE : REJECT);
	char *why = because(l);

	buf_str(&to->more, ",\"root\":");
	lost_root(&to->more, l, module, f->key.p, f->key.n);
	rej_write(to, in, l->queued ? "reference-queued" : "reference-rejected", field, &f->v, "%s %.*s %s: %s in %s%s", module,
	    (int)f->key.n, f->key.p, l->queued ? "waits for a person" : "did not make it", l->code, l->file, why);
	free(why);
}

static void
set_aside_missing(struct resolve *r, const struct nd_in *in, const struct ref *ref, const struct found *f)
{
	if (ref->missing == QUEUE)
		rej_write(aside(r, QUEUE), in, "missing", ref->path.text, &f->v, "no %s %.*s among the ids: a person decides", ref->module,
		    (int)f->key.n, f->key.p);
	else
		rej_write(aside(r, ref->missing), in, "missing-reference", ref->path.text, &f->v, "no %s %.*s among the ids%s", ref->module,
		    (int)f->key.n, f->key.p, ref->missing == FALLBACK ? ", and no fallback" : "");
}

static bool
fall_back(struct resolve *r, const struct ref *ref, struct found *f)
{
	f->resolved = ref->missing == FALLBACK && idmap_get(r->ids, ref->module, "*", 1, &f->e);
	return f->resolved;
}

static bool
without_value(struct resolve *r, const struct nd_in *in, const struct ref *ref, struct found *f)
{
	if (fall_back(r, ref, f))
		return true;
	if (ref->missing == FALLBACK)
		rej_write(aside(r, REJECT), in, "missing-reference", ref->path.text, NULL, "no %s, and no fallback", ref->name);
	else if (ref->blank == NOTHING)
		return true;
	else
		rej_write(aside(r, ref->blank), in, ref->blank == SKIP ? "skipped" : "missing-field", ref->path.text, NULL,
		    "the record has no %s", ref->name);
	return false;
}

/* One reference; false when the record was set aside because of it. */
static bool
resolve_ref(struct resolve *r, const struct nd_in *in, const struct ref *ref, struct found *f)
{
	struct lost_record l;

	f->resolved = false;
	if (f->kind == RECORD_BLANK)
		return without_value(r, in, ref, f);
	if (f->kind == RECORD_WRONG) {
		rej_write(aside(r, REJECT), in, "wrong-type", ref->path.text, &f->v, "a reference is an object with an id, a number or a text");
		return false;
	}
	if (ref->missing != FALLBACK && lost_get(r->lost, ref->module, f->key.p, f->key.n, &l)) {
		set_aside_lost(r, in, &l, ref->missing, ref->module, ref->path.text, f);
		return false;
	}
	f->resolved = idmap_get(r->ids, ref->module, f->key.p, f->key.n, &f->e);
	if (f->resolved || fall_back(r, ref, f))
		return true;
	if (ref->missing == FALLBACK && lost_get(r->lost, ref->module, f->key.p, f->key.n, &l))
		set_aside_lost(r, in, &l, ref->missing, ref->module, ref->path.text, f);
	else
		set_aside_missing(r, in, ref, f);
	return false;
}

/* The record's own id; false when it was set aside. */
static bool
resolve_self(struct resolve *r, const struct nd_in *in, struct found *f)
{
	struct lost_record l;

	if (f->kind != RECORD_KEY) {
		rej_write(aside(r, REJECT), in, "missing-field", "id", &f->v, "a record needs an id, a number or a text");
		return false;
	}
	if (r->module != NULL && lost_get(r->lost, r->module, f->key.p, f->key.n, &l)) {
		set_aside_lost(r, in, &l, REJECT, r->module, "id", f);
		return false;
	}
	if (r->module == NULL || !idmap_get(r->ids, r->module, f->key.p, f->key.n, &f->e)) {
		rej_write(aside(r, REJECT), in, "missing-reference", "id", &f->v, "no %s %.*s among the ids: was it assigned one?",
		    r->module != NULL ? r->module : "record", (int)f->key.n, f->key.p);
		return false;
	}
	if (r->cycle != NULL && cycle_on(r->cycle, f->key.p, f->key.n, &r->path)) {
		rej_write(aside(r, REJECT), in, "conflict", r->refs.ref[r->acyclic].path.text, NULL,
		    "it would be its own ancestor: %s %s", r->module, r->path.p);
		return false;
	}
	return true;
}

static void
gather_one(struct resolve *r, const struct record_path *path, const char *module, struct found *f)
{
	f->v = (struct json_value){ .kind = JSON_NONE };
	f->kind = record_at(path, &r->j, &f->v) ? record_key(&f->v, &f->key) : RECORD_BLANK;
	if (f->kind == RECORD_KEY && module != NULL)
		idmap_prefetch(r->ids, module, f->key.p, f->key.n);
}

/* The keys of all references first, so that their places in the id map come from memory together. */
static void
gather(struct resolve *r)
{
	size_t i;

	gather_one(r, &r->id, r->module, &r->self);
	for (i = 0; i < r->refs.count; i++)
		gather_one(r, &r->refs.ref[i].path, r->refs.ref[i].module, &r->found[i]);
}

/* All references; false when the record was set aside. */
static bool
resolve_refs(struct resolve *r, const struct nd_in *in)
{
	const struct ref *ref;
	size_t i;

	for (i = 0; i < r->refs.count; i++)
		if (!resolve_ref(r, in, &r->refs.ref[i], &r->found[i]))
			return false;
	for (i = 0; i < r->refs.count; i++) {
		ref = &r->refs.ref[i];
		if (!r->found[i].resolved || refs_allows(ref, r->found[i].e.table) ||
		    (ref->unless != REF_NONE && r->found[ref->unless].resolved))
			continue;
		rej_write(aside(r, QUEUE), in, "lead-only", ref->path.text, &r->found[i].v, "its only party became a %s; give it a %s, or make the %s a %s",
		    r->found[i].e.table, ref->unless != REF_NONE ? r->refs.ref[ref->unless].name : ref->tables,
		    r->found[i].e.table, ref->tables);
		return false;
	}
	return true;
}

static void
put_entry(struct buf *b, const char *name, const struct idmap_entry *e)
{
	char id[GUID_TEXT + 1];

	guid_text(&e->id, id);
	buf_char(b, b->n == 0 ? '{' : ',');
	buf_json_str(b, name);
	buf_str(b, ":{\"table\":\"");
	buf_json_text(b, e->table, strlen(e->table));
	buf_str(b, "\",\"id\":\"");
	buf_add(b, id, GUID_TEXT);
	buf_str(b, "\",\"how\":\"");
	buf_json_text(b, e->how, strlen(e->how));
	buf_str(b, "\"}");
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
	put_entry(&r->member, "self", &r->self.e);
	for (i = 0; i < r->refs.count; i++)
		if (r->found[i].resolved)
			put_entry(&r->member, r->refs.ref[i].name, &r->found[i].e);
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
