/* SPDX-License-Identifier: Apache-2.0 */

/* The table of errors: codes for programs, words for people. */

#include "tk_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The last one of two may be compared with it. */
static const char *words_of(enum tk_err err)
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

static void every_error_has_a_code_of_one_word(void **state)
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

static void no_code_stands_twice(void **state)
{
    (void)state;
    for (int err = 0; err < TK_E_COUNT; err++) {
        for (int other = 0; other < err; other++)
            assert_string_not_equal(tk_err_code((enum tk_err)err), tk_err_code((enum tk_err)other));
    }
}

static void code_and_words_stand_together(void **state)
{
    (void)state;
#define TK_ERROR(id, code, action, words)                                                          \
    assert_string_equal(tk_err_code(TK_E_##id), code);                                             \
    assert_string_equal(words_of(TK_E_##id), words);
#include "tk_errors.h"
#undef TK_ERROR
    assert_string_equal(words_of(TK_OK), "");
}

static void commands_and_settings_have_their_words(void **state)
{
    char buf[TK_WORDS_MAX + 1];
    struct tk_text t;
    size_t row = 0;

    (void)state;
#define TK_COMMAND(name, form, hidden, needs, run, about)                                          \
    tk_text_init(&t, buf, sizeof buf);                                                             \
    tk_words_add(&t, tk_words_of_command(row++));                                                  \
    assert_string_equal(buf, about);
#include "tk_commands.h"
#undef TK_COMMAND
    row = 0;
#define TK_SETTING(name, secret, which, store, answer, words)                                      \
    tk_text_init(&t, buf, sizeof buf);                                                             \
    tk_words_add(&t, tk_words_of_setting(row++));                                                  \
    assert_string_equal(buf, words);
#include "tk_settings.h"
#undef TK_SETTING
}

static void every_error_has_words_of_one_line(void **state)
{
    (void)state;
    assert_string_equal(words_of(TK_OK), "");
    for (int err = 1; err < TK_E_COUNT; err++) {
        const char *words = words_of((enum tk_err)err);
        size_t len = strlen(words);

        if (len < 8 || len > TK_WORDS_MAX)
            fail_msg("%s: %zu characters", tk_err_code((enum tk_err)err), len);
        for (size_t i = 0; i < len; i++)
            assert_in_range(words[i], 0x20, 0x7e);
        if (strstr(words, "  ") != NULL || words[0] == ' ' || words[len - 1] == ' ' ||
            words[len - 1] == '.')
            fail_msg("%s: %s", tk_err_code((enum tk_err)err), words);
    }
}

/* Words that only say the code again, or another's words, help nobody. */
static void words_say_more_than_the_code(void **state)
{
    (void)state;
    for (int err = 1; err < TK_E_COUNT; err++) {
        char code[32];

        snprintf(code, sizeof code, "%s", tk_err_code((enum tk_err)err));
        for (char *at = code; (at = strchr(at, '_')) != NULL; at++)
            *at = ' ';
        assert_string_not_equal(words_of((enum tk_err)err), code);
        for (int other = 1; other < err; other++)
            assert_string_not_equal(words_of((enum tk_err)err), words_of((enum tk_err)other));
    }
}

static void a_code_leads_back_to_its_error(void **state)
{
    static const char *const none[] = {"ok", "", "usag", "usagee", "USAGE", " usage", "0"};

    (void)state;
    for (int err = 0; err < TK_E_COUNT; err++)
        assert_int_equal(tk_err_from_code(tk_err_code((enum tk_err)err)), err);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(tk_err_from_code(none[i]), TK_OK);
}

/* What a refresh leads to: the pair is given up for two reasons alone. */
static void actions_are_those_of_the_state_machine(void **state)
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
    for (int err = TK_E_NAME_UNKNOWN; err <= TK_E_BAD_ANSWER; err++) /* the way to the server */
        assert_int_equal(tk_err_action((enum tk_err)err), TK_ACTION_RETRY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_code_of_one_word),
        cmocka_unit_test(no_code_stands_twice),
        cmocka_unit_test(code_and_words_stand_together),
        cmocka_unit_test(commands_and_settings_have_their_words),
        cmocka_unit_test(every_error_has_words_of_one_line),
        cmocka_unit_test(words_say_more_than_the_code),
        cmocka_unit_test(a_code_leads_back_to_its_error),
        cmocka_unit_test(actions_are_those_of_the_state_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
