/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CHAIN_H
#define TK_CHAIN_H

/*
 * What mbedTLS leaves to its caller when it verifies a chain of certificates (RFC 5280 section 6):
 * their order, the name of the host, name constraints, the purpose of authorities, dates while the
 * time is only a lower bound, and the reason where no issuer is found.
 */

#include "tk_err.h"
#include "tk_sock.h"

#include <mbedtls/x509_crt.h>
#include <stdbool.h>

/* Certificates above the server's own: intermediates and a root. */
#define TK_CHAIN_AUTHORITIES (MBEDTLS_X509_MAX_INTERMEDIATE_CA + 1)

/* One verification. The caller sets the first three fields and zeroes the others. */
struct tk_chain {
    const char *host;
    const struct tk_addr *address; /* the host's, if its name is one; else NULL */
    bool is_floor;                 /* the time is only a lower bound */

    bool verified;      /* a chain was found, accepted or not */
    int64_t not_after;  /* earliest end of a certificate; unix time */
    int64_t not_before; /* latest beginning, if the time is only a lower bound; else 0 */

    /* private */
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

/* For mbedtls_ssl_set_verify, with a struct tk_chain. mbedTLS calls it for each certificate of a
 * chain that it has checked: the topmost first, the server's own, of depth 0, last. *flags is the
 * verdict. Flags are only added, but for MBEDTLS_X509_BADCERT_FUTURE if the time is only a lower
 * bound. Returns 0. */
int tk_chain_check(void *chain, mbedtls_x509_crt *crt, int depth, uint32_t *flags);

/* The error for a rejected chain. flags: mbedTLS's verification result. */
enum tk_err tk_chain_error(const struct tk_chain *chain, uint32_t flags);

#endif
