/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_posix_private.h"

#include <limits.h>

enum { SHORT_MS = 10 };

/* --- the program's own descriptors --- */

static struct tk_posix_watch *find(struct tk_port *port, int fd)
{
    for (int i = 0; i < TK_POSIX_WATCHES; i++) {
        if (port->watches[i].events != 0 && port->watches[i].fd == fd)
            return &port->watches[i];
    }
    return NULL;
}

static struct tk_posix_watch *free_slot(struct tk_port *port)
{
    for (int i = 0; i < TK_POSIX_WATCHES; i++) {
        if (port->watches[i].events == 0)
            return &port->watches[i];
    }
    return NULL;
}

int tk_posix_watch(struct tk_port *port, int fd, short events)
{
    struct tk_posix_watch *w = find(port, fd);

    if (w != NULL) {
        w->events = events;
        return 0;
    }
    if (events == 0)
        return 0;
    w = free_slot(port);
    if (w == NULL)
        return -1;
    *w = (struct tk_posix_watch){.fd = fd, .events = events};
    return 0;
}

short tk_posix_ready(const struct tk_port *port, int fd)
{
    for (int i = 0; i < TK_POSIX_WATCHES; i++) {
        if (port->watches[i].events != 0 && port->watches[i].fd == fd)
            return port->watches[i].ready;
    }
    return 0;
}

static void watch_waits(struct tk_port *port, struct tk_posix_wait_set *w)
{
    for (int i = 0; i < TK_POSIX_WATCHES; i++) {
        port->watches[i].ready = 0;
        if (port->watches[i].events != 0)
            tk_posix_wait_fd(w, port->watches[i].fd, port->watches[i].events, NULL);
    }
}

static void note_watch(struct tk_port *port, const struct pollfd *p)
{
    struct tk_posix_watch *w = find(port, p->fd);

    if (w != NULL)
        w->ready |= (short)(p->revents & (w->events | POLLERR | POLLHUP | POLLNVAL));
}

/* --- how long --- */

static bool arm(struct tk_port *port, uint64_t until_ms)
{
    if (port->timer < 0)
        return false;
    if (port->timer_ms != until_ms && tk_posix_timer_set(port->timer, until_ms) != 0)
        return false;
    port->timer_ms = until_ms;
    return true;
}

/* Adds the timer to the descriptors, or returns poll's timeout. The tick rounds down, so that a
 * whole number of milliseconds is never too short. */
static int sleep_until(struct tk_port *port, uint64_t until_ms, struct tk_posix_wait_set *w)
{
    uint64_t now_ms = tk_posix_now_ms();

    if (w->met || port->reboot || until_ms <= now_ms)
        return 0;
    if (w->short_sleep && until_ms > now_ms + SHORT_MS)
        until_ms = now_ms + SHORT_MS;
    if (until_ms == UINT64_MAX)
        return -1;
    if (arm(port, until_ms)) {
        tk_posix_wait_fd(w, port->timer, POLLIN, NULL);
        return -1;
    }
    return until_ms - now_ms < INT_MAX ? (int)(until_ms - now_ms) : INT_MAX;
}

static void report(struct tk_port *port, const struct tk_posix_wait_set *w)
{
    for (nfds_t i = 0; i < w->count; i++) {
        if (w->fds[i].revents == 0)
            continue;
        if (w->interests[i] != NULL)
            w->interests[i]->reported = true;
        else
            note_watch(port, &w->fds[i]);
    }
}

void tk_wait(struct tk_port *port, uint64_t until_ms)
{
    struct tk_posix_wait_set w;

    w.count = 0;
    w.met = w.short_sleep = false;
    tk_posix_lookup_add_waits(port, &w);
    tk_posix_sock_add_waits(port, &w);
    tk_posix_console_add_waits(port, &w);
    watch_waits(port, &w);
    if (port->wake[0] >= 0)
        tk_posix_wait_fd(&w, port->wake[0], POLLIN, NULL);
    int timeout = sleep_until(port, until_ms, &w);

    if (poll(w.fds, w.count, timeout) > 0)
        report(port, &w);
    tk_posix_wake_drain(port);
    tk_posix_console_flush(port);
}
