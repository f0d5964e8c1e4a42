/*
 * Files of notes: for each attachment one call, which gives the address of a
 * storage, and at once the download from there, without the API's headers
 * (reference, section 9: the address is probably short-lived).  Images that a
 * note's HTML shows from the storage are downloaded by the address in the text.
 *
 * A file goes to --store by its hash (common/blob.h); what became of it is a
 * line of DIR/attachment.list, synced before the next call, so that a run that
 * goes on asks for nothing that it has:
 *
 *	{"noteId":329,"id":51,"name":..,"contentType":..,"size":445,"file":{"path":..,"sha256":..,"size":445}}
 *	{"noteId":329,"src":"https://..","contentType":..,"file":{..}}
 *	... "problem":{"code":"missing-file","message":".."}	in place of file
 *
 * Memory: one block of a download; one note; of each file 8 bytes and the
 * bytes of its note's id and its own id or address, and some 30 more.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "blob.h"
#include "extract.h"
#include "http.h"
#include "json.h"
#include "keys.h"
#include "xalloc.h"

#define STALL 60		/* seconds without a byte after which a connection is lost */
#define LONGEST 3600000u	/* ms for one download */
#define REFUSALS 2		/* new addresses after the storage refused one */
#define HELD ((size_t)8 << 10)	/* of an answer that is no file */
#define ORDERED ((uint64_t)1 << 63)	/* of where: the line is in order */

struct files {
	const struct module *m;
	int fd;				/* of the list */
	char *path;			/* of the list; NULL: nameless */
	uint64_t end;
	struct keys *known;		/* note's id, blank, own id or address */
	uint64_t *where;		/* of their lines, by the key's number */
	uint64_t *order;		/* where the lines of this run are, in order */
	size_t room, orders, order_room;
	struct blobs *blobs;
	struct http *http;
	struct buf html, line, key;
	struct json j;
	uint64_t planned, done, calls, links, foreign, problems;
	const struct json_value *note;	/* its id, in hand */
	struct json_value module, object;
	bool count;			/* nothing is fetched: the plan is made */
};

/* What is known of a file before it is fetched. */
struct wanted {
	const struct json_value *attachment;	/* NULL: embedded */
	const char *src;
	const char *type;			/* declared; "" if not */
	struct json_value id;
};

/* ---- the list ---- */

static uint64_t *
remember(struct files *f, uint64_t at)
{
	uint32_t i = keys_add(f->known, f->key.p, f->key.n, NULL);

	if (i >= f->room) {
		f->room = f->room * 2 + 64;
		f->where = xreallocarray(f->where, f->room, sizeof(*f->where));
	}
	f->where[i] = at;
	return &f->where[i];
}

/* A file that a note names twice is written once. */
static void
put_order(struct files *f, uint64_t *where)
{
	if ((*where & ORDERED) != 0)
		return;
	if (f->orders == f->order_room) {
		f->order_room = f->order_room * 2 + 64;
		f->order = xreallocarray(f->order, f->order_room, sizeof(*f->order));
	}
	f->order[f->orders++] = *where;
	*where |= ORDERED;
}

static void
write_line(struct files *f, const char *p, size_t n)
{
	ssize_t w;

	while (n > 0) {
		w = pwrite(f->fd, p, n, (off_t)f->end);
		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			err(EX_IOERR, "%s", f->path != NULL ? f->path : "the temporary file");
		f->end += (uint64_t)w;
		p += w;
		n -= (size_t)w;
	}
	if (f->path != NULL && fdatasync(f->fd) == -1)
		err(EX_IOERR, "%s", f->path);
}

/* The line at an offset, without its LF; false if it has none. */
static bool
get_line(struct files *f, uint64_t at)
{
	ssize_t n;
	char *lf = NULL;

	for (f->line.n = 0; lf == NULL; f->line.n += (size_t)n) {
		buf_room(&f->line, 4 << 10);
		while ((n = pread(f->fd, f->line.p + f->line.n, 4 << 10, (off_t)(at + f->line.n))) == -1 && errno == EINTR)
			;
		if (n == -1)
			err(EX_IOERR, "%s", f->path != NULL ? f->path : "the temporary file");
		if (n == 0)
			return false;
		lf = memchr(f->line.p + f->line.n, '\n', (size_t)n);
	}
	f->line.n = (size_t)(lf - f->line.p);
	json_pad(&f->line);
	return true;
}

static void
make_key(struct buf *key, const struct json_value *note, const struct json_value *id, const char *src)
{
	key->n = 0;
	json_put(key, note);
	buf_char(key, ' ');
	if (src != NULL)
		buf_str(key, src);
	else
		json_put(key, id);
}

/* Is the file of a line still there?  Of a problem: yes. */
static bool
is_kept(const struct json_value *line)
{
	struct json_value file, path, size;
	struct stat st;
	int64_t bytes;
	char *name;
	bool kept;

	if (!json_member(line, "file", &file))
		return true;
	name = json_member(&file, "path", &path) ? json_strdup(&path) : NULL;
	kept = name != NULL && json_member(&file, "size", &size) && json_int(&size, &bytes) && stat(name, &st) == 0 && st.st_size == bytes;
	free(name);
	return kept;
}

static void
replay_line(struct files *f, uint64_t at)
{
	struct json_value line = { .p = f->line.p, .n = f->line.n, .kind = JSON_OBJECT }, note, id = { 0 }, src;
	char *text;

	if (!json_member(&line, "noteId", &note))
		return;
	text = json_member(&line, "src", &src) ? json_strdup(&src) : NULL;
	json_member(&line, "id", &id);
	make_key(&f->key, &note, &id, text);
	free(text);
	if (f->key.n <= KEYS_LONGEST && is_kept(&line))
		remember(f, at);
}

/* Lines of an earlier run; a file that is no longer there is fetched again. */
static void
replay(struct files *f)
{
	struct buf what = { 0 };
	bool begun = false;

	buf_printf(&what, "{\"_state\":\"attachments of notes of %s at %s, files in %s\"}", api_link(), api_root(), opt.store);
	while (get_line(f, f->end) && json_parse(&f->j, f->line.p, f->line.n)) {
		if (!begun && (f->line.n != what.n || memcmp(f->line.p, what.p, what.n) != 0))
			errx(EX_CONFIG, "%s: begun for another extraction (%.*s); finish that one, remove the file, or use another --state",
			    f->path, (int)f->line.n, f->line.p);
		begun = true;
		replay_line(f, f->end);
		f->end += f->line.n + 1;
	}
	if (ftruncate(f->fd, (off_t)f->end) == -1)
		err(EX_IOERR, "%s", f->path != NULL ? f->path : "the temporary file");
	if (!begun) {
		buf_char(&what, '\n');
		write_line(f, what.p, what.n);
	} else {
		progress_say("attachment: going on, %u files are known", keys_count(f->known));
	}
	buf_free(&what);
}

/* ---- lines ---- */

static void
begin_line(struct files *f, const struct wanted *w)
{
	static const char *const names[] = { "name", "contentType", "size" };
	struct json_value v;
	size_t i;

	f->line.n = 0;
	buf_str(&f->line, "{\"noteId\":");
	json_put(&f->line, f->note);
	if (w->attachment == NULL) {
		buf_str(&f->line, ",\"src\":");
		buf_json_str(&f->line, w->src);
		return;
	}
	buf_str(&f->line, ",\"id\":");
	json_put(&f->line, &w->id);
	for (i = 0; i < 3; i++)
		if (json_member(w->attachment, names[i], &v)) {
			buf_printf(&f->line, ",\"%s\":", names[i]);
			json_put(&f->line, &v);
		}
}

static void
end_line(struct files *f)
{
	uint64_t at = f->end;

	buf_str(&f->line, "}\n");
	write_line(f, f->line.p, f->line.n);
	put_order(f, remember(f, at));
}

static void __attribute__((format(printf, 4, 5)))
problem(struct files *f, const struct wanted *w, const char *code, const char *fmt, ...)
{
	struct buf message = { 0 };
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) == -1)
		errx(EX_IOERR, "out of memory");
	va_end(ap);
	begin_line(f, w);
	buf_printf(&f->line, ",\"problem\":{\"code\":\"%s\",\"message\":", code);
	buf_json_str(&message, text);
	buf_add(&f->line, message.p, message.n);
	buf_char(&f->line, '}');
	end_line(f);
	buf_free(&message);
	free(text);
}

/* ---- one download ---- */

struct download {
	struct files *f;
	struct blob_put *put;
};

static bool
take(const char *p, size_t n, void *arg)
{
	struct download *d = arg;

	if (d->put == NULL)
		d->put = blob_begin(d->f->blobs);
	blob_add(d->put, p, n);
	return true;
}

static bool
is_html(const char *type)
{
	return strncasecmp(type, "text/html", 9) == 0 || strncasecmp(type, "application/xhtml", 17) == 0;
}

/* Where an address leads, without what may be secret in it. */
static int
place(const char *url)
{
	return (int)strcspn(url, "?#");
}

/* The code of an error of the storage, as in <Code>ExpiredToken</Code>. */
static void
storage_code(struct buf *b, const struct http_answer *a)
{
	const char *p = a->n <= HELD ? memmem(a->body, a->n, "<Code>", 6) : NULL, *end = a->body + a->n;

	for (p = p != NULL ? p + 6 : end; p < end && isalnum((unsigned char)*p); p++)
		buf_char(b, *p);
	buf_nul(b);
}

enum outcome { KEPT, SETTLED, NEW_ADDRESS, LATER };	/* SETTLED: a problem was written */

static enum outcome
landed(struct files *f, const struct wanted *w, struct download *d, const struct http_answer *a, const char *url, unsigned refusals)
{
	struct buf code = { 0 };
	enum outcome out = SETTLED;
	struct blob file;

	storage_code(&code, a);
	if (a->status / 100 == 2 && a->error == NULL && is_html(a->type) && !is_html(w->type)) {
		if (refusals < REFUSALS)
			out = NEW_ADDRESS;
		else
			problem(f, w, "wrong-type", "%.*s: a web page came in place of the file", place(url), url);
	} else if (a->status / 100 == 2 && d->put == NULL) {
		problem(f, w, "empty-file", "%.*s: the file has no bytes", place(url), url);
	} else if (a->status / 100 == 2) {
		blob_end(d->put, &file);
		d->put = NULL;
		begin_line(f, w);
		if (w->attachment == NULL && *a->type != '\0') {
			buf_str(&f->line, ",\"contentType\":");
			buf_json_str(&f->line, a->type);
		}
		buf_str(&f->line, ",\"file\":{\"path\":");
		buf_json_str(&f->line, file.path);
		buf_printf(&f->line, ",\"sha256\":\"%s\",\"size\":%" PRIu64 "}", file.sha256, file.size);
		end_line(f);
		free(file.path);
		out = KEPT;
	} else if (a->status == 404 || a->status == 410) {
		problem(f, w, "missing-file", "%.*s: HTTP %d %s", place(url), url, a->status, code.p);
	} else if (a->status == 0 || a->status == 408 || a->status == 429 || a->status >= 500) {
		out = LATER;
	} else if (refusals < REFUSALS && w->attachment != NULL && (a->status == 400 || a->status == 401 || a->status == 403)) {
		out = NEW_ADDRESS;
	} else {
		problem(f, w, "refused", "%.*s: HTTP %d %s", place(url), url, a->status, code.p);
	}
	if (d->put != NULL)
		blob_drop(d->put);
	buf_free(&code);
	return out;
}

static enum outcome
download(struct files *f, const struct wanted *w, const char *url, unsigned refusals, struct buf *why, long *wait)
{
	static const char *const headers[] = { "Accept: */*", NULL };
	struct download d = { .f = f };
	const struct http_request r = { .method = "GET", .url = url, .headers = headers, .take = take, .take_arg = &d };
	const struct http_answer *a = http_do(f->http, &r);

	if (http_stop && a->status == 0) {
		if (d.put != NULL)
			blob_drop(d.put);
		api_interrupted();
	}
	why->n = 0;
	*wait = a->retry_after;
	if (a->status == 0)
		buf_printf(why, "%.*s: %s", place(url), url, a->error);
	else
		buf_printf(why, "%.*s: HTTP %d", place(url), url, a->status);
	buf_nul(why);
	return landed(f, w, &d, a, url, refusals);
}

/* ---- addresses ---- */

/* The text of a string in an answer; NULL if it is none. */
static char *
text_of(struct span v)
{
	struct buf copy = { 0 };
	struct json j = { 0 };
	char *text = NULL;

	buf_str(&copy, "{\"v\":");
	buf_add(&copy, v.p, v.n);
	buf_char(&copy, '}');
	json_pad(&copy);
	if (v.n > 0 && json_parse(&j, copy.p, copy.n))
		text = json_strdup(json_get(&j, "v"));
	json_free(&j);
	buf_free(&copy);
	return text;
}

/* The address that the API gives for an attachment; NULL: a problem was written. */
static char *
address(struct files *f, const struct wanted *w)
{
	struct buf path = { 0 };
	struct span data, url = { 0 };
	char *text = NULL;

	buf_str(&path, "/apis/module/v4/modules/");
	json_put(&path, &f->module);
	buf_str(&path, "/objects/");
	json_put(&path, &f->object);
	buf_str(&path, "/notes/");
	json_put(&path, f->note);
	buf_str(&path, "/attachments/");
	json_put(&path, &w->id);
	buf_nul(&path);
	if (!api_call("GET", path.p, NULL, API_OR_NONE, &data)) {
		problem(f, w, "missing-file", "the service has no such attachment");
		buf_free(&path);
		return NULL;
	}
	if (span_member(data, "url", &url))
		text = text_of(url);
	if (text == NULL || !http_allowed(text)) {
		problem(f, w, "refused", "the service gave no address to download from (https, without a name and password in it)");
		free(text);
		text = NULL;
	}
	buf_free(&path);
	return text;
}

/* One file, with as many tries as may help; each of an attachment with a new address. */
static void
fetch(struct files *f, const struct wanted *w)
{
	unsigned tries = 0, refusals = 0;
	struct buf why = { 0 };
	enum outcome out;
	double pause;
	char *url;
	long wait;

	for (;;) {
		url = w->attachment != NULL ? address(f, w) : xstrdup(w->src);
		if (url == NULL)
			break;
		out = download(f, w, url, refusals, &why, &wait);
		free(url);
		if (out == KEPT || out == SETTLED)
			break;
		refusals += out == NEW_ADDRESS;
		if (out == NEW_ADDRESS)
			continue;
		pause = wait >= 0 ? (double)wait : fmin(60, ldexp(0.25, (int)tries));
		if (tries++ >= opt.retries || pause > (double)opt.patience || (wait >= 0 && opt.nowait)) {
			progress_end();
			errx(EX_TEMPFAIL, "%s; the same command goes on later", why.p);
		}
		api_pause(pause, why.p);
	}
	buf_free(&why);
}

/* ---- what there is ---- */

/* Fetches a file, unless its line is there. */
static void
have(struct files *f, const struct wanted *w)
{
	uint32_t i;

	if (f->count) {
		f->planned += keys_find(f->known, f->key.p, f->key.n, &i) ? 0 : 1;
		f->calls += w->attachment != NULL && !keys_find(f->known, f->key.p, f->key.n, &i);
		return;
	}
	if (keys_find(f->known, f->key.p, f->key.n, &i)) {
		put_order(f, &f->where[i]);
		return;
	}
	fetch(f, w);
	progress_items(f->m, ++f->done, f->planned);
	if (http_stop)
		api_interrupted();
}

static bool
whole_number(const struct json_value *v)
{
	return v->n > 0 && v->n <= 18 && (v->kind == JSON_NUMBER || v->kind == JSON_STRING) && strspn(v->p, "0123456789") >= v->n;
}

static void
attachment(struct files *f, const struct json_value *a)
{
	struct wanted w = { .attachment = a, .type = "" };
	struct json_value v;
	char *type;

	if (!json_member(a, "id", &w.id))
		w.id = (struct json_value){ .p = "null", .n = 4, .kind = JSON_NULL };
	type = json_member(a, "contentType", &v) ? json_strdup(&v) : NULL;
	if (type != NULL)
		w.type = type;
	make_key(&f->key, f->note, &w.id, NULL);
	if (!whole_number(&w.id) || !whole_number(f->note) || !whole_number(&f->module) || !whole_number(&f->object)) {
		if (!f->count)
			problem(f, &w, "bad-id", "the attachment, its note or its record has no id that is a whole number");
	} else {
		have(f, &w);
	}
	free(type);
}

/* Does the host of an address belong to the storage, or to the account? */
static bool
is_storage(const char *url)
{
	const char *host = strstr(url, "://"), *root = strstr(api_root(), "://") + 3;
	size_t n, i;

	if (host == NULL || !http_allowed(url))
		return false;
	host += 3;
	n = strcspn(host, "/?#");
	if (n == strlen(root) && strncasecmp(host, root, n) == 0)
		return true;
	for (i = 0; i < opt.hosts; i++)
		if (n == strlen(opt.host[i]) && strncasecmp(host, opt.host[i], n) == 0)
			return true;
	return (n == 22 && strncasecmp(host, "storage.googleapis.com", n) == 0) || (n > 13 && strncasecmp(host + n - 13, ".salesmate.io", 13) == 0);
}

static void
image(const char *src, void *arg)
{
	struct files *f = arg;
	struct wanted w = { .src = src, .type = "" };

	if (strncasecmp(src, "https://", 8) != 0 && strncasecmp(src, "http://", 7) != 0)
		return;			/* data: and what a mail program left behind */
	if (!is_storage(src)) {
		f->foreign += f->count;
		return;
	}
	make_key(&f->key, f->note, NULL, src);
	if (f->key.n > KEYS_LONGEST)
		return;
	if (f->count)
		f->links++;
	have(f, &w);
}

static void
note(struct files *f)
{
	const struct json_value *list = json_get(&f->j, "attachments"), *text = json_get(&f->j, "note");
	const struct json_value *module = json_get(&f->j, "moduleId"), *object = json_get(&f->j, "objectId");
	static const struct json_value none = { .p = "null", .n = 4, .kind = JSON_NULL };
	struct json_value one;
	struct json_iter it;

	f->note = json_get(&f->j, "id") != NULL ? json_get(&f->j, "id") : &none;
	f->module = module != NULL ? *module : none;
	f->object = object != NULL ? *object : none;
	if (list != NULL)
		for (it = json_iter(list); json_next(&it, NULL, &one);)
			attachment(f, &one);
	if (text == NULL || text->kind != JSON_STRING || memmem(text->p, text->n, "://", 3) == NULL)
		return;
	f->html.n = 0;
	buf_room(&f->html, text->n + 1);
	f->html.n = json_decode(text, f->html.p);
	images_of(f->html.p, f->html.n, image, f);
}

/* Every note, in order; damaged lines are the next program's to reject. */
static void
each_note(struct files *f)
{
	struct nd_in in = { 0 };
	uint64_t bad = 0;

	nd_open(&in, opt.notes);
	while (nd_read(&in)) {
		if (!in.toolong && json_parse(&f->j, in.line, in.len))
			note(f);
		else
			bad++;
	}
	nd_end(&in);
	if (bad > 0 && f->count)
		progress_say("%s: %llu damaged lines are passed over", opt.notes, (unsigned long long)bad);
}

static void
write_all(struct files *f)
{
	struct nd_out out = { 0 };
	size_t i;

	nd_create(&out, NULL);
	for (i = 0; i < f->orders; i++) {
		if (!get_line(f, f->order[i]) || !json_parse(&f->j, f->line.p, f->line.n))
			errx(EX_IOERR, "%s: not as it was written", f->path != NULL ? f->path : "the temporary file");
		f->problems += json_get(&f->j, "problem") != NULL;
		nd_write(&out, f->line.p, f->line.n);
	}
	nd_flush(&out);
	if (fsync(STDOUT_FILENO) == -1 && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
		err(EX_IOERR, "stdout");
	nd_close(&out);
}

void
files_all(const struct module *m)
{
	static const struct http_policy policy = { .total_ms = LONGEST, .stall_s = STALL, .give_429 = true };
	struct files f = { .m = m, .known = keys_new() };

	f.fd = state_open(m, "list", &f.path);
	replay(&f);
	f.count = true;
	each_note(&f);
	f.count = false;
	api_plan("attachment", f.calls);
	if (f.links > 0 || f.foreign > 0)
		progress_say("attachment: %llu images in texts lie in the storage%s; %llu elsewhere, left as links (--storage-host names more hosts)",
		    (unsigned long long)f.links, f.links > 0 ? " and are downloaded too" : "", (unsigned long long)f.foreign);
	f.blobs = blob_open(opt.store);
	f.http = http_new(&policy);
	each_note(&f);
	progress_end();
	write_all(&f);
	fprintf(stderr, "sm-extract: %zu in, %zu out, 0 rejected; %llu of them are problems\n", f.orders, f.orders,
	    (unsigned long long)f.problems);
	if (f.path != NULL && unlink(f.path) == -1)
		err(EX_IOERR, "%s", f.path);
	close(f.fd);
	http_free(f.http);
	blob_close(f.blobs);
	keys_free(f.known);
	json_free(&f.j);
	buf_free(&f.html);
	buf_free(&f.line);
	buf_free(&f.key);
	free(f.where);
	free(f.order);
	free(f.path);
}
