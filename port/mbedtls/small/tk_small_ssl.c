/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_small.h"

#include <mbedtls/ssl.h>

static const mbedtls_ssl_ciphersuite_t suites[] = {
    {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, NULL, MBEDTLS_CIPHER_AES_128_GCM,
     MBEDTLS_MD_SHA256, MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA, 0, MBEDTLS_SSL_VERSION_TLS1_2,
     MBEDTLS_SSL_VERSION_TLS1_2},
    {MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, NULL, MBEDTLS_CIPHER_AES_128_GCM,
     MBEDTLS_MD_SHA256, MBEDTLS_KEY_EXCHANGE_ECDHE_RSA, 0, MBEDTLS_SSL_VERSION_TLS1_2,
     MBEDTLS_SSL_VERSION_TLS1_2}};

const mbedtls_ssl_ciphersuite_t *tk_small_suite(int id)
{
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        if (suites[i].MBEDTLS_PRIVATE(id) == id)
            return &suites[i];
    }
    return NULL;
}
