/*
 * Dates.  Records hold epoch seconds (milliseconds where the number is too
 * large for a year below 5138), ISO 8601 with or without time and offset, and
 * the text form of v3, "Mar 04, 2021 10:15 AM", whose clock may run to 24
 * beside AM or PM: all UTC unless they say otherwise.
 *
 * Operands of filters are that text form too, but in the time zone of the
 * key's user: the process's own TZ is set to it, and nothing else uses TZ.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sandbox.h"

#define MILLISECONDS 100000000000LL	/* numbers from here on are milliseconds */
#define TEXT_MAX 40

static const char months[12][4] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
};

static bool
when_valid(const struct tm *t)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year = t->tm_year + 1900, last;

	if (t->tm_mon < 0 || t->tm_mon > 11 || t->tm_hour > 23 || t->tm_min > 59 || t->tm_sec > 59)
		return false;
	last = days[t->tm_mon];
	if (t->tm_mon == 1 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0))
		last = 29;
	return t->tm_mday >= 1 && t->tm_mday <= last;
}

/* "Mar 04, 2021 10:15 AM"; long_clock: 14:15 PM is 14:15. */
static bool
when_text(const char *s, bool long_clock, struct tm *t)
{
	char month[4], half[3];
	int used = 0, i;

	memset(t, 0, sizeof *t);
	if (sscanf(s, "%3[A-Za-z] %2d, %4d %2d:%2d %2[APM]%n", month, &t->tm_mday, &t->tm_year, &t->tm_hour,
	    &t->tm_min, half, &used) != 6 || s[used] != '\0' || (strcmp(half, "AM") != 0 && strcmp(half, "PM") != 0))
		return false;
	for (i = 0; i < 12 && strcmp(months[i], month) != 0; i++)
		;
	t->tm_mon = i == 12 ? -1 : i;
	t->tm_year -= 1900;
	if (t->tm_hour < 0 || t->tm_min < 0 || (!long_clock && (t->tm_hour < 1 || t->tm_hour > 12)))
		return false;
	if (t->tm_hour <= 12)
		t->tm_hour = t->tm_hour % 12 + (half[0] == 'P' ? 12 : 0);
	return when_valid(t);
}

/* "2026-01-20", "2026-01-20T00:00:00", with fraction, and Z or +05:30 */
static bool
when_iso(const char *s, int64_t *seconds)
{
	struct tm t = { 0 };
	int used = 0, more = 0, hours, minutes;
	long shift = 0;
	char sign[2];

	if (sscanf(s, "%4d-%2d-%2d%n", &t.tm_year, &t.tm_mon, &t.tm_mday, &used) != 3)
		return false;
	t.tm_year -= 1900;
	t.tm_mon -= 1;
	s += used;
	if (*s == 'T') {
		if (sscanf(s, "T%2d:%2d:%2d%n", &t.tm_hour, &t.tm_min, &t.tm_sec, &more) != 3)
			return false;
		s += more;
		if (*s == '.')
			s += 1 + strspn(s + 1, "0123456789");
		if (*s == 'Z') {
			s++;
		} else if (sscanf(s, "%1[+-]%2d:%2d%n", sign, &hours, &minutes, &used) == 3) {
			shift = (sign[0] == '-' ? -1L : 1L) * (hours * 3600L + minutes * 60L);
			s += used;
		}
	}
	if (*s != '\0' || !when_valid(&t))
		return false;
	*seconds = (int64_t)timegm(&t) - shift;
	return true;
}

bool
when_read(const struct json_value *v, int64_t *seconds)
{
	char text[TEXT_MAX + 1];
	struct tm t;
	size_t n;

	if (v->kind == JSON_NUMBER) {
		if (!json_int(v, seconds))
			return false;
		if (*seconds >= MILLISECONDS || *seconds <= -MILLISECONDS)
			*seconds /= 1000;
		return true;
	}
	if (v->kind != JSON_STRING || v->n > TEXT_MAX)
		return false;
	n = json_decode(v, text);
	text[n] = '\0';
	if (when_iso(text, seconds))
		return true;
	if (!when_text(text, true, &t))
		return false;
	*seconds = timegm(&t);
	return true;
}

bool
when_operand(const char *text, int64_t *seconds)
{
	struct tm t;

	if (!when_text(text, false, &t))
		return false;
	t.tm_isdst = -1;
	*seconds = mktime(&t);
	return true;
}

void
when_zone(const char *name)
{
	static char last[128];
	char path[256];

	if (strcmp(name, last) == 0)
		return;
	snprintf(last, sizeof last, "%s", name);
	snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
	if (strcmp(name, "UTC") != 0 && (strstr(name, "..") != NULL || access(path, R_OK) != 0)) {
		warnx("time zone %s is not known here: UTC is used", name);
		name = "UTC";
	}
	setenv("TZ", name, 1);
	tzset();
}

void
when_today(int64_t *from, int64_t *to)
{
	time_t now = time(NULL);
	struct tm t;

	localtime_r(&now, &t);
	t.tm_hour = t.tm_min = t.tm_sec = 0;
	t.tm_isdst = -1;
	*from = mktime(&t);
	t.tm_mday++;
	t.tm_isdst = -1;
	*to = mktime(&t);
}

void
when_put(struct buf *b, int64_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm t;

	if (gmtime_r(&when, &t) == NULL)
		memset(&t, 0, sizeof t);
	buf_printf(b, "\"%04d-%02d-%02dT%02d:%02d:%02d.000Z\"", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
	    t.tm_hour, t.tm_min, t.tm_sec);
}
