#include "decision.h"

#include <ctype.h>
#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "buf.h"
#include "csv.h"
#include "fold.h"
#include "keys.h"
#include "xalloc.h"

/* A value is near when two thirds of the longer text, or half of the words, are the same. */
#define NEAR 50
#define TEXT_MAX 100		/* bytes of a text that the distance looks at */

struct decisions {
	struct keys *keys;	/* folded values, numbered as line[] */
	struct decision *line;
	size_t count;
	const struct decision *any;	/* the line *; NULL */
};

/* Without the blanks around it. */
static char *
trimmed(const char *s)
{
	size_t n;

	s += strspn(s, " \t\r\n");
	for (n = strlen(s); n > 0 && strchr(" \t\r\n", s[n - 1]) != NULL; n--)
		;
	return xstrndup(s, n);
}

/* "lead, contact or undecided" */
static char *
listed(const char *const *names)
{
	struct buf b = { 0 };
	size_t i;

	for (i = 0; names[i] != NULL; i++) {
		if (i > 0)
			buf_str(&b, names[i + 1] == NULL ? " or " : ", ");
		buf_str(&b, names[i]);
	}
	buf_nul(&b);
	return b.p;
}

static size_t
target(const char *path, unsigned long line, const char *cell, const char *const *targets)
{
	char *word = trimmed(cell);
	size_t i;

	for (i = 0; targets[i] != NULL && strcasecmp(word, targets[i]) != 0; i++)
		;
	if (targets[i] == NULL)
		errx(EX_CONFIG, "%s:%lu: to is %s, not \"%s\"", path, line, listed(targets), word);
	free(word);
	return i;
}

struct decisions *
decisions_load(const char *path, const char *column, const char *const *targets, bool any)
{
	struct csv *csv = csv_load(path);
	size_t value = csv_need(csv, column), to = csv_need(csv, "to"), row;
	struct decisions *t = xcalloc(1, sizeof(*t));
	struct decision d;
	uint32_t i;
	bool fresh;

	if (csv->rows == 0)
		errx(EX_CONFIG, "%s: no line decides anything", path);
	t->keys = keys_new();
	t->line = xcalloc(csv->rows, sizeof(*t->line));
	for (row = 0; row < csv->rows; row++) {
		d.line = csv->line[row];
		d.text = trimmed(csv_cell(csv, row, value));
		d.folded = xmalloc(strlen(d.text) + 1);
		d.n = fold(d.folded, d.text, strlen(d.text));
		d.to = target(path, d.line, csv_cell(csv, row, to), targets);
		i = keys_add(t->keys, d.folded, d.n, &fresh);
		if (fresh) {
			if (any && strcmp(d.text, "*") == 0)
				t->any = &t->line[t->count];
			t->line[t->count++] = d;
			continue;
		}
		if (t->line[i].to != d.to)
			errx(EX_CONFIG, "%s:%lu: \"%s\" goes elsewhere in line %lu: one of the two must go", path, d.line,
			    d.text, t->line[i].line);
		free(d.text);
		free(d.folded);
	}
	csv_unload(csv);
	return t;
}

const struct decision *
decisions_find(const struct decisions *t, const char *folded, size_t n)
{
	uint32_t i;

	return n <= KEYS_LONGEST && keys_find(t->keys, folded, n, &i) ? &t->line[i] : t->any;
}

/* Levenshtein's distance of two texts, both cut at TEXT_MAX. */
static size_t
distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t row[TEXT_MAX + 1], i, j, left, above;

	for (j = 0; j <= m; j++)
		row[j] = j;
	for (i = 1; i <= n; i++) {
		above = row[0];
		row[0] = i;
		for (j = 1; j <= m; j++) {
			left = above + (a[i - 1] != b[j - 1]);
			above = row[j];
			if (row[j] + 1 < left)
				left = row[j] + 1;
			if (row[j - 1] + 1 < left)
				left = row[j - 1] + 1;
			row[j] = left;
		}
	}
	return row[m];
}

/* The next word at *p (letters, digits, anything not ASCII); its length, 0 at the end. */
static size_t
word(const char **p, const char *end)
{
	const char *q;

	while (*p < end && !isalnum((unsigned char)**p) && (unsigned char)**p < 0x80)
		(*p)++;
	for (q = *p; q < end && (isalnum((unsigned char)*q) || (unsigned char)*q >= 0x80); q++)
		;
	return (size_t)(q - *p);
}

/* How many words of a are also in b; *words: all of a. */
static size_t
shared_words(const char *a, size_t n, const char *b, size_t m, size_t *words)
{
	const char *p, *q;
	size_t len, other, both = 0;

	for (*words = 0, p = a; (len = word(&p, a + n)) > 0; p += len) {
		++*words;
		for (q = b; (other = word(&q, b + m)) > 0; q += other)
			if (other == len && memcmp(p, q, len) == 0) {
				both++;
				break;
			}
	}
	return both;
}

/* 0 to 100: the better of the letters' likeness and the words'. */
static size_t
likeness(const char *a, size_t n, const char *b, size_t m)
{
	size_t longer, letters, words, wa, wb, both;

	n = n < TEXT_MAX ? n : TEXT_MAX;
	m = m < TEXT_MAX ? m : TEXT_MAX;
	longer = n > m ? n : m;
	if (n == 0 || m == 0)
		return 0;
	letters = 100 * (longer - distance(a, n, b, m)) / longer;
	both = shared_words(a, n, b, m, &wa);
	shared_words(b, m, a, n, &wb);
	words = wa + wb == 0 ? 0 : 200 * both / (wa + wb);
	if (letters * 3 < 200)		/* under two thirds, letters alone mean little */
		letters = 0;
	return letters > words ? letters : words;
}

const struct decision *
decisions_nearest(const struct decisions *t, const char *folded, size_t n)
{
	const struct decision *best = NULL;
	size_t i, score, most = NEAR - 1;

	for (i = 0; i < t->count; i++) {
		score = likeness(folded, n, t->line[i].folded, t->line[i].n);
		if (score > most) {
			most = score;
			best = &t->line[i];
		}
	}
	return best;
}
