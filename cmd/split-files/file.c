#include "split.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "fold.h"
#include "keys.h"
#include "record.h"
#include "xalloc.h"

/* One file on its way. */
struct draft {
	struct buf record;	/* the file record, without its brace and file */
	struct buf name;
	const char *code;	/* why it is set aside; NULL: it is kept */
	char why[600];
	struct blob blob;
};

static void aside(struct draft *d, const char *code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void
aside(struct draft *d, const char *code, const char *fmt, ...)
{
	va_list ap;

	d->code = code;
	va_start(ap, fmt);
	vsnprintf(d->why, sizeof(d->why), fmt, ap);
	va_end(ap);
}

/* ---- the record ---- */

static void
member(struct buf *b, const char *name, const struct json_value *v)
{
	buf_str(b, ",\"");
	buf_str(b, name);
	buf_str(b, "\":");
	json_put(b, v);
}

/* The first of two members that is there, under the name to. */
static void
either(const struct files *f, struct buf *b, const char *to, const char *const name[2])
{
	struct json_value v;
	int i;

	for (i = 0; i < 2; i++)
		if (name[i] != NULL && json_member(&f->record, name[i], &v)) {
			member(b, to, &v);
			return;
		}
}

/* "note-329-51" and where it belongs. */
static void
start(struct files *f, struct draft *d, const char *what, const char *id, size_t idlen)
{
	static const char *const place[] = { "moduleId", "objectId" };
	struct buf *b = &d->record;
	struct json_value v;
	int i;

	buf_str(b, "{\"id\":\"");
	buf_str(b, f->kind->name);
	if (f->kind->parent != NULL) {
		buf_char(b, '-');
		buf_json_text(b, f->key.p, f->key.n);
	}
	buf_char(b, '-');
	buf_json_text(b, id, idlen);
	buf_str(b, "\",\"kind\":\"");
	buf_str(b, what);
	buf_char(b, '"');
	if (f->kind->parent != NULL && json_member(&f->record, "id", &v))
		member(b, f->kind->parent, &v);
	for (i = 0; i < 2; i++)
		if (json_member(&f->record, place[i], &v))
			member(b, place[i], &v);
}

/* A name that none of the record's files has yet: "photo.png", then "photo (2).png". */
static void
name(struct files *f, struct draft *d, const char *wish, size_t n, const char *otherwise)
{
	struct buf safe = { 0 }, folded = { 0 };
	unsigned number = 1;
	bool fresh;

	name_safe(&safe, wish, n);
	if (safe.n == 0)
		buf_str(&safe, otherwise);
	if (f->names == NULL)
		f->names = keys_new();
	for (fresh = false; !fresh; number++) {
		d->name.n = 0;
		if (number == 1)
			buf_add(&d->name, safe.p, safe.n);
		else
			name_numbered(&d->name, safe.p, safe.n, number);
		folded.n = 0;
		buf_room(&folded, d->name.n + 1);
		folded.n = fold(folded.p, d->name.p, d->name.n);
		keys_add(f->names, folded.p, folded.n, &fresh);
	}
	buf_str(&d->record, ",\"name\":");
	buf_json_string(&d->record, d->name.p, d->name.n);
	buf_free(&safe);
	buf_free(&folded);
}

static void
original(struct draft *d, const char *p, size_t n)
{
	buf_str(&d->record, ",\"originalName\":");
	buf_json_string(&d->record, p, n);
}

static void
type(struct draft *d, const char *p, size_t n)
{
	buf_str(&d->record, ",\"contentType\":");
	buf_json_string(&d->record, p, n);
}

/* Who made it and when; then to the files, or to those set aside. */
static void
finish(struct files *f, struct draft *d)
{
	struct buf *b = &d->record;
	struct nd_in in = *f->in;

	either(f, b, "createAt", f->kind->time);
	either(f, b, "createdBy", f->kind->by);
	if (d->code == NULL) {
		buf_str(b, ",\"file\":{\"path\":");
		buf_json_str(b, d->blob.path);
		buf_printf(b, ",\"sha256\":\"%s\",\"size\":%llu}}", d->blob.sha256, (unsigned long long)d->blob.size);
		nd_write(&f->out, b->p, b->n);
		f->bytes += d->blob.size;
	} else {
		buf_char(b, '}');
		json_pad(b);
		in.line = b->p;
		in.len = b->n;
		in.toolong = false;
		rej_write(&f->rej, &in, d->code, NULL, NULL, "%s", d->why);
	}
	free(d->blob.path);
	buf_free(&d->record);
	buf_free(&d->name);
}

/* ---- the bytes ---- */

/* What the target would refuse, and what cannot be right. */
static bool
fits(const struct files *f, struct draft *d, uint64_t size)
{
	const char *ext;
	size_t n;

	if (size == 0)
		aside(d, "empty-file", "the file has no bytes");
	else if (limits_blocked(&f->limits, d->name.p, d->name.n, &ext, &n))
		aside(d, "blocked-extension", "the organisation blocks files of the kind %.*s (its setting blockedattachments)", (int)n, ext);
	else if (size > f->limits.largest)
		aside(d, "too-large", "%llu bytes; the organisation takes %llu (its setting maxuploadfilesize)",
		    (unsigned long long)size, (unsigned long long)f->limits.largest);
	return d->code == NULL;
}

static bool
text_of(const struct json_value *object, const char *member_name, struct buf *b)
{
	struct json_value v;

	b->n = 0;
	if (!json_member(object, member_name, &v) || v.kind != JSON_STRING)
		return false;
	buf_room(b, v.n + 1);
	b->n = json_decode(&v, b->p);
	return true;
}

/*
 * An open file into the store; it must have the size that was declared (-1: none was).  One that is not there is set
 * aside; one that is there and cannot be read is this machine's fault, and ends the run.
 */
static void
copy(struct files *f, struct draft *d, const char *name, int fd, int64_t declared)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		err(EX_IOERR, "%s", name);
	if (declared >= 0 && declared != st.st_size) {
		aside(d, st.st_size == 0 ? "empty-file" : "size-differs", "%lld bytes are declared, the file has %lld",
		    (long long)declared, (long long)st.st_size);
	} else if (fits(f, d, (uint64_t)st.st_size)) {
		if (!blob_copy(f->blobs, fd, &d->blob))
			err(EX_IOERR, "%s", name);
		if (d->blob.size != (uint64_t)st.st_size)
			aside(d, "size-differs", "the file changed while it was read");
	}
	close(fd);
}

/* A line of what was fetched: its file must still be the one that the line names. */
static void
fetched(struct files *f, struct draft *d, const struct json_value *line, int64_t declared)
{
	struct json_value problem, file;
	struct buf path = { 0 }, sha = { 0 }, code = { 0 };
	char now[SHA256_TEXT + 1];
	uint64_t size;
	int fd;

	if (json_member(line, "problem", &problem) && problem.kind == JSON_OBJECT) {
		text_of(&problem, "message", &path);
		text_of(&problem, "code", &code);
		buf_nul(&path);
		buf_nul(&code);
		/* The codes that fetching can end with; any other word of its is the same to us. */
		aside(d, strcmp(code.p, "empty-file") == 0 ? "empty-file" : strcmp(code.p, "size-differs") == 0 ? "size-differs" :
		    strcmp(code.p, "too-large") == 0 ? "too-large" : "missing-file", "%s",
		    path.n > 0 ? path.p : "it could not be fetched");
	} else if (!json_member(line, "file", &file) || !text_of(&file, "path", &path) || !text_of(&file, "sha256", &sha)) {
		aside(d, "missing-file", "the list of fetched files names no file");
	} else {
		buf_nul(&path);
		buf_nul(&sha);
		fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
			err(EX_IOERR, "%s", path.p);
		if (fd < 0)
			aside(d, "missing-file", "%s: %s", path.p, strerror(errno));
		else if (!blob_hash(path.p, now, &size))
			err(EX_IOERR, "%s", path.p);
		else if (strcmp(now, sha.p) != 0)
			aside(d, "bad-hash", "%s is not the file that was fetched: its SHA-256 is another; fetch it again", path.p);
		if (fd >= 0 && d->code != NULL)
			close(fd);
		if (d->code == NULL)
			copy(f, d, path.p, fd, declared);
		if (d->code == NULL && strcmp(d->blob.sha256, sha.p) != 0)
			aside(d, "bad-hash", "%s changed while it was read", path.p);
	}
	buf_free(&path);
	buf_free(&sha);
	buf_free(&code);
}

static void
taken_in(struct files *f, struct draft *d, const struct json_value *attachment, const struct buf *id, int64_t declared)
{
	struct buf path = { 0 };
	const char *why;
	int fd;

	d->code = NULL;
	if ((!text_of(attachment, "path", &path) || path.n == 0) && id != NULL)
		buf_add(&path, id->p, id->n);
	if (path.n == 0) {
		aside(d, "missing-file", "it has neither a path nor an id to be found by in the intake");
		buf_free(&path);
		return;
	}
	fd = intake_open(f->intake, path.p, path.n, &why);
	buf_nul(&path);
	if (fd >= 0)
		copy(f, d, path.p, fd, declared);
	else
		aside(d, "missing-file", "%s: files/%.*s", why, (int)(path.n < 200 ? path.n : 200), path.p);
	buf_free(&path);
}

/* What was fetched; what a person supplied, also in place of what could not be. */
static void
bytes(struct files *f, struct draft *d, const struct json_value *attachment, const struct buf *id, int64_t declared)
{
	struct json_value line, problem;
	bool known = f->have != NULL && id != NULL && have_find(f->have, f->key.p, f->key.n, false, id->p, id->n, &line);

	aside(d, "missing-file", "it was not fetched");
	if (f->intake != NULL && (!known || json_member(&line, "problem", &problem)))
		taken_in(f, d, attachment, id, declared);
	if (known && d->code != NULL && strcmp(d->code, "missing-file") == 0) {
		d->code = NULL;
		fetched(f, d, &line, declared);
	}
}

static void
made(struct files *f, struct draft *d, const char *bytes, size_t n)
{
	if (fits(f, d, n))
		blob_bytes(f->blobs, bytes, n, &d->blob);
}

/* ---- what there is to be found ---- */

void
files_begin(struct files *f, const struct nd_in *in, const struct json_value *record)
{
	struct json_value id;

	f->in = in;
	f->record = *record;
	if (!json_member(record, "id", &id) || record_key(&id, &f->key) != RECORD_KEY)
		f->key.n = 0;
	if (f->names != NULL)
		keys_free(f->names);
	f->names = NULL;
}

/* A size, as a number or as text; -1: none. */
static int64_t
declared_size(const struct json_value *attachment)
{
	struct json_value v;
	int64_t n;

	if (!json_member(attachment, "size", &v) || v.n == 0)
		return -1;
	if (v.kind == JSON_STRING)
		v.kind = JSON_NUMBER;		/* json_int looks at every character */
	return json_int(&v, &n) && n >= 0 ? n : -1;
}

void
files_declared(struct files *f, const struct json_value *attachment, unsigned number)
{
	struct buf id = { 0 }, text = { 0 }, wish = { 0 }, otherwise = { 0 };
	struct draft d = { 0 };
	struct json_value v;
	int64_t size = declared_size(attachment);
	bool named;

	f->declared++;
	named = json_member(attachment, "id", &v) && record_key(&v, &id) == RECORD_KEY && id.n <= 100;
	if (!named) {
		id.n = 0;
		buf_printf(&id, "a%u", number);
	}
	start(f, &d, "attachment", id.p, id.n);
	text_of(attachment, "name", &text);
	buf_str(&wish, "attachment-");
	buf_add(&wish, id.p, id.n);
	name_safe(&otherwise, wish.p, wish.n);	/* an id of the source is no safer than a name */
	buf_nul(&otherwise);
	name(f, &d, text.p != NULL ? text.p : "", text.n, otherwise.p);
	original(&d, text.p != NULL ? text.p : "", text.n);
	if (text_of(attachment, "contentType", &text) && text.n > 0)
		type(&d, text.p, text.n);
	if (attachment->kind != JSON_OBJECT)
		aside(&d, "missing-file", "what is declared as attachment %u is no attachment", number);
	else
		bytes(f, &d, attachment, named ? &id : NULL, size);
	finish(f, &d);
	buf_free(&id);
	buf_free(&text);
	buf_free(&wish);
	buf_free(&otherwise);
}

/* What a mark says of an image that is set aside. */
static const char *
spoken(const char *code)
{
	static const char *const word[][2] = {
		{ "missing-file", "missing" }, { "empty-file", "empty" }, { "too-large", "too large" },
		{ "blocked-extension", "of a blocked kind" },
	};
	size_t i;

	for (i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		if (strcmp(word[i][0], code) == 0)
			return word[i][1];
	return "damaged";
}

static void
put_mark(struct buf *mark, const char *what, const struct draft *d)
{
	buf_char(mark, '[');
	buf_str(mark, what);
	html_escape(mark, d->name.p, d->name.n);
	if (d->code != NULL) {
		buf_str(mark, ", ");
		buf_str(mark, spoken(d->code));
	}
	buf_char(mark, ']');
}

/* The last part of an address, without what follows ? or #, %20 and its kin resolved when that gives UTF-8. */
static void
last_part(struct buf *b, const char *src, size_t n)
{
	const char *p, *end;
	size_t from, to = 0;

	while (to < n && src[to] != '?' && src[to] != '#')
		to++;
	for (from = to; from > 0 && src[from - 1] != '/'; from--)
		;
	uri_unescape(b, src + from, to - from);
	for (p = b->p, end = p + b->n; p != NULL && p < end;)
		p = (unsigned char)*p < 0x80 ? p + 1 : json_utf8(p, end);
	if (p == NULL) {
		b->n = 0;
		buf_add(b, src + from, to - from);
	}
}

bool
files_image(struct files *f, unsigned number, const char *src, size_t n, struct html_value alt, struct buf *mark)
{
	struct buf media = { 0 }, bytes = { 0 }, text = { 0 };
	struct draft d = { 0 };
	struct json_value v;
	char id[32], otherwise[48];
	enum uri uri = uri_data(src, n, &media, &bytes);

	if (uri == URI_OTHER && (f->have == NULL || !have_find(f->have, f->key.p, f->key.n, true, src, n, &v)))
		return false;
	f->images++;
	snprintf(id, sizeof(id), "image%u", number);
	snprintf(otherwise, sizeof(otherwise), "image-%u%s", number, uri == URI_OTHER ? "" : uri_extension(media.p, media.n));
	start(f, &d, "image", id, strlen(id));
	if (uri == URI_OTHER && (!text_of(&v, "name", &text) || text.n == 0))
		last_part(&text, src, n);
	name(f, &d, text.p != NULL ? text.p : "", text.n, otherwise);
	text.n = 0;
	if (alt.p != NULL)
		html_decode(&text, alt);
	if (text.n > 0)
		original(&d, text.p, text.n);
	if (uri != URI_OTHER)
		type(&d, media.p, media.n);
	else if (text_of(&v, "contentType", &text) && text.n > 0)
		type(&d, text.p, text.n);
	if (uri == URI_OTHER)
		fetched(f, &d, &v, -1);
	else if (uri == URI_BROKEN)
		aside(&d, "bad-base64", "the embedded image %u is damaged: its data URI is no base64", number);
	else
		made(f, &d, bytes.p != NULL ? bytes.p : "", bytes.n);
	put_mark(mark, "image: ", &d);
	finish(f, &d);
	buf_free(&media);
	buf_free(&bytes);
	buf_free(&text);
	return true;
}

static void
whole(struct files *f, const char *what, const char *ending, const char *media, const struct buf *bytes, struct buf *mark)
{
	struct buf wish = { 0 };
	struct draft d = { 0 };

	start(f, &d, what, what, strlen(what));
	buf_printf(&wish, "%s-%.*s-%s", f->kind->name, (int)(f->key.n < 100 ? f->key.n : 100), f->key.p != NULL ? f->key.p : "", ending);
	name(f, &d, wish.p, wish.n, ending);
	type(&d, media, strlen(media));
	made(f, &d, bytes->p, bytes->n);
	if (mark != NULL)
		put_mark(mark, "cut; the whole text: ", &d);
	finish(f, &d);
	buf_free(&wish);
}

void
files_text(struct files *f, const char *text, size_t n, struct buf *mark)
{
	struct buf page = { 0 };

	f->texts++;
	buf_str(&page, "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n");
	buf_add(&page, text, n);
	buf_char(&page, '\n');
	whole(f, "text", "text.html", "text/html", &page, mark);
	buf_free(&page);
}

void
files_history(struct files *f, const struct json_value *history)
{
	struct buf json = { 0 };

	f->histories++;
	json_put(&json, history);
	buf_char(&json, '\n');
	whole(f, "history", "history.json", "application/json", &json, NULL);
	buf_free(&json);
}

void
files_end(struct files *f)
{
	nd_close(&f->out);
	rej_close(&f->rej);
	blob_close(f->blobs);
	if (f->names != NULL)
		keys_free(f->names);
	buf_free(&f->key);
}
