/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_EMCRAFT_SF2_H
#define TK_EMCRAFT_SF2_H

/* The parts of this board, for one another. */

#include "tk_flash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One transfer with the chip on SPI 0, which is selected throughout: head goes out, then out (or
 * as many bytes of anything where that is NULL) while in, unless NULL, takes what comes. At most
 * 65535 bytes in all. False: the controller hangs. */
void tk_spi_init(void);
bool tk_spi(const uint8_t *head, size_t head_len, const uint8_t *out, uint8_t *in, size_t len);

/* The areas of the NOR flash behind it. */
extern const struct tk_flash tk_nor_store, tk_nor_seed, tk_nor_scratch;

/* The MAC, and the address that production has put beside the program. */
extern const struct tk_lwip_driver tk_ethernet;
void tk_ethernet_address(uint8_t out[6]);

/* Interrupts. */
void tk_uart_interrupt(void);
void tk_timer_interrupt(void);
void tk_ethernet_interrupt(void);

#endif
