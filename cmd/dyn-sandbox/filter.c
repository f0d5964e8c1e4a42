/*
 * filter - $filter and $orderby, as SQL over the rows' JSON
 *
 * or, and, not, parentheses; eq ne gt ge lt le between a property and a literal
 * (or a second property); contains, startswith, endswith;
 * Microsoft.Dynamics.CRM.In and ContainValues; a path over one lookup
 * (processid/workflowid); parameter aliases (@p).  Text is compared without
 * regard to ASCII case, as SQL Server's usual collation does; ne is true of
 * nulls.  Numbers are compared as SQLite compares them.
 *
 * Source: reference section 10.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

enum operand_kind { OP_PROPERTY, OP_TEXT, OP_NUMBER, OP_BOOLEAN, OP_NULL, OP_GUID, OP_DATE };

struct operand {
	enum operand_kind kind;
	char *sql;			/* of a property: its expression */
	char *text;			/* of a literal */
	const struct column *column;
	bool path;			/* over a lookup */
};

struct parser {
	struct request *r;
	struct reply *a;
	const struct table *t;
	const char *start, *p;
	struct buf *out;
	int depth;
};

static bool parse_or(struct parser *f);

static bool
syntax(struct parser *f)
{
	return reply_error(f->a, 400, "0x80060888", "Syntax error at position %zu in '%s'.", (size_t)(f->p - f->start), f->start);
}

static void
blank(struct parser *f)
{
	while (*f->p == ' ' || *f->p == '\t')
		f->p++;
}

static bool
keyword(struct parser *f, const char *word)
{
	size_t n = strlen(word);

	blank(f);
	if (strncmp(f->p, word, n) != 0 || (f->p[n] != ' ' && f->p[n] != '(' && f->p[n] != ',' && f->p[n] != '\0'))
		return false;
	f->p += n;
	return true;
}

static bool
symbol(struct parser *f, char c)
{
	blank(f);
	if (*f->p != c)
		return false;
	f->p++;
	return true;
}

static void
sql_text(struct buf *b, const char *s)
{
	buf_char(b, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			buf_char(b, '\'');
		buf_char(b, *s);
	}
	buf_char(b, '\'');
}

void
filter_column(struct buf *sql, const char *row, const struct table *t, const struct column *c)
{
	(void)t;
	if (strcmp(c->name, "versionnumber") == 0)
		buf_printf(sql, "%s.version", row);
	else if (is_lookup(c))
		buf_printf(sql, "json_extract(%s.body,'$.\"_%s_value\"')", row, c->name);
	else
		buf_printf(sql, "json_extract(%s.body,'$.\"%s\"')", row, c->name);
}

static char *
column_sql(struct parser *f, const char *row, const struct table *t, const struct column *c)
{
	struct buf b = { 0 };
	char *s;

	filter_column(&b, row, t, c);
	s = arena_dup(f->r->arena, b.p, b.n);
	buf_free(&b);
	return s;
}

static bool
no_property(struct parser *f, const struct table *t, const char *name)
{
	if (f->a->status != 0)
		return false;
	return reply_error(f->a, 400, "0x0", "Could not find a property named '%s' on type 'Microsoft.Dynamics.CRM.%s'.", name, t->name);
}

/* "name" or "_parentcustomerid_value" */
static const struct column *
find_property(struct parser *f, const struct table *t, const char *name)
{
	size_t n = strlen(name);
	const struct column *c;

	if (name[0] == '_' && n > 7 && strcmp(name + n - 6, "_value") == 0) {
		c = schema_column(t, arena_dup(f->r->arena, name + 1, n - 7));
		return c != NULL && is_lookup(c) && is_property(c, f->r->now) ? c : NULL;
	}
	if (strcmp(t->name, "email") == 0 && strcmp(name, "description") == 0) {
		reply_error(f->a, 400, "0x80060888", "The property 'description' of 'email' is kept in blob storage: it cannot be filtered.");
		return NULL;
	}
	c = schema_column(t, name);
	return is_property(c, f->r->now) && !is_lookup(c) && c->read ? c : NULL;
}

/* The value of a column of the row that a lookup leads to. */
static bool
property_path(struct parser *f, const char *name, const char *rest, struct operand *o)
{
	const struct relation *rel = schema_single(f->t, name, f->r->now);
	const struct table *t = rel != NULL ? schema_table(rel->referenced) : NULL;

	if (t == NULL)
		return no_property(f, f->t, name);
	if ((o->column = find_property(f, t, rest)) == NULL)
		return no_property(f, t, rest);
	o->path = true;
	o->sql = arena_printf(f->r->arena, "(SELECT %s FROM rows p WHERE p.tbl='%s' AND p.ord=guidord(json_extract(r.body,'$.\"_%s_value\"')))",
	    column_sql(f, "p", t, o->column), t->name, rel->column);
	return true;
}

static bool
property(struct parser *f, struct operand *o)
{
	size_t n = strspn(f->p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	char *name = arena_dup(f->r->arena, f->p, n), *rest;

	if (n == 0)
		return syntax(f);
	f->p += n;
	o->kind = OP_PROPERTY;
	if (*f->p == '/') {
		f->p++;
		n = strspn(f->p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
		rest = arena_dup(f->r->arena, f->p, n);
		f->p += n;
		return property_path(f, name, rest, o);
	}
	if ((o->column = find_property(f, f->t, name)) == NULL)
		return no_property(f, f->t, name);
	o->sql = column_sql(f, "r", f->t, o->column);
	return true;
}

static bool
text_literal(struct parser *f, char **text)
{
	const char *p = f->p + 1;
	char *o = *text = arena_get(f->r->arena, strlen(f->p) + 1);

	for (;; p++) {
		if (*p == '\0')
			return syntax(f);
		if (*p == '\'' && p[1] == '\'')
			p++;
		else if (*p == '\'')
			break;
		*o++ = *p;
	}
	f->p = p + 1;
	return true;
}

static bool
operand(struct parser *f, struct operand *o)
{
	size_t n;
	char *word;

	*o = (struct operand){ 0 };
	blank(f);
	if (*f->p == '\'') {
		o->kind = OP_TEXT;
		return text_literal(f, &o->text);
	}
	n = strcspn(f->p, " ,()");
	word = arena_dup(f->r->arena, f->p, n);
	if (guid_ok(word, n)) {
		guid_lower(word);
		o->kind = OP_GUID;
	} else if (strcmp(word, "null") == 0) {
		o->kind = OP_NULL;
	} else if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
		o->kind = OP_BOOLEAN;
	} else if (isdigit((unsigned char)word[0]) && n >= 10 && word[4] == '-') {
		o->kind = OP_DATE;
	} else if (isdigit((unsigned char)word[0]) || ((word[0] == '-' || word[0] == '+') && isdigit((unsigned char)word[1]))) {
		o->kind = OP_NUMBER;
		if (strspn(word, "+-0123456789.eE") != n)
			return syntax(f);
	} else {
		return property(f, o);
	}
	o->text = word;
	f->p += n;
	return true;
}

/* A parameter alias stands for a literal given in the query. */
static bool
value_operand(struct parser *f, struct operand *o)
{
	struct parser alias = *f;
	size_t n;
	const char *text;

	blank(f);
	if (*f->p != '@')
		return operand(f, o);
	n = strcspn(f->p, " ,()");
	text = request_query(f->r, arena_dup(f->r->arena, f->p, n));
	if (text == NULL)
		return syntax(f);
	f->p += n;
	alias.start = alias.p = text;
	return operand(&alias, o);
}

static bool
mismatch(struct parser *f, const struct column *c)
{
	return reply_error(f->a, 400, "0x80060888", "A binary operator with incompatible types was detected: the literal does not fit "
	    "the property '%s'.", c->name);
}

static bool
is_number(const struct column *c)
{
	return c->type == COL_INTEGER || c->type == COL_BIGINT || c->type == COL_DECIMAL || c->type == COL_DOUBLE || c->type == COL_MONEY ||
	    c->type == COL_PICKLIST || c->type == COL_STATE || c->type == COL_STATUS;
}

static bool
is_text(const struct column *c)
{
	return c->type == COL_STRING || c->type == COL_MEMO || c->type == COL_ENTITYNAME || c->type == COL_MULTISELECT;
}

static bool
date_text(struct parser *f, const struct column *c, struct operand *o)
{
	size_t n = strlen(o->text);

	if (c->date_behavior)
		return value_date(f->r->arena, o->text, n < 10 ? n : 10, true, &o->text);
	if (n == 10)
		o->text = arena_printf(f->r->arena, "%sT00:00:00Z", o->text);
	return value_date(f->r->arena, o->text, strlen(o->text), false, &o->text);
}

/* The literal as SQL, if it is of the column's type. */
static bool
literal_sql(struct parser *f, const struct column *c, struct operand *o, bool ordered, struct buf *b)
{
	char order[33];

	if (o->kind == OP_TEXT && is_text(c)) {
		sql_text(b, o->text);
		buf_str(b, " COLLATE NOCASE");
	} else if (o->kind == OP_NUMBER && is_number(c)) {
		buf_str(b, o->text + (o->text[0] == '+'));
	} else if (o->kind == OP_BOOLEAN && c->type == COL_BOOLEAN) {
		buf_str(b, strcmp(o->text, "true") == 0 ? "1" : "0");
	} else if (o->kind == OP_GUID && (is_lookup(c) || c->type == COL_GUID)) {
		guid_order(o->text, order);
		sql_text(b, ordered ? order : o->text);
	} else if (o->kind == OP_DATE && c->type == COL_DATETIME && date_text(f, c, o)) {
		sql_text(b, o->text);
	} else {
		return mismatch(f, c);
	}
	return true;
}

/* Where an index answers equality, it does. */
static bool
indexed_equal(struct parser *f, const struct operand *l, const struct operand *v)
{
	const struct column *c = l->column;
	const struct altkey *k;
	char *json, *p, order[33];
	size_t i;

	if (l->path)
		return false;
	if (v->kind == OP_GUID && c->primary_id) {
		guid_order(v->text, order);
		buf_printf(f->out, "r.ord='%s'", order);
		return true;
	}
	if (v->kind == OP_GUID && is_lookup(c) && store_indexed(c->name) && strcmp(f->t->name, "activitypointer") != 0) {
		buf_printf(f->out, "r.rid IN (SELECT rid FROM links WHERE target='%s' AND col='%s' AND tbl='%s')", v->text, c->name, f->t->name);
		return true;
	}
	for (i = 0; v->kind == OP_TEXT && i < f->t->keys; i++) {
		k = f->t->key[i];
		if (k->columns != 1 || strcmp(k->column[0], c->name) != 0 || !k->active(k))
			continue;
		json = arena_printf(f->r->arena, "\x1f%s", json_quote(f->r->arena, v->text, strlen(v->text)));
		for (p = json; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
		buf_printf(f->out, "r.rid IN (SELECT rid FROM altkeys WHERE tbl='%s' AND name='%s' AND value=", f->t->name, k->name);
		sql_text(f->out, json);
		buf_char(f->out, ')');
		return true;
	}
	return false;
}

static bool
compare(struct parser *f, struct operand *l, const char *op, struct operand *v)
{
	bool equal = strcmp(op, "eq") == 0, unequal = strcmp(op, "ne") == 0;
	bool ordered = !equal && !unequal && (is_lookup(l->column) || l->column->type == COL_GUID);
	const char *sql = equal ? "=" : unequal ? " IS NOT " : strcmp(op, "gt") == 0 ? ">" : strcmp(op, "ge") == 0 ? ">=" :
	    strcmp(op, "lt") == 0 ? "<" : "<=";

	if (v->kind == OP_NULL) {
		if (!equal && !unequal)
			return syntax(f);
		buf_printf(f->out, "%s IS %sNULL", l->sql, equal ? "" : "NOT ");
		return true;
	}
	if (equal && indexed_equal(f, l, v))
		return true;
	buf_printf(f->out, ordered ? "coalesce(guidord(%s)%s" : "coalesce(%s%s", l->sql, sql);
	if (v->kind == OP_PROPERTY)
		buf_str(f->out, v->sql);
	else if (!literal_sql(f, l->column, v, ordered, f->out))
		return false;
	buf_str(f->out, ",0)");
	return true;
}

static bool
comparison(struct parser *f)
{
	static const char *const ops[] = { "eq", "ne", "gt", "ge", "lt", "le" };
	static const char *const turned[] = { "eq", "ne", "lt", "le", "gt", "ge" };
	struct operand l, v;
	size_t i;

	if (!value_operand(f, &l))
		return false;
	for (i = 0; i < 6 && !keyword(f, ops[i]); i++)
		;
	if (i == 6)
		return syntax(f);
	if (!value_operand(f, &v))
		return false;
	if (l.kind == OP_PROPERTY)
		return compare(f, &l, ops[i], &v);
	if (v.kind == OP_PROPERTY)
		return compare(f, &v, turned[i], &l);
	return syntax(f);
}

/* contains(name,'x') and its kin; what LIKE takes for itself is escaped. */
static bool
text_function(struct parser *f, const char *before, const char *after)
{
	struct operand l, v;
	struct buf pattern = { 0 };
	const char *p;

	if (!symbol(f, '(') || !operand(f, &l) || l.kind != OP_PROPERTY || !symbol(f, ',') || !value_operand(f, &v) ||
	    v.kind != OP_TEXT || !symbol(f, ')'))
		return f->a->status != 0 ? false : syntax(f);
	if (!is_text(l.column))
		return mismatch(f, l.column);
	buf_str(&pattern, before);
	for (p = v.text; *p != '\0'; p++) {
		if (*p == '%' || *p == '_' || *p == '\\')
			buf_char(&pattern, '\\');
		buf_char(&pattern, *p);
	}
	buf_str(&pattern, after);
	buf_nul(&pattern);
	buf_printf(f->out, "coalesce(%s LIKE ", l.sql);
	sql_text(f->out, pattern.p);
	buf_str(f->out, " ESCAPE '\\',0)");
	buf_free(&pattern);
	return true;
}

/* Microsoft.Dynamics.CRM.In(PropertyName='x',PropertyValues=['a','b']); ContainValues asks for one of several choices. */
static bool
list_function(struct parser *f, bool contain)
{
	struct parser name;
	struct operand l = { 0 }, v;
	char *text;
	bool first = true;

	blank(f);
	if (strncmp(f->p, "(PropertyName=", 14) != 0)
		return syntax(f);
	f->p += 14;
	if (*f->p != '\'' || !text_literal(f, &text))
		return syntax(f);
	name = *f;
	name.start = name.p = text;
	if (!property(&name, &l))
		return false;
	if (!symbol(f, ',') || (blank(f), strncmp(f->p, "PropertyValues=[", 16) != 0))
		return syntax(f);
	f->p += 16;
	buf_char(f->out, '(');
	while (!symbol(f, ']')) {
		if ((!first && !symbol(f, ',')) || (blank(f), *f->p != '\'') || !text_literal(f, &v.text))
			return syntax(f);
		buf_str(f->out, first ? "" : " OR ");
		if (contain)
			buf_printf(f->out, "instr(','||%s||',',',%ld,')>0", l.sql, strtol(v.text, NULL, 10));
		else {
			buf_printf(f->out, "CAST(%s AS TEXT)=", l.sql);
			sql_text(f->out, v.text);
			buf_str(f->out, " COLLATE NOCASE");
		}
		first = false;
	}
	buf_str(f->out, first ? "0)" : ")");
	return symbol(f, ')') || syntax(f);
}

static bool
parse_primary(struct parser *f)
{
	bool ok;

	blank(f);
	if (keyword(f, "not")) {
		buf_str(f->out, "NOT ");
		return parse_primary(f);
	}
	if (*f->p == '(') {
		f->p++;
		if (++f->depth > 100)
			return syntax(f);
		buf_char(f->out, '(');
		ok = parse_or(f) && (symbol(f, ')') || syntax(f));
		buf_char(f->out, ')');
		f->depth--;
		return ok;
	}
	if (keyword(f, "contains"))
		return text_function(f, "%", "%");
	if (keyword(f, "startswith"))
		return text_function(f, "", "%");
	if (keyword(f, "endswith"))
		return text_function(f, "%", "");
	if (keyword(f, "Microsoft.Dynamics.CRM.In"))
		return list_function(f, false);
	if (keyword(f, "Microsoft.Dynamics.CRM.ContainValues"))
		return list_function(f, true);
	return comparison(f);
}

static bool
parse_and(struct parser *f)
{
	if (!parse_primary(f))
		return false;
	while (keyword(f, "and")) {
		buf_str(f->out, " AND ");
		if (!parse_primary(f))
			return false;
	}
	return true;
}

static bool
parse_or(struct parser *f)
{
	if (!parse_and(f))
		return false;
	while (keyword(f, "or")) {
		buf_str(f->out, " OR ");
		if (!parse_and(f))
			return false;
	}
	return true;
}

bool
filter_sql(struct request *r, struct reply *a, const struct table *t, const char *filter, struct buf *sql)
{
	struct parser f = { .r = r, .a = a, .t = t, .start = filter, .p = filter, .out = sql };

	if (!parse_or(&f))
		return false;
	blank(&f);
	return *f.p == '\0' || syntax(&f);
}

bool
filter_order(struct request *r, struct reply *a, const struct table *t, const char *order, struct buf *sql, bool *by_id)
{
	struct parser f = { .r = r, .a = a, .t = t, .start = order, .p = order, .out = sql };
	struct operand o;
	bool first = true, down;

	*by_id = true;
	do {
		if (!operand(&f, &o) || o.kind != OP_PROPERTY)
			return a->status != 0 ? false : syntax(&f);
		down = keyword(&f, "desc");
		if (!down)
			keyword(&f, "asc");
		if (!first || down || !o.column->primary_id || o.path)
			*by_id = false;
		buf_printf(sql, "%s%s%s%s%s", first ? "" : ",", is_lookup(o.column) || o.column->type == COL_GUID ? "guidord(" : "", o.sql,
		    is_lookup(o.column) || o.column->type == COL_GUID ? ")" : is_text(o.column) ? " COLLATE NOCASE" : "", down ? " DESC" : "");
		first = false;
	} while (symbol(&f, ','));
	blank(&f);
	return *f.p == '\0' || syntax(&f);
}
