/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_PORT_H
#define TK_PORT_H

/*
 * A port to begin with: all of the contract (platform/), one file a header, and nothing that it
 * cannot do is claimed to work. README.md beside it says how to go on.
 */

#include "tk_flash.h"

/* The context that every function of the contract gets first. FIXME tk_clock.h: keep here what the
 * functions need between calls: the tick that was counted so far, a handle of your system. */
struct tk_port {
    char id[33]; /* tk_device.h */
};

/* The first thing, before tk_mbedtls_init and tk_keeper_init. */
void tk_port_init(struct tk_port *port);

/* Where the store lives, and what `selftest` may destroy. */
extern const struct tk_flash tk_port_store, tk_port_scratch;

#endif
