/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of cipher suites by the machine: AES-GCM first where the processor has instructions for
 * it, else mbedTLS's own order, which begins with ChaCha20-Poly1305. ssl_tls.c calls this one for
 * mbedtls_ssl_list_ciphersuites (see build/CMakeLists.txt).
 */
#include <mbedtls/ssl_ciphersuites.h>

static const int aes_first[] = {MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
                                MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
                                MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
                                MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                                MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                                MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                                MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                                MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                                MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
                                0};

const int *tk_mbedtls_ciphersuites(void);

const int *tk_mbedtls_ciphersuites(void)
{
    return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul")
               ? aes_first
               : mbedtls_ssl_list_ciphersuites();
}
