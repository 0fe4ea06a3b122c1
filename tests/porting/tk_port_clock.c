/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_clock.h"

#include "tk_mbedtls.h"

/* The watchdog's counter, which counts down, with its reset off. */
#define WATCHDOG_LOAD  (*(volatile uint32_t *)0x40000000)
#define WATCHDOG_VALUE (*(volatile uint32_t *)0x40000004)
#define WATCHDOG_CTL   (*(volatile uint32_t *)0x40000008)
#define RUN            1u
#define COUNTS_PER_MS  12500u /* the main oscillator, about 12.5 MHz */

uint64_t tk_clock_now_ms(struct tk_port *port)
{
    static uint64_t counted;
    static uint32_t seen = UINT32_MAX;

    (void)port;
    if (WATCHDOG_CTL != RUN) {
        WATCHDOG_LOAD = UINT32_MAX;
        WATCHDOG_CTL = RUN;
    }
    uint32_t value = WATCHDOG_VALUE;

    counted += seen - value;
    seen = value;
    return counted / COUNTS_PER_MS;
}

enum tk_time_quality tk_clock_unix(struct tk_port *port, int64_t *unix_s)
{
    (void)port;
    (void)unix_s;
    return TK_TIME_NONE;
}

void tk_clock_set_unix(struct tk_port *port, int64_t unix_s, enum tk_time_quality quality)
{
    (void)port;
    (void)quality;
    tk_mbedtls_set_time(unix_s);
}
