/*
 * What the parts of dyn-schema share: the items that the columns file wants,
 * and beside each what the organization has.
 *
 * main.c      options, the order of the steps, the last line
 * wanted.c    the columns file and the options file, judged
 * there.c     what the organization has
 * conflict.c  what is there and is not what is wanted
 * body.c      the JSON of a definition
 * change.c    one change, sent until it is known to be done
 * apply.c     publisher, solution, tables, columns, options, publishing
 * key.c       alternate keys: created, waited for until their index is active
 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "dyn.h"
#include "nd.h"

enum type {
	STRING, MEMO, INTEGER, BIGINT, DECIMAL, DOUBLE, MONEY, BOOLEAN, DATETIME, PICKLIST, MULTISELECT,
	LOOKUP, TABLE, KEY
};
extern const char *const type_name[];		/* as in the columns file */
extern const char *const type_odata[];		/* AttributeTypeName's Value; NULL for tables and keys */

struct choice {
	int64_t value;
	char *label;
};

struct choices {
	struct choice *o;
	size_t n;
};

/* What the organization has for an item. */
struct there {
	bool is;
	char *type;			/* AttributeTypeName */
	char *format, *behavior;
	char *min, *max;
	long length, precision;		/* -1: not said */
	struct choices options;
	char *global;			/* name of a global choice; NULL: the column's own options */
	char *targets;			/* of a lookup, between blanks */
	bool notes, activities, activity;	/* of a table */
	char *ownership;
	char *key, *key_columns;	/* of a key: its LogicalName; its columns, sorted, between blanks */
	char *status;			/* EntityKeyIndexStatus */
};

struct item {
	const char *table;
	const char *name;		/* schema name; "" of a table */
	char *logical;
	enum type type;
	long length, precision;		/* -1: not wanted */
	const char *min, *max;		/* NULL: not wanted */
	char *format, *behavior;	/* NULL: not wanted */
	const char *label;
	char *key_columns;		/* of a key: sorted, between blanks */
	const char *target;		/* of a lookup: the one table it points to */
	char *target_key;		/* its primary key */
	bool notes, activities;		/* of a table */
	char *plural;			/* of a table: its label for several rows */
	struct choices options;		/* of a choice; of a Boolean the two labels, 0 and 1 */
	unsigned long line;
	struct there there;
	bool created;
};

struct schema {
	const char *file;
	struct csv *columns;		/* the items point into it */
	struct item *item;
	size_t items;
	const char **table;		/* every table once, in the order of the file */
	char **set;			/* its entity set; NULL: not there yet */
	size_t tables;
	const char *publisher, *solution;
	char *publisher_id;		/* NULL: not there */
	bool solution_there;
	long language;			/* of labels: the organization's base language */
	char *solution_header;
};

/* wanted.c */
void wanted_read(struct schema *s, const char *columns, const char *options);	/* 78 when it cannot be meant, every bad line named */

/* there.c: definitions are read with Consistency: Strong */
extern const char *const strong[];
void there_read(struct dyn *d, struct schema *s);		/* 78 if a table is missing */
void there_options(struct dyn *d, struct schema *s, const char *table);
void there_keys(struct dyn *d, struct schema *s, const char *table);
char *there_set(struct dyn *d, const char *table);			/* its entity set, asked now; NULL: no such table */
bool there_column(struct dyn *d, const struct item *it);	/* asked now */
bool there_named(struct dyn *d, const char *set, const char *name, char **id);	/* a publisher or solution by unique name */
const struct choice *option_find(const struct choices *o, int64_t value);

/* conflict.c */
size_t conflicts(const struct schema *s);			/* how many; each on stderr */

/* body.c */
void body_label(struct buf *b, const char *label, long language);
void body_column(struct buf *b, const struct item *it, long language);
void body_table(struct buf *b, const struct item *it, const struct schema *s);
void body_lookup(struct buf *b, const struct item *it, const struct schema *s);
char *body_relation(const struct item *it, const struct schema *s);	/* the SchemaName of a lookup's relationship */
void body_key(struct buf *b, const struct item *it, long language);
void body_option(struct buf *b, const struct item *it, const struct choice *o, const struct schema *s);

/* change.c */
struct change {
	const char *path, *what;	/* what: for messages */
	const struct buf *body;
	const char *solution;		/* header, or NULL */
	bool (*there)(struct dyn *d, void *arg);	/* asked when the outcome is unknown */
	void *arg;
};
bool change_make(struct dyn *d, const struct change *c);	/* false: it was there already */
void change_pause(struct dyn *d, double seconds);		/* before the next request */

/* apply.c */
struct report {
	struct nd_out out;
	size_t created, there, options;
	bool dry;
};
void apply_basis(struct dyn *d, struct schema *s, struct report *r);	/* publisher and solution */
void apply_tables(struct dyn *d, struct schema *s, struct report *r);
void apply_columns(struct dyn *d, struct schema *s, struct report *r);	/* lookups and options too */
void apply_publish(struct dyn *d, const struct schema *s);
void apply_settle(struct dyn *d, struct schema *s);		/* until the new columns can be used */
void report_item(struct report *r, const struct item *it, const char *action);

/* key.c */
void key_create(struct dyn *d, struct schema *s, struct report *r);
void key_wait(struct dyn *d, struct schema *s, unsigned long patience);

#endif
