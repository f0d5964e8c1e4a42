/*
 * sha256 - SHA-256 of bytes that come in pieces
 *
 * The low-level functions of libcrypto: those of EVP allocate, and give no hash
 * at all when memory is out.
 */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_TEXT 64		/* characters, without the NUL */

struct sha256 {
	uint32_t state[28];	/* private */
};

void sha256_start(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *p, size_t n);
void sha256_end(struct sha256 *s, unsigned char digest[SHA256_BYTES]);
void sha256_end_text(struct sha256 *s, char text[SHA256_TEXT + 1]);	/* lower-case hexadecimal */

#endif
