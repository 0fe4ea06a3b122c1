/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONFORMANCE_PARTS_H
#define TK_CONFORMANCE_PARTS_H

/*
 * The suite's parts, one a header of the contract; for platform/conformance alone.
 *
 * One function a check. It answers NULL when the port keeps its word, else the sentence of the
 * contract that it breaks. The end of each part gives each its name, and says what they need.
 *
 * A busy machine is late now and then, a wrong port always: where lateness counts, a check takes
 * the best of some tries.
 */

#include "tk_conformance.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct tk_conformance suite;

enum {
    LATE_MS = 10,      /* what tk_wait and a step of an erase may take too long */
    STEP_MS = 20,      /* of a loop that waits for something */
    LOCAL_MS = 1000,   /* for what needs no network */
    NETWORK_MS = 5000, /* for what does */
    TRIES = 5
};

enum { GUARD = 0xa5 };

struct tk_suite_check {
    const char *name;
    const char *(*run)(const suite *c);
};

struct tk_suite_tally {
    const suite *c;
    int failures;
    const char *stopped; /* why no check can be made any more; NULL */
};

/* In order. missing: why they cannot be made here; NULL. */
void tk_suite_run(struct tk_suite_tally *t, const struct tk_suite_check *checks, size_t count,
                  const char *missing);

#define TK_SUITE_RUN(t, checks, missing)                                                           \
    tk_suite_run(t, checks, sizeof(checks) / sizeof((checks)[0]), missing)

/* --- the parts --- */

void tk_suite_clock(struct tk_suite_tally *t); /* the first */
void tk_suite_entropy(struct tk_suite_tally *t);
void tk_suite_flash(struct tk_suite_tally *t);
void tk_suite_sock(struct tk_suite_tally *t);
void tk_suite_device(struct tk_suite_tally *t);

/* These want a program around them. */
void tk_suite_sock_peer(struct tk_suite_tally *t);
void tk_suite_console(struct tk_suite_tally *t);

/* --- time --- */

uint64_t tk_suite_now(const suite *c);

uint64_t tk_suite_since(const suite *c, uint64_t start_ms);

void tk_suite_sleep(const suite *c, uint64_t ms);

/* For loops that try again: false when there is no time left to. */
bool tk_suite_wait_step(const suite *c, uint64_t deadline_ms);

/* The tick is measured with something that is none: `second` gives ticks. */
const char *tk_suite_compare_rate(const suite *c, uint64_t (*second)(const suite *c));

/* --- bytes --- */

bool tk_suite_is_all(const uint8_t *p, uint8_t value, size_t len);

/* Each byte of an area has a value of its own, so that what lands in a wrong place shows. */
uint8_t tk_suite_pattern(uint32_t at);

#endif
