/* SPDX-License-Identifier: Apache-2.0 */

/* URLs, and what an operator pastes: what is read can be written and is then read as the same. */

#include "fuzz.h"

#include "tk_oauth.h"

static void check_host(const char *text)
{
    char written[TK_HOST_TEXT + 1];
    struct tk_host host, again;
    const char *rest = NULL;
    struct tk_text t;

    if (!tk_host_parse(&host, text, &rest)) {
        CHECK(host.name[0] == '\0');
        return;
    }
    CHECK(host.name[0] != '\0' && host.port != 0 && rest != NULL);
    CHECK(strpbrk(host.name, " \r\n/@") == NULL && strpbrk(rest, " \r\n\t") == NULL);
    tk_text_init(&t, written, sizeof written);
    tk_text_host(&t, &host);
    CHECK(tk_text_ok(&t));
    CHECK(tk_host_parse(&again, written, NULL) && tk_host_same(&host, &again));
    (void)tk_oauth_default_host(&host);
    (void)tk_oauth_known_host(text);
}

static void check_redirect(const char *text)
{
    struct tk_redirect redirect;

    if (tk_oauth_parse_redirect(text, &redirect) != TK_OK)
        return;
    CHECK(redirect.code[0] != '\0');
    CHECK(strpbrk(redirect.code, " \r\n") == NULL);
    CHECK(strlen(redirect.state) < sizeof redirect.state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[4096];
    struct fuzz_input in = {data, size};
    char value[64];

    fuzz_string(&in, text, sizeof text);
    check_host(text);
    check_redirect(text);
    if (tk_query_value(text, "state", value, sizeof value))
        CHECK(strlen(value) < sizeof value);
    else
        CHECK(value[0] == '\0');
    return 0;
}
