/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_DEVICE_H
#define TK_DEVICE_H

/* The thing the program runs on. Called from the main loop only, except where noted. */

#include <stdbool.h>
#include <stdint.h>

struct tk_port;

enum { TK_DEVICE_KEY_SIZE = 32 };

/*
 * A name that no other device has and that survives a factory reset: 4 to 32 characters of
 * [A-Za-z0-9-]. It is printed, and is no secret. The string lives as long as the port.
 */
const char *tk_device_id(struct tk_port *port);

/* Starts the program anew, from its beginning, with RAM lost and flash kept. Does not return on a
 * board; where it does, the caller's main loop ends and its starter begins again. */
void tk_device_reboot(struct tk_port *port);

/* Feeds the watchdog: called once a pass of the main loop, at least every 5 s while work goes on
 * and every 30 s in idle time. A no-op where there is none. */
void tk_device_feed_watchdog(struct tk_port *port);

/* Shows the highest escalation level of all accounts: 0 all is well, up to 4 a person must act. */
void tk_device_indicate(struct tk_port *port, int level);

/* Whether the heap that mbedTLS has from the platform (MBEDTLS_PLATFORM_MEMORY) refused something
 * since this was last asked. mbedTLS itself takes a signature that it had no memory to check for a
 * wrong one; a person should hear the difference. port/mbedtls has it for every port. */
bool tk_device_alloc_failed(struct tk_port *port);

/* What the platform can tell of its own health, as `status --all` shows it: the name and value of
 * figure number index, from 0, or NULL behind the last. The string is a constant. */
const char *tk_device_metric(struct tk_port *port, unsigned index, uint32_t *value);

/* Writes the device's own secret key for sealing to out and answers 0, or answers -1: this device
 * has none. The same key at every call. */
int tk_device_key(struct tk_port *port, uint8_t out[TK_DEVICE_KEY_SIZE]);

#endif
