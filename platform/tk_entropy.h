/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ENTROPY_H
#define TK_ENTROPY_H

/* Random numbers for keys. Main loop only. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tk_port;

enum {
    TK_ENTROPY_OK = 0,
    TK_ENTROPY_NOT_SEEDED = -1, /* no entropy yet, or the source failed */
    TK_ENTROPY_HAS_SOURCE = -2  /* a seed is not needed */
};

enum { TK_ENTROPY_SEED_MIN = 32, TK_ENTROPY_SEED_MAX = 64 };

/*
 * Fills buf with len bytes fit for keys (NIST SP 800-90A, or the CSPRNG of an operating system),
 * any len from 0. Returns TK_ENTROPY_OK; or TK_ENTROPY_NOT_SEEDED, with buf untouched, and core
 * opens no TLS connection. There is no other result: a source that failed is not seeded. A port
 * whose source is slow or raw seeds a DRBG from it. May take 1 ms.
 */
int tk_entropy_get(struct tk_port *port, void *buf, size_t len);

/*
 * Seeds a platform that has no random source with TK_ENTROPY_SEED_MIN to TK_ENTROPY_SEED_MAX bytes,
 * drawn at random elsewhere for this device alone. The port mixes it with the seed that it may have
 * and stores the result; each start replaces the stored seed before using it, so that one call is
 * enough for the life of a device. Returns TK_ENTROPY_OK; TK_ENTROPY_NOT_SEEDED if it could not be
 * stored; TK_ENTROPY_HAS_SOURCE if the platform has a random source. May take 1 s.
 */
int tk_entropy_seed(struct tk_port *port, const void *seed, size_t len);

#ifdef __cplusplus
}
#endif

#endif
