/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LM3S6965EVB_H
#define TK_LM3S6965EVB_H

/* The parts of this board, for one another. */

#include "tk_flash.h"

/* The EEPROM's areas. */
void tk_eeprom_init(void);
extern const struct tk_flash tk_eeprom_store, tk_eeprom_seed, tk_eeprom_scratch;

/* The MAC. */
extern const struct tk_lwip_driver tk_ethernet;
void tk_ethernet_address(uint8_t out[6]); /* burnt in */

/* Interrupts. */
void tk_uart_interrupt(void);
void tk_timer_interrupt(void);
void tk_ethernet_interrupt(void);

#endif
