/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONFORMANCE_PARTS_H
#define TK_CONFORMANCE_PARTS_H

/*
 * The parts of the suite, one per header of the contract. Private to platform/conformance.
 *
 * One function per check: it returns NULL if the port conforms, or the TK_RULE that is broken,
 * quoted from the header. The table at the end of each part names the checks and what they need.
 *
 * A loaded machine is late now and then, a wrong port always: where time is measured, a check takes
 * the best of several tries.
 */

#include "tk_conformance.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct tk_conformance suite;

enum {
    LATE_MS = 10,      /* tolerance of tk_wait, and longest step of an erase */
    STEP_MS = 20,      /* of a loop that waits */
    LOCAL_MS = 1000,   /* timeout without network */
    NETWORK_MS = 5000, /* timeout with network */
    TRIES = 5
};

/* The rule that is broken: the function or header that states it, and its words. */
#if TK_CONFORMANCE_RULES
#define TK_RULE(where, words) where ": " words
#else
#define TK_RULE(where, words) where
#endif

enum { GUARD = 0xa5 }; /* fills the bytes around a buffer */

struct tk_suite_check {
    const char *name;
    const char *(*run)(const suite *c);
};

struct tk_suite_tally {
    const suite *c;
    int failures;
    const char *stopped; /* why the remaining checks are skipped; NULL: they are not */
};

/* Runs checks in order. missing: why they are skipped; NULL: they are not. */
void tk_suite_run(struct tk_suite_tally *t, const struct tk_suite_check *checks, size_t count,
                  const char *missing);

#define TK_SUITE_RUN(t, checks, missing)                                                           \
    tk_suite_run(t, checks, sizeof(checks) / sizeof((checks)[0]), missing)

/* --- the parts --- */

void tk_suite_clock(struct tk_suite_tally *t); /* must be the first */
void tk_suite_entropy(struct tk_suite_tally *t);
void tk_suite_flash(struct tk_suite_tally *t);
void tk_suite_sock(struct tk_suite_tally *t);
void tk_suite_device(struct tk_suite_tally *t);

/* These need a peer or a console line. */
void tk_suite_sock_peer(struct tk_suite_tally *t);
void tk_suite_console(struct tk_suite_tally *t);

/* --- time --- */

uint64_t tk_suite_now(const suite *c);

uint64_t tk_suite_since(const suite *c, uint64_t start_ms);

void tk_suite_sleep(const suite *c, uint64_t ms);

/* Sleeps until the next step of a loop; false once the deadline has passed. */
bool tk_suite_wait_step(const suite *c, uint64_t deadline_ms);

/* Compares the tick with another clock: measure returns the ticks that pass in one second of it. */
const char *tk_suite_compare_rate(const suite *c, uint64_t (*measure)(const suite *c));

/* --- bytes --- */

bool tk_suite_is_all(const uint8_t *p, uint8_t value, size_t len);

/* Test data: the value depends on the offset, so that misplaced bytes are detected. */
uint8_t tk_suite_pattern(uint32_t at);

#endif
