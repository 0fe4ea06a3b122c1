/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_entropy.h"

/* FIXME tk_entropy.h: a random source of the chip behind a generator (port/baremetal has one for
 * such a source, and one for a chip that has none and lives on a seed from outside), or the
 * system's. Never a constant, a counter or rand(): until this works no connection is made. */
int tk_entropy_get(struct tk_port *port, void *buf, size_t len)
{
    (void)port;
    (void)buf;
    (void)len;
    return TK_ENTROPY_NOT_SEEDED;
}

/* FIXME tk_entropy.h: TK_ENTROPY_HAS_SOURCE where there is a source; else keep the seed in flash.
 */
int tk_entropy_seed(struct tk_port *port, const void *seed, size_t len)
{
    (void)port;
    (void)seed;
    (void)len;
    return TK_ENTROPY_NOT_SEEDED;
}
