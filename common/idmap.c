#include "idmap.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "address.h"
#include "buf.h"
#include "json.h"
#include "keys.h"
#include "nd.h"
#include "xalloc.h"

#define WORDS 256	/* files, modules, tables: what few words there are is held once */

enum slot { MODULE, KEY, TABLE, ID, HOW, SLOTS };

static const char *const member[SLOTS] = { "module", "key", "table", "id", "how" };

struct words {
	char *word[WORDS];
	size_t count;
};

struct entry {			/* 24 bytes, by the key's number */
	struct guid id;
	uint32_t line;
	uint8_t file, table, how;
};

struct idmap {
	struct keys *keys;	/* the module's number in one byte, then the key; of those that repeat, from the second on, a zero byte and k */
	struct entry *entry;
	size_t room;
	struct words files, modules, tables, hows;
	char *first;
	bool addresses;		/* module 0 has addresses for keys */
	struct json j;
	struct buf text;	/* of the member in hand */
};

struct idmap *
idmap_new(void)
{
	struct idmap *m = xcalloc(1, sizeof(*m));
	size_t i;

	m->keys = keys_new();
	m->j.names = json_names_new();
	for (i = 0; i < SLOTS; i++)
		json_names_add(m->j.names, member[i]);
	return m;
}

void
idmap_addresses(struct idmap *m, const char *module)
{
	m->modules.word[0] = xstrdup(module);
	m->modules.count = 1;
	m->addresses = true;
}

static bool
word_find(const struct words *w, const char *p, size_t n, uint8_t *i)
{
	size_t k;

	for (k = 0; k < w->count; k++)
		if (strlen(w->word[k]) == n && memcmp(w->word[k], p, n) == 0) {
			*i = (uint8_t)k;
			return true;
		}
	return false;
}

static uint8_t
word_add(struct words *w, const char *p, size_t n, const struct nd_in *in)
{
	uint8_t i;

	if (word_find(w, p, n, &i))
		return i;
	if (w->count == WORDS)
		errx(EX_DATAERR, "%s:%llu: more than %d different modules or tables: this is no id file", in->name,
		    (unsigned long long)in->lineno, WORDS);
	w->word[w->count] = xstrndup(p, n);
	return (uint8_t)w->count++;
}

/* A member that must be a text with something in it, unescaped. */
static void
text(struct idmap *m, const struct nd_in *in, enum slot s)
{
	const struct json_value *v = m->j.slot[s];

	if (v == NULL || v->kind != JSON_STRING || v->n == 0)
		errx(EX_DATAERR, "%s:%llu: an id line needs \"%s\", a text that is not empty", in->name,
		    (unsigned long long)in->lineno, member[s]);
	m->text.n = 0;
	buf_room(&m->text, v->n + 1);
	m->text.n = json_decode(v, m->text.p);
}

/* A line that was read and not yet put in: its place in the table is on its way from memory meanwhile. */
struct pending {
	bool full;
	struct buf key;
	struct entry e;
};

/* The key in text, after its module. */
static void
add_key(const struct idmap *m, struct buf *key)
{
	const char *p = m->text.p;
	size_t n = m->text.n;

	if (!m->addresses || key->p[0] != 0) {
		buf_add(key, p, n);
		return;
	}
	address_in(&p, &n);
	buf_add(key, p, n);
	address_fold(key->p + 1, key->p + 1, n);
}

static void
read_entry(struct idmap *m, const struct nd_in *in, uint8_t file, struct pending *p)
{
	p->full = true;
	p->e = (struct entry){ .line = (uint32_t)in->lineno, .file = file };
	text(m, in, MODULE);
	if (m->first == NULL)
		m->first = xstrndup(m->text.p, m->text.n);
	p->key.n = 0;
	buf_char(&p->key, (char)word_add(&m->modules, m->text.p, m->text.n, in));
	text(m, in, KEY);
	add_key(m, &p->key);
	if (p->key.n > KEYS_LONGEST)
		errx(EX_DATAERR, "%s:%llu: a \"key\" of %zu bytes: %d at most", in->name, (unsigned long long)in->lineno, m->text.n,
		    KEYS_LONGEST - 1);
	text(m, in, TABLE);
	p->e.table = word_add(&m->tables, m->text.p, m->text.n, in);
	text(m, in, HOW);
	p->e.how = word_add(&m->hows, m->text.p, m->text.n, in);
	text(m, in, ID);
	if (!guid_parse(m->text.p, m->text.n, &p->e.id))
		errx(EX_DATAERR, "%s:%llu: \"id\" is no GUID: %.*s", in->name, (unsigned long long)in->lineno,
		    (int)m->text.n, m->text.p);
}

/* From the second id on, a key that repeats is told apart by its turn. */
static void
add_turn(struct buf *key, uint32_t k)
{
	buf_char(key, '\0');
	buf_add(key, &k, sizeof(k));
}

static void
put_entry(struct idmap *m, struct pending *p)
{
	const struct entry *old;
	size_t n = p->key.n;
	uint32_t i, k = 0;
	bool fresh;

	p->full = false;
	while (i = keys_add(m->keys, p->key.p, p->key.n, &fresh), !fresh) {
		old = &m->entry[i];
		if (memcmp(&old->id, &p->e.id, sizeof(old->id)) == 0 && old->table == p->e.table)
			return;
		if (!m->addresses || p->key.p[0] != 0)
			errx(EX_DATAERR, "%s:%u: %s %.*s has another id or table than in %s:%u", m->files.word[p->e.file],
			    p->e.line, m->modules.word[(uint8_t)p->key.p[0]], (int)n - 1, p->key.p + 1,
			    m->files.word[old->file], old->line);
		p->key.n = n;
		add_turn(&p->key, ++k);
	}
	if (i == m->room) {
		m->room = m->room * 2 + 1024;
		m->entry = xreallocarray(m->entry, m->room, sizeof(*m->entry));
	}
	m->entry[i] = p->e;
}

void
idmap_load(struct idmap *m, const char *path)
{
	struct pending pending[2] = { 0 }, *p = pending, *last = pending + 1, *swap;
	struct nd_in in;
	uint8_t file;

	nd_open(&in, path);
	file = word_add(&m->files, in.name, strlen(in.name), &in);
	while (nd_read(&in)) {
		if (in.toolong)
			errx(EX_DATAERR, "%s:%llu: a line too long for an id line", in.name, (unsigned long long)in.lineno);
		if (!json_parse(&m->j, in.line, in.len))
			errx(EX_DATAERR, "%s:%llu: %s: %s, at byte %zu of the line", in.name,
			    (unsigned long long)in.lineno, m->j.error, m->j.detail, m->j.offset + 1);
		read_entry(m, &in, file, p);
		keys_prefetch(m->keys, p->key.p, p->key.n);
		if (last->full)
			put_entry(m, last);
		swap = last;
		last = p;
		p = swap;
	}
	if (last->full)
		put_entry(m, last);
	nd_end(&in);
	buf_free(&pending[0].key);
	buf_free(&pending[1].key);
}

/* The composed key, in space when it fits there (else the caller frees it); NULL when nothing can be found by it. */
#define COMPOSED 256

static char *
compose(const struct idmap *m, const char *module, const char **key, size_t *n, char space[COMPOSED])
{
	char *p = space;
	uint8_t word;

	if (!word_find(&m->modules, module, strlen(module), &word) || *n >= KEYS_LONGEST)
		return NULL;
	if (m->addresses && word == 0)
		address_in(key, n);
	if (*n >= COMPOSED - 1 - sizeof(uint32_t))
		p = xmalloc(*n + 2 + sizeof(uint32_t));
	p[0] = (char)word;
	memcpy(p + 1, *key, *n);
	if (m->addresses && word == 0)
		address_fold(p + 1, p + 1, *n);
	++*n;
	return p;
}

void
idmap_prefetch(const struct idmap *m, const char *module, const char *key, size_t keylen)
{
	char space[COMPOSED], *p = compose(m, module, &key, &keylen, space);

	if (p == NULL)
		return;
	keys_prefetch(m->keys, p, keylen);
	if (p != space)
		free(p);
}

bool
idmap_nth(const struct idmap *m, const char *module, const char *key, size_t keylen, uint32_t k, struct idmap_entry *e)
{
	char space[COMPOSED], *p = compose(m, module, &key, &keylen, space);
	uint32_t i;
	bool found;

	if (p == NULL)
		return false;
	if (k > 0) {
		p[keylen] = '\0';
		memcpy(p + keylen + 1, &k, sizeof(k));
		keylen += 1 + sizeof(k);
	}
	found = keys_find(m->keys, p, keylen, &i);
	if (p != space)
		free(p);
	if (!found)
		return false;
	e->table = m->tables.word[m->entry[i].table];
	e->how = m->hows.word[m->entry[i].how];
	e->id = m->entry[i].id;
	return true;
}

bool
idmap_get(const struct idmap *m, const char *module, const char *key, size_t keylen, struct idmap_entry *e)
{
	return idmap_nth(m, module, key, keylen, 0, e);
}

size_t
idmap_count(const struct idmap *m)
{
	return keys_count(m->keys);
}

const char *
idmap_first_module(const struct idmap *m)
{
	return m->first;
}

static void
words_free(struct words *w)
{
	while (w->count > 0)
		free(w->word[--w->count]);
}

void
idmap_free(struct idmap *m)
{
	if (m == NULL)
		return;
	keys_free(m->keys);
	free(m->entry);
	words_free(&m->files);
	words_free(&m->modules);
	words_free(&m->tables);
	words_free(&m->hows);
	free(m->first);
	json_names_free(m->j.names);
	json_free(&m->j);
	buf_free(&m->text);
	free(m);
}
