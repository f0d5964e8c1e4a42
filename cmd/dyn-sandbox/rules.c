/*
 * rules - what the platform fills in, and what it refuses, for every table
 *
 * Source: reference sections 9.1 (dates), 9.2, 9.3 (state and status), 11.
 */
#include <ctype.h>
#include <string.h>

#include "store.h"

static const struct column *
of_type(const struct table *t, const char *name, enum column_type type)
{
	const struct column *c = schema_column(t, name);

	return c != NULL && c->type == type ? c : NULL;
}

static long
default_status(const struct table *t, long state)
{
	const struct column *s = of_type(t, "statecode", COL_STATE), *c = of_type(t, "statuscode", COL_STATUS);
	size_t i;

	for (i = 0; s != NULL && i < s->options; i++)
		if (s->option[i].value == state && s->option[i].default_status >= 0)
			return s->option[i].default_status;
	for (i = 0; c != NULL && i < c->options; i++)
		if (c->option[i].state == state)
			return c->option[i].value;
	return -1;
}

static long
state_of(const struct column *c, long status)
{
	size_t i;

	for (i = 0; i < c->options; i++)
		if (c->option[i].value == status)
			return c->option[i].state;
	return -1;
}

/* "AccountState.Active": how the platform names a state in its message. */
static char *
state_name(struct write *w, long state)
{
	const struct column *s = schema_column(w->table, "statecode");
	char *name = arena_printf(w->r->arena, "%sState.%ld", w->table->schema, state), *p, *o;
	size_t i;

	for (i = 0; s != NULL && i < s->options; i++)
		if (s->option[i].value == state)
			name = arena_printf(w->r->arena, "%sState.%s", w->table->schema, s->option[i].label);
	for (p = o = name; *p != '\0'; p++)
		if (!isspace((unsigned char)*p))
			*o++ = *p;
	*o = '\0';
	return name;
}

static bool
bad_pair(struct write *w, long state, long status)
{
	return reply_error(w->a, 400, "0x80048408", "%ld is not a valid status code for state code %s on %s with Id %s.", status,
	    state_name(w, state), w->table->name, w->row->id);
}

/*
 * Rows are born in the table's first state (products: Draft); another may be
 * asked for on update alone.  A state alone picks its default status, a status
 * alone must belong to the state the row is in.
 */
bool
rules_state(struct write *w)
{
	const struct column *s = of_type(w->table, "statecode", COL_STATE), *c = of_type(w->table, "statuscode", COL_STATUS);
	long birth = strcmp(w->table->name, "product") == 0 ? 2 : 0, state;

	if (s == NULL)
		return true;
	state = w->state >= 0 ? w->state : row_int(w->row, "statecode", birth);
	if (w->old == NULL && !w->internal && !s->create && state != birth)
		return bad_pair(w, birth, w->status >= 0 ? w->status : default_status(w->table, state));
	if (w->status < 0) {
		w->status = row_int(w->row, "statuscode", -1);
		if (w->status < 0 || w->state >= 0)
			if (c != NULL && state_of(c, w->status) != state)
				w->status = default_status(w->table, state);
	}
	if (c != NULL && c->options > 0 && state_of(c, w->status) != state)
		return bad_pair(w, state, w->status);
	row_set_int(w->r->arena, w->row, "statecode", state);
	if (c != NULL && w->status >= 0)
		row_set_int(w->r->arena, w->row, "statuscode", w->status);
	return true;
}

static void
stamp(struct write *w)
{
	struct arena *a = w->r->arena;
	char now[21], *given;

	value_now(now);
	if (of_type(w->table, "modifiedon", COL_DATETIME) != NULL)
		row_set_text(a, w->row, "modifiedon", now);
	if (schema_column(w->table, "modifiedby") != NULL)
		row_bind(a, w->row, "modifiedby", "systemuser", w->r->user);
	if (schema_column(w->table, "modifiedonbehalfby") != NULL)
		row_bind(a, w->row, "modifiedonbehalfby", w->r->agent[0] != '\0' ? "systemuser" : NULL, w->r->agent);
	if (w->old != NULL)
		return;
	if (w->r->agent[0] != '\0' && schema_column(w->table, "createdonbehalfby") != NULL)
		row_bind(a, w->row, "createdonbehalfby", "systemuser", w->r->agent);
	if (of_type(w->table, "createdon", COL_DATETIME) != NULL)
		row_set_text(a, w->row, "createdon", now);
	if (schema_column(w->table, "createdby") != NULL)
		row_bind(a, w->row, "createdby", "systemuser", w->r->user);
	if ((given = row_text(a, w->row, "overriddencreatedon")) != NULL) {
		if (strlen(given) == 10)
			given = arena_printf(a, "%sT00:00:00Z", given);
		row_set_text(a, w->row, "createdon", given);
		row_set_text(a, w->row, "overriddencreatedon", now);
	}
}

static void
own(struct write *w)
{
	struct arena *a = w->r->arena;
	const struct table *t;
	struct row *owner;
	const char *table;
	char *id, *unit = NULL;

	if (of_type(w->table, "ownerid", COL_OWNER) == NULL)
		return;
	if ((id = row_lookup(a, w->row, "ownerid")) == NULL) {
		id = w->r->user;
		row_bind(a, w->row, "ownerid", "systemuser", id);
	}
	table = row_lookup_table(a, w->row, "ownerid");
	if (w->old != NULL && row_lookup(a, w->old, "ownerid") != NULL && strcmp(row_lookup(a, w->old, "ownerid"), id) == 0)
		return;
	row_bind(a, w->row, "owninguser", strcmp(table, "systemuser") == 0 ? table : NULL, id);
	row_bind(a, w->row, "owningteam", strcmp(table, "team") == 0 ? table : NULL, id);
	if ((t = schema_table(table)) != NULL && (owner = store_get(a, t, id)) != NULL)
		unit = row_lookup(a, owner, "businessunitid");
	row_bind(a, w->row, "owningbusinessunit", unit != NULL ? "businessunit" : NULL, unit);
}

static void
full_name(struct write *w)
{
	struct arena *a = w->r->arena;
	char *first, *last, *middle, *full;

	if (strcmp(w->table->name, "contact") != 0 && strcmp(w->table->name, "lead") != 0 && strcmp(w->table->name, "systemuser") != 0)
		return;
	first = row_text(a, w->row, "firstname");
	middle = row_text(a, w->row, "middlename");
	last = row_text(a, w->row, "lastname");
	if (first == NULL && last == NULL)
		return;
	full = arena_printf(a, "%s%s%s%s%s", first ? first : "", first && middle ? " " : "", middle ? middle : "",
	    (first || middle) && last ? " " : "", last ? last : "");
	row_set_text(a, w->row, "fullname", full);
}

/* Places of the money columns whose precision is the organization's (1) or the currency's (2). */
static long
money_places(struct write *w, int source, const struct row *currency_row)
{
	const struct table *t = schema_table("organization");
	struct row *org;

	if (source == 2)
		return currency_row != NULL ? row_int(currency_row, "currencyprecision", 2) : 2;
	org = t != NULL ? store_get(w->r->arena, t, sandbox_organization) : NULL;
	return org != NULL ? row_int(org, "pricingdecimalprecision", 2) : 2;
}

static void
round_money(struct write *w, const struct row *currency_row)
{
	long places[3] = { 0, -1, -1 };
	const struct column *c;
	const char *v;
	size_t i;

	for (i = 0; i < w->table->columns; i++) {
		c = w->table->column[i];
		if (c->type != COL_MONEY || c->precision_source < 1 || c->precision_source > 2 || (v = row_get(w->row, c->name)) == NULL)
			continue;
		if (strlen(c->name) > 5 && strcmp(c->name + strlen(c->name) - 5, "_base") == 0)
			continue;
		if (places[c->precision_source] < 0)
			places[c->precision_source] = money_places(w, c->precision_source, currency_row);
		row_set(w->r->arena, w->row, c->name, decimal_round(w->r->arena, v, strlen(v), (int)places[c->precision_source]));
	}
}

/* Every row with a currency column gets one; money columns their value in the base currency. */
static void
currency(struct write *w)
{
	struct arena *a = w->r->arena;
	const struct table *t = schema_table("transactioncurrency");
	const struct column *c;
	struct row *row = NULL;
	const char *rate, *v;
	char *id, *base;
	size_t i;

	if (schema_column(w->table, "transactioncurrencyid") == NULL || t == NULL || w->table == t) {
		round_money(w, NULL);
		return;
	}
	if ((id = row_lookup(a, w->row, "transactioncurrencyid")) == NULL) {
		if ((id = rules_currency(w)) == NULL && (id = store_setting(a, "basecurrency")) == NULL)
			return;
		row_bind(a, w->row, "transactioncurrencyid", "transactioncurrency", id);
	}
	round_money(w, row = store_get(a, t, id));
	if (row == NULL || (rate = row_get(row, "exchangerate")) == NULL)
		return;
	if (schema_column(w->table, "exchangerate") != NULL)
		row_set(a, w->row, "exchangerate", rate);
	for (i = 0; i < w->table->columns; i++) {
		c = w->table->column[i];
		if (c->type != COL_MONEY)
			continue;
		base = arena_printf(a, "%s_base", c->name);
		if (schema_column(w->table, base) == NULL)
			continue;
		v = row_get(w->row, c->name);
		row_set(a, w->row, base, v != NULL ? decimal_divide(a, v, rate, 4) : NULL);
	}
}

/* Does the chain of parents above this row come back to it? */
static bool
loops(struct write *w, const char *column)
{
	struct arena *a = w->r->arena;
	struct row *row = w->row;
	const char *table;
	char *id;
	int steps;

	for (steps = 0; steps < 1000; steps++) {
		id = row_lookup(a, row, column);
		table = row_lookup_table(a, row, column);
		if (id == NULL || strcmp(table, w->table->name) != 0)
			return false;
		if (strcmp(id, w->row->id) == 0)
			return true;
		if ((row = store_get(a, w->table, id)) == NULL)
			return false;
	}
	return true;
}

static bool
hierarchy(struct write *w)
{
	if (strcmp(w->table->name, "account") == 0 && loops(w, "parentaccountid"))
		return reply_error(w->a, 400, "0x80040507", "Setting this parent would create a loop in the Accounts hierarchy.");
	if (strcmp(w->table->name, "contact") == 0 && loops(w, "parentcustomerid"))
		return reply_error(w->a, 400, "0x8004050a", "Setting this parent would create a loop in the Contacts hierarchy.");
	return true;
}

/* A SystemRequired column that nobody filled: the platform's default, or a refusal. */
static bool
require(struct write *w, const struct column *c)
{
	const char *name = is_lookup(c) ? arena_printf(w->r->arena, "_%s_value", c->name) : c->name;

	if (row_get(w->row, name) != NULL || w->internal)
		return true;
	if (c->type == COL_BOOLEAN)
		row_set(w->r->arena, w->row, c->name, "false");
	else if (c->type == COL_PICKLIST && c->options > 0)
		row_set_int(w->r->arena, w->row, c->name, c->option[0].value);
	else if (c->type == COL_INTEGER)
		row_set(w->r->arena, w->row, c->name, c->min != NULL && decimal_cmp(c->min, "0") > 0 ? c->min : "0");
	else if ((c->type == COL_STRING || is_lookup(c) || c->type == COL_DECIMAL) && c->type != COL_OWNER)
		return reply_error(w->a, 400, "0x80040200", "Required attribute '%s' of entity '%s' is missing.", c->name, w->table->name);
	return true;
}

static bool
defaults(struct write *w)
{
	const struct column *c;
	size_t i;

	if (w->old != NULL)
		return true;
	for (i = 0; i < w->table->columns; i++) {
		c = w->table->column[i];
		if (!is_property(c, INT64_MAX) || c->type == COL_STATE || c->type == COL_STATUS)
			continue;
		if (c->fallback != NULL && row_get(w->row, c->name) == NULL && (c->type == COL_BOOLEAN || c->type == COL_PICKLIST))
			row_set(w->r->arena, w->row, c->name, c->fallback);
		if (c->required && c->create && !require(w, c))
			return false;
	}
	if (w->table->activity && schema_column(w->table, "activitytypecode") != NULL)
		row_set_text(w->r->arena, w->row, "activitytypecode", w->table->name);
	return true;
}

bool
rules_fields(struct write *w)
{
	if (!defaults(w) || !rules_state(w))
		return false;
	full_name(w);
	own(w);
	currency(w);
	stamp(w);
	return hierarchy(w) && activity_check(w) && rules_table(w) && document_check(w);
}
