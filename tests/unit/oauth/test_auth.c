/* SPDX-License-Identifier: Apache-2.0 */

/* The authorization URL, the exchange of a code for a pair, and the choice of the authorization
 * host. */

#include "tk_auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"
#include "tk_account_set.h"
#include "tk_rest_verify.h"

#define MINUTE 60000

/* `auth code` with the redirect URL. */
static void write_redirect(char line[256], const char *code, const char *more)
{
    snprintf(line, 256, "auth code http://localhost:7000/?code=%s&state=%s%s", code,
             w.keeper.accounts.of[0].auth.state, more);
}

/* --- provisioning --- */

static void a_blank_gateway_names_the_missing_setting(void **state)
{
    (void)state;
    world_assert_state(&w, "no_client", "portal_missing");
    world_type(&w, "set portal acme");
    world_assert_state(&w, "no_client", "client_id_missing");
    world_type(&w, "set client_id local.1");
    world_assert_state(&w, "no_client", "client_secret_missing");
    world_type(&w, "set client_secret s3cret");
    world_assert_state(&w, "needs_code", "new");
    world_assert_begins(world_type(&w, "token"), "ERR needs_code");
}

static void a_code_is_exchanged_and_its_token_verified(void **state)
{
    (void)state;
    world_provision(&w);
    world_assert_state(&w, "ready", "none");
    assert_string_equal(world_status(&w, "rest"), "ok");
    assert_int_equal(w.server.checks, 1);
    world_assert_begins(world_type(&w, "token"),
                        "OK access_token=access1 expires_in=3600 generation=1");
}

static void assert_no_code_in_ram(void)
{
    const struct tk_auth *auth = &w.keeper.accounts.of[0].auth;

    for (size_t i = 0; i < sizeof auth->code; i++)
        assert_int_equal(auth->code[i], '\0');
    for (size_t i = 0; i < sizeof auth->refresh_token; i++)
        assert_int_equal(auth->refresh_token[i], '\0');
}

static void after_an_exchange_only_the_pair_is_left(void **state)
{
    (void)state;
    world_set_client(&w);
    world_type(&w, "auth begin");
    world_give_code(&w, "code1");
    world_assert_begins(world_type(&w, "auth code code1"), "OK state=ready");
    assert_no_code_in_ram();
    assert_true(w.keeper.accounts.of[0].auth.preconnect_timer.due_ms == TK_NEVER);
    world_type(&w, "history");
    assert_non_null(strstr(w.answer, " event=exchanged ref=token\n"));
}

static void the_scope_of_the_former_grant_ends_with_it(void **state)
{
    (void)state;
    world_provision(&w);
    assert_string_equal(world_status(&w, "scope_granted"), "crm,user");
    w.fault_word = "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"user_id\":1}";
    world_fault(&w, WORLD_BODY, 1);
    world_assert_begins(world_type(&w, "auth code c"), "OK state=ready generation=2");
    assert_string_equal(world_status(&w, "scope_granted"), "");
}

static void a_portal_without_a_paid_plan_is_reported(void **state)
{
    (void)state;
    w.server.rules.paid_plan = false;
    world_set_client(&w);
    world_give_code(&w, "c");
    assert_string_equal(world_type(&w, "auth code c"),
                        "OK state=ready generation=1 expires_in=3600 rest=access_denied "
                        "rest_error=access_denied");
}

static void a_rejected_code_leaves_the_pair_as_it_was(void **state)
{
    (void)state;
    world_provision(&w);
    world_assert_begins(world_type(&w, "auth code wrong"), "ERR code_rejected");
    world_assert_state(&w, "ready", "none");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1");
    world_run(&w, 30 * MINUTE);
    assert_string_equal(world_status(&w, "generation"), "2");
}

static void a_code_that_was_sent_is_refused_after_a_restart_too(void **state)
{
    (void)state;
    world_provision(&w);
    world_assert_begins(world_type(&w, "auth code code1"), "ERR code_used");
    world_restart(&w, 1000);
    world_assert_begins(world_type(&w, "auth code code1"), "ERR code_used");
    assert_int_equal(w.server.exchanges, 1);
}

static void a_code_that_could_not_be_sent_ends_after_25_s_unused(void **state)
{
    (void)state;
    world_set_client(&w);
    world_give_code(&w, "c");
    world_fault(&w, WORLD_UNREACHABLE, 0);
    uint64_t before = w.port.now_ms;

    world_assert_begins(world_type(&w, "auth code c"), "ERR code_expired");
    assert_in_range(w.port.now_ms - before, 24000, 24999); /* no try begins at 25 s */
    assert_int_equal(tk_auth_send_error(&w.keeper.accounts.of[0]), TK_E_CONNECT_FAILED);
    world_fault(&w, WORLD_WELL, 0);
    world_assert_begins(world_type(&w, "auth code c"), "OK state=ready");
}

static void network_returns(struct tk_port *port, struct tk_sim_alarm *alarm)
{
    (void)port;
    (void)alarm;
    world_fault(&w, WORLD_WELL, 0);
}

static void a_code_waits_for_the_network(void **state)
{
    struct tk_sim_alarm alarm = {.at_ms = w.port.now_ms + 8000, .run = network_returns};

    (void)state;
    world_set_client(&w);
    world_give_code(&w, "c");
    world_fault(&w, WORLD_UNREACHABLE, 0);
    tk_sim_add_alarm(&w.port, &alarm);
    world_assert_begins(world_type(&w, "auth code c"), "OK state=ready");
    assert_true(w.port.connections_begun > 3);
}

/* The code itself was not sent yet. */
static void what_ends_a_second_later_costs_no_code(void **state)
{
    static const struct server_fault faults[] = {
        {.kind = SERVER_NO_NAME},
        {.kind = SERVER_REFUSES},
        {.kind = SERVER_HANDSHAKE, .handshake = TK_E_CONN_LOST}};

    static const char *const codes[] = {"c1", "c2", "c3"};
    char line[32];

    (void)state;
    world_set_client(&w);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct tk_sim_alarm alarm = {.at_ms = w.port.now_ms + 3500, .run = network_returns};
        uint64_t before = w.port.now_ms;

        server_set_fault(&w.server, SERVER_ALL, &faults[i]);
        tk_sim_add_alarm(&w.port, &alarm);
        world_give_code(&w, codes[i]);
        snprintf(line, sizeof line, "auth code %s", codes[i]);
        world_assert_begins(world_type(&w, line), "OK state=ready");
        assert_in_range(w.port.now_ms - before, 3500, 5000);
    }
}

static void what_stays_is_reported_at_once(void **state)
{
    uint64_t before = w.port.now_ms;

    (void)state;
    world_set_client(&w);
    world_fault(&w, WORLD_UNTRUSTED, 0);
    world_assert_begins(world_type(&w, "auth code c"), "ERR tls_untrusted");
    assert_in_range(w.port.now_ms - before, 0, 900);
    world_fault(&w, WORLD_WELL, 0);
    world_give_code(&w, "c");
    world_assert_begins(world_type(&w, "auth code c"), "OK state=ready");
}

static void an_unanswered_exchange_ends_within_25_s(void **state)
{
    (void)state;
    world_set_client(&w);
    world_fault(&w, WORLD_SILENT, 0);
    uint64_t before = w.port.now_ms;

    world_assert_begins(world_type(&w, "auth code c"), "ERR code_unanswered");
    assert_in_range(w.port.now_ms - before, 24000, 25000);
}

static void a_code_is_exchanged_in_every_state(void **state)
{
    static const struct {
        const char *word;
        const char *expected;
    } bad[] = {{"invalid_client", "blocked"}, {"invalid_grant", "needs_code"}, {"odd", "retrying"}};

    (void)state;
    world_provision(&w);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char line[32], code[16];

        world_error(&w, bad[i].word, 400, 0);
        world_run(&w, 30 * MINUTE);
        assert_string_equal(world_status(&w, "state"), bad[i].expected);
        world_fault(&w, WORLD_WELL, 0);
        snprintf(code, sizeof code, "again%zu", i);
        snprintf(line, sizeof line, "auth code %s", code);
        world_give_code(&w, code);
        world_assert_begins(world_type(&w, line), "OK state=ready");
        assert_string_equal(world_status(&w, "escalation"), "0");
    }
}

static void the_redirect_must_carry_the_state_of_the_url(void **state)
{
    char line[256];

    (void)state;
    world_set_client(&w);
    assert_string_equal(world_type(&w, "auth begin"), "OK");
    assert_non_null(strstr(w.answer, "@1 warm=yes\n"));
    assert_non_null(
        strstr(w.answer, "url=https://acme.bitrix24.com/oauth/authorize/?client_id=local.1&"));
    world_give_code(&w, "c");
    world_assert_begins(world_type(&w, "auth code http://localhost:7000/?code=c&state=other"),
                        "ERR wrong_state");
    world_assert_begins(world_type(&w, "auth code http://localhost:7000/?code=c"),
                        "ERR wrong_state");
    write_redirect(line, "c", "&state=other"); /* beside ours */
    world_assert_begins(world_type(&w, line), "ERR wrong_state");
    write_redirect(line, "c", "&domain=other.bitrix24.com");
    world_assert_begins(world_type(&w, line), "ERR wrong_domain");
    assert_int_equal(w.server.requests, 0);
    world_run(&w, 14 * MINUTE);
    world_give_code(&w, "c");
    write_redirect(line, "c", "&domain=acme.bitrix24.com");
    world_assert_begins(world_type(&w, line), "OK state=ready");
}

/* Its port counts only where it is named. */
static void a_domain_that_is_no_host_is_not_ours(void **state)
{
    static const char *const rows[][2] = {{"&domain=a%20b", "ERR wrong_domain"},
                                          {"&domain=acme.bitrix24.com:8443", "ERR wrong_domain"},
                                          {"&domain=acme.bitrix24.com:443", "OK state=ready"}};
    char line[256];

    (void)state;
    world_set_client(&w);
    world_type(&w, "auth begin");
    world_give_code(&w, "c");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_redirect(line, "c", rows[i][0]);
        world_assert_begins(world_type(&w, line), rows[i][1]);
    }
}

static void without_random_numbers_there_is_no_state(void **state)
{
    (void)state;
    world_set_client(&w);
    w.port.unseeded = true;
    world_assert_begins(world_type(&w, "auth begin"), "ERR not_seeded");
    assert_string_equal(tk_auth_state(&w.keeper.accounts.of[0]), "");
    w.port.unseeded = false;
    assert_string_equal(world_type(&w, "auth begin"), "OK");
}

static void a_redirect_that_was_used_is_reported_as_code_used(void **state)
{
    char line[256];

    (void)state;
    world_provision(&w);
    world_type(&w, "auth begin");
    world_give_code(&w, "c");
    write_redirect(line, "c", "");
    world_assert_begins(world_type(&w, line), "OK state=ready generation=2");
    world_assert_begins(world_type(&w, line), "ERR code_used"); /* and not wrong_state */
}

static void auth_begin_keeps_a_connection_open_for_10_minutes(void **state)
{
    (void)state;
    world_set_client(&w);
    assert_string_equal(world_type(&w, "auth begin"), "OK");
    for (int minute = 1; minute < 10; minute++) {
        world_run(&w, 60000);
        if (!tk_auth_is_connected(&w.keeper.accounts.of[0]))
            world_run(&w, 4000); /* 120 s each; checked every 2 s */
        assert_true(tk_auth_is_connected(&w.keeper.accounts.of[0]));
    }
    world_run(&w, 4 * 60000);
    assert_false(tk_auth_is_connected(&w.keeper.accounts.of[0]));
    assert_int_equal(w.server.requests, 0);
}

static void the_10_minutes_end_to_the_millisecond(void **state)
{
    const struct tk_auth *auth = &w.keeper.accounts.of[0].auth;

    (void)state;
    world_set_client(&w);
    assert_string_equal(world_type(&w, "auth begin"), "OK");
    world_run(&w, auth->preconnect_until_ms - w.port.now_ms - 1);
    assert_true(auth->preconnect_timer.due_ms != TK_NEVER);
    world_run(&w, 1);
    assert_true(auth->preconnect_timer.due_ms == TK_NEVER);
}

static void cancelling_ends_the_connection_that_is_opened(void **state)
{
    struct tk_account *a = &w.keeper.accounts.of[0];

    (void)state;
    world_set_client(&w);
    assert_int_equal(tk_auth_begin(a, false), TK_OK);
    assert_true(tk_https_active(&a->auth.preconnect_request));
    tk_auth_cancel(a);
    assert_false(tk_https_active(&a->auth.preconnect_request));
    assert_true(a->auth.preconnect_timer.due_ms == TK_NEVER);
}

/* Its only connection carries an exchange. */
static void a_busy_connection_is_not_reported_as_warm(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 60000);
    world_fault(&w, WORLD_SILENT, 0);
    tk_sim_console_attach(&w.port, 1, true);
    tk_sim_console_feed(&w.port, 1, "@2 auth code second\n", 20);
    world_run(&w, 1000);
    assert_string_equal(world_type(&w, "auth begin"), "OK");
    assert_non_null(strstr(w.answer, "@1 warm=no\n"));
}

static void assert_no_address_is_accepted(const char *address)
{
    char line[300];

    snprintf(line, sizeof line, "auth code %s", address);
    world_assert_begins(world_type(&w, line), "ERR wrong_state");
    snprintf(line, sizeof line, "auth code %.*s", (int)strcspn(address, "&"), address);
    world_assert_begins(world_type(&w, line), "ERR wrong_state");
    snprintf(line, sizeof line, "auth code %.*s&state=", (int)strcspn(address, "&"), address);
    world_assert_begins(world_type(&w, line), "ERR wrong_state");
}

/* On a blank gateway and on a ready one, whose pair stays. */
static void without_auth_begin_no_address_is_accepted(void **state)
{
    static const char address[] =
        "http://localhost:7000/?code=c&state=00000000000000000000000000000000";

    (void)state;
    world_set_client(&w);
    world_give_code(&w, "c");
    assert_no_address_is_accepted(address);
    world_provision(&w);
    world_give_code(&w, "c");
    assert_no_address_is_accepted(address);
    assert_int_equal(w.server.exchanges, 1);
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
}

static const char *begin(const char *code)
{
    static char line[256];

    assert_string_equal(world_type(&w, "auth begin"), "OK");
    world_give_code(&w, code);
    write_redirect(line, code, "");
    return line;
}

static void a_state_ends_after_15_minutes(void **state)
{
    (void)state;
    world_set_client(&w);
    const char *line = begin("c");

    world_run(&w, 15 * MINUTE);
    world_give_code(&w, "c");
    world_assert_begins(world_type(&w, line), "ERR wrong_state");
    assert_string_equal(tk_auth_state(&w.keeper.accounts.of[0]), "");
    world_assert_begins(world_type(&w, "auth code http://localhost:7000/?code=c"),
                        "ERR wrong_state");
}

static void a_state_ends_at_a_restart(void **state)
{
    (void)state;
    world_set_client(&w);
    const char *line = begin("c");

    world_restart(&w, 1000);
    world_assert_begins(world_type(&w, line), "ERR wrong_state");
}

static void a_state_ends_when_the_client_changes(void **state)
{
    static const char *const changes[] = {"set portal other", "set client_id local.2",
                                          "unset portal", "unset client_id"};

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        world_set_client(&w);
        const char *line = begin("c");

        world_assert_begins(world_type(&w, changes[i]), "OK");
        assert_string_equal(tk_auth_state(&w.keeper.accounts.of[0]), "");
        world_set_client(&w);
        world_assert_begins(world_type(&w, line), "ERR wrong_state");
    }
    assert_int_equal(w.server.exchanges, 0);
}

/* Also of a code that the server refuses. */
static void a_state_ends_with_its_first_use(void **state)
{
    char line[256];

    (void)state;
    world_provision(&w);
    world_type(&w, "auth begin");
    write_redirect(line, "wrong", "");
    world_assert_begins(world_type(&w, line), "ERR code_rejected");
    world_give_code(&w, "other");
    memcpy(strstr(line, "wrong"), "other", 5);
    world_assert_begins(world_type(&w, line), "ERR wrong_state");
}

/* --- cancelling --- */

/* Typed by two operators: the answer to the first must not be OK. */
static void auth_forget_cancels_an_exchange(void **state)
{
    (void)state;
    world_provision(&w);
    world_fault(&w, WORLD_SILENT, 0);
    tk_sim_console_attach(&w.port, 1, true);
    tk_sim_console_feed(&w.port, 1, "@2 auth code second\n", 20);
    world_run(&w, 1000);
    world_fault(&w, WORLD_WELL, 0);
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    world_run(&w, 1000);
    char output[1024] = "";

    tk_sim_console_drain(&w.port, 1, output, sizeof output - 1);
    assert_non_null(strstr(output, "@2 ERR cancelled "));
    assert_null(strstr(output, "@2 OK"));
}

static void a_state_is_accepted_once(void **state)
{
    char line[256];

    (void)state;
    world_provision(&w);
    world_type(&w, "auth begin");
    world_give_code(&w, "second");
    write_redirect(line, "second", "");
    world_assert_begins(world_type(&w, line), "OK state=ready");
    world_give_code(&w, "third");
    memcpy(strstr(line, "second"), "third&", 6);
    world_assert_begins(world_type(&w, line), "ERR wrong_state");
}

static void ctrl_c_cancels_an_exchange_that_was_not_sent(void **state)
{
    (void)state;
    world_provision(&w);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_give_code(&w, "second");
    tk_sim_console_attach(&w.port, 1, true);
    tk_sim_console_feed(&w.port, 1, "@2 auth code second\n", 20);
    world_run(&w, 2000);
    assert_true(tk_account_exchanging(&w.keeper.accounts.of[0]));
    tk_sim_console_feed(&w.port, 1, "\x03", 1);
    world_run(&w, 100);
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 25000);
    assert_int_equal(w.server.exchanges, 1);
    world_assert_begins(world_type(&w, "auth code second"), "OK state=ready generation=2");
}

static void a_code_that_waits_for_its_next_try_is_cancelled(void **state)
{
    struct tk_account *a = &w.keeper.accounts.of[0];

    (void)state;
    world_set_client(&w);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    assert_int_equal(tk_auth_code(a, "c"), TK_OK);
    world_run(&w, 500);
    assert_true(a->auth.retry_timer.due_ms != TK_NEVER);
    tk_auth_cancel(a);
    assert_true(a->auth.retry_timer.due_ms == TK_NEVER);
    assert_no_code_in_ram();
}

static void a_second_verification_replaces_the_first(void **state)
{
    const struct tk_request *r = &w.keeper.accounts.of[0].rest.request;
    unsigned count = 0;

    (void)state;
    world_provision(&w);
    world_latency(&w, 5000);
    for (int i = 0; i < 2; i++) {
        tk_rest_verify(&w.keeper.accounts.of[0]);
        world_run(&w, 100);
    }
    for (size_t i = 0; i < TK_CONNECTIONS; i++)
        count += w.keeper.rt.https.connections[i].request == r;
    assert_int_equal(count, 1);
    world_run(&w, 10000);
    assert_string_equal(world_status(&w, "rest"), "ok");
}

/* It is for the pair that is forgotten. */
static void auth_forget_ends_a_verification(void **state)
{
    (void)state;
    world_provision(&w);
    world_latency(&w, 5000);
    tk_rest_verify(&w.keeper.accounts.of[0]);
    world_run(&w, 100);
    assert_true(tk_rest_verifying(&w.keeper.accounts.of[0]));
    w.server.rules.paid_plan = false;
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    world_run(&w, 10000);
    assert_string_equal(world_status(&w, "rest"), "unknown");
    assert_string_equal(world_status(&w, "last_error"), "none");
}

/* Flash fails, so nothing is forgotten or removed, and the response to the code is accepted. */
static void an_exchange_continues_if_forget_fails(void **state)
{
    static const char *const codes[] = {"second", "third"};
    static const char *const lines[] = {"@2 auth code second\n", "@2 auth code third\n"};
    static const char *const commands[] = {"auth forget", "ref del token"};

    (void)state;
    world_provision(&w);
    for (unsigned i = 0; i < 2; i++) {
        world_give_code(&w, codes[i]);
        world_latency(&w, 5000);
        tk_sim_console_attach(&w.port, 1, true);
        tk_sim_console_feed(&w.port, 1, lines[i], strlen(lines[i]));
        world_run(&w, 1000);
        tk_sim_console_attach(&w.port, 1, false); /* does not cancel an exchange that was sent */
        world_run(&w, 100);
        w.flash.fail_at = w.flash.operations + 1;
        w.flash.fail_until = UINT64_MAX;
        world_assert_begins(world_type(&w, commands[i]), "ERR storage_f"); /* failed, or full */
        w.flash.fail_at = w.flash.fail_until = 0;
        world_run(&w, 10000);
        world_assert_state(&w, "ready", "none");
        /* So that `ref del` is allowed. The sector that failed may hold the tokens. */
        world_assert_begins(world_type(&w, "auth forget"), "OK left=1/8");
    }
}

/* --- the authorization host --- */

static void exchange_at(const char *portal, const char *redirect, const char *expected_host)
{
    char line[256];

    snprintf(line, sizeof line, "set portal %s", portal);
    world_type(&w, line);
    world_type(&w, "set client_id local.1");
    world_type(&w, "set client_secret s3cret");
    world_give_code(&w, "c");
    snprintf(line, sizeof line, "https:\\/\\/%s\\/rest\\/", portal);
    w.server.client_endpoint = line;
    char command[256];

    world_type(&w, "auth begin");
    snprintf(command, sizeof command, "auth code %s%s%s", redirect,
             strchr(redirect, '?') == NULL ? "" : "&state=",
             strchr(redirect, '?') == NULL ? "" : tk_auth_state(&w.keeper.accounts.of[0]));
    world_error(&w, "invalid_grant", 400, 1); /* only the request is checked */
    world_type(&w, command);
    assert_string_equal(w.server.last_host, expected_host);
}

static void auth_host_is_info_for_most_portals(void **state)
{
    (void)state;
    exchange_at("acme.bitrix24.com", "c", "oauth.bitrix.info");
}

static void auth_host_is_tech_for_ru_by_kz(void **state)
{
    (void)state;
    exchange_at("acme.bitrix24.ru", "c", "oauth.bitrix24.tech");
    exchange_at("acme.bitrix24.by", "d", "oauth.bitrix24.tech");
    exchange_at("acme.bitrix24.kz", "e", "oauth.bitrix24.tech");
}

/* The dot of the DNS root is no part of the name. */
static void auth_host_ignores_a_dot_behind_the_portal(void **state)
{
    (void)state;
    exchange_at("acme.bitrix24.ru.", "c", "oauth.bitrix24.tech");
    exchange_at("https://ACME.bitrix24.by.:443/", "d", "oauth.bitrix24.tech");
    exchange_at("acme.bitrix24.com.", "e", "oauth.bitrix.info");
}

static void a_redirect_may_name_the_other_known_host(void **state)
{
    (void)state;
    exchange_at("acme.bitrix24.com", "http://l/?code=c&server_domain=oauth.bitrix24.tech",
                "oauth.bitrix24.tech");
    exchange_at("acme.bitrix24.ru", "http://l/?code=d&server_domain=oauth.bitrix.info",
                "oauth.bitrix.info");
}

static void an_unknown_server_domain_never_gets_the_secret(void **state)
{
    (void)state;
    exchange_at("acme.bitrix24.com", "http://l/?code=c&server_domain=oauth.evil.example",
                "oauth.bitrix.info");
}

static void a_configured_auth_host_is_never_overridden(void **state)
{
    (void)state;
    world_type(&w, "set auth_host oauth.local:8443");
    exchange_at("acme.bitrix24.com", "http://l/?code=c&server_domain=oauth.bitrix24.tech",
                "oauth.local");
}

static void nor_is_one_of_one_letter(void **state)
{
    struct tk_account *a = &w.keeper.accounts.of[0];
    char line[256];

    (void)state;
    world_set_client(&w);
    assert_int_equal(tk_account_set(a, TK_SET_AUTH_HOST, "x"), TK_OK);
    assert_int_equal(tk_auth_begin(a, false), TK_OK);
    write_redirect(line, "c", "&server_domain=oauth.bitrix24.tech");
    assert_int_equal(tk_auth_code(a, line + strlen("auth code ")), TK_OK);
    assert_string_equal(a->auth.request.host.name, "x");
}

static void the_other_known_host_in_a_response_is_stored(void **state)
{
    (void)state;
    w.server.server_endpoint = "https:\\/\\/oauth.bitrix24.tech\\/rest\\/";
    world_provision(&w);
    assert_string_equal(world_status(&w, "auth_host"), "oauth.bitrix24.tech");
    world_restart(&w, 1000);
    assert_string_equal(world_status(&w, "auth_host"), "oauth.bitrix24.tech");
    w.server.server_endpoint = "https:\\/\\/oauth.evil.example\\/rest\\/";
    world_run(&w, 30 * MINUTE);
    assert_string_equal(world_status(&w, "auth_host"), "oauth.bitrix24.tech");
}

/* The response may name none. */
static void the_other_known_host_in_a_redirect_is_stored(void **state)
{
    char line[256];

    (void)state;
    w.server.server_endpoint = "";
    world_set_client(&w);
    world_type(&w, "auth begin");
    world_give_code(&w, "c");
    write_redirect(line, "c", "&server_domain=oauth.bitrix24.tech");
    world_assert_begins(world_type(&w, line), "OK state=ready");
    assert_string_equal(world_status(&w, "auth_host"), "oauth.bitrix24.tech");
    world_restart(&w, 1000);
    assert_string_equal(world_status(&w, "auth_host"), "oauth.bitrix24.tech");
}

static void no_response_overrides_a_configured_auth_host(void **state)
{
    (void)state;
    world_type(&w, "set auth_host oauth.local:8443");
    w.server.server_endpoint = "https:\\/\\/oauth.bitrix24.tech\\/rest\\/";
    world_provision(&w);
    assert_string_equal(world_status(&w, "auth_host"), "oauth.local:8443");
    world_run(&w, 30 * MINUTE);
    assert_string_equal(world_status(&w, "generation"), "2");
    assert_string_equal(w.server.last_host, "oauth.local");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_blank_gateway_names_the_missing_setting),
        TEST(a_code_is_exchanged_and_its_token_verified),
        TEST(after_an_exchange_only_the_pair_is_left),
        TEST(the_scope_of_the_former_grant_ends_with_it),
        TEST(a_portal_without_a_paid_plan_is_reported),
        TEST(a_rejected_code_leaves_the_pair_as_it_was),
        TEST(a_code_that_was_sent_is_refused_after_a_restart_too),
        TEST(a_code_that_could_not_be_sent_ends_after_25_s_unused),
        TEST(a_code_waits_for_the_network),
        TEST(an_unanswered_exchange_ends_within_25_s),
        TEST(a_code_is_exchanged_in_every_state),
        TEST(the_redirect_must_carry_the_state_of_the_url),
        TEST(a_redirect_that_was_used_is_reported_as_code_used),
        TEST(auth_begin_keeps_a_connection_open_for_10_minutes),
        TEST(the_10_minutes_end_to_the_millisecond),
        TEST(cancelling_ends_the_connection_that_is_opened),
        TEST(a_busy_connection_is_not_reported_as_warm),
        TEST(without_auth_begin_no_address_is_accepted),
        TEST(a_state_ends_after_15_minutes),
        TEST(a_state_ends_at_a_restart),
        TEST(a_state_ends_when_the_client_changes),
        TEST(a_state_ends_with_its_first_use),
        TEST(auth_forget_cancels_an_exchange),
        TEST(an_exchange_continues_if_forget_fails),
        TEST(a_state_is_accepted_once),
        TEST(auth_forget_ends_a_verification),
        TEST(ctrl_c_cancels_an_exchange_that_was_not_sent),
        TEST(a_code_that_waits_for_its_next_try_is_cancelled),
        TEST(a_second_verification_replaces_the_first),
        TEST(auth_host_is_info_for_most_portals),
        TEST(auth_host_is_tech_for_ru_by_kz),
        TEST(auth_host_ignores_a_dot_behind_the_portal),
        TEST(a_redirect_may_name_the_other_known_host),
        TEST(an_unknown_server_domain_never_gets_the_secret),
        TEST(a_configured_auth_host_is_never_overridden),
        TEST(nor_is_one_of_one_letter),
        TEST(the_other_known_host_in_a_response_is_stored),
        TEST(a_domain_that_is_no_host_is_not_ours),
        TEST(without_random_numbers_there_is_no_state),
        TEST(what_ends_a_second_later_costs_no_code),
        TEST(what_stays_is_reported_at_once),
        TEST(the_other_known_host_in_a_redirect_is_stored),
        TEST(no_response_overrides_a_configured_auth_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
