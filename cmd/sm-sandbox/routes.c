/*
 * Which path is answered by which function.  * stands for one segment.  The
 * first line whose path fits decides; another method on it is a 405.
 * Nothing here writes: the stand-in is for reading from.
 */
#include <string.h>

#include "sandbox.h"

static const struct {
	const char *method;
	const char *path;
	void (*answer)(struct call *c);
} routes[] = {
	{ "POST", "contact/v4/search", search_v4 },
	{ "POST", "company/v4/search", search_v4 },
	{ "POST", "deal/v4/search", search_v4 },
	{ "POST", "activity/v4/search", search_v4 },
	{ "GET", "contact/v4/*", record_get },
	{ "GET", "company/v4/*", record_get },
	{ "GET", "deal/v4/*", record_get },
	{ "GET", "activity/v4/*", record_get },
	{ "POST", "module/v4/records/search", search_records },
	{ "GET", "module/v4/fields/all-visible-fields", list_fields_visible },
	{ "GET", "v3/fields/getAllVisibleFields", list_fields_visible },
	{ "GET", "module/v4/modules/*", list_module },
	{ "GET", "module/v4/*/fields", list_fields },
	{ "GET", "v1/modules/*/fields", list_fields_grouped },
	{ "GET", "module/v4/*/records/*", record_get_generic },
	{ "GET", "module/v4/modules/*/objects/*/notes", notes_list },
	{ "GET", "module/v4/modules/*/objects/*/notes/*", notes_get },
	{ "GET", "module/v4/modules/*/objects/*/notes/*/attachments/*", notes_attachment },
	{ "POST", "v3/products/search", search_products },
	{ "GET", "core/v4/deal-pipelines", list_simple },
	{ "GET", "v3/apps/dealPipeline", list_simple },
	{ "GET", "core/v4/users", list_users },
	{ "GET", "v1/tags", list_simple },
	{ "GET", "v3/lookups/active/currency", list_simple },
	{ "GET", "v1/emailTemplates", list_simple },
	{ "GET", "v1/activityTypes", list_activity_types },
};

static bool
fits(const char *path, const struct call *c)
{
	size_t i, n;

	for (i = 0; i < c->nseg; i++) {
		n = strcspn(path, "/");
		if (n == 0 || (!(n == 1 && *path == '*') &&
		    (strlen(c->seg[i]) != n || memcmp(c->seg[i], path, n) != 0)))
			return false;
		path += n + (path[n] == '/');
	}
	return *path == '\0' && c->nseg > 0;
}

void
route(struct call *c)
{
	size_t i;

	for (i = 0; i < sizeof routes / sizeof routes[0]; i++) {
		if (!fits(routes[i].path, c))
			continue;
		if (strcmp(routes[i].method, c->method) != 0)
			answer_error(c, 405, NULL, "MethodNotAllowed", "Method not allowed");
		else
			routes[i].answer(c);
		return;
	}
	answer_error(c, 404, NULL, "ResourceNotFound", "No such path");
}
