/*
 * write - a row made or changed from a JSON body
 *
 * Source: reference sections 3.1-3.5, 9.1, 9.2.
 */
#include <stdlib.h>
#include <string.h>

#include "store.h"

bool
is_lookup(const struct column *c)
{
	return c->type == COL_LOOKUP || c->type == COL_CUSTOMER || c->type == COL_OWNER;
}

/* Shadows of other columns, party lists and virtual columns are in the metadata but no properties of a row. */
bool
is_property(const struct column *c, int64_t now)
{
	return c != NULL && c->visible_at <= now && c->attribute_of == NULL && c->type != COL_OTHER && c->type != COL_PARTYLIST;
}

const struct relation *
schema_single(const struct table *t, const char *name, int64_t now)
{
	size_t i;

	for (i = 0; i < t->relations; i++)
		if (t->relation[i]->visible_at <= now && strcmp(t->relation[i]->navigation, name) == 0)
			return t->relation[i];
	return NULL;
}

const struct relation *
schema_collection(const struct table *t, const char *name, int64_t now)
{
	size_t i;

	for (i = 0; i < t->collections; i++)
		if (t->collection[i]->visible_at <= now && strcmp(t->collection[i]->collection, name) == 0)
			return t->collection[i];
	return NULL;
}

const char *
relation_column(const struct relation *rel)
{
	const struct table *t = schema_table(rel->referencing);
	size_t i;

	if (rel->column[0] != '\0' || t == NULL)
		return rel->column;
	if (strcmp(rel->referencing, "activityparty") == 0)
		return "activityid";
	for (i = 0; i < t->relations; i++)
		if (strcmp(t->relation[i]->referenced, rel->referenced) == 0)
			return t->relation[i]->column;
	return "";
}

static bool
undeclared(struct write *w, const char *name)
{
	return reply_payload(w->a, w->table->set, "An undeclared property '%s' which only has property annotations in the payload "
	    "but no property value was found in the payload. In OData, only declared navigation properties and declared named "
	    "streams can be represented as properties without values.", name);
}

static bool
invalid_property(struct write *w, const char *name)
{
	return reply_error(w->a, 400, "0x0", "Invalid property '%s' was found in entity 'Microsoft.Dynamics.CRM.%s'. ---> "
	    "Microsoft.OData.ODataException: Does not support untyped value in non-open type.", name, w->table->name);
}

/* The relation of that navigation property that leads to this table. */
static const struct relation *
relation_to(const struct table *t, const char *navigation, const char *table)
{
	size_t i;

	for (i = 0; i < t->relations; i++)
		if (strcmp(t->relation[i]->navigation, navigation) == 0 && strcmp(t->relation[i]->referenced, table) == 0)
			return t->relation[i];
	return NULL;
}

static bool
owner_enabled(struct write *w, const struct target *target)
{
	if (!row_true(target->row, "isdisabled"))
		return true;
	return reply_error(w->a, 403, "0x80040225", "The specified user(Id = %s) is disabled. Consider enabling this user. "
	    "Additional Details: Microsoft.Crm.CrmException: Principal with id %s is disabled.", target->id, target->id);
}

/* A column of the key by which the row was found. */
static bool
found_by(const struct write *w, const char *column)
{
	size_t i;

	for (i = 0; w->old != NULL && w->key != NULL && i < w->key->columns; i++)
		if (strcmp(w->key->column[i], column) == 0)
			return true;
	return false;
}

bool
write_bind(struct write *w, const char *navigation, const struct json_value *v)
{
	const struct relation *rel = schema_single(w->table, navigation, w->r->now);
	const struct column *c;
	struct target target;

	/* Activities also know the short inherited form: regardingobjectid_account for regardingobjectid_account_task. */
	if (rel == NULL && w->table->activity) {
		navigation = arena_printf(w->r->arena, "%s_%s", navigation, w->table->name);
		rel = schema_single(w->table, navigation, w->r->now);
		if (rel == NULL)
			navigation = arena_dup(w->r->arena, navigation, strlen(navigation) - strlen(w->table->name) - 1);
	}
	if (rel == NULL)
		return undeclared(w, navigation);
	if (v->kind == JSON_NULL) {
		row_bind(w->r->arena, w->row, rel->column, NULL, NULL);
		return true;
	}
	if (v->kind != JSON_STRING)
		return reply_payload(w->a, w->table->set, "The value of '%s@odata.bind' must be the address of one row.", navigation);
	if (!target_bind(w->r, w->a, json_text(w->r->arena, v), &target))
		return false;
	if (relation_to(w->table, navigation, target.table->name) == NULL)
		return reply_payload(w->a, w->table->set, "A row of '%s' cannot be bound to the navigation property '%s'.",
		    target.table->set, navigation);
	c = schema_column(w->table, rel->column);
	if (c != NULL && c->type == COL_OWNER && !owner_enabled(w, &target))
		return false;
	if ((c != NULL && w->old != NULL && !c->update && !w->internal) || found_by(w, rel->column))
		return true;
	row_bind(w->r->arena, w->row, rel->column, target.table->name, target.id);
	return true;
}

/* Columns the platform keeps for itself, whatever a client sends. */
static bool
kept_by_platform(const char *name)
{
	static const char *const list[] = { "createdon", "modifiedon", "createdby", "modifiedby", "createdonbehalfby",
	    "modifiedonbehalfby", "versionnumber" };
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

/* true with *skip: sent in vain.  What is for create alone is passed over on update, as a replayed upsert needs it. */
static bool
may_write(struct write *w, const struct column *c, bool *skip)
{
	*skip = kept_by_platform(c->name) || strcmp(c->name, w->table->primary_id) == 0 || found_by(w, c->name);
	if (*skip || w->internal || c->type == COL_STATE)
		return true;
	if (w->old == NULL && c->create)
		return true;
	if (w->old != NULL && c->update && strcmp(c->name, "overriddencreatedon") != 0)
		return true;
	if (w->old != NULL && (c->create || c->update)) {
		*skip = true;
		return true;
	}
	return reply_error(w->a, 400, "0x80040203", "Attribute '%s' of entity '%s' is not valid for %s.", c->name, w->table->name,
	    w->old == NULL ? "create" : "update");
}

static bool
write_column(struct write *w, const struct column *c, const struct json_value *v)
{
	const char *json;
	bool skip;

	if (!may_write(w, c, &skip))
		return false;
	if (!value_check(w->r, w->a, w->table, c, v, &json))
		return false;
	if (skip)
		return true;
	if (strcmp(json, "null") == 0 && c->required && !w->internal)
		return reply_error(w->a, 400, "0x80040200", "Required attribute '%s' of entity '%s' cannot be set to null.",
		    c->name, w->table->name);
	if (c->type == COL_STATE || c->type == COL_STATUS) {
		if (strcmp(json, "null") == 0)
			return true;
		*(c->type == COL_STATE ? &w->state : &w->status) = strtol(json, NULL, 10);
		return true;
	}
	row_set(w->r->arena, w->row, c->name, json);
	return true;
}

/* "name@odata.bind" and other annotations, of the row ("@odata.type") or of a property. */
static bool
write_annotation(struct write *w, const char *name, const struct json_value *v)
{
	char *at = strchr(name, '@'), *property = arena_dup(w->r->arena, name, (size_t)(at - name)), *type;

	if (strcmp(at, "@odata.bind") == 0)
		return write_bind(w, property, v);
	if (property[0] != '\0')
		return is_property(schema_column(w->table, property), w->r->now) || schema_single(w->table, property, w->r->now) != NULL ||
		    property[0] == '_' || undeclared(w, property);
	if (strcmp(name, "@odata.type") != 0)
		return true;
	type = v->kind == JSON_STRING ? json_text(w->r->arena, v) : "";
	type += type[0] == '#';
	if (strncmp(type, "Microsoft.Dynamics.CRM.", 23) == 0 && strcmp(type + 23, w->table->name) == 0)
		return true;
	return reply_payload(w->a, w->table->set, "A type named '%s' could not be resolved by the model, or is not that of the "
	    "rows of '%s'.", type, w->table->set);
}

static bool
write_navigation(struct write *w, const struct relation *rel, const char *name, const struct json_value *v)
{
	if (v->kind == JSON_NULL || v->kind == JSON_OBJECT)
		return v->kind == JSON_NULL ? write_bind(w, name, v) : nested_single(w, rel, v);
	return reply_payload(w->a, w->table->set, "A 'PrimitiveValue' node with non-null value was found when trying to read the "
	    "value of a navigation property '%s'; however, a 'StartObject' node, or a 'PrimitiveValue' node with null value "
	    "was expected.", name);
}

static bool
write_member(struct write *w, const char *name, const struct json_value *v)
{
	const struct column *c = schema_column(w->table, name);
	const struct relation *rel;

	if (strchr(name, '@') != NULL)
		return write_annotation(w, name, v);
	if ((rel = schema_single(w->table, name, w->r->now)) != NULL)
		return write_navigation(w, rel, name, v);
	if ((rel = schema_collection(w->table, name, w->r->now)) != NULL)
		return nested_note(w, rel, v);
	if (name[0] == '_' || (is_property(c, w->r->now) && is_lookup(c)))
		return reply_payload(w->a, w->table->set, "CRM do not support direct update of Entity Reference properties, Use "
		    "Navigation properties instead. (%s)", name);
	if (!is_property(c, w->r->now))
		return invalid_property(w, name);
	return write_column(w, c, v);
}

static bool
write_members(struct write *w, const struct json_value *body)
{
	struct json_iter it = json_iter(body);
	struct json_value key, v;

	if (body->kind != JSON_OBJECT)
		return reply_payload(w->a, w->table->set, "A row must be a JSON object.");
	while (json_next(&it, &key, &v))
		if (!write_member(w, json_text(w->r->arena, &key), &v))
			return false;
	return true;
}

static bool
violation(struct write *w, enum stored outcome)
{
	const struct altkey *k = store_violated();
	const char *columns = "";
	struct buf b = { 0 };
	size_t i;

	if (outcome == STORED)
		return true;
	row_print(w->row, &b);
	w->r->duplicate = arena_dup(w->r->arena, b.p, b.n);
	buf_free(&b);
	if (outcome == STORED_DUPLICATE)
		return reply_error(w->a, 412, "0x80040237", w->bulk ? "Cannot insert duplicate key." :
		    "A record with matching key values already exists.");
	for (i = 0; i < k->columns; i++)
		columns = arena_printf(w->r->arena, "%s%s%s", columns, i > 0 ? "," : "", k->column[i]);
	return reply_error(w->a, 412, "0x80060892", "Entity Key %s violated. A record with the same value for %s already exists. "
	    "A duplicate record cannot be created. Select one or more unique values and try again.", k->schema, columns);
}

bool
write_store(struct write *w)
{
	if (!rules_fields(w))
		return false;
	if (!violation(w, w->old == NULL ? store_insert(w->r->arena, w->row) : store_update(w->r->arena, w->row)))
		return false;
	document_store(w);
	return nested_write(w) && rules_after(w);
}

struct write
write_internal(struct request *r, struct reply *a, const struct table *t, struct row *row, struct row *old)
{
	return (struct write){ .r = r, .a = a, .table = t, .row = row, .old = old, .internal = true, .state = -1, .status = -1 };
}

/* The primary key a body brings along. */
static bool
body_id(struct write *w, const struct json_value *body, char id[37])
{
	struct json_value v;

	if (!json_member(body, w->table->primary_id, &v) || v.kind == JSON_NULL) {
		guid_new(id);
		return true;
	}
	if (v.kind != JSON_STRING || !guid_ok(v.p, v.n))
		return reply_payload(w->a, w->table->set, "Cannot convert the literal '%.*s' to the expected type 'Edm.Guid'.", (int)v.n, v.p);
	memcpy(id, v.p, 36);
	id[36] = '\0';
	return true;
}

/* An upsert by key gives the new row the key's values; what the body says wins. */
static void
apply_key(struct write *w, const struct target *key)
{
	const struct column *c;
	char *id;
	size_t i;

	for (i = 0; key != NULL && key->key != NULL && i < key->key->columns; i++) {
		c = schema_column(w->table, key->key->column[i]);
		if (!is_lookup(c)) {
			row_set(w->r->arena, w->row, c->name, key->value[i]);
			continue;
		}
		id = arena_dup(w->r->arena, key->value[i] + 1, 36);
		row_bind(w->r->arena, w->row, c->name, c->targets > 0 ? c->target[0] : "account", id);
	}
}

bool
write_create(struct write *w, const struct json_value *body, const char *id, const struct target *key)
{
	char own[37];

	if (id == NULL && !body_id(w, body, own))
		return false;
	w->row = row_new(w->r->arena, w->table, id != NULL ? id : own);
	w->old = NULL;
	w->state = w->status = -1;
	w->nesteds = 0;
	row_set_text(w->r->arena, w->row, w->table->primary_id, w->row->id);
	if (w->parent_column != NULL)
		row_bind(w->r->arena, w->row, w->parent_column, w->parent_table, w->parent_id);
	apply_key(w, key);
	return write_members(w, body) && write_store(w);
}

bool
write_update(struct write *w, const struct json_value *body, struct row *old)
{
	w->old = old;
	w->row = row_copy(w->r->arena, old);
	w->state = w->status = -1;
	w->nesteds = 0;
	return write_members(w, body) && write_store(w);
}
