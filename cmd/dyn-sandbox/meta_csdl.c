/*
 * meta_csdl - $metadata, the model as an XML document (CSDL)
 *
 * Entity types with their properties and navigation properties, and the entity
 * sets; no actions.  Shadow columns are no properties.
 */
#include <string.h>

#include "metadata.h"

static const char *
edm(const struct column *c)
{
	switch (c->type) {
	case COL_INTEGER:
	case COL_PICKLIST:
	case COL_STATE:
	case COL_STATUS:
		return "Edm.Int32";
	case COL_BIGINT:
		return "Edm.Int64";
	case COL_DECIMAL:
	case COL_MONEY:
		return "Edm.Decimal";
	case COL_DOUBLE:
		return "Edm.Double";
	case COL_BOOLEAN:
		return "Edm.Boolean";
	case COL_DATETIME:
		return c->date_behavior ? "Edm.Date" : "Edm.DateTimeOffset";
	case COL_GUID:
		return "Edm.Guid";
	case COL_STRING:
	case COL_MEMO:
	case COL_MULTISELECT:
	case COL_ENTITYNAME:
		return "Edm.String";
	case COL_FILE:
		return "Edm.Binary";
	default:
		return NULL;
	}
}

static void
put_column(struct buf *b, const struct column *c)
{
	const char *type = edm(c);

	if (c->attribute_of != NULL || !c->read)
		return;
	if (is_lookup(c))
		buf_printf(b, "<Property Name=\"_%s_value\" Type=\"Edm.Guid\"/>", c->name);
	else if (type != NULL)
		buf_printf(b, "<Property Name=\"%s\" Type=\"%s\"/>", c->name, type);
}

static void
put_type(struct buf *b, const struct table *t, int64_t now)
{
	const struct column *c;
	size_t i;

	buf_printf(b, "<EntityType Name=\"%s\"><Key><PropertyRef Name=\"%s\"/></Key>", t->name, t->primary_id);
	for (i = 0; i < t->columns; i++)
		if ((c = schema_column_at(t, t->column[i]->name, now)) != NULL)
			put_column(b, c);
	for (i = 0; i < t->relations; i++)
		if (t->relation[i]->visible_at <= now && schema_table(t->relation[i]->referenced) != NULL)
			buf_printf(b, "<NavigationProperty Name=\"%s\" Type=\"mscrm.%s\"/>", t->relation[i]->navigation, t->relation[i]->referenced);
	for (i = 0; i < t->collections; i++)
		if (t->collection[i]->visible_at <= now)
			buf_printf(b, "<NavigationProperty Name=\"%s\" Type=\"Collection(mscrm.%s)\"/>", t->collection[i]->collection,
			    t->collection[i]->referencing);
	buf_str(b, "</EntityType>");
}

void
meta_csdl(struct request *r, struct reply *a)
{
	struct table **list;
	size_t i, n = schema_tables(&list);
	struct buf *b = &a->body;

	a->status = 200;
	a->type = "application/xml";
	buf_str(b, "<?xml version=\"1.0\" encoding=\"utf-8\"?><edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\">"
	    "<edmx:DataServices><Schema Namespace=\"Microsoft.Dynamics.CRM\" Alias=\"mscrm\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">");
	for (i = 0; i < n; i++)
		if (list[i]->visible_at <= r->now)
			put_type(b, list[i], r->now);
	buf_str(b, "<EntityContainer Name=\"System\">");
	for (i = 0; i < n; i++)
		if (list[i]->visible_at <= r->now)
			buf_printf(b, "<EntitySet Name=\"%s\" EntityType=\"Microsoft.Dynamics.CRM.%s\"/>", list[i]->set, list[i]->name);
	buf_str(b, "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>");
}
