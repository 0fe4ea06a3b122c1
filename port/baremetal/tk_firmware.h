/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_FIRMWARE_H
#define TK_FIRMWARE_H

/*
 * A whole firmware, but for what differs from board to board: boards/firmware/main.c is its main
 * loop, and a board gives this.
 */

#include "tk_bare.h"
#include "tk_bare_fault.h"

struct tk_lwip_driver;

/* The program's one port. */
extern struct tk_port tk_firmware_port;

/* When it was made. */
extern const int64_t tk_firmware_build_unix;

struct tk_firmware_board {
    const char *name;      /* a word: "lm3s6965evb" */
    const char *id_prefix; /* "lm3s-" */
    const struct tk_flash *store;
    const struct tk_flash *seed;    /* NULL: it has a random source */
    const struct tk_flash *scratch; /* NULL: none to spare */
    const struct tk_lwip_driver *network;
};

extern const struct tk_firmware_board tk_firmware_board;

/* The first thing: the hardware runs, interrupts come. Six bytes that no other device has. */
void tk_firmware_start(uint8_t unique[6]);

/* Why the chip started, as a word: power_on, pin, brown_out, watchdog, lockup, software; unknown
 * where it does not say. */
const char *tk_firmware_reset_cause(void);

#endif
