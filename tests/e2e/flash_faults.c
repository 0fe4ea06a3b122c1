/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* RTLD_NEXT */

/*
 * For LD_PRELOAD: faults of the flash file $TK_FLASH, as EIO.
 *
 *      TK_READ_AT=12 TK_READS=3    reads 12, 13 and 14 fail, counted from 1
 *      TK_WORN=1,5 TK_SECTOR=32768 writes to these sectors fail
 *
 * With TK_COUNT=FILE the number of reads is left in FILE at exit.
 */

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned long reads;

static unsigned long number(const char *name)
{
    const char *text = getenv(name);

    return text == NULL ? 0 : strtoul(text, NULL, 10);
}

static int is_flash(int fd)
{
    const char *path = getenv("TK_FLASH");
    struct stat file, flash;

    return path != NULL && stat(path, &flash) == 0 && fstat(fd, &file) == 0 &&
           file.st_dev == flash.st_dev && file.st_ino == flash.st_ino;
}

static int read_fails(int fd)
{
    unsigned long at = number("TK_READ_AT");

    if (!is_flash(fd))
        return 0;
    reads++;
    return at != 0 && reads >= at && reads - at < number("TK_READS");
}

static int is_worn(int fd, off_t at)
{
    char list[100], sector[20];

    if (getenv("TK_WORN") == NULL || !is_flash(fd))
        return 0;
    snprintf(list, sizeof list, ",%s,", getenv("TK_WORN"));
    snprintf(sector, sizeof sector, ",%lu,", (unsigned long)at / number("TK_SECTOR"));
    return strstr(list, sector) != NULL;
}

__attribute__((destructor)) static void report(void)
{
    FILE *count = getenv("TK_COUNT") == NULL ? NULL : fopen(getenv("TK_COUNT"), "w");

    if (count != NULL) {
        fprintf(count, "%lu", reads);
        fclose(count);
    }
}

#define FAIL_IF(fails)                                                                             \
    if (fails) {                                                                                   \
        errno = EIO;                                                                               \
        return -1;                                                                                 \
    }

ssize_t pread(int fd, void *buf, size_t len, off_t at)
{
    ssize_t (*usual)(int, void *, size_t, off_t);

    FAIL_IF(read_fails(fd));
    *(void **)&usual = dlsym(RTLD_NEXT, "pread");
    return usual(fd, buf, len, at);
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t at)
{
    ssize_t (*usual)(int, const void *, size_t, off_t);

    FAIL_IF(is_worn(fd, at));
    *(void **)&usual = dlsym(RTLD_NEXT, "pwrite");
    return usual(fd, buf, len, at);
}

ssize_t pread64(int fd, void *buf, size_t len, off_t at)
{
    return pread(fd, buf, len, at);
}

ssize_t pwrite64(int fd, const void *buf, size_t len, off_t at)
{
    return pwrite(fd, buf, len, at);
}
