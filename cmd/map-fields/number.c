/* Numbers as text: read, compared and written digit by digit, so that none is ever rounded. */
#include <stdlib.h>

#include "map.h"
#include "xalloc.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
decimal_read(const char *p, size_t n, struct decimal *d)
{
	const char *end = p + n;

	*d = (struct decimal){ 0 };
	while (p < end && (*p == ' ' || (*p >= '\t' && *p <= '\r')))
		p++;
	while (end > p && (end[-1] == ' ' || (end[-1] >= '\t' && end[-1] <= '\r')))
		end--;
	if (p < end && *p == '-') {
		d->negative = true;
		p++;
	}
	if (p == end || !is_digit(*p))
		return false;
	while (end - p > 1 && *p == '0' && is_digit(p[1]))
		p++;
	for (d->whole = p; p < end && is_digit(*p); p++)
		;
	d->wholes = (size_t)(p - d->whole);
	d->fraction = p;
	if (p < end && *p == '.') {
		for (d->fraction = ++p; p < end && is_digit(*p); p++)
			;
		if (p == d->fraction)
			return false;
		d->fractions = (size_t)(p - d->fraction);
	}
	while (d->fractions > 0 && d->fraction[d->fractions - 1] == '0')
		d->fractions--;
	if (d->wholes == 1 && d->whole[0] == '0')
		d->wholes = 0;
	if (d->wholes == 0 && d->fractions == 0)
		d->negative = false;
	return p == end;
}

static int
compare_digits(const struct decimal *a, const struct decimal *b)
{
	size_t n = a->fractions < b->fractions ? a->fractions : b->fractions;
	int c;

	if (a->wholes != b->wholes)
		return a->wholes < b->wholes ? -1 : 1;
	if ((c = memcmp(a->whole, b->whole, a->wholes)) != 0)
		return c;
	if ((c = memcmp(a->fraction, b->fraction, n)) != 0)
		return c;
	return a->fractions < b->fractions ? -1 : a->fractions > b->fractions;
}

int
decimal_compare(const struct decimal *a, const struct decimal *b)
{
	if (a->negative != b->negative)
		return a->negative ? -1 : 1;
	return a->negative ? compare_digits(b, a) : compare_digits(a, b);
}

void
decimal_put(struct buf *b, const struct decimal *d)
{
	if (d->negative)
		put(b, "-", 1);
	if (d->wholes == 0)
		put(b, "0", 1);
	else
		put(b, d->whole, d->wholes);
	if (d->fractions > 0) {
		put(b, ".", 1);
		put(b, d->fraction, d->fractions);
	}
}

/* A bound from the metadata, which may be written 1E+15 or 1.5e-3, without its exponent. */
static char *
plain_number(const char *text)
{
	size_t mantissa = strcspn(text, "eE");
	long point = text[mantissa] != '\0' ? strtol(text + mantissa + 1, NULL, 10) : 0;	/* digits before it */
	struct buf digits = { 0 }, b = { 0 };
	const char *p;
	bool fraction = false;
	long i;

	for (p = text + (*text == '-'); p < text + mantissa; p++) {
		if (*p == '.') {
			fraction = true;
			continue;
		}
		point += !fraction;
		buf_char(&digits, *p);
	}
	buf_str(&b, *text == '-' ? "-0" : "0");
	for (i = point < 0 ? point : 0; i < point || i < (long)digits.n; i++) {
		if (i == point)
			buf_char(&b, '.');
		buf_char(&b, i >= 0 && i < (long)digits.n ? digits.p[i] : '0');
	}
	buf_nul(&b);
	buf_free(&digits);
	return b.p;
}

static const struct { enum meta_type type; const char *min, *max; int places; } kinds[] = {
	{ META_INTEGER, "-2147483648", "2147483647", 0 },
	{ META_BIGINT, "-9223372036854775808", "9223372036854775807", 0 },
	{ META_DECIMAL, "-100000000000", "100000000000", -1 },
	{ META_DOUBLE, "-100000000000", "100000000000", -1 },
	{ META_MONEY, "-922337203685477", "922337203685477", -1 },
};

struct number_bounds *
number_bounds(const struct meta_column *c)
{
	struct number_bounds *b;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && kinds[i].type != c->type; i++)
		;
	if (i == sizeof(kinds) / sizeof(kinds[0]))
		return NULL;
	b = xcalloc(1, sizeof(*b));
	b->min_text = plain_number(c->min != NULL ? c->min : kinds[i].min);
	b->max_text = plain_number(c->max != NULL ? c->max : kinds[i].max);
	b->places = kinds[i].places == 0 ? 0 : c->precision;
	if (!decimal_read(b->min_text, strlen(b->min_text), &b->min))
		decimal_read(kinds[i].min, strlen(kinds[i].min), &b->min);
	if (!decimal_read(b->max_text, strlen(b->max_text), &b->max))
		decimal_read(kinds[i].max, strlen(kinds[i].max), &b->max);
	return b;
}
