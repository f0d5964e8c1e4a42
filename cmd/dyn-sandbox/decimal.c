/*
 * decimal - exact decimal numbers as text; nothing goes through a double
 *
 * Rounding is to the nearest, a half away from zero, as SQL Server's ROUND.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

#define DIGITS 400
#define WHOLE 100		/* digits before the point: no column takes more */

/* A JSON number as its digits, without leading zeros, and the count of them behind the point. */
struct digits {
	char d[DIGITS * 2 + 2];
	size_t n;
	long scale;
	bool minus;
};

static bool
digits_read(struct digits *x, const char *p, size_t n)
{
	const char *e = p + n;
	bool point = false;
	long exponent = 0;

	*x = (struct digits){ 0 };
	if (p < e && *p == '-') {
		x->minus = true;
		p++;
	}
	for (; p < e && (isdigit((unsigned char)*p) || *p == '.'); p++) {
		if (*p == '.') {
			point = true;
			continue;
		}
		if (x->n > 0 || *p != '0') {
			if (x->n == DIGITS)
				return false;
			x->d[x->n++] = *p;
		}
		x->scale += point;
	}
	if (p < e && (*p == 'e' || *p == 'E'))
		exponent = strtol(p + 1, NULL, 10);
	if (exponent > DIGITS || exponent < -DIGITS)
		return x->n == 0 && (x->scale = 0, true);
	x->scale -= exponent;
	for (; x->scale < 0; x->scale++) {
		if (x->n > 0 && x->n < DIGITS * 2)
			x->d[x->n++] = '0';
	}
	return x->n < DIGITS * 2;
}

static void
digits_increment(struct digits *x)
{
	size_t i;

	for (i = x->n; i > 0; i--) {
		if (x->d[i - 1] != '9') {
			x->d[i - 1]++;
			return;
		}
		x->d[i - 1] = '0';
	}
	memmove(x->d + 1, x->d, x->n);
	x->d[0] = '1';
	x->n++;
}

static void
digits_round(struct digits *x, int places)
{
	long drop = x->scale - places;
	bool up;

	if (drop <= 0)
		return;
	if ((size_t)drop > x->n) {
		x->n = 0;
	} else {
		up = x->d[x->n - (size_t)drop] >= '5';
		x->n -= (size_t)drop;
		if (up)
			digits_increment(x);
	}
	x->scale = places;
}

char *
decimal_round(struct arena *a, const char *p, size_t n, int places)
{
	struct digits x;
	char *s, *o;
	size_t whole, i;

	if (!digits_read(&x, p, n) || (long)x.n - x.scale > WHOLE)
		return NULL;
	digits_round(&x, places);
	while (x.scale < places && x.n < DIGITS * 2) {
		if (x.n > 0)
			x.d[x.n++] = '0';
		x.scale++;
	}
	o = s = arena_get(a, x.n + (size_t)x.scale + 4);
	if (x.minus && x.n > 0)
		*o++ = '-';
	whole = x.n > (size_t)x.scale ? x.n - (size_t)x.scale : 0;
	if (whole == 0)
		*o++ = '0';
	memcpy(o, x.d, whole);
	o += whole;
	if (x.scale > 0)
		*o++ = '.';
	for (i = x.n - whole; i < (size_t)x.scale; i++)
		*o++ = '0';
	memcpy(o, x.d + whole, x.n - whole);
	return s;
}

static int
compare_size(const struct digits *x, const struct digits *y)
{
	long wx = (long)x->n - x->scale, wy = (long)y->n - y->scale;
	size_t i, n = x->n > y->n ? x->n : y->n;
	char cx, cy;

	if (x->n == 0 || y->n == 0)
		return (x->n > 0) - (y->n > 0);
	if (wx != wy)
		return wx < wy ? -1 : 1;
	for (i = 0; i < n; i++) {
		cx = i < x->n ? x->d[i] : '0';
		cy = i < y->n ? y->d[i] : '0';
		if (cx != cy)
			return cx < cy ? -1 : 1;
	}
	return 0;
}

int
decimal_cmp(const char *x, const char *y)
{
	struct digits a, b;
	int c;

	if (!digits_read(&a, x, strlen(x)) || !digits_read(&b, y, strlen(y)))
		return 0;
	if (a.n == 0 && b.n == 0)
		return 0;
	if (a.minus != b.minus && a.n > 0 && b.n > 0)
		return a.minus ? -1 : 1;
	c = compare_size(&a, &b);
	return (a.n > 0 ? a.minus : b.minus) ? -c : c;
}

/* Wide enough for money with four places times the ten of a rate; not ISO C, and said so. */
__extension__ typedef __int128 wide;

static bool
scaled(const char *text, int places, struct arena *a, wide *out)
{
	char *s = decimal_round(a, text, strlen(text), places), *p;

	if (s == NULL || strlen(s) > 30)
		return false;
	*out = 0;
	for (p = s; *p != '\0'; p++)
		if (isdigit((unsigned char)*p))
			*out = *out * 10 + (*p - '0');
	if (s[0] == '-')
		*out = -*out;
	return true;
}

/* x with 4 places by y with 10: what money and exchange rates have. */
char *
decimal_divide(struct arena *a, const char *x, const char *y, int places)
{
	wide n, d, q;
	char s[48], *p = s + sizeof(s);
	bool minus;

	if (!scaled(x, 4, a, &n) || !scaled(y, 10, a, &d) || d == 0)
		return NULL;
	minus = (n < 0) != (d < 0);
	n = n < 0 ? -n : n;
	d = d < 0 ? -d : d;
	n *= 10000000000LL;
	q = n / d + (n % d * 2 >= d);
	for (*--p = '\0'; q > 0 || p > s + sizeof(s) - 6; q /= 10) {
		if (p == s + sizeof(s) - 5)
			*--p = '.';
		*--p = (char)('0' + (int)(q % 10));
	}
	if (*p == '.')
		*--p = '0';
	if (minus)
		*--p = '-';
	return decimal_round(a, p, strlen(p), places);
}
