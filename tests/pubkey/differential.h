/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DIFFERENTIAL_H
#define DIFFERENTIAL_H

/* Cases of the differential test. Each prints what differs and returns whether nothing does. */

#include "reference.h"

/* The multiples of the generator and of another point. k: up to 8 * octets bits. */
bool check_public(struct curve *c, const BIGNUM *k);
bool check_shared(struct curve *c, struct rng *rng, const BIGNUM *k);

bool check_ecdsa(struct curve *c, struct rng *rng);

/* Sums of points in Jacobian coordinates with any z. */
bool check_points(struct curve *c, struct rng *rng);

bool check_field(struct curve *c, struct rng *rng);
bool check_modulus(struct rng *rng);
bool check_rsa(struct rng *rng);

#endif
