/*
 * view - which members of a row are shown, and how
 */
#ifndef READ_H
#define READ_H

#include "store.h"


struct expansion {
	const struct relation *relation;
	bool collection;
	const char *name;
	struct view *view;
};

struct view {
	struct request *r;
	struct reply *a;
	const struct table *table;
	const struct column **column;	/* in order; the primary key is always among them */
	size_t columns, named;		/* named: of these the context speaks */
	bool selected;			/* by $select: the context names them */
	bool single, nested;
	const char *annotations;	/* of Prefer: odata.include-annotations; NULL if none */
	struct expansion *expand;
	size_t expands;
};

bool view_read(struct request *r, struct reply *a, const struct table *t, struct view *v);	/* $select, $expand, Prefer */
void view_row(struct view *v, struct row *row, struct buf *out);
char *view_context(const struct view *v, const char *suffix);
bool view_wants(const struct view *v, const char *annotation);
char *format_value(struct request *r, const struct row *row, const struct column *c);	/* FormattedValue; NULL if there is none */

#endif
