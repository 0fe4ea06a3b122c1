/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_BOARD_H
#define TK_BOARD_H

/* Implemented by each board for port/baremetal: a few lines around registers each. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern const uint32_t tk_board_ticks_per_ms;
extern const uint32_t tk_board_alarm_max; /* ticks */

/* A counter that counts up, wraps at 2^32 and never stops. Called at least twice per wrap, from the
 * main loop or with interrupts masked. */
uint32_t tk_board_ticks(void);

/* Requests one interrupt after 1 to tk_board_alarm_max ticks; replaces an earlier request. */
void tk_board_alarm(uint32_t ticks);

/* Restarts the watchdog's timeout. */
void tk_board_feed_watchdog(void);

/* Writes a byte to the UART. Returns false if the UART has no room now. */
bool tk_board_put(uint8_t byte);

/* Makes the UART's interrupt call tk_bare_wake once, when it has room again. */
void tk_board_enable_tx_interrupt(void);

/* Random bytes from the board's own source, each with nearly 8 bits of entropy; those that repeat
 * themselves (tk_entropy_repeats) are not used. Returns false if it failed; to is then undefined.
 * Only for boards with such a source (tk_bare_trng.c). May take 1 s. */
bool tk_board_random(void *to, size_t len);

/* Shows an alert level, 0 to 4, on a status LED; empty where there is none. */
void tk_board_indicate(int level);

#endif
