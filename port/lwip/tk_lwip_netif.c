/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_clock.h"
#include "tk_device.h"
#include "tk_entropy.h"
#include "tk_lwip_private.h"

#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/init.h>
#include <netif/ethernet.h>
#include <string.h>

#if LWIP_VERSION_MAJOR != 2 || LWIP_VERSION_MINOR < 2 || !NO_SYS
#error "this port is for lwIP 2.2 and later, with NO_SYS"
#endif

#if LWIP_IPV6 && !TK_SOCK_IPV6
#error "LWIP_IPV6 needs TK_SOCK_IPV6"
#endif

static struct {
    struct tk_port *port;
    const struct tk_lwip_driver *driver;
    struct netif netif;
    bool woken;
    uint32_t weak; /* state of the generator that tk_lwip_random falls back to */
} net;

/* Without a seed no connection is opened, but DHCP needs a transaction id. */
uint32_t tk_lwip_random(void)
{
    uint32_t value;

    if (tk_entropy_get(net.port, &value, sizeof value) == TK_ENTROPY_OK)
        return value;
    net.weak = net.weak * 1664525u + 1013904223u + (uint32_t)tk_clock_now_ms(net.port);
    return net.weak;
}

void tk_lwip_assert(const char *message)
{
    (void)message;
    tk_device_reboot(net.port);
}

void tk_lwip_wake(void)
{
    net.woken = true;
}

bool tk_lwip_take_wake(void)
{
    bool woken = net.woken;

    net.woken = false;
    return woken;
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
#if LWIP_IPV6
    netif->output_ip6 = ethip6_output;
    netif->flags |= NETIF_FLAG_MLD6;
#endif
    net.driver->init(netif);
    return ERR_OK;
}

struct netif *tk_lwip_netif_init(struct tk_port *port, const struct tk_lwip_driver *driver)
{
    net.port = port;
    net.driver = driver;
    lwip_init(); /* takes random numbers */
    netif_add_noaddr(&net.netif, NULL, init_interface, ethernet_input);
    netif_set_hostname(&net.netif, tk_device_id(port));
    netif_set_default(&net.netif);
#if LWIP_IPV6
    netif_create_ip6_linklocal_address(&net.netif, 1);
    netif_set_ip6_autoconfig_enabled(&net.netif, 1);
#endif
    netif_set_up(&net.netif);
    return &net.netif;
}

const struct netif *tk_lwip_netif(void)
{
    return &net.netif;
}

static bool is_linked(void)
{
    return netif_is_up(&net.netif) && netif_is_link_up(&net.netif);
}

bool tk_lwip_has_ipv4(void)
{
    return is_linked() && !ip4_addr_isany_val(*netif_ip4_addr(&net.netif));
}

bool tk_lwip_has_ipv6(void)
{
    bool has = false;

#if LWIP_IPV6
    for (int i = 1; i < LWIP_IPV6_NUM_ADDRESSES; i++) /* after the link-local one */
        has = has || ip6_addr_ispreferred(netif_ip6_addr_state(&net.netif, i));
#endif
    return has && is_linked();
}

bool tk_lwip_is_up(void)
{
    return tk_lwip_has_ipv4() || tk_lwip_has_ipv6();
}

/* --- addresses --- */

bool tk_lwip_to_ip(ip_addr_t *to, const struct tk_addr *from)
{
    const uint8_t *a = from->bytes;

#if LWIP_IPV6
    if (from->family == 6) {
        *to = (ip_addr_t)IPADDR6_INIT(0, 0, 0, 0);
        memcpy(ip_2_ip6(to)->addr, a, 16);
        return true;
    }
#endif
    IP_ADDR4(to, a[0], a[1], a[2], a[3]);
    return from->family == 4;
}
