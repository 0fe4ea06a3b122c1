/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_QEMU_RV32_H
#define TK_QEMU_RV32_H

/* The parts of this board, for one another. */

#include "tk_flash.h"

/* The PLIC's interrupts, IRQ_UART0 at most. The handler runs with all interrupts masked. */
void tk_plic_init(void);
void tk_plic_enable(unsigned irq, void (*handler)(void));
void tk_plic_interrupt(void); /* handler of TK_RISCV_EXTERNAL */

/* The bus that the NOR hangs on: a command or a word to it, its status, bytes while it reads. */
void tk_nor_put(uint32_t address, uint32_t word);
uint32_t tk_nor_status(uint32_t address);
void tk_nor_copy(void *to, uint32_t address, size_t len);

/* The NOR's areas. */
extern const struct tk_flash tk_nor_store, tk_nor_scratch;

/* The network. The address is the device's own. */
extern const struct tk_lwip_driver tk_ethernet;
void tk_ethernet_init(void);
void tk_ethernet_address(uint8_t out[6]);

/* The random source. */
void tk_random_init(void);

#endif
