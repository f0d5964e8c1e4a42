/*
 * value - is this value one that the column takes, and how is it kept?
 *
 * Source: reference sections 3.5 (types), 11 (codes and texts), 14.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store.h"

struct check {
	struct request *r;
	struct reply *a;
	const struct table *t;
	const struct column *c;
	const struct json_value *v;
};

static bool
wrong_type(const struct check *k, const char *edm)
{
	const char *p = k->v->p;
	size_t n = k->v->n;

	if (k->v->kind == JSON_OBJECT || k->v->kind == JSON_ARRAY)
		return reply_payload(k->a, k->t->set, "An unexpected 'StartObject' or 'StartArray' node was found for property "
		    "named '%s' when reading from the JSON reader. A 'PrimitiveValue' node was expected.", k->c->name);
	return reply_payload(k->a, k->t->set, "Cannot convert the literal '%.*s' to the expected type '%s'.",
	    (int)(n > 100 ? 100 : n), p, edm);
}

static bool
out_of_range(const struct check *k, const char *code)
{
	return reply_error(k->a, 400, code, "A validation error occurred. The value %.*s of '%s' on record of type '%s' "
	    "is outside the valid range.", (int)k->v->n, k->v->p, k->c->name, k->t->name);
}

static bool
in_range(const struct column *c, const char *text, const char *min, const char *max)
{
	return decimal_cmp(text, c->min != NULL ? c->min : min) >= 0 && decimal_cmp(text, c->max != NULL ? c->max : max) <= 0;
}

/* What XML 1.0 has no room for: the platform keeps its rows in XML on the way. */
static bool
legal_text(const char *p, size_t n)
{
	const unsigned char *s = (const unsigned char *)p;
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] < 0x20 && s[i] != '\t' && s[i] != '\n' && s[i] != '\r')
			return false;
		if (s[i] == 0xef && i + 2 < n && s[i + 1] == 0xbf && (s[i + 2] & 0xfe) == 0xbe)
			return false;
	}
	return true;
}

static bool
check_string(const struct check *k, const char **json)
{
	size_t n = k->v->n;
	char *text;

	if (k->v->kind != JSON_STRING)
		return wrong_type(k, "Edm.String");
	if (k->c->max_length > 0 && json_utf16(k->v) > (size_t)k->c->max_length)
		return reply_error(k->a, 400, "0x80044331", "A validation error occurred.  The length of the '%s' attribute of the "
		    "'%s' entity exceeded the maximum allowed length of '%ld'.", k->c->name, k->t->name, k->c->max_length);
	text = arena_get(k->r->arena, n + 1);
	n = json_decode(k->v, text);
	if (!legal_text(text, n))
		return reply_error(k->a, 400, "0x80040278", "Invalid character in field '%s': it holds a character that is "
		    "not valid in XML.", k->c->name);
	*json = json_quote(k->r->arena, text, n);
	return true;
}

static bool
check_integer(const struct check *k, bool big, const char **json)
{
	const char *edm = big ? "Edm.Int64" : "Edm.Int32";
	int64_t n;

	if (k->v->kind != JSON_NUMBER || !json_int(k->v, &n) || (!big && (n > INT32_MAX || n < INT32_MIN)))
		return wrong_type(k, edm);
	*json = arena_printf(k->r->arena, "%lld", (long long)n);
	if (!in_range(k->c, *json, big ? "-9223372036854775808" : "-2147483648", big ? "9223372036854775807" : "2147483647"))
		return out_of_range(k, "0x8004432f");
	return true;
}

static bool
check_decimal(const struct check *k, const char **json)
{
	bool money = k->c->type == COL_MONEY;
	int places = k->c->precision >= 0 ? k->c->precision : 2;
	const char *limit = money ? "922337203685477" : "100000000000";
	char *text;

	if (k->v->kind != JSON_NUMBER)
		return wrong_type(k, k->c->type == COL_DOUBLE ? "Edm.Double" : "Edm.Decimal");
	/* Money by the organization's or the currency's precision is rounded when the currency is known (rules.c). */
	if (money && k->c->precision_source > 0)
		places = 4;
	text = decimal_round(k->r->arena, k->v->p, k->v->n, places);
	if (text == NULL || !in_range(k->c, text, arena_printf(k->r->arena, "-%s", limit), limit))
		return out_of_range(k, "0x80044330");
	*json = text;
	return true;
}

static const char *
accepted(const struct check *k)
{
	const char *list = "";
	size_t i;

	for (i = 0; i < k->c->options; i++)
		list = arena_printf(k->r->arena, "%s%s%d", list, i > 0 ? "," : "", (int)k->c->option[i].value);
	return list;
}

static bool
has_option(const struct column *c, int64_t n)
{
	size_t i;

	for (i = 0; i < c->options; i++)
		if (c->option[i].value == n)
			return true;
	return c->options == 0;
}

static bool
no_option(const struct check *k, const char *value)
{
	return reply_error(k->a, 400, "0x8004431a", "A validation error occurred. The value %s of '%s' on record of type '%s' is "
	    "outside the valid range. Accepted Values: %s", value, k->c->name, k->t->name, accepted(k));
}

static bool
check_choice(const struct check *k, const char **json)
{
	int64_t n;

	if (k->v->kind != JSON_NUMBER || !json_int(k->v, &n) || n > INT32_MAX || n < INT32_MIN)
		return wrong_type(k, "Edm.Int32");
	*json = arena_printf(k->r->arena, "%lld", (long long)n);
	return has_option(k->c, n) || no_option(k, *json);
}

static bool
check_choices(const struct check *k, const char **json)
{
	char *text, *p, *end, *out = arena_str(k->r->arena, "");
	size_t count = 0;
	long n;

	if (k->v->kind != JSON_STRING)
		return wrong_type(k, "Edm.String");
	text = json_text(k->r->arena, k->v);
	for (p = text; *p != '\0'; p = *end == ',' ? end + 1 : end, count++) {
		n = strtol(p, &end, 10);
		end += strspn(end, " ");
		if (end == p || (*end != ',' && *end != '\0'))
			return wrong_type(k, "Edm.Int32");
		if (!has_option(k->c, n))
			return no_option(k, arena_printf(k->r->arena, "%ld", n));
		out = arena_printf(k->r->arena, "%s%s%ld", out, count > 0 ? "," : "", n);
	}
	if (count > 150)
		return reply_error(k->a, 400, "0x80040203", "The number of selected options of '%s' exceeds the maximum of 150.", k->c->name);
	*json = count > 0 ? json_quote(k->r->arena, out, strlen(out)) : "null";
	return true;
}

static bool
digits(const char *p, size_t n, int *out)
{
	for (*out = 0; n > 0; n--, p++) {
		if (*p < '0' || *p > '9')
			return false;
		*out = *out * 10 + (*p - '0');
	}
	return true;
}

static int
month_days(int y, int m)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return m == 2 && ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0) ? 29 : days[m - 1];
}

static bool
read_day(const char *p, size_t n, struct tm *t)
{
	int y, m, d;

	if (n < 10 || p[4] != '-' || p[7] != '-' || !digits(p, 4, &y) || !digits(p + 5, 2, &m) || !digits(p + 8, 2, &d) ||
	    m < 1 || m > 12 || d < 1 || d > month_days(y, m))
		return false;
	*t = (struct tm){ .tm_year = y - 1900, .tm_mon = m - 1, .tm_mday = d };
	return true;
}

/* "Z" or "+hh:mm"; a time without either is refused, as OData does. */
static bool
read_zone(const char *p, size_t n, int *minutes)
{
	int h, m;

	*minutes = 0;
	if (n == 1 && (*p == 'Z' || *p == 'z'))
		return true;
	if (n != 6 || (*p != '+' && *p != '-') || p[3] != ':' || !digits(p + 1, 2, &h) || !digits(p + 4, 2, &m) || h > 14 || m > 59)
		return false;
	*minutes = (*p == '-' ? -1 : 1) * (h * 60 + m);
	return true;
}

/* date_only: the day alone.  Else a moment in any zone, kept in UTC by the second. */
bool
value_date(struct arena *a, const char *p, size_t n, bool date_only, char **out)
{
	struct tm t;
	size_t i = 16;
	int minutes;
	time_t when;
	char s[32];

	if (!read_day(p, n, &t))
		return false;
	if (n == 10 && date_only) {
		*out = arena_dup(a, p, 10);
		return true;
	}
	if (date_only || n < 17 || (p[10] != 'T' && p[10] != 't') || p[13] != ':' || !digits(p + 11, 2, &t.tm_hour) ||
	    !digits(p + 14, 2, &t.tm_min) || t.tm_hour > 23 || t.tm_min > 59)
		return false;
	if (p[16] == ':') {
		if (n < 20 || !digits(p + 17, 2, &t.tm_sec) || t.tm_sec > 59)
			return false;
		i = 19;
		if (p[i] == '.')
			i += 1 + strspn(p + i + 1, "0123456789");
	}
	if (i >= n || !read_zone(p + i, n - i, &minutes))
		return false;
	when = timegm(&t) - minutes * 60;
	gmtime_r(&when, &t);
	snprintf(s, sizeof(s), "%04d-%02d-%02dT%02d:%02d:%02dZ", (t.tm_year + 1900) % 10000, t.tm_mon + 1, t.tm_mday,
	    t.tm_hour, t.tm_min, t.tm_sec);
	*out = arena_str(a, s);
	return true;
}

void
value_now(char text[21])
{
	time_t now = time(NULL);
	struct tm t;

	gmtime_r(&now, &t);
	strftime(text, 21, "%Y-%m-%dT%H:%M:%SZ", &t);
}

static bool
check_date(const struct check *k, const char **json)
{
	const char *edm = k->c->date_behavior ? "Edm.Date" : "Edm.DateTimeOffset";
	char *text, *day;

	if (k->v->kind != JSON_STRING)
		return wrong_type(k, edm);
	text = json_text(k->r->arena, k->v);
	if (!k->c->date_behavior && k->c->date_format && value_date(k->r->arena, text, strlen(text), true, &day))
		text = arena_printf(k->r->arena, "%sT00:00:00Z", day);
	if (!value_date(k->r->arena, text, strlen(text), k->c->date_behavior, &text))
		return wrong_type(k, edm);
	if (strcmp(text, "1753-01-01") < 0)
		return reply_error(k->a, 400, "0x80040239", "DateTime is less than minumum value supported by CrmDateTime. Actual "
		    "value: %s, Minimum value supported: 01/01/1753 00:00:00", text);
	*json = json_quote(k->r->arena, text, strlen(text));
	return true;
}

static bool
check_guid(const struct check *k, const char **json)
{
	char *text;

	if (k->v->kind != JSON_STRING || !guid_ok(k->v->p, k->v->n))
		return wrong_type(k, "Edm.Guid");
	text = arena_dup(k->r->arena, k->v->p, k->v->n);
	guid_lower(text);
	*json = json_quote(k->r->arena, text, strlen(text));
	return true;
}

static bool
check_boolean(const struct check *k, const char **json)
{
	if (k->v->kind != JSON_TRUE && k->v->kind != JSON_FALSE)
		return wrong_type(k, "Edm.Boolean");
	*json = k->v->kind == JSON_TRUE ? "true" : "false";
	return true;
}

bool
value_check(struct request *r, struct reply *a, const struct table *t, const struct column *c,
    const struct json_value *v, const char **json)
{
	struct check k = { .r = r, .a = a, .t = t, .c = c, .v = v };

	*json = "null";
	if (v->kind == JSON_NULL)
		return true;
	switch (c->type) {
	case COL_STRING: case COL_MEMO: case COL_ENTITYNAME: return check_string(&k, json);
	case COL_INTEGER: return check_integer(&k, false, json);
	case COL_BIGINT: return check_integer(&k, true, json);
	case COL_DECIMAL: case COL_DOUBLE: case COL_MONEY: return check_decimal(&k, json);
	case COL_BOOLEAN: return check_boolean(&k, json);
	case COL_DATETIME: return check_date(&k, json);
	case COL_PICKLIST: case COL_STATE: case COL_STATUS: return check_choice(&k, json);
	case COL_MULTISELECT: return check_choices(&k, json);
	case COL_GUID: return check_guid(&k, json);
	default: return wrong_type(&k, "Edm.Untyped");
	}
}
