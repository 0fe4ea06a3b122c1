/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_console_io.h"

#include "tk_posix_private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/*
 * The open file of a terminal is often shared with the shell that started the program, so that
 * O_NONBLOCK would also apply to the shell's reads. The flag is left alone, and poll is called
 * before each read and write. A read then does not block, nor does a write of CHUNK bytes: a pipe
 * guarantees room for PIPE_BUF bytes, sockets and terminals behave alike in practice. For certainty
 * a program sets O_NONBLOCK on descriptors that it opened itself.
 */
enum { CHUNK = 256 };

enum { AGAIN = -1, GONE = -2 };

static bool ready(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};

    return poll(&p, 1, 0) > 0;
}

static int result_of_errno(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? AGAIN : GONE;
}

static int read_now(int fd, void *buf, size_t size)
{
    if (!ready(fd, POLLIN))
        return AGAIN;
    ssize_t n = read(fd, buf, size < CHUNK ? size : CHUNK);

    return n > 0 ? (int)n : n == 0 ? GONE : result_of_errno();
}

static int write_now(int fd, const void *data, size_t len)
{
    if (!ready(fd, POLLOUT))
        return AGAIN;
    ssize_t n = write(fd, data, len < CHUNK ? len : CHUNK);

    return n > 0 ? (int)n : n == 0 ? AGAIN : result_of_errno();
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

/* Writes what the terminal takes now; false if the reader has closed. After the end of input, the
 * last byte written ends the line. */
static bool flush(struct tk_posix_console *c)
{
    int n = 0;

    while (c->len > 0 && n >= 0) {
        size_t to_end = TK_POSIX_CONSOLE_RING - c->head;

        n = write_now(c->out, c->ring + c->head, c->len < to_end ? c->len : to_end);
        if (n > 0) {
            c->active_ms = tk_posix_now_ms();
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
    if (n > 0)
        c->active_ms = tk_posix_now_ms();
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
    c->active_ms = tk_posix_now_ms();
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

uint64_t tk_posix_console_active(const struct tk_port *port, unsigned line)
{
    return line < TK_POSIX_CONSOLES ? port->consoles[line].active_ms : 0;
}

void tk_posix_console_add_waits(struct tk_port *port, struct tk_posix_wait_set *w)
{
    for (int i = 0; i < TK_POSIX_CONSOLES; i++) {
        struct tk_posix_console *c = &port->consoles[i];

        if (c->in >= 0)
            tk_posix_wait_fd(w, c->in, POLLIN, &c->read);
        if (c->len > 0)
            tk_posix_wait_fd(w, c->out, POLLOUT, NULL);
        if (c->len < TK_POSIX_CONSOLE_RING) /* there has been room since a short write */
            tk_posix_wait_met(w, &c->room);
    }
}

/* A reader that has closed is reported by the next read or write; until then the line stays in
 * use. */
void tk_posix_console_flush(struct tk_port *port)
{
    for (int i = 0; i < TK_POSIX_CONSOLES; i++) {
        if (port->consoles[i].len > 0)
            (void)flush(&port->consoles[i]);
    }
}
