/*
 * table - the decision table: which stage goes where
 *
 * A CSV file with the columns stage and to (lead, contact, undecided; others
 * are for people).  Stages are compared as fold.h says.  A stage twice with
 * different targets, an unknown target or an empty table is 78.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>

enum to { LEAD, CONTACT, UNDECIDED };

struct stage {
	char *text;		/* as the table writes it, without blanks around */
	char *folded;
	size_t n;		/* of folded */
	enum to to;
	unsigned long line;
};

struct table;

struct table *table_load(const char *path);
const struct stage *table_find(const struct table *t, const char *folded, size_t n);	/* NULL if no line decides it */
const struct stage *table_nearest(const struct table *t, const char *folded, size_t n);	/* NULL if none is near */

#endif
