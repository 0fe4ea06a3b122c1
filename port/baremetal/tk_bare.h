/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_BARE_H
#define TK_BARE_H

/*
 * The contract without its sockets, for boards without an operating system. A board implements the
 * functions of tk_board.h, an architecture those of tk_arch.h.
 *
 *      interrupts -> tk_bare_received, tk_bare_wake      main loop -> tk_wait -> sleep
 *
 * A program has one port and allocates it.
 */

#include "tk_clock.h"
#include "tk_flash.h"

#include <mbedtls/hmac_drbg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TK_BARE_LINE = 1040, /* bytes of console input: a line of 1024, CR LF, and a margin */
    TK_BARE_ID_MAX = 32
};

/* Written by the UART's interrupt, read by the main loop. */
struct tk_bare_ring {
    volatile uint16_t in, out; /* the next byte to write, to read */
    volatile bool lost;        /* input was lost: nothing is stored until that was reported */
    volatile uint8_t end;      /* the last byte lost, if it ended a line; else 0 */
    volatile uint32_t overruns;
    uint8_t bytes[TK_BARE_LINE];
};

struct tk_port {
    /* Background work, such as that of a network stack: called before and after each sleep. Returns
     * the tick at which it must be called again; sets *wake if tk_wait is to return. NULL: none. */
    uint64_t (*work)(struct tk_port *port, bool *wake);
    char id[TK_BARE_ID_MAX + 1];
    const struct tk_flash *seed_flash; /* two sectors for the seed, or NULL */

    /* private */
    uint64_t now_ms;
    uint32_t seen_ticks; /* the board's counter at now_ms */
    uint64_t fed_ms;     /* the last feed of the watchdog */
    volatile bool woken;
    uint32_t wakes;        /* sleeps so far */
    uint64_t asleep_ticks; /* sum of all sleeps */
    bool seeded;
    mbedtls_hmac_drbg_context drbg;
    struct tk_bare_ring rx;
};

/* Initializes clock and console, once the board's counter runs. The id of the device is prefix and
 * unique, six bytes such as a MAC address, in hexadecimal digits. */
void tk_bare_init(struct tk_port *port, const char *prefix, const uint8_t unique[6]);

/* Seeds the DRBG, which uses mbedTLS's heap: after tk_mbedtls_init. tk_bare_seed.c reads a seed
 * from seed_flash and replaces it there before using it; tk_bare_trng.c takes it from
 * tk_board_random and ignores seed_flash. */
void tk_bare_seed_init(struct tk_port *port, const struct tk_flash *seed_flash);

/* Fills buf from the DRBG, any len. Returns false, and marks the port as not seeded, if its source
 * fails. */
bool tk_bare_drbg(struct tk_port *port, void *buf, size_t len);

/* From the UART's interrupt: a byte has arrived; the UART has lost input. */
void tk_bare_received(struct tk_port *port, uint8_t byte);
void tk_bare_overrun(struct tk_port *port);

/* From an interrupt: makes tk_wait return. */
void tk_bare_wake(struct tk_port *port);

#endif
