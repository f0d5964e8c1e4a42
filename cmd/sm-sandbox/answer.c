/*
 * The envelopes.  Salesmate spells the members of Error in two ways: the
 * documents with capitals, a live account in lower case for a wrong token and
 * a wrong link (reference, section 2).
 */
#include "sandbox.h"

static void
answer_reset(struct call *c, int status)
{
	c->reply.status = status;
	c->reply.type = "application/json; charset=utf-8";
	c->reply.body.n = 0;
}

void
answer_open(struct call *c)
{
	answer_reset(c, 200);
	buf_str(&c->reply.body, "{\"Status\":\"success\",\"Data\":");
}

void
answer_close(struct call *c)
{
	buf_char(&c->reply.body, '}');
}

void
answer_error(struct call *c, int status, const char *code, const char *name, const char *message)
{
	struct buf *b = &c->reply.body;

	answer_reset(c, status);
	buf_str(b, "{\"Status\":\"failure\",\"Error\":{");
	if (code != NULL) {
		buf_str(b, "\"Code\":");
		buf_json_str(b, code);
		buf_char(b, ',');
	}
	buf_str(b, "\"Name\":");
	buf_json_str(b, name);
	buf_str(b, ",\"Message\":");
	buf_json_str(b, message);
	buf_str(b, "}}");
}

void
answer_error_lower(struct call *c, int status, const char *name, const char *message)
{
	struct buf *b = &c->reply.body;

	answer_reset(c, status);
	buf_str(b, "{\"Status\":\"failure\",\"Error\":{\"name\":");
	buf_json_str(b, name);
	buf_str(b, ",\"message\":");
	buf_json_str(b, message);
	buf_str(b, "}}");
}

void
answer_invalid(struct call *c, const char *message)
{
	answer_error(c, 400, "4001", "ValidationError", message);
}

void
answer_missing(struct call *c)
{
	answer_error(c, 404, "4005", "ObjectNotFound", "Object not found");
}
