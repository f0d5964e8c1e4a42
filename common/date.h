/*
 * date - every form in which Salesmate is known to write a date, to UTC
 *
 *	1488371901		seconds since 1970; as text nine digits or more
 *	1488371901000		milliseconds: numbers of more than ten digits
 *	2017-03-01		midnight UTC
 *	2017-03-01T12:38:21Z	also without seconds, with a fraction (cut off), with a blank for the T,
 *				with +05:30, +0530 or +05 for the Z; no zone is UTC
 *	Mar 04, 2021 10:15 AM	v3 text, UTC; an hour above 12 makes AM and PM meaningless; no time is midnight
 *
 * Ten digits of seconds reach the year 2286, and eleven of milliseconds begin
 * 116 days from 1970: no CRM date is read wrongly but one of those days.
 * Blanks around are passed over.  Years are 1753 to 9999, as Dataverse keeps them.
 * Source: salesmate-api, quirks 2, 3 and 15.
 */
#ifndef DATE_H
#define DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"

/* A number or a text (escaped or not) to seconds; false: why is what follows the value in a message, "is not a date ...". */
bool date_read(const struct json_value *v, int64_t *seconds, const char **why);

/* "2017-03-01T12:38:21Z" or, date_only, "2017-03-01": with its quotes. */
void date_put(struct buf *b, int64_t seconds, bool date_only);

#endif
