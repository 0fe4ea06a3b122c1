/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_PEER_H
#define TK_HOST_PEER_H

/* The process at the other end of a local socket, as the kernel vouches for it. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { TK_PEER_GROUPS = 256 };

struct tk_peer {
    uid_t uid;
    pid_t pid; /* 0 where the system does not say */
    size_t count;
    gid_t groups[TK_PEER_GROUPS]; /* its primary group comes first; those beyond are dropped */
};

/* Reads the credentials that the peer of a connected socket had when it connected or, for a
 * client's end, when the service began to listen. Returns false if the system refuses. */
bool tk_peer_read(int fd, struct tk_peer *p);

bool tk_peer_has_group(const struct tk_peer *p, gid_t group);

/* True if the peer is root or the user of this process: one who may do everything anyway. */
bool tk_peer_is_owner(const struct tk_peer *p);

#endif
