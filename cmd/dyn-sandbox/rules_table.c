/*
 * rules_table - what single tables insist on, and what the platform makes for them
 *
 * Business process flows (reference 9.7), the activitypointer row that goes with
 * every activity (9.5); products and lines are in rules_sales.c.
 */
#include <stdio.h>
#include <string.h>

#include "store.h"

#define NO_PROCESS "00000000-0000-0000-0000-000000000000"

static bool
is(const struct write *w, const char *table)
{
	return strcmp(w->table->name, table) == 0;
}

static char *
lookup(struct write *w, const char *column)
{
	return row_lookup(w->r->arena, w->row, column);
}

static bool
currency_matches(struct write *w)
{
	const struct table *t = schema_table("pricelevel");
	char *list = lookup(w, "pricelevelid"), *own = lookup(w, "transactioncurrencyid"), *theirs;
	struct row *row = t != NULL && list != NULL ? store_get(w->r->arena, t, list) : NULL;

	theirs = row != NULL ? row_lookup(w->r->arena, row, "transactioncurrencyid") : NULL;
	if (theirs == NULL || own == NULL || strcmp(theirs, own) == 0)
		return true;
	return reply_error(w->a, 400, "0x80048cf6", "The currency of the record does not match the currency of the price list.");
}

/* The position of a stage in a path of GUIDs with commas; -1 if it is not there. */
static long
path_position(const char *path, const char *stage)
{
	const char *p = strstr(path, stage);

	return p != NULL ? (long)((p - path) / 37) : -1;
}

/* The stages of a flow in their order, as a path. */
static char *
flow_path(struct write *w, const char *process)
{
	sqlite3_stmt *s;
	char *path = arena_str(w->r->arena, "");

	if (sqlite3_prepare_v2(store_db(), "SELECT id FROM rows WHERE tbl='processstage' AND "
	    "json_extract(body, '$.\"_processid_value\"')=?1 ORDER BY json_extract(body, '$.stagecategory'), rid", -1, &s, NULL) != SQLITE_OK)
		return path;
	sqlite3_bind_text(s, 1, process, -1, SQLITE_TRANSIENT);
	while (sqlite3_step(s) == SQLITE_ROW)
		path = arena_printf(w->r->arena, "%s%s%s", path, path[0] ? "," : "", (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	return path;
}

static bool
flow_rules(struct write *w)
{
	const struct table *t = schema_table("processstage");
	struct arena *a = w->r->arena;
	char *stage = lookup(w, "activestageid"), *process, *path, *before, *own;
	struct row *row;
	long at, was;

	if (w->internal || stage == NULL || t == NULL || (row = store_get(a, t, stage)) == NULL)
		return true;
	if ((process = row_lookup(a, row, "processid")) == NULL)
		return true;
	if (lookup(w, "processid") == NULL)
		row_bind(a, w->row, "processid", "workflow", process);
	path = flow_path(w, process);
	at = path_position(path, stage);
	own = row_text(a, w->row, "traversedpath");
	if (w->old == NULL && at > 0 && (own == NULL || strncmp(own, path, (size_t)at * 37 + 36) != 0 || strlen(own) != (size_t)at * 37 + 36))
		return reply_error(w->a, 400, "0x80040203", "The traversedpath must lead from the first stage to the active one when that is not the first.");
	before = w->old != NULL ? row_lookup(a, w->old, "activestageid") : NULL;
	if (before == NULL || strcmp(before, stage) == 0)
		return true;
	was = path_position(path, before);
	if (was < 0 || at < 0 || (at - was != 1 && was - at != 1))
		return reply_error(w->a, 400, "0x80040203", "Invalid stage transition: only the adjacent stages can be reached from the active one.");
	return true;
}

bool
rules_table(struct write *w)
{
	if (is(w, "product"))
		return rules_product(w);
	if (is(w, "productpricelevel"))
		return rules_price(w);
	if (is(w, "opportunityproduct"))
		return rules_line(w);
	if (is(w, "opportunity") && !w->internal)
		return currency_matches(w);
	if (schema_column(w->table, "businessprocessflowinstanceid") != NULL)
		return flow_rules(w);
	return true;
}

/* The default flow's instance, at its first stage, unless processid is the empty GUID. */
static bool
default_flow(struct write *w)
{
	struct arena *a = w->r->arena;
	const struct table *t = schema_table(is(w, "lead") ? "leadtoopportunitysalesprocess" : "opportunitysalesprocess");
	char *process = row_text(a, w->row, "processid"), *path, *own = arena_printf(a, "bpf_%sid", w->table->name), id[37];
	struct write flow;

	if (process == NULL)
		process = store_setting(a, arena_printf(a, "%sflow", w->table->name));
	if (t == NULL || process == NULL || strcmp(process, NO_PROCESS) == 0)
		return true;
	path = flow_path(w, process);
	if (path[0] == '\0')
		return true;
	guid_new(id);
	flow = write_internal(w->r, w->a, t, row_new(a, t, id), NULL);
	row_set_text(a, flow.row, t->primary_id, id);
	row_set(a, flow.row, "name", row_get(w->row, w->table->primary_name));
	row_bind(a, flow.row, schema_column(t, own) != NULL ? own : own + 4, w->table->name, w->row->id);
	row_bind(a, flow.row, "processid", "workflow", process);
	row_bind(a, flow.row, "activestageid", "processstage", arena_dup(a, path, 36));
	row_set_text(a, flow.row, "traversedpath", arena_dup(a, path, 36));
	return write_store(&flow);
}

/* The columns that activitypointer knows, under the same id. */
static bool
activity_mirror(struct write *w)
{
	struct arena *a = w->r->arena;
	const struct table *t = schema_table("activitypointer");
	struct row *row, *old;
	char *base;
	size_t i, n;

	if (t == NULL || w->table == t)
		return true;
	old = store_get(a, t, w->row->id);
	row = row_new(a, t, w->row->id);
	for (i = 0; i < w->row->n; i++) {
		base = arena_str(a, w->row->cell[i].name);
		n = strcspn(base, "@");
		if (base[0] == '_' && n > 7) {
			base[n - 6] = '\0';
			base++;
		}
		if (schema_column(t, base) != NULL)
			row_set(a, row, w->row->cell[i].name, w->row->cell[i].json);
	}
	row_set_text(a, row, "activitytypecode", w->table->name);
	row->rid = old != NULL ? old->rid : 0;
	return (old != NULL ? store_update(a, row) : store_insert(a, row)) == STORED ||
	    reply_error(w->a, 412, "0x80040237", "A record with matching key values already exists.");
}

bool
rules_after(struct write *w)
{
	if (is(w, "uomschedule"))
		return rules_schedule_made(w);
	if (is(w, "opportunityproduct"))
		return rules_line_made(w);
	if (w->table->activity && !activity_mirror(w))
		return false;
	if (w->old == NULL && (is(w, "opportunity") || is(w, "lead")))
		return default_flow(w);
	return true;
}
