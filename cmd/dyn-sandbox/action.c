/*
 * action - functions and actions: WhoAmI, counts, closing, qualifying, the probe of messages
 *
 * Source: reference sections 2 (WhoAmI), 5 (probe), 9.4 (closing), 9.6 (QualifyLead), 10 (counts).
 */
#include <stdlib.h>
#include <string.h>

#include "store.h"

static void
who_am_i(struct request *r, struct reply *a)
{
	const struct table *t = schema_table("systemuser");
	struct row *user = t != NULL ? store_get(r->arena, t, r->user) : NULL;
	char *unit = user != NULL ? row_lookup(r->arena, user, "businessunitid") : NULL;

	a->status = 200;
	buf_printf(&a->body, "{\"@odata.context\":\"%s$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse\",\"BusinessUnitId\":\"%s\","
	    "\"UserId\":\"%s\",\"OrganizationId\":\"%s\"}", r->root, unit != NULL ? unit : "00000000-0000-0000-0000-000000000000", r->user,
	    sandbox_organization);
}

/* The counts of the last nightly snapshot: those of the program's start. */
static void
total_counts(struct request *r, struct reply *a, const char *parameter)
{
	const char *text = parameter != NULL && strncmp(parameter, "EntityNames=", 12) == 0 ? parameter + 12 : "";
	struct json j = { 0 };
	struct json_value list, v;
	struct json_iter it;
	struct buf in = { 0 }, keys = { 0 }, values = { 0 };
	char *name, *count;
	long n = 0;

	if (*text == '@')
		text = request_query(r, text);
	buf_str(&in, text != NULL ? text : "");
	json_pad(&in);
	if (!json_parse_any(&j, in.p, in.n, &list) || list.kind != JSON_ARRAY)
		reply_error(a, 400, "0x80060888", "The parameter 'EntityNames' must be a list of logical names.");
	for (it = json_iter(&list); a->status == 0 && json_next(&it, NULL, &v); n++) {
		name = v.kind == JSON_STRING ? json_text(r->arena, &v) : "";
		if (schema_table(name) == NULL) {
			reply_error(a, 404, "0x80060888", "The entity with a name = '%s' was not found in the metadata.", name);
			break;
		}
		count = store_setting(r->arena, arena_printf(r->arena, "count:%s", name));
		buf_printf(&keys, "%s\"%s\"", n > 0 ? "," : "", name);
		buf_printf(&values, "%s%s", n > 0 ? "," : "", count != NULL ? count : "0");
	}
	if (a->status == 0) {
		a->status = 200;
		buf_nul(&keys);
		buf_nul(&values);
		buf_printf(&a->body, "{\"@odata.context\":\"%s$metadata#Microsoft.Dynamics.CRM.RetrieveTotalRecordCountResponse\","
		    "\"EntityRecordCountCollection\":{\"Count\":%ld,\"IsReadOnly\":false,\"Keys\":[%s],\"Values\":[%s]}}", r->root, n,
		    keys.p, values.p);
	}
	json_free(&j);
	buf_free(&in);
	buf_free(&keys);
	buf_free(&values);
}

/* The text a comparison in $filter wants: behind "name eq", a literal or an alias. */
static const char *
compared_with(struct request *r, const char *filter, const char *name)
{
	const char *p = strstr(filter, name), *e;

	if (p == NULL || strncmp(p += strlen(name), " eq ", 4) != 0)
		return NULL;
	p += 4;
	if (*p == '@' && (p = request_query(r, arena_dup(r->arena, p, strcspn(p, " )")))) == NULL)
		return NULL;
	if (*p != '\'' || (e = strchr(p + 1, '\'')) == NULL)
		return NULL;
	return arena_dup(r->arena, p + 1, (size_t)(e - p - 1));
}

static void
message_probe(struct request *r, struct reply *a)
{
	const char *filter = request_query(r, "$filter"), *message = NULL, *name = NULL;
	const struct table *t;

	if (filter != NULL) {
		message = compared_with(r, filter, "sdkmessageid/name");
		name = compared_with(r, filter, "primaryobjecttypecode");
	}
	if (message == NULL || name == NULL) {
		reply_error(a, 400, "0x80060888", "The stand-in answers for sdkmessagefilters only $filter=sdkmessageid/name eq '..' and "
		    "primaryobjecttypecode eq '..'.");
		return;
	}
	t = schema_table(name);
	a->status = 200;
	buf_printf(&a->body, "{\"@odata.context\":\"%s$metadata#sdkmessagefilters(sdkmessagefilterid)\",\"value\":[", r->root);
	if (t != NULL && bulk_listed(t, message))
		buf_str(&a->body, "{\"@odata.etag\":\"W/\\\"1000\\\"\",\"sdkmessagefilterid\":\"5f0e4a5c-0000-4000-8000-000000000001\"}");
	buf_str(&a->body, "]}");
}

/* A date as the column of the opportunity keeps it. */
static void
copy_date(struct write *w, const char *column, const char *text)
{
	const struct column *c = schema_column(w->table, column);

	if (c != NULL && text != NULL)
		row_set_text(w->r->arena, w->row, column, c->date_behavior ? arena_dup(w->r->arena, text, 10) : text);
}

/* The opportunity follows its close activity: state, status, date and value. */
static bool
close_opportunity(struct request *r, struct reply *a, struct row *activity, struct row *opportunity, long state, long status)
{
	struct write w = write_internal(r, a, opportunity->table, row_copy(r->arena, opportunity), opportunity);
	const char *revenue = row_get(activity, "actualrevenue");
	char *end = row_text(r->arena, activity, "actualend"), now[21];

	value_now(now);
	w.state = state;
	w.status = status;
	copy_date(&w, "actualclosedate", end != NULL ? end : now);
	if (revenue == NULL && state == 1)
		revenue = row_get(opportunity, "estimatedvalue");
	row_set(r->arena, w.row, "actualvalue", revenue != NULL ? revenue : "0.00");
	return write_store(&w);
}

static bool
complete_activity(struct request *r, struct reply *a, struct row *activity)
{
	struct write w = write_internal(r, a, activity->table, row_copy(r->arena, activity), activity);

	w.state = 1;
	return write_store(&w);
}

static bool
close_with(struct request *r, struct reply *a, const struct json_value *body, long state)
{
	const struct table *t = schema_table("opportunityclose"), *ot = schema_table("opportunity");
	struct write w = { .r = r, .a = a, .table = t };
	struct json_value status, close;
	struct row *opportunity;
	int64_t n;
	char *id;

	if (t == NULL || ot == NULL)
		return reply_error(a, 404, "0x80060888", "Resource not found for the segment 'opportunitycloses'.");
	if (!json_member(body, "Status", &status) || !json_member(body, "OpportunityClose", &close) || close.kind != JSON_OBJECT ||
	    status.kind != JSON_NUMBER || !json_int(&status, &n))
		return reply_error(a, 400, "0x80040203", "The parameters 'Status' and 'OpportunityClose' are required and cannot be null.");
	if (!write_create(&w, &close, NULL, NULL))
		return false;
	if ((id = row_lookup(r->arena, w.row, "opportunityid")) == NULL || (opportunity = store_get(r->arena, ot, id)) == NULL)
		return reply_error(a, 400, "0x80040203", "The opportunity close activity must name its opportunity.");
	if (row_int(opportunity, "statecode", 0) != 0)
		return reply_error(a, 400, "0x80040515", "The opportunity has already been closed.");
	return close_opportunity(r, a, w.row, opportunity, state, n < 0 ? -1 : (long)n) && complete_activity(r, a, w.row);
}

static void
close_action(struct request *r, struct reply *a, long state)
{
	struct json j = { 0 };
	struct json_value v;

	if (body_parse(r, a, "opportunities", &j, &v) && close_with(r, a, &v, state))
		a->status = 204;
	json_free(&j);
}

static bool
asked(const struct json_value *body, const char *name)
{
	struct json_value v;

	return json_member(body, name, &v) && v.kind == JSON_TRUE;
}

/* What a qualified lead becomes: the columns of the same name, and the lead as its origin. */
static bool
qualify_into(struct request *r, struct reply *a, struct row *lead, const char *table, struct buf *out)
{
	const struct table *t = schema_table(table);
	struct write w;
	char id[37];
	size_t i;
	const struct column *c;

	if (t == NULL)
		return reply_error(a, 404, "0x80060888", "Resource not found for the segment '%s'.", table);
	guid_new(id);
	w = write_internal(r, a, t, row_new(r->arena, t, id), NULL);
	for (i = 0; i < lead->n; i++) {
		c = schema_column(t, lead->cell[i].name);
		if (c != NULL && c->create && c->type != COL_STATE && c->type != COL_STATUS && c->type != COL_GUID && !c->custom)
			row_set(r->arena, w.row, c->name, lead->cell[i].json);
	}
	row_set(r->arena, w.row, "name", row_get(lead, strcmp(table, "account") == 0 ? "companyname" : "subject"));
	if (strcmp(table, "contact") == 0)
		row_set(r->arena, w.row, "name", NULL);
	row_set_text(r->arena, w.row, t->primary_id, id);
	row_bind(r->arena, w.row, "originatingleadid", "lead", lead->id);
	row_bind(r->arena, w.row, "ownerid", row_lookup_table(r->arena, lead, "ownerid"), row_lookup(r->arena, lead, "ownerid"));
	if (!write_store(&w))
		return false;
	buf_printf(out, "%s{\"@odata.type\":\"#Microsoft.Dynamics.CRM.%s\",\"%s\":\"%s\"}", out->n > 0 ? "," : "", table, t->primary_id, id);
	return true;
}

static bool
qualify(struct request *r, struct reply *a, struct row *lead, const struct json_value *body, struct buf *out)
{
	static const char *const made[][2] = { { "CreateAccount", "account" }, { "CreateContact", "contact" }, { "CreateOpportunity", "opportunity" } };
	struct write w = write_internal(r, a, lead->table, row_copy(r->arena, lead), lead);
	struct json_value v;
	int64_t status;
	size_t i;

	if (row_int(lead, "statecode", 0) != 0)
		return reply_error(a, 400, "0x80040203", "The lead is already closed.");
	if (!json_member(body, "Status", &v) || v.kind != JSON_NUMBER || !json_int(&v, &status))
		return reply_error(a, 400, "0x80040203", "The parameter 'Status' is required.");
	for (i = 0; i < 3; i++)
		if (asked(body, made[i][0]) && !qualify_into(r, a, lead, made[i][1], out))
			return false;
	w.state = 1;
	w.status = status < 0 ? -1 : (long)status;
	return write_store(&w);
}

static void
qualify_lead(struct request *r, struct reply *a, const char *key)
{
	struct target target;
	struct buf made = { 0 };
	struct json j = { 0 };
	struct json_value v;

	if (!target_find(r, a, schema_table("lead"), key, &target))
		return;
	if (target.row == NULL) {
		target_missing(a, &target);
		return;
	}
	if (body_parse(r, a, "leads", &j, &v) && qualify(r, a, target.row, &v, &made)) {
		a->status = 200;
		buf_printf(&a->body, "{\"@odata.context\":\"%s$metadata#Collection(Microsoft.Dynamics.CRM.crmbaseentity)\",\"value\":[", r->root);
		buf_add(&a->body, made.p, made.n);
		buf_str(&a->body, "]}");
	}
	json_free(&j);
	buf_free(&made);
}

bool
action_run(struct request *r, struct reply *a, const struct segment *seg, size_t n)
{
	bool post = strcmp(r->method, "POST") == 0, get = strcmp(r->method, "GET") == 0;

	if (n == 1 && get && (strcmp(seg[0].name, "WhoAmI") == 0 || strcmp(seg[0].name, "WhoAmI()") == 0))
		who_am_i(r, a);
	else if (n == 1 && get && strcmp(seg[0].name, "RetrieveTotalRecordCount") == 0)
		total_counts(r, a, seg[0].key);
	else if (n == 1 && get && strcmp(seg[0].name, "sdkmessagefilters") == 0)
		message_probe(r, a);
	else if (n == 1 && post && seg[0].key == NULL && strcmp(seg[0].name, "WinOpportunity") == 0)
		close_action(r, a, 1);
	else if (n == 1 && post && seg[0].key == NULL && strcmp(seg[0].name, "LoseOpportunity") == 0)
		close_action(r, a, 2);
	else if (n == 2 && post && seg[0].key != NULL && strcmp(seg[0].name, "leads") == 0 &&
	    strcmp(seg[1].name, "Microsoft.Dynamics.CRM.QualifyLead") == 0 && schema_table("lead") != NULL)
		qualify_lead(r, a, seg[0].key);
	else
		return n == 1 && post && blocks_run(r, a, seg[0].name);
	return true;
}
