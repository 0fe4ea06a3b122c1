/* SPDX-License-Identifier: Apache-2.0 */

/* What an escalation says: templates, and our own. */

#include "tk_json.h"
#include "tk_limits.h"
#include "tk_message.h"
#include "tk_template.h"
#include "tk_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct tk_message message = {.event = "raised",
                                          .account = "token",
                                          .device = "gw-1",
                                          .portal = "acme.bitrix24.com",
                                          .ref = "gw-1-token-1795000000",
                                          .cause = "invalid_client",
                                          .action = "say \"yes\"\\no\t",
                                          .server_error = "INVALID_CLIENT",
                                          .level = 4,
                                          .since = 1795000000,
                                          .next_try = 0,
                                          .attempts = 3};

static const char *written(const char *template)
{
    static char buf[2048];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    assert_int_equal(tk_message_write(&t, template, &message), TK_OK);
    return buf;
}

static void our_own(void **state)
{
    (void)state;
    assert_string_equal(
        written(""),
        "{\"event\":\"raised\",\"account\":\"token\",\"device\":\"gw-1\","
        "\"portal\":\"acme.bitrix24.com\",\"ref\":\"gw-1-token-1795000000\",\"level\":4,"
        "\"since\":1795000000,\"cause\":\"invalid_client\","
        "\"action\":\"say "
        "\\\"yes\\\"\\\\no\\u0009\",\"said\":\"INVALID_CLIENT\",\"next_try\":0,\"attempts\":3}");
}

static void words_in_strings_and_outside(void **state)
{
    static const struct {
        const char *template, *out;
    } cases[] = {
        {"{\"text\":\"{account}: {level}!\"}", "{\"text\":\"token: 4!\"}"},
        {"{\"a\":{account},\"l\":{level}}", "{\"a\":\"token\",\"l\":4}"},
        {"{\"t\":\"do {action}\"}", "{\"t\":\"do say \\\"yes\\\"\\\\no\\u0009\"}"},
        {"{\"t\":\"\\\"{level}\\\"\"}", "{\"t\":\"\\\"4\\\"\"}"}, /* still inside the string */
        {"{\"t\":\"\\\\\",\"l\":{account}}", "{\"t\":\"\\\\\",\"l\":\"token\"}"}, /* outside */
        {"{\"{account}\":1}", "{\"token\":1}"},
        {"{\"t\":\"{} { } {Level} {level\"}", "{\"t\":\"{} { } {Level} {level\"}"},
        {"{\"t\":\"\\u007blevel}\"}", "{\"t\":\"\\u007blevel}\"}"},
        {"{\"t\":{\"u\":[{level},{}]}}", "{\"t\":{\"u\":[4,{}]}}"},
        {"\\", "\\"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(written(cases[i].template), cases[i].out);
}

static void what_may_be_set(void **state)
{
    static const struct {
        const char *template;
        enum tk_err err;
    } cases[] = {
        {"", TK_OK},
        {"{}", TK_OK},
        {"{\"text\":\"{device}: {account} {event} {level} {action}\"}", TK_OK},
        {"{\"chat_id\":-100123,\"text\":\"{cause}\"}", TK_OK},
        {"{\"a\":[{event},{portal},{ref},{since},{next_try},{attempts}]}", TK_OK},
        {"{\"text\":\"{acount}\"}", TK_E_TEMPLATE_WORD},
        {"{\"text\":{acount}}", TK_E_TEMPLATE_WORD},
        {"{acount}", TK_E_TEMPLATE_WORD},
        {"hello", TK_E_TEMPLATE_JSON},
        {"\"{account}\"", TK_E_TEMPLATE_JSON},
        {"{account}", TK_E_TEMPLATE_JSON},
        {"[{level}]", TK_E_TEMPLATE_JSON},
        {"{\"text\":\"{account}\"", TK_E_TEMPLATE_JSON},
        {"{\"text\":\"{account}}", TK_E_TEMPLATE_JSON},
        {"{\"text\":{account}{level}}", TK_E_TEMPLATE_JSON},
        {"{\"text\":\"a\" {account}}", TK_E_TEMPLATE_JSON},
        {"{{level}:1}", TK_E_TEMPLATE_JSON},
        {"{\"text\":\"\\{account}\"}", TK_E_TEMPLATE_JSON},
        {"{\"t\":\"{action}{action}{action}{action}{action}{action}{action}\"}", TK_E_NO_MEMORY},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char work[TK_MESSAGE_MAX + 2];

        if (tk_message_check(cases[i].template, work, sizeof work) != cases[i].err)
            fail_msg("%s: not %s", cases[i].template, tk_err_code(cases[i].err));
    }
}

/* tk_message_check reckons with no longer values than there are, and no word needs an escape. */
static void no_value_is_longer(void **state)
{
    char words[TK_WORDS_MAX + 1];
    struct tk_text t;

    (void)state;
    for (int err = 0; err < TK_E_COUNT; err++) {
        assert_in_range(strlen(tk_err_code((enum tk_err)err)), 0, 23);
        if (tk_err_action((enum tk_err)err) == TK_ACTION_NONE && err != TK_E_STORAGE_FAILED)
            continue;
        tk_text_init(&t, words, sizeof words);
        tk_words_add(&t, (unsigned)err);
        assert_true(tk_text_ok(&t));
        assert_null(strpbrk(words, "\"\\"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own),
        cmocka_unit_test(words_in_strings_and_outside),
        cmocka_unit_test(what_may_be_set),
        cmocka_unit_test(no_value_is_longer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
