/*
 * Notes of a record, and their attachments.  An attachment is answered with
 * the address of a storage that is not the API: here /storage/salesmate/ID on
 * this server, which wants no API headers, and refuses them, because a client
 * must not hand its key to another host.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox.h"
#include "xalloc.h"

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
		json_put(&c->reply.body, &note);
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
	json_put(&c->reply.body, &note);
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
	int64_t id;

	if (!note_find(c, &note))
		return;
	if (!path_number(c->seg[9], &id) || !attachment_of(&note, id, &attachment)) {
		answer_missing(c);
		return;
	}
	answer_open(c);
	buf_printf(&c->reply.body, "{\"url\":\"%s/storage/salesmate/%lld\"}", c->base, (long long)id);
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

/* GET /storage/salesmate/{id} */
void
notes_file(struct call *c)
{
	char *path;
	int64_t id;

	if (call_header(c, "accessToken") != NULL || call_header(c, "sessionToken") != NULL) {
		c->reply.status = 400;
		c->reply.type = "application/xml";
		buf_str(&c->reply.body, "<Error><Code>InvalidArgument</Code>"
		    "<Message>the storage takes no API headers</Message></Error>");
		return;
	}
	path = path_number(c->seg[2], &id) ? data_path(c->data, "files", id) : NULL;
	if (path == NULL || access(path, R_OK) != 0) {
		c->reply.status = 404;
		c->reply.type = "application/xml";
		buf_str(&c->reply.body, "<Error><Code>NoSuchKey</Code></Error>");
		free(path);
		return;
	}
	c->reply.status = 200;
	c->reply.type = content_type(c->data, id);
	c->reply.file = path;
}
