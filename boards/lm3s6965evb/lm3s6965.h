/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LM3S6965_H
#define TK_LM3S6965_H

/* Registers of the TI (Luminary Micro) LM3S6965 that we use, as its data sheet names them. */

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define SYSTEM_HZ 50000000u

/* System control */
#define SYSCTL_RIS   REGISTER(0x400FE050)
#define SYSCTL_RESC  REGISTER(0x400FE05C)
#define SYSCTL_RCC   REGISTER(0x400FE060)
#define SYSCTL_RCGC0 REGISTER(0x400FE100)
#define SYSCTL_RCGC1 REGISTER(0x400FE104)
#define SYSCTL_RCGC2 REGISTER(0x400FE108)

/* Watchdog timer */
#define WATCHDOG_LOAD  REGISTER(0x40000000)
#define WATCHDOG_VALUE REGISTER(0x40000004)
#define WATCHDOG_CTL   REGISTER(0x40000008)
#define WATCHDOG_ICR   REGISTER(0x4000000C)
#define WATCHDOG_RIS   REGISTER(0x40000010)

/* General-purpose timer 0 */
#define TIMER0_CFG   REGISTER(0x40030000)
#define TIMER0_TAMR  REGISTER(0x40030004)
#define TIMER0_CTL   REGISTER(0x4003000C)
#define TIMER0_IMR   REGISTER(0x40030018)
#define TIMER0_ICR   REGISTER(0x40030024)
#define TIMER0_TAILR REGISTER(0x40030028)

/* Ports: A carries the UART, B the I2C bus, F the lights */
#define GPIO_A           0x40004000
#define GPIO_B           0x40005000
#define GPIO_F           0x40025000
#define GPIO_DATA(port)  REGISTER((port) + 0x3FC)
#define GPIO_DIR(port)   REGISTER((port) + 0x400)
#define GPIO_AFSEL(port) REGISTER((port) + 0x420)
#define GPIO_ODR(port)   REGISTER((port) + 0x50C)
#define GPIO_DEN(port)   REGISTER((port) + 0x51C)

/* UART 0, a PL011 */
#define UART0_DR   REGISTER(0x4000C000)
#define UART0_FR   REGISTER(0x4000C018)
#define UART0_IBRD REGISTER(0x4000C024)
#define UART0_FBRD REGISTER(0x4000C028)
#define UART0_LCRH REGISTER(0x4000C02C)
#define UART0_CTL  REGISTER(0x4000C030)
#define UART0_IM   REGISTER(0x4000C038)
#define UART0_MIS  REGISTER(0x4000C040)
#define UART0_ICR  REGISTER(0x4000C044)

/* I2C 0, as a master */
#define I2C0_MSA REGISTER(0x40020000)
#define I2C0_MCS REGISTER(0x40020004)
#define I2C0_MDR REGISTER(0x40020008)
#define I2C0_TPR REGISTER(0x4002000C)
#define I2C0_MCR REGISTER(0x40020020)

/* Ethernet */
#define MAC_RIS  REGISTER(0x40048000) /* read: what happened; write: what was seen */
#define MAC_IM   REGISTER(0x40048004)
#define MAC_RCTL REGISTER(0x40048008)
#define MAC_TCTL REGISTER(0x4004800C)
#define MAC_DATA REGISTER(0x40048010)
#define MAC_IA0  REGISTER(0x40048014)
#define MAC_IA1  REGISTER(0x40048018)
#define MAC_NP   REGISTER(0x40048034)
#define MAC_TR   REGISTER(0x40048038)

enum { IRQ_UART0 = 5, IRQ_TIMER0A = 19, IRQ_MAC = 42 };

#endif
