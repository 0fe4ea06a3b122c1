/* SPDX-License-Identifier: Apache-2.0 */

/* Keys and plaintext that a seal has used are not on the stack afterwards, nor in it when it is
 * freed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "stack.h"
#include "tk_seal.h"

static const uint8_t board_key[TK_SEAL_KEY] = "the key of a board, of 32 bytes";
static const char plaintext[] = "16 of plaintext.";
static struct tk_seal seal;

static int set_up(void **state)
{
    (void)state;
    memset(&seal, 0x55, sizeof seal); /* it need not be zero */
    assert_true(tk_seal_init(&seal, board_key));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tk_seal_free(&seal);
    return 0;
}

/* What is searched: bytes as text. */
static const char *text_of(const uint8_t *bytes, const uint8_t *with, uint8_t mask)
{
    static char text[17];

    for (int i = 0; i < 16; i++)
        text[i] = (char)(bytes[i] ^ (with != NULL ? with[i] : 0) ^ mask);
    text[16] = '\0';
    assert_in_range(strlen(text), 8, 16);
    return text;
}

static void after_init(void **state)
{
    uint8_t key[32];
    struct tk_seal another;

    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* it has copies of its own */
#endif
    assert_non_null(HMAC(EVP_sha256(), board_key, sizeof board_key,
                         (const uint8_t *)"tokenkeeper store key", 21, key, NULL));
    const char *text = text_of(key, NULL, 0);

    memset(key, 0, sizeof key);
    stack_paint();
    assert_true(tk_seal_init(&another, board_key));
    assert_false(stack_has(text));
    tk_seal_free(&another);
}

static void after_a_nonce_is_begun(void **state)
{
    const char *text = text_of(seal.nonce_key, NULL, 0x36);

    (void)state;
    stack_paint();
    seal.store.begin(&seal, NULL);
    assert_false(stack_has(text));
}

static void after_plaintext_is_authenticated(void **state)
{
    static const uint8_t nonce[TK_STORE_NONCE];
    static uint8_t bytes[16];

    (void)state;
    memcpy(bytes, plaintext, 16);
    seal.store.crypt(&seal, nonce, 0, bytes, 16);
    seal.store.begin(&seal, nonce);
    stack_paint();
    seal.store.add_values(&seal, bytes, 16);
    assert_false(stack_has(plaintext));
}

static void after_bytes_are_encrypted(void **state)
{
    static const uint8_t nonce[TK_STORE_NONCE];
    static uint8_t bytes[16], again[16];

    (void)state;
    memcpy(bytes, plaintext, 16);
    memcpy(again, plaintext, 16);
    seal.store.crypt(&seal, nonce, 0, bytes, 16);
    const char *stream = text_of(bytes, again, 0);

    stack_paint();
    seal.store.crypt(&seal, nonce, 0, again, 16);
    assert_false(stack_has(stream));
    assert_memory_equal(again, bytes, 16); /* whatever the stack held before */
}

static void after_it_is_freed_nothing_is_in_it(void **state)
{
    static const struct tk_seal zero;

    (void)state;
    tk_seal_free(&seal);
    assert_memory_equal(&seal, &zero, sizeof seal);
    assert_true(tk_seal_init(&seal, board_key));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(after_init),
        TEST(after_a_nonce_is_begun),
        TEST(after_plaintext_is_authenticated),
        TEST(after_bytes_are_encrypted),
        TEST(after_it_is_freed_nothing_is_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
