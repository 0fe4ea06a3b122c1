/* SPDX-License-Identifier: Apache-2.0 */

/* The table of errors, and the packed user-facing strings. */

#include "tk_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A hint; valid until the second next call. */
static const char *hint_of(enum tk_err err)
{
    static char bufs[2][TK_WORDS_MAX + 1];
    static int next;
    struct tk_text t;

    next = 1 - next;
    tk_text_init(&t, bufs[next], sizeof bufs[next]);
    tk_words_add(&t, err);
    assert_true(tk_text_ok(&t));
    return t.buf;
}

static void codes_are_lower_case_identifiers(void **state)
{
    (void)state;
    for (int err = 0; err < TK_E_COUNT; err++) {
        const char *code = tk_err_code((enum tk_err)err);
        size_t len = strlen(code);

        if (len == 0 || len > 24 || strspn(code, "abcdefghijklmnopqrstuvwxyz_") != len ||
            code[0] == '_' || code[len - 1] == '_')
            fail_msg("%d: %s", err, code);
    }
}

static void codes_are_unique(void **state)
{
    (void)state;
    for (int err = 0; err < TK_E_COUNT; err++) {
        for (int other = 0; other < err; other++)
            assert_string_not_equal(tk_err_code((enum tk_err)err), tk_err_code((enum tk_err)other));
    }
}

static void errors_have_the_code_and_hint_of_their_row(void **state)
{
    (void)state;
#define TK_ERROR(id, code, action, hint)                                                           \
    assert_string_equal(tk_err_code(TK_E_##id), code);                                             \
    assert_string_equal(hint_of(TK_E_##id), hint);
#include "tk_errors.h"
#undef TK_ERROR
    assert_string_equal(hint_of(TK_OK), "");
}

static void assert_words(unsigned string, const char *expected)
{
    char buf[TK_WORDS_MAX + 1];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_words_add(&t, string);
    assert_string_equal(buf, expected);
}

static void commands_and_settings_have_the_help_of_their_row(void **state)
{
    size_t row = 0;

    (void)state;
#define TK_COMMAND(name, usage, flags, run, help)                                                  \
    assert_words(tk_words_of(TK_WORDS_COMMANDS, row++), help);
#include "tk_commands.h"
#undef TK_COMMAND
    row = 0;
#define TK_SETTING(name, flags, which, kind, values, about)                                        \
    assert_words(tk_words_of(TK_WORDS_SETTINGS, row++), values);                                   \
    assert_words(tk_words_of(TK_WORDS_SETTINGS, row++), about);
#include "tk_settings.h"
#undef TK_SETTING
}

static void commands_have_the_hint_of_their_row(void **state)
{
    size_t row = 0;

    (void)state;
#define TK_HINT(id, hint) assert_words(tk_words_of(TK_WORDS_HINTS, row++), hint);
#include "tk_hints.h"
#undef TK_HINT
}

static void servers_have_the_code_of_their_row(void **state)
{
    size_t row = 0;

    (void)state;
#define TK_SERVER_ERROR(oauth, portal, code)                                                       \
    assert_words(tk_words_of(TK_WORDS_SERVER_ERRORS, row++), code);
#include "tk_server_errors.h"
#undef TK_SERVER_ERROR
}

static void lines_have_the_key_of_their_row(void **state)
{
    size_t row = 0;

    (void)state;
#define TK_STATUS(add, key) assert_words(tk_words_of(TK_WORDS_STATUS, row++), key);
#define TK_COUNTER          TK_STATUS
#define TK_POST             TK_STATUS
#include "tk_status_rows.h"
#undef TK_POST
#undef TK_COUNTER
#undef TK_STATUS
    row = 0;
#define TK_CHECK(id, key) assert_words(tk_words_of(TK_WORDS_CHECK, row++), key);
#include "tk_check_lines.h"
#undef TK_CHECK
}

static void packed_codes_are_those_of_the_table(void **state)
{
    char code[TK_ERR_CODE_MAX + 1];

    (void)state;
    for (int err = 0; err < TK_E_COUNT; err++)
        assert_string_equal(tk_words_code((enum tk_err)err, code), tk_err_code((enum tk_err)err));
}

static void hints_are_one_printable_line(void **state)
{
    (void)state;
    assert_string_equal(hint_of(TK_OK), "");
    for (int err = 1; err < TK_E_COUNT; err++) {
        const char *hint = hint_of((enum tk_err)err);
        size_t len = strlen(hint);

        if (len < 8 || len > TK_WORDS_MAX)
            fail_msg("%s: %zu characters", tk_err_code((enum tk_err)err), len);
        for (size_t i = 0; i < len; i++)
            assert_in_range(hint[i], 0x20, 0x7e);
        if (strstr(hint, "  ") != NULL || hint[0] == ' ' || hint[len - 1] == ' ' ||
            hint[len - 1] == '.')
            fail_msg("%s: %s", tk_err_code((enum tk_err)err), hint);
    }
}

/* A hint must add something to the code, and differ from all others. */
static void hints_say_more_than_the_code(void **state)
{
    (void)state;
    for (int err = 1; err < TK_E_COUNT; err++) {
        char code[32];

        snprintf(code, sizeof code, "%s", tk_err_code((enum tk_err)err));
        for (char *at = code; (at = strchr(at, '_')) != NULL; at++)
            *at = ' ';
        assert_string_not_equal(hint_of((enum tk_err)err), code);
        for (int other = 1; other < err; other++)
            assert_string_not_equal(hint_of((enum tk_err)err), hint_of((enum tk_err)other));
    }
}

static void finds_errors_by_code(void **state)
{
    static const char *const none[] = {"ok", "", "usag", "usagee", "USAGE", " usage", "0"};

    (void)state;
    for (int err = 0; err < TK_E_COUNT; err++)
        assert_int_equal(tk_words_err(tk_err_code((enum tk_err)err)), err);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(tk_words_err(none[i]), TK_OK);
}

/* Only two errors make a refresh give up its pair. */
static void errors_have_the_action_of_the_state_machine(void **state)
{
    unsigned reauth = 0;

    (void)state;
    for (int err = 0; err < TK_E_COUNT; err++)
        reauth += tk_err_action((enum tk_err)err) == TK_ACTION_REAUTH;
    assert_int_equal(reauth, 2);
    assert_int_equal(tk_err_action(TK_OK), TK_ACTION_NONE);
    assert_int_equal(tk_err_action(TK_E_INVALID_GRANT), TK_ACTION_REAUTH);
    assert_int_equal(tk_err_action(TK_E_EXPIRED_TOKEN), TK_ACTION_REAUTH);
    assert_int_equal(tk_err_action(TK_E_OAUTH_ERROR), TK_ACTION_WAIT);
    assert_int_equal(tk_err_action(TK_E_INVALID_CLIENT), TK_ACTION_BLOCK);
    assert_int_equal(tk_err_action(TK_E_PAYMENT_REQUIRED), TK_ACTION_BLOCK);
    for (int err = TK_E_NAME_UNKNOWN; err <= TK_E_BAD_ANSWER; err++) /* reaching the server */
        assert_int_equal(tk_err_action((enum tk_err)err), TK_ACTION_RETRY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_lower_case_identifiers),
        cmocka_unit_test(codes_are_unique),
        cmocka_unit_test(errors_have_the_code_and_hint_of_their_row),
        cmocka_unit_test(commands_and_settings_have_the_help_of_their_row),
        cmocka_unit_test(commands_have_the_hint_of_their_row),
        cmocka_unit_test(servers_have_the_code_of_their_row),
        cmocka_unit_test(lines_have_the_key_of_their_row),
        cmocka_unit_test(packed_codes_are_those_of_the_table),
        cmocka_unit_test(hints_are_one_printable_line),
        cmocka_unit_test(hints_say_more_than_the_code),
        cmocka_unit_test(finds_errors_by_code),
        cmocka_unit_test(errors_have_the_action_of_the_state_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
