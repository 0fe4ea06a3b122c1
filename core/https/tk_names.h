/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_NAMES_H
#define TK_NAMES_H

/* Names in X.509 certificates. Pure functions. */

#include "tk_sock.h"

#include <mbedtls/x509_crt.h>
#include <stdbool.h>

/* True if the certificate is for the host, by the rules of RFC 9525 section 6: an address matches
 * an iPAddress, a name a dNSName, where "*." stands for one label in front of two or more. Without
 * a subjectAltName, common names count. address: the host's, if its name is one; else NULL.
 * mbedTLS would also accept an address as a dNSName, a host name as a URI, and a wildcard for a
 * top-level domain. */
bool tk_names_match(const mbedtls_x509_crt *crt, const char *host, const struct tk_addr *address);

/* True if the name constraints of an authority (RFC 5280 section 4.2.1.10), if it has any, permit
 * all names of a certificate below it. DNS names, addresses and permitted directory names are
 * compared; a name of another kind that has constraints, or an excluded directory name, is not
 * permitted. is_leaf: its common names may be DNS names. */
bool tk_names_permitted(const mbedtls_x509_crt *authority, const mbedtls_x509_crt *crt,
                        bool is_leaf);

#endif
