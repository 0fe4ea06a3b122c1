/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TRUST_H
#define TK_TRUST_H

/*
 * Roots of trust that use no heap until one is needed: DER certificates in flash or elsewhere,
 * found by subject when a chain ends at that name. Main loop only.
 */

#include <mbedtls/x509_crt.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tk_root {
    const unsigned char *der; /* one certificate; must outlive the list */
    size_t len;
};

struct tk_trust {
    const struct tk_root *roots;
    size_t count;
};

/* mbedTLS's trusted-certificate callback (mbedtls_x509_crt_ca_cb_t); trust is a struct tk_trust.
 * Returns all roots whose subject is the child's issuer; mbedTLS verifies and frees them. */
int tk_trust_find(void *trust, const mbedtls_x509_crt *child, mbedtls_x509_crt **candidates);

/* Allocates an empty certificate for such a list, which mbedTLS frees; NULL: no memory. */
mbedtls_x509_crt *tk_trust_new(void);

/* Identifies the list: another list has another number. */
uint64_t tk_trust_id(const struct tk_trust *trust);

#ifdef __cplusplus
}
#endif

#endif
