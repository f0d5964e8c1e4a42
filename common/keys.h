/*
 * keys - a set of byte strings, numbered 0, 1, ... in order of arrival
 *
 * One open-addressing table of 8-byte slots over one block of text; the
 * caller keeps what belongs to a key in an array of its own, by number.
 * A key costs its bytes, 6 more, and 11 to 22 for its slots.
 * At most 65,535 bytes a key and 4 GiB of keys; more ends the program (65).
 */
#ifndef KEYS_H
#define KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYS_LONGEST 65535

struct keys;

struct keys *keys_new(void);
uint32_t keys_add(struct keys *k, const char *p, size_t n, bool *fresh);	/* its number, the old one if known; fresh may be NULL */
bool keys_find(const struct keys *k, const char *p, size_t n, uint32_t *number);
void keys_prefetch(const struct keys *k, const char *p, size_t n);	/* a hint: this key will be asked for soon */
uint32_t keys_count(const struct keys *k);
/* The keys in order: *at is 0 at first; false after the last one. */
bool keys_next(const struct keys *k, size_t *at, const char **p, size_t *n);
void keys_free(struct keys *k);

#endif
