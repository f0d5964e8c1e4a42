#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "extract.h"
#include "xalloc.h"

/* Settings of the organization that decide what can be loaded, and how values are shown. */
static const char *const setting[] = {
	"organizationid", "name", "languagecode", "localeid", "basecurrencyid", "basecurrencyprecision",
	"currencydecimalprecision", "pricingdecimalprecision", "maxuploadfilesize", "blockedattachments", "isauditenabled",
	"isduplicatedetectionenabled", "isduplicatedetectionenabledforonlinecreateupdate",
	"createproductswithoutparentinactivestate", "utcconversiontimezonecode"
};

static void
put_who(struct buf *b, struct dyn *d, const struct dyn_who *who)
{
	const char *root = dyn_root(d);
	const char *end = strstr(root, "/api/data/");

	buf_str(b, "{\"OrganizationId\":");
	buf_json_str(b, who->organization);
	buf_str(b, ",\"UserId\":");
	buf_json_str(b, who->user);
	buf_str(b, ",\"BusinessUnitId\":");
	buf_json_str(b, who->unit);
	buf_str(b, ",\"url\":");
	buf_json_string(b, root, end != NULL ? (size_t)(end - root) : strlen(root));
}

void
whoami_put(struct dyn *d, const struct dyn_who *who, struct nd_out *out)
{
	struct buf b = { 0 };

	put_who(&b, d, who);
	buf_char(&b, '}');
	nd_write(out, b.p, b.n);
	buf_free(&b);
}

static bool
row_take(const struct json_value *row, void *arg)
{
	struct buf *b = arg;
	struct json_iter it = json_iter(row);
	struct json_value key, v;

	while (json_next(&it, &key, &v)) {
		buf_char(b, ',');
		json_put(b, &key);
		buf_char(b, ':');
		put_flat(b, &v);
	}
	return false;
}

/* A setting that this organization's version does not have is left out. */
void
organization_put(struct dyn *d, const struct dyn_who *who, struct nd_out *out)
{
	struct table *t = table_ask(d, "organization");
	const char *name[sizeof(setting) / sizeof(setting[0])];
	struct buf b = { 0 };
	char *select, *path;
	size_t i, n = 0;

	table_columns(d, t);
	for (i = 0; i < sizeof(setting) / sizeof(setting[0]); i++)
		if (table_has(t, setting[i]))
			name[n++] = setting[i];
	select = table_select(t, name, n);
	path = xasprintf("%s?$select=%s&$filter=organizationid%%20eq%%20%s", t->set, select, who->organization);
	put_who(&b, d, who);
	i = b.n;
	dyn_pages(d, path, NULL, row_take, &b);
	if (b.n == i)
		errx(EX_UNAVAILABLE, "the organization's own row cannot be read (privilege to read table organization)");
	buf_char(&b, '}');
	nd_write(out, b.p, b.n);
	buf_free(&b);
	free(select);
	free(path);
	table_free(t);
}
