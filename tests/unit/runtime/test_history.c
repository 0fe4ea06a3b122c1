/* SPDX-License-Identifier: Apache-2.0 */

/* The ring of events, and the counters of `status --all`. */

#include "tk_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"
#include "tk_portal.h"
#include "tk_token.h"

#define MINUTE 60000
#define DAY    (24 * 60 * (uint64_t)MINUTE)

/* The answer to `history`. */
static const char *history(void)
{
    world_assert_begins(world_type(&w, "history"), "OK events=");
    return w.answer;
}

/* Event n, without its time. */
static const char *event(unsigned n)
{
    static char line[160];
    char key[16];

    snprintf(key, sizeof key, "@1 %u=", n);
    const char *at = strstr(history(), key);

    assert_non_null(at);
    at = strchr(at + strlen(key), ' ') + 1;
    snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
    return line;
}

static void refresh(void)
{
    world_run(&w, 11000);
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready");
}

static void events_are_kept_over_a_restart(void **state)
{
    (void)state;
    world_provision(&w);
    world_error(&w, "invalid_client", 400, 1);
    world_run(&w, 26 * MINUTE);
    world_restart(&w, MINUTE);
    refresh();
    world_type(&w, "auth forget");
    assert_string_equal(event(1), "boot=1 event=started");
    assert_string_equal(event(2), "boot=1 event=exchanged ref=token");
    assert_string_equal(event(3), "boot=1 event=raised ref=token level=4 cause=invalid_client");
    assert_string_equal(event(4), "boot=2 event=started");
    assert_string_equal(event(5), "boot=2 event=cleared ref=token cause=invalid_client");
    assert_string_equal(event(6), "boot=2 event=forgotten ref=token");
    assert_non_null(strstr(w.answer, "OK events=6 boot=2"));
    assert_string_equal(world_status(&w, "boots"), "2");
}

static void refreshes_and_transient_faults_are_not_recorded(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, DAY + 60000);
    world_error(&w, "something", 400, 1);
    world_run(&w, DAY);
    assert_int_equal(world_count_events(&w, "event=raised level=1"), 1);
    assert_non_null(strstr(history(), "OK events=2 boot=1"));
}

static void a_refresh_without_events_does_not_write_it(void **state)
{
    (void)state;
    world_provision(&w);
    uint32_t at = w.keeper.rt.storage.store.append_at, seq = w.keeper.rt.storage.store.top.seq;

    refresh();
    uint32_t first = w.keeper.rt.storage.store.append_at - at;

    at = w.keeper.rt.storage.store.append_at;
    refresh();
    assert_int_equal(w.keeper.rt.storage.store.append_at - at, first);
    assert_int_equal(w.keeper.rt.storage.store.top.seq,
                     seq); /* the same sector, so the two are comparable */
    assert_false(w.keeper.rt.history.unstored);
}

/* A board in a boot loop writes nothing. */
static void a_boot_is_stored_with_the_next_commit(void **state)
{
    (void)state;
    world_provision(&w);
    for (int i = 0; i < 5; i++)
        world_restart(&w, 1000);
    assert_true(w.keeper.rt.history.unstored);
    assert_string_equal(world_status(&w, "boots"), "2");
    refresh();
    assert_false(w.keeper.rt.history.unstored);
    world_restart(&w, 1000);
    assert_string_equal(world_status(&w, "boots"), "3");
    assert_string_equal(event(3), "boot=2 event=started");
}

static void events_before_the_time_is_known_have_uptimes(void **state)
{
    char line[80];

    (void)state;
    world_provision(&w);
    tk_sim_set_wall(&w.port, TK_TIME_NONE, 0);
    world_restart(&w, 1000);
    world_run(&w, 5000);
    assert_non_null(strstr(history(), "=uptime=0 boot=2 event=started\n"));
    world_type(&w, "set escalate_level 3"); /* stores that boot, too */
    world_restart(&w, 1000);
    world_run(&w, 5000);
    snprintf(line, sizeof line, "time %d", WORLD_UNIX + 1000000);
    world_assert_begins(world_type(&w, line), "OK time=");
    world_run(&w, 100);
    int64_t started =
        WORLD_UNIX + 1000000 - (int64_t)(w.port.now_ms - w.keeper.rt.started_ms) / 1000;

    snprintf(line, sizeof line, "=unix=%lld boot=3 event=started\n", (long long)started);
    assert_non_null(strstr(history(), line));
    assert_non_null(strstr(w.answer, "=uptime=0 boot=2 event=started\n")); /* not known */
}

static void the_oldest_events_are_dropped(void **state)
{
    (void)state;
    world_provision(&w);
    for (int i = 0; i < TK_HISTORY; i++) {
        world_error(&w, "invalid_client", 400, 1);
        world_run(&w, 11000);
        world_type(&w, "auth refresh");
        refresh();
    }
    world_restart(&w, 1000);
    assert_string_equal(event(TK_HISTORY), "boot=2 event=started");
    assert_string_equal(event(1), "boot=1 event=cleared ref=token cause=invalid_client");
    assert_null(strstr(history(), "event=exchanged"));
}

/* Causes are stored as codes, whatever their numbers are in the build that reads them. */
static void every_cause_is_a_code(void **state)
{
    (void)state;
    for (int err = 1; err < TK_E_COUNT; err++) {
        struct tk_event event;

        tk_history_add(&w.keeper.rt.history, TK_EVENT_RAISED, 0, 2, (enum tk_err)err);
        tk_history_get(&w.keeper.rt.history, w.keeper.rt.history.count - 1u, &event);
        assert_int_equal(event.cause, err);
    }
}

static void events_of_a_removed_account_name_none(void **state)
{
    (void)state;
    world_type(&w, "ref add other");
    tk_history_add(&w.keeper.rt.history, TK_EVENT_RAISED, 1, 2, TK_E_TIMEOUT);
    assert_string_equal(event(2), "boot=1 event=raised ref=other level=2 cause=timeout");
    world_type(&w, "ref del other");
    world_type(&w, "ref add another");
    assert_string_equal(event(2), "boot=1 event=raised ref=(removed) level=2 cause=timeout");
}

static void a_moved_portal_is_recorded(void **state)
{
    struct tk_host there;

    (void)state;
    world_provision(&w);
    assert_true(tk_host_parse(&there, "other.bitrix24.com", NULL));
    (void)tk_portal_move(&w.keeper.accounts.of[0], &there);
    world_restart(&w, 1000);
    assert_string_equal(event(3), "boot=1 event=moved ref=token");
}

static int commit_filler(uint8_t key, size_t len)
{
    static const char filler[200];
    struct tk_store_piece piece = {filler, (uint16_t)len};
    struct tk_store_value value = {key, len > 0, &piece};

    return tk_store_commit(&w.keeper.rt.storage.store, &value, 1);
}

/* Flash that an older build has filled. */
static void it_gives_way_where_flash_is_full(void **state)
{
    struct tk_store_piece piece = {"x", 1};
    struct tk_store_value value = {4, 1, &piece};
    uint8_t key = 200;

    (void)state;
    assert_int_equal(commit_filler(9, 0), TK_STORE_OK); /* deletes the stored history */
    for (size_t len = 200; len > 20; len -= 30) {
        while (commit_filler(key, len) == TK_STORE_OK)
            key++;
    }
    assert_int_equal(commit_filler(--key, 0), TK_STORE_OK); /* room for 50 bytes */
    tk_history_add(&w.keeper.rt.history, TK_EVENT_MOVED, 0, 0, TK_OK);
    assert_int_equal(tk_storage_commit(&w.keeper.rt.storage, &value, 1), TK_OK);
    assert_true(w.keeper.rt.history.unstored);
    while (key > 200)
        assert_int_equal(commit_filler(--key, 0), TK_STORE_OK);
    piece.data = "y";
    assert_int_equal(tk_storage_commit(&w.keeper.rt.storage, &value, 1), TK_OK);
    assert_false(w.keeper.rt.history.unstored);
}

static void unknown_formats_in_flash_are_ignored(void **state)
{
    static const uint8_t bytes[TK_HISTORY_SIZE + 10] = {9};

    (void)state;
    for (size_t len = 1; len <= sizeof bytes; len += 3) {
        struct tk_store_piece piece = {bytes, (uint16_t)len};
        struct tk_store_value value = {9, 1, &piece};

        assert_int_equal(tk_store_commit(&w.keeper.rt.storage.store, &value, 1), TK_STORE_OK);
        world_restart(&w, 100);
        assert_in_range(w.keeper.rt.history.count, 1, TK_HISTORY);
        (void)history();
    }
}

static void set(const char *key, const char *around, size_t len)
{
    char line[400], filler[300] = "";

    memset(filler, 'x', len);
    snprintf(line, sizeof line, around, key, filler);
    world_assert_begins(world_type(&w, line), "OK ");
}

/* All settings at their longest, and a full history, in 6 sectors of 4 KB with pages of 64 bytes:
 * commits still succeed. */
static void the_smallest_store_holds_all_settings_and_a_full_history(void **state)
{
    (void)state;
    world_free(&w);
    world_init(&w, 7);
    tk_keeper_free(&w.keeper);
    tk_sim_flash_free(&w.flash);
    tk_sim_flash_init(&w.flash, 4096, 6, 64);
    tk_keeper_init(&w.keeper, &w.config);
    world_provision(&w);
    set("scope", "set %s %s", 255);
    set("escalate_url", "set %s https://x/%s", 245);
    set("escalate_template", "set %s {\"x\":\"%s\"}", 246);
    set("corezoid_login", "set %s %s", 63);
    set("corezoid_key", "set %s %s", 128);
    world_type(&w, "set corezoid_conv 123456789012345678");
    set("escalate_header", "set %s Authorization: %s", 240);
    set("corezoid_token_login", "set %s %s", 63);
    set("corezoid_token_key", "set %s %s", 128);
    set("corezoid_token_ref", "set %s %s", 63);
    set("corezoid_token_url", "set %s https://x/%s", 245);
    world_type(&w, "set corezoid_token_conv 123456789012345678");
    for (int i = 0; i < 2 * TK_HISTORY; i++) {
        world_error(&w, "invalid_client", 400, 1);
        world_run(&w, 11000);
        world_type(&w, "auth refresh");
        refresh();
    }
    world_run(&w, 30 * DAY);
    assert_false(w.keeper.rt.history.unstored);
    assert_int_equal(w.keeper.rt.history.count, TK_HISTORY);
    assert_string_equal(world_status(&w, "store"), "ok");
}

static long count(const char *key)
{
    return atol(world_status(&w, key));
}

static void counters_count_until_the_next_boot(void **state)
{
    (void)state;
    world_provision(&w);
    assert_int_equal(count("refreshes_ok"), 0);
    world_latency(&w, 300);
    refresh();
    assert_int_equal(count("refreshes_ok"), 1);
    assert_in_range(count("refresh_ms"), 300, 320);
    world_latency(&w, 100);
    refresh();
    assert_in_range(count("refresh_ms"), 100, 120);
    assert_in_range(count("refresh_ms_max"), 300, 320);
    world_fault(&w, WORLD_LOSES, 1);
    w.server.rules.old_refresh_grace_ms = WORLD_GRACE_MS;
    world_run(&w, 30 * MINUTE);
    world_error(&w, "something", 400, 2);
    world_run(&w, 30 * MINUTE);
    world_error(&w, "invalid_client", 400, 1);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(count("failed_retry"), 1);
    assert_int_equal(count("failed_wait"), 2);
    assert_int_equal(count("failed_block"), 1);
    assert_int_equal(count("failed_reauth"), 0);
    assert_int_equal(count("recovered"), 1);
    assert_int_equal(count("retries"), 3);
    world_restart(&w, 1000);
    assert_int_equal(count("refreshes_ok"), 0);
}

/* The server restores a backup while an answer is lost: it honours only pair 1. */
static void a_recovery_with_the_previous_pair_is_recorded(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 26 * MINUTE);
    world_fault(&w, WORLD_LOSES, 1);
    while (w.fault != WORLD_WELL)
        world_run(&w, 10);
    rules_restore(&w.server.rules, 1);
    world_run(&w, MINUTE);
    assert_int_equal(count("failed_retry"), 1);
    assert_int_equal(count("failed_reauth"), 1);
    assert_int_equal(count("recovered"), 1);
    assert_string_equal(event(3), "boot=1 event=recovered ref=token");
}

/* --- security events --- */

/* Event n of `history --security`, without its time. */
static const char *security(unsigned n)
{
    static char line[160];
    char key[16];

    world_assert_begins(world_type(&w, "history --security"), "OK events=");
    snprintf(key, sizeof key, "@1 %u=", n);
    const char *at = strstr(w.answer, key);

    if (at == NULL)
        return "";
    at = strchr(at + strlen(key), ' ') + 1;
    snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
    return line;
}

static char told[4096];

static void on_security(void *ctx, const char *name, const char *ref, const char *key,
                        unsigned console)
{
    size_t len = strlen(told);

    (void)ctx;
    snprintf(told + len, sizeof told - len, "%u event=%s ref=%s key=%s\n", console, name,
             ref == NULL ? "" : ref, key == NULL ? "" : key);
}

static void each_change_is_a_security_event(void **state)
{
    static const struct {
        const char *command, *event;
    } rows[] = {
        {"set portal acme", "event=set ref=token key=portal count=1"},
        {"set client_id local.1", "event=set ref=token key=client_id count=1"},
        {"set client_secret s3cret", "event=set ref=token key=client_secret count=1"},
        {"set renew 30m", "event=set ref=token key=renew count=1"},
        {"unset renew", "event=unset ref=token key=renew count=1"},
        {"set escalate_url https://hooks.example/a", "event=set key=escalate_url count=1"},
        {"set portal acme2", "event=set ref=token key=portal count=2"},
        {"time 1795000100", "event=time_set count=1"},
        {"auth code c", "event=authorized ref=token count=1"},
        {"auth forget", "event=forgotten ref=token count=1"},
    };
    char wanted[120];

    (void)state;
    w.config.on_security = on_security;
    told[0] = '\0';
    world_give_code(&w, "c");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].command, "auth code c") == 0)
            world_type(&w, "set portal acme");
        world_assert_begins(world_type(&w, rows[i].command), "OK");
        world_type(&w, "history --security");
        snprintf(wanted, sizeof wanted, " boot=1 %s\n", rows[i].event);
        if (strstr(w.answer, wanted) == NULL)
            fail_msg("%s: no %s in %s", rows[i].command, wanted, w.answer);
    }
    assert_non_null(strstr(told, "0 event=set ref=token key=client_secret\n"));
    assert_non_null(strstr(told, "0 event=forgotten ref=token key=\n"));
    assert_null(strstr(told, "s3cret"));
    assert_null(strstr(w.answer, "s3cret"));
    world_restart(&w, 1000);
    world_type(&w, "history --security");
    assert_non_null(strstr(w.answer, " boot=1 event=forgotten ref=token count=1\n"));
}

/* They do not displace each other, nor those in `history`. */
static void repeated_events_are_counted(void **state)
{
    (void)state;
    world_set_client(&w);
    for (int i = 0; i < 40; i++) {
        world_type(&w, "auth code http://localhost:7000/?code=c&state=00");
        world_type(&w, i % 2 == 0 ? "set renew 30m" : "set renew 40m");
    }
    assert_string_equal(security(1), "boot=1 event=set ref=token key=portal count=1");
    assert_string_equal(security(4), "boot=1 event=wrong_state ref=token count=40");
    assert_string_equal(security(5), "boot=1 event=set ref=token key=renew count=40");
    assert_string_equal(security(6), "");
    assert_non_null(strstr(history(), "OK events=1 boot=1"));
}

static void exchanges_displace_no_security_event(void **state)
{
    (void)state;
    world_set_client(&w);
    for (int i = 0; i < 30; i++) {
        char code[16], line[32];

        snprintf(code, sizeof code, "code%d", i);
        snprintf(line, sizeof line, "auth code %s", code);
        world_give_code(&w, code);
        world_assert_begins(world_type(&w, line), "OK");
    }
    assert_string_equal(security(1), "boot=1 event=set ref=token key=portal count=1");
    assert_string_equal(security(4), "boot=1 event=authorized ref=token count=30");
}

static void other_users_are_security_events(void **state)
{
    (void)state;
    world_provision(&w);
    w.server.rules.user_id = 992;
    world_give_code(&w, "c");
    world_assert_begins(world_type(&w, "auth code c"), "ERR other_user");
    assert_string_equal(security(5), "boot=1 event=other_user ref=token count=1");
    world_type(&w, "auth begin other_user");
    world_give_code(&w, "d");
    world_assert_begins(world_type(&w, "auth code d"), "OK");
    assert_string_equal(security(6), "boot=1 event=rebound ref=token count=1");
}

/* More kinds than the ring holds: the oldest ones go. */
static void the_ring_of_security_events_keeps_the_newest(void **state)
{
    struct tk_history *h = &w.keeper.rt.history;
    struct tk_event event;

    (void)state;
    for (uint8_t i = 0; i < 2 * TK_SECURITY; i++)
        tk_history_add_security(h, TK_SECURITY_SET, i, "portal");
    assert_int_equal(h->security_count, TK_SECURITY);
    tk_history_get_security(h, 0, &event);
    assert_int_equal(event.account, TK_SECURITY);
    for (uint32_t i = 0; i < 70000; i++)
        tk_history_add_security(h, TK_SECURITY_SET, 2 * TK_SECURITY - 1, "portal");
    tk_history_get_security(h, TK_SECURITY - 1, &event);
    assert_int_equal(event.count, UINT16_MAX);
    tk_history_get_security(h, 0, &event);
    assert_int_equal(event.account, TK_SECURITY);
}

/* Refusals must not wear out the flash. */
static void refusals_make_no_commit(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 60000);
    uint64_t before = w.flash.operations;

    for (int i = 0; i < 20; i++)
        world_type(&w, "auth code http://localhost:7000/?code=c&state=00");
    assert_int_equal(w.flash.operations, before);
}

static void a_ring_of_another_length_is_rejected(void **state)
{
    static const uint8_t bytes[TK_SECURITY_SIZE + 1] = {TK_SECURITY_SET};
    static const size_t lens[] = {0, 1, TK_SECURITY_SIZE - 1};

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct tk_store_piece piece = {bytes, (uint16_t)lens[i]};
        struct tk_store_value value = {TK_KEY_SECURITY, 1, &piece};

        assert_int_equal(tk_store_commit(&w.keeper.rt.storage.store, &value, 1), TK_STORE_OK);
        world_restart(&w, 100);
        assert_int_equal(w.keeper.rt.history.security_count, 0);
        world_assert_begins(world_status(&w, "store"), "corrupt key=");
    }
    struct tk_store_piece piece = {bytes, TK_SECURITY_SIZE + 1}; /* of a build with more events */
    struct tk_store_value value = {TK_KEY_SECURITY, 1, &piece};

    assert_int_equal(tk_store_commit(&w.keeper.rt.storage.store, &value, 1), TK_STORE_OK);
    world_restart(&w, 100);
    assert_int_equal(w.keeper.rt.history.security_count, 0);
    assert_string_equal(world_status(&w, "store"), "ok");
}

/* 0 is no word; that of "ddgy" would be. */
static void no_word_has_the_hash_of_none(void **state)
{
    (void)state;
    assert_int_equal(tk_history_hash("ddgy"), 1);
    assert_int_not_equal(tk_history_hash("scope"), tk_history_hash("portal"));
}

/* Of a newer build. */
static void an_unknown_security_event_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(tk_runtime_security_name(TK_SECURITY_REBOOT), "reboot");
    assert_string_equal(tk_runtime_security_name(TK_SECURITY_REBOOT + 1), "unknown");
    assert_string_equal(tk_runtime_security_name(UINT8_MAX), "unknown");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(events_are_kept_over_a_restart),
        TEST(refreshes_and_transient_faults_are_not_recorded),
        TEST(a_refresh_without_events_does_not_write_it),
        TEST(a_boot_is_stored_with_the_next_commit),
        TEST(events_before_the_time_is_known_have_uptimes),
        TEST(the_oldest_events_are_dropped),
        TEST(every_cause_is_a_code),
        TEST(events_of_a_removed_account_name_none),
        TEST(a_moved_portal_is_recorded),
        TEST(it_gives_way_where_flash_is_full),
        TEST(unknown_formats_in_flash_are_ignored),
        TEST(the_smallest_store_holds_all_settings_and_a_full_history),
        TEST(counters_count_until_the_next_boot),
        TEST(a_recovery_with_the_previous_pair_is_recorded),
        TEST(each_change_is_a_security_event),
        TEST(repeated_events_are_counted),
        TEST(exchanges_displace_no_security_event),
        TEST(other_users_are_security_events),
        TEST(the_ring_of_security_events_keeps_the_newest),
        TEST(refusals_make_no_commit),
        TEST(a_ring_of_another_length_is_rejected),
        TEST(no_word_has_the_hash_of_none),
        TEST(an_unknown_security_event_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
