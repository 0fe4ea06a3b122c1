/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_clock.h"

#include "tk_mbedtls.h"

/* FIXME tk_clock.h: milliseconds of a counter that never stops. A 32-bit counter is widened here:
 * read it at least once per wrap, with interrupts masked if a handler calls this too. */
uint64_t tk_clock_now_ms(struct tk_port *port)
{
    (void)port;
    return 0;
}

/* FIXME tk_clock.h, with a battery-backed clock: return TK_TIME_RTC and its seconds, unless it says
 * that it has stopped. Correct as it is without one. */
enum tk_time_quality tk_clock_unix(struct tk_port *port, int64_t *unix_s)
{
    (void)port;
    (void)unix_s;
    return TK_TIME_NONE;
}

/* FIXME tk_clock.h, with a battery-backed clock: set it if quality says so. */
void tk_clock_set_unix(struct tk_port *port, int64_t unix_s, enum tk_time_quality quality)
{
    (void)port;
    (void)quality;
    tk_mbedtls_set_time(unix_s);
}
