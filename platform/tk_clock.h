/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CLOCK_H
#define TK_CLOCK_H

/*
 * Two clocks. The tick is monotonic and drives all timers. Wall time may be unknown; it serves
 * certificate dates, expiry times kept over a restart, and display.
 *
 * struct tk_port is the context of a port. Each port defines it, and a program may hold several (a
 * simulation holds thousands). Every function of the contract takes it as its first argument.
 *
 * All functions of the contract are called from one thread, the main loop, unless their comment
 * also allows interrupts.
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tk_port;

/* Source of a wall time, in ascending order of trust. */
enum tk_time_quality {
    TK_TIME_NONE,     /* unknown */
    TK_TIME_FLOOR,    /* a lower bound: the build date, or the last time stored */
    TK_TIME_UNSYNCED, /* the clock of an operating system that nothing has synchronized since its
                         start: it may be hours behind */
    TK_TIME_SERVER,   /* the Date of a server whose certificates were verified, plus the tick */
    TK_TIME_CONSOLE,  /* set by an operator or a provisioning host */
    TK_TIME_SNTP,
    TK_TIME_RTC,   /* a battery-backed clock on the board */
    TK_TIME_SYSTEM /* the clock of an operating system */
};

/*
 * The tick: milliseconds since a fixed moment before the program started. Never goes back and never
 * wraps: a port widens a 32-bit counter and must read it at least once per wrap. Advances while the
 * system sleeps. Two calls one second apart differ by 1000. Callable from any context, interrupts
 * included; never blocks.
 */
uint64_t tk_clock_now_ms(struct tk_port *port);

/*
 * Reads a clock that the platform keeps by itself. Returns TK_TIME_RTC, TK_TIME_SYSTEM or
 * TK_TIME_UNSYNCED with *unix_s set to the seconds since 1970-01-01T00:00:00Z, or TK_TIME_NONE with
 * *unix_s untouched. A port without such a clock always returns TK_TIME_NONE; once core has been
 * given the time it derives it from the tick. Never blocks.
 *
 * A machine without a battery-backed clock that saves its time at a stop and restores it at a start
 * (fake-hwclock, systemd-timesyncd) is behind by as long as it was off: TK_TIME_UNSYNCED, until the
 * system says that its clock is synchronized. Before core serves a stored token by such a clock, it
 * compares the clock with the Date of a server. If in doubt, return TK_TIME_UNSYNCED: that costs
 * one request after a start. A battery-backed clock that knows that it has stopped is TK_TIME_NONE.
 */
enum tk_time_quality tk_clock_unix(struct tk_port *port, int64_t *unix_s);

/*
 * Sets the platform's wall time: called when core learns a better one, and before each TLS
 * handshake. From then on mbedTLS's time() (MBEDTLS_PLATFORM_TIME_ALT) must run from it, because
 * certificate dates are checked against it. A board with a battery-backed clock sets that as well,
 * if quality is TK_TIME_CONSOLE or TK_TIME_SNTP. Never sets the clock of an operating system. May
 * take 1 ms.
 */
void tk_clock_set_unix(struct tk_port *port, int64_t unix_s, enum tk_time_quality quality);

/*
 * Queries host by SNTP (RFC 4330), now and about once an hour. host is a name or a numeric address;
 * it stays the caller's and must not change until the next call. "" stops the queries. Returns 0,
 * or -1 where an operating system keeps the time.
 */
int tk_clock_ntp_server(struct tk_port *port, const char *host);

/* Whether a reply has arrived since the last call; *unix_s is then the current time according to
 * it. Core decides whether to use it. A reply ends tk_wait. Never blocks. */
bool tk_clock_ntp_poll(struct tk_port *port, int64_t *unix_s);

#ifdef __cplusplus
}
#endif

#endif
