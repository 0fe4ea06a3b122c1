/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SIGNATURE_H
#define TK_SIGNATURE_H

/* Signatures and keys as octets, in front of the arithmetic. */

#include "tk_ecc.h"

#include <mbedtls/md.h>

enum { TK_DIGEST_INFO_MAX = 19 + 64 }; /* of SHA-512 */

/* Reads an ECDSA-Sig-Value (RFC 3279 2.2.3) into r and s, c->octets each. Only DER is taken (X.690
 * 10 and 11): one encoding, so that nothing about a signature can be changed. */
bool tk_signature_read(const struct tk_curve *c, const uint8_t *der, size_t len, uint8_t *r,
                       uint8_t *s);

/* The DER of DigestInfo (RFC 8017 9.2). Its length; 0 for a digest that is not known. */
size_t tk_signature_digest_info(mbedtls_md_type_t md, const uint8_t *hash, size_t len,
                                uint8_t out[TK_DIGEST_INFO_MAX]);

/* Whether encoded, of len octets, is 00 01 FF ... FF 00 and info (RFC 8017 9.2), with at least 8 of
 * FF. It is compared as a whole, not parsed. */
bool tk_signature_is_encoded(const uint8_t *encoded, size_t len, const uint8_t *info,
                             size_t info_len);

#endif
