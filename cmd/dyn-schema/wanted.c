/*
 * The columns file: table,column,type,length,min,max,precision,format,label,choices
 *
 *	type      String Memo Integer BigInt Decimal Double Money Boolean DateTime
 *	          Picklist MultiSelectPicklist Lookup, key, or table (column blank)
 *	format    String: Text Email Phone Url; Memo: Text TextArea;
 *	          DateTime: DateOnly or DateAndTime, ":" and a behavior
 *	          (UserLocal, DateOnly, TimeZoneIndependent)
 *	choices   Picklist: its name in the options file (blank: the column's own);
 *	          Boolean: the labels of false and true, "No;Yes"; key: its columns;
 *	          Lookup: the table it points to; table: notes activities
 *	label     table: of one row, or of one and of several, "Ticket;Tickets"
 *
 * The options file: column,value,label.
 */
#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "csv.h"
#include "schema.h"
#include "xalloc.h"

const char *const type_name[] = {
	"String", "Memo", "Integer", "BigInt", "Decimal", "Double", "Money", "Boolean", "DateTime", "Picklist",
	"MultiSelectPicklist", "Lookup", "table", "key"
};
const char *const type_odata[] = {
	"StringType", "MemoType", "IntegerType", "BigIntType", "DecimalType", "DoubleType", "MoneyType", "BooleanType",
	"DateTimeType", "PicklistType", "MultiSelectPicklistType", "LookupType", NULL, NULL
};

#define TYPES (sizeof(type_name) / sizeof(type_name[0]))
#define KEY_COLUMNS 16

/* Where we are, and how many lines were bad. */
struct reader {
	const struct csv *t;
	size_t row;
	size_t bad;
};

static void
bad(struct reader *r, const char *what, const char *value)
{
	warnx("%s:%lu: %s: \"%s\"", r->t->name, r->t->line[r->row], what, value);
	r->bad++;
}

static const char *
cell(const struct reader *r, const char *column)
{
	return csv_cell(r->t, r->row, csv_need(r->t, column));
}

/* A whole number in its range; -1 when blank. */
static long
number(struct reader *r, const char *column, long min, long max)
{
	const char *text = cell(r, column);
	char *end;
	long v;

	if (*text == '\0')
		return -1;
	v = strtol(text, &end, 10);
	if (*end != '\0' || !isdigit((unsigned char)text[0]) || strlen(text) > 9 || v < min || v > max) {
		warnx("%s:%lu: %s is a whole number from %ld to %ld here, not \"%s\"", r->t->name, r->t->line[r->row],
		    column, min, max, text);
		r->bad++;
	}
	return v;
}

static bool
decimal(const char *p)
{
	p += *p == '-';
	if (!isdigit((unsigned char)*p) || (*p == '0' && isdigit((unsigned char)p[1])))
		return false;
	p += strspn(p, "0123456789");
	if (*p == '.' && isdigit((unsigned char)p[1]))
		p += 1 + strspn(p + 1, "0123456789");
	return *p == '\0';
}

static const char *
limit(struct reader *r, const char *column)
{
	const char *text = cell(r, column);

	if (*text == '\0')
		return NULL;
	if (!decimal(text))
		bad(r, "not a decimal number", text);
	return text;
}

static bool
word(const char *text, size_t n, const char *list)
{
	const char *p;

	for (p = list; *p != '\0'; p += strcspn(p, " "), p += *p == ' ')
		if (strcspn(p, " ") == n && memcmp(p, text, n) == 0)
			return true;
	return false;
}

static void
read_format(struct reader *r, struct item *it)
{
	const char *text = cell(r, "format");
	size_t n = strcspn(text, ":");
	const char *list = it->type == STRING ? "Text Email Phone Url" : it->type == MEMO ? "Text TextArea" :
	    it->type == DATETIME ? "DateOnly DateAndTime" : "";

	if (it->type == DATETIME && *text == '\0')
		text = "DateAndTime:UserLocal", n = strlen("DateAndTime");
	if (*text == '\0')
		return;
	if (!word(text, n, list) || (text[n] == ':' && (it->type != DATETIME ||
	    !word(text + n + 1, strlen(text + n + 1), "UserLocal DateOnly TimeZoneIndependent"))))
		bad(r, "no format of this type", text);
	it->format = xstrndup(text, n);
	if (it->type == DATETIME)
		it->behavior = xstrdup(text[n] == ':' ? text + n + 1 : "UserLocal");
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The key's columns in one order, so that two keys can be compared as text. */
static void
read_key(struct reader *r, struct item *it)
{
	char *text = xstrdup(cell(r, "choices")), *p, *save = NULL, *name[KEY_COLUMNS];
	struct buf b = { 0 };
	size_t n = 0, i;

	if (text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_ ;")] != '\0')
		bad(r, "a key's columns are logical names (lower case)", text);
	for (p = strtok_r(text, " ;", &save); p != NULL && n < KEY_COLUMNS; p = strtok_r(NULL, " ;", &save))
		name[n++] = p;
	if (n == 0 || p != NULL)
		bad(r, "a key needs 1 to 16 columns in choices", cell(r, "choices"));
	qsort(name, n, sizeof(name[0]), by_text);
	for (i = 0; i < n; i++)
		buf_printf(&b, "%s%s", i > 0 ? " " : "", name[i]);
	buf_nul(&b);
	it->key_columns = b.p;
	free(text);
}

static void
option_add(struct choices *o, int64_t value, const char *label)
{
	o->o = xreallocarray(o->o, o->n + 1, sizeof(*o->o));
	o->o[o->n++] = (struct choice){ .value = value, .label = xstrdup(label) };
}

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789_"

static void
read_target(struct reader *r, struct item *it)
{
	it->target = cell(r, "choices");
	if (*it->target == '\0' || it->target[strspn(it->target, LOWER)] != '\0')
		bad(r, "a lookup needs the one table that it points to in choices", it->target);
}

/* Flags, and the label of several rows: given after ;, else made as English does it. */
static void
read_table(struct reader *r, struct item *it)
{
	const char *p = cell(r, "choices"), *text = it->label;
	size_t n;

	for (; p += strspn(p, " ;"), n = strcspn(p, " ;"), n > 0; p += n) {
		if (n == 5 && memcmp(p, "notes", n) == 0)
			it->notes = true;
		else if (n == 10 && memcmp(p, "activities", n) == 0)
			it->activities = true;
		else
			bad(r, "a table has notes and activities in choices, nothing else", p);
	}
	n = strcspn(text, ";");
	it->plural = text[n] == ';' && text[n + 1] != '\0' ? xstrdup(text + n + 1) : xasprintf("%.*ss", (int)n, text);
	it->label = xstrndup(text, n);
}

static void
read_labels(struct reader *r, struct item *it)
{
	const char *text = cell(r, "choices");
	size_t n = strcspn(text, ";");
	char *no;

	if (*text == '\0')
		text = "No;Yes", n = 2;
	if (n == 0 || text[n] == '\0' || text[n + 1] == '\0')
		bad(r, "the labels of false and true are wanted, as in \"No;Yes\"", text);
	no = xstrndup(text, n);
	option_add(&it->options, 0, no);
	option_add(&it->options, 1, text[n] == ';' ? text + n + 1 : "Yes");
	free(no);
}

/* A choice's rows of the options file, in its order. */
static void
read_options(struct reader *r, struct item *it, const struct csv *t)
{
	const char *name = *cell(r, "choices") != '\0' ? cell(r, "choices") : it->name, *text, *label;
	struct reader o = { .t = t };
	int64_t v;

	for (o.row = 0; t != NULL && o.row < t->rows; o.row++) {
		if (strcmp(cell(&o, "column"), name) != 0)
			continue;
		text = cell(&o, "value");
		label = cell(&o, "label");
		v = strtol(text, NULL, 10);
		if (strspn(text, "0123456789") != strlen(text) || strlen(text) == 0 || strlen(text) > 10 || v > INT32_MAX)
			bad(&o, "an option's value is a whole number up to 2147483647", text);
		else if (option_find(&it->options, v) != NULL)
			bad(&o, "this value has another option already", text);
		else if (*label == '\0')
			bad(&o, "an option without a label", text);
		else
			option_add(&it->options, v, label);
	}
	r->bad += o.bad;
	if (it->options.n == 0)
		warnx("%s:%lu: choice %s has no options yet (none in --options under \"%s\")", r->t->name, r->t->line[r->row],
		    it->name, name);
}

static bool
name_good(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(name, prefix, n) == 0 && name[n] == '_' && name[n + 1] != '\0' && strlen(name) <= 100 &&
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0';
}

static void
read_type(struct reader *r, struct item *it, const struct csv *options)
{
	static const long max_precision[] = { [DECIMAL] = 10, [DOUBLE] = 5, [MONEY] = 4 };
	enum type t = it->type;

	if (t == STRING || t == MEMO || t == TABLE) {
		it->length = number(r, "length", 1, t == MEMO ? 1048576 : 4000);
		if (*cell(r, "length") == '\0' && t != TABLE)
			bad(r, "text needs a length", "");
	} else if (*cell(r, "length") != '\0') {
		bad(r, "only text has a length", cell(r, "length"));
	}
	if (t == DECIMAL || t == DOUBLE || t == MONEY)
		it->precision = number(r, "precision", 0, max_precision[t]);
	if (t == INTEGER || t == DECIMAL || t == DOUBLE || t == MONEY) {
		it->min = limit(r, "min");
		it->max = limit(r, "max");
	}
	read_format(r, it);
	if (t == KEY)
		read_key(r, it);
	else if (t == TABLE)
		read_table(r, it);
	else if (t == LOOKUP)
		read_target(r, it);
	else if (t == BOOLEAN)
		read_labels(r, it);
	else if (t == PICKLIST || t == MULTISELECT)
		read_options(r, it, options);
}

static void
read_item(struct reader *r, struct schema *s, struct item *it, const struct csv *options)
{
	const char *type = cell(r, "type");
	char *p;
	size_t i;

	*it = (struct item){ .table = cell(r, "table"), .name = cell(r, "column"), .label = cell(r, "label"),
	    .length = -1, .precision = -1, .line = r->t->line[r->row] };
	for (i = 0; i < TYPES && strcmp(type, type_name[i]) != 0; i++)
		;
	it->type = (enum type)i;
	it->logical = xstrdup(it->name);
	for (p = it->logical; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	if (*it->label == '\0')
		it->label = it->type == TABLE ? it->table : it->name;
	if (*it->table == '\0' || it->table[strspn(it->table, LOWER)] != '\0')
		bad(r, "no logical name of a table", it->table);
	if (it->type == TABLE && *it->name != '\0')
		bad(r, "a table's line has no column", it->name);
	else if (it->type == TABLE && (!name_good(it->table, s->publisher) || strlen(it->table) > 64))
		bad(r, "a table's name begins with the publisher's prefix and _ (64 characters at most)", it->table);
	else if (it->type != TABLE && !name_good(it->name, s->publisher))
		bad(r, "a name begins with the publisher's prefix and _, then letters, digits, _ (100 at most)", it->name);
	if (i == TYPES)
		bad(r, "no such type", type);
	else
		read_type(r, it, options);
}

/* The same name twice in one table; a key's columns that the file does not make are the organization's matter. */
static void
check_twice(struct reader *r, const struct schema *s)
{
	const struct item *a = &s->item[r->row], *b;

	for (b = s->item; b < a; b++)
		if (strcmp(a->table, b->table) == 0 && strcmp(a->logical, b->logical) == 0)
			bad(r, "wanted a second time", a->type == TABLE ? a->table : a->name);
}

static void
table_note(struct schema *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->tables; i++)
		if (strcmp(s->table[i], name) == 0)
			return;
	s->table = xreallocarray(s->table, s->tables + 1, sizeof(*s->table));
	s->table[s->tables++] = name;
}

void
wanted_read(struct schema *s, const char *columns, const char *optionfile)
{
	struct csv *options = optionfile != NULL ? csv_load(optionfile) : NULL;
	struct reader r = { .t = s->columns = csv_load(columns) };

	s->file = columns;
	s->items = r.t->rows;
	s->item = xcalloc(s->items > 0 ? s->items : 1, sizeof(*s->item));
	for (r.row = 0; r.row < s->items; r.row++) {
		read_item(&r, s, &s->item[r.row], options);
		check_twice(&r, s);
		table_note(s, s->item[r.row].table);
	}
	if (r.bad > 0)
		errx(EX_CONFIG, "%s: %zu mistakes; nothing was changed", columns, r.bad);
	if (options != NULL)
		csv_unload(options);
}
