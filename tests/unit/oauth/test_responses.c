/* SPDX-License-Identifier: Apache-2.0 */

/* What becomes of the account after an odd token response: the pair that the server honours is the
 * pair that is held. test_oauth_response.c has how responses are read. */

#include "tk_account_store.h"
#include "tk_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"

#define MINUTE 60000
#define HOUR   (60 * MINUTE)

static struct tk_account *account(void)
{
    return &w.keeper.accounts.of[0];
}

static int set_up_ready(void **state)
{
    set_up(state);
    world_provision(&w);
    world_run(&w, 11000);
    return 0;
}

static void respond(int status, const char *body)
{
    struct server_fault x = {
        .kind = SERVER_STATUS, .status = status, .type = "application/json", .body = body};

    server_set_fault(&w.server, SERVER_ALL, &x);
}

static const char *refresh(int status, const char *body)
{
    respond(status, body);
    account()->refresh.has_succeeded = false; /* not too soon */
    return world_type(&w, "auth refresh");
}

static void assert_shown(const char *key, const char *want)
{
    assert_string_equal(world_status(&w, key), want);
}

/* --- without a refresh token --- */

static void the_refresh_token_that_was_sent_stays(void **state)
{
    (void)state;
    world_assert_begins(refresh(200, "{\"access_token\":\"b\",\"expires_in\":3600}"),
                        "OK state=ready generation=2 expires_in=3600");
    assert_string_equal(account()->pair.access, "b");
    assert_string_equal(account()->pair.refresh, "refresh1");
    world_restart(&w, 1000);
    assert_string_equal(account()->pair.access, "b");
    assert_string_equal(account()->pair.refresh, "refresh1");
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 30 * MINUTE);
    world_assert_state(&w, "ready", "none");
    assert_true(world_honours_newest(&w));
    assert_string_equal(account()->pair.refresh, "refresh2");
}

/* The current pair was refused, and its predecessor renewed without a successor. */
static void the_previous_refresh_token_stays_if_it_was_sent(void **state)
{
    (void)state;
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready generation=2");
    world_run(&w, 11000);
    account()->refresh.in_doubt = account()->refresh.intent = true;
    account()->refresh.try_previous = true;
    world_assert_begins(refresh(200, "{\"access_token\":\"b\",\"refresh_token\":null}"),
                        "OK state=ready generation=3");
    assert_string_equal(account()->pair.refresh, "refresh1");
    assert_false(account()->refresh.intent);
}

/* --- members that are missing, or not to be shown --- */

static void a_member_with_a_secret_in_it_is_not_taken(void **state)
{
    static const char *const bodies[] = {
        "{\"access_token\":\"Access02\",\"refresh_token\":\"Refresh2\",\"scope\":\"x,s3cret\"}",
        "{\"access_token\":\"Access03\",\"refresh_token\":\"Refresh3\",\"user_id\":\"refresh3\"}",
        "{\"access_token\":\"Access04\",\"refresh_token\":\"R\",\"member_id\":\"access04\"}",
        ("{\"access_token\":\"Access05\",\"refresh_token\":\"Refresh5\","
         "\"client_endpoint\":\"https://acme.bitrix24.com/rest/Access05/\"}")};

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        world_assert_begins(refresh(200, bodies[i]), "OK state=ready");
        assert_shown("scope_granted", "crm,user");
        assert_shown("user_id", "1");
        assert_shown("member_id", "a223c6b3710f85df22e9377d6c4f7553");
        assert_shown("client_endpoint", "https://acme.bitrix24.com/rest/");
    }
}

static void what_a_refresh_does_not_say_stays(void **state)
{
    static const char *const bodies[] = {
        "{\"access_token\":\"a\",\"refresh_token\":\"r\"}",
        "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"client_endpoint\":null,\"member_id\":"
        "\"\","
        "\"user_id\":null,\"scope\":[],\"server_endpoint\":null,\"domain\":{}}",
        "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"client_endpoint\":false,\"member_id\":{}"
        ","
        "\"user_id\":true,\"scope\":false,\"server_endpoint\":17}"};
    const struct tk_grant_info info = account()->info;

    (void)state;
    assert_true(info.client_endpoint[0] != '\0' && info.user_id[0] != '\0');
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        world_assert_begins(refresh(200, bodies[i]), "OK state=ready");
        assert_string_equal(account()->info.client_endpoint, info.client_endpoint);
        assert_string_equal(account()->info.member_id, info.member_id);
        assert_string_equal(account()->info.user_id, info.user_id);
        assert_string_equal(account()->info.scope, info.scope);
        world_restart(&w, 1000);
        assert_string_equal(account()->info.user_id, info.user_id);
    }
}

/* Another user may have authorized. */
static void what_a_code_does_not_say_is_unknown(void **state)
{
    (void)state;
    world_type(&w, "auth forget");
    respond(200, "{\"access_token\":\"a\",\"refresh_token\":\"r\"}");
    world_assert_begins(world_type(&w, "auth code code2"), "OK state=ready generation=2");
    assert_shown("user_id", "");
    assert_shown("member_id", "");
    assert_shown("scope_granted", "");
    world_restart(&w, 1000);
    assert_shown("user_id", "");
}

static void ids_may_be_numbers(void **state)
{
    (void)state;
    world_type(&w, "auth forget");
    respond(200, "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"user_id\":992,"
                 "\"member_id\":17,\"scope\":\"\\/x\"}");
    world_assert_begins(world_type(&w, "auth code code2"), "OK state=ready");
    assert_shown("user_id", "992");
    assert_shown("member_id", "17");
    assert_shown("scope_granted", "/x");
}

/* They do not rebind the account. */
static void a_refresh_keeps_the_ids(void **state)
{
    (void)state;
    world_assert_begins(refresh(200, "{\"access_token\":\"a\",\"refresh_token\":\"r\","
                                     "\"user_id\":992,\"member_id\":17}"),
                        "OK state=ready");
    assert_shown("user_id", "1");
    assert_shown("member_id", "a223c6b3710f85df22e9377d6c4f7553");
}

/* --- doubtful responses --- */

static void the_pair_before_a_doubtful_one_is_tried(void **state)
{
    static const struct {
        int status;
        const char *body;
    } rows[] = {
        {400, "{\"access_token\":\"x\",\"refresh_token\":\"y\",\"expires_in\":3600}"},
        {500, "{\"access_token\":\"x\",\"refresh_token\":\"y\",\"expires_in\":3600}"},
        {200, "{\"error\":\"news\",\"access_token\":\"x\",\"refresh_token\":\"y\"}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world_assert_begins(refresh(rows[i].status, rows[i].body), "OK state=ready");
        assert_string_equal(account()->pair.access, "x");
        assert_shown("intent", "open");
        world_fault(&w, WORLD_WELL, 0);
        if (i == 1)
            world_restart(&w, 1000);
        world_run(&w, 30 * MINUTE); /* y is refused, and its predecessor accepted */
        world_assert_state(&w, "ready", "none");
        assert_shown("intent", "none");
        assert_true(world_honours_newest(&w));
        assert_int_equal(rules_number(&w.server.rules, RULES_REFRESH, account()->pair.refresh),
                         w.server.rules.pair_count);
    }
}

/* --- tokens that are too long --- */

static char long_body[TK_TOKEN_MAX + 400];

static void make_long_body(void)
{
    snprintf(long_body, sizeof long_body,
             "{\"access_token\":\"%0*d\",\"refresh_token\":\"r\",\"expires_in\":3600}",
             TK_TOKEN_MAX + 1, 0);
}

static void assert_lengths(void)
{
    char want[60];

    snprintf(want, sizeof want, "token_length=%d token_max=%d", TK_TOKEN_MAX + 1, TK_TOKEN_MAX);
    assert_shown("answer", want);
}

static void a_token_that_is_too_long_stays_the_reason(void **state)
{
    (void)state;
    make_long_body();
    world_assert_begins(refresh(200, long_body), "ERR token_too_long");
    assert_non_null(strstr(w.answer, "@1 answer=token_length="));
    world_assert_state(&w, "blocked", "token_too_long");
    assert_shown("escalation", "4");
    assert_lengths();
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
    assert_shown("intent", "open"); /* the server may have rotated the pair */
    rules_revoke(&w.server.rules);
    world_fault(&w, WORLD_WELL, 0);
    world_restart(&w, 1000);
    world_run(&w, MINUTE);
    world_assert_state(&w, "needs_code", "token_too_long");
    world_restart(&w, 1000);
    world_assert_state(&w, "needs_code", "token_too_long");
    assert_shown("escalation", "4");
    world_give_code(&w, "code2");
    world_assert_begins(world_type(&w, "auth code code2"), "OK state=ready");
    rules_revoke(&w.server.rules);
    world_run(&w, 30 * MINUTE);
    world_assert_state(&w, "needs_code", "revoked");
}

static void a_server_that_does_not_rotate_is_probed(void **state)
{
    (void)state;
    make_long_body();
    world_assert_begins(refresh(200, long_body), "ERR token_too_long");
    world_run(&w, 4 * HOUR);
    world_assert_state(&w, "blocked", "token_too_long");
    assert_lengths();
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 5 * HOUR);
    world_assert_state(&w, "ready", "none");
    assert_shown("intent", "none");
    assert_shown("answer", "");
    assert_shown("escalation", "0");
}

static void a_code_that_brings_too_long_a_token_says_so(void **state)
{
    (void)state;
    make_long_body();
    respond(200, long_body);
    world_assert_begins(world_type(&w, "auth code code2"), "ERR token_too_long");
    assert_non_null(strstr(w.answer, "@1 answer=token_length="));
    world_assert_state(&w, "ready", "none");
    assert_shown("last_error", "token_too_long");
    assert_string_equal(account()->pair.access, "access1");
    assert_shown("intent", "none");
}

/* The largest pair is stored and served. */
static void a_token_that_just_fits_is_served(void **state)
{
    static char body[2 * TK_TOKEN_MAX + 200], want[TK_TOKEN_MAX + 40];

    (void)state;
    tear_down(NULL);
    set_up(NULL);
    tk_sim_flash_free(&w.flash);
    tk_sim_flash_init(&w.flash, 32768, 8, 1); /* as the host program has */
    world_restart(&w, 1000);
    world_provision(&w);
    snprintf(body, sizeof body,
             "{\"access_token\":\"%0*d\",\"refresh_token\":\"%0*d\",\"expires_in\":60}",
             TK_TOKEN_MAX, 1, TK_TOKEN_MAX, 2);
    world_assert_begins(refresh(200, body), "OK state=ready generation=2");
    world_assert_state(&w, "ready", "none");
    snprintf(want, sizeof want, "OK access_token=%0*d expires_in=", TK_TOKEN_MAX, 1);
    world_assert_begins(world_type(&w, "token 1"), want);
    world_restart(&w, 1000);
    assert_int_equal(strlen(account()->pair.access), TK_TOKEN_MAX);
    assert_int_equal(strlen(account()->pair.refresh), TK_TOKEN_MAX);
    snprintf(body, sizeof body, "refresh_token=%0*d", TK_TOKEN_MAX, 2);
    world_run(&w, MINUTE);
    assert_non_null(strstr(w.last_request, body));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_ready, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_refresh_token_that_was_sent_stays),
        TEST(the_previous_refresh_token_stays_if_it_was_sent),
        TEST(a_member_with_a_secret_in_it_is_not_taken),
        TEST(what_a_refresh_does_not_say_stays),
        TEST(what_a_code_does_not_say_is_unknown),
        TEST(ids_may_be_numbers),
        TEST(a_refresh_keeps_the_ids),
        TEST(the_pair_before_a_doubtful_one_is_tried),
        TEST(a_token_that_is_too_long_stays_the_reason),
        TEST(a_server_that_does_not_rotate_is_probed),
        TEST(a_code_that_brings_too_long_a_token_says_so),
        TEST(a_token_that_just_fits_is_served),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
