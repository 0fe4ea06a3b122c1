/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TLS_NEEDS_H
#define TK_TLS_NEEDS_H

/* Options of mbedTLS whose absence the compiler would not notice, and a server would. */

#include <mbedtls/build_info.h>

#if !defined(MBEDTLS_HAVE_TIME_DATE)
#error "define MBEDTLS_HAVE_TIME_DATE: without it expired certificates are accepted"
#endif
#if !defined(MBEDTLS_SSL_SERVER_NAME_INDICATION)
#error "define MBEDTLS_SSL_SERVER_NAME_INDICATION: portals share addresses"
#endif
#if !defined(MBEDTLS_SSL_SESSION_TICKETS)
#error "define MBEDTLS_SSL_SESSION_TICKETS: without it each handshake is a full one"
#endif
#if !defined(MBEDTLS_SHA384_C)
#error "define MBEDTLS_SHA384_C: public chains are signed with it"
#endif
#if !defined(MBEDTLS_ECP_DP_SECP384R1_ENABLED)
#error "define MBEDTLS_ECP_DP_SECP384R1_ENABLED: public chains are signed with it"
#endif

#endif
