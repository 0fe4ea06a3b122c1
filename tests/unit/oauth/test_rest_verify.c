/* SPDX-License-Identifier: Apache-2.0 */

/* The proof that a token opens something: a portal that moves, that fails for a while, that
 * refuses. core/oauth/errors.md says what follows. */

#include "tk_rest_verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORLD_SEED 11
#include "one_world.h"

#define MINUTE 60000
#define HOUR   (60 * MINUTE)

#define OLD "acme.bitrix24.com"
#define NEW "new.bitrix24.de"

static void assert_status(const char *key, const char *value)
{
    assert_string_equal(world_status(&w, key), value);
}

/* A code becomes a pair; what came of the proof. */
static void provision(const char *rest)
{
    char wanted[80];

    world_set_client(&w);
    world_give_code(&w, "code1");
    snprintf(wanted, sizeof wanted, "OK state=ready generation=1 expires_in=3600 rest=%s", rest);
    assert_string_equal(world_type(&w, "auth code code1"), wanted);
}

static void move(unsigned hop, const char *host, const char *location)
{
    w.server.redirects[hop].host = host;
    w.server.redirects[hop].location = location;
}

/* As `check` does. */
static void prove(void)
{
    tk_rest_verify(&w.keeper.accounts.of[0]);
    world_run(&w, 1000);
}

/* --- a portal that moves --- */

static void assert_moved(void)
{
    assert_status("portal", NEW);
    assert_status("client_endpoint", "https://" NEW "/rest/");
    assert_status("state", "ready");
}

static void a_portal_that_moved_is_followed_and_stored(void **state)
{
    (void)state;
    move(0, OLD, "https://" NEW "/rest/app.info");
    provision("ok");
    assert_string_equal(w.server.last_host, NEW);
    assert_non_null(strstr(w.last_request, "Host: " NEW "\r\n"));
    assert_non_null(strstr(w.last_request, "auth=access1"));
    assert_moved();
    world_restart(&w, 1000);
    assert_moved();
    prove(); /* asks the new one at once */
    assert_string_equal(w.server.last_host, NEW);
}

/* The authorization server learns of the move later than we do. */
static void an_answer_with_the_old_address_does_not_move_it_back(void **state)
{
    (void)state;
    move(0, OLD, "https://" NEW "/");
    provision("ok");
    world_run(&w, 26 * MINUTE);
    assert_status("generation", "2");
    assert_moved();
    world_restart(&w, 1000);
    world_run(&w, 26 * MINUTE);
    assert_status("generation", "3");
    assert_moved();
    world_give_code(&w, "code2");
    world_assert_begins(world_type(&w, "auth code code2"), "OK state=ready generation=4");
    assert_moved();
}

static void an_answer_with_a_new_address_moves_it(void **state)
{
    (void)state;
    provision("ok");
    w.server.client_endpoint = "https:\\/\\/" NEW "\\/rest\\/";
    world_run(&w, 26 * MINUTE);
    assert_status("generation", "2");
    assert_moved();
    world_restart(&w, 1000);
    assert_moved();
}

/* The name before is forgotten with the portal: a code of there is none for another. */
static void another_portal_has_moved_from_nowhere(void **state)
{
    (void)state;
    move(0, OLD, "https://" NEW "/");
    provision("ok");
    world_type(&w, "auth forget");
    world_assert_begins(world_type(&w, "set portal other"), "OK");
    world_give_code(&w, "code2");
    world_assert_begins(world_type(&w, "auth code code2"), "ERR wrong_portal");
}

static void two_hops_are_followed(void **state)
{
    (void)state;
    move(0, OLD, "https://between.bitrix24.com/");
    move(1, "between.bitrix24.com", "https://" NEW "/x?y");
    provision("ok");
    assert_moved();
}

static void assert_unmoved(void)
{
    assert_status("portal", OLD);
    assert_status("client_endpoint", "https://" OLD "/rest/");
    assert_status("state", "ready");
    assert_status("rest", "unreachable");
    assert_status("last_error", "http_redirect");
    world_restart(&w, 1000);
    assert_status("portal", OLD);
}

static void a_third_hop_is_refused_and_nothing_stored(void **state)
{
    (void)state;
    move(0, OLD, "https://a.bitrix24.com/");
    move(1, "a.bitrix24.com", "https://b.bitrix24.com/");
    move(2, "b.bitrix24.com", "https://" NEW "/");
    provision("unreachable");
    assert_string_equal(w.server.last_host, "b.bitrix24.com");
    assert_unmoved();
}

static void a_loop_ends(void **state)
{
    (void)state;
    move(0, OLD, "https://" NEW "/");
    move(1, NEW, "https://" OLD "/");
    provision("unreachable");
    assert_int_equal(w.server.requests, 4);
    assert_unmoved();
}

/* The token goes nowhere then. */
static void a_hostile_redirect_changes_nothing(void **state)
{
    static const char *const locations[] = {
        NULL,
        "",
        "http://" NEW "/rest/app.info",
        "ftp://" NEW "/",
        "javascript:alert(1)//https://x",
        "//" NEW "/rest/app.info",
        "/bitrix/coupon_activation.php",
        "login/index.php",
        NEW,
        "https://",
        "https:///rest/",
        "https://user:password@" NEW "/",
        "https://" NEW ":0/",
        "https://" NEW ":443443/",
        "https://ne w.bitrix24.de/",
        "https://n\x01.bitrix24.de/",
        "https://" OLD "/rest/app.info",
        "HTTPS://ACME.bitrix24.com:443/other/",
        "https://"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com/",
    };

    (void)state;
    for (size_t i = 0; i < sizeof locations / sizeof locations[0]; i++) {
        move(0, OLD, locations[i]);
        provision("unreachable");
        assert_string_equal(w.server.last_host, OLD);
        assert_unmoved();
        end(NULL);
        begin(NULL);
    }
}

static void a_new_address_that_refuses_is_not_stored(void **state)
{
    (void)state;
    move(0, OLD, "https://" NEW "/");
    w.server.rules.paid_plan = false;
    provision("access_denied");
    assert_status("portal", OLD);
    assert_status("client_endpoint", "https://" OLD "/rest/");
}

static void flash_that_fails_moves_in_ram(void **state)
{
    (void)state;
    provision("ok");
    w.flash.off = true;
    move(0, OLD, "https://" NEW "/");
    prove();
    assert_moved();
    w.flash.off = false;
}

static void an_authorization_server_is_not_followed(void **state)
{
    (void)state;
    provision("ok");
    w.fault_status = 302;
    world_fault(&w, WORLD_STATUS, 0);
    world_run(&w, 26 * MINUTE);
    world_assert_state(&w, "retrying", "http_redirect");
    assert_string_equal(w.server.last_host, "oauth.bitrix.info");
}

/* --- a proof that fails --- */

static void what_passes_is_proven_again_soon(void **state)
{
    (void)state;
    w.server.rest_error = "CONNECTION_ERROR";
    provision("unreachable");
    assert_status("last_error", "server_error");
    assert_status("said", "CONNECTION_ERROR");
    assert_int_equal(w.server.checks, 1);
    world_run(&w, 5 * HOUR);
    assert_in_range(w.server.checks, 9, 12); /* 1 + 2 + 4 ... min, then hours */
    assert_status("state", "ready");
    assert_status("escalation", "0");
    w.server.rest_error = NULL;
    world_run(&w, HOUR + MINUTE);
    assert_status("rest", "ok");
    assert_status("last_error", "none");
    unsigned proofs = w.server.checks;

    world_run(&w, 10 * HOUR);
    assert_int_equal(w.server.checks, proofs);
}

static void what_a_person_must_change_is_proven_again_slowly(void **state)
{
    (void)state;
    w.server.rules.paid_plan = false;
    provision("access_denied");
    world_run(&w, 59 * MINUTE);
    assert_int_equal(w.server.checks, 1);
    world_run(&w, 2 * MINUTE);
    assert_int_equal(w.server.checks, 2);
    world_run(&w, 240 * (uint64_t)HOUR);
    assert_in_range(w.server.checks, 10, 15);
    w.server.rules.paid_plan = true;
    world_run(&w, 25 * (uint64_t)HOUR);
    assert_status("rest", "ok");
}

static void a_token_that_is_refused_is_renewed_once(void **state)
{
    (void)state;
    w.server.rest_error = "expired_token";
    provision("access_denied");
    assert_status("last_error", "token_refused");
    while (w.server.refreshes == 0)
        world_run(&w, 1000);
    w.server.rest_error = NULL;
    world_run(&w, 20000);
    assert_status("rest", "ok");
    assert_status("generation", "2");
}

static void a_token_that_stays_refused_is_no_reason_to_go_on_renewing(void **state)
{
    (void)state;
    w.server.rest_error = "invalid_token";
    provision("access_denied");
    world_run(&w, 20 * MINUTE);
    assert_int_equal(w.server.refreshes, 1);
    assert_int_equal(w.server.checks, 2);
    assert_status("state", "ready");
}

static void a_pair_that_is_forgotten_is_not_proven(void **state)
{
    (void)state;
    w.server.rules.paid_plan = false;
    provision("access_denied");
    world_type(&w, "auth forget");
    world_run(&w, 50 * (uint64_t)HOUR);
    assert_int_equal(w.server.checks, 1);
    assert_status("rest", "unknown");
}

/* --- the server's own word --- */

static void a_word_that_nobody_knows_is_shown(void **state)
{
    (void)state;
    provision("ok");
    world_type(&w, "log info");
    world_error(&w, "verification_needed", 401, 0);
    world_run(&w, 15000);
    world_assert_begins(world_type(&w, "auth refresh"), "ERR oauth_error");
    assert_non_null(strstr(w.answer, "@1 said=verification_needed\n"));
    assert_status("said", "verification_needed");
    assert_int_equal(world_count_events(&w, " said=verification_needed\n"), 1);
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, MINUTE);
    assert_status("said", "");
}

static void a_word_is_text_bounded_and_no_secret(void **state)
{
    static const char *const rows[][2] = {
        {"two words", "two words"},
        {"a\\nEVT b\\u001b[2J", "11 characters"},
        {"a\\\\b", "a\\x5cb"},
        {"123456789012345678901234567890123456789012345678901234567890123", "=="},
        {"1234567890123456789012345678901234567890123456789012345678901234", "64 characters"},
        {"s3cret", "6 characters"},
        {"the secret is s3cret", "20 characters"},
        {"refresh1", "8 characters"},
        {"access1", "7 characters"},
        {"efresh1", "7 characters"},
    };

    (void)state;
    provision("ok");
    world_run(&w, 15000);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *want = strcmp(rows[i][1], "==") == 0 ? rows[i][0] : rows[i][1];

        world_error(&w, rows[i][0], 400, 0);
        world_assert_begins(world_type(&w, "auth refresh"), "ERR oauth_error");
        assert_status("said", want);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_portal_that_moved_is_followed_and_stored),
        TEST(an_answer_with_the_old_address_does_not_move_it_back),
        TEST(an_answer_with_a_new_address_moves_it),
        TEST(another_portal_has_moved_from_nowhere),
        TEST(two_hops_are_followed),
        TEST(a_third_hop_is_refused_and_nothing_stored),
        TEST(a_loop_ends),
        TEST(a_hostile_redirect_changes_nothing),
        TEST(a_new_address_that_refuses_is_not_stored),
        TEST(flash_that_fails_moves_in_ram),
        TEST(an_authorization_server_is_not_followed),
        TEST(what_passes_is_proven_again_soon),
        TEST(what_a_person_must_change_is_proven_again_slowly),
        TEST(a_token_that_is_refused_is_renewed_once),
        TEST(a_token_that_stays_refused_is_no_reason_to_go_on_renewing),
        TEST(a_pair_that_is_forgotten_is_not_proven),
        TEST(a_word_that_nobody_knows_is_shown),
        TEST(a_word_is_text_bounded_and_no_secret),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
