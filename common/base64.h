/*
 * base64 - bytes as text (RFC 4648, section 4)
 */
#ifndef BASE64_H
#define BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define BASE64_SIZE(n) (((n) + 2) / 3 * 4)	/* characters for n bytes */

void base64_put(struct buf *b, const char *p, size_t n);	/* adds n bytes as text; padded, no line breaks */

/*
 * Adds the bytes of a text, as a browser reads one (WHATWG Infra, "forgiving-
 * base64 decode"): ASCII white space anywhere, padding there or not, unused bits
 * ignored.  Any other character, or a number of digits that no bytes give: false,
 * and b is as it was.
 */
bool base64_get(struct buf *b, const char *p, size_t n);

#endif
