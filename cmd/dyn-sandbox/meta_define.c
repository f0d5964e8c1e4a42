/*
 * meta_define - a line of a metadata file, taken apart
 *
 * The format is the project's metadata file: NDJSON, members named as the Web
 * API names them, tagged with _meta (table, column, relationship, collection,
 * key; in the store also optionset) and _table.  What a line does not say gets
 * the value that refuses least: no maximum length, no range, readable.
 */
#include <stdlib.h>
#include <string.h>

#include "guid.h"
#include "metadata.h"

struct arena meta_memory;

static const char *
meta_text(const struct json_value *v)
{
	char *s = json_strdup(v), *copy;

	if (s == NULL)
		return "";
	copy = arena_str(&meta_memory, s);
	free(s);
	return copy;
}

static const char *
member_text(const struct json_value *o, const char *name)
{
	struct json_value v;

	return json_member(o, name, &v) && v.kind == JSON_STRING ? meta_text(&v) : "";
}

static bool
member_bool(const struct json_value *o, const char *name, bool fallback)
{
	struct json_value v;

	if (!json_member(o, name, &v) || (v.kind != JSON_TRUE && v.kind != JSON_FALSE))
		return fallback;
	return v.kind == JSON_TRUE;
}

static int64_t
member_int(const struct json_value *o, const char *name, int64_t fallback)
{
	struct json_value v;
	int64_t i;

	return json_member(o, name, &v) && json_int(&v, &i) ? i : fallback;
}

/* A number's own text, so that no limit is ever rounded. */
static const char *
member_number(const struct json_value *o, const char *name)
{
	struct json_value v;

	if (!json_member(o, name, &v) || v.kind != JSON_NUMBER)
		return NULL;
	return arena_dup(&meta_memory, v.p, v.n);
}

/* {"name":{"Value":"x"}} */
static const char *
member_value(const struct json_value *o, const char *name)
{
	struct json_value v;

	return json_member(o, name, &v) ? member_text(&v, "Value") : "";
}

static void
set_def(struct def *d, enum def_kind kind, const char *table, const char *name, const char *line, size_t n, int64_t at,
    const struct json_value *o)
{
	struct guid g;
	const char *id = member_text(o, "MetadataId"), *key;
	char *text = arena_get(&meta_memory, n + JSON_PAD);

	memcpy(text, line, n);
	d->kind = kind;
	d->table = table;
	d->name = name;
	d->json = text;
	d->n = n;
	d->visible_at = at;
	if (guid_ok(id, strlen(id))) {
		memcpy(d->id, id, sizeof(d->id));
		guid_lower(d->id);
		return;
	}
	key = arena_printf(&meta_memory, "%d/%s/%s", (int)kind, table, name);
	g = guid_make("metadata", "definition", key, strlen(key));
	guid_text(&g, d->id);
}

static const char *
define_table(const struct json_value *o, const char *line, size_t n, int64_t at)
{
	struct table_def *t = arena_get(&meta_memory, sizeof(*t));

	t->t.name = member_text(o, "LogicalName");
	t->t.schema = member_text(o, "SchemaName");
	t->t.set = member_text(o, "EntitySetName");
	t->t.primary_id = member_text(o, "PrimaryIdAttribute");
	t->t.primary_name = member_text(o, "PrimaryNameAttribute");
	t->t.ownership = member_text(o, "OwnershipType");
	t->t.activity = member_bool(o, "IsActivity", false);
	t->t.notes = member_bool(o, "HasNotes", false);
	t->t.activities = member_bool(o, "HasActivities", false);
	t->t.custom = member_bool(o, "IsCustomEntity", false);
	t->t.visible_at = at;
	if (*t->t.name == '\0' || *t->t.set == '\0' || *t->t.primary_id == '\0')
		return "a table needs LogicalName, EntitySetName and PrimaryIdAttribute";
	set_def(&t->d, DEF_TABLE, t->t.name, t->t.name, line, n, at, o);
	schema_add_table(t);
	return NULL;
}

/* AttributeTypeName where it says more than AttributeType. */
static enum column_type
column_type(const char *type, const char *name)
{
	static const struct { const char *name; enum column_type type; } types[] = {
		{ "String", COL_STRING }, { "Memo", COL_MEMO }, { "Integer", COL_INTEGER }, { "BigInt", COL_BIGINT },
		{ "Decimal", COL_DECIMAL }, { "Double", COL_DOUBLE }, { "Money", COL_MONEY }, { "Boolean", COL_BOOLEAN },
		{ "DateTime", COL_DATETIME }, { "Picklist", COL_PICKLIST }, { "State", COL_STATE }, { "Status", COL_STATUS },
		{ "Lookup", COL_LOOKUP }, { "Customer", COL_CUSTOMER }, { "Owner", COL_OWNER },
		{ "Uniqueidentifier", COL_GUID }, { "PartyList", COL_PARTYLIST }, { "EntityName", COL_ENTITYNAME },
		{ "MultiSelectPicklistType", COL_MULTISELECT }, { "FileType", COL_FILE }, { "ImageType", COL_FILE },
	};
	size_t i;

	if (strcmp(type, "Virtual") == 0)
		type = name;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, type) == 0)
			return types[i].type;
	return COL_OTHER;
}

static void
set_option(struct option *p, const struct json_value *o)
{
	struct json_value label, user;

	p->value = (int32_t)member_int(o, "Value", 0);
	p->state = (int32_t)member_int(o, "State", -1);
	p->default_status = (int32_t)member_int(o, "DefaultStatus", -1);
	p->label = "";
	if (json_member(o, "Label", &label) && json_member(&label, "UserLocalizedLabel", &user))
		p->label = member_text(&user, "Label");
}

static void
set_options(struct column *c, const struct json_value *set)
{
	struct json_value list, v;
	struct json_iter it;
	struct option *p;
	size_t n = 0;

	if (json_member(set, "FalseOption", &list) && json_member(set, "TrueOption", &v)) {
		p = arena_get(&meta_memory, 2 * sizeof(*p));
		set_option(&p[0], &list);
		set_option(&p[1], &v);
		c->option = p;
		c->options = 2;
		return;
	}
	if (!json_member(set, "Options", &list))
		return;
	for (it = json_iter(&list); json_next(&it, NULL, &v);)
		n++;
	p = arena_get(&meta_memory, (n + 1) * sizeof(*p));
	for (n = 0, it = json_iter(&list); json_next(&it, NULL, &v);)
		set_option(&p[n++], &v);
	c->option = p;
	c->options = n;
}

/* Options of the column's own, or of the global choice it names. */
static void
define_options(struct column_def *c, const struct json_value *o)
{
	struct json_value set, global;
	struct choice_def *choice;
	struct json j = { 0 };

	if (json_member(o, "GlobalOptionSet", &global) && global.kind == JSON_OBJECT)
		c->choice = member_text(&global, "Name");
	if (json_member(o, "OptionSet", &set) && set.kind == JSON_OBJECT) {
		set_options(&c->c, &set);
		return;
	}
	if (c->choice == NULL)
		return;
	choice = schema_choice(c->choice);
	if (choice == NULL) {
		set_options(&c->c, &global);
		return;
	}
	if (json_parse_any(&j, choice->d.json, choice->d.n, &set))
		set_options(&c->c, &set);
	json_free(&j);
}

static void
define_targets(struct column *c, const struct json_value *o)
{
	struct json_value list, v;
	struct json_iter it;
	const char **p;
	size_t n = 0;

	if (!json_member(o, "Targets", &list) || list.kind != JSON_ARRAY)
		return;
	for (it = json_iter(&list); json_next(&it, NULL, &v);)
		n++;
	p = arena_get(&meta_memory, (n + 1) * sizeof(*p));
	for (n = 0, it = json_iter(&list); json_next(&it, NULL, &v);)
		p[n++] = meta_text(&v);
	c->target = p;
	c->targets = n;
}

static void
define_fallback(struct column *c, const struct json_value *o)
{
	struct json_value v;
	int64_t i;

	if (c->type == COL_BOOLEAN || c->type == COL_INTEGER) {
		if (json_member(o, "DefaultValue", &v) && !json_null(&v))
			c->fallback = arena_dup(&meta_memory, v.p, v.n);
	} else if (c->type == COL_PICKLIST && json_member(o, "DefaultFormValue", &v) && json_int(&v, &i) && i >= 0) {
		c->fallback = arena_dup(&meta_memory, v.p, v.n);
	}
}

static const char *
cast_of(const char *type, const struct column *c)
{
	static const char *const casts[] = {
		[COL_STRING] = "String", [COL_MEMO] = "Memo", [COL_INTEGER] = "Integer", [COL_BIGINT] = "BigInt",
		[COL_DECIMAL] = "Decimal", [COL_DOUBLE] = "Double", [COL_MONEY] = "Money", [COL_BOOLEAN] = "Boolean",
		[COL_DATETIME] = "DateTime", [COL_PICKLIST] = "Picklist", [COL_MULTISELECT] = "MultiSelectPicklist",
		[COL_STATE] = "State", [COL_STATUS] = "Status", [COL_LOOKUP] = "Lookup", [COL_CUSTOMER] = "Lookup",
		[COL_OWNER] = "Lookup", [COL_GUID] = "UniqueIdentifier", [COL_PARTYLIST] = "Lookup",
		[COL_ENTITYNAME] = "EntityName", [COL_FILE] = "File", [COL_OTHER] = "",
	};
	const char *p = strrchr(type, '.'), *end;

	if (p == NULL || (end = strstr(p, "AttributeMetadata")) == NULL)
		return casts[c->type];
	return arena_dup(&meta_memory, p + 1, (size_t)(end - p - 1));
}

static void
define_column_type(struct column_def *c, const struct json_value *o)
{
	c->c.type = column_type(member_text(o, "AttributeType"), member_value(o, "AttributeTypeName"));
	c->cast = cast_of(member_text(o, "@odata.type"), &c->c);
	c->c.max_length = (long)member_int(o, "MaxLength", 0);
	c->c.min = member_number(o, "MinValue");
	c->c.max = member_number(o, "MaxValue");
	c->c.precision = (int)member_int(o, "Precision", -1);
	c->c.precision_source = (int)member_int(o, "PrecisionSource", 0);
	c->c.date_format = strcmp(member_text(o, "Format"), "DateOnly") == 0;
	c->c.date_behavior = strcmp(member_value(o, "DateTimeBehavior"), "DateOnly") == 0;
}

static const char *
define_column(const struct json_value *o, struct table *t, const char *line, size_t n, int64_t at)
{
	struct column_def *c = arena_get(&meta_memory, sizeof(*c));
	const char *of = member_text(o, "AttributeOf");

	c->c.name = member_text(o, "LogicalName");
	c->c.schema = member_text(o, "SchemaName");
	if (*c->c.name == '\0')
		return "a column needs LogicalName";
	define_column_type(c, o);
	c->c.attribute_of = *of != '\0' ? of : NULL;
	c->c.custom = member_bool(o, "IsCustomAttribute", false);
	c->c.primary_id = strcmp(c->c.name, t->primary_id) == 0;
	c->c.primary_name = strcmp(c->c.name, t->primary_name) == 0;
	c->c.create = member_bool(o, "IsValidForCreate", false);
	c->c.update = member_bool(o, "IsValidForUpdate", false);
	c->c.read = member_bool(o, "IsValidForRead", true);
	c->c.required = strcmp(member_value(o, "RequiredLevel"), "SystemRequired") == 0;
	c->c.visible_at = at;
	define_options(c, o);
	define_targets(&c->c, o);
	define_fallback(&c->c, o);
	set_def(&c->d, DEF_COLUMN, t->name, c->c.name, line, n, at, o);
	schema_add_column(t, c);
	return NULL;
}

static const char *
define_relation(const struct json_value *o, enum def_kind kind, const char *line, size_t n, int64_t at)
{
	struct relation_def *r = arena_get(&meta_memory, sizeof(*r));
	struct json_value cascade;

	r->r.schema = member_text(o, "SchemaName");
	r->r.referencing = member_text(o, "ReferencingEntity");
	r->r.column = member_text(o, "ReferencingAttribute");
	r->r.referenced = member_text(o, "ReferencedEntity");
	r->r.referenced_column = member_text(o, "ReferencedAttribute");
	r->r.navigation = member_text(o, "ReferencingEntityNavigationPropertyName");
	r->r.collection = member_text(o, "ReferencedEntityNavigationPropertyName");
	r->r.on_delete = json_member(o, "CascadeConfiguration", &cascade) ? member_text(&cascade, "Delete") : "";
	r->r.visible_at = at;
	if (*r->r.referencing == '\0' || *r->r.referenced == '\0')
		return "a relationship needs ReferencingEntity and ReferencedEntity";
	set_def(&r->d, kind, r->r.referencing, *r->r.schema != '\0' ? r->r.schema : r->r.collection, line, n, at, o);
	schema_add_relation(r);
	return NULL;
}

static bool
key_active(const struct altkey *k)
{
	return strcmp(schema_key_status((const struct key_def *)k), "Active") == 0;
}

static const char *
define_key(const struct json_value *o, struct table *t, const char *line, size_t n, int64_t at)
{
	struct key_def *k = arena_get(&meta_memory, sizeof(*k));
	struct json_value list, v;
	struct json_iter it;
	const char **p;
	size_t count = 0;

	k->k.schema = member_text(o, "SchemaName");
	k->k.name = member_text(o, "LogicalName");
	if (*k->k.name == '\0')
		k->k.name = lower(&meta_memory, k->k.schema);
	k->k.table = t->name;
	k->k.active = key_active;
	k->k.clash = key_clash;
	if (*k->k.name == '\0' || !json_member(o, "KeyAttributes", &list) || list.kind != JSON_ARRAY)
		return "a key needs SchemaName and KeyAttributes";
	p = arena_get(&meta_memory, (list.n + 1) * sizeof(*p));
	for (it = json_iter(&list); json_next(&it, NULL, &v);)
		p[count++] = meta_text(&v);
	k->k.column = p;
	k->k.columns = count;
	k->failed = strcmp(member_text(o, "EntityKeyIndexStatus"), "Failed") == 0;
	set_def(&k->d, DEF_KEY, t->name, k->k.name, line, n, at, o);
	schema_add_key(t, k);
	return NULL;
}

static const char *
define_choice(const struct json_value *o, const char *line, size_t n, int64_t at)
{
	struct choice_def *c = arena_get(&meta_memory, sizeof(*c));

	c->name = member_text(o, "Name");
	if (*c->name == '\0')
		return "a choice needs Name";
	set_def(&c->d, DEF_CHOICE, "", c->name, line, n, at, o);
	schema_add_choice(c);
	return NULL;
}

const char *
meta_define(const char *line, size_t n, int64_t visible_at)
{
	struct json j = { 0 };
	struct json_value o;
	struct table *t;
	const char *kind, *error;

	if (!json_parse_any(&j, line, n, &o) || o.kind != JSON_OBJECT) {
		json_free(&j);
		return "not a JSON object";
	}
	json_free(&j);
	kind = member_text(&o, "_meta");
	t = schema_table(member_text(&o, "_table"));
	if (strcmp(kind, "table") == 0)
		error = define_table(&o, line, n, visible_at);
	else if (strcmp(kind, "optionset") == 0)
		error = define_choice(&o, line, n, visible_at);
	else if (strcmp(kind, "relationship") == 0)
		error = define_relation(&o, DEF_RELATION, line, n, visible_at);
	else if (strcmp(kind, "collection") == 0)
		error = define_relation(&o, DEF_COLLECTION, line, n, visible_at);
	else if (strcmp(kind, "column") != 0 && strcmp(kind, "key") != 0)
		error = "_meta is not table, column, relationship, collection or key";
	else if (t == NULL)
		error = "its table's line has not come before";
	else if (*kind == 'k')
		error = define_key(&o, t, line, n, visible_at);
	else
		error = define_column(&o, t, line, n, visible_at);
	return error;
}
