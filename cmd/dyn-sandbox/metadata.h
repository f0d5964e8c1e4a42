/*
 * metadata - what the meta*.c files share
 *
 * A definition is a line of a metadata file, kept as text for the answers and
 * taken apart for the checks.  What is defined lives until the program ends,
 * in meta_memory.  Everything here runs under the sandbox's lock.
 *
 * meta.c           files and store to memory, dispatch of the requests
 * meta_define.c    a line to a table, column, relationship, key or choice
 * meta_schema.c    the tables in memory, look-ups
 * meta_builtin.c   publisher and solution, where the files lack them
 * meta_query.c     $select, $filter, $expand, $top
 * meta_shape.c     property names of the API's types
 * meta_row.c       one definition as the API answers it
 * meta_list.c      several of them, and what is expanded
 * meta_find.c      what a path names
 * meta_read.c      GET
 * meta_csdl.c      $metadata
 * meta_check.c     what the writes have in common: names, labels, types, solutions
 * meta_table.c     tables: POST, PUT; what every table is born with
 * meta_column.c    columns: POST, PUT
 * meta_relation.c  relationships with their lookups
 * meta_key.c       alternate keys
 * meta_option.c    options and global choices
 * meta_delete.c    DELETE
 * meta_store.c     rows that schema writes look at or remove
 */
#ifndef METADATA_H
#define METADATA_H

#include "store.h"

enum def_kind { DEF_TABLE, DEF_CHOICE, DEF_COLUMN, DEF_RELATION, DEF_COLLECTION, DEF_KEY };

struct def {
	enum def_kind kind;
	const char *table, *name;	/* name: logical; of relationships the SchemaName */
	char id[37];			/* MetadataId */
	const char *json;		/* the line; JSON_PAD readable bytes follow */
	size_t n;
	int64_t visible_at;
};

/* The public structs with their definitions; the public part is first, so that one pointer serves for both. */
struct table_def {
	struct table t;
	struct def d;
};

struct column_def {
	struct column c;
	struct def d;
	const char *cast;		/* "Picklist" of "#Microsoft.Dynamics.CRM.PicklistAttributeMetadata" */
	const char *choice;		/* name of its global choice, or NULL */
};

struct relation_def {
	struct relation r;
	struct def d;
};

struct key_def {
	struct altkey k;
	struct def d;
	int64_t asked_at, active_at;	/* when the index job was asked for, and when it is done */
	bool failed;			/* two rows have the same values */
};

struct choice_def {			/* a global choice */
	struct def d;
	const char *name;
};

extern struct arena meta_memory;

/* ---- meta_define.c ---- */
const char *meta_define(const char *line, size_t n, int64_t visible_at);	/* NULL, or what is wrong with the line */

/* ---- meta_schema.c ---- */
void schema_add_table(struct table_def *t);
void schema_add_column(struct table *t, struct column_def *c);		/* replaces one of that name: it becomes c's older */
void schema_add_relation(struct relation_def *r);
void schema_add_key(struct table *t, struct key_def *k);
void schema_add_choice(struct choice_def *c);
void schema_link(void);							/* after all files: relations to the tables they refer to, targets to columns */
void schema_drop_table(struct table *t);
void schema_drop_column(struct table *t, const char *name);		/* and its relations */
void schema_drop_relation(const struct relation *r);
void schema_drop_key(struct table *t, const struct altkey *k);
void schema_drop_choice(const char *name);
struct choice_def *schema_choice(const char *name_or_id);		/* NULL if absent */
size_t schema_choices(struct choice_def ***list);
struct table *schema_table_by_id(const char *id);
struct relation *schema_relation(const char *schema_or_id);		/* of any table; SchemaName in any case */
size_t schema_relations(struct relation ***list);
const char *schema_key_status(const struct key_def *k);			/* EntityKeyIndexStatus now */

/* ---- meta_shape.c, meta_query.c ---- */

struct shape {				/* a type of the metadata API */
	const char *name;		/* "AttributeMetadata" */
	const char *base;		/* its property names between blanks: " LogicalName SchemaName " */
	const char *more;		/* those of the derived type, or "" */
};
extern const struct shape shape_table, shape_column, shape_relation, shape_one_to_many, shape_key, shape_choice;
struct shape shape_cast(struct arena *m, const char *cast);		/* "Picklist"; name NULL if there is none */
bool shape_has(const struct shape *s, const char *name, size_t n);

struct query {				/* the options of a read */
	const char *select;		/* comma-separated, or NULL */
	const char *expand;
	const char *filter;
	long top;			/* -1: all */
};
bool query_read(struct request *r, struct reply *a, struct query *q);	/* of the URL; false: answered */
bool query_nested(struct request *r, struct reply *a, const char *text, size_t n, struct query *q);	/* "$select=X;$filter=Y" */
bool query_check(struct reply *a, const struct query *q, const struct shape *s);	/* names in $select; false: answered */
int query_match(struct request *r, struct reply *a, const struct query *q, const struct shape *s, const struct json_value *row);	/* 1, 0, -1: answered */
void query_put(struct buf *b, const struct query *q, const struct json_value *row);	/* the members $select asks for; no closing brace */
/* The next item of $expand: its name and what is in its parentheses.  false at the end. */
bool query_expand(struct request *r, const char **rest, char **name, char **inner);

/* ---- meta_row.c: one definition, whole ---- */
void row_table(struct buf *b, const struct table *t);
void row_column(struct buf *b, const struct table *t, const struct column_def *c, bool cast);
void row_key(struct buf *b, const struct key_def *k);
void row_relation(struct buf *b, const struct relation_def *r, bool cast);
void row_choice(struct buf *b, const struct choice_def *c, bool cast);
void row_options(struct buf *b, const struct table *t, const struct column_def *c);	/* its own OptionSet */
bool has_choices(const struct column_def *c);

/* ---- meta_list.c ---- */
struct read {
	struct request *r;
	struct reply *a;
	struct query q;
	struct shape shape;
	size_t count;			/* rows so far */
};
struct json_value buf_object(struct buf *b);				/* the JSON object that b holds; pads it */
bool list_tables(struct read *d, struct buf *b);
bool list_columns(struct read *d, struct buf *b, const struct table *t, const char *cast);	/* cast NULL: all */
bool list_relations(struct read *d, struct buf *b, struct relation *const *list, size_t n, bool cast);
bool list_part(struct read *d, struct buf *b, const struct table *t, const char *name);	/* "Keys" ... */
bool list_choices(struct read *d, struct buf *b, bool cast);
bool expand_table(struct read *d, struct buf *b, const struct table *t);
bool expand_column(struct read *d, struct buf *b, const struct table *t, const struct column_def *c);
bool put_choices(struct read *d, struct buf *b, const struct table *t, const struct column_def *c, const char *name, const struct query *q);

/* ---- meta_read.c, meta_find.c ---- */
void meta_get(struct request *r, struct reply *a, struct segment *seg, size_t n);
struct table *find_table(struct request *r, struct reply *a, const struct segment *s);	/* as seen by the caller; NULL: answered 404 */
struct column_def *find_column(struct request *r, struct reply *a, const struct table *t, const struct segment *s);
struct key_def *find_key(struct request *r, struct reply *a, const struct table *t, const struct segment *s);
struct relation_def *find_relation(struct request *r, struct reply *a, const struct segment *s);
struct choice_def *find_choice(struct request *r, struct reply *a, const struct segment *s);
char *segment_key(struct request *r, const struct segment *s, const char *name);	/* the value of (name='x') or (guid); NULL if there is none or it has another name */

/* ---- meta_csdl.c ---- */
void meta_csdl(struct request *r, struct reply *a);

/* ---- meta.c ---- */
/* Into the store and into memory.  What is wrong with the line is our own bug: 70. */
void meta_keep(const struct buf *line, enum def_kind kind, const char *table, const char *name, int64_t visible_at);
void meta_forget(enum def_kind kind, const char *table, const char *name);	/* from the store; memory is the caller's */
int64_t meta_visible_at(void);						/* of what is written now */
void meta_created(struct request *r, struct reply *a, const char *fmt, ...) __attribute__((format(printf, 3, 4)));	/* 204 with OData-EntityId */
void meta_done(struct reply *a);					/* 204 */

/* ---- meta_check.c: false or NULL is "answered 4xx" ---- */
bool check_solution(struct request *r, struct reply *a, const struct json_value *body);	/* MSCRM.SolutionUniqueName, SolutionUniqueName */
char *check_name(struct request *r, struct reply *a, const struct json_value *owner, const char *member, size_t max);	/* a SchemaName */
bool check_label(struct reply *a, const struct json_value *owner, const char *name, bool needed);
bool check_type(struct reply *a, const struct json_value *owner, const char *type);	/* "@odata.type" */
bool check_members(struct reply *a, const struct json_value *v, const struct shape *s, const char *extra);	/* no member that the type lacks */
bool check_integer(struct reply *a, const struct json_value *owner, const char *name, long min, long max, bool needed, long *out);
bool check_publisher(struct request *r, struct reply *a);		/* POST publishers */
bool check_new_solution(struct request *r, struct reply *a);		/* POST solutions */
long publisher_prefix(struct request *r, const char *schema);		/* customizationoptionvalueprefix for a name */
char *member_string(struct request *r, const struct json_value *owner, const char *name);	/* NULL if absent or no string */
char *lower(struct arena *m, const char *s);
void put_label(struct buf *b, const struct json_value *owner, const char *name);	/* ,"name":{...} with UserLocalizedLabel; nothing if absent */

/* ---- writes ---- */
void write_table(struct request *r, struct reply *a);
void write_table_put(struct request *r, struct reply *a, struct table *t);
void table_parts(const struct table *t, bool notes, bool activities, int64_t at);	/* objectid_<table>, regardingobjectid_<table>_<activity> */
/* The beginning of a column's line: flags c, u, r (create, update, read), p (primary id), n (primary name); type as in AttributeType, or MultiSelectPicklist, File. */
void put_column_head(struct buf *b, const char *table, const char *schema, const char *type, const char *flags, bool custom, const char *required);
/* A column the platform makes: flags as above, and s for SystemRequired; more: further members, beginning with a comma. */
void table_column(const char *table, const char *schema, const char *type, const char *flags, const char *more, int64_t at);
void write_column(struct request *r, struct reply *a, struct table *t);
void write_column_put(struct request *r, struct reply *a, struct table *t, struct column_def *c);
char *column_make(struct request *r, struct reply *a, const struct table *t, const struct json_value *v, const char *const *targets,
    const char *type, struct buf *line);	/* a lookup's too; the logical name, NULL: answered */
void column_companions(const struct table *t, const char *name, int64_t at);
void relation_keep(const struct relation *rel, const char *extra, bool custom, int64_t at);
void write_relation(struct request *r, struct reply *a);
void write_lookup(struct request *r, struct reply *a, bool customer);	/* CreateCustomerRelationships, CreatePolymorphicLookupAttribute */
void write_key(struct request *r, struct reply *a, struct table *t);
bool key_clash(const struct altkey *k);					/* struct altkey's clash */
void write_reactivate(struct request *r, struct reply *a);
void write_choice(struct request *r, struct reply *a);
void write_option(struct request *r, struct reply *a, const char *action);
bool put_options(struct request *r, struct reply *a, struct buf *b, const struct json_value *set, long prefix);	/* [...] from the Options of a payload */
void meta_delete(struct request *r, struct reply *a, struct segment *seg, size_t n);

/* ---- meta_store.c (and sandbox.h) ---- */
void store_unindex_key(const char *table, const char *name);		/* what store_index_key put there */

/* ---- meta_builtin.c ---- */
void meta_builtin(void);						/* publisher and solution, unless they are there */

#endif
