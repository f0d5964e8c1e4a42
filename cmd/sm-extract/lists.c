/*
 * The small lists, each one call without paging: records verbatim, in the
 * service's order (that of a pipeline's stages means something).
 *
 * Field definitions come module by module; each gets "moduleId" and "module"
 * behind its id, since their ids alone do not tell whose they are.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "extract.h"
#include "xalloc.h"

static const struct {
	const char *module;
	const char *path[2];	/* the second where the first is refused */
} list[] = {
	{ "user", { "/apis/core/v4/users", NULL } },	/* no status filter: those who left still own records */
	{ "pipeline", { "/apis/core/v4/deal-pipelines", "/apis/v3/apps/dealPipeline" } },
	{ "tag", { "/apis/v1/tags", NULL } },
	{ "currency", { "/apis/v3/lookups/active/currency", NULL } },
};

static uint64_t
put_records(struct span data, struct buf *lines, const char *name)
{
	struct walk w = span_walk(data);
	struct span v;
	uint64_t n = 0;

	if (*data.p != '[')
		errx(EX_UNAVAILABLE, "%s: the answer is no list", name);
	for (; span_next(&w, NULL, &v); n++)
		span_line(lines, v);
	if (w.bad)
		errx(EX_TEMPFAIL, "%s: the answer is damaged JSON", name);
	return n;
}

/* ---- field definitions ---- */

/* The definition with its module behind its id, unless it says that itself. */
static void
put_definition(struct buf *lines, struct span v, const struct module *m)
{
	struct buf more = { 0 };
	struct span unused;

	if (*v.p != '{')
		errx(EX_UNAVAILABLE, "%s: a field definition that is no object", m->name);
	if (!span_member(v, "moduleId", &unused))
		buf_printf(&more, "\"moduleId\":%d,", m->id);
	if (!span_member(v, "module", &unused))
		buf_printf(&more, "\"module\":\"%s\",", m->meta);
	span_line_with(lines, v, &more);
	buf_free(&more);
}

/* By the module's own call, or out of one of the two that give all modules at once. */
bool
list_fields(const struct module *m, bool optional, struct buf *lines)
{
	static const char *const all[] = { "/apis/module/v4/fields/all-visible-fields", "/apis/v3/fields/getAllVisibleFields" };
	char *path = xasprintf("/apis/module/v4/%d/fields", m->id);
	struct span data, v;
	struct walk w;
	bool found = api_call("GET", path, NULL, API_OTHERWISE, &data) && *data.p == '[';
	size_t i;

	for (i = 0; i < 2 && !found; i++)
		found = api_call("GET", all[i], NULL, optional || i == 0 ? API_OTHERWISE : API_MUST, &data) &&
		    (span_member(data, m->meta, &v) || span_member(data, m->name, &v)) && *(data = v).p == '[';
	if (!found && optional) {
		free(path);
		return false;
	}
	if (!found)
		errx(EX_UNAVAILABLE, "no field definitions of module %d (%s) in any of the three calls that give them", m->id, m->name);
	for (w = span_walk(data); span_next(&w, NULL, &v);)
		put_definition(lines, v, m);
	if (w.bad)
		errx(EX_TEMPFAIL, "%s: damaged JSON", path);
	free(path);
	return true;
}

static void
put_module(const struct module *m, bool optional, struct buf *lines)
{
	if (!list_fields(m, optional, lines))
		warnx("field: no definitions of module %d (%s): this account or key does not have it", m->id, m->name);
}

static uint64_t
count_lines(const struct buf *b)
{
	const char *p = b->p, *end = b->p + b->n;
	uint64_t n = 0;

	for (; p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		n++;
	return n;
}

void
list_all(const struct module *m, struct buf *lines, uint64_t *count)
{
	struct span data;
	size_t i;

	if (strcmp(m->name, "field") == 0) {
		/* Products come with the larger plans only. */
		for (m = modules; m->name != NULL; m++)
			if (m->id != 0)
				put_module(m, m->way == PRODUCTS, lines);
		for (i = 0; i < opt.owns; i++)
			put_module(&opt.own[i], true, lines);
		*count = count_lines(lines);
		return;
	}
	for (i = 0; strcmp(list[i].module, m->name) != 0; i++)
		;
	if (!api_call("GET", list[i].path[0], NULL, list[i].path[1] != NULL ? API_OTHERWISE : API_MUST, &data))
		api_call("GET", list[i].path[1], NULL, API_MUST, &data);
	*count = put_records(data, lines, m->name);
}
