#include "reconcile.h"

#include <stdio.h>

#define PLACES 10

bool
decimal_read(const struct json_value *v, struct decimal *d)
{
	size_t i = 0;
	int place = -1;
	bool minus, digit = false;

	d->v = 0;
	if (v == NULL || (v->kind != JSON_NUMBER && v->kind != JSON_STRING) || v->n == 0 || v->n > 27)
		return false;
	minus = v->p[0] == '-';
	for (i = minus; i < v->n; i++) {
		if (v->p[i] == '.' && place < 0 && digit) {
			place = 0;
			continue;
		}
		if (v->p[i] < '0' || v->p[i] > '9' || place == PLACES)
			return false;
		d->v = d->v * 10 + (v->p[i] - '0');
		digit = true;
		if (place >= 0)
			place++;
	}
	for (place = place < 0 ? 0 : place; place < PLACES; place++)
		d->v *= 10;
	if (minus)
		d->v = -d->v;
	return digit;
}

void
decimal_print(struct buf *b, struct decimal d)
{
	__extension__ const __int128 one = 10000000000;
	__extension__ __int128 v = d.v < 0 ? -d.v : d.v;
	char whole[40], part[PLACES + 1];
	size_t i = sizeof(whole), n = PLACES;
	__extension__ __int128 w = v / one;

	do {
		whole[--i] = (char)('0' + (int)(w % 10));
		w /= 10;
	} while (w > 0);
	snprintf(part, sizeof(part), "%010llu", (unsigned long long)(v % one));
	while (n > 4 && part[n - 1] == '0')
		n--;
	if (d.v < 0)
		buf_char(b, '-');
	buf_add(b, whole + i, sizeof(whole) - i);
	buf_char(b, '.');
	buf_add(b, part, n);
}
