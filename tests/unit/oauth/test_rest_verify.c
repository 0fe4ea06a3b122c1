/* SPDX-License-Identifier: Apache-2.0 */

/* Verification of a token by a REST call: portals that move, fail for a while, or refuse. */

#include "tk_rest_verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORLD_SEED 11
#include "one_world.h"
#include "respond.h"

#define MINUTE 60000
#define HOUR   (60 * MINUTE)

#define OLD "acme.bitrix24.com"
#define NEW "new.bitrix24.de"

/* Exchanges a code; rest: the result of the verification, and its error. */
static void provision(const char *rest)
{
    char wanted[120];

    world_set_client(&w);
    world_give_code(&w, "code1");
    snprintf(wanted, sizeof wanted, "OK state=ready generation=1 expires_in=3600 rest=%s", rest);
    assert_string_equal(world_type(&w, "auth code code1"), wanted);
}

static void redirect(unsigned hop, const char *host, const char *location)
{
    w.server.redirects[hop].host = host;
    w.server.redirects[hop].location = location;
}

/* As the command `check` does. */
static void verify(void)
{
    tk_rest_verify(&w.keeper.accounts.of[0]);
    world_run(&w, 1000);
}

/* --- its address --- */

/* The first line of the newest request to the portal. */
static const char *request_line(void)
{
    static char line[200];

    line[0] = '\0';
    for (size_t i = 0; i < TK_SIM_SOCKETS; i++) {
        const struct server_talk *t = &w.server.talks[i];

        if (t->server != NULL && strcmp(w.server.hosts[t->host].name, OLD) == 0)
            snprintf(line, sizeof line, "%.*s", (int)strcspn(t->request, "\r"), t->request);
    }
    return line;
}

/* Whatever the server calls the endpoint (RFC 9112 11.2): one request line, for app.info. */
static void an_endpoint_cannot_write_into_the_request(void **state)
{
    static const struct {
        const char *endpoint, *line;
    } rows[] = {
        {"/rest/", "POST /rest/app.info HTTP/1.1"},
        {"/", "POST /app.info HTTP/1.1"},
        {"./rest/", "POST /rest/app.info HTTP/1.1"},
        {":443/rest", "POST /rest/app.info HTTP/1.1"},
        {":/rest/1/%20/", "POST /rest/1/%20/app.info HTTP/1.1"},
        {"", "POST /app.info HTTP/1.1"},
        {"/rest/?a=b", "POST /rest/app.info HTTP/1.1"},
        {"/rest/#a", "POST /rest/app.info HTTP/1.1"},
        {"?a", "POST /app.info HTTP/1.1"},
        {"/rest/a HTTP/1.1\\r\\nX:/", "POST /rest/app.info HTTP/1.1"},
        {"/x\\r\\n\\r\\nPOST /evil/", "POST /rest/app.info HTTP/1.1"},
        {"/x\\ty/", "POST /rest/app.info HTTP/1.1"},
        {"/x y/", "POST /rest/app.info HTTP/1.1"},
        {"/\\u0430/", "POST /rest/app.info HTTP/1.1"},
        {"/\\u007f/", "POST /rest/app.info HTTP/1.1"},
        {"\\r\\nX: y", "POST /rest/app.info HTTP/1.1"},
    };
    char endpoint[100];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(endpoint, sizeof endpoint, "https://" OLD "%s", rows[i].endpoint);
        w.server.client_endpoint = endpoint;
        provision("ok");
        assert_string_equal(request_line(), rows[i].line);
        tear_down(NULL);
        set_up(NULL);
    }
}

static void its_length_is_in_the_request(void **state)
{
    (void)state;
    provision("ok");
    assert_non_null(strstr(w.last_request, "18\r\n\r\n{\"auth\":\"access1\"}"));
}

/* --- a portal that moves --- */

static void assert_moved(void)
{
    assert_status("portal", NEW);
    assert_status("client_endpoint", "https://" NEW "/rest/");
    assert_status("state", "ready");
}

static void a_moved_portal_is_followed_and_stored(void **state)
{
    (void)state;
    redirect(0, OLD, "https://" NEW "/rest/app.info");
    provision("ok");
    assert_string_equal(w.server.last_host, NEW);
    assert_non_null(strstr(w.last_request, "Host: " NEW "\r\n"));
    assert_non_null(strstr(w.last_request, "{\"auth\":\"access1\"}"));
    assert_moved();
    world_restart(&w, 1000);
    assert_moved();
    assert_status("moved_from", OLD);
    verify(); /* calls the new one at once */
    assert_string_equal(w.server.last_host, NEW);
}

/* The authorization server still names the former host. */
static void a_refresh_with_the_old_name_does_not_move_it_back(void **state)
{
    (void)state;
    redirect(0, OLD, "https://" NEW "/");
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

static void a_refresh_with_a_new_name_moves_it(void **state)
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

static void setting_another_portal_clears_the_former_name(void **state)
{
    (void)state;
    redirect(0, OLD, "https://" NEW "/");
    provision("ok");
    world_type(&w, "auth forget");
    world_assert_begins(world_type(&w, "set portal other"), "OK");
    world_give_code(&w, "code2");
    world_assert_begins(world_type(&w, "auth code code2"), "ERR wrong_portal");
}

static void two_redirects_are_followed(void **state)
{
    (void)state;
    redirect(0, OLD, "https://between.bitrix24.com/");
    redirect(1, "between.bitrix24.com", "https://" NEW "/x?y");
    provision("ok");
    assert_moved();
}

static void assert_unmoved(void)
{
    assert_status("portal", OLD);
    assert_status("client_endpoint", "https://" OLD "/rest/");
    assert_status("state", "ready");
    assert_status("rest", "unreachable");
    assert_status("rest_error", "http_redirect");
    assert_status("last_error", "http_redirect");
    world_restart(&w, 1000);
    assert_status("portal", OLD);
}

static void a_third_redirect_is_refused_and_nothing_stored(void **state)
{
    (void)state;
    redirect(0, OLD, "https://a.bitrix24.com/");
    redirect(1, "a.bitrix24.com", "https://b.bitrix24.com/");
    redirect(2, "b.bitrix24.com", "https://" NEW "/");
    provision("unreachable rest_error=http_redirect");
    assert_string_equal(w.server.last_host, "b.bitrix24.com");
    assert_unmoved();
}

static void a_redirect_loop_ends(void **state)
{
    (void)state;
    redirect(0, OLD, "https://" NEW "/");
    redirect(1, NEW, "https://" OLD "/");
    provision("unreachable rest_error=http_redirect");
    assert_int_equal(w.server.requests, 4);
    assert_unmoved();
}

/* The token is not sent. */
static void a_hostile_redirect_changes_nothing(void **state)
{
    static const char *const locations[] = {
        NULL,
        "",
        "http://" NEW "/rest/app.info",
        "ftp://" NEW "/",
        "javascript:alert(1)//https://x",
        "//" NEW "\\@" OLD "/rest/app.info",
        "login?back=https://" NEW "/",
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
        redirect(0, OLD, locations[i]);
        provision("unreachable rest_error=http_redirect");
        assert_string_equal(w.server.last_host, OLD);
        assert_unmoved();
        tear_down(NULL);
        set_up(NULL);
    }
}

static void a_new_name_that_refuses_is_not_stored(void **state)
{
    (void)state;
    redirect(0, OLD, "https://" NEW "/");
    w.server.rules.paid_plan = false;
    provision("access_denied rest_error=access_denied");
    assert_status("portal", OLD);
    assert_status("client_endpoint", "https://" OLD "/rest/");
}

static void if_flash_fails_the_move_is_in_ram(void **state)
{
    (void)state;
    provision("ok");
    w.flash.off = true;
    redirect(0, OLD, "https://" NEW "/");
    verify();
    assert_moved();
    w.flash.off = false;
}

static void redirects_of_the_authorization_server_are_not_followed(void **state)
{
    (void)state;
    provision("ok");
    w.fault_status = 302;
    world_fault(&w, WORLD_STATUS, 0);
    world_run(&w, 26 * MINUTE);
    world_assert_state(&w, "retrying", "http_redirect");
    assert_string_equal(w.server.last_host, "oauth.bitrix.info");
}

/* --- a verification that fails --- */

static void after_a_transient_error_it_is_repeated_soon(void **state)
{
    (void)state;
    w.server.rest_error = "CONNECTION_ERROR";
    provision("unreachable rest_error=server_error");
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
    assert_status("rest_error", "none");
    assert_status("last_error", "none");
    unsigned proofs = w.server.checks;

    world_run(&w, 10 * HOUR);
    assert_int_equal(w.server.checks, proofs);
}

static struct tk_account *account(void)
{
    return &w.keeper.accounts.of[0];
}

/* As the request reports it. */
static void ends_with(enum tk_err err)
{
    static struct tk_http http;

    respond(&http, 200, "{\"result\":{}}");
    account()->rest.request.done(&account()->rest.request, err, err == TK_OK ? &http : NULL);
}

/* What a refresh met stays. */
static void a_good_call_ends_its_own_error_only(void **state)
{
    (void)state;
    provision("ok");
    tk_account_set_error(account(), TK_E_TIMEOUT);
    ends_with(TK_E_CONNECT_FAILED);
    assert_int_equal(account()->last_error, TK_E_CONNECT_FAILED);
    ends_with(TK_OK);
    assert_int_equal(account()->last_error, TK_OK);
    ends_with(TK_E_CONNECT_FAILED);
    tk_account_set_error(account(), TK_E_TIMEOUT);
    ends_with(TK_OK);
    assert_int_equal(account()->last_error, TK_E_TIMEOUT);
}

/* It is of more use than a good call; an error of the call is newer. */
static void what_a_refresh_met_is_shown_until_a_call_fails(void **state)
{
    struct tk_account *a = account();

    (void)state;
    provision("ok");
    for (a->refresh.failures = 2; a->refresh.failures > 0; a->refresh.failures--) {
        strcpy(a->server_error, "of_a_refresh");
        ends_with(TK_OK);
        assert_string_equal(a->server_error, "of_a_refresh");
        ends_with(TK_E_CONNECT_FAILED);
        assert_string_equal(a->server_error, "");
    }
    strcpy(a->server_error, "of_a_call");
    ends_with(TK_OK);
    assert_string_equal(a->server_error, "");
}

static void a_token_is_sent_until_its_last_second(void **state)
{
    struct tk_account *a = account();

    (void)state;
    for (unsigned left_s = 0; left_s < 2; left_s++) {
        provision("ok");
        ends_with(TK_E_CONNECT_FAILED);
        a->expires_ms = a->rest.timer.due_ms + left_s * 1000;
        world_run(&w, MINUTE + 10);
        assert_int_equal(w.server.checks, 1 + left_s);
        tear_down(NULL);
        set_up(NULL);
    }
}

static void a_start_and_a_stop_end_the_wait_for_the_next_call(void **state)
{
    static void (*const ends[])(struct tk_account *) = {tk_rest_verify, tk_rest_verify_stop};

    (void)state;
    provision("ok");
    for (size_t i = 0; i < 2; i++) {
        ends_with(TK_E_CONNECT_FAILED);
        assert_true(account()->rest.timer.due_ms != TK_NEVER);
        ends[i](account());
        assert_true(account()->rest.timer.due_ms == TK_NEVER);
    }
}

static void failures_are_counted_up_to_255(void **state)
{
    const struct tk_rest *r = &account()->rest;

    (void)state;
    provision("ok");
    assert_int_equal(r->failures, 0);
    ends_with(TK_E_CONNECT_FAILED);
    assert_int_equal(r->failures, 1);
    assert_true(r->timer.due_ms == w.port.now_ms + MINUTE);
    account()->rest.failures = 254;
    ends_with(TK_E_CONNECT_FAILED);
    assert_int_equal(r->failures, 255);
    ends_with(TK_E_CONNECT_FAILED);
    assert_int_equal(r->failures, 255);
    assert_true(r->timer.due_ms == w.port.now_ms + HOUR);
    ends_with(TK_OK);
    assert_int_equal(r->failures, 0);
    assert_true(r->timer.due_ms == w.port.now_ms + 24 * HOUR);
}

/* A user who is dismissed meanwhile is noticed within a day. */
static void a_good_verification_is_repeated_daily(void **state)
{
    (void)state;
    provision("ok");
    unsigned before = w.server.checks;

    world_run(&w, 23 * HOUR);
    assert_int_equal(w.server.checks, before);
    w.server.rest_error = "authorization_error";
    world_run(&w, 2 * HOUR);
    assert_int_equal(w.server.checks, before + 1);
    world_assert_state(&w, "blocked", "user_refused");
}

static void after_a_refusal_it_is_repeated_slowly(void **state)
{
    (void)state;
    w.server.rules.paid_plan = false;
    provision("access_denied rest_error=access_denied");
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

static void a_refused_token_is_refreshed_once(void **state)
{
    (void)state;
    w.server.rest_error = "expired_token";
    provision("access_denied rest_error=token_refused");
    assert_status("last_error", "token_refused");
    while (w.server.refreshes == 0)
        world_run(&w, 1000);
    w.server.rest_error = NULL;
    world_run(&w, 20000);
    assert_status("rest", "ok");
    assert_status("generation", "2");
}

static void a_token_that_stays_refused_is_not_refreshed_again(void **state)
{
    (void)state;
    w.server.rest_error = "invalid_token";
    provision("access_denied rest_error=token_refused");
    world_run(&w, 20 * MINUTE);
    assert_int_equal(w.server.refreshes, 1);
    assert_int_equal(w.server.checks, 2);
    assert_status("state", "ready");
}

static void a_forgotten_pair_is_not_verified(void **state)
{
    (void)state;
    w.server.rules.paid_plan = false;
    provision("access_denied rest_error=access_denied");
    world_type(&w, "auth forget");
    world_run(&w, 50 * (uint64_t)HOUR);
    assert_int_equal(w.server.checks, 1);
    assert_status("rest", "unknown");
}

static void a_portal_that_cannot_be_reached_is_called_again(void **state)
{
    struct server_fault x = {.kind = SERVER_REFUSES};

    (void)state;
    server_set_fault(&w.server, server_hosts(&w.server, SERVER_PORTAL), &x);
    provision("unreachable rest_error=connect_failed");
    x.kind = SERVER_WELL;
    server_set_fault(&w.server, server_hosts(&w.server, SERVER_PORTAL), &x);
    world_run(&w, 2 * MINUTE);
    assert_status("rest", "ok");
}

/* A call with it would say nothing. */
static void a_token_that_has_expired_is_not_sent(void **state)
{
    struct server_fault x = {.kind = SERVER_REFUSES};

    (void)state;
    w.server.rules.paid_plan = false;
    provision("access_denied rest_error=access_denied");
    server_set_fault(&w.server, server_hosts(&w.server, SERVER_OAUTH), &x);
    world_run(&w, 59 * MINUTE);
    assert_int_equal(w.server.checks, 1);
    world_run(&w, 4 * HOUR);
    assert_in_range(w.server.checks, 1, 2); /* the second within the token's last minute, at most */
    x.kind = SERVER_WELL;
    server_set_fault(&w.server, server_hosts(&w.server, SERVER_OAUTH), &x);
    w.server.rules.paid_plan = true;
    world_run(&w, 3 * HOUR);
    assert_status("rest", "ok");
}

/* What a build stores is a URL. */
static void an_endpoint_on_flash_that_is_no_url_is_not_called(void **state)
{
    static const char info[] = "https://" OLD " /rest/\0m\0001\0crm";

    (void)state;
    provision("ok");
    assert_int_equal(tk_storage_put(&w.keeper.rt.storage, tk_account_key(0, TK_KEY_GRANT_INFO),
                                    info, sizeof info),
                     TK_OK);
    world_restart(&w, 1000);
    unsigned requests = w.server.requests;

    verify();
    assert_status("rest_error", "rest_insecure");
    assert_int_equal(w.server.requests, requests);
    world_assert_begins(world_type(&w, "check"), "ERR");
    world_run(&w, 26 * MINUTE); /* the next pair brings another */
    verify();
    assert_status("rest", "ok");
}

/* --- what `check` says without a way to a new token --- */

static void check_of_a_revoked_pair_asks_for_an_authorization(void **state)
{
    (void)state;
    w.port.system = true; /* an address */
    provision("ok");
    world_run(&w, 15000);
    world_error(&w, "invalid_grant", 400, 1);
    world_assert_begins(world_type(&w, "auth refresh"), "ERR invalid_grant");
    world_assert_begins(world_type(&w, "check"), "OK"); /* the access token is still valid */
    w.server.rest_error = "expired_token";
    world_assert_begins(world_type(&w, "check"), "ERR needs_code");
    assert_non_null(strstr(w.answer, "@1 rest=needs_code authorization required; type auth begin"));
    world_run(&w, HOUR);
    world_assert_begins(world_type(&w, "check"), "ERR needs_code");
    world_type(&w, "auth forget");
    world_assert_begins(world_type(&w, "check"), "OK");
}

/* --- a user who was dismissed --- */

static void a_refused_user_blocks_until_the_portal_accepts_a_call(void **state)
{
    (void)state;
    provision("ok");
    w.server.rest_error = "authorization_error";
    verify();
    world_assert_state(&w, "blocked", "user_refused");
    assert_status("escalation", "4");
    assert_non_null(strstr(world_status(&w, "action"), "auth begin"));
    world_run(&w, 26 * MINUTE);
    assert_status("generation", "2"); /* the authorization server may not know yet */
    world_assert_state(&w, "blocked", "user_refused");
    assert_status("escalation", "4");
    assert_int_equal(world_count_events(&w, "event=raised"), 1);
    w.server.rest_error = NULL;
    world_run(&w, 61 * MINUTE);
    world_assert_state(&w, "ready", "none");
    assert_status("escalation", "0");
}

static void another_user_ends_the_refusal(void **state)
{
    (void)state;
    provision("ok");
    w.server.rest_error = "authorization_error";
    verify();
    w.server.rest_error = "CONNECTION_ERROR"; /* the portal cannot be asked */
    world_give_code(&w, "code2");
    world_assert_begins(world_type(&w, "auth code code2"), "OK state=ready generation=2");
    assert_status("escalation", "0");
    w.server.rest_error = "authorization_error";
    verify();
    world_assert_state(&w, "blocked", "user_refused");
    world_type(&w, "auth forget");
    world_assert_state(&w, "needs_code", "new");
    assert_status("escalation", "0");
}

/* --- the server's error code --- */

static void an_unknown_error_code_is_shown(void **state)
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_moved_portal_is_followed_and_stored),
        TEST(a_refresh_with_the_old_name_does_not_move_it_back),
        TEST(a_refresh_with_a_new_name_moves_it),
        TEST(setting_another_portal_clears_the_former_name),
        TEST(two_redirects_are_followed),
        TEST(a_third_redirect_is_refused_and_nothing_stored),
        TEST(a_redirect_loop_ends),
        TEST(an_endpoint_cannot_write_into_the_request),
        TEST(its_length_is_in_the_request),
        TEST(a_hostile_redirect_changes_nothing),
        TEST(a_new_name_that_refuses_is_not_stored),
        TEST(if_flash_fails_the_move_is_in_ram),
        TEST(redirects_of_the_authorization_server_are_not_followed),
        TEST(after_a_transient_error_it_is_repeated_soon),
        TEST(a_good_call_ends_its_own_error_only),
        TEST(what_a_refresh_met_is_shown_until_a_call_fails),
        TEST(a_token_is_sent_until_its_last_second),
        TEST(a_start_and_a_stop_end_the_wait_for_the_next_call),
        TEST(failures_are_counted_up_to_255),
        TEST(a_good_verification_is_repeated_daily),
        TEST(after_a_refusal_it_is_repeated_slowly),
        TEST(a_refused_token_is_refreshed_once),
        TEST(a_token_that_stays_refused_is_not_refreshed_again),
        TEST(a_forgotten_pair_is_not_verified),
        TEST(check_of_a_revoked_pair_asks_for_an_authorization),
        TEST(a_refused_user_blocks_until_the_portal_accepts_a_call),
        TEST(another_user_ends_the_refusal),
        TEST(an_unknown_error_code_is_shown),
        TEST(a_portal_that_cannot_be_reached_is_called_again),
        TEST(a_token_that_has_expired_is_not_sent),
        TEST(an_endpoint_on_flash_that_is_no_url_is_not_called),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
