/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_entropy.h"

#include "tk_posix.h"

#include <errno.h>
#include <sys/random.h>

int tk_entropy_get(struct tk_port *port, void *buf, size_t len)
{
    uint8_t *at = buf;

    if (port->unseeded)
        return TK_ENTROPY_NOT_SEEDED;
    while (len > 0) {
        ssize_t n = getrandom(at, len, GRND_NONBLOCK);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) /* the kernel's pool is not seeded; fails before the first byte */
            return TK_ENTROPY_NOT_SEEDED;
        at += n;
        len -= (size_t)n;
    }
    return TK_ENTROPY_OK;
}

int tk_entropy_seed(struct tk_port *port, const void *seed, size_t len)
{
    (void)port;
    (void)seed;
    (void)len;
    return TK_ENTROPY_HAS_SOURCE;
}
