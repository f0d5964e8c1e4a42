/*
 * bulk - CreateMultiple, UpdateMultiple, UpsertMultiple: all rows or none
 *
 * Source: reference section 5.
 */
#include <string.h>

#include "store.h"

/* Tables of the stock that lack the messages; custom standard tables have all three. */
bool
bulk_listed(const struct table *t, const char *message)
{
	static const char *const none[] = { "email", "annotation", "appointment", "task", "phonecall", "opportunityproduct", "activityparty",
	    "activitypointer", "activitymimeattachment", "opportunitysalesprocess", "leadtoopportunitysalesprocess", "systemuser", "team",
	    "businessunit", "organization", "role", "workflow", "processstage", "queue", "transactioncurrency" };
	static const char *const create_only[] = { "opportunityclose" };
	static const char *const multiple[] = { "CreateMultiple", "UpdateMultiple", "UpsertMultiple" };
	size_t i;

	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (strcmp(t->name, none[i]) == 0)
			return false;
	for (i = 0; i < sizeof(create_only) / sizeof(create_only[0]); i++)
		if (strcmp(t->name, create_only[i]) == 0)
			return strcmp(message, "CreateMultiple") == 0;
	for (i = 0; i < 3; i++)
		if (strcmp(message, multiple[i]) == 0)
			return true;
	return false;
}

static bool
typed(struct write *w, const struct json_value *target)
{
	struct json_value v;

	if (target->kind != JSON_OBJECT || !json_member(target, "@odata.type", &v) || v.kind != JSON_STRING)
		return reply_payload(w->a, w->table->set, "A resource without a type name was found, but no expected type was specified. "
		    "To allow entries without type information, the expected type must also be specified when the model is specified: "
		    "every target needs \"@odata.type\":\"Microsoft.Dynamics.CRM.%s\".", w->table->name);
	return true;
}

/* The row a target names: by its primary key, or by "@odata.id". false: answered. */
static bool
bulk_target(struct write *w, const struct json_value *v, struct target *target)
{
	struct json_value id;
	struct segment *seg;
	char *text;

	if (json_member(v, w->table->primary_id, &id) && id.kind == JSON_STRING && guid_ok(id.p, id.n))
		return target_find(w->r, w->a, w->table, arena_dup(w->r->arena, id.p, id.n), target);
	if (!json_member(v, "@odata.id", &id) || id.kind != JSON_STRING)
		return reply_error(w->a, 400, "0x80040203", "A target needs its primary key '%s' or an \"@odata.id\".", w->table->primary_id);
	text = json_text(w->r->arena, &id);
	if (strstr(text, API_ROOT) != NULL)
		text = strstr(text, API_ROOT) + strlen(API_ROOT);
	text += *text == '/';
	if (path_split(w->r, text, &seg) != 1 || seg[0].key == NULL || strcmp(seg[0].name, w->table->set) != 0)
		return reply_error(w->a, 400, "0x80048d19", "The URI '%s' is not valid for a row of '%s'.", text, w->table->set);
	return target_find(w->r, w->a, w->table, seg[0].key, target);
}

/* A key in the address and in the body too makes the create path fail. */
static bool
key_twice(struct write *w, const struct target *target, const struct json_value *v)
{
	struct json_value found;
	size_t i;

	for (i = 0; target->key != NULL && i < target->key->columns; i++)
		if (json_member(v, target->key->column[i], &found))
			return !reply_error(w->a, 400, "0x80040203", "The key column '%s' is given in the address and in the body.",
			    target->key->column[i]);
	return false;
}

static bool
bulk_row(struct write *w, const char *message, const struct json_value *v)
{
	struct target target;

	if (!typed(w, v))
		return false;
	if (strcmp(message, "CreateMultiple") == 0)
		return write_create(w, v, NULL, NULL);
	if (!bulk_target(w, v, &target))
		return false;
	w->key = target.key;
	if (target.row != NULL)
		return write_update(w, v, target.row);
	if (strcmp(message, "UpdateMultiple") == 0)
		return target_missing(w->a, &target);
	return !key_twice(w, &target, v) && write_create(w, v, target.key != NULL ? NULL : target.id, &target);
}

static void
bulk_rows(struct request *r, struct reply *a, const struct table *t, const char *message, const struct json_value *list)
{
	struct write w = { .r = r, .a = a, .table = t, .bulk = true };
	struct json_iter it = json_iter(list);
	struct json_value v;
	struct buf ids = { 0 };
	bool ok = true;

	while (ok && json_next(&it, NULL, &v)) {
		if ((ok = bulk_row(&w, message, &v)))
			buf_printf(&ids, "%s\"%s\"", ids.n > 0 ? "," : "", w.row->id);
	}
	if (ok && strcmp(message, "CreateMultiple") == 0) {
		a->status = 200;
		buf_printf(&a->body, "{\"@odata.context\":\"%s$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse\",\"Ids\":[", r->root);
		buf_add(&a->body, ids.p, ids.n);
		buf_str(&a->body, "]}");
	} else if (ok) {
		a->status = 204;
	}
	buf_free(&ids);
}

void
bulk_run(struct request *r, struct reply *a, const struct table *t, const char *message)
{
	struct json j = { 0 };
	struct json_value v, list;

	if (strcmp(message, "DeleteMultiple") == 0) {
		reply_error(a, 400, "0x80040203", "DeleteMultiple has not yet been implemented.");
		return;
	}
	if (!bulk_listed(t, message)) {
		reply_error(a, 404, "0x80060888", "Resource not found for the segment 'Microsoft.Dynamics.CRM.%s'.", message);
		return;
	}
	if (body_parse(r, a, t->set, &j, &v)) {
		if (!json_member(&v, "Targets", &list) || list.kind != JSON_ARRAY)
			reply_error(a, 400, "0x80040203", "The parameter 'Targets' is missing.");
		else
			bulk_rows(r, a, t, message, &list);
	}
	json_free(&j);
}
