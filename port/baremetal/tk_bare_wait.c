/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_arch.h"
#include "tk_bare.h"
#include "tk_board.h"
#include "tk_sock.h"

void tk_bare_wake(struct tk_port *port)
{
    port->woken = true;
}

static uint64_t do_work(struct tk_port *port, bool *wake)
{
    return port->work == NULL ? UINT64_MAX : port->work(port, wake);
}

/* The alarm is never early, so that no wake-up is wasted. */
static uint32_t ticks_until(uint64_t until_ms, uint64_t now_ms)
{
    uint32_t longest_ms = tk_board_alarm_max / tk_board_ticks_per_ms;
    uint64_t ms = until_ms - now_ms;

    return (ms < longest_ms ? (uint32_t)ms : longest_ms) * tk_board_ticks_per_ms;
}

/* Interrupts are masked between the check and the sleep: a wake-up in between stays pending and
 * ends the sleep at once. */
static void sleep_until(struct tk_port *port, uint64_t until_ms)
{
    uint32_t before = tk_arch_mask();
    uint64_t now_ms = tk_clock_now_ms(port);

    if (!port->woken && now_ms < until_ms) {
        uint32_t start = tk_board_ticks();

        tk_board_alarm(ticks_until(until_ms, now_ms));
        tk_arch_sleep();
        port->wakes++;
        port->asleep_ticks += tk_board_ticks() - start;
    }
    tk_arch_unmask(before);
}

void tk_wait(struct tk_port *port, uint64_t until_ms)
{
    bool wake = false;
    uint64_t work_ms = do_work(port, &wake);

    while (!wake && !port->woken && tk_clock_now_ms(port) < until_ms) {
        sleep_until(port, work_ms < until_ms ? work_ms : until_ms);
        wake = port->woken;
        work_ms = do_work(port, &wake);
    }
    port->woken = false;
}
