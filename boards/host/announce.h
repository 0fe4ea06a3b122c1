/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_ANNOUNCE_H
#define TK_HOST_ANNOUNCE_H

#include "control.h"
#include "host.h"

/* Reports on stderr, in one line, what has started: version, accounts and their states, console,
 * sockets, seal. */
void tk_host_announce(struct tk_keeper *keeper, const struct tk_control *control,
                      const struct tk_options *options, bool is_sealed);

#endif
