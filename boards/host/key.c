/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"

#include "host.h"
#include "private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_FILE_MIN = 16, KEY_FILE_MAX = 4096 };

/* Any content will do. */
static bool digest_file(int fd, const char *path, uint8_t key[TK_DEVICE_KEY_SIZE])
{
    uint8_t bytes[KEY_FILE_MAX + 1];
    ssize_t len = read(fd, bytes, sizeof bytes);
    bool good = len >= KEY_FILE_MIN && len <= KEY_FILE_MAX &&
                mbedtls_sha256(bytes, (size_t)len, key, 0) == 0;

    mbedtls_platform_zeroize(bytes, sizeof bytes);
    if (!good)
        tk_host_message("%s is not a key file: %d to %d bytes are required", path, KEY_FILE_MIN,
                        KEY_FILE_MAX);
    return good;
}

static bool load(const char *path, bool is_private, uint8_t key[TK_DEVICE_KEY_SIZE])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        tk_host_message("cannot read the key file %s: %s", path, strerror(errno));
        return false;
    }
    bool good = (is_private || tk_host_is_private(fd, path)) && digest_file(fd, path, key);

    close(fd);
    return good;
}

bool tk_host_load_key(const char *path, uint8_t key[TK_DEVICE_KEY_SIZE])
{
    return load(path, false, key);
}

/* Without the key the flash would be written in plaintext: what cannot be looked at is an error.
 * systemd keeps others away from the folder; the group's bits of a file there are those of its ACL.
 */
bool tk_host_load_credential(uint8_t key[TK_DEVICE_KEY_SIZE], bool *found)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char path[TK_HOST_PATH];
    struct stat st;

    *found = folder != NULL;
    if (*found && snprintf(path, sizeof path, "%s/tokenkeeper.key", folder) >= TK_HOST_PATH) {
        tk_host_message("CREDENTIALS_DIRECTORY too long: %s", folder);
        return false;
    }
    *found = *found && (lstat(path, &st) == 0 || errno != ENOENT);
    return !*found || load(path, true, key);
}
