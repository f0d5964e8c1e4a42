#include "address.h"

static void
trim(const char **p, size_t *n)
{
	while (*n > 0 && (unsigned char)**p <= ' ') {
		++*p;
		--*n;
	}
	while (*n > 0 && (unsigned char)(*p)[*n - 1] <= ' ')
		--*n;
}

void
address_in(const char **p, size_t *n)
{
	const char *inner;
	size_t len;

	trim(p, n);
	if (*n == 0 || (*p)[*n - 1] != '>')
		return;
	for (inner = *p + *n - 1; inner > *p && inner[-1] != '<'; inner--)
		;
	if (inner == *p)
		return;
	len = (size_t)(*p + *n - 1 - inner);
	trim(&inner, &len);
	if (len == 0)
		return;
	*p = inner;
	*n = len;
}

void
address_fold(char *dst, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		dst[i] = (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i]);
}
