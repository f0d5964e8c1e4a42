#include "json.h"

#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "xalloc.h"

/*
 * How members get their slots.  Every key of the outermost object that was
 * ever seen is interned: word[i].  A record usually has the keys of the one
 * before, in the same order, so after word i the guess is word[i].next; a hit
 * costs one memcmp, a miss one hash.  A word seen twice in one record (its
 * turn is that of the record) is a duplicate.
 */
#define WORDS_MAX 4096		/* more distinct keys than this are checked the slow way */
#define WORD_LONGEST 256	/* bytes of a key that is kept; longer ones are checked the slow way */
#define NONE ((uint32_t)-1)

struct word {
	char *p;		/* raw bytes, as between the quotes */
	size_t n;
	size_t slot;		/* SIZE_MAX: nobody asked for it */
	uint32_t next;		/* the word that followed last time */
	uint64_t turn;		/* the record that had it last */
};

struct json_names {
	char **name;
	size_t count;
};

struct json_state {
	struct word *word;
	uint32_t words;
	uint32_t *index;	/* open addressing, 2 * WORDS_MAX */
	uint64_t turn;
	size_t names;		/* how many names the words' slots were computed with */
	size_t cap;		/* of member and at */
	uint32_t *at;		/* the word of each member, NONE if it has none */
	struct json_value *key;	/* a stack: keys of the nested objects being read */
	size_t keys, keycap;
};

struct reader {
	struct json *j;
	struct json_state *s;
	const char *text, *end;
};

/* What went wrong, at p. */
static const char *
fail(struct reader *r, const char *p, const char *error, const char *detail)
{
	r->j->error = error;
	r->j->detail = detail;
	r->j->offset = (size_t)(p - r->text);
	return NULL;
}

static const char *
blank(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* The first byte at or after p that is a quote, a backslash, a control or not ASCII; or past end. */
static const char *
special(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(0x20);

	for (; p < end; p += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i m = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash)),
		    _mm_cmplt_epi8(x, space));	/* signed: bytes from 0x80 are below 0x20 too */
		int bits = _mm_movemask_epi8(m);

		if (bits != 0)
			return p + __builtin_ctz((unsigned)bits);
	}
	return p;
#else
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80)
		p++;
	return p;
#endif
}

const char *
json_utf8(const char *p, const char *end)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t left = (size_t)(end - p);

	if (left >= 2 && u[0] >= 0xc2 && u[0] <= 0xdf && (u[1] & 0xc0) == 0x80)
		return p + 2;
	if (left >= 3 && (u[0] & 0xf0) == 0xe0 && (u[1] & 0xc0) == 0x80 && (u[2] & 0xc0) == 0x80 &&
	    !(u[0] == 0xe0 && u[1] < 0xa0) && !(u[0] == 0xed && u[1] >= 0xa0))
		return p + 3;
	if (left >= 4 && u[0] >= 0xf0 && u[0] <= 0xf4 && (u[1] & 0xc0) == 0x80 && (u[2] & 0xc0) == 0x80 &&
	    (u[3] & 0xc0) == 0x80 && !(u[0] == 0xf0 && u[1] < 0x90) && !(u[0] == 0xf4 && u[1] >= 0x90))
		return p + 4;
	return NULL;
}

static int
hexdigit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The code unit of the four hex digits at p, or -1. */
static long
hex4(const char *p, const char *end)
{
	long v = 0;
	int i, d;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		if ((d = hexdigit(p[i])) < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

/* Past the escape whose backslash is at p. */
static const char *
escape(struct reader *r, const char *p)
{
	long unit, low;

	if (p + 1 >= r->end)
		return fail(r, p, "bad-json", "text ends inside a string");
	if (p[1] != 'u')
		return strchr("\"\\/bfnrt", p[1]) != NULL && p[1] != '\0' ? p + 2 :
		    fail(r, p, "bad-json", "unknown escape after a backslash");
	if ((unit = hex4(p + 2, r->end)) < 0)
		return fail(r, p, "bad-json", "\\u without four hexadecimal digits");
	if (unit < 0xd800 || unit > 0xdfff)
		return p + 6;
	if (unit <= 0xdbff && r->end - p >= 12 && p[6] == '\\' && p[7] == 'u' &&
	    (low = hex4(p + 8, r->end)) >= 0xdc00 && low <= 0xdfff)
		return p + 12;
	return fail(r, p, "bad-utf8", "half of a surrogate pair");
}

/* The string whose opening quote is just before p; returns past its closing quote. */
static inline const char *
string(struct reader *r, const char *p, struct json_value *v)
{
	const char *q;

	*v = (struct json_value){ .p = p, .kind = JSON_STRING, .ascii = true };
	for (;;) {
		p = special(p, r->end);
		if (p >= r->end)
			return fail(r, r->end, "bad-json", "text ends inside a string");
		if (*p == '"')
			break;
		if (*p == '\\') {
			v->escaped = true;
			if ((p = escape(r, p)) == NULL)
				return NULL;
		} else if ((unsigned char)*p < 0x20) {
			return fail(r, p, "bad-json", "raw control character inside a string");
		} else {
			v->ascii = false;
			if ((q = json_utf8(p, r->end)) == NULL)
				return fail(r, p, "bad-utf8", "bytes that are not UTF-8");
			p = q;
		}
	}
	v->n = (size_t)(p - v->p);
	return p + 1;
}

static const char *
digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static const char *
number(struct reader *r, const char *p, struct json_value *v)
{
	const char *q;

	*v = (struct json_value){ .p = p, .kind = JSON_NUMBER };
	if (p < r->end && *p == '-')
		p++;
	q = digits(p, r->end);
	if (q == p || (*p == '0' && q > p + 1))
		return fail(r, v->p, "bad-json", q == p ? "no value where one is due" : "a number with a leading zero");
	p = q;
	if (p < r->end && *p == '.') {
		if ((q = digits(p + 1, r->end)) == p + 1)
			return fail(r, p, "bad-json", "a number without digits after its point");
		p = q;
	}
	if (p < r->end && (*p == 'e' || *p == 'E')) {
		q = p + 1;
		if (q < r->end && (*q == '+' || *q == '-'))
			q++;
		if ((p = digits(q, r->end)) == q)
			return fail(r, p, "bad-json", "a number without digits in its exponent");
	}
	v->n = (size_t)(p - v->p);
	return p;
}

static const char *
literal(struct reader *r, const char *p, struct json_value *v)
{
	static const struct { const char *text; size_t n; enum json_kind kind; } word[] = {
		{ "null", 4, JSON_NULL }, { "true", 4, JSON_TRUE }, { "false", 5, JSON_FALSE }
	};
	size_t i;

	for (i = 0; i < 3; i++) {
		if ((size_t)(r->end - p) >= word[i].n && memcmp(p, word[i].text, word[i].n) == 0) {
			*v = (struct json_value){ .p = p, .n = word[i].n, .kind = word[i].kind };
			return p + word[i].n;
		}
	}
	return fail(r, p, "bad-json", "no value where one is due");
}

static bool
same_key(const struct json_value *a, const struct json_value *b)
{
	char *da, *db;
	size_t na, nb;
	bool same;

	if (!a->escaped && !b->escaped)
		return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
	da = xmalloc(a->n + 1);
	db = xmalloc(b->n + 1);
	na = json_decode(a, da);
	nb = json_decode(b, db);
	same = na == nb && memcmp(da, db, na) == 0;
	free(da);
	free(db);
	return same;
}

static uint64_t
hash(const char *p, size_t n)
{
	uint64_t h = 0x9e3779b97f4a7c15u ^ n, w;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	for (w = 0; n > 0; n--)
		w = w << 8 | (unsigned char)*p++;
	h = (h ^ w) * 0xff51afd7ed558ccdu;
	return h ^ h >> 29;
}

static uint64_t
key_hash(const struct json_value *k)
{
	char *d;
	size_t n;
	uint64_t h;

	if (!k->escaped)
		return hash(k->p, k->n);
	d = xmalloc(k->n + 1);
	n = json_decode(k, d);
	h = hash(d, n);
	free(d);
	return h;
}

/* Whether two of n keys are the same; stride is the size of the struct that begins with each key. */
static const struct json_value *
duplicate(const void *first, size_t n, size_t stride)
{
	const char *base = first;
	const struct json_value **table, *k;
	size_t i, h, cap = 64;

	if (n <= 16) {
		for (i = 1; i < n; i++)
			for (h = 0; h < i; h++)
				if (same_key((const void *)(base + i * stride), (const void *)(base + h * stride)))
					return (const void *)(base + i * stride);
		return NULL;
	}
	while (cap < 2 * n)
		cap *= 2;
	table = xcalloc(cap, sizeof(*table));
	for (i = 0, k = NULL; i < n && k == NULL; i++) {
		const struct json_value *x = (const void *)(base + i * stride);

		for (h = key_hash(x) & (cap - 1); table[h] != NULL && k == NULL; h = (h + 1) & (cap - 1))
			if (same_key(table[h], x))
				k = x;
		table[h] = x;
	}
	free(table);
	return k;
}

static const char *value(struct reader *r, const char *p, struct json_value *v, int depth);

/* A member's key and the colon after it; p is at the quote.  Returns where its value begins. */
static inline const char *
key(struct reader *r, const char *p, struct json_value *k)
{
	if (p >= r->end || *p != '"')
		return fail(r, p, "bad-json", "a member name in quotes is due");
	if ((p = string(r, p + 1, k)) == NULL)
		return NULL;
	if (p < r->end && *p == ':')
		p++;
	else if ((p = blank(p, r->end)) < r->end && *p == ':')
		p++;
	else
		return fail(r, p, "bad-json", "a colon is due after a member name");
	return p < r->end && (unsigned char)*p > ' ' ? p : blank(p, r->end);
}

/* After an element: past a comma (*more set) or the closing bracket. */
static inline const char *
after(struct reader *r, const char *p, char close, bool *more)
{
	if (p < r->end && (unsigned char)*p <= ' ')
		p = blank(p, r->end);
	if (p < r->end && *p == ',') {
		*more = true;
		return blank(p + 1, r->end);
	}
	*more = false;
	if (p < r->end && *p == close)
		return p + 1;
	return fail(r, p, "bad-json", close == '}' ? "a comma or } is due" : "a comma or ] is due");
}

static const char *
array(struct reader *r, const char *p, struct json_value *v, int depth)
{
	struct json_value x;
	const char *start = p;
	bool more = true;

	p = blank(p + 1, r->end);
	if (p < r->end && *p == ']') {
		more = false;
		p++;
	}
	while (more)
		if ((p = value(r, p, &x, depth + 1)) == NULL || (p = after(r, p, ']', &more)) == NULL)
			return NULL;
	*v = (struct json_value){ .p = start, .n = (size_t)(p - start), .kind = JSON_ARRAY };
	return p;
}

static void
push_key(struct json_state *s, const struct json_value *k)
{
	if (s->keys == s->keycap) {
		s->keycap = s->keycap > 0 ? 2 * s->keycap : 64;
		s->key = xreallocarray(s->key, s->keycap, sizeof(*s->key));
	}
	s->key[s->keys++] = *k;
}

static const char *
object(struct reader *r, const char *p, struct json_value *v, int depth)
{
	struct json_value k, x;
	const struct json_value *twice;
	const char *start = p;
	size_t base = r->s->keys;
	bool more = true;

	p = blank(p + 1, r->end);
	if (p < r->end && *p == '}') {
		more = false;
		p++;
	}
	while (more) {
		if ((p = key(r, p, &k)) == NULL)
			return NULL;
		push_key(r->s, &k);
		if ((p = value(r, p, &x, depth + 1)) == NULL || (p = after(r, p, '}', &more)) == NULL)
			return NULL;
	}
	if ((twice = duplicate(r->s->key + base, r->s->keys - base, sizeof(*r->s->key))) != NULL)
		return fail(r, twice->p, "duplicate-member", "a member name that the object has already");
	r->s->keys = base;
	*v = (struct json_value){ .p = start, .n = (size_t)(p - start), .kind = JSON_OBJECT };
	return p;
}

static const char *
value(struct reader *r, const char *p, struct json_value *v, int depth)
{
	if (p >= r->end)
		return fail(r, p, "bad-json", "text ends where a value is due");
	switch (*p) {
	case '"':
		return string(r, p + 1, v);
	case '{':
	case '[':
		if (depth >= JSON_DEPTH)
			return fail(r, p, "too-deep", "more levels of brackets than a record may have (512)");
		return *p == '{' ? object(r, p, v, depth) : array(r, p, v, depth);
	case 'n': case 't': case 'f':
		return literal(r, p, v);
	default:
		return number(r, p, v);
	}
}

/* A word's slot by the names asked for, SIZE_MAX if it is none of them. */
static size_t
slot_of(const struct json_names *names, const struct json_value *k)
{
	size_t i;

	for (i = 0; names != NULL && i < names->count; i++)
		if (json_is(k, names->name[i]))
			return i;
	return SIZE_MAX;
}

/* The word of this key: found by its hash, or made; NONE when the table is full. */
static uint32_t
intern(struct json *j, const struct json_value *k)
{
	struct json_state *s = j->state;
	uint32_t h;
	struct word *w;

	if (k->n > WORD_LONGEST)
		return NONE;
	if (s->index == NULL) {
		s->index = xmalloc(2 * WORDS_MAX * sizeof(*s->index));
		memset(s->index, 0xff, 2 * WORDS_MAX * sizeof(*s->index));
		s->word = xmalloc(WORDS_MAX * sizeof(*s->word));
	}
	for (h = hash(k->p, k->n) & (2 * WORDS_MAX - 1); s->index[h] != NONE; h = (h + 1) & (2 * WORDS_MAX - 1)) {
		w = &s->word[s->index[h]];
		if (w->n == k->n && memcmp(w->p, k->p, k->n) == 0)
			return s->index[h];
	}
	if (s->words == WORDS_MAX)
		return NONE;
	s->word[s->words] = (struct word){ .p = xstrndup(k->p, k->n), .n = k->n, .slot = slot_of(j->names, k), .next = NONE };
	s->index[h] = s->words;
	return s->words++;
}

/* Forgets all words: the names have changed. */
static void
forget(struct json_state *s)
{
	uint32_t i;

	for (i = 0; i < s->words; i++)
		free(s->word[i].p);
	s->words = 0;
	if (s->index != NULL)
		memset(s->index, 0xff, 2 * WORDS_MAX * sizeof(*s->index));
}

static void
add_member(struct json *j)
{
	if (j->count == j->state->cap) {
		j->state->cap = j->state->cap > 0 ? 2 * j->state->cap : 64;
		j->member = xreallocarray(j->member, j->state->cap, sizeof(*j->member));
		j->state->at = xreallocarray(j->state->at, j->state->cap, sizeof(*j->state->at));
	}
	j->count++;
}

/* The members of the outermost object, whose brace is at p. */
static const char *
members(struct reader *r, const char *p)
{
	struct json *j = r->j;
	struct json_state *s = r->s;
	struct word *w;
	const struct json_value *twice;
	uint32_t prev = NONE, at;
	bool more = true, doubt = false;

	p = blank(p + 1, r->end);
	if (p < r->end && *p == '}') {
		more = false;
		p++;
	}
	while (more) {
		struct json_member *m;

		add_member(j);
		m = &j->member[j->count - 1];
		if ((p = key(r, p, &m->key)) == NULL || (p = value(r, p, &m->value, 1)) == NULL)
			return NULL;
		at = prev == NONE ? (s->words > 0 ? 0 : NONE) : s->word[prev].next;
		if (at == NONE || s->word[at].n != m->key.n || memcmp(s->word[at].p, m->key.p, m->key.n) != 0)
			at = intern(j, &m->key);
		s->at[j->count - 1] = at;
		if (at != NONE) {
			w = &s->word[at];
			if (w->turn == s->turn)
				return fail(r, m->key.p, "duplicate-member", "a member name that the record has already");
			w->turn = s->turn;
			if (prev != NONE)
				s->word[prev].next = at;
			prev = at;
		}
		doubt |= at == NONE || m->key.escaped;
		if ((p = after(r, p, '}', &more)) == NULL)
			return NULL;
	}
	if (doubt && (twice = duplicate(j->member, j->count, sizeof(*j->member))) != NULL)
		return fail(r, twice->p, "duplicate-member", "a member name that the record has already");
	return p;
}

/* Points the slots at the members; done last, when member moves no more. */
static void
fill_slots(struct json *j)
{
	struct json_state *s = j->state;
	size_t i, slot;

	if (j->names == NULL || j->names->count == 0)
		return;
	memset(j->slot, 0, j->names->count * sizeof(*j->slot));
	for (i = 0; i < j->count; i++) {
		slot = s->at[i] != NONE ? s->word[s->at[i]].slot : slot_of(j->names, &j->member[i].key);
		if (slot != SIZE_MAX)
			j->slot[slot] = &j->member[i].value;
	}
}

/* A turn begins: state is made, words of other names are forgotten. */
static void
begin(struct json *j)
{
	size_t names = j->names != NULL ? j->names->count : 0;

	if (j->state == NULL)
		j->state = xcalloc(1, sizeof(*j->state));
	if (j->state->names != names) {
		forget(j->state);
		j->slot = xreallocarray(j->slot, names, sizeof(*j->slot));
		j->state->names = names;
	}
	j->state->turn++;
	j->state->keys = 0;
	j->count = 0;
	j->error = j->detail = NULL;
	j->offset = 0;
}

bool
json_parse_any(struct json *j, const char *text, size_t n, struct json_value *v)
{
	struct reader r = { j, NULL, text, text + n };
	const char *p, *start;

	begin(j);
	r.s = j->state;
	start = p = blank(text, r.end);
	if (p < r.end && *p == '{') {
		p = members(&r, p);
		if (p != NULL)
			*v = (struct json_value){ .p = start, .n = (size_t)(p - start), .kind = JSON_OBJECT };
	} else {
		p = value(&r, p, v, 0);
	}
	if (p == NULL)
		return false;
	if ((p = blank(p, r.end)) < r.end) {
		fail(&r, p, "bad-json", "more text after the value");
		return false;
	}
	if (v->kind == JSON_OBJECT)
		fill_slots(j);
	return true;
}

bool
json_parse(struct json *j, const char *text, size_t n)
{
	struct json_value v;

	if (!json_parse_any(j, text, n, &v))
		return false;
	if (v.kind == JSON_OBJECT)
		return true;
	j->error = "not-an-object";
	j->detail = "a record must be a JSON object";
	return false;
}

struct json_names *
json_names_new(void)
{
	return xcalloc(1, sizeof(struct json_names));
}

size_t
json_names_add(struct json_names *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->count; i++)
		if (strcmp(names->name[i], name) == 0)
			return i;
	names->name = xreallocarray(names->name, names->count + 1, sizeof(*names->name));
	names->name[names->count] = xstrdup(name);
	return names->count++;
}

size_t
json_names_count(const struct json_names *names)
{
	return names->count;
}

void
json_names_free(struct json_names *names)
{
	size_t i;

	if (names == NULL)
		return;
	for (i = 0; i < names->count; i++)
		free(names->name[i]);
	free(names->name);
	free(names);
}

const struct json_value *
json_get(const struct json *j, const char *name)
{
	size_t i;

	for (i = 0; i < j->count; i++)
		if (json_is(&j->member[i].key, name))
			return &j->member[i].value;
	return NULL;
}

void
json_free(struct json *j)
{
	if (j->state != NULL) {
		forget(j->state);
		free(j->state->word);
		free(j->state->index);
		free(j->state->key);
		free(j->state->at);
		free(j->state);
	}
	free(j->member);
	free(j->slot);
	*j = (struct json){ 0 };
}
