/*
 * Who may send, how much at once, and when.
 *
 * Every application user (DYN_CLIENTS_FILE) has a pool, a token, a number of
 * workers and a clock of its own.  Workers: 2 to begin with, doubled with each
 * round of good answers up to the level where the service last complained,
 * then one more a round, never above x-ms-dop-hint (or --concurrency).  The
 * three limits are told apart: too many requests makes calls larger, too much
 * execution time takes a quarter of the workers away, too much at once half
 * of them.  All of them hold back the whole user for Retry-After.
 *
 * Answers that are none (broken connections, 502 to 504, pages of something
 * else) pause the user, longer each time; --retries in a row, or PATIENCE
 * seconds of throttling without one good answer, end the run with 75.
 *
 * Sources: reference section 6 (limits, x-ms-dop-hint), 11 (retry discipline).
 */
#include <err.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <time.h>

#include "load.h"
#include "xalloc.h"

#define WORKERS_FIRST 2
#define WORKERS_DEFAULT 8		/* where neither the service nor --concurrency says more */
#define WORKERS_MAX 256
#define FILES 16			/* that are open besides connections */
#define FILES_USER 4			/* and for each user */
#define TOKENS_MAX 3			/* refused tokens in a row, each renewed before */
#define PATIENCE 3600.0

struct client {
	struct dyn *d;
	struct http *h;
	char *name;
	size_t active;
	unsigned workers, most, level;	/* now; at most; up to where they double */
	unsigned good;			/* answers since workers last changed */
	unsigned trouble;		/* unusable answers in a row */
	unsigned refused;		/* 401 in a row */
	double until;			/* nothing goes out before this time */
	double last_good, held_from, held;
};

static struct client *client;
static size_t clients, turn;
static unsigned workers_max = WORKERS_MAX;
static struct batch *first, **last = &first;
static size_t ready;
static size_t delivered;		/* answers so far */
static uint64_t random_state;

double
pace_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
chance(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (double)(random_state >> 11) / 9007199254740992.0;
}

void
pace_room(size_t users)
{
	struct rlimit l;
	size_t each;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur == RLIM_INFINITY)
		return;
	each = l.rlim_cur > FILES ? ((size_t)l.rlim_cur - FILES) / users : 0;
	if (each <= FILES_USER)
		errx(EX_CONFIG, "only %llu files may be open at once (ulimit -n): at least %zu are needed",
		    (unsigned long long)l.rlim_cur, FILES + users * (FILES_USER + 1));
	if (each - FILES_USER < workers_max)
		workers_max = (unsigned)(each - FILES_USER);
}

static unsigned
at_most(unsigned long workers)
{
	return workers < workers_max ? (unsigned)workers : workers_max;
}

void
pace_open(void)
{
	static const struct http_policy policy = { .retries = 0, .give_429 = true };
	struct dyn_client *who;
	struct client *c;
	size_t i;

	random_state = (uint64_t)(pace_now() * 1e9) | 1;
	clients = dyn_clients(&who);
	client = xcalloc(clients, sizeof(*client));
	for (i = 0; i < clients; i++) {
		c = &client[i];
		c->d = dyn_open_as(&policy, &who[i]);
		c->h = dyn_http(c->d);
		c->name = who[i].id;
		c->most = at_most(options.workers > 0 ? options.workers : WORKERS_DEFAULT);
		c->workers = WORKERS_FIRST < c->most ? WORKERS_FIRST : c->most;
		c->level = c->most;
		c->last_good = pace_now();
		explicit_bzero(who[i].secret, strlen(who[i].secret));
		free(who[i].secret);
	}
	free(who);
}

const char *
pace_root(void)
{
	return dyn_root(client[0].d);
}

/* ---- what answers teach ---- */

static void
pause_client(struct client *c, double seconds)
{
	double t = pace_now(), until = t + seconds;

	if (until <= c->until)
		return;
	c->held += until - fmax(t, c->until);
	c->until = until;
}

void
pace_good(struct client *c, struct http *h)
{
	const char *hint = http_header(h, "x-ms-dop-hint");
	long n = hint != NULL ? strtol(hint, NULL, 10) : 0;

	c->trouble = c->refused = 0;
	c->last_good = pace_now();
	if (n > 0 && options.workers == 0) {
		if (c->level == c->most || c->level > (unsigned long)n)
			c->level = at_most((unsigned long)n);
		c->most = at_most((unsigned long)n);
		if (c->workers > c->most)
			c->workers = c->most;
	}
	c->good++;
	if (c->workers < c->level) {
		c->workers++;			/* one more with each good answer: doubles in a round */
	} else if (c->workers < c->most && c->good >= c->workers * 4) {
		c->workers++;
		c->good = 0;
	}
}

static void
fewer(struct client *c, unsigned workers)
{
	c->workers = workers > 0 ? workers : 1;
	c->level = c->workers;
	c->good = 0;
}

void
pace_throttled(struct client *c, const char *code, long retry_after)
{
	bool first_of_storm = c->until <= pace_now();

	if (pace_now() - c->last_good > PATIENCE)
		run_stop(EX_TEMPFAIL, "%s: throttled for an hour without one good answer; the same command goes on later", c->name);
	pause_client(c, (retry_after >= 0 ? (double)retry_after : 2.0) + 0.05 + 0.25 * chance());
	if (!first_of_storm)
		return;		/* answers to what was under way already say the same thing */
	if (strcmp(code, "0x80072322") == 0)
		table_grow();
	else if (strcmp(code, "0x80072326") == 0)
		fewer(c, c->workers / 2);
	else
		fewer(c, c->workers - c->workers / 4 - (c->workers > 1 && c->workers < 4));
}

void
pace_trouble(struct client *c, const char *what)
{
	double s = fmin(ldexp(0.1, (int)c->trouble), 20.0);

	pause_client(c, s * (0.5 + chance() / 2));
	if (++c->trouble > options.retries)
		run_stop(EX_TEMPFAIL, "the service gave no usable answer %u times in a row (%s); the same command goes on later",
		    c->trouble, what);
}

/* The session has renewed the token once for each request.  What was in the air together counts once. */
bool
pace_token(struct client *c)
{
	if (c->until <= pace_now())
		c->refused++;
	pause_client(c, 0.1 + 0.1 * chance());
	return c->refused <= TOKENS_MAX;
}

void
pace_jitter(struct client *c)
{
	pause_client(c, 0.02 + 0.2 * chance());
}

double
pace_seconds_held(void)
{
	double s = 0, t = pace_now();
	size_t i;

	for (i = 0; i < clients; i++)
		s += client[i].held - fmax(0, client[i].until - t);
	return s;
}

/* ---- sending ---- */

unsigned
pace_workers(void)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < clients; i++)
		n += client[i].workers;
	return n;
}

size_t
pace_active(void)
{
	size_t n = 0, i;

	for (i = 0; i < clients; i++)
		n += client[i].active;
	return n;
}

static size_t
ahead(void)
{
	return pace_workers() / 2 + 1;
}

bool
pace_hungry(void)
{
	return pace_active() + ready < pace_workers() + ahead();
}

bool
pace_idle(void)
{
	return pace_active() == 0 && ready == 0;
}

size_t
pace_window(void)
{
	return pace_workers() + ahead() + 2;
}

void
pace_ready(struct batch *b, bool front)
{
	ready++;
	b->next = NULL;
	if (front) {
		b->next = first;
		if (first == NULL)
			last = &b->next;
		first = b;
	} else {
		*last = b;
		last = &b->next;
	}
}

static struct client *
free_client(void)
{
	double t = pace_now();
	size_t i;

	for (i = 0; i < clients; i++) {
		struct client *c = &client[(turn + i) % clients];

		if (c->active < c->workers && c->until <= t) {
			turn = (turn + i + 1) % clients;
			return c;
		}
	}
	return NULL;
}

static void
done(struct http *h, const struct http_answer *a, void *arg)
{
	struct batch *b = arg;

	delivered++;
	b->client->active--;
	failpoint();
	answer_done(h, a, b);
}

static void
send_batch(struct client *c, struct batch *b)
{
	const char *extra[12];
	struct dyn_request r = { .method = b->method, .path = b->path.p, .extra = extra, .type = b->type };
	size_t n = 0;
	const char *const *h;

	if (b->form == FORM_PARTS)
		extra[n++] = "Prefer: odata.continue-on-error";
	else if (b->want == WANT_READ)
		extra[n++] = "Prefer: odata.include-annotations=\"Microsoft.Dynamics.CRM.lookuplogicalname,"
		    "Microsoft.Dynamics.CRM.associatednavigationproperty\"";
	else
		for (h = options.header; *h != NULL; h++)
			extra[n++] = *h;
	if (b->if_match[0] != '\0')
		extra[n++] = b->if_match;
	extra[n] = NULL;
	if (b->body.n > 0) {
		r.body = b->body.p;
		r.n = b->body.n;
	} else {
		r.type = NULL;
	}
	r.replay = b->want == WANT_READ;
	b->client = c;
	c->active++;
	dyn_start(c->d, &r, done, b);
}

/* Everything that is ready must have its intents on disk: the caller has synced the journal. */
void
pace_send(void)
{
	struct client *c;
	struct batch *b;

	while (first != NULL && !run_stopping() && (c = free_client()) != NULL) {
		b = first;
		first = b->next;
		if (first == NULL)
			last = &first;
		ready--;
		send_batch(c, b);
	}
}

/* Milliseconds until a user that holds back may send again; at most a second. */
static int
nap(void)
{
	double t = pace_now(), until = t + 1.0;
	size_t i;

	for (i = 0; i < clients; i++)
		if (client[i].until > t)
			until = fmin(until, client[i].until);
	return (int)ceil((until - t) * 1000);
}

/* Waits until at least one answer is there, a pause is over, or a second has passed. */
void
pace_wait(void)
{
	size_t before = delivered, i, busy = 0, one = 0;
	int ms = nap();

	for (i = 0; i < clients; i++) {
		if (client[i].active == 0)
			continue;
		busy++;
		one = i;
	}
	if (busy == 0) {
		if (first != NULL)
			poll(NULL, 0, ms);
		return;
	}
	if (busy == 1) {
		http_wait(client[one].h, ms);
		return;
	}
	/* libcurl waits for one pool at a time: look at all, then rest a little on the last. */
	for (i = 0; i < clients; i++)
		if (client[i].active > 0)
			http_wait(client[i].h, 0);
	if (delivered == before)
		http_wait(client[one].h, 2);
}

void
pace_close(void)
{
	size_t i;

	for (i = 0; i < clients; i++) {
		dyn_close(client[i].d);
		free(client[i].name);
	}
	free(client);
}
