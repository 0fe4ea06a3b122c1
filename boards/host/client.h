/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CLIENT_H
#define TK_CLIENT_H

/* A client's connection to the service, over its socket. All calls block. */

#include "host.h"

#define TK_CLIENT_GRACE_MS                                                                         \
    5000 /* to wait for an answer, beyond what the request itself may take                         \
          */

/* Returns a descriptor, which the caller closes, or -1 after a message. */
int tk_client_connect(const struct tk_options *options);

/* The same for a console, in *fd. Returns an exit status, not TK_EXIT_OK after a message. */
int tk_client_console(const struct tk_options *options, int *fd);

bool tk_client_send(int fd, const char *text, size_t len);

/* Reads one line byte by byte, so that later bytes stay in the socket. False if there is none
 * within timeout_ms, or it is longer. */
bool tk_client_read_line(int fd, char *buf, size_t size, int timeout_ms);

#endif
