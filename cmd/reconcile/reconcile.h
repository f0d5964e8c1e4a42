/* What the files of reconcile share. */
#ifndef RECONCILE_H
#define RECONCILE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "guid.h"
#include "json.h"
#include "meta.h"
#include "nd.h"

/* target.c: the rows that are there, found by a GUID; the file is mapped, 40 bytes a row in memory. */
struct target;
struct target *target_load(const char *path, const struct meta *meta, const char *key);	/* key NULL: each table's primary id */
const char *target_find(struct target *t, const struct guid *id, size_t *n);	/* the row's line, marked as seen; NULL if absent */
size_t target_next_unseen(const struct target *t, size_t from);			/* SIZE_MAX: no more */
const char *target_line(const struct target *t, size_t at, size_t *n);
size_t target_rows(const struct target *t);
void target_except(struct target *t, const char *ids);	/* an ids file: rows with these ids are another object's */
bool target_excepted(const struct target *t, const struct nd_in *in, const struct json *row);

/* parties.c: the parties of activities, found by their activity; the file is mapped, 24 bytes a party in memory. */
struct party {
	int64_t mask;
	bool has_id, used;
	struct guid id;
	char *address;		/* NULL if none */
	char *row;		/* its line */
};
struct parties;
struct parties *parties_load(const char *path);
struct party *parties_of(struct parties *p, const struct guid *activity, size_t *n);	/* good until the next call */

/* decimal.c: exact sums.  A value is a count of 1/10^10, in 128 bits. */
struct decimal {
	__extension__ __int128 v;
};
bool decimal_read(const struct json_value *v, struct decimal *d);	/* a JSON number or a string that is a plain decimal */
void decimal_print(struct buf *b, struct decimal d);			/* at least four places, as Salesmate writes money */

/* sums.c: counts and sums per group, on both sides and of what was set aside. */
struct sums;
enum sums_side { SUMS_SOURCE, SUMS_TARGET, SUMS_ASIDE };
struct sums *sums_new(void);
void sums_add(struct sums *s, enum sums_side side, const struct json_value *group, const struct json_value *value);
bool sums_balanced(const struct sums *s);	/* source = target + aside, in count and sum, group by group */
void sums_print(const struct sums *s, struct buf *b);
void sums_print_side(const struct sums *s, enum sums_side side, struct buf *b);

/* compare.c: one mapped row against the row read back. */
struct pair {			/* compare only these: a member of the mapped row, a column of the target */
	const char *mapped, *column;
};
struct compare {
	struct parties *parties;	/* NULL: parties are not compared */
	const struct meta *meta;
	const struct pair *pair;
	size_t pairs;
	struct nd_out *out;	/* mismatches; name NULL when nobody asked */
	const char *object;
	uint64_t fields, field_mismatches, links, link_mismatches, missing;
	uint64_t trimmed, kept, resolved;	/* effects that are understood: blanks at the ends, a column that was filled before, an address that became a record */
	struct compare_state *state;
};
void compare_row(struct compare *c, const struct json *mapped, const char *line, size_t n, const char *outcome);
void compare_missing(struct compare *c, const struct json *mapped);
void compare_unexpected(struct compare *c, const char *line, size_t n);

/* books.c: what was set aside, by stage, code and field. */
struct books {
	uint64_t rejected, queued, skipped, cascades;
	struct cause *cause;
	size_t causes;
};
void books_read(struct books *b, const char *prefix, struct sums *sums, const char *sum_field, const char *by_field,
    const char *sum_column, const char *by_column);
void books_print(const struct books *b, struct buf *out);

#endif
