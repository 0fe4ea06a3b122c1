/* SPDX-License-Identifier: Apache-2.0 */

/* client_secret_next: tried once when the server refuses client_secret, and promoted if that
 * succeeds. */

#include "tk_account_store.h"
#include "tk_refresh.h"
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

#define OLD  "s3cret"
#define NEXT "n3xt-secret"

static struct tk_account *account(void)
{
    return &w.keeper.accounts.of[0];
}

/* The portal's administrator renews the secret. */
static void renew_secret(const char *secret)
{
    strcpy(w.server.rules.clients[0].secret, secret);
}

static void provision_with_next(void)
{
    world_provision(&w);
    world_assert_begins(world_type(&w, "set client_secret_next " NEXT),
                        "OK client_secret_next_len=11 client_secret_next_sha256=");
}

/* "" if none is stored. */
static const char *next_secret(void)
{
    static char next[TK_SECRET_MAX + 1];

    (void)tk_account_next_secret(account(), next);
    return next;
}

static void assert_secrets(const char *current, const char *next)
{
    assert_string_equal(account()->client.client_secret, current);
    assert_string_equal(next_secret(), next);
}

static unsigned in_history(const char *part)
{
    unsigned count = 0;

    world_type(&w, "history");
    for (const char *at = w.answer; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

static void assert_promoted(void)
{
    assert_secrets(NEXT, "");
    world_assert_state(&w, "ready", "none");
    assert_string_equal(world_status(&w, "said"), "");
    assert_int_equal(world_count_events(&w, "client_secret ref=token event=promoted\n"), 1);
    assert_int_equal(in_history(" event=secret_promoted ref=token\n"), 1);
    world_restart(&w, 1000);
    assert_secrets(NEXT, "");
    assert_int_equal(in_history(" event=secret_promoted ref=token\n"), 1);
}

/* The request for a code is the first. */
static void run_to_grant(unsigned n)
{
    for (unsigned i = 0; i < 27 * MINUTE / 100 && w.server.grants < n; i++)
        world_run(&w, 100);
    assert_int_equal(w.server.grants, n);
}

/* --- a refresh --- */

static void the_next_secret_is_tried_at_once_and_promoted(void **state)
{
    (void)state;
    provision_with_next();
    renew_secret(NEXT);
    world_run(&w, 26 * MINUTE);
    assert_string_equal(world_status(&w, "generation"), "2");
    assert_int_equal(w.server.grants, 3);
    assert_int_equal(world_count_events(&w, "event=raised"), 0);
    assert_promoted();
    world_run(&w, 26 * MINUTE);
    assert_string_equal(world_status(&w, "generation"), "3");
    assert_int_equal(w.server.grants, 4);
}

static void a_current_secret_that_works_stays(void **state)
{
    (void)state;
    provision_with_next();
    world_run(&w, 60 * MINUTE);
    assert_string_equal(world_status(&w, "generation"), "3");
    assert_int_equal(w.server.grants, 3);
    assert_secrets(OLD, NEXT);
    world_restart(&w, 1000);
    assert_secrets(OLD, NEXT);
}

/* Each probe tries it once more: the portal may accept it later. */
static void a_next_secret_that_is_refused_is_kept_and_reported(void **state)
{
    (void)state;
    provision_with_next();
    renew_secret("third");
    world_run(&w, 26 * MINUTE);
    world_assert_state(&w, "blocked", "invalid_client");
    assert_string_equal(world_status(&w, "escalation"), "4");
    assert_int_equal(w.server.grants, 3);
    assert_int_equal(world_count_events(&w, "client_secret ref=token event=refused\n"), 1);
    assert_secrets(OLD, NEXT);
    world_run(&w, HOUR + MINUTE);
    assert_int_equal(w.server.grants, 5);
    renew_secret(NEXT);
    world_run(&w, 2 * HOUR + MINUTE);
    assert_string_equal(world_status(&w, "escalation"), "0");
    assert_promoted();
}

static void set_while_blocked_it_is_tried_within_a_second(void **state)
{
    (void)state;
    world_provision(&w);
    renew_secret(NEXT);
    world_run(&w, 26 * MINUTE);
    world_assert_state(&w, "blocked", "invalid_client");
    world_assert_begins(world_type(&w, "set client_secret_next " NEXT), "OK");
    world_run(&w, 1100);
    assert_string_equal(world_status(&w, "escalation"), "0");
    assert_promoted();
}

/* Only a refusal of the client is about the secret. */
static void no_other_error_tries_it(void **state)
{
    static const char *const codes[] = {"wrong_client", "invalid_grant", "PAYMENT_REQUIRED",
                                        "NOT_INSTALLED", "something_new"};

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        provision_with_next();
        world_run(&w, 11000);
        world_error(&w, codes[i], 400, 1);
        world_assert_begins(world_type(&w, "auth refresh"), "ERR ");
        assert_string_equal(w.last_request[0] == 'P' ? world_status(&w, "said") : "", codes[i]);
        assert_int_equal(w.server.grants, 2);
        assert_secrets(OLD, NEXT);
        tear_down(NULL);
        set_up(NULL);
    }
}

/* The first request to the authorization server was refused; what the second one meets. */
static void second_is_lost(struct server *s, unsigned host, const char *request)
{
    const struct server_fault loses = {.kind = SERVER_LOSES};

    (void)request;
    if (s->hosts[host].role == SERVER_OAUTH)
        server_set_fault(s, SERVER_ALL, &loses);
}

static void second_meets_failing_flash(struct server *s, unsigned host, const char *request)
{
    (void)host;
    (void)request;
    if (s->grants == 3) {
        w.flash.fail_at = w.flash.operations + 1;
        w.flash.fail_until = UINT64_MAX;
    }
}

/* The server took the secret and rotated the pair, and its answer is lost. */
static void a_lost_answer_to_the_next_secret_is_recovered(void **state)
{
    void (*usual)(struct server *, unsigned, const char *) = w.server.on_request;

    (void)state;
    provision_with_next();
    w.server.rules.old_refresh_grace_ms = WORLD_GRACE_MS;
    renew_secret(NEXT);
    w.server.on_request = second_is_lost;
    run_to_grant(3);
    world_assert_state(&w, "retrying", "connection_lost");
    assert_string_equal(world_status(&w, "intent"), "open");
    assert_secrets(OLD, NEXT);
    w.server.on_request = usual;
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 6 * MINUTE);
    assert_true(world_honours_newest(&w));
    assert_promoted();
}

static void if_flash_fails_it_is_promoted_in_ram_and_stored_later(void **state)
{
    void (*usual)(struct server *, unsigned, const char *) = w.server.on_request;

    (void)state;
    provision_with_next();
    renew_secret(NEXT);
    w.server.on_request = second_meets_failing_flash;
    run_to_grant(3);
    assert_true(account()->refresh.unstored);
    assert_string_equal(account()->client.client_secret, NEXT);
    w.server.on_request = usual;
    w.flash.fail_until = 0;
    world_run(&w, 6 * MINUTE);
    assert_true(world_honours_newest(&w));
    assert_promoted();
}

/* Cuts the power in flash operation n of the refresh that promotes the secret. False: it has fewer.
 */
static bool cut_power_in(uint64_t n)
{
    provision_with_next();
    w.server.rules.old_refresh_grace_ms = WORLD_GRACE_MS;
    renew_secret(NEXT);
    world_run(&w, 11000);
    w.dies_with_flash = true;
    w.flash.cut_at = w.flash.operations + n;
    tk_sim_console_feed(&w.port, 0, "@2 auth refresh\n", 16);
    for (unsigned i = 0; i < 200 && !w.flash.off; i++)
        world_run(&w, 10);
    bool was_cut = w.flash.off;

    world_restart(&w, 1000);
    world_run(&w, 27 * MINUTE);
    return was_cut;
}

static void a_power_cut_leaves_the_old_secrets_or_the_new_one(void **state)
{
    uint64_t n = 1;

    (void)state;
    for (bool was_cut = true; was_cut; n++) {
        was_cut = cut_power_in(n);
        world_assert_state(&w, "ready", "none");
        assert_true(world_honours_newest(&w));
        assert_secrets(NEXT, "");
        tear_down(NULL);
        set_up(NULL);
    }
    assert_in_range(n, 4, 100);
}

/* --- a code --- */

static void a_code_is_exchanged_with_it(void **state)
{
    (void)state;
    world_set_client(&w);
    world_type(&w, "set client_secret_next " NEXT);
    renew_secret(NEXT);
    world_give_code(&w, "code1");
    assert_string_equal(world_type(&w, "auth code code1"),
                        "OK state=ready generation=1 expires_in=3600 rest=ok");
    assert_int_equal(w.server.grants, 2);
    assert_promoted();
}

static void a_code_with_two_wrong_secrets_is_refused(void **state)
{
    (void)state;
    provision_with_next();
    renew_secret("third");
    world_give_code(&w, "code2");
    world_assert_begins(world_type(&w, "auth code code2"), "ERR invalid_client");
    assert_int_equal(w.server.grants, 3);
    assert_int_equal(world_count_events(&w, "client_secret ref=token event=refused\n"), 1);
    assert_secrets(OLD, NEXT);
    world_assert_state(&w, "ready", "none");
    world_assert_begins(world_type(&w, "auth code code2"), "ERR code_used");
    renew_secret(NEXT); /* the next code begins with the current one again */
    world_give_code(&w, "code3");
    world_assert_begins(world_type(&w, "auth code code3"), "OK state=ready generation=2");
    assert_promoted();
}

/* --- removal --- */

static void unset_forget_and_deletion_wipe_it(void **state)
{
    (void)state;
    provision_with_next();
    assert_string_equal(world_type(&w, "unset client_secret_next"), "OK client_secret_next=");
    assert_secrets(OLD, "");
    world_type(&w, "set client_secret_next " NEXT);
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    assert_secrets(OLD, "");
    world_type(&w, "set client_secret_next " NEXT);
    assert_string_equal(world_type(&w, "ref del token"), "OK ref=token");
    assert_secrets("", "");
    world_restart(&w, 100);
    assert_secrets("", "");
}

/* While the server still answers the request that has it. */
static void a_next_secret_that_is_unset_meanwhile_is_not_promoted(void **state)
{
    char next[TK_SECRET_MAX + 1];

    (void)state;
    provision_with_next();
    renew_secret(NEXT);
    world_run(&w, 11000);
    world_latency(&w, 5000);
    tk_sim_console_attach(&w.port, 1, true);
    tk_sim_console_feed(&w.port, 1, "@2 auth refresh\n", 16);
    world_run(&w, 6000);
    assert_int_equal(w.server.grants, 3); /* the code, the current secret, the next one */
    assert_string_equal(world_type(&w, "unset client_secret_next"), "OK client_secret_next=");
    world_run(&w, 6000);
    world_assert_state(&w, "ready", "none");
    assert_string_equal(world_status(&w, "generation"), "2");
    assert_secrets(OLD, "");
    assert_int_equal(world_count_events(&w, "event=promoted"), 0);
    assert_ptr_equal(tk_token_secret(account(), true, next), account()->client.client_secret);
}

/* Flash failed while it was promoted, and works again when the pair is forgotten. */
static void forgetting_stores_a_secret_that_was_promoted_in_ram(void **state)
{
    (void)state;
    provision_with_next();
    renew_secret(NEXT);
    w.server.on_request = second_meets_failing_flash;
    run_to_grant(3);
    assert_string_equal(account()->client.client_secret, NEXT);
    world_assert_begins(world_type(&w, "auth forget"), "ERR storage_failed");
    tk_sim_flash_heal(&w.flash);
    world_assert_begins(world_type(&w, "auth forget"), "OK");
    world_restart(&w, 100);
    assert_secrets(NEXT, "");
    world_assert_state(&w, "needs_code", "new");
}

/* --- secrecy --- */

static void it_is_hidden_like_the_current_one(void **state)
{
    char output[512] = "";

    (void)state;
    provision_with_next();
    world_type(&w, "show");
    assert_null(strstr(w.answer, NEXT));
    assert_non_null(strstr(w.answer, "@1 client_secret_next=len=11 sha256="));
    world_assert_begins(world_type(&w, "set client_secret_next"), "ERR need_value");
    world_assert_begins(world_type(&w, "set client_secret_next a b"), "ERR bad_value");
    tk_sim_console_attach(&w.port, 1, true);
    tk_sim_console_feed(&w.port, 1, "set client_secret_next\ranother-one\r", 35);
    world_run(&w, 100);
    output[tk_sim_console_drain(&w.port, 1, output, sizeof output - 1)] = '\0';
    assert_null(strstr(output, "another"));
    assert_non_null(strstr(output, "(11 characters, hidden)"));
    assert_secrets(OLD, "another-one");
}

static void no_server_error_shows_it(void **state)
{
    (void)state;
    provision_with_next();
    world_run(&w, 11000);
    world_error(&w, "say " NEXT, 400, 1);
    world_type(&w, "auth refresh");
    assert_null(strstr(world_status(&w, "said"), NEXT));
    assert_null(strstr(w.events, NEXT));
}

/* The request with client_secret was refused, and that with the next one was not sent. */
static void an_attempt_that_was_not_sent_leaves_no_intent(void **state)
{
    struct tk_account *a = account();

    (void)state;
    provision_with_next();
    world_run(&w, 11000);
    world_latency(&w, 1000);
    world_error(&w, "invalid_client", 401, 0);
    assert_int_equal(tk_refresh_start(a), TK_OK);
    world_run(&w, 500);
    assert_true(a->refresh.intent);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_run(&w, 1000);
    assert_true(a->refresh.with_next_secret);
    world_assert_state(&w, "retrying", "connect_failed");
    assert_status("intent", "none");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_next_secret_is_tried_at_once_and_promoted),
        TEST(a_current_secret_that_works_stays),
        TEST(a_next_secret_that_is_refused_is_kept_and_reported),
        TEST(set_while_blocked_it_is_tried_within_a_second),
        TEST(no_other_error_tries_it),
        TEST(a_lost_answer_to_the_next_secret_is_recovered),
        TEST(if_flash_fails_it_is_promoted_in_ram_and_stored_later),
        TEST(a_power_cut_leaves_the_old_secrets_or_the_new_one),
        TEST(a_code_is_exchanged_with_it),
        TEST(a_code_with_two_wrong_secrets_is_refused),
        TEST(unset_forget_and_deletion_wipe_it),
        TEST(it_is_hidden_like_the_current_one),
        TEST(no_server_error_shows_it),
        TEST(a_next_secret_that_is_unset_meanwhile_is_not_promoted),
        TEST(an_attempt_that_was_not_sent_leaves_no_intent),
        TEST(forgetting_stores_a_secret_that_was_promoted_in_ram),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
