/* SPDX-License-Identifier: Apache-2.0 */
#include "ask_secret.h"

#include "tk_wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { SIGNALS = 5 };

static const int signals[SIGNALS] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGQUIT};
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

/* A signal ends the read, so that the echo comes back. */
static void catch_signals(struct sigaction before[SIGNALS])
{
    struct sigaction action = {.sa_handler = on_signal};

    caught = 0;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < SIGNALS; i++)
        (void)sigaction(signals[i], &action, &before[i]);
}

static void restore_signals(const struct sigaction before[SIGNALS])
{
    for (int i = 0; i < SIGNALS; i++)
        (void)sigaction(signals[i], &before[i], NULL);
}

/* The line, read to its end also where it is too long. */
static bool read_line(int fd, char *out, size_t size)
{
    size_t len = 0;
    char byte;

    while (caught == 0) {
        ssize_t n = read(fd, &byte, 1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        if (byte == '\n' || byte == '\r') {
            out[len < size ? len : 0] = '\0';
            errno = E2BIG;
            return len < size;
        }
        if (len < size - 1)
            out[len] = byte;
        len += len < size;
    }
    errno = EINTR;
    return false;
}

static void put(int fd, const char *text)
{
    (void)!write(fd, text, strlen(text));
}

bool tk_ask_secret(const char *question, char *out, size_t size)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct sigaction before[SIGNALS];
    struct termios saved, hidden;
    bool ok = false;

    out[0] = '\0';
    if (fd < 0)
        return false;
    if (tcgetattr(fd, &saved) == 0) {
        hidden = saved;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        hidden.c_lflag |= ICANON | ISIG;
        catch_signals(before);
        (void)tcsetattr(fd, TCSAFLUSH, &hidden);
        put(fd, question);
        ok = read_line(fd, out, size);
        int why = errno;

        (void)tcsetattr(fd, TCSAFLUSH, &saved);
        put(fd, "\n");
        restore_signals(before);
        errno = why;
    }
    if (!ok)
        tk_wipe(out, size);
    int why = errno;

    close(fd);
    errno = why;
    return ok;
}
