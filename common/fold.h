/*
 * fold - texts made comparable: trimmed, and without regard to case
 *
 * White space (Unicode White_Space: U+0009..000D, 0020, 0085, 00A0, 1680,
 * 2000..200A, 2028, 2029, 202F, 205F, 3000) is taken off both ends; what is
 * inside stays.  Case is folded by a fixed rule, the same in every locale:
 * A-Z; Latin-1 and Latin Extended-A (U+00C0..017F, but dotted and dotless i
 * stay as they are); Greek and Cyrillic capitals (U+0386..03AB, 0400..042F);
 * final sigma is sigma.  Accents stay, nothing is composed or decomposed.
 * Bytes that are no UTF-8 stay as they are.
 */
#ifndef FOLD_H
#define FOLD_H

#include <stddef.h>

size_t fold(char *dst, const char *p, size_t n);	/* at most n bytes; dst may be p; returns the length */

#endif
