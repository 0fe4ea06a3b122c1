/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_FIRMWARE_H
#define TK_FIRMWARE_H

/*
 * The interface between the firmware that all boards share (boards/firmware/main.c) and a board,
 * which implements tk_firmware_board, tk_firmware_start and tk_firmware_reset_cause.
 */

#include "tk_bare.h"
#include "tk_bare_fault.h"

struct tk_keeper;
struct tk_lwip_driver;

/* The program's one port. */
extern struct tk_port tk_firmware_port;

/* Build time, in seconds since 1970. */
extern const int64_t tk_firmware_build_unix;

struct tk_firmware_board {
    const char *name;      /* "lm3s6965evb" */
    const char *id_prefix; /* "lm3s-" */
    const struct tk_flash *store;
    const struct tk_flash *seed;    /* NULL: the board has a random source */
    const struct tk_flash *scratch; /* erased by `selftest`; NULL: none */
    const struct tk_lwip_driver *network;
};

extern const struct tk_firmware_board tk_firmware_board;

/* Called first: starts clocks, pins, timers, UART and interrupts. unique: the MAC address. */
void tk_firmware_start(uint8_t unique[6]);

/* The cause of the reset: "power_on", "pin", "brown_out", "watchdog", "lockup" or "software";
 * "unknown" if the chip does not tell. Called once. */
const char *tk_firmware_reset_cause(void);

/* A part of your own, in an image that is built with TK_FIRMWARE_PART: called once the keeper is
 * initialized, and before each tk_keeper_run. */
void tk_firmware_part_init(struct tk_keeper *k);
void tk_firmware_part_run(void);

#endif
