/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SIGNATURE_H
#define TK_SIGNATURE_H

/*
 * The encodings of signatures: ECDSA-Sig-Value, and PKCS #1 1.5. Each takes one encoding, octet by
 * octet, so that a signature cannot be changed and stay good by its form. All values are public:
 * variable time.
 */

#include "tk_ecc.h"

#include <mbedtls/md.h>

/* Octets: with a hash of SHA-512, and the longest OID of a digest that mbedTLS knows (9). */
enum { TK_DIGEST_INFO_MAX = 10 + 9 + 64 };

/* Reads an ECDSA-Sig-Value (RFC 3279 2.2.3) of len octets into r and s, c->octets each, big-endian.
 * False, with r and s undefined, unless it is DER (X.690 8.3, 10.1), r and s are positive, fit, and
 * no octet follows. That they are below the order is for tk_ecdsa_verify. */
bool tk_signature_read(const struct tk_curve *c, const uint8_t *der, size_t len, uint8_t *r,
                       uint8_t *s);

/* Writes the DER of DigestInfo (RFC 8017 9.2) for a hash of len octets. Returns its length, 0 if
 * the build has no such digest or len is not its length. */
size_t tk_signature_digest_info(mbedtls_md_type_t md, const uint8_t *hash, size_t len,
                                uint8_t out[TK_DIGEST_INFO_MAX]);

/* Whether encoded, len octets, is 00 01 FF ... FF 00 and info, with at least 8 of FF:
 * EMSA-PKCS1-v1_5 (RFC 8017 9.2). It is compared as a whole, as RFC 8017 8.2.2 has it, not parsed.
 * False if info_len is 0. */
bool tk_signature_is_encoded(const uint8_t *encoded, size_t len, const uint8_t *info,
                             size_t info_len);

#endif
