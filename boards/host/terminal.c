/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal.h"

#include "host.h"

#include <errno.h>
#include <fcntl.h>
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

static bool open_stdio(struct tk_terminal *t, struct tk_port *port)
{
    t->raw_fd = STDIN_FILENO;
    t->is_raw = isatty(STDIN_FILENO) && tk_terminal_make_raw(STDIN_FILENO, &t->saved, VQUIT);
    tk_posix_console_attach(port, 0, STDIN_FILENO, STDOUT_FILENO);
    return true;
}

static bool open_device(struct tk_terminal *t, struct tk_port *port, const char *path)
{
    struct termios saved;

    t->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (t->fd < 0 || !tk_terminal_make_raw(t->fd, &saved, -1)) {
        tk_host_message("cannot use %s as a console: %s", path, strerror(errno));
        return false;
    }
    struct termios line;

    if (tcgetattr(t->fd, &line) == 0) {
        cfsetspeed(&line, B115200);
        line.c_cflag |= CLOCAL | CREAD;
        (void)tcsetattr(t->fd, TCSANOW, &line);
    }
    tk_posix_console_attach(port, 0, t->fd, t->fd);
    return true;
}

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
    *t = (struct tk_terminal){.fd = -1, .other = -1};
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
}
