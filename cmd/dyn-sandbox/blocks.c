/*
 * blocks - files of notes and e-mail attachments: their checks, upload and download in blocks
 *
 * The settings table has an upload under its token ("upload:<token>": the
 * table) with the length of its block ids ("block:<token>:"), and a download
 * ("download:<token>": the row).  The bytes are in content.c's tables.
 * Source: reference sections 6.3 (sizes), 9.6 (files); Microsoft's page "Use
 * file data with Attachment and Note records" (download, whose row may be new).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "store.h"

#define BLOCK_MAX (4L << 20)

const char *
document_column(const struct table *t)
{
	return strcmp(t->name, "annotation") == 0 ? "documentbody" : strcmp(t->name, "activitymimeattachment") == 0 ? "body" : NULL;
}

bool
document_here(const struct row *row, const char *column)
{
	const char *own = document_column(row->table), *json = row_get(row, column);

	return own != NULL && strcmp(own, column) == 0 && json != NULL && strcmp(json, "true") == 0;
}

void
document_show(const struct row *row, struct buf *out)
{
	buf_char(out, '"');
	content_base64(row->rid, 0, row_int(row, "filesize", 0), out);
	buf_char(out, '"');
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

/* The bytes of a file that came in blocks; -1 if one is missing. */
static long
blocks_size(struct write *w)
{
	struct json_iter it = json_iter(w->blocks);
	struct json_value v;
	long all = 0, n;

	while (json_next(&it, NULL, &v)) {
		n = v.kind == JSON_STRING ? block_size(w->upload, json_text(w->r->arena, &v)) : -1;
		if (n < 0)
			return -1;
		all += n;
	}
	return all;
}

/* A file that was there and is named no more. */
static bool
no_document(struct write *w, const char *column)
{
	if (w->old == NULL || !document_here(w->old, column))
		return true;
	w->document = "";
	row_set(w->r->arena, w->row, "filesize", NULL);
	if (schema_column(w->table, "isdocument") != NULL)
		row_set(w->r->arena, w->row, "isdocument", "false");
	return true;
}

/* The row says from now on only that there is a file; document_store keeps its bytes. */
static bool
new_document(struct write *w, const char *column, const char *json, long size)
{
	const struct row *org = organization(w->r);

	if (org != NULL && size > row_int(org, "maxuploadfilesize", 5242880))
		return reply_error(w->a, 400, "0x80044a02", "Attachment file size is too big.");
	w->document = json;
	row_set(w->r->arena, w->row, column, "true");
	if (schema_column(w->table, "filesize") != NULL)
		row_set_int(w->r->arena, w->row, "filesize", size);
	if (row_get(w->row, "mimetype") == NULL)
		row_set_text(w->r->arena, w->row, "mimetype", "application/octet-stream");
	if (schema_column(w->table, "isdocument") != NULL)
		row_set(w->r->arena, w->row, "isdocument", "true");
	return true;
}

/* Before a note or an attachment is stored: size, kind, and what the platform derives. */
bool
document_check(struct write *w)
{
	const char *column = document_column(w->table), *json;
	long size;

	w->document = NULL;
	if (column == NULL)
		return true;
	if (blocked(w->r, organization(w->r), row_text(w->r->arena, w->row, "filename")))
		return reply_error(w->a, 400, "0x80043e09", "The attachment is either not a valid type or is too large. It cannot be "
		    "uploaded or downloaded.");
	json = row_get(w->row, column);
	if (w->upload != NULL) {
		if ((size = blocks_size(w)) < 0)
			return reply_error(w->a, 400, "0x80040203", "The BlockList names a block that was not uploaded.");
		return new_document(w, column, "true", size);
	}
	if (json == NULL)
		return no_document(w, column);
	if (document_here(w->row, column))
		return true;
	if ((size = base64_size(json + 1, strlen(json) - 2)) < 0)
		return reply_payload(w->a, w->table->set, "The value of '%s' is no valid base64 text.", column);
	return new_document(w, column, json, size);
}

/* Once the row is stored: the bytes of its new file. */
void
document_store(struct write *w)
{
	struct json_iter it;
	struct json_value v;
	int n = 0;

	if (w->document == NULL)
		return;
	content_drop(w->row->rid);
	if (w->document[0] == '"')
		content_put(w->row->rid, w->document + 1, strlen(w->document) - 2);
	if (w->upload == NULL || w->document[0] != 't')
		return;
	it = json_iter(w->blocks);
	while (json_next(&it, NULL, &v))
		block_move(w->upload, json_text(w->r->arena, &v), w->row->rid, n++);
}

static const char *
member_text(struct request *r, const struct json_value *body, const char *name)
{
	struct json_value v;

	return json_member(body, name, &v) && v.kind == JSON_STRING ? json_text(r->arena, &v) : NULL;
}

/* "annotation" -> "Annotation", as the messages name their answers. */
static const char *
message_kind(const char *table)
{
	return strcmp(table, "annotation") == 0 ? "Annotation" : "Attachment";
}

static bool
target_member(struct reply *a, const struct json_value *body, struct json_value *target)
{
	return (json_member(body, "Target", target) && target->kind == JSON_OBJECT) ||
	    reply_error(a, 400, "0x80040203", "The parameter 'Target' is missing.");
}

static bool
initialize(struct request *r, struct reply *a, const struct json_value *body, const char *table)
{
	struct json_value target, id;
	char token[37];

	if (!target_member(a, body, &target))
		return false;
	if (strcmp(table, "annotation") == 0 && !json_member(&target, "annotationid", &id))
		return reply_error(a, 400, "0x80040203", "The Target must have an annotationid.");
	if (blocked(r, organization(r), member_text(r, &target, "filename")))
		return reply_error(a, 400, "0x80043e09", "The attachment is either not a valid type or is too large. It cannot be "
		    "uploaded or downloaded.");
	guid_new(token);
	store_set_setting(arena_printf(r->arena, "upload:%s", token), table);
	a->status = 200;
	buf_printf(&a->body, "{\"@odata.context\":\"%s$metadata#Microsoft.Dynamics.CRM.Initialize%sBlocksUploadResponse\","
	    "\"FileContinuationToken\":\"%s\"}", r->root, message_kind(table), token);
	return true;
}

/* The table that a token's upload is for; NULL: no such token. */
static const char *
known_token(struct request *r, struct reply *a, const char *token)
{
	const char *table = token != NULL ? store_setting(r->arena, arena_printf(r->arena, "upload:%s", token)) : NULL;

	if (table == NULL)
		reply_error(a, 400, "0x80040203", "The FileContinuationToken is not valid.");
	return table;
}

static bool
upload(struct request *r, struct reply *a, const struct json_value *body)
{
	const char *token = member_text(r, body, "FileContinuationToken"), *id = member_text(r, body, "BlockId"),
	    *data = member_text(r, body, "BlockData"), *length;
	long size;

	if (known_token(r, a, token) == NULL)
		return false;
	if (id == NULL || (size = base64_size(id, strlen(id))) < 1 || size > 64)
		return reply_error(a, 400, "0x80040203", "BlockId must be the base64 text of at most 64 bytes.");
	if (data == NULL || (size = base64_size(data, strlen(data))) < 0 || size > BLOCK_MAX)
		return reply_error(a, 400, "0x80040203", "BlockData must be the base64 text of at most 4 MB.");
	/* The length of the first id, which all must have, is kept under the empty one. */
	length = store_setting(r->arena, arena_printf(r->arena, "block:%s:", token));
	if (length != NULL && strtoul(length, NULL, 10) != strlen(id))
		return reply_error(a, 400, "0x80040203", "All BlockIds of an upload must have the same length.");
	if (length == NULL)
		store_set_setting(arena_printf(r->arena, "block:%s:", token), arena_printf(r->arena, "%zu", strlen(id)));
	block_put(token, id, data, strlen(data));
	a->status = 204;
	return true;
}

static void
forget(const char *token)
{
	char *sql = sqlite3_mprintf("DELETE FROM settings WHERE name IN ('upload:%q', 'block:%q:')", token, token);

	store_exec(sql);
	sqlite3_free(sql);
	block_forget(token);
}

static bool
commit(struct request *r, struct reply *a, const struct json_value *body, const char *table)
{
	const struct table *t = schema_table(table);
	const char *token = member_text(r, body, "FileContinuationToken"), *id, *kept = known_token(r, a, token);
	struct write w = { .r = r, .a = a, .table = t, .upload = token };
	struct json_value target, list;
	struct row *old;

	if (kept == NULL || !target_member(a, body, &target))
		return false;
	if (strcmp(kept, table) != 0 || !json_member(body, "BlockList", &list) || list.kind != JSON_ARRAY)
		return reply_error(a, 400, "0x80040203", "The parameter 'BlockList' is missing, or the upload is not one of this table.");
	w.blocks = &list;
	id = member_text(r, &target, t->primary_id);
	old = id != NULL && guid_ok(id, strlen(id)) ? store_get(r->arena, t, id) : NULL;
	if (old != NULL && strcmp(table, "annotation") != 0)
		return reply_error(a, 412, "0x80040237", "A record with matching key values already exists.");
	/* An existing note keeps what the target does not name. */
	if (!(old != NULL ? write_update(&w, &target, old) : write_create(&w, &target, NULL, NULL)))
		return false;
	forget(token);
	a->status = 200;
	buf_printf(&a->body, "{\"@odata.context\":\"%s$metadata#Microsoft.Dynamics.CRM.Commit%sBlocksUploadResponse\","
	    "\"%s\":\"%s\",\"FileSizeInBytes\":%ld}", r->root, message_kind(table), strcmp(table, "annotation") == 0 ? "AnnotationId" :
	    "ActivityMimeAttachmentId", w.row->id, row_int(w.row, "filesize", 0));
	return true;
}

/* ---- download ---- */

static bool
download(struct request *r, struct reply *a, const struct json_value *body, const char *table)
{
	const struct table *t = schema_table(table);
	struct json_value target;
	const char *id;
	struct row *row;
	char token[37];

	if (!target_member(a, body, &target))
		return false;
	id = member_text(r, &target, t->primary_id);
	if (id == NULL || !guid_ok(id, strlen(id)))
		return reply_error(a, 400, "0x80040203", "The Target must have a %s.", t->primary_id);
	if ((row = store_get(r->arena, t, id)) == NULL)
		return reply_error(a, 404, "0x80040217", "%s With Id = %s Does Not Exist", table, id);
	if (!document_here(row, document_column(t)))
		return reply_error(a, 400, "0x80040203", "The %s with id %s has no file.", table, id);
	guid_new(token);
	store_set_setting(arena_printf(r->arena, "download:%s", token), arena_printf(r->arena, "%lld", (long long)row->rid));
	a->status = 200;
	buf_printf(&a->body, "{\"@odata.context\":\"%s$metadata#Microsoft.Dynamics.CRM.Initialize%sBlocksDownloadResponse\","
	    "\"FileName\":%s,\"FileSizeInBytes\":%ld,\"FileContinuationToken\":\"%s\"}", r->root, message_kind(table),
	    row_get(row, "filename") != NULL ? row_get(row, "filename") : "null", row_int(row, "filesize", 0), token);
	return true;
}

static bool
download_block(struct request *r, struct reply *a, const struct json_value *body)
{
	const char *token = member_text(r, body, "FileContinuationToken"), *rid;
	struct json_value v;
	int64_t offset, length;

	rid = token != NULL ? store_setting(r->arena, arena_printf(r->arena, "download:%s", token)) : NULL;
	if (rid == NULL)
		return reply_error(a, 400, "0x80040203", "The FileContinuationToken is not valid.");
	if (!json_member(body, "Offset", &v) || v.kind != JSON_NUMBER || !json_int(&v, &offset) || offset < 0 ||
	    !json_member(body, "BlockLength", &v) || v.kind != JSON_NUMBER || !json_int(&v, &length) || length < 1 || length > BLOCK_MAX)
		return reply_error(a, 400, "0x80040203", "Offset and BlockLength, at most 4 MB, are required.");
	a->status = 200;
	buf_printf(&a->body, "{\"@odata.context\":\"%s$metadata#Microsoft.Dynamics.CRM.DownloadBlockResponse\",\"Data\":\"", r->root);
	content_base64(strtoll(rid, NULL, 10), offset, length, &a->body);
	buf_str(&a->body, "\"}");
	return true;
}

bool
blocks_run(struct request *r, struct reply *a, const char *name)
{
	static const struct { const char *name, *table; int what; } message[] = {
		{ "UploadBlock", "annotation", 1 }, { "DownloadBlock", "annotation", 2 },
		{ "InitializeAnnotationBlocksUpload", "annotation", 3 }, { "InitializeAttachmentBlocksUpload", "activitymimeattachment", 3 },
		{ "CommitAnnotationBlocksUpload", "annotation", 4 }, { "CommitAttachmentBlocksUpload", "activitymimeattachment", 4 },
		{ "InitializeAnnotationBlocksDownload", "annotation", 5 }, { "InitializeAttachmentBlocksDownload", "activitymimeattachment", 5 },
	};
	struct json j = { 0 };
	struct json_value v;
	size_t i;

	for (i = 0; i < sizeof(message) / sizeof(message[0]) && strcmp(message[i].name, name) != 0; i++)
		;
	if (i == sizeof(message) / sizeof(message[0]) || schema_table(message[i].table) == NULL)
		return false;
	if (body_parse(r, a, name, &j, &v)) {
		switch (message[i].what) {
		case 1: upload(r, a, &v); break;
		case 2: download_block(r, a, &v); break;
		case 3: initialize(r, a, &v, message[i].table); break;
		case 4: commit(r, a, &v, message[i].table); break;
		case 5: download(r, a, &v, message[i].table); break;
		}
	}
	json_free(&j);
	return true;
}
