/* SPDX-License-Identifier: Apache-2.0 */

/* As many accounts as the host program has, each with a life of its own. */

#include "tk_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORLD_SEED 64
#include "one_world.h"

#define SECOND 1000
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define LONG_S 86400 /* in the second half of it renewals are spread */

#define RENEW_S  1500
#define SLACK_S  60 /* a renewal that waits for those of others */
#define A_MINUTE 20 /* renewals in a minute, once they are spread; 64 in 1500 s are 2.6 */

/* The flash of the host program. */
static int set_up_large(void **state)
{
    set_up(state);
    tk_sim_flash_free(&w.flash);
    tk_sim_flash_init(&w.flash, 262144, 4, 1);
    world_restart(&w, SECOND);
    return 0;
}

static const struct tk_account *account(unsigned i)
{
    const struct tk_account *a = tk_keeper_account_at(&w.keeper, i);

    assert_non_null(a);
    return a;
}

static void add(unsigned i)
{
    char line[40], code[16];

    snprintf(line, sizeof line, "ref add account%u", i);
    world_assert_begins(world_type(&w, line), "OK ref=account");
    world_set_client(&w);
    snprintf(code, sizeof code, "code%u", i + 1);
    world_give_code(&w, code);
    snprintf(line, sizeof line, "auth code %s", code);
    world_assert_begins(world_type(&w, line), "OK state=ready generation=1");
}

static void provision_all(void)
{
    world_provision(&w);
    for (unsigned i = 1; i < TK_ACCOUNTS; i++)
        add(i);
}

static uint32_t seconds_left(unsigned i)
{
    uint32_t left = 0;

    assert_true(tk_account_seconds_left(account(i), w.port.now_ms, &left));
    return left;
}

static void assert_all_in_time(void)
{
    for (unsigned i = 0; i < TK_ACCOUNTS; i++) {
        assert_true(seconds_left(i) >= 3600 - RENEW_S - SLACK_S);
        assert_string_equal(tk_state_name(tk_account_state(account(i))), "ready");
    }
}

static void assert_all_differ(void)
{
    for (unsigned i = 0; i < TK_ACCOUNTS; i++) {
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(account(i)->pair.access, account(j)->pair.access);
    }
}

/* Runs for a minute; returns how many renewals there were. */
static unsigned run_minute(void)
{
    unsigned before = w.server.refreshes;

    w.events[0] = '\0';
    world_run(&w, MINUTE);
    return w.server.refreshes - before;
}

static void each_is_renewed_in_time(void **state)
{
    unsigned most = 0;

    (void)state;
    provision_all();
    for (unsigned minute = 0; minute < LONG_S / 60; minute++) {
        unsigned count = run_minute();

        if (minute % 10 == 9)
            assert_all_in_time();
        if (minute >= LONG_S / 120 && count > most)
            most = count;
    }
    assert_true(most <= A_MINUTE);
    assert_all_differ();
    for (unsigned i = 0; i < TK_ACCOUNTS; i++)
        assert_in_range(account(i)->pair.generation, LONG_S / RENEW_S,
                        1 + LONG_S / (RENEW_S * 9 / 10));
}

static void all_are_there_after_a_restart(void **state)
{
    char names[TK_ACCOUNTS][TK_NAME_MAX + 1], tokens[TK_ACCOUNTS][80];

    (void)state;
    provision_all();
    for (unsigned i = 0; i < TK_ACCOUNTS; i++) {
        tk_copy(names[i], sizeof names[i], account(i)->name);
        tk_copy(tokens[i], sizeof tokens[i], account(i)->pair.access);
    }
    world_restart(&w, 5 * SECOND);
    for (unsigned i = 0; i < TK_ACCOUNTS; i++) {
        assert_string_equal(account(i)->name, names[i]);
        assert_string_equal(account(i)->pair.access, tokens[i]);
    }
    world_restart(&w, 12 * HOUR); /* all are overdue */
    world_run(&w, MINUTE);
    assert_all_in_time();
}

static void a_failure_is_of_one_alone(void **state)
{
    (void)state;
    provision_all();
    world_run(&w, 20 * SECOND);
    world_type(&w, "ref account7");
    world_error(&w, "invalid_grant", 400, 2);
    world_type(&w, "auth refresh");
    for (unsigned i = 0; i < TK_ACCOUNTS; i++)
        assert_string_equal(tk_state_name(tk_account_state(account(i))),
                            i == 7 ? "needs_code" : "ready");
}

static void the_list_has_all(void **state)
{
    const char *line;
    unsigned count = 0;

    (void)state;
    for (unsigned i = 1; i < TK_ACCOUNTS; i++) {
        char text[40];

        snprintf(text, sizeof text, "ref add account%u", i);
        world_assert_begins(world_type(&w, text), "OK ref=account");
    }
    world_assert_begins(world_type(&w, "ref add onemore"), "ERR ref_limit");
    world_assert_begins(world_type(&w, "ref"), "OK ref=account");
    for (line = w.answer; (line = strstr(line, "=no_client\n")) != NULL; line++)
        count++;
    assert_int_equal(count, TK_ACCOUNTS);
    world_assert_begins(world_type(&w, "ref del account9"), "OK");
    world_assert_begins(world_type(&w, "ref add onemore"), "OK ref=onemore");
    assert_string_equal(account(9)->name, "onemore");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_large, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_is_renewed_in_time),
        TEST(all_are_there_after_a_restart),
        TEST(a_failure_is_of_one_alone),
        TEST(the_list_has_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
