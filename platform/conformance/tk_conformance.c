/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_conformance_parts.h"

#include "tk_clock.h"
#include "tk_device.h"
#include "tk_sock.h"

/* --- what the parts share --- */

uint64_t tk_suite_now(const suite *c)
{
    return tk_clock_now_ms(c->port);
}

uint64_t tk_suite_since(const suite *c, uint64_t start_ms)
{
    uint64_t now_ms = tk_suite_now(c);

    return now_ms > start_ms ? now_ms - start_ms : 0;
}

void tk_suite_rest(const suite *c, uint64_t ms)
{
    uint64_t until_ms = tk_suite_now(c) + ms;

    while (tk_suite_now(c) < until_ms) {
        tk_device_alive(c->port);
        tk_wait(c->port, until_ms);
    }
}

bool tk_suite_may_wait(const suite *c, uint64_t deadline_ms)
{
    uint64_t now_ms = tk_suite_now(c);

    if (now_ms >= deadline_ms)
        return false;
    tk_device_alive(c->port);
    tk_wait(c->port, now_ms + STEP_MS < deadline_ms ? now_ms + STEP_MS : deadline_ms);
    return true;
}

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

/* --- all of them --- */

static void run_check(struct tk_suite_tally *t, const struct tk_suite_check *check)
{
    const suite *c = t->c;
    const char *broken = check->run(c);

    tk_device_alive(c->port);
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

static void run_alone(struct tk_suite_tally *t)
{
    tk_suite_clock(t);
    tk_suite_entropy(t);
    tk_suite_flash(t);
    tk_suite_sock(t);
    tk_suite_device(t);
}

int tk_conformance_run_alone(const struct tk_conformance *c)
{
    struct tk_suite_tally t = {c, 0, NULL};

    run_alone(&t);
    return t.failures;
}

int tk_conformance_run(const struct tk_conformance *c)
{
    struct tk_suite_tally t = {c, 0, NULL};

    run_alone(&t);
    tk_suite_sock_helped(&t);
    tk_suite_console_helped(&t);
    return t.failures;
}
