/*
 * Activity parties: roles, and who is already in the record's list.
 *
 * Source: dataverse-api, section 9, participationtypemask and what each
 * activity allows.
 */
#include <stdio.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "address.h"
#include "map.h"
#include "xalloc.h"

static const char *const roles[] = { NULL, "sender", "to", "cc", "bcc", "required", "optional", "organizer" };
#define ROLES (sizeof(roles) / sizeof(roles[0]))

int
party_role(const char *word, size_t n)
{
	size_t i;

	for (i = 1; i < ROLES; i++)
		if (strlen(roles[i]) == n && memcmp(roles[i], word, n) == 0)
			return (int)i;
	return 0;
}

unsigned
party_roles(const char *table)
{
	if (strcmp(table, "appointment") == 0)
		return 1u << 5 | 1u << 6 | 1u << 7;
	if (strcmp(table, "email") == 0)
		return 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4;
	if (strcmp(table, "phonecall") == 0)
		return 1u << 1 | 1u << 2;
	return 0xfe;
}

void
party_role_names(unsigned allowed, char *text, size_t n)
{
	size_t i, at = 0;

	text[0] = '\0';
	for (i = 1; i < ROLES && at + 12 < n; i++)
		if (allowed & 1u << i)
			at += (size_t)snprintf(text + at, n - at, "%s%s", at > 0 ? " " : "", roles[i]);
}

/* Keys one after the other in text; the table has the hash of each, and where it is. */
struct parties {
	struct buf text;
	struct { uint64_t hash; size_t from, n; } *key;
	size_t keys, room;
	uint32_t *index;		/* position + 1; 0: free */
	size_t mask;
};

struct parties *
parties_new(void)
{
	struct parties *a = xcalloc(1, sizeof(*a));

	a->mask = 63;
	a->index = xcalloc(a->mask + 1, sizeof(*a->index));
	return a;
}

void
parties_start(struct parties *a)
{
	if (a->keys > 0)
		memset(a->index, 0, (a->mask + 1) * sizeof(*a->index));
	a->keys = a->text.n = 0;
}

static void
grow(struct parties *a)
{
	size_t i, at;

	a->room = a->room == 0 ? 32 : 2 * a->room;
	a->key = xreallocarray(a->key, a->room, sizeof(*a->key));
	if (2 * a->room <= a->mask + 1)
		return;
	free(a->index);
	a->mask = 2 * a->mask + 1;
	a->index = xcalloc(a->mask + 1, sizeof(*a->index));
	for (i = 0; i < a->keys; i++) {
		for (at = a->key[i].hash & a->mask; a->index[at] != 0; at = (at + 1) & a->mask)
			;
		a->index[at] = (uint32_t)i + 1;
	}
}

bool
parties_add(struct parties *a, const char *party, size_t n)
{
	size_t from = a->text.n, at;
	uint64_t hash;

	buf_room(&a->text, n + 1);
	address_fold(a->text.p + from, party, n);
	hash = XXH3_64bits(a->text.p + from, n);
	for (at = hash & a->mask; a->index[at] != 0; at = (at + 1) & a->mask) {
		size_t i = a->index[at] - 1;

		if (a->key[i].hash == hash && a->key[i].n == n && memcmp(a->text.p + a->key[i].from, a->text.p + from, n) == 0)
			return false;
	}
	a->text.n = from + n;
	if (a->keys == a->room) {
		grow(a);
		for (at = hash & a->mask; a->index[at] != 0; at = (at + 1) & a->mask)
			;
	}
	a->key[a->keys].hash = hash;
	a->key[a->keys].from = from;
	a->key[a->keys].n = n;
	a->index[at] = (uint32_t)++a->keys;
	return true;
}
