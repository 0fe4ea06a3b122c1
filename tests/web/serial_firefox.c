/* SPDX-License-Identifier: Apache-2.0 */

/*
 * For LD_PRELOAD with Firefox: the terminal $TK_SERIAL is the serial port ttyS0.
 *
 * Firefox lists the devices of /sys/class/tty that it can open and whose modem lines it can read,
 * which a pseudo-terminal has none of. The real ttyS0 is never opened.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

static const char *path_of(const char *path)
{
    const char *serial = getenv("TK_SERIAL");

    return serial != NULL && strcmp(path, "/dev/ttyS0") == 0 ? serial : path;
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        int (*next)(const char *, int, mode_t) =                                                   \
            (int (*)(const char *, int, mode_t))dlsym(RTLD_NEXT, __func__);                        \
        va_list more;                                                                              \
        mode_t mode;                                                                               \
                                                                                                   \
        va_start(more, flags);                                                                     \
        mode = va_arg(more, mode_t);                                                               \
        va_end(more);                                                                              \
        return next(path_of(path), flags, mode);                                                   \
    }

OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                               \
    int name(int folder, const char *path, int flags, ...)                                         \
    {                                                                                              \
        int (*next)(int, const char *, int, mode_t) =                                              \
            (int (*)(int, const char *, int, mode_t))dlsym(RTLD_NEXT, __func__);                   \
        va_list more;                                                                              \
        mode_t mode;                                                                               \
                                                                                                   \
        va_start(more, flags);                                                                     \
        mode = va_arg(more, mode_t);                                                               \
        va_end(more);                                                                              \
        return next(folder, path_of(path), flags, mode);                                           \
    }

OPENAT(openat)
OPENAT(openat64)

int ioctl(int fd, unsigned long request, ...)
{
    int (*next)(int, unsigned long, void *) =
        (int (*)(int, unsigned long, void *))dlsym(RTLD_NEXT, __func__);
    va_list more;
    void *argument;
    int ret;

    va_start(more, request);
    argument = va_arg(more, void *);
    va_end(more);
    ret = next(fd, request, argument);
    if (ret == 0 || (errno != ENOTTY && errno != EINVAL))
        return ret;
    if (request == TIOCMGET)
        *(int *)argument = 0;
    return request == TIOCMGET || request == TIOCMBIS || request == TIOCMBIC || request == TIOCMSET
               ? 0
               : ret;
}
