/*
 * rules_sales - the catalogue and the lines of opportunities
 *
 * Source: reference section 9.6 and the platform's column definitions.  Not in
 * any source, and so the stand-in's own strictness: that a product number given
 * twice is refused as a key is, that only active products can be retired, that
 * a closed opportunity takes no lines, and the code for a line in another
 * currency than its opportunity.
 */
#include <string.h>

#include "store.h"

__extension__ typedef __int128 wide;

#define PLACES 10		/* of the exact sums: quantities have 5, amounts 4 */

static char *
lookup(struct write *w, const char *column)
{
	return row_lookup(w->r->arena, w->row, column);
}

/* ---- exact amounts ---- */

static wide
wide_of(const char *p)
{
	bool minus = p != NULL && *p == '-';
	int places = -1;
	wide v = 0;

	for (p = p == NULL ? "" : p + minus; (*p >= '0' && *p <= '9') || *p == '.'; p++) {
		if (*p == '.')
			places = 0;
		else if (places < PLACES) {
			v = v * 10 + (*p - '0');
			places += places >= 0;
		}
	}
	for (places = places < 0 ? 0 : places; places < PLACES; places++)
		v *= 10;
	return minus ? -v : v;
}

/* A number of as many decimals, rounded to these places. */
static char *
wide_text(struct arena *a, wide v, int decimals, int places)
{
	char digits[64], *p = digits + sizeof(digits) - 1;
	bool minus = v < 0;
	char *rounded;
	int i;

	if (minus)
		v = -v;
	*p = '\0';
	for (i = 0; v > 0 || i <= decimals; i++) {
		if (i == decimals && decimals > 0)
			*--p = '.';
		*--p = (char)('0' + (int)(v % 10));
		v /= 10;
	}
	if (minus)
		*--p = '-';
	rounded = decimal_round(a, p, strlen(p), places);
	return rounded != NULL ? rounded : arena_str(a, "0.00");
}

/* An amount in the row's currency, and its shadow in the base currency. */
static void
money(struct arena *a, struct row *row, const char *column, wide v)
{
	const char *rate = row_get(row, "exchangerate");
	char *base = arena_printf(a, "%s_base", column), *text = wide_text(a, v, PLACES, 2);

	if (schema_column(row->table, column) == NULL)
		return;
	row_set(a, row, column, text);
	if (rate != NULL && schema_column(row->table, base) != NULL)
		row_set(a, row, base, decimal_divide(a, text, rate, 4));
}

/* ---- products and prices ---- */

static bool
number_taken(struct write *w, const char *number)
{
	sqlite3_stmt *s;
	bool taken;

	if (number == NULL || sqlite3_prepare_v2(store_db(), "SELECT 1 FROM rows WHERE tbl='product' AND id<>?1 AND "
	    "json_extract(body, '$.productnumber')=?2 COLLATE NOCASE", -1, &s, NULL) != SQLITE_OK)
		return false;
	sqlite3_bind_text(s, 1, w->row->id, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(s, 2, number, -1, SQLITE_TRANSIENT);
	taken = sqlite3_step(s) == SQLITE_ROW;
	sqlite3_finalize(s);
	return taken;
}

/* Draft to active, active to retired; a state alone does not say what else may follow it. */
static bool
life_cycle(struct write *w)
{
	long is = row_int(w->row, "statecode", 2), was;

	if (w->old == NULL || w->internal)
		return true;
	was = row_int(w->old, "statecode", 2);
	if (is == 1 && was != 1 && was != 0)
		return reply_error(w->a, 400, "0x80040203", "You can only retire active products.");
	if (is == 2 && was != 2)
		return reply_error(w->a, 400, "0x80040203", "A product that was active cannot be a draft again.");
	return true;
}

bool
rules_product(struct write *w)
{
	static const char *const required[] = { "name", "quantitydecimal" };
	const struct table *t = schema_table("uom");
	struct row *unit;
	char *id = lookup(w, "defaultuomid"), *schedule = lookup(w, "defaultuomscheduleid"), *of;
	size_t i;

	if (id == NULL)
		return reply_error(w->a, 400, "0x80043b0d", "The default unit of the product is missing.");
	if (schedule == NULL)
		return reply_error(w->a, 400, "0x80043b13", "The unit schedule of the product is missing.");
	for (i = 0; i < 2 && !w->internal; i++)
		if (row_get(w->row, required[i]) == NULL)
			return reply_error(w->a, 400, "0x80040200", "Required attribute '%s' of entity 'product' is missing.", required[i]);
	unit = t != NULL ? store_get(w->r->arena, t, id) : NULL;
	of = unit != NULL ? row_lookup(w->r->arena, unit, "uomscheduleid") : NULL;
	if (of != NULL && strcmp(of, schedule) != 0)
		return reply_error(w->a, 400, "0x80040203", "The default unit is not in the product's unit schedule.");
	if (number_taken(w, row_text(w->r->arena, w->row, "productnumber")))
		return reply_error(w->a, 412, "0x80040237", "A record with matching key values already exists.");
	return life_cycle(w);
}

struct same {
	struct write *w;
	bool found;
};

static bool
same_item(struct row *row, void *arg)
{
	struct same *s = arg;
	struct arena *a = s->w->r->arena;
	char *list = row_lookup(a, row, "pricelevelid"), *unit = row_lookup(a, row, "uomid"), *own = lookup(s->w, "uomid");

	if (strcmp(row->id, s->w->row->id) != 0 && list != NULL && strcmp(list, lookup(s->w, "pricelevelid")) == 0 &&
	    (unit == own || (unit != NULL && own != NULL && strcmp(unit, own) == 0)))
		s->found = true;
	return !s->found;
}

bool
rules_price(struct write *w)
{
	struct same s = { .w = w };

	if (lookup(w, "pricelevelid") == NULL || lookup(w, "productid") == NULL)
		return true;
	store_referencing(w->r->arena, w->table, "productid", lookup(w, "productid"), same_item, &s);
	return !s.found || reply_error(w->a, 400, "0x80043b08", "The product and unit combination is already in this price list.");
}

/* The base unit of a new schedule is the platform's to make. */
bool
rules_schedule_made(struct write *w)
{
	struct arena *a = w->r->arena;
	const struct table *t = schema_table("uom");
	const char *name = row_get(w->row, "baseuomname");
	struct write unit;
	char id[37];

	if (w->old != NULL || w->internal || t == NULL || name == NULL)
		return true;
	guid_new(id);
	unit = write_internal(w->r, w->a, t, row_new(a, t, id), NULL);
	row_set_text(a, unit.row, t->primary_id, id);
	row_set(a, unit.row, "name", name);
	row_set(a, unit.row, "quantity", "1.00000");
	row_set(a, unit.row, "isschedulebaseuom", "true");
	row_bind(a, unit.row, "uomscheduleid", "uomschedule", w->row->id);
	return write_store(&unit);
}

/* ---- lines ---- */

static struct row *
header(struct write *w, const char *table, const char *column)
{
	const struct table *t = schema_table(table);
	char *id = lookup(w, column);

	return t != NULL && id != NULL ? store_get(w->r->arena, t, id) : NULL;
}

/* The currency that a row without one has from the row it is part of. */
char *
rules_currency(struct write *w)
{
	struct row *row = NULL;

	if (strcmp(w->table->name, "opportunityproduct") == 0)
		row = header(w, "opportunity", "opportunityid");
	else if (strcmp(w->table->name, "productpricelevel") == 0)
		row = header(w, "pricelevel", "pricelevelid");
	return row != NULL ? row_lookup(w->r->arena, row, "transactioncurrencyid") : NULL;
}

/* A line is a write-in, or names a product that is active (or only revised). */
static bool
line_product(struct write *w)
{
	struct row *product = header(w, "product", "productid");
	long state = product != NULL ? row_int(product, "statecode", 0) : 0;

	if (w->internal || schema_table("product") == NULL)
		return true;
	if (row_true(w->row, "isproductoverridden")) {
		if (product != NULL)
			return reply_error(w->a, 400, "0x80040203", "A write-in product cannot name an existing one.");
		return row_get(w->row, "productdescription") != NULL || reply_error(w->a, 400, "0x80040200",
		    "Required attribute 'productdescription' of entity 'opportunityproduct' is missing.");
	}
	if (product == NULL)
		return reply_error(w->a, 400, "0x80040200", "Required attribute 'productid' of entity 'opportunityproduct' is missing.");
	return w->old != NULL || (state != 2 && state != 1) || reply_error(w->a, 400, "0x80040203", "The product with id %s is %s: only active "
	    "products can be added.", product->id, state == 2 ? "a draft" : "retired");
}

/* The amounts that the platform calculates. */
static void
line_amounts(struct write *w)
{
	const char *quantity = row_get(w->row, "quantity");
	wide per = wide_of(row_get(w->row, "priceperunit")), count = wide_of(quantity), base;
	struct arena *a = w->r->arena;

	/* ten places and ten: half of each is kept, which no amount or quantity exceeds */
	base = wide_of(wide_text(a, (per / 100000) * (count / 100000), PLACES, 2));
	money(a, w->row, "baseamount", base);
	money(a, w->row, "extendedamount", base - wide_of(row_get(w->row, "manualdiscountamount")) + wide_of(row_get(w->row, "tax")));
}

bool
rules_line(struct write *w)
{
	struct row *opportunity = header(w, "opportunity", "opportunityid");
	char *theirs, *own = lookup(w, "transactioncurrencyid");

	if (row_true(w->row, "isproductoverridden") && lookup(w, "uomid") != NULL)
		return reply_error(w->a, 400, "0x80043afa", "A unit cannot be set on a write-in product.");
	if (opportunity != NULL && row_lookup(w->r->arena, opportunity, "pricelevelid") == NULL)
		return reply_error(w->a, 400, "0x80043b12", "The opportunity has no price list.");
	theirs = opportunity != NULL ? row_lookup(w->r->arena, opportunity, "transactioncurrencyid") : NULL;
	if (theirs != NULL && own != NULL && strcmp(theirs, own) != 0)
		return reply_error(w->a, 400, "0x80048cf6", "The currency of the record does not match the currency of the price list.");
	if (opportunity != NULL && !w->internal && w->old == NULL && row_int(opportunity, "statecode", 0) != 0)
		return reply_error(w->a, 400, "0x80040203", "Products cannot be added to a closed opportunity.");
	if (!line_product(w))
		return false;
	line_amounts(w);
	return true;
}

struct total {
	wide lines, discount, tax;
};

static bool
add_line(struct row *row, void *arg)
{
	struct total *t = arg;

	t->discount += wide_of(row_get(row, "manualdiscountamount"));
	t->tax += wide_of(row_get(row, "tax"));
	t->lines += wide_of(row_get(row, "extendedamount")) - wide_of(row_get(row, "tax"));
	return true;
}

/* A line was written: its opportunity's totals; the estimated value only where the opportunity leaves it to the platform. */
bool
rules_line_made(struct write *w)
{
	struct arena *a = w->r->arena;
	struct row *old = header(w, "opportunity", "opportunityid");
	struct total t = { 0, 0, 0 };
	struct write up;
	wide less;

	if (old == NULL)
		return true;
	store_referencing(a, w->table, "opportunityid", old->id, add_line, &t);
	up = write_internal(w->r, w->a, old->table, row_copy(a, old), old);
	less = t.lines - wide_of(row_get(old, "discountamount"));
	money(a, up.row, "totallineitemamount", t.lines);
	money(a, up.row, "totallineitemdiscountamount", t.discount);
	money(a, up.row, "totaltax", t.tax);
	money(a, up.row, "totalamountlessfreight", less);
	money(a, up.row, "totalamount", less + wide_of(row_get(old, "freightamount")) + t.tax);
	if (row_true(old, "isrevenuesystemcalculated"))
		money(a, up.row, "estimatedvalue", less + wide_of(row_get(old, "freightamount")) + t.tax);
	return write_store(&up);
}
