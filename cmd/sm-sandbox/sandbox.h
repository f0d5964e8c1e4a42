/*
 * sandbox - what the files of sm-sandbox share
 *
 * A request becomes a struct call: its path in segments, its body judged, and
 * a reply to fill in.  Calls are handled one at a time (serve.c holds a lock),
 * so nothing below needs to be safe for threads.
 *
 *	main.c		the command line; starts, waits, ends
 *	serve.c		HTTP: reading requests, limits, faults, sending replies
 *	routes.c	which path is answered by which function
 *	answer.c	the envelopes of success and failure
 *	data.c		the data folder: records as lines of text, read again when a file changed
 *	search.c	the searches; order.c sorts, paging.c cuts (and unsettles) pages
 *	filter.c	filterQuery
 *	project.c	displayingFields
 *	record.c	GET by id: the other value forms
 *	lists.c		fields, pipelines, users, tags, currencies, activity types, modules
 *	notes.c		notes and their attachments
 *	when.c		dates: the source's forms, and operands in the key user's time zone
 *	faults.c	the faults file
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "buf.h"
#include "json.h"

/* data.c */

struct row {
	const char *p;		/* the record's line, judged by json_parse */
	size_t n;
	int64_t id;		/* 0: none */
};

struct module {
	const char *name;	/* of its file, without .ndjson */
	struct row *row;	/* in file order */
	size_t count;
	size_t *by_id;		/* indexes of row, by id then file order */
	bool sorted;		/* the file is in the order of ids */
};

struct data;
struct data *data_open(const char *dir);		/* 66 if it is no folder, 65 naming file and line of a bad record */
void data_refresh(struct data *d);			/* reads files again that changed; a damaged one keeps its old records */
const struct module *data_module(struct data *d, const char *name);	/* never NULL; no file: no records */
const struct row *data_find(const struct module *m, int64_t id);	/* the first of that id, or NULL */
char *data_path(const struct data *d, const char *folder, int64_t id);	/* DIR/folder/id; caller frees */
void data_free(struct data *d);
struct json_value row_value(const struct row *r);	/* the whole record, as an object */
bool value_id(const struct json_value *v, int64_t *id);	/* an integer, or a text of digits */
bool value_true(const struct json_value *v);		/* 1, true, "1", "true" */

/* serve.c, routes.c */

#define SEGMENTS 16

struct reply {
	int status;
	const char *type;	/* Content-Type */
	struct buf body;
	char *file;		/* sent instead of body when set */
	size_t rows;		/* for the log */
};

struct call {
	const char *method;
	const char *target;	/* path and query as they came */
	char *seg[SEGMENTS];	/* the path after /apis, decoded */
	size_t nseg;
	struct json_value body;	/* of a POST: a judged object */
	struct data *data;
	const char *base;	/* http://127.0.0.1:PORT */
	bool empty;		/* a fault: lists and searches have no records */
	struct paging *paging;
	const void *connection;	/* serve.c's */
	struct reply reply;
};

const char *call_query(const struct call *c, const char *name);	/* a query argument, or NULL */
const char *call_header(const struct call *c, const char *name);
void route(struct call *c);

/* answer.c */

void answer_open(struct call *c);				/* {"Status":"success","Data": */
void answer_close(struct call *c);				/* } */
void answer_error(struct call *c, int status, const char *code, const char *name, const char *message);	/* documented spelling */
void answer_error_lower(struct call *c, int status, const char *name, const char *message);	/* the spelling measured live */
void answer_invalid(struct call *c, const char *message);	/* 400 ValidationError 4001 */
void answer_missing(struct call *c);				/* 404 ObjectNotFound 4005 */

/* search.c */

void search_v4(struct call *c);
void search_records(struct call *c);
void search_products(struct call *c);

/* lists.c: also what modules there are */

struct kind {
	int64_t id;
	const char *file;	/* data file: "activity" */
	const char *rule;	/* moduleName in filter rules; NULL: any */
	const char *key;	/* name in metadata: "task" */
	char own[64];		/* of a custom module: the text the names above point at */
};

bool kind_by_path(const char *path, struct kind *k);		/* contact, company, deal, activity */
bool kind_by_id(struct data *d, const char *id, struct kind *k);	/* number, or a custom module's internal name */
void list_simple(struct call *c);
void list_users(struct call *c);
void list_activity_types(struct call *c);
void list_fields(struct call *c);
void list_fields_grouped(struct call *c);
void list_fields_visible(struct call *c);
void list_module(struct call *c);

/* record.c, notes.c */

void record_get(struct call *c);
void record_get_generic(struct call *c);
void notes_list(struct call *c);
void notes_get(struct call *c);
void notes_attachment(struct call *c);
void notes_storage(time_t life, uint64_t secret);	/* how many seconds an attachment's address is good for; what signs it */
bool notes_is_storage(const struct call *c);		/* is it an address of the storage? */
void notes_file(struct call *c);

/* filter.c */

struct filter;
/* Compiles a filterQuery (or v3 query); NULL or JSON null: everything.  On a bad one: NULL, and message is set. */
struct filter *filter_new(const struct kind *k, const struct json_value *query, int64_t me, const char **message);
bool filter_match(const struct filter *f, const struct json_value *record);
void filter_free(struct filter *f);

/* project.c */

struct ask;
struct ask *ask_new(const struct kind *k, const struct json_value *names);	/* of displayingFields */
struct ask *ask_new_csv(const char *names);					/* of fieldsToQuery: a,b.c */
struct ask *ask_new_plain(const struct json_value *names);			/* of v3 fields: no prefix */
bool ask_none(const struct ask *a);
void ask_put(struct buf *b, const struct ask *a, struct data *d, const struct json_value *record);
void ask_free(struct ask *a);

/* order.c */

/* Sorts indexes of rows by what the body's sort (or sortBy, sortOrder) says; other fields leave them as they are. */
void order_rows(const struct module *m, size_t *index, size_t n, const struct kind *k, const struct json_value *sort);
void order_rows_by(const struct module *m, size_t *index, size_t n, const char *field, bool descending);

/* paging.c */

struct paging {
	uint64_t seed;		/* of shuffle */
	bool shuffle;
	bool overlap;
	size_t cap;		/* rows a page, at most; 0: as the service has it */
	bool records;		/* module/v4/records/search answers in its other form */
	uint64_t pass;		/* counts the requests with from=0 */
};

/* The page of index that starts at from: out has room for rows indexes; returns how many. */
size_t paging_cut(struct paging *p, const size_t *index, size_t n, size_t from, size_t rows, size_t *out);

/* when.c */

bool when_read(const struct json_value *v, int64_t *seconds);	/* any form of a date in a record */
bool when_operand(const char *text, int64_t *seconds);		/* "Mar 02, 2026 09:00 AM", in the zone of when_zone */
void when_zone(const char *name);				/* an IANA zone; unknown ones are UTC, with a warning */
void when_today(int64_t *from, int64_t *to);			/* the local day, as seconds */
void when_put(struct buf *b, int64_t seconds);			/* "2026-01-02T03:04:05.000Z" */

/* faults.c */

enum fault_kind { FAULT_NONE, FAULT_STATUS, FAULT_FAIL200, FAULT_HTML, FAULT_DROP, FAULT_EMPTY, FAULT_CUT };

struct fault {
	enum fault_kind kind;
	int status;
	long retry_after;	/* -1: no header */
	unsigned long delay;	/* ms; may come with FAULT_NONE */
	bool upper;		/* of fail200: spelling */
};

struct faults;
struct faults *faults_load(const char *path, struct paging *paging);	/* 66, or 78 naming file and line */
struct fault faults_next(struct faults *f, const char *method, const char *target);	/* f may be NULL */
void faults_free(struct faults *f);

/* serve.c */

struct server;
struct options {
	const char *link;
	const char *token;
	const char *log;	/* file of requests, or NULL */
	unsigned long port;
	unsigned long limit;	/* calls in a clock hour; 0: none */
	unsigned long life;	/* of an attachment's address, in seconds */
	struct faults *faults;
	struct paging *paging;
	struct data *data;
};

struct server *server_start(const struct options *o);
unsigned server_port(const struct server *s);
void server_stop(struct server *s);	/* waits for the calls in hand; says how many there were */

#endif
