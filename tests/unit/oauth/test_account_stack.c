/* SPDX-License-Identifier: Apache-2.0 */

/* Secrets that a function has used are not on the stack when it has returned. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"
#include "respond.h"
#include "stack.h"
#include "tk_account_load.h"
#include "tk_account_response.h"
#include "tk_account_session.h"
#include "tk_auth.h"
#include "tk_keys.h"
#include "tk_token.h"

#define CODE    "codeOfTheOperator0123"
#define NEXT    "n3xtSecretOfTheApplication"
#define REFRESH "refreshTokenOfAPairThatWasReplaced"
#define SESSION "sessionThatWasNegotiatedWithTheServer"

static struct tk_account *account(void)
{
    return &w.keeper.accounts.of[0];
}

static void store(unsigned item, const void *data, size_t len)
{
    assert_int_equal(tk_storage_put(&w.keeper.rt.storage, tk_account_key(0, item), data, len),
                     TK_OK);
}

static char refresh_token[TK_TOKEN_MAX + 1]; /* long: later calls overwrite a part of a copy */

/* With a next client_secret and a previous refresh token on flash. */
static int set_up_secrets(void **state)
{
    (void)set_up(state);
    for (size_t at = 0; at + sizeof REFRESH <= sizeof refresh_token; at += sizeof REFRESH - 1)
        strcpy(refresh_token + at, REFRESH);
    world_provision(&w);
    store(TK_KEY_CLIENT_SECRET_NEXT, NEXT, sizeof NEXT - 1);
    store(TK_KEY_REFRESH, refresh_token, strlen(refresh_token));
    store(TK_KEY_REFRESH, "refresh1", 8);
    return 0;
}

__attribute__((noinline)) static void keep_copy(const char *secret)
{
    char copy[256];

    (void)tk_copy(copy, sizeof copy, secret);
    STACK_KEEP(copy);
}

static void a_copy_that_is_not_wiped_is_found(void **state)
{
    (void)state;
    stack_paint();
    assert_false(stack_has(NEXT));
    keep_copy(NEXT);
    assert_true(stack_has(NEXT));
}

static char work[3 * TK_TOKEN_MAX];

/* As the connection does when it is ready. */
static enum tk_err write_request(struct tk_request *r)
{
    struct tk_text out;

    tk_text_init(&out, work, sizeof work);
    tk_account_auth_host(account(), &r->host);
    return r->write(r, &out);
}

static void a_refresh_leaves_none(void **state)
{
    struct tk_request *r = &account()->refresh.request;

    (void)state;
    account()->refresh.try_previous = account()->refresh.with_next_secret = true;
    stack_paint();
    (void)write_request(r);
    assert_false(stack_has(NEXT));
    assert_false(stack_has(REFRESH));
    assert_non_null(strstr(work, NEXT));
    assert_non_null(strstr(work, REFRESH));
}

static void an_exchange_leaves_none(void **state)
{
    struct tk_request *r = &account()->auth.request;

    (void)state;
    assert_int_equal(tk_auth_code(account(), CODE), TK_OK);
    account()->auth.with_next_secret = true;
    stack_paint();
    (void)write_request(r);
    assert_false(stack_has(NEXT));
    assert_non_null(strstr(work, NEXT));
}

static void a_code_that_is_typed_leaves_none(void **state)
{
    enum tk_err err;

    (void)state;
    stack_paint();
    err = tk_auth_code(account(), CODE);
    assert_false(stack_has(CODE));
    assert_int_equal(err, TK_OK);
}

static void a_refusal_leaves_none(void **state)
{
    struct tk_request *r = &account()->refresh.request;

    (void)state;
    account()->refresh.in_doubt = true;
    stack_paint();
    r->done(r, TK_E_INVALID_GRANT, NULL);
    assert_false(stack_has(REFRESH));
    assert_true(account()->refresh.try_previous);
}

/* With the previous refresh token, which stays in use. */
static void a_response_without_a_refresh_token_leaves_none(void **state)
{
    struct tk_request *r = &account()->refresh.request;
    static struct tk_http http;

    (void)state;
    account()->refresh.try_previous = true;
    respond(&http, 200, "{\"access_token\":\"access2\",\"expires_in\":3600}");
    stack_paint();
    r->done(r, TK_OK, &http);
    assert_false(stack_has(REFRESH));
    assert_string_equal(account()->pair.refresh, refresh_token);
}

static void a_response_that_is_compared_leaves_none(void **state)
{
    bool leaks;

    (void)state;
    stack_paint();
    leaks = tk_account_leaks(account(), "nothing that is secret");
    assert_false(stack_has(NEXT));
    assert_false(stack_has(REFRESH));
    assert_false(leaks);
}

static void the_next_client_secret_leaves_none(void **state)
{
    bool with_next = false;

    (void)state;
    stack_paint();
    (void)tk_token_tries_next_secret(account(), TK_E_INVALID_CLIENT, &with_next);
    assert_false(stack_has(NEXT));
    assert_true(with_next);
    stack_paint();
    tk_token_promote_secret(account());
    assert_false(stack_has(NEXT));
    assert_string_equal(account()->client.client_secret, NEXT);
}

/* The session of a handshake, as it is on flash. */
static void store_session(void)
{
    struct tk_tls_session session = {.not_after = WORLD_UNIX + 86400, .lifetime_s = 7200};
    struct tk_session_value v;
    uint8_t value[TK_SESSION_HEAD + TK_HOST_TEXT + TK_SESSION_STORED_MAX];
    size_t len = 0;

    tk_account_auth_host(account(), &session.host);
    session.len = sizeof SESSION;
    memcpy(session.data, SESSION, sizeof SESSION);
    tk_https_restore_session(&w.keeper.rt.https, &session);
    assert_true(tk_account_session_pack(account(), &v));
    for (int i = 0; i < 3; i++) {
        memcpy(value + len, v.pieces[i].data, v.pieces[i].len);
        len += v.pieces[i].len;
    }
    store(TK_KEY_SESSION, value, len);
}

static void loading_leaves_none(void **state)
{
    (void)state;
    store_session();
    stack_paint();
    tk_account_load(account());
    assert_false(stack_has(SESSION));
    assert_string_equal(account()->pair.refresh, "refresh1");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_secrets, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_copy_that_is_not_wiped_is_found),
        TEST(a_refresh_leaves_none),
        TEST(an_exchange_leaves_none),
        TEST(a_code_that_is_typed_leaves_none),
        TEST(a_refusal_leaves_none),
        TEST(a_response_without_a_refresh_token_leaves_none),
        TEST(a_response_that_is_compared_leaves_none),
        TEST(the_next_client_secret_leaves_none),
        TEST(loading_leaves_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
