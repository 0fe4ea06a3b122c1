/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONFORMANCE_H
#define TK_CONFORMANCE_H

/*
 * The conformance suite: checks the rules of platform/ that can be checked on the device itself in
 * a few seconds. The same code runs on the host, in an emulator and on silicon, where it is the
 * console command `selftest`. To port: copy port/template, run it, fix the first line that failed.
 *
 * Checks whose resource is not given are reported as skipped. A check that fails quotes the rule
 * that is broken, after the name of the function or header that states it; the name alone in a
 * build that is short of flash (TK_CONFORMANCE_RULES=0).
 */

#include "tk_flash.h"

#include <stdint.h>

#ifndef TK_CONFORMANCE_RULES
#define TK_CONFORMANCE_RULES 1
#endif

struct tk_port;

struct tk_conformance {
    struct tk_port *port;

    /* An area of flash whose contents are destroyed. NULL: none. */
    const struct tk_flash *scratch;

    /*
     * Name or numeric address of a TCP echo server. Data that contains a byte 0x05 is echoed 500 ms
     * later; after data that contains a byte 0x04 the server closes the connection. NULL: none.
     */
    const char *peer;
    uint16_t peer_port;
    uint16_t closed_port; /* of the same host: a port without a listener; 0: port 1 */

    /* Text to print on a console line, whose input is discarded. NULL: do not use the console. */
    const char *text;
    unsigned line;

    /* Called once per check, in order. detail: why it was skipped or which rule is broken; "" for
     * one that passed. */
    void (*report)(void *ctx, const char *check, const char *result, const char *detail);
    void *ctx;
};

#define TK_CONFORMANCE_OK      "ok"
#define TK_CONFORMANCE_SKIPPED "skipped"
#define TK_CONFORMANCE_FAILED  "failed"

/* Runs all checks, which takes some seconds and about 700 bytes of stack. Returns the number of
 * failures. Main loop only. */
int tk_conformance_run(const struct tk_conformance *c);

/* The same without the checks that need a peer or a console line; `selftest` runs these, so that a
 * device does not carry the code of the others. */
int tk_conformance_run_standalone(const struct tk_conformance *c);

/* The checks of scratch alone, for a program that uses the store and nothing else of this tree. Of
 * the port they need tk_clock_now_ms, tk_wait and tk_device_feed_watchdog. */
int tk_conformance_run_flash(const struct tk_conformance *c);

#endif
