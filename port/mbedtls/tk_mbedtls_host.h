/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_MBEDTLS_HOST_H
#define TK_MBEDTLS_HOST_H

/* Profile for POSIX systems: TLS 1.2 and 1.3. */

#include "tk_mbedtls_common.h"

#define MBEDTLS_PLATFORM_TIME_ALT /* time() follows tk_clock_set_unix */

#define MBEDTLS_AESNI_C
#define MBEDTLS_AESCE_C
#define MBEDTLS_CHACHA20_C
#define MBEDTLS_POLY1305_C
#define MBEDTLS_CHACHAPOLY_C
#define MBEDTLS_ECP_DP_CURVE25519_ENABLED

#define MBEDTLS_SSL_OUT_CONTENT_LEN 2048 /* our largest request */
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE /* required by 1.3 */
#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG         /* from tk_entropy_get */
#define MBEDTLS_PSA_ASSUME_EXCLUSIVE_BUFFERS    /* no copies of a caller's buffers: no other thread \
                                                   writes to them */
#define MBEDTLS_HKDF_C
#define MBEDTLS_PKCS1_V21
#define MBEDTLS_X509_RSASSA_PSS_SUPPORT
#define MBEDTLS_SHA1_C /* to parse self-signed roots; not accepted as a signature */

/* P-256, P-384 and RSA by pubkey/ */
#if defined(TK_ECC_OWN)
#define MBEDTLS_ECDH_GEN_PUBLIC_ALT
#define MBEDTLS_ECDH_COMPUTE_SHARED_ALT
#define MBEDTLS_ECDSA_VERIFY_ALT
#endif

/* PEM: files of roots */
#define MBEDTLS_BASE64_C
#define MBEDTLS_PEM_PARSE_C

#endif
