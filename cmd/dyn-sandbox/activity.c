/*
 * activity - what activities and notes insist on
 *
 * Activities are born open and completed or cancelled by a later change, which
 * gives them an actual end unless they have one; from then on nothing of them
 * changes but their state.  An e-mail must not become one that the platform
 * sends.  Appointments have both times, in their order.  Notes and activities
 * belong to tables that have them enabled.
 * Source: reference sections 3.4 (notes), 9.2, 9.3 (states), 9.5 (e-mail).
 */
#include <string.h>

#include "store.h"

#define PENDING_SEND 6
#define SENDING 7

/* Open and, of appointments, scheduled. */
static bool
open_state(const struct row *row)
{
	long state = row_int(row, "statecode", 0);

	return state == 0 || state == 3;
}

/* What the platform keeps for itself in every change. */
static bool
passing(const char *name)
{
	static const char *const list[] = { "modifiedon", "_modifiedby_value", "_modifiedby_value@t", "_modifiedonbehalfby_value",
	    "_modifiedonbehalfby_value@t", "statecode", "statuscode", "versionnumber" };
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

/* The first column that one row has otherwise than the other; NULL if there is none. */
static const char *
changed(const struct row *a, const struct row *b)
{
	const char *other;
	size_t i;

	for (i = 0; i < a->n; i++) {
		other = row_get(b, a->cell[i].name);
		if (!passing(a->cell[i].name) && (other == NULL || strcmp(other, a->cell[i].json) != 0))
			return a->cell[i].name;
	}
	return NULL;
}

static bool
closed_stays(struct write *w)
{
	const char *column;

	if (open_state(w->old) || open_state(w->row))
		return true;
	column = changed(w->row, w->old);
	if (column == NULL)
		column = changed(w->old, w->row);
	if (column == NULL && w->nesteds > 0)
		column = w->nested[0].relation->collection;
	return column == NULL || reply_error(w->a, 400, "0x80040203", "The %s with id %s is completed or canceled: '%s' cannot be changed "
	    "any more.", w->table->name, w->row->id, column);
}

static void
completed(struct write *w)
{
	char now[21];

	if (open_state(w->row) || (w->old != NULL && !open_state(w->old)) || row_get(w->row, "actualend") != NULL ||
	    schema_column(w->table, "actualend") == NULL)
		return;
	value_now(now);
	row_set_text(w->r->arena, w->row, "actualend", now);
}

static bool
not_sendable(struct write *w)
{
	long status = row_int(w->row, "statuscode", 0);

	return (status != PENDING_SEND && status != SENDING) || reply_error(w->a, 400, "0x80040203", "The stand-in sends no e-mail: status %ld "
	    "of the email with id %s would have it sent.", status, w->row->id);
}

static bool
appointment_times(struct write *w)
{
	static const char *const name[] = { "scheduledstart", "scheduledend" };
	char *at[2];
	size_t i;

	for (i = 0; i < 2; i++)
		if ((at[i] = row_text(w->r->arena, w->row, name[i])) == NULL)
			return reply_error(w->a, 400, "0x80040200", "Required attribute '%s' of entity 'appointment' is missing.", name[i]);
	return strcmp(at[1], at[0]) >= 0 || reply_error(w->a, 400, "0x80040203", "The end time of an appointment must not be before its "
	    "start time.");
}

static bool
enabled(struct write *w, const char *column, bool notes)
{
	const char *table = row_lookup_table(w->r->arena, w->row, column);
	const struct table *t = table != NULL ? schema_table(table) : NULL;

	if (t == NULL || w->old != NULL || (notes ? t->notes : t->activities))
		return true;
	return reply_error(w->a, 400, "0x80048d19", "The table '%s' is not enabled for %s.", table, notes ? "notes" : "activities");
}

bool
activity_check(struct write *w)
{
	if (strcmp(w->table->name, "annotation") == 0)
		return enabled(w, "objectid", true);
	if (!w->table->activity || w->internal)
		return true;
	if (w->old != NULL && !closed_stays(w))
		return false;
	completed(w);
	if (strcmp(w->table->name, "email") == 0 && !not_sendable(w))
		return false;
	if (strcmp(w->table->name, "appointment") == 0 && !appointment_times(w))
		return false;
	return schema_column(w->table, "regardingobjectid") == NULL || enabled(w, "regardingobjectid", false);
}
