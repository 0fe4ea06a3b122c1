/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_IDENTITY_H
#define TK_IDENTITY_H

#include "tk_posix.h"

#include <stdbool.h>

/* Sets the id given with --device-id; with NULL, keeps that of the machine. A token pair is served
 * and sent under the id that stored it only. Returns false after a message if the id is not valid,
 * or that of the machine cannot be read. */
bool tk_host_set_device_id(struct tk_port *port, const char *id);

#endif
