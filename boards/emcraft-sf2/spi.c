/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "m2s010.h"

/* SPI 0 as a master. It selects the chip for a preset number of frames of one byte. */

#define CONTROL_ENABLE  (1u << 0)
#define CONTROL_MASTER  (1u << 1)
#define CONTROL_FRAMES  8
#define CONTROL_MODE_3  (3u << 24)
#define CONTROL_SELECT  (1u << 26) /* stays active between frames */
#define STATUS_RX_EMPTY (1u << 6)
#define CLOCK_18_MHZ    1u /* 71 MHz / 2^(1 + 1) */

enum { BYTE_TRIES = 100000 };

void tk_spi_init(void)
{
    SPI0_CONTROL = CONTROL_MASTER;
    SPI0_SIZE = 8;
    SPI0_CLOCK = CLOCK_18_MHZ;
    SPI0_SELECT = 1;
}

static void begin(size_t frames)
{
    uint32_t control =
        CONTROL_MASTER | CONTROL_MODE_3 | CONTROL_SELECT | (uint32_t)frames << CONTROL_FRAMES;

    SPI0_CONTROL = control; /* the number of frames is loaded while it is disabled */
    SPI0_CONTROL = control | CONTROL_ENABLE;
}

/* Sends a byte and receives one. */
static bool exchange(uint8_t out, uint8_t *in)
{
    SPI0_TX = out;
    for (int i = 0; i < BYTE_TRIES; i++) {
        if ((SPI0_STATUS & STATUS_RX_EMPTY) == 0) {
            *in = (uint8_t)SPI0_RX;
            return true;
        }
    }
    return false;
}

bool tk_spi(const uint8_t *head, size_t head_len, const uint8_t *out, uint8_t *in, size_t len)
{
    uint8_t byte;

    begin(head_len + len);
    for (size_t i = 0; i < head_len; i++) {
        if (!exchange(head[i], &byte))
            return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!exchange(out == NULL ? 0xFF : out[i], &byte))
            return false;
        if (in != NULL)
            in[i] = byte;
    }
    return true;
}
