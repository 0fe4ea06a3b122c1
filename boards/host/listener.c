/* SPDX-License-Identifier: Apache-2.0 */
#include "listener.h"

#include "host.h"
#include "tk_string.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 128, PAUSE_MS = 1000 };

static bool is_served(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return true; /* unknown */
    bool served =
        connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN;

    close(fd);
    return served;
}

/* A process of that group needs no chown, which the unit does not permit. */
static bool has_group(const char *path, gid_t group)
{
    struct stat st;

    return lstat(path, &st) == 0 && st.st_gid == group;
}

/* Called between bind and listen, when no client can connect yet. */
static bool give_to_group(const char *path, const char *name)
{
    const struct group *group = getgrnam(name);

    if (group == NULL) {
        tk_host_message("no such group: %s", name);
        return false;
    }
    if ((has_group(path, group->gr_gid) || chown(path, (uid_t)-1, group->gr_gid) == 0) &&
        chmod(path, 0660) == 0)
        return true;
    tk_host_message("cannot set the group of %s to %s: %s", path, name, strerror(errno));
    return false;
}

/* A socket that a killed service has left; other files are kept. */
static bool is_stale(const struct sockaddr_un *address)
{
    struct stat st;

    return lstat(address->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) && !is_served(address);
}

static bool bind_at(int fd, const struct sockaddr_un *address)
{
    mode_t old = umask(0177);
    int ret = bind(fd, (const struct sockaddr *)address, sizeof *address);
    int why = errno;

    if (ret != 0 && why == EADDRINUSE && is_stale(address) && unlink(address->sun_path) == 0) {
        ret = bind(fd, (const struct sockaddr *)address, sizeof *address);
        why = errno;
    }
    umask(old);
    if (ret != 0)
        tk_host_message("cannot listen at %s: %s", address->sun_path, strerror(why));
    return ret == 0;
}

bool tk_listener_open(struct tk_listener *l, struct tk_port *port, const char *path,
                      const char *group)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *l = (struct tk_listener){.port = port, .fd = -1};
    if (!tk_copy(l->path, sizeof l->path, path)) {
        tk_host_message("path of the socket longer than 107 characters: %s", path);
        return false;
    }
    memcpy(address.sun_path, l->path, sizeof l->path);
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0)
        tk_host_message("cannot listen at %s: %s", path, strerror(errno));
    if (l->fd < 0 || !bind_at(l->fd, &address)) {
        l->path[0] = '\0';
        return false;
    }
    if (group != NULL && !give_to_group(path, group))
        return false;
    if (listen(l->fd, BACKLOG) == 0 && tk_posix_watch(port, l->fd, POLLIN) == 0)
        return true;
    tk_host_message("cannot listen at %s: %s", path, strerror(errno));
    return false;
}

/* Without a free descriptor accept fails even where there is no client. */
static bool has_client(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

int tk_listener_accept(struct tk_listener *l, uint64_t now_ms)
{
    if (l->fd < 0 || now_ms < l->paused_ms)
        return TK_LISTENER_NONE;
    int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    l->paused_ms = 0;
    if (fd >= 0)
        return fd;
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED || !has_client(l->fd))
        return TK_LISTENER_NONE;
    l->paused_ms = now_ms + PAUSE_MS; /* the socket stays readable: a poll would not sleep */
    return TK_LISTENER_FULL;
}

void tk_listener_resume(struct tk_listener *l)
{
    l->paused_ms = 0;
}

uint64_t tk_listener_wait(struct tk_listener *l, uint64_t now_ms)
{
    if (l->fd < 0)
        return UINT64_MAX;
    bool paused = now_ms < l->paused_ms;

    tk_posix_watch(l->port, l->fd, paused ? 0 : POLLIN);
    return paused ? l->paused_ms : UINT64_MAX;
}

void tk_listener_close(struct tk_listener *l)
{
    if (l->fd >= 0) {
        tk_posix_watch(l->port, l->fd, 0);
        close(l->fd);
    }
    if (l->path[0] != '\0')
        unlink(l->path);
    *l = (struct tk_listener){.fd = -1};
}
