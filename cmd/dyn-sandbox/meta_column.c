/*
 * meta_column - columns: POST …/Attributes, PUT of a definition
 *
 * The payloads and limits of reference section 7.  The line that is kept holds
 * what the Web API would answer for the column.
 */
#include <stdlib.h>
#include <string.h>

#include "metadata.h"

#define NAME_MAX_COLUMN 50

static const struct type {
	const char *type;		/* as table_column and the payloads call it */
	const char *cast, *attribute_type, *type_name;
	bool made;			/* may be made by POST …/Attributes */
} types[] = {
	{ "String", "String", "String", "StringType", true },
	{ "Memo", "Memo", "Memo", "MemoType", true },
	{ "Integer", "Integer", "Integer", "IntegerType", true },
	{ "BigInt", "BigInt", "BigInt", "BigIntType", true },
	{ "Decimal", "Decimal", "Decimal", "DecimalType", true },
	{ "Double", "Double", "Double", "DoubleType", true },
	{ "Money", "Money", "Money", "MoneyType", true },
	{ "Boolean", "Boolean", "Boolean", "BooleanType", true },
	{ "DateTime", "DateTime", "DateTime", "DateTimeType", true },
	{ "Picklist", "Picklist", "Picklist", "PicklistType", true },
	{ "MultiSelectPicklist", "MultiSelectPicklist", "Virtual", "MultiSelectPicklistType", true },
	{ "File", "File", "Virtual", "FileType", true },
	{ "Lookup", "Lookup", "Lookup", "LookupType", false },
	{ "Customer", "Lookup", "Customer", "CustomerType", false },
	{ "Owner", "Lookup", "Owner", "OwnerType", false },
	{ "Uniqueidentifier", "UniqueIdentifier", "Uniqueidentifier", "UniqueidentifierType", false },
	{ "State", "State", "State", "StateType", false },
	{ "Status", "Status", "Status", "StatusType", false },
	{ "Virtual", "", "Virtual", "VirtualType", false },
};

static const struct type *
type_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].type, name) == 0)
			return &types[i];
	return NULL;
}

static const char *
yes(bool b)
{
	return b ? "true" : "false";
}

void
put_column_head(struct buf *b, const char *table, const char *schema, const char *type, const char *flags, bool custom, const char *required)
{
	const struct type *t = type_of(type);

	buf_printf(b, "{\"_meta\":\"column\",\"_table\":\"%s\",\"@odata.type\":\"#Microsoft.Dynamics.CRM.%sAttributeMetadata\","
	    "\"LogicalName\":\"%s\",\"SchemaName\":\"%s\",\"AttributeType\":\"%s\",\"AttributeTypeName\":{\"Value\":\"%s\"},", table, t->cast,
	    lower(&meta_memory, schema), schema, t->attribute_type, t->type_name);
	buf_printf(b, "\"IsCustomAttribute\":%s,\"IsPrimaryId\":%s,\"IsPrimaryName\":%s,\"IsValidForCreate\":%s,"
	    "\"IsValidForUpdate\":%s,\"IsValidForRead\":%s,\"RequiredLevel\":{\"Value\":\"%s\"}", yes(custom), yes(strchr(flags, 'p') != NULL),
	    yes(strchr(flags, 'n') != NULL), yes(strchr(flags, 'c') != NULL), yes(strchr(flags, 'u') != NULL), yes(strchr(flags, 'r') != NULL),
	    required);
}

/* ---- what each type adds ---- */

struct payload {
	struct request *r;
	struct reply *a;
	const struct json_value *v;
	const char *schema;
	struct buf *b;
	const struct json_value *old;	/* the line that a PUT replaces: its options stay */
};

/* One of the names between blanks in list; the first when it is absent. */
static bool
choose(struct payload *p, const struct json_value *owner, const char *name, const char *list, char **out)
{
	const struct shape s = { "", list, "" };

	*out = member_string(p->r, owner, name);
	if (*out == NULL)
		*out = arena_dup(p->r->arena, list + 1, strcspn(list + 1, " "));
	return shape_has(&s, *out, strlen(*out)) || reply_error(p->a, 400, "0x80040203", "'%s' is no value of %s:%s", *out, name, list);
}

static bool
choose_value(struct payload *p, const char *name, const char *list, char **out)
{
	struct json_value v = { 0 };

	json_member(p->v, name, &v);
	return choose(p, &v, "Value", list, out);
}

static bool
type_string(struct payload *p)
{
	char *format;
	long length;

	if (!check_integer(p->a, p->v, "MaxLength", 1, 4000, true, &length) ||
	    !choose_value(p, "FormatName", " Text Email Phone Url TextArea TickerSymbol PhoneticGuide VersionNumber RichText Json ", &format))
		return false;
	buf_printf(p->b, ",\"MaxLength\":%ld,\"Format\":\"%s\",\"FormatName\":{\"Value\":\"%s\"}", length, format, format);
	return true;
}

static bool
type_memo(struct payload *p)
{
	char *format;
	long length;

	if (!check_integer(p->a, p->v, "MaxLength", 1, 1048576, true, &length) ||
	    !choose(p, p->v, "Format", " TextArea Text Email RichText Json InternalExtentData ", &format))
		return false;
	buf_printf(p->b, ",\"MaxLength\":%ld,\"Format\":\"%s\"", length, format);
	return true;
}

static bool
type_integer(struct payload *p)
{
	long min = -2147483648L, max = 2147483647L;
	char *format;

	if (!check_integer(p->a, p->v, "MinValue", min, max, false, &min) || !check_integer(p->a, p->v, "MaxValue", -2147483648L, max, false, &max) ||
	    !choose(p, p->v, "Format", " None Duration TimeZone Language Locale ", &format))
		return false;
	if (min > max)
		return reply_error(p->a, 400, "0x80040203", "MinValue is greater than MaxValue.");
	buf_printf(p->b, ",\"MinValue\":%ld,\"MaxValue\":%ld,\"Format\":\"%s\"", min, max, format);
	return true;
}

/* A limit as its own exact text, within what the type allows. */
static bool
bound(struct payload *p, const char *name, const char *fallback, const char *low, const char *high, const char **out)
{
	struct json_value v;
	char *text;

	*out = fallback;
	if (!json_member(p->v, name, &v) || v.kind == JSON_NULL)
		return true;
	if (v.kind != JSON_NUMBER || (text = decimal_round(p->r->arena, v.p, v.n, 12)) == NULL)
		return reply_payload(p->a, "EntityDefinitions", "Cannot convert the value of '%s' to the expected type 'Edm.Decimal'.", name);
	*out = memchr(v.p, 'e', v.n) == NULL && memchr(v.p, 'E', v.n) == NULL ? arena_dup(p->r->arena, v.p, v.n) : text;
	return (decimal_cmp(text, low) >= 0 && decimal_cmp(text, high) <= 0) ||
	    reply_error(p->a, 400, "0x80040203", "The value of '%s' must be between %s and %s.", name, low, high);
}

static bool
type_number(struct payload *p, const char *low, const char *high, long digits, long fallback)
{
	const char *min, *max;
	long precision = fallback;

	if (!bound(p, "MinValue", low, low, high, &min) || !bound(p, "MaxValue", high, low, high, &max) ||
	    !check_integer(p->a, p->v, "Precision", 0, digits, false, &precision))
		return false;
	if (decimal_cmp(min, max) > 0)
		return reply_error(p->a, 400, "0x80040203", "MinValue is greater than MaxValue.");
	buf_printf(p->b, ",\"MinValue\":%s,\"MaxValue\":%s,\"Precision\":%ld", min, max, precision);
	return true;
}

static bool
type_decimal(struct payload *p)
{
	return type_number(p, "-100000000000", "100000000000", 10, 2);
}

static bool
type_double(struct payload *p)
{
	return type_number(p, "-100000000000", "100000000000", 5, 2);
}

static bool
type_money(struct payload *p)
{
	long source = 2;

	if (!type_number(p, "-922337203685477", "922337203685477", 4, 2) || !check_integer(p->a, p->v, "PrecisionSource", 0, 2, false, &source))
		return false;
	buf_printf(p->b, ",\"PrecisionSource\":%ld", source);
	return true;
}

static bool
type_bigint(struct payload *p)
{
	buf_str(p->b, ",\"MinValue\":-9223372036854775808,\"MaxValue\":9223372036854775807");
	return true;
}

static bool
type_date(struct payload *p)
{
	char *format, *behavior;

	if (!choose(p, p->v, "Format", " DateAndTime DateOnly ", &format) ||
	    !choose_value(p, "DateTimeBehavior", " UserLocal DateOnly TimeZoneIndependent ", &behavior))
		return false;
	if (strcmp(behavior, "DateOnly") == 0 && strcmp(format, "DateOnly") != 0)
		return reply_error(p->a, 400, "0x80040203", "DateTimeBehavior DateOnly needs Format DateOnly.");
	buf_printf(p->b, ",\"Format\":\"%s\",\"DateTimeBehavior\":{\"Value\":\"%s\"}", format, behavior);
	return true;
}

static bool
boolean_option(struct payload *p, const struct json_value *set, const char *name, long value)
{
	struct json_value option;
	long v = value;

	if (!json_member(set, name, &option) || option.kind != JSON_OBJECT)
		return reply_error(p->a, 400, "0x80040203", "The OptionSet of a Boolean column needs TrueOption and FalseOption.");
	if (!check_label(p->a, &option, "Label", true) || !check_integer(p->a, &option, "Value", value, value, false, &v))
		return false;
	buf_printf(p->b, "\"%s\":{\"Value\":%ld", name, value);
	put_label(p->b, &option, "Label");
	buf_char(p->b, '}');
	return true;
}

/* A PUT leaves the options as they are: the option actions change those. */
static bool
old_options(struct payload *p)
{
	static const char *const names[] = { "OptionSet", "GlobalOptionSet" };
	struct json_value v;
	size_t i;

	for (i = 0; p->old != NULL && i < 2; i++)
		if (json_member(p->old, names[i], &v)) {
			buf_printf(p->b, ",\"%s\":", names[i]);
			json_put(p->b, &v);
		}
	return p->old != NULL;
}

static bool
type_boolean(struct payload *p)
{
	struct json_value v, set;

	if (json_member(p->v, "DefaultValue", &v) && (v.kind == JSON_TRUE || v.kind == JSON_FALSE))
		buf_printf(p->b, ",\"DefaultValue\":%s", yes(v.kind == JSON_TRUE));
	if (old_options(p))
		return true;
	if (!json_member(p->v, "OptionSet", &set) || set.kind != JSON_OBJECT)
		return reply_error(p->a, 400, "0x80040203", "Required field 'OptionSet' is missing.");
	if (!check_type(p->a, &set, "BooleanOptionSetMetadata"))
		return false;
	buf_str(p->b, ",\"OptionSet\":{\"OptionSetType\":\"Boolean\",");
	if (!boolean_option(p, &set, "TrueOption", 1))
		return false;
	buf_char(p->b, ',');
	if (!boolean_option(p, &set, "FalseOption", 0))
		return false;
	buf_char(p->b, '}');
	return true;
}

/* "/GlobalOptionSetDefinitions(<guid>)", also by Name, or with the whole address before it. */
static bool
global_choice(struct payload *p, const struct json_value *bind)
{
	struct segment *seg;
	struct choice_def *c;
	char *url = bind->kind == JSON_STRING ? json_text(p->r->arena, bind) : arena_str(p->r->arena, "");
	const char *at = strstr(url, "GlobalOptionSetDefinitions(");

	if (at == NULL || path_split(p->r, at, &seg) != 1)
		return reply_payload(p->a, "EntityDefinitions", "The value of 'GlobalOptionSet@odata.bind' must be the address of one definition.");
	if ((c = find_choice(p->r, p->a, seg)) == NULL)
		return false;
	buf_printf(p->b, ",\"GlobalOptionSet\":{\"Name\":\"%s\"}", c->name);
	return true;
}

static bool
type_choice(struct payload *p)
{
	struct json_value set, bind, value;
	int64_t i;

	if (json_member(p->v, "DefaultFormValue", &value) && json_int(&value, &i))
		buf_printf(p->b, ",\"DefaultFormValue\":%lld", (long long)i);
	if (old_options(p))
		return true;
	if (json_member(p->v, "GlobalOptionSet@odata.bind", &bind)) {
		if (json_member(p->v, "OptionSet", &set) && set.kind != JSON_NULL)
			return reply_error(p->a, 400, "0x80040203", "OptionSet and GlobalOptionSet cannot both be given.");
		return global_choice(p, &bind);
	}
	if (!json_member(p->v, "OptionSet", &set) || set.kind != JSON_OBJECT)
		return reply_error(p->a, 400, "0x80040203", "Required field 'OptionSet' is missing.");
	if (!check_type(p->a, &set, "OptionSetMetadata"))
		return false;
	if (json_member(&set, "IsGlobal", &value) && value.kind == JSON_TRUE)
		return reply_error(p->a, 400, "0x80040203", "A global choice is bound with GlobalOptionSet@odata.bind.");
	buf_str(p->b, ",\"OptionSet\":{\"OptionSetType\":\"Picklist\",\"IsGlobal\":false,\"Options\":");
	if (!put_options(p->r, p->a, p->b, &set, publisher_prefix(p->r, p->schema)))
		return false;
	buf_char(p->b, '}');
	return true;
}

static bool
type_multi(struct payload *p)
{
	struct json_value v;

	if (json_member(p->v, "DefaultFormValue", &v) && v.kind != JSON_NULL && !(v.n == 2 && memcmp(v.p, "-1", 2) == 0))
		return reply_error(p->a, 400, "0x80040203", "A multi-select choice has no default.");
	return type_choice(p);
}

static bool
type_file(struct payload *p)
{
	long kb = 32768;

	if (!check_integer(p->a, p->v, "MaxSizeInKB", 1, 10485760, false, &kb))
		return false;
	buf_printf(p->b, ",\"MaxSizeInKB\":%ld", kb);
	return true;
}

static bool
type_rest(struct payload *p, const char *cast)
{
	static const struct { const char *cast; bool (*put)(struct payload *); } put[] = {
		{ "String", type_string }, { "Memo", type_memo }, { "Integer", type_integer }, { "BigInt", type_bigint },
		{ "Decimal", type_decimal }, { "Double", type_double }, { "Money", type_money }, { "Boolean", type_boolean },
		{ "DateTime", type_date }, { "Picklist", type_choice }, { "MultiSelectPicklist", type_multi }, { "File", type_file },
	};
	size_t i;

	for (i = 0; i < sizeof(put) / sizeof(put[0]); i++)
		if (strcmp(put[i].cast, cast) == 0)
			return put[i].put(p);
	return true;
}

/* ---- POST ---- */

static const struct type *
payload_type(struct request *r, struct reply *a, const struct json_value *v)
{
	char *text = member_string(r, v, "@odata.type"), *end;
	const struct type *t;

	if (text == NULL) {
		reply_payload(a, "EntityDefinitions", "The annotation '@odata.type' is missing: the type of the column is not known.");
		return NULL;
	}
	text += *text == '#';
	if (strncmp(text, "Microsoft.Dynamics.CRM.", 23) == 0 && (end = strstr(text, "AttributeMetadata")) != NULL && end[17] == '\0') {
		t = type_of(arena_dup(r->arena, text + 23, (size_t)(end - text - 23)));
		if (t != NULL && t->made)
			return t;
		if (t != NULL) {
			reply_error(a, 400, "0x80040203", "A column of type '%s' cannot be made through Attributes.", text);
			return NULL;
		}
	}
	reply_payload(a, "EntityDefinitions", "A type named '%s' could not be resolved by the model. When a model is available, each type name "
	    "must resolve to a valid type.", text);
	return NULL;
}

static bool
required_level(struct request *r, struct reply *a, const struct json_value *v, char **out)
{
	struct payload p = { .r = r, .a = a, .v = v };

	return choose_value(&p, "RequiredLevel", " None Recommended ApplicationRequired ", out);
}

static void
put_targets(struct buf *b, const char *const *targets)
{
	size_t i;

	buf_str(b, ",\"Targets\":[");
	for (i = 0; targets[i] != NULL; i++)
		buf_printf(b, "%s\"%s\"", i > 0 ? "," : "", targets[i]);
	buf_char(b, ']');
}

char *
column_make(struct request *r, struct reply *a, const struct table *t, const struct json_value *v, const char *const *targets,
    const char *type, struct buf *line)
{
	struct payload p = { .r = r, .a = a, .v = v, .b = line };
	const struct type *ty = type != NULL ? type_of(type) : payload_type(r, a, v);
	struct json_value primary;
	struct shape s;
	char *schema, *name, *required, id[37];
	bool first;

	if (ty == NULL)
		return NULL;
	s = shape_cast(r->arena, ty->cast);
	if (!check_members(a, v, &s, " OptionSet GlobalOptionSet@odata.bind ") || (schema = check_name(r, a, v, "SchemaName", NAME_MAX_COLUMN)) == NULL ||
	    !check_label(a, v, "DisplayName", true) || !check_label(a, v, "Description", false) || !required_level(r, a, v, &required))
		return NULL;
	name = lower(r->arena, schema);
	if (schema_column(t, name) != NULL) {
		reply_error(a, 400, "0x80047013", "An attribute with the specified name %s already exists for entity %s. Attribute names must be "
		    "unique within an entity.", name, t->name);
		return NULL;
	}
	first = t->columns == 0 && json_member(v, "IsPrimaryName", &primary) && primary.kind == JSON_TRUE;
	put_column_head(line, t->name, schema, ty->type, first ? "rcun" : "rcu", true, required);
	buf_str(line, ",\"AttributeOf\":null");
	put_label(line, v, "DisplayName");
	put_label(line, v, "Description");
	p.schema = schema;
	if (!type_rest(&p, ty->cast))
		return NULL;
	if (targets != NULL)
		put_targets(line, targets);
	guid_new(id);
	buf_printf(line, ",\"MetadataId\":\"%s\"}", id);
	return name;
}

/* The read-only column that holds another's label: no property of rows. */
static void
label_column(const struct table *t, const struct column *c, int64_t at)
{
	char *schema = arena_printf(&meta_memory, "%sName", c->schema), *name = lower(&meta_memory, schema);
	struct buf b = { 0 };
	char id[37];

	guid_new(id);
	put_column_head(&b, t->name, schema, "Virtual", "r", true, "None");
	buf_printf(&b, ",\"AttributeOf\":\"%s\",\"MetadataId\":\"%s\"}", c->name, id);
	meta_keep(&b, DEF_COLUMN, t->name, name, at);
	buf_free(&b);
}

/* The first amount of a table brings its currency. */
static void
currency_columns(const struct table *t, int64_t at)
{
	const struct table *currency = schema_table("transactioncurrency");
	char *schema = arena_printf(&meta_memory, "transactioncurrency_%s", t->name);
	struct relation rel = { .schema = schema, .referencing = t->name, .column = "transactioncurrencyid", .referenced = "transactioncurrency",
	    .referenced_column = "transactioncurrencyid", .navigation = "transactioncurrencyid", .collection = schema, .on_delete = "NoCascade" };

	if (currency == NULL || schema_column(t, "transactioncurrencyid") != NULL)
		return;
	table_column(t->name, "TransactionCurrencyId", "Lookup", "rcu", ",\"Targets\":[\"transactioncurrency\"]", at);
	relation_keep(&rel, "", false, at);
	table_column(t->name, "ExchangeRate", "Decimal", "r", ",\"MinValue\":0.000000000001,\"MaxValue\":100000000000,\"Precision\":12", at);
}

void
column_companions(const struct table *t, const char *name, int64_t at)
{
	const struct column *c = schema_column(t, name);

	switch (c->type) {
	case COL_PICKLIST:
	case COL_MULTISELECT:
	case COL_BOOLEAN:
	case COL_LOOKUP:
	case COL_CUSTOMER:
	case COL_FILE:
		label_column(t, c, at);
		break;
	case COL_MONEY:
		currency_columns(t, at);
		table_column(t->name, arena_printf(&meta_memory, "%s_Base", c->schema), "Money", "r",
		    ",\"MinValue\":-922337203685477,\"MaxValue\":922337203685477,\"Precision\":4,\"PrecisionSource\":2", at);
		break;
	default:
		break;
	}
}

void
write_column(struct request *r, struct reply *a, struct table *t)
{
	struct json j = { 0 };
	struct json_value v;
	struct buf line = { 0 };
	int64_t at = meta_visible_at();
	char *name;

	if (body_parse(r, a, "EntityDefinitions", &j, &v) && check_solution(r, a, NULL) &&
	    (name = column_make(r, a, t, &v, NULL, NULL, &line)) != NULL) {
		meta_keep(&line, DEF_COLUMN, t->name, name, at);
		column_companions(t, name, at);
		meta_created(r, a, "EntityDefinitions(%s)/Attributes(%s)", ((struct table_def *)t)->d.id,
		    ((const struct column_def *)schema_column(t, name))->d.id);
	}
	buf_free(&line);
	json_free(&j);
}

/* ---- PUT ---- */

static const char kept[] = " _meta _table @odata.type LogicalName SchemaName AttributeType AttributeTypeName AttributeOf IsCustomAttribute"
    " IsPrimaryId IsPrimaryName IsValidForCreate IsValidForUpdate IsValidForRead Targets SourceType MetadataId IntroducedVersion ";

/* The old line without what the payload replaces; open: no closing brace. */
static void
put_kept(struct buf *b, const struct json_value *line)
{
	const struct shape s = { "", kept, "" };
	struct json_iter it = json_iter(line);
	struct json_value key, v;

	buf_char(b, '{');
	while (json_next(&it, &key, &v)) {
		if (!shape_has(&s, key.p, key.n))
			continue;
		buf_json_string(b, key.p, key.n);
		buf_char(b, ':');
		json_put(b, &v);
		buf_char(b, ',');
	}
	b->n--;
}

static bool
column_changed(struct request *r, struct reply *a, const struct column_def *c, const struct json_value *v, struct buf *b)
{
	struct json_value old = { .p = c->d.json, .n = c->d.n, .kind = JSON_OBJECT };
	struct payload p = { .r = r, .a = a, .v = v, .schema = c->c.schema, .b = b, .old = &old };
	struct shape s = shape_cast(r->arena, c->cast);
	char *required, *name = member_string(r, v, "LogicalName");

	if (s.name == NULL || !check_type(a, v, s.name) || !check_members(a, v, &s, " OptionSet GlobalOptionSet GlobalOptionSet@odata.bind ") ||
	    !check_label(a, v, "DisplayName", false) || !check_label(a, v, "Description", false))
		return false;
	if (name != NULL && strcmp(name, c->c.name) != 0)
		return reply_error(a, 400, "0x80040203", "LogicalName '%s' is not that of the definition, '%s'.", name, c->c.name);
	if (c->c.required)
		required = arena_str(r->arena, "SystemRequired");
	else if (!required_level(r, a, v, &required))
		return false;
	put_kept(b, &old);
	buf_printf(b, ",\"RequiredLevel\":{\"Value\":\"%s\"}", required);
	put_label(b, v, "DisplayName");
	put_label(b, v, "Description");
	if (!type_rest(&p, c->cast))
		return false;
	buf_char(b, '}');
	return true;
}

void
write_column_put(struct request *r, struct reply *a, struct table *t, struct column_def *c)
{
	struct json j = { 0 };
	struct json_value v;
	struct buf line = { 0 };

	if (body_parse(r, a, "EntityDefinitions", &j, &v) && check_solution(r, a, NULL) && column_changed(r, a, c, &v, &line)) {
		meta_keep(&line, DEF_COLUMN, t->name, c->c.name, meta_visible_at());
		meta_done(a);
	}
	buf_free(&line);
	json_free(&j);
}
