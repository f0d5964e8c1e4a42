/* The half of json.h that walks and converts what json_parse has judged: no check is made here. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "json.h"
#include "xalloc.h"

static const char *
skip_blank(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
		p++;
	return p;
}

/*
 * Past the closing quote of the string whose opening quote is just before p.
 * Sixteen bytes at a time may be read past the end: that is what JSON_PAD is for.
 */
static const char *
skip_string(const char *p, bool *escaped, bool *ascii)
{
	*escaped = false;
	*ascii = true;
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');

	for (;; p += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
		unsigned high = (unsigned)_mm_movemask_epi8(x);
		unsigned stop = (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash)));
		unsigned at = stop != 0 ? (unsigned)__builtin_ctz(stop) : 16;

		*ascii = *ascii && (high & ((1u << at) - 1)) == 0;
		if (stop == 0)
			continue;
		if (p[at] == '"')
			return p + at + 1;
		p += at;
		break;
	}
#endif
	for (; *p != '"'; p++) {
		if (*p == '\\') {
			*escaped = true;
			p++;
		} else if ((unsigned char)*p >= 0x80) {
			*ascii = false;
		}
	}
	return p + 1;
}

/* Past the container that begins at p. */
static const char *
skip_container(const char *p)
{
	int depth = 0;
	bool e, a;

	do {
		if (*p == '"') {
			p = skip_string(p + 1, &e, &a);
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		p++;
	} while (depth > 0);
	return p;
}

static const char *
take(const char *p, struct json_value *v)
{
	const char *q = p;

	*v = (struct json_value){ .p = p };
	switch (*p) {
	case '"':
		v->kind = JSON_STRING;
		v->p = p + 1;
		q = skip_string(p + 1, &v->escaped, &v->ascii);
		v->n = (size_t)(q - 1 - v->p);
		return q;
	case '{':
	case '[':
		v->kind = *p == '{' ? JSON_OBJECT : JSON_ARRAY;
		q = skip_container(p);
		break;
	case 'n': v->kind = JSON_NULL; q = p + 4; break;
	case 't': v->kind = JSON_TRUE; q = p + 4; break;
	case 'f': v->kind = JSON_FALSE; q = p + 5; break;
	default:
		v->kind = JSON_NUMBER;
		while ((*q >= '0' && *q <= '9') || *q == '-' || *q == '+' || *q == '.' || *q == 'e' || *q == 'E')
			q++;
	}
	v->n = (size_t)(q - p);
	return q;
}

struct json_iter
json_iter(const struct json_value *v)
{
	if (v == NULL || (v->kind != JSON_OBJECT && v->kind != JSON_ARRAY))
		return (struct json_iter){ 0 };
	return (struct json_iter){ v->p + 1, v->p + v->n - 1, v->kind == JSON_OBJECT };
}

bool
json_next(struct json_iter *it, struct json_value *key, struct json_value *v)
{
	struct json_value k = { 0 };
	const char *p = it->p;
	bool e, a;

	if (p == NULL)
		return false;
	p = skip_blank(p);
	if (p >= it->end)
		return false;
	if (*p == ',')
		p = skip_blank(p + 1);
	if (it->object) {
		k = (struct json_value){ .p = p + 1, .kind = JSON_STRING };
		p = skip_string(p + 1, &e, &a);
		k.n = (size_t)(p - 1 - k.p);
		k.escaped = e;
		k.ascii = a;
		p = skip_blank(skip_blank(p) + 1);
	}
	if (key != NULL)
		*key = k;
	it->p = take(p, v);
	return true;
}

bool
json_member(const struct json_value *object, const char *name, struct json_value *v)
{
	struct json_iter it;
	struct json_value k;

	if (object == NULL || object->kind != JSON_OBJECT)
		return false;
	it = json_iter(object);
	while (json_next(&it, &k, v))
		if (json_is(&k, name))
			return true;
	*v = (struct json_value){ 0 };
	return false;
}

bool
json_path(const struct json_value *object, const char *path, struct json_value *v)
{
	struct json_value at = *object;
	char name[256];
	size_t n;

	for (;; path += n + 1) {
		n = strcspn(path, ".");
		if (n >= sizeof(name))
			return false;
		memcpy(name, path, n);
		name[n] = '\0';
		if (!json_member(&at, name, v))
			return false;
		if (path[n] == '\0')
			return true;
		at = *v;
	}
}

bool
json_is(const struct json_value *v, const char *text)
{
	size_t n = strlen(text);
	char *d;
	bool same;

	if (v == NULL || v->kind != JSON_STRING)
		return false;
	if (!v->escaped)
		return v->n == n && memcmp(v->p, text, n) == 0;
	if (v->n < n)
		return false;
	d = xmalloc(v->n + 1);
	same = json_decode(v, d) == n && memcmp(d, text, n) == 0;
	free(d);
	return same;
}

bool
json_null(const struct json_value *v)
{
	return v == NULL || v->kind == JSON_NULL || v->kind == JSON_NONE;
}

static uint32_t
unit(const char *p)
{
	uint32_t v = 0;
	int i;

	for (i = 0; i < 4; i++)
		v = v * 16 + (uint32_t)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
	return v;
}

static size_t
put_utf8(char *d, uint32_t c)
{
	if (c < 0x80) {
		d[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		d[0] = (char)(0xc0 | c >> 6);
		d[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		d[0] = (char)(0xe0 | c >> 12);
		d[1] = (char)(0x80 | (c >> 6 & 0x3f));
		d[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	d[0] = (char)(0xf0 | c >> 18);
	d[1] = (char)(0x80 | (c >> 12 & 0x3f));
	d[2] = (char)(0x80 | (c >> 6 & 0x3f));
	d[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* The character of the escape whose backslash is at p; *used bytes of text. */
static uint32_t
escaped(const char *p, size_t *used)
{
	static const char mark[] = "bfnrt", byte[] = "\b\f\n\r\t";
	const char *m;
	uint32_t c;

	*used = 2;
	if (p[1] != 'u') {
		m = strchr(mark, p[1]);
		return (unsigned char)(m != NULL ? byte[m - mark] : p[1]);
	}
	*used = 6;
	c = unit(p + 2);
	if (c < 0xd800 || c > 0xdbff)
		return c;
	*used = 12;
	return 0x10000 + ((c - 0xd800) << 10) + (unit(p + 8) - 0xdc00);
}

size_t
json_decode(const struct json_value *v, char *dst)
{
	const char *p = v->p, *end = v->p + v->n, *q;
	char *d = dst;
	size_t used;

	if (!v->escaped) {
		memcpy(dst, v->p, v->n);
		return v->n;
	}
	while ((q = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		memmove(d, p, (size_t)(q - p));
		d += q - p;
		d += put_utf8(d, escaped(q, &used));
		p = q + used;
	}
	memmove(d, p, (size_t)(end - p));
	return (size_t)(d - dst) + (size_t)(end - p);
}

char *
json_strdup(const struct json_value *v)
{
	char *d;
	size_t n;

	if (v == NULL || v->kind != JSON_STRING)
		return NULL;
	d = xmalloc(v->n + 1);
	n = json_decode(v, d);
	d[n] = '\0';
	if (memchr(d, '\0', n) != NULL) {
		free(d);
		return NULL;
	}
	return d;
}

size_t
json_utf16(const struct json_value *v)
{
	const unsigned char *p = (const unsigned char *)v->p, *end = p + v->n;
	size_t n = 0;

	if (!v->escaped && v->ascii)
		return v->n;
	while (p < end) {
		if (*p == '\\') {
			p += p[1] == 'u' ? 6 : 2;	/* each half of a pair is a unit */
			n++;
		} else if (*p < 0x80) {
			p++;
			n++;
		} else {
			n += *p >= 0xf0 ? 2 : 1;
			p += *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;
		}
	}
	return n;
}

void
json_raw(const struct json_value *v, const char **p, size_t *n)
{
	bool quoted = v->kind == JSON_STRING;

	*p = quoted ? v->p - 1 : v->p;
	*n = quoted ? v->n + 2 : v->n;
}

void
json_put(struct buf *b, const struct json_value *v)
{
	const char *p;
	size_t n;

	json_raw(v, &p, &n);
	buf_add(b, p, n);
}

bool
json_int(const struct json_value *v, int64_t *out)
{
	size_t i = 0;
	bool minus;
	int64_t x = 0;

	if (v == NULL || v->kind != JSON_NUMBER)
		return false;
	minus = v->p[0] == '-';
	for (i = minus; i < v->n; i++) {
		int d = v->p[i] - '0';

		if (d < 0 || d > 9)
			return false;
		if (x < (INT64_MIN + d) / 10)	/* counted downwards: INT64_MIN has no positive twin */
			return false;
		x = x * 10 - d;
	}
	if (!minus && x == INT64_MIN)
		return false;
	*out = minus ? x : -x;
	return true;
}

void
json_pad(struct buf *b)
{
	buf_room(b, JSON_PAD);
	memset(b->p + b->n, 0, JSON_PAD);
}
