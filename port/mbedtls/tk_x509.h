/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_X509_H
#define TK_X509_H

/*
 * Certificates that mbedTLS rejects although other clients accept them: with critical extensions
 * that are harmless or checked elsewhere, and unreadable ones that a chain does not need.
 */

#include <mbedtls/x509_crt.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As mbedtls_x509_crt_parse_der, or without `copy` as mbedtls_x509_crt_parse_der_nocopy. Also reads
 * a certificate whose critical extensions are name constraints, which the caller has to check,
 * policies and distribution points of CRLs, which are ignored. Another critical extension:
 * MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE. */
int tk_x509_parse(mbedtls_x509_crt *chain, const unsigned char *der, size_t len, int copy);

/* Finds the DER of issuer and subject. Returns 0, or -1 if it is no certificate. */
int tk_x509_names(const unsigned char *der, size_t len, mbedtls_x509_buf *issuer,
                  mbedtls_x509_buf *subject);

/* ssl_tls.c and ssl_tls13_generic.c call these for a server's certificates, leaf first; see
 * build/CMakeLists.txt. One that cannot be read, other than the leaf, which may not be needed,
 * becomes an element of which only raw, issuer_raw and subject_raw are set; they point to `der`.
 * Its version is mbedTLS's error, which is negative. */
int tk_x509_parse_peer(mbedtls_x509_crt *chain, const unsigned char *der, size_t len);
int tk_x509_parse_peer_nocopy(mbedtls_x509_crt *chain, const unsigned char *der, size_t len);

#ifdef __cplusplus
}
#endif

#endif
