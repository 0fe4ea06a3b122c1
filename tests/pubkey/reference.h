/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_H
#define REFERENCE_H

/* What our arithmetic is compared with: OpenSSL, and mbedTLS with its own arithmetic. Each function
 * asks both and stops the program where they differ. */

#include "edge.h"
#include "tk_curve.h"

#include <mbedtls/ecp.h>
#include <openssl/ec.h>

enum { OCTETS_MAX = 48 };

struct curve {
    const struct tk_curve *ours;
    EC_GROUP *group;
    const BIGNUM *order;
    BIGNUM *prime;
    mbedtls_ecp_group theirs;
    size_t octets;
};

extern BN_CTX *bn;

/* Curve 0 or 1: P-256, P-384. */
struct curve *reference_curve(unsigned i);

/* xy = k * point, or k * generator for NULL. False: k is not 1 to n - 1, or no point is at x, y. */
bool reference_multiply(struct curve *c, uint8_t *xy, const BIGNUM *k, const uint8_t *point);

/* u1 * generator + u2 * point by OpenSSL only. False: infinity, or no point is at x, y. */
bool reference_sum(struct curve *c, uint8_t *xy, const BIGNUM *u1, const BIGNUM *u2,
                   const uint8_t *point);

/* ECDSA, by the formulas of SEC 1 4.1.4 with OpenSSL, and by mbedTLS. */
bool reference_verify(struct curve *c, const uint8_t *q, const uint8_t *hash, size_t len,
                      const BIGNUM *r, const BIGNUM *s);

/* x^e mod n */
BIGNUM *reference_power(const BIGNUM *x, const BIGNUM *e, const BIGNUM *n);

/* Prints how both differ and returns whether they do not. */
bool same_octets(const char *what, const uint8_t *ours, const uint8_t *theirs, size_t len);

void print_number(const char *name, const BIGNUM *x);

#endif
