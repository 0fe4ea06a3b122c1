/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "m2s010.h"
#include "tk_bare.h"
#include "tk_board.h"
#include "tk_cortex_m.h"
#include "tk_firmware.h"

/* The FPGA design, which is loaded before the firmware runs, has set up clocks, pins and the DDR
 * controller, but leaves the peripherals in reset. */
static void start_peripherals(void)
{
    SYSREG_SOFT_RESET &= ~(1u << 4 | 1u << 6 | 1u << 7 | 1u << 9); /* MAC, timers, UART 0, SPI 0 */
}

/* The module has no LED. */
void tk_board_indicate(int level)
{
    (void)level;
}

/* --- time: a tick is a microsecond --- */

const uint32_t tk_board_ticks_per_ms = 1000;
const uint32_t tk_board_alarm_max = 20 * 1000000; /* at most half of timer 1's period */

#define TIMER_RUN      1u
#define TIMER_ONE_SHOT 2u
#define TIMER_IRQ      4u

#define SYSTICK_RUN     5u /* at the processor's clock, no interrupt */
#define SYSTICK_LONGEST 0xFFFFFFu
#define TRIAL           (2 * PROCESSOR_HZ / 1000)

static uint32_t counts_per_us = PERIPHERAL_HZ / 1000000;
static uint32_t counted; /* counts of timer 1 converted to ticks */
static uint32_t ticks;

/* In QEMU 7.2 the timers always count at 100 MHz. SysTick, which is correct there, tells that from
 * half of the processor's clock. */
static void measure_timers(void)
{
    uint32_t from = TIMER1_VALUE, passed = 0;

    SYSTICK_LOAD = SYSTICK_LONGEST;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = SYSTICK_RUN;
    for (uint32_t i = 0; i < 10 * TRIAL && passed < TRIAL; i++) {
        uint32_t value = SYSTICK_VALUE;

        passed = value == 0 ? 0 : SYSTICK_LONGEST - value; /* 0: not reloaded yet */
    }
    if (passed >= TRIAL && from - TIMER1_VALUE > passed / 5 * 3)
        counts_per_us = 100;
    SYSTICK_CONTROL = 0;
}

static void start_timers(void)
{
    TIMER1_LOAD = UINT32_MAX;
    TIMER1_CONTROL = TIMER_RUN;
    measure_timers();
    tk_cortex_enable(IRQ_TIMER2);
}

/* The remainder of a microsecond is kept for the next call. */
uint32_t tk_board_ticks(void)
{
    uint32_t us = (~TIMER1_VALUE - counted) / counts_per_us;

    counted += us * counts_per_us;
    ticks += us;
    return ticks;
}

void tk_board_alarm(uint32_t us)
{
    TIMER2_CONTROL = 0;
    TIMER2_RIS = 1;
    TIMER2_LOAD = us * counts_per_us;
    TIMER2_CONTROL = TIMER_RUN | TIMER_ONE_SHOT | TIMER_IRQ;
}

void tk_timer_interrupt(void)
{
    TIMER2_RIS = 1;
}

#define REFRESH_KEY 0xAC15DE42u

void tk_board_feed_watchdog(void)
{
    WATCHDOG_REFRESH = REFRESH_KEY;
}

/* --- the console --- */

#define IER_RX      1u
#define IER_TX      2u
#define FCR_FIFOS   0x87u /* on, cleared; interrupt at 8 of 16 bytes, or after a pause */
#define LCR_8N1     0x03u
#define LCR_DIVISOR 0x80u
#define LSR_DATA    (1u << 0)
#define LSR_OVERRUN (1u << 1)
#define LSR_EMPTY   (1u << 5) /* the transmit FIFO */
#define DIVISOR     39u       /* 71 MHz / 16 / 115200 = 38.5; 1.2 % slow */

enum { FIFO = 16 };

static void start_uart(void)
{
    UART0_LCR = LCR_DIVISOR;
    UART0_DLM = DIVISOR >> 8;
    UART0_DLL = DIVISOR & 0xFF;
    UART0_LCR = LCR_8N1;
    UART0_FCR = FCR_FIFOS;
    UART0_IER = IER_RX;
    tk_cortex_enable(IRQ_UART0);
}

/* The chip reports an empty FIFO, but not its level. */
bool tk_board_put(uint8_t byte)
{
    static unsigned room;

    if (room == 0 && (UART0_LSR & LSR_EMPTY) != 0)
        room = FIFO;
    if (room == 0)
        return false;
    room--;
    UART0_DATA = byte;
    return true;
}

void tk_board_enable_tx_interrupt(void)
{
    UART0_IER = IER_RX | IER_TX;
}

/* A read of the status clears its overrun flag: all flags of each value are processed. */
void tk_uart_interrupt(void)
{
    uint32_t status;

    (void)UART0_IIR;
    for (status = UART0_LSR; (status & (LSR_DATA | LSR_OVERRUN)) != 0; status = UART0_LSR) {
        if ((status & LSR_DATA) != 0)
            tk_bare_received(&tk_firmware_port, (uint8_t)UART0_DATA);
        if ((status & LSR_OVERRUN) != 0)
            tk_bare_overrun(&tk_firmware_port);
    }
    if ((UART0_IER & IER_TX) != 0 && (status & LSR_EMPTY) != 0) {
        UART0_IER = IER_RX;
        tk_bare_wake(&tk_firmware_port);
    }
}

/* --- the board --- */

const struct tk_firmware_board tk_firmware_board = {.name = "emcraft-sf2",
                                                    .id_prefix = "sf2-",
                                                    .store = &tk_nor_store,
                                                    .seed = &tk_nor_seed,
                                                    .scratch = &tk_nor_scratch,
                                                    .network = &tk_ethernet};

void tk_firmware_start(uint8_t unique[6])
{
    start_peripherals();
    start_timers();
    start_uart();
    tk_spi_init();
    tk_board_feed_watchdog();
    tk_ethernet_address(unique);
}

/* The register accumulates causes until it is cleared, and a reset sets several: the most specific
 * come first. */
const char *tk_firmware_reset_cause(void)
{
    static const struct {
        uint32_t bits;
        const char *word;
    } causes[] = {{1u << 5, "watchdog"},
                  {1u << 4, "lockup"},
                  {1u << 3, "software"},
                  {1u << 0, "power_on"},
                  {3u << 6, "pin"}};
    uint32_t source = SYSREG_RESET_SOURCE;

    SYSREG_RESET_SOURCE = 0;
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if ((source & causes[i].bits) != 0)
            return causes[i].word;
    }
    return "unknown";
}
