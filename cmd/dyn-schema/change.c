/*
 * One change at a time: the service serialises definitions on a lock, and a
 * second one in the air would only fail.  A definition cannot be sent twice
 * blindly, so when its outcome is unknown (a lost answer, a gateway's 502) the
 * organization is asked before it is sent again.  404 right after something
 * was created is the service's own cache: Microsoft's client waits 0.4 s,
 * doubled, five times, and so does this.
 */
#include <err.h>
#include <string.h>
#include <sysexits.h>

#include "schema.h"

#define TRIES 6
#define LAG 0.4			/* seconds, doubled */

/* Somebody made it meanwhile, or we did and the answer was lost. */
static bool
duplicate(const char *code)
{
	static const char *const known[] = {
		"0x80044363",	/* schema name not unique */
		"0x80047013",	/* attribute name exists */
		"0x80060304",	/* physical name exists */
		"0x80047010",	/* duplicate name */
		"0x80060893",	/* key name exists */
		"0x80060894",	/* key over the same columns exists */
		"0x80040237"	/* a row with this key exists */
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(code, known[i]) == 0)
			return true;
	return false;
}

void
change_pause(struct dyn *d, double seconds)
{
	http_hold(dyn_http(d), seconds);
}

/* A refusal as duplicate, or one without a code: true if it is there indeed; else the name belongs to something else. */
static bool
was_there(struct dyn *d, const struct http_answer *a, const struct change *c)
{
	struct dyn_error e;
	bool known, nameless;
	int status = a->status;

	dyn_error_read(&e, status, a->type, a->body, a->n);
	known = duplicate(e.code);
	nameless = status != 401 && status != 403 && status != 404 && (*e.code == '\0' || strcmp(e.code, "0x0") == 0);
	/* The question ends the answer in hand, so a refusal that stands is reported here. */
	if ((known || nameless) && !c->there(d, c->arg))
		errx(known ? EX_CONFIG : EX_UNAVAILABLE, "%s: %s: HTTP %d %s %s", c->what,
		    known ? "the name is taken by something else" : "refused", status, e.code, e.message);
	dyn_error_free(&e);
	return known || nameless;
}

bool
change_make(struct dyn *d, const struct change *c)
{
	const char *extra[] = { "Consistency: Strong", c->solution, NULL };
	struct dyn_request r = { .method = "POST", .path = c->path, .extra = extra, .body = c->body->p, .n = c->body->n };
	const struct http_answer *a;
	double lag = LAG;
	bool sent = false;
	int try;

	for (try = 1; ; try++, lag *= 2) {
		a = dyn_do(d, &r);
		if (a->status >= 200 && a->status < 300)
			return true;
		if (a->status >= 400 && a->status < 500 && a->status != 429 && was_there(d, a, c))
			return sent;
		if (http_stop || try == TRIES || !(a->status == 404 || a->status == 0 || a->status >= 500))
			dyn_fail(a, c->what);
		if (a->status != 404) {
			if (c->there(d, c->arg))
				return true;
			sent = true;
		}
		change_pause(d, lag);
	}
}
