/*
 * crud - single rows: POST, PATCH, DELETE, GET, single columns and references
 *
 * Source: reference section 3.1, the table of verbs and outcomes.
 */
#include <stdio.h>
#include <string.h>

#include "store.h"
#include "batch.h"

bool
body_parse(struct request *r, struct reply *a, const char *set, struct json *j, struct json_value *v)
{
	if (json_parse_any(j, r->body, r->n, v))
		return true;
	return reply_payload(a, set, "The request body is no valid JSON: %s at byte %zu.", j->detail, j->offset);
}

static bool
wants_row(const struct request *r)
{
	const char *p = request_prefer(r, "return");

	return p != NULL && strcmp(p, "representation") == 0;
}

/* status: what a representation is answered with; without one it is 204. */
static void
answer_written(struct request *r, struct reply *a, const struct table *t, const struct row *row, const char *url, int status)
{
	struct row *fresh;

	batch_made(r, arena_printf(r->arena, "%s(%s)", t->set, row->id));
	if (wants_row(r)) {
		if ((fresh = store_get(r->arena, t, row->id)) == NULL)
			return;
		read_row(r, a, fresh, status);
		reply_header(a, "Preference-Applied", "return=representation");
		return;
	}
	a->status = 204;
	if (url == NULL)
		url = arena_printf(r->arena, "%s(%s)", t->set, row->id);
	reply_header(a, "OData-EntityId", "%s%s", r->root, url);
	if (r->batch != NULL && strcmp(r->method, "POST") == 0)
		reply_header(a, "Location", "%s%s", r->root, url);
}

static struct write
write_begin(struct request *r, struct reply *a, const struct table *t)
{
	return (struct write){ .r = r, .a = a, .table = t, .state = -1, .status = -1 };
}

void
crud_post(struct request *r, struct reply *a, const struct table *t)
{
	struct write w = write_begin(r, a, t);
	struct json j = { 0 };
	struct json_value v;

	if (body_parse(r, a, t->set, &j, &v) && write_create(&w, &v, NULL, NULL))
		answer_written(r, a, t, w.row, NULL, 201);
	json_free(&j);
}

/* The four letters null are a cache override in Microsoft's samples and no condition. */
static const char *
condition(const struct request *r, const char *name)
{
	const char *v = request_header(r, name);

	return v != NULL && strcmp(v, "null") != 0 && v[0] != '\0' ? v : NULL;
}

static bool
version_matches(const struct row *row, const char *etag)
{
	char own[40];

	snprintf(own, sizeof(own), "W/\"%lld\"", (long long)row->version);
	return strcmp(etag, "*") == 0 || strcmp(etag, own) == 0 || strcmp(etag, own + 2) == 0;
}

static bool
conditions_hold(struct request *r, struct reply *a, const struct target *target, bool must_exist)
{
	const char *match = condition(r, "If-Match"), *none = condition(r, "If-None-Match");

	if (target->row == NULL)
		return (match == NULL && !must_exist) || target_missing(a, target);
	if (none != NULL && strcmp(none, "*") == 0 && !must_exist)
		return reply_error(a, 412, "0x80040237", "A record with matching key values already exists.");
	if (match != NULL && !version_matches(target->row, match))
		return reply_error(a, 412, "0x80060882", "The version of the existing record doesn't match the RowVersion property provided.");
	return true;
}

void
crud_patch(struct request *r, struct reply *a, const struct table *t, const char *key)
{
	struct write w = write_begin(r, a, t);
	struct target target;
	struct json j = { 0 };
	struct json_value v;
	bool ok;

	if (!target_find(r, a, t, key, &target) || !conditions_hold(r, a, &target, false))
		return;
	if (body_parse(r, a, t->set, &j, &v)) {
		w.key = target.key;
		if (target.row != NULL)
			ok = write_update(&w, &v, target.row);
		else
			ok = write_create(&w, &v, target.key != NULL ? NULL : target.id, &target);
		if (ok)
			answer_written(r, a, t, w.row, target.key != NULL ? target.url : NULL, target.row != NULL ? 200 : 201);
	}
	json_free(&j);
}

void
crud_delete(struct request *r, struct reply *a, const struct table *t, const char *key)
{
	struct target target;

	if (!target_find(r, a, t, key, &target) || !conditions_hold(r, a, &target, true))
		return;
	if (write_delete(r, a, target.row))
		a->status = 204;
}

void
crud_get(struct request *r, struct reply *a, const struct table *t, const char *key)
{
	const char *none = condition(r, "If-None-Match");
	struct target target;

	if (!target_find(r, a, t, key, &target))
		return;
	if (target.row == NULL) {
		target_missing(a, &target);
		return;
	}
	if (none != NULL && version_matches(target.row, none)) {
		a->status = 304;
		return;
	}
	read_row(r, a, target.row, 200);
}

/* A change of one member, written as a PATCH of {name: text} would be. */
static void
change(struct request *r, struct reply *a, struct row *row, const char *name, const char *text)
{
	struct write w = write_begin(r, a, row->table);
	struct json j = { 0 };
	struct json_value v;
	struct buf b = { 0 };

	buf_char(&b, '{');
	buf_json_str(&b, name);
	buf_printf(&b, ":%s}", text);
	json_pad(&b);
	if (!json_parse_any(&j, b.p, b.n, &v))
		reply_payload(a, row->table->set, "The value of '%s' is no valid JSON: %s.", name, j.detail);
	else if (write_update(&w, &v, row))
		a->status = 204;
	json_free(&j);
	buf_free(&b);
}

/* PUT {"value":x} */
static void
put_property(struct request *r, struct reply *a, struct row *row, const char *name)
{
	struct json j = { 0 };
	struct json_value v, value;
	const char *p;
	size_t n;

	if (body_parse(r, a, row->table->set, &j, &v)) {
		if (!json_member(&v, "value", &value)) {
			reply_payload(a, row->table->set, "A single property is set with {\"value\":...}.");
		} else {
			json_raw(&value, &p, &n);
			change(r, a, row, name, arena_dup(r->arena, p, n));
		}
	}
	json_free(&j);
}

static void
get_property(struct request *r, struct reply *a, struct row *row, const struct column *c)
{
	const char *json = row_get(row, is_lookup(c) ? arena_printf(r->arena, "_%s_value", c->name) : c->name);

	if (json == NULL) {
		a->status = 204;
		return;
	}
	a->status = 200;
	buf_printf(&a->body, "{\"@odata.context\":\"%s$metadata#%s(%s)/%s\",\"value\":", r->root, row->table->set, row->id, c->name);
	if (document_here(row, c->name))
		document_show(row, &a->body);
	else
		buf_str(&a->body, json);
	buf_char(&a->body, '}');
}

/* PUT and DELETE of account(..)/primarycontactid/$ref; POST and DELETE of account(..)/contact_customer_accounts/$ref. */
static void
reference(struct request *r, struct reply *a, struct row *row, const char *name, const char *child)
{
	const struct relation *rel = schema_single(row->table, name, r->now), *many = schema_collection(row->table, name, r->now);
	struct json j = { 0 };
	struct json_value v, id;
	struct target target;
	const char *url = child, *text;

	if (rel == NULL && many == NULL) {
		reply_error(a, 404, "0x80060888", "Resource not found for the segment '%s'.", name);
		return;
	}
	if (rel != NULL && strcmp(r->method, "DELETE") == 0) {
		change(r, a, row, name, "null");
		return;
	}
	if (strcmp(r->method, "DELETE") != 0 && body_parse(r, a, row->table->set, &j, &v)) {
		if (json_member(&v, "@odata.id", &id) && id.kind == JSON_STRING)
			url = json_text(r->arena, &id);
		else
			reply_payload(a, row->table->set, "A reference is set with {\"@odata.id\":\"...\"}.");
	}
	json_free(&j);
	if (url == NULL || a->status != 0)
		return;
	if (rel != NULL) {
		change(r, a, row, arena_printf(r->arena, "%s@odata.bind", name), json_quote(r->arena, url, strlen(url)));
		return;
	}
	if (!target_bind(r, a, url, &target))
		return;
	if (strcmp(target.table->name, many->referencing) != 0) {
		reply_payload(a, row->table->set, "A row of '%s' does not belong to '%s'.", target.table->set, name);
		return;
	}
	text = arena_printf(r->arena, "\"%s(%s)\"", row->table->set, row->id);
	for (size_t i = 0; i < target.table->relations; i++)
		if (strcmp(target.table->relation[i]->column, relation_column(many)) == 0 &&
		    strcmp(target.table->relation[i]->referenced, row->table->name) == 0)
			change(r, a, target.row, strcmp(r->method, "DELETE") == 0 ? target.table->relation[i]->navigation :
			    arena_printf(r->arena, "%s@odata.bind", target.table->relation[i]->navigation),
			    strcmp(r->method, "DELETE") == 0 ? "null" : text);
}

/* GET of a navigation property: the row it leads to, or the rows of the collection. */
static void
get_navigation(struct request *r, struct reply *a, struct row *row, const char *name)
{
	const struct relation *rel = schema_single(row->table, name, r->now), *many = schema_collection(row->table, name, r->now);
	const struct table *t;
	struct row *other;
	const char *id, *table;

	if (many != NULL && (t = schema_table(many->referencing)) != NULL) {
		read_collection(r, a, t, arena_printf(r->arena, "r.rid IN (SELECT rid FROM links WHERE target='%s' AND col='%s' AND tbl='%s')",
		    row->id, relation_column(many), t->name));
		return;
	}
	if (rel == NULL) {
		reply_error(a, 404, "0x80060888", "Resource not found for the segment '%s'.", name);
		return;
	}
	id = row_lookup(r->arena, row, rel->column);
	table = row_lookup_table(r->arena, row, rel->column);
	if (id == NULL || (t = schema_table(table)) == NULL || (other = store_get(r->arena, t, id)) == NULL)
		a->status = 204;
	else
		read_row(r, a, other, 200);
}

/* PUT emails(..)/email_activity_parties {"value":[...]}: in place of the old ones. */
static void
put_collection(struct request *r, struct reply *a, struct row *row, const struct relation *many)
{
	if (strcmp(many->referencing, "activityparty") != 0)
		reply_error(a, 405, "0x80060888", "The collection '%s' cannot be replaced as a whole.", many->collection);
	else
		put_property(r, a, row, many->collection);
}

static void
property(struct request *r, struct reply *a, struct row *row, const char *name)
{
	const struct column *c = schema_column(row->table, name);
	const struct relation *many = schema_collection(row->table, name, r->now);
	bool get = strcmp(r->method, "GET") == 0;

	if (get && (many != NULL || schema_single(row->table, name, r->now) != NULL))
		get_navigation(r, a, row, name);
	else if (many != NULL && strcmp(r->method, "PUT") == 0)
		put_collection(r, a, row, many);
	else if (!is_property(c, r->now))
		reply_error(a, 404, "0x80060888", "Resource not found for the segment '%s'.", name);
	else if (get)
		get_property(r, a, row, c);
	else if (strcmp(r->method, "PUT") == 0)
		put_property(r, a, row, name);
	else if (strcmp(r->method, "DELETE") == 0)
		change(r, a, row, name, "null");
	else
		reply_error(a, 405, "0x80060888", "The requested resource does not support http method '%s'.", r->method);
}

void
crud_property(struct request *r, struct reply *a, const struct table *t, struct segment *seg, size_t n)
{
	struct target target;

	if (!target_find(r, a, t, seg[0].key, &target) || !conditions_hold(r, a, &target, true))
		return;
	if (n == 2 && seg[1].key == NULL)
		property(r, a, target.row, seg[1].name);
	else if (n == 3 && strcmp(seg[2].name, "$ref") == 0 && strcmp(r->method, "GET") != 0)
		reference(r, a, target.row, seg[1].name, seg[1].key != NULL && schema_collection(t, seg[1].name, r->now) != NULL ?
		    arena_printf(r->arena, "%s(%s)", schema_table(schema_collection(t, seg[1].name, r->now)->referencing)->set, seg[1].key) :
		    request_query(r, "$id"));
	else
		reply_error(a, 404, "0x80060888", "Resource not found for the segment '%s'.", seg[n - 1].name);
}
