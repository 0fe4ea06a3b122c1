/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_MBEDTLS_SMALL_H
#define TK_MBEDTLS_SMALL_H

/* Profile for boards with 64 KB of RAM: TLS 1.2 only. */

#include "tk_mbedtls_common.h"

#include <stddef.h>
#include <time.h>

/* Defined in tk_mbedtls.c, so that heap and clock of the C library are not linked. */
#define MBEDTLS_PLATFORM_CALLOC_MACRO tk_mbedtls_calloc
#define MBEDTLS_PLATFORM_FREE_MACRO   tk_mbedtls_free
#define MBEDTLS_PLATFORM_TIME_MACRO   tk_mbedtls_time
void *tk_mbedtls_calloc(size_t count, size_t size);
void tk_mbedtls_free(void *p);
time_t tk_mbedtls_time(time_t *out);

#define MBEDTLS_AES_FEWER_TABLES
#define MBEDTLS_AES_ONLY_128_BIT_KEY_LENGTH
#define MBEDTLS_BLOCK_CIPHER_NO_DECRYPT
#define MBEDTLS_SHA256_SMALLER
#define MBEDTLS_SHA512_SMALLER
#define MBEDTLS_SSL_OUT_CONTENT_LEN 1536 /* larger requests are sent as two records */
#define MBEDTLS_SSL_CIPHERSUITES                                                                   \
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256

#endif
