/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_device.h"

#include "tk_port.h"

#include <string.h>

/* FIXME tk_device.h: derive port->id from a serial number or MAC address: "mine-0123456789ab". */
void tk_port_init(struct tk_port *port)
{
    memset(port, 0, sizeof *port);
}

const char *tk_device_id(struct tk_port *port)
{
    return port->id;
}

/* FIXME tk_device.h: reset the chip. */
void tk_device_reboot(struct tk_port *port)
{
    (void)port;
}

/* FIXME tk_device.h: keep the place for the next start to report, and reset the chip. */
void tk_assert_failed(void)
{
    for (;;)
        continue;
}

/* FIXME tk_device.h: feed the watchdog, and return less than its timeout. Correct as it is without
 * one. */
uint32_t tk_device_feed_watchdog(struct tk_port *port)
{
    (void)port;
    return UINT32_MAX;
}

/* FIXME tk_device.h: a status LED, on from level 2. Correct as it is without one. */
void tk_device_indicate(struct tk_port *port, int level)
{
    (void)port;
    (void)level;
}

/* FIXME tk_device.h: diagnostics for `status --all`: the peak of tk_mbedtls_heap, the stack never
 * used. Correct as it is without any. */
const char *tk_device_metric(struct tk_port *port, unsigned index, uint32_t *value)
{
    (void)port;
    (void)index;
    (void)value;
    return NULL;
}

/* FIXME tk_device.h, if the chip has a secret that cannot be read out: return a key derived from
 * it, and set .seal in the board's tk_config. Correct as it is without one. */
int tk_device_key(struct tk_port *port, uint8_t out[TK_DEVICE_KEY_SIZE])
{
    (void)port;
    (void)out;
    return -1;
}
