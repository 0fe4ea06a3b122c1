/* SPDX-License-Identifier: Apache-2.0 */

/* A caller's mistakes stop at an assert. */

#include "tk_sim_flash.h"
#include "tk_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct tk_sim_flash f;
static struct tk_store s;

static int begin(void **state)
{
    (void)state;
    memset(&s, 0, sizeof s);
    tk_sim_flash_init(&f, 1024, 2, 4);
    return 0;
}

static int end(void **state)
{
    (void)state;
    tk_sim_flash_free(&f);
    return 0;
}

static void open_store(void)
{
    assert_int_equal(tk_store_open(&s, &f.flash, NULL), TK_STORE_OK);
}

static void a_store_that_was_not_opened(void **state)
{
    uint8_t buf[4];
    struct tk_store_query query = {.key = 1, .buf = buf, .size = sizeof buf};

    (void)state;
    expect_assert_failure(tk_store_commit(&s, NULL, 0));
    expect_assert_failure(tk_store_get(&s, 1, buf, sizeof buf));
    expect_assert_failure(tk_store_get_all(&s, &query, 1));
    expect_assert_failure(tk_store_previous(&s, 1, buf, sizeof buf));
    expect_assert_failure(tk_store_prepare(&s));
    expect_assert_failure(tk_store_wipe(&s));
    expect_assert_failure(tk_store_health(&s));
}

static void seal_begin(void *ctx, const uint8_t *nonce)
{
    (void)ctx;
    (void)nonce;
}

static void seal_add(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len;
}

static void seal_end(void *ctx, uint8_t out[TK_STORE_TAG])
{
    (void)ctx;
    memset(out, 0, TK_STORE_TAG);
}

static void seal_crypt(void *ctx, const uint8_t nonce[TK_STORE_NONCE], uint32_t offset, void *data,
                       size_t len)
{
    seal_begin(ctx, nonce);
    seal_add(&offset, data, len);
}

static void assert_not_opened(const struct tk_flash *flash, struct tk_store_seal *seal)
{
    expect_assert_failure(tk_store_open(&s, flash, seal));
}

static void a_flash_or_seal_without_a_function(void **state)
{
    struct tk_flash flash[3] = {f.flash, f.flash, f.flash};
    struct tk_store_seal seal[5];

    (void)state;
    flash[0].read = NULL;
    flash[1].program = NULL;
    flash[2].erase = NULL;
    assert_not_opened(NULL, NULL);
    for (int i = 0; i < 3; i++)
        assert_not_opened(&flash[i], NULL);
    for (int i = 0; i < 5; i++)
        seal[i] = (struct tk_store_seal){.begin = seal_begin,
                                         .add_head = seal_add,
                                         .add_values = seal_add,
                                         .end = seal_end,
                                         .crypt = seal_crypt};
    seal[0].begin = NULL;
    seal[1].add_head = NULL;
    seal[2].add_values = NULL;
    seal[3].end = NULL;
    seal[4].crypt = NULL;
    for (int i = 0; i < 5; i++)
        assert_not_opened(&f.flash, &seal[i]);
}

static void a_read_to_no_buffer(void **state)
{
    (void)state;
    open_store();
    expect_assert_failure(tk_store_get(&s, 1, NULL, 1));
    assert_int_equal(tk_store_get(&s, 254, NULL, 0), TK_STORE_MISSING);
}

static void a_commit_without_its_data(void **state)
{
    struct tk_store_piece pieces[] = {{"x", 1}, {NULL, 0}};
    struct tk_store_value value = {1, 1, NULL};

    (void)state;
    open_store();
    expect_assert_failure(tk_store_commit(&s, NULL, 1));
    expect_assert_failure(tk_store_commit(&s, &value, 1));
    value.pieces = pieces;
    value.count = 2;
    assert_int_equal(tk_store_commit(&s, &value, 1), TK_STORE_OK);
    pieces[1].len = 1;
    expect_assert_failure(tk_store_commit(&s, &value, 1));
    pieces[0] = pieces[1];
    value.count = 1;
    expect_assert_failure(tk_store_commit(&s, &value, 1));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_store_that_was_not_opened),
        TEST(a_flash_or_seal_without_a_function),
        TEST(a_read_to_no_buffer),
        TEST(a_commit_without_its_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
