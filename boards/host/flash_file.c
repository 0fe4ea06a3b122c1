/* SPDX-License-Identifier: Apache-2.0 */
#include "flash_file.h"

#include "host.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* A sector holds the pairs of all accounts, with tokens of TK_TOKEN_MAX characters. */
#define SECTOR_SIZE 32768
#define SECTORS     8
/* Files of version 0.1 keep their shape: the store cannot read them in another one. */
#define SMALL_SECTOR_SIZE 4096
#define SMALL_SECTORS     32

static int open_shaped(struct tk_posix_flash *flash, const char *path)
{
    struct stat st;

    if (stat(path, &st) == 0 && st.st_size == SMALL_SECTOR_SIZE * SMALL_SECTORS)
        return tk_posix_flash_open(flash, path, SMALL_SECTOR_SIZE, SMALL_SECTORS, 1);
    return tk_posix_flash_open(flash, path, SECTOR_SIZE, SECTORS, 1);
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
                        SECTOR_SIZE * SECTORS);
        return TK_EXIT_USAGE;
    case TK_POSIX_FLASH_MODE:
        tk_host_message("others may read or write %s, which has secrets: chmod 600 it", path);
        return TK_EXIT_USAGE;
    default:
        tk_host_message("cannot open %s: %s", path, strerror(errno));
        return TK_EXIT_USAGE;
    }
}
