/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"

#include "host.h"
#include "private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>
#include <string.h>
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

bool tk_host_load_key(const char *path, uint8_t key[TK_DEVICE_KEY_SIZE])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        tk_host_message("cannot read the key file %s: %s", path, strerror(errno));
        return false;
    }
    bool good = tk_host_is_private(fd, path) && digest_file(fd, path, key);

    close(fd);
    return good;
}
