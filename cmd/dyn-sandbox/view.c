/*
 * view - which members of a row are shown ($select, $expand), and how (annotations)
 *
 * Source: reference sections 3.4 (lookups on the read side), 10 (annotations).
 */
#include <stdio.h>
#include <string.h>

#include "read.h"

static bool
no_property(struct view *v, const char *name)
{
	return reply_error(v->a, 400, "0x0", "Could not find a property named '%s' on type 'Microsoft.Dynamics.CRM.%s'.", name,
	    v->table->name);
}

static void
add_column(struct view *v, const struct column *c)
{
	size_t i;

	for (i = 0; i < v->columns; i++)
		if (v->column[i] == c)
			return;
	v->column[v->columns++] = c;
}

/* A column by its name, a lookup as _x_value or by its navigation property. */
static const struct column *
selected(struct view *v, const char *name)
{
	const struct relation *rel = schema_single(v->table, name, v->r->now);
	size_t n = strlen(name);
	const struct column *c;

	if (name[0] == '_' && n > 7 && strcmp(name + n - 6, "_value") == 0) {
		c = schema_column(v->table, arena_dup(v->r->arena, name + 1, n - 7));
		return is_property(c, v->r->now) && is_lookup(c) ? c : NULL;
	}
	if (rel != NULL)
		return schema_column(v->table, rel->column);
	c = schema_column(v->table, name);
	return is_property(c, v->r->now) && !is_lookup(c) && c->read ? c : NULL;
}

static bool
select_columns(struct view *v, const char *select)
{
	const struct column *c;
	const char *p, *e;
	char *name;
	size_t i;

	v->column = arena_get(v->r->arena, (v->table->columns + 1) * sizeof(*v->column));
	if (select == NULL || strcmp(select, "*") == 0) {
		for (i = 0; i < v->table->columns; i++)
			if (is_property(v->table->column[i], v->r->now) && v->table->column[i]->read)
				v->column[v->columns++] = v->table->column[i];
		return true;
	}
	v->selected = true;
	for (p = select; *p != '\0'; p = *e == ',' ? e + 1 : e) {
		p += strspn(p, " ");
		e = p + strcspn(p, ",");
		name = arena_dup(v->r->arena, p, strcspn(p, ", "));
		if ((c = selected(v, name)) == NULL)
			return no_property(v, name);
		add_column(v, c);
	}
	v->named = v->columns;
	if ((c = schema_column(v->table, v->table->primary_id)) != NULL)
		add_column(v, c);
	return true;
}

/* The end of one item of $expand: a comma outside parentheses. */
static const char *
item_end(const char *p)
{
	int depth = 0;

	for (; *p != '\0' && (depth > 0 || *p != ','); p++)
		depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
	return p;
}

static bool
expand_item(struct view *v, const char *item)
{
	struct expansion *x = &v->expand[v->expands++];
	size_t n = strcspn(item, "(");
	const char *options = item[n] == '(' ? item + n + 1 : "", *p, *select = NULL;
	const struct table *t;

	x->name = arena_dup(v->r->arena, item, n);
	x->relation = schema_single(v->table, x->name, v->r->now);
	if (x->relation == NULL) {
		x->relation = schema_collection(v->table, x->name, v->r->now);
		x->collection = true;
	}
	if (x->relation == NULL)
		return no_property(v, x->name);
	t = schema_table(x->collection ? x->relation->referencing : x->relation->referenced);
	if (t == NULL)
		return no_property(v, x->name);
	if ((p = strstr(options, "$select=")) != NULL)
		select = arena_dup(v->r->arena, p + 8, strcspn(p + 8, ";)"));
	x->view = arena_get(v->r->arena, sizeof(*x->view));
	*x->view = (struct view){ .r = v->r, .a = v->a, .table = t, .annotations = v->annotations, .nested = true };
	return select_columns(x->view, select);
}

static bool
expand_list(struct view *v, const char *expand)
{
	const char *p, *e;
	size_t n = 1;

	for (p = expand; *p != '\0'; p++)
		n += *p == ',';
	v->expand = arena_get(v->r->arena, n * sizeof(*v->expand));
	for (p = expand; *p != '\0'; p = *e == ',' ? e + 1 : e) {
		p += strspn(p, " ");
		e = item_end(p);
		if (e > p && !expand_item(v, arena_dup(v->r->arena, p, (size_t)(e - p))))
			return false;
	}
	return true;
}

bool
view_read(struct request *r, struct reply *a, const struct table *t, struct view *v)
{
	const char *expand = request_query(r, "$expand");

	*v = (struct view){ .r = r, .a = a, .table = t, .annotations = request_prefer(r, "odata.include-annotations") };
	/* Of what a POST or PATCH answers only the selection counts. */
	return select_columns(v, request_query(r, "$select")) && (expand == NULL || expand_list(v, expand));
}

bool
view_wants(const struct view *v, const char *annotation)
{
	const char *p, *e;
	size_t n;

	for (p = v->annotations != NULL ? v->annotations : ""; *p != '\0'; p = *e == ',' ? e + 1 : e) {
		p += strspn(p, " ");
		e = p + strcspn(p, ",");
		n = (size_t)(e - p);
		if (n > 0 && p[n - 1] == '*' && strncmp(p, annotation, n - 1) == 0)
			return true;
		if (n == strlen(annotation) && strncmp(p, annotation, n) == 0)
			return true;
	}
	return false;
}

char *
view_context(const struct view *v, const char *suffix)
{
	char *list = arena_str(v->r->arena, "");
	size_t i;

	for (i = 0; v->selected && i < v->named; i++)
		list = arena_printf(v->r->arena, is_lookup(v->column[i]) ? "%s%s_%s_value" : "%s%s%s", list, i > 0 ? "," : "", v->column[i]->name);
	return arena_printf(v->r->arena, "%s$metadata#%s%s%s%s%s", v->r->root, v->table->set, v->selected ? "(" : "", list,
	    v->selected ? ")" : "", suffix);
}

static void
annotate(struct view *v, const struct row *row, const struct column *c, const char *name, struct buf *out)
{
	const struct table *t = v->table;
	const char *target;
	char *text;
	size_t i;

	if (view_wants(v, "OData.Community.Display.V1.FormattedValue") && (text = format_value(v->r, row, c)) != NULL) {
		buf_printf(out, ",\"%s@OData.Community.Display.V1.FormattedValue\":", name);
		buf_json_str(out, text);
	}
	if (!is_lookup(c))
		return;
	target = row_lookup_table(v->r->arena, row, c->name);
	for (i = 0; i < t->relations && view_wants(v, "Microsoft.Dynamics.CRM.associatednavigationproperty"); i++)
		if (strcmp(t->relation[i]->column, c->name) == 0 && strcmp(t->relation[i]->referenced, target) == 0) {
			buf_printf(out, ",\"%s@Microsoft.Dynamics.CRM.associatednavigationproperty\":\"%s\"", name, t->relation[i]->navigation);
			break;
		}
	if (view_wants(v, "Microsoft.Dynamics.CRM.lookuplogicalname"))
		buf_printf(out, ",\"%s@Microsoft.Dynamics.CRM.lookuplogicalname\":\"%s\"", name, target);
}

struct list {
	struct view *view;
	struct buf *out;
	bool some;
};

static bool
list_row(struct row *row, void *arg)
{
	struct list *l = arg;

	if (l->some)
		buf_char(l->out, ',');
	l->some = true;
	view_row(l->view, row, l->out);
	return true;
}

static void
show_expansion(struct view *v, const struct row *row, const struct expansion *x, struct buf *out)
{
	struct arena *a = v->r->arena;
	struct list l = { .view = x->view, .out = out };
	struct row *other = NULL;
	char *id;

	buf_char(out, ',');
	buf_json_str(out, x->name);
	buf_char(out, ':');
	if (x->collection) {
		buf_char(out, '[');
		store_referencing(a, x->view->table, relation_column(x->relation), row->id, list_row, &l);
		buf_char(out, ']');
		return;
	}
	id = row_lookup(a, row, x->relation->column);
	if (id != NULL && strcmp(row_lookup_table(a, row, x->relation->column), x->relation->referenced) == 0)
		other = store_get(a, x->view->table, id);
	if (other == NULL)
		buf_str(out, "null");
	else
		view_row(x->view, other, out);
}

void
view_row(struct view *v, struct row *row, struct buf *out)
{
	const struct column *c;
	const char *json;
	char name[136];
	size_t i;

	buf_char(out, '{');
	if (v->single) {
		buf_str(out, "\"@odata.context\":");
		buf_json_str(out, view_context(v, "/$entity"));
		buf_char(out, ',');
	}
	buf_printf(out, "\"@odata.etag\":\"W/\\\"%lld\\\"\"", (long long)row->version);
	for (i = 0; i < v->columns; i++) {
		c = v->column[i];
		snprintf(name, sizeof(name), is_lookup(c) ? "_%s_value" : "%s", c->name);
		json = row_get(row, name);
		buf_printf(out, ",\"%s\":", name);
		if (json != NULL && document_here(row, name))
			document_show(row, out);
		else
			buf_str(out, json != NULL ? json : "null");
		if (json != NULL && v->annotations != NULL)
			annotate(v, row, c, name, out);
	}
	for (i = 0; i < v->expands; i++)
		show_expansion(v, row, &v->expand[i], out);
	buf_char(out, '}');
}
