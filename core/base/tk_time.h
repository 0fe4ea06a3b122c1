/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TIME_H
#define TK_TIME_H

/*
 * Wall time and how much it may be trusted. It runs on the tick once somebody told it, or is the
 * platform's own where that has one and it is not behind the floor.
 *
 * The floor is the later of the build date and the last time that an authenticated server named:
 * a lower bound, not a clock. A time before it is refused, unless a person types it: they know
 * better than a server that erred, and have the device in their hands. Nobody goes back before the
 * build.
 */

#include "tk_clock.h"
#include "tk_err.h"
#include "tk_text.h"

#include <stdint.h>

struct tk_time {
    struct tk_port *port;
    int64_t build_unix; /* when this program was made */
    int64_t floor_unix; /* at least build_unix */
    int64_t set_unix;   /* what was told ... */
    uint64_t set_ms;    /* ... at this tick */
    enum tk_time_quality set_quality;
};

struct tk_calendar {
    int year, month, day, hour, minute, second; /* month and day from 1 */
};

void tk_time_init(struct tk_time *t, struct tk_port *port, int64_t build_unix);

/* The best that is known. With TK_TIME_FLOOR *unix_s is the floor. Never TK_TIME_NONE. */
enum tk_time_quality tk_time_now(const struct tk_time *t, int64_t *unix_s);

/* Whether the time is good enough to check certificates and to compute expiries with. */
bool tk_time_known(const struct tk_time *t, int64_t *unix_s);

/* The time, or 0 while it is unknown. */
int64_t tk_time_or_0(const struct tk_time *t);

/* A person or SNTP tells the time. TK_E_TIME_RANGE below the floor (a person, who lowers that:
 * below the build date) or more than 20 years above the build date; TK_E_CLOCK_SYSTEM where a
 * usable system clock keeps it. Up to 5 minutes below the floor is the floor. */
enum tk_err tk_time_set(struct tk_time *t, int64_t unix_s, enum tk_time_quality quality);

/* A server on a verified connection named this time. Raises the floor, never above our own
 * clock: a server that errs by years must not lock the device out of its own time. */
void tk_time_note_server_date(struct tk_time *t, int64_t unix_s);

/* Back to a floor that was stored. */
void tk_time_restore_floor(struct tk_time *t, int64_t unix_s);

/* Proleptic Gregorian, UTC, from 1970 to 9999. */
void tk_calendar_from_unix(int64_t unix_s, struct tk_calendar *out);
int64_t tk_calendar_to_unix(const struct tk_calendar *c);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate, RFC 9110 5.6.7); false for anything else. The
 * day's name is not looked at. */
bool tk_time_parse_http(const char *s, int64_t *unix_s);

/* "1994-11-06T08:49:37Z" */
void tk_text_time(struct tk_text *text, int64_t unix_s);

const char *tk_time_quality_name(enum tk_time_quality quality);

#endif
