/*
 * What was fetched: the lines stay in their file, only where they are is held,
 * 16 bytes a line and some 40 for its key (keys.h).
 */
#include "split.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "keys.h"
#include "record.h"
#include "xalloc.h"

struct place {
	uint64_t at;
	size_t n;
};

struct have {
	const char *path;
	int fd;
	struct keys *keys;	/* record, NUL, i or a, attachment id or address */
	struct place *place;	/* by the key's number */
	size_t room;
	struct buf key, line;
	struct json j;
};

static void
make_key(struct buf *b, const char *record, size_t n, bool address, const char *id, size_t idlen)
{
	b->n = 0;
	buf_add(b, record, n);
	buf_char(b, '\0');
	buf_char(b, address ? 'a' : 'i');
	buf_add(b, id, idlen);
}

static void
take(struct have *h, const struct nd_in *in, const struct json *j, const char *parent)
{
	const struct json_value *src = json_get(j, "src");
	struct buf record = { 0 }, id = { 0 };
	uint32_t i;
	bool fresh;

	if (src != NULL && src->kind == JSON_STRING) {
		buf_room(&id, src->n + 1);
		id.n = json_decode(src, id.p);
	} else {
		record_key(json_get(j, "id"), &id);
		src = NULL;
	}
	record_key(json_get(j, parent), &record);
	make_key(&h->key, record.p, record.n, src != NULL, id.p, id.n);
	if (record.n > 0 && h->key.n <= KEYS_LONGEST) {		/* a longer address is asked for in vain: its tag stays */
		i = keys_add(h->keys, h->key.p, h->key.n, &fresh);
		if (i >= h->room) {
			h->room = h->room * 2 + 64;
			h->place = xreallocarray(h->place, h->room, sizeof(*h->place));
		}
		h->place[i] = (struct place){ in->offset, in->len };
	}
	buf_free(&record);
	buf_free(&id);
}

struct have *
have_load(const char *path, const char *parent)
{
	struct have *h = xcalloc(1, sizeof(*h));
	struct nd_in in;

	h->path = path;
	h->keys = keys_new();
	nd_open(&in, path);
	while (nd_read(&in)) {
		if (in.toolong || !json_parse(&h->j, in.line, in.len))
			errx(EX_DATAERR, "%s:%llu: %s: make this file again with sm-extract", path,
			    (unsigned long long)in.lineno, in.toolong ? "a line too long" : h->j.detail);
		take(h, &in, &h->j, parent);
	}
	nd_end(&in);
	if ((h->fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		err(EX_NOINPUT, "%s", path);
	return h;
}

bool
have_find(struct have *h, const char *key, size_t keylen, bool address, const char *id, size_t idlen, struct json_value *v)
{
	uint32_t i;
	size_t got = 0;
	ssize_t n;

	make_key(&h->key, key, keylen, address, id, idlen);
	if (h->key.n > KEYS_LONGEST || !keys_find(h->keys, h->key.p, h->key.n, &i))
		return false;
	h->line.n = 0;
	buf_room(&h->line, h->place[i].n + JSON_PAD);
	while (got < h->place[i].n) {
		n = pread(h->fd, h->line.p + got, h->place[i].n - got, (off_t)(h->place[i].at + got));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			err(EX_IOERR, "%s", h->path);
		got += (size_t)n;
	}
	h->line.n = got;
	json_pad(&h->line);
	return json_parse_any(&h->j, h->line.p, h->line.n, v);
}
