/*
 * meta - the target's tables and columns, from a metadata file
 *
 * The file is what dyn-extract --metadata writes: NDJSON, one definition a
 * line, members named as the Web API names them, each tagged with _meta
 * ("table", "column", "relationship", "collection", "key") and _table.
 * A damaged file is 65; an unknown table is the caller's 78.
 * Everything belongs to the struct meta and lives until meta_free.
 */
#ifndef META_H
#define META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum meta_type {
	META_STRING, META_MEMO, META_INTEGER, META_BIGINT, META_DECIMAL, META_DOUBLE, META_MONEY, META_BOOLEAN,
	META_DATETIME, META_PICKLIST, META_MULTISELECT, META_STATE, META_STATUS, META_LOOKUP, META_CUSTOMER,
	META_OWNER, META_UNIQUEID, META_PARTYLIST, META_OTHER
};

enum meta_date { META_USERLOCAL, META_DATEONLY, META_ZONELESS };	/* DateTimeBehavior */

struct meta_option {
	int32_t value;
	int32_t state;		/* of a status option; -1 elsewhere */
	const char *label;	/* "" if none */
};

struct meta_target {		/* what a lookup may point to */
	const char *table;
	const char *navigation;	/* exact case */
	const char *set;	/* its entity set; NULL if that table is not in the file */
};

struct meta_column {
	const char *name;	/* logical name */
	enum meta_type type;
	bool create, update, read;
	bool required;		/* SystemRequired */
	size_t max_length;	/* UTF-16 code units; 0 if none */
	const char *min, *max;	/* decimal text as in the file; NULL if none */
	int precision;		/* -1 if none */
	enum meta_date behavior;
	bool date_only;		/* Format is DateOnly */
	const struct meta_option *option;
	size_t options;
	const struct meta_target *target;
	size_t targets;
};

struct meta_collection {		/* rows of another table that point here, and may be created with the row */
	const char *navigation;	/* exact case */
	const char *table, *column;	/* the table they are rows of, and its lookup */
};

struct meta_table {
	const char *name, *set, *primary_id, *primary_name;
	const struct meta_column *column;	/* sorted by name */
	size_t columns;
	const struct meta_collection *collection;	/* those of the file: activity parties */
	size_t collections;
};

struct meta;
struct meta *meta_load(const char *path);
const struct meta_table *meta_table(const struct meta *m, const char *name);	/* NULL if absent */
const struct meta_column *meta_column(const struct meta_table *t, const char *name);
const struct meta_collection *meta_collection(const struct meta_table *t, const char *navigation);	/* NULL if absent */
const char *meta_nearest(const struct meta_table *t, const char *name);	/* the column most like name, for messages; NULL if none is near */
size_t meta_distance(const char *a, const char *b, size_t limit);	/* edit distance without regard to ASCII case; limit + 1 when it is more */
const char *meta_type_name(enum meta_type type);
void meta_free(struct meta *m);

#endif
