/* SPDX-License-Identifier: Apache-2.0 */

/* What is loaded of an account where a value on flash is missing or of no build. */

#include "tk_account_load.h"

#include "tk_account_store.h"
#include "tk_account_value.h"
#include "tk_keys.h"
#include "tk_le.h"
#include "tk_portal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"

static struct tk_account *account(void)
{
    return &w.keeper.accounts.of[0];
}

static void put_of(unsigned index, unsigned item, const void *data, size_t len)
{
    uint16_t key = tk_account_key(index, item);

    assert_int_equal(tk_storage_put(&w.keeper.rt.storage, key, data, len), TK_OK);
}

static void restart_with(unsigned item, const void *data, size_t len)
{
    put_of(0, item, data, len);
    world_restart(&w, 100);
}

/* The value of a pair, with this lifetime. */
static void pack(uint8_t packed[TK_PAIR_SIZE], uint32_t lifetime_s)
{
    tk_account_pack_pair(account(), packed);
    tk_le_put(packed + 4, lifetime_s, 4);
    tk_le_put(packed + 16, (uint64_t)account()->pair.issued_unix + lifetime_s, 8);
}

static void a_pair_lives_up_to_a_year(void **state)
{
    uint8_t packed[TK_PAIR_SIZE];
    struct tk_pair pair;
    int64_t floor;

    (void)state;
    world_provision(&w);
    pack(packed, TK_LIFETIME_MAX);
    assert_true(tk_account_unpack_pair(&pair, packed, &floor));
    assert_int_equal(pair.lifetime_s, TK_LIFETIME_MAX);
    assert_true(floor == tk_time_stored_floor(&w.keeper.rt.time));
    pack(packed, TK_LIFETIME_MAX + 1);
    assert_false(tk_account_unpack_pair(&pair, packed, &floor));
}

static void tokens_without_times_are_not_used(void **state)
{
    uint8_t packed[TK_PAIR_SIZE];

    (void)state;
    world_provision(&w);
    pack(packed, TK_LIFETIME_MAX + 1);
    restart_with(TK_KEY_PAIR, packed, sizeof packed);
    world_assert_state(&w, "needs_code", "new");
    assert_int_equal(account()->pair.generation, 0);
    restart_with(TK_KEY_PAIR, NULL, 0);
    world_assert_state(&w, "needs_code", "new");
}

static void an_access_token_is_not_used_without_its_refresh_token(void **state)
{
    (void)state;
    world_provision(&w);
    restart_with(TK_KEY_REFRESH, NULL, 0);
    world_assert_state(&w, "needs_code", "new");
}

static void a_previous_refresh_token_has_up_to_2048_characters(void **state)
{
    static char longest[TK_TOKEN_MAX + 1], token[TK_TOKEN_MAX + 1];

    (void)state;
    world_provision(&w);
    memset(longest, 'r', sizeof longest);
    for (size_t more = 0; more < 2; more++) {
        put_of(0, TK_KEY_REFRESH, longest, TK_TOKEN_MAX + more);
        put_of(0, TK_KEY_REFRESH, "refresh1", 8);
        assert_int_equal(tk_account_previous_refresh_token(account(), token), more == 0);
        assert_int_equal(strlen(token), more == 0 ? TK_TOKEN_MAX : 0);
    }
}

/* Nor the part of it that could be read. */
static void grant_info_is_used_whole_or_not_at_all(void **state)
{
    static const char five_strings[] = "https://acme.bitrix24.com/rest/\0m\0u\0s\0";
    static const struct tk_grant_info none;

    (void)state;
    world_provision(&w);
    restart_with(TK_KEY_GRANT_INFO, five_strings, sizeof five_strings);
    assert_memory_equal(&account()->info, &none, sizeof none);
    world_assert_state(&w, "ready", "none");
}

static void a_number_that_is_too_high_is_none(void **state)
{
    static const uint8_t high = TK_SUCCESSOR_LONG + 1;

    (void)state;
    world_provision(&w);
    restart_with(TK_KEY_REVOCATION, &high, 1);
    world_assert_state(&w, "ready", "none");
}

static void a_digest_alone_is_no_used_code(void **state)
{
    uint8_t digest[TK_DIGEST_SIZE];

    (void)state;
    world_provision(&w);
    tk_account_digest("c", digest);
    restart_with(TK_KEY_USED_CODES, digest, sizeof digest);
    assert_false(tk_account_code_is_used(account(), "c"));
}

static void a_portal_may_move_to_a_host_of_one_letter(void **state)
{
    struct tk_host host;

    (void)state;
    world_provision(&w);
    assert_true(tk_host_parse(&host, "x", NULL));
    tk_portal_set_fault(account(), TK_PORTAL_MOVED_BY_REDIRECT, &host);
    world_restart(&w, 100);
    assert_status("moved_to", "x");
    world_assert_state(&w, "blocked", "portal_moved");
}

/* Whatever it is. */
static void one_value_is_an_account(void **state)
{
    static const uint8_t value = TK_PORTAL_USER_REFUSED;
    static const unsigned items[] = {TK_KEY_PORTAL, TK_KEY_LAST};

    (void)state;
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        put_of(1, items[i], &value, 1);
        world_restart(&w, 100);
        assert_true(w.keeper.accounts.of[1].used);
        assert_string_equal(w.keeper.accounts.of[1].name, "?1");
        put_of(1, items[i], NULL, 0);
    }
}

static void two_accounts_have_two_names(void **state)
{
    (void)state;
    world_type(&w, "ref add b");
    put_of(1, TK_KEY_NAME, "token", 5);
    world_restart(&w, 100);
    assert_string_equal(w.keeper.accounts.of[0].name, "token");
    assert_string_equal(w.keeper.accounts.of[1].name, "?1");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_pair_lives_up_to_a_year),
        TEST(tokens_without_times_are_not_used),
        TEST(an_access_token_is_not_used_without_its_refresh_token),
        TEST(a_previous_refresh_token_has_up_to_2048_characters),
        TEST(grant_info_is_used_whole_or_not_at_all),
        TEST(a_number_that_is_too_high_is_none),
        TEST(a_digest_alone_is_no_used_code),
        TEST(a_portal_may_move_to_a_host_of_one_letter),
        TEST(one_value_is_an_account),
        TEST(two_accounts_have_two_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
