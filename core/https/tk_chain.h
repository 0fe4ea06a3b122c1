/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CHAIN_H
#define TK_CHAIN_H

/*
 * What mbedTLS leaves to its caller when it verifies a chain of certificates (RFC 5280 section 6):
 * their order, name constraints, the purpose of authorities, and the reason where no issuer is
 * found. A check only adds flags to the verdict, it never removes one.
 */

#include "tk_err.h"

#include <mbedtls/x509_crt.h>
#include <stdbool.h>
#include <stdint.h>

/* Certificates above the server's own: intermediates and a root. */
#define TK_CHAIN_AUTHORITIES (MBEDTLS_X509_MAX_INTERMEDIATE_CA + 1)

/* State of one verification; zeroed before it. */
struct tk_chain {
    bool self_signed; /* the server's own certificate */
    enum tk_err err;  /* why the issuer of the topmost certificate was not accepted; TK_OK: none is
                         there */
    uint8_t count;
    const mbedtls_x509_crt *authorities[TK_CHAIN_AUTHORITIES]; /* within the verification */
};

/* Moves each issuer, by name, behind the certificates that it issued: mbedTLS searches only there.
 * leaf is the head of the list; of issuers with the same name, the one with the wanted key
 * identifier comes first. */
void tk_chain_sort(mbedtls_x509_crt *leaf);

/* For each certificate of a chain, as mbedTLS calls mbedtls_ssl_set_verify's callback: the topmost
 * first, the server's own, of depth 0, last. */
void tk_chain_check(struct tk_chain *chain, const mbedtls_x509_crt *crt, int depth,
                    const char *host, uint32_t *flags);

/* The error for a rejected chain. flags: mbedTLS's verification result. */
enum tk_err tk_chain_error(const struct tk_chain *chain, uint32_t flags);

#endif
