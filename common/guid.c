#include "guid.h"

#include <string.h>

#include "sha256.h"

/* The key as a number, when it is a plain decimal one below 2^48. */
static bool
number(const char *key, size_t n, uint64_t *v)
{
	size_t i;

	if (n == 0 || n > 15 || (key[0] == '0' && n > 1))
		return false;
	for (*v = 0, i = 0; i < n; i++) {
		if (key[i] < '0' || key[i] > '9')
			return false;
		*v = *v * 10 + (uint64_t)(key[i] - '0');
	}
	return *v < (uint64_t)1 << 48;
}

struct guid
guid_make(const char *ns, const char *module, const char *key, size_t keylen)
{
	unsigned char digest[SHA256_BYTES];
	struct sha256 hash;
	size_t i;
	struct guid g;
	uint64_t v;

	sha256_start(&hash);
	sha256_add(&hash, ns, strlen(ns) + 1);
	sha256_add(&hash, module, strlen(module) + 1);
	sha256_add(&hash, key, keylen);
	sha256_end(&hash, digest);
	memcpy(g.b, digest, sizeof(g.b));
	g.b[6] = (uint8_t)(0x80 | (g.b[6] & 0x0f));
	g.b[8] = (uint8_t)(0x80 | (g.b[8] & 0x3f));
	if (number(key, keylen, &v))
		for (i = 0; i < 6; i++)
			g.b[15 - i] = (uint8_t)(v >> 8 * i);
	return g;
}

void
guid_text(const struct guid *g, char text[GUID_TEXT + 1])
{
	static const char digit[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < sizeof(g->b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*text++ = '-';
		*text++ = digit[g->b[i] >> 4];
		*text++ = digit[g->b[i] & 15];
	}
	*text = '\0';
}

/* Each hex digit's value plus one; 0: none. */
static const uint8_t hex[256] = {
	['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
	['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
	['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

bool
guid_parse(const char *p, size_t n, struct guid *g)
{
	size_t i, at = 0;
	unsigned high, low;

	if (n != GUID_TEXT)
		return false;
	for (i = 0; i < sizeof(g->b); i++) {
		if ((at == 8 || at == 13 || at == 18 || at == 23) && p[at++] != '-')
			return false;
		high = hex[(unsigned char)p[at++]];
		low = hex[(unsigned char)p[at++]];
		if (high == 0 || low == 0)
			return false;
		g->b[i] = (uint8_t)((high - 1) << 4 | (low - 1));
	}
	return true;
}
