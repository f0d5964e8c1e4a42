/*
 * meta_option - global choices, and the actions on single options
 *
 * POST GlobalOptionSetDefinitions; InsertOptionValue, UpdateOptionValue,
 * OrderOption, InsertStatusValue, for a column's own options or a global choice
 * (OptionSetName).  A value that is not given is the publisher's option prefix
 * and four digits.  Source: reference section 7.
 */
#include <stdlib.h>
#include <string.h>

#include "metadata.h"

#define NAME_MAX_CHOICE 100

struct choices {		/* options being put together */
	int64_t value[4096];
	size_t n;
};

static bool
has_value(const struct choices *c, int64_t value)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (c->value[i] == value)
			return true;
	return false;
}

static int64_t
free_value(const struct choices *c, long prefix)
{
	int64_t value = (int64_t)prefix * 10000;

	while (has_value(c, value))
		value++;
	return value;
}

static bool
put_option(struct reply *a, struct buf *b, const struct json_value *option, struct choices *c, long prefix)
{
	struct json_value v;
	int64_t value;

	if (option->kind != JSON_OBJECT)
		return reply_payload(a, "EntityDefinitions", "An option must be an object.");
	if (!check_label(a, option, "Label", true))
		return false;
	if (!json_member(option, "Value", &v) || v.kind == JSON_NULL)
		value = free_value(c, prefix);
	else if (!json_int(&v, &value) || value < 0 || value > 2147483647)
		return reply_error(a, 400, "0x80040203", "The value of an option must be an integer from 0 to 2147483647.");
	if (has_value(c, value))
		return reply_error(a, 400, "0x80040203", "The option value %lld is there more than once.", (long long)value);
	if (c->n == sizeof(c->value) / sizeof(c->value[0]))
		return reply_error(a, 400, "0x80040203", "Too many options.");
	buf_printf(b, "%s{\"Value\":%lld", c->n > 0 ? "," : "", (long long)value);
	c->value[c->n++] = value;
	put_label(b, option, "Label");
	put_label(b, option, "Description");
	buf_char(b, '}');
	return true;
}

bool
put_options(struct request *r, struct reply *a, struct buf *b, const struct json_value *set, long prefix)
{
	struct choices *c = arena_get(r->arena, sizeof(*c));
	struct json_value list, v;
	struct json_iter it;

	if (!json_member(set, "Options", &list) || list.kind != JSON_ARRAY)
		return reply_error(a, 400, "0x80040203", "Required field 'Options' is missing.");
	buf_char(b, '[');
	for (it = json_iter(&list); json_next(&it, NULL, &v);)
		if (!put_option(a, b, &v, c, prefix))
			return false;
	buf_char(b, ']');
	return true;
}

/* ---- global choices ---- */

void
write_choice(struct request *r, struct reply *a)
{
	struct json j = { 0 };
	struct json_value v;
	struct buf line = { 0 };
	char *name, *type, id[37];

	if (!body_parse(r, a, "GlobalOptionSetDefinitions", &j, &v) || !check_solution(r, a, NULL) || !check_type(a, &v, "OptionSetMetadata") ||
	    !check_members(a, &v, &shape_choice, "") || (name = check_name(r, a, &v, "Name", NAME_MAX_CHOICE)) == NULL ||
	    !check_label(a, &v, "DisplayName", true))
		goto done;
	type = member_string(r, &v, "OptionSetType");
	if (type != NULL && strcmp(type, "Picklist") != 0) {
		reply_error(a, 400, "0x80040203", "OptionSetType must be Picklist.");
		goto done;
	}
	if (schema_choice(name) != NULL) {
		reply_error(a, 400, "0x80044363", "An OptionSet with the name %s already exists.", name);
		goto done;
	}
	guid_new(id);
	buf_printf(&line, "{\"_meta\":\"optionset\",\"_table\":\"\",\"Name\":\"%s\",\"IsGlobal\":true,\"OptionSetType\":\"Picklist\","
	    "\"IsCustomOptionSet\":true", name);
	put_label(&line, &v, "DisplayName");
	put_label(&line, &v, "Description");
	buf_str(&line, ",\"Options\":");
	if (put_options(r, a, &line, &v, publisher_prefix(r, name))) {
		buf_printf(&line, ",\"MetadataId\":\"%s\"}", id);
		meta_keep(&line, DEF_CHOICE, "", name, meta_visible_at());
		meta_created(r, a, "GlobalOptionSetDefinitions(%s)", id);
	}
done:
	buf_free(&line);
	json_free(&j);
}

/* ---- single options ---- */

struct change {			/* of one definition: its line with other options */
	struct request *r;
	struct reply *a;
	const char *action;
	const struct json_value *body;
	struct table *table;	/* of a column */
	const struct column_def *column;
	const struct choice_def *choice;
	const struct def *def;
	long prefix;
	int64_t value;		/* what the action gave or was given */
};

static bool
find_definition(struct change *c)
{
	char *set = member_string(c->r, c->body, "OptionSetName"), *table = member_string(c->r, c->body, "EntityLogicalName");
	char *column = member_string(c->r, c->body, "AttributeLogicalName");

	if (set != NULL) {
		c->choice = schema_choice(set);
		if (c->choice == NULL || c->choice->d.visible_at > c->r->now)
			return reply_error(c->a, 404, "0x80040217", "Could not find an optionset with name '%s'.", set);
		c->def = &c->choice->d;
		c->prefix = publisher_prefix(c->r, set);
		return true;
	}
	if (table == NULL || column == NULL)
		return reply_error(c->a, 400, "0x80040203", "OptionSetName, or EntityLogicalName and AttributeLogicalName, must be given.");
	c->table = schema_table(table);
	if (c->table == NULL || c->table->visible_at > c->r->now)
		return reply_error(c->a, 404, "0x80041102", "The entity with a name = '%s' with namemapping = 'Logical' was not found in the "
		    "MetadataCache.", table);
	c->column = (const struct column_def *)schema_column(c->table, column);
	if (c->column == NULL || schema_column_at(c->table, column, c->r->now) == NULL)
		return reply_error(c->a, 404, "0x80041103", "'%s' entity doesn't contain attribute with Name = '%s' and NameMapping = 'Logical'.",
		    table, column);
	if (c->column->c.options == 0 || c->column->c.type == COL_BOOLEAN || c->column->choice != NULL)
		return reply_error(c->a, 400, "0x80040203", "The attribute '%s' has no options of its own.", column);
	if (strncmp(c->action, "Insert", 6) == 0 &&
	    (strcmp(c->action, "InsertStatusValue") == 0) != (c->column->c.type == COL_STATUS || c->column->c.type == COL_STATE))
		return reply_error(c->a, 400, "0x80040203", "InsertStatusValue is for status columns, and nothing else is.");
	c->def = &c->column->d;
	c->prefix = publisher_prefix(c->r, column);
	return true;
}

/* The options as they stand: the OptionSet of a column, or the choice itself. */
static bool
options_of(const struct change *c, struct json_value *list)
{
	struct json_value line = { .p = c->def->json, .n = c->def->n, .kind = JSON_OBJECT }, set = line;

	if (c->column != NULL && !json_member(&line, "OptionSet", &set))
		return false;
	return json_member(&set, "Options", list) && list->kind == JSON_ARRAY;
}

static void
read_values(const struct json_value *list, struct choices *c)
{
	struct json_iter it = json_iter(list);
	struct json_value v, value;

	while (json_next(&it, NULL, &v) && c->n < sizeof(c->value) / sizeof(c->value[0]))
		if (json_member(&v, "Value", &value) && json_int(&value, &c->value[c->n]))
			c->n++;
}

static bool
insert(struct change *c, const struct json_value *list, struct buf *b)
{
	struct choices *values = arena_get(c->r->arena, sizeof(*values));
	bool status = strcmp(c->action, "InsertStatusValue") == 0;
	struct json_value v;
	long state = 0;

	if (!check_label(c->a, c->body, "Label", true))
		return false;
	read_values(list, values);
	if (!json_member(c->body, "Value", &v) || v.kind == JSON_NULL)
		c->value = free_value(values, c->prefix);
	else if (!json_int(&v, &c->value) || c->value < 0 || c->value > 2147483647)
		return reply_error(c->a, 400, "0x80040203", "The value of an option must be an integer from 0 to 2147483647.");
	if (has_value(values, c->value))
		return reply_error(c->a, 400, "0x80040203", "The option value %lld exists already.", (long long)c->value);
	if (status && !check_integer(c->a, c->body, "StateCode", 0, 100, true, &state))
		return false;
	buf_add(b, list->p, list->n - 1);
	buf_printf(b, "%s{\"Value\":%lld", values->n > 0 ? "," : "", (long long)c->value);
	if (status)
		buf_printf(b, ",\"State\":%ld", state);
	put_label(b, c->body, "Label");
	buf_str(b, "}]");
	return true;
}

/* One option with its new label, if the body has one. */
static void
put_relabelled(struct buf *b, const struct json_value *option, const struct json_value *body)
{
	struct json_iter it = json_iter(option);
	struct json_value key, v, given;
	bool first = true;

	buf_char(b, '{');
	while (json_next(&it, &key, &v)) {
		if ((json_is(&key, "Label") && json_member(body, "Label", &given)) ||
		    (json_is(&key, "Description") && json_member(body, "Description", &given)))
			continue;
		if (!first)
			buf_char(b, ',');
		first = false;
		buf_json_string(b, key.p, key.n);
		buf_char(b, ':');
		json_put(b, &v);
	}
	put_label(b, body, "Label");
	put_label(b, body, "Description");
	buf_char(b, '}');
}

static bool
update(struct change *c, const struct json_value *list, struct buf *b)
{
	struct json_iter it = json_iter(list);
	struct json_value v, value;
	int64_t i;
	bool found = false, first = true;
	long wanted = -1;

	if (!check_integer(c->a, c->body, "Value", 0, 2147483647, true, &wanted) || !check_label(c->a, c->body, "Label", true))
		return false;
	buf_char(b, '[');
	while (json_next(&it, NULL, &v)) {
		if (!first)
			buf_char(b, ',');
		first = false;
		if (json_member(&v, "Value", &value) && json_int(&value, &i) && i == wanted) {
			put_relabelled(b, &v, c->body);
			found = true;
		} else {
			json_put(b, &v);
		}
	}
	buf_char(b, ']');
	return found || reply_error(c->a, 400, "0x80040203", "There is no option with value %ld.", wanted);
}

static const char *
option_text(const struct json_value *list, int64_t wanted, size_t *n)
{
	struct json_iter it = json_iter(list);
	struct json_value v, value;
	int64_t i;

	while (json_next(&it, NULL, &v))
		if (json_member(&v, "Value", &value) && json_int(&value, &i) && i == wanted) {
			*n = v.n;
			return v.p;
		}
	return NULL;
}

static bool
reorder(struct change *c, const struct json_value *list, struct buf *b)
{
	struct choices *old = arena_get(c->r->arena, sizeof(*old)), *now = arena_get(c->r->arena, sizeof(*now));
	struct json_value values, v;
	struct json_iter it;
	const char *text;
	int64_t i;
	size_t n = 0;

	read_values(list, old);
	if (!json_member(c->body, "Values", &values) || values.kind != JSON_ARRAY)
		return reply_error(c->a, 400, "0x80040203", "Required field 'Values' is missing.");
	buf_char(b, '[');
	for (it = json_iter(&values); json_next(&it, NULL, &v);) {
		if (!json_int(&v, &i) || !has_value(old, i) || has_value(now, i))
			return reply_error(c->a, 400, "0x80040203", "Values must name every option once.");
		text = option_text(list, i, &n);
		if (now->n > 0)
			buf_char(b, ',');
		buf_add(b, text, n);
		now->value[now->n++] = i;
	}
	buf_char(b, ']');
	return now->n == old->n || reply_error(c->a, 400, "0x80040203", "Values must name every option once.");
}

/* The definition's line with other options between the same bytes. */
static void
keep_options(const struct change *c, const struct json_value *old, const struct buf *options)
{
	struct buf line = { 0 };
	struct table **list;
	const struct column_def *d;
	size_t i, k, n;

	buf_add(&line, c->def->json, (size_t)(old->p - c->def->json));
	buf_add(&line, options->p, options->n);
	buf_add(&line, old->p + old->n, (size_t)(c->def->json + c->def->n - (old->p + old->n)));
	meta_keep(&line, c->def->kind, c->def->table, c->def->name, meta_visible_at());
	buf_free(&line);
	if (c->choice == NULL)
		return;
	for (n = schema_tables(&list), i = 0; i < n; i++)	/* the columns that use it take its new options */
		for (k = 0; k < list[i]->columns; k++) {
			d = (const struct column_def *)list[i]->column[k];
			if (d->choice == NULL || strcmp(d->choice, c->choice->name) != 0)
				continue;
			buf_add(&line, d->d.json, d->d.n);
			meta_keep(&line, DEF_COLUMN, d->d.table, d->d.name, meta_visible_at());
			buf_free(&line);
		}
}

void
write_option(struct request *r, struct reply *a, const char *action)
{
	struct json j = { 0 };
	struct json_value v, list;
	struct buf options = { 0 };
	struct change c = { .r = r, .a = a, .action = action, .body = &v };
	bool inserted = strncmp(action, "Insert", 6) == 0, good;

	if (!body_parse(r, a, action, &j, &v) || !check_solution(r, a, &v) || !find_definition(&c))
		goto done;
	if (!options_of(&c, &list)) {
		reply_error(a, 400, "0x80040203", "There are no options to change.");
		goto done;
	}
	good = inserted ? insert(&c, &list, &options) : strcmp(action, "OrderOption") == 0 ? reorder(&c, &list, &options) : update(&c, &list, &options);
	if (!good)
		goto done;
	keep_options(&c, &list, &options);
	if (inserted) {
		a->status = 200;
		buf_printf(&a->body, "{\"@odata.context\":\"%s$metadata#Microsoft.Dynamics.CRM.%sResponse\",\"NewOptionValue\":%lld}", r->root, action,
		    (long long)c.value);
	} else {
		meta_done(a);
	}
done:
	buf_free(&options);
	json_free(&j);
}
