/*
 * What is asked for as a whole: field definitions, pipelines, users, tags,
 * currencies, activity types, e-mail templates; and which modules there are.
 *
 * Custom modules are declared in DIR/module.ndjson, {"id":101,"name":"cm_berth"};
 * their records are in DIR/cm_berth.ndjson.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox.h"
#include "xalloc.h"

static const struct kind kinds[] = {
	{ .id = 1, .file = "contact", .rule = "Contact", .key = "contact" },
	{ .id = 2, .file = "activity", .rule = "Task", .key = "task" },
	{ .id = 4, .file = "deal", .rule = "Deal", .key = "deal" },
	{ .id = 5, .file = "company", .rule = "Company", .key = "company" },
	{ .id = 6, .file = "product", .key = "product" },
	{ .id = 9, .file = "ticket", .key = "ticket" },
	{ .id = 10, .file = "quote", .key = "quote" },
};
#define KINDS (sizeof kinds / sizeof kinds[0])

bool
kind_by_path(const char *path, struct kind *k)
{
	size_t i;

	for (i = 0; i < KINDS; i++)
		if (kinds[i].rule != NULL && strcmp(kinds[i].file, path) == 0) {
			*k = kinds[i];
			return true;
		}
	return false;
}

/* A custom module's internal name is a file's name too: letters, digits, _ only. */
static bool
kind_custom(const struct row *r, struct kind *k)
{
	struct json_value record = row_value(r), v;
	char *name;
	bool good;

	if (!json_member(&record, "name", &v) || (name = json_strdup(&v)) == NULL)
		return false;
	good = *name != '\0' && strlen(name) < sizeof k->own &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(name);
	if (good) {
		memset(k, 0, sizeof *k);
		snprintf(k->own, sizeof k->own, "%s", name);
		k->id = r->id;
		k->file = k->key = k->own;
	}
	free(name);
	return good;
}

bool
kind_by_id(struct data *d, const char *id, struct kind *k)
{
	const struct module *m = data_module(d, "module");
	char number[24];
	size_t i;

	for (i = 0; i < KINDS; i++) {
		snprintf(number, sizeof number, "%lld", (long long)kinds[i].id);
		if (strcmp(number, id) == 0) {
			*k = kinds[i];
			return true;
		}
	}
	for (i = 0; i < m->count; i++) {
		snprintf(number, sizeof number, "%lld", (long long)m->row[i].id);
		if (kind_custom(&m->row[i], k) && (strcmp(number, id) == 0 || strcmp(k->own, id) == 0))
			return true;
	}
	return false;
}

/* GET module/v4/modules/{internal_name}: its id */
void
list_module(struct call *c)
{
	const char *name = c->seg[3];
	struct kind k;
	size_t i;

	for (i = 0; i < KINDS && strcmp(kinds[i].key, name) != 0; i++)
		;
	if (i < KINDS) {
		k = kinds[i];
	} else if (strspn(name, "0123456789") == strlen(name) || !kind_by_id(c->data, name, &k)) {
		answer_missing(c);
		return;
	}
	answer_open(c);
	buf_printf(&c->reply.body, "{\"id\":%lld,\"name\":\"%s\"}", (long long)k.id, name);
	answer_close(c);
}

/* Rows whose member is value (member NULL: all), whole. */
static void
list_put(struct call *c, const char *file, const char *member, bool (*wanted)(const struct json_value *))
{
	const struct module *m = data_module(c->data, file);
	struct buf *b = &c->reply.body;
	struct json_value record, v;
	size_t i;

	answer_open(c);
	buf_char(b, '[');
	for (i = 0; i < m->count && !c->empty; i++) {
		record = row_value(&m->row[i]);
		if (member != NULL && (!json_member(&record, member, &v) || !wanted(&v)))
			continue;
		if (c->reply.rows++ > 0)
			buf_char(b, ',');
		json_put(b, &record);
	}
	buf_char(b, ']');
	answer_close(c);
}

void
list_simple(struct call *c)
{
	static const char *const files[][2] = {
		{ "deal-pipelines", "pipeline" }, { "dealPipeline", "pipeline" }, { "tags", "tag" },
		{ "currency", "currency" }, { "emailTemplates", "emailTemplate" },
	};
	size_t i;

	for (i = 0; strcmp(files[i][0], c->seg[c->nseg - 1]) != 0; i++)
		;
	list_put(c, files[i][1], NULL, NULL);
}

/* core/v4/users: all, or with status=active those whose isActive says so */
void
list_users(struct call *c)
{
	const char *status = call_query(c, "status");

	list_put(c, "user", status != NULL && strcmp(status, "active") == 0 ? "isActive" : NULL, value_true);
}

/* A field's definition in the API's form: moduleId and module are the data folder's own. */
static void
field_put(struct buf *b, const struct json_value *record)
{
	struct json_iter it = json_iter(record);
	struct json_value key, v;
	bool first = true;

	buf_char(b, '{');
	while (json_next(&it, &key, &v)) {
		if (json_is(&key, "moduleId") || json_is(&key, "module"))
			continue;
		if (!first)
			buf_char(b, ',');
		first = false;
		json_put(b, &key);
		buf_char(b, ':');
		json_put(b, &v);
	}
	buf_char(b, '}');
}

static bool
field_of(const struct json_value *record, const struct kind *k)
{
	struct json_value v;
	int64_t id;

	return (json_member(record, "module", &v) && json_is(&v, k->key)) ||
	    (json_member(record, "moduleId", &v) && value_id(&v, &id) && id == k->id);
}

/* The fields of a module (and of one group of it, unless NULL), as an array. */
static void
fields_put(struct call *c, const struct kind *k, const struct json_value *group)
{
	const struct module *m = data_module(c->data, "field");
	struct buf *b = &c->reply.body;
	struct json_value record, v;
	size_t i, count = 0;

	buf_char(b, '[');
	for (i = 0; i < m->count && !c->empty; i++) {
		record = row_value(&m->row[i]);
		if (!field_of(&record, k))
			continue;
		if (group != NULL && (!json_member(&record, "groupName", &v) || v.n != group->n ||
		    memcmp(v.p, group->p, v.n) != 0))
			continue;
		if (count++ > 0)
			buf_char(b, ',');
		field_put(b, &record);
	}
	buf_char(b, ']');
	c->reply.rows += count;
}

/* module/v4/{moduleId}/fields: a flat array */
void
list_fields(struct call *c)
{
	struct kind k;

	if (!kind_by_id(c->data, c->seg[2], &k)) {
		answer_missing(c);
		return;
	}
	answer_open(c);
	fields_put(c, &k, NULL);
	answer_close(c);
}

/* The i-th row names its group for the first time among the fields of k. */
static bool
group_first(const struct module *m, size_t i, const struct kind *k, struct json_value *group)
{
	struct json_value record = row_value(&m->row[i]), v;

	if (!field_of(&record, k) || !json_member(&record, "groupName", group))
		return false;
	while (i-- > 0) {
		record = row_value(&m->row[i]);
		if (field_of(&record, k) && json_member(&record, "groupName", &v) && v.n == group->n &&
		    memcmp(v.p, group->p, v.n) == 0)
			return false;
	}
	return true;
}

/* v1/modules/{id}/fields: an array of groups, each with Fields */
void
list_fields_grouped(struct call *c)
{
	const struct module *m = data_module(c->data, "field");
	struct buf *b = &c->reply.body;
	struct json_value group;
	struct kind k;
	size_t i, count = 0;

	if (!kind_by_id(c->data, c->seg[2], &k)) {
		answer_missing(c);
		return;
	}
	answer_open(c);
	buf_char(b, '[');
	for (i = 0; i < m->count && !c->empty; i++) {
		if (!group_first(m, i, &k, &group))
			continue;
		buf_str(b, count++ > 0 ? ",{\"groupName\":" : "{\"groupName\":");
		json_put(b, &group);
		buf_str(b, ",\"Fields\":");
		fields_put(c, &k, &group);
		buf_char(b, '}');
	}
	buf_char(b, ']');
	answer_close(c);
}

/* module/v4/fields/all-visible-fields: an object of arrays, keyed contact, company, deal, task, product, ... */
void
list_fields_visible(struct call *c)
{
	static const char *const order[] = { "1", "5", "4", "2", "6", "9", "10" };
	const struct module *custom = data_module(c->data, "module");
	struct buf *b = &c->reply.body;
	struct kind k;
	size_t i;

	answer_open(c);
	for (i = 0; i < sizeof order / sizeof order[0]; i++) {
		kind_by_id(c->data, order[i], &k);
		buf_printf(b, "%c\"%s\":", i == 0 ? '{' : ',', k.key);
		fields_put(c, &k, NULL);
	}
	for (i = 0; i < custom->count; i++) {
		if (!kind_custom(&custom->row[i], &k))
			continue;
		buf_printf(b, ",\"%s\":", k.key);
		fields_put(c, &k, NULL);
	}
	buf_char(b, '}');
	answer_close(c);
}

static void
type_put(struct call *c, const struct json_value *name)
{
	struct buf *b = &c->reply.body;
	bool talk = json_is(name, "Call") || json_is(name, "Meeting") || json_is(name, "Email") || json_is(name, "Text");

	if (c->reply.rows++ > 0)
		buf_char(b, ',');
	buf_str(b, "{\"name\":");
	json_put(b, name);
	buf_printf(b, ",\"icon\":\"\",\"isActive\":true,\"countAsCommunication\":%s,\"sortOrder\":%zu}",
	    talk ? "true" : "false", c->reply.rows);
}

/* The values in the options of the activities' type field: a JSON text inside a string. */
static void
types_put(struct call *c)
{
	const struct module *m = data_module(c->data, "field");
	struct json_value record, v, values;
	struct json j = { 0 };
	struct json_iter it;
	struct buf text = { 0 };
	size_t i;

	for (i = 0; i < m->count; i++) {
		record = row_value(&m->row[i]);
		if (!json_member(&record, "module", &v) || !json_is(&v, "task") ||
		    !json_member(&record, "fieldName", &v) || !json_is(&v, "type") ||
		    !json_member(&record, "fieldOptions", &v) || v.kind != JSON_STRING)
			continue;
		buf_room(&text, v.n + 1);
		text.n = json_decode(&v, text.p);
		json_pad(&text);
		if (json_parse(&j, text.p, text.n) && json_get(&j, "values") != NULL) {
			it = json_iter(json_get(&j, "values"));
			while (json_next(&it, NULL, &values))
				type_put(c, &values);
		}
		break;
	}
	buf_free(&text);
	json_free(&j);
}

/* v1/activityTypes: Data.values; from activityType.ndjson if there is one */
void
list_activity_types(struct call *c)
{
	const struct module *m = data_module(c->data, "activityType");
	struct json_value record;
	size_t i;

	answer_open(c);
	buf_str(&c->reply.body, "{\"values\":[");
	for (i = 0; i < m->count && !c->empty; i++) {
		record = row_value(&m->row[i]);
		if (c->reply.rows++ > 0)
			buf_char(&c->reply.body, ',');
		json_put(&c->reply.body, &record);
	}
	if (m->count == 0 && !c->empty)
		types_put(c);
	buf_str(&c->reply.body, "]}");
	answer_close(c);
}
