/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONFORMANCE_H
#define TK_CONFORMANCE_H

/*
 * What any port must pass: the sentences of platform/ that can be checked on the device itself in
 * a few seconds. The same code runs on the host, in an emulator and on silicon, where it is the
 * console command `selftest`. To port: copy port/template, run it, mend the first line that is
 * not ok.
 *
 * What is not given is not checked, and said to be skipped. A check that fails names the sentence
 * that is broken, after the function it stands at.
 */

#include "tk_flash.h"

#include <stdint.h>

struct tk_port;

struct tk_conformance {
    struct tk_port *port;

    /* An area of flash that nobody needs: it is erased and written all over. NULL: none. */
    const struct tk_flash *scratch;

    /*
     * A TCP server to talk to, by its address in digits or its name. It sends back what it gets;
     * but when that has a byte 0x05, only after 500 ms; and when it has a byte 0x04, it closes
     * after it. NULL: there is none.
     */
    const char *peer;
    uint16_t peer_port;
    uint16_t closed_port; /* of the same host: one that nobody listens on; 0: 1 */

    /* Words that may appear on a console line, whose input is thrown away. NULL: leave it alone. */
    const char *text;
    unsigned line;

    /* Called once a check, in order. detail says why it was skipped or what is broken; else "". */
    void (*report)(void *ctx, const char *check, const char *result, const char *detail);
    void *ctx;
};

#define TK_CONFORMANCE_OK      "ok"
#define TK_CONFORMANCE_SKIPPED "skipped"
#define TK_CONFORMANCE_FAILED  "failed"

/* Runs all checks, which takes some seconds; needs about 700 bytes of stack. The number of
 * failures. Called from the main loop only. */
int tk_conformance_run(const struct tk_conformance *c);

/* The same without those that want a program around them: a peer, or the other end of a console
 * line. It is what `selftest` runs: a device does not carry the code of the rest. */
int tk_conformance_run_standalone(const struct tk_conformance *c);

#endif
