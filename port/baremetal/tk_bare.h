/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_BARE_H
#define TK_BARE_H

/*
 * What boards without an operating system share: everything of the contract but the sockets.
 * A board gives the few functions of tk_board.h; an architecture those of tk_arch.h.
 *
 *      interrupts -> tk_bare_received, tk_bare_wake      main loop -> tk_wait -> sleep
 *
 * There is one port in a program, and it is the program's.
 */

#include "tk_clock.h"
#include "tk_flash.h"

#include <mbedtls/hmac_drbg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TK_BARE_LINE = 1040, /* bytes kept of what was typed: a line of 1024, CR LF, and some more */
    TK_BARE_ID_MAX = 32
};

/* One byte in at the interrupt, one byte out in the main loop. */
struct tk_bare_ring {
    volatile uint16_t in, out; /* the next place to write, to read */
    volatile bool lost;        /* something did not fit: nothing is taken until that was said */
    volatile uint8_t end;      /* the last byte that did not, if it was a line's end; else 0 */
    volatile uint32_t overruns;
    uint8_t bytes[TK_BARE_LINE];
};

struct tk_port {
    /* Work that goes on behind the main loop's back, such as a network's: called before and after
     * each sleep. Answers the tick at which it wants to be called again; *news becomes true when
     * tk_wait is to return. NULL: there is none. */
    uint64_t (*work)(struct tk_port *port, bool *news);
    char id[TK_BARE_ID_MAX + 1];
    const struct tk_flash *seed_flash; /* two sectors for the seed, or NULL */

    /* inside */
    uint64_t now_ms;
    uint32_t seen_ticks; /* of the board's counter, up to which now_ms counts */
    uint64_t fed_ms;
    volatile bool woken;
    uint32_t wakes;        /* times that a sleep ended */
    uint64_t asleep_ticks; /* in all */
    bool seeded;
    mbedtls_hmac_drbg_context drbg;
    struct tk_bare_ring rx;
};

/* Prepares the port: the clock runs, the console takes bytes. After tk_board_init. prefix and six
 * bytes that no other device has make its id. */
void tk_bare_init(struct tk_port *port, const char *prefix, const uint8_t unique[6]);

/* Begins the generator of random numbers, which lives on mbedTLS's heap: after tk_mbedtls_init.
 * tk_bare_seed.c takes the seed from flash and replaces it there before it is used;
 * tk_bare_trng.c takes it from the board's own source, and seed_flash is NULL. */
void tk_bare_seed_init(struct tk_port *port, const struct tk_flash *seed_flash);

/* For these two: len bytes of the generator, any number. False, and not seeded any more, when its
 * source fails. */
bool tk_bare_drbg(struct tk_port *port, void *buf, size_t len);

/* From the UART's interrupt. */
void tk_bare_received(struct tk_port *port, uint8_t byte);
void tk_bare_overrun(struct tk_port *port);

/* From any interrupt that the main loop should look at. */
void tk_bare_wake(struct tk_port *port);

#endif
