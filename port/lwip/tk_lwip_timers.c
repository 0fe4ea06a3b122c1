/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_clock.h"
#include "tk_lwip_private.h"

#include <lwip/dhcp.h>
#include <lwip/dns.h>
#include <lwip/etharp.h>
#include <lwip/mld6.h>
#include <lwip/nd6.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/prot/dhcp.h>

/*
 * lwIP counts time in calls of its timers, up to four per second. The processor is woken for them
 * only while a timer has something to do. Calls missed meanwhile are made up for before anything
 * depends on them.
 */

enum { MISSED_MAX = 1200 /* exceeds every counter of lwIP (two minutes of TIME_WAIT) */ };

/* --- calls of a timer until one has an effect; 0: none has --- */

struct busy {
    bool socks, lookups;
};

static uint32_t tcp_calls(const struct busy *busy)
{
    return busy->socks;
}

/* An address may be being resolved: lwIP asks again once a second. */
static uint32_t arp_calls(const struct busy *busy)
{
    return busy->socks || busy->lookups;
}

static uint32_t dns_calls(const struct busy *busy)
{
    return busy->lookups;
}

static uint32_t dhcp_fine_calls(const struct busy *busy)
{
    const struct dhcp *dhcp = netif_dhcp_data(tk_lwip_netif());

    (void)busy;
    return dhcp == NULL ? 0 : dhcp->request_timeout;
}

/* Counts the minutes of a lease. */
static uint32_t dhcp_coarse_calls(const struct busy *busy)
{
    const struct dhcp *dhcp = netif_dhcp_data(tk_lwip_netif());

    (void)busy;
    return dhcp != NULL && dhcp->state != DHCP_STATE_OFF;
}

#if LWIP_IPV6

enum { ND6_IDLE = 600 /* calls that may be missed: lifetimes are counted in seconds */ };

/* Neighbours are being resolved, routers asked for, or addresses checked for duplicates. */
static uint32_t nd6_calls(const struct busy *busy)
{
    const struct netif *netif = tk_lwip_netif();
    bool asks = busy->socks || busy->lookups || netif->rs_count > 0;

    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        asks = asks || ip6_addr_istentative(netif_ip6_addr_state(netif, i));
    return asks ? 1 : ND6_IDLE;
}

/* A report to routers is due. */
static uint32_t mld6_calls(const struct busy *busy)
{
    const struct mld_group *group = netif_mld6_data(tk_lwip_netif());

    (void)busy;
    while (group != NULL && group->timer == 0)
        group = group->next;
    return group != NULL;
}

#endif

static const struct timer {
    uint32_t interval_ms;
    void (*run)(void);
    uint32_t (*calls)(const struct busy *busy);
} timers[] = {
    {TCP_TMR_INTERVAL, tcp_tmr, tcp_calls},
    {ARP_TMR_INTERVAL, etharp_tmr, arp_calls},
    {DNS_TMR_INTERVAL, dns_tmr, dns_calls},
    {DHCP_FINE_TIMER_MSECS, dhcp_fine_tmr, dhcp_fine_calls},
    {DHCP_COARSE_TIMER_MSECS, dhcp_coarse_tmr, dhcp_coarse_calls},
#if LWIP_IPV6
    {ND6_TMR_INTERVAL, nd6_tmr, nd6_calls},
    {MLD6_TMR_INTERVAL, mld6_tmr, mld6_calls},
#endif
};

enum { TIMERS = sizeof timers / sizeof timers[0] };

static struct {
    struct tk_port *port;
    uint64_t last_ms[TIMERS]; /* the tick up to which each has run */
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

uint64_t tk_lwip_timers_next(bool socks_busy, bool lookups_busy)
{
    const struct busy busy = {socks_busy, lookups_busy};
    uint64_t next_ms = UINT64_MAX;

    for (int i = 0; i < TIMERS; i++) {
        uint32_t calls = timers[i].calls(&busy);
        uint64_t due_ms = state.last_ms[i] + (uint64_t)calls * timers[i].interval_ms;

        if (calls > 0 && due_ms < next_ms)
            next_ms = due_ms;
    }
    return next_ms;
}
