/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_QEMU_RV32_H
#define TK_QEMU_RV32_H

/* Shared by the files of this board. */

#include "tk_flash.h"

/* The PLIC's interrupts, IRQ_UART0 at most. The handler runs with all interrupts masked. */
void tk_plic_init(void);
void tk_plic_enable(unsigned irq, void (*handler)(void));
void tk_plic_interrupt(void); /* handler of TK_RISCV_EXTERNAL */

/* Bus access to the NOR flash: writes a command or data word, reads the status, copies data while
 * the chips are in read mode. */
void tk_nor_put(uint32_t address, uint32_t word);
uint32_t tk_nor_status(uint32_t address);
void tk_nor_copy(void *to, uint32_t address, size_t len);

/* Areas of the NOR flash. */
extern const struct tk_flash tk_nor_store, tk_nor_scratch;

/* The Ethernet driver, and the MAC address of the virtio device. */
extern const struct tk_lwip_driver tk_ethernet;
void tk_ethernet_init(void);
void tk_ethernet_address(uint8_t out[6]);

/* The random source of tk_board_random. */
void tk_random_init(void);

#endif
