/* SPDX-License-Identifier: Apache-2.0 */

/* Mistakes of callers that TK_ASSERT catches. */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"
#include "tk_account_set.h"
#include "tk_account_store.h"
#include "tk_rest_verify.h"
#include "tk_state.h"
#include "tk_token.h"

static struct tk_account *account(void)
{
    return &w.keeper.accounts.of[0];
}

static void a_listener_is_required(void **state)
{
    static const struct tk_account_listener none = {NULL, NULL};
    static struct tk_account a;

    (void)state;
    expect_assert_failure(tk_account_notify(&a, TK_ACCOUNT_CHANGED));
    expect_assert_failure(tk_account_init(&a, &w.keeper.rt, &none, 0));
    expect_assert_failure(
        tk_account_init(&a, &w.keeper.rt, &w.keeper.accounts.listener, TK_ACCOUNTS));
    tk_account_init(&a, &w.keeper.rt, &w.keeper.accounts.listener, 0);
}

static void a_name_is_neither_empty_nor_too_long(void **state)
{
    struct tk_account *a = &w.keeper.accounts.of[1];

    (void)state;
    expect_assert_failure(tk_account_create(account(), "b")); /* the slot is in use */
    expect_assert_failure(tk_account_create(a, ""));
    expect_assert_failure(tk_account_create(a, "12345678901234567"));
    assert_int_equal(tk_account_create(a, "1234567890123456"), TK_OK);
}

static void a_setting_is_in_the_table(void **state)
{
    (void)state;
    expect_assert_failure(
        tk_account_set(account(), (enum tk_setting)(TK_SET_CLIENT_SECRET_NEXT + 1), "x"));
    expect_assert_failure(tk_account_store_setting(account(), TK_SET_RENEW, "1h"));
    assert_int_equal(tk_account_set(account(), TK_SET_RENEW, "1h"), TK_OK);
}

static void a_state_is_in_the_table(void **state)
{
    (void)state;
    expect_assert_failure(tk_state_name((enum tk_state)(TK_BLOCKED + 1)));
    expect_assert_failure(tk_rest_status_name((enum tk_rest_status)(TK_REST_UNREACHABLE + 1)));
}

static void a_pair_has_both_tokens(void **state)
{
    const struct tk_token_response good = {.access_token = "a",
                                           .refresh_token = "r",
                                           .client_endpoint = "",
                                           .server_endpoint = "",
                                           .member_id = "",
                                           .user_id = "",
                                           .scope = "",
                                           .expires_in = 3600};
    struct tk_token_response no_access = good, no_refresh = good;

    (void)state;
    no_access.access_token = "";
    no_refresh.refresh_token = "";
    expect_assert_failure(tk_token_accept(account(), &no_access, w.port.now_ms));
    expect_assert_failure(tk_token_accept(account(), &no_refresh, w.port.now_ms));
    assert_false(tk_account_has_pair(account()));
    tk_token_accept(account(), &good, w.port.now_ms);
    assert_true(tk_account_has_pair(account()));
}

static void a_request_has_a_code_or_a_refresh_token(void **state)
{
    static const struct tk_host host = {.name = "h", .port = 443};
    static const struct tk_client client;
    char buf[1000];
    struct tk_text t;

    (void)state;
    tk_text_init(&t, buf, sizeof buf);
    expect_assert_failure(tk_oauth_exchange_request(&t, &host, &client, client.client_secret, ""));
    expect_assert_failure(tk_oauth_refresh_request(&t, &host, &client, client.client_secret, ""));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_listener_is_required),    TEST(a_name_is_neither_empty_nor_too_long),
        TEST(a_setting_is_in_the_table), TEST(a_state_is_in_the_table),
        TEST(a_pair_has_both_tokens),    TEST(a_request_has_a_code_or_a_refresh_token),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
