/* SPDX-License-Identifier: Apache-2.0 */
#include "flash_file.h"
#include "host.h"
#include "key.h"
#include "protect.h"
#include "reseal.h"
#include "tk_mbedtls.h"
#include "tk_seal.h"
#include "tk_wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * tokenkeeper rekey: seals a flash file with another key.
 *
 * All values are copied to FILE.rekey-new, sealed with the new key, which then replaces FILE. What
 * was there stays as FILE.rekey-old until it is overwritten. A power cut at any point leaves in
 * FILE the old content or the new one, both whole; the same command finishes the rest.
 */

#define UNCHANGED "; nothing was changed"

enum { PATH_SIZE = PATH_MAX };

struct file {
    char path[PATH_SIZE + 16];
    struct tk_posix_flash flash;
};

static struct {
    struct tk_port port;
    bool has_key; /* --key is given: the flash is sealed */
    uint8_t key[TK_DEVICE_KEY_SIZE], new_key[TK_DEVICE_KEY_SIZE];
    struct tk_seal seal, new_seal;
    struct tk_store from, to;
    struct tk_reseal work;
    uint8_t content[TK_HOST_FLASH_MAX]; /* of the file */
    struct tk_flash copy;               /* reads it there */
    struct file file, fresh, replaced;
} rekey;

/* --- what is given --- */

static bool load_keys(const struct tk_options *options)
{
    rekey.has_key = options->key != NULL;
    if (options->new_key == NULL) {
        tk_host_message("rekey needs --new-key FILE; see tokenkeeper --help");
        return false;
    }
    if ((rekey.has_key && !tk_host_load_key(options->key, rekey.key)) ||
        !tk_host_load_key(options->new_key, rekey.new_key))
        return false;
    if (rekey.has_key && memcmp(rekey.key, rekey.new_key, sizeof rekey.key) == 0) {
        tk_host_message("same_key: --key and --new-key have the same content" UNCHANGED);
        return false;
    }
    return true;
}

/* Files are renamed in the directory of the file itself, not of a link to it. */
static bool find_file(const struct tk_options *options)
{
    char path[TK_HOST_PATH], real[PATH_SIZE];

    if (!tk_host_flash_path(options, path))
        return false;
    if (realpath(path, real) == NULL) {
        tk_host_message("no flash file at %s: %s", path, strerror(errno));
        return false;
    }
    snprintf(rekey.file.path, sizeof rekey.file.path, "%s", real);
    snprintf(rekey.fresh.path, sizeof rekey.fresh.path, "%s.rekey-new", real);
    snprintf(rekey.replaced.path, sizeof rekey.replaced.path, "%s.rekey-old", real);
    return true;
}

/* Root reads the keys, then acts as the user of the service: the new file is his, too, and what
 * else is in his directory leads nowhere that he may not write. */
static bool become_owner(void)
{
    struct stat st;

    if (geteuid() != 0)
        return true;
    if (stat(rekey.file.path, &st) == 0 &&
        (st.st_uid == 0 ||
         (setgroups(1, &st.st_gid) == 0 && setgid(st.st_gid) == 0 && setuid(st.st_uid) == 0)))
        return true;
    tk_host_message("cannot act as the owner of %s: %s", rekey.file.path, strerror(errno));
    return false;
}

/* --- files --- */

static bool sync_directory(void)
{
    if (tk_posix_sync_directory(rekey.file.path) == 0)
        return true;
    tk_host_message("cannot sync the directory of %s: %s; repeat this command", rekey.file.path,
                    strerror(errno));
    return false;
}

static bool failed(const char *what, const struct file *file)
{
    tk_host_message("cannot %s %s: %s; repeat this command", what, file->path, strerror(errno));
    return false;
}

static bool create_fresh(void)
{
    return tk_host_create_flash(&rekey.fresh.flash, rekey.fresh.path) ||
           failed("create", &rekey.fresh);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool erase_file(struct file *file)
{
    if (tk_host_open_flash(&file->flash, file->path) != TK_EXIT_OK)
        return false;
    bool good = tk_host_erase_flash(&file->flash.flash) || failed("overwrite", file);

    tk_posix_flash_close(&file->flash);
    return good;
}

/* Overwrites and removes what was replaced, if that is left over. */
static bool erase_replaced(void)
{
    struct stat now, before;

    if (lstat(rekey.replaced.path, &before) != 0)
        return errno == ENOENT || failed("find", &rekey.replaced);
    if (stat(rekey.file.path, &now) != 0)
        return failed("find", &rekey.file);
    if (!is_same_file(&now, &before) && (!sync_directory() || !erase_file(&rekey.replaced)))
        return false;
    return (unlink(rekey.replaced.path) == 0 || failed("remove", &rekey.replaced)) &&
           sync_directory();
}

/* Both are locked, so that no service starts meanwhile. */
static bool replace(void)
{
    if (fsync(rekey.fresh.flash.fd) != 0)
        return failed("sync", &rekey.fresh);
    if (link(rekey.file.path, rekey.replaced.path) != 0)
        return failed("link", &rekey.replaced);
    if (!sync_directory())
        return false;
    if (rename(rekey.fresh.path, rekey.file.path) != 0)
        return failed("replace", &rekey.file);
    tk_posix_flash_close(&rekey.file.flash);
    return erase_replaced();
}

/* --- stores --- */

static struct tk_store_seal *old_seal(void)
{
    return rekey.has_key ? &rekey.seal.store : NULL;
}

static int report(int ret)
{
    const char *path = rekey.file.path;

    if (ret == TK_STORE_FULL)
        tk_host_message("storage_full: sealed values take more room; unset a setting or delete an "
                        "account, then repeat" UNCHANGED);
    else if (ret == TK_STORE_FOREIGN || ret == TK_STORE_SHAPE || ret == TK_STORE_FORMAT)
        tk_host_message("%s: %s is not a flash file of this version" UNCHANGED,
                        ret == TK_STORE_FOREIGN ? "storage_foreign"
                        : ret == TK_STORE_SHAPE ? "storage_shape"
                                                : "storage_format",
                        path);
    else if (rekey.work.from == NULL)
        tk_host_message("storage_failed: %s cannot be read" UNCHANGED, path);
    else
        tk_host_message("storage_failed: value %u of %s cannot be read or copied; set it again, "
                        "then repeat" UNCHANGED,
                        rekey.work.key, path);
    return ret == TK_STORE_FLASH ? TK_EXIT_INTERNAL : TK_EXIT_USAGE;
}

static int report_sealed(void)
{
    const char *path = rekey.file.path;

    if (!rekey.has_key)
        tk_host_message("storage_sealed: %s is sealed; give its key with --key" UNCHANGED, path);
    else if (tk_store_open(&rekey.from, &rekey.copy, NULL) == TK_STORE_OK)
        tk_host_message("storage_unsealed: %s is not sealed; leave out --key" UNCHANGED, path);
    else
        tk_host_message("storage_sealed: %s is sealed with another key than --key" UNCHANGED, path);
    return TK_EXIT_USAGE;
}

static int copy(void)
{
    rekey.work.from = &rekey.from;
    rekey.work.to = &rekey.to;
    int ret = tk_reseal(&rekey.work, &rekey.fresh.flash.flash, &rekey.new_seal.store);

    /* the store may have passed by what failed */
    return ret == TK_STORE_OK && rekey.fresh.flash.failed ? TK_STORE_FLASH : ret;
}

static int reseal(void)
{
    int ret = TK_STORE_OK;
    bool good = erase_replaced() && create_fresh();

    if (good)
        ret = copy();
    if (good && ret == TK_STORE_OK && replace()) {
        printf("seal=aes-128-gcm values=%u\n", rekey.work.count);
        return TK_EXIT_OK;
    }
    (void)unlink(rekey.fresh.path);
    return ret != TK_STORE_OK ? report(ret) : TK_EXIT_INTERNAL;
}

static int finish(void)
{
    (void)unlink(rekey.fresh.path);
    if (!erase_replaced())
        return TK_EXIT_INTERNAL;
    puts("seal=aes-128-gcm already=yes");
    return TK_EXIT_OK;
}

static int with_seals(void)
{
    if (!tk_host_copy_flash(&rekey.file.flash.flash, rekey.content, &rekey.copy))
        return report(TK_STORE_FLASH);
    if (tk_store_open(&rekey.from, &rekey.copy, &rekey.new_seal.store) == TK_STORE_OK)
        return finish();
    int ret = tk_store_open(&rekey.from, &rekey.copy, old_seal());

    return ret == TK_STORE_OK ? reseal() : ret == TK_STORE_SEALED ? report_sealed() : report(ret);
}

static int with_file(void)
{
    int status = tk_host_open_flash(&rekey.file.flash, rekey.file.path);

    if (status != TK_EXIT_OK)
        return status;
    rekey.fresh.flash.fd = -1;
    status = tk_seal_init(&rekey.seal, rekey.key) && tk_seal_init(&rekey.new_seal, rekey.new_key)
                 ? with_seals()
                 : TK_EXIT_INTERNAL;
    tk_posix_flash_close(&rekey.fresh.flash);
    tk_posix_flash_close(&rekey.file.flash);
    return status;
}

int tk_host_rekey(const struct tk_options *options)
{
    tk_host_protect(&rekey, sizeof rekey);
    tk_posix_init(&rekey.port);
    tk_mbedtls_init(&rekey.port, TK_HOST_HEAP);
    int status =
        load_keys(options) && find_file(options) && become_owner() ? with_file() : TK_EXIT_USAGE;

    tk_posix_free(&rekey.port);
    tk_wipe(&rekey, sizeof rekey);
    return status;
}
