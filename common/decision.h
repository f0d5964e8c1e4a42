/*
 * decision - a table that says where records go
 *
 * A CSV file with a column of values and a column to, one of the targets that
 * the program knows; other columns are for people.  Values are compared as
 * fold.h says.  A value twice with different targets, an unknown target or an
 * empty table is 78.  With any, the value * stands for all that no other line
 * has.
 */
#ifndef DECISION_H
#define DECISION_H

#include <stdbool.h>
#include <stddef.h>

struct decision {
	char *text;		/* as the table writes it, without blanks around */
	char *folded;
	size_t n;		/* of folded */
	size_t to;		/* index of the target */
	unsigned long line;
};

struct decisions;

/* targets: names, NULL-terminated. */
struct decisions *decisions_load(const char *path, const char *column, const char *const *targets, bool any);
const struct decision *decisions_find(const struct decisions *t, const char *folded, size_t n);	/* NULL if no line decides it */
const struct decision *decisions_nearest(const struct decisions *t, const char *folded, size_t n);	/* NULL if none is near */

#endif
