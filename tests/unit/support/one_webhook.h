/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ONE_WEBHOOK_H
#define ONE_WEBHOOK_H

/* An account with a webhook, its faults, and the messages that the webhook accepts. Include after
 * cmocka.h. */

#include "one_world.h"

#include <stdio.h>
#include <string.h>

#define MINUTE 60000
#define HOUR   (60 * MINUTE)
#define DAY    (24 * (uint64_t)HOUR)

/* An account that is ready, and a webhook with faults of its own. */
static inline void provision_with_webhook(void)
{
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 11000); /* `auth refresh` is refused before */
}

/* Level 2 has just been raised; lasts until recover(). */
static inline void start_fault(void)
{
    unsigned events = world_count_events(&w, "event=raised level=2");

    world_run(&w, 11000); /* `auth refresh` is refused before */
    world_error(&w, "something", 500, 0);
    world_type(&w, "auth refresh");
    while (world_count_events(&w, "event=raised level=2") == events)
        world_run(&w, 10);
}

static inline struct tk_alert_record *record(void)
{
    return &w.keeper.alerts.of[0].record;
}

static inline void recover(void)
{
    world_fault(&w, WORLD_WELL, 0);
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready");
}

static inline unsigned last_post_number(const char *event)
{
    return strstr(w.last_post, event) != NULL ? w.server.posts : 0;
}

/* CLEARED is the webhook's post of this number. */
static inline void recover_with_cleared_as_post(unsigned post)
{
    recover();
    world_run(&w, MINUTE);
    assert_int_equal(last_post_number("\"event\":\"cleared\""), post);
}

static inline void wait_posts(unsigned count)
{
    while (w.server.posts < count)
        world_run(&w, 10);
    world_run(&w, 100);
}

/* Until the operator acts. */
static inline void refuse_account(const char *word)
{
    unsigned events = world_count_events(&w, "event=raised level=4");

    world_error(&w, word, 400, 0);
    world_type(&w, "auth refresh");
    while (world_count_events(&w, "event=raised level=4") == events)
        world_run(&w, 1);
}

#endif
