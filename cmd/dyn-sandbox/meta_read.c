/*
 * meta_read - GET of definitions
 *
 * EntityDefinitions, one of them, its Attributes (also cast to a type), Keys,
 * ManyToOneRelationships, OneToManyRelationships; RelationshipDefinitions;
 * GlobalOptionSetDefinitions.  A definition is answered as its line in the
 * metadata file says it.  Choices of a column are seen only where they are
 * expanded on a cast.  Source: reference section 7.
 */
#include <string.h>

#include "metadata.h"

static bool
no_resource(struct reply *a, const char *name)
{
	return reply_error(a, 404, "0x80060888", "Resource not found for the segment '%s'.", name);
}

static void
open_list(struct read *d, const char *context)
{
	d->a->status = 200;
	buf_printf(&d->a->body, "{\"@odata.context\":\"%s$metadata#%s", d->r->root, context);
	if (d->q.select != NULL) {
		buf_char(&d->a->body, '(');
		buf_json_text(&d->a->body, d->q.select, strlen(d->q.select));
		buf_char(&d->a->body, ')');
	}
	buf_str(&d->a->body, "\",\"value\":[");
}

static void
close_list(struct read *d, bool good)
{
	if (good)
		buf_str(&d->a->body, "]}");
}

/* One row; true: the closing brace (after what is expanded) is the caller's. */
static bool
open_one(struct read *d, const char *context, struct buf *row)
{
	struct json_value v = buf_object(row);
	struct buf b = { 0 };

	if (!query_check(d->a, &d->q, &d->shape))
		return false;
	if (d->q.filter != NULL || d->q.top >= 0)
		return reply_error(d->a, 400, "0x80060888", "The query parameters $filter and $top apply to collections only.");
	d->a->status = 200;
	buf_printf(&d->a->body, "{\"@odata.context\":\"%s$metadata#%s/$entity\",", d->r->root, context);
	query_put(&b, &d->q, &v);
	buf_add(&d->a->body, b.p + 1, b.n - 1);
	buf_free(&b);
	return true;
}

/* "Picklist" of "Microsoft.Dynamics.CRM.PicklistAttributeMetadata"; NULL if it is no such type. */
static char *
cast_name(struct request *r, const char *name)
{
	const char *p, *end;
	char *cast;

	if (strncmp(name, "Microsoft.Dynamics.CRM.", 23) != 0 || (end = strstr(p = name + 23, "AttributeMetadata")) == NULL || end[17] != '\0')
		return NULL;
	cast = arena_dup(r->arena, p, (size_t)(end - p));
	return shape_cast(r->arena, cast).name != NULL ? cast : NULL;
}

static void
get_options(struct read *d, const struct table *t, const struct column_def *c, const char *name)
{
	struct buf b = { 0 };

	if (!put_choices(d, &b, t, c, name, &d->q)) {
		buf_free(&b);
		return;
	}
	if (b.p[b.n - 1] != '}') {
		reply_clear(d->a);
		d->a->status = 204;
	} else {
		d->a->status = 200;
		buf_printf(&d->a->body, "{\"@odata.context\":\"%s$metadata#EntityDefinitions('%s')/Attributes/%s/$entity\",", d->r->root, t->name, name);
		buf_nul(&b);
		buf_str(&d->a->body, strchr(b.p, '{') + 1);
	}
	buf_free(&b);
}

static void
get_column(struct read *d, const struct table *t, struct segment *seg, size_t n)
{
	struct column_def *c = find_column(d->r, d->a, t, &seg[0]);
	char *cast = n > 1 ? cast_name(d->r, seg[1].name) : NULL;
	struct buf row = { 0 };

	if (c == NULL)
		return;
	if ((n > 1 && (cast == NULL || strcmp(cast, c->cast) != 0)) || n > 3) {
		no_resource(d->a, seg[1].name);
		return;
	}
	d->shape = cast != NULL ? shape_cast(d->r->arena, cast) : shape_column;
	if (n == 3) {
		if (has_choices(c) && (strcmp(seg[2].name, "OptionSet") == 0 || strcmp(seg[2].name, "GlobalOptionSet") == 0)) {
			get_options(d, t, c, seg[2].name);
		} else {
			no_resource(d->a, seg[2].name);
		}
		return;
	}
	row_column(&row, t, c, cast != NULL);
	if (open_one(d, arena_printf(d->r->arena, "EntityDefinitions('%s')/Attributes", t->name), &row) &&
	    expand_column(d, &d->a->body, t, c))
		buf_char(&d->a->body, '}');
	buf_free(&row);
}

static void
get_columns(struct read *d, const struct table *t, struct segment *seg, size_t n)
{
	char *cast = n > 1 ? cast_name(d->r, seg[1].name) : NULL;

	if (n > 2 || (n == 2 && cast == NULL)) {
		no_resource(d->a, seg[1].name);
		return;
	}
	open_list(d, arena_printf(d->r->arena, "EntityDefinitions('%s')/Attributes", t->name));
	close_list(d, list_columns(d, &d->a->body, t, cast));
}

static void
get_key(struct read *d, const struct table *t, struct segment *seg)
{
	struct key_def *k = find_key(d->r, d->a, t, seg);
	struct buf row = { 0 };

	if (k == NULL)
		return;
	d->shape = shape_key;
	row_key(&row, k);
	if (open_one(d, arena_printf(d->r->arena, "EntityDefinitions('%s')/Keys", t->name), &row))
		buf_char(&d->a->body, '}');
	buf_free(&row);
}

static void
get_table(struct read *d, struct segment *seg, size_t n)
{
	struct table *t = find_table(d->r, d->a, &seg[0]);
	struct buf row = { 0 };

	if (t == NULL)
		return;
	if (n == 1) {
		d->shape = shape_table;
		row_table(&row, t);
		if (open_one(d, "EntityDefinitions", &row) && expand_table(d, &d->a->body, t))
			buf_char(&d->a->body, '}');
		buf_free(&row);
	} else if (strcmp(seg[1].name, "Attributes") == 0) {
		if (seg[1].key != NULL)
			get_column(d, t, seg + 1, n - 1);
		else
			get_columns(d, t, seg + 1, n - 1);
	} else if (strcmp(seg[1].name, "Keys") == 0 && seg[1].key != NULL && n == 2) {
		get_key(d, t, &seg[1]);
	} else if (n == 2 && seg[1].key == NULL && (strcmp(seg[1].name, "Keys") == 0 || strstr(seg[1].name, "Relationships") != NULL)) {
		open_list(d, arena_printf(d->r->arena, "EntityDefinitions('%s')/%s", t->name, seg[1].name));
		close_list(d, list_part(d, &d->a->body, t, seg[1].name));
	} else {
		no_resource(d->a, seg[1].name);
	}
}

static void
get_relations(struct read *d, struct segment *seg, size_t n)
{
	struct relation **list;
	struct relation_def *rel;
	struct buf row = { 0 };
	size_t count = schema_relations(&list);
	bool cast = n == 2 && strcmp(seg[1].name, "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata") == 0;

	if (n > 1 && !cast) {
		no_resource(d->a, seg[1].name);
	} else if (seg[0].key == NULL) {
		open_list(d, "RelationshipDefinitions");
		close_list(d, list_relations(d, &d->a->body, list, count, cast));
	} else if ((rel = find_relation(d->r, d->a, &seg[0])) != NULL) {
		d->shape = cast ? shape_one_to_many : shape_relation;
		row_relation(&row, rel, cast);
		if (open_one(d, "RelationshipDefinitions", &row))
			buf_char(&d->a->body, '}');
		buf_free(&row);
	}
}

static void
get_choices(struct read *d, struct segment *seg, size_t n)
{
	struct choice_def *c;
	struct buf row = { 0 };
	bool cast = n == 2 && strcmp(seg[1].name, "Microsoft.Dynamics.CRM.OptionSetMetadata") == 0;

	if (n > 1 && !cast) {
		no_resource(d->a, seg[1].name);
	} else if (seg[0].key == NULL) {
		open_list(d, "GlobalOptionSetDefinitions");
		close_list(d, list_choices(d, &d->a->body, cast));
	} else if ((c = find_choice(d->r, d->a, &seg[0])) != NULL) {
		d->shape = shape_choice;
		if (!cast)
			d->shape.more = "";
		row_choice(&row, c, cast);
		if (open_one(d, "GlobalOptionSetDefinitions", &row))
			buf_char(&d->a->body, '}');
		buf_free(&row);
	}
}

void
meta_get(struct request *r, struct reply *a, struct segment *seg, size_t n)
{
	struct read d = { .r = r, .a = a };

	if (!query_read(r, a, &d.q))
		return;
	if (strcmp(seg[0].name, "RelationshipDefinitions") == 0) {
		get_relations(&d, seg, n);
	} else if (strcmp(seg[0].name, "GlobalOptionSetDefinitions") == 0) {
		get_choices(&d, seg, n);
	} else if (seg[0].key != NULL) {
		get_table(&d, seg, n);
	} else if (n > 1) {
		no_resource(a, seg[1].name);
	} else {
		open_list(&d, "EntityDefinitions");
		close_list(&d, list_tables(&d, &a->body));
	}
}
