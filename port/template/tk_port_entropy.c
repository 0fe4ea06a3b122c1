/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_entropy.h"

/* FIXME tk_entropy.h: a DRBG seeded from the chip's TRNG (port/baremetal/tk_bare_trng.c) or,
 * without one, from a stored seed (tk_bare_seed.c); or the system's generator. Never a constant, a
 * counter or rand(). Until this works no connection is opened. */
int tk_entropy_get(struct tk_port *port, void *buf, size_t len)
{
    (void)port;
    (void)buf;
    (void)len;
    return TK_ENTROPY_NOT_SEEDED;
}

/* FIXME tk_entropy.h: return TK_ENTROPY_HAS_SOURCE, or store the seed in flash. */
int tk_entropy_seed(struct tk_port *port, const void *seed, size_t len)
{
    (void)port;
    (void)seed;
    (void)len;
    return TK_ENTROPY_NOT_SEEDED;
}
