/*
 * meta_relation - relationships and the lookups that come with them
 *
 * POST RelationshipDefinitions makes one lookup to one table; its navigation
 * property is the lookup's SchemaName, as written.  CreateCustomerRelationships
 * and CreatePolymorphicLookupAttribute make a lookup to several tables, with a
 * property for each: SchemaName_<table>.  Many-to-many: 501, not imitated.
 * Source: reference sections 3.4, 7.
 */
#include <string.h>

#include "metadata.h"

#define NAME_MAX_RELATION 100
#define TARGETS_MAX 32

void
relation_keep(const struct relation *rel, const char *extra, bool custom, int64_t at)
{
	struct buf b = { 0 };
	char id[37];

	guid_new(id);
	buf_printf(&b, "{\"_meta\":\"relationship\",\"_table\":\"%s\",\"SchemaName\":\"%s\",\"ReferencingEntity\":\"%s\","
	    "\"ReferencingAttribute\":\"%s\",\"ReferencedEntity\":\"%s\",\"ReferencedAttribute\":\"%s\","
	    "\"ReferencingEntityNavigationPropertyName\":\"%s\",\"ReferencedEntityNavigationPropertyName\":\"%s\","
	    "\"IsCustomRelationship\":%s,", rel->referencing, rel->schema, rel->referencing, rel->column, rel->referenced,
	    rel->referenced_column, rel->navigation, rel->collection, custom ? "true" : "false");
	if (*extra != '\0')
		buf_printf(&b, "%s,", extra);
	else
		buf_printf(&b, "\"CascadeConfiguration\":{\"Delete\":\"%s\"},", rel->on_delete);
	buf_printf(&b, "\"MetadataId\":\"%s\"}", id);
	meta_keep(&b, DEF_RELATION, rel->referencing, rel->schema, at);
	buf_free(&b);
}

static bool
check_cascade(struct request *r, struct reply *a, const struct json_value *v)
{
	static const char *const actions[] = { "Assign", "Delete", "Merge", "Reparent", "Share", "Unshare", "RollupView", "Archive" };
	static const struct shape values = { "", " NoCascade Cascade Active UserOwned RemoveLink Restrict ", "" };
	struct json_value c;
	char *value;
	size_t i;

	if (!json_member(v, "CascadeConfiguration", &c) || c.kind == JSON_NULL)
		return true;
	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		value = member_string(r, &c, actions[i]);
		if (value != NULL && !shape_has(&values, value, strlen(value)))
			return reply_error(a, 400, "0x80040203", "'%s' is no value of CascadeConfiguration.%s.", value, actions[i]);
	}
	value = member_string(r, &c, "Delete");
	if (value != NULL && strcmp(value, "NoCascade") == 0)
		return reply_error(a, 400, "0x80040203", "CascadeConfiguration.Delete must be RemoveLink, Restrict or Cascade.");
	return true;
}

/* A relationship from its payload; column and navigation are the caller's.  text: CascadeConfiguration as it came. */
static bool
read_relation(struct request *r, struct reply *a, const struct json_value *v, struct relation *rel, char **text)
{
	const struct table *from, *to;
	struct json_value cascade, type;
	char *s;

	/* In the list of an action the type is that of the parameter, and need not be said. */
	if ((json_member(v, "@odata.type", &type) || strcmp(r->path, "RelationshipDefinitions") == 0) &&
	    !check_type(a, v, "OneToManyRelationshipMetadata"))
		return false;
	if (!check_members(a, v, &shape_one_to_many, " Lookup ") ||
	    (rel->schema = check_name(r, a, v, "SchemaName", NAME_MAX_RELATION)) == NULL || !check_cascade(r, a, v))
		return false;
	s = member_string(r, v, "ReferencedEntity");
	if (s == NULL || (to = schema_table(s)) == NULL || to->visible_at > r->now)
		return reply_error(a, 400, "0x80041102", "The entity with a name = '%s' with namemapping = 'Logical' was not found in the "
		    "MetadataCache.", s != NULL ? s : "");
	rel->referenced = to->name;
	rel->referenced_column = to->primary_id;
	s = member_string(r, v, "ReferencedAttribute");
	if (s != NULL && strcmp(s, to->primary_id) != 0)
		return reply_error(a, 400, "0x80040203", "ReferencedAttribute '%s' is not the primary key of '%s'.", s, to->name);
	s = member_string(r, v, "ReferencingEntity");
	if (s == NULL || (from = schema_table(s)) == NULL || from->visible_at > r->now)
		return reply_error(a, 400, "0x80041102", "The entity with a name = '%s' with namemapping = 'Logical' was not found in the "
		    "MetadataCache.", s != NULL ? s : "");
	rel->referencing = from->name;
	s = member_string(r, v, "ReferencedEntityNavigationPropertyName");
	rel->collection = s != NULL ? s : rel->schema;
	*text = arena_str(r->arena, "\"CascadeConfiguration\":{\"Delete\":\"RemoveLink\"}");
	if (json_member(v, "CascadeConfiguration", &cascade) && cascade.kind == JSON_OBJECT)
		*text = arena_printf(r->arena, "\"CascadeConfiguration\":%.*s", (int)cascade.n, cascade.p);
	if (schema_relation(rel->schema) != NULL)
		return reply_error(a, 400, "0x80047010", "An entity relationship with the name %s already exists.", rel->schema);
	return true;
}

static bool
many_to_many(struct request *r, struct reply *a, const struct json_value *v)
{
	char *type = member_string(r, v, "@odata.type");

	if (type != NULL && strstr(type, "ManyToManyRelationshipMetadata") != NULL) {
		reply_error(a, 501, "0x80040203", "This stand-in does not make many-to-many relationships.");
		return true;
	}
	return false;
}

/* The samples call the type of lookups to several tables ComplexLookupAttributeMetadata. */
static bool
read_lookup(struct request *r, struct reply *a, const struct json_value *owner, struct json_value *lookup, bool several)
{
	char *type;

	if (!json_member(owner, "Lookup", lookup) || lookup->kind != JSON_OBJECT)
		return reply_error(a, 400, "0x80040203", "Required field 'Lookup' is missing.");
	type = member_string(r, lookup, "@odata.type");
	if (several && type != NULL && strstr(type, "ComplexLookupAttributeMetadata") != NULL)
		return check_type(a, lookup, "ComplexLookupAttributeMetadata");
	return check_type(a, lookup, "LookupAttributeMetadata");
}

void
write_relation(struct request *r, struct reply *a)
{
	struct json j = { 0 };
	struct json_value v, lookup;
	struct relation rel = { 0 };
	struct buf line = { 0 };
	const char *targets[2] = { NULL, NULL };
	struct table *t;
	int64_t at = meta_visible_at();
	char *cascade, *navigation, *name = NULL;

	if (!body_parse(r, a, "RelationshipDefinitions", &j, &v) || many_to_many(r, a, &v) || !check_solution(r, a, NULL) ||
	    !read_relation(r, a, &v, &rel, &cascade) || !read_lookup(r, a, &v, &lookup, false))
		goto done;
	t = schema_table(rel.referencing);
	targets[0] = rel.referenced;
	name = column_make(r, a, t, &lookup, targets, "Lookup", &line);
	if (name == NULL)
		goto done;
	navigation = member_string(r, &v, "ReferencingEntityNavigationPropertyName");
	rel.navigation = navigation != NULL ? navigation : member_string(r, &lookup, "SchemaName");
	rel.column = name;
	meta_keep(&line, DEF_COLUMN, t->name, name, at);
	column_companions(t, name, at);
	relation_keep(&rel, cascade, true, at);
	meta_created(r, a, "RelationshipDefinitions(%s)", ((struct relation_def *)schema_relation(rel.schema))->d.id);
done:
	buf_free(&line);
	json_free(&j);
}

/* ---- lookups to several tables ---- */

struct several {
	struct relation rel[TARGETS_MAX];
	char *cascade[TARGETS_MAX];
	const char *targets[TARGETS_MAX + 1];
	size_t n;
};

static bool
read_several(struct request *r, struct reply *a, const struct json_value *body, bool customer, const char *schema, struct several *s)
{
	struct json_value list, v;
	struct json_iter it;

	if (!json_member(body, "OneToManyRelationships", &list) || list.kind != JSON_ARRAY)
		return reply_error(a, 400, "0x80040203", "Required field 'OneToManyRelationships' is missing.");
	for (it = json_iter(&list); json_next(&it, NULL, &v); s->n++) {
		if (s->n == TARGETS_MAX)
			return reply_error(a, 400, "0x80040203", "Too many relationships.");
		if (!read_relation(r, a, &v, &s->rel[s->n], &s->cascade[s->n]))
			return false;
		if (s->n > 0 && strcmp(s->rel[s->n].referencing, s->rel[0].referencing) != 0)
			return reply_error(a, 400, "0x80040203", "All relationships must have the same ReferencingEntity.");
		s->rel[s->n].navigation = arena_printf(r->arena, "%s_%s", schema, s->rel[s->n].referenced);
		s->targets[s->n] = s->rel[s->n].referenced;
	}
	if (s->n == 0 || (customer && (s->n != 2 || strcmp(s->targets[0], s->targets[1]) == 0 ||
	    (strcmp(s->targets[0], "account") != 0 && strcmp(s->targets[0], "contact") != 0) ||
	    (strcmp(s->targets[1], "account") != 0 && strcmp(s->targets[1], "contact") != 0))))
		return reply_error(a, 400, "0x80040203", customer ? "A customer lookup needs a relationship to account and one to contact." :
		    "At least one relationship is needed.");
	return true;
}

static void
answer_several(struct request *r, struct reply *a, const struct several *s, const char *column, bool customer)
{
	const struct table *t = schema_table(s->rel[0].referencing);
	const char *action = customer ? "CreateCustomerRelationships" : "CreatePolymorphicLookupAttribute";
	size_t i;

	a->status = 200;
	buf_printf(&a->body, "{\"@odata.context\":\"%s$metadata#Microsoft.Dynamics.CRM.%sResponse\",\"RelationshipIds\":[", r->root, action);
	for (i = 0; i < s->n; i++)
		buf_printf(&a->body, "%s\"%s\"", i > 0 ? "," : "", ((struct relation_def *)schema_relation(s->rel[i].schema))->d.id);
	buf_printf(&a->body, "],\"AttributeId\":\"%s\"}", ((const struct column_def *)schema_column(t, column))->d.id);
}

void
write_lookup(struct request *r, struct reply *a, bool customer)
{
	struct json j = { 0 };
	struct json_value v, lookup;
	struct several *s = arena_get(r->arena, sizeof(*s));
	struct buf line = { 0 };
	struct table *t;
	int64_t at = meta_visible_at();
	char *schema, *name;
	size_t i;

	if (!body_parse(r, a, "RelationshipDefinitions", &j, &v) || !check_solution(r, a, &v) || !read_lookup(r, a, &v, &lookup, true) ||
	    (schema = member_string(r, &lookup, "SchemaName")) == NULL || !read_several(r, a, &v, customer, schema, s))
		goto done;
	t = schema_table(s->rel[0].referencing);
	name = column_make(r, a, t, &lookup, s->targets, customer ? "Customer" : "Lookup", &line);
	if (name == NULL)
		goto done;
	meta_keep(&line, DEF_COLUMN, t->name, name, at);
	column_companions(t, name, at);
	for (i = 0; i < s->n; i++) {
		s->rel[i].column = name;
		relation_keep(&s->rel[i], s->cascade[i], true, at);
	}
	answer_several(r, a, s, name, customer);
done:
	if (a->status == 0)
		reply_error(a, 400, "0x80040203", "Required field 'SchemaName' is missing.");
	buf_free(&line);
	json_free(&j);
}
