/* Shapes: Microsoft's Web API samples for column, key and option definitions. */
#include <stdlib.h>
#include <string.h>

#include "schema.h"
#include "xalloc.h"

#define NAME_LENGTH 200		/* of a table's name column, where no line says otherwise */

#define CRM "Microsoft.Dynamics.CRM."

void
body_label(struct buf *b, const char *label, long language)
{
	buf_str(b, "{\"@odata.type\":\"" CRM "Label\",\"LocalizedLabels\":[{\"@odata.type\":\"" CRM
	    "LocalizedLabel\",\"Label\":");
	buf_json_str(b, label);
	buf_printf(b, ",\"LanguageCode\":%ld}]}", language);
}

static void
put_option(struct buf *b, const struct choice *o, long language)
{
	buf_printf(b, "{\"Value\":%lld,\"Label\":", (long long)o->value);
	body_label(b, o->label, language);
	buf_char(b, '}');
}

static void
put_boolean(struct buf *b, const struct item *it, long language)
{
	buf_str(b, ",\"DefaultValue\":false,\"OptionSet\":{\"@odata.type\":\"" CRM "BooleanOptionSetMetadata\",\"TrueOption\":");
	put_option(b, &it->options.o[1], language);
	buf_str(b, ",\"FalseOption\":");
	put_option(b, &it->options.o[0], language);
	buf_char(b, '}');
}

static void
put_choice(struct buf *b, const struct item *it, long language)
{
	size_t i;

	buf_str(b, ",\"OptionSet\":{\"@odata.type\":\"" CRM "OptionSetMetadata\",\"OptionSetType\":\"Picklist\","
	    "\"IsGlobal\":false,\"Options\":[");
	for (i = 0; i < it->options.n; i++) {
		if (i > 0)
			buf_char(b, ',');
		put_option(b, &it->options.o[i], language);
	}
	buf_str(b, "]}");
}

static void
put_limits(struct buf *b, const struct item *it)
{
	if (it->length >= 0)
		buf_printf(b, ",\"MaxLength\":%ld", it->length);
	if (it->min != NULL)
		buf_printf(b, ",\"MinValue\":%s", it->min);
	if (it->max != NULL)
		buf_printf(b, ",\"MaxValue\":%s", it->max);
	if (it->precision >= 0)
		buf_printf(b, ",\"Precision\":%ld", it->precision);
	if (it->type == MONEY && it->precision >= 0)
		buf_str(b, ",\"PrecisionSource\":0");
}

static void
put_format(struct buf *b, const struct item *it)
{
	switch (it->type) {
	case STRING:
		buf_printf(b, ",\"FormatName\":{\"Value\":\"%s\"}", it->format != NULL ? it->format : "Text");
		break;
	case MEMO:
		buf_printf(b, ",\"Format\":\"%s\",\"ImeMode\":\"Auto\"", it->format != NULL ? it->format : "TextArea");
		break;
	case INTEGER:
		buf_str(b, ",\"Format\":\"None\"");
		break;
	case DATETIME:
		buf_printf(b, ",\"Format\":\"%s\",\"DateTimeBehavior\":{\"Value\":\"%s\"}", it->format, it->behavior);
		break;
	default:
		break;
	}
}

void
body_column(struct buf *b, const struct item *it, long language)
{
	buf_printf(b, "{\"@odata.type\":\"" CRM "%sAttributeMetadata\",\"SchemaName\":\"%s\",\"DisplayName\":",
	    type_name[it->type], it->name);
	body_label(b, it->label, language);
	buf_str(b, ",\"RequiredLevel\":{\"Value\":\"None\"}");
	put_limits(b, it);
	put_format(b, it);
	if (it->type == BOOLEAN)
		put_boolean(b, it, language);
	else if (it->type == PICKLIST || it->type == MULTISELECT)
		put_choice(b, it, language);
	buf_char(b, '}');
}

static void
put_length(struct buf *b, const struct item *it, const struct schema *s)
{
	char *name = xasprintf("%s_name", s->publisher);
	long length = it->length >= 0 ? it->length : NAME_LENGTH;
	size_t i;

	/* A line of its own for the name column may say how long it is. */
	for (i = 0; i < s->items; i++)
		if (s->item[i].type == STRING && strcmp(s->item[i].table, it->table) == 0 && strcmp(s->item[i].logical, name) == 0)
			length = s->item[i].length;
	buf_printf(b, ",\"MaxLength\":%ld", length);
	free(name);
}

/* A table of its users and teams, with the one column that it cannot be without. */
void
body_table(struct buf *b, const struct item *it, const struct schema *s)
{
	buf_printf(b, "{\"@odata.type\":\"" CRM "EntityMetadata\",\"SchemaName\":\"%s\",\"DisplayName\":", it->table);
	body_label(b, it->label, s->language);
	buf_str(b, ",\"DisplayCollectionName\":");
	body_label(b, it->plural, s->language);
	buf_printf(b, ",\"OwnershipType\":\"UserOwned\",\"HasActivities\":%s,\"HasNotes\":%s,\"IsActivity\":false,"
	    "\"PrimaryNameAttribute\":\"%s_name\",\"Attributes\":[{\"@odata.type\":\"" CRM "StringAttributeMetadata\","
	    "\"SchemaName\":\"%s_name\",\"IsPrimaryName\":true,\"DisplayName\":", it->activities ? "true" : "false",
	    it->notes ? "true" : "false", s->publisher, s->publisher);
	body_label(b, "Name", s->language);
	buf_str(b, ",\"RequiredLevel\":{\"Value\":\"None\"},\"FormatName\":{\"Value\":\"Text\"}");
	put_length(b, it, s);
	buf_str(b, "}]}");
}

/* Prefix, referencing table, lookup: one relationship for each lookup, whatever it points to. */
char *
body_relation(const struct item *it, const struct schema *s)
{
	return xasprintf("%s_%s_%s", s->publisher, it->table, it->logical);
}

/* A lookup comes with its relationship; a row that is deleted takes the link along, never the row. */
void
body_lookup(struct buf *b, const struct item *it, const struct schema *s)
{
	char *relation = body_relation(it, s);

	buf_printf(b, "{\"@odata.type\":\"" CRM "OneToManyRelationshipMetadata\",\"SchemaName\":\"%s\","
	    "\"ReferencedEntity\":\"%s\",\"ReferencedAttribute\":\"%s\",\"ReferencingEntity\":\"%s\","
	    "\"CascadeConfiguration\":{\"Assign\":\"NoCascade\",\"Delete\":\"RemoveLink\",\"Merge\":\"NoCascade\","
	    "\"Reparent\":\"NoCascade\",\"Share\":\"NoCascade\",\"Unshare\":\"NoCascade\"},"
	    "\"Lookup\":{\"@odata.type\":\"" CRM "LookupAttributeMetadata\",\"SchemaName\":\"%s\",\"DisplayName\":",
	    relation, it->target, it->target_key, it->table, it->name);
	body_label(b, it->label, s->language);
	buf_str(b, ",\"RequiredLevel\":{\"Value\":\"None\"}}}");
	free(relation);
}

void
body_key(struct buf *b, const struct item *it, long language)
{
	const char *p;

	buf_printf(b, "{\"SchemaName\":\"%s\",\"KeyAttributes\":[\"", it->name);
	for (p = it->key_columns; *p != '\0'; p++) {
		if (*p == ' ')
			buf_str(b, "\",\"");
		else
			buf_char(b, *p);
	}
	buf_str(b, "\"],\"DisplayName\":");
	body_label(b, it->label, language);
	buf_char(b, '}');
}

/* InsertOptionValue, into the column's own choice or the global one it uses. */
void
body_option(struct buf *b, const struct item *it, const struct choice *o, const struct schema *s)
{
	if (it->there.global != NULL) {
		buf_str(b, "{\"OptionSetName\":");
		buf_json_str(b, it->there.global);
	} else {
		buf_printf(b, "{\"EntityLogicalName\":\"%s\",\"AttributeLogicalName\":\"%s\"", it->table, it->logical);
	}
	buf_printf(b, ",\"Value\":%lld,\"Label\":", (long long)o->value);
	body_label(b, o->label, s->language);
	buf_printf(b, ",\"SolutionUniqueName\":\"%s\"}", s->solution);
}
