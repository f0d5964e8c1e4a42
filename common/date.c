/* Dates: what each form means is in date.h. */
#include "date.h"

#include <string.h>

#define YEAR_MIN 1753		/* Dataverse keeps 1753-01-01 to 9999-12-31 */
#define YEAR_MAX 9999

struct reader {
	const char *p, *end;
};

static bool
one_of(struct reader *r, const char *set)
{
	if (r->p < r->end && *r->p != '\0' && strchr(set, *r->p) != NULL) {
		r->p++;
		return true;
	}
	return false;
}

/* Exactly min to max digits. */
static bool
digits(struct reader *r, int min, int max, int *out)
{
	int n = 0, v = 0;

	while (n < max && r->p < r->end && *r->p >= '0' && *r->p <= '9') {
		v = v * 10 + (*r->p++ - '0');
		n++;
	}
	*out = v;
	return n >= min;
}

/* Days since 1970-01-01 of a civil date (proleptic Gregorian; years count from March). */
static int64_t
days_from(int year, int month, int day)
{
	int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void
date_from(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}

static bool
real_date(int year, int month, int day)
{
	static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month >= 1 && month <= 12 && day >= 1 && day <= length[month - 1] + (leap && month == 2);
}

static bool
real_time(int hour, int minute, int second)
{
	return hour <= 23 && minute <= 59 && second <= 59;
}

/* Z, +hh:mm, +hhmm, +hh or nothing, and then the end. */
static bool
zone(struct reader *r, int *offset)
{
	int sign, hours, minutes = 0;

	*offset = 0;
	if (one_of(r, "Zz") || r->p == r->end)
		return r->p == r->end;
	if (*r->p != '+' && *r->p != '-')
		return false;
	sign = *r->p++ == '-' ? -1 : 1;
	if (!digits(r, 2, 2, &hours))
		return false;
	if (r->p < r->end) {
		one_of(r, ":");
		if (!digits(r, 2, 2, &minutes))
			return false;
	}
	*offset = sign * (hours * 3600 + minutes * 60);
	return r->p == r->end && hours <= 14 && minutes <= 59;
}

static const char not_a_date[] = "is not a date of a known form";
static const char impossible[] = "names a day or time that does not exist";

static bool
iso(struct reader *r, int64_t *seconds, const char **why)
{
	int year, month, day, hour = 0, minute = 0, second = 0, offset = 0, nothing;

	*why = not_a_date;
	if (!digits(r, 4, 4, &year) || !one_of(r, "-") || !digits(r, 2, 2, &month) || !one_of(r, "-") ||
	    !digits(r, 2, 2, &day))
		return false;
	if (r->p < r->end) {
		if (!one_of(r, "Tt ") || !digits(r, 2, 2, &hour) || !one_of(r, ":") || !digits(r, 2, 2, &minute))
			return false;
		if (one_of(r, ":")) {
			if (!digits(r, 2, 2, &second))
				return false;
			if (one_of(r, ".,")) {
				if (!digits(r, 1, 1, &nothing))
					return false;
				while (digits(r, 1, 1, &nothing))
					;
			}
		}
		if (!zone(r, &offset))
			return false;
	}
	*why = impossible;
	if (!real_date(year, month, day) || !real_time(hour, minute, second))
		return false;
	*seconds = days_from(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset;
	return true;
}

static int
month_name(struct reader *r)
{
	static const char *const name[] = { "january", "february", "march", "april", "may", "june", "july",
	    "august", "september", "october", "november", "december" };
	char word[10];
	size_t n = 0;
	int i;

	while (r->p < r->end && n < sizeof(word) - 1 && ((*r->p | 32) >= 'a' && (*r->p | 32) <= 'z'))
		word[n++] = (char)(*r->p++ | 32);
	word[n] = '\0';
	for (i = 0; i < 12; i++)
		if (strcmp(word, name[i]) == 0 || (n == 3 && strncmp(word, name[i], 3) == 0))
			return i + 1;
	return 0;
}

/* " 10:15[:30] [AM]" */
static bool
clock_time(struct reader *r, int *hour, int *minute, int *second)
{
	bool half, evening;

	if (!one_of(r, " ") || !digits(r, 1, 2, hour) || !one_of(r, ":") || !digits(r, 2, 2, minute))
		return false;
	if (one_of(r, ":") && !digits(r, 2, 2, second))
		return false;
	if (r->p == r->end)
		return true;
	one_of(r, " ");
	evening = r->p < r->end && (*r->p | 32) == 'p';
	half = one_of(r, "AaPp") && one_of(r, "Mm");
	if (half && *hour >= 1 && *hour <= 12)
		*hour = *hour % 12 + (evening ? 12 : 0);
	return half && r->p == r->end;
}

static bool
written(struct reader *r, int64_t *seconds, const char **why)
{
	int year, month, day, hour = 0, minute = 0, second = 0;

	*why = not_a_date;
	if ((month = month_name(r)) == 0 || !one_of(r, " ") || !digits(r, 1, 2, &day) || !one_of(r, ",") ||
	    !one_of(r, " ") || !digits(r, 4, 4, &year))
		return false;
	if (r->p < r->end && !clock_time(r, &hour, &minute, &second))
		return false;
	*why = impossible;
	if (!real_date(year, month, day) || !real_time(hour, minute, second))
		return false;
	*seconds = days_from(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return true;
}

/* A whole number of at most 17 digits; text must have nine or more, so that no year or compact date is taken for one. */
static bool
epoch(const char *p, const char *end, bool text, int64_t *seconds)
{
	bool negative = p < end && *p == '-';
	int64_t v = 0;
	int n = 0;

	for (p += negative; p < end && n < 18; p++, n++) {
		if (*p < '0' || *p > '9')
			return false;
		v = v * 10 + (*p - '0');
	}
	if (n == 0 || n > 17 || p != end || (text && n < 9))
		return false;
	if (v >= 10000000000)
		v = negative ? (v + 999) / 1000 : v / 1000;	/* towards the past, as cutting a fraction does */
	*seconds = negative ? -v : v;
	return true;
}

bool
date_read(const struct json_value *v, int64_t *seconds, const char **why)
{
	char decoded[512];
	struct reader r = { v->p, v->p + v->n };
	int64_t first = days_from(YEAR_MIN, 1, 1) * 86400, last = days_from(YEAR_MAX + 1, 1, 1) * 86400;
	bool ok;

	*why = not_a_date;
	if (v->kind != JSON_STRING && v->kind != JSON_NUMBER)
		return false;
	if (v->kind == JSON_STRING && v->escaped) {
		if (v->n > sizeof(decoded))	/* six bytes an escape: no date is as long */
			return false;
		r = (struct reader){ decoded, decoded + json_decode(v, decoded) };
	}
	while (r.p < r.end && *r.p == ' ')
		r.p++;
	while (r.end > r.p && r.end[-1] == ' ')
		r.end--;
	ok = epoch(r.p, r.end, v->kind == JSON_STRING, seconds);
	if (!ok && v->kind == JSON_STRING)
		ok = r.p < r.end && *r.p >= '0' && *r.p <= '9' ? iso(&r, seconds, why) : written(&r, seconds, why);
	if (ok && (*seconds < first || *seconds >= last)) {
		*why = "is outside the years 1753 to 9999";
		ok = false;
	}
	return ok;
}

static void
two(char *p, int v)
{
	p[0] = (char)('0' + v / 10);
	p[1] = (char)('0' + v % 10);
}

void
date_put(struct buf *b, int64_t seconds, bool date_only)
{
	char text[23] = "\"0000-00-00T00:00:00Z\"";
	int64_t days = (seconds >= 0 ? seconds : seconds - 86399) / 86400;
	int rest = (int)(seconds - days * 86400), year, month, day;

	date_from(days, &year, &month, &day);
	two(text + 1, year / 100);
	two(text + 3, year % 100);
	two(text + 6, month);
	two(text + 9, day);
	if (date_only) {
		text[11] = '"';
		buf_add(b, text, 12);
		return;
	}
	two(text + 12, rest / 3600);
	two(text + 15, rest / 60 % 60);
	two(text + 18, rest % 60);
	buf_add(b, text, 22);
}
