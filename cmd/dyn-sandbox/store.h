/*
 * store - rows in SQLite, and what the parts that read and write rows share
 *
 * A row is kept as one JSON object: member names are logical names, values
 * the canonical JSON text (decimals rounded, times as YYYY-MM-DDThh:mm:ssZ,
 * strings with the fewest escapes).  A lookup column x is two members:
 * "_x_value" (the GUID) and "_x_value@t" (the logical name of its table).
 * What is null is absent.
 */
#ifndef STORE_H
#define STORE_H

#include "sandbox.h"

struct cell {
	const char *name;
	const char *json;
};

struct row {
	const struct table *table;
	int64_t rid;			/* 0: not stored yet */
	int64_t version;
	char id[37];
	struct cell *cell;
	size_t n, cap;
};

/* row.c */
struct row *row_new(struct arena *a, const struct table *t, const char *id);
struct row *row_copy(struct arena *a, const struct row *row);
struct row *row_parse(struct arena *a, const struct table *t, const char *id, const char *body, size_t n);
void row_print(const struct row *row, struct buf *b);
const char *row_get(const struct row *row, const char *name);			/* JSON text; NULL: null */
void row_set(struct arena *a, struct row *row, const char *name, const char *json);	/* json NULL or "null": cleared; not copied */
void row_set_text(struct arena *a, struct row *row, const char *name, const char *text);
void row_set_int(struct arena *a, struct row *row, const char *name, long v);
long row_int(const struct row *row, const char *name, long fallback);
bool row_true(const struct row *row, const char *name);
char *row_text(struct arena *a, const struct row *row, const char *name);	/* a string's text; NULL if null */
char *row_lookup(struct arena *a, const struct row *row, const char *column);	/* GUID; NULL if null */
const char *row_lookup_table(struct arena *a, const struct row *row, const char *column);
void row_bind(struct arena *a, struct row *row, const char *column, const char *table, const char *id);	/* table NULL: cleared */
char *json_quote(struct arena *a, const char *p, size_t n);			/* JSON string */
char *json_text(struct arena *a, const struct json_value *v);			/* a string's UTF-8 */

/* store.c */
enum stored { STORED, STORED_DUPLICATE, STORED_KEY };	/* KEY: store_violated says which */
void store_open(const char *path);
void store_close(void);
void store_exec(const char *sql);
void store_begin(void);
bool store_commit(void);					/* false: the disk is full or broken; nothing of the transaction was kept */
void store_spoil(void);						/* a write has failed */
bool store_spoiled(void);					/* it will be so: writes are no longer done */
char *store_setting(struct arena *a, const char *name);		/* NULL if absent */
void store_set_setting(const char *name, const char *value);
struct row *store_get(struct arena *a, const struct table *t, const char *id);
bool store_exists(const struct table *t, const char *id);
/* value: JSON text for each column of the key */
struct row *store_by_key(struct arena *a, const struct altkey *k, const char *const *value);
enum stored store_insert(struct arena *a, struct row *row);
enum stored store_update(struct arena *a, struct row *row);	/* row->rid names it */
const struct altkey *store_violated(void);
void store_delete(const struct row *row);
int64_t store_version(void);					/* that of the last change */
typedef bool store_row(struct row *row, void *arg);		/* false: stop */
void store_referencing(struct arena *a, const struct table *t, const char *column, const char *id, store_row *fn, void *arg);
/* Each row in an arena of its own.  sql gives rid, id, version, body. */
typedef bool store_each(struct arena *memory, struct row *row, void *arg);
void store_select(const struct table *t, const char *sql, store_each *fn, void *arg);
int64_t store_number(const char *sql);				/* the one number a query gives */
bool store_indexed(const char *column);				/* lookups that store_referencing can follow */
void guid_order(const char *id, char out[33]);			/* text that sorts as SQL Server sorts GUIDs */

/* reply.c */
void request_url(struct request *r, const char *url);		/* fills url, path, rawpath, query */
void headers_add(struct arena *a, struct headers *l, const char *name, const char *value);
bool reply_payload(struct reply *a, const char *set, const char *fmt, ...) __attribute__((format(printf, 3, 4)));	/* 0x80048d19 */

/* decimal.c: exact decimal numbers as text */
char *decimal_round(struct arena *a, const char *p, size_t n, int places);	/* "12.50"; NULL: too long for any column */
int decimal_cmp(const char *x, const char *y);		/* of texts decimal_round made or plain decimals */
char *decimal_divide(struct arena *a, const char *x, const char *y, int places);	/* NULL if it does not fit */

/* content.c: the bytes of files.  text is base64 that base64_size finds good. */
long base64_size(const char *s, size_t n);			/* bytes it stands for; -1 if it is none */
void content_put(int64_t rid, const char *text, size_t n);
void content_drop(int64_t rid);
long content_base64(int64_t rid, long offset, long length, struct buf *out);	/* that stretch as base64; how many bytes there were */
void block_put(const char *token, const char *id, const char *text, size_t n);
long block_size(const char *token, const char *id);		/* -1: there is none */
void block_move(const char *token, const char *id, int64_t rid, int n);	/* becomes the file's nth */
void block_forget(const char *token);				/* all of that upload */

/* value.c: one value against its column */
bool value_check(struct request *r, struct reply *a, const struct table *t, const struct column *c,
    const struct json_value *v, const char **json);		/* json: canonical text, "null" for null */
bool value_date(struct arena *a, const char *p, size_t n, bool date_only, char **out);	/* canonical text without quotes */
void value_now(char text[21]);

/* path.c: resource paths */
enum segment_kind { SEG_NAME, SEG_KEY };
struct segment {
	char *name;			/* before the parenthesis */
	char *key;			/* between the parentheses; NULL if there are none */
};
size_t path_split(struct request *r, const char *path, struct segment **seg);	/* 0: malformed */
struct key_part {
	char *name;			/* "" for a bare GUID */
	char *value;			/* JSON text of the literal */
};
size_t path_key(struct arena *a, const char *key, struct key_part **part);
/*
 * The row a key names.  found NULL with true: there is no such row, and *key
 * says by what it was looked for (NULL: by the GUID in id).
 */
struct target {
	const struct table *table;
	char id[37];			/* of the row; "" if it was looked for by key and is not there */
	const struct altkey *key;
	const char *const *value;	/* of the key's columns */
	struct row *row;
	const char *url;		/* "accounts(sm_id='77')", as it was asked for */
};
bool target_find(struct request *r, struct reply *a, const struct table *t, const char *key, struct target *out);
bool target_missing(struct reply *a, const struct target *t);	/* 404 for a row that is not there */
bool target_bind(struct request *r, struct reply *a, const char *url, struct target *out);	/* of @odata.bind and @odata.id; the row must be there */

/* write.c, nested.c, rules.c: rows made, changed, deleted */
struct nested {				/* a collection of the body: rows to make with this one */
	const struct relation *relation;
	struct json_value list;
};
struct write {
	struct request *r;
	struct reply *a;
	const struct table *table;
	struct row *old;		/* NULL: create */
	struct row *row;		/* what is being made */
	bool internal;			/* by the platform itself: columns that nobody may write may be written */
	bool bulk;
	const struct altkey *key;	/* that an existing row was found by: the body's copies of its columns are passed over */
	long state, status;		/* asked for; -1: not */
	const char *parent_column, *parent_table, *parent_id;	/* of a nested row: bound to that */
	const char *document;		/* JSON text of a new file, "" where one was taken away; NULL: as it was */
	const char *upload;		/* its token, when the file came in blocks */
	const struct json_value *blocks;
	struct nested nested[8];
	size_t nesteds;
};
/* id: of the URL, NULL: that of the body or a new one.  key: the values of an upsert by key, or NULL. */
bool write_create(struct write *w, const struct json_value *body, const char *id, const struct target *key);
bool write_update(struct write *w, const struct json_value *body, struct row *old);
bool write_store(struct write *w);				/* rules and the store, for rows made by the platform */
struct write write_internal(struct request *r, struct reply *a, const struct table *t, struct row *row, struct row *old);
bool write_delete(struct request *r, struct reply *a, struct row *row);
bool write_bind(struct write *w, const char *navigation, const struct json_value *v);
bool nested_note(struct write *w, const struct relation *rel, const struct json_value *v);
bool nested_write(struct write *w);
bool nested_single(struct write *w, const struct relation *rel, const struct json_value *v);
bool rules_fields(struct write *w);				/* before the row is stored: what the platform fills and refuses */
bool rules_after(struct write *w);				/* after: what else the platform makes */
bool rules_state(struct write *w);				/* state and status of the row from what was asked */
bool rules_table(struct write *w);				/* what only some tables insist on */
bool rules_product(struct write *w);				/* rules_sales.c */
bool rules_price(struct write *w);
bool rules_line(struct write *w);
bool rules_line_made(struct write *w);				/* after: the totals of its opportunity */
bool rules_schedule_made(struct write *w);			/* after: its base unit */
char *rules_currency(struct write *w);				/* that of the row this one is part of; NULL: its own business */
const struct relation *schema_single(const struct table *t, const char *name, int64_t now);
const struct relation *schema_collection(const struct table *t, const char *name, int64_t now);
const char *relation_column(const struct relation *rel);	/* the lookup on the referencing table */
bool is_lookup(const struct column *c);
bool is_property(const struct column *c, int64_t now);

/* read.c, filter.c */
void read_collection(struct request *r, struct reply *a, const struct table *t, const char *extra);	/* extra: SQL condition or NULL */
void read_count(struct request *r, struct reply *a, const struct table *t);
void read_row(struct request *r, struct reply *a, struct row *row, int status);	/* with $select and $expand */
bool filter_sql(struct request *r, struct reply *a, const struct table *t, const char *filter, struct buf *sql);
bool filter_order(struct request *r, struct reply *a, const struct table *t, const char *order, struct buf *sql, bool *by_id);
bool fetch_count(struct request *r, struct reply *a, const struct table *t, const char *xml, char **filter, char **name);	/* fetch.c: a count as a $filter (NULL: all) and the alias of its result; false: answered */
void filter_column(struct buf *sql, const char *row, const struct table *t, const struct column *c);

/* route.c */
void route(struct request *r, struct reply *a);		/* one operation, inside the caller's transaction; undone by itself on an error */
bool body_parse(struct request *r, struct reply *a, const char *set, struct json *j, struct json_value *v);

/* crud.c */
void crud_post(struct request *r, struct reply *a, const struct table *t);
void crud_patch(struct request *r, struct reply *a, const struct table *t, const char *key);
void crud_delete(struct request *r, struct reply *a, const struct table *t, const char *key);
void crud_get(struct request *r, struct reply *a, const struct table *t, const char *key);
void crud_property(struct request *r, struct reply *a, const struct table *t, struct segment *seg, size_t n);

/* bulk.c, action.c, blocks.c, batch.c, seed.c */
void bulk_run(struct request *r, struct reply *a, const struct table *t, const char *message);
bool bulk_listed(const struct table *t, const char *message);
bool action_run(struct request *r, struct reply *a, const struct segment *seg, size_t n);	/* false: none of ours */
bool blocks_run(struct request *r, struct reply *a, const char *name);
bool document_check(struct write *w);
void document_store(struct write *w);
const char *document_column(const struct table *t);		/* where a row of this table has its file; NULL if nowhere */
bool document_here(const struct row *row, const char *column);	/* that column, and there is a file */
void document_show(const struct row *row, struct buf *out);	/* as a JSON string */
bool activity_check(struct write *w);				/* activity.c: what activities and notes insist on */
void batch_run(struct request *r, struct reply *a);
const char *batch_reference(struct request *r, const char *id);	/* "accounts(guid)" of a Content-ID, NULL */
void seed_open(const char *users, const char *rows);
void seed_user(const char *id);				/* the application user has a row */

#endif
