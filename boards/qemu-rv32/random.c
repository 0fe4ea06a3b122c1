/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "tk_board.h"
#include "virtio.h"

#include <mbedtls/platform_util.h>
#include <string.h>

/* The virtio entropy device (Virtual I/O Device 1.1, 5.4): random numbers of the host. It may
 * return fewer bytes than requested. */

enum { TIMEOUT_MS = 1000, PIECE = 64 };

static struct tk_virtio_queue queue;
static uint8_t piece[PIECE];
static uintptr_t device; /* 0: none, or it has failed */

void tk_random_init(void)
{
    device = tk_virtio_open(TK_VIRTIO_RANDOM, 0, NULL);
    if (device != 0 && !tk_virtio_add(device, 0, &queue))
        device = 0;
    if (device == 0)
        return;
    tk_virtio_quiet(&queue, true);
    tk_virtio_begin(device);
}

/* Reads at most len bytes to piece. Returns 0 after a timeout: the device still owns the buffer and
 * is not used again. */
static uint32_t fill(uint32_t len)
{
    uint32_t start = tk_board_ticks(), got;
    unsigned id;

    tk_virtio_give(device, 0, &queue, 0, piece, len, true);
    while (!tk_virtio_take(&queue, &id, &got)) {
        if (tk_board_ticks() - start > TIMEOUT_MS * tk_board_ticks_per_ms) {
            device = 0;
            return 0;
        }
    }
    return got < len ? got : len;
}

bool tk_board_random(void *to, size_t len)
{
    uint8_t *at = to;

    while (device != 0 && len > 0) {
        uint32_t got = fill(len < PIECE ? (uint32_t)len : PIECE);

        if (got == 0)
            return false;
        memcpy(at, piece, got);
        mbedtls_platform_zeroize(piece, sizeof piece);
        at += got;
        len -= got;
    }
    return device != 0;
}
