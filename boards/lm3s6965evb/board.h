/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LM3S6965EVB_H
#define TK_LM3S6965EVB_H

/* Shared by the files of this board. */

#include "tk_flash.h"

/* Areas of the EEPROM. */
void tk_eeprom_init(void);
extern const struct tk_flash tk_eeprom_store, tk_eeprom_seed, tk_eeprom_scratch;

/* The Ethernet driver, and the factory-programmed MAC address. */
extern const struct tk_lwip_driver tk_ethernet;
void tk_ethernet_address(uint8_t out[6]);

/* Interrupt handlers. */
void tk_uart_interrupt(void);
void tk_timer_interrupt(void);
void tk_ethernet_interrupt(void);
void tk_sensor_interrupt(void); /* in the image `sensor` alone */

#endif
