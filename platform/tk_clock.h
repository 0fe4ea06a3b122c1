/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CLOCK_H
#define TK_CLOCK_H

/*
 * Two clocks, never one. The tick is monotonic and schedules everything; the wall clock may be
 * unknown and serves certificate dates, expiries kept over a restart, and people.
 *
 * struct tk_port is the context of a port: each port completes it as it likes and may hold many
 * of them (a simulation holds thousands). Every function of the contract takes it first.
 */

#include <stdbool.h>
#include <stdint.h>

struct tk_port;

/* How much a wall time may be trusted, from not at all to most. */
enum tk_time_quality {
    TK_TIME_NONE,    /* nobody knows */
    TK_TIME_FLOOR,   /* a lower bound, not a clock */
    TK_TIME_CONSOLE, /* a person or a provisioning host typed it */
    TK_TIME_SNTP,
    TK_TIME_RTC,   /* a battery-backed clock on the board */
    TK_TIME_SYSTEM /* an operating system that keeps time by itself */
};

/*
 * Milliseconds since some moment before the program started. Never goes back, never wraps (a
 * 32-bit source is widened by the port, which must look at it at least once a wrap), and goes on
 * while the system sleeps. Two calls one second apart differ by 1000. Callable from anywhere,
 * interrupts included; never blocks.
 */
uint64_t tk_clock_now_ms(struct tk_port *port);

/*
 * Seconds since 1970-01-01T00:00:00Z as the platform knows them by itself: TK_TIME_RTC or
 * TK_TIME_SYSTEM with *unix_s set, or TK_TIME_NONE with *unix_s untouched. A port without such a
 * clock always answers TK_TIME_NONE; the core then keeps time from the tick, once somebody told
 * it. Called from the main loop only; never blocks.
 */
enum tk_time_quality tk_clock_unix(struct tk_port *port, int64_t *unix_s);

/*
 * The core tells the platform what time it is, whenever that becomes better known and before
 * each TLS handshake. From then on mbedTLS' time() (MBEDTLS_PLATFORM_TIME_ALT) must run from
 * it, because certificate dates are checked against it; a board with a battery-backed clock also
 * sets that, when quality is TK_TIME_CONSOLE or TK_TIME_SNTP. It never sets an operating system's
 * clock. Called from the main loop only; may take 1 ms.
 */
void tk_clock_set_unix(struct tk_port *port, int64_t unix_s, enum tk_time_quality quality);

/*
 * Asks a server for the time (SNTP, RFC 4330), from now on and every hour or so. host is a name or
 * an address in digits, and stays the caller's until the next call; "" asks nobody any more. 0, or
 * -1 on a platform that keeps the time by itself.
 */
int tk_clock_ntp_server(struct tk_port *port, const char *host);

/* Whether the server has answered since the last call; *unix_s is then what time it is now by that
 * answer, which the core judges. tk_wait returns for it. Never blocks. */
bool tk_clock_ntp_poll(struct tk_port *port, int64_t *unix_s);

#endif
