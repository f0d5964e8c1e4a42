/*
 * sandbox - what the parts of dyn-sandbox share
 *
 * One thread a connection.  What touches the store or the metadata runs under
 * one lock (main.c takes it); waiting is done outside it.  Everything a request
 * needs is taken from its arena and gone after the answer.
 *
 * main.c      start, sockets, one request from arrival to answer
 * route.c     from a path below /api/data/v9.2/ to what handles it
 * meta*.c     metadata: files, reads, schema writes        (schema_*, meta_*)
 * auth.c      token endpoint, bearer check                  (auth_*)
 * limits.c    service protection                            (limits_*)
 * faults.c    faults on demand                              (faults_*)
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "buf.h"
#include "json.h"

#define API_ROOT "/api/data/v9.2/"

/* ---- memory of one request ---- */

struct arena {
	struct arena_block *block;
};
void *arena_get(struct arena *a, size_t n);			/* zeroed */
char *arena_dup(struct arena *a, const char *p, size_t n);	/* with a NUL */
char *arena_str(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *a);

/* ---- requests and replies ---- */

struct header {
	char *name, *value;
};

struct headers {
	struct header *h;
	size_t n, cap;
};

struct request {
	struct arena *arena;
	const char *method;		/* "GET" ... */
	const char *url;		/* as it came: path and query; of a batch part the path from the host root */
	const char *path;		/* below API_ROOT, percent-decoded, without query; NULL if the url is elsewhere */
	const char *rawpath;		/* the whole path, percent-decoded, with its leading slash */
	struct header *query;		/* decoded name, value in order */
	size_t queries;
	struct headers headers;
	const char *body;		/* JSON_PAD readable bytes follow; never NULL */
	size_t n;
	const char *root;		/* "http://127.0.0.1:8080/api/data/v9.2/", for answers */
	const char *id;			/* REQ_ID of this request, a GUID */
	char user[37];			/* auth_check: systemuserid of the caller */
	char agent[37];			/* who acts in the name of user; "" when that is the caller himself */
	bool strong;			/* Consistency: Strong */
	int64_t now;			/* clock_ms() at arrival; what has visible_at > now is not seen (INT64_MAX when strong) */
	const char *duplicate;		/* JSON of the row that broke a key; NULL */
	struct batch *batch;		/* set for the parts of a $batch, else NULL */
	void *fault;			/* faults.c: what was chosen for this request */
};
const char *request_header(const struct request *r, const char *name);		/* any case; NULL if absent */
const char *request_query(const struct request *r, const char *name);		/* "$select"; NULL if absent */
const char *request_prefer(const struct request *r, const char *name);		/* value of a preference ("" when it has none), unquoted; NULL if absent */

enum send { SEND_WHOLE, SEND_NOTHING, SEND_RESET, SEND_HALF };	/* whole; close; RST; half of the body, then close */

struct reply {
	struct arena *arena;
	int status;			/* 0 until somebody answered */
	const char *type;		/* Content-Type; NULL: the API's JSON */
	struct headers headers;		/* beyond the ones every answer has */
	struct buf body;
	unsigned delay_ms;		/* waited before the answer is sent, outside the lock */
	enum send send;
};
void reply_header(struct reply *a, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void reply_clear(struct reply *a);				/* as if nobody had answered; keeps delay and send */
void reply_text(struct reply *a, int status, const char *text);	/* text/plain */
/* The API's error body.  code "" is allowed.  Drops what was written before. Returns false, so that checks can `return reply_error(...)`. */
bool reply_error(struct reply *a, int status, const char *code, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

int64_t clock_ms(void);						/* monotonic */
void guid_new(char text[37]);					/* random, version 4, lower case */
bool guid_ok(const char *p, size_t n);				/* 36 characters, either case */
void guid_lower(char *text);

/* ---- metadata: filled by meta*.c, read by everybody (under the lock) ---- */

enum column_type {
	COL_STRING, COL_MEMO, COL_INTEGER, COL_BIGINT, COL_DECIMAL, COL_DOUBLE, COL_MONEY, COL_BOOLEAN, COL_DATETIME,
	COL_PICKLIST, COL_MULTISELECT, COL_STATE, COL_STATUS, COL_LOOKUP, COL_CUSTOMER, COL_OWNER, COL_GUID,
	COL_PARTYLIST, COL_ENTITYNAME, COL_FILE, COL_OTHER	/* OTHER: Virtual and what else is no property of a row */
};

struct option {
	int32_t value;
	int32_t state;			/* of a status option, else -1 */
	int32_t default_status;		/* of a state option: its default status when the file says so, else -1 */
	const char *label;		/* "" if none */
};

struct column {
	const char *name;		/* logical */
	const char *schema;		/* SchemaName */
	enum column_type type;
	const char *attribute_of;	/* shadow of another column (no property of the row), or NULL */
	bool custom, primary_id, primary_name, create, update, read;
	bool required;			/* SystemRequired */
	long max_length;		/* UTF-16 units; 0 if none */
	const char *min, *max;		/* decimal text; NULL if none */
	int precision;			/* -1 if none */
	int precision_source;		/* 0 own, 1 organization, 2 currency */
	bool date_format;		/* Format is DateOnly */
	bool date_behavior;		/* DateTimeBehavior is DateOnly: Edm.Date */
	const struct option *option;
	size_t options;
	const char *const *target;	/* logical names of tables a lookup may point to */
	size_t targets;
	const char *fallback;		/* default value as JSON text, NULL if none */
	int64_t visible_at;		/* 0: always */
	const struct column *older;	/* what a reader sees before visible_at (its own visible_at judged likewise), or NULL */
};

struct relation {			/* one to many; also the "collection" lines of the files */
	const char *schema;		/* "" if not known */
	const char *referencing, *column;	/* table, lookup column ("" if not known) */
	const char *referenced, *referenced_column;
	const char *navigation;		/* single-valued, on the referencing table; "" if none */
	const char *collection;		/* collection-valued, on the referenced table; "" if none */
	const char *on_delete;		/* "Restrict", "Cascade", "RemoveLink", "" not known */
	int64_t visible_at;
};

struct altkey {
	const char *name;		/* logical name */
	const char *schema;
	const char *const *column;
	size_t columns;
	const char *table;
	bool (*clash)(const struct altkey *);	/* two rows have the same values: true, that is refused; false, its index is not there (and will not be) */
	bool (*active)(const struct altkey *);	/* its index is built; before that it is no key for URLs and binds */
};

struct table {
	const char *name, *schema, *set;
	const char *primary_id, *primary_name;	/* primary_name "" if none */
	const char *ownership;			/* "UserOwned" ... */
	bool activity, notes, activities, custom;
	struct column **column;			/* sorted by name */
	size_t columns;
	struct relation **relation;		/* many to one: this table references */
	size_t relations;
	struct relation **collection;		/* one to many: this table is referenced */
	size_t collections;
	struct altkey **key;
	size_t keys;
	int64_t visible_at;
};

struct table *schema_table(const char *name);			/* logical name; NULL if absent */
struct table *schema_set(const char *set);			/* entity set, exact case */
const struct column *schema_column(const struct table *t, const char *name);
const struct column *schema_column_at(const struct table *t, const char *name, int64_t now);	/* as seen at r->now; NULL if absent or not yet seen */
size_t schema_tables(struct table ***list);			/* all, sorted by logical name */

/*
 * meta_open reads the files of dir and then the schema changes kept in the
 * store (tables meta_...).  Damaged file: 65, none: 66.
 * meta_handle answers what is metadata: EntityDefinitions, RelationshipDefinitions, GlobalOptionSetDefinitions,
 * PublishXml, PublishAllXml, InsertOptionValue, CreateCustomerRelationships, $metadata ...
 * false: not mine, nothing done.  Called inside a transaction that is rolled back when the status is 400 or more
 * (what meta keeps in memory it changes only when it answers success).
 * A key added to a table with rows: store_index_key must be called.
 * publisher and solution are ordinary tables (metadata built in when the files lack them); meta_handle judges
 * the body of POST publishers and POST solutions and, when it is good, leaves the request to the row code (false).
 */
void meta_open(sqlite3 *db, const char *dir);
bool meta_handle(struct request *r, struct reply *a);

/* ---- the store, as far as meta*.c needs it ---- */

sqlite3 *store_db(void);
bool store_index_key(const struct altkey *k);			/* false: two rows have the same values */
size_t store_count(const char *table);
/* The text of column want in a row of table whose column where is equal to value (all text; where may be the primary key); false if there is none. */
bool store_find(struct arena *a, const char *table, const char *where, const char *value, const char *want, char **text);
void store_drop(const char *table, const char *column);	/* its values, or with NULL its rows, are gone */

/* ---- auth, limits, faults: called WITHOUT the lock, from several threads; they lock for themselves ---- */

extern char sandbox_user[37];					/* systemuserid of the application user */
extern char sandbox_organization[37];

void auth_open(void);						/* reads DYN_TENANT, DYN_CLIENT_ID, DYN_CLIENT_SECRET; DYN_CLIENTS_FILE: more of them */
const char *auth_user(size_t i);				/* systemuserids of the application users of DYN_CLIENTS_FILE; NULL past the last */
bool auth_token(struct request *r, struct reply *a);		/* true: it was the token endpoint, answered */
bool auth_check(struct request *r, struct reply *a);		/* false: answered 401 or 403; sets r->user */

void limits_open(const char *spec);				/* NULL: the defaults; a wrong spec is 64 */
bool limits_before(struct request *r, struct reply *a);		/* false: answered 429 */
void limits_after(struct request *r, struct reply *a, int64_t ms);	/* once for every request auth_check let through (also 429): adds the headers */

enum fault { FAULT_NONE, FAULT_REPLY, FAULT_DROP };		/* go on; a is the answer, nothing is done; a->send says how it is dropped, nothing is done */
extern const char limits_usage[], faults_usage[];		/* sections of --help */
int64_t limits_lag(void);					/* ms a schema change stays unseen */
void limits_set_lag(long ms);
long limits_token(void);					/* seconds an access token lives */
bool auth_denied(struct request *r, struct reply *a);		/* answers 401; returns false */
void auth_expire(void);						/* all tokens given out so far are worthless */
int64_t limits_key_delay(void);					/* ms a new key's index takes */

void faults_open(const char *path);				/* NULL: none; a damaged file is 65 */
void faults_reload(void);					/* SIGHUP: the file again, all counters from zero; a damaged file is reported and the old faults stay */
enum fault faults_before(struct request *r, struct reply *a);	/* may set a->delay_ms, r->fault */
void faults_after(struct request *r, struct reply *a);		/* after the work was committed: may replace the answer, set a->send, a->delay_ms */
bool faults_part(struct request *part, struct reply *a);	/* a $batch part is about to run: true: a is its answer instead */

#endif
