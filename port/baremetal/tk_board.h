/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_BOARD_H
#define TK_BOARD_H

/* What a board gives to port/baremetal: a few lines around registers each. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern const uint32_t tk_board_ticks_per_ms;
extern const uint32_t tk_board_alarm_max; /* ticks */

/* A counter upwards that wraps at 2^32 and never stops. Called with interrupts masked, or
 * where nobody minds; at least every half of a wrap. */
uint32_t tk_board_ticks(void);

/* An interrupt after so many ticks (1 to tk_board_alarm_max), once; replaces the one before. */
void tk_board_alarm(uint32_t ticks);

/* Restarts the watchdog's time. */
void tk_board_feed_watchdog(void);

/* Gives a byte to the UART; false when it has no room now. */
bool tk_board_put(uint8_t byte);

/* One call of tk_bare_wake when the UART has room again. */
void tk_board_enable_tx_interrupt(void);

/* Random bytes of the board's own source; false: it failed, and to is undefined. Only boards that
 * have one (tk_bare_trng.c). */
bool tk_board_random(void *to, size_t len);

/* Shows an escalation level, 0 to 4. */
void tk_board_indicate(int level);

#endif
