/*
 * dyn - a session with one Dataverse environment
 *
 * Reads DYN_URL, DYN_LOGIN_URL, DYN_TENANT, DYN_CLIENT_ID, DYN_CLIENT_SECRET
 * (or _FILE).  Missing or malformed: 78, a refused secret: 77, both with one
 * line that says what to do.  Tokens are fetched when needed, renewed at 80 %
 * of their life by the monotonic clock, and once more, by force, on a 401.
 * Source of the protocol facts: Microsoft's Dataverse Web API documentation.
 */
#ifndef DYN_H
#define DYN_H

#include <stdbool.h>
#include <stddef.h>

#include "http.h"
#include "json.h"

struct dyn;

struct dyn_client {		/* one application user */
	char *id, *secret;
};

struct dyn *dyn_open(const struct http_policy *policy);			/* from the environment */
struct dyn *dyn_open_as(const struct http_policy *policy, const struct dyn_client *c);
size_t dyn_clients(struct dyn_client **list);				/* of DYN_CLIENTS_FILE (one JSON object a line: id, secret), or the one of the environment */
struct http *dyn_http(struct dyn *d);
const char *dyn_root(const struct dyn *d);				/* "https://…/api/data/v9.2/" */

/*
 * A request with the base headers and the token.  path is relative to
 * dyn_root (or absolute, under it: a nextLink).  extra: more headers or NULL.
 * A 401 renews the token and repeats once; done then sees the second answer.
 */
struct dyn_request {
	const char *method, *path;
	const char *const *extra;
	const char *body;
	size_t n;
	const char *type;	/* of the body; NULL: application/json */
	int replay;
};
void dyn_start(struct dyn *d, const struct dyn_request *r, http_done *done, void *arg);
const struct http_answer *dyn_do(struct dyn *d, const struct dyn_request *r);
const struct http_answer *dyn_get(struct dyn *d, const char *path, const char *const *extra);

/* An error body, or a part of a batch: code in lower-case hex ("0x80040237"; signed decimal converted), "" if none. */
struct dyn_error {
	char code[16];
	char *message;		/* caller frees; never NULL after dyn_error_read */
};
void dyn_error_read(struct dyn_error *e, int status, const char *type, const char *body, size_t n);
void dyn_error_free(struct dyn_error *e);

_Noreturn void dyn_fail(const struct http_answer *a, const char *what);	/* one line, exit code by status: 401/403 77, 0/5xx/429 75, else 69 */

/* WhoAmI; each a GUID's text. */
struct dyn_who {
	char organization[37], user[37], unit[37];
	long dop_hint;		/* x-ms-dop-hint, 0 if absent */
};
void dyn_whoami(struct dyn *d, struct dyn_who *w);			/* fails with dyn_fail */

/* All pages of path (maxpagesize 5000), in order; a next page that cannot be or was read already is 69.  false from row stops. */
typedef bool dyn_row(const struct json_value *row, void *arg);
void dyn_pages(struct dyn *d, const char *path, const char *const *extra, dyn_row *row, void *arg);

void dyn_close(struct dyn *d);

#endif
