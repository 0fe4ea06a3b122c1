/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "m2s010.h"
#include "tk_clock.h"
#include "tk_cortex_m.h"
#include "tk_firmware.h"
#include "tk_lwip.h"

#include <lwip/pbuf.h>
#include <string.h>

/*
 * The MAC transfers frames by DMA along two rings of descriptors:
 *
 *      | buffer | EMPTY, bytes | next |     EMPTY: ready to receive, or sent
 *
 * It stops receiving at a descriptor that is not empty, until it is enabled again.
 */

#define EMPTY       (1u << 31)
#define SIZE_MASK   0x7FFu
#define ENABLE      1u
#define TX_DONE     3u /* sent; nothing more to send */
#define RX_ONE      (1u << 0)
#define RX_OVERFLOW (1u << 2)
#define IRQ_RX      (1u << 4 | 1u << 6) /* received, overflow */

#define CFG1_RESET  (1u << 31)
#define CFG1_ENABLE (1u << 0 | 1u << 2)                      /* send, receive */
#define CFG2_MII    (7u << 12 | 1u << 8 | 1u << 2 | 1u << 1) /* preamble, pad, append FCS */
#define CFG2_FULL   1u                                       /* duplex */
#define FIFO_ENABLE 0x1F00u
#define MDC_DIVIDER 7u /* by 28 */

enum { RING = 8, BUFFER = 1536, SEND_TRIES = 1000000 };

struct descriptor {
    volatile uint32_t buffer, size, next;
};

static struct descriptor receiving[RING], sending;
static uint8_t frames_in[RING][BUFFER] __attribute__((aligned(4)));
static uint8_t frame_out[BUFFER] __attribute__((aligned(4)));
static unsigned next_in; /* descriptor of the next frame */

/* Completes earlier writes to memory before later ones that the MAC reads. */
static void barrier(void)
{
    __asm volatile("dsb" : : : "memory");
}

static uint32_t address_of(volatile void *at)
{
    return (uint32_t)(uintptr_t)at;
}

/* --- the link --- */

/* The PHY at address 1; IEEE 802.3, 22.2.4. */
#define PHY        (1u << 8)
#define PHY_STATUS 1u
#define PHY_OURS   4u /* advertised abilities, ours and the link partner's */
#define PHY_THEIRS 5u
#define PHY_LINK   (1u << 2)
#define PHY_FULL   (1u << 6 | 1u << 8) /* 10BASE-T, 100BASE-TX */

enum { LINK_EVERY_MS = 1000, MII_TRIES = 10000 };

static uint32_t read_phy(uint32_t reg)
{
    MAC_MII_ADDRESS = PHY | reg;
    MAC_MII_COMMAND = 0;
    MAC_MII_COMMAND = 1; /* single read */
    for (int i = 0; i < MII_TRIES && (MAC_MII_INDICATORS & 1) != 0; i++)
        continue;
    return MAC_MII_STATUS;
}

static void use_duplex(void)
{
    bool full = (read_phy(PHY_OURS) & read_phy(PHY_THEIRS) & PHY_FULL) != 0;

    MAC_CFG2 = CFG2_MII | (full ? CFG2_FULL : 0);
}

/* At most once a second, and only while the processor is awake. The bit latches "link down" until
 * it is read, so that a link is reported up one second later. */
static void check_link(struct netif *netif)
{
    static uint64_t checked_ms;
    uint64_t now_ms = tk_clock_now_ms(&tk_firmware_port);

    if (checked_ms != 0 && now_ms - checked_ms < LINK_EVERY_MS)
        return;
    checked_ms = now_ms;
    if ((read_phy(PHY_STATUS) & PHY_LINK) == 0) {
        netif_set_link_down(netif);
    } else if (!netif_is_link_up(netif)) {
        use_duplex();
        netif_set_link_up(netif);
    }
}

/* --- receiving --- */

static void start_receiving(void)
{
    barrier();
    MAC_RX_DESCRIPTOR = address_of(&receiving[next_in]);
    MAC_RX_CONTROL = ENABLE;
}

static bool receive(struct netif *netif)
{
    struct descriptor *from = &receiving[next_in];

    if ((from->size & EMPTY) != 0)
        return false;
    barrier();
    tk_lwip_frame_from(netif, frames_in[next_in], from->size & SIZE_MASK);
    barrier();
    from->size = EMPTY;
    MAC_RX_STATUS = RX_ONE;
    next_in = (next_in + 1) % RING;
    return true;
}

static bool poll(struct netif *netif)
{
    int frames = 0;

    check_link(netif);
    while (frames < RING && receive(netif))
        frames++;
    if ((MAC_RX_CONTROL & ENABLE) == 0) { /* the ring was full */
        MAC_RX_STATUS = RX_OVERFLOW;
        start_receiving();
    }
    MAC_IRQ_MASK = IRQ_RX;
    return frames == RING;
}

/* The main loop empties the ring and enables the interrupt again. */
void tk_ethernet_interrupt(void)
{
    MAC_IRQ_MASK = 0;
    tk_bare_wake(&tk_firmware_port);
}

/* --- sending --- */

static bool may_send(void)
{
    for (int i = 0; i < SEND_TRIES; i++) {
        if ((sending.size & EMPTY) != 0)
            return true;
    }
    return false;
}

static err_t send(struct netif *netif, struct pbuf *frame)
{
    (void)netif;
    if (!may_send())
        return ERR_IF;
    pbuf_copy_partial(frame, frame_out, frame->tot_len, 0);
    sending.size = frame->tot_len;
    barrier();
    MAC_TX_STATUS = TX_DONE;
    MAC_TX_DESCRIPTOR = address_of(&sending);
    MAC_TX_CONTROL = ENABLE;
    return ERR_OK;
}

/* --- start --- */

static void make_rings(void)
{
    for (unsigned i = 0; i < RING; i++) {
        receiving[i].buffer = address_of(frames_in[i]);
        receiving[i].size = EMPTY;
        receiving[i].next = address_of(&receiving[(i + 1) % RING]);
    }
    sending.buffer = address_of(frame_out);
    sending.size = EMPTY;
    sending.next = address_of(&sending);
}

static void start_mac(const uint8_t a[6])
{
    MAC_CFG1 = CFG1_RESET;
    MAC_CFG1 = 0;
    MAC_MII_CFG = MDC_DIVIDER;
    MAC_CFG2 = CFG2_MII | CFG2_FULL;
    MAC_LONGEST = BUFFER;
    MAC_STATION1 = (uint32_t)a[0] << 24 | (uint32_t)a[1] << 16 | (uint32_t)a[2] << 8 | a[3];
    MAC_STATION2 = (uint32_t)a[4] << 24 | (uint32_t)a[5] << 16;
    MAC_FIFO_CFG0 = FIFO_ENABLE;
    MAC_CFG1 = CFG1_ENABLE;
}

static void init(struct netif *netif)
{
    tk_ethernet_address(netif->hwaddr);
    make_rings();
    start_mac(netif->hwaddr);
    start_receiving();
    MAC_IRQ_MASK = IRQ_RX;
    tk_cortex_enable(IRQ_MAC);
}

/* From the linker script: the MAC address that production programs after the image. */
extern const uint8_t tk_identity[6];

static bool is_address(const uint8_t a[6])
{
    uint8_t any = 0, all = 0xFF;

    for (int i = 0; i < 6; i++) {
        any |= a[i];
        all &= a[i];
    }
    return any != 0 && all != 0xFF && (a[0] & 1) == 0; /* 1: a group address */
}

/* Without a programmed address: a locally administered one, the same on all such boards. */
void tk_ethernet_address(uint8_t out[6])
{
    static const uint8_t fallback[6] = {0x02, 0, 0, 0, 0, 0x01};

    memcpy(out, is_address(tk_identity) ? tk_identity : fallback, 6);
}

const struct tk_lwip_driver tk_ethernet = {init, poll, send};
