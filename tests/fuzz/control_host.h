/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_HOST_H
#define CONTROL_HOST_H

/* The host program's sockets over another port than its own: the server side of boards/host, with
 * clients that this process connects. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tk_port;
struct tk_keeper;

enum control_role { CONTROL_GET, CONTROL_CALL, CONTROL_OTHER, CONTROL_NONE, CONTROL_ADMIN };

void control_begin(struct tk_port *port, struct tk_keeper *keeper);
void control_end(void);

/* A client with the rights of a role: `get` of the first account, `call` only, `get` of an account
 * that does not exist, or nothing. Returns its end, which does not block; -1: no place. */
int control_connect(enum control_role role, uint64_t now_ms);

/* One pass; true if it must run again at once. */
bool control_pass(uint64_t now_ms);

void control_event(const char *event);

/* What the service reported on stderr since the last call. */
const char *control_messages(void);

/* Of tk_posix.h, for the service: over the other port. */
int tk_posix_watch(struct tk_port *port, int fd, short events);
short tk_posix_ready(const struct tk_port *port, int fd);
void tk_posix_console_attach(struct tk_port *port, unsigned line, int in, int out);
void tk_posix_console_detach(struct tk_port *port, unsigned line);
bool tk_posix_console_attached(const struct tk_port *port, unsigned line);
uint64_t tk_posix_console_active(const struct tk_port *port, unsigned line);

#endif
