/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "tk_board.h"
#include "tk_firmware.h"
#include "tk_lwip.h"
#include "virtio.h"

#include <lwip/pbuf.h>
#include <string.h>

/*
 * The virtio network device (Virtual I/O Device 1.1, 5.1): a queue of buffers to receive and one of
 * buffers to send. Each frame follows a header of 12 zero bytes.
 */

#define FEATURE_MAC (1u << 5)

enum { RX, TX, HEADER = 12, FRAMES = 8, BUFFER = HEADER + TK_LWIP_FRAME_MAX };

static struct tk_virtio_queue rx, tx;
static uint8_t rx_buffers[TK_VIRTIO_QUEUE][BUFFER], tx_buffers[TK_VIRTIO_QUEUE][BUFFER];
static unsigned tx_free = TK_VIRTIO_QUEUE; /* buffers never used; used ones return in the queue */
static uintptr_t device;
static unsigned irq;

/* --- receiving --- */

static void refill(unsigned id)
{
    tk_virtio_give(device, RX, &rx, id, rx_buffers[id], BUFFER, true);
}

/* Interrupts are enabled before the last check, so that no frame is missed in between. */
static bool poll(struct netif *netif)
{
    int frames = 0;
    unsigned id;
    uint32_t len;

    for (; frames < FRAMES && tk_virtio_take(&rx, &id, &len); frames++) {
        if (len > HEADER)
            tk_lwip_frame_from(netif, rx_buffers[id] + HEADER, len - HEADER);
        refill(id);
    }
    tk_virtio_quiet(&rx, false);
    return tk_virtio_ready(&rx);
}

static void interrupt(void)
{
    tk_virtio_quiet(&rx, true);
    tk_virtio_acknowledge(device);
    tk_bare_wake(&tk_firmware_port);
}

/* --- sending --- */

/* Without a free buffer the frame is dropped; upper layers retransmit. */
static err_t send(struct netif *netif, struct pbuf *frame)
{
    unsigned id;
    uint32_t len;

    (void)netif;
    if (device == 0)
        return ERR_IF;
    if (!tk_virtio_take(&tx, &id, &len)) {
        if (tx_free == 0)
            return ERR_MEM;
        id = --tx_free;
    }
    memset(tx_buffers[id], 0, HEADER);
    (void)pbuf_copy_partial(frame, tx_buffers[id] + HEADER, frame->tot_len, 0);
    tk_virtio_give(device, TX, &tx, id, tx_buffers[id], HEADER + frame->tot_len, false);
    return ERR_OK;
}

/* --- start --- */

void tk_ethernet_init(void)
{
    device = tk_virtio_open(TK_VIRTIO_NET, FEATURE_MAC, &irq);
    if (device != 0 && !(tk_virtio_add(device, RX, &rx) && tk_virtio_add(device, TX, &tx)))
        device = 0;
}

static void init(struct netif *netif)
{
    tk_ethernet_address(netif->hwaddr);
    if (device == 0)
        return; /* the link stays down */
    netif->flags |= NETIF_FLAG_LINK_UP;
    tk_virtio_quiet(&tx, true);
    tk_virtio_begin(device);
    for (unsigned id = 0; id < TK_VIRTIO_QUEUE; id++)
        refill(id);
    tk_plic_enable(irq, interrupt);
}

void tk_ethernet_address(uint8_t out[6])
{
    static const uint8_t none[6] = {0x02, 0, 0, 0, 0, 0x01}; /* locally administered */

    memcpy(out, none, sizeof none);
    for (unsigned i = 0; device != 0 && i < 6; i++)
        out[i] = tk_virtio_config(device, i);
}

const struct tk_lwip_driver tk_ethernet = {init, poll, send};
