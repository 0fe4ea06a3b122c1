/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CALENDAR_H
#define TK_CALENDAR_H

/* Dates: the proleptic Gregorian calendar, in UTC, from 1970 to 9999. Pure functions. */

#include "tk_text.h"

#include <stdint.h>

struct tk_calendar {
    int year, month, day, hour, minute, second; /* month and day from 1 */
};

/* unix_s: seconds since 1970-01-01T00:00:00Z, without leap seconds. */
void tk_calendar_from_unix(int64_t unix_s, struct tk_calendar *out);
int64_t tk_calendar_to_unix(const struct tk_calendar *c);

enum tk_calendar_error { TK_CALENDAR_OK, TK_CALENDAR_SHAPE, TK_CALENDAR_VALUE };

/* Reads a date and time of RFC 3339, from 1970 on: "1994-11-06T08:49:37Z", or with +hh:mm or -hh:mm
 * in place of Z. A fraction is ignored; a leap second is the second after it. TK_CALENDAR_SHAPE: it
 * is something else; TK_CALENDAR_VALUE: there is no such day or time of day. */
enum tk_calendar_error tk_calendar_parse(const char *s, int64_t *unix_s);

/* Whether the month, 1 to 12, has that day. */
bool tk_calendar_is_day(const struct tk_calendar *c);

/* Appends "1994-11-06T08:49:37Z" (RFC 3339). */
void tk_text_time(struct tk_text *text, int64_t unix_s);

#endif
