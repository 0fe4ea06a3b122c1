/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_conformance_parts.h"

#include "tk_clock.h"
#include "tk_device.h"
#include "tk_sock.h"

/* All other checks depend on the tick. */
static const char *clock_runs(const suite *c)
{
    uint64_t start_ms = tk_suite_now(c);

    for (long i = 0; i < 100000 && tk_suite_now(c) == start_ms; i++) {
        (void)tk_device_feed_watchdog(c->port);
        tk_wait(c->port, start_ms + 1);
    }
    return tk_suite_now(c) != start_ms
               ? NULL
               : TK_RULE("tk_clock_now_ms",
                         "milliseconds since a fixed moment before the program started");
}

static const char *clock_monotonic(const suite *c)
{
    uint64_t last_ms = tk_suite_now(c);

    for (int i = 0; i < 10000; i++) {
        uint64_t now_ms = tk_suite_now(c);

        if (now_ms < last_ms)
            return TK_RULE("tk_clock_now_ms", "never goes back");
        last_ms = now_ms;
        if (i % 1000 == 0)
            tk_wait(c->port, now_ms + 1);
    }
    return NULL;
}

static bool is_of_platform(enum tk_time_quality quality)
{
    return quality == TK_TIME_RTC || quality == TK_TIME_SYSTEM || quality == TK_TIME_UNSYNCED;
}

static const char *clock_wall(const suite *c)
{
    static const int64_t untouched = -1234567;
    int64_t first = untouched, second = untouched;
    enum tk_time_quality quality = tk_clock_unix(c->port, &first);

    if (quality == TK_TIME_NONE)
        return first == untouched ? NULL
                                  : TK_RULE("tk_clock_unix", "TK_TIME_NONE with *unix_s untouched");
    if (!is_of_platform(quality))
        return TK_RULE(
            "tk_clock_unix",
            "returns TK_TIME_RTC, TK_TIME_SYSTEM or TK_TIME_UNSYNCED with ") "*unix_s set";
    tk_suite_sleep(c, STEP_MS);
    if (!is_of_platform(tk_clock_unix(c->port, &second)))
        return TK_RULE("tk_clock_unix", "a clock that the platform keeps by itself");
    return first >= 0 && second >= first && second - first <= 2
               ? NULL
               : TK_RULE("tk_clock_unix", "seconds since 1970-01-01T00:00:00Z");
}

/* The tick at which the next second of the wall clock begins; UINT64_MAX: it does not. */
static uint64_t wait_for_second(const suite *c)
{
    uint64_t start_ms = tk_suite_now(c);
    int64_t at_start = 0, unix_s = 0;

    (void)tk_clock_unix(c->port, &at_start);
    do {
        if (tk_suite_since(c, start_ms) > 3000)
            return UINT64_MAX;
        tk_suite_sleep(c, LATE_MS);
        (void)tk_clock_unix(c->port, &unix_s);
    } while (unix_s == at_start);
    return tk_suite_now(c);
}

static uint64_t measure_wall_second(const suite *c)
{
    uint64_t start_ms = wait_for_second(c);

    return start_ms == UINT64_MAX ? UINT64_MAX : wait_for_second(c) - start_ms;
}

static const char *clock_rate(const suite *c)
{
    return tk_suite_compare_rate(c, measure_wall_second);
}

static const char *wait_punctual(const suite *c)
{
    uint64_t least_ms = UINT64_MAX;

    for (int i = 0; i < TRIES; i++) {
        uint64_t start_ms = tk_suite_now(c);

        tk_suite_sleep(c, STEP_MS);
        if (tk_suite_since(c, start_ms) < least_ms)
            least_ms = tk_suite_since(c, start_ms);
    }
    return least_ms <= STEP_MS + LATE_MS
               ? NULL
               : TK_RULE("tk_wait", "must not return late by more than 10 ms");
}

static const char *wait_past(const suite *c)
{
    uint64_t least_ms = UINT64_MAX;

    for (int i = 0; i < TRIES; i++) {
        uint64_t start_ms = tk_suite_now(c);

        tk_wait(c->port, i % 2 == 0 ? start_ms : 0);
        if (tk_suite_since(c, start_ms) < least_ms)
            least_ms = tk_suite_since(c, start_ms);
    }
    return least_ms <= LATE_MS ? NULL
                               : TK_RULE("tk_wait", "sleeps until the tick reaches until_ms");
}

/* Early returns are allowed, but 1000 in 100 ms mean a processor that never sleeps. */
static const char *wait_sleeps(const suite *c)
{
    uint64_t until_ms = tk_suite_now(c) + 100;
    int returns = 0;

    while (tk_suite_now(c) < until_ms && ++returns < 1000)
        tk_wait(c->port, until_ms);
    return returns < 1000 ? NULL : TK_RULE("tk_wait", "sleeps until the tick reaches until_ms");
}

static const char *no_wall(const suite *c)
{
    int64_t unix_s;

    return tk_clock_unix(c->port, &unix_s) != TK_TIME_NONE ? NULL : "no wall clock";
}

void tk_suite_clock(struct tk_suite_tally *t)
{
    static const struct tk_suite_check runs[] = {{"clock.runs", clock_runs}};
    static const struct tk_suite_check checks[] = {
        {"clock.monotonic", clock_monotonic},
        {"clock.wall", clock_wall},
    };
    static const struct tk_suite_check rate[] = {{"clock.rate", clock_rate}};
    static const struct tk_suite_check waits[] = {
        {"wait.punctual", wait_punctual},
        {"wait.past", wait_past},
        {"wait.sleeps", wait_sleeps},
    };

    TK_SUITE_RUN(t, runs, NULL);
    if (t->failures > 0)
        t->stopped = "the tick does not advance";
    TK_SUITE_RUN(t, checks, NULL);
    TK_SUITE_RUN(t, rate, no_wall(t->c));
    TK_SUITE_RUN(t, waits, NULL);
}
