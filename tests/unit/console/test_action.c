/* SPDX-License-Identifier: Apache-2.0 */

/* `action` of status, for each state and reason, and the page that an operator gets. */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "one_console.h"

static struct tk_account *account(void)
{
    return &w.keeper.accounts.of[0];
}

/* --- conditions --- */

static void nothing(void)
{
}

static void no_portal(void)
{
    memset(&account()->client.portal, 0, sizeof account()->client.portal);
}

static void no_client_id(void)
{
    account()->client.client_id[0] = '\0';
}

static void no_secret(void)
{
    account()->client.client_secret[0] = '\0';
}

static void no_pair(void)
{
    memset(&account()->pair, 0, sizeof account()->pair);
}

static void no_clock(void)
{
    tk_sim_set_wall(&w.port, TK_TIME_NONE, 0);
    w.keeper.rt.time.vouched = false;
    w.keeper.rt.time.set_quality = TK_TIME_NONE;
}

static void no_pair_no_clock(void)
{
    no_pair();
    no_clock();
}

static void foreign(void)
{
    no_pair();
    account()->foreign_pair = true;
}

static void revoked(void)
{
    account()->revocation = TK_REVOKED;
    account()->last_error = TK_E_INVALID_GRANT;
}

static void expired(void)
{
    account()->revocation = TK_REVOKED;
    account()->last_error = TK_E_EXPIRED_TOKEN;
}

static void lost(void)
{
    account()->revocation = TK_ROTATION_LOST;
}

static void long_token(void)
{
    account()->revocation = TK_SUCCESSOR_LONG;
}

static void sealed(void)
{
    no_portal();
    w.keeper.rt.storage.err = TK_E_STORAGE_SEALED;
}

static void foreign_flash(void)
{
    no_portal();
    w.keeper.rt.storage.err = TK_E_STORAGE_FOREIGN;
}

static void worn(void)
{
    account()->last_error = TK_E_STORAGE_WORN;
}

static void unstored(void)
{
    account()->refresh.unstored = true;
}

static void wrong_secret(void)
{
    account()->refresh.blocked_by = TK_E_INVALID_CLIENT;
}

static void unpaid(void)
{
    account()->refresh.blocked_by = TK_E_PAYMENT_REQUIRED;
}

static void moved(void)
{
    account()->portal_fault = TK_PORTAL_MOVED_BY_ANSWER;
}

static void dismissed(void)
{
    account()->portal_fault = TK_PORTAL_USER_REFUSED;
}

static void unreachable(void)
{
    account()->refresh.failures = 1;
    account()->refresh.error = TK_E_NAME_UNKNOWN;
}

static void no_rest(void)
{
    account()->rest.status = TK_REST_DENIED;
    account()->rest.err = TK_E_ACCESS_DENIED;
}

static void taken(void)
{
    w.keeper.alerts.of[0].task.taken = true;
}

static void task_failed(void)
{
    w.keeper.alerts.of[0].task.err = TK_E_COREZOID_PARTLY;
}

static void alert(void)
{
    w.keeper.alerts.of[0].record.level = 2;
    w.keeper.alerts.of[0].record.cause = TK_E_STORAGE_FULL;
}

static const struct {
    void (*condition)(void);
    const char *state, *reason, *action;
} rows[] = {
    {no_portal, "no_client", "portal_missing", "set portal <name>"},
    {no_client_id, "no_client", "client_id_missing", "set client_id <id>"},
    {no_secret, "no_client", "client_secret_missing", "set client_secret"},
    {no_pair, "needs_code", "new", "type auth begin"},
    {no_pair_no_clock, "needs_code", "new", "type time 20"},
    {foreign, "needs_code", "other_device", "auth begin"},
    {revoked, "needs_code", "revoked", "auth begin"},
    {expired, "needs_code", "revoked", "auth begin"},
    {lost, "needs_code", "rotation_lost", "type auth begin"},
    {long_token, "needs_code", "token_too_long", "status --all"},
    {sealed, "blocked", "storage_sealed", "factory-reset"},
    {foreign_flash, "blocked", "storage_foreign", "factory-reset"},
    {wrong_secret, "blocked", "invalid_client", "set client_secret"},
    {unpaid, "blocked", "payment_required", "type auth refresh"},
    {moved, "blocked", "portal_moved", "type portal accept"},
    {dismissed, "blocked", "user_refused", "type auth begin other_user"},
    {unreachable, "retrying", "name_unknown", "type check"},
    {unstored, "ready", "storage_failed", "status --all"},
    {worn, "ready", "none", "status --all"},
    {alert, "ready", "none", "unset a setting"},
    {no_rest, "ready", "none", "type check"},
    {taken, "ready", "none", "corezoid_token takeover"},
    {task_failed, "ready", "none", "unset all"},
    {nothing, "ready", "none", ""},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static void the_action_is_what_to_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        world_free(&w);
        world_init(&w, 3);
        world_provision(&w);
        rows[i].condition();
        assert_string_equal(world_status(&w, "state"), rows[i].state);
        assert_string_equal(world_status(&w, "reason"), rows[i].reason);
        const char *action = world_status(&w, "action");

        if (strstr(action, rows[i].action) == NULL ||
            (rows[i].action[0] == '\0' && *action != '\0'))
            fail_msg("%s %s: %s", rows[i].state, rows[i].reason, action);
    }
}

static void an_operator_gets_a_page(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        world_free(&w);
        world_init(&w, 3);
        world_provision(&w);
        rows[i].condition();
        type("");
        out[0] = '\0';
        type("status\r");
        assert_non_null(strstr(out, "status\r\nState       ref token   state "));
        assert_non_null(strstr(out, rows[i].state));
        assert_non_null(strstr(out, "\r\nPortal      portal "));
        assert_non_null(strstr(out, "\r\nToken       expires in "));
        assert_non_null(strstr(out, "\r\nNext        "));
        assert_null(strstr(out, "="));
        for (char *line = strtok(out, "\r\n"); line != NULL; line = strtok(NULL, "\r\n"))
            assert_in_range(strlen(line), 1, 80);
    }
}

static void what_says_nothing_is_left_out(void **state)
{
    (void)state;
    world_provision(&w);
    type("status\r");
    assert_non_null(strstr(out, " s   expires at 20"));
    assert_non_null(strstr(out, "\r\nNext        The token is renewed in time\r\nOK\r\ntk> "));
    assert_null(strstr(out, "moved to"));
    assert_null(strstr(out, "clock behind"));
    assert_null(strstr(out, "none   "));
    assert_non_null(strstr(type("status --all\r"), "OK\r\n"));
    assert_non_null(strstr(out, "\r\nrefreshes_ok="));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_action_is_what_to_type),
        TEST(an_operator_gets_a_page),
        TEST(what_says_nothing_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
