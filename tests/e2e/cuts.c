/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* RTLD_NEXT */

/*
 * For LD_PRELOAD: ends the program, or fails, at one of the calls that change files. Calls are
 * counted from 1.
 *
 *      TK_CUT_AT=12    SIGKILL in place of call 12; half of it is done if it writes
 *      TK_FAIL_AT=12   call 12 fails with ENOSPC
 *      TK_CALLS=FILE   the name of each call is appended to FILE, a line each
 *
 * Nothing is synced: what SIGKILL leaves needs no disk.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned long calls;

static unsigned long number(const char *name)
{
    const char *text = getenv(name);

    return text == NULL ? 0 : strtoul(text, NULL, 10);
}

static void note(const char *name)
{
    FILE *file = getenv("TK_CALLS") == NULL ? NULL : fopen(getenv("TK_CALLS"), "a");

    if (file != NULL) {
        fprintf(file, "%s\n", name);
        fclose(file);
    }
}

/* Whether the call is to end in a cut. It fails if *fails is set. */
static int begin(const char *name, int *fails)
{
    calls++;
    note(name);
    *fails = calls == number("TK_FAIL_AT");
    if (*fails)
        errno = ENOSPC;
    return calls == number("TK_CUT_AT");
}

static void *usual(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* A call without effect before it has succeeded. */
#define BEGIN(name)                                                                                \
    int fails;                                                                                     \
    if (begin(name, &fails))                                                                       \
        (void)raise(SIGKILL);                                                                      \
    if (fails)                                                                                     \
    return -1

/* Erasing is many equal writes. */
static const char *name_of(const unsigned char *buf, size_t len)
{
    while (len > 0 && buf[len - 1] == 0xff)
        len--;
    return len == 0 ? "erase" : "pwrite";
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t at)
{
    ssize_t (*call)(int, const void *, size_t, off_t);
    int fails, cut = begin(name_of(buf, len), &fails);

    *(void **)&call = usual("pwrite");
    if (fails)
        return -1;
    ssize_t n = call(fd, buf, cut ? len / 2 : len, at);

    if (cut)
        (void)raise(SIGKILL);
    return n;
}

ssize_t pwrite64(int fd, const void *buf, size_t len, off_t at)
{
    return pwrite(fd, buf, len, at);
}

int open(const char *path, int flags, ...)
{
    int (*call)(const char *, int, ...);
    va_list args;
    unsigned mode = 0;

    *(void **)&call = usual("open");
    if ((flags & O_CREAT) == 0)
        return call(path, flags);
    va_start(args, flags);
    mode = va_arg(args, unsigned);
    va_end(args);
    BEGIN("open");
    return call(path, flags, mode);
}

int ftruncate(int fd, off_t len)
{
    int (*call)(int, off_t);

    BEGIN("ftruncate");
    *(void **)&call = usual("ftruncate");
    return call(fd, len);
}

int fsync(int fd)
{
    (void)fd;
    BEGIN("fsync");
    return 0;
}

int fdatasync(int fd)
{
    (void)fd;
    BEGIN("fdatasync");
    return 0;
}

int link(const char *from, const char *to)
{
    int (*call)(const char *, const char *);

    BEGIN("link");
    *(void **)&call = usual("link");
    return call(from, to);
}

int rename(const char *from, const char *to)
{
    int (*call)(const char *, const char *);

    BEGIN("rename");
    *(void **)&call = usual("rename");
    return call(from, to);
}

int unlink(const char *path)
{
    int (*call)(const char *);

    BEGIN("unlink");
    *(void **)&call = usual("unlink");
    return call(path);
}
