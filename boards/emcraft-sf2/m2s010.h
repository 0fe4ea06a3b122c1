/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_M2S010_H
#define TK_M2S010_H

/* Registers of the Microchip (Microsemi) SmartFusion2 M2S010 that we use: user guide UG0331. */

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

/* What the module's design sets: 142 MHz for the processor, half of it for the peripherals. */
#define PROCESSOR_HZ  142000000u
#define PERIPHERAL_HZ 71000000u

/* ARMv7-M's own timer, which counts down 24 bits */
#define SYSTICK_CONTROL REGISTER(0xE000E010)
#define SYSTICK_LOAD    REGISTER(0xE000E014)
#define SYSTICK_VALUE   REGISTER(0xE000E018)

/* System registers */
#define SYSREG_SOFT_RESET   REGISTER(0x40038048)
#define SYSREG_RESET_SOURCE REGISTER(0x400380B0)

/* UART 0, a 16550; the divisor's two halves stand where data and IER do while LCR says so */
#define UART0_DATA REGISTER(0x40000000)
#define UART0_DLL  REGISTER(0x40000000)
#define UART0_IER  REGISTER(0x40000004)
#define UART0_DLM  REGISTER(0x40000004)
#define UART0_IIR  REGISTER(0x40000008) /* read */
#define UART0_FCR  REGISTER(0x40000008) /* written */
#define UART0_LCR  REGISTER(0x4000000C)
#define UART0_LSR  REGISTER(0x40000014)

/* SPI 0 */
#define SPI0_CONTROL REGISTER(0x40001000)
#define SPI0_SIZE    REGISTER(0x40001004) /* bits of a frame */
#define SPI0_STATUS  REGISTER(0x40001008)
#define SPI0_RX      REGISTER(0x40001010)
#define SPI0_TX      REGISTER(0x40001014)
#define SPI0_CLOCK   REGISTER(0x40001018)
#define SPI0_SELECT  REGISTER(0x4000101C)

/* Timers 1 and 2, which count down */
#define TIMER1_VALUE   REGISTER(0x40004000)
#define TIMER1_LOAD    REGISTER(0x40004004)
#define TIMER1_CONTROL REGISTER(0x4000400C)
#define TIMER2_LOAD    REGISTER(0x4000401C)
#define TIMER2_CONTROL REGISTER(0x40004024)
#define TIMER2_RIS     REGISTER(0x40004028)

/* Watchdog: the design turns it on and says how long */
#define WATCHDOG_REFRESH REGISTER(0x4000500C)

/* Ethernet */
#define MAC_CFG1           REGISTER(0x40041000)
#define MAC_CFG2           REGISTER(0x40041004)
#define MAC_LONGEST        REGISTER(0x40041010)
#define MAC_MII_CFG        REGISTER(0x40041020)
#define MAC_MII_COMMAND    REGISTER(0x40041024)
#define MAC_MII_ADDRESS    REGISTER(0x40041028)
#define MAC_MII_STATUS     REGISTER(0x40041030)
#define MAC_MII_INDICATORS REGISTER(0x40041034)
#define MAC_STATION1       REGISTER(0x40041040)
#define MAC_STATION2       REGISTER(0x40041044)
#define MAC_FIFO_CFG0      REGISTER(0x40041048)
#define MAC_TX_CONTROL     REGISTER(0x40041180)
#define MAC_TX_DESCRIPTOR  REGISTER(0x40041184)
#define MAC_TX_STATUS      REGISTER(0x40041188)
#define MAC_RX_CONTROL     REGISTER(0x4004118C)
#define MAC_RX_DESCRIPTOR  REGISTER(0x40041190)
#define MAC_RX_STATUS      REGISTER(0x40041194)
#define MAC_IRQ_MASK       REGISTER(0x40041198)

enum { IRQ_UART0 = 10, IRQ_MAC = 12, IRQ_TIMER2 = 15 };

#endif
