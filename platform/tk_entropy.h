/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ENTROPY_H
#define TK_ENTROPY_H

/* Random numbers for keys. Main loop only. */

#include <stdbool.h>
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

enum { TK_ENTROPY_RUN = 5 };

/*
 * The repetition count test of NIST SP 800-90B (4.4.1), for samples of 1, 2, 4, 8 and 16 bytes:
 * whether TK_ENTROPY_RUN bytes in a row equal those one sample before them. 32 good bytes fail once
 * in 10^10. A port judges the raw bytes of its source by it, before a DRBG hides them.
 */
static inline bool tk_entropy_repeats(const uint8_t *bytes, size_t len)
{
    for (size_t sample = 1; sample <= 16; sample *= 2) {
        unsigned run = 0;

        for (size_t i = sample; i < len; i++) {
            run = bytes[i] == bytes[i - sample] ? run + 1 : 0;
            if (run == TK_ENTROPY_RUN)
                return true;
        }
    }
    return false;
}

/*
 * Fills buf with len bytes fit for keys (NIST SP 800-90A, or the CSPRNG of an operating system),
 * any len from 0. Returns TK_ENTROPY_OK; or TK_ENTROPY_NOT_SEEDED, with buf untouched, and core
 * opens no TLS connection. There is no other result: a source that failed is not seeded. A source
 * that repeats itself (tk_entropy_repeats) has failed. A port whose source is slow or raw seeds a
 * DRBG from it. May take 1 ms.
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
