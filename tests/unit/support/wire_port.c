/* SPDX-License-Identifier: Apache-2.0 */

/* The rest of the port that lwIP is tested with. */

#include "wire.h"

#include "tk_clock.h"
#include "tk_console_io.h"
#include "tk_device.h"
#include "tk_entropy.h"

#include <stdlib.h>
#include <string.h>

uint64_t tk_clock_now_ms(struct tk_port *port)
{
    return port->now_ms;
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
    (void)unix_s;
    (void)quality;
}

int tk_entropy_get(struct tk_port *port, void *buf, size_t len)
{
    static uint64_t state = 1;
    uint8_t *out = buf;

    if (port->unseeded)
        return TK_ENTROPY_NOT_SEEDED;
    while (len-- > 0) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        *out++ = (uint8_t)(state >> 56);
    }
    return TK_ENTROPY_OK;
}

int tk_console_read(struct tk_port *port, unsigned line, void *buf, size_t size)
{
    (void)port, (void)line, (void)buf, (void)size;
    return TK_CONSOLE_CLOSED;
}

int tk_console_write(struct tk_port *port, unsigned line, const void *data, size_t len)
{
    (void)port, (void)line, (void)data, (void)len;
    return TK_CONSOLE_CLOSED;
}

const char *tk_device_id(struct tk_port *port)
{
    (void)port;
    return "wire-0001";
}

/* lwIP's assertions call it. */
void tk_device_reboot(struct tk_port *port)
{
    (void)port;
    abort();
}

uint32_t tk_device_feed_watchdog(struct tk_port *port)
{
    (void)port;
    return UINT32_MAX;
}

void tk_device_indicate(struct tk_port *port, int level)
{
    (void)port, (void)level;
}

int tk_device_key(struct tk_port *port, uint8_t out[TK_DEVICE_KEY_SIZE])
{
    (void)port, (void)out;
    return -1;
}
