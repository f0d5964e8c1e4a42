/*
 * address - e-mail addresses as they stand in records
 *
 * The address of "Dara Quill <dara@corp.example>" is what stands between the
 * last < and the > at the end; of anything else the whole text.  Blanks and
 * controls around it are taken off.  Two are the same when they are equal
 * without regard to the case of A to Z.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stddef.h>

void address_in(const char **p, size_t *n);			/* narrows the span to the address in it */
void address_fold(char *dst, const char *p, size_t n);		/* n bytes, A-Z made small; dst may be p */

#endif
