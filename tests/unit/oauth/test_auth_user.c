/* SPDX-License-Identifier: Apache-2.0 */

/* Whose pair a code brings: the user and the portal that an account is bound to. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"

#define MINUTE 60000

/* `auth code` with the redirect URL. */
static void write_redirect(char line[256], const char *code, const char *more)
{
    snprintf(line, 256, "auth code http://localhost:7000/?code=%s&state=%s%s", code,
             w.keeper.accounts.of[0].auth.state, more);
}

/* The response to the code c, without user_id; user: what `profile` says, NULL: nothing. */
static const char *exchange_without_user(const char *user)
{
    static char answer[512];

    w.server.omits_user = true;
    w.server.profile = user;
    world_give_code(&w, "c");
    snprintf(answer, sizeof answer, "%s", world_type(&w, "auth code c"));
    return answer;
}

static void assert_first_pair_in_use(void)
{
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
    world_assert_state(&w, "ready", "none");
    assert_string_equal(world_status(&w, "user_id"), "1");
    w.server.rules.user_id = 1;
    world_run(&w, 30 * MINUTE);
    assert_string_equal(world_status(&w, "generation"), "2");
}

static void a_pair_of_another_user_is_dropped(void **state)
{
    (void)state;
    world_provision(&w);
    w.server.rules.user_id = 992;
    world_give_code(&w, "c");
    world_assert_begins(world_type(&w, "auth code c"), "ERR other_user was=1 now=992 ");
    assert_string_equal(world_status(&w, "last_error"), "other_user");
    world_type(&w, "auth begin");
    world_give_code(&w, "d");
    char line[256];

    write_redirect(line, "d", "");
    world_assert_begins(world_type(&w, line), "ERR other_user was=1 now=992 ");
    assert_first_pair_in_use();
}

static void the_user_is_bound_across_restarts(void **state)
{
    (void)state;
    world_provision(&w);
    world_restart(&w, 1000);
    w.server.rules.user_id = 992;
    world_give_code(&w, "c");
    world_assert_begins(world_type(&w, "auth code c"), "ERR other_user was=1 now=992 ");
}

static void a_pair_of_another_portal_is_dropped(void **state)
{
    (void)state;
    world_provision(&w);
    strcpy(w.keeper.accounts.of[0].info.member_id, "0123456789abcdef0123456789abcdef");
    world_give_code(&w, "c");
    world_assert_begins(world_type(&w, "auth code c"),
                        "ERR other_user was=0123456789abcdef0123456789abcdef "
                        "now=a223c6b3710f85df22e9377d6c4f7553 ");
    assert_first_pair_in_use();
}

/* For one exchange, even if it fails. */
static void auth_begin_other_user_allows_it_once(void **state)
{
    char line[256];

    (void)state;
    world_provision(&w);
    w.server.rules.user_id = 992;
    assert_string_equal(world_type(&w, "auth begin other_user"), "OK");
    world_assert_begins(world_type(&w, "auth code wrong"), "ERR code_rejected");
    world_give_code(&w, "c");
    world_assert_begins(world_type(&w, "auth code c"), "ERR other_user");
    assert_string_equal(world_type(&w, "auth begin other_user"), "OK");
    world_give_code(&w, "d");
    write_redirect(line, "d", "");
    world_assert_begins(world_type(&w, line), "OK state=ready generation=2");
    assert_string_equal(world_status(&w, "user_id"), "992");
    w.server.rules.user_id = 1;
    world_give_code(&w, "e");
    world_assert_begins(world_type(&w, "auth code e"), "ERR other_user was=992 now=1 ");
    world_assert_begins(world_type(&w, "auth begin any"), "ERR usage");
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    world_give_code(&w, "f");
    world_assert_begins(world_type(&w, "auth code f"), "OK state=ready generation=3");
}

static void other_user_ends_with_the_state(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "auth begin other_user");
    world_run(&w, 15 * MINUTE);
    w.server.rules.user_id = 992;
    world_give_code(&w, "c");
    world_assert_begins(world_type(&w, "auth code c"), "ERR other_user");
    world_type(&w, "auth begin other_user");
    world_type(&w, "auth begin");
    world_give_code(&w, "d");
    world_assert_begins(world_type(&w, "auth code d"), "ERR other_user");
}

static void the_portal_names_a_user_that_the_response_lacks(void **state)
{
    (void)state;
    world_provision(&w);
    world_assert_begins(exchange_without_user("992"), "ERR other_user was=1 now=992 ");
    world_assert_begins(exchange_without_user(NULL), "ERR code_used");
    assert_string_equal(world_status(&w, "generation"), "1");
    assert_string_equal(world_status(&w, "scope_granted"), "crm,user");
}

static void a_user_that_the_portal_confirms_is_accepted(void **state)
{
    (void)state;
    world_provision(&w);
    world_assert_begins(exchange_without_user("1"), "OK state=ready generation=2");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
    w.server.omits_user = false;
    world_run(&w, 30 * MINUTE);
    assert_string_equal(world_status(&w, "generation"), "3");
}

static void a_user_that_nothing_names_is_refused(void **state)
{
    (void)state;
    world_provision(&w);
    world_assert_begins(exchange_without_user(NULL), "ERR other_user was=1 now=unknown ");
    w.server.omits_user = false;
    assert_first_pair_in_use();
}

static void the_portal_names_the_user_of_the_first_pair(void **state)
{
    (void)state;
    world_set_client(&w);
    world_assert_begins(exchange_without_user("5"), "OK state=ready generation=1");
    assert_string_equal(world_status(&w, "user_id"), "5");
    world_restart(&w, 1000);
    assert_string_equal(world_status(&w, "user_id"), "5");
}

static void a_user_has_up_to_40_characters(void **state)
{
    char user[TK_ID_MAX + 2];

    (void)state;
    for (size_t more = 0; more < 2; more++) {
        memset(user, '1', sizeof user);
        user[TK_ID_MAX + more] = '\0';
        world_set_client(&w);
        world_assert_begins(exchange_without_user(user), "OK state=ready generation=1");
        assert_string_equal(world_status(&w, "user_id"), more == 0 ? user : "");
        tear_down(NULL);
        set_up(NULL);
    }
}

/* Flash fails when the portal names it; the next pair stores it. */
static void a_user_that_was_not_stored_is_stored_with_the_next_pair(void **state)
{
    const struct tk_account *a = &w.keeper.accounts.of[0];

    (void)state;
    world_set_client(&w);
    world_latency(&w, 1000);
    w.server.omits_user = true;
    w.server.profile = "5";
    world_give_code(&w, "c");
    tk_sim_console_attach(&w.port, 1, true);
    tk_sim_console_feed(&w.port, 1, "@2 auth code c\n", 15);
    while (!a->rest.asks_user)
        world_run(&w, 100);
    w.flash.fail_at = w.flash.operations + 1;
    w.flash.fail_until = UINT64_MAX;
    world_run(&w, 5000);
    w.flash.fail_until = 0;
    assert_string_equal(world_status(&w, "user_id"), "5");
    assert_false(a->info_stored);
    world_run(&w, 30 * MINUTE);
    assert_true(a->info_stored);
    world_restart(&w, 1000);
    assert_string_equal(world_status(&w, "user_id"), "5");
}

/* Then it is as if the portal had not named it. */
static void a_user_that_cannot_be_read_is_refused(void **state)
{
    static const struct server_fault faults[] = {
        {.kind = SERVER_REFUSES},
        {.kind = SERVER_LOSES},
        {.kind = SERVER_STATUS, .status = 404, .body = "{\"result\":{\"ID\":\"1\"}}"},
        {.kind = SERVER_STATUS, .status = 200, .body = "{\"result\":{\"ID\":\"1\"}"},
        {.kind = SERVER_STATUS, .status = 200, .body = "{\"result\":{}}"},
        {.kind = SERVER_STATUS,
         .status = 200,
         .body = "{\"result\":{\"ID\":\"11111111111111111111111111111111111111111\"}}"}};

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        world_provision(&w);
        server_set_fault(&w.server, server_hosts(&w.server, SERVER_PORTAL), &faults[i]);
        world_assert_begins(exchange_without_user("1"), "ERR other_user was=1 now=unknown ");
        w.server.omits_user = false;
        assert_first_pair_in_use();
        tear_down(NULL);
        set_up(NULL);
    }
}

/* To the first pair: it is good without. */
static void a_first_user_is_bound_only_if_it_is_certain(void **state)
{
    static const char *const users[] = {"_access1_", NULL};

    (void)state;
    for (size_t i = 0; i < sizeof users / sizeof users[0]; i++) {
        world_set_client(&w);
        world_assert_begins(exchange_without_user(users[i]), "OK state=ready generation=1");
        assert_string_equal(world_status(&w, "user_id"), "");
        tear_down(NULL);
        set_up(NULL);
    }
}

static void endpoint_fails_after_verification(struct server *s, unsigned host, const char *request)
{
    struct server_fault x = {.kind = SERVER_LOSES};

    if (strstr(request, "/app.info ") != NULL)
        server_set_fault(s, 1u << host, &x);
}

static void a_first_user_that_cannot_be_read_stays_unknown(void **state)
{
    (void)state;
    world_set_client(&w);
    w.server.on_request = endpoint_fails_after_verification;
    world_assert_begins(exchange_without_user("5"), "OK state=ready generation=1");
    world_run(&w, MINUTE);
    assert_string_equal(world_status(&w, "rest"), "ok");
    assert_string_equal(world_status(&w, "user_id"), "");
}

/* Its path is longer than a request has room for. */
static void a_user_of_an_endpoint_without_room_is_refused(void **state)
{
    char endpoint[200];

    (void)state;
    snprintf(endpoint, sizeof endpoint, "https://acme.bitrix24.com/%0150d/", 0);
    w.server.client_endpoint = endpoint;
    world_set_client(&w);
    world_give_code(&w, "code1");
    world_assert_begins(world_type(&w, "auth code code1"), "OK state=ready generation=1");
    assert_string_equal(world_status(&w, "rest_error"), "rest_insecure");
    world_assert_begins(exchange_without_user("1"), "ERR other_user was=1 now=unknown ");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
}

/* A refresh names it before the portal does. */
static void the_user_of_a_refresh_counts_first(void **state)
{
    (void)state;
    world_set_client(&w);
    world_latency(&w, 4000);
    w.server.omits_user = true;
    w.server.profile = "5";
    world_give_code(&w, "c");
    tk_sim_console_attach(&w.port, 1, true);
    tk_sim_console_feed(&w.port, 1, "@2 auth code c\n", 15);
    while (!w.keeper.accounts.of[0].rest.asks_user)
        world_run(&w, 100);
    w.server.omits_user = false;
    w.server.rules.user_id = 7;
    strcpy(w.keeper.accounts.of[0].info.user_id, "7"); /* as a refresh does */
    world_run(&w, 20000);
    assert_string_equal(world_status(&w, "user_id"), "7");
}

/* What a server calls a user is shown as any word of a server. */
static void a_user_with_a_secret_in_it_is_not_shown(void **state)
{
    (void)state;
    world_provision(&w);
    world_assert_begins(exchange_without_user("_access2_"), "ERR other_user was=1 now=unlisted ");
    world_run(&w, 1000);
    w.server.profile = "_refresh3_";
    world_give_code(&w, "d");
    world_assert_begins(world_type(&w, "auth code d"), "ERR other_user was=1 now=unlisted ");
}

static void a_response_for_another_portal_is_refused(void **state)
{
    (void)state;
    world_set_client(&w);
    w.server.client_endpoint = "https://evil.example/rest/";
    world_give_code(&w, "c");
    world_assert_begins(world_type(&w, "auth code c"), "ERR wrong_portal");
    world_assert_state(&w, "needs_code", "new");
}

static void an_endpoint_with_a_dot_is_of_our_portal(void **state)
{
    (void)state;
    world_set_client(&w);
    w.server.client_endpoint = "https:\\/\\/acme.bitrix24.com.\\/rest\\/";
    world_give_code(&w, "c");
    world_assert_begins(world_type(&w, "auth code c"), "OK state=ready generation=1");
    assert_string_equal(world_status(&w, "portal"), "acme.bitrix24.com");
}

/* The pair is more precious than what stands beside it. */
static void an_endpoint_without_a_host_costs_no_pair(void **state)
{
    static const char *const endpoints[] = {"https://", "\\u0430.\\u0440\\u0444", "https://127.1/"};

    (void)state;
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        world_set_client(&w);
        w.server.client_endpoint = endpoints[i];
        world_give_code(&w, "c");
        world_assert_begins(world_type(&w, "auth code c"), "OK state=ready generation=1");
        tear_down(NULL);
        set_up(NULL);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_pair_of_another_user_is_dropped),
        TEST(the_user_is_bound_across_restarts),
        TEST(a_pair_of_another_portal_is_dropped),
        TEST(auth_begin_other_user_allows_it_once),
        TEST(other_user_ends_with_the_state),
        TEST(the_portal_names_a_user_that_the_response_lacks),
        TEST(a_user_that_the_portal_confirms_is_accepted),
        TEST(a_user_that_nothing_names_is_refused),
        TEST(the_portal_names_the_user_of_the_first_pair),
        TEST(a_user_has_up_to_40_characters),
        TEST(a_user_that_was_not_stored_is_stored_with_the_next_pair),
        TEST(a_user_that_cannot_be_read_is_refused),
        TEST(a_first_user_is_bound_only_if_it_is_certain),
        TEST(a_first_user_that_cannot_be_read_stays_unknown),
        TEST(a_user_of_an_endpoint_without_room_is_refused),
        TEST(the_user_of_a_refresh_counts_first),
        TEST(a_user_with_a_secret_in_it_is_not_shown),
        TEST(a_response_for_another_portal_is_refused),
        TEST(an_endpoint_with_a_dot_is_of_our_portal),
        TEST(an_endpoint_without_a_host_costs_no_pair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
