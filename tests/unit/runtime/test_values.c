/* SPDX-License-Identifier: Apache-2.0 */

/* Stored values that no build stores, under a right CRC: none is used, each is named, and no other
 * value is lost. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"
#include "tk_account_load.h"
#include "tk_account_session.h"
#include "tk_keys.h"
#include "tk_le.h"

enum { VALUE_MAX = 2000, KEYS_MAX = 64 };

static uint16_t keys[KEYS_MAX];
static size_t key_count;

static void list_keys(void)
{
    key_count = 0;
    for (uint16_t key = TK_KEY_ESCALATE_URL; key <= TK_KEY_HISTORY; key++)
        keys[key_count++] = key;
    for (uint16_t key = TK_KEY_CA_STAGED; key < TK_KEY_CA_ROOT + TK_CAS; key++)
        keys[key_count++] = key;
    for (unsigned item = TK_KEY_NAME; item <= TK_KEY_LAST; item++)
        keys[key_count++] = tk_account_key(0, item);
}

static int set_up_values(void **state)
{
    (void)set_up(state);
    list_keys();
    world_provision(&w);
    world_type(&w, "set scope crm");
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    return 0;
}

/* Without the history, which may be the value itself. */
static int put(uint16_t key, const uint8_t *value, size_t len)
{
    struct tk_store_piece piece = {value, (uint16_t)len};
    struct tk_store_value one = {key, len > 0, &piece};

    return tk_store_commit(&w.keeper.rt.storage.store, &one, 1);
}

/* Stores a value, starts anew, and lets everything read it. Puts back what was there. */
static void live_with(uint16_t key, const uint8_t *value, size_t len, char *store, size_t size)
{
    static uint8_t before[VALUE_MAX];
    char former[TK_HOST_TEXT];
    int before_len = tk_storage_get(&w.keeper.rt.storage, key, before, sizeof before);

    assert_int_equal(put(key, value, len), TK_STORE_OK);
    world_restart(&w, 1000);
    world_run(&w, 2000);
    (void)world_type(&w, "show");
    (void)world_type(&w, "history");
    (void)world_type(&w, "ca list");
    (void)world_type(&w, "ca add end");
    (void)world_type(&w, "token");
    (void)world_type(&w, "escalate test");
    tk_account_former_portal(&w.keeper.accounts.of[0], former);
    snprintf(store, size, "%s", world_status(&w, "store"));
    assert_int_equal(put(key, before, before_len > 0 ? (size_t)before_len : 0), TK_STORE_OK);
    world_restart(&w, 1000);
}

static void assert_named(uint16_t key, const uint8_t *value, size_t len)
{
    char store[64], wanted[64];

    live_with(key, value, len, store, sizeof store);
    snprintf(wanted, sizeof wanted, "corrupt key=%u", key);
    if (strcmp(store, wanted) != 0)
        fail_msg("key %u, %u bytes: store=%s", key, (unsigned)len, store);
}

static void each_key_is_checked_and_named(void **state)
{
    static const uint8_t bytes[] = {1, 1, 1};

    (void)state;
    for (size_t i = 0; i < key_count; i++) {
        if (keys[i] != TK_KEY_CA_STAGED) /* it is checked when it ends */
            assert_named(keys[i], bytes, sizeof bytes);
        world_assert_state(&w, "ready", "none");
    }
}

static void a_value_of_any_bytes_does_no_harm(void **state)
{
    static const uint16_t lens[] = {1, 2, 8, 32, 40, 41, 253, 700};
    static uint8_t value[VALUE_MAX];
    uint32_t x = 1;
    char store[64];

    (void)state;
    for (size_t i = 0; i < key_count; i++) {
        for (size_t j = 0; j < sizeof lens / sizeof lens[0]; j++) {
            for (size_t at = 0; at < lens[j]; at++) {
                x = x * 1664525u + 1013904223u;
                value[at] = j % 3 == 0 ? 0xff : j % 3 == 1 ? 0 : (uint8_t)(x >> 24);
            }
            live_with(keys[i], value, lens[j], store, sizeof store);
        }
    }
    world_type(&w, "show");
    assert_non_null(strstr(w.answer, "client_id=local.1\n"));
    assert_non_null(strstr(w.answer, "scope=crm\n"));
}

static void put_pair(int64_t issued, uint32_t lifetime, int64_t expires, int64_t floor)
{
    uint8_t pair[40];
    uint16_t key = tk_account_key(0, TK_KEY_PAIR);

    assert_int_equal(tk_storage_get(&w.keeper.rt.storage, key, pair, sizeof pair), sizeof pair);
    tk_le_put(pair + 4, lifetime, 4);
    tk_le_put(pair + 8, (uint64_t)issued, 8);
    tk_le_put(pair + 16, (uint64_t)expires, 8);
    tk_le_put(pair + 24, (uint64_t)floor, 8);
    assert_named(key, pair, sizeof pair);
}

static void times_of_a_pair_are_checked(void **state)
{
    const int64_t far = -8000000000000000;

    (void)state;
    put_pair(far, 3600, far + 3600, WORLD_UNIX);
    put_pair(INT64_MAX, 3600, 0, WORLD_UNIX);
    put_pair(INT64_MIN, 3600, INT64_MIN + 3600, WORLD_UNIX);
    put_pair(WORLD_UNIX, 3600, WORLD_UNIX + 3601, WORLD_UNIX);
    put_pair(WORLD_UNIX, UINT32_MAX, WORLD_UNIX + (int64_t)UINT32_MAX, WORLD_UNIX);
    put_pair(WORLD_UNIX, 3600, WORLD_UNIX + 3600, INT64_MAX);
    put_pair(WORLD_UNIX, 3600, WORLD_UNIX + 3600, -1);
    world_assert_state(&w, "ready", "none");
}

static void a_rejected_value_is_in_the_history(void **state)
{
    static const uint8_t renew[] = {1, 0, 0, 0};

    (void)state;
    assert_int_equal(
        tk_storage_put(&w.keeper.rt.storage, tk_account_key(0, TK_KEY_RENEW), renew, sizeof renew),
        TK_OK);
    world_restart(&w, 1000);
    assert_string_equal(world_status(&w, "renew"), "25m");
    world_type(&w, "history");
    assert_non_null(strstr(w.answer, "event=corrupt ref=token\n"));
}

/* Without its name an account keeps its settings and its pair. */
static void an_account_outlives_its_name(void **state)
{
    static const char *const names[] = {"No", "other", "with space"};

    (void)state;
    world_type(&w, "ref add other");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(tk_storage_put(&w.keeper.rt.storage, tk_account_key(i == 1, TK_KEY_NAME),
                                        i == 1 ? "token" : names[i], i == 1 ? 5 : strlen(names[i])),
                         TK_OK);
        world_restart(&w, 1000);
        assert_string_equal(world_type(&w, i == 1 ? "ref ?1" : "ref ?0"),
                            i == 1 ? "OK ref=?1" : "OK ref=?0");
        world_assert_state(&w, i == 1 ? "no_client" : "ready", i == 1 ? "portal_missing" : "none");
        (void)tk_storage_put(&w.keeper.rt.storage, tk_account_key(i == 1, TK_KEY_NAME),
                             i == 1 ? "other" : "token", 5);
    }
}

/* Nor does a new account inherit them. */
static void an_account_outlives_the_loss_of_its_name(void **state)
{
    (void)state;
    world_type(&w, "ref add other");
    world_type(&w, "ref other");
    world_assert_begins(world_type(&w, "set client_id local.other"), "OK");
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(
            tk_storage_put(&w.keeper.rt.storage, tk_account_key(i, TK_KEY_NAME), NULL, 0), TK_OK);
    world_restart(&w, 1000);
    assert_string_equal(world_type(&w, "ref ?0"), "OK ref=?0");
    world_assert_state(&w, "ready", "none");
    assert_string_equal(world_status(&w, "store"), "corrupt key=33");
    world_assert_begins(world_type(&w, "ref add third"), "OK");
    world_restart(&w, 1000);
    world_assert_begins(world_type(&w, "ref third"), "OK");
    world_assert_state(&w, "no_client", "portal_missing");
    assert_string_equal(world_type(&w, "ref ?1"), "OK ref=?1");
}

/* Each of them is right but for one part. */
static void parts_of_values_are_checked(void **state)
{
    static const uint8_t zero[] = {0}, too_high[] = {4};
    static const uint8_t host_with_a_nul[] = {TK_PORTAL_MOVED_BY_REDIRECT, 'a', '.', 'b', 0, 'c'};
    static const uint8_t no_host[] = {TK_PORTAL_MOVED_BY_REDIRECT, '-', 'b'};
    static const uint8_t user_with_a_host[] = {TK_PORTAL_USER_REFUSED, 'a', '.', 'b'};
    static const char long_member[] = "https://acme.bitrix24.com/rest/\0"
                                      "01234567890123456789012345678901234567890\0"
                                      "1\0crm";
    static const char three_strings[] = "https://acme.bitrix24.com/rest/\0m\0u";
    static const char five_strings[] = "https://acme.bitrix24.com/rest/\0m\0u\0s\0";
    uint8_t no_session[TK_SESSION_HEAD + 4] = {0};
    static const uint8_t week_and_1_s[] = {0x81, 0x3a, 9, 0};

    (void)state;
    assert_named(tk_account_key(0, TK_KEY_RENEW), week_and_1_s, sizeof week_and_1_s);
    assert_named(TK_KEY_ESCALATE_LEVEL, zero, sizeof zero);
    assert_named(TK_KEY_ESCALATE_LEVEL, too_high, sizeof too_high);
    memcpy(no_session + TK_SESSION_HEAD, "a.b", 4);
    assert_named(tk_account_key(0, TK_KEY_REVOCATION), zero, sizeof zero);
    assert_named(tk_account_key(0, TK_KEY_REVOCATION), too_high, sizeof too_high);
    assert_named(tk_account_key(0, TK_KEY_PORTAL_FAULT), host_with_a_nul, sizeof host_with_a_nul);
    assert_named(tk_account_key(0, TK_KEY_PORTAL_FAULT), no_host, sizeof no_host);
    assert_named(tk_account_key(0, TK_KEY_PORTAL_FAULT), user_with_a_host, sizeof user_with_a_host);
    assert_named(tk_account_key(0, TK_KEY_GRANT_INFO), (const uint8_t *)long_member,
                 sizeof long_member);
    assert_named(tk_account_key(0, TK_KEY_GRANT_INFO), (const uint8_t *)three_strings,
                 sizeof three_strings);
    assert_named(tk_account_key(0, TK_KEY_GRANT_INFO), (const uint8_t *)five_strings,
                 sizeof five_strings);
    assert_named(tk_account_key(0, TK_KEY_SESSION), no_session, sizeof no_session);
    world_assert_state(&w, "ready", "none");
}

static void parts_of_an_alert_are_checked(void **state)
{
    uint8_t alert[] = "\2\2\0\0\0\0\0\0\0\0\0timeout";
    static const struct {
        uint8_t at, value;
    } rows[] = {{0, 5}, {1, 5}, {1, 5 << 4}, {10, 0x80}, {sizeof alert - 2, 'x'}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t before = alert[rows[i].at];

        alert[rows[i].at] = rows[i].value;
        assert_named(tk_account_key(0, TK_KEY_ESCALATION), alert,
                     sizeof alert - (i + 1 == sizeof rows / sizeof rows[0]));
        alert[rows[i].at] = before;
    }
    world_assert_state(&w, "ready", "none");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_values, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_key_is_checked_and_named), TEST(a_value_of_any_bytes_does_no_harm),
        TEST(times_of_a_pair_are_checked),   TEST(a_rejected_value_is_in_the_history),
        TEST(an_account_outlives_its_name),  TEST(an_account_outlives_the_loss_of_its_name),
        TEST(parts_of_values_are_checked),   TEST(parts_of_an_alert_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
