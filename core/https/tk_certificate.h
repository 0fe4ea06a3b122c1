/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CERTIFICATE_H
#define TK_CERTIFICATE_H

/* X.509 certificates (RFC 5280), as mbedTLS parsed them. Pure functions. */

#include "tk_err.h"

#include <mbedtls/x509_crt.h>
#include <stdbool.h>
#include <stdint.h>

/* Beginning and end of validity, in seconds since 1970. */
int64_t tk_certificate_not_before(const mbedtls_x509_crt *crt);
int64_t tk_certificate_not_after(const mbedtls_x509_crt *crt);

/* True if issuer and subject are the same name. The signature is not checked. */
bool tk_certificate_is_self_signed(const mbedtls_x509_crt *crt);

/* The error for a certificate that mbedTLS cannot parse, or a chain that is too long. ret:
 * mbedTLS's error; TK_E_TLS_FAILED for one that is about no certificate. */
enum tk_err tk_certificate_error(int ret);

#endif
