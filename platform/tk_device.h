/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_DEVICE_H
#define TK_DEVICE_H

/* Device services: identity, reset, watchdog, status LED, diagnostics. Main loop only; no function
 * blocks. */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tk_port;

enum { TK_DEVICE_ID_MAX = 32, TK_DEVICE_KEY_SIZE = 32 };

/*
 * The name of this device, unique and the same after a factory reset: 4 to 32 characters of
 * [A-Za-z0-9-]. It is printed and not a secret. The string lives as long as the port.
 */
const char *tk_device_id(struct tk_port *port);

/* Restarts the program: RAM is lost, flash is kept. Does not return on a board; where it does, the
 * caller leaves its main loop and starts again. */
void tk_device_reboot(struct tk_port *port);

/*
 * A caller broke a rule of an interface of core (TK_ASSERT). Does not return: a board restarts and
 * reports the cause at its next start, a program on an operating system aborts. Called from any
 * context, in builds with TK_ASSERTS.
 */
void tk_assert_failed(void);

/* Feeds the watchdog, if there is one. Returns the ms within which the next call is wanted, 10,000
 * or more; UINT32_MAX without a watchdog. Called once per pass of the main loop: at least every 5 s
 * while there is work, within the time returned while idle. */
uint32_t tk_device_feed_watchdog(struct tk_port *port);

/* Shows the highest alert level of all accounts, for example on a status LED: from 0, no fault, to
 * 4, operator action required. */
void tk_device_indicate(struct tk_port *port, int level);

/* Whether mbedTLS has been refused memory (MBEDTLS_PLATFORM_MEMORY) since the last call. mbedTLS
 * takes a signature that it had no memory to verify for a bad one: core asks here so that an
 * out-of-memory failure is reported as such. port/mbedtls implements it for every port. */
bool tk_device_alloc_failed(struct tk_port *port);

/* Diagnostics for `status --all`: returns the name of metric number index, from 0, and sets *value;
 * or returns NULL past the last one. The string is a constant. */
const char *tk_device_metric(struct tk_port *port, unsigned index, uint32_t *value);

/* Writes the device's own secret key, which seals the store, to out and returns 0: the same key at
 * every call. Returns -1 if the device has none. */
int tk_device_key(struct tk_port *port, uint8_t out[TK_DEVICE_KEY_SIZE]);

#ifdef __cplusplus
}
#endif

#endif
