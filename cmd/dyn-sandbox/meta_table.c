/*
 * meta_table - tables: POST EntityDefinitions, PUT of a definition
 *
 * A new table is born with the columns every table has, and with the links to
 * users, notes and activities that its definition asks for.
 * Custom activity tables (IsActivity) are not imitated: 501.
 * Source: reference section 7 (table payload).
 */
#include <string.h>

#include "metadata.h"

#define NAME_MAX_TABLE 64
#define USER_LOOKUP ",\"Targets\":[\"systemuser\"]"

void
table_column(const char *table, const char *schema, const char *type, const char *flags, const char *more, int64_t at)
{
	struct buf b = { 0 };
	char *name = lower(&meta_memory, schema), id[37];

	guid_new(id);
	put_column_head(&b, table, schema, type, flags, false, strchr(flags, 's') != NULL ? "SystemRequired" : "None");
	buf_printf(&b, ",\"AttributeOf\":null%s,\"MetadataId\":\"%s\"}", more, id);
	meta_keep(&b, DEF_COLUMN, table, name, at);
	buf_free(&b);
}

static void
system_link(const char *table, const char *column, const char *referenced, int64_t at)
{
	char *schema = arena_printf(&meta_memory, "%s_%s_%s", table, column, referenced);
	const struct table *to = schema_table(referenced);
	struct relation rel = { .schema = schema, .referencing = table, .column = column, .referenced = referenced,
	    .referenced_column = to != NULL ? to->primary_id : "", .navigation = column, .collection = schema, .on_delete = "NoCascade" };

	relation_keep(&rel, "", false, at);
}

static void
user_columns(const char *t, int64_t at)
{
	static const char *const users[] = { "CreatedBy", "CreatedOnBehalfBy", "ModifiedBy", "ModifiedOnBehalfBy" };
	size_t i;

	for (i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		table_column(t, users[i], "Lookup", "r", USER_LOOKUP, at);
		system_link(t, lower(&meta_memory, users[i]), "systemuser", at);
	}
}

static void
owner_columns(const char *t, int64_t at)
{
	table_column(t, "OwnerId", "Owner", "rcus", ",\"Targets\":[\"systemuser\",\"team\"]", at);
	system_link(t, "ownerid", "systemuser", at);
	system_link(t, "ownerid", "team", at);
	table_column(t, "OwningBusinessUnit", "Lookup", "r", ",\"Targets\":[\"businessunit\"]", at);
	system_link(t, "owningbusinessunit", "businessunit", at);
	table_column(t, "OwningUser", "Lookup", "r", USER_LOOKUP, at);
	system_link(t, "owninguser", "systemuser", at);
	table_column(t, "OwningTeam", "Lookup", "r", ",\"Targets\":[\"team\"]", at);
	system_link(t, "owningteam", "team", at);
}

static void
standard_columns(const struct table *t, const char *schema, int64_t at)
{
	static const char time[] = ",\"Format\":\"DateAndTime\",\"DateTimeBehavior\":{\"Value\":\"UserLocal\"}";
	static const char integer[] = ",\"MinValue\":-1,\"MaxValue\":2147483647,\"Format\":\"None\"";

	table_column(t->name, arena_printf(&meta_memory, "%sId", schema), "Uniqueidentifier", "rcps", "", at);
	table_column(t->name, "CreatedOn", "DateTime", "r", time, at);
	table_column(t->name, "ModifiedOn", "DateTime", "r", time, at);
	user_columns(t->name, at);
	if (strcmp(t->ownership, "UserOwned") == 0) {
		owner_columns(t->name, at);
	} else {
		table_column(t->name, "OrganizationId", "Lookup", "r", ",\"Targets\":[\"organization\"]", at);
		system_link(t->name, "organizationid", "organization", at);
	}
	table_column(t->name, "statecode", "State", "rus", ",\"OptionSet\":{\"Options\":["
	    "{\"Value\":0,\"DefaultStatus\":1,\"InvariantName\":\"Active\",\"Label\":{\"UserLocalizedLabel\":{\"Label\":\"Active\",\"LanguageCode\":1033}}},"
	    "{\"Value\":1,\"DefaultStatus\":2,\"InvariantName\":\"Inactive\",\"Label\":{\"UserLocalizedLabel\":{\"Label\":\"Inactive\",\"LanguageCode\":1033}}}]}", at);
	table_column(t->name, "statuscode", "Status", "rcu", ",\"OptionSet\":{\"Options\":["
	    "{\"Value\":1,\"State\":0,\"Label\":{\"UserLocalizedLabel\":{\"Label\":\"Active\",\"LanguageCode\":1033}}},"
	    "{\"Value\":2,\"State\":1,\"Label\":{\"UserLocalizedLabel\":{\"Label\":\"Inactive\",\"LanguageCode\":1033}}}]}", at);
	table_column(t->name, "VersionNumber", "BigInt", "r", ",\"MinValue\":-9223372036854775808,\"MaxValue\":9223372036854775807", at);
	table_column(t->name, "ImportSequenceNumber", "Integer", "rc", ",\"MinValue\":-2147483648,\"MaxValue\":2147483647,\"Format\":\"None\"", at);
	table_column(t->name, "OverriddenCreatedOn", "DateTime", "rc", ",\"Format\":\"DateOnly\",\"DateTimeBehavior\":{\"Value\":\"UserLocal\"}", at);
	table_column(t->name, "TimeZoneRuleVersionNumber", "Integer", "rcu", integer, at);
	table_column(t->name, "UTCConversionTimeZoneCode", "Integer", "rcu", integer, at);
}

/* A link from a stock table's lookup to t, under the name that the lookup's property has for t. */
static void
part_link(const struct table *t, const char *referencing, const char *column, const char *navigation, int64_t at)
{
	char *schema = arena_printf(&meta_memory, "%s_%s", t->name, strcmp(referencing, "annotation") == 0 ? "Annotations" : referencing);
	struct relation rel = { .schema = schema, .referencing = referencing, .column = column, .referenced = t->name,
	    .referenced_column = t->primary_id, .navigation = navigation, .collection = schema, .on_delete = "Cascade" };

	if (schema_table(referencing) != NULL && schema_relation(schema) == NULL)
		relation_keep(&rel, "", true, at);
}

void
table_parts(const struct table *t, bool notes, bool activities, int64_t at)
{
	struct table **list;
	size_t i, n = schema_tables(&list);

	if (notes)
		part_link(t, "annotation", "objectid", arena_printf(&meta_memory, "objectid_%s", t->name), at);
	for (i = 0; activities && i < n; i++)
		if (list[i]->activity)
			part_link(t, list[i]->name, "regardingobjectid", arena_printf(&meta_memory, "regardingobjectid_%s_%s", t->name,
			    list[i]->name), at);
	if (activities)
		part_link(t, "activitypointer", "regardingobjectid", arena_printf(&meta_memory, "regardingobjectid_%s", t->name), at);
}

/* ---- POST ---- */

/* English plurals, as Dataverse makes them for entity sets. */
static char *
plural(struct request *r, const char *name)
{
	size_t n = strlen(name);
	char last = name[n - 1], before = n > 1 ? name[n - 2] : ' ';

	if (last == 'y' && strchr("aeiou", before) == NULL)
		return arena_printf(r->arena, "%.*sies", (int)(n - 1), name);
	if (last == 's' || last == 'x' || last == 'z' || (last == 'h' && (before == 'c' || before == 's')))
		return arena_printf(r->arena, "%ses", name);
	return arena_printf(r->arena, "%ss", name);
}

static bool
member_is(const struct json_value *v, const char *name, enum json_kind kind)
{
	struct json_value m;

	return json_member(v, name, &m) && m.kind == kind;
}

/* The one column of the payload; it must be the name column. */
static bool
name_column(struct request *r, struct reply *a, const struct table *t, const struct json_value *body, struct buf *line, char **name)
{
	struct json_value list, v, first = { 0 };
	struct json_iter it;
	size_t n = 0;
	char *said;

	if (!json_member(body, "Attributes", &list) || list.kind != JSON_ARRAY)
		return reply_error(a, 400, "0x80040203", "Required field 'Attributes' is missing: a table is created with its primary name column.");
	for (it = json_iter(&list); json_next(&it, NULL, &v); n++)
		first = v;
	if (n != 1 || !member_is(&first, "IsPrimaryName", JSON_TRUE))
		return reply_error(a, 400, "0x80040203", "Attributes must hold one StringAttributeMetadata with IsPrimaryName true.");
	if (!check_type(a, &first, "StringAttributeMetadata"))
		return false;
	*name = column_make(r, a, t, &first, NULL, NULL, line);
	if (*name == NULL)
		return false;
	said = member_string(r, body, "PrimaryNameAttribute");
	return said == NULL || strcmp(said, *name) == 0 ||
	    reply_error(a, 400, "0x80040203", "PrimaryNameAttribute '%s' is not the column of Attributes, '%s'.", said, *name);
}

static bool
judge_table(struct request *r, struct reply *a, const struct json_value *v, struct table *t)
{
	char *schema, *ownership;

	if (!check_type(a, v, "EntityMetadata") || !check_members(a, v, &shape_table, " Attributes Keys ") || !check_solution(r, a, NULL) ||
	    (schema = check_name(r, a, v, "SchemaName", NAME_MAX_TABLE)) == NULL || !check_label(a, v, "DisplayName", true) ||
	    !check_label(a, v, "DisplayCollectionName", true) || !check_label(a, v, "Description", false))
		return false;
	t->schema = schema;
	t->name = lower(r->arena, schema);
	ownership = member_string(r, v, "OwnershipType");
	if (ownership == NULL || (strcmp(ownership, "UserOwned") != 0 && strcmp(ownership, "OrganizationOwned") != 0))
		return reply_error(a, 400, "0x80040203", "OwnershipType must be UserOwned or OrganizationOwned.");
	t->ownership = ownership;
	t->notes = member_is(v, "HasNotes", JSON_TRUE);
	t->activities = member_is(v, "HasActivities", JSON_TRUE);
	if (member_is(v, "IsActivity", JSON_TRUE))
		return reply_error(a, 501, "0x80040203", "This stand-in does not make custom activity tables.");
	if (schema_table(t->name) != NULL)
		return reply_error(a, 400, "0x80044363", "An entity with the specified name %s already exists. Specify a unique name.", t->name);
	return true;
}

static void
put_table(struct buf *b, const struct json_value *v, const struct table *t, const char *id)
{
	buf_printf(b, "{\"_meta\":\"table\",\"_table\":\"%s\",\"LogicalName\":\"%s\",\"SchemaName\":\"%s\",\"EntitySetName\":\"%s\","
	    "\"LogicalCollectionName\":\"%s\",\"PrimaryIdAttribute\":\"%s\",\"PrimaryNameAttribute\":\"%s\",\"OwnershipType\":\"%s\","
	    "\"IsActivity\":false,\"HasNotes\":%s,\"HasActivities\":%s,\"IsCustomEntity\":true", t->name, t->name, t->schema, t->set, t->set,
	    t->primary_id, t->primary_name, t->ownership, t->notes ? "true" : "false", t->activities ? "true" : "false");
	put_label(b, v, "DisplayName");
	put_label(b, v, "DisplayCollectionName");
	put_label(b, v, "Description");
	buf_printf(b, ",\"MetadataId\":\"%s\"}", id);
}

void
write_table(struct request *r, struct reply *a)
{
	struct table t = { 0 };
	struct json j = { 0 };
	struct json_value v;
	struct buf column = { 0 }, line = { 0 };
	int64_t at = meta_visible_at();
	char id[37], *name = NULL;

	if (!body_parse(r, a, "EntityDefinitions", &j, &v) || !judge_table(r, a, &v, &t) || !name_column(r, a, &t, &v, &column, &name)) {
		json_free(&j);
		buf_free(&column);
		return;
	}
	guid_new(id);
	t.set = plural(r, t.name);
	t.primary_id = arena_printf(r->arena, "%sid", t.name);
	t.primary_name = name;
	put_table(&line, &v, &t, id);
	meta_keep(&line, DEF_TABLE, t.name, t.name, at);
	meta_keep(&column, DEF_COLUMN, t.name, name, at);
	standard_columns(&t, t.schema, at);
	table_parts(schema_table(t.name), t.notes, t.activities, at);
	buf_free(&line);
	buf_free(&column);
	json_free(&j);
	meta_created(r, a, "EntityDefinitions(%s)", id);
}

/* ---- PUT ---- */

static bool
may_change(struct reply *a, const struct json_value *v, const char *name, bool old, bool *now)
{
	struct json_value m;

	*now = old;
	if (!json_member(v, name, &m) || (m.kind != JSON_TRUE && m.kind != JSON_FALSE))
		return true;
	*now = m.kind == JSON_TRUE;
	return *now || !old || reply_error(a, 400, "0x80040203", "%s cannot be turned off.", name);
}

/* The old line, with what the payload says of labels, notes and activities. */
static void
put_changed(struct buf *b, const struct def *d, const struct json_value *v, bool notes, bool activities)
{
	static const char *const labels[] = { "DisplayName", "DisplayCollectionName", "Description" };
	struct json_value line = { .p = d->json, .n = d->n, .kind = JSON_OBJECT }, key, value;
	struct json_iter it = json_iter(&line);
	struct json_value given;
	size_t i;

	buf_str(b, "{\"_meta\":\"table\"");
	while (json_next(&it, &key, &value)) {
		for (i = 0; i < 3 && !(json_is(&key, labels[i]) && json_member(v, labels[i], &given)); i++)
			;
		if (i < 3 || json_is(&key, "_meta") || json_is(&key, "HasNotes") || json_is(&key, "HasActivities"))
			continue;
		buf_char(b, ',');
		buf_json_string(b, key.p, key.n);
		buf_char(b, ':');
		json_put(b, &value);
	}
	for (i = 0; i < 3; i++)
		put_label(b, v, labels[i]);
	buf_printf(b, ",\"HasNotes\":%s,\"HasActivities\":%s}", notes ? "true" : "false", activities ? "true" : "false");
}

void
write_table_put(struct request *r, struct reply *a, struct table *t)
{
	struct json j = { 0 };
	struct json_value v;
	struct buf line = { 0 };
	bool notes, activities;
	char *name;
	int64_t at = meta_visible_at();

	if (!body_parse(r, a, "EntityDefinitions", &j, &v) || !check_type(a, &v, "EntityMetadata") ||
	    !check_members(a, &v, &shape_table, " Attributes Keys ManyToManyRelationships ManyToOneRelationships OneToManyRelationships ") ||
	    !check_solution(r, a, NULL) || !check_label(a, &v, "DisplayName", false) || !check_label(a, &v, "DisplayCollectionName", false) ||
	    !check_label(a, &v, "Description", false) || !may_change(a, &v, "HasNotes", t->notes, &notes) ||
	    !may_change(a, &v, "HasActivities", t->activities, &activities)) {
		json_free(&j);
		return;
	}
	name = member_string(r, &v, "LogicalName");
	if (name != NULL && strcmp(name, t->name) != 0) {
		reply_error(a, 400, "0x80040203", "LogicalName '%s' is not that of the definition, '%s'.", name, t->name);
	} else {
		put_changed(&line, &((struct table_def *)t)->d, &v, notes, activities);
		meta_keep(&line, DEF_TABLE, t->name, t->name, at);
		t = schema_table(t->name);
		table_parts(t, notes, activities, at);
		meta_done(a);
	}
	buf_free(&line);
	json_free(&j);
}
