/*
 * extract - what the files of sm-extract share
 *
 *	main.c		the command line; which module goes which way; the end
 *	api.c		one call: settings, budget, waits, what the answer means
 *	budget.c	the calls of the last hour, counted across processes
 *	span.c		the structure of an answer, without judging its contents
 *	fields.c	what a search asks for
 *	search.c	passes over the pages of a search
 *	store.c		records on disk, united by id; what a killed run left
 *	lists.c		users, pipelines, tags, currencies, field definitions
 *	notes.c		notes, record by record
 *	files.c		files of notes; images.c finds those in a text
 *	progress.c	what a person sees meanwhile
 */
#ifndef EXTRACT_H
#define EXTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "nd.h"
#include "reject.h"

/* main.c */

enum way { SEARCH, PRODUCTS, RECORDS, LIST, NOTES, FILES };	/* RECORDS: the search of custom modules */

struct module {
	const char *name;	/* of the command line, the path and the search fields: "contact" */
	int id;			/* 0: a list without a number */
	const char *rule;	/* moduleName in filters; NULL: no search */
	const char *meta;	/* its name in field metadata */
	size_t page;		/* rows a page */
	enum way way;
};
extern const struct module modules[];	/* ends with a name of NULL */

struct of {			/* --of: records whose notes are asked for */
	const char *name, *path;
	int module;
};

#define MANY 64			/* of an option that may be repeated */

struct options {
	const char *since;	/* the operand of IS_AFTER, or NULL */
	const char *budget, *state, *fields, *rejects, *notes, *store;
	unsigned long passes, retries, patience, calls_per_hour, allow_missing;
	bool nowait, allow_empty, progress, all_records;
	struct of of[MANY];
	size_t ofs;
	const char *host[MANY];		/* of the storage, besides those that are known */
	size_t hosts;
	struct module own[MANY];	/* --module */
	size_t owns;
};
extern struct options opt;

/* span.c */

struct span {
	const char *p;
	size_t n;
};
struct walk {
	const char *p, *end;
	bool object, bad;	/* bad: ended by damage, not by the end */
};
bool span_whole(const char *p, size_t n, struct span *v);	/* the one value of a text; false if its brackets or quotes do not close */
struct walk span_walk(struct span v);				/* of anything but {} and []: no members */
bool span_next(struct walk *w, struct span *key, struct span *v);	/* key: without quotes; may be NULL */
bool span_member(struct span object, const char *name, struct span *v);	/* the first letter in either case */
bool span_is(struct span v, const char *text);			/* a bare text, or a string without escapes */
bool span_number(struct span v, uint64_t *number);		/* digits, bare or quoted, below 2^63 */
bool span_null(struct span v);					/* absent or null */
void span_text(struct buf *b, struct span v);			/* for messages: without quotes, on one line */
void span_line(struct buf *b, struct span v);			/* verbatim but for line ends, and an LF */
void span_line_with(struct buf *b, struct span object, const struct buf *more);	/* with these members (each with a comma after it) behind its id */

/* budget.c */

long budget_take(const char *path, unsigned long limit);	/* counts one call: 0; or the seconds until one is free */

unsigned long budget_used(const char *path);		/* calls of the last hour */

/* api.c */

void api_open(void);
const char *api_root(void);
const char *api_link(void);
enum api_need {
	API_MUST,		/* a refusal ends the program */
	API_OTHERWISE,		/* false where this path is not to be had: refused, or never more than a web page */
	API_OR_NONE,		/* false where there is no such record */
};
bool api_call(const char *method, const char *path, const struct buf *body, enum api_need need, struct span *data);
void api_plan(const char *what, uint64_t calls);	/* tells a person how many calls are to come, and how long they may take */
void api_pause(double seconds, const char *why);		/* ends early when interrupted, by exit */
_Noreturn void api_interrupted(void);
void api_close(void);
extern uint64_t api_calls;
extern double api_waited;

/* fields.c */

struct buf fields_body(const struct module *m, bool narrow);	/* of the search; asks for the metadata unless --fields; narrow: nothing the metadata lacks */

/* store.c */

struct store;
struct page {
	unsigned pass;
	uint64_t from;
	uint64_t rows;
	int64_t total;		/* -1: not told */
};
typedef void store_page(const struct page *g, uint64_t added, void *arg);
struct store *store_open(const struct module *m);		/* of --state, or in a nameless file */
const struct buf *store_body(const struct store *s);		/* n 0: none kept */
void store_set_body(struct store *s, const struct buf *body);
void store_replay(struct store *s, store_page *each, void *arg);	/* what an earlier run left, in order */
uint64_t store_add(struct store *s, const struct page *g, const struct buf *lines);	/* returns how many ids are new */
uint64_t store_count(const struct store *s);
uint64_t store_bad(const struct store *s);			/* of these: without an id */
void store_write(struct store *s, struct nd_out *out, struct rej *rej);	/* by id */
void store_discard(struct store *s);				/* the pages, not the memory of the count */
bool count_kept(const struct module *m, uint64_t *count);	/* of the last whole extraction */
void count_keep(const struct module *m, uint64_t count);

int state_open(const struct module *m, const char *ending, char **path);	/* DIR/MODULE.ending, locked; without --state nameless, path NULL */

/* search.c, lists.c */

struct store *search_all(const struct module *m);
void list_all(const struct module *m, struct buf *lines, uint64_t *count);	/* lines of records */
bool list_fields(const struct module *m, bool optional, struct buf *lines);	/* definitions of one module, as lines; false: optional, and not to be had */

/* notes.c */

struct parent {
	int module;
	uint64_t id;
};
struct store *notes_all(const struct module *m, struct parent **gone, size_t *ngone);	/* gone: records that are no more; caller frees */
void notes_gone(const struct parent *gone, size_t n, struct rej *rej);

/* files.c, images.c */

void files_all(const struct module *m);
typedef void image_found(const char *src, void *arg);
void images_of(const char *html, size_t n, image_found *found, void *arg);

/* progress.c */

void progress_show(const struct module *m, unsigned pass, uint64_t have, int64_t total);
void progress_items(const struct module *m, uint64_t done, uint64_t planned);	/* one call each */
void progress_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));	/* a line that is always shown */
void progress_end(void);

#endif
