/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PK_SUPPORT_H
#define PK_SUPPORT_H

/* Keys for mbedTLS's functions, and what mbedTLS wants of a port in builds that have none. */

#include <mbedtls/pk.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Makes the SubjectPublicKeyInfo of a key and has mbedTLS parse it. octets: 32 or 48 for an
 * uncompressed point of P-256 or P-384, 0 for an RSAPublicKey. mbedTLS's error; pk is initialised
 * in any case. */
int pk_read_key(mbedtls_pk_context *pk, size_t octets, const uint8_t *key, size_t len);

/* Of the profile small: the next so many allocations succeed, then one fails; negative: none fails.
 */
extern int pk_allocations_left;

#endif
