/*
 * map-fields: what its files share.
 *
 *	map.c		the map's rows, read and grouped by target
 *	source.c	what a cell of "source" or "when" names
 *	choice.c	choice tables
 *	check.c		the map against the metadata; findings
 *	row.c		one record to one row
 *	value.c		one value to one column
 *	number.c text.c	the exact forms of values
 *	html.c		HTML made safe, HTML to text
 *	party.c file.c	activity parties; a file's bytes
 *	expr.c		jq expressions
 *	coverage.c	what became of each source field
 */
#ifndef MAP_H
#define MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "buf.h"
#include "json.h"
#include "meta.h"
#include "nd.h"
#include "reject.h"

#define PROGRAM "map-fields"

struct csv;
struct expr;
struct coverage;

/* A field of the record: a top-level one by its slot, and what lies below it. */
struct field {
	const char *path;		/* "company.name" */
	const char *top;		/* "company" */
	const char *below;		/* "name", NULL if nothing */
	size_t slot;
};

struct literal {			/* text ready to be written or compared, NUL after it */
	char *p;
	size_t n;
};

enum from { FROM_FIELD, FROM_JOIN, FROM_REF, FROM_CONST, FROM_JQ, FROM_PARTY, FROM_FILE, FROM_DROP };
enum convert { BY_TYPE, CONVERT_TRIM, CONVERT_NOT, CONVERT_CHOICE, CONVERT_MULTICHOICE, CONVERT_TEXT, CONVERT_HTML, CONVERT_PLAIN };
enum misfit { MISFIT_REJECT, MISFIT_NULL, MISFIT_DEFAULT, MISFIT_TRUNCATE };
enum blank { BLANK_NOTHING, BLANK_REJECT, BLANK_DEFAULT };

struct choice {
	const char *source, *target;
	size_t source_n;
	struct literal json;		/* target as the column wants it; p NULL while unchecked */
};

struct choices {
	struct choice *list;
	size_t count;
	uint32_t *index;		/* open addressing over decoded source texts; 0: free, else position + 1 */
	size_t mask;
};

struct output;

struct party {				/* a reference of a party row */
	size_t ref;
	const char *field;		/* the source field it was made of */
	struct literal table;		/* only when it resolved to this table; p NULL: any */
};

/* One row of the map. */
struct rule {
	unsigned long line;
	const char *target;
	enum from from;
	const char *source;		/* the cell */
	const char *shown;		/* the fields it names, for messages */
	struct field *field;		/* field: one; join, jq: several */
	size_t fields;
	struct literal separator;	/* join; as it stands inside a JSON string */
	size_t ref;			/* number of the reference's name */
	const char *ref_field;		/* the source field it was made of, for the coverage */
	struct literal ref_table;	/* only when it resolved to this table; p NULL: any */
	int role;			/* party: its participationtypemask */
	struct party *party;
	size_t parties;
	bool any;			/* when has field=* */
	struct field when;		/* path NULL: always */
	struct literal *is;		/* the texts that when accepts; "" is blank */
	size_t alternatives;
	enum convert convert;
	struct choices choices;
	enum misfit misfit;
	const char *misfit_text;	/* VALUE or MEMOCOLUMN */
	struct literal fallback;	/* of misfit default */
	struct output *memo;		/* of misfit truncate */
	enum blank blank;		/* counts if the row's condition holds and no row gave a value */
	const char *blank_text;
	struct literal blank_literal;
	struct literal constant;	/* of const */
	struct expr *expr;
	const char *drop;		/* the name or glob of a drop row */
	const char *reason;
	uint64_t lost;			/* values replaced or cut by misfit */
};

enum kind { OUT_COLUMN, OUT_MEMBER, OUT_ONLY, OUT_CHECK, OUT_PARTIES, OUT_FILE };

struct bind {				/* a lookup's target: what stands before the id */
	struct literal table;
	struct literal before;		/* ,"nav@odata.bind":"/set( */
};

/* One target: all rows that name it, in the map's order. */
struct output {
	const char *name;
	enum kind kind;
	const struct meta_column *column;	/* of members and checks: a stand-in; of parties: activityparty's partyid */
	const struct meta_column *address;	/* of parties: activityparty's addressused */
	struct literal label;			/* ,"firstname": */
	struct rule **rule;
	size_t rules;
	bool plain;				/* the first row copies a top-level field to a text column */
	struct number_bounds *bounds;
	struct bind *bind;
	size_t binds;
	bool memo;				/* takes originals of truncated values: written after the others */
	struct buf notes;			/* those of the record in hand, as JSON string text */
};

struct map {
	const char *path, *choices_path;
	char hash[65];
	struct rule *rule;
	size_t rules;
	struct output *output;			/* members first, then columns in the map's order, memos last */
	size_t outputs;
	struct json_names *names;
	size_t id_slot, ref_slot;
	struct literal *ref;			/* names used by ref rows */
	size_t refs;
	const char *table, *module, *match, *how;
	const struct meta_table *meta;
	unsigned findings;
	struct csv *csv, *choices;		/* the cells that the above points into */
	struct meta *metadata;			/* and the columns */
};

/* map.c */
void map_load(struct map *m, const char *path, const char *choices_path);
struct output *map_output(struct map *m, const char *name);	/* made when it is new; may move the others */
void map_hash(struct map *m);			/* of the files' bytes, into m->hash */
void map_finding(struct map *m, const struct rule *r, const char *column, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* source.c */
void source_field(struct map *m, struct field *f, const char *path);
void source_read(struct map *m, struct rule *r);	/* r->from and r->source to what they name; findings */
void source_when(struct map *m, struct rule *r, const char *cell);

bool source_reads(const struct rule *r, const char *field);	/* whether the row takes its value of this top-level field */

/* choice.c */
size_t choices_load(struct choices *c, const struct csv *table, const char *column);	/* how many entries */
const struct choice *choice_find(const struct choices *c, const char *text, size_t n);
void choice_near(const struct choices *c, const char *text, size_t n, struct buf *b);	/* ", near ones: ..." */
const struct choice *choice_twice(const struct choices *c);	/* an entry whose source text was there before; NULL if none */

/* check.c */
void map_check(struct map *m, struct meta *meta);	/* binds targets to columns; counts findings */

/* number.c: exact decimal numbers as text. */
struct decimal {
	bool negative;
	const char *whole, *fraction;	/* without leading zeros; without trailing zeros */
	size_t wholes, fractions;
};
struct number_bounds {
	struct decimal min, max;
	const char *min_text, *max_text;
	int places;			/* -1: any */
};
bool decimal_read(const char *p, size_t n, struct decimal *d);	/* a sign, digits, a point, digits; blanks around are passed over */
int decimal_compare(const struct decimal *a, const struct decimal *b);
void decimal_put(struct buf *b, const struct decimal *d);
struct number_bounds *number_bounds(const struct meta_column *c);	/* NULL for a column that holds no numbers */

/* text.c */
size_t text_blanks(const char *p, const char *end);		/* length of the white space at p (UTF-8) */
bool value_blank(const struct json_value *v);
const char *text_of(const struct json_value *v, struct buf *scratch, size_t *n);	/* its characters, decoded if need be */
uint32_t text_bad(const struct json_value *v);		/* the first character Dataverse refuses, or 0xffffffff */
size_t text_cut(const char *p, size_t n, size_t units);	/* bytes of the longest whole-character start within so many UTF-16 units */
void text_short(struct buf *b, const char *p, size_t n);	/* for a message: quoted, shortened, controls as \x01 */

/* value.c */
struct problem {
	const char *code, *field;
	const char *target;
	char message[700];
	struct json_value value;
};
#define CHOICES_MAX 150	/* options that one multi-select value takes; dataverse-api, section 6 */
enum html_fate { HTML_KEPT, HTML_BLANK, HTML_PROBLEM };
/* convert html and plain: v then points into kept; units as html_safe has it. */
enum html_fate value_html(const struct rule *r, struct json_value *v, size_t units, struct buf *kept, struct problem *p);
bool value_put(struct buf *b, const struct output *o, const struct rule *r, const struct json_value *v, struct problem *p);
/* A value that is too long, as JSON: text and HTML cut to the column's length, choices to the first CHOICES_MAX. */
void value_cut(struct buf *b, const struct output *o, const struct rule *r, const struct json_value *v);
bool value_check(struct buf *b, const struct output *o, const struct json_value *v, struct problem *p);	/* by the column's type alone */
void problem_say(struct problem *p, const char *code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* party.c: the parties of one record, each once. */
struct parties;
struct parties *parties_new(void);
void parties_start(struct parties *a);
bool parties_add(struct parties *a, const char *party, size_t n);	/* as the row has it; false: it is there already, but for case */
int party_role(const char *word, size_t n);		/* 0: none */
unsigned party_roles(const char *table);		/* bit 1 << mask for each role that this activity may have */
void party_role_names(unsigned roles, char *text, size_t n);

/* file.c */
bool file_put(struct buf *b, const struct output *o, const struct json_value *v, struct problem *p);

/* expr.c */
struct expr *expr_new(struct map *m, struct rule *r);	/* compiles; findings; its fields into r */
void expr_free(struct expr *e);
/* The value, in scratch; JSON_NONE if it gave nothing.  false: p says why. */
bool expr_run(struct expr *e, const struct rule *r, const struct json *j, struct buf *scratch, struct json_value *v, struct problem *p);

/* row.c */
enum fate { FATE_ROW, FATE_REJECT, FATE_SKIP };
enum fate row_make(struct map *m, const struct nd_in *in, const struct json *j, struct buf *row, struct rej *rejects, struct rej *skipped);

/* coverage.c */
struct coverage *coverage_new(struct map *m);
void coverage_count(struct coverage *c, const struct json *j);
void coverage_write(struct coverage *c, const char *path);

static inline void
put(struct buf *b, const void *p, size_t n)
{
	if (b->cap - b->n < n + 1)
		buf_room(b, n + 1);
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}

#endif
