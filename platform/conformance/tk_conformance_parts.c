/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_conformance_parts.h"

#include "tk_clock.h"
#include "tk_device.h"
#include "tk_sock.h"

/* --- running checks --- */

static void run_check(struct tk_suite_tally *t, const struct tk_suite_check *check)
{
    const suite *c = t->c;
    const char *broken = check->run(c);

    (void)tk_device_feed_watchdog(c->port);
    if (broken == NULL) {
        c->report(c->ctx, check->name, TK_CONFORMANCE_OK, "");
    } else {
        t->failures++;
        c->report(c->ctx, check->name, TK_CONFORMANCE_FAILED, broken);
    }
}

void tk_suite_run(struct tk_suite_tally *t, const struct tk_suite_check *checks, size_t count,
                  const char *missing)
{
    if (t->stopped != NULL)
        missing = t->stopped;
    for (size_t i = 0; i < count; i++) {
        if (missing == NULL)
            run_check(t, &checks[i]);
        else
            t->c->report(t->c->ctx, checks[i].name, TK_CONFORMANCE_SKIPPED, missing);
    }
}

/* --- time --- */

uint64_t tk_suite_now(const suite *c)
{
    return tk_clock_now_ms(c->port);
}

uint64_t tk_suite_since(const suite *c, uint64_t start_ms)
{
    uint64_t now_ms = tk_suite_now(c);

    return now_ms > start_ms ? now_ms - start_ms : 0;
}

void tk_suite_sleep(const suite *c, uint64_t ms)
{
    uint64_t until_ms = tk_suite_now(c) + ms;

    while (tk_suite_now(c) < until_ms) {
        (void)tk_device_feed_watchdog(c->port);
        tk_wait(c->port, until_ms);
    }
}

bool tk_suite_wait_step(const suite *c, uint64_t deadline_ms)
{
    uint64_t now_ms = tk_suite_now(c);

    if (now_ms >= deadline_ms)
        return false;
    (void)tk_device_feed_watchdog(c->port);
    tk_wait(c->port, now_ms + STEP_MS < deadline_ms ? now_ms + STEP_MS : deadline_ms);
    return true;
}

const char *tk_suite_compare_rate(const suite *c, uint64_t (*measure)(const suite *c))
{
    for (int i = 0; i < 3; i++) {
        uint64_t ms = measure(c);

        if (ms > 750 && ms < 1500)
            return NULL;
    }
    return TK_RULE("tk_clock_now_ms", "two calls one second apart differ by 1000");
}

/* --- bytes --- */

bool tk_suite_is_all(const uint8_t *p, uint8_t value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] != value)
            return false;
    }
    return true;
}

uint8_t tk_suite_pattern(uint32_t at)
{
    return (uint8_t)((at + 1) * 2654435761u >> 24);
}
