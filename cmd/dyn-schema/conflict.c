/*
 * What is there stays as it is: dyn-schema never changes or removes a column.
 * So a column of another type, or one that is too small for the values, is for
 * a person to decide, and all of them are named before anything is changed.
 */
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema.h"

static const struct schema *schema;
static size_t count;

static void __attribute__((format(printf, 2, 3)))
conflict(const struct item *it, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	warnx("%s:%lu: %s%s%s: %s", schema->file, it->line, it->table, it->type == TABLE ? "" : ".", it->name, text);
	count++;
}

static void
judge_limits(const struct item *it)
{
	const struct there *t = &it->there;

	if (it->length >= 0 && t->length >= 0 && t->length < it->length)
		conflict(it, "there it holds %ld characters, wanted are %ld", t->length, it->length);
	if (it->precision >= 0 && t->precision >= 0 && t->precision < it->precision)
		conflict(it, "there it has precision %ld, wanted is %ld", t->precision, it->precision);
	if (it->min != NULL && t->min != NULL && strtod(t->min, NULL) > strtod(it->min, NULL))
		conflict(it, "there the least value is %s, wanted is %s", t->min, it->min);
	if (it->max != NULL && t->max != NULL && strtod(t->max, NULL) < strtod(it->max, NULL))
		conflict(it, "there the greatest value is %s, wanted is %s", t->max, it->max);
}

/* Format and behavior of a date decide what its values mean; a text's format is looks. */
static void
judge_date(const struct item *it)
{
	const struct there *t = &it->there;

	if (it->type != DATETIME)
		return;
	if (t->format != NULL && strcmp(t->format, it->format) != 0)
		conflict(it, "there its format is %s, wanted is %s", t->format, it->format);
	if (t->behavior != NULL && strcmp(t->behavior, it->behavior) != 0)
		conflict(it, "there its behavior is %s, wanted is %s", t->behavior, it->behavior);
}

/* Notes, activities and the owner of a table hang on its definition, which stays as it is. */
static void
judge_table(const struct item *it)
{
	const struct there *t = &it->there;

	if (t->activity)
		conflict(it, "there it is a table of activities");
	if (t->ownership == NULL || strcmp(t->ownership, "UserOwned") != 0)
		conflict(it, "there its rows have no owners (%s)", t->ownership != NULL ? t->ownership : "no OwnershipType");
	if (it->notes && !t->notes)
		conflict(it, "there it takes no notes: allow them in its settings");
	if (it->activities && !t->activities)
		conflict(it, "there it takes no activities: allow them in its settings");
}

static bool
among(const char *name, const char *list)
{
	size_t n = strlen(name), k;

	for (; *list != '\0'; list += k + (list[k] == ' ')) {
		k = strcspn(list, " ");
		if (k == n && memcmp(list, name, n) == 0)
			return true;
	}
	return false;
}

static void
judge_target(const struct item *it)
{
	if (it->type == LOOKUP && it->there.targets != NULL && !among(it->target, it->there.targets))
		conflict(it, "there it points to \"%s\", wanted is \"%s\"", it->there.targets, it->target);
}

/*
 * An option renamed in Dynamics keeps its number, and that is what rows hold: it is left and
 * mentioned.  But when the wanted text has another number there, numbers and texts have come apart.
 */
static void
judge_options(const struct item *it)
{
	const struct choices *have = &it->there.options;
	size_t i, k;

	if (it->type != PICKLIST && it->type != MULTISELECT)
		return;
	for (i = 0; i < it->options.n; i++) {
		const struct choice *o = &it->options.o[i], *there = option_find(have, o->value);

		for (k = 0; k < have->n; k++) {
			if (have->o[k].value != o->value && strcmp(have->o[k].label, o->label) == 0 &&
			    option_find(&it->options, have->o[k].value) == NULL)
				conflict(it, "option \"%s\" has the value %lld there, wanted is %lld", o->label,
				    (long long)have->o[k].value, (long long)o->value);
		}
		if (there == NULL || strcmp(there->label, o->label) == 0)
			continue;
		for (k = 0; k < it->options.n && strcmp(it->options.o[k].label, there->label) != 0; k++)
			;
		if (k < it->options.n)
			conflict(it, "value %lld is \"%s\" there, wanted is \"%s\"", (long long)o->value, there->label, o->label);
		else
			warnx("%s.%s: option %lld is called \"%s\" there, not \"%s\": left", it->table, it->name,
			    (long long)o->value, there->label, o->label);
	}
}

static void
judge(const struct item *it)
{
	if (!it->there.is)
		return;
	if (it->type == TABLE) {
		judge_table(it);
	} else if (it->type == KEY) {
		if (strcmp(it->there.key_columns, it->key_columns) != 0)
			conflict(it, "there it is a key over \"%s\", wanted is \"%s\"", it->there.key_columns, it->key_columns);
	} else if (it->there.type == NULL || strcmp(it->there.type, type_odata[it->type]) != 0) {
		conflict(it, "there it is a %s, wanted is %s", it->there.type != NULL ? it->there.type : "column of no type",
		    type_name[it->type]);
	} else {
		judge_limits(it);
		judge_date(it);
		judge_options(it);
		judge_target(it);
	}
}

size_t
conflicts(const struct schema *s)
{
	size_t i;

	schema = s;
	count = 0;
	for (i = 0; i < s->items; i++)
		judge(&s->item[i]);
	return count;
}
