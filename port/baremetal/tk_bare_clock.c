/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_arch.h"
#include "tk_bare.h"
#include "tk_board.h"
#include "tk_mbedtls.h"

/* Widens the board's 32-bit counter. The remainder of a millisecond is kept for the next call. */
uint64_t tk_clock_now_ms(struct tk_port *port)
{
    uint32_t before = tk_arch_mask();
    uint32_t passed = (tk_board_ticks() - port->seen_ticks) / tk_board_ticks_per_ms;

    port->seen_ticks += passed * tk_board_ticks_per_ms;
    port->now_ms += passed;
    uint64_t now_ms = port->now_ms;

    tk_arch_unmask(before);
    return now_ms;
}

enum tk_time_quality tk_clock_unix(struct tk_port *port, int64_t *unix_s)
{
    (void)port;
    (void)unix_s;
    return TK_TIME_NONE;
}

void tk_clock_set_unix(struct tk_port *port, int64_t unix_s, enum tk_time_quality quality)
{
    (void)port;
    (void)quality;
    tk_mbedtls_set_time(unix_s);
}
