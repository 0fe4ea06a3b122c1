/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TIME_H
#define TK_TIME_H

/*
 * Wall time, and how far it can be trusted. Its source is the platform's clock (tk_clock.h) if that
 * has a plausible time; else the time last set by the operator or by SNTP, advanced by the tick;
 * else the floor.
 *
 * The floor is the later of the build date and the newest date of a server whose certificates were
 * verified. A clock more than 5 minutes below it is not believed. A floor that a server vouched for
 * is advanced by the tick and stands in for a clock. Over a restart it is only a lower bound: good
 * enough to verify certificates, not to say when a token expires, until a server's Date moves it
 * forward. The operator may correct a floor that a wrong server raised. Nothing goes below the
 * build date.
 *
 * So is a system clock that nothing has synchronized (TK_TIME_UNSYNCED), until a Date within 5
 * minutes of it confirms it; a Date that is not stands in for it.
 */

#include "tk_calendar.h"
#include "tk_clock.h"
#include "tk_err.h"

/* All times are seconds since 1970-01-01T00:00:00Z. Call from the main loop only. */

/* Whether a stored time is from 1970 to 9999. */
static inline bool tk_is_unix_time(int64_t unix_s)
{
    return unix_s >= 0 && unix_s <= 253402300799;
}

struct tk_time {
    struct tk_port *port;
    int64_t build_unix; /* when this program was built */
    int64_t floor_unix; /* build_unix or later ... */
    uint64_t floor_ms;  /* ... at this tick, if vouched */
    bool vouched;       /* a server or the operator vouched for floor_unix */
    bool from_server;   /* the floor is the time of a server, as of this start */
    bool confirmed;     /* a server's Date agreed with a clock that is not synchronized */
    int64_t set_unix;   /* the time that was set ... */
    uint64_t set_ms;    /* ... at this tick */
    enum tk_time_quality set_quality;
};

/* port must outlive t. */
void tk_time_init(struct tk_time *t, struct tk_port *port, int64_t build_unix);

/* The best time known and its quality: TK_TIME_FLOOR or TK_TIME_SERVER with the floor in *unix_s
 * while there is no clock to be believed. Never TK_TIME_NONE; TK_TIME_UNSYNCED while the clock is
 * not confirmed. */
enum tk_time_quality tk_time_now(const struct tk_time *t, int64_t *unix_s);

/* True if the time is good enough to compute expiries; *unix_s is set in either case. */
bool tk_time_known(const struct tk_time *t, int64_t *unix_s);

/* True if it is good enough to verify certificates: known, a clock that is not confirmed, or a
 * floor that was vouched for. */
bool tk_time_can_verify(const struct tk_time *t, int64_t *unix_s);

/* True while the best time known is that of a clock that nothing has confirmed. */
bool tk_time_is_unconfirmed(const struct tk_time *t);

/* The time, or 0 while it is unknown. */
int64_t tk_time_or_0(const struct tk_time *t);

/* The earliest that the time can be: a clock may be ahead of that of the server which raised the
 * floor a moment ago. */
int64_t tk_time_least(const struct tk_time *t);

/* Seconds by which the platform's clock is too far behind to be believed; 0: it is not, or there is
 * none. */
int64_t tk_time_behind(const struct tk_time *t);

/* Sets the time, from the operator (TK_TIME_CONSOLE) or from SNTP (TK_TIME_SNTP), and publishes it
 * to the platform. SNTP up to 5 minutes below the floor sets the floor; an operator's time below
 * the floor lowers it.
 * TK_E_CLOCK_SYSTEM: a plausible system clock keeps the time. TK_E_TIME_RANGE: below the floor
 * (operator: below the build date), or more than 20 years after the build date. */
enum tk_err tk_time_set(struct tk_time *t, int64_t unix_s, enum tk_time_quality quality);

/* True if the time was set with this quality at the tick since_ms or later. */
bool tk_time_was_set(const struct tk_time *t, enum tk_time_quality quality, uint64_t since_ms);

/* The Date of a server that was authenticated. Raises the floor, at most to our own clock, so that
 * a server whose clock is years ahead cannot lock the device out of the correct time. Where there
 * is no clock to be believed, it moves the time forward (TK_TIME_SERVER): the caller checks that
 * its certificates are valid then. It confirms a clock that is not synchronized. */
void tk_time_note_server_date(struct tk_time *t, int64_t unix_s);

/* The notBefore of a chain that is valid otherwise: moves the floor forward where there is no clock
 * to be believed. */
void tk_time_note_not_before(struct tk_time *t, int64_t unix_s);

/* The floor to store, 0 for none; and raises the floor to the stored one. */
int64_t tk_time_stored_floor(const struct tk_time *t);
void tk_time_restore_floor(struct tk_time *t, int64_t unix_s);

/* "none", "floor", "unsynced", "server", "console", "sntp", "rtc" or "system"; a constant. */
const char *tk_time_quality_name(enum tk_time_quality quality);

#endif
