/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SOCKET_OWNER_H
#define TK_SOCKET_OWNER_H

/* Whose TCP socket of this machine that is, where the system says so (Linux: /proc/net). */

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

/* The user of the socket that is connected from here to the port to. False where it is not known.
 */
bool tk_socket_owner(const struct sockaddr *from, unsigned to, uid_t *owner);

/* Who listens at the address: "python3 (pid 123, user www-data)", or what can be found out. */
void tk_socket_listener(const struct sockaddr *at, char *out, size_t size);

/* The name of a user, or the number. */
void tk_user_name(uid_t user, char *out, size_t size);

#endif
