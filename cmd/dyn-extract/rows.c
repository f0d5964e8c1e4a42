/*
 * A row is written as it came: the members' text is copied, never read as
 * numbers, so that what a later step compares is what the service said.
 */
#include <stdlib.h>
#include <string.h>

#include "extract.h"
#include "xalloc.h"

void
url_text(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("-._~(),'/:@$*", c) != NULL)
			buf_char(b, (char)c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

void
put_flat(struct buf *b, const struct json_value *v)
{
	const char *p;
	size_t n, i;
	bool text = false;

	json_raw(v, &p, &n);
	if (memchr(p, '\n', n) == NULL && memchr(p, '\r', n) == NULL) {
		buf_add(b, p, n);
		return;
	}
	for (i = 0; i < n; i++) {
		if (text && p[i] == '\\') {
			buf_char(b, p[i++]);
		} else if (p[i] == '"') {
			text = !text;
		} else if (!text && strchr(" \t\r\n", p[i]) != NULL) {
			continue;
		}
		buf_char(b, p[i]);
	}
}

void
row_put(struct buf *b, const char *table, const struct json_value *row)
{
	struct json_iter it = json_iter(row);
	struct json_value key, v;

	buf_str(b, "{\"_table\":");
	buf_json_str(b, table);
	while (json_next(&it, &key, &v)) {
		if (json_is(&key, "@odata.context"))
			continue;
		buf_char(b, ',');
		json_put(b, &key);
		buf_char(b, ':');
		put_flat(b, &v);
	}
	buf_char(b, '}');
}

struct sink {
	const char *table;
	struct nd_out *out;
	struct buf line;
	struct hash *hash;
};

static bool
row_write(const struct json_value *row, void *arg)
{
	struct sink *s = arg;

	if (s->hash != NULL) {
		hash_row(s->hash, row);
		return true;
	}
	s->line.n = 0;
	row_put(&s->line, s->table, row);
	nd_write(s->out, s->line.p, s->line.n);
	progress_rows(s->out->count);
	return true;
}

void
rows_extract(struct dyn *d, const struct table *t, const struct query *q, struct nd_out *out)
{
	struct sink s = { .table = t->name, .out = out };
	struct buf path = { 0 };

	buf_printf(&path, "%s?$orderby=", t->set);
	url_text(&path, q->order);
	if (q->select != NULL)
		buf_printf(&path, "&$select=%s", q->select);
	if (q->filter != NULL) {
		buf_str(&path, "&$filter=");
		url_text(&path, q->filter);
	}
	buf_nul(&path);
	if (q->hash != NULL)
		s.hash = hash_open(t, q->hash, out);
	dyn_pages(d, path.p, NULL, row_write, &s);
	if (s.hash != NULL)
		hash_close(s.hash);
	buf_free(&path);
	buf_free(&s.line);
}
