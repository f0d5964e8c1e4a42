/*
 * meta_check - what the schema writes have in common
 *
 * Names need the prefix of a publisher that exists ("new" always does), letters,
 * digits and underscores.  Labels need at least one text with its language.
 * A member the type does not have is refused.
 * Source: reference section 7 (labels, payloads, duplicate errors).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "metadata.h"

char *
lower(struct arena *m, const char *s)
{
	char *copy = arena_str(m, s), *p;

	for (p = copy; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

char *
member_string(struct request *r, const struct json_value *owner, const char *name)
{
	struct json_value v;

	return json_member(owner, name, &v) && v.kind == JSON_STRING ? json_text(r->arena, &v) : NULL;
}

bool
check_solution(struct request *r, struct reply *a, const struct json_value *body)
{
	const char *name[2] = { request_header(r, "MSCRM.SolutionUniqueName"), body != NULL ? member_string(r, body, "SolutionUniqueName") : NULL };
	char *id;
	size_t i;

	for (i = 0; i < 2; i++) {
		if (name[i] == NULL || strcmp(name[i], "Default") == 0)
			continue;
		if (!store_find(r->arena, "solution", "uniquename", name[i], "solutionid", &id))
			return reply_error(a, 400, "0x80040203", "The solution unique name '%s' is invalid: there is no such solution.", name[i]);
	}
	return true;
}

/* The part before the first underscore, in lower case; NULL if nothing or nothing follows. */
static char *
prefix_of(struct request *r, const char *schema)
{
	const char *p = strchr(schema, '_');

	if (p == NULL || p == schema || p[1] == '\0')
		return NULL;
	return lower(r->arena, arena_dup(r->arena, schema, (size_t)(p - schema)));
}

long
publisher_prefix(struct request *r, const char *schema)
{
	char *prefix = prefix_of(r, schema), *text;
	long v;

	if (prefix == NULL || !store_find(r->arena, "publisher", "customizationprefix", prefix, "customizationoptionvalueprefix", &text))
		return 10000;
	v = strtol(text, NULL, 10);
	return v >= 10000 && v <= 99999 ? v : 10000;
}

char *
check_name(struct request *r, struct reply *a, const struct json_value *owner, const char *member, size_t max)
{
	char *schema = member_string(r, owner, member), *prefix, *id;
	size_t i;

	if (schema == NULL || *schema == '\0') {
		reply_error(a, 400, "0x80040203", "Required field '%s' is missing.", member);
		return NULL;
	}
	if (!isalpha((unsigned char)schema[0])) {
		reply_error(a, 400, "0x80044365", "The name '%s' is not valid: names must start with a letter.", schema);
		return NULL;
	}
	for (i = 0; schema[i] != '\0'; i++)
		if (!isalnum((unsigned char)schema[i]) && schema[i] != '_') {
			reply_error(a, 400, "0x80044364", "The name '%s' contains characters that are not valid: only letters, digits "
			    "and underscores are allowed.", schema);
			return NULL;
		}
	if (i > max) {
		reply_error(a, 400, "0x80044367", "The name '%s' is too long: the maximum is %zu characters.", schema, max);
		return NULL;
	}
	prefix = prefix_of(r, schema);
	if (prefix == NULL || (strcmp(prefix, "new") != 0 &&
	    !store_find(r->arena, "publisher", "customizationprefix", prefix, "publisherid", &id))) {
		reply_error(a, 400, "0x80040203", "The name '%s' does not begin with the customization prefix of a publisher.", schema);
		return NULL;
	}
	return schema;
}

static bool
is_localized(const struct json_value *v)
{
	struct json_value text, language;
	int64_t lcid;

	return v->kind == JSON_OBJECT && json_member(v, "Label", &text) && text.kind == JSON_STRING &&
	    json_member(v, "LanguageCode", &language) && json_int(&language, &lcid) && lcid > 0;
}

bool
check_label(struct reply *a, const struct json_value *owner, const char *name, bool needed)
{
	struct json_value label, list, v;
	struct json_iter it;
	size_t n = 0;

	if (!json_member(owner, name, &label) || label.kind == JSON_NULL)
		return !needed || reply_error(a, 400, "0x80040203", "Required field '%s' is missing.", name);
	if (label.kind != JSON_OBJECT || !json_member(&label, "LocalizedLabels", &list) || list.kind != JSON_ARRAY)
		return reply_payload(a, "EntityDefinitions", "'%s' must be a Microsoft.Dynamics.CRM.Label with LocalizedLabels.", name);
	for (it = json_iter(&list); json_next(&it, NULL, &v); n++)
		if (!is_localized(&v))
			return reply_payload(a, "EntityDefinitions", "Each of the LocalizedLabels of '%s' needs Label and LanguageCode.", name);
	if (n == 0 && needed)
		return reply_error(a, 400, "0x80040203", "Required field '%s' has no label.", name);
	return true;
}

void
put_label(struct buf *b, const struct json_value *owner, const char *name)
{
	struct json_value label, list, v, user = { 0 }, language;
	struct json_iter it;
	int64_t lcid;

	if (!json_member(owner, name, &label) || !json_member(&label, "LocalizedLabels", &list))
		return;
	for (it = json_iter(&list); json_next(&it, NULL, &v);)
		if (user.p == NULL || (json_member(&v, "LanguageCode", &language) && json_int(&language, &lcid) && lcid == 1033))
			user = v;
	buf_printf(b, ",\"%s\":{\"LocalizedLabels\":", name);
	json_put(b, &list);
	buf_str(b, ",\"UserLocalizedLabel\":");
	if (user.p != NULL)
		json_put(b, &user);
	else
		buf_str(b, "null");
	buf_char(b, '}');
}

bool
check_type(struct reply *a, const struct json_value *owner, const char *type)
{
	struct json_value v;
	char text[128];
	size_t n;

	if (!json_member(owner, "@odata.type", &v) || v.kind != JSON_STRING || v.n >= sizeof(text))
		return reply_payload(a, "EntityDefinitions", "The annotation '@odata.type' is missing: 'Microsoft.Dynamics.CRM.%s' is expected.", type);
	n = json_decode(&v, text);
	text[n] = '\0';
	if (strncmp(text + (*text == '#'), "Microsoft.Dynamics.CRM.", 23) == 0 && strcmp(text + (*text == '#') + 23, type) == 0)
		return true;
	return reply_payload(a, "EntityDefinitions", "The type '%s' is not 'Microsoft.Dynamics.CRM.%s'.", text, type);
}

static bool
extra_has(const char *extra, const struct json_value *key)
{
	const struct shape s = { "", extra, "" };

	return shape_has(&s, key->p, key->n);
}

bool
check_members(struct reply *a, const struct json_value *v, const struct shape *s, const char *extra)
{
	struct json_iter it = json_iter(v);
	struct json_value key, value;

	while (json_next(&it, &key, &value)) {
		if (key.n > 0 && key.p[0] == '@')
			continue;
		if (!shape_has(s, key.p, key.n) && !extra_has(extra, &key))
			return reply_payload(a, "EntityDefinitions", "The property '%.*s' does not exist on type 'Microsoft.Dynamics.CRM.%s'. "
			    "Make sure to only use property names that are defined by the type.", (int)key.n, key.p, s->name);
	}
	return true;
}

bool
check_integer(struct reply *a, const struct json_value *owner, const char *name, long min, long max, bool needed, long *out)
{
	struct json_value v;
	int64_t i;

	if (!json_member(owner, name, &v) || v.kind == JSON_NULL)
		return !needed || reply_error(a, 400, "0x80040203", "Required field '%s' is missing.", name);
	if (!json_int(&v, &i))
		return reply_payload(a, "EntityDefinitions", "Cannot convert the value of '%s' to the expected type 'Edm.Int32'.", name);
	if (i < min || i > max)
		return reply_error(a, 400, "0x80040203", "The value of '%s' must be between %ld and %ld.", name, min, max);
	*out = (long)i;
	return true;
}

/* ---- publishers and solutions ---- */

static bool
needed_text(struct request *r, struct reply *a, const struct json_value *body, const char *name, char **out)
{
	*out = member_string(r, body, name);
	return (*out != NULL && **out != '\0') || reply_error(a, 400, "0x80040203", "Required field '%s' is missing.", name);
}

static bool
unique_name(struct request *r, struct reply *a, const struct json_value *body, const char *table, const char *id)
{
	char *name, *text, *p;

	if (!needed_text(r, a, body, "uniquename", &name) || !needed_text(r, a, body, "friendlyname", &text))
		return false;
	for (p = name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			return reply_error(a, 400, "0x80044364", "The unique name '%s' contains characters that are not valid.", name);
	if (store_find(r->arena, table, "uniquename", name, id, &text))
		return reply_error(a, 412, "0x80040237", "A record with matching key values already exists.");
	return true;
}

static bool
publisher_body(struct request *r, struct reply *a, const struct json_value *body)
{
	char *prefix;
	size_t i, n;
	long option;

	if (!unique_name(r, a, body, "publisher", "publisherid") || !needed_text(r, a, body, "customizationprefix", &prefix))
		return false;
	n = strlen(prefix);
	for (i = 0; i < n && isalnum((unsigned char)prefix[i]); i++)
		;
	if (n < 2 || n > 8 || i < n || !isalpha((unsigned char)prefix[0]) || strncmp(prefix, "mscrm", 5) == 0)
		return reply_error(a, 400, "0x80040203", "The customization prefix '%s' is not valid: 2 to 8 letters and digits, a letter first, "
		    "not beginning with 'mscrm'.", prefix);
	return check_integer(a, body, "customizationoptionvalueprefix", 10000, 99999, true, &option);
}

static bool
solution_body(struct request *r, struct reply *a, const struct json_value *body)
{
	struct json_value v;
	char *version, *p;
	int dots = 0;

	if (!unique_name(r, a, body, "solution", "solutionid") || !needed_text(r, a, body, "version", &version))
		return false;
	for (p = version; isdigit((unsigned char)*p) || (*p == '.' && p > version && p[-1] != '.'); p++)
		dots += *p == '.';
	if (*p != '\0' || dots > 3 || p[-1] == '.')
		return reply_error(a, 400, "0x80040203", "The version '%s' is not valid: up to four numbers with dots between them.", version);
	return json_member(body, "publisherid@odata.bind", &v) || reply_error(a, 400, "0x80040203", "Required field 'publisherid' is missing.");
}

static bool
row_body(struct request *r, struct reply *a, const char *set, bool (*judge)(struct request *, struct reply *, const struct json_value *))
{
	struct json j = { 0 };
	struct json_value v;
	bool good = body_parse(r, a, set, &j, &v) && judge(r, a, &v);

	json_free(&j);
	return good;
}

bool
check_publisher(struct request *r, struct reply *a)
{
	return row_body(r, a, "publishers", publisher_body);
}

bool
check_new_solution(struct request *r, struct reply *a)
{
	return row_body(r, a, "solutions", solution_body);
}
