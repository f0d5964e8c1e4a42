/*
 * The faults file: one fault a line, words apart by blanks, # begins a
 * comment.  A line is a trouble of paging,
 *
 *	shuffle=SEED | overlap | cap=ROWS | records
 *
 * or an action with conditions:
 *
 *	[match=TEXT] [at=N] [every=N] [times=N] ACTION
 *	ACTION: status=N [retry-after=S] | fail200 | html | drop | cut | empty | delay=MS
 *
 * Each line counts the calls that it matches (method, a blank, path and query
 * hold TEXT), from 1; requests to the storage only if TEXT is given.  It strikes at the N-th, at every N-th, or at all; at
 * most times= times.  Of the lines that strike at one call the first with an
 * action other than delay decides; delays add up.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "sandbox.h"
#include "xalloc.h"

struct line {
	struct line *next;
	char *match;
	unsigned long at, every, times;
	unsigned long seen, struck;
	struct fault fault;
};

struct faults {
	struct line *lines;
	bool upper;		/* the spelling of the next fail200 */
};

struct place {
	const char *path;
	unsigned long line;
};

static unsigned long
value_number(const char *value, unsigned long max, const char *name, const struct place *p)
{
	char *end;
	unsigned long v;

	if (value == NULL || *value < '0' || *value > '9')
		errx(EX_CONFIG, "%s:%lu: %s= needs a number", p->path, p->line, name);
	v = strtoul(value, &end, 10);
	if (*end != '\0' || v > max)
		errx(EX_CONFIG, "%s:%lu: %s=%s is no number up to %lu", p->path, p->line, name, value, max);
	return v;
}

static void
set_action(struct line *l, enum fault_kind kind, const struct place *p)
{
	if (l->fault.kind != FAULT_NONE)
		errx(EX_CONFIG, "%s:%lu: two actions in one line", p->path, p->line);
	l->fault.kind = kind;
}

static void
word_number(struct line *l, const char *name, const char *value, const struct place *p)
{
	if (strcmp(name, "at") == 0) {
		l->at = value_number(value, 1000000000, name, p);
	} else if (strcmp(name, "every") == 0) {
		l->every = value_number(value, 1000000000, name, p);
	} else if (strcmp(name, "times") == 0) {
		l->times = value_number(value, 1000000000, name, p);
	} else if (strcmp(name, "delay") == 0) {
		l->fault.delay = value_number(value, 3600000, name, p);
	} else if (strcmp(name, "retry-after") == 0) {
		l->fault.retry_after = (long)value_number(value, 86400, name, p);
	} else if (strcmp(name, "status") == 0) {
		set_action(l, FAULT_STATUS, p);
		l->fault.status = (int)value_number(value, 599, name, p);
		if (l->fault.status < 400)
			errx(EX_CONFIG, "%s:%lu: status= takes 400 to 599", p->path, p->line);
	} else {
		errx(EX_CONFIG, "%s:%lu: \"%s\" is no condition and no action", p->path, p->line, name);
	}
}

static void
word(struct line *l, char *text, const struct place *p)
{
	char *value = strchr(text, '=');

	if (value != NULL)
		*value++ = '\0';
	if (value != NULL && strcmp(text, "match") == 0)
		l->match = xstrdup(value);
	else if (value == NULL && strcmp(text, "fail200") == 0)
		set_action(l, FAULT_FAIL200, p);
	else if (value == NULL && strcmp(text, "html") == 0)
		set_action(l, FAULT_HTML, p);
	else if (value == NULL && strcmp(text, "drop") == 0)
		set_action(l, FAULT_DROP, p);
	else if (value == NULL && strcmp(text, "cut") == 0)
		set_action(l, FAULT_CUT, p);
	else if (value == NULL && strcmp(text, "empty") == 0)
		set_action(l, FAULT_EMPTY, p);
	else
		word_number(l, text, value, p);
}

/* shuffle=SEED, overlap, cap=ROWS or records, alone on their line */
static bool
paging_word(char *first, char *rest, struct paging *paging, const struct place *p)
{
	if (strcmp(first, "overlap") == 0)
		paging->overlap = true;
	else if (strcmp(first, "records") == 0)
		paging->records = true;
	else if (strncmp(first, "shuffle=", 8) == 0)
		paging->seed = value_number(first + 8, 1000000000, "shuffle", p);
	else if (strncmp(first, "cap=", 4) == 0)
		paging->cap = value_number(first + 4, 250, "cap", p);
	else
		return false;
	paging->shuffle |= strncmp(first, "shuffle=", 8) == 0;
	if (rest != NULL && rest[strspn(rest, " \t")] != '\0')
		errx(EX_CONFIG, "%s:%lu: %.7s stands alone on its line", p->path, p->line, first);
	return true;
}

static struct line *
line_new(char *text, struct paging *paging, const struct place *p)
{
	struct line *l;
	char *at = text, *one;

	text[strcspn(text, "#\r\n")] = '\0';
	at += strspn(at, " \t");
	if (*at == '\0')
		return NULL;
	one = strsep(&at, " \t");
	if (paging_word(one, at, paging, p))
		return NULL;
	l = xcalloc(1, sizeof *l);
	l->fault.retry_after = -1;
	for (; one != NULL; one = strsep(&at, " \t"))
		if (*one != '\0')
			word(l, one, p);
	if (l->fault.kind == FAULT_NONE && l->fault.delay == 0)
		errx(EX_CONFIG, "%s:%lu: no action", p->path, p->line);
	if (l->fault.retry_after >= 0 && l->fault.kind != FAULT_STATUS)
		errx(EX_CONFIG, "%s:%lu: retry-after= goes with status=", p->path, p->line);
	return l;
}

struct faults *
faults_load(const char *path, struct paging *paging)
{
	struct faults *f = xcalloc(1, sizeof *f);
	struct line **end = &f->lines;
	struct place p = { .path = path };
	FILE *fp = fopen(path, "r");
	char *text = NULL;
	size_t cap = 0;

	if (fp == NULL)
		err(EX_NOINPUT, "%s", path);
	while (getline(&text, &cap, fp) != -1) {
		p.line++;
		if ((*end = line_new(text, paging, &p)) != NULL)
			end = &(*end)->next;
	}
	if (ferror(fp))
		err(EX_IOERR, "%s", path);
	fclose(fp);
	free(text);
	return f;
}

static bool
strikes(struct line *l, const char *method, const char *target)
{
	char *call = xasprintf("%s %s", method, target);
	bool same = l->match == NULL ? strncmp(target, "/storage/", 9) != 0 : strstr(call, l->match) != NULL;

	free(call);
	if (!same)
		return false;
	l->seen++;
	if ((l->at != 0 && l->seen != l->at) || (l->every != 0 && l->seen % l->every != 0) ||
	    (l->times != 0 && l->struck >= l->times))
		return false;
	l->struck++;
	return true;
}

struct fault
faults_next(struct faults *f, const char *method, const char *target)
{
	struct fault out = { .retry_after = -1 };
	struct line *l;
	unsigned long delay = 0;

	for (l = f == NULL ? NULL : f->lines; l != NULL; l = l->next) {
		if (!strikes(l, method, target))
			continue;
		delay += l->fault.delay;
		if (out.kind == FAULT_NONE)
			out = l->fault;
	}
	out.delay = delay;
	if (out.kind == FAULT_FAIL200) {
		out.upper = f->upper;
		f->upper = !f->upper;
	}
	return out;
}

void
faults_free(struct faults *f)
{
	struct line *l, *next;

	for (l = f == NULL ? NULL : f->lines; l != NULL; l = next) {
		next = l->next;
		free(l->match);
		free(l);
	}
	free(f);
}
