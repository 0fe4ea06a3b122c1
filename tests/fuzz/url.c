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
        CHECK(!tk_host_parse(&again, text, NULL) || !tk_is_vchar(text)); /* the path has a blank */
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

static void add_parameter(struct tk_text *t, const char *name, const char *value)
{
    tk_text_add(t, name);
    tk_text_form(t, value);
}

/* What was read from an address, written as one again. */
static void check_again(const struct tk_redirect *first)
{
    static char address[16384];
    struct tk_redirect again;
    struct tk_text t;

    tk_text_init(&t, address, sizeof address);
    tk_text_add(&t, "https://acme.bitrix24.com/?");
    add_parameter(&t, "state=", first->state);
    add_parameter(&t, "&domain=", first->domain);
    add_parameter(&t, "&code=", first->code);
    add_parameter(&t, "&server_domain=", first->server_domain);
    tk_text_add(&t, "#code=none");
    CHECK(tk_text_ok(&t) && tk_oauth_parse_redirect(address, &again) == TK_OK && again.is_url);
    CHECK(strcmp(first->code, again.code) == 0 && strcmp(first->state, again.state) == 0);
    CHECK(strcmp(first->domain, again.domain) == 0);
    CHECK(strcmp(first->server_domain, again.server_domain) == 0);
}

static void check_redirect(const char *text)
{
    struct tk_redirect redirect;

    if (tk_oauth_parse_redirect(text, &redirect) != TK_OK)
        return;
    CHECK(redirect.code[0] != '\0' && strpbrk(redirect.code, " \r\n") == NULL);
    CHECK(redirect.is_url == (strchr(text, '?') != NULL));
    if (redirect.is_url)
        check_again(&redirect);
    else
        CHECK(strcmp(redirect.code, text) == 0);
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
