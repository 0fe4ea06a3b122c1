/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_EMCRAFT_SF2_H
#define TK_EMCRAFT_SF2_H

/* Shared by the files of this board. */

#include "tk_flash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void tk_spi_init(void);

/* One transfer on SPI 0, with the chip selected throughout: sends head, then len bytes of out
 * (NULL: 0xFF) while it receives len bytes to in (NULL: discarded). At most 65535 bytes in all.
 * Returns false if the controller does not respond. */
bool tk_spi(const uint8_t *head, size_t head_len, const uint8_t *out, uint8_t *in, size_t len);

/* Areas of the NOR flash on SPI 0. */
extern const struct tk_flash tk_nor_store, tk_nor_seed, tk_nor_scratch;

/* The Ethernet driver, and the MAC address programmed in production. */
extern const struct tk_lwip_driver tk_ethernet;
void tk_ethernet_address(uint8_t out[6]);

/* Interrupt handlers. */
void tk_uart_interrupt(void);
void tk_timer_interrupt(void);
void tk_ethernet_interrupt(void);

#endif
