/*
 * blocks - files of notes and e-mail attachments: their checks, and upload in blocks
 *
 * An upload in progress is kept in the settings table under its token; its
 * blocks as rows of settings "block:<token>:<block id>".
 * Source: reference sections 6.3 (sizes), 9.6 (files).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "store.h"

#define BLOCK_MAX (4UL << 20)

static const char names[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The number of bytes a base64 text stands for; -1 if it is none. */
static long
base64_size(const char *s, size_t n)
{
	size_t i, pad = 0;

	while (n > 0 && s[n - 1] == '=' && pad < 2) {
		pad++;
		n--;
	}
	if ((n + pad) % 4 != 0)
		return -1;
	for (i = 0; i < n; i++)
		if (strchr(names, s[i]) == NULL)
			return -1;
	return (long)(n * 3 / 4);
}

static long
base64_decode(const char *s, size_t n, unsigned char *out)
{
	unsigned long bits = 0;
	long o = 0;
	size_t i;
	int have = 0;

	for (i = 0; i < n && s[i] != '='; i++) {
		bits = bits << 6 | (unsigned long)(strchr(names, s[i]) - names);
		if ((have += 6) >= 8) {
			have -= 8;
			out[o++] = (unsigned char)(bits >> have);
		}
	}
	return o;
}

static void
base64_encode(struct buf *b, const unsigned char *p, size_t n)
{
	unsigned long v;
	size_t i, left;

	for (i = 0; i < n; i += 3) {
		left = n - i;
		v = (unsigned long)p[i] << 16 | (left > 1 ? (unsigned long)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
		buf_char(b, names[v >> 18]);
		buf_char(b, names[v >> 12 & 63]);
		buf_char(b, left > 1 ? names[v >> 6 & 63] : '=');
		buf_char(b, left > 2 ? names[v & 63] : '=');
	}
}

static struct row *
organization(struct request *r)
{
	const struct table *t = schema_table("organization");

	return t != NULL ? store_get(r->arena, t, sandbox_organization) : NULL;
}

static bool
blocked(struct request *r, const struct row *org, const char *filename)
{
	const char *dot = filename != NULL ? strrchr(filename, '.') : NULL, *p, *e;
	char *list = org != NULL ? row_text(r->arena, org, "blockedattachments") : NULL;

	for (p = list != NULL && dot != NULL ? list : ""; *p != '\0'; p = *e == ';' ? e + 1 : e) {
		e = p + strcspn(p, ";");
		if ((size_t)(e - p) == strlen(dot + 1) && strncasecmp(p, dot + 1, (size_t)(e - p)) == 0)
			return true;
	}
	return false;
}

/* Before a note or an attachment is stored: size, kind, and what the platform derives. */
bool
document_check(struct write *w)
{
	const char *column = strcmp(w->table->name, "activitymimeattachment") == 0 ? "body" : "documentbody", *json;
	struct row *org;
	long size;

	if (strcmp(w->table->name, "annotation") != 0 && strcmp(w->table->name, "activitymimeattachment") != 0)
		return true;
	org = organization(w->r);
	if (blocked(w->r, org, row_text(w->r->arena, w->row, "filename")))
		return reply_error(w->a, 400, "0x80043e09", "The attachment is either not a valid type or is too large. It cannot be "
		    "uploaded or downloaded.");
	if ((json = row_get(w->row, column)) == NULL)
		return true;
	if ((size = base64_size(json + 1, strlen(json) - 2)) < 0)
		return reply_payload(w->a, w->table->set, "The value of '%s' is no valid base64 text.", column);
	if (org != NULL && size > row_int(org, "maxuploadfilesize", 5242880))
		return reply_error(w->a, 400, "0x80044a02", "Attachment file size is too big.");
	if (schema_column(w->table, "filesize") != NULL)
		row_set_int(w->r->arena, w->row, "filesize", size);
	if (row_get(w->row, "mimetype") == NULL)
		row_set_text(w->r->arena, w->row, "mimetype", "application/octet-stream");
	if (strcmp(w->table->name, "annotation") == 0)
		row_set(w->r->arena, w->row, "isdocument", "true");
	return true;
}

static const char *
member_text(struct request *r, const struct json_value *body, const char *name)
{
	struct json_value v;

	return json_member(body, name, &v) && v.kind == JSON_STRING ? json_text(r->arena, &v) : NULL;
}

static bool
initialize(struct request *r, struct reply *a, const struct json_value *body)
{
	struct json_value target;
	char token[37];
	const char *name;
	struct row *org = organization(r);

	if (!json_member(body, "Target", &target) || target.kind != JSON_OBJECT)
		return reply_error(a, 400, "0x80040203", "The parameter 'Target' is missing.");
	name = member_text(r, &target, "filename");
	if (blocked(r, org, name))
		return reply_error(a, 400, "0x80043e09", "The attachment is either not a valid type or is too large. It cannot be "
		    "uploaded or downloaded.");
	guid_new(token);
	store_set_setting(arena_printf(r->arena, "upload:%s", token), name != NULL ? name : "");
	a->status = 200;
	buf_printf(&a->body, "{\"@odata.context\":\"%s$metadata#Microsoft.Dynamics.CRM.InitializeAnnotationBlocksUploadResponse\","
	    "\"FileContinuationToken\":\"%s\"}", r->root, token);
	return true;
}

static bool
known_token(struct request *r, struct reply *a, const char *token)
{
	if (token != NULL && store_setting(r->arena, arena_printf(r->arena, "upload:%s", token)) != NULL)
		return true;
	return reply_error(a, 400, "0x80040203", "The FileContinuationToken is not valid.");
}

static bool
upload(struct request *r, struct reply *a, const struct json_value *body)
{
	const char *token = member_text(r, body, "FileContinuationToken"), *id = member_text(r, body, "BlockId"),
	    *data = member_text(r, body, "BlockData"), *length;
	long size;

	if (!known_token(r, a, token))
		return false;
	if (id == NULL || (size = base64_size(id, strlen(id))) < 1 || size > 64)
		return reply_error(a, 400, "0x80040203", "BlockId must be the base64 text of at most 64 bytes.");
	if (data == NULL || (size = base64_size(data, strlen(data))) < 0 || (unsigned long)size > BLOCK_MAX)
		return reply_error(a, 400, "0x80040203", "BlockData must be the base64 text of at most 4 MB.");
	/* The length of the first id, which all must have, is kept under the empty one. */
	length = store_setting(r->arena, arena_printf(r->arena, "block:%s:", token));
	if (length != NULL && strtoul(length, NULL, 10) != strlen(id))
		return reply_error(a, 400, "0x80040203", "All BlockIds of an upload must have the same length.");
	if (length == NULL)
		store_set_setting(arena_printf(r->arena, "block:%s:", token), arena_printf(r->arena, "%zu", strlen(id)));
	store_set_setting(arena_printf(r->arena, "block:%s:%s", token, id), data);
	a->status = 204;
	return true;
}

/* The blocks in the order of the list, as one base64 text. */
static char *
join(struct request *r, struct reply *a, const char *token, const struct json_value *list, long *size)
{
	struct json_iter it = json_iter(list);
	struct json_value v;
	struct buf raw = { 0 }, text = { 0 };
	char *data, *out = NULL;

	while (json_next(&it, NULL, &v)) {
		data = v.kind == JSON_STRING ? store_setting(r->arena, arena_printf(r->arena, "block:%s:%s", token, json_text(r->arena, &v))) : NULL;
		if (data == NULL) {
			reply_error(a, 400, "0x80040203", "The BlockList names a block that was not uploaded.");
			break;
		}
		buf_room(&raw, strlen(data));
		raw.n += (size_t)base64_decode(data, strlen(data), (unsigned char *)raw.p + raw.n);
	}
	if (a->status == 0) {
		base64_encode(&text, (unsigned char *)raw.p, raw.n);
		out = arena_dup(r->arena, text.p, text.n);
		*size = (long)raw.n;
	}
	buf_free(&raw);
	buf_free(&text);
	return out;
}

static void
forget(const char *token)
{
	char *sql = sqlite3_mprintf("DELETE FROM settings WHERE name='upload:%q' OR name LIKE 'block:%q:%%'", token, token);

	store_exec(sql);
	sqlite3_free(sql);
}

static bool
commit(struct request *r, struct reply *a, const struct json_value *body, const char *table)
{
	const struct table *t = schema_table(table);
	const char *token = member_text(r, body, "FileContinuationToken"), *column = strcmp(table, "annotation") == 0 ? "documentbody" : "body", *id;
	struct write w = { .r = r, .a = a, .table = t };
	struct json_value target, list;
	struct json j = { 0 };
	struct buf b = { 0 };
	struct row *old;
	char *data;
	long size = 0;
	bool ok;

	if (!known_token(r, a, token))
		return false;
	if (!json_member(body, "Target", &target) || target.kind != JSON_OBJECT || !json_member(body, "BlockList", &list) || list.kind != JSON_ARRAY)
		return reply_error(a, 400, "0x80040203", "The parameters 'Target' and 'BlockList' are required.");
	if ((data = join(r, a, token, &list, &size)) == NULL)
		return false;
	/* The target with the data as one more member; an existing note keeps what the target does not name. */
	json_put(&b, &target);
	b.n--;
	buf_printf(&b, "%s\"%s\":\"", target.n > 2 ? "," : "", column);
	buf_str(&b, data);
	buf_str(&b, "\"}");
	json_pad(&b);
	id = member_text(r, &target, t->primary_id);
	old = id != NULL && guid_ok(id, strlen(id)) ? store_get(r->arena, t, id) : NULL;
	if (!(ok = json_parse_any(&j, b.p, b.n, &target)))
		reply_payload(a, t->set, "The target names '%s' itself.", column);
	else
		ok = old != NULL ? write_update(&w, &target, old) : write_create(&w, &target, NULL, NULL);
	json_free(&j);
	buf_free(&b);
	if (!ok)
		return false;
	forget(token);
	a->status = 200;
	buf_printf(&a->body, "{\"@odata.context\":\"%s$metadata#Microsoft.Dynamics.CRM.CommitAnnotationBlocksUploadResponse\","
	    "\"AnnotationId\":\"%s\",\"FileSizeInBytes\":%ld}", r->root, w.row->id, size);
	return true;
}

bool
blocks_run(struct request *r, struct reply *a, const char *name)
{
	bool attachment = strstr(name, "AttachmentBlocksUpload") != NULL;
	const char *table = attachment ? "activitymimeattachment" : "annotation";
	struct json j = { 0 };
	struct json_value v;
	int which = strcmp(name, "UploadBlock") == 0 ? 1 :
	    strcmp(name, "InitializeAnnotationBlocksUpload") == 0 || strcmp(name, "InitializeAttachmentBlocksUpload") == 0 ? 2 :
	    strcmp(name, "CommitAnnotationBlocksUpload") == 0 || strcmp(name, "CommitAttachmentBlocksUpload") == 0 ? 3 : 0;

	if (which == 0 || schema_table(table) == NULL)
		return false;
	if (body_parse(r, a, name, &j, &v)) {
		if (which == 1)
			upload(r, a, &v);
		else if (which == 2)
			initialize(r, a, &v);
		else
			commit(r, a, &v, table);
	}
	json_free(&j);
	return true;
}
