/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_clock.h"
#include "tk_lwip_private.h"

#include <lwip/dhcp.h>
#include <lwip/dns.h>
#include <lwip/prot/dhcp.h>
#include <string.h>

static struct {
    const struct tk_lwip_driver *driver;
    struct netif *netif;
    struct dhcp dhcp;
    unsigned was_up; /* families that had an address in the last tk_lwip_work */
} net;

void tk_lwip_init(struct tk_port *port, const struct tk_lwip_driver *driver)
{
    net.driver = driver;
    tk_lwip_timers_init(port);
    net.netif = tk_lwip_netif_init(port, driver);
    tk_lwip_sntp_init(port);
    dhcp_set_struct(net.netif, &net.dhcp);
    dhcp_start(net.netif);
}

/* --- the address --- */

static void use_fixed(const struct tk_ip *ip)
{
    const uint8_t *a = ip->addr, *g = ip->gateway, *d = ip->dns;
    uint32_t mask = lwip_htonl(0xffffffffu << (32 - ip->prefix));
    ip4_addr_t addr, net_mask = {mask}, gateway;
    ip_addr_t dns;

    dhcp_release_and_stop(net.netif);
    IP4_ADDR(&addr, a[0], a[1], a[2], a[3]);
    IP4_ADDR(&gateway, g[0], g[1], g[2], g[3]);
    IP_ADDR4(&dns, d[0], d[1], d[2], d[3]);
    netif_set_addr(net.netif, &addr, &net_mask, &gateway);
    dns_setserver(0, &dns);
    dns_setserver(1, NULL);
}

/* An existing lease is kept: nothing is sent unless the configuration changes. */
int tk_sock_set_ip(struct tk_port *port, const struct tk_ip *ip)
{
    (void)port;
    tk_lwip_timers_run();
    if (ip->fixed) {
        use_fixed(ip);
    } else if (net.dhcp.state == DHCP_STATE_OFF) {
        netif_set_addr(net.netif, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4);
        dhcp_start(net.netif);
    }
    return TK_SOCK_OK;
}

static void get_address(uint8_t out[4], const ip4_addr_t *addr)
{
    memcpy(out, &addr->addr, 4); /* network byte order, both */
}

int tk_sock_get_ip(struct tk_port *port, struct tk_ip *ip)
{
    uint32_t mask = lwip_ntohl(netif_ip4_netmask(net.netif)->addr);

    (void)port;
    if (!tk_lwip_has_ipv4())
        return TK_SOCK_AGAIN;
    *ip = (struct tk_ip){.fixed = true};
    for (; mask != 0; mask <<= 1)
        ip->prefix++;
    get_address(ip->addr, netif_ip4_addr(net.netif));
    get_address(ip->gateway, netif_ip4_gw(net.netif));
    if (IP_IS_V4(dns_getserver(0)))
        get_address(ip->dns, ip_2_ip4(dns_getserver(0)));
    return TK_SOCK_OK;
}

/* A caller that was answered TK_SOCK_AGAIN for lack of an address is woken when there is one. */
static void look_at_interface(void)
{
    unsigned up = tk_lwip_has_ipv4() | tk_lwip_has_ipv6() << 1;

    if ((up & ~net.was_up) != 0)
        tk_lwip_wake();
    net.was_up = up;
}

uint64_t tk_lwip_work(struct tk_port *port, bool *wake)
{
    uint64_t sntp_ms, timers_ms, lookups_ms;

    tk_lwip_timers_run();
    bool more = net.driver->poll(net.netif);

    tk_lwip_packet_done();
    look_at_interface();
    sntp_ms = tk_lwip_sntp_run();
    lookups_ms = tk_lwip_lookups_run();
    timers_ms = tk_lwip_timers_next(tk_lwip_socks_busy(), tk_lwip_lookups_busy());
    *wake = tk_lwip_take_wake() || *wake;
    if (more)
        return tk_clock_now_ms(port);
    if (lookups_ms < timers_ms)
        timers_ms = lookups_ms;
    return sntp_ms < timers_ms ? sntp_ms : timers_ms;
}
