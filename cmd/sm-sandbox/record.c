/*
 * GET by id: one full record, in the value forms of that endpoint
 * (reference, sections 4 and 11): ISO dates, true and false, the owner, the
 * company and the currency as full objects, and null for fields of the
 * metadata that the row does not carry.  Everything else is as in the file.
 *
 * Which member is a date or a yes/no comes from field.ndjson; where that says
 * nothing, from the names of the reference.
 */
#include <stdlib.h>
#include <string.h>

#include "sandbox.h"
#include "xalloc.h"

enum form { PLAIN, DATE, YESNO };

static bool
ends_with(const struct json_value *v, const char *tail)
{
	size_t n = strlen(tail);

	return v->n >= n && memcmp(v->p + v->n - n, tail, n) == 0;
}

static bool
begins_with(const struct json_value *v, const char *head)
{
	size_t n = strlen(head);

	return v->n >= n && memcmp(v->p, head, n) == 0;
}

static enum form
form_by_name(const struct json_value *name)
{
	static const char *const yesno[] = {
		"isDeleted", "isCompleted", "isSplitted", "isCalendarInvite", "isCreatedFromSystem", "emailOptOut",
		"smsOptOut",
	};
	size_t i;

	for (i = 0; i < sizeof yesno / sizeof yesno[0]; i++)
		if (json_is(name, yesno[i]))
			return YESNO;
	if (begins_with(name, "checkboxCustomField"))
		return YESNO;
	if (ends_with(name, "At") || ends_with(name, "Date") || begins_with(name, "dateCustomField") ||
	    begins_with(name, "dateTimeCustomField"))
		return DATE;
	return PLAIN;
}

static bool
field_is(const struct json_value *field, const struct kind *k, struct json_value *name)
{
	struct json_value v;

	return json_member(field, "module", &v) && json_is(&v, k->key) && json_member(field, "fieldName", name);
}

static enum form
form_of(const struct module *fields, const struct kind *k, const struct json_value *name)
{
	struct json_value field, v;
	size_t i;

	for (i = 0; i < fields->count; i++) {
		field = row_value(&fields->row[i]);
		if (!field_is(&field, k, &v) || v.n != name->n || memcmp(v.p, name->p, v.n) != 0)
			continue;
		json_member(&field, "type", &v);
		if (json_is(&v, "Boolean"))
			return YESNO;
		if (json_is(&v, "DateTime") || json_is(&v, "Date"))
			return DATE;
		return PLAIN;
	}
	return form_by_name(name);
}

/* Members of object by name, those it has; the braces are the caller's. */
static void
put_some(struct buf *b, const struct json_value *object, const char *const *names)
{
	struct json_value v;
	bool first = true;

	for (; *names != NULL; names++) {
		if (!json_member(object, *names, &v))
			continue;
		if (!first)
			buf_char(b, ',');
		first = false;
		buf_json_str(b, *names);
		buf_char(b, ':');
		json_put(b, &v);
	}
}

static bool
related(struct data *d, const char *file, const struct json_value *relation, struct json_value *record)
{
	const struct row *r = NULL;
	struct json_value v;
	int64_t id;

	if (json_member(relation, "id", &v) && value_id(&v, &id))
		r = data_find(data_module(d, file), id);
	if (r != NULL)
		*record = row_value(r);
	return r != NULL;
}

static void
put_owner(struct buf *b, struct data *d, const struct json_value *v)
{
	static const char *const names[] = { "id", "name", "firstName", "lastName", "email", "mobile", "photo", NULL };
	struct json_value user;

	if (!related(d, "user", v, &user)) {
		json_put(b, v);
		return;
	}
	buf_char(b, '{');
	put_some(b, &user, names);
	buf_char(b, '}');
}

static void
put_company(struct buf *b, struct data *d, const struct json_value *v)
{
	static const char *const whole[] = { "id", "name", NULL };
	struct json_value company, owner;

	if (!related(d, "company", v, &company)) {
		json_put(b, v);
		return;
	}
	buf_char(b, '{');
	put_some(b, v, whole);
	if (json_member(&company, "owner", &owner) && owner.kind == JSON_OBJECT) {
		buf_str(b, ",\"owner\":{");
		put_some(b, &owner, whole);
		buf_char(b, '}');
	}
	buf_char(b, '}');
}

/* {"code":"USD","rate":"1.00","symbol":"$"}; the rate only if the file knows one, the symbol from "USD - $". */
static void
put_currency(struct buf *b, struct data *d, const struct json_value *code)
{
	static const char *const names[] = { "code", "rate", NULL };
	const struct module *m = data_module(d, "currency");
	struct json_value record, v;
	const char *p;
	size_t i;

	for (i = 0; i < m->count; i++) {
		record = row_value(&m->row[i]);
		if (!json_member(&record, "code", &v) || v.n != code->n || memcmp(v.p, code->p, v.n) != 0)
			continue;
		buf_char(b, '{');
		put_some(b, &record, names);
		if (json_member(&record, "displayLabel", &v) && v.kind == JSON_STRING &&
		    (p = memmem(v.p, v.n, " - ", 3)) != NULL) {
			buf_str(b, ",\"symbol\":\"");
			buf_add(b, p + 3, (size_t)(v.p + v.n - p - 3));
			buf_char(b, '"');
		}
		buf_char(b, '}');
		return;
	}
	json_put(b, code);
}

static void
put_value(struct buf *b, struct data *d, const struct kind *k, const struct json_value *name, const struct json_value *v)
{
	int64_t seconds;

	if (v->kind == JSON_OBJECT && json_is(name, "owner")) {
		put_owner(b, d, v);
	} else if (v->kind == JSON_OBJECT && (json_is(name, "company") || json_is(name, "primaryCompany"))) {
		put_company(b, d, v);
	} else if (v->kind == JSON_STRING && json_is(name, "currency")) {
		put_currency(b, d, v);
	} else if (v->kind == JSON_NUMBER) {
		switch (form_of(data_module(d, "field"), k, name)) {
		case DATE:
			if (when_read(v, &seconds))
				when_put(b, seconds);
			else
				json_put(b, v);
			break;
		case YESNO:
			buf_str(b, value_true(v) ? "true" : "false");
			break;
		default:
			json_put(b, v);
		}
	} else {
		json_put(b, v);
	}
}

/* Fields that the metadata declares and the row leaves out. */
static void
put_unset(struct buf *b, struct data *d, const struct kind *k, const struct json_value *record)
{
	const struct module *fields = data_module(d, "field");
	struct json_value field, name, v;
	char *text;
	size_t i;

	for (i = 0; i < fields->count; i++) {
		field = row_value(&fields->row[i]);
		if (!field_is(&field, k, &name) || (text = json_strdup(&name)) == NULL)
			continue;
		if (!json_member(record, text, &v)) {
			buf_char(b, ',');
			json_put(b, &name);
			buf_str(b, ":null");
		}
		free(text);
	}
}

static void
put_record(struct buf *b, struct data *d, const struct kind *k, const struct json_value *record)
{
	struct json_iter it = json_iter(record);
	struct json_value key, v;
	bool first = true;

	buf_char(b, '{');
	while (json_next(&it, &key, &v)) {
		if (!first)
			buf_char(b, ',');
		first = false;
		json_put(b, &key);
		buf_char(b, ':');
		put_value(b, d, k, &key, &v);
	}
	put_unset(b, d, k, record);
	buf_char(b, '}');
}

static const struct row *
find(struct call *c, const struct kind *k, const char *id)
{
	size_t n = strlen(id);

	if (n == 0 || n > 18 || strspn(id, "0123456789") != n)
		return NULL;
	return data_find(data_module(c->data, k->file), strtoll(id, NULL, 10));
}

static void
answer_record(struct call *c, const struct kind *k, const char *id, const char *fields)
{
	const struct row *r = find(c, k, id);
	struct json_value record, form;
	struct buf text = { 0 };
	struct ask *ask;

	if (r == NULL) {
		answer_missing(c);
		return;
	}
	record = row_value(r);
	put_record(&text, c->data, k, &record);
	form = (struct json_value){ .p = text.p, .n = text.n, .kind = JSON_OBJECT };
	answer_open(c);
	if (fields != NULL && *fields != '\0') {
		ask = ask_new_csv(fields);
		ask_put(&c->reply.body, ask, c->data, &form);
		ask_free(ask);
	} else {
		json_put(&c->reply.body, &form);
	}
	answer_close(c);
	c->reply.rows = 1;
	buf_free(&text);
}

void
record_get(struct call *c)
{
	struct kind k;

	kind_by_path(c->seg[0], &k);
	answer_record(c, &k, c->seg[2], NULL);
}

/* module/v4/{moduleId}/records/{recordId}: custom modules, tickets, quotes */
void
record_get_generic(struct call *c)
{
	struct kind k;

	if (!kind_by_id(c->data, c->seg[2], &k) || k.rule != NULL || strcmp(k.file, "product") == 0)
		answer_missing(c);
	else
		answer_record(c, &k, c->seg[4], call_query(c, "fieldsToQuery"));
}
