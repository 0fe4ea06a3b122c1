/* SPDX-License-Identifier: Apache-2.0 */

/* Hosts that the access token may go to, portals that move elsewhere, and portal accept. */

#include "tk_portal.h"

#include "tk_account_store.h"
#include "tk_auth.h"
#include "tk_rest_verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORLD_SEED 17
#include "one_world.h"

#define MINUTE 60000
#define HOUR   (60 * MINUTE)

#define OLD "acme.bitrix24.com"
#define NEW "crm.example.com"

static struct tk_account *account(void)
{
    return &w.keeper.accounts.of[0];
}

static void redirect(unsigned hop, const char *host, const char *location)
{
    w.server.redirects[hop].host = host;
    w.server.redirects[hop].location = location;
}

/* As the command `check` does. */
static void verify(void)
{
    tk_rest_verify(account());
    world_run(&w, 1000);
}

static void answers_name(const char *endpoint)
{
    w.server.client_endpoint = endpoint;
    world_run(&w, 26 * MINUTE);
}

/* Level 4, and the host is reported; the pair is refreshed and served at the old host. */
static void assert_pending(const char *host)
{
    world_assert_state(&w, "blocked", "portal_moved");
    assert_status("escalation", "4");
    assert_status("moved_to", host);
    assert_status("portal", OLD);
    assert_status("client_endpoint", "https://" OLD "/rest/");
    world_assert_begins(world_type(&w, "token"), "OK access_token=");
}

static void assert_not_pending(const char *portal)
{
    world_assert_state(&w, "ready", "none");
    assert_status("escalation", "0");
    assert_status("moved_to", "");
    assert_status("portal", portal);
}

/* --- hosts --- */

static void only_the_portal_and_cloud_portals_are_trusted(void **state)
{
    static const struct {
        const char *host;
        enum tk_portal_named named;
    } rows[] = {
        {OLD, TK_NAMES_PORTAL},
        {"ACME.bitrix24.com.", TK_NAMES_PORTAL},
        {OLD ":443", TK_NAMES_PORTAL},
        {OLD ":8443", TK_NAMES_OTHER},
        {"a.bitrix24.com", TK_NAMES_CLOUD},
        {"a.bitrix24.com.br", TK_NAMES_CLOUD},
        {"a.bitrix24.com.tr", TK_NAMES_CLOUD},
        {"a-1.bitrix24.ae", TK_NAMES_CLOUD},
        {"a.bitrix24.vn", TK_NAMES_CLOUD},
        {"A.Bitrix24.RU", TK_NAMES_CLOUD},
        {"a.bitrix24.ru:443", TK_NAMES_CLOUD},
        {"a.bitrix24.ru:444", TK_NAMES_OTHER},
        {"bitrix24.com", TK_NAMES_OTHER},
        {"com.bitrix24", TK_NAMES_OTHER},
        {"a.bitrix24.c", TK_NAMES_OTHER},
        {"a.bitrix24.o", TK_NAMES_OTHER},
        {"a.bitrix24.br", TK_NAMES_OTHER},
        {"a.bitrix24.tr", TK_NAMES_OTHER},
        {"a.bitrix24.com.", TK_NAMES_CLOUD},
        {"a.bitrix24.com.co", TK_NAMES_OTHER},
        {"a.bitrix24.comx", TK_NAMES_OTHER},
        {"a.bitrix24.ua", TK_NAMES_OTHER}, /* no longer registered */
        {"a.bitrix24.site", TK_NAMES_OTHER},
        {"a.bitrix24.tech", TK_NAMES_OTHER},
        {"a.b.bitrix24.com", TK_NAMES_OTHER},
        {"evilbitrix24.com", TK_NAMES_OTHER},
        {"a.evilbitrix24.com", TK_NAMES_OTHER},
        {"a.bitrix42.com", TK_NAMES_OTHER},
        {"a.bitrix24-com.ru", TK_NAMES_OTHER},
        {"a.bitrix24.com.evil.example", TK_NAMES_OTHER},
        {"oauth.bitrix.info", TK_NAMES_OTHER},
        {"127.0.0.1", TK_NAMES_OTHER},
        {"[::1]", TK_NAMES_OTHER},
        {"localhost", TK_NAMES_OTHER},
    };
    struct tk_host host;

    (void)state;
    world_set_client(&w);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(tk_host_parse(&host, rows[i].host, NULL));
        if (tk_portal_compare(account(), &host) != rows[i].named)
            fail_msg("%s", rows[i].host);
    }
}

static void a_portal_on_another_port_may_omit_it(void **state)
{
    struct tk_host host;

    (void)state;
    world_type(&w, "set portal box.example:8443");
    assert_true(tk_host_parse(&host, "box.example", NULL));
    assert_int_equal(tk_portal_compare(account(), &host), TK_NAMES_PORTAL);
    assert_true(tk_host_parse(&host, "box.example:8444", NULL));
    assert_int_equal(tk_portal_compare(account(), &host), TK_NAMES_OTHER);
}

/* A "://" behind the host is not the end of a scheme. */
static void a_response_names_the_host_that_is_called(void **state)
{
    static const struct {
        const char *url;
        enum tk_portal_named named;
    } rows[] = {
        {"", TK_NAMES_NOTHING},
        {"https://" OLD "/rest/", TK_NAMES_PORTAL},
        {"HTTP://" OLD "/rest/", TK_NAMES_PORTAL},
        {OLD "/rest/", TK_NAMES_PORTAL},
        {"https://" NEW "/?://" OLD "/", TK_NAMES_OTHER},
        {"http://" NEW "/?://" OLD "/", TK_NAMES_OTHER},
        {NEW "/?://" OLD "/", TK_NAMES_OTHER},
        {NEW "/https://" OLD "/rest/", TK_NAMES_OTHER},
        {NEW "?u=https://a.bitrix24.com/", TK_NAMES_OTHER},
        {NEW "#://" OLD, TK_NAMES_OTHER},
        {NEW ":8443/://" OLD, TK_NAMES_OTHER},
        {"http:/" NEW "/://" OLD, TK_NAMES_INVALID},
    };
    struct tk_host host;

    (void)state;
    world_set_client(&w);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (tk_portal_named(account(), rows[i].url, &host) != rows[i].named)
            fail_msg("%s", rows[i].url);
    }
}

static void the_token_goes_to_no_host_before_a_second_scheme(void **state)
{
    (void)state;
    world_provision(&w);
    answers_name(NEW "/?://" OLD "/rest/");
    assert_pending(NEW);
    verify();
    assert_string_equal(w.server.last_host, OLD);
}

/* --- a redirect --- */

static void the_token_goes_to_no_other_host(void **state)
{
    static const char *const hosts[] = {NEW,
                                        "evilbitrix24.com",
                                        OLD ".example.com",
                                        OLD ":8443",
                                        "new.bitrix24.de:8443",
                                        "a.new.bitrix24.de",
                                        "acme.bitrix24.ua",
                                        "127.0.0.1"};
    static const int statuses[] = {301, 302, 303, 307, 308};
    char location[100], event[100];

    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        world_provision(&w);
        snprintf(location, sizeof location, "https://%s/rest/app.info", hosts[i]);
        redirect(0, OLD, location);
        w.server.redirects[0].status = statuses[i % 5];
        unsigned lookups = w.port.lookups_begun, connections = w.port.connections_begun;

        verify();
        assert_string_equal(w.server.last_host, OLD);
        assert_true(w.port.lookups_begun <= lookups + 1);
        assert_true(w.port.connections_begun <= connections + 1);
        assert_pending(hosts[i]);
        assert_status("rest", "unreachable");
        assert_status("last_error", "portal_moved");
        snprintf(event, sizeof event, "portal ref=token event=move_pending to=%s\n", hosts[i]);
        assert_int_equal(world_count_events(&w, event), 1);
        assert_int_equal(world_count_events(&w, "event=raised level=4 cause=portal_moved"), 1);
        tear_down(NULL);
        set_up(NULL);
    }
}

static void other_statuses_are_no_move(void **state)
{
    static const int statuses[] = {300, 304, 305, 306};

    (void)state;
    world_provision(&w);
    redirect(0, OLD, "https://" NEW "/");
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        w.server.redirects[0].status = statuses[i];
        verify();
        assert_status("last_error", "http_redirect");
        assert_not_pending(OLD);
    }
}

static void refreshes_go_on_and_the_alert_stays(void **state)
{
    (void)state;
    world_provision(&w);
    redirect(0, OLD, "https://" NEW "/");
    verify();
    world_run(&w, 26 * MINUTE);
    assert_status("generation", "2");
    assert_pending(NEW);
    world_restart(&w, 1000);
    assert_pending(NEW);
    world_run(&w, 26 * MINUTE);
    assert_status("generation", "3");
    assert_pending(NEW);
    assert_int_equal(world_count_events(&w, "event=cleared"), 0);
}

static void a_redirect_that_ends_ends_the_fault(void **state)
{
    (void)state;
    world_provision(&w);
    redirect(0, OLD, "https://" NEW "/");
    verify();
    assert_pending(NEW);
    redirect(0, NULL, NULL);
    world_run(&w, HOUR + MINUTE);
    assert_not_pending(OLD);
    redirect(0, OLD, "https://" NEW "/");
    verify();
    world_restart(&w, 1000);
    redirect(0, NULL, NULL);
    world_run(&w, 2 * MINUTE); /* the verification is resumed after a start */
    assert_not_pending(OLD);
    world_restart(&w, 1000);
    assert_not_pending(OLD);
}

static void a_redirect_to_another_host_replaces_the_first(void **state)
{
    (void)state;
    world_provision(&w);
    redirect(0, OLD, "https://" NEW "/");
    verify();
    verify(); /* the same again is not reported again */
    assert_pending(NEW);
    assert_int_equal(world_count_events(&w, "event=move_pending"), 1);
    redirect(0, OLD, "https://other.example/");
    verify();
    assert_pending("other.example");
    assert_int_equal(world_count_events(&w, "event=move_pending"), 2);
}

static void behind_a_cloud_portal_too(void **state)
{
    (void)state;
    world_provision(&w);
    redirect(0, OLD, "https://between.bitrix24.com/");
    redirect(1, "between.bitrix24.com", "https://" NEW "/");
    verify();
    assert_string_equal(w.server.last_host, "between.bitrix24.com");
    assert_pending(NEW);
}

static void the_webhook_gets_the_host(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    redirect(0, OLD, "https://" NEW "/");
    verify();
    assert_non_null(strstr(w.last_post, "\"level\":4"));
    assert_non_null(strstr(w.last_post, "\"cause\":\"portal_moved\""));
    assert_non_null(strstr(w.last_post, "\"portal\":\"" OLD "\""));
    assert_non_null(strstr(w.last_post, "\"said\":\"" NEW "\""));
}

/* Another zone may be another authorization host, which knows neither the pair nor, perhaps, the
 * application. */
static void the_authorization_host_stays_that_of_the_pair(void **state)
{
    (void)state;
    w.server.server_endpoint = ""; /* as in responses that do not name it */
    world_provision(&w);
    redirect(0, OLD, "https://acme.bitrix24.ru/");
    verify();
    assert_not_pending("acme.bitrix24.ru");
    assert_int_equal(world_count_events(&w, "portal ref=token event=moved to=acme.bitrix24.ru\n"),
                     1);
    assert_status("auth_host", "oauth.bitrix.info");
    world_restart(&w, 1000);
    assert_status("auth_host", "oauth.bitrix.info");
    world_run(&w, 26 * MINUTE);
    assert_status("generation", "2");
    w.server.server_endpoint = "https:\\/\\/oauth.bitrix24.tech\\/rest\\/";
    world_run(&w, 26 * MINUTE);
    assert_status("auth_host", "oauth.bitrix24.tech");
}

/* The URL that was printed is of the old host. */
static void a_move_ends_the_state_of_the_url(void **state)
{
    (void)state;
    world_provision(&w);
    assert_string_equal(world_type(&w, "auth begin"), "OK");
    assert_int_equal(strlen(tk_auth_state(account())), 32);
    redirect(0, OLD, "https://acme.bitrix24.ru/");
    verify();
    assert_string_equal(tk_auth_state(account()), "");
}

/* --- portal accept --- */

static void accept_takes_exactly_that_host_and_keeps_the_pair(void **state)
{
    (void)state;
    world_provision(&w);
    redirect(0, OLD, "https://" NEW "/");
    verify();
    assert_string_equal(world_type(&w, "portal accept"), "OK portal=" NEW);
    world_run(&w, 1000);
    assert_not_pending(NEW);
    assert_status("client_endpoint", "https://" NEW "/rest/");
    assert_status("rest", "ok");
    assert_status("generation", "1");
    assert_string_equal(w.server.last_host, NEW);
    assert_non_null(strstr(w.last_request, "{\"auth\":\"access1\"}"));
    world_assert_begins(world_type(&w, "portal accept"), "ERR not_moved ");
    world_type(&w, "history");
    assert_non_null(strstr(w.answer, "event=moved ref=token"));
    world_restart(&w, 1000);
    assert_not_pending(NEW);
    world_run(&w, 26 * MINUTE); /* the response still has the old name */
    assert_status("generation", "2");
    assert_not_pending(NEW);
    redirect(0, NEW, "https://other.example/"); /* that one host */
    verify();
    assert_status("moved_to", "other.example");
    assert_string_equal(w.server.last_host, NEW);
}

/* A server that lags still has the name before the last move. */
static void an_answer_with_the_former_name_ends_the_fault(void **state)
{
    (void)state;
    world_provision(&w);
    redirect(0, OLD, "https://" NEW "/");
    verify();
    world_type(&w, "portal accept");
    answers_name("https://other.example/rest/");
    world_assert_state(&w, "blocked", "portal_moved");
    assert_status("moved_to", "other.example");
    answers_name("https://" OLD "/rest/");
    assert_not_pending(NEW);
    world_restart(&w, 1000);
    assert_not_pending(NEW);
}

static void accept_works_while_refreshes_fail(void **state)
{
    (void)state;
    world_provision(&w);
    redirect(0, OLD, "https://" NEW "/");
    verify();
    world_error(&w, "invalid_client", 400, 0);
    world_run(&w, 26 * MINUTE);
    world_assert_state(&w, "blocked", "invalid_client");
    assert_string_equal(world_type(&w, "portal accept"), "OK portal=" NEW);
    world_assert_state(&w, "blocked", "invalid_client");
    world_fault(&w, WORLD_WELL, 0);
    world_assert_begins(world_type(&w, "auth refresh"), "OK");
    assert_not_pending(NEW);
}

/* The path of the endpoint is long, and so is the new host. */
static void accept_refuses_a_host_that_does_not_fit(void **state)
{
    static const char path[] = "/0123456789012345678901234567890123456789012345678901234567890123"
                               "456789012345678901234567890123456789012345678901234567890123456789"
                               "0123456789012345678901234567890";
    static const char host[] = "long-host-name-of-another-portal.example.com";
    char endpoint[300];

    (void)state;
    world_provision(&w);
    snprintf(endpoint, sizeof endpoint, "https://" OLD "%s", path);
    answers_name(endpoint);
    assert_status("client_endpoint", endpoint);
    verify(); /* nor does it fit into a request */
    assert_status("rest_error", "rest_insecure");
    snprintf(endpoint, sizeof endpoint, "https://%s/", host);
    answers_name(endpoint);
    assert_status("moved_to", host);
    world_assert_begins(world_type(&w, "portal accept"), "ERR no_memory");
    assert_status("portal", OLD);
    world_assert_state(&w, "blocked", "portal_moved");
}

static void accept_needs_flash_that_can_be_read(void **state)
{
    (void)state;
    world_provision(&w);
    redirect(0, OLD, "https://" NEW "/");
    verify();
    w.flash.fail_read_at = w.flash.reads + 1;
    w.flash.fail_read_until = UINT64_MAX;
    world_assert_begins(world_type(&w, "portal accept"), "ERR storage_failed");
    w.flash.fail_read_until = 0;
    assert_pending(NEW);
    assert_string_equal(world_type(&w, "portal accept"), "OK portal=" NEW);
}

static void set_portal_names_it(void **state)
{
    (void)state;
    world_provision(&w);
    world_assert_begins(world_type(&w, "portal accept"), "ERR not_moved ");
    assert_null(strstr(world_type(&w, "set portal " NEW), "portal accept"));
    redirect(0, OLD, "https://" NEW "/");
    verify();
    world_assert_begins(world_type(&w, "set portal " NEW), "ERR in_use ");
    assert_non_null(strstr(world_type(&w, "set portal " NEW), "portal accept"));
    assert_null(strstr(world_type(&w, "set client_id local.2"), "portal accept"));
    world_type(&w, "auth forget");
    assert_status("moved_to", "");
    assert_status("escalation", "0");
    world_assert_begins(world_type(&w, "portal accept"), "ERR not_moved ");
    assert_string_equal(world_type(&w, "set portal " NEW), "OK portal=" NEW);
}

static void a_power_cut_leaves_the_old_host_or_the_new_one(void **state)
{
    uint64_t n = 1;

    (void)state;
    for (bool was_cut = true; was_cut; n++) {
        world_provision(&w);
        redirect(0, OLD, "https://" NEW "/");
        verify();
        w.dies_with_flash = true;
        w.flash.cut_at = w.flash.operations + n;
        tk_sim_console_feed(&w.port, 0, "@2 portal accept\n", 17);
        world_run(&w, 1000);
        was_cut = w.flash.off;
        world_restart(&w, 1000);
        if (strcmp(world_status(&w, "portal"), OLD) == 0)
            assert_pending(NEW);
        else
            assert_not_pending(NEW);
        tear_down(NULL);
        set_up(NULL);
    }
    assert_in_range(n, 3, 100);
}

static void without_flash_the_move_is_in_ram_and_reported(void **state)
{
    (void)state;
    world_provision(&w);
    redirect(0, OLD, "https://" NEW "/");
    verify();
    w.flash.fail_at = w.flash.operations + 1;
    w.flash.fail_until = UINT64_MAX;
    world_assert_begins(world_type(&w, "portal accept"), "ERR storage_failed ");
    assert_status("portal", NEW);
    w.flash.fail_until = 0;
}

/* --- token responses --- */

static void an_answer_with_another_host_keeps_the_endpoint(void **state)
{
    static const char *const endpoints[] = {"https:\\/\\/" NEW "\\/rest\\/",
                                            "http:\\/\\/" NEW "\\/rest\\/", ("https://" NEW), NEW};

    (void)state;
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        world_provision(&w);
        answers_name(endpoints[i]);
        assert_status("generation", "2");
        assert_pending(NEW);
        verify(); /* the portal itself says nothing of a move */
        assert_string_equal(w.server.last_host, OLD);
        assert_status("rest", "ok");
        assert_pending(NEW);
        assert_string_equal(world_type(&w, "portal accept"), "OK portal=" NEW);
        world_run(&w, 26 * MINUTE);
        assert_not_pending(NEW);
        assert_string_equal(w.server.last_host, "oauth.bitrix.info");
        tear_down(NULL);
        set_up(NULL);
    }
}

static void an_answer_with_our_host_again_ends_the_fault(void **state)
{
    (void)state;
    world_provision(&w);
    answers_name("https://" NEW "/rest/");
    assert_pending(NEW);
    world_restart(&w, 1000);
    assert_pending(NEW);
    answers_name(NULL);
    assert_not_pending(OLD);
}

static void an_answer_with_a_cloud_portal_ends_it_too(void **state)
{
    (void)state;
    world_provision(&w);
    answers_name("https://" NEW "/rest/");
    assert_pending(NEW);
    answers_name("https://new.bitrix24.de/rest/");
    assert_not_pending("new.bitrix24.de");
    assert_status("client_endpoint", "https://new.bitrix24.de/rest/");
}

static void an_answer_counts_more_than_a_redirect(void **state)
{
    (void)state;
    world_provision(&w);
    redirect(0, OLD, "https://other.example/");
    verify();
    assert_pending("other.example");
    answers_name("https://" NEW "/rest/");
    assert_pending(NEW);
    verify();
    assert_pending(NEW);
}

/* A consumer might read another host in it than we do. */
static void an_endpoint_that_is_no_url_is_not_kept(void **state)
{
    static const char *const endpoints[] = {("https://" OLD "@" NEW "/rest/"),
                                            ("https://user:password@" NEW "/"),
                                            ("https://" OLD "%2e" NEW "/"),
                                            ("https://" NEW "\\\\@" OLD "/"),
                                            ("https:///" NEW "/"),
                                            ("https://" OLD ":x/")};

    (void)state;
    world_provision(&w);
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        answers_name(endpoints[i]);
        assert_not_pending(OLD);
        assert_status("client_endpoint", "https://" OLD "/rest/");
    }
}

/* --- the user --- */

static void a_refused_user_is_remembered(void **state)
{
    (void)state;
    world_provision(&w);
    w.server.rest_error = "authorization_error";
    verify();
    world_assert_state(&w, "blocked", "user_refused");
    world_run(&w, 26 * MINUTE);
    assert_status("generation", "2");
    world_assert_state(&w, "blocked", "user_refused");
    world_restart(&w, 1000);
    world_assert_state(&w, "blocked", "user_refused");
    world_run(&w, 26 * MINUTE);
    assert_status("generation", "3");
    assert_status("escalation", "4");
    world_assert_begins(world_type(&w, "portal accept"), "ERR not_moved ");
    world_restart(&w, 1000);
    w.server.rest_error = NULL;
    world_run(&w, 2 * MINUTE);
    assert_not_pending(OLD);
}

static void another_user_ends_it(void **state)
{
    (void)state;
    world_provision(&w);
    w.server.rest_error = "authorization_error";
    verify();
    world_restart(&w, 1000);
    w.server.rest_error = NULL;
    world_give_code(&w, "code2");
    world_assert_begins(world_type(&w, "auth code code2"), "OK state=ready generation=2");
    assert_not_pending(OLD);
}

/* It is the portal that refuses, whatever its name. */
static void a_move_does_not_end_it(void **state)
{
    (void)state;
    world_provision(&w);
    w.server.rest_error = "authorization_error";
    verify();
    answers_name("https://new.bitrix24.de/rest/");
    assert_status("portal", "new.bitrix24.de");
    world_assert_state(&w, "blocked", "user_refused");
    world_restart(&w, 1000);
    assert_status("portal", "new.bitrix24.de");
    world_assert_state(&w, "blocked", "user_refused");
}

static void the_portal_is_asked_again_once_the_time_is_known(void **state)
{
    (void)state;
    world_provision(&w);
    w.server.rest_error = "authorization_error";
    verify();
    tk_sim_set_wall(&w.port, TK_TIME_NONE, 0);
    world_restart(&w, 1000);
    unsigned checks = w.server.checks;

    world_run(&w, 10 * MINUTE);
    assert_int_equal(w.server.checks, checks);
    w.server.rest_error = NULL;
    tk_sim_set_wall(&w.port, TK_TIME_RTC, WORLD_UNIX);
    world_run(&w, HOUR);
    assert_int_equal(w.server.checks, checks + 1);
    assert_not_pending(OLD);
}

/* The clock is lost and set while the portal is being asked. */
static void the_portal_is_asked_once_at_a_time(void **state)
{
    (void)state;
    world_provision(&w);
    w.server.rest_error = "authorization_error";
    verify();
    unsigned checks = w.server.checks;

    w.server.rest_error = NULL;
    w.server.think_ms = 14000;
    tk_rest_verify(account());
    world_run(&w, 1000);
    tk_sim_set_wall(&w.port, TK_TIME_NONE, 0);
    world_run(&w, 1000);
    tk_sim_set_wall(&w.port, TK_TIME_RTC, WORLD_UNIX);
    world_run(&w, 1000);
    assert_true(tk_rest_verifying(account()));
    assert_true(account()->rest.timer.due_ms == TK_NEVER);
    world_run(&w, 20000);
    assert_int_equal(w.server.checks, checks + 1);
    assert_not_pending(OLD);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(only_the_portal_and_cloud_portals_are_trusted),
        TEST(a_portal_on_another_port_may_omit_it),
        TEST(a_response_names_the_host_that_is_called),
        TEST(the_token_goes_to_no_host_before_a_second_scheme),
        TEST(the_token_goes_to_no_other_host),
        TEST(other_statuses_are_no_move),
        TEST(refreshes_go_on_and_the_alert_stays),
        TEST(a_redirect_that_ends_ends_the_fault),
        TEST(behind_a_cloud_portal_too),
        TEST(the_authorization_host_stays_that_of_the_pair),
        TEST(the_webhook_gets_the_host),
        TEST(a_move_ends_the_state_of_the_url),
        TEST(accept_takes_exactly_that_host_and_keeps_the_pair),
        TEST(an_answer_with_the_former_name_ends_the_fault),
        TEST(accept_works_while_refreshes_fail),
        TEST(set_portal_names_it),
        TEST(a_power_cut_leaves_the_old_host_or_the_new_one),
        TEST(without_flash_the_move_is_in_ram_and_reported),
        TEST(an_answer_with_another_host_keeps_the_endpoint),
        TEST(an_answer_with_our_host_again_ends_the_fault),
        TEST(an_answer_with_a_cloud_portal_ends_it_too),
        TEST(an_answer_counts_more_than_a_redirect),
        TEST(an_endpoint_that_is_no_url_is_not_kept),
        TEST(a_refused_user_is_remembered),
        TEST(another_user_ends_it),
        TEST(a_redirect_to_another_host_replaces_the_first),
        TEST(accept_refuses_a_host_that_does_not_fit),
        TEST(accept_needs_flash_that_can_be_read),
        TEST(a_move_does_not_end_it),
        TEST(the_portal_is_asked_again_once_the_time_is_known),
        TEST(the_portal_is_asked_once_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
