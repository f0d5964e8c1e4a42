/*
 * path - resource paths, and the rows they name
 *
 * accounts(<guid>), accounts(sm_id='O''Brien'), t(k1=2,k2=2), a(_x_value=<guid>)
 * Source: reference sections 3.3 (alternate keys), 3.4 (binds).
 */
#include <stdlib.h>
#include <string.h>

#include "store.h"

/* From an opening parenthesis to the one that closes it; quotes may hold parentheses.  NULL: not closed. */
static const char *
close_paren(const char *p)
{
	bool quoted = false;
	int depth = 0;

	for (; *p != '\0'; p++) {
		if (*p == '\'')
			quoted = !quoted;
		else if (!quoted && *p == '(')
			depth++;
		else if (!quoted && *p == ')' && --depth == 0)
			return p;
	}
	return NULL;
}

size_t
path_split(struct request *r, const char *path, struct segment **seg)
{
	const char *p = path, *e, *close;
	size_t n = 0, max = 1;

	for (e = path; *e != '\0'; e++)
		max += *e == '/';
	*seg = arena_get(r->arena, max * sizeof(**seg));
	while (*p != '\0') {
		e = p + strcspn(p, "(/");
		(*seg)[n].name = arena_dup(r->arena, p, (size_t)(e - p));
		if (*e == '(') {
			if ((close = close_paren(e)) == NULL || (close[1] != '/' && close[1] != '\0'))
				return 0;
			(*seg)[n].key = arena_dup(r->arena, e + 1, (size_t)(close - e - 1));
			e = close + 1;
		}
		if ((*seg)[n].name[0] == '\0')
			return 0;
		n++;
		p = *e == '/' ? e + 1 : e;
		if (*e == '/' && *p == '\0')
			break;
	}
	return n;
}

/* A literal of a key: 'text' with doubled quotes, a GUID, or a plain word as it stands. */
static char *
key_literal(struct arena *a, const char **pp)
{
	const char *p = *pp, *e;
	char *s, *o;

	if (*p == '\'') {
		o = s = arena_get(a, strlen(p) + 1);
		for (p++; *p != '\0'; p++) {
			if (*p == '\'' && p[1] == '\'')
				p++;
			else if (*p == '\'')
				break;
			*o++ = *p;
		}
		if (*p != '\'')
			return NULL;
		*pp = p + 1;
		return json_quote(a, s, (size_t)(o - s));
	}
	e = p + strcspn(p, ",");
	*pp = e;
	while (e > p && e[-1] == ' ')
		e--;
	if (e == p)
		return NULL;
	s = arena_dup(a, p, (size_t)(e - p));
	if (guid_ok(s, strlen(s))) {
		guid_lower(s);
		return json_quote(a, s, strlen(s));
	}
	return s;
}

size_t
path_key(struct arena *a, const char *key, struct key_part **part)
{
	const char *p = key, *eq;
	size_t n = 0, max = 1, i;

	for (i = 0; key[i] != '\0'; i++)
		max += key[i] == ',';
	*part = arena_get(a, max * sizeof(**part));
	while (*p != '\0') {
		p += strspn(p, " ");
		eq = p + strcspn(p, "=',");
		(*part)[n].name = arena_str(a, "");
		if (*eq == '=') {
			(*part)[n].name = arena_dup(a, p, (size_t)(eq - p));
			p = eq + 1;
		}
		if (((*part)[n].value = key_literal(a, &p)) == NULL)
			return 0;
		n++;
		if (*p == '\0')
			return n;
		if (*p++ != ',')
			return 0;
	}
	return 0;
}

static bool
not_a_key(struct reply *a, const struct table *t)
{
	return reply_error(a, 400, "0x80060890", "The key in the request URI is not valid for resource "
	    "'Microsoft.Dynamics.CRM.%s'. Ensure that the names and number of key properties match the declared or alternate "
	    "key properties for the resource 'Microsoft.Dynamics.CRM.%s'.", t->name, t->name);
}

/* The part that gives the column, also under its read name; NULL if none. */
static const struct key_part *
part_of(const struct key_part *part, size_t n, const char *column)
{
	size_t i, len;

	for (i = 0; i < n; i++) {
		len = strlen(column);
		if (strcmp(part[i].name, column) == 0)
			return &part[i];
		if (part[i].name[0] == '_' && strncmp(part[i].name + 1, column, len) == 0 && strcmp(part[i].name + 1 + len, "_value") == 0)
			return &part[i];
	}
	return NULL;
}

static const struct altkey *
key_match(struct request *r, const struct table *t, const struct key_part *part, size_t n, const char *const **value)
{
	const struct altkey *k;
	const struct key_part *p;
	const char **v;
	size_t i, c;

	for (i = 0; i < t->keys; i++) {
		k = t->key[i];
		if (k->columns != n || !k->active(k))
			continue;
		v = arena_get(r->arena, n * sizeof(*v));
		for (c = 0; c < n && (p = part_of(part, n, k->column[c])) != NULL; c++)
			v[c] = p->value;
		if (c == n) {
			*value = v;
			return k;
		}
	}
	return NULL;
}

/* Text for a text column, a number for a number: other literals are no values of the key. */
static bool
key_values_fit(struct request *r, const struct table *t, const struct altkey *k, const char **value)
{
	const struct column *c;
	char *date;
	size_t i;

	for (i = 0; i < k->columns; i++) {
		c = schema_column(t, k->column[i]);
		if (c == NULL)
			return false;
		if (c->type == COL_DATETIME && value_date(r->arena, value[i], strlen(value[i]), c->date_behavior, &date))
			value[i] = json_quote(r->arena, date, strlen(date));
		else if (c->type == COL_DECIMAL && value[i][0] != '"')
			value[i] = decimal_round(r->arena, value[i], strlen(value[i]), c->precision >= 0 ? c->precision : 2);
		else if ((c->type == COL_STRING || c->type == COL_MEMO) != (value[i][0] == '"') && c->type != COL_LOOKUP &&
		    c->type != COL_CUSTOMER && c->type != COL_OWNER && c->type != COL_GUID)
			return false;
		if (value[i] == NULL)
			return false;
	}
	return true;
}

static bool
by_id(struct request *r, const char *quoted, struct target *out)
{
	memcpy(out->id, quoted + 1, 36);
	out->id[36] = '\0';
	out->row = store_get(r->arena, out->table, out->id);
	return true;
}

bool
target_find(struct request *r, struct reply *a, const struct table *t, const char *key, struct target *out)
{
	struct key_part *part;
	size_t n;
	bool principal = strcmp(t->name, "systemuser") == 0 || strcmp(t->name, "team") == 0;

	*out = (struct target){ .table = t, .url = arena_printf(r->arena, "%s(%s)", t->set, key) };
	if (strpbrk(key, "<>*%&:\\?+/") != NULL && strchr(key, '\'') != NULL)
		return reply_error(a, 400, "0x80060888", "A key value holds one of the characters / < > * %% & : \\ ? + and cannot "
		    "be used in an address.");
	if ((n = path_key(r->arena, key, &part)) == 0)
		return reply_error(a, 400, "0x80060888", "Bad Request - Error in query syntax.");
	if (n == 1 && guid_ok(part[0].value + 1, strlen(part[0].value) - (part[0].value[0] == '"' ? 2 : 0)) &&
	    (part[0].name[0] == '\0' || (strcmp(part[0].name, t->primary_id) == 0 && !principal)))
		return by_id(r, part[0].value, out);
	if (part[0].name[0] == '\0' && n == 1 && t->keys == 0)
		return not_a_key(a, t);
	out->key = key_match(r, t, part, n, &out->value);
	if (out->key == NULL || !key_values_fit(r, t, out->key, (const char **)out->value))
		return not_a_key(a, t);
	out->row = store_by_key(r->arena, out->key, out->value);
	if (out->row != NULL)
		memcpy(out->id, out->row->id, sizeof(out->id));
	return true;
}

bool
target_missing(struct reply *a, const struct target *t)
{
	if (t->key != NULL)
		return reply_error(a, 404, "0x80060891", "A record with the specified key values does not exist in %s entity", t->table->name);
	return reply_error(a, 404, "0x80040217", "%s With Id = %s Does Not Exist", t->table->name, t->id);
}

/* "/accounts(..)", "accounts(..)", "$1" of a change set, or an absolute URL below the API. */
bool
target_bind(struct request *r, struct reply *a, const char *url, struct target *out)
{
	const char *p = url, *api;
	struct segment *seg;
	const struct table *t;

	if (*p == '$') {
		if ((p = batch_reference(r, url + 1)) == NULL)
			return reply_error(a, 400, "0x80060888", "Content-ID Reference: '%s' does not exist in the batch context.", url);
	} else if ((api = strstr(p, API_ROOT)) != NULL) {
		p = api + strlen(API_ROOT);
	} else if (*p == '/') {
		p++;
	}
	if (path_split(r, p, &seg) != 1 || seg[0].key == NULL)
		return reply_error(a, 400, "0x80048d19", "The URI '%s' is not valid for an entity reference.", url);
	t = schema_set(seg[0].name);
	if (t == NULL || t->visible_at > r->now)
		return reply_error(a, 404, "0x80060888", "Resource not found for the segment '%s'.", seg[0].name);
	if (!target_find(r, a, t, seg[0].key, out))
		return false;
	return out->row != NULL || target_missing(a, out);
}
