/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_arch.h"
#include "tk_bare.h"
#include "tk_board.h"
#include "tk_sock.h"

void tk_bare_wake(struct tk_port *port)
{
    port->woken = true;
}

static uint64_t do_work(struct tk_port *port, bool *news)
{
    return port->work == NULL ? UINT64_MAX : port->work(port, news);
}

/* The alarm comes a tick after until_ms at the earliest, so that it never wakes for nothing. */
static uint32_t ticks_until(uint64_t until_ms, uint64_t now_ms)
{
    uint32_t longest_ms = tk_board_alarm_max / tk_board_ticks_per_ms;
    uint64_t ms = until_ms - now_ms;

    return (ms < longest_ms ? (uint32_t)ms : longest_ms) * tk_board_ticks_per_ms;
}

/* With interrupts masked between the look and the sleep, a wake-up that comes between them is not
 * lost: it is pending, and ends the sleep at once. */
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
    bool news = false;
    uint64_t work_ms = do_work(port, &news);

    while (!news && !port->woken && tk_clock_now_ms(port) < until_ms) {
        sleep_until(port, work_ms < until_ms ? work_ms : until_ms);
        news = port->woken;
        work_ms = do_work(port, &news);
    }
    port->woken = false;
}
