/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_VIRT_H
#define TK_VIRT_H

/* Registers of QEMU 7.2's machine `virt` (docs/system/riscv/virt.rst and hw/riscv/virt.c). */

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define BYTE(address)     (*(volatile uint8_t *)(address))

/* SiFive test device */
#define FINISHER       REGISTER(0x00100000)
#define FINISHER_RESET 0x7777u

/* CLINT: hart 0's timer (RISC-V Privileged Architecture, 3.2.1) */
#define TIMER_HZ         10000000u
#define CLINT_COMPARE_LO REGISTER(0x02004000)
#define CLINT_COMPARE_HI REGISTER(0x02004004)
#define CLINT_TIME_LO    REGISTER(0x0200BFF8)
#define CLINT_TIME_HI    REGISTER(0x0200BFFC)

/* PLIC, context 0: hart 0 in machine mode (RISC-V PLIC specification 1.0) */
#define PLIC_PRIORITY(irq) REGISTER(0x0C000000 + 4 * (irq))
#define PLIC_ENABLE        REGISTER(0x0C002000)
#define PLIC_THRESHOLD     REGISTER(0x0C200000)
#define PLIC_CLAIM         REGISTER(0x0C200004)

/* UART: an NS16550A */
#define UART_HZ  3686400u
#define UART_RBR BYTE(0x10000000) /* read */
#define UART_THR BYTE(0x10000000) /* written */
#define UART_DLL BYTE(0x10000000) /* with LCR.DLAB */
#define UART_IER BYTE(0x10000001)
#define UART_DLM BYTE(0x10000001)
#define UART_IIR BYTE(0x10000002) /* read */
#define UART_FCR BYTE(0x10000002) /* written */
#define UART_LCR BYTE(0x10000003)
#define UART_MCR BYTE(0x10000004)
#define UART_LSR BYTE(0x10000005)

/* Eight slots for virtio devices, interrupts 1 to 8 */
#define VIRTIO_SLOTS      8u
#define VIRTIO_BASE(slot) (0x10001000u + 0x1000u * (slot))

/* The second flash bank: two 16-bit chips in parallel, sectors of 256 KB */
#define NOR_BASE 0x22000000u

enum { IRQ_VIRTIO0 = 1, IRQ_UART0 = 10 };

#endif
