/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "lm3s6965.h"
#include "tk_cortex_m.h"
#include "tk_firmware.h"
#include "tk_lwip.h"

#include <lwip/pbuf.h>

/*
 * The MAC has two FIFOs of words, which the processor reads and writes; there is no DMA.
 *
 *      received:  | length 2 | frame ...                  | FCS 4 |   length of all of it
 *      sent:      | length 2 | frame ... |                            length of the payload
 */

#define INT_RX       1u
#define NP_MASK      0x3Fu
#define RCTL_ENABLE  (1u << 0)
#define RCTL_BAD_CRC (1u << 3) /* drop */
#define RCTL_RESET   (1u << 4)
#define TCTL_ENABLE  (1u << 0 | 1u << 1 | 1u << 2 | 1u << 4) /* pad, append the FCS, full duplex */

enum { HEADER = 14, OVERHEAD = 2 + TK_LWIP_FRAME_FCS, SEND_TRIES = 100000, FRAMES = 8 };

/* --- receiving --- */

/* Reads the FIFO byte by byte. */
struct words {
    uint32_t word;
    unsigned used; /* bytes of it */
};

static void copy_in(struct words *w, uint8_t *to, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (w->used == 4) {
            w->word = MAC_DATA;
            w->used = 0;
        }
        to[i] = (uint8_t)(w->word >> 8 * w->used++);
    }
}

static void drop(struct words *w, size_t len)
{
    uint8_t byte;

    while (len-- > 0)
        copy_in(w, &byte, 1);
}

static void receive(struct netif *netif)
{
    struct words w = {.word = MAC_DATA, .used = 2};
    size_t len = (uint16_t)w.word;

    if (len < HEADER + OVERHEAD || len > TK_LWIP_FRAME_MAX + 2) { /* out of sync with the FIFO */
        MAC_RCTL |= RCTL_RESET;
        return;
    }
    len -= OVERHEAD;
    struct pbuf *frame = tk_lwip_frame(len);

    if (frame == NULL)
        drop(&w, len);
    for (struct pbuf *p = frame; p != NULL; p = p->next)
        copy_in(&w, p->payload, p->len);
    drop(&w, TK_LWIP_FRAME_FCS);
    if (frame != NULL)
        tk_lwip_frame_in(netif, frame);
}

static bool poll(struct netif *netif)
{
    int frames = 0;

    for (; frames < FRAMES && (MAC_NP & NP_MASK) != 0; frames++)
        receive(netif);
    MAC_IM = INT_RX;
    return frames == FRAMES;
}

/* The main loop reads the FIFO and enables the interrupt again. */
void tk_ethernet_interrupt(void)
{
    MAC_IM = 0;
    MAC_RIS = INT_RX;
    tk_bare_wake(&tk_firmware_port);
}

/* --- sending --- */

static bool may_send(void)
{
    for (int i = 0; i < SEND_TRIES; i++) {
        if (MAC_TR == 0)
            return true;
    }
    return false;
}

static err_t send(struct netif *netif, struct pbuf *frame)
{
    uint32_t word = frame->tot_len - HEADER;
    unsigned used = 2;

    (void)netif;
    if (!may_send())
        return ERR_IF;
    for (const struct pbuf *p = frame; p != NULL; p = p->next) {
        for (uint16_t i = 0; i < p->len; i++) {
            word |= (uint32_t)((const uint8_t *)p->payload)[i] << 8 * used++;
            if (used == 4) {
                MAC_DATA = word;
                word = used = 0;
            }
        }
    }
    if (used > 0)
        MAC_DATA = word;
    MAC_TR = 1;
    return ERR_OK;
}

static void init(struct netif *netif)
{
    tk_ethernet_address(netif->hwaddr);
    netif->flags |= NETIF_FLAG_LINK_UP;
    MAC_IM = 0;
    MAC_RCTL = RCTL_RESET;
    MAC_RCTL = RCTL_ENABLE | RCTL_BAD_CRC;
    MAC_TCTL = TCTL_ENABLE;
    MAC_IM = INT_RX;
    tk_cortex_enable(IRQ_MAC);
}

void tk_ethernet_address(uint8_t out[6])
{
    uint32_t first = MAC_IA0, last = MAC_IA1;

    for (int i = 0; i < 6; i++)
        out[i] = (uint8_t)(i < 4 ? first >> 8 * i : last >> 8 * (i - 4));
}

const struct tk_lwip_driver tk_ethernet = {init, poll, send};
