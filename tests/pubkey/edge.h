/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EDGE_H
#define EDGE_H

/* Random numbers that a seed and the number of a case replay, and numbers at which arithmetic
 * breaks: small ones, those around a modulus, powers of 2, limbs of all ones or zeros. */

#include <openssl/bn.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

void rng_start(struct rng *rng, uint64_t seed, uint64_t number);
uint64_t rng_next(struct rng *rng);
unsigned rng_below(struct rng *rng, unsigned limit);
void rng_fill(struct rng *rng, uint8_t *out, size_t len);

/* For mbedTLS: ctx is a struct rng. */
int rng_for_mbedtls(void *ctx, unsigned char *out, size_t len);

/* The edges of a modulus: edge_at(n, 0) to edge_at(n, edge_count(n) - 1). */
unsigned edge_count(const BIGNUM *n);
BIGNUM *edge_at(const BIGNUM *n, unsigned i);

/* One of these or a random number. At most n + 40 or below 2^(bits of n). */
BIGNUM *edge_number(struct rng *rng, const BIGNUM *n);

/* The same, from 1 to n - 1, or from 0. */
BIGNUM *edge_scalar(struct rng *rng, const BIGNUM *n);
BIGNUM *edge_residue(struct rng *rng, const BIGNUM *n);

/* An odd number of exactly so many bits. */
BIGNUM *edge_modulus(struct rng *rng, unsigned bits);

#endif
