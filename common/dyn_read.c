/* The half of dyn.h that reads answers: errors, WhoAmI, pages of rows. */
#include "dyn.h"

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "xalloc.h"

#define TEXT_SHOWN 200		/* bytes of an answer that is no JSON */

/* ---- errors ---- */

/* "0x8004D24B", "-2147204784" and 2147762743 all become "0x…" in lower case. */
static void
set_code(char code[16], const struct json_value *v)
{
	char text[24];
	long long number;
	char *end;
	size_t i;

	code[0] = '\0';
	if (v->n == 0 || v->n >= sizeof(text) || (v->kind != JSON_STRING && v->kind != JSON_NUMBER))
		return;
	memcpy(text, v->p, v->n);
	text[v->n] = '\0';
	number = strtoll(text, &end, 10);
	if (*end == '\0') {
		snprintf(code, 16, "0x%08x", (unsigned)number);
		return;
	}
	for (i = 0; text[i] != '\0' && i < 15; i++)
		code[i] = (char)tolower((unsigned char)text[i]);
	code[i] = '\0';
}

/* The beginning of a text that is no JSON, in one line. */
static char *
plain_message(int status, const char *type, const char *body, size_t n)
{
	struct buf b = { 0 };
	size_t i, start;

	buf_printf(&b, "HTTP %d", status);
	if (*type != '\0')
		buf_printf(&b, " (%.60s)", type);
	buf_str(&b, n > 0 ? ": " : ", no text");
	start = b.n;
	for (i = 0; i < n && b.n - start < TEXT_SHOWN; i++) {
		unsigned char c = (unsigned char)body[i];

		if (c > ' ' && c < 0x7f)
			buf_char(&b, (char)c);
		else if (b.p[b.n - 1] != ' ')
			buf_char(&b, ' ');
	}
	buf_nul(&b);
	return b.p;
}

void
dyn_error_read(struct dyn_error *e, int status, const char *type, const char *body, size_t n)
{
	struct json j = { 0 };
	struct json_value error, v;
	const struct json_value *top;

	e->code[0] = '\0';
	e->message = NULL;
	if (n > 0 && json_parse(&j, body, n) && (top = json_get(&j, "error")) != NULL) {
		error = *top;
		if (json_member(&error, "code", &v))
			set_code(e->code, &v);
		if (json_member(&error, "message", &v))
			e->message = json_strdup(&v);
		else if (error.kind == JSON_STRING)	/* the token endpoint's form */
			e->message = json_strdup((top = json_get(&j, "error_description")) != NULL ? top : &error);
	}
	json_free(&j);
	if (e->message == NULL)
		e->message = plain_message(status, type != NULL ? type : "", body, n);
}

void
dyn_error_free(struct dyn_error *e)
{
	free(e->message);
	e->message = NULL;
}

static const char *
advice(int status)
{
	switch (status) {
	case 401: return "; the token is not accepted: check DYN_URL, DYN_TENANT and the application's registration";
	case 403: return "; the application user needs to exist in this environment and to hold a security role that allows this";
	case 429: return "; the service is throttling: the same command may work later";
	default: return "";
	}
}

void
dyn_fail(const struct http_answer *a, const char *what)
{
	struct dyn_error e;
	int code = EX_UNAVAILABLE;

	if (a->status == 0)
		errx(EX_TEMPFAIL, "%s: no answer: %s", what, a->error);
	if (a->status == 401 || a->status == 403)
		code = EX_NOPERM;
	else if (a->status == 429 || a->status >= 500 || a->status < 300)
		code = EX_TEMPFAIL;
	dyn_error_read(&e, a->status, a->type, a->body, a->n);
	errx(code, "%s: HTTP %d %s%s%s%s", what, a->status, e.code, *e.code != '\0' ? " " : "", e.message, advice(a->status));
}

/* ---- WhoAmI ---- */

static void
take_id(char id[37], const struct json *j, const char *name)
{
	const struct json_value *v = json_get(j, name);

	if (v == NULL || v->kind != JSON_STRING || v->n != 36)
		errx(EX_UNAVAILABLE, "WhoAmI: no %s in the answer: is DYN_URL a Dataverse environment?", name);
	memcpy(id, v->p, 36);
	id[36] = '\0';
}

void
dyn_whoami(struct dyn *d, struct dyn_who *w)
{
	const struct http_answer *a = dyn_get(d, "WhoAmI", NULL);
	struct json j = { 0 };
	const char *dop;

	if (a->status != 200)
		dyn_fail(a, "WhoAmI");
	if (!json_parse(&j, a->body, a->n))
		errx(EX_TEMPFAIL, "WhoAmI: the answer is %s, not JSON: is DYN_URL a Dataverse environment, and no sign-in page in between?",
		    *a->type != '\0' ? a->type : "of no stated type");
	take_id(w->organization, &j, "OrganizationId");
	take_id(w->user, &j, "UserId");
	take_id(w->unit, &j, "BusinessUnitId");
	dop = http_header(dyn_http(d), "x-ms-dop-hint");
	w->dop_hint = dop != NULL ? strtol(dop, NULL, 10) : 0;
	if (w->dop_hint < 0)
		w->dop_hint = 0;
	json_free(&j);
}

/* ---- pages ---- */

/* The caller's headers with the page size; Prefer is one header, so that of the caller grows. */
static char **
page_headers(const char *const *extra)
{
	static const char size[] = "odata.maxpagesize=5000";
	size_t i, n = 0;
	bool done = false;
	char **list;

	while (extra != NULL && extra[n] != NULL)
		n++;
	list = xcalloc(n + 2, sizeof(*list));
	for (i = 0; i < n; i++) {
		if (strncasecmp(extra[i], "Prefer:", 7) == 0 && !done) {
			list[i] = xasprintf("%s,%s", extra[i], size);
			done = true;
		} else {
			list[i] = xstrdup(extra[i]);
		}
	}
	if (!done)
		list[n] = xasprintf("Prefer: %s", size);
	return list;
}

/*
 * A nextLink may name the environment's other host (with or without ".api"),
 * or none, as OData allows: only what follows the version is used, so the
 * token stays with our host.
 */
static char *
next_path(const char *link)
{
	const char *p = strstr(link, "/api/data/v");

	if (p == NULL && *link != '\0' && strcspn(link, "/:") >= strcspn(link, "?("))
		return xstrdup(link);		/* "accounts?$skiptoken=..." */
	p = p != NULL ? strchr(p + strlen("/api/data/"), '/') : NULL;
	if (p == NULL)
		errx(EX_UNAVAILABLE, "%.200s: a next page outside the Web API", link);
	return xstrdup(p + 1);
}

/* Hands out the rows of one page; the next page's path, NULL after the last one or when row had enough. */
static char *
read_page(const struct buf *page, const char *what, dyn_row *row, void *arg)
{
	struct json j = { 0 };
	const struct json_value *rows, *link;
	struct json_value v;
	struct json_iter it;
	char *text, *next = NULL;
	bool more = true;

	if (!json_parse(&j, page->p, page->n))
		errx(EX_TEMPFAIL, "%s: the answer is not JSON (%s at byte %zu)", what, j.detail, j.offset);
	rows = json_get(&j, "value");
	if (rows == NULL || rows->kind != JSON_ARRAY)
		errx(EX_UNAVAILABLE, "%s: the answer holds no list \"value\"", what);
	it = json_iter(rows);
	while (more && json_next(&it, NULL, &v))
		more = row(&v, arg);
	link = json_get(&j, "@odata.nextLink");
	if (more && !json_null(link)) {
		if ((text = json_strdup(link)) == NULL)
			errx(EX_UNAVAILABLE, "%s: the address of the next page is no text: there is more, and no way to it", what);
		next = next_path(text);
		free(text);
	}
	json_free(&j);
	return next;
}

/* Every page has an address of its own; one that comes back would go round for ever. */
static void
check_new(struct buf *seen, const char *path, const char *what)
{
	const char *p;

	for (p = seen->p; p != NULL && p < seen->p + seen->n; p += strlen(p) + 1)
		if (strcmp(p, path) == 0)
			errx(EX_UNAVAILABLE, "%s: the pages go round in a circle: %.200s came before", what, path);
	buf_add(seen, path, strlen(path) + 1);
}

void
dyn_pages(struct dyn *d, const char *path, const char *const *extra, dyn_row *row, void *arg)
{
	char **headers = page_headers(extra), *next = xstrdup(path), *at;
	const struct http_answer *a;
	struct buf page = { 0 }, seen = { 0 };
	size_t i;

	while ((at = next) != NULL) {
		check_new(&seen, at, path);
		a = dyn_get(d, at, (const char *const *)headers);
		if (a->status != 200)
			dyn_fail(a, path);
		page.n = 0;		/* row may make requests of its own, which end the answer */
		buf_add(&page, a->body, a->n);
		json_pad(&page);
		next = read_page(&page, path, row, arg);
		free(at);
	}
	for (i = 0; headers[i] != NULL; i++)
		free(headers[i]);
	free(headers);
	buf_free(&page);
	buf_free(&seen);
}
