/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TRUST_H
#define TK_TRUST_H

/*
 * A list of roots that costs no heap until one is needed: certificates in DER, in flash or
 * wherever they lie, found by subject when a chain ends at their name.
 */

#include <mbedtls/x509_crt.h>
#include <stdint.h>

struct tk_root {
    const unsigned char *der; /* one certificate; must outlive the list */
    size_t len;
};

struct tk_trust {
    const struct tk_root *roots;
    size_t count;
};

/* mbedTLS' trusted-certificate callback (mbedtls_x509_crt_ca_cb_t); trust is a struct tk_trust.
 * Gives every root whose subject is the child's issuer; mbedTLS checks them and frees them. */
int tk_trust_find(void *trust, const mbedtls_x509_crt *child, mbedtls_x509_crt **candidates);

/* An empty certificate, to be freed as mbedTLS frees a list; NULL: no memory. */
mbedtls_x509_crt *tk_trust_new(void);

/* A number for the whole list: another one with other roots. */
uint64_t tk_trust_id(const struct tk_trust *trust);

#endif
