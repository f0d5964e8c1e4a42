/*
 * guid - computed ids (UUID version 8, RFC 9562) from the source key alone
 *
 * id = SHA-256("<namespace>\0<module>\0<key>"); bytes 0..9 are its first ten,
 * with version 8 in the high nibble of byte 6 and variant 10 in byte 8.
 * Bytes 10..15 are the key as a 48-bit big-endian number when it is a plain
 * decimal number (no sign, no leading zero) below 2^48, and hash bytes 10..15
 * otherwise: SQL Server orders GUIDs by those six bytes first, so a load in
 * order of the source numbers appends to the index.
 *
 * Test vectors: test/assign-ids.bats and assign-ids --help.
 */
#ifndef GUID_H
#define GUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUID_TEXT 36

struct guid {
	uint8_t b[16];
};

struct guid guid_make(const char *ns, const char *module, const char *key, size_t keylen);
void guid_text(const struct guid *g, char text[GUID_TEXT + 1]);		/* lower case, with hyphens */
bool guid_parse(const char *p, size_t n, struct guid *g);		/* either case, 36 characters, braces refused */

#endif
