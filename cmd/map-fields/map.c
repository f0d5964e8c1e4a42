/* The map file: its rows read one by one, then grouped by the target they name. */
#define OPENSSL_SUPPRESS_DEPRECATED	/* the low-level SHA-256 allocates nothing */
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include <openssl/sha.h>

#include "csv.h"
#include "map.h"
#include "xalloc.h"

void
map_finding(struct map *m, const struct rule *r, const char *column, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, PROGRAM ": %s", m->path);
	if (r != NULL)
		fprintf(stderr, ":%lu", r->line);
	fprintf(stderr, ": %s%s%s%s", r != NULL && *r->target != '\0' ? r->target : "",
	    r != NULL && *r->target != '\0' ? ": " : "", column, *column != '\0' ? ": " : "");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	m->findings++;
}

static const char *const columns[] = { "target", "from", "source", "when", "convert", "choices", "misfit", "blank",
    "score", "reason" };

static void
hash_file(SHA256_CTX *ctx, const char *path)
{
	unsigned char bytes[16384];
	size_t n;
	FILE *fp = fopen(path, "r");

	if (fp == NULL)
		err(EX_NOINPUT, "%s", path);
	while ((n = fread(bytes, 1, sizeof(bytes), fp)) > 0)
		SHA256_Update(ctx, bytes, n);
	if (ferror(fp))
		err(EX_IOERR, "%s: read", path);
	fclose(fp);
}

void
map_hash(struct map *m)
{
	SHA256_CTX ctx;
	unsigned char digest[SHA256_DIGEST_LENGTH];
	unsigned i;

	SHA256_Init(&ctx);
	hash_file(&ctx, m->path);
	if (m->choices_path != NULL)
		hash_file(&ctx, m->choices_path);
	SHA256_Final(digest, &ctx);
	for (i = 0; i < sizeof(digest); i++)
		snprintf(m->hash + 2 * i, 3, "%02x", digest[i]);
}

/* The position of word in a list of names, or -1 after a finding. */
static int
word_of(struct map *m, const struct rule *r, const char *column, const char *const *list, size_t n, const char *word)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(list[i], word) == 0)
			return (int)i;
	fprintf(stderr, PROGRAM ": %s:%lu: %s: \"%s\" is none of:", m->path, r->line, column, word);
	for (i = 0; i < n; i++)
		fprintf(stderr, " %s", *list[i] != '\0' ? list[i] : "(nothing)");
	fputc('\n', stderr);
	m->findings++;
	return -1;
}

#define WORD_OF(m, r, column, list, word) word_of(m, r, column, list, sizeof(list) / sizeof(list[0]), word)

/* "default:VALUE" and "truncate:COLUMN": what follows the colon, or NULL. */
static const char *
after_colon(const char *cell, const char *word)
{
	size_t n = strlen(word);

	return strncmp(cell, word, n) == 0 && cell[n] == ':' ? cell + n + 1 : NULL;
}

static void
read_policies(struct map *m, struct rule *r, const char *misfit, const char *blank)
{
	static const char *const misfits[] = { "reject", "null", "default:VALUE", "truncate:COLUMN", "" };
	static const char *const blanks[] = { "nothing", "reject", "default:VALUE", "" };
	int w;

	if ((r->misfit_text = after_colon(misfit, "default")) != NULL)
		r->misfit = MISFIT_DEFAULT;
	else if ((r->misfit_text = after_colon(misfit, "truncate")) != NULL)
		r->misfit = MISFIT_TRUNCATE;
	else if ((w = WORD_OF(m, r, "misfit", misfits, misfit)) >= 0)
		r->misfit = w == 1 ? MISFIT_NULL : MISFIT_REJECT;
	if ((r->blank_text = after_colon(blank, "default")) != NULL)
		r->blank = BLANK_DEFAULT;
	else if ((w = WORD_OF(m, r, "blank", blanks, blank)) >= 0)
		r->blank = w == 1 ? BLANK_REJECT : BLANK_NOTHING;
}

static void
read_choices(struct map *m, struct rule *r, const struct csv *table, const char *name)
{
	const struct choice *twice;
	bool wants = r->convert == CONVERT_CHOICE || r->convert == CONVERT_MULTICHOICE;

	if (*name == '\0') {
		if (wants)
			map_finding(m, r, "choices", "convert wants a choice table: name a column of the choices file");
		return;
	}
	if (!wants)
		map_finding(m, r, "choices", "a choice table without convert choice or multichoice has no effect");
	if (table == NULL) {
		map_finding(m, r, "choices", "choice table %s, but no --choices FILE was given", name);
	} else if (choices_load(&r->choices, table, name) == 0) {
		map_finding(m, r, "choices", "no line of %s has the column %s", table->name, name);
	} else if ((twice = choice_twice(&r->choices)) != NULL) {
		map_finding(m, r, "choices", "%s: column %s has the source text \"%s\" twice", table->name, name, twice->source);
	}
}

static void
read_rule(struct map *m, struct rule *r, const struct csv *t, size_t row, const struct csv *choices)
{
	static const char *const froms[] = { "field", "join", "ref", "const", "jq", "party", "file", "drop" };
	static const char *const converts[] = { "", "trim", "not", "choice", "multichoice", "text", "html", "plain" };
	const char *cell[10];
	size_t i;
	int w;

	for (i = 0; i < 10; i++)
		cell[i] = csv_column(t, columns[i]) < 0 ? "" : csv_cell(t, row, (size_t)csv_column(t, columns[i]));
	*r = (struct rule){ .line = t->line[row], .target = cell[0], .source = cell[2], .reason = cell[9], .from = FROM_DROP };
	if ((w = WORD_OF(m, r, "from", froms, cell[1])) < 0)
		return;
	r->from = (enum from)w;
	if ((w = WORD_OF(m, r, "convert", converts, cell[4])) >= 0)
		r->convert = (enum convert)w;
	source_read(m, r);
	source_when(m, r, cell[3]);
	read_policies(m, r, cell[6], cell[7]);
	read_choices(m, r, choices, cell[5]);
	if (r->from == FROM_DROP && *r->target != '\0')
		map_finding(m, r, "target", "a drop row has no target");
	if (r->from == FROM_DROP && *r->reason == '\0')
		map_finding(m, r, "reason", "a drop row wants its reason");
	if (r->from != FROM_DROP && *r->target == '\0')
		map_finding(m, r, "target", "empty");
}

static void
check_head(struct map *m, const struct csv *t)
{
	size_t i, k, n = sizeof(columns) / sizeof(columns[0]);

	for (i = 0; i < t->columns; i++) {
		for (k = 0; k < n && strcmp(columns[k], t->head[i]) != 0; k++)
			;
		if (k == n && *t->head[i] != '\0')
			map_finding(m, NULL, t->head[i], "a map has no such column; its columns are target, from, source, when, "
			    "convert, choices, misfit, blank, score, reason");
	}
}

struct output *
map_output(struct map *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->outputs; i++)	/* each check stands for itself */
		if (strcmp(m->output[i].name, name) == 0 && strcmp(name, "_check") != 0)
			return &m->output[i];
	m->output = xreallocarray(m->output, m->outputs + 1, sizeof(*m->output));
	m->output[m->outputs] = (struct output){ .name = name };
	return &m->output[m->outputs++];
}

/* What names the row itself: constants, taken out of the outputs. */
static bool
row_constant(struct map *m, struct rule *r)
{
	const char **to = strcmp(r->target, "_table") == 0 ? &m->table : strcmp(r->target, "_module") == 0 ? &m->module :
	    strcmp(r->target, "_match") == 0 ? &m->match : strcmp(r->target, "_how") == 0 ? &m->how : NULL;

	if (to == NULL)
		return false;
	if (r->from != FROM_CONST || r->alternatives > 0 || *r->source == '\0')
		map_finding(m, r, "from", "must be a const, without a condition");
	if (*to != NULL)
		map_finding(m, r, "target", "given twice");
	*to = r->source;
	return true;
}

void
map_load(struct map *m, const char *path, const char *choices_path)
{
	struct csv *t;
	struct output *o;
	size_t i;

	*m = (struct map){ .path = path, .choices_path = choices_path, .names = json_names_new() };
	m->id_slot = json_names_add(m->names, "id");
	m->ref_slot = json_names_add(m->names, "_ref");
	m->choices = choices_path != NULL ? csv_load(choices_path) : NULL;
	m->csv = t = csv_load(path);
	csv_need(t, "target");
	csv_need(t, "from");
	csv_need(t, "source");
	check_head(m, t);
	m->rules = t->rows;
	m->rule = xcalloc(t->rows + 1, sizeof(*m->rule));
	for (i = 0; i < t->rows; i++)
		read_rule(m, &m->rule[i], t, i, m->choices);
	for (i = 0; i < t->rows; i++) {
		struct rule *r = &m->rule[i];

		if (r->from == FROM_DROP || *r->target == '\0' || row_constant(m, r))
			continue;
		o = map_output(m, r->target);
		o->rule = xreallocarray(o->rule, o->rules + 1, sizeof(struct rule *));
		o->rule[o->rules++] = r;
	}
	map_hash(m);
}
