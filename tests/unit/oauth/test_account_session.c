/* SPDX-License-Identifier: Apache-2.0 */

/* The TLS session that is stored with a pair: when it is stored, and when it is used. */

#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct world w;
static struct tk_tls_session session;

/* The server keeps this session for two hours. */
static int set_up(void **state)
{
    (void)state;
    world_init(&w, 11);
    world_provision(&w);
    memset(&session, 0, sizeof session);
    tk_account_auth_host(&w.keeper.accounts.of[0], &session.host);
    session.not_after = WORLD_UNIX + 90 * 86400;
    session.lifetime_s = 7200;
    session.fallback_until_ms = 86400000;
    session.len = 300;
    memset(session.data, 0xa5, session.len);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(w.flash.violations, 0);
    world_free(&w);
    return 0;
}

static const struct tk_tls_session *restored(void)
{
    return tk_https_session(&w.keeper.rt.https, &session.host);
}

/* Plays the session of a handshake, and a pair received over it. */
static void refresh_with_session(void)
{
    tk_https_restore_session(&w.keeper.rt.https, &session);
    world_run(&w, 20000);
    world_assert_begins(world_type(&w, "auth refresh"), "OK");
    world_run(&w, 5000);
    world_assert_state(&w, "ready", "none");
}

static void a_session_is_restored_after_a_restart(void **state)
{
    (void)state;
    refresh_with_session();
    world_restart(&w, 100);
    assert_non_null(restored());
    assert_int_equal(restored()->len, session.len);
    assert_memory_equal(restored()->data, session.data, session.len);
    assert_true(restored()->not_after == session.not_after);
    assert_int_equal(restored()->fallback_until_ms, 0); /* the host is tried with TLS 1.3 again */
    assert_int_equal(restored()->lifetime_s, session.lifetime_s);
}

static void a_session_is_stored_only_with_a_pair(void **state)
{
    (void)state;
    tk_https_restore_session(&w.keeper.rt.https, &session);
    world_run(&w, 60000);
    world_restart(&w, 100);
    assert_null(restored());
}

static void short_lived_and_large_sessions_are_not_stored(void **state)
{
    const struct tk_tls_session good = session;

    (void)state;
    session.lifetime_s = 1500; /* ends before the next refresh */
    refresh_with_session();
    world_restart(&w, 100);
    assert_null(restored());
    session = good;
    session.lifetime_s = 0;
    refresh_with_session();
    world_restart(&w, 100);
    assert_null(restored());
    session = good;
    session.len = 513;
    refresh_with_session();
    world_restart(&w, 100);
    assert_null(restored());
    session = good;
    world_assert_begins(world_type(&w, "set renew on-demand"), "OK");
    refresh_with_session();
    world_restart(&w, 100);
    assert_null(restored());
}

static void a_session_is_dropped_when_roots_or_program_change(void **state)
{
    (void)state;
    refresh_with_session();
    w.config.trust_id++;
    world_restart(&w, 100);
    assert_null(restored());
    w.config.trust_id--;
    w.config.build_unix++;
    world_restart(&w, 100);
    assert_null(restored());
    w.config.build_unix--;
    world_restart(&w, 100);
    assert_non_null(restored());
}

static void a_session_is_forgotten_with_its_pair(void **state)
{
    (void)state;
    refresh_with_session();
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    world_restart(&w, 100);
    assert_null(restored());
}

/* If the next one is not worth storing, none is stored. */
static void the_session_of_the_next_pair_replaces_it(void **state)
{
    (void)state;
    refresh_with_session();
    session.lifetime_s = 60;
    refresh_with_session();
    world_restart(&w, 100);
    assert_null(restored());
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_session_is_restored_after_a_restart),
        TEST(a_session_is_stored_only_with_a_pair),
        TEST(short_lived_and_large_sessions_are_not_stored),
        TEST(a_session_is_dropped_when_roots_or_program_change),
        TEST(a_session_is_forgotten_with_its_pair),
        TEST(the_session_of_the_next_pair_replaces_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
