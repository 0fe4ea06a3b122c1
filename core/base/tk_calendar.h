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

/* Appends "1994-11-06T08:49:37Z" (RFC 3339). */
void tk_text_time(struct tk_text *text, int64_t unix_s);

#endif
