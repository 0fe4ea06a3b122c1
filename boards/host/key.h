/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_KEY_H
#define TK_HOST_KEY_H

#include "tk_posix.h"

/* Gives the port the key that --key names: the SHA-256 of that file. False, and a word on stderr,
 * when it is none, or others can read it. */
bool tk_host_load_key(struct tk_port *port, const char *path);

#endif
