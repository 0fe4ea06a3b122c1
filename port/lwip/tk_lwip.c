/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_clock.h"
#include "tk_device.h"
#include "tk_entropy.h"
#include "tk_lwip_private.h"

#include <lwip/dhcp.h>
#include <lwip/dns.h>
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/prot/dhcp.h>
#include <netif/ethernet.h>
#include <string.h>

#if LWIP_VERSION_MAJOR != 2 || LWIP_VERSION_MINOR < 2 || !NO_SYS
#error "this port is for lwIP 2.2 and later, with NO_SYS"
#endif

static struct {
    struct tk_port *port;
    const struct tk_lwip_driver *driver;
    struct netif netif;
    struct dhcp dhcp;
    bool up; /* when it was last looked at */
    bool news;
    uint32_t weak; /* what tk_lwip_random has without a seed */
} net;

void tk_lwip_assert(const char *what)
{
    (void)what;
    tk_device_reboot(net.port);
}

/* Without a seed no connection is made for anybody, but DHCP still wants a number. */
uint32_t tk_lwip_random(void)
{
    uint32_t value;

    if (tk_entropy_get(net.port, &value, sizeof value) == TK_ENTROPY_OK)
        return value;
    net.weak = net.weak * 1664525u + 1013904223u + (uint32_t)tk_clock_now_ms(net.port);
    return net.weak;
}

void tk_lwip_tell(void)
{
    net.news = true;
}

bool tk_lwip_is_up(void)
{
    return netif_is_up(&net.netif) && netif_is_link_up(&net.netif) &&
           !ip4_addr_isany_val(*netif_ip4_addr(&net.netif));
}

const struct netif *tk_lwip_netif(void)
{
    return &net.netif;
}

/* --- frames --- */

struct pbuf *tk_lwip_frame(size_t len)
{
    if (len < TK_LWIP_FRAME_MIN || len > TK_LWIP_FRAME_MAX)
        return NULL;
    return pbuf_alloc(PBUF_RAW, (uint16_t)len, PBUF_POOL);
}

void tk_lwip_frame_in(struct netif *netif, struct pbuf *frame)
{
    if (netif->input(frame, netif) != ERR_OK)
        pbuf_free(frame);
}

void tk_lwip_frame_from(struct netif *netif, const void *data, size_t len)
{
    struct pbuf *frame = tk_lwip_frame(len);

    if (frame == NULL)
        return;
    (void)pbuf_take(frame, data, (uint16_t)len);
    tk_lwip_frame_in(netif, frame);
}

static err_t send_frame(struct netif *netif, struct pbuf *frame)
{
    if (frame->tot_len < TK_LWIP_FRAME_MIN ||
        frame->tot_len > TK_LWIP_FRAME_MAX - TK_LWIP_FRAME_FCS)
        return ERR_IF;
    return net.driver->send(netif, frame);
}

/* --- the interface --- */

static err_t init_interface(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = 1500;
    netif->hwaddr_len = ETHARP_HWADDR_LEN;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP;
    netif->output = etharp_output;
    netif->linkoutput = send_frame;
    net.driver->init(netif);
    return ERR_OK;
}

void tk_lwip_init(struct tk_port *port, const struct tk_lwip_driver *driver)
{
    net.port = port;
    net.driver = driver;
    lwip_init();
    tk_lwip_timers_init(port);
    netif_add_noaddr(&net.netif, NULL, init_interface, ethernet_input);
    netif_set_hostname(&net.netif, tk_device_id(port));
    netif_set_default(&net.netif);
    netif_set_up(&net.netif);
    tk_lwip_sntp_init(port);
    dhcp_set_struct(&net.netif, &net.dhcp);
    dhcp_start(&net.netif);
}

/* --- the address --- */

static void use_fixed(const struct tk_ip *ip)
{
    const uint8_t *a = ip->addr, *g = ip->gateway, *d = ip->dns;
    uint32_t mask = lwip_htonl(0xffffffffu << (32 - ip->prefix));
    ip4_addr_t addr, net_mask = {mask}, gateway;
    ip_addr_t dns;

    dhcp_release_and_stop(&net.netif);
    IP4_ADDR(&addr, a[0], a[1], a[2], a[3]);
    IP4_ADDR(&gateway, g[0], g[1], g[2], g[3]);
    IP_ADDR4(&dns, d[0], d[1], d[2], d[3]);
    netif_set_addr(&net.netif, &addr, &net_mask, &gateway);
    dns_setserver(0, &dns);
    dns_setserver(1, NULL);
}

/* Nothing is sent but for a change: a lease that is there stays. */
int tk_sock_address(struct tk_port *port, const struct tk_ip *ip)
{
    (void)port;
    tk_lwip_timers_run();
    if (ip->fixed) {
        use_fixed(ip);
    } else if (net.dhcp.state == DHCP_STATE_OFF) {
        netif_set_addr(&net.netif, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4);
        dhcp_start(&net.netif);
    }
    return TK_SOCK_OK;
}

static void get_address(uint8_t out[4], const ip4_addr_t *addr)
{
    memcpy(out, &addr->addr, 4); /* network byte order, both */
}

int tk_sock_address_now(struct tk_port *port, struct tk_ip *ip)
{
    uint32_t mask = lwip_ntohl(netif_ip4_netmask(&net.netif)->addr);

    (void)port;
    if (!tk_lwip_is_up())
        return TK_SOCK_AGAIN;
    *ip = (struct tk_ip){.fixed = true};
    for (; mask != 0; mask <<= 1)
        ip->prefix++;
    get_address(ip->addr, netif_ip4_addr(&net.netif));
    get_address(ip->gateway, netif_ip4_gw(&net.netif));
    get_address(ip->dns, ip_2_ip4(dns_getserver(0)));
    return TK_SOCK_OK;
}

/* Who was told to wait until the network is there wants to know that it is. */
static void look_at_interface(void)
{
    bool up = tk_lwip_is_up();

    if (up && !net.up)
        tk_lwip_tell();
    net.up = up;
}

uint64_t tk_lwip_work(struct tk_port *port, bool *news)
{
    uint64_t sntp_ms, timers_ms;

    tk_lwip_timers_run();
    bool more = net.driver->poll(&net.netif);

    tk_lwip_packet_done();
    look_at_interface();
    sntp_ms = tk_lwip_sntp_run();
    timers_ms = tk_lwip_timers_next();
    *news = *news || net.news;
    net.news = false;
    if (more)
        return tk_clock_now_ms(port);
    return sntp_ms < timers_ms ? sntp_ms : timers_ms;
}
