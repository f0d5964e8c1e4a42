/*
 * Which field a header means: by the label tables, in the order in which they
 * were given; then by the field metadata, its display names and, for relations,
 * "Company" (the name), "Company Id", "Owner Email"; then if it is a field's
 * own name, or a path that begins with one (primaryContact.id).  Compared
 * trimmed and without regard to case, names of fields exactly.
 *
 * Memory: a label and a path for each line of the tables and each field.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "convert.h"
#include "csv.h"
#include "fold.h"
#include "json.h"
#include "nd.h"
#include "xalloc.h"

struct label {
	char *text;		/* folded */
	size_t n;
	char *field;		/* "": the column is left out */
	unsigned rank;		/* of its table; a lower one goes before */
};

struct labels {
	struct label *label;
	size_t count, room;
	char **name;		/* of fields */
	size_t names, names_room;
	unsigned rank;
};

struct labels *
labels_new(void)
{
	return xcalloc(1, sizeof(struct labels));
}

static char *
folded(const char *text, size_t *n)
{
	char *out = xmalloc(strlen(text) + 1);

	*n = fold(out, text, strlen(text));
	out[*n] = '\0';
	return out;
}

static void
add(struct labels *l, const char *label, const char *field)
{
	struct label *one;

	if (l->count == l->room) {
		l->room = l->room * 2 + 64;
		l->label = xreallocarray(l->label, l->room, sizeof(*l->label));
	}
	one = &l->label[l->count++];
	one->text = folded(label, &one->n);
	one->field = xstrdup(field);
	one->rank = l->rank;
}

static void
add_name(struct labels *l, const char *name, size_t n)
{
	if (l->names == l->names_room) {
		l->names_room = l->names_room * 2 + 64;
		l->name = xreallocarray(l->name, l->names_room, sizeof(*l->name));
	}
	l->name[l->names++] = xstrndup(name, n);
}

/* ---- label tables ---- */

void
labels_add_map(struct labels *l, const char *path)
{
	struct csv *t = csv_load(path);
	size_t label = csv_need(t, "label"), field = csv_need(t, "field"), i, k;
	const char *to;

	for (i = 0; i < t->rows; i++) {
		to = csv_cell(t, i, field);
		if (*csv_cell(t, i, label) == '\0')
			errx(EX_CONFIG, "%s:%lu: a line without a label", path, t->line[i]);
		for (k = 0; k < l->count; k++) {
			size_t n;
			char *text = folded(csv_cell(t, i, label), &n);

			if (l->label[k].rank == l->rank && l->label[k].n == n && memcmp(l->label[k].text, text, n) == 0 && strcmp(l->label[k].field, to) != 0)
				errx(EX_CONFIG, "%s:%lu: the label %s again, for another field", path, t->line[i], csv_cell(t, i, label));
			free(text);
		}
		add(l, csv_cell(t, i, label), to);
		if (*to != '\0')
			add_name(l, to, strcspn(to, ".["));
	}
	l->rank++;
	csv_unload(t);
}

/* ---- field metadata ---- */

static bool
text_is(const struct json_value *v, const char *text)
{
	return v != NULL && ((v->kind == JSON_STRING && json_is(v, text)) ||
	    (v->kind == JSON_NUMBER && v->n == strlen(text) && memcmp(v->p, text, v->n) == 0));
}

static bool
of_module(const struct json *j, const char *module)
{
	const char *name = strcmp(module, "activity") == 0 ? "task" : module;

	return text_is(json_get(j, "module"), name) || text_is(json_get(j, "module"), module) || text_is(json_get(j, "moduleId"), module);
}

static void
add_part(struct labels *l, const char *label, const char *suffix, const char *name, const char *part)
{
	char *text = xasprintf("%s%s", label, suffix), *field = xasprintf("%s%s", name, part);

	add(l, text, field);
	free(text);
	free(field);
}

/* A relation, shown by the name of what it points to; a currency is its code. */
static void
add_field(struct labels *l, const struct json *j)
{
	char *name = json_strdup(json_get(j, "fieldName")), *label = json_strdup(json_get(j, "displayName"));
	char *type = json_strdup(json_get(j, "type")), *options = json_strdup(json_get(j, "fieldOptions"));
	bool many = name != NULL && strstr(name, "MultipleLookup") != NULL;
	bool one = !many && name != NULL && ((type != NULL && strcasecmp(type, "Lookup") == 0) || strstr(name, "SingleLookup") != NULL);
	bool currency = name != NULL && (strcmp(name, "currency") == 0 || (options != NULL && strstr(options, "/currency") != NULL));

	if (name != NULL && *name != '\0') {
		add_name(l, name, strlen(name));
		if (label == NULL || *label == '\0') {
			;		/* known by its name alone */
		} else if (many) {
			add_part(l, label, "", name, "[].name");
			add_part(l, label, " Name", name, "[].name");
			add_part(l, label, " Id", name, "[].id");
		} else if (one && !currency) {
			add_part(l, label, "", name, ".name");
			add_part(l, label, " Name", name, ".name");
			add_part(l, label, " Id", name, ".id");
			add_part(l, label, " Email", name, ".email");
		} else {
			add(l, label, name);
		}
	}
	free(name);
	free(label);
	free(type);
	free(options);
}

void
labels_add_fields(struct labels *l, const char *path, const char *module)
{
	size_t before = l->names;
	struct nd_in in = { 0 };
	struct json j = { 0 };

	nd_open(&in, path);
	while (nd_read(&in)) {
		if (in.toolong || !json_parse(&j, in.line, in.len))
			errx(EX_DATAERR, "%s:%llu: %s", path, (unsigned long long)in.lineno, in.toolong ? "too long a line" : j.detail);
		if (of_module(&j, module))
			add_field(l, &j);
	}
	nd_end(&in);
	json_free(&j);
	if (l->names == 0 && before == 0)
		errx(EX_CONFIG, "%s: no field of module %s; a --map FILE says what the labels mean", path, module);
	l->rank++;
	if (l->names > before)
		add(l, "Record Id", "id");	/* last: only if no table has it */
	l->rank++;
}

/* ---- headers ---- */

/* The text without white space at its ends. */
static char *
trimmed(const char *header)
{
	size_t n;

	header += strspn(header, " \t\r\n");
	for (n = strlen(header); n > 0 && strchr(" \t\r\n", header[n - 1]) != NULL; n--)
		;
	return xstrndup(header, n);
}

static enum meaning
by_label(const struct labels *l, const char *header, struct buf *field)
{
	size_t n, i;
	char *text = folded(header, &n);
	const struct label *found = NULL, *one, *other = NULL;

	for (i = 0; i < l->count; i++) {
		one = &l->label[i];
		if (one->n != n || memcmp(one->text, text, n) != 0 || (found != NULL && one->rank > found->rank))
			continue;
		if (found == NULL)
			found = one;
		else if (strcmp(found->field, one->field) != 0)
			other = one;
	}
	free(text);
	field->n = 0;
	if (found == NULL)
		return MEANS_NOTHING;
	buf_str(field, found->field);
	if (other != NULL) {
		buf_str(field, " and ");
		buf_str(field, other->field);
	}
	buf_nul(field);
	return other != NULL ? MEANS_TWO : *found->field == '\0' ? MEANS_LEAVE_OUT : MEANS_FIELD;
}

enum meaning
labels_find(const struct labels *l, const char *header, struct buf *field)
{
	enum meaning m = by_label(l, header, field);
	char *name;
	size_t i, n;

	if (m != MEANS_NOTHING)
		return m;
	name = trimmed(header);
	n = strcspn(name, ".[");
	for (i = 0; i < l->names; i++)
		if (strlen(l->name[i]) == n && memcmp(l->name[i], name, n) == 0) {
			buf_str(field, name);
			buf_nul(field);
			m = MEANS_FIELD;
			break;
		}
	free(name);
	return m;
}

void
labels_free(struct labels *l)
{
	size_t i;

	for (i = 0; i < l->count; i++) {
		free(l->label[i].text);
		free(l->label[i].field);
	}
	for (i = 0; i < l->names; i++)
		free(l->name[i]);
	free(l->label);
	free(l->name);
	free(l);
}
