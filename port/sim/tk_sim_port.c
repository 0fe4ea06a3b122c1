/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_entropy.h"
#include "tk_sim_private.h"

#include <stdlib.h>
#include <string.h>

void tk_sim_init(struct tk_port *port, uint64_t seed)
{
    memset(port, 0, sizeof *port);
    port->random = seed == 0 ? 1 : seed;
    port->max_sockets = TK_SIM_SOCKETS;
    strcpy(port->id, "SIM-0001");
    for (unsigned i = 0; i < TK_SIM_CONSOLES; i++)
        port->consoles[i].out_max = SIZE_MAX;
    tk_sim_console_attach(port, 0, true);
}

void tk_sim_free(struct tk_port *port)
{
    tk_sim_net_free(port);
    for (unsigned i = 0; i < TK_SIM_CONSOLES; i++) {
        free(port->consoles[i].in.data);
        free(port->consoles[i].out.data);
    }
    memset(port, 0, sizeof *port);
}

/* --- entropy --- */

enum { STUCK = 0x5c };

/* xorshift64*: predictable, for tests only. */
static uint8_t random_byte(struct tk_port *port)
{
    uint64_t x = port->random;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    port->random = x;
    return (uint8_t)(x * 0x2545f4914f6cdd1du >> 56);
}

static uint8_t next_byte(struct tk_port *port)
{
    if (port->random_period == 0)
        return random_byte(port);
    return (uint8_t)(STUCK + port->random_at++ % port->random_period);
}

int tk_entropy_get(struct tk_port *port, void *buf, size_t len)
{
    uint8_t *at = buf;

    if (port->unseeded)
        return TK_ENTROPY_NOT_SEEDED;
    for (size_t i = 0; i < len; i++)
        at[i] = next_byte(port);
    return TK_ENTROPY_OK;
}

int tk_entropy_seed(struct tk_port *port, const void *seed, size_t len)
{
    memcpy(&port->random, seed, len < sizeof port->random ? len : sizeof port->random);
    port->random |= 1;
    port->unseeded = false;
    return TK_ENTROPY_OK;
}

/* --- device --- */

const char *tk_device_id(struct tk_port *port)
{
    return port->id;
}

void tk_device_reboot(struct tk_port *port)
{
    port->reboots++;
}

uint32_t tk_device_feed_watchdog(struct tk_port *port)
{
    return port->watchdog_ms > 0 ? port->watchdog_ms : UINT32_MAX;
}

void tk_device_indicate(struct tk_port *port, int level)
{
    port->level = level;
}

const char *tk_device_metric(struct tk_port *port, unsigned index, uint32_t *value)
{
    (void)port;
    (void)index;
    (void)value;
    return NULL;
}

int tk_device_key(struct tk_port *port, uint8_t out[TK_DEVICE_KEY_SIZE])
{
    if (!port->has_key)
        return -1;
    memcpy(out, port->key, TK_DEVICE_KEY_SIZE);
    return 0;
}
