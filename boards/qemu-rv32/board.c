/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "tk_arch.h"
#include "tk_bare.h"
#include "tk_board.h"
#include "tk_firmware.h"
#include "tk_riscv.h"
#include "virt.h"

/* --- time --- */

const uint32_t tk_board_ticks_per_ms = TIMER_HZ / 1000;
const uint32_t tk_board_alarm_max = 60 * TIMER_HZ; /* the low half wraps after 429 s */

uint32_t tk_board_ticks(void)
{
    return CLINT_TIME_LO;
}

static uint64_t time_now(void)
{
    uint32_t high, low;

    do {
        high = CLINT_TIME_HI;
        low = CLINT_TIME_LO;
    } while (high != CLINT_TIME_HI);
    return (uint64_t)high << 32 | low;
}

/* Written in the order of the specification's example, so that no intermediate value is in the
 * past. */
static void set_compare(uint64_t at)
{
    CLINT_COMPARE_HI = UINT32_MAX;
    CLINT_COMPARE_LO = (uint32_t)at;
    CLINT_COMPARE_HI = (uint32_t)(at >> 32);
}

/* This machine has no watchdog and one comparator. The comparator serves the alarm, and a software
 * watchdog that catches a program that hangs with interrupts enabled. */
#define WATCHDOG_TICKS ((uint64_t)60 * TIMER_HZ)

static uint64_t alarm_at = UINT64_MAX, bite_at = WATCHDOG_TICKS;

static void arm(void)
{
    set_compare(alarm_at < bite_at ? alarm_at : bite_at);
}

void tk_board_alarm(uint32_t ticks)
{
    alarm_at = time_now() + ticks;
    arm();
}

void tk_board_feed_watchdog(void)
{
    uint32_t before = tk_arch_mask();

    bite_at = time_now() + WATCHDOG_TICKS;
    arm();
    tk_arch_unmask(before);
}

static void timer_interrupt(void)
{
    if (time_now() >= bite_at)
        tk_riscv_crash();
    alarm_at = UINT64_MAX;
    arm();
}

/* There is no LED. */
void tk_board_indicate(int level)
{
    (void)level;
}

/* --- the console --- */

#define IER_RX       1u
#define IER_TX       2u
#define FCR_START    0x87u /* FIFOs on, cleared; interrupt at 8 bytes, or after a pause */
#define LCR_8N1      3u
#define LCR_DLAB     0x80u
#define MCR_DTR_RTS  3u
#define LSR_RX       1u
#define LSR_OVERRUN  2u
#define LSR_TX_EMPTY 0x20u

enum { BAUD = 115200, TX_FIFO = 16 };

static unsigned tx_room; /* bytes that the FIFO takes before its status must be read again */

/* A read clears the overrun flag: it is reported here for all callers. */
static uint8_t line_status(void)
{
    uint8_t status = UART_LSR;

    if ((status & LSR_OVERRUN) != 0)
        tk_bare_overrun(&tk_firmware_port);
    return status;
}

/* Interrupts are masked because the handler reads the status too. */
static bool tx_is_empty(void)
{
    uint32_t before = tk_arch_mask();
    bool empty = (line_status() & LSR_TX_EMPTY) != 0;

    tk_arch_unmask(before);
    return empty;
}

bool tk_board_put(uint8_t byte)
{
    if (tx_room == 0 && tx_is_empty())
        tx_room = TX_FIFO;
    if (tx_room == 0)
        return false;
    tx_room--;
    UART_THR = byte;
    return true;
}

void tk_board_enable_tx_interrupt(void)
{
    UART_IER = IER_RX | IER_TX;
}

static void uart_interrupt(void)
{
    uint8_t status;

    (void)UART_IIR; /* acknowledges the TX interrupt */
    while (((status = line_status()) & LSR_RX) != 0)
        tk_bare_received(&tk_firmware_port, UART_RBR);
    if ((status & LSR_TX_EMPTY) != 0 && (UART_IER & IER_TX) != 0) {
        UART_IER = IER_RX;
        tk_bare_wake(&tk_firmware_port);
    }
}

static void start_uart(void)
{
    UART_IER = 0;
    UART_LCR = LCR_DLAB;
    UART_DLL = UART_HZ / 16 / BAUD;
    UART_DLM = 0;
    UART_LCR = LCR_8N1;
    UART_FCR = FCR_START;
    UART_MCR = MCR_DTR_RTS;
    UART_IER = IER_RX;
    tk_plic_enable(IRQ_UART0, uart_interrupt);
}

/* --- the board --- */

const struct tk_firmware_board tk_firmware_board = {.name = "qemu-rv32",
                                                    .id_prefix = "rv32-",
                                                    .store = &tk_nor_store,
                                                    .seed = NULL,
                                                    .scratch = &tk_nor_scratch,
                                                    .network = &tk_ethernet};

void tk_firmware_start(uint8_t unique[6])
{
    tk_board_feed_watchdog();
    tk_plic_init();
    tk_riscv_enable(TK_RISCV_TIMER, timer_interrupt);
    tk_riscv_enable(TK_RISCV_EXTERNAL, tk_plic_interrupt);
    start_uart();
    tk_random_init();
    tk_ethernet_init();
    tk_ethernet_address(unique);
}

const char *tk_firmware_reset_cause(void)
{
    return "unknown"; /* the machine has no register for it */
}
