/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_time.h"

#include "tk_assert.h"
#include "tk_limits.h"
#include "tk_timer.h"

#define YEAR_S     31557600 /* a mean year */
#define FUTURE_MAX ((int64_t)20 * YEAR_S)
#define SKEW_S     300 /* between the clocks of two well-kept servers */

static int64_t seconds_since(const struct tk_time *t, uint64_t ms)
{
    return tk_seconds_until(tk_clock_now_ms(t->port), ms);
}

/* No device lives longer than 20 years: a clock further ahead is wrong, and would make every
 * certificate look expired. */
static bool fits_build(const struct tk_time *t, int64_t unix_s)
{
    return unix_s >= t->build_unix && unix_s <= t->build_unix + FUTURE_MAX;
}

/* --- the floor --- */

/* The tick keeps a time that was vouched for. */
static int64_t floor_now(const struct tk_time *t)
{
    return t->floor_unix + (t->vouched ? seconds_since(t, t->floor_ms) : 0);
}

static int64_t not_below_floor(const struct tk_time *t, int64_t unix_s)
{
    return unix_s < floor_now(t) ? floor_now(t) : unix_s;
}

static void set_floor(struct tk_time *t, int64_t unix_s)
{
    t->floor_unix = unix_s;
    t->floor_ms = tk_clock_now_ms(t->port);
    t->vouched = true;
}

static void raise_floor(struct tk_time *t, int64_t unix_s)
{
    if (fits_build(t, unix_s) && unix_s >= t->floor_unix)
        set_floor(t, unix_s);
}

void tk_time_init(struct tk_time *t, struct tk_port *port, int64_t build_unix)
{
    *t = (struct tk_time){.port = port, .build_unix = build_unix, .floor_unix = build_unix};
}

void tk_time_restore_floor(struct tk_time *t, int64_t unix_s)
{
    if (unix_s > 0 && unix_s < t->build_unix) /* by an earlier build */
        unix_s = t->build_unix;
    raise_floor(t, unix_s);
}

int64_t tk_time_stored_floor(const struct tk_time *t)
{
    return t->vouched ? t->floor_unix : 0;
}

/* --- the time --- */

/* The clock may be slightly behind that of the server which raised the floor. */
static bool plausible(const struct tk_time *t, int64_t unix_s)
{
    return fits_build(t, unix_s) && unix_s >= floor_now(t) - SKEW_S;
}

/* The platform's clock, if it is to be believed as far as its quality says; else TK_TIME_NONE. */
static enum tk_time_quality read_clock(const struct tk_time *t, int64_t *unix_s)
{
    enum tk_time_quality quality = tk_clock_unix(t->port, unix_s);

    if (quality == TK_TIME_NONE || !plausible(t, *unix_s))
        return TK_TIME_NONE;
    if (quality != TK_TIME_UNSYNCED)
        return quality;
    if (t->confirmed)
        return TK_TIME_SYSTEM;
    return t->set_quality != TK_TIME_NONE || t->from_server ? TK_TIME_NONE : quality;
}

enum tk_time_quality tk_time_now(const struct tk_time *t, int64_t *unix_s)
{
    enum tk_time_quality quality = read_clock(t, unix_s);

    if (quality != TK_TIME_NONE) {
        *unix_s = not_below_floor(t, *unix_s);
        return quality;
    }
    if (t->set_quality != TK_TIME_NONE) {
        *unix_s = t->set_unix + seconds_since(t, t->set_ms);
        return t->set_quality;
    }
    *unix_s = floor_now(t);
    return t->from_server ? TK_TIME_SERVER : TK_TIME_FLOOR;
}

bool tk_time_known(const struct tk_time *t, int64_t *unix_s)
{
    return tk_time_now(t, unix_s) >= TK_TIME_SERVER;
}

bool tk_time_can_verify(const struct tk_time *t, int64_t *unix_s)
{
    return tk_time_now(t, unix_s) > TK_TIME_FLOOR || t->vouched;
}

bool tk_time_is_unconfirmed(const struct tk_time *t)
{
    int64_t now;

    return TK_SYSTEM_CLOCK && tk_time_now(t, &now) == TK_TIME_UNSYNCED;
}

int64_t tk_time_or_0(const struct tk_time *t)
{
    int64_t now;

    return tk_time_known(t, &now) ? now : 0;
}

int64_t tk_time_least(const struct tk_time *t)
{
    int64_t now;

    (void)tk_time_now(t, &now);
    return t->vouched && floor_now(t) < now ? floor_now(t) : now;
}

int64_t tk_time_behind(const struct tk_time *t)
{
    int64_t now, clock;

    if (!tk_time_can_verify(t, &now) || tk_clock_unix(t->port, &clock) == TK_TIME_NONE)
        return 0;
    return clock < now - SKEW_S ? now - clock : 0;
}

/* --- setting it --- */

enum tk_err tk_time_set(struct tk_time *t, int64_t unix_s, enum tk_time_quality quality)
{
    int64_t now;

    TK_ASSERT(quality == TK_TIME_CONSOLE || quality == TK_TIME_SNTP);
    if (tk_time_is_unconfirmed(t) || tk_time_now(t, &now) == TK_TIME_SYSTEM)
        return TK_E_CLOCK_SYSTEM;
    if (!(quality == TK_TIME_CONSOLE ? fits_build(t, unix_s) : plausible(t, unix_s)))
        return TK_E_TIME_RANGE;
    if (quality == TK_TIME_CONSOLE && unix_s < floor_now(t))
        set_floor(t, unix_s);
    unix_s = not_below_floor(t, unix_s);
    t->set_unix = unix_s;
    t->set_ms = tk_clock_now_ms(t->port);
    t->set_quality = quality;
    tk_clock_set_unix(t->port, unix_s, quality);
    return TK_OK;
}

void tk_time_note_server_date(struct tk_time *t, int64_t unix_s)
{
    int64_t now;

    if (!tk_time_can_verify(t, &now)) /* then there is no server that was verified */
        return;
    if (tk_time_is_unconfirmed(t)) {
        (void)tk_clock_unix(t->port, &now); /* the clock itself, below the floor too */
        t->confirmed = unix_s >= now - SKEW_S && unix_s <= now + SKEW_S;
    }
    if (tk_time_now(t, &now) > TK_TIME_SERVER)
        raise_floor(t, unix_s < now ? unix_s : now);
    else
        tk_time_note_not_before(t, unix_s);
    if (unix_s >= floor_now(t) - SKEW_S && unix_s <= floor_now(t) + SKEW_S)
        t->from_server = true;
}

void tk_time_note_not_before(struct tk_time *t, int64_t unix_s)
{
    int64_t now;

    if (tk_time_now(t, &now) <= TK_TIME_SERVER && unix_s > floor_now(t))
        raise_floor(t, unix_s);
}

const char *tk_time_quality_name(enum tk_time_quality quality)
{
    static const char names[][9] = {"none",    "floor", "unsynced", "server",
                                    "console", "sntp",  "rtc",      "system"};

    TK_ASSERT((size_t)quality < sizeof names / sizeof names[0]);
    return names[quality];
}

bool tk_time_was_set(const struct tk_time *t, enum tk_time_quality quality, uint64_t since_ms)
{
    return t->set_quality == quality && t->set_ms >= since_ms;
}
