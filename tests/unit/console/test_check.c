/* SPDX-License-Identifier: Apache-2.0 */

/* The command check: which line names the error, and what it prints of a host. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"
#include "tk_refresh.h"

static int set_up_system(void **state)
{
    set_up(state);
    w.port.system = true; /* an address */
    world_provision(&w);
    world_run(&w, 11000);
    return 0;
}

static void assert_line(const char *line)
{
    if (strstr(w.answer, line) == NULL)
        fail_msg("no %s in\n%s", line, w.answer);
}

static void a_gateway_that_is_well_is_ok(void **state)
{
    (void)state;
    assert_string_equal(world_type(&w, "check"), "OK");
    assert_line("@1 auth.host=oauth.bitrix.info\n");
    assert_line("@1 portal.host=acme.bitrix24.com\n");
    assert_line("@1 rest=ok\n");
}

/* RFC 5952 is for people; all digits are as good for comparing. */
static void an_ipv6_address_is_printed_in_groups(void **state)
{
    static const struct tk_addr addr = {
        6, {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

    (void)state;
    for (size_t i = 0; i < w.server.host_count; i++) {
        if (strcmp(w.server.hosts[i].name, "acme.bitrix24.com") != 0)
            continue;
        w.server.names[i].addrs[0] = addr;
        w.server.peers[i].addr = addr;
    }
    assert_string_equal(world_type(&w, "check"), "OK");
    assert_line("@1 portal.name=ok 2001:0db8:0000:0000:0000:0000:0000:0001\n");
    assert_line("@1 auth.name=ok 10.");
}

/* The simulated port queries none by itself. */
static void a_time_server_is_queried(void **state)
{
    (void)state;
    w.port.system = false;
    w.port.leased.fixed = true;
    assert_string_equal(world_type(&w, "set ntp time.example"), "OK ntp=time.example");
    w.port.ntp = NULL;
    uint64_t from_ms = w.port.now_ms;

    world_assert_begins(world_type(&w, "check"),
                        "ERR ntp_unanswered the time server does not answer");
    assert_in_range(w.port.now_ms - from_ms, 8000, 9000);
    assert_line("@1 ntp=ntp_unanswered ");
    assert_line("@1 rest=ok\n"); /* the rest is tested all the same */
    assert_string_equal(w.port.ntp, "time.example");
    w.port.ntp_answered = true;
    w.port.ntp_unix = truth();
    assert_string_equal(world_type(&w, "check"), "OK");
    assert_line("@1 ntp=ok time.example\n");
    world_run(&w, 60000); /* the last reply is not one to this query */
    world_assert_begins(world_type(&w, "check"), "ERR ntp_unanswered ");
    assert_string_equal(world_type(&w, "unset ntp"), "OK ntp=");
    assert_string_equal(world_type(&w, "check"), "OK");
    assert_null(strstr(w.answer, "@1 ntp="));
}

static void the_clock_and_the_seed_are_named_first(void **state)
{
    (void)state;
    w.port.unseeded = true;
    world_assert_begins(world_type(&w, "check"), "ERR not_seeded");
    assert_line("@1 seed=not_seeded ");
    w.port.unseeded = false;
    w.server.date = NULL;
    world_assert_begins(world_type(&w, "auth refresh"), "OK");
    tk_sim_set_wall(&w.port, TK_TIME_RTC, WORLD_UNIX - 3600);
    world_assert_begins(world_type(&w, "check"), "ERR clock_behind");
    assert_line("@1 clock=clock_behind ");
}

/* Errors in the order of tk_errors.h, up to the first that is no certificate's. */
static void each_error_of_a_handshake_has_its_line(void **state)
{
    static const struct {
        enum tk_err err;
        const char *line;
    } rows[] = {{TK_E_TLS_UNTRUSTED, "@1 portal.certificate=tls_untrusted "},
                {TK_E_TLS_WEAK, "@1 portal.certificate=tls_weak "},
                {TK_E_TLS_NO_COMMON, "@1 portal.tls=tls_no_common "},
                {TK_E_TLS_ALERT, "@1 portal.tls=tls_alert "}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct server_fault x = {.kind = SERVER_HANDSHAKE, .handshake = rows[i].err};

        server_set_fault(&w.server, server_hosts(&w.server, SERVER_PORTAL), &x);
        world_assert_begins(world_type(&w, "check"), "ERR tls_");
        assert_line(rows[i].line);
        assert_line("@1 auth.certificate=ok until=");
    }
}

static void refresh_silently(const char *ref)
{
    struct server_fault x = {.kind = SERVER_IGNORES};
    struct tk_account *a = tk_accounts_find(&w.keeper.accounts, ref);

    server_set_fault(&w.server, SERVER_ALL, &x);
    a->refresh.has_succeeded = false; /* not too soon */
    assert_int_equal(tk_refresh_start(a), TK_OK);
    world_run(&w, 100);
}

/* It waits behind requests that matter more, and says that it got no connection. */
static void without_a_connection_the_name_is_not_reached(void **state)
{
    char name[2] = "b", line[16];

    (void)state;
    for (; name[0] < 'a' + TK_CONNECTIONS; name[0]++) {
        snprintf(line, sizeof line, "ref add %s", name);
        world_type(&w, line);
        world_set_client(&w);
        world_give_code(&w, name);
        snprintf(line, sizeof line, "auth code %s", name);
        world_assert_begins(world_type(&w, line), "OK state=ready");
    }
    world_run(&w, 1000);
    refresh_silently("token");
    while (--name[0] > 'a')
        refresh_silently(name);
    world_assert_begins(world_type(&w, "check"), "ERR timeout");
    assert_line("@1 auth.name=timeout ");
}

/* The authorization server may still accept the pair. */
static void a_token_that_the_portal_refuses_is_not_revoked(void **state)
{
    (void)state;
    w.server.rest_error = "expired_token";
    world_assert_begins(world_type(&w, "check"), "ERR token_refused");
    assert_line("@1 rest=token_refused ");
}

/* What a build stores is a URL. */
static void without_an_endpoint_the_portal_is_checked(void **state)
{
    static const char info[] = "https://other.bitrix24.com /rest/\0m\0001\0crm";

    (void)state;
    assert_int_equal(tk_storage_put(&w.keeper.rt.storage, tk_account_key(0, TK_KEY_GRANT_INFO),
                                    info, sizeof info),
                     TK_OK);
    world_restart(&w, 1000);
    world_assert_begins(world_type(&w, "check"), "ERR rest_insecure");
    assert_line("@1 portal.host=acme.bitrix24.com\n");
    assert_line("@1 portal.certificate=ok");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_system, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_gateway_that_is_well_is_ok),
        TEST(an_ipv6_address_is_printed_in_groups),
        TEST(a_time_server_is_queried),
        TEST(the_clock_and_the_seed_are_named_first),
        TEST(each_error_of_a_handshake_has_its_line),
        TEST(without_a_connection_the_name_is_not_reached),
        TEST(a_token_that_the_portal_refuses_is_not_revoked),
        TEST(without_an_endpoint_the_portal_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
