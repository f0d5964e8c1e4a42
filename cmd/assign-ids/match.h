/*
 * match - the rows that are already in the target, and the rules by which a
 * record is one of them
 *
 * A rule is SOURCE=COLUMN: both values are compared as fold.h says, numbers as
 * they are written.  ":domain" after either name compares the host of a web or
 * e-mail address instead: no scheme, user, port, path, final dot or "www.".
 *
 * A row that carries an sm_salesmate_id was written by an earlier run: it is
 * that record's, and no candidate for any other.
 *
 * Memory: some 60 bytes a row, and 50 more for each rule.
 */
#ifndef MATCH_H
#define MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guid.h"
#include "json.h"

struct matcher;

enum verdict { NO_MATCH, MATCHED, OURS, AMBIGUOUS, INACTIVE };

struct match {
	enum verdict verdict;
	uint32_t row;		/* of MATCHED, OURS, INACTIVE; the first candidate of AMBIGUOUS */
	uint32_t other;		/* the second candidate */
	const char *rule;	/* its short name: domain, or the source's path */
	const char *column;	/* the rule's */
};

struct matcher *matcher_new(struct json_names *names);	/* of the records */
void matcher_rule(struct matcher *m, const char *rule);	/* 64 when it is none */
size_t matcher_rules(const struct matcher *m);
/* The rows of table in an NDJSON file; inactive: a column whose true value means disabled, or NULL. */
void matcher_load(struct matcher *m, const char *path, const char *table, const char *inactive);
void matcher_match(struct matcher *m, const struct json *record, const char *key, size_t n, struct match *out);
void matcher_value(struct matcher *m, const char *value, struct match *out);	/* as if every rule's source were value */
const struct guid *matcher_id(const struct matcher *m, uint32_t row);
uint32_t matcher_rows(const struct matcher *m);

#endif
