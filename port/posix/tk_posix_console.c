/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_console_io.h"

#include "tk_posix_private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/*
 * A terminal's descriptor is often shared with the shell that started us, and O_NONBLOCK would
 * then be the shell's too: it would read errors from its own terminal. So the flag is left alone,
 * and poll is asked before each call. A read of what is there does not block then, nor does a
 * write of so little: a pipe promises to take PIPE_BUF bytes, a socket and a terminal come near
 * enough. Who opened a descriptor himself sets O_NONBLOCK on it, and gets certainty.
 */
enum { CHUNK = 256 };

enum { AGAIN = -1, GONE = -2 };

static bool ready(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};

    return poll(&p, 1, 0) > 0;
}

static int outcome_of_errno(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? AGAIN : GONE;
}

static int read_now(int fd, void *buf, size_t size)
{
    if (!ready(fd, POLLIN))
        return AGAIN;
    ssize_t n = read(fd, buf, size < CHUNK ? size : CHUNK);

    return n > 0 ? (int)n : n == 0 ? GONE : outcome_of_errno();
}

static int write_now(int fd, const void *data, size_t len)
{
    if (!ready(fd, POLLOUT))
        return AGAIN;
    ssize_t n = write(fd, data, len < CHUNK ? len : CHUNK);

    return n > 0 ? (int)n : n == 0 ? AGAIN : outcome_of_errno();
}

/* --- one line --- */

static void clear(struct tk_posix_console *c)
{
    c->in = c->out = -1;
    tk_posix_set_wanted(&c->read, false);
    tk_posix_set_wanted(&c->room, false);
    c->head = c->len = 0;
}

static struct tk_posix_console *find(struct tk_port *port, unsigned line)
{
    return line < TK_POSIX_CONSOLES ? &port->consoles[line] : NULL;
}

static void put(struct tk_posix_console *c, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        c->ring[(c->head + c->len + i) % TK_POSIX_CONSOLE_RING] = data[i];
    c->len += len;
}

/* Writes what goes out now; false when nobody reads it any more. After the end of input the last
 * byte out ends the line. */
static bool flush(struct tk_posix_console *c)
{
    int n = 0;

    while (c->len > 0 && n >= 0) {
        size_t to_end = TK_POSIX_CONSOLE_RING - c->head;

        n = write_now(c->out, c->ring + c->head, c->len < to_end ? c->len : to_end);
        if (n > 0) {
            c->head = (c->head + (size_t)n) % TK_POSIX_CONSOLE_RING;
            c->len -= (size_t)n;
        }
    }
    if (n == GONE)
        c->len = 0;
    if (c->in < 0 && c->len == 0)
        clear(c);
    return n != GONE;
}

static void end_of_input(struct tk_posix_console *c)
{
    c->in = -1;
    tk_posix_set_wanted(&c->read, false);
    tk_posix_set_wanted(&c->room, false);
    (void)flush(c);
}

int tk_console_read(struct tk_port *port, unsigned line, void *buf, size_t size)
{
    struct tk_posix_console *c = find(port, line);

    if (c == NULL || c->in < 0)
        return TK_CONSOLE_CLOSED;
    if (size == 0)
        return 0;
    int n = read_now(c->in, buf, size);

    if (n == GONE) {
        end_of_input(c);
        return TK_CONSOLE_CLOSED;
    }
    tk_posix_set_wanted(&c->read, true);
    return n > 0 ? n : 0;
}

int tk_console_write(struct tk_port *port, unsigned line, const void *data, size_t len)
{
    struct tk_posix_console *c = find(port, line);

    if (c == NULL || c->in < 0)
        return TK_CONSOLE_CLOSED;
    size_t room = TK_POSIX_CONSOLE_RING - c->len;
    size_t n = len < room ? len : room;

    put(c, data, n);
    if (!flush(c))
        clear(c);
    tk_posix_set_wanted(&c->room, c->in >= 0 && n < len);
    return c->in < 0 ? TK_CONSOLE_CLOSED : (int)n;
}

/* --- attaching --- */

void tk_posix_console_init(struct tk_port *port)
{
    for (unsigned i = 0; i < TK_POSIX_CONSOLES; i++)
        clear(&port->consoles[i]);
}

void tk_posix_console_attach(struct tk_port *port, unsigned line, int in, int out)
{
    struct tk_posix_console *c = find(port, line);

    if (c == NULL)
        return;
    clear(c);
    c->in = in;
    c->out = out;
    tk_posix_set_wanted(&c->read, true);
}

void tk_posix_console_detach(struct tk_port *port, unsigned line)
{
    struct tk_posix_console *c = find(port, line);

    if (c == NULL)
        return;
    if (c->out >= 0)
        (void)flush(c);
    clear(c);
}

bool tk_posix_console_attached(const struct tk_port *port, unsigned line)
{
    return line < TK_POSIX_CONSOLES && port->consoles[line].out >= 0;
}

void tk_posix_console_add_waits(struct tk_port *port, struct tk_posix_wait_set *w)
{
    for (int i = 0; i < TK_POSIX_CONSOLES; i++) {
        struct tk_posix_console *c = &port->consoles[i];

        if (c->in >= 0)
            tk_posix_wait_fd(w, c->in, POLLIN, &c->read);
        if (c->len > 0)
            tk_posix_wait_fd(w, c->out, POLLOUT, NULL);
        if (c->len < TK_POSIX_CONSOLE_RING) /* room came with the end of a short write */
            tk_posix_wait_met(w, &c->room);
    }
}

/* Who left is told of by the next read or write: until then the line is nobody else's. */
void tk_posix_console_flush(struct tk_port *port)
{
    for (int i = 0; i < TK_POSIX_CONSOLES; i++) {
        if (port->consoles[i].len > 0)
            (void)flush(&port->consoles[i]);
    }
}
