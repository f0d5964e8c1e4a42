#define OPENSSL_SUPPRESS_DEPRECATED
#include "sha256.h"

#include <openssl/sha.h>

_Static_assert(sizeof(struct sha256) >= sizeof(SHA256_CTX), "room for libcrypto's state");
_Static_assert(_Alignof(struct sha256) >= _Alignof(SHA256_CTX), "and aligned for it");

static SHA256_CTX *
ctx(struct sha256 *s)
{
	return (SHA256_CTX *)(void *)s;
}

void
sha256_start(struct sha256 *s)
{
	SHA256_Init(ctx(s));
}

void
sha256_add(struct sha256 *s, const void *p, size_t n)
{
	SHA256_Update(ctx(s), p, n);
}

void
sha256_end(struct sha256 *s, unsigned char digest[SHA256_BYTES])
{
	SHA256_Final(digest, ctx(s));
}

void
sha256_end_text(struct sha256 *s, char text[SHA256_TEXT + 1])
{
	static const char digit[] = "0123456789abcdef";
	unsigned char digest[SHA256_BYTES];
	size_t i;

	sha256_end(s, digest);
	for (i = 0; i < SHA256_BYTES; i++) {
		text[2 * i] = digit[digest[i] >> 4];
		text[2 * i + 1] = digit[digest[i] & 15];
	}
	text[SHA256_TEXT] = '\0';
}
