/* SPDX-License-Identifier: Apache-2.0 */
/* The cipher suites of the host's ClientHello begin with AES-GCM where the processor has AES, and
 * with ChaCha20-Poly1305 elsewhere. The processor's answers are replaced. */
#include "tk_mbedtls.h"
#include "tk_sim.h"
#include "tk_tls_config.h"

#include <mbedtls/ssl.h>
#include <psa/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { AES_128_GCM = 0x1301, CHACHA20 = 0x1303, TLS12_AES_128_GCM = 0xc02b };

static bool is_tls12_chacha20(unsigned suite)
{
    return suite == 0xcca8 || suite == 0xcca9; /* with RSA, with ECDSA */
}

#if defined(__x86_64__)

static struct {
    bool aes, pclmul;
} processor;

static void use_this_processor(void)
{
    processor.aes = __builtin_cpu_supports("aes");
    processor.pclmul = __builtin_cpu_supports("pclmul");
}

static bool supports(const char *feature)
{
    return strcmp(feature, "aes") == 0 ? processor.aes : processor.pclmul;
}

#define __builtin_cpu_supports(feature) supports(feature)
#include "x86_64/tk_ciphers.c"

#endif

/* --- a ClientHello --- */

static struct {
    uint8_t at[1024];
    size_t len;
} sent;

static int keep(void *ctx, const unsigned char *data, size_t len)
{
    (void)ctx;
    assert_true(len <= sizeof sent.at - sent.len);
    memcpy(sent.at + sent.len, data, len);
    sent.len += len;
    return (int)len;
}

static int nothing_yet(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx, (void)out, (void)len;
    return MBEDTLS_ERR_SSL_WANT_READ;
}

static int no_root(void *ctx, mbedtls_x509_crt const *child, mbedtls_x509_crt **found)
{
    (void)ctx, (void)child;
    *found = NULL;
    return 0;
}

static struct tk_port port;

/* Puts the ClientHello of a profile into `sent`. */
static void say_hello(bool use_fallback)
{
    static struct tk_time time;
    struct tk_tls_config config;
    mbedtls_ssl_context ssl;

    sent.len = 0;
    assert_int_equal(tk_tls_config_init(&config, &port, &time, no_root, NULL), TK_OK);
    mbedtls_ssl_init(&ssl);
    assert_int_equal(mbedtls_ssl_setup(&ssl, tk_tls_config_profile(&config, use_fallback)), 0);
    assert_int_equal(mbedtls_ssl_set_hostname(&ssl, "example.org"), 0);
    mbedtls_ssl_set_bio(&ssl, NULL, keep, nothing_yet, NULL);
    assert_int_equal(mbedtls_ssl_handshake(&ssl), MBEDTLS_ERR_SSL_WANT_READ);
    mbedtls_ssl_free(&ssl);
    tk_tls_config_free(&config);
}

/* Cipher suite i of the ClientHello, RFC 8446 4.1.2, in its record. 0 behind the last. */
static unsigned suite_at(size_t i)
{
    size_t at = 5 + 4 + 2 + 32; /* record, handshake, version, random */

    assert_true(sent.len > at && sent.at[0] == 22 && sent.at[5] == 1);
    at += 1 + sent.at[at]; /* session */
    size_t count = (size_t)(sent.at[at] << 8 | sent.at[at + 1]) / 2;

    at += 2 + 2 * i;
    assert_true(at + 2 <= sent.len);
    return i < count ? (unsigned)(sent.at[at] << 8 | sent.at[at + 1]) : 0;
}

static unsigned first_of_tls12(void)
{
    size_t i = 0;

    while (suite_at(i) >> 8 == 0x13)
        i++;
    return suite_at(i);
}

static void assert_begins_with_aes(bool aes)
{
    for (int use_fallback = 0; use_fallback < 2; use_fallback++) {
        say_hello(use_fallback);
        assert_int_equal(first_of_tls12() == TLS12_AES_128_GCM, aes);
        assert_int_equal(is_tls12_chacha20(first_of_tls12()), !aes);
        if (suite_at(0) >> 8 == 0x13)
            assert_int_equal(suite_at(0), aes ? AES_128_GCM : CHACHA20);
    }
}

#if defined(__x86_64__)

int mbedtls_aesni_has_support(unsigned what); /* of mbedTLS's aesni.h, which is not installed */

/* What is offered first is what mbedTLS computes with instructions. */
static void this_processor_is_asked(void **state)
{
    (void)state;
    use_this_processor();
    assert_begins_with_aes(mbedtls_aesni_has_support(0x02000000) && mbedtls_aesni_has_support(2));
}

static void both_instructions_of_aes_gcm_are_needed(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        processor.aes = i & 1;
        processor.pclmul = i >> 1;
        assert_begins_with_aes(i == 3);
    }
}

/* No server loses the suite that it has. */
static void every_suite_is_offered_in_both_orders(void **state)
{
    static const unsigned suites[] = {0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f,
                                      0xc02c, 0xc030, 0xcca9, 0xcca8};

    (void)state;
    for (int i = 0; i < 2; i++) {
        processor.aes = processor.pclmul = i;
        say_hello(false);
        for (size_t j = 0; j < sizeof suites / sizeof suites[0]; j++) {
            size_t at = 0;

            while (suite_at(at) != 0 && suite_at(at) != suites[j])
                at++;
            assert_int_equal(suite_at(at), suites[j]);
        }
    }
}

#else

static void mbedtls_own_order_begins_with_chacha20(void **state)
{
    (void)state;
    assert_begins_with_aes(false);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
        cmocka_unit_test(this_processor_is_asked),
        cmocka_unit_test(both_instructions_of_aes_gcm_are_needed),
        cmocka_unit_test(every_suite_is_offered_in_both_orders),
#else
        cmocka_unit_test(mbedtls_own_order_begins_with_chacha20),
#endif
    };

    tk_sim_init(&port, 1);
    tk_mbedtls_init(&port, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
