/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLAIN_H
#define PLAIN_H

/*
 * The functions of core/https/tk_tls.h without TLS: the same way from a name over TCP to a
 * handshake and bytes, in the clear, over the simulated network. Core as a whole runs above it; TLS
 * itself, which is process-wide and costs too much for decades, is tested apart.
 *
 * A handshake is one byte from the server, an enum tk_err: TK_OK, or what is wrong with it.
 */

#include "tk_err.h"
#include "tk_sim.h"

/* Told at each touch of the network, before it; false: the machine lost its power there. NULL:
 * nobody is. */
extern bool (*plain_touched)(struct tk_port *port);

#endif
