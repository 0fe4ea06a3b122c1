/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LWIP_SOCKETS_PRIVATE_H
#define TK_LWIP_SOCKETS_PRIVATE_H

/* What tk_wait asks of the lookups. */

#include <stdbool.h>

/* Returns whether a lookup is in progress, whose end select does not see; *ended: whether one has
 * ended. */
bool tk_lwip_sockets_lookups(bool *ended);

#endif
