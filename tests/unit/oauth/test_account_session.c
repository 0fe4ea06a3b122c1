/* SPDX-License-Identifier: Apache-2.0 */

/* The TLS session that is stored with a pair: when it is stored, and when it is used. */

#include "tk_account_session.h"
#include "tk_le.h"
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
static void refresh_once(const char *reason)
{
    tk_https_restore_session(&w.keeper.rt.https, &session);
    world_run(&w, 20000);
    world_assert_begins(world_type(&w, "auth refresh"), "OK");
    world_assert_state(&w, "ready", reason);
}

static void refresh_with_session(void)
{
    refresh_once("none");
    world_run(&w, 5000);
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

/* The commit of a pair fails, and its retry deletes the session of the pair before. */
static void a_session_ends_with_its_pair_if_flash_fails_once(void **state)
{
    (void)state;
    refresh_with_session();
    session.lifetime_s = 60;
    w.flash.fail_at = w.flash.operations + 1;
    w.flash.fail_until = UINT64_MAX;
    refresh_once("storage_failed");
    w.flash.fail_until = 0;
    world_run(&w, 600000);
    world_assert_state(&w, "ready", "none");
    world_restart(&w, 100);
    assert_null(restored());
}

static void the_version_is_a_part_of_its_context(void **state)
{
    struct tk_session_value v;
    uint64_t id = tk_ca_id(&w.keeper.rt.ca) ^ (uint64_t)w.config.build_unix << 20;

    (void)state;
    tk_https_restore_session(&w.keeper.rt.https, &session);
    assert_true(tk_account_session_pack(&w.keeper.accounts.of[0], &v));
    assert_true(tk_le_get(v.head, 8) != id);
}

static void up_to_512_bytes_are_stored(void **state)
{
    struct tk_session_value v;

    (void)state;
    for (session.len = 512; session.len < 514; session.len++) {
        tk_https_restore_session(&w.keeper.rt.https, &session);
        assert_int_equal(tk_account_session_pack(&w.keeper.accounts.of[0], &v), session.len == 512);
    }
}

/* No build stores 0 bytes, or more than the cache has room for. */
static void the_length_of_a_stored_value_is_checked(void **state)
{
    static const size_t lens[] = {0, 1, sizeof session.data, sizeof session.data + 1};
    static uint8_t value[TK_SESSION_HEAD + TK_HOST_TEXT + sizeof session.data + 1];
    struct tk_session_value v;

    (void)state;
    tk_https_restore_session(&w.keeper.rt.https, &session);
    assert_true(tk_account_session_pack(&w.keeper.accounts.of[0], &v));
    memcpy(value, v.pieces[0].data, v.pieces[0].len);
    memcpy(value + v.pieces[0].len, v.pieces[1].data, v.pieces[1].len);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++)
        assert_int_equal(
            tk_account_session_restore(&w.keeper.accounts.of[0], value,
                                       (size_t)v.pieces[0].len + v.pieces[1].len + lens[i]),
            i == 1 || i == 2);
    assert_int_equal(restored()->len, sizeof session.data);
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
        TEST(a_session_ends_with_its_pair_if_flash_fails_once),
        TEST(the_version_is_a_part_of_its_context),
        TEST(up_to_512_bytes_are_stored),
        TEST(the_length_of_a_stored_value_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
