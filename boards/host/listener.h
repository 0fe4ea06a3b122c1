/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_LISTENER_H
#define TK_HOST_LISTENER_H

/* A local socket that the service listens at. Main loop only. */

#include "tk_posix.h"

enum { TK_LISTENER_NONE = -1, TK_LISTENER_FULL = -2 };

struct tk_listener {
    struct tk_port *port;
    int fd;             /* -1: closed */
    uint64_t paused_ms; /* tick: until then it accepts nothing: no descriptor was left; 0: not */
    char path[108];     /* removed by tk_listener_close; "": none */
};

/* Listens at path; replaces the socket of a service that no longer runs. The socket has mode 0600
 * or, with a group, 0660 and that group. Returns false after a message. */
bool tk_listener_open(struct tk_listener *l, struct tk_port *port, const char *path,
                      const char *group);

/* Accepts a client, whose descriptor is the caller's. TK_LISTENER_NONE: there is none.
 * TK_LISTENER_FULL: the process has no descriptor left. It then accepts nothing for a second, or
 * until the caller has freed one and calls tk_listener_resume. */
int tk_listener_accept(struct tk_listener *l, uint64_t now_ms);
void tk_listener_resume(struct tk_listener *l);

/* Makes tk_wait end when a client connects. Returns the tick (ms) of the next attempt after a
 * failure, else UINT64_MAX. */
uint64_t tk_listener_wait(struct tk_listener *l, uint64_t now_ms);

void tk_listener_close(struct tk_listener *l);

#endif
