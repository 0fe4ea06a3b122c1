/* SPDX-License-Identifier: Apache-2.0 */

/* Messages of an escalation: templates, and the default. */

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

static const char *expand(const char *template)
{
    static char buf[2048];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    assert_int_equal(tk_message_write(&t, template, &message), TK_OK);
    return buf;
}

static void writes_the_default_message(void **state)
{
    (void)state;
    assert_string_equal(
        expand(""),
        "{\"event\":\"raised\",\"account\":\"token\",\"device\":\"gw-1\","
        "\"portal\":\"acme.bitrix24.com\",\"ref\":\"gw-1-token-1795000000\",\"level\":4,"
        "\"since\":1795000000,\"cause\":\"invalid_client\","
        "\"action\":\"say "
        "\\\"yes\\\"\\\\no\\u0009\",\"said\":\"INVALID_CLIENT\",\"next_try\":0,\"attempts\":3,"
        "\"since_utc\":\"2026-11-18T11:06:40Z\",\"next_try_utc\":\"\"}");
}

static void words_are_quoted_outside_of_strings(void **state)
{
    static const struct {
        const char *template, *out;
    } cases[] = {
        {"{\"text\":\"{account}: {level}!\"}", "{\"text\":\"token: 4!\"}"},
        {"{\"a\":{account},\"l\":{level}}", "{\"a\":\"token\",\"l\":4}"},
        {"{\"a\":{since_utc},\"b\":\"{next_try_utc}{since_utc}\"}",
         "{\"a\":\"2026-11-18T11:06:40Z\",\"b\":\"2026-11-18T11:06:40Z\"}"},
        {"{\"t\":\"do {action}\"}", "{\"t\":\"do say \\\"yes\\\"\\\\no\\u0009\"}"},
        {"{\"t\":\"\\\"{level}\\\"\"}", "{\"t\":\"\\\"4\\\"\"}"}, /* inside the string */
        {"{\"t\":\"\\\\\",\"l\":{account}}", "{\"t\":\"\\\\\",\"l\":\"token\"}"}, /* outside */
        {"{\"{account}\":1}", "{\"token\":1}"},
        {"{\"t\":\"{} { } {Level} {level\"}", "{\"t\":\"{} { } {Level} {level\"}"},
        {"{\"t\":\"\\u007blevel}\"}", "{\"t\":\"\\u007blevel}\"}"},
        {"{\"t\":{\"u\":[{level},{}]}}", "{\"t\":{\"u\":[4,{}]}}"},
        {"\\", "\\"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(expand(cases[i].template), cases[i].out);
}

static void templates_are_json_with_known_words(void **state)
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
        {"{\"text\":{since}{level}}", TK_E_TEMPLATE_JSON},
        {"{\"text\":1{level}}", TK_E_TEMPLATE_JSON},
        {"{\"text\":-{level}}", TK_E_TEMPLATE_JSON},
        {"{\"text\":{level}e5}", TK_E_TEMPLATE_JSON},
        {"{\"text\":{level}.5}", TK_E_TEMPLATE_JSON},
        {"{\"text\":\"\\u{attempts}\"}", TK_E_TEMPLATE_JSON},
        {"{\"text\":\"\\", TK_E_TEMPLATE_JSON},
        {"{\"text\":\"\\u000{level}\"}", TK_E_TEMPLATE_JSON},
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

/* tk_message_check assumes lengths of values; no value needs an escape. */
static void no_value_is_longer_than_assumed(void **state)
{
    char words[TK_WORDS_MAX + 1];
    struct tk_text t;

    (void)state;
    for (int err = 0; err < TK_E_COUNT; err++) {
        assert_in_range(strlen(tk_err_code((enum tk_err)err)), 0, TK_ERR_CODE_MAX);
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
        cmocka_unit_test(writes_the_default_message),
        cmocka_unit_test(words_are_quoted_outside_of_strings),
        cmocka_unit_test(templates_are_json_with_known_words),
        cmocka_unit_test(no_value_is_longer_than_assumed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
