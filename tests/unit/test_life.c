/* SPDX-License-Identifier: Apache-2.0 */

/* The life of an account, DESIGN section 3, sentence by sentence. */

#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE 60000
#define HOUR   (60 * MINUTE)
#define DAY    (24 * (uint64_t)HOUR)

static struct world w;

static int begin(void **state)
{
    (void)state;
    world_init(&w, 7);
    return 0;
}

static int end(void **state)
{
    (void)state;
    assert_int_equal(w.flash.violations, 0);
    world_free(&w);
    return 0;
}

static void fault(enum world_fault kind, unsigned count)
{
    w.server.fault = kind;
    w.server.fault_count = count;
}

static void error(const char *word, int status, unsigned count)
{
    w.server.fault_word = word;
    w.server.fault_status = status;
    fault(WORLD_ERROR, count);
}

static void assert_state(const char *state, const char *reason)
{
    assert_string_equal(world_status(&w, "state"), state);
    assert_string_equal(world_status(&w, "reason"), reason);
}

static void assert_begins(const char *s, const char *beginning)
{
    if (strncmp(s, beginning, strlen(beginning)) != 0)
        fail_msg("%s\n  does not begin with\n%s", s, beginning);
}

/* --- provisioning --- */

static void a_blank_gateway_says_what_is_missing(void **state)
{
    (void)state;
    assert_state("no_client", "portal_missing");
    world_type(&w, "set portal acme");
    assert_state("no_client", "client_id_missing");
    world_type(&w, "set client_id local.1");
    assert_state("no_client", "client_secret_missing");
    world_type(&w, "set client_secret s3cret");
    assert_state("needs_code", "new");
    assert_begins(world_type(&w, "token"), "ERR needs_code");
}

static void a_code_leads_to_ready_and_is_proven(void **state)
{
    (void)state;
    world_provision(&w);
    assert_state("ready", "none");
    assert_string_equal(world_status(&w, "rest"), "ok");
    assert_int_equal(w.server.proofs, 1);
    assert_begins(world_type(&w, "token"), "OK access_token=access1 expires_in=3600 generation=1");
}

static void a_portal_without_a_plan_shows(void **state)
{
    (void)state;
    w.server.no_plan = true;
    world_type(&w, "set portal acme");
    world_type(&w, "set client_id local.1");
    world_type(&w, "set client_secret s3cret");
    world_give_code(&w, "c");
    assert_string_equal(world_type(&w, "auth code c"),
                        "OK state=ready generation=1 expires_in=3600 rest=access_denied");
}

static void a_failed_code_leaves_the_pair_that_it_found(void **state)
{
    (void)state;
    world_provision(&w);
    assert_begins(world_type(&w, "auth code wrong"), "ERR code_rejected");
    assert_state("ready", "none");
    assert_begins(world_type(&w, "token"), "OK access_token=access1");
    world_run(&w, 30 * MINUTE);
    assert_string_equal(world_status(&w, "generation"), "2");
}

static void a_code_that_was_sent_is_refused_also_after_a_restart(void **state)
{
    (void)state;
    world_provision(&w);
    assert_begins(world_type(&w, "auth code code1"), "ERR code_used");
    world_restart(&w, 1000);
    assert_begins(world_type(&w, "auth code code1"), "ERR code_used");
    assert_int_equal(w.server.exchanges, 1);
}

static void a_code_that_was_never_sent_is_given_up_after_25_s_and_not_used(void **state)
{
    (void)state;
    world_type(&w, "set portal acme");
    world_type(&w, "set client_id local.1");
    world_type(&w, "set client_secret s3cret");
    world_give_code(&w, "c");
    fault(WORLD_UNREACHABLE, 0);
    uint64_t before = w.port.now_ms;

    assert_begins(world_type(&w, "auth code c"), "ERR code_expired");
    assert_in_range(w.port.now_ms - before, 23000, 25000);
    fault(WORLD_WELL, 0);
    assert_begins(world_type(&w, "auth code c"), "OK state=ready");
}

static void a_code_waits_for_the_way_to_the_server(void **state)
{
    (void)state;
    world_type(&w, "set portal acme");
    world_type(&w, "set client_id local.1");
    world_type(&w, "set client_secret s3cret");
    world_give_code(&w, "c");
    fault(WORLD_UNREACHABLE, 5);
    assert_begins(world_type(&w, "auth code c"), "OK state=ready");
}

static void an_exchange_without_an_answer_ends_within_25_s(void **state)
{
    (void)state;
    world_type(&w, "set portal acme");
    world_type(&w, "set client_id local.1");
    world_type(&w, "set client_secret s3cret");
    fault(WORLD_SILENT, 0);
    uint64_t before = w.port.now_ms;

    assert_begins(world_type(&w, "auth code c"), "ERR code_unanswered");
    assert_in_range(w.port.now_ms - before, 24000, 25000);
}

static void a_good_code_leads_to_ready_from_every_state(void **state)
{
    static const struct {
        const char *word;
        const char *expected;
    } bad[] = {{"invalid_client", "blocked"}, {"invalid_grant", "needs_code"}, {"odd", "retrying"}};

    (void)state;
    world_provision(&w);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char line[32], code[16];

        error(bad[i].word, 400, 0);
        world_run(&w, 30 * MINUTE);
        assert_string_equal(world_status(&w, "state"), bad[i].expected);
        fault(WORLD_WELL, 0);
        snprintf(code, sizeof code, "again%zu", i);
        snprintf(line, sizeof line, "auth code %s", code);
        world_give_code(&w, code);
        assert_begins(world_type(&w, line), "OK state=ready");
        assert_string_equal(world_status(&w, "escalation"), "0");
    }
}

static void the_link_names_a_state_that_the_address_must_bring_back(void **state)
{
    char line[256];

    (void)state;
    world_type(&w, "set portal acme");
    world_type(&w, "set client_id local.1");
    world_type(&w, "set client_secret s3cret");
    assert_string_equal(world_type(&w, "auth begin"), "OK");
    assert_non_null(strstr(w.answer, "@1 warm=yes\n"));
    assert_non_null(
        strstr(w.answer, "url=https://acme.bitrix24.com/oauth/authorize/?client_id=local.1&"));
    world_give_code(&w, "c");
    assert_begins(world_type(&w, "auth code http://localhost:7000/?code=c&state=other"),
                  "ERR wrong_state");
    assert_begins(world_type(&w, "auth code http://localhost:7000/?code=c"), "ERR wrong_state");
    snprintf(line, sizeof line,
             "auth code http://localhost:7000/?code=c&state=%s&domain=other.bitrix24.com",
             w.keeper.accounts[0].auth.state);
    assert_begins(world_type(&w, line), "ERR wrong_domain");
    assert_int_equal(w.server.requests, 0);
    world_run(&w, 20 * MINUTE); /* time never refuses a code */
    snprintf(line, sizeof line,
             "auth code http://localhost:7000/?code=c&state=%s&domain=acme.bitrix24.com",
             w.keeper.accounts[0].auth.state);
    assert_begins(world_type(&w, line), "OK state=ready");
}

static void an_address_that_was_sent_is_told_as_used(void **state)
{
    char line[256];

    (void)state;
    world_provision(&w);
    world_type(&w, "auth begin");
    world_give_code(&w, "c");
    snprintf(line, sizeof line, "auth code http://localhost:7000/?code=c&state=%s",
             w.keeper.accounts[0].auth.state);
    assert_begins(world_type(&w, line), "OK state=ready generation=2");
    assert_begins(world_type(&w, line), "ERR code_used"); /* not wrong_state: it was ours */
}

static void without_auth_begin_an_address_without_state_will_do(void **state)
{
    (void)state;
    world_type(&w, "set portal acme");
    world_type(&w, "set client_id local.1");
    world_type(&w, "set client_secret s3cret");
    world_give_code(&w, "c");
    assert_begins(world_type(&w, "auth code http://localhost:7000/?code=c&state="), "OK");
}

static void an_answer_for_another_portal_is_refused(void **state)
{
    (void)state;
    world_type(&w, "set portal acme");
    world_type(&w, "set client_id local.1");
    world_type(&w, "set client_secret s3cret");
    w.server.client_endpoint = "https://evil.example/rest/";
    world_give_code(&w, "c");
    assert_begins(world_type(&w, "auth code c"), "ERR wrong_portal");
    assert_state("needs_code", "new");
}

/* Two operators: the second one's auth forget must not read as the first one's success. */
static void a_code_whose_account_is_forgotten_meanwhile_is_cancelled(void **state)
{
    (void)state;
    world_provision(&w);
    fault(WORLD_SILENT, 0);
    tk_sim_console_attach(&w.port, 1, true);
    tk_sim_console_feed(&w.port, 1, "@2 auth code second\n", 20);
    world_run(&w, 1000);
    fault(WORLD_WELL, 0);
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    world_run(&w, 1000);
    char said[1024] = "";

    tk_sim_console_drain(&w.port, 1, said, sizeof said - 1);
    assert_non_null(strstr(said, "@2 ERR cancelled "));
    assert_null(strstr(said, "@2 OK"));
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

    snprintf(command, sizeof command, "auth code %s", redirect);
    error("invalid_grant", 400, 1); /* the request is all that counts */
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

static void a_redirect_may_name_the_other_known_host(void **state)
{
    (void)state;
    exchange_at("acme.bitrix24.com", "http://l/?code=c&server_domain=oauth.bitrix24.tech",
                "oauth.bitrix24.tech");
    exchange_at("acme.bitrix24.ru", "http://l/?code=d&server_domain=oauth.bitrix.info",
                "oauth.bitrix.info");
}

static void a_foreign_server_domain_never_gets_the_secret(void **state)
{
    (void)state;
    exchange_at("acme.bitrix24.com", "http://l/?code=c&server_domain=oauth.evil.example",
                "oauth.bitrix.info");
}

static void an_explicit_auth_host_is_never_overridden(void **state)
{
    (void)state;
    world_type(&w, "set auth_host oauth.local:8443");
    exchange_at("acme.bitrix24.com", "http://l/?code=c&server_domain=oauth.bitrix24.tech",
                "oauth.local");
}

static void an_answer_may_name_the_other_host_and_that_is_kept(void **state)
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

/* --- refreshing in time --- */

static void it_renews_every_25_minutes_less_up_to_a_tenth(void **state)
{
    uint64_t last = w.port.now_ms;

    (void)state;
    world_provision(&w);
    for (unsigned i = 1; i <= 50; i++) {
        while (w.server.refreshes < i)
            world_run(&w, 1000);
        assert_in_range(w.server.last_ms - last, 25 * MINUTE * 9 / 10 - 2000, 25 * MINUTE + 2000);
        last = w.server.last_ms;
    }
}

static void a_short_life_is_renewed_at_80_percent(void **state)
{
    (void)state;
    w.server.life_s = 15;
    world_type(&w, "set portal acme");
    world_type(&w, "set client_id local.1");
    world_type(&w, "set client_secret s3cret");
    world_give_code(&w, "c");
    world_type(&w, "auth code c");
    uint64_t issued = w.port.now_ms;

    while (w.server.refreshes < 1)
        world_run(&w, 100);
    assert_in_range(w.server.last_ms - issued, 10000, 12100);
}

static void never_sooner_than_10_s_after_the_last_one(void **state)
{
    uint64_t last;

    (void)state;
    w.server.life_s = 2;
    world_type(&w, "set portal acme");
    world_type(&w, "set client_id local.1");
    world_type(&w, "set client_secret s3cret");
    world_give_code(&w, "c");
    world_type(&w, "auth code c");
    last = w.server.last_ms;
    assert_begins(world_type(&w, "auth refresh"), "ERR too_soon");
    for (unsigned i = 1; i <= 5; i++) {
        while (w.server.refreshes < i)
            world_run(&w, 100);
        assert_true(w.server.last_ms - last >= 10000);
        last = w.server.last_ms;
    }
}

static void on_demand_refreshes_when_asked_and_after_7_days(void **state)
{
    (void)state;
    world_provision(&w);
    assert_string_equal(world_type(&w, "set renew on-demand"), "OK renew=on-demand");
    world_run(&w, 6 * DAY);
    assert_int_equal(w.server.refreshes, 0);
    world_run(&w, DAY);
    assert_int_equal(w.server.refreshes, 1);
    world_run(&w, 2 * HOUR);
    assert_begins(world_type(&w, "token"), "OK access_token=access3 ");
    assert_int_equal(w.server.refreshes, 2);
}

/* --- demand --- */

static void a_demand_for_more_than_is_left_refreshes_once(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 15 * MINUTE);
    assert_begins(world_type(&w, "token 3000"), "OK access_token=access2 expires_in=3600 ");
    assert_begins(world_type(&w, "token 7200"),
                  "OK access_token=access2 expires_in=3600 generation=2 short=1");
    assert_int_equal(w.server.refreshes, 1);
}

static void a_rejected_generation_is_renewed_only_if_it_is_current(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, MINUTE);
    assert_begins(world_type(&w, "token rejected=1"), "OK access_token=access2 ");
    assert_begins(world_type(&w, "token rejected=1"), "OK access_token=access2 ");
    assert_int_equal(w.server.refreshes, 1);
}

static void a_valid_token_is_served_in_every_state(void **state)
{
    (void)state;
    world_provision(&w);
    error("invalid_client", 400, 0);
    world_run(&w, 30 * MINUTE);
    assert_state("blocked", "invalid_client");
    assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
    world_run(&w, 40 * MINUTE);
    assert_begins(world_type(&w, "token"), "ERR invalid_client");
}

static void with_unknown_time_it_is_ready_and_a_demand_waits(void **state)
{
    (void)state;
    world_provision(&w);
    tk_sim_set_wall(&w.port, TK_TIME_NONE, 0);
    world_restart(&w, MINUTE);
    assert_state("ready", "none");
    assert_string_equal(world_status(&w, "expires_in"), "unknown");
    assert_begins(world_type(&w, "token"), "ERR clock_unknown");
    world_run(&w, DAY);
    assert_int_equal(w.server.requests, 2); /* no TLS without a clock */
    world_type(&w, "time 1795000600");
    assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
}

/* --- restart --- */

static void a_restart_is_ready_with_the_pair_and_asks_nobody(void **state)
{
    (void)state;
    world_provision(&w);
    unsigned before = w.server.requests;

    world_restart(&w, 5 * MINUTE);
    assert_state("ready", "none");
    assert_string_equal(world_status(&w, "generation"), "1");
    assert_begins(world_type(&w, "token"), "OK access_token=access1 expires_in=3299 ");
    world_run(&w, 15 * MINUTE);
    assert_int_equal(w.server.requests, before);
    world_run(&w, 6 * MINUTE);
    assert_int_equal(w.server.refreshes, 1);
}

static void uptime_counts_from_the_start(void **state)
{
    (void)state;
    world_run(&w, HOUR);
    assert_in_range(atoi(world_status(&w, "uptime")), 3600, 3601);
    world_restart(&w, 5000);
    assert_in_range(atoi(world_status(&w, "uptime")), 0, 1);
}

static void a_restart_after_the_token_expired_renews_at_once(void **state)
{
    (void)state;
    world_provision(&w);
    world_restart(&w, 5 * HOUR);
    assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
}

/* --- errors and their actions --- */

static void transient_faults_are_retried_and_the_token_is_kept(void **state)
{
    static const struct {
        enum world_fault fault;
        int status;
        const char *word;
        const char *last_error;
    } rows[] = {
        {WORLD_UNREACHABLE, 0, NULL, "connect_failed"},
        {WORLD_UNTRUSTED, 0, NULL, "tls_untrusted"},
        {WORLD_SILENT, 0, NULL, "timeout"},
        {WORLD_CLOSES, 0, NULL, "connection_lost"},
        {WORLD_STATUS, 500, NULL, "server_error"},
        {WORLD_STATUS, 503, NULL, "server_busy"},
        {WORLD_STATUS, 429, NULL, "server_busy"},
        {WORLD_STATUS, 302, NULL, "http_redirect"},
        {WORLD_STATUS, 418, NULL, "http_status"},
        {WORLD_BODY, 0, "<html>", "bad_answer"},
        {WORLD_BODY, 0, "{\"access_token\":\"x\"}", "bad_answer"},
        {WORLD_BODY, 0, "", "bad_answer"},
        {WORLD_ERROR, 400, "something_new", "oauth_error"},
    };

    (void)state;
    world_provision(&w);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        w.server.fault_status = rows[i].status;
        w.server.fault_word = rows[i].word;
        fault(rows[i].fault, 0);
        world_run(&w, 26 * MINUTE);
        assert_state("retrying", rows[i].last_error);
        assert_begins(world_type(&w, "token"), "OK ");
        fault(WORLD_WELL, 0);
        world_run(&w, 5 * MINUTE + 31000);
        assert_state("ready", "none");
        assert_string_equal(world_status(&w, "last_error"), "none");
    }
}

static void configuration_faults_block_and_are_probed_slowly(void **state)
{
    static const char *const words[] = {"invalid_client", "wrong_client",       "invalid_request",
                                        "invalid_scope",  "insufficient_scope", "PAYMENT_REQUIRED",
                                        "NOT_INSTALLED",  "ERROR_OAUTH",        "NO_AUTH_FOUND"};

    (void)state;
    world_provision(&w);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        error(words[i], 400, 0);
        world_run(&w, 26 * MINUTE);
        assert_string_equal(world_status(&w, "state"), "blocked");
        assert_string_equal(world_status(&w, "escalation"), "4");
        unsigned before = w.server.requests;

        world_run(&w, HOUR + MINUTE);
        assert_int_equal(w.server.requests, before + 1);
        world_run(&w, 2 * HOUR + MINUTE);
        assert_int_equal(w.server.requests, before + 2);
        world_run(&w, 7 * DAY);
        assert_in_range(w.server.requests, before + 3, before + 12);
        fault(WORLD_WELL, 0);
        world_run(&w, DAY + MINUTE);
        assert_state("ready", "none");
        assert_string_equal(world_status(&w, "escalation"), "0");
    }
}

/* A person who tries several times is at work on it: the next probe is not further away for that.
 */
static void auth_refresh_does_not_put_the_next_probe_off(void **state)
{
    (void)state;
    world_provision(&w);
    error("invalid_client", 400, 0);
    world_run(&w, 26 * MINUTE);
    for (int i = 0; i < 4; i++)
        assert_begins(world_type(&w, "auth refresh"), "ERR invalid_client");
    assert_string_equal(world_status(&w, "state"), "blocked");
    assert_in_range(atoi(world_status(&w, "next_refresh_in")), 3500, 3600);
    w.server.fault_status = 500; /* nor nearer, where the probe tells nothing new */
    fault(WORLD_STATUS, 0);
    unsigned requests = w.server.requests;

    assert_begins(world_type(&w, "auth refresh"), "ERR server_error");
    assert_in_range(atoi(world_status(&w, "next_refresh_in")), 3500, 3600);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(w.server.requests, requests + 1);
}

static void a_refused_pair_needs_a_code_and_stays_refused_after_a_restart(void **state)
{
    (void)state;
    world_provision(&w);
    w.server.alive = false;
    world_run(&w, 26 * MINUTE);
    assert_state("needs_code", "revoked");
    assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
    unsigned before = w.server.requests;

    world_restart(&w, MINUTE);
    assert_state("needs_code", "revoked");
    world_run(&w, 10 * DAY);
    assert_int_equal(w.server.requests, before);
    assert_begins(world_type(&w, "token"), "ERR needs_code");
}

/* --- rotation --- */

static void a_lost_answer_is_recovered_where_the_server_has_grace(void **state)
{
    (void)state;
    world_provision(&w);
    w.server.grace = true;
    fault(WORLD_LOSES, 1);
    world_run(&w, 27 * MINUTE);
    assert_state("ready", "none");
    assert_string_equal(world_status(&w, "generation"), "2");
    assert_string_equal(world_status(&w, "intent"), "none");
}

static void a_lost_answer_without_grace_is_rotation_lost(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 26 * MINUTE); /* there is a pair before this one */
    fault(WORLD_LOSES, 1);
    world_run(&w, 27 * MINUTE);
    assert_state("needs_code", "rotation_lost");
    assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
}

static void after_a_lost_answer_the_pair_before_is_the_way_back(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 26 * MINUTE);
    assert_string_equal(world_status(&w, "generation"), "2");
    /* The server restores a backup: it honours pair 1 alone. */
    fault(WORLD_LOSES, 1);
    while (w.server.fault != WORLD_WELL)
        world_run(&w, 10);
    w.server.number = 1;
    w.server.alive = true;
    world_run(&w, MINUTE);
    assert_state("ready", "none");
    assert_string_equal(world_status(&w, "generation"), "3");
}

static void a_refusal_after_an_attempt_that_was_never_sent_is_revoked(void **state)
{
    (void)state;
    world_provision(&w);
    fault(WORLD_UNREACHABLE, 0);
    world_run(&w, 26 * MINUTE);
    assert_string_equal(world_status(&w, "intent"), "none");
    w.server.alive = false;
    fault(WORLD_WELL, 0);
    world_run(&w, 6 * MINUTE);
    assert_state("needs_code", "revoked");
}

static void a_refusal_after_a_refusal_of_the_configuration_is_revoked(void **state)
{
    (void)state;
    world_provision(&w);
    error("PAYMENT_REQUIRED", 401, 0);
    world_run(&w, 26 * MINUTE);
    assert_string_equal(world_status(&w, "intent"), "none");
    w.server.alive = false;
    fault(WORLD_WELL, 0);
    world_run(&w, HOUR + MINUTE);
    assert_state("needs_code", "revoked");
}

/* The power fails between sending and the answer; then the current pair is tried again. */
static void crash_with_a_request_open(bool carried_out)
{
    world_provision(&w);
    w.server.grace = true;
    fault(carried_out ? WORLD_LOSES : WORLD_SILENT, 1);
    while (w.server.fault != WORLD_WELL)
        world_run(&w, 10);
    world_restart(&w, 1000);
    assert_string_equal(world_status(&w, "intent"), "open");
    world_run(&w, MINUTE);
    assert_state("ready", "none");
    assert_string_equal(world_status(&w, "intent"), "none");
    assert_string_equal(world_status(&w, "generation"), "2");
}

static void a_crash_while_a_request_is_open_is_recovered(void **state)
{
    (void)state;
    crash_with_a_request_open(false);
}

static void a_crash_after_the_server_rotated_is_recovered_by_grace(void **state)
{
    (void)state;
    crash_with_a_request_open(true);
}

static void flash_that_fails_does_not_stop_the_refresh(void **state)
{
    (void)state;
    world_provision(&w);
    w.flash.off = true;
    world_run(&w, 26 * MINUTE);
    assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
    assert_state("ready", "storage_failed");
    assert_string_equal(world_status(&w, "escalation"), "2");
    world_run(&w, 26 * MINUTE);
    assert_begins(world_type(&w, "token"), "OK access_token=access3 ");
    w.flash.off = false;
    world_run(&w, 6 * MINUTE);
    assert_state("ready", "none");
    assert_string_equal(world_status(&w, "escalation"), "0");
    world_restart(&w, 1000);
    assert_string_equal(world_status(&w, "generation"), "3");
}

static void an_exchange_ends_the_refresh_of_the_pair_before(void **state)
{
    (void)state;
    world_provision(&w);
    w.server.latency_ms = 3000;
    world_run(&w, MINUTE);
    w.keeper.accounts[0].refresh.task.due_ms = w.port.now_ms; /* a refresh begins now */
    world_run(&w, 100);
    world_give_code(&w, "second");
    assert_begins(world_type(&w, "auth code second"), "OK state=ready");
    char token[300];

    snprintf(token, sizeof token, "%s", world_type(&w, "token"));
    world_run(&w, MINUTE);
    assert_int_equal(w.server.number, w.keeper.accounts[0].pair.generation);
    assert_true(w.server.alive);
    world_run(&w, 26 * MINUTE);
    assert_state("ready", "none");
}

/* Another error meanwhile, of a code or of a call, is not why the refresh is being retried. */
static void the_reason_of_a_retry_is_the_refreshs(void **state)
{
    (void)state;
    world_provision(&w);
    fault(WORLD_STATUS, 0);
    w.server.fault_status = 500;
    world_run(&w, 26 * MINUTE);
    assert_state("retrying", "server_error");
    error("invalid_grant", 400, 1);
    assert_begins(world_type(&w, "auth code other"), "ERR code_rejected");
    assert_string_equal(world_status(&w, "last_error"), "code_rejected");
    assert_string_equal(world_status(&w, "state"), "retrying");
    assert_string_equal(world_status(&w, "reason"), "server_error");
}

/* --- escalation --- */

static void a_fault_is_raised_once_and_cleared_once(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm?key=k");
    w.server.posts = 0;
    fault(WORLD_STATUS, 0);
    w.server.fault_status = 500;
    world_run(&w, 70 * MINUTE); /* the endpoint is on the same broken server: nothing arrives */
    assert_string_equal(world_status(&w, "escalation"), "3");
    assert_int_equal(world_count_events(&w, "event=raised level=1"), 1);
    assert_int_equal(world_count_events(&w, "event=raised level=2"), 1);
    assert_int_equal(world_count_events(&w, "event=raised level=3"), 1);
    fault(WORLD_WELL, 0);
    world_run(&w, 40 * MINUTE);
    assert_string_equal(world_status(&w, "escalation"), "0");
    assert_int_equal(world_count_events(&w, "event=cleared"), 1);
    assert_in_range(w.server.posts, 0, 2);
}

static void a_failed_refresh_is_logged_where_that_is_wanted(void **state)
{
    (void)state;
    world_provision(&w);
    error("something", 400, 1);
    world_run(&w, 26 * MINUTE);
    assert_int_equal(world_count_events(&w, "LOG "), 0);
    world_type(&w, "log info");
    error("something", 400, 1);
    world_run(&w, 26 * MINUTE);
    assert_int_equal(
        world_count_events(&w, "LOG refresh ref=token error=oauth_error failures=1 next_in="), 1);
}

/* The endpoint works, the authorization server does not honour the secret. */
static void what_is_posted_says_what_to_do(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    snprintf(w.server.secret, sizeof w.server.secret, "another");
    world_run(&w, 26 * MINUTE);
    assert_int_equal(w.server.posts, 1);
    assert_non_null(strstr(w.server.last_post, "\"event\":\"raised\",\"account\":\"token\","
                                               "\"device\":\"SIM-0001\""));
    assert_non_null(strstr(w.server.last_post, "\"level\":4,"));
    assert_non_null(strstr(w.server.last_post, "\"cause\":\"invalid_client\","));
    assert_non_null(strstr(w.server.last_post, "set client_secret"));
    world_restart(&w, MINUTE);
    world_run(&w, 3 * HOUR);
    assert_int_equal(w.server.posts, 1); /* kept over a restart: not told again */
    snprintf(w.server.secret, sizeof w.server.secret, "s3cret");
    assert_begins(world_type(&w, "auth refresh"), "OK state=ready");
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 2);
    assert_non_null(strstr(w.server.last_post, "\"event\":\"cleared\""));
    world_run(&w, DAY);
    assert_int_equal(w.server.posts, 2);
}

/* The fault ends while its POST is under way: the endpoint learns of both. */
static void a_fault_that_ends_while_it_is_told_is_cleared_too(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    error("something", 400, 3);
    w.server.latency_ms = 5000;
    while (world_count_events(&w, "event=raised level=2") == 0)
        world_run(&w, 10);
    world_run(&w, 20);
    assert_int_equal(w.server.posts, 1);
    assert_int_equal(w.keeper.accounts[0].escalation.record.delivered, 0);
    w.server.latency_ms = 0;
    tk_escalate_clear(&w.keeper.accounts[0]);
    world_restart(&w, 1000); /* and the power fails before it is answered */
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 2);
    assert_non_null(strstr(w.server.last_post, "\"event\":\"cleared\""));
    assert_non_null(strstr(w.server.last_post, "\"level\":2,"));
    world_run(&w, 10 * MINUTE);
    assert_int_equal(w.server.posts, 2);
}

/* The same without the power cut: the answer to the first POST must not be taken for the second's.
 */
static void the_answer_to_a_raising_does_not_count_for_the_clearing(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    error("something", 400, 3);
    w.server.latency_ms = 5000;
    while (world_count_events(&w, "event=raised level=2") == 0)
        world_run(&w, 10);
    world_run(&w, 20);
    assert_int_equal(w.server.posts, 1);
    tk_escalate_clear(&w.keeper.accounts[0]);
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 2);
    assert_non_null(strstr(w.server.last_post, "\"event\":\"cleared\""));
    assert_string_equal(world_status(&w, "escalation"), "0");
}

static void escalate_level_holds_lesser_faults_back(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    assert_string_equal(world_type(&w, "set escalate_level 3"), "OK escalate_level=3");
    assert_begins(world_type(&w, "set escalate_level 4"), "ERR bad_value");
    error("something", 400, 2);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(world_count_events(&w, "event=raised level=1"), 1);
    assert_int_equal(world_count_events(&w, "event=cleared"), 1);
    assert_int_equal(w.server.posts, 0);
}

static void the_board_is_told_too(void **state)
{
    (void)state;
    world_provision(&w);
    assert_int_equal(w.port.level, 0);
    error("invalid_client", 400, 0);
    world_run(&w, 26 * MINUTE);
    assert_int_equal(w.port.level, 4);
    world_restart(&w, 100);
    assert_int_equal(w.port.level, 4);
}

/* --- accounts --- */

static void a_pair_binds_portal_and_client_but_not_the_secret(void **state)
{
    (void)state;
    world_provision(&w);
    assert_begins(world_type(&w, "set portal other"), "ERR in_use");
    assert_begins(world_type(&w, "set client_id local.2"), "ERR in_use");
    assert_begins(world_type(&w, "unset client_secret"), "ERR in_use");
    assert_begins(world_type(&w, "set client_secret other"), "OK client_secret_len=5");
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    assert_state("needs_code", "new");
    assert_begins(world_type(&w, "set portal other"), "OK portal=other.bitrix24.com");
    assert_string_equal(world_status(&w, "generation"), "1"); /* pairs it has had */
    world_restart(&w, 100);
    assert_string_equal(world_status(&w, "generation"), "1");
}

static void accounts_are_apart(void **state)
{
    (void)state;
    world_provision(&w);
    assert_string_equal(world_type(&w, "ref add second"), "OK ref=second");
    assert_begins(world_type(&w, "ref add second"), "ERR ref_exists");
    assert_begins(world_type(&w, "ref add No"), "ERR bad_value");
    assert_state("no_client", "portal_missing");
    world_restart(&w, 100);
    assert_string_equal(world_type(&w, "ref"), "OK ref=token");
    assert_non_null(strstr(w.answer, "@1 second=no_client\n"));
    assert_begins(world_type(&w, "ref del token"), "ERR in_use");
    assert_string_equal(world_type(&w, "ref del second"), "OK ref=token");
    assert_begins(world_type(&w, "ref second"), "ERR no_such_ref");
}

static void a_removed_account_is_selected_no_more(void **state)
{
    (void)state;
    assert_string_equal(world_type(&w, "ref add second"), "OK ref=second");
    assert_string_equal(world_type(&w, "ref token"), "OK ref=token");
    assert_string_equal(world_type(&w, "ref del token"), "OK ref=second");
    assert_string_equal(world_status(&w, "ref"), "second");
    assert_string_equal(world_type(&w, "set client_id local.9"), "OK client_id=local.9");
    assert_string_equal(world_type(&w, "ref add third"), "OK ref=third"); /* in the old place */
    assert_state("no_client", "portal_missing");
    world_restart(&w, 100);
    world_type(&w, "ref third");
    world_type(&w, "show");
    assert_null(strstr(w.answer, "local.9"));
}

static void a_removed_account_leaves_nothing_to_the_next(void **state)
{
    char before[sizeof w.answer];

    (void)state;
    world_type(&w, "show");
    strcpy(before, w.answer);
    world_provision(&w);
    world_type(&w, "set renew 1h");
    world_type(&w, "set auth_host oauth.local");
    world_type(&w, "set scope crm");
    world_type(&w, "auth forget");
    assert_string_equal(world_type(&w, "ref del token"), "OK ref=token");
    world_type(&w, "show");
    assert_string_equal(strstr(w.answer, "@1 ref="), strstr(before, "@1 ref="));
    assert_string_equal(world_status(&w, "generation"), "0");
}

static void factory_reset_leaves_nothing(void **state)
{
    (void)state;
    world_provision(&w);
    assert_begins(world_type(&w, "factory-reset 0000"), "ERR wrong_id");
    assert_string_equal(world_type(&w, "factory-reset 0001"), "OK");
    assert_int_equal(w.port.reboots, 1);
    for (size_t i = 0; i < 8 * 4096; i++)
        assert_int_equal(w.flash.bytes[i], 0xff);
    world_restart(&w, 100);
    assert_state("no_client", "portal_missing");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_blank_gateway_says_what_is_missing),
        TEST(a_code_leads_to_ready_and_is_proven),
        TEST(a_portal_without_a_plan_shows),
        TEST(a_failed_code_leaves_the_pair_that_it_found),
        TEST(a_code_that_was_sent_is_refused_also_after_a_restart),
        TEST(a_code_that_was_never_sent_is_given_up_after_25_s_and_not_used),
        TEST(a_code_waits_for_the_way_to_the_server),
        TEST(an_exchange_without_an_answer_ends_within_25_s),
        TEST(a_good_code_leads_to_ready_from_every_state),
        TEST(the_link_names_a_state_that_the_address_must_bring_back),
        TEST(an_address_that_was_sent_is_told_as_used),
        TEST(without_auth_begin_an_address_without_state_will_do),
        TEST(an_answer_for_another_portal_is_refused),
        TEST(a_code_whose_account_is_forgotten_meanwhile_is_cancelled),
        TEST(auth_host_is_info_for_most_portals),
        TEST(auth_host_is_tech_for_ru_by_kz),
        TEST(a_redirect_may_name_the_other_known_host),
        TEST(a_foreign_server_domain_never_gets_the_secret),
        TEST(an_explicit_auth_host_is_never_overridden),
        TEST(an_answer_may_name_the_other_host_and_that_is_kept),
        TEST(it_renews_every_25_minutes_less_up_to_a_tenth),
        TEST(a_short_life_is_renewed_at_80_percent),
        TEST(never_sooner_than_10_s_after_the_last_one),
        TEST(on_demand_refreshes_when_asked_and_after_7_days),
        TEST(a_demand_for_more_than_is_left_refreshes_once),
        TEST(a_rejected_generation_is_renewed_only_if_it_is_current),
        TEST(a_valid_token_is_served_in_every_state),
        TEST(with_unknown_time_it_is_ready_and_a_demand_waits),
        TEST(a_restart_is_ready_with_the_pair_and_asks_nobody),
        TEST(uptime_counts_from_the_start),
        TEST(a_restart_after_the_token_expired_renews_at_once),
        TEST(transient_faults_are_retried_and_the_token_is_kept),
        TEST(configuration_faults_block_and_are_probed_slowly),
        TEST(auth_refresh_does_not_put_the_next_probe_off),
        TEST(a_refused_pair_needs_a_code_and_stays_refused_after_a_restart),
        TEST(a_lost_answer_is_recovered_where_the_server_has_grace),
        TEST(a_lost_answer_without_grace_is_rotation_lost),
        TEST(after_a_lost_answer_the_pair_before_is_the_way_back),
        TEST(a_refusal_after_an_attempt_that_was_never_sent_is_revoked),
        TEST(a_refusal_after_a_refusal_of_the_configuration_is_revoked),
        TEST(a_crash_while_a_request_is_open_is_recovered),
        TEST(a_crash_after_the_server_rotated_is_recovered_by_grace),
        TEST(flash_that_fails_does_not_stop_the_refresh),
        TEST(an_exchange_ends_the_refresh_of_the_pair_before),
        TEST(the_reason_of_a_retry_is_the_refreshs),
        TEST(a_fault_is_raised_once_and_cleared_once),
        TEST(a_failed_refresh_is_logged_where_that_is_wanted),
        TEST(what_is_posted_says_what_to_do),
        TEST(a_fault_that_ends_while_it_is_told_is_cleared_too),
        TEST(the_answer_to_a_raising_does_not_count_for_the_clearing),
        TEST(escalate_level_holds_lesser_faults_back),
        TEST(the_board_is_told_too),
        TEST(a_pair_binds_portal_and_client_but_not_the_secret),
        TEST(accounts_are_apart),
        TEST(a_removed_account_is_selected_no_more),
        TEST(a_removed_account_leaves_nothing_to_the_next),
        TEST(factory_reset_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
