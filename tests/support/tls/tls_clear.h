/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLS_CLEAR_H
#define TLS_CLEAR_H

/*
 * Replaces core/https/tk_tls.c for tests of whole gateways: the same steps from a name over TCP to
 * a handshake and bytes, in the clear, over simulated sockets.
 *
 * The handshake is one byte from the server, an enum tk_err: TK_OK, or the error that the gateway
 * is to find.
 */

#include "tk_err.h"
#include "tk_sim.h"

/* Called before each step, send and receive. False: the power has failed, and nothing happens.
 * NULL: not called. */
extern bool (*tls_clear_powered)(struct tk_port *port);

#endif
