/*
 * The journal: what we meant to do and what came of it.
 *
 * NDJSON, append-only, one entry a line.  Every entry begins with its number
 * and ends with a checksum:
 *
 *	{"n":7,"e":"intent", ... ,"sum":"0123456789abcdef"}
 *
 * sum is XXH3 (64 bits, hexadecimal) of the bytes before `,"sum"`; n counts
 * from 1 without a gap, so a line that was cut, changed, lost or put in is
 * seen.  A torn end (no line after it is whole) is dropped; damage before a
 * whole entry is refused, because then nobody knows what was sent.  Entries:
 *
 * journal  first of all: format (1), program, organization, at
 * intent   before anything is sent: op (create, update, close), table, id,
 *          kind, hash, source.  Without a later outcome nobody knows whether
 *          it happened, and the target must be asked
 * before   before an update: table, id, version (etag), columns (what the
 *          update will replace, as it was read)
 * outcome  kind, hash, row: the outcome line as it went to standard output
 *
 * kind is the row's: c create, u update, m matched, a close.  hash is XXH3 of
 * the row's sendable members and of how they are to be sent: it tells whether
 * the same row or an edited one comes next time.
 *
 * Group commit: entries gather in memory, journal_sync writes them and waits
 * for the disk.  Nothing is sent before its intent, and no outcome is shown
 * before its entry, is on disk.
 *
 * Memory: 32 bytes a row in the journal as it was found, table at most three
 * quarters full (so 43 to 86 bytes).  What this run adds is not indexed.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "load.h"
#include "xalloc.h"

#define FORMAT 1
#define SUM_TAIL (sizeof(",\"sum\":\"0123456789abcdef\"}") - 1)
#define WRITE_AT ((size_t)4 << 20)	/* entries gathered before they are written, if nobody syncs */

struct slot {
	uint64_t key[2];		/* of table, kind and id; both 0: free */
	uint64_t hash;
	uint64_t what;			/* offset of the outcome * 16 + state * 2 + ours */
};

static const char *name;
static int fd = -1, lock = -1;
static struct buf pending;		/* entries not yet written */
static uint64_t entries, written, synced;
static char organization[37];
static struct slot *slot;
static size_t slots, used;

/* For tests: SMDYN_FAILPOINT=N kills this process when it comes here the Nth time. */
void
failpoint(void)
{
	static long left = -1;
	const char *text;

	if (left < 0) {
		text = getenv("SMDYN_FAILPOINT");
		left = text != NULL ? atol(text) : 0;
	}
	if (left > 0 && --left == 0)
		raise(SIGKILL);
}

/* ---- the index ---- */

static XXH128_hash_t
index_key(const char *table, size_t n, char kind, const struct guid *id)
{
	char text[256];
	size_t m = n < 200 ? n : 200;

	memcpy(text, table, m);
	text[m++] = '\0';
	text[m++] = kind;
	memcpy(text + m, id->b, sizeof(id->b));
	return XXH3_128bits(text, m + sizeof(id->b));
}

static struct slot *
index_place(struct slot *table, size_t n, uint64_t low, uint64_t high)
{
	size_t i = (size_t)low & (n - 1);

	while ((table[i].key[0] != 0 || table[i].key[1] != 0) && (table[i].key[0] != low || table[i].key[1] != high))
		i = (i + 1) & (n - 1);
	return &table[i];
}

static struct slot *
index_add(XXH128_hash_t key)
{
	struct slot *bigger, *s;
	size_t n, i;

	if (used * 4 >= slots * 3) {
		n = slots == 0 ? 1024 : slots * 2;
		bigger = xcalloc(n, sizeof(*bigger));
		for (i = 0; i < slots; i++)
			if (slot[i].key[0] != 0 || slot[i].key[1] != 0)
				*index_place(bigger, n, slot[i].key[0], slot[i].key[1]) = slot[i];
		free(slot);
		slot = bigger;
		slots = n;
	}
	s = index_place(slot, slots, key.low64, key.high64);
	if (s->key[0] == 0 && s->key[1] == 0) {
		s->key[0] = key.low64;
		s->key[1] = key.high64;
		used++;
	}
	return s;
}

/* ---- reading ---- */

static bool
whole(const char *line, size_t n)
{
	char sum[17];

	if (n < SUM_TAIL + 8 || memcmp(line + n - SUM_TAIL, ",\"sum\":\"", 8) != 0)
		return false;
	snprintf(sum, sizeof(sum), "%016" PRIx64, (uint64_t)XXH3_64bits(line, n - SUM_TAIL));
	return memcmp(line + n - SUM_TAIL + 8, sum, 16) == 0;
}

static bool
note_row(const struct json *j, bool done, uint64_t offset)
{
	const struct json_value *op = json_get(j, "op"), *hash = json_get(j, "hash"), *kind = json_get(j, "kind");
	const struct json_value *row = json_get(j, "row");
	struct json_value table = { 0 }, id = { 0 }, outcome = { 0 };
	struct guid g;
	struct slot *s;
	uint64_t state;

	if (done && row != NULL) {
		json_member(row, "table", &table);
		json_member(row, "id", &id);
		json_member(row, "outcome", &outcome);
	} else {
		table = json_get(j, "table") != NULL ? *json_get(j, "table") : table;
		id = json_get(j, "id") != NULL ? *json_get(j, "id") : id;
	}
	if (hash == NULL || hash->n != 16 || kind == NULL || kind->n != 1 || !guid_parse(id.p, id.n, &g))
		return false;
	s = index_add(index_key(table.p, table.n, kind->p[0], &g));
	s->hash = strtoull(hash->p, NULL, 16);
	if (!done)
		state = op != NULL && json_is(op, "create") ? KNOWN_INTENT_CREATE : KNOWN_INTENT_UPDATE;
	else
		state = json_is(&outcome, "rejected") ? KNOWN_REJECTED : KNOWN_DONE;
	s->what = offset * 16 + state * 2 + ((s->what & 1) != 0 || state == KNOWN_DONE);
	return true;
}

static void
read_entry(struct json *j, const struct nd_in *in)
{
	const struct json_value *e, *v;
	int64_t n;

	if (!json_parse(j, in->line, in->len) || (e = json_get(j, "e")) == NULL ||
	    !json_int(json_get(j, "n"), &n) || (uint64_t)n != entries + 1)
		errx(EX_DATAERR, "%s:%" PRIu64 ": damaged: entry %" PRIu64 " is missing or out of place", name,
		    in->lineno, entries + 1);
	entries++;
	if (entries == 1) {
		v = json_get(j, "organization");
		if (!json_is(e, "journal") || v == NULL || v->n != GUID_TEXT)
			errx(EX_CONFIG, "%s: not a journal of dyn-load", name);
		if (!json_int(json_get(j, "format"), &n) || n != FORMAT)
			errx(EX_CONFIG, "%s: written in another format of journal; this program knows format %d", name, FORMAT);
		snprintf(organization, sizeof(organization), "%.*s", (int)v->n, v->p);
	} else if ((json_is(e, "intent") || json_is(e, "outcome")) &&
	    !note_row(j, json_is(e, "outcome"), in->offset)) {
		errx(EX_DATAERR, "%s:%" PRIu64 ": damaged: an entry without its members", name, in->lineno);
	}
}

/* A file that does not even begin like one of ours is somebody else's: it must not be cut to nothing as a torn end. */
static void
check_beginning(const struct nd_in *in)
{
	static const char start[] = "{\"n\":1,\"e\":\"journal\"";
	size_t n = in->len < sizeof(start) - 1 ? in->len : sizeof(start) - 1;

	if (memcmp(in->line, start, n) != 0)
		errx(EX_CONFIG, "%s: not a journal of dyn-load", name);
}

/* Is there any whole entry after the line in hand? */
static bool
whole_later(struct nd_in *in)
{
	while (nd_read(in))
		if (!in->toolong && whole(in->line, in->len))
			return true;
	return false;
}

static void
read_all(void)
{
	struct nd_in in;
	struct json j = { 0 };
	struct stat st;
	uint64_t lineno;

	if (fstat(fd, &st) != 0)
		err(EX_IOERR, "%s", name);
	nd_open(&in, name);
	while (nd_read(&in)) {
		if (entries == 0)
			check_beginning(&in);
		/* A line that ends with the file has lost its LF at least: torn, even if its sum is right. */
		if (in.toolong || !whole(in.line, in.len) || in.offset + in.len >= (uint64_t)st.st_size) {
			lineno = in.lineno;
			if (whole_later(&in))
				errx(EX_DATAERR, "%s:%" PRIu64 ": damaged, and whole entries follow: "
				    "restore the journal; nothing was sent", name, lineno);
			warnx("%s: a torn end of %" PRIu64 " bytes is dropped", name, (uint64_t)st.st_size - written);
			break;
		}
		read_entry(&j, &in);
		written = in.offset + in.len + 1;
	}
	nd_end(&in);
	json_free(&j);
	if (written < (uint64_t)st.st_size && (ftruncate(fd, (off_t)written) != 0 || fsync(fd) != 0))
		err(EX_IOERR, "%s: dropping the torn end", name);
	synced = written;
}

/* ---- opening ---- */

static void
take_lock(const char *path)
{
	char *file = xasprintf("%s.lock", path), who[300] = "", host[200] = "?";
	ssize_t n;

	lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0)
		err(EX_CANTCREAT, "%s", file);
	if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
		n = errno == EWOULDBLOCK ? read(lock, who, sizeof(who) - 1) : -1;
		if (n < 0)
			err(EX_IOERR, "%s", file);
		who[strcspn(who, "\n")] = '\0';
		errx(EX_TEMPFAIL, "%s: another dyn-load is at work with this journal (%s)", path, who);
	}
	gethostname(host, sizeof(host) - 1);
	snprintf(who, sizeof(who), "pid %ld on %s\n", (long)getpid(), host);
	if (ftruncate(lock, 0) != 0 || write(lock, who, strlen(who)) < 0)
		err(EX_IOERR, "%s", file);
	free(file);
}

/* The file's name must be on disk before the first entry counts. */
static void
sync_directory(const char *path)
{
	char *copy = xstrdup(path);
	int dir = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 || fsync(dir) != 0)
		err(EX_IOERR, "%s: its directory", path);
	close(dir);
	free(copy);
}

void
journal_open(const char *path)
{
	struct stat st;

	name = path;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		errx(EX_CANTCREAT, "%s: a journal must be a regular file", path);
	take_lock(path);
	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		err(EX_CANTCREAT, "%s", path);
	read_all();
}

const char *
journal_organization(void)
{
	return organization;
}

/* ---- writing ---- */

static void
put_bytes(void)
{
	size_t done = 0;
	ssize_t n;

	while (done < pending.n) {
		n = write(fd, pending.p + done, pending.n - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err(EX_IOERR, "%s: write of %zu bytes (what is not in the journal is not sent)", name, pending.n - done);
		done += (size_t)n;
	}
	written += pending.n;
	pending.n = 0;
}

static void
put_hex(uint64_t v)
{
	static const char hex[] = "0123456789abcdef";
	char text[16];
	int i;

	for (i = 15; i >= 0; i--, v >>= 4)
		text[i] = hex[v & 15];
	buf_add(&pending, text, sizeof(text));
}

static void
put_kind(const struct row *r)
{
	buf_str(&pending, ",\"kind\":\"");
	buf_char(&pending, (char)r->how);
	buf_str(&pending, "\",\"hash\":\"");
	put_hex(r->hash);
	buf_char(&pending, '"');
}

/* Closes the entry that begins at from in pending. */
static void
entry_end(size_t from)
{
	uint64_t sum = XXH3_64bits(pending.p + from, pending.n - from);

	buf_str(&pending, ",\"sum\":\"");
	put_hex(sum);
	buf_str(&pending, "\"}\n");
}

/* Opens an entry; the result is where it begins in pending. */
static size_t
entry_begin(const char *e)
{
	size_t from;

	if (pending.n >= WRITE_AT)
		put_bytes();
	from = pending.n;
	buf_str(&pending, "{\"n\":");
	buf_uint(&pending, ++entries);
	buf_str(&pending, ",\"e\":\"");
	buf_str(&pending, e);
	buf_char(&pending, '"');
	return from;
}

static void
member_id(const struct guid *id)
{
	char text[GUID_TEXT + 1];

	guid_text(id, text);
	buf_str(&pending, ",\"id\":\"");
	buf_add(&pending, text, GUID_TEXT);
	buf_char(&pending, '"');
}

void
journal_begin(const char *org)
{
	char at[32];
	time_t t = time(NULL);
	struct tm tm;
	size_t from;

	snprintf(organization, sizeof(organization), "%s", org);
	if (entries > 0)
		return;
	sync_directory(name);
	strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
	from = entry_begin("journal");
	buf_printf(&pending, ",\"format\":%d,\"program\":\"dyn-load\",\"organization\":\"%s\",\"at\":\"%s\"", FORMAT, org, at);
	entry_end(from);
	journal_sync();
}

void
journal_intent(const struct row *r)
{
	size_t from = entry_begin("intent");

	buf_str(&pending, ",\"op\":\"");
	buf_str(&pending, r->want == WANT_CREATE ? "create" : r->want == WANT_PATCH ? "update" : "close");
	buf_str(&pending, "\",\"table\":\"");
	buf_str(&pending, r->table->name);
	buf_char(&pending, '"');
	member_id(&r->id);
	put_kind(r);
	buf_str(&pending, ",\"source\":");
	buf_add(&pending, r->source.p, r->source.n);
	entry_end(from);
}

void
journal_before(const struct row *r, const char *version, const struct buf *columns)
{
	size_t from = entry_begin("before");

	buf_str(&pending, ",\"table\":\"");
	buf_str(&pending, r->table->name);
	buf_char(&pending, '"');
	member_id(&r->id);
	buf_str(&pending, ",\"version\":");
	buf_json_str(&pending, version);
	buf_str(&pending, ",\"columns\":{");
	buf_add(&pending, columns->p, columns->n);
	buf_char(&pending, '}');
	entry_end(from);
}

uint64_t
journal_outcome(const struct row *r)
{
	size_t from = entry_begin("outcome");

	put_kind(r);
	buf_str(&pending, ",\"row\":");
	buf_add(&pending, r->out.p, r->out.n);
	entry_end(from);
	return written + pending.n;
}

bool
journal_dirty(void)
{
	return pending.n > 0 || synced < written;
}

void
journal_sync(void)
{
	if (!journal_dirty())
		return;
	failpoint();
	put_bytes();
	failpoint();
	/* A failed sync may have lost what a second one would call good: never tried again. */
	if (fdatasync(fd) != 0)
		err(EX_IOERR, "%s: fdatasync", name);
	synced = written;
	failpoint();
}

uint64_t
journal_durable(void)
{
	return synced;
}

/* ---- asking ---- */

struct known
journal_find(const struct row *r)
{
	struct known k = { KNOWN_NOTHING, false, 0, 0 };
	XXH128_hash_t key;
	struct slot *s;

	if (slots == 0)
		return k;
	key = index_key(r->table->name, strlen(r->table->name), (char)r->how, &r->id);
	s = index_place(slot, slots, key.low64, key.high64);
	if (s->key[0] == 0 && s->key[1] == 0)
		return k;
	k.state = s->what / 2 % 8;
	k.ours = s->what % 2;
	k.hash = s->hash;
	k.offset = s->what / 16;
	return k;
}

void
journal_repeat(uint64_t offset, struct buf *out)
{
	static struct buf b;
	struct json j = { 0 };
	const struct json_value *row;
	ssize_t n;
	char *lf = NULL;
	size_t want = 4096;

	for (b.n = 0; lf == NULL; want *= 2) {
		b.n = 0;
		buf_room(&b, want);
		n = pread(fd, b.p, want, (off_t)offset);
		if (n <= 0)
			err(EX_IOERR, "%s: read", name);
		b.n = (size_t)n;
		lf = memchr(b.p, '\n', b.n);
		if (lf == NULL && b.n < want)
			errx(EX_DATAERR, "%s: changed while it was in use", name);
	}
	b.n = (size_t)(lf - b.p);
	json_pad(&b);
	if (!json_parse(&j, b.p, b.n) || (row = json_get(&j, "row")) == NULL)
		errx(EX_DATAERR, "%s: changed while it was in use", name);
	out->n = 0;
	json_put(out, row);
	json_free(&j);
}

void
journal_close(void)
{
	journal_sync();
	if (fd >= 0 && close(fd) != 0)
		err(EX_IOERR, "%s", name);
	buf_free(&pending);
	free(slot);
	slot = NULL;
	fd = -1;
}
