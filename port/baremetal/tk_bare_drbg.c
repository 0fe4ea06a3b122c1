/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_bare.h"

bool tk_bare_drbg(struct tk_port *port, void *buf, size_t len)
{
    uint8_t *to = buf;

    while (port->seeded && len > 0) {
        size_t part = len < MBEDTLS_HMAC_DRBG_MAX_REQUEST ? len : MBEDTLS_HMAC_DRBG_MAX_REQUEST;

        if (mbedtls_hmac_drbg_random(&port->drbg, to, part) != 0)
            port->seeded = false;
        to += part;
        len -= part;
    }
    return port->seeded;
}
