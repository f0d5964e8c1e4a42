/*
 * filterQuery: {"group":{"operator":"AND","rules":[rule, ...]}}, where a rule
 * is {condition, moduleName, field:{fieldName}, data} or again {"group":...}.
 * An empty list of rules is true of every record (reference, section 3).
 *
 * Texts are compared byte for byte.  A value is empty when it is absent, null,
 * "", {} or a relation without id; a relation is compared by its id.
 * Refused: comparisons on id (keyset paging was refused in every form a live
 * client tried), conditions without public evidence, operands that cannot be
 * read.
 */
#include <stdlib.h>
#include <string.h>

#include "sandbox.h"
#include "xalloc.h"

enum condition {
	EQUALS, NOT_EQUALS, CONTAINS, DOES_NOT_CONTAIN, STARTS_WITH, ENDS_WITH, EMPTY, NOT_EMPTY, IS_AFTER, TODAY,
	GROUP,
};

static const char *const conditions[] = {
	"EQUALS", "NOT_EQUALS", "CONTAINS", "DOES_NOT_CONTAIN", "STARTS_WITH", "ENDS_WITH", "EMPTY", "NOT_EMPTY",
	"IS_AFTER", "TODAY",
};

struct rule {
	enum condition condition;
	char *path;		/* in a record: "type", "company.name" */
	char *data;
	size_t len;
	int64_t from, to;	/* IS_AFTER, TODAY */
	bool any;		/* of a group: OR */
	struct rule *kid;
	struct rule *next;
};

struct filter {
	struct rule *root;
	bool deleted;		/* a rule names isDeleted: deleted records are not left out by themselves */
};

struct compiler {
	const struct kind *kind;
	struct filter *filter;
	int64_t me;
	const char *message;
};

static struct rule *rule_new(struct compiler *c, const struct json_value *v);

static void
rule_free(struct rule *r)
{
	struct rule *next;

	for (; r != NULL; r = next) {
		next = r->next;
		rule_free(r->kid);
		free(r->path);
		free(r->data);
		free(r);
	}
}

static struct rule *
group_new(struct compiler *c, const struct json_value *group)
{
	struct rule *r = xcalloc(1, sizeof *r), **end = &r->kid;
	struct json_value v, rules;
	struct json_iter it;

	r->condition = GROUP;
	if (group->kind != JSON_OBJECT)
		c->message = "filterQuery.group must be an object";
	else if (json_member(group, "operator", &v) && !json_null(&v) && !json_is(&v, "") && !json_is(&v, "AND") &&
	    !json_is(&v, "OR"))
		c->message = "group.operator must be AND or OR";
	else if (json_member(group, "rules", &rules) && !json_null(&rules) && rules.kind != JSON_ARRAY)
		c->message = "group.rules must be an array";
	if (c->message != NULL)
		return r;
	r->any = json_is(&v, "OR");
	it = json_iter(&rules);
	while (c->message == NULL && json_next(&it, NULL, &v)) {
		*end = rule_new(c, &v);
		end = &(*end)->next;
	}
	return r;
}

/*
 * Takes the module's name off the front: contact.company.name is company.name
 * of a contact.  v4 names carry it; v3 and custom modules may do without.
 */
static void
rule_path(struct compiler *c, char *name)
{
	size_t n = strcspn(name, ".");
	const char *const own[] = { c->kind->file, c->kind->key };
	size_t i;

	for (i = 0; i < 2; i++)
		if (name[n] == '.' && strlen(own[i]) == n && memcmp(own[i], name, n) == 0) {
			memmove(name, name + n + 1, strlen(name + n + 1) + 1);
			return;
		}
	if (c->kind->rule != NULL)
		c->message = "field.fieldName must begin with the name of the module searched";
}

static void
rule_condition(struct compiler *c, struct rule *r, const struct json_value *v)
{
	struct json_value condition;
	size_t i;

	if (!json_member(v, "condition", &condition) || json_null(&condition)) {
		if (strcmp(r->path, "isDeleted") != 0)
			c->message = "condition is required";
		r->condition = EQUALS;
		return;
	}
	if (json_is(&condition, "DOES_NOT_CONTAINS")) {		/* sic: the spelling clients send */
		r->condition = DOES_NOT_CONTAIN;
		return;
	}
	for (i = 0; i < GROUP; i++)
		if (i != DOES_NOT_CONTAIN && json_is(&condition, conditions[i])) {
			r->condition = (enum condition)i;
			return;
		}
	c->message = "condition is not supported";
}

static void
rule_data(struct compiler *c, struct rule *r, const struct json_value *v)
{
	struct json_value data;
	const char *p;

	if (r->condition == TODAY)
		when_today(&r->from, &r->to);
	if (r->condition == EMPTY || r->condition == NOT_EMPTY || r->condition == TODAY)
		return;
	if (!json_member(v, "data", &data) || json_null(&data) || data.kind == JSON_OBJECT || data.kind == JSON_ARRAY) {
		c->message = "data is required";
		return;
	}
	if (data.kind == JSON_STRING) {
		r->data = xmalloc(data.n + 1);
		r->len = json_decode(&data, r->data);
	} else {
		json_raw(&data, &p, &r->len);
		r->data = xmalloc(r->len + 1);
		memcpy(r->data, p, r->len);
	}
	r->data[r->len] = '\0';
	if (strcmp(r->data, "$MYSELF$") == 0) {
		free(r->data);
		r->data = xasprintf("%lld", (long long)c->me);
		r->len = strlen(r->data);
	}
	if (r->condition == IS_AFTER && !when_operand(r->data, &r->from))
		c->message = "data must be a date like Mar 02, 2026 09:00 AM";
}

static struct rule *
rule_new(struct compiler *c, const struct json_value *v)
{
	struct json_value part, field;
	struct rule *r;

	if (json_member(v, "group", &part))
		return group_new(c, &part);
	r = xcalloc(1, sizeof *r);
	if (!json_member(v, "field", &part) || !json_member(&part, "fieldName", &field) ||
	    (r->path = json_strdup(&field)) == NULL || r->path[0] == '\0') {
		c->message = "field.fieldName is required";
		return r;
	}
	if (!json_member(v, "moduleName", &part) || (c->kind->rule != NULL && !json_is(&part, c->kind->rule))) {
		c->message = json_null(&part) ? "moduleName is required" : "moduleName is not that of the module";
		return r;
	}
	rule_path(c, r->path);
	if (c->message == NULL)
		rule_condition(c, r, v);
	if (c->message == NULL)
		rule_data(c, r, v);
	if (c->message == NULL && strcmp(r->path, "id") == 0 && r->condition != EMPTY && r->condition != NOT_EMPTY)
		c->message = "id cannot be compared";
	if (strcmp(r->path, "isDeleted") == 0)
		c->filter->deleted = true;
	return r;
}

struct filter *
filter_new(const struct kind *k, const struct json_value *query, int64_t me, const char **message)
{
	struct filter *f = xcalloc(1, sizeof *f);
	struct compiler c = { .kind = k, .filter = f, .me = me };
	struct json_value group;

	if (json_null(query) || (query->kind == JSON_OBJECT && !json_member(query, "group", &group)))
		return f;
	if (query->kind != JSON_OBJECT)
		c.message = "filterQuery must be an object";
	else
		f->root = group_new(&c, &group);
	if (c.message == NULL)
		return f;
	*message = c.message;
	filter_free(f);
	return NULL;
}

/* The text that is compared: a string's, a number's, a relation's id; yes and no in one form. */
static size_t
value_text(const struct json_value *v, const struct rule *r, char *dst)
{
	bool yes = strcmp(r->data, "true") == 0, no = strcmp(r->data, "false") == 0;
	const char *p;
	size_t n;

	if (v->kind == JSON_STRING) {
		n = json_decode(v, dst);
	} else {
		json_raw(v, &p, &n);
		memcpy(dst, p, n);
	}
	if ((yes || no) && n == 1 && (dst[0] == '0' || dst[0] == '1')) {
		n = dst[0] == '1' ? 4 : 5;
		memcpy(dst, n == 4 ? "true" : "false", n);
	}
	return n;
}

static bool
text_match(const struct rule *r, const char *text, size_t n)
{
	switch (r->condition) {
	case EQUALS:
	case NOT_EQUALS:
		return n == r->len && memcmp(text, r->data, n) == 0;
	case STARTS_WITH:
		return n >= r->len && memcmp(text, r->data, r->len) == 0;
	case ENDS_WITH:
		return n >= r->len && memcmp(text + n - r->len, r->data, r->len) == 0;
	default:
		return memmem(text, n, r->data, r->len) != NULL;
	}
}

static bool
value_match(const struct rule *r, const struct json_value *v)
{
	char *text;
	size_t n;
	bool same;

	if (v->kind == JSON_NONE || v->kind == JSON_NULL) {
		same = r->len == 0;
	} else {
		text = xmalloc(v->n + sizeof "false");
		n = value_text(v, r, text);
		same = text_match(r, text, n);
		free(text);
	}
	return same != (r->condition == NOT_EQUALS || r->condition == DOES_NOT_CONTAIN);
}

static bool
value_empty(const struct json_value *v)
{
	return v->kind == JSON_NONE || v->kind == JSON_NULL || (v->kind == JSON_STRING && v->n == 0);
}

static bool
rule_match(const struct rule *r, const struct json_value *record)
{
	struct json_value v = { 0 }, id;
	const struct rule *kid;
	int64_t when;

	if (r->condition == GROUP) {
		for (kid = r->kid; kid != NULL; kid = kid->next)
			if (rule_match(kid, record) == r->any)
				return r->any;
		return r->kid == NULL || !r->any;
	}
	if (!json_path(record, r->path, &v))
		v = (struct json_value){ 0 };
	if (v.kind == JSON_OBJECT) {
		json_member(&v, "id", &id);
		v = id;
	}
	switch (r->condition) {
	case EMPTY:
		return value_empty(&v);
	case NOT_EMPTY:
		return !value_empty(&v);
	case IS_AFTER:
		return when_read(&v, &when) && when > r->from;
	case TODAY:
		return when_read(&v, &when) && when >= r->from && when < r->to;
	default:
		return value_match(r, &v);
	}
}

bool
filter_match(const struct filter *f, const struct json_value *record)
{
	struct json_value v;

	if (!f->deleted && json_member(record, "isDeleted", &v) && value_true(&v))
		return false;
	return f->root == NULL || rule_match(f->root, record);
}

void
filter_free(struct filter *f)
{
	if (f != NULL)
		rule_free(f->root);
	free(f);
}
