/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_arch.h"
#include "tk_bare.h"
#include "tk_bare_fault.h"
#include "tk_board.h"
#include "tk_device.h"
#include "tk_mbedtls.h"

#include <string.h>

#define FEED_EVERY_MS  1000  /* at most: it costs more than a pass */
#define FEED_WITHIN_MS 20000 /* watchdogs bite after 30 s: tk_board.h */

void tk_bare_init(struct tk_port *port, const char *prefix, const uint8_t unique[6])
{
    static const char digits[] = "0123456789abcdef";
    char *to = port->id;

    memset(port, 0, sizeof *port);
    port->seen_ticks = tk_board_ticks();
    while (*prefix != '\0')
        *to++ = *prefix++;
    for (int i = 0; i < 6; i++) {
        *to++ = digits[unique[i] >> 4];
        *to++ = digits[unique[i] & 15];
    }
    *to = '\0';
}

const char *tk_device_id(struct tk_port *port)
{
    return port->id;
}

void tk_device_reboot(struct tk_port *port)
{
    (void)port;
    tk_arch_reset();
}

uint32_t tk_device_feed_watchdog(struct tk_port *port)
{
    uint64_t now_ms = tk_clock_now_ms(port);

    if (now_ms - port->fed_ms >= FEED_EVERY_MS) {
        port->fed_ms = now_ms;
        tk_board_feed_watchdog();
    }
    return FEED_WITHIN_MS;
}

void tk_device_indicate(struct tk_port *port, int level)
{
    (void)port;
    tk_board_indicate(level);
}

/* Time not spent in sleep, in microseconds; wraps. */
static uint32_t busy_us(struct tk_port *port)
{
    uint64_t ticks = tk_clock_now_ms(port) * tk_board_ticks_per_ms; /* updates seen_ticks */

    ticks += tk_board_ticks() - port->seen_ticks;
    return (uint32_t)((ticks - port->asleep_ticks) / (tk_board_ticks_per_ms / 1000));
}

const char *tk_device_metric(struct tk_port *port, unsigned index, uint32_t *value)
{
    static const char *const names[] = {"heap_peak", "stack_left", "wakes", "busy_us",
                                        "rx_overruns"};
    struct tk_mbedtls_heap heap;

    if (index >= sizeof names / sizeof names[0])
        return NULL;
    tk_mbedtls_heap(&heap);
    const uint32_t values[] = {(uint32_t)heap.peak, tk_bare_stack_left(), port->wakes,
                               busy_us(port), port->rx.overruns};

    *value = values[index];
    return names[index];
}

int tk_device_key(struct tk_port *port, uint8_t out[TK_DEVICE_KEY_SIZE])
{
    (void)port;
    (void)out;
    return -1;
}
