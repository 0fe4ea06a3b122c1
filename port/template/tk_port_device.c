/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_device.h"

#include "tk_port.h"

#include <string.h>

/* FIXME tk_device.h: make port->id of a serial number or a MAC address, "mine-0123456789ab". */
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

/* FIXME tk_device.h: feed the watchdog, which bites after 30 s or more. */
void tk_device_feed_watchdog(struct tk_port *port)
{
    (void)port;
}

/* FIXME tk_device.h: a light, on from level 2. Without one this is right as it is. */
void tk_device_indicate(struct tk_port *port, int level)
{
    (void)port;
    (void)level;
}

/* FIXME tk_device.h: numbers worth seeing in `status --all`: tk_mbedtls_heap's peak, the stack that
 * is left. None is right too. */
const char *tk_device_metric(struct tk_port *port, unsigned index, uint32_t *value)
{
    (void)port;
    (void)index;
    (void)value;
    return NULL;
}

/* FIXME tk_device.h, if the chip has a secret that nobody can read out: a key derived from it, and
 * .seal in the board's tk_config. Without one this is right as it is. */
int tk_device_key(struct tk_port *port, uint8_t out[TK_DEVICE_KEY_SIZE])
{
    (void)port;
    (void)out;
    return -1;
}
