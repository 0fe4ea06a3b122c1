/* SPDX-License-Identifier: Apache-2.0 */
#include "host.h"

#include <stdarg.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

/* A console is open at the terminal: the message gets lines of its own. */
static bool is_raw(void)
{
    struct termios line;

    return tcgetattr(STDERR_FILENO, &line) == 0 && (line.c_oflag & OPOST) == 0;
}

void tk_host_message(const char *format, ...)
{
    bool raw = is_raw();
    va_list args;

    fputs(raw ? "\r\ntokenkeeper: " : "tokenkeeper: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs(raw ? "\r\n" : "\n", stderr);
}
