#include "lost.h"

#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "json.h"
#include "keys.h"
#include "nd.h"
#include "record.h"
#include "xalloc.h"

struct entry {
	uint16_t code, file;
	char *root;
};

struct words {
	char **word;
	size_t count;
};

struct lost {
	struct keys *keys;	/* module, a zero byte, key */
	struct entry *entry;
	size_t room;
	struct words codes, files;
};

struct slots {
	size_t source, id, code, error;
};

static const char *const queue_codes[] = {
	"undecided", "ambiguous", "missing", "inactive", "lead-only", "reference-queued"
};

struct lost *
lost_new(void)
{
	struct lost *l = xcalloc(1, sizeof(*l));

	l->keys = keys_new();
	return l;
}

static uint16_t
word(struct words *w, const char *text)
{
	size_t i;

	for (i = 0; i < w->count; i++)
		if (strcmp(w->word[i], text) == 0)
			return (uint16_t)i;
	if (w->count == UINT16_MAX)
		errx(EX_DATAERR, "more than %d different error codes: \"%s\" is one too many", UINT16_MAX, text);
	w->word = xreallocarray(w->word, w->count + 1, sizeof(*w->word));
	w->word[w->count] = xstrdup(text);
	return (uint16_t)w->count++;
}

/* Composes the key of one record; false when it has none. */
static bool
key_of(struct buf *b, const char *module, size_t n, const struct json *j, const struct slots *s)
{
	const struct json_value *source = j->slot[s->source];
	struct buf key = { 0 };
	bool found;

	found = record_key(source, &key) == RECORD_KEY || record_key(j->slot[s->id], &key) == RECORD_KEY ||
	    record_key(j->slot[s->code], &key) == RECORD_KEY;
	b->n = 0;
	buf_add(b, module, n);
	buf_char(b, '\0');
	if (found)
		buf_add(b, key.p, key.n);
	buf_free(&key);
	return found && b->n <= KEYS_LONGEST;
}

static void
add(struct lost *l, const struct buf *key, const struct json_value *error, uint16_t file)
{
	struct json_value v;
	struct entry e = { .file = file };
	struct buf root = { 0 };
	char *code = NULL;
	uint32_t i;
	bool fresh;

	i = keys_add(l->keys, key->p, key->n, &fresh);
	if (!fresh)
		return;
	if (error != NULL && json_member(error, "code", &v))
		code = json_strdup(&v);
	e.code = word(&l->codes, code != NULL ? code : "set aside");
	free(code);
	if (error != NULL && json_member(error, "root", &v) && v.kind == JSON_OBJECT) {
		json_put(&root, &v);
		buf_nul(&root);
		e.root = root.p;
	}
	if (i == l->room) {
		l->room = l->room * 2 + 256;
		l->entry = xreallocarray(l->entry, l->room, sizeof(*l->entry));
	}
	l->entry[i] = e;
}

void
lost_load(struct lost *l, const char *option)
{
	struct json j = { .names = json_names_new() };
	const char *path = strchr(option, '=');
	struct slots s;
	struct buf key = { 0 };
	struct nd_in in;
	uint16_t file;

	if (path == NULL || path == option || path[1] == '\0')
		errx(EX_USAGE, "--lost takes MODULE=FILE, not \"%s\"", option);
	s.source = json_names_add(j.names, "_source");
	s.id = json_names_add(j.names, "id");
	s.code = json_names_add(j.names, "code");
	s.error = json_names_add(j.names, "_error");
	nd_open(&in, path + 1);
	file = word(&l->files, path + 1);
	while (nd_read(&in)) {
		if (in.toolong || !json_parse(&j, in.line, in.len))
			errx(EX_DATAERR, "%s:%llu: no record that was set aside: %s", in.name, (unsigned long long)in.lineno,
			    in.toolong ? "the line is too long" : j.detail);
		if (key_of(&key, option, (size_t)(path - option), &j, &s))
			add(l, &key, j.slot[s.error], file);
	}
	nd_end(&in);
	json_names_free(j.names);
	json_free(&j);
	buf_free(&key);
}

bool
lost_get(const struct lost *l, const char *module, const char *key, size_t n, struct lost_record *r)
{
	size_t len = strlen(module), i;
	char composed[512];
	uint32_t k;

	if (keys_count(l->keys) == 0 || len + 1 + n > sizeof(composed))
		return false;
	memcpy(composed, module, len + 1);
	memcpy(composed + len + 1, key, n);
	if (!keys_find(l->keys, composed, len + 1 + n, &k))
		return false;
	r->code = l->codes.word[l->entry[k].code];
	r->file = l->files.word[l->entry[k].file];
	r->root = l->entry[k].root;
	r->queued = false;
	for (i = 0; i < sizeof(queue_codes) / sizeof(queue_codes[0]); i++)
		r->queued |= strcmp(r->code, queue_codes[i]) == 0;
	return true;
}

void
lost_root(struct buf *b, const struct lost_record *r, const char *module, const char *key, size_t n)
{
	if (r->root != NULL) {
		buf_str(b, r->root);
	} else {
		buf_str(b, "{\"module\":");
		buf_json_str(b, module);
		buf_str(b, ",\"id\":");
		buf_json_string(b, key, n);
		buf_str(b, ",\"code\":");
		buf_json_str(b, r->code);
		buf_str(b, ",\"file\":");
		buf_json_str(b, r->file);
		buf_char(b, '}');
	}
}

char *
lost_because(const struct lost_record *l)
{
	struct json j = { 0 };
	struct buf b = { 0 }, text = { 0 };
	struct json_value root, v;
	static const char *const part[] = { "module", "id", "code", "file" };
	static const char *const between[] = { ", because of ", " ", ": ", " in " };
	size_t i;

	if (l->root == NULL)
		return xstrdup("");
	buf_str(&b, l->root);
	json_pad(&b);
	if (json_parse_any(&j, b.p, b.n, &root))
		for (i = 0; i < 4; i++)
			if (json_member(&root, part[i], &v)) {
				buf_str(&text, between[i]);
				buf_add(&text, v.p, v.n);
			}
	buf_nul(&text);
	json_free(&j);
	buf_free(&b);
	return text.p;
}
