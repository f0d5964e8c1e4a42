/*
 * meta_schema - the tables in memory, and what is looked up in them
 *
 * Tables are sorted by logical name, columns by name within their table.
 * Relations hang on both their tables.  Names are compared by case; only
 * SchemaNames of relationships are not, as in Dataverse.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "metadata.h"
#include "xalloc.h"

static struct table **tables;
static size_t ntables;
static struct relation **relations;	/* every relationship, linked or not */
static size_t nrelations;
static struct choice_def **choices;
static size_t nchoices;
static bool linked;

/* Room for one more in an array of n pointers: it doubles. */
static void *
grow(void *p, size_t n)
{
	if (n != 0 && (n & (n - 1)) != 0)
		return p;
	return xreallocarray(p, n == 0 ? 1 : 2 * n, sizeof(void *));
}

static void
take_out(void *array, size_t *n, size_t i)
{
	char *p = array;

	memmove(p + i * sizeof(void *), p + (i + 1) * sizeof(void *), (*n - i - 1) * sizeof(void *));
	--*n;
}

/* ---- look-ups ---- */

/* Where name is, or where it belongs. */
static size_t
table_place(const char *name, bool *found)
{
	size_t lo = 0, hi = ntables, mid;
	int c;

	for (*found = false; lo < hi;) {
		mid = lo + (hi - lo) / 2;
		c = strcmp(tables[mid]->name, name);
		if (c == 0) {
			*found = true;
			return mid;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static size_t
column_place(const struct table *t, const char *name, bool *found)
{
	size_t lo = 0, hi = t->columns, mid;
	int c;

	for (*found = false; lo < hi;) {
		mid = lo + (hi - lo) / 2;
		c = strcmp(t->column[mid]->name, name);
		if (c == 0) {
			*found = true;
			return mid;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct table *
schema_table(const char *name)
{
	bool found;
	size_t i = table_place(name, &found);

	return found ? tables[i] : NULL;
}

struct table *
schema_set(const char *set)
{
	size_t i;

	for (i = 0; i < ntables; i++)
		if (strcmp(tables[i]->set, set) == 0)
			return tables[i];
	return NULL;
}

struct table *
schema_table_by_id(const char *id)
{
	size_t i;

	for (i = 0; i < ntables; i++)
		if (strcasecmp(((struct table_def *)tables[i])->d.id, id) == 0)
			return tables[i];
	return NULL;
}

const struct column *
schema_column(const struct table *t, const char *name)
{
	bool found;
	size_t i = column_place(t, name, &found);

	return found ? t->column[i] : NULL;
}

const struct column *
schema_column_at(const struct table *t, const char *name, int64_t now)
{
	const struct column *c = schema_column(t, name);

	while (c != NULL && c->visible_at > now)
		c = c->older;
	return c;
}

size_t
schema_tables(struct table ***list)
{
	*list = tables;
	return ntables;
}

struct relation *
schema_relation(const char *name)
{
	const struct relation_def *d;
	size_t i;

	for (i = 0; i < nrelations; i++) {
		d = (const struct relation_def *)relations[i];
		if (strcasecmp(d->r.schema, name) == 0 || strcasecmp(d->d.id, name) == 0)
			return relations[i];
	}
	return NULL;
}

struct choice_def *
schema_choice(const char *name)
{
	size_t i;

	for (i = 0; i < nchoices; i++)
		if (strcmp(choices[i]->name, name) == 0 || strcasecmp(choices[i]->d.id, name) == 0)
			return choices[i];
	return NULL;
}

size_t
schema_relations(struct relation ***list)
{
	*list = relations;
	return nrelations;
}

size_t
schema_choices(struct choice_def ***list)
{
	*list = choices;
	return nchoices;
}

const char *
schema_key_status(const struct key_def *k)
{
	int64_t now = clock_ms();

	if (now >= k->active_at)
		return k->failed ? "Failed" : "Active";
	return now - k->asked_at >= (k->active_at - k->asked_at) / 2 ? "InProgress" : "Pending";
}

/* ---- what is defined ---- */

void
schema_add_table(struct table_def *t)
{
	struct table *old;
	bool found;
	size_t i = table_place(t->t.name, &found);

	if (found) {	/* a changed definition: the columns stay */
		old = tables[i];
		t->t.column = old->column;
		t->t.columns = old->columns;
		t->t.relation = old->relation;
		t->t.relations = old->relations;
		t->t.collection = old->collection;
		t->t.collections = old->collections;
		t->t.key = old->key;
		t->t.keys = old->keys;
		t->t.visible_at = old->visible_at;
		tables[i] = &t->t;
		return;
	}
	tables = grow(tables, ntables);
	memmove(tables + i + 1, tables + i, (ntables - i) * sizeof(*tables));
	tables[i] = &t->t;
	ntables++;
}

static void
add_target(const char *table, const char *column, const char *target)
{
	struct table *t = schema_table(table);
	struct column *c;
	const char **p;
	bool found;
	size_t i;

	if (t == NULL || (i = column_place(t, column, &found), !found))
		return;
	c = t->column[i];
	if (c->type != COL_LOOKUP && c->type != COL_CUSTOMER)
		return;
	for (i = 0; i < c->targets; i++)
		if (strcmp(c->target[i], target) == 0)
			return;
	p = arena_get(&meta_memory, (c->targets + 1) * sizeof(*p));
	if (c->targets > 0)
		memcpy(p, c->target, c->targets * sizeof(*p));
	p[c->targets++] = target;
	c->target = p;
}

void
schema_add_column(struct table *t, struct column_def *c)
{
	const struct column *old;
	bool found;
	size_t i = column_place(t, c->c.name, &found);

	if (found) {
		old = t->column[i];
		if (c->c.visible_at > clock_ms())
			c->c.older = old;
		t->column[i] = &c->c;
		for (i = 0; i < old->targets; i++)	/* those that relations added */
			add_target(t->name, c->c.name, old->target[i]);
		return;
	}
	t->column = grow(t->column, t->columns);
	memmove(t->column + i + 1, t->column + i, (t->columns - i) * sizeof(*t->column));
	t->column[i] = &c->c;
	t->columns++;
}

static bool
same_relation(const struct relation *a, const struct relation *b)
{
	return strcmp(a->schema, b->schema) == 0 && strcmp(a->navigation, b->navigation) == 0 &&
	    strcmp(a->referenced, b->referenced) == 0;
}

static void
hang(struct relation *r)
{
	struct table *from = schema_table(r->referencing), *to = schema_table(r->referenced);
	size_t i;

	if (from != NULL && *r->navigation != '\0') {
		for (i = 0; i < from->relations; i++)
			if (same_relation(from->relation[i], r))
				return;
		from->relation = grow(from->relation, from->relations);
		from->relation[from->relations++] = r;
	}
	if (to != NULL && *r->collection != '\0') {
		to->collection = grow(to->collection, to->collections);
		to->collection[to->collections++] = r;
	}
	add_target(r->referencing, r->column, r->referenced);
}

/* The same relation under another table's name: for look-ups only, no answer shows it. */
static struct relation *
copy_relation(const struct relation *r)
{
	struct relation_def *d = arena_get(&meta_memory, sizeof(*d));

	*d = *(const struct relation_def *)r;
	d->d.kind = DEF_COLLECTION;
	d->r.collection = "";
	return &d->r;
}

/*
 * The owner relation of a real organization refers to "owner"; users and teams
 * are what it stands for, and they share its property.
 */
static void
hang_owner(const struct relation *r)
{
	struct relation *copy;

	if (strcmp(r->referenced, "owner") != 0 || *r->navigation == '\0')
		return;
	copy = copy_relation(r);
	copy->referenced = "systemuser";
	hang(copy);
	copy = copy_relation(r);
	copy->referenced = "team";
	hang(copy);
}

void
schema_add_relation(struct relation_def *r)
{
	relations = grow(relations, nrelations);
	relations[nrelations++] = &r->r;
	if (linked) {
		hang(&r->r);
		hang_owner(&r->r);
	}
}

void
schema_link(void)
{
	size_t i;

	linked = true;
	for (i = 0; i < nrelations; i++)
		hang(relations[i]);
	for (i = 0; i < nrelations; i++)
		hang_owner(relations[i]);
}

void
schema_add_key(struct table *t, struct key_def *k)
{
	size_t i;

	for (i = 0; i < t->keys; i++)
		if (strcmp(t->key[i]->name, k->k.name) == 0) {
			t->key[i] = &k->k;
			return;
		}
	t->key = grow(t->key, t->keys);
	t->key[t->keys++] = &k->k;
}

void
schema_add_choice(struct choice_def *c)
{
	size_t i;

	for (i = 0; i < nchoices; i++)
		if (strcmp(choices[i]->name, c->name) == 0) {
			choices[i] = c;
			return;
		}
	choices = grow(choices, nchoices);
	choices[nchoices++] = c;
}

/* ---- what is gone ---- */

void
schema_drop_relation(const struct relation *r)
{
	struct table *t;
	size_t i, k;

	for (k = 0; k < ntables; k++) {
		t = tables[k];
		for (i = t->relations; i-- > 0;)
			if (t->relation[i] == r || (*r->schema != '\0' && strcmp(t->relation[i]->schema, r->schema) == 0))
				take_out(t->relation, &t->relations, i);
		for (i = t->collections; i-- > 0;)
			if (t->collection[i] == r)
				take_out(t->collection, &t->collections, i);
	}
	for (i = nrelations; i-- > 0;)
		if (relations[i] == r)
			take_out(relations, &nrelations, i);
}

void
schema_drop_column(struct table *t, const char *name)
{
	bool found;
	size_t i;

	for (i = nrelations; i-- > 0;)
		if (strcmp(relations[i]->referencing, t->name) == 0 && strcmp(relations[i]->column, name) == 0) {
			schema_drop_relation(relations[i]);
			i = nrelations;
		}
	i = column_place(t, name, &found);
	if (found)
		take_out(t->column, &t->columns, i);
}

void
schema_drop_key(struct table *t, const struct altkey *k)
{
	size_t i;

	for (i = t->keys; i-- > 0;)
		if (t->key[i] == k)
			take_out(t->key, &t->keys, i);
}

void
schema_drop_table(struct table *t)
{
	bool found;
	size_t i;

	for (i = nrelations; i-- > 0;)
		if (strcmp(relations[i]->referencing, t->name) == 0 || strcmp(relations[i]->referenced, t->name) == 0) {
			schema_drop_relation(relations[i]);
			i = nrelations;
		}
	i = table_place(t->name, &found);
	if (found)
		take_out(tables, &ntables, i);
}

void
schema_drop_choice(const char *name)
{
	size_t i;

	for (i = nchoices; i-- > 0;)
		if (strcmp(choices[i]->name, name) == 0)
			take_out(choices, &nchoices, i);
}
