/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* mkstemp, pread, flock */
#include "tk_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BOUNCE = 4096, BLANK = 32768 };

/* --- whole reads and writes --- */

static int read_all(int fd, uint64_t at, uint8_t *buf, size_t len)
{
    while (len > 0) {
        ssize_t n = pread(fd, buf, len, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return TK_FLASH_ERR;
        buf += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return TK_FLASH_OK;
}

static int write_all(int fd, uint64_t at, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = pwrite(fd, data, len, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return TK_FLASH_ERR;
        data += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return TK_FLASH_OK;
}

static int write_blank(int fd, uint64_t at, uint64_t len)
{
    uint8_t blank[BLANK];
    int ret = TK_FLASH_OK;

    memset(blank, 0xff, sizeof blank);
    while (len > 0 && ret == TK_FLASH_OK) {
        size_t n = len < sizeof blank ? (size_t)len : sizeof blank;

        ret = write_all(fd, at, blank, n);
        at += n;
        len -= n;
    }
    return ret;
}

/* --- the contract --- */

static uint64_t size_of(const struct tk_flash *flash)
{
    return (uint64_t)flash->sector_size * flash->sectors;
}

static bool inside(const struct tk_flash *flash, uint32_t offset, size_t len)
{
    return offset <= size_of(flash) && len <= size_of(flash) - offset;
}

static bool programmable(const struct tk_flash *flash, uint32_t offset, size_t len)
{
    return inside(flash, offset, len) && offset % flash->unit == 0 && len % flash->unit == 0 &&
           len <= flash->sector_size - offset % flash->sector_size;
}

static int flash_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    const struct tk_posix_flash *f = ctx;

    return inside(&f->flash, offset, len) ? read_all(f->fd, offset, buf, len) : TK_FLASH_ERR;
}

/* As NOR flash does: a 0 bit stays 0. */
static int clear_bits(int fd, uint32_t offset, const uint8_t *data, size_t len)
{
    uint8_t bounce[BOUNCE];

    if (read_all(fd, offset, bounce, len) != TK_FLASH_OK)
        return TK_FLASH_ERR;
    for (size_t i = 0; i < len; i++)
        bounce[i] &= data[i];
    return write_all(fd, offset, bounce, len);
}

/* Where the file was removed, no start would find what is written. One that shrank would grow again
 * by it, and be refused at the next start. */
static bool has_file(const struct tk_posix_flash *f)
{
    struct stat st;

    return fstat(f->fd, &st) == 0 && st.st_nlink > 0 && (uint64_t)st.st_size >= size_of(&f->flash);
}

static int note(struct tk_posix_flash *f, int ret)
{
    f->failed |= ret != TK_FLASH_OK;
    return ret;
}

static int flash_program(void *ctx, uint32_t offset, const void *data, size_t len)
{
    struct tk_posix_flash *f = ctx;
    const uint8_t *from = data;

    if (!programmable(&f->flash, offset, len))
        return TK_FLASH_ERR;
    if (!has_file(f))
        return note(f, TK_FLASH_ERR);
    while (len > 0) {
        size_t n = len < BOUNCE ? len : BOUNCE;

        if (clear_bits(f->fd, offset, from, n) != TK_FLASH_OK)
            return note(f, TK_FLASH_ERR);
        from += n;
        offset += (uint32_t)n;
        len -= n;
    }
    return TK_FLASH_OK;
}

static int flash_erase(void *ctx, uint32_t offset)
{
    struct tk_posix_flash *f = ctx;
    uint32_t size = f->flash.sector_size;

    if (offset % size != 0 || !inside(&f->flash, offset, size))
        return TK_FLASH_ERR;
    return note(f, has_file(f) ? write_blank(f->fd, offset, size) : TK_FLASH_ERR);
}

static int flash_sync(void *ctx)
{
    struct tk_posix_flash *f = ctx;

    return note(f, fdatasync(f->fd) == 0 ? TK_FLASH_OK : TK_FLASH_ERR);
}

/* --- the file --- */

static bool good_geometry(const struct tk_flash *f)
{
    return f->unit >= 1 && f->unit <= 256 && f->sectors >= 2 && f->sector_size >= 1024 &&
           f->sector_size <= 262144 && f->sector_size % f->unit == 0 && size_of(f) <= UINT32_MAX;
}

int tk_posix_sync_directory(const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);

    snprintf(dir, sizeof dir, "%.*s", (int)len, path);
    int fd = open(len == 0 ? "." : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int ret = fd < 0 ? -1 : fsync(fd);

    if (fd >= 0)
        close(fd);
    return ret;
}

/* link, unlike rename, never replaces a file: if two programs create it at the same time, one
 * succeeds, and both open its file. */
static int publish(const char *temp, const char *path)
{
    int ret = link(temp, path) == 0 || errno == EEXIST ? 0 : -1;

    return ret == 0 ? tk_posix_sync_directory(path) : ret;
}

static int create(const char *path, uint64_t size)
{
    char temp[PATH_MAX];

    if ((size_t)snprintf(temp, sizeof temp, "%s.XXXXXX", path) >= sizeof temp) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = mkstemp(temp); /* mode 0600 */

    if (fd < 0)
        return -1;
    int ret = write_blank(fd, 0, size) == TK_FLASH_OK && fsync(fd) == 0 ? publish(temp, path) : -1;
    int why = errno;

    close(fd);
    unlink(temp);
    errno = why;
    return ret;
}

static int open_or_create(const char *path, uint64_t size)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT && create(path, size) == 0)
        fd = open(path, O_RDWR | O_CLOEXEC);
    return fd;
}

/* The file may have been replaced since it was opened. */
static bool is_at(const struct stat *file, const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && st.st_dev == file->st_dev && st.st_ino == file->st_ino;
}

static int take(int fd, const char *path, uint64_t size)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return TK_POSIX_FLASH_ERR;
    if (!S_ISREG(st.st_mode))
        return TK_POSIX_FLASH_SIZE;
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return TK_POSIX_FLASH_MODE;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? TK_POSIX_FLASH_BUSY : TK_POSIX_FLASH_ERR;
    if (!is_at(&st, path))
        return TK_POSIX_FLASH_BUSY;
    return (uint64_t)st.st_size == size ? TK_POSIX_FLASH_OK : TK_POSIX_FLASH_SIZE;
}

int tk_posix_flash_open(struct tk_posix_flash *f, const char *path, uint32_t sector_size,
                        uint32_t sectors, uint32_t unit)
{
    f->flash = (struct tk_flash){.sector_size = sector_size,
                                 .sectors = sectors,
                                 .unit = unit,
                                 .ctx = f,
                                 .read = flash_read,
                                 .program = flash_program,
                                 .erase = flash_erase,
                                 .sync = flash_sync};
    f->fd = -1;
    f->failed = false;
    if (!good_geometry(&f->flash)) {
        errno = EINVAL;
        return TK_POSIX_FLASH_ERR;
    }
    f->fd = open_or_create(path, size_of(&f->flash));
    if (f->fd < 0)
        return TK_POSIX_FLASH_ERR;
    int ret = take(f->fd, path, size_of(&f->flash));

    if (ret != TK_POSIX_FLASH_OK)
        tk_posix_flash_close(f);
    return ret;
}

void tk_posix_flash_close(struct tk_posix_flash *f)
{
    int why = errno;

    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    errno = why;
}
