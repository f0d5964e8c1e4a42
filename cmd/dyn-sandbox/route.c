/*
 * route - from a path to what handles it
 */
#include <stdlib.h>
#include <string.h>

#include "store.h"

static void
no_resource(struct reply *a, const char *segment)
{
	reply_error(a, 404, "0x80060888", "Resource not found for the segment '%s'.", segment);
}

static void
no_method(struct request *r, struct reply *a)
{
	reply_error(a, 405, "0x80060888", "The requested resource does not support http method '%s'.", r->method);
}

static void
collection(struct request *r, struct reply *a, const struct table *t)
{
	if (strcmp(r->method, "GET") == 0)
		read_collection(r, a, t, NULL);
	else if (strcmp(r->method, "POST") == 0)
		crud_post(r, a, t);
	else
		no_method(r, a);
}

static void
row(struct request *r, struct reply *a, const struct table *t, const char *key)
{
	if (strcmp(r->method, "GET") == 0)
		crud_get(r, a, t, key);
	else if (strcmp(r->method, "PATCH") == 0)
		crud_patch(r, a, t, key);
	else if (strcmp(r->method, "DELETE") == 0)
		crud_delete(r, a, t, key);
	else
		no_method(r, a);
}

static void
table_path(struct request *r, struct reply *a, const struct table *t, struct segment *seg, size_t n)
{
	static const char prefix[] = "Microsoft.Dynamics.CRM.";

	if (n == 1 && seg[0].key == NULL)
		collection(r, a, t);
	else if (n == 1)
		row(r, a, t, seg[0].key);
	else if (n == 2 && seg[0].key == NULL && strcmp(seg[1].name, "$count") == 0 && strcmp(r->method, "GET") == 0)
		read_count(r, a, t);
	else if (n == 2 && seg[0].key == NULL && strncmp(seg[1].name, prefix, sizeof(prefix) - 1) == 0 && strcmp(r->method, "POST") == 0)
		bulk_run(r, a, t, seg[1].name + sizeof(prefix) - 1);
	else if (n >= 2 && seg[0].key != NULL)
		crud_property(r, a, t, seg, n);
	else
		no_resource(a, seg[n - 1].name);
}

/* Rows are made in another user's name: he must be there, under his Entra object id or his systemuserid. */
static bool
impersonate(struct request *r, struct reply *a)
{
	const char *object = request_header(r, "CallerObjectId"), *id = request_header(r, "MSCRMCallerID");
	const struct table *t = schema_table("systemuser");
	struct row *user;
	char *found;

	if ((object == NULL && id == NULL) || t == NULL)
		return true;
	if (object != NULL) {
		found = arena_str(r->arena, object);
		guid_lower(found);
		id = store_find(r->arena, t->name, "azureactivedirectoryobjectid", found, t->primary_id, &found) ? found : "";
	}
	user = guid_ok(id, strlen(id)) ? store_get(r->arena, t, id) : NULL;
	if (user == NULL)
		return reply_error(a, 403, "0x80072560", "The user is not a member of the organization.");
	if (row_true(user, "isdisabled"))
		return reply_error(a, 403, "0x80040225", "The specified user(Id = %s) is disabled. Consider enabling this user.", user->id);
	memcpy(r->agent, r->user, sizeof(r->agent));
	memcpy(r->user, user->id, sizeof(user->id));
	return true;
}

static void
dispatch(struct request *r, struct reply *a)
{
	struct segment *seg;
	const struct table *t;
	size_t n;

	if (meta_handle(r, a))
		return;
	if (r->path[0] == '\0') {
		a->status = 200;
		buf_printf(&a->body, "{\"@odata.context\":\"%s$metadata\",\"value\":[]}", r->root);
		return;
	}
	if ((n = path_split(r, r->path, &seg)) == 0) {
		reply_error(a, 400, "0x80060888", "Bad Request - Error in query syntax.");
		return;
	}
	if (action_run(r, a, seg, n))
		return;
	t = schema_set(seg[0].name);
	if (t != NULL && t->visible_at <= r->now)
		table_path(r, a, t, seg, n);
	else if (strcmp(seg[0].name, "WhoAmI") == 0)
		reply_error(a, 404, "", "No HTTP resource was found that matches the request URI '%s%s'.", r->root, r->path);
	else
		no_resource(a, seg[0].name);
}

/* A body must say that it is JSON. */
static bool
media_type(struct request *r, struct reply *a)
{
	const char *type = request_header(r, "Content-Type");

	if (r->n == 0 || (type != NULL && strncmp(type, "application/json", 16) == 0))
		return true;
	return reply_error(a, 415, "0x80060888", "The content type of the request is not supported: the body must be application/json.");
}

/* With odata.include-annotations="*" an error says more. */
static void
annotate_error(const struct request *r, struct reply *a)
{
	const char *wanted = request_prefer(r, "odata.include-annotations");
	struct json j = { 0 };
	struct json_value v, error, code, message;

	json_pad(&a->body);
	if (wanted != NULL && strcmp(wanted, "*") == 0 && a->type == NULL && json_parse_any(&j, a->body.p, a->body.n, &v) &&
	    json_member(&v, "error", &error) && json_member(&error, "code", &code) && json_member(&error, "message", &message)) {
		code.p = json_text(r->arena, &code);
		code.n = strlen(code.p);
		message.p = arena_dup(r->arena, message.p, message.n);
		a->body.n -= 2;
		if (r->duplicate != NULL) {
			buf_str(&a->body, ",\"@Microsoft.PowerApps.CDS.ErrorDetails.DuplicateEntity\":");
			buf_json_str(&a->body, r->duplicate);
		}
		buf_printf(&a->body, ",\"@Microsoft.PowerApps.CDS.HelpLink\":\"http://go.microsoft.com/fwlink/?LinkID=398563&error="
		    "Microsoft.Crm.CrmException%%3a%s&client=platform\",\"@Microsoft.PowerApps.CDS.TraceText\":\"\","
		    "\"@Microsoft.PowerApps.CDS.InnerError.Message\":\"", strncmp(code.p, "0x", 2) == 0 ? code.p + 2 : code.p);
		buf_add(&a->body, message.p, message.n);
		buf_str(&a->body, "\"}}");
	}
	json_free(&j);
}

void
route(struct request *r, struct reply *a)
{
	if (r->path == NULL) {
		reply_error(a, 404, "", "No HTTP resource was found that matches the request URI '%s'.", r->url);
		return;
	}
	if (!media_type(r, a))
		return;
	store_exec("SAVEPOINT operation");
	if (impersonate(r, a))
		dispatch(r, a);
	if (a->status == 0)
		reply_error(a, 500, "0x80040216", "An unexpected error occurred.");
	if (a->status >= 400) {
		store_exec("ROLLBACK TO operation");
		annotate_error(r, a);
	}
	store_exec("RELEASE operation");
}
