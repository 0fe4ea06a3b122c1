/* SPDX-License-Identifier: Apache-2.0 */

/* A template that is accepted gives a JSON object for any message. */

#include "fuzz.h"

#include "tk_json.h"
#include "tk_message.h"

enum { TOKENS = 512 };

static void check_message(const char *template, const char *word)
{
    const struct tk_message m = {.event = "raised",
                                 .account = "token",
                                 .device = "h-0123456789ab",
                                 .portal = "acme.bitrix24.com",
                                 .ref = "h-0123456789ab-token-1795000000",
                                 .cause = "timeout",
                                 .action = "the \"server\" \\ does not answer",
                                 .server_error = word,
                                 .level = word[0] & 3,
                                 .since = 1795000000,
                                 .next_try = word[0] == '\0' ? 0 : 1795000100,
                                 .attempts = word[0]};
    static jsmntok_t tokens[TOKENS];
    static char body[TK_MESSAGE_MAX + 2];
    struct tk_text t;
    struct tk_json j;

    tk_text_init(&t, body, sizeof body);
    CHECK(tk_message_write(&t, template, &m) == TK_OK);
    CHECK(tk_text_ok(&t) && t.len <= TK_MESSAGE_MAX);
    CHECK(tk_json_parse(&j, body, t.len, tokens, TOKENS) && tk_json_is_object(&j, 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char template[TK_MESSAGE_MAX + 1], work[TK_MESSAGE_MAX + 2];
    struct fuzz_input in = {data, size};

    fuzz_string(&in, template, sizeof template);
    if (template[0] == '\0' || tk_message_check(template, work, sizeof work) != TK_OK)
        return 0;
    check_message(template, "");
    check_message(template, "invalid_grant");
    check_message(template, "\"\\\x01\xff");
    return 0;
}
