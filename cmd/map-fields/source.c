/*
 * What the cells "source" and "when" name.
 *
 *	field	company.name		a field, or one below it
 *	join	" / " pipeline stage	a separator in quotes, then fields; blank ones are left out
 *	ref	company  contact/lead	a reference of the record; only where it resolved to that table
 *		contact/lead primaryContact	and the field it was made of, if that has another name
 *	const	any text
 *	jq	an expression
 *	drop	a field's name, or a pattern with * and ?
 *	when	status=Won|Close|Lost	the field's text is one of these; nothing after = is a blank value
 */
#include <stdlib.h>

#include "map.h"
#include "xalloc.h"

void
source_field(struct map *m, struct field *f, const char *path)
{
	size_t n = strcspn(path, ".");

	f->path = xstrdup(path);
	f->top = xstrndup(path, n);
	f->below = path[n] == '.' ? f->path + n + 1 : NULL;
	f->slot = json_names_add(m->names, f->top);
}

static void
add_field(struct map *m, struct rule *r, const char *path)
{
	r->field = xreallocarray(r->field, r->fields + 1, sizeof(*r->field));
	source_field(m, &r->field[r->fields++], path);
}

static void
read_join(struct map *m, struct rule *r)
{
	const char *p = r->source, *quote;
	struct buf b = { 0 };
	char *words, *word, *save;

	if (*p != '"' || (quote = strchr(p + 1, '"')) == NULL) {
		map_finding(m, r, "source", "join wants a separator in quotes and then fields, as in: \" / \" pipeline stage");
		return;
	}
	buf_json_text(&b, p + 1, (size_t)(quote - p - 1));
	buf_nul(&b);
	r->separator = (struct literal){ b.p, b.n };
	words = xstrdup(quote + 1);
	for (word = strtok_r(words, " \t\n", &save); word != NULL; word = strtok_r(NULL, " \t\n", &save))
		add_field(m, r, word);
	free(words);
	if (r->fields == 0)
		map_finding(m, r, "source", "join names no field after its separator");
}

static void
read_ref(struct map *m, struct rule *r)
{
	size_t n = strcspn(r->source, " /"), k = strcspn(r->source, " "), i;
	char *name = xstrndup(r->source, n);

	if (r->source[n] == '/')
		r->ref_table = (struct literal){ xstrndup(r->source + n + 1, k - n - 1), k - n - 1 };
	r->ref_field = r->source[k] == ' ' ? r->source + k + 1 : xstrdup(name);
	for (i = 0; i < m->refs && strcmp(m->ref[i].p, name) != 0; i++)
		;
	if (i == m->refs) {
		m->ref = xreallocarray(m->ref, m->refs + 1, sizeof(*m->ref));
		m->ref[m->refs++] = (struct literal){ name, n };
	} else {
		free(name);
	}
	r->ref = i;
}

/* What a message calls the source: the field, "pipeline+stage", the field a reference was made of. */
static const char *
name_of(const struct rule *r)
{
	struct buf b = { 0 };
	size_t i;

	if (r->from == FROM_REF)
		return r->ref_field;
	for (i = 0; i < r->fields; i++) {
		if (i > 0)
			buf_char(&b, '+');
		buf_str(&b, r->field[i].path);
	}
	if (b.n == 0)
		buf_str(&b, r->from == FROM_JQ ? "(jq)" : r->source);
	buf_nul(&b);
	return b.p;
}

void
source_read(struct map *m, struct rule *r)
{
	if (*r->source == '\0' && r->from != FROM_CONST) {
		map_finding(m, r, "source", "empty");
		r->shown = "";
		return;
	}
	switch (r->from) {
	case FROM_FIELD:
		add_field(m, r, r->source);
		break;
	case FROM_JOIN:
		read_join(m, r);
		break;
	case FROM_REF:
		read_ref(m, r);
		break;
	case FROM_JQ:
		r->expr = expr_new(m, r);
		break;
	case FROM_DROP:
		r->drop = r->source;
		break;
	case FROM_CONST:
		break;
	}
	r->shown = name_of(r);
}

void
source_when(struct map *m, struct rule *r, const char *cell)
{
	size_t n = strcspn(cell, "="), k;
	const char *p;
	char *path;

	if (*cell == '\0')
		return;
	if (cell[n] == '\0' || n == 0) {
		map_finding(m, r, "when", "\"%s\" is no condition; write one as status=Won|Close|Lost, or firstName= for a blank value", cell);
		return;
	}
	path = xstrndup(cell, n);
	source_field(m, &r->when, path);
	free(path);
	for (p = cell + n + 1; ; p += k + 1) {
		k = strcspn(p, "|");
		r->is = xreallocarray(r->is, r->alternatives + 1, sizeof(*r->is));
		r->is[r->alternatives++] = (struct literal){ xstrndup(p, k), k };
		if (p[k] == '\0')
			break;
	}
}
