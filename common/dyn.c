/*
 * dyn - a session with one Dataverse environment: settings, tokens, requests
 *
 * Tokens come by OAuth2 client credentials over a pool of their own, so that
 * a renewal in the middle of a load waits for nothing but itself.  A renewal
 * ahead of time that fails is tried again later, the old token still serves;
 * one that a 401 forced and that fails hands the failure to the request.
 */
#include "dyn.h"

#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "cli.h"
#include "nd.h"
#include "xalloc.h"

#define LOGIN "https://login.microsoftonline.com"
#define RENEW_AT 0.8		/* of a token's life */
#define LIFE_DEFAULT 3599	/* seconds, where expires_in is missing */
#define RENEW_AGAIN 30.0	/* seconds after a renewal ahead of time that failed */

enum token { TOKEN_NEW, TOKEN_REFUSED, TOKEN_AWAY };

struct dyn {
	struct http *http, *login;
	char *root;
	char *token_url, *token_body;
	char *authorization;		/* the header line; NULL before the first token */
	unsigned generation;		/* of the token */
	double renew_at;
	char *token_error;		/* of the last failure */
	int token_status;
	struct http_answer lost;	/* what a request gets when its token could not be renewed */
};

/* A request under way, kept for its repeat after a 401. */
struct call {
	struct dyn *d;
	char *method, *url, *type;
	char **extra;
	const char *body;
	size_t n;
	int replay;
	http_done *done;
	void *arg;
	unsigned generation;
	bool renewed;
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- settings ---- */

static const char *
setting(const char *name, const char *advice)
{
	const char *v = cli_env(name, NULL);

	if (v == NULL)
		errx(EX_CONFIG, "%s is not set: %s", name, advice);
	return v;
}

/* An address without a path, its last slashes taken off. */
static char *
address(const char *name, const char *value)
{
	char *url = xstrdup(value), *host;
	size_t n = strlen(url);

	while (n > 0 && url[n - 1] == '/')
		url[--n] = '\0';
	host = strstr(url, "://");
	if (host == NULL || !http_allowed(url) || strpbrk(host + 3, "/?#") != NULL)
		errx(EX_CONFIG, "%s: \"%s\" is no address: https and a host, without a path (plain http only to this machine)",
		    name, value);
	return url;
}

static void
check_word(const char *name, const char *value)
{
	const char *p;

	for (p = value; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr("-._", *p) == NULL)
			errx(EX_CONFIG, "%s: \"%s\" holds a character that does not belong there", name, value);
}

static void
put_form(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (isalnum((unsigned char)*s) || strchr("-._~", *s) != NULL)
			buf_char(b, *s);
		else
			buf_printf(b, "%%%02X", (unsigned char)*s);
	}
}

/* The scope names the environment without ".api": https://contoso.crm.dynamics.com/.default */
static char *
token_form(const char *url, const struct dyn_client *c)
{
	const char *api = strstr(url, ".api.crm");
	struct buf scope = { 0 }, b = { 0 };

	buf_add(&scope, url, api != NULL ? (size_t)(api - url) : strlen(url));
	if (api != NULL)
		buf_str(&scope, api + 4);
	buf_str(&scope, "/.default");
	buf_nul(&scope);
	buf_str(&b, "client_id=");
	put_form(&b, c->id);
	buf_str(&b, "&client_secret=");
	put_form(&b, c->secret);
	buf_str(&b, "&scope=");
	put_form(&b, scope.p);
	buf_str(&b, "&grant_type=client_credentials");
	buf_nul(&b);
	buf_free(&scope);
	return b.p;
}

static struct http *
login_pool(const struct dyn_client *c)
{
	static const struct http_policy policy = { .total_ms = 30000, .retries = 4, .patience_s = 60 };
	struct http *h = http_new(&policy);
	struct buf b = { 0 };

	put_form(&b, c->secret);
	buf_nul(&b);
	http_secret(h, c->secret);
	http_secret(h, b.p);
	buf_free(&b);
	return h;
}

struct dyn *
dyn_open_as(const struct http_policy *policy, const struct dyn_client *c)
{
	struct dyn *d = xcalloc(1, sizeof(*d));
	char *url, *login;
	const char *tenant;

	cli_no_core();
	url = address("DYN_URL", setting("DYN_URL", "the environment's address, such as https://contoso.crm.dynamics.com"));
	login = address("DYN_LOGIN_URL", cli_env("DYN_LOGIN_URL", LOGIN));
	tenant = setting("DYN_TENANT", "the directory (tenant) id of the application registration");
	check_word("DYN_TENANT", tenant);
	check_word("DYN_CLIENT_ID", c->id);
	d->root = xasprintf("%s/api/data/v9.2/", url);
	d->token_url = xasprintf("%s/%s/oauth2/v2.0/token", login, tenant);
	d->token_body = token_form(url, c);
	d->login = login_pool(c);
	d->http = http_new(policy);
	http_secret(d->http, c->secret);
	free(url);
	free(login);
	return d;
}

static struct dyn_client
environment_client(void)
{
	struct dyn_client c;

	c.id = xstrdup(setting("DYN_CLIENT_ID", "the application (client) id of the application registration"));
	c.secret = cli_secret("DYN_CLIENT_SECRET");
	if (c.secret == NULL || *c.secret == '\0')
		errx(EX_CONFIG, "DYN_CLIENT_SECRET is not set: the client secret, or DYN_CLIENT_SECRET_FILE with the name of a file of mode 600 that holds it");
	return c;
}

static void
client_free(struct dyn_client *c)
{
	explicit_bzero(c->secret, strlen(c->secret));
	free(c->secret);
	free(c->id);
}

struct dyn *
dyn_open(const struct http_policy *policy)
{
	struct dyn_client c = environment_client();
	struct dyn *d = dyn_open_as(policy, &c);

	client_free(&c);
	return d;
}

static void
check_private(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		err(EX_NOINPUT, "%s (named by DYN_CLIENTS_FILE)", path);
	if ((st.st_mode & 077) != 0)
		errx(EX_NOPERM, "%s: others may read these secrets: chmod 600 it", path);
}

size_t
dyn_clients(struct dyn_client **list)
{
	const char *path = cli_env("DYN_CLIENTS_FILE", NULL);
	struct nd_in in = { 0 };
	struct json j = { 0 };
	struct dyn_client *c;
	size_t n = 0;

	*list = NULL;
	if (path == NULL) {
		*list = xcalloc(1, sizeof(**list));
		(*list)[0] = environment_client();
		return 1;
	}
	check_private(path);
	nd_open(&in, path);
	while (nd_read(&in)) {
		*list = xreallocarray(*list, n + 1, sizeof(**list));
		c = &(*list)[n++];
		if (in.toolong || !json_parse(&j, in.line, in.len) ||
		    (c->id = json_strdup(json_get(&j, "id"))) == NULL ||
		    (c->secret = json_strdup(json_get(&j, "secret"))) == NULL)
			errx(EX_CONFIG, "%s:%lu: not an object with the texts \"id\" and \"secret\"", path, (unsigned long)in.lineno);
	}
	nd_end(&in);
	json_free(&j);
	if (n == 0)
		errx(EX_CONFIG, "%s: no application user in it", path);
	return n;
}

/* ---- tokens ---- */

static enum token
token_failed(struct dyn *d, const struct http_answer *a)
{
	struct dyn_error e;

	free(d->token_error);
	d->token_status = a->status;
	if (a->status == 0) {
		d->token_error = xstrdup(a->error);
		return TOKEN_AWAY;
	}
	dyn_error_read(&e, a->status, a->type, a->body, a->n);
	e.message[strcspn(e.message, "\r\n")] = '\0';
	d->token_error = xstrdup(e.message);
	dyn_error_free(&e);
	return a->status == 429 || a->status >= 500 || a->status < 300 ? TOKEN_AWAY : TOKEN_REFUSED;
}

/* A bearer token is one word of visible ASCII; anything else must not get into a header. */
static bool
token_good(const char *t)
{
	if (t == NULL || *t == '\0')
		return false;
	for (; *t != '\0'; t++)
		if (!isgraph((unsigned char)*t))
			return false;
	return true;
}

static enum token
token_renew(struct dyn *d)
{
	static const char *const form[] = { "Content-Type: application/x-www-form-urlencoded", "Accept: application/json", NULL };
	const struct http_request r = { .method = "POST", .url = d->token_url, .headers = form, .body = d->token_body,
	    .n = strlen(d->token_body), .replay = 1 };
	const struct http_answer *a = http_do(d->login, &r);
	struct json j = { 0 };
	int64_t life = LIFE_DEFAULT;
	char *token = NULL;

	if (a->status == 200 && json_parse(&j, a->body, a->n)) {
		token = json_strdup(json_get(&j, "access_token"));
		if (!json_int(json_get(&j, "expires_in"), &life) || life <= 0)
			life = LIFE_DEFAULT;
	}
	json_free(&j);
	if (!token_good(token)) {
		free(token);
		return token_failed(d, a);
	}
	free(d->authorization);
	d->authorization = xasprintf("Authorization: Bearer %s", token);
	http_secret(d->http, token);
	free(token);
	d->generation++;
	d->renew_at = now() + (double)life * RENEW_AT;
	return TOKEN_NEW;
}

/* The first token or nothing; later ones ahead of time, at leisure. */
static void
token_have(struct dyn *d)
{
	enum token got;

	if (d->authorization != NULL && now() < d->renew_at)
		return;
	got = token_renew(d);
	if (got == TOKEN_NEW)
		return;
	d->renew_at = now() + RENEW_AGAIN;
	if (d->authorization != NULL)
		return;
	if (got == TOKEN_AWAY)
		errx(EX_TEMPFAIL, "%s: no token now: %s", d->token_url, d->token_error);
	errx(d->token_status == 404 ? EX_CONFIG : EX_NOPERM,
	    "%s: the token was refused (HTTP %d): %s; check DYN_TENANT, DYN_CLIENT_ID and the client secret",
	    d->token_url, d->token_status, d->token_error);
}

/* After a 401 on a token of that generation: true if there is another one to try. */
static bool
token_force(struct dyn *d, unsigned generation, const struct http_answer **a)
{
	enum token got;

	if (d->generation != generation)
		return true;
	got = token_renew(d);
	if (got == TOKEN_AWAY) {
		d->lost = (struct http_answer){ .error = d->token_error, .type = "", .body = "", .retry_after = -1, .attempts = 1 };
		*a = &d->lost;
	}
	return got == TOKEN_NEW;
}

/* ---- requests ---- */

static char *
full_url(const struct dyn *d, const char *path)
{
	if (strncmp(path, d->root, strlen(d->root)) == 0)
		return xstrdup(path);
	if (strstr(path, "://") != NULL && strcspn(path, ":") < strcspn(path, "/(?"))
		errx(EX_SOFTWARE, "%s is not under %s", path, d->root);
	return xasprintf("%s%s", d->root, *path == '/' ? path + 1 : path);
}

/* NULL-terminated; the array is the caller's, the lines are not. */
static const char **
all_headers(const struct dyn *d, const char *const *extra, const char *type)
{
	static const char *const base[] = { "Accept: application/json", "OData-MaxVersion: 4.0", "OData-Version: 4.0" };
	size_t i, n = 0, more = 0;
	const char **list;

	while (extra != NULL && extra[more] != NULL)
		more++;
	list = xcalloc(more + 6, sizeof(*list));
	for (i = 0; i < 3; i++)
		list[n++] = base[i];
	list[n++] = d->authorization;
	if (type != NULL)
		list[n++] = type;
	for (i = 0; i < more; i++)
		list[n++] = extra[i];
	return list;
}

static char *
type_line(const struct dyn_request *r)
{
	if (r->body == NULL)
		return NULL;
	return xasprintf("Content-Type: %s", r->type != NULL ? r->type : "application/json");
}

static void
call_free(struct call *c)
{
	size_t i;

	for (i = 0; c->extra != NULL && c->extra[i] != NULL; i++)
		free(c->extra[i]);
	free(c->extra);
	free(c->method);
	free(c->url);
	free(c->type);
	free(c);
}

static void call_done(struct http *h, const struct http_answer *a, void *arg);

static void
call_send(struct call *c)
{
	const char **headers = all_headers(c->d, (const char *const *)c->extra, c->type);
	const struct http_request r = { .method = c->method, .url = c->url, .headers = headers, .body = c->body, .n = c->n,
	    .replay = c->replay };

	c->generation = c->d->generation;
	http_start(c->d->http, &r, call_done, c);
	free(headers);
}

static void
call_done(struct http *h, const struct http_answer *a, void *arg)
{
	struct call *c = arg;

	if (a->status == 401 && !c->renewed) {
		c->renewed = true;
		if (token_force(c->d, c->generation, &a)) {
			call_send(c);
			return;
		}
	}
	c->done(h, a, c->arg);
	call_free(c);
}

void
dyn_start(struct dyn *d, const struct dyn_request *r, http_done *done, void *arg)
{
	struct call *c = xcalloc(1, sizeof(*c));
	size_t i, n = 0;

	while (r->extra != NULL && r->extra[n] != NULL)
		n++;
	*c = (struct call){ .d = d, .body = r->body, .n = r->n, .replay = r->replay, .done = done, .arg = arg };
	c->method = xstrdup(r->method);
	c->url = full_url(d, r->path);
	c->type = type_line(r);
	c->extra = xcalloc(n + 1, sizeof(*c->extra));
	for (i = 0; i < n; i++)
		c->extra[i] = xstrdup(r->extra[i]);
	token_have(d);
	call_send(c);
}

const struct http_answer *
dyn_do(struct dyn *d, const struct dyn_request *r)
{
	char *url = full_url(d, r->path), *type = type_line(r);
	const struct http_answer *a;
	const char **headers;
	unsigned generation;
	int round;

	token_have(d);
	for (round = 0;; round++) {
		headers = all_headers(d, r->extra, type);
		generation = d->generation;
		a = http_do(d->http, &(struct http_request){ .method = r->method, .url = url, .headers = headers, .body = r->body,
		    .n = r->n, .replay = r->replay });
		free(headers);
		if (a->status != 401 || round > 0 || !token_force(d, generation, &a))
			break;
	}
	free(url);
	free(type);
	return a;
}

const struct http_answer *
dyn_get(struct dyn *d, const char *path, const char *const *extra)
{
	return dyn_do(d, &(struct dyn_request){ .method = "GET", .path = path, .extra = extra, .replay = 1 });
}

struct http *
dyn_http(struct dyn *d)
{
	return d->http;
}

const char *
dyn_root(const struct dyn *d)
{
	return d->root;
}

void
dyn_close(struct dyn *d)
{
	if (d == NULL)
		return;
	http_free(d->http);
	http_free(d->login);
	explicit_bzero(d->token_body, strlen(d->token_body));
	if (d->authorization != NULL)
		explicit_bzero(d->authorization, strlen(d->authorization));
	free(d->authorization);
	free(d->token_body);
	free(d->token_url);
	free(d->token_error);
	free(d->root);
	free(d);
}
