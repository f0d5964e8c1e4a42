/*
 * displayingFields: only what is asked for comes back (reference, section 3).
 *
 * "contact.company.name" asks for a sub-field: company comes as an object of
 * the sub-fields asked for.  "contact.company" asks for the relation as a
 * whole: its bare id comes.  Names that are not known are passed over.
 * A sub-field that the row does not carry is looked up in the related record.
 * Members come in the order in which they were first asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "sandbox.h"
#include "xalloc.h"

#define DEPTH 4			/* relations in one name */

struct ask {
	char *name;		/* NULL at the root */
	const char *relation;	/* data file that a relation of this name points into, or NULL */
	struct ask *kid;	/* sub-fields */
	struct ask *next;
	bool verbatim;		/* v3: relations come as they are */
};

/* Relations by the names of section 6; a custom single lookup begins with its target's name. */
static const char *
relation_of(const char *name)
{
	static const char *const to[][2] = {
		{ "owner", "user" }, { "createdBy", "user" }, { "lastModifiedBy", "user" },
		{ "company", "company" }, { "primaryCompany", "company" },
		{ "contact", "contact" }, { "primaryContact", "contact" },
		{ "relatedTo", "deal" }, { "deal", "deal" },
	};
	size_t i;

	for (i = 0; i < sizeof to / sizeof to[0]; i++)
		if (strcmp(name, to[i][0]) == 0)
			return to[i][1];
	for (i = 3; i < sizeof to / sizeof to[0]; i++)
		if (strncmp(name, to[i][0], strlen(to[i][0])) == 0 && strstr(name, "SingleLookupCustomField") != NULL)
			return to[i][1];
	return NULL;
}

static struct ask *
ask_child(struct ask *a, const char *name, size_t n)
{
	struct ask **k;

	for (k = &a->kid; *k != NULL; k = &(*k)->next)
		if (strlen((*k)->name) == n && memcmp((*k)->name, name, n) == 0)
			return *k;
	*k = xcalloc(1, sizeof **k);
	(*k)->name = xstrndup(name, n);
	(*k)->relation = relation_of((*k)->name);
	(*k)->verbatim = a->verbatim;
	return *k;
}

static void
ask_add(struct ask *root, const char *path)
{
	size_t n;
	int depth;

	for (depth = 0; depth <= DEPTH && *path != '\0'; depth++) {
		n = strcspn(path, ".");
		root = ask_child(root, path, n);
		path += n + (path[n] == '.');
	}
}

/* The path behind the module's name, or NULL: not a field of this module. */
static const char *
own_path(const struct kind *k, const char *name)
{
	const char *const own[] = { k->file, k->key };
	size_t i, n;

	for (i = 0; i < 2; i++) {
		n = strlen(own[i]);
		if (strncmp(name, own[i], n) == 0 && name[n] == '.')
			return name + n + 1;
	}
	return k->rule == NULL ? name : NULL;
}

struct ask *
ask_new(const struct kind *k, const struct json_value *names)
{
	struct ask *a = xcalloc(1, sizeof *a);
	struct json_iter it = json_iter(names);
	struct json_value v;
	const char *path;
	char *name;

	while (json_next(&it, NULL, &v)) {
		if ((name = json_strdup(&v)) == NULL)
			continue;
		if ((path = own_path(k, name)) != NULL)
			ask_add(a, path);
		free(name);
	}
	return a;
}

struct ask *
ask_new_plain(const struct json_value *names)
{
	struct ask *a = xcalloc(1, sizeof *a);
	struct json_iter it = json_iter(names);
	struct json_value v;
	char *name;

	a->verbatim = true;
	while (json_next(&it, NULL, &v)) {
		if ((name = json_strdup(&v)) != NULL)
			ask_add(a, name);
		free(name);
	}
	return a;
}

struct ask *
ask_new_csv(const char *names)
{
	struct ask *a = xcalloc(1, sizeof *a);
	char *text = xstrdup(names), *at = text, *name;

	a->verbatim = true;
	while ((name = strsep(&at, ",")) != NULL)
		ask_add(a, name + strspn(name, " "));
	free(text);
	return a;
}

bool
ask_none(const struct ask *a)
{
	return a->kid == NULL;
}

/* The member of a record; activities also answer to contact, company and deal (section 6). */
static bool
member(const struct json_value *object, const char *name, struct json_value *v)
{
	static const char *const also[][2] = {
		{ "contact", "primaryContact" }, { "company", "primaryCompany" }, { "deal", "relatedTo" },
	};
	struct json_value unused;
	size_t i;

	if (json_member(object, name, v))
		return true;
	if (!json_member(object, "relatedTo", &unused))
		return false;
	for (i = 0; i < 3; i++)
		if (strcmp(name, also[i][0]) == 0)
			return json_member(object, also[i][1], v);
	return false;
}

static void put_value(struct buf *b, const struct ask *a, struct data *d, const struct json_value *v);

/* The sub-fields of one object; what it does not hold comes from the record that its id names. */
static void
put_members(struct buf *b, const struct ask *a, struct data *d, const struct json_value *object)
{
	struct json_value v, id, whole;
	const struct row *related = NULL;
	const struct ask *k;
	int64_t number;
	bool first = true;

	if (a->relation != NULL && json_member(object, "id", &id) && value_id(&id, &number) &&
	    (related = data_find(data_module(d, a->relation), number)) != NULL)
		whole = row_value(related);
	buf_char(b, '{');
	for (k = a->kid; k != NULL; k = k->next) {
		if (!member(object, k->name, &v) && (related == NULL || !member(&whole, k->name, &v)))
			continue;
		if (!first)
			buf_char(b, ',');
		first = false;
		buf_json_str(b, k->name);
		buf_char(b, ':');
		put_value(b, k, d, &v);
	}
	buf_char(b, '}');
}

static void
put_value(struct buf *b, const struct ask *a, struct data *d, const struct json_value *v)
{
	struct json_value id;

	if (v->kind != JSON_OBJECT)
		json_put(b, v);
	else if (a->kid != NULL)
		put_members(b, a, d, v);
	else if (a->verbatim)
		json_put(b, v);
	else if (json_member(v, "id", &id))
		json_put(b, &id);
	else
		buf_str(b, "null");
}

void
ask_put(struct buf *b, const struct ask *a, struct data *d, const struct json_value *record)
{
	put_members(b, a, d, record);
}

void
ask_free(struct ask *a)
{
	struct ask *next;

	for (; a != NULL; a = next) {
		next = a->next;
		ask_free(a->kid);
		free(a->name);
		free(a);
	}
}
