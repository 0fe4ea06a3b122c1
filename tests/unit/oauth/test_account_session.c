/* SPDX-License-Identifier: Apache-2.0 */

/* The TLS session that goes to flash with a pair: when it is stored, and when it still counts. */

#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct world w;
static struct tk_tls_session given;

/* The server has promised to know this one for two hours. */
static int begin(void **state)
{
    (void)state;
    world_init(&w, 11);
    world_provision(&w);
    memset(&given, 0, sizeof given);
    tk_account_auth_host(&w.keeper.accounts.of[0], &given.host);
    given.not_after = WORLD_UNIX + 90 * 86400;
    given.lifetime_s = 7200;
    given.use_fallback = true;
    given.len = 300;
    memset(given.data, 0xa5, given.len);
    return 0;
}

static int end(void **state)
{
    (void)state;
    assert_int_equal(w.flash.violations, 0);
    world_free(&w);
    return 0;
}

static const struct tk_tls_session *known(void)
{
    return tk_https_session(&w.keeper.rt.https, &given.host);
}

/* What a handshake leaves, and a pair that comes over it. */
static void refresh_over_it(void)
{
    tk_https_restore_session(&w.keeper.rt.https, &given);
    world_run(&w, 20000);
    world_assert_begins(world_type(&w, "auth refresh"), "OK");
    world_run(&w, 5000);
    world_assert_state(&w, "ready", "none");
}

static void it_is_there_after_a_start(void **state)
{
    (void)state;
    refresh_over_it();
    world_restart(&w, 100);
    assert_non_null(known());
    assert_int_equal(known()->len, given.len);
    assert_memory_equal(known()->data, given.data, given.len);
    assert_true(known()->not_after == given.not_after && known()->use_fallback);
    assert_int_equal(known()->lifetime_s, given.lifetime_s);
}

static void it_is_stored_with_a_pair_alone(void **state)
{
    (void)state;
    tk_https_restore_session(&w.keeper.rt.https, &given);
    world_run(&w, 60000);
    world_restart(&w, 100);
    assert_null(known());
}

static void what_is_not_worth_it_is_not_stored(void **state)
{
    const struct tk_tls_session good = given;

    (void)state;
    given.lifetime_s = 1500; /* gone when the next refresh is due */
    refresh_over_it();
    world_restart(&w, 100);
    assert_null(known());
    given = good;
    given.lifetime_s = 0;
    refresh_over_it();
    world_restart(&w, 100);
    assert_null(known());
    given = good;
    given.len = 513;
    refresh_over_it();
    world_restart(&w, 100);
    assert_null(known());
    given = good;
    world_assert_begins(world_type(&w, "set renew on-demand"), "OK");
    refresh_over_it();
    world_restart(&w, 100);
    assert_null(known());
}

static void other_roots_or_another_program_do_not_use_it(void **state)
{
    (void)state;
    refresh_over_it();
    w.config.trust_id++;
    world_restart(&w, 100);
    assert_null(known());
    w.config.trust_id--;
    w.config.build_unix++;
    world_restart(&w, 100);
    assert_null(known());
    w.config.build_unix--;
    world_restart(&w, 100);
    assert_non_null(known());
}

static void it_goes_with_its_pair(void **state)
{
    (void)state;
    refresh_over_it();
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    world_restart(&w, 100);
    assert_null(known());
}

/* The next pair's session takes its place; where there is none worth it, none stays. */
static void the_next_pair_replaces_it(void **state)
{
    (void)state;
    refresh_over_it();
    given.lifetime_s = 60;
    refresh_over_it();
    world_restart(&w, 100);
    assert_null(known());
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(it_is_there_after_a_start),
        TEST(it_is_stored_with_a_pair_alone),
        TEST(what_is_not_worth_it_is_not_stored),
        TEST(other_roots_or_another_program_do_not_use_it),
        TEST(it_goes_with_its_pair),
        TEST(the_next_pair_replaces_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
