/* SPDX-License-Identifier: Apache-2.0 */

/* What each commit of an account leaves on flash. */

#include "tk_account_store.h"

#include "tk_keys.h"
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

static bool is_stored(unsigned item)
{
    return tk_storage_get(&w.keeper.rt.storage, tk_account_key(0, item), NULL, 0) !=
           TK_STORE_MISSING;
}

static void store_each(void)
{
    for (unsigned item = TK_KEY_NAME; item <= TK_KEY_LAST; item++)
        assert_int_equal(tk_storage_put(&w.keeper.rt.storage, tk_account_key(0, item), "v", 1),
                         TK_OK);
}

static void a_deleted_account_leaves_nothing(void **state)
{
    (void)state;
    store_each();
    assert_int_equal(tk_account_store_delete(account()), TK_OK);
    for (unsigned item = TK_KEY_NAME; item <= TK_KEY_LAST; item++)
        assert_false(is_stored(item));
}

/* Its times stay, for the generation; and what an alert is about. */
static void a_forgotten_pair_leaves_the_configuration(void **state)
{
    static const unsigned kept[] = {
        TK_KEY_NAME,       TK_KEY_PORTAL,    TK_KEY_CLIENT_ID,  TK_KEY_CLIENT_SECRET,
        TK_KEY_SCOPE,      TK_KEY_RENEW,     TK_KEY_PAIR,       TK_KEY_USED_CODES,
        TK_KEY_ESCALATION, TK_KEY_AUTH_HOST, TK_KEY_MOVED_FROM, TK_KEY_TASK_CONV,
        TK_KEY_TASK_LOGIN, TK_KEY_TASK_KEY,  TK_KEY_TASK_REF,   TK_KEY_TASK_URL};
    bool is_kept[TK_KEY_LAST + 1] = {false};

    (void)state;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        is_kept[kept[i]] = true;
    store_each();
    assert_int_equal(tk_account_store_forget(account()), TK_OK);
    for (unsigned item = TK_KEY_NAME; item <= TK_KEY_LAST; item++)
        assert_int_equal(is_stored(item), is_kept[item]);
}

static void a_revocation_closes_the_intent(void **state)
{
    (void)state;
    assert_int_equal(tk_account_store_intent(account(), true), TK_OK);
    assert_true(is_stored(TK_KEY_INTENT));
    assert_int_equal(tk_account_store_revocation(account(), TK_REVOKED), TK_OK);
    assert_false(is_stored(TK_KEY_INTENT));
    assert_true(is_stored(TK_KEY_REVOCATION));
}

static void a_fault_that_ended_is_deleted(void **state)
{
    (void)state;
    tk_portal_set_fault(account(), TK_PORTAL_USER_REFUSED, NULL);
    assert_true(is_stored(TK_KEY_PORTAL_FAULT));
    tk_portal_set_fault(account(), TK_PORTAL_OK, NULL);
    assert_false(is_stored(TK_KEY_PORTAL_FAULT));
}

/* Also after a restart. */
static void four_codes_are_remembered(void **state)
{
    static const char *const codes[] = {"a", "b", "c", "d", "e"};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        assert_false(tk_account_code_is_used(account(), codes[i]));
        assert_int_equal(tk_account_store_code(account(), codes[i]), TK_OK);
    }
    for (int restarts = 0; restarts < 2; restarts++) {
        for (size_t i = 0; i < 5; i++)
            assert_int_equal(tk_account_code_is_used(account(), codes[i]), i > 0);
        world_restart(&w, 100);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_deleted_account_leaves_nothing), TEST(a_forgotten_pair_leaves_the_configuration),
        TEST(a_revocation_closes_the_intent),   TEST(a_fault_that_ended_is_deleted),
        TEST(four_codes_are_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
