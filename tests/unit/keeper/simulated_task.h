/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIMULATED_TASK_H
#define SIMULATED_TASK_H

/*
 * The hooks of a mailbox for a task that is simulated: while it sleeps, the main loop runs in
 * virtual time. Include after one_world.h; begin and tear_down are for each test.
 */

#include "tk_mailbox_call.h"

enum { SLOTS = 2, CALL_SLOTS = 1, SECOND = 1000, WAITERS = TK_MAILBOX_WAITERS(SLOTS + CALL_SLOTS) };

static struct tk_mailbox box;
static struct tk_mailbox_slot slots[SLOTS];
static struct tk_mailbox_call_slot call_slots[CALL_SLOTS];
static bool given[WAITERS];
static unsigned wakes, wakes_seen, locks, spurious;
static uint64_t asleep_until_ms; /* tick */
static bool locked;
static bool stalled;         /* the main loop does not run */
static void (*during)(void); /* called once, while the task sleeps */

static inline uint32_t lock(void *ctx)
{
    assert_ptr_equal(ctx, &given);
    assert_false(locked);
    locked = true;
    return ++locks;
}

static inline void unlock(void *ctx, uint32_t before)
{
    (void)ctx;
    assert_true(locked);
    assert_int_equal(before, locks);
    locked = false;
}

static inline void wake(void *ctx)
{
    (void)ctx;
    assert_false(locked);
    wakes++;
}

static inline void give(void *ctx, unsigned waiter)
{
    (void)ctx;
    assert_false(locked);
    assert_in_range(waiter, 0, WAITERS - 1);
    given[waiter] = true;
}

/* A pass of the main loop, and its sleep until the task has something to do. While it sleeps
 * without a wake-up or an event of the network, it makes no pass. */
static inline void run_until(uint64_t end_ms, unsigned waiter)
{
    if (wakes != wakes_seen || w.port.now_ms >= asleep_until_ms) {
        wakes_seen = wakes;
        tk_mailbox_run(&box);
        asleep_until_ms = tk_keeper_run(&w.keeper);
    }
    uint64_t until_ms = asleep_until_ms < end_ms ? asleep_until_ms : end_ms;

    if (given[waiter] || wakes != wakes_seen)
        return;
    tk_wait(&w.port, until_ms);
    if (w.port.now_ms < until_ms)
        asleep_until_ms = 0;
}

static inline uint32_t sleep_for(void *ctx, unsigned waiter, uint32_t timeout_ms)
{
    uint64_t end_ms = w.port.now_ms + timeout_ms;
    void (*now)(void) = during;

    (void)ctx;
    assert_false(locked);
    assert_true(timeout_ms > 0);
    if (spurious > 0) {
        spurious--;
        return timeout_ms;
    }
    during = NULL;
    if (now != NULL)
        now();
    while (!given[waiter] && w.port.now_ms < end_ms) {
        if (stalled)
            tk_sim_advance(&w.port, end_ms - w.port.now_ms);
        else
            run_until(end_ms, waiter);
    }
    if (!given[waiter])
        return 0;
    given[waiter] = false;
    return w.port.now_ms < end_ms ? (uint32_t)(end_ms - w.port.now_ms) : 1;
}

static const struct tk_mailbox_hooks hooks = {
    .ctx = &given, .lock = lock, .unlock = unlock, .wake = wake, .wait = sleep_for, .signal = give};

static inline void make_mailbox(unsigned count)
{
    memset(&box, 0xa5, sizeof box);
    memset(slots, 0xa5, sizeof slots);
    memset(call_slots, 0xa5, sizeof call_slots);
    tk_mailbox_init(&box, &w.keeper, &hooks);
    tk_mailbox_add_slots(&box, slots, count);
    tk_mailbox_add_call_slots(&box, call_slots, CALL_SLOTS);
}

static inline int begin(void **state)
{
    set_up(state);
    memset(given, 0, sizeof given);
    wakes = wakes_seen = spurious = 0;
    asleep_until_ms = 0;
    stalled = false;
    during = NULL;
    make_mailbox(SLOTS);
    return 0;
}

#endif
