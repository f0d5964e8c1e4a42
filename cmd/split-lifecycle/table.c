#include "table.h"

#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "csv.h"
#include "fold.h"
#include "keys.h"
#include "xalloc.h"

/* A stage is near when two thirds of the longer text, or half of the words, are the same. */
#define NEAR 50
#define TEXT_MAX 100		/* bytes of a text that the distance looks at */

struct table {
	struct keys *keys;	/* folded stages, numbered as stage[] */
	struct stage *stage;
	size_t count;
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

static enum to
target(const char *path, unsigned long line, const char *cell)
{
	char *word = trimmed(cell);
	enum to to = UNDECIDED;

	if (strcasecmp(word, "lead") == 0)
		to = LEAD;
	else if (strcasecmp(word, "contact") == 0)
		to = CONTACT;
	else if (strcasecmp(word, "undecided") != 0)
		errx(EX_CONFIG, "%s:%lu: to is lead, contact or undecided, not \"%s\"", path, line, word);
	free(word);
	return to;
}

struct table *
table_load(const char *path)
{
	struct csv *csv = csv_load(path);
	size_t stage = csv_need(csv, "stage"), to = csv_need(csv, "to"), row;
	struct table *t = xcalloc(1, sizeof(*t));
	struct stage s;
	uint32_t i;
	bool fresh;

	if (csv->rows == 0)
		errx(EX_CONFIG, "%s: no line decides anything", path);
	t->keys = keys_new();
	t->stage = xcalloc(csv->rows, sizeof(*t->stage));
	for (row = 0; row < csv->rows; row++) {
		s.line = csv->line[row];
		s.text = trimmed(csv_cell(csv, row, stage));
		s.folded = xmalloc(strlen(s.text) + 1);
		s.n = fold(s.folded, s.text, strlen(s.text));
		s.to = target(path, s.line, csv_cell(csv, row, to));
		i = keys_add(t->keys, s.folded, s.n, &fresh);
		if (fresh) {
			t->stage[t->count++] = s;
			continue;
		}
		if (t->stage[i].to != s.to)
			errx(EX_CONFIG, "%s:%lu: \"%s\" goes elsewhere in line %lu: one of the two must go", path, s.line,
			    s.text, t->stage[i].line);
		free(s.text);
		free(s.folded);
	}
	csv_unload(csv);
	return t;
}

const struct stage *
table_find(const struct table *t, const char *folded, size_t n)
{
	uint32_t i;

	return n <= KEYS_LONGEST && keys_find(t->keys, folded, n, &i) ? &t->stage[i] : NULL;
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

const struct stage *
table_nearest(const struct table *t, const char *folded, size_t n)
{
	const struct stage *best = NULL;
	size_t i, score, most = NEAR - 1;

	for (i = 0; i < t->count; i++) {
		score = likeness(folded, n, t->stage[i].folded, t->stage[i].n);
		if (score > most) {
			most = score;
			best = &t->stage[i];
		}
	}
	return best;
}
