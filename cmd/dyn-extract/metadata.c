/*
 * The metadata file: one line a definition, tagged _meta and _table, members
 * named as the Web API names them and in the order of the lists below.  Only
 * what decides whether a value can be written is kept, with the values' text
 * as the service gave it; what it says as null is left out, except AttributeOf.
 *
 *	table, then columns by LogicalName, relationships by ReferencingAttribute
 *	and ReferencedEntity, collections (of activity parties), keys by SchemaName
 *
 * Definitions with derived members come from .../Attributes without $select;
 * the options of choices only through typed casts, one for each kind.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "extract.h"
#include "xalloc.h"

static const char *const table_members[] = {
	"LogicalName", "SchemaName", "EntitySetName", "LogicalCollectionName", "PrimaryIdAttribute", "PrimaryNameAttribute",
	"OwnershipType", "IsActivity", "HasNotes", "HasActivities", "IsCustomEntity",
	"ObjectTypeCode", "MetadataId", NULL
};
static const char *const column_members[] = {
	"@odata.type", "LogicalName", "SchemaName", "AttributeType", "AttributeTypeName{Value}", "AttributeOf", "IsCustomAttribute",
	"IsPrimaryId", "IsPrimaryName", "IsValidForCreate", "IsValidForUpdate", "IsValidForRead", "RequiredLevel{Value}",
	"MaxLength", "MinValue", "MaxValue", "Precision", "PrecisionSource", "Format", "FormatName{Value}", "DateTimeBehavior{Value}",
	"Targets", "OptionSet", "DefaultValue", "DefaultFormValue", "SourceType", NULL
};
static const char *const relationship_members[] = {
	"SchemaName", "ReferencingEntity", "ReferencingAttribute", "ReferencedEntity", "ReferencedAttribute",
	"ReferencingEntityNavigationPropertyName", "ReferencedEntityNavigationPropertyName", "IsCustomRelationship",
	"CascadeConfiguration{Delete}", NULL
};
static const char *const collection_members[] = {
	"ReferencingEntity", "ReferencingAttribute", "ReferencedEntity", "ReferencedEntityNavigationPropertyName", NULL
};
static const char *const key_members[] = {
	"SchemaName", "LogicalName", "KeyAttributes", "EntityKeyIndexStatus", NULL
};

/* A line and what it is sorted by. */
struct line {
	char *key, *text;
};

/* The lines of one kind; the option sets by column while the columns are read. */
struct part {
	const char *table, *meta;
	const char *const *members;
	bool parties;			/* collections: only an activity's parties, not the parties a row is one of */
	const struct part *options;
	struct line *line;
	size_t n;
};

static void
part_add(struct part *p, char *key, char *text)
{
	p->line = xreallocarray(p->line, p->n + 1, sizeof(*p->line));
	p->line[p->n++] = (struct line){ .key = key, .text = text };
}

static void
part_free(struct part *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		free(p->line[i].key);
		free(p->line[i].text);
	}
	free(p->line);
}

/* "Name", or "Name{Value}": of an object only that member ({"Value":"None","CanBeChanged":true,...}). */
static void
put_member(struct buf *b, const struct json_value *row, const char *spec)
{
	char name[64], inner[16] = "";
	struct json_value v, value;

	sscanf(spec, "%63[^{]{%15[^}]}", name, inner);
	if (!json_member(row, name, &v) || (json_null(&v) && strcmp(name, "AttributeOf") != 0))
		return;
	buf_char(b, ',');
	buf_json_str(b, name);
	buf_char(b, ':');
	if (*inner == '\0' || !json_member(&v, inner, &value)) {
		put_flat(b, &v);
		return;
	}
	buf_printf(b, "{\"%s\":", inner);
	put_flat(b, &value);
	buf_char(b, '}');
}

static char *
member_text(const struct json_value *row, const char *name)
{
	struct json_value v;
	char *text = json_member(row, name, &v) ? json_strdup(&v) : NULL;

	return text != NULL ? text : xstrdup("");
}

static void
put_label(struct buf *b, const struct json_value *label)
{
	struct json_value v, text, code;

	if (!json_member(label, "UserLocalizedLabel", &v) || json_null(&v)) {
		struct json_iter it;

		if (!json_member(label, "LocalizedLabels", &v))
			return;
		it = json_iter(&v);
		if (!json_next(&it, NULL, &v))
			return;
	}
	if (!json_member(&v, "Label", &text))
		return;
	buf_str(b, ",\"Label\":{\"UserLocalizedLabel\":{\"Label\":");
	put_flat(b, &text);
	if (json_member(&v, "LanguageCode", &code)) {
		buf_str(b, ",\"LanguageCode\":");
		put_flat(b, &code);
	}
	buf_str(b, "}}");
}

static void
put_option(struct buf *b, const struct json_value *option)
{
	struct json_value v;

	buf_str(b, "{\"Value\":");
	if (json_member(option, "Value", &v))
		put_flat(b, &v);
	else
		buf_str(b, "null");
	put_member(b, option, "State");		/* of a status option; the next two of a state option */
	put_member(b, option, "DefaultStatus");
	put_member(b, option, "InvariantName");
	if (json_member(option, "Label", &v))
		put_label(b, &v);
	buf_char(b, '}');
}

/* A local option set is in OptionSet, a global one there too or in GlobalOptionSet alone. */
static bool
options_of(const struct json_value *row, const char *member, struct json_value *set, struct json_value *options)
{
	static const char *const place[] = { "OptionSet", "GlobalOptionSet" };
	size_t i;

	for (i = 0; i < 2; i++)
		if (json_member(row, place[i], set) && json_member(set, member, options) && !json_null(options))
			return true;
	return false;
}

static bool
options_add(const struct json_value *row, void *arg)
{
	struct json_value set, v, option;
	struct buf b = { 0 };
	struct json_iter it;

	if (options_of(row, "TrueOption", &set, &v)) {
		buf_str(&b, "{\"TrueOption\":");
		put_option(&b, &v);
		if (json_member(&set, "FalseOption", &v)) {
			buf_str(&b, ",\"FalseOption\":");
			put_option(&b, &v);
		}
		buf_char(&b, '}');
	} else if (options_of(row, "Options", &set, &v)) {
		buf_str(&b, "{\"Options\":[");
		it = json_iter(&v);
		while (json_next(&it, NULL, &option)) {
			if (b.p[b.n - 1] == '}')
				buf_char(&b, ',');
			put_option(&b, &option);
		}
		buf_str(&b, "]}");
	} else {
		return true;
	}
	buf_nul(&b);
	part_add(arg, member_text(row, "LogicalName"), b.p);
	return true;
}

static void
put_options(struct buf *b, const struct part *options, const char *column)
{
	size_t i;

	for (i = 0; i < options->n; i++) {
		if (strcmp(options->line[i].key, column) == 0) {
			buf_str(b, ",\"OptionSet\":");
			buf_str(b, options->line[i].text);
			return;
		}
	}
}

static void
line_start(struct buf *b, const struct part *p)
{
	buf_printf(b, "{\"_meta\":\"%s\",\"_table\":\"%s\"", p->meta, p->table);
}

static bool
line_add(const struct json_value *row, void *arg)
{
	struct part *p = arg;
	char *first = member_text(row, p->members == relationship_members ? "ReferencingAttribute" :
	    p->members == column_members ? "LogicalName" : "SchemaName");
	char *second = member_text(row, "ReferencedEntity"), *third = member_text(row, "SchemaName");
	struct json_value v;
	struct buf b = { 0 };
	size_t i;

	if (!p->parties || (json_member(row, "ReferencingEntity", &v) && json_is(&v, "activityparty") &&
	    json_member(row, "ReferencingAttribute", &v) && json_is(&v, "activityid"))) {
		line_start(&b, p);
		for (i = 0; p->members[i] != NULL; i++) {
			if (strcmp(p->members[i], "OptionSet") == 0)
				put_options(&b, p->options, first);
			else
				put_member(&b, row, p->members[i]);
		}
		buf_char(&b, '}');
		buf_nul(&b);
		part_add(p, xasprintf("%s\t%s\t%s", first, second, third), b.p);
	}
	free(first);
	free(second);
	free(third);
	return true;
}

static int
by_key(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->key, ((const struct line *)b)->key);
}

/* All of one kind: EntityDefinitions(LogicalName='table')/path. */
static void
part_ask(struct dyn *d, struct part *p, const char *path, dyn_row *row)
{
	char *whole = xasprintf("EntityDefinitions(LogicalName='%s')/%s", p->table, path);

	dyn_pages(d, whole, strong, row, p);
	free(whole);
}

static void
part_write(struct part *p, struct nd_out *out)
{
	size_t i;

	if (p->n > 0)
		qsort(p->line, p->n, sizeof(*p->line), by_key);
	for (i = 0; i < p->n; i++)
		nd_write(out, p->line[i].text, strlen(p->line[i].text));
	part_free(p);
}

static void
table_write(struct dyn *d, const char *table, struct nd_out *out)
{
	char *path = xasprintf("EntityDefinitions(LogicalName='%s')?$select=LogicalName,SchemaName,EntitySetName,"
	    "LogicalCollectionName,PrimaryIdAttribute,PrimaryNameAttribute,OwnershipType,IsActivity,HasNotes,HasActivities,"
	    "IsCustomEntity,ObjectTypeCode,MetadataId", table);
	const struct http_answer *a = dyn_get(d, path, strong);
	struct part p = { .table = table, .meta = "table" };
	struct json j = { 0 };
	struct json_value row;
	struct buf b = { 0 };
	size_t i;

	if (a->status == 404)
		errx(EX_CONFIG, "this organization has no table \"%s\" (a logical name, in the singular, is wanted)", table);
	if (a->status != 200)
		dyn_fail(a, path);
	if (!json_parse_any(&j, a->body, a->n, &row) || row.kind != JSON_OBJECT)
		errx(EX_UNAVAILABLE, "%s: an answer that cannot be read", path);
	line_start(&b, &p);
	for (i = 0; table_members[i] != NULL; i++)
		put_member(&b, &row, table_members[i]);
	buf_char(&b, '}');
	nd_write(out, b.p, b.n);
	buf_free(&b);
	json_free(&j);
	free(path);
}

static void
columns_write(struct dyn *d, const char *table, struct nd_out *out)
{
	static const char *const cast[] = {
		"PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet,GlobalOptionSet",
		"MultiSelectPicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet,GlobalOptionSet",
		"StateAttributeMetadata?$select=LogicalName&$expand=OptionSet",
		"StatusAttributeMetadata?$select=LogicalName&$expand=OptionSet",
		"BooleanAttributeMetadata?$select=LogicalName&$expand=OptionSet"
	};
	struct part options = { .table = table };
	struct part columns = { .table = table, .meta = "column", .members = column_members, .options = &options };
	char *path;
	size_t i;

	for (i = 0; i < sizeof(cast) / sizeof(cast[0]); i++) {
		path = xasprintf("Attributes/Microsoft.Dynamics.CRM.%s", cast[i]);
		part_ask(d, &options, path, options_add);
		free(path);
	}
	part_ask(d, &columns, "Attributes", line_add);
	if (columns.n == 0)
		errx(EX_UNAVAILABLE, "table %s came back without columns", table);
	part_write(&columns, out);
	part_free(&options);
}

void
metadata_extract(struct dyn *d, const char *table, struct nd_out *out)
{
	struct part relationships = { .table = table, .meta = "relationship", .members = relationship_members };
	struct part collections = { .table = table, .meta = "collection", .members = collection_members, .parties = true };
	struct part keys = { .table = table, .meta = "key", .members = key_members };

	table_write(d, table, out);
	columns_write(d, table, out);
	part_ask(d, &relationships, "ManyToOneRelationships?$select=SchemaName,ReferencingEntity,ReferencingAttribute,"
	    "ReferencedEntity,ReferencedAttribute,ReferencingEntityNavigationPropertyName,"
	    "ReferencedEntityNavigationPropertyName,IsCustomRelationship,CascadeConfiguration", line_add);
	part_write(&relationships, out);
	part_ask(d, &collections, "OneToManyRelationships?$select=SchemaName,ReferencingEntity,ReferencingAttribute,"
	    "ReferencedEntity,ReferencedEntityNavigationPropertyName&$filter=ReferencingEntity%20eq%20'activityparty'", line_add);
	part_write(&collections, out);
	part_ask(d, &keys, "Keys?$select=SchemaName,LogicalName,KeyAttributes,EntityKeyIndexStatus", line_add);
	part_write(&keys, out);
}
