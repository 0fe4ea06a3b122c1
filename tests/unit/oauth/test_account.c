/* SPDX-License-Identifier: Apache-2.0 */

/* Several accounts: added, selected, removed; and factory reset. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"
#include "tk_account_set.h"
#include "tk_keys.h"

/* The length of a value of the first account on flash, or TK_STORE_*. */
static int stored(unsigned item)
{
    return tk_storage_get(&w.keeper.rt.storage, tk_account_key(0, item), NULL, 0);
}

static void a_pair_binds_portal_client_and_auth_host_but_not_the_secret(void **state)
{
    (void)state;
    world_provision(&w);
    world_assert_begins(world_type(&w, "set portal other"), "ERR in_use");
    world_assert_begins(world_type(&w, "set auth_host attacker.example"), "ERR in_use");
    world_assert_begins(world_type(&w, "unset auth_host"), "ERR in_use");
    assert_string_equal(world_status(&w, "auth_host"), "oauth.bitrix.info");
    world_assert_begins(world_type(&w, "set client_id local.2"), "ERR in_use");
    world_assert_begins(world_type(&w, "unset client_secret"), "ERR in_use");
    world_assert_begins(world_type(&w, "set client_secret other"), "OK client_secret_len=5");
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    world_assert_state(&w, "needs_code", "new");
    world_assert_begins(world_type(&w, "set portal other"), "OK portal=other.bitrix24.com");
    assert_string_equal(world_status(&w, "generation"), "1"); /* counts on */
    world_restart(&w, 100);
    assert_string_equal(world_status(&w, "generation"), "1");
}

static void accounts_are_separate(void **state)
{
    (void)state;
    world_provision(&w);
    assert_string_equal(world_type(&w, "ref add second"), "OK ref=second");
    world_assert_begins(world_type(&w, "ref add second"), "ERR ref_exists");
    world_assert_begins(world_type(&w, "ref add No"), "ERR bad_value");
    world_assert_state(&w, "no_client", "portal_missing");
    world_restart(&w, 100);
    assert_string_equal(world_type(&w, "ref"), "OK ref=token");
    assert_non_null(strstr(w.answer, "@1 second=no_client\n"));
    world_assert_begins(world_type(&w, "ref del token"), "ERR in_use");
    assert_string_equal(world_type(&w, "ref del second"), "OK ref=token");
    world_assert_begins(world_type(&w, "ref second"), "ERR no_such_ref");
}

static void a_removed_account_is_not_selected(void **state)
{
    (void)state;
    assert_string_equal(world_type(&w, "ref add second"), "OK ref=second");
    assert_string_equal(world_type(&w, "ref token"), "OK ref=token");
    assert_string_equal(world_type(&w, "ref del token"), "OK ref=second");
    assert_string_equal(world_status(&w, "ref"), "second");
    assert_string_equal(world_type(&w, "set client_id local.9"), "OK client_id=local.9");
    assert_string_equal(world_type(&w, "ref add third"),
                        "OK ref=third"); /* in the slot of the removed one */
    assert_string_equal(w.keeper.accounts.of[0].name, "third");
    world_assert_state(&w, "no_client", "portal_missing");
    world_restart(&w, 100);
    world_type(&w, "ref third");
    world_type(&w, "show");
    assert_null(strstr(w.answer, "local.9"));
}

static void a_new_account_inherits_nothing(void **state)
{
    char before[sizeof w.answer];

    (void)state;
    world_type(&w, "show");
    strcpy(before, w.answer);
    world_provision(&w);
    world_type(&w, "set renew 1h");
    world_type(&w, "set scope crm");
    world_type(&w, "auth forget");
    world_type(&w, "set auth_host oauth.local");
    assert_string_equal(world_type(&w, "ref del token"), "OK ref=token");
    world_type(&w, "show");
    assert_string_equal(strstr(w.answer, "@1 ref="), strstr(before, "@1 ref="));
    assert_string_equal(world_status(&w, "generation"), "0");
}

static void assert_idle(const struct tk_account *a)
{
    for (const struct tk_timer *t = w.keeper.rt.timers.first; t != NULL; t = t->next)
        assert_false((const void *)t >= (const void *)a && (const void *)t < (const void *)(a + 1));
    for (const struct tk_request *r = w.keeper.rt.https.queue; r != NULL; r = r->next)
        assert_false((const void *)r >= (const void *)a && (const void *)r < (const void *)(a + 1));
    for (size_t i = 0; i < TK_CONNECTIONS; i++)
        assert_null(w.keeper.rt.https.connections[i].request);
}

/* Else they would act on the next account in its slot. */
static void a_removed_account_has_no_timer_and_no_request(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 11000);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    w.flash.off = true;
    world_type(&w, "auth refresh");
    world_run(&w, 1000);
    assert_true(w.keeper.alerts.of[0].level_timer.due_ms != TK_NEVER);
    w.flash.off = false;
    world_type(&w, "auth begin");
    world_type(&w, "auth forget");
    assert_string_equal(world_type(&w, "ref del token"), "OK ref=token");
    assert_idle(&w.keeper.accounts.of[0]);
}

static void nor_has_one_whose_pair_was_not_stored(void **state)
{
    struct tk_account *a = &w.keeper.accounts.of[0];

    (void)state;
    world_set_client(&w);
    world_give_code(&w, "c");
    w.flash.off = true;
    world_assert_begins(world_type(&w, "auth code c"), "OK state=ready");
    w.flash.off = false;
    world_type(&w, "auth forget");
    assert_true(a->refresh.store_timer.due_ms != TK_NEVER);
    world_type(&w, "auth begin");
    assert_true(a->auth.preconnect_timer.due_ms != TK_NEVER);
    assert_string_equal(world_type(&w, "ref del token"), "OK ref=token");
    assert_idle(a);
}

static void the_history_of_a_removed_account_is_dropped(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "auth forget");
    world_type(&w, "history");
    assert_non_null(strstr(w.answer, "event=forgotten ref=token\n"));
    world_type(&w, "ref del token");
    world_type(&w, "history");
    assert_null(strstr(w.answer, "ref=token\n"));
}

/* A command of another console line would act on the next account in the slot. */
static void an_account_is_not_removed_during_its_command(void **state)
{
    static const char *const commands[] = {"@1 auth code abc\n", "@1 escalate test\n"};

    (void)state;
    world_provision(&w);
    world_type(&w, "auth forget");
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    world_fault(&w, WORLD_SILENT, 0);
    tk_sim_console_attach(&w.port, 1, true);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        tk_sim_console_feed(&w.port, 1, commands[i], strlen(commands[i]));
        world_run(&w, 1000);
        world_assert_begins(world_type(&w, "ref del token"), "ERR busy ");
        world_run(&w, 30000);
    }
    assert_string_equal(world_type(&w, "ref del token"), "OK ref=token");
}

/* Else one answer would mix two accounts. */
static void an_account_is_not_removed_while_it_is_printed(void **state)
{
    char output[8192] = "";
    size_t len;

    (void)state;
    world_provision(&w);
    world_type(&w, "ref add b");
    tk_sim_console_attach(&w.port, 1, true);
    w.port.consoles[1].out_max = 0;
    tk_sim_console_feed(&w.port, 1, "@2 ref b\n@2 show\n@2 help\n@3 status --all\n", 41);
    world_run(&w, 100);
    world_assert_begins(world_type(&w, "ref del b"), "ERR busy ");
    w.port.consoles[1].out_max = SIZE_MAX;
    world_run(&w, 100);
    len = tk_sim_console_drain(&w.port, 1, output, sizeof output - 1);
    output[len] = '\0';
    assert_non_null(strstr(output, "@3 refreshes_ok=0\r\n"));
    assert_non_null(strstr(output, "@3 portal=\r\n"));
    assert_string_equal(world_type(&w, "ref del b"), "OK ref=token");
}

/* Else the secret would go to the next account in the slot. */
static void an_account_is_not_removed_while_its_secret_is_prompted_for(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "ref add b");
    tk_sim_console_attach(&w.port, 1, true);
    tk_sim_console_feed(&w.port, 1, "ref b\nset client_secret\n", 24);
    world_run(&w, 100);
    world_assert_begins(world_type(&w, "ref del b"), "ERR busy ");
    tk_sim_console_feed(&w.port, 1, "another\n", 8);
    world_run(&w, 100);
    assert_string_equal(w.keeper.accounts.of[0].client.client_secret, "s3cret");
    assert_string_equal(w.keeper.accounts.of[1].client.client_secret, "another");
    assert_string_equal(world_type(&w, "ref del b"), "OK ref=token");
}

static void factory_reset_erases_flash(void **state)
{
    (void)state;
    world_provision(&w);
    world_assert_begins(world_type(&w, "factory-reset 0000"), "ERR wrong_id");
    assert_string_equal(world_type(&w, "factory-reset 0001"), "OK");
    assert_int_equal(w.port.reboots, 1);
    for (size_t i = 0; i < 8 * 4096; i++)
        assert_int_equal(w.flash.bytes[i], 0xff);
    world_restart(&w, 100);
    world_assert_state(&w, "no_client", "portal_missing");
}

static void an_answer_during_factory_reset_is_not_stored(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 11000);
    world_latency(&w, 5000);
    tk_sim_console_attach(&w.port, 1, true);
    tk_sim_console_feed(&w.port, 1, "@1 auth refresh\n", 16);
    world_run(&w, 100);
    assert_int_equal(w.server.refreshes, 1);
    tk_sim_advance(&w.port, 5000);
    assert_string_equal(world_type(&w, "factory-reset 0001"), "OK");
    assert_int_equal(w.keeper.accounts.of[0].pair.generation, 2);
    for (size_t i = 0; i < 8 * 4096; i++)
        assert_int_equal(w.flash.bytes[i], 0xff);
}

static void there_is_room_for_so_many_accounts(void **state)
{
    char line[24];

    (void)state;
    for (int i = 1; i < TK_ACCOUNTS; i++) {
        snprintf(line, sizeof line, "ref add a%d", i);
        world_assert_begins(world_type(&w, line), "OK ref=a");
    }
    world_assert_begins(world_type(&w, "ref add more"), "ERR ref_limit");
    world_assert_begins(world_type(&w, "ref del a1"), "OK ref=");
    assert_string_equal(world_type(&w, "ref add more"), "OK ref=more");
}

static void a_name_has_1_to_16_characters(void **state)
{
    (void)state;
    assert_false(tk_account_is_name(""));
    assert_true(tk_account_is_name("a"));
    assert_true(tk_account_is_name("abcdefghijklmn-_"));
    assert_false(tk_account_is_name("abcdefghijklmn-_0"));
    assert_false(tk_account_is_name("A"));
    assert_false(tk_account_is_name("a b"));
}

static void the_first_account_needs_no_name(void **state)
{
    (void)state;
    world_type(&w, "ref add b");
    assert_string_equal(tk_keeper_account(&w.keeper, NULL)->name, "token");
    assert_string_equal(tk_keeper_account(&w.keeper, "")->name, "token");
    assert_string_equal(tk_keeper_account(&w.keeper, "b")->name, "b");
    assert_null(tk_keeper_account(&w.keeper, "c"));
    assert_string_equal(tk_keeper_account_at(&w.keeper, 1)->name, "b");
    assert_null(tk_keeper_account_at(&w.keeper, 2));
}

/* The console checks them too, and names what is wrong. */
static void a_setting_that_is_not_valid_changes_nothing(void **state)
{
    struct tk_account *a = &w.keeper.accounts.of[0];
    char value[TK_SCOPE_MAX + 2], next[TK_SECRET_MAX + 1];

    (void)state;
    world_set_client(&w);
    memset(value, 'v', sizeof value);
    value[TK_SECRET_MAX + 1] = '\0';
    assert_int_equal(tk_account_set(a, TK_SET_PORTAL, "a b"), TK_E_BAD_VALUE);
    assert_string_equal(a->client.portal.name, "acme.bitrix24.com");
    assert_int_equal(tk_account_set(a, TK_SET_CLIENT_SECRET, value), TK_E_BAD_VALUE);
    assert_int_equal(tk_account_set(a, TK_SET_CLIENT_SECRET, "s 3"), TK_E_BAD_VALUE);
    assert_string_equal(a->client.client_secret, "s3cret");
    assert_int_equal(tk_account_set(a, TK_SET_CLIENT_SECRET_NEXT, value), TK_E_BAD_VALUE);
    assert_int_equal(tk_account_set(a, TK_SET_CLIENT_SECRET_NEXT, "s 3"), TK_E_BAD_VALUE);
    assert_false(tk_account_next_secret(a, next));
    assert_int_equal(tk_account_set(a, TK_SET_RENEW, "1s"), TK_E_BAD_VALUE);
    assert_int_equal(a->renew_s, TK_RENEW_DEFAULT);
}

/* On flash, too: after a restart. */
static void an_interval_is_stored_and_deleted(void **state)
{
    struct tk_account *a = &w.keeper.accounts.of[0];
    const char unset[] = "\0h"; /* ends at its first byte */

    (void)state;
    assert_int_equal(tk_account_set(a, TK_SET_RENEW, "1h"), TK_OK);
    world_restart(&w, 100);
    assert_int_equal(a->renew_s, 3600);
    assert_int_equal(tk_account_set(a, TK_SET_RENEW, unset), TK_OK);
    assert_int_equal(a->renew_s, TK_RENEW_DEFAULT);
    assert_int_equal(stored(TK_KEY_RENEW), TK_STORE_MISSING);
}

static void an_interval_is_on_demand_or_60_s_to_7_d(void **state)
{
    static const struct {
        uint32_t seconds;
        bool is_renew;
    } rows[] = {{0, true}, {1, false}, {59, false}, {60, true}, {604800, true}, {604801, false}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(tk_account_is_renew(rows[i].seconds), rows[i].is_renew);
}

/* A longer one on flash is of no build, and is not cut. */
static void a_next_secret_has_up_to_128_characters(void **state)
{
    struct tk_account *a = &w.keeper.accounts.of[0];
    char value[TK_SECRET_MAX + 2], next[TK_SECRET_MAX + 1];

    (void)state;
    memset(value, 'v', sizeof value);
    value[TK_SECRET_MAX] = '\0';
    assert_int_equal(tk_account_set(a, TK_SET_CLIENT_SECRET_NEXT, value), TK_OK);
    assert_true(tk_account_next_secret(a, next));
    assert_string_equal(next, value);
    value[TK_SECRET_MAX] = 'v';
    assert_int_equal(tk_storage_put(&w.keeper.rt.storage,
                                    tk_account_key(0, TK_KEY_CLIENT_SECRET_NEXT), value,
                                    TK_SECRET_MAX + 1),
                     TK_OK);
    assert_false(tk_account_next_secret(a, next));
}

static void a_portal_that_is_unset_leaves_none(void **state)
{
    static const struct tk_host none;

    (void)state;
    world_type(&w, "set portal box.example:8443");
    assert_string_equal(world_type(&w, "unset portal"), "OK portal=");
    assert_memory_equal(&w.keeper.accounts.of[0].client.portal, &none, sizeof none);
}

static void assert_wiped(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        assert_int_equal(text[i], '\0');
}

static void a_pair_that_is_forgotten_is_wiped(void **state)
{
    const struct tk_pair *pair = &w.keeper.accounts.of[0].pair;
    const struct tk_grant_info *info = &w.keeper.accounts.of[0].info;

    (void)state;
    world_provision(&w);
    assert_string_equal(pair->refresh, "refresh1");
    world_type(&w, "auth forget");
    assert_wiped(pair->access, sizeof pair->access);
    assert_wiped(pair->refresh, sizeof pair->refresh);
    assert_wiped((const char *)info, sizeof *info);
}

static void an_account_that_is_removed_is_wiped(void **state)
{
    struct tk_account *a = &w.keeper.accounts.of[0];

    (void)state;
    world_provision(&w);
    world_type(&w, "auth forget");
    assert_string_equal(world_type(&w, "ref del token"), "OK ref=token");
    assert_wiped((const char *)&a->client, sizeof a->client);
    assert_wiped((const char *)&a->auth.used_codes, sizeof a->auth.used_codes);
    assert_int_equal(a->pair.generation, 0);
}

/* While the time is uncertain, expires_ms is the latest possible tick. */
static void a_token_has_expired_at_its_end(void **state)
{
    static const struct {
        bool times_known;
        uint64_t now_ms;
        bool is_known;
        uint32_t left;
    } rows[] = {{true, 9000, true, 1},
                {true, 9001, true, 0},
                {true, 10000, true, 0},
                {false, 9999, false, 7},
                {false, 10000, true, 0}};
    struct tk_account *a = &w.keeper.accounts.of[0];

    (void)state;
    a->expires_ms = 10000;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t left = 7;

        a->times_known = rows[i].times_known;
        assert_int_equal(tk_account_seconds_left(a, rows[i].now_ms, &left), rows[i].is_known);
        assert_int_equal(left, rows[i].left);
    }
}

static void without_flash_there_is_an_account_in_ram(void **state)
{
    (void)state;
    memset(w.flash.bytes, 0xff, (size_t)8 * 4096);
    w.flash.fail_at = w.flash.operations + 1;
    w.flash.fail_until = UINT64_MAX;
    world_restart(&w, 100);
    assert_true(w.keeper.accounts.of[0].used);
    assert_string_equal(w.keeper.accounts.of[0].name, "token");
    w.flash.fail_until = 0;
}

static void pairs_in_ram_are_stored_at_once(void **state)
{
    static const size_t slots[] = {0, TK_ACCOUNTS - 1};
    struct tk_accounts *all = &w.keeper.accounts;

    (void)state;
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        struct tk_refresh *r = &all->of[slots[i]].refresh;

        tk_accounts_store_now(all);
        assert_true(tk_accounts_are_stored(all));
        assert_true(r->store_timer.due_ms == TK_NEVER);
        r->unstored = true;
        assert_false(tk_accounts_are_stored(all));
        tk_accounts_store_now(all);
        assert_true(r->store_timer.due_ms == w.port.now_ms);
        r->unstored = false;
    }
}

static void a_pair_is_renewed_first_where_the_clock_is_behind(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "ref add b");
    world_run(&w, 11000);
    tk_accounts_renew_first(&w.keeper.accounts);
    assert_true(w.keeper.accounts.of[0].renew_first);
    assert_false(w.keeper.accounts.of[1].renew_first); /* it has none */
}

/* Ten years. */
static void a_lowered_floor_of_the_time_is_stored(void **state)
{
    (void)state;
    w.server.date = "Sun, 23 Nov 2036 12:00:00 GMT";
    tk_sim_set_wall(&w.port, TK_TIME_NONE, 0);
    world_restart(&w, 1000);
    world_assert_begins(world_type(&w, "time 2111068800"), "OK time=2036-11-23");
    world_provision(&w);
    w.server.date = "";
    world_restart(&w, 1000);
    assert_true(w.keeper.rt.time.floor_unix > WORLD_UNIX + 9 * 365 * 86400);
    world_assert_begins(world_type(&w, "time 1795000100"), "OK time=");
    world_restart(&w, 1000);
    assert_true(w.keeper.rt.time.floor_unix < WORLD_UNIX + 86400);
}

static void a_floor_that_stays_is_not_written_again(void **state)
{
    (void)state;
    world_provision(&w);
    tk_time_note_server_date(&w.keeper.rt.time, WORLD_UNIX + 3600);
    uint64_t operations = w.flash.operations;

    assert_int_equal(tk_accounts_set_time(&w.keeper.accounts, 0, TK_TIME_SNTP), TK_E_TIME_RANGE);
    assert_true(w.flash.operations == operations);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_pair_binds_portal_client_and_auth_host_but_not_the_secret),
        TEST(accounts_are_separate),
        TEST(a_removed_account_is_not_selected),
        TEST(a_new_account_inherits_nothing),
        TEST(factory_reset_erases_flash),
        TEST(an_answer_during_factory_reset_is_not_stored),
        TEST(an_account_is_not_removed_during_its_command),
        TEST(a_removed_account_has_no_timer_and_no_request),
        TEST(nor_has_one_whose_pair_was_not_stored),
        TEST(the_history_of_a_removed_account_is_dropped),
        TEST(without_flash_there_is_an_account_in_ram),
        TEST(pairs_in_ram_are_stored_at_once),
        TEST(a_pair_is_renewed_first_where_the_clock_is_behind),
        TEST(a_lowered_floor_of_the_time_is_stored),
        TEST(a_floor_that_stays_is_not_written_again),
        TEST(an_account_is_not_removed_while_it_is_printed),
        TEST(an_account_is_not_removed_while_its_secret_is_prompted_for),
        TEST(there_is_room_for_so_many_accounts),
        TEST(a_name_has_1_to_16_characters),
        TEST(the_first_account_needs_no_name),
        TEST(a_setting_that_is_not_valid_changes_nothing),
        TEST(an_interval_is_stored_and_deleted),
        TEST(an_interval_is_on_demand_or_60_s_to_7_d),
        TEST(a_next_secret_has_up_to_128_characters),
        TEST(a_portal_that_is_unset_leaves_none),
        TEST(a_pair_that_is_forgotten_is_wiped),
        TEST(an_account_that_is_removed_is_wiped),
        TEST(a_token_has_expired_at_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
