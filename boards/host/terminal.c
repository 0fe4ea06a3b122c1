/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal.h"

#include "host.h"
#include "serial_port.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool tk_terminal_is_stdio(const char *console)
{
    return console == NULL || strcmp(console, "stdio") == 0;
}

bool tk_terminal_make_raw(int fd, struct termios *saved, int keep)
{
    struct termios raw;
    cc_t key;

    if (tcgetattr(fd, saved) != 0)
        return false;
    raw = *saved;
    key = keep < 0 ? 0 : raw.c_cc[keep];
    cfmakeraw(&raw);
    if (keep >= 0) {
        raw.c_lflag |= ISIG;
        memset(raw.c_cc, _POSIX_VDISABLE, sizeof raw.c_cc);
        raw.c_cc[keep] = key;
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
    }
    return tcsetattr(fd, TCSANOW, &raw) == 0;
}

/* --- stdio --- */

#define HOW_TO_STOP "Ctrl-C twice stops the service, and renewal with it"

/* What is typed goes through a pipe, so that keys that stop the service are seen on the way. */
static bool open_terminal(struct tk_terminal *t, struct tk_port *port)
{
    tk_host_message("type help; " HOW_TO_STOP);
    t->is_raw = tk_terminal_make_raw(STDIN_FILENO, &t->saved, VQUIT);
    if (!t->is_raw || pipe2(t->pipe, O_CLOEXEC | O_NONBLOCK) != 0 ||
        tk_posix_watch(port, STDIN_FILENO, POLLIN) != 0) {
        tk_host_message("cannot use this terminal: %s", strerror(errno));
        return false;
    }
    tk_posix_console_attach(port, 0, t->pipe[0], STDOUT_FILENO);
    return true;
}

static bool open_stdio(struct tk_terminal *t, struct tk_port *port)
{
    t->raw_fd = STDIN_FILENO;
    pid_t foreground = tcgetpgrp(STDIN_FILENO); /* -1: of a terminal that controls no process */

    if (isatty(STDIN_FILENO) && (foreground == -1 || foreground == getpgrp()))
        return open_terminal(t, port);
    if (isatty(STDIN_FILENO)) { /* using it would stop the process */
        tk_host_message("in the background: no console here; use tokenkeeper console");
        return true;
    }
    tk_posix_console_attach(port, 0, STDIN_FILENO, STDOUT_FILENO);
    return true;
}

/* Whether the console has read enough; otherwise the keys wait in the terminal. */
static bool has_room(const struct tk_terminal *t, struct tk_port *port)
{
    struct pollfd p = {.fd = t->pipe[1], .events = POLLOUT};
    bool room = poll(&p, 1, 0) > 0;

    tk_posix_watch(port, STDIN_FILENO, room ? POLLIN : 0);
    tk_posix_watch(port, t->pipe[1], room ? 0 : POLLOUT);
    return room;
}

static void pass_byte(const struct tk_terminal *t, char byte)
{
    (void)!write(t->pipe[1], &byte, 1);
}

static bool take_key(struct tk_terminal *t, char byte)
{
    switch (tk_leave_byte(&t->leave, byte)) {
    case TK_LEAVE_AGAIN:
        return true;
    case TK_LEAVE_WORD:
        tk_host_message(HOW_TO_STOP);
        pass_byte(t, '\025'); /* Ctrl-U */
        return false;
    case TK_LEAVE_INTERRUPT:
    case TK_LEAVE_END:
        tk_host_message(HOW_TO_STOP);
        break;
    default:
        break;
    }
    pass_byte(t, byte);
    return false;
}

/* At the end of input the console is detached, and the service goes on. */
static bool take_keys(struct tk_terminal *t, struct tk_port *port)
{
    char bytes[256];
    bool stops = false;
    ssize_t n;

    if (t->pipe[1] < 0 || !has_room(t, port) || tk_posix_ready(port, STDIN_FILENO) == 0)
        return false;
    n = read(STDIN_FILENO, bytes, sizeof bytes);
    for (ssize_t i = 0; i < n; i++)
        stops |= take_key(t, bytes[i]);
    if (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)))
        return stops;
    tk_posix_watch(port, STDIN_FILENO, 0);
    close(t->pipe[1]);
    t->pipe[1] = -1;
    return false;
}

/* --- a serial device --- */

enum { RETRY_MS = 500 };

static bool attach_device(struct tk_terminal *t, struct tk_port *port)
{
    t->fd = tk_serial_open(t->device, TK_SERIAL_BAUD);
    if (t->fd >= 0)
        tk_posix_console_attach(port, 0, t->fd, t->fd);
    return t->fd >= 0;
}

static bool open_device(struct tk_terminal *t, struct tk_port *port, const char *path)
{
    char words[512];

    t->device = path;
    if (attach_device(t, port))
        return true;
    tk_serial_explain(path, errno, words, sizeof words);
    tk_host_message("no console: %s", words);
    return false;
}

static void report_device(struct tk_keeper *keeper, const char *event, const char *device)
{
    char buf[320];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "console event=%s device=%s", event, device);
    tk_keeper_event(keeper, &t);
}

static void close_device(struct tk_terminal *t)
{
    close(t->fd);
    t->fd = -1;
}

static uint64_t keep_device(struct tk_terminal *t, struct tk_port *port, struct tk_keeper *keeper,
                            uint64_t now_ms)
{
    if (t->device == NULL || tk_posix_console_attached(port, 0))
        return UINT64_MAX;
    if (t->fd >= 0) {
        close_device(t);
        t->retry_ms = now_ms;
        report_device(keeper, "lost", t->device);
    }
    if (now_ms < t->retry_ms)
        return t->retry_ms;
    t->retry_ms = now_ms + RETRY_MS;
    if (!attach_device(t, port))
        return t->retry_ms;
    report_device(keeper, "opened", t->device);
    return now_ms;
}

uint64_t tk_terminal_run(struct tk_terminal *t, struct tk_keeper *keeper, uint64_t now_ms,
                         bool *stops)
{
    struct tk_port *port = keeper->rt.config->port;

    *stops |= take_keys(t, port);
    return keep_device(t, port, keeper, now_ms);
}

/* --- a pseudoterminal --- */

/* Replaces a symbolic link, which a killed service has left; other files are kept. */
static bool make_link(struct tk_terminal *t, const char *target, const char *link)
{
    struct stat st;

    if (strlen(link) >= sizeof t->link) {
        tk_host_message("path of the link too long: %s", link);
        return false;
    }
    if (lstat(link, &st) == 0 && S_ISLNK(st.st_mode))
        (void)unlink(link);
    if (symlink(target, link) != 0) {
        tk_host_message("cannot create the link %s: %s", link, strerror(errno));
        return false;
    }
    strcpy(t->link, link);
    return true;
}

static bool open_pty(struct tk_terminal *t, struct tk_port *port, const char *link)
{
    struct termios saved;
    const char *name;

    t->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    name = t->fd < 0 || grantpt(t->fd) != 0 || unlockpt(t->fd) != 0 ? NULL : ptsname(t->fd);
    t->other = name == NULL ? -1 : open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (t->other < 0 || !tk_terminal_make_raw(t->other, &saved, -1)) {
        tk_host_message("cannot open a pseudoterminal: %s", strerror(errno));
        return false;
    }
    if (link != NULL && !make_link(t, name, link))
        return false;
    tk_host_message("console: %s", link != NULL ? link : name);
    tk_posix_console_attach(port, 0, t->fd, t->fd);
    return true;
}

bool tk_terminal_open(struct tk_terminal *t, struct tk_port *port, const char *console)
{
    *t = (struct tk_terminal){.fd = -1, .other = -1, .pipe = {-1, -1}};
    if (tk_terminal_is_stdio(console))
        return open_stdio(t, port);
    if (strcmp(console, "none") == 0)
        return true;
    if (strcmp(console, "pty") == 0)
        return open_pty(t, port, NULL);
    if (strncmp(console, "pty=", 4) == 0)
        return open_pty(t, port, console + 4);
    if (console[0] == '/')
        return open_device(t, port, console);
    tk_host_message("--console must be stdio, pty, pty=LINK, /dev/ttyX or none");
    return false;
}

void tk_terminal_close(struct tk_terminal *t)
{
    if (t->is_raw)
        (void)tcsetattr(t->raw_fd, TCSANOW, &t->saved);
    if (t->link[0] != '\0')
        (void)unlink(t->link);
    if (t->other > 0)
        close(t->other);
    if (t->fd > 0)
        close(t->fd);
    for (int i = 0; i < 2; i++) {
        if (t->pipe[i] > 0)
            close(t->pipe[i]);
    }
}
