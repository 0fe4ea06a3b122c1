/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ENTROPY_H
#define TK_ENTROPY_H

#include <stddef.h>
#include <stdint.h>

struct tk_port;

enum { TK_ENTROPY_OK = 0, TK_ENTROPY_NOT_SEEDED = -1, TK_ENTROPY_HAS_SOURCE = -2 };

enum { TK_ENTROPY_SEED_MIN = 32, TK_ENTROPY_SEED_MAX = 64 };

/*
 * Fills buf with len bytes fit for keys (NIST SP 800-90A output, or a system's CSPRNG), any len
 * from 0. TK_ENTROPY_NOT_SEEDED, with buf untouched, while the platform has no entropy: no TLS
 * connection is opened then. A port whose only source is slow or raw puts it through a DRBG of
 * its own. There is no third answer: a source that failed is not seeded.
 * Called from the main loop only; may take 1 ms.
 */
int tk_entropy_get(struct tk_port *port, void *buf, size_t len);

/*
 * Gives a platform without a random source its seed: TK_ENTROPY_SEED_MIN to _MAX bytes that
 * somebody else drew at random, for this device alone. It is mixed with the one that the platform
 * may have, and kept over restarts, each of which replaces it before using it; so it is needed
 * once. TK_ENTROPY_OK; TK_ENTROPY_NOT_SEEDED when it could not be kept; TK_ENTROPY_HAS_SOURCE where
 * the platform has a source of its own and wants none. Called from the main loop only; may take 1
 * s.
 */
int tk_entropy_seed(struct tk_port *port, const void *seed, size_t len);

#endif
