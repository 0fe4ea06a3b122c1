/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_PORT_H
#define TK_PORT_H

/*
 * A port to start from: the whole contract (platform/), one file per header. What is not written
 * yet reports failure or absence. README.md here is the guide.
 */

#include "tk_flash.h"

/* The context that every function of the contract takes. FIXME tk_clock.h: add what the functions
 * keep between calls: the tick counted so far, handles of your system. */
struct tk_port {
    char id[33]; /* tk_device.h */
};

/* Called first, before tk_mbedtls_init and tk_keeper_init. */
void tk_port_init(struct tk_port *port);

/* The area of the store, and the scratch area that `selftest` erases. */
extern const struct tk_flash tk_port_store, tk_port_scratch;

#endif
