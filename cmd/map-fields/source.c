/*
 * What the cells "source" and "when" name.
 *
 *	field	company.name		a field, or one below it
 *	join	" / " pipeline stage	a separator in quotes, then fields; blank ones are left out
 *	ref	company  contact/lead	a reference of the record; only where it resolved to that table
 *		contact/lead primaryContact	and the field it was made of, if that has another name
 *	const	any text
 *	party	to toEmails owner	a role, then references (or lists of them): name, name/table, and =field for
 *					the field it was made of, if that has another name
 *	file	file			the field with path, sha256 and size
 *	jq	an expression
 *	drop	a field's name, or a pattern with * and ?
 *	when	status=Won|Close|Lost	the field's text is one of these; nothing after = is a blank value, * any other
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

/* The number of the reference's name. */
static size_t
ref_of(struct map *m, const char *text, size_t n)
{
	char *name = xstrndup(text, n);
	size_t i;

	for (i = 0; i < m->refs && strcmp(m->ref[i].p, name) != 0; i++)
		;
	if (i == m->refs) {
		m->ref = xreallocarray(m->ref, m->refs + 1, sizeof(*m->ref));
		m->ref[m->refs++] = (struct literal){ name, n };
	} else {
		free(name);
	}
	return i;
}

static void
read_ref(struct map *m, struct rule *r)
{
	size_t n = strcspn(r->source, " /"), k = strcspn(r->source, " ");

	if (r->source[n] == '/')
		r->ref_table = (struct literal){ xstrndup(r->source + n + 1, k - n - 1), k - n - 1 };
	r->ref_field = r->source[k] == ' ' ? r->source + k + 1 : xstrndup(r->source, n);
	r->ref = ref_of(m, r->source, n);
}

static void
read_party(struct map *m, struct rule *r)
{
	size_t n = strcspn(r->source, " "), k, field;
	const char *p = r->source + n;
	struct party *party;

	if ((r->role = party_role(r->source, n)) == 0)
		map_finding(m, r, "source", "\"%.*s\" is none of: sender to cc bcc required optional organizer", (int)n, r->source);
	for (p += strspn(p, " "); *p != '\0'; p += k, p += strspn(p, " ")) {
		k = strcspn(p, " ");
		field = strcspn(p, " =");
		n = strcspn(p, " =/");
		r->party = xreallocarray(r->party, r->parties + 1, sizeof(*r->party));
		party = &r->party[r->parties++];
		*party = (struct party){ .ref = ref_of(m, p, n) };
		party->field = p[field] == '=' ? xstrndup(p + field + 1, k - field - 1) : xstrndup(p, n);
		if (p[n] == '/')
			party->table = (struct literal){ xstrndup(p + n + 1, field - n - 1), field - n - 1 };
	}
	if (r->parties == 0)
		map_finding(m, r, "source", "party wants a role and the references that have it, as in: to toEmails");
}

/* What a message calls the source: the field, "pipeline+stage", the field a reference was made of. */
static const char *
name_of(const struct rule *r)
{
	struct buf b = { 0 };
	size_t i;

	if (r->from == FROM_REF)
		return r->ref_field;
	for (i = 0; i < r->fields + r->parties; i++) {
		if (i > 0)
			buf_char(&b, '+');
		buf_str(&b, i < r->fields ? r->field[i].path : r->party[i - r->fields].field);
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
	case FROM_FILE:
		add_field(m, r, r->source);
		break;
	case FROM_JOIN:
		read_join(m, r);
		break;
	case FROM_REF:
		read_ref(m, r);
		break;
	case FROM_PARTY:
		read_party(m, r);
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

bool
source_reads(const struct rule *r, const char *field)
{
	size_t i;

	for (i = 0; i < r->fields; i++)
		if (strcmp(r->field[i].top, field) == 0)
			return true;
	for (i = 0; i < r->parties; i++)
		if (strcmp(r->party[i].field, field) == 0)
			return true;
	return r->from == FROM_REF && strcmp(r->ref_field, field) == 0;
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
		map_finding(m, r, "when", "\"%s\" is no condition; write one as status=Won|Close|Lost, firstName= for a blank value, firstName=* for any other", cell);
		return;
	}
	path = xstrndup(cell, n);
	source_field(m, &r->when, path);
	free(path);
	for (p = cell + n + 1; ; p += k + 1) {
		k = strcspn(p, "|");
		r->is = xreallocarray(r->is, r->alternatives + 1, sizeof(*r->is));
		r->is[r->alternatives++] = (struct literal){ xstrndup(p, k), k };
		r->any = r->any || (k == 1 && *p == '*');
		if (p[k] == '\0')
			break;
	}
}
