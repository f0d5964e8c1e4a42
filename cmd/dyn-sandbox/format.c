/*
 * format - values as people read them (the FormattedValue annotation)
 *
 * In the language and formats of a fresh English (United States) environment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read.h"

static char *
label_of(struct request *r, const struct column *c, long value)
{
	size_t i;

	for (i = 0; i < c->options; i++)
		if (c->option[i].value == value)
			return arena_str(r->arena, c->option[i].label);
	return NULL;
}

static char *
labels_of(struct request *r, const struct column *c, const char *values)
{
	char *list = arena_str(r->arena, ""), *end, *label;
	const char *p;

	for (p = values; *p != '\0'; p = *end == ',' ? end + 1 : end) {
		label = label_of(r, c, strtol(p, &end, 10));
		if (end == p)
			return NULL;
		list = arena_printf(r->arena, "%s%s%s", list, list[0] ? "; " : "", label != NULL ? label : "");
	}
	return list;
}

/* "-1234567.5" to "-1,234,567.5" */
static char *
grouped(struct request *r, const char *number)
{
	const char *p = number + (*number == '-');
	size_t whole = strcspn(p, "."), i;
	char *s = arena_get(r->arena, strlen(number) * 2 + 2), *o = s;

	if (*number == '-')
		*o++ = '-';
	for (i = 0; i < whole; i++) {
		if (i > 0 && (whole - i) % 3 == 0)
			*o++ = ',';
		*o++ = p[i];
	}
	strcpy(o, p + whole);
	return s;
}

static char *
money(struct request *r, const struct row *row, const char *json)
{
	const struct table *t = schema_table("transactioncurrency");
	char *id = row_lookup(r->arena, row, "transactioncurrencyid"), *symbol = NULL;
	struct row *currency = t != NULL && id != NULL ? store_get(r->arena, t, id) : NULL;

	if (currency != NULL)
		symbol = row_text(r->arena, currency, "currencysymbol");
	return arena_printf(r->arena, "%s%s%s", json[0] == '-' ? "-" : "", symbol != NULL ? symbol : "$", grouped(r, json + (json[0] == '-')));
}

static char *
date(struct request *r, const struct row *row, const struct column *c)
{
	char *text = row_text(r->arena, row, c->name);
	int y, m, d, h, min;

	if (text == NULL || sscanf(text, "%d-%d-%dT%d:%d", &y, &m, &d, &h, &min) < 3)
		return NULL;
	if (c->date_format || c->date_behavior)
		return arena_printf(r->arena, "%d/%d/%d", m, d, y);
	return arena_printf(r->arena, "%d/%d/%d %d:%02d %s", m, d, y, h % 12 == 0 ? 12 : h % 12, min, h < 12 ? "AM" : "PM");
}

static char *
name_of(struct request *r, const struct row *row, const struct column *c)
{
	char *id = row_lookup(r->arena, row, c->name);
	const struct table *t = schema_table(row_lookup_table(r->arena, row, c->name));
	struct row *other = t != NULL ? store_get(r->arena, t, id) : NULL;

	return other != NULL && t->primary_name[0] != '\0' ? row_text(r->arena, other, t->primary_name) : NULL;
}

char *
format_value(struct request *r, const struct row *row, const struct column *c)
{
	const char *json = row_get(row, c->name);

	if (is_lookup(c))
		return name_of(r, row, c);
	switch (c->type) {
	case COL_PICKLIST: case COL_STATE: case COL_STATUS: return label_of(r, c, strtol(json, NULL, 10));
	case COL_BOOLEAN: return label_of(r, c, strcmp(json, "true") == 0);
	case COL_MULTISELECT: return labels_of(r, c, row_text(r->arena, row, c->name));
	case COL_INTEGER: case COL_BIGINT: case COL_DECIMAL: case COL_DOUBLE: return grouped(r, json);
	case COL_MONEY: return money(r, row, json);
	case COL_DATETIME: return date(r, row, c);
	default: return NULL;
	}
}
