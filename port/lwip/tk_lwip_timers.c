/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_clock.h"
#include "tk_lwip_private.h"

#include <lwip/dhcp.h>
#include <lwip/dns.h>
#include <lwip/etharp.h>
#include <lwip/priv/tcp_priv.h>

/*
 * lwIP counts time by calls, four of them a second. Here a processor is woken for them only while
 * one of them has something to do; what was missed meanwhile is called later, as often as it would
 * have been, before anything can tell the difference.
 */

enum { MISSED_MAX = 1200 /* more than any counter of lwIP goes to (two minutes of TIME_WAIT) */ };

static const struct dhcp *dhcp_of_netif(void)
{
    return netif_dhcp_data(tk_lwip_netif());
}

static bool dhcp_asks(void)
{
    const struct dhcp *dhcp = dhcp_of_netif();

    return dhcp != NULL && dhcp->request_timeout > 0;
}

/* Its own clock counts a lease of hours, minute by minute. */
static bool dhcp_runs(void)
{
    return dhcp_of_netif() != NULL && dhcp_of_netif()->state != 0;
}

/* Somebody may wait for an address to be resolved. */
static bool anything_moves(void)
{
    return dhcp_asks() || tk_lwip_socks_busy() || tk_lwip_lookups_busy();
}

static const struct timer {
    uint32_t interval_ms;
    void (*run)(void);
    bool (*needed)(void);
} timers[] = {
    {TCP_TMR_INTERVAL, tcp_tmr, tk_lwip_socks_busy},
    {ARP_TMR_INTERVAL, etharp_tmr, anything_moves},
    {DNS_TMR_INTERVAL, dns_tmr, tk_lwip_lookups_busy},
    {DHCP_FINE_TIMER_MSECS, dhcp_fine_tmr, dhcp_asks},
    {DHCP_COARSE_TIMER_MSECS, dhcp_coarse_tmr, dhcp_runs},
};

enum { TIMERS = sizeof timers / sizeof timers[0] };

static struct {
    struct tk_port *port;
    uint64_t last_ms[TIMERS]; /* up to when each has run */
} state;

void tk_lwip_timers_init(struct tk_port *port)
{
    state.port = port;
    for (int i = 0; i < TIMERS; i++)
        state.last_ms[i] = tk_clock_now_ms(port);
}

static void catch_up(int i, uint64_t now_ms)
{
    uint64_t missed = (now_ms - state.last_ms[i]) / timers[i].interval_ms;

    state.last_ms[i] += missed * timers[i].interval_ms;
    for (uint64_t n = missed < MISSED_MAX ? missed : MISSED_MAX; n > 0; n--)
        timers[i].run();
}

void tk_lwip_timers_run(void)
{
    uint64_t now_ms = tk_clock_now_ms(state.port);

    for (int i = 0; i < TIMERS; i++)
        catch_up(i, now_ms);
}

uint64_t tk_lwip_timers_next(void)
{
    uint64_t next_ms = UINT64_MAX;

    for (int i = 0; i < TIMERS; i++) {
        uint64_t due_ms = state.last_ms[i] + timers[i].interval_ms;

        if (due_ms < next_ms && timers[i].needed())
            next_ms = due_ms;
    }
    return next_ms;
}
