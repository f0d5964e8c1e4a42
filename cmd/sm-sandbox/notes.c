/*
 * Notes of a record, and their attachments.  An attachment is answered with
 * the address of a storage that is not the API: here /storage/salesmate/ID on
 * this server, signed and good for a while only.  The storage wants no API
 * headers, and refuses them, because a client must not hand its key to another
 * host.  Images that a note's text shows lie there too, with addresses for good.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sandbox.h"
#include "xalloc.h"

#define PUBLIC "https://storage.googleapis.com/salesmate/"	/* reference, section 9 */

static time_t life;
static uint64_t secret;

void
notes_storage(time_t seconds, uint64_t key)
{
	life = seconds;
	secret = key;
}

bool
notes_is_storage(const struct call *c)
{
	return c->nseg >= 3 && strcmp(c->seg[0], "storage") == 0 && strcmp(c->seg[1], "salesmate") == 0 &&
	    (c->nseg == 3 || (c->nseg == 4 && strcmp(c->seg[2], "embedded") == 0));
}

/* FNV-1a over what is signed. */
static uint64_t
signature(int64_t id, int64_t expires)
{
	const uint64_t part[] = { secret, (uint64_t)id, (uint64_t)expires };
	uint64_t h = 0xcbf29ce484222325u;
	size_t i, k;

	for (i = 0; i < 3; i++)
		for (k = 0; k < 8; k++)
			h = (h ^ (part[i] >> 8 * k & 0xff)) * 0x100000001b3u;
	return h;
}

/* A note as it is, but for the addresses of its images: those of this server. */
static void
note_put(struct call *c, const struct json_value *note)
{
	const char *p = note->p, *end = note->p + note->n, *hit;

	for (; (hit = memmem(p, (size_t)(end - p), PUBLIC, sizeof PUBLIC - 1)) != NULL; p = hit + sizeof PUBLIC - 1) {
		buf_add(&c->reply.body, p, (size_t)(hit - p));
		buf_printf(&c->reply.body, "%s/storage/salesmate/embedded/", c->base);
	}
	buf_add(&c->reply.body, p, (size_t)(end - p));
}

static bool
number_of(const struct json_value *record, const char *name, int64_t *id)
{
	struct json_value v;

	return json_member(record, name, &v) && value_id(&v, id);
}

static bool
path_number(const char *text, int64_t *id)
{
	size_t n = strlen(text);

	if (n == 0 || n > 18 || strspn(text, "0123456789") != n)
		return false;
	*id = strtoll(text, NULL, 10);
	return true;
}

/* The module and object of the path; false: answered. */
static bool
notes_parent(struct call *c, struct kind *k, int64_t *object)
{
	const struct module *m;

	if (kind_by_id(c->data, c->seg[3], k) && path_number(c->seg[5], object)) {
		m = data_module(c->data, k->file);
		/* A module of which the folder has no records may still have notes (tickets). */
		if (m->count == 0 || data_find(m, *object) != NULL)
			return true;
	}
	answer_missing(c);
	return false;
}

static bool
note_of(const struct row *r, const struct kind *k, int64_t object, struct json_value *note)
{
	int64_t module, id;

	*note = row_value(r);
	return number_of(note, "moduleId", &module) && module == k->id && number_of(note, "objectId", &id) &&
	    id == object;
}

void
notes_list(struct call *c)
{
	const struct module *m = data_module(c->data, "note");
	struct json_value note;
	struct kind k;
	int64_t object;
	size_t i;

	if (!notes_parent(c, &k, &object))
		return;
	answer_open(c);
	buf_char(&c->reply.body, '[');
	for (i = 0; i < m->count && !c->empty; i++) {
		if (!note_of(&m->row[i], &k, object, &note))
			continue;
		if (c->reply.rows++ > 0)
			buf_char(&c->reply.body, ',');
		note_put(c, &note);
	}
	buf_char(&c->reply.body, ']');
	answer_close(c);
}

/* The note of the path; false: answered. */
static bool
note_find(struct call *c, struct json_value *note)
{
	const struct row *r;
	struct kind k;
	int64_t object, id;

	if (!notes_parent(c, &k, &object))
		return false;
	if (path_number(c->seg[7], &id) && (r = data_find(data_module(c->data, "note"), id)) != NULL &&
	    note_of(r, &k, object, note))
		return true;
	answer_missing(c);
	return false;
}

void
notes_get(struct call *c)
{
	struct json_value note;

	if (!note_find(c, &note))
		return;
	answer_open(c);
	note_put(c, &note);
	answer_close(c);
	c->reply.rows = 1;
}

static bool
attachment_of(const struct json_value *note, int64_t id, struct json_value *attachment)
{
	struct json_value list;
	struct json_iter it;
	int64_t one;

	json_member(note, "attachments", &list);
	it = json_iter(&list);
	while (json_next(&it, NULL, attachment))
		if (number_of(attachment, "id", &one) && one == id)
			return true;
	return false;
}

void
notes_attachment(struct call *c)
{
	struct json_value note, attachment;
	int64_t id, expires;

	if (!note_find(c, &note))
		return;
	if (!path_number(c->seg[9], &id) || !attachment_of(&note, id, &attachment)) {
		answer_missing(c);
		return;
	}
	answer_open(c);
	expires = (int64_t)time(NULL) + life;
	buf_printf(&c->reply.body, "{\"url\":\"%s/storage/salesmate/%lld?Expires=%lld&Signature=%016llx\"}", c->base, (long long)id,
	    (long long)expires, (unsigned long long)signature(id, expires));
	answer_close(c);
	c->reply.rows = 1;
}

/* The type that a note declares for the attachment; kept until the reply is sent. */
static const char *
content_type(struct data *d, int64_t id)
{
	static char type[128];
	const struct module *m = data_module(d, "note");
	struct json_value note, attachment, v;
	size_t i;

	strcpy(type, "application/octet-stream");
	for (i = 0; i < m->count; i++) {
		note = row_value(&m->row[i]);
		if (!attachment_of(&note, id, &attachment))
			continue;
		if (json_member(&attachment, "contentType", &v) && v.kind == JSON_STRING && v.n > 0 &&
		    v.n < sizeof type && v.ascii && !v.escaped) {
			memcpy(type, v.p, v.n);
			type[v.n] = '\0';
		}
		break;
	}
	return type;
}

static void
storage_error(struct call *c, int status, const char *code, const char *message)
{
	c->reply.status = status;
	c->reply.type = "application/xml; charset=UTF-8";
	buf_printf(&c->reply.body, "<?xml version='1.0' encoding='UTF-8'?><Error><Code>%s</Code><Message>%s</Message></Error>",
	    code, message);
}

/* Good for now?  false: answered. */
static bool
storage_signed(struct call *c, int64_t id)
{
	const char *expires = call_query(c, "Expires"), *given = call_query(c, "Signature");
	char good[17];
	int64_t at;

	if (expires == NULL || given == NULL || !path_number(expires, &at)) {
		storage_error(c, 403, "AccessDenied", "Access denied.");
		return false;
	}
	snprintf(good, sizeof good, "%016llx", (unsigned long long)signature(id, at));
	if (strcmp(good, given) != 0)
		storage_error(c, 403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.");
	else if (at < (int64_t)time(NULL))
		storage_error(c, 400, "ExpiredToken", "The provided token has expired.");
	else
		return true;
	return false;
}

/* GET /storage/salesmate/{id}?Expires=&Signature=, /storage/salesmate/embedded/{id} */
void
notes_file(struct call *c)
{
	char *path;
	int64_t id;

	if (call_header(c, "accessToken") != NULL || call_header(c, "sessionToken") != NULL || call_header(c, "x-linkname") != NULL) {
		storage_error(c, 400, "InvalidArgument", "The storage takes no API headers.");
		return;
	}
	if (!path_number(c->seg[c->nseg - 1], &id)) {
		storage_error(c, 404, "NoSuchKey", "The specified key does not exist.");
		return;
	}
	if (c->nseg == 3 && !storage_signed(c, id))
		return;
	path = data_path(c->data, "files", id);
	if (access(path, R_OK) != 0) {
		storage_error(c, 404, "NoSuchKey", "The specified key does not exist.");
		free(path);
		return;
	}
	c->reply.status = 200;
	c->reply.type = content_type(c->data, id);
	c->reply.file = path;
}
