/* SPDX-License-Identifier: Apache-2.0 */
#include "enlarge.h"

#include "flash_file.h"
#include "host.h"
#include "reseal.h"
#include "tk_seal.h"
#include "tk_wipe.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    char path[PATH_MAX], fresh_path[PATH_MAX + 8];
    struct tk_posix_flash fresh;
    struct tk_seal seal, fresh_seal; /* with the same key */
    struct tk_store from, to;
    struct tk_reseal work;
    struct tk_flash copy;
    uint8_t content[TK_HOST_FLASH_MAX];
} larger;

/* Files are renamed in the directory of the file itself, not of a link to it. The new file is of
 * the same user. */
static bool find_file(const char *path)
{
    struct stat st;

    if (realpath(path, larger.path) == NULL || stat(larger.path, &st) != 0)
        return false;
    snprintf(larger.fresh_path, sizeof larger.fresh_path, "%s.new", larger.path);
    errno = EPERM;
    return st.st_uid == geteuid();
}

/* False for what the service will refuse, too. */
static bool open_old(const struct tk_posix_flash *flash, const uint8_t *key)
{
    if (key != NULL && !(tk_seal_init(&larger.seal, key) && tk_seal_init(&larger.fresh_seal, key)))
        return false;
    return tk_host_copy_flash(&flash->flash, larger.content, &larger.copy) &&
           tk_store_open(&larger.from, &larger.copy, key == NULL ? NULL : &larger.seal.store) ==
               TK_STORE_OK;
}

static bool copy(struct tk_store_seal *seal)
{
    larger.work.from = &larger.from;
    larger.work.to = &larger.to;
    int ret = tk_reseal(&larger.work, &larger.fresh.flash, seal);

    errno = EIO;
    return ret == TK_STORE_OK && !larger.fresh.failed;
}

static bool overwrite(int fd)
{
    struct stat st;
    bool good = fstat(fd, &st) == 0;

    memset(larger.content, 0xff, sizeof larger.content);
    return good && pwrite(fd, larger.content, (size_t)st.st_size, 0) == st.st_size &&
           fdatasync(fd) == 0;
}

/* Both are locked until the old content is overwritten, so that no other service starts. */
static bool replace(int fd)
{
    if (fsync(larger.fresh.fd) != 0 || rename(larger.fresh_path, larger.path) != 0)
        return false;
    if (tk_posix_sync_directory(larger.path) != 0 || !overwrite(fd))
        tk_host_message("the former content of %s could not be overwritten: %s", larger.path,
                        strerror(errno));
    return true;
}

static bool enlarge(const char *path, int fd, struct tk_store_seal *seal)
{
    if (find_file(path) && tk_host_create_flash(&larger.fresh, larger.fresh_path) && copy(seal) &&
        replace(fd))
        return true;
    tk_host_message("%s keeps its size, with room for fewer accounts: it cannot be copied to a "
                    "larger file beside it: %s",
                    path, strerror(errno));
    (void)unlink(larger.fresh_path);
    return false;
}

bool tk_host_enlarge(struct tk_posix_flash *flash, const char *path, const uint8_t *key)
{
    if (!tk_host_is_old_flash(flash))
        return true;
    larger.fresh.fd = -1;
    bool done = open_old(flash, key) &&
                enlarge(path, flash->fd, key == NULL ? NULL : &larger.fresh_seal.store);

    tk_posix_flash_close(&larger.fresh);
    tk_wipe(&larger, sizeof larger);
    if (!done)
        return true;
    tk_posix_flash_close(flash);
    return tk_host_open_flash(flash, path) == TK_EXIT_OK;
}
