/* SPDX-License-Identifier: Apache-2.0 */
#include "flash_file.h"

#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The newest first. A sector holds all values: of 64 accounts, also with tokens of 1,500
 * characters. The store cannot read a file in another shape. */
static const struct {
    uint32_t sector_size, sectors;
} shapes[] = {{262144, 4}, {32768, 8}, {4096, 32}};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static int open_shaped(struct tk_posix_flash *flash, const char *path)
{
    struct stat st;
    int i = stat(path, &st) == 0 ? SHAPES - 1 : 0;

    while (i > 0 && st.st_size != (off_t)shapes[i].sector_size * shapes[i].sectors)
        i--;
    return tk_posix_flash_open(flash, path, shapes[i].sector_size, shapes[i].sectors, 1);
}

int tk_host_open_flash(struct tk_posix_flash *flash, const char *path)
{
    switch (open_shaped(flash, path)) {
    case TK_POSIX_FLASH_OK:
        return TK_EXIT_OK;
    case TK_POSIX_FLASH_BUSY:
        tk_host_message("flash_busy: another service uses %s", path);
        return TK_EXIT_BUSY;
    case TK_POSIX_FLASH_SIZE:
        tk_host_message("%s is not a flash file: a regular file of %d bytes is required", path,
                        TK_HOST_FLASH_MAX);
        return TK_EXIT_USAGE;
    case TK_POSIX_FLASH_MODE:
        tk_host_message("others may read or write %s, which has secrets: chmod 600 it", path);
        return TK_EXIT_USAGE;
    default:
        tk_host_message("cannot open %s: %s", path, strerror(errno));
        return TK_EXIT_USAGE;
    }
}

bool tk_host_is_old_flash(const struct tk_posix_flash *flash)
{
    return flash->flash.sector_size != shapes[0].sector_size;
}

bool tk_host_erase_flash(const struct tk_flash *flash)
{
    int ret = TK_FLASH_OK;

    for (uint32_t i = 0; i < flash->sectors && ret == TK_FLASH_OK; i++)
        ret = flash->erase(flash->ctx, i * flash->sector_size);
    return ret == TK_FLASH_OK && flash->sync(flash->ctx) == TK_FLASH_OK;
}

bool tk_host_create_flash(struct tk_posix_flash *flash, const char *path)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return false;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = fd >= 0 && ftruncate(fd, TK_HOST_FLASH_MAX) == 0;

    if (fd >= 0)
        close(fd);
    good =
        good && open_shaped(flash, path) == TK_POSIX_FLASH_OK && tk_host_erase_flash(&flash->flash);
    flash->flash.sync = NULL;
    return good;
}

/* --- a copy in RAM --- */

static int read_copy(void *ctx, uint32_t offset, void *buf, size_t len)
{
    if (offset > TK_HOST_FLASH_MAX || len > TK_HOST_FLASH_MAX - offset)
        return TK_FLASH_ERR;
    memcpy(buf, (const uint8_t *)ctx + offset, len);
    return TK_FLASH_OK;
}

bool tk_host_copy_flash(const struct tk_flash *flash, uint8_t content[TK_HOST_FLASH_MAX],
                        struct tk_flash *copy)
{
    size_t size = (size_t)flash->sector_size * flash->sectors;

    *copy = *flash;
    copy->read = read_copy;
    copy->ctx = content;
    return size <= TK_HOST_FLASH_MAX && flash->read(flash->ctx, 0, content, size) == TK_FLASH_OK;
}
