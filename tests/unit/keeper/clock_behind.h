/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLOCK_BEHIND_H
#define CLOCK_BEHIND_H

/* A world (one_world.h) whose clock is found to be behind. */

#include "one_world.h"

#include <stdio.h>
#include <stdlib.h>

#define MINUTE 60000
#define HOUR   (60 * MINUTE)
#define DAY    (24 * (uint64_t)HOUR)
#define YEAR_S 31557600

static const int64_t behind_s[] = {400, 3 * 3600, 30 * 86400, 5 * YEAR_S};

enum { BEHINDS = sizeof behind_s / sizeof behind_s[0] };

/* With true dates, and certificates of 90 days. */
static inline void provision_with_dates(void)
{
    w.server.date = NULL;
    w.cert_from = WORLD_UNIX - 30 * 86400;
    w.cert_until = WORLD_UNIX + 60 * 86400;
    world_provision(&w);
}

/* A new token is served; that the clock is behind was reported so many times. */
static inline void assert_renewed_then_served(unsigned reports)
{
    char token[40];

    snprintf(token, sizeof token, "OK access_token=access%u ", w.server.pairs + 1);
    world_assert_begins(world_type(&w, "token"), token);
    world_assert_state(&w, "ready", "none");
    assert_status("last_error", "none");
    assert_in_range(atoi(world_status(&w, "expires_in")), 3590, 3600);
    assert_status("time_quality", "server");
    assert_int_equal(world_count_events(&w, "EVT clock_behind seconds="), reports);
    assert_int_equal(world_count_events(&w, "EVT escalation"), 0);
}

/* The next day is as with a good clock. */
static inline void assert_goes_on(void)
{
    unsigned refreshes = w.server.refreshes, reports = world_count_events(&w, "clock_behind");

    world_run(&w, DAY);
    assert_in_range(w.server.refreshes - refreshes, 57, 65);
    assert_int_equal(world_count_events(&w, "clock_behind"), reports);
    assert_int_equal(world_count_events(&w, "EVT escalation"), 0);
    world_assert_begins(world_type(&w, "token"), "OK access_token=");
}

#endif
