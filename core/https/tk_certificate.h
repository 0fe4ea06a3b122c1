/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CERTIFICATE_H
#define TK_CERTIFICATE_H

/* X.509 certificates (RFC 5280), as mbedTLS parsed them. Pure functions. */

#include "tk_err.h"

#include <mbedtls/x509_crt.h>
#include <stdbool.h>
#include <stdint.h>

/* The end of validity, in seconds since 1970. */
int64_t tk_certificate_not_after(const mbedtls_x509_crt *crt);

/* True if issuer and subject are the same name. The signature is not checked. */
bool tk_certificate_is_self_signed(const mbedtls_x509_crt *crt);

/* The error for a rejected chain. flags: mbedTLS' verification result. self_signed: of the server's
 * own certificate. */
enum tk_err tk_certificate_error(uint32_t flags, bool self_signed);

#endif
