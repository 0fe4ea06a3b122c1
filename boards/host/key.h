/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_KEY_H
#define TK_HOST_KEY_H

#include "tk_posix.h"

/* Sets the port's key for sealing: the SHA-256 of the file given with --key. Returns false after a
 * message if the file is too short or too long, or readable by others. */
bool tk_host_load_key(struct tk_port *port, const char *path);

#endif
