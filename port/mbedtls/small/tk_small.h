/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SMALL_H
#define TK_SMALL_H

/*
 * Smaller functions for the profile of small boards, compiled into mbedTLS's library. Each has the
 * parameters and results of the function in whose place mbedTLS calls it (build/peer.cmake).
 */

#include <mbedtls/aes.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <mbedtls/x509_crt.h>

/* For mbedtls_ssl_ciphersuite_from_id: the suites of tk_mbedtls_small.h, without their names. */
const mbedtls_ssl_ciphersuite_t *tk_small_suite(int id);

/* For mbedtls_aes_setkey_enc and mbedtls_aes_crypt_ecb: AES-128, encryption only, of a context that
 * tk_small_aes_setkey has filled. Where there is a data cache, its time depends on the data. */
int tk_small_aes_setkey(mbedtls_aes_context *ctx, const unsigned char *key, unsigned int bits);
int tk_small_aes_crypt(mbedtls_aes_context *ctx, int mode, const unsigned char in[16],
                       unsigned char out[16]);

/* For mbedtls_x509_get_time. */
int tk_small_get_time(unsigned char **p, const unsigned char *end, mbedtls_x509_time *time);

/* For mbedtls_oid_get_x509_ext_type. Not for policies: they restrict nothing (../tk_x509.c). */
int tk_small_get_ext_type(const mbedtls_asn1_buf *oid, int *type);

/* For mbedtls_x509_get_subject_alt_name: the names in a SEQUENCE; and for
 * mbedtls_x509_get_subject_alt_name_ext: the names alone. Of the content of a name only the length
 * is checked, as nothing is read from it but what core/https/tk_names.c checks. After an error,
 * mbedtls_x509_crt_free frees what was made. */
int tk_small_get_alt_name_list(unsigned char **p, const unsigned char *end,
                               mbedtls_x509_sequence *first);
int tk_small_get_alt_names(unsigned char **p, const unsigned char *end,
                           mbedtls_x509_sequence *first);

/* For mbedtls_x509_crt_verify_with_ca_cb. Only `check`, which must not be NULL, compares the name
 * of the host (core/https/tk_names.h): mbedTLS's own comparison is not linked. */
int tk_small_verify(mbedtls_x509_crt *chain, mbedtls_x509_crt_ca_cb_t find, void *trust,
                    const mbedtls_x509_crt_profile *profile, const char *host, uint32_t *flags,
                    int (*check)(void *, mbedtls_x509_crt *, int, uint32_t *), void *ctx);

/* For mbedtls_x509_crt_verify_restartable, which is called without a callback that finds roots:
 * refuses the chain. */
int tk_small_verify_listed(mbedtls_x509_crt *chain, mbedtls_x509_crt *roots, mbedtls_x509_crl *crl,
                           const mbedtls_x509_crt_profile *profile, const char *host,
                           uint32_t *flags,
                           int (*check)(void *, mbedtls_x509_crt *, int, uint32_t *), void *ctx,
                           mbedtls_x509_crt_restart_ctx *restart);

#endif
