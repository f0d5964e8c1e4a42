/*
 * meta_builtin - publisher and solution
 *
 * Every organization has these two tables, and schema writes need them; a
 * metadata directory often lacks them.  Columns: those of reference section 7.
 */
#include <string.h>

#include "metadata.h"

static const struct {
	const char *table, *schema, *type, *flags, *more;
} columns[] = {
	{ "publisher", "PublisherId", "Uniqueidentifier", "rcp", "" },
	{ "publisher", "UniqueName", "String", "rcn", ",\"MaxLength\":256" },
	{ "publisher", "FriendlyName", "String", "rcu", ",\"MaxLength\":256" },
	{ "publisher", "CustomizationPrefix", "String", "rcu", ",\"MaxLength\":8" },
	{ "publisher", "CustomizationOptionValuePrefix", "Integer", "rcu", ",\"MinValue\":10000,\"MaxValue\":99999" },
	{ "publisher", "Description", "String", "rcu", ",\"MaxLength\":2000" },
	{ "publisher", "CreatedOn", "DateTime", "r", ",\"Format\":\"DateAndTime\",\"DateTimeBehavior\":{\"Value\":\"UserLocal\"}" },
	{ "publisher", "ModifiedOn", "DateTime", "r", ",\"Format\":\"DateAndTime\",\"DateTimeBehavior\":{\"Value\":\"UserLocal\"}" },
	{ "publisher", "VersionNumber", "BigInt", "r", "" },
	{ "solution", "SolutionId", "Uniqueidentifier", "rcp", "" },
	{ "solution", "UniqueName", "String", "rcn", ",\"MaxLength\":65" },
	{ "solution", "FriendlyName", "String", "rcu", ",\"MaxLength\":256" },
	{ "solution", "Version", "String", "rcu", ",\"MaxLength\":256" },
	{ "solution", "Description", "String", "rcu", ",\"MaxLength\":2000" },
	{ "solution", "IsManaged", "Boolean", "r", "" },
	{ "solution", "PublisherId", "Lookup", "rcu", ",\"Targets\":[\"publisher\"]" },
	{ "solution", "CreatedOn", "DateTime", "r", ",\"Format\":\"DateAndTime\",\"DateTimeBehavior\":{\"Value\":\"UserLocal\"}" },
	{ "solution", "ModifiedOn", "DateTime", "r", ",\"Format\":\"DateAndTime\",\"DateTimeBehavior\":{\"Value\":\"UserLocal\"}" },
	{ "solution", "VersionNumber", "BigInt", "r", "" },
};

static void
define(struct buf *b)
{
	json_pad(b);
	meta_define(b->p, b->n, 0);
	b->n = 0;
}

static void
make(const char *table, const char *schema, const char *set, const char *id)
{
	struct buf b = { 0 };
	size_t i;

	if (schema_table(table) != NULL)
		return;
	buf_printf(&b, "{\"_meta\":\"table\",\"_table\":\"%s\",\"LogicalName\":\"%s\",\"SchemaName\":\"%s\",\"EntitySetName\":\"%s\","
	    "\"LogicalCollectionName\":\"%s\",\"PrimaryIdAttribute\":\"%s\",\"PrimaryNameAttribute\":\"uniquename\","
	    "\"OwnershipType\":\"OrganizationOwned\",\"IsActivity\":false,\"HasNotes\":false,\"HasActivities\":false,\"IsCustomEntity\":false}",
	    table, table, schema, set, set, id);
	define(&b);
	for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		if (strcmp(columns[i].table, table) != 0)
			continue;
		put_column_head(&b, table, columns[i].schema, columns[i].type, columns[i].flags, false, "None");
		buf_printf(&b, "%s}", columns[i].more);
		define(&b);
	}
	buf_free(&b);
}

void
meta_builtin(void)
{
	static const char link[] = "{\"_meta\":\"relationship\",\"_table\":\"solution\",\"SchemaName\":\"publisher_solution\","
	    "\"ReferencingEntity\":\"solution\",\"ReferencingAttribute\":\"publisherid\",\"ReferencedEntity\":\"publisher\","
	    "\"ReferencedAttribute\":\"publisherid\",\"ReferencingEntityNavigationPropertyName\":\"publisherid\","
	    "\"ReferencedEntityNavigationPropertyName\":\"publisher_solution\"}";
	struct buf b = { 0 };

	make("publisher", "Publisher", "publishers", "publisherid");
	if (schema_table("solution") == NULL) {
		make("solution", "Solution", "solutions", "solutionid");
		buf_str(&b, link);
		define(&b);
	}
	buf_free(&b);
}
