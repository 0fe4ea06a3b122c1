/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_RANDOM_H
#define TK_RANDOM_H

#include <stdbool.h>

struct tk_port;

/* Whether the device has random numbers for keys. False: TK_E_NOT_SEEDED; a source that repeats
 * itself (tk_entropy.h) counts as none. Asked before each TLS connection. */
bool tk_random_ready(struct tk_port *port);

#endif
