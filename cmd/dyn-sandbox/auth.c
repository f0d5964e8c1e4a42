/*
 * auth - the token endpoint and the bearer check
 *
 * POST /<tenant>/oauth2/v2.0/token, client credentials.  Tokens are random,
 * kept in memory only, and expire by the monotonic clock.
 * Who may come: DYN_CLIENT_ID with DYN_CLIENT_SECRET of tenant DYN_TENANT
 * ("sandbox" where they are not set), and the clients of DYN_CLIENTS_FILE
 * (NDJSON: id, secret), each an application user with a computed systemuserid.
 *
 * Source: reference section 2.
 */
#include <err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include <openssl/crypto.h>

#include "cli.h"
#include "guid.h"
#include "nd.h"
#include "sandbox.h"
#include "xalloc.h"

struct client {
	char *id, *secret;
	char user[37];
};

struct token {
	char text[96];
	char user[37];
	int64_t expires;
	struct token *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *tenant, *allowed_url;
static struct client *client;		/* 0: that of the environment */
static size_t nclients;
static struct token *tokens;

static void
add_client(char *id, char *secret)
{
	struct guid g;

	client = xreallocarray(client, nclients + 1, sizeof(*client));
	client[nclients].id = id;
	client[nclients].secret = secret;
	g = guid_make("sandbox", "application-user", id, strlen(id));
	guid_text(&g, client[nclients].user);
	nclients++;
}

static void
read_clients(const char *path)
{
	struct nd_in in = { 0 };
	struct json j = { 0 };
	char *id, *secret;

	nd_open(&in, path);
	while (nd_read(&in)) {
		id = secret = NULL;
		if (!in.toolong && json_parse(&j, in.line, in.len)) {
			id = json_get(&j, "id") ? json_strdup(json_get(&j, "id")) : NULL;
			secret = json_get(&j, "secret") ? json_strdup(json_get(&j, "secret")) : NULL;
		}
		if (id == NULL || secret == NULL)
			errx(EX_DATAERR, "%s:%llu: not {\"id\":\"...\",\"secret\":\"...\"}", path, (unsigned long long)in.lineno);
		add_client(id, secret);
	}
	nd_end(&in);
	json_free(&j);
}

void
auth_open(void)
{
	const char *file = cli_env("DYN_CLIENTS_FILE", NULL);
	char *secret = cli_secret("DYN_CLIENT_SECRET");

	tenant = cli_env("DYN_TENANT", "sandbox");
	allowed_url = cli_env("DYN_URL", NULL);
	add_client(xstrdup(cli_env("DYN_CLIENT_ID", "sandbox")), secret != NULL ? secret : xstrdup("sandbox"));
	if (file != NULL)
		read_clients(file);
}

const char *
auth_user(size_t i)
{
	return i + 1 < nclients ? client[i + 1].user : NULL;
}

void
auth_expire(void)
{
	struct token *t;

	pthread_mutex_lock(&lock);
	while ((t = tokens) != NULL) {
		tokens = t->next;
		free(t);
	}
	pthread_mutex_unlock(&lock);
}

/* ---- the token endpoint ---- */

static void
token_error(struct reply *a, int status, const char *error, int code, const char *text)
{
	char now[32], trace[37], correlation[37];
	time_t t = time(NULL);
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(now, sizeof(now), "%Y-%m-%d %H:%M:%SZ", &tm);
	guid_new(trace);
	guid_new(correlation);
	reply_clear(a);
	a->status = status;
	a->type = "application/json; charset=utf-8";
	buf_printf(&a->body, "{\"error\":\"%s\",\"error_description\":\"AADSTS%d: ", error, code);
	buf_json_text(&a->body, text, strlen(text));
	buf_printf(&a->body, "\\r\\nTrace ID: %s\\r\\nCorrelation ID: %s\\r\\nTimestamp: %s\",\"error_codes\":[%d],\"timestamp\":\"%s\","
	    "\"trace_id\":\"%s\",\"correlation_id\":\"%s\",\"error_uri\":\"https://login.microsoftonline.com/error?code=%d\"}", trace,
	    correlation, now, code, now, trace, correlation, code);
}

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A field of the form body; NULL if absent. */
static char *
form(struct request *r, const char *name)
{
	const char *p = arena_dup(r->arena, r->body, r->n), *e;
	size_t n = strlen(name), i, o = 0, len;
	char *s;

	for (; *p != '\0'; p = *e == '&' ? e + 1 : e) {
		e = p + strcspn(p, "&");
		if (strncmp(p, name, n) != 0 || p[n] != '=')
			continue;
		p += n + 1;
		len = (size_t)(e - p);
		s = arena_get(r->arena, len + 1);
		for (i = 0; i < len; i++) {
			if (p[i] == '%' && i + 2 < len && hex(p[i + 1]) >= 0 && hex(p[i + 2]) >= 0) {
				s[o++] = (char)(hex(p[i + 1]) * 16 + hex(p[i + 2]));
				i += 2;
			} else {
				s[o++] = p[i] == '+' ? ' ' : p[i];
			}
		}
		return s;
	}
	return NULL;
}

/* "https://contoso.crm.dynamics.com/.default" for DYN_URL (without .api), or for the address the caller knows us by. */
static bool
scope_good(const struct request *r, const char *scope)
{
	const char *host = request_header(r, "Host"), *p = strstr(scope, "://");
	size_t n = strlen(scope), suffix = strlen("/.default");

	if (n <= suffix || strcmp(scope + n - suffix, "/.default") != 0 || p == NULL)
		return false;
	n -= suffix;
	if (allowed_url != NULL && strlen(allowed_url) >= n && strncmp(allowed_url, scope, n) == 0 && strspn(allowed_url + n, "/") == strlen(allowed_url + n))
		return true;
	p += 3;
	n -= (size_t)(p - scope);
	return host != NULL && strlen(host) == n && strncmp(host, p, n) == 0;
}

static const struct client *
judge(struct request *r, struct reply *a)
{
	const char *need[] = { "grant_type", "client_id", "scope", "client_secret" }, *value[4], *text;
	size_t i;

	for (i = 0; i < 4; i++) {
		value[i] = form(r, need[i]);
		if (value[i] == NULL || *value[i] == '\0') {
			text = arena_printf(r->arena, "The request body must contain the following parameter: '%s'.", need[i]);
			token_error(a, 400, i == 3 ? "invalid_client" : "invalid_request", 900144, text);
			return NULL;
		}
	}
	if (strcmp(value[0], "client_credentials") != 0) {
		token_error(a, 400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.");
		return NULL;
	}
	for (i = 0; i < nclients && strcmp(client[i].id, value[1]) != 0; i++)
		;
	if (i == nclients) {
		token_error(a, 400, "unauthorized_client", 700016, "Application was not found in the directory.");
		return NULL;
	}
	if (strlen(client[i].secret) != strlen(value[3]) || CRYPTO_memcmp(client[i].secret, value[3], strlen(value[3])) != 0) {
		token_error(a, 401, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request "
		    "is the client secret value, not the client secret ID.");
		return NULL;
	}
	if (!scope_good(r, value[2])) {
		token_error(a, 400, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid.");
		return NULL;
	}
	return &client[i];
}

static void
prune(int64_t now)
{
	struct token **p, *t;

	for (p = &tokens; (t = *p) != NULL;) {
		if (t->expires <= now) {
			*p = t->next;
			free(t);
		} else {
			p = &t->next;
		}
	}
}

static void
give(struct reply *a, const struct client *c)
{
	struct token *t = xcalloc(1, sizeof(*t));
	int64_t now = clock_ms();
	char x[37], y[37];

	guid_new(x);
	guid_new(y);
	snprintf(t->text, sizeof(t->text), "eyJ0eXAi.%s.%s", x, y);
	memcpy(t->user, c == client ? sandbox_user : c->user, sizeof(t->user));
	t->expires = now + limits_token() * 1000;
	pthread_mutex_lock(&lock);
	prune(now);
	t->next = tokens;
	tokens = t;
	pthread_mutex_unlock(&lock);
	reply_clear(a);
	a->status = 200;
	a->type = "application/json; charset=utf-8";
	buf_printf(&a->body, "{\"token_type\":\"Bearer\",\"expires_in\":%ld,\"ext_expires_in\":%ld,\"access_token\":\"%s\"}", limits_token(),
	    limits_token(), t->text);
}

bool
auth_token(struct request *r, struct reply *a)
{
	const char *suffix = "/oauth2/v2.0/token", *path = r->rawpath, *type;
	size_t n = strlen(path), s = strlen(suffix);
	const struct client *c;

	if (n <= s + 1 || strcmp(path + n - s, suffix) != 0)
		return false;
	type = request_header(r, "Content-Type");
	if (strcmp(r->method, "POST") != 0) {
		token_error(a, 405, "invalid_request", 900561, "The endpoint only accepts POST requests.");
	} else if (n - s - 1 != strlen(tenant) || strncmp(path + 1, tenant, n - s - 1) != 0) {
		token_error(a, 400, "invalid_request", 90002, "Tenant not found. Check to make sure you have the correct tenant ID.");
	} else if (type == NULL || strncmp(type, "application/x-www-form-urlencoded", 33) != 0) {
		token_error(a, 400, "invalid_request", 900144, "The request body must contain the following parameter: 'grant_type'.");
	} else if ((c = judge(r, a)) != NULL) {
		give(a, c);
	}
	return true;
}

/* ---- the bearer check ---- */

static bool
known(const char *text, char user[37])
{
	int64_t now = clock_ms();
	const struct token *t;

	pthread_mutex_lock(&lock);
	for (t = tokens; t != NULL; t = t->next)
		if (t->expires > now && strcmp(t->text, text) == 0) {
			memcpy(user, t->user, sizeof(t->user));
			break;
		}
	pthread_mutex_unlock(&lock);
	return t != NULL;
}

/* Not JSON: a client must not parse it as such. */
bool
auth_denied(struct request *r, struct reply *a)
{
	const char *host = request_header(r, "Host");

	reply_text(a, 401, "HTTP Error 401 - Unauthorized: Access is denied");
	reply_header(a, "WWW-Authenticate", "Bearer authorization_uri=https://login.microsoftonline.com/%s/oauth2/authorize, "
	    "resource_id=http://%s/", tenant, host != NULL ? host : "");
	return false;
}

bool
auth_check(struct request *r, struct reply *a)
{
	const char *header = request_header(r, "Authorization");

	if (header == NULL || strncmp(header, "Bearer ", 7) != 0 || !known(header + 7, r->user))
		return auth_denied(r, a);
	return true;
}
