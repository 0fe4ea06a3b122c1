/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <sys/socket.h>
#include <unistd.h>

#ifdef __linux__
static bool read_ids(int fd, struct tk_peer *p)
{
    struct ucred ids;
    socklen_t len = sizeof ids;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ids, &len) != 0)
        return false;
    p->uid = ids.uid;
    p->pid = ids.pid;
    p->groups[0] = ids.gid;
    return true;
}
#else /* other POSIX systems */
static bool read_ids(int fd, struct tk_peer *p)
{
    return getpeereid(fd, &p->uid, &p->groups[0]) == 0;
}
#endif

#ifdef SO_PEERGROUPS
/* The supplementary groups. The kernel fails with ERANGE if there are more, which then count for
 * nothing. */
static size_t read_groups(int fd, gid_t *groups, size_t max)
{
    socklen_t len = (socklen_t)(max * sizeof *groups);

    return getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0 ? len / sizeof *groups : 0;
}
#else
static size_t read_groups(int fd, gid_t *groups, size_t max)
{
    (void)fd;
    (void)groups;
    (void)max;
    return 0;
}
#endif

bool tk_peer_read(int fd, struct tk_peer *p)
{
    p->pid = 0;
    if (!read_ids(fd, p))
        return false;
    p->count = 1 + read_groups(fd, p->groups + 1, TK_PEER_GROUPS - 1);
    return true;
}

bool tk_peer_has_group(const struct tk_peer *p, gid_t group)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->groups[i] == group)
            return true;
    }
    return false;
}

bool tk_peer_is_owner(const struct tk_peer *p)
{
    return p->uid == 0 || p->uid == geteuid();
}
