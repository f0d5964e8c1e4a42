#include "keys.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>

#include "xalloc.h"

/* The text block holds, for each key: its number (4 bytes), its length (2), its bytes. */
#define HEAD 6
#define HUGE ((size_t)2 << 20)

struct slot {
	uint32_t at;		/* of the key's head in the text block, plus one; 0: empty */
	uint32_t hash;
};

struct keys {
	struct slot *slot;
	size_t slots;		/* a power of two */
	char *text;
	size_t used, cap;
	uint32_t count;
};

/* Empty slots.  A large table is asked for in huge pages: a key is looked up anywhere in it. */
static struct slot *
slots_new(size_t n)
{
	size_t bytes = n * sizeof(struct slot);
	struct slot *s;

	if (bytes < 2 * HUGE)
		return xcalloc(n, sizeof(*s));
	s = aligned_alloc(HUGE, bytes);
	if (s == NULL)
		err(EX_IOERR, "memory for %zu keys", n);
	madvise(s, bytes, MADV_HUGEPAGE);
	memset(s, 0, bytes);
	return s;
}

struct keys *
keys_new(void)
{
	struct keys *k = xcalloc(1, sizeof(*k));

	k->slots = 64;
	k->slot = slots_new(k->slots);
	return k;
}

/* Eight bytes a step, multiplied and folded, so that the low bits can choose the slot. */
static uint32_t
hash(const char *p, size_t n)
{
	uint64_t h = n, word;

	for (; n > 0; p += 8, n -= 8) {
		word = 0;
		memcpy(&word, p, n < 8 ? n : 8);
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
		if (n <= 8)
			break;
	}
	h *= 0xd6e8feb86659fd93u;
	return (uint32_t)(h >> 32);
}

static bool
same(const struct keys *k, const struct slot *s, const char *p, size_t n)
{
	const char *head = k->text + s->at - 1;
	uint16_t len;

	memcpy(&len, head + 4, sizeof(len));
	return len == n && memcmp(head + HEAD, p, n) == 0;
}

/* The slot of a key, or the empty one where it would go. */
static struct slot *
place(const struct keys *k, uint32_t h, const char *p, size_t n)
{
	size_t i = h & (k->slots - 1);

	while (k->slot[i].at != 0 && !(k->slot[i].hash == h && same(k, &k->slot[i], p, n)))
		i = (i + 1) & (k->slots - 1);
	return &k->slot[i];
}

static void
grow(struct keys *k)
{
	struct slot *old = k->slot;
	size_t i, j, n = k->slots;

	k->slots *= 2;
	k->slot = slots_new(k->slots);
	for (i = 0; i < n; i++) {
		if (old[i].at == 0)
			continue;
		for (j = old[i].hash & (k->slots - 1); k->slot[j].at != 0; j = (j + 1) & (k->slots - 1))
			;
		k->slot[j] = old[i];
	}
	free(old);
}

static uint32_t
number(const struct keys *k, const struct slot *s)
{
	uint32_t i;

	memcpy(&i, k->text + s->at - 1, sizeof(i));
	return i;
}

uint32_t
keys_add(struct keys *k, const char *p, size_t n, bool *fresh)
{
	uint32_t h = hash(p, n);
	struct slot *s = place(k, h, p, n);
	uint16_t len = (uint16_t)n;
	char *head;

	if (fresh != NULL)
		*fresh = s->at == 0;
	if (s->at != 0)
		return number(k, s);
	if (n > KEYS_LONGEST || k->used + HEAD + n >= UINT32_MAX)
		errx(EX_DATAERR, "more or longer keys than fit: %u so far, the next one has %zu bytes", k->count, n);
	if (k->used + HEAD + n > k->cap) {
		k->cap = (k->cap + HEAD + n) * 2;
		k->text = xrealloc(k->text, k->cap);
	}
	head = k->text + k->used;
	memcpy(head, &k->count, 4);
	memcpy(head + 4, &len, 2);
	memcpy(head + HEAD, p, n);
	s->at = (uint32_t)k->used + 1;
	s->hash = h;
	k->used += HEAD + n;
	if (++k->count > k->slots / 4 * 3)
		grow(k);
	return k->count - 1;
}

bool
keys_find(const struct keys *k, const char *p, size_t n, uint32_t *i)
{
	struct slot *s = place(k, hash(p, n), p, n);

	if (s->at == 0)
		return false;
	*i = number(k, s);
	return true;
}

void
keys_prefetch(const struct keys *k, const char *p, size_t n)
{
	__builtin_prefetch(&k->slot[hash(p, n) & (k->slots - 1)]);
}

uint32_t
keys_count(const struct keys *k)
{
	return k->count;
}

bool
keys_next(const struct keys *k, size_t *at, const char **p, size_t *n)
{
	uint16_t len;

	if (*at >= k->used)
		return false;
	memcpy(&len, k->text + *at + 4, sizeof(len));
	*p = k->text + *at + HEAD;
	*n = len;
	*at += HEAD + len;
	return true;
}

void
keys_free(struct keys *k)
{
	if (k == NULL)
		return;
	free(k->slot);
	free(k->text);
	free(k);
}
