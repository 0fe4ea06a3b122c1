/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "lm3s6965.h"
#include "tk_arch.h"
#include "tk_bare.h"
#include "tk_board.h"
#include "tk_cortex_m.h"
#include "tk_firmware.h"

/* --- clocks and pins --- */

#define PBORCTL_BORIOR (1u << 1)

#define RCC_MOSCDIS   (1u << 0)
#define RCC_OSCSRC    (3u << 4)
#define RCC_XTAL      (15u << 6)
#define RCC_XTAL_8MHZ (14u << 6)
#define RCC_BYPASS    (1u << 11)
#define RCC_PWRDN     (1u << 13)
#define RCC_USESYSDIV (1u << 22)
#define RCC_SYSDIV    (15u << 23)
#define RCC_SYSDIV_4  (3u << 23) /* 200 MHz / 4 */
#define RIS_PLL_LOCKS (1u << 6)
#define PLL_TRIES     100000

/* In the order of the data sheet, 5.3 "Initialization and configuration". */
static void start_clock(void)
{
    uint32_t rcc = (SYSCTL_RCC | RCC_BYPASS) & ~RCC_USESYSDIV;

    SYSCTL_PBORCTL = PBORCTL_BORIOR; /* a brown-out resets instead of interrupting: tk_flash.h */
    SYSCTL_RCC = rcc;
    rcc = (rcc & ~(RCC_MOSCDIS | RCC_OSCSRC | RCC_XTAL | RCC_PWRDN)) | RCC_XTAL_8MHZ;
    SYSCTL_RCC = rcc;
    rcc = (rcc & ~RCC_SYSDIV) | RCC_SYSDIV_4 | RCC_USESYSDIV;
    SYSCTL_RCC = rcc;
    for (int i = 0; i < PLL_TRIES && (SYSCTL_RIS & RIS_PLL_LOCKS) == 0; i++)
        continue;
    SYSCTL_RCC = rcc & ~RCC_BYPASS;
}

static void start_pins(void)
{
    SYSCTL_RCGC0 |= 1u << 3;                                /* watchdog */
    SYSCTL_RCGC1 |= 1u << 0 | 1u << 12 | 1u << 16;          /* UART 0, I2C 0, timer 0 */
    SYSCTL_RCGC2 |= 1u << 0 | 1u << 1 | 1u << 5 | 5u << 28; /* A, B, F, MAC and PHY */
    (void)SYSCTL_RCGC2;                                     /* clocks are on after 3 cycles */
    (void)SYSCTL_RCGC2;
    GPIO_AFSEL(GPIO_A) |= 3; /* PA0, PA1: UART 0 */
    GPIO_DEN(GPIO_A) |= 3;
    GPIO_AFSEL(GPIO_B) |= 3u << 2; /* PB2, PB3: I2C 0 */
    GPIO_ODR(GPIO_B) |= 1u << 3;
    GPIO_DEN(GPIO_B) |= 3u << 2;
    GPIO_AFSEL(GPIO_F) |= 3u << 2; /* PF2, PF3: LEDs of the Ethernet jack */
    GPIO_DIR(GPIO_F) |= 1;         /* PF0: status LED */
    GPIO_DEN(GPIO_F) |= 1 | 3u << 2;
}

/* The status LED is on from level 2, the default of escalate_level. */
void tk_board_indicate(int level)
{
    GPIO_DATA(GPIO_F) = level >= 2;
}

/* --- time --- */

const uint32_t tk_board_ticks_per_ms = SYSTEM_HZ / 1000;
const uint32_t tk_board_alarm_max = 20 * SYSTEM_HZ;

/* The watchdog resets the chip when its counter has reached 0 twice without being fed. */
#define WATCHDOG_TICKS (30 * SYSTEM_HZ)
#define CTL_RUN_RESET  3

/* Ticks at the last feed of the watchdog. Its counter serves as the clock: it is the only
 * free-running 32-bit counter of this chip that can also be read in QEMU. */
static uint32_t counted;

static void start_watchdog(void)
{
    WATCHDOG_LOAD = WATCHDOG_TICKS;
    WATCHDOG_CTL = CTL_RUN_RESET;
}

/* The counter is read before the flag that it reached 0: it cannot do so in between. */
uint32_t tk_board_ticks(void)
{
    uint32_t passed = WATCHDOG_TICKS - WATCHDOG_VALUE;

    if (WATCHDOG_RIS != 0) { /* it reached 0 and was reloaded: count both periods, and feed it */
        counted += WATCHDOG_TICKS + (WATCHDOG_TICKS - WATCHDOG_VALUE);
        WATCHDOG_ICR = 1;
        passed = 0;
    }
    return counted + passed;
}

void tk_board_feed_watchdog(void)
{
    uint32_t before = tk_arch_mask();

    counted = tk_board_ticks();
    WATCHDOG_ICR = 1;
    tk_arch_unmask(before);
}

static void start_timer(void)
{
    TIMER0_CFG = 0;  /* 32 bits */
    TIMER0_TAMR = 1; /* one shot */
    TIMER0_IMR = 1;
    tk_cortex_enable(IRQ_TIMER0A);
}

void tk_board_alarm(uint32_t ticks)
{
    TIMER0_CTL = 0;
    TIMER0_TAILR = ticks;
    TIMER0_CTL = 1;
}

void tk_timer_interrupt(void)
{
    TIMER0_ICR = 1;
}

/* --- the console --- */

#define FR_RX_EMPTY (1u << 4)
#define FR_TX_FULL  (1u << 5)
#define DR_OVERRUN  (1u << 11)
#define INT_RX      (1u << 4 | 1u << 6) /* FIFO half full; idle for 32 bits */
#define INT_TX      (1u << 5)

static void start_uart(void)
{
    UART0_CTL = 0;
    UART0_IBRD = 27; /* 50 MHz / 16 / 115200 = 27 + 8/64 */
    UART0_FBRD = 8;
    UART0_LCRH = 0x70; /* 8 bits, FIFOs */
    UART0_CTL = 0x301;
    UART0_IM = INT_RX;
    tk_cortex_enable(IRQ_UART0);
}

bool tk_board_put(uint8_t byte)
{
    if ((UART0_FR & FR_TX_FULL) != 0)
        return false;
    UART0_DR = byte;
    return true;
}

void tk_board_enable_tx_interrupt(void)
{
    UART0_IM = INT_RX | INT_TX;
}

void tk_uart_interrupt(void)
{
    uint32_t what = UART0_MIS;

    UART0_ICR = what;
    while ((UART0_FR & FR_RX_EMPTY) == 0) {
        uint32_t data = UART0_DR;

        if ((data & DR_OVERRUN) != 0)
            tk_bare_overrun(&tk_firmware_port);
        else
            tk_bare_received(&tk_firmware_port, (uint8_t)data);
    }
    if ((what & INT_TX) != 0) {
        UART0_IM = INT_RX;
        tk_bare_wake(&tk_firmware_port);
    }
}

/* --- the board --- */

const struct tk_firmware_board tk_firmware_board = {.name = "lm3s6965evb",
                                                    .id_prefix = "lm3s-",
                                                    .store = &tk_eeprom_store,
                                                    .seed = &tk_eeprom_seed,
                                                    .scratch = &tk_eeprom_scratch,
                                                    .network = &tk_ethernet};

void tk_firmware_start(uint8_t unique[6])
{
    start_clock();
    start_pins();
    start_watchdog();
    start_timer();
    start_uart();
    tk_eeprom_init();
    tk_ethernet_address(unique);
}

/* RESC accumulates causes until it is cleared. */
const char *tk_firmware_reset_cause(void)
{
    static const char *const words[] = {"pin", "power_on", "brown_out", "watchdog", "software"};
    uint32_t causes = SYSCTL_RESC;
    const char *word = "unknown";

    SYSCTL_RESC = 0;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if ((causes & 1u << i) != 0)
            word = words[i];
    }
    return word;
}
