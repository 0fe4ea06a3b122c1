/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_oauth.h"

#include "tk_assert.h"
#include "tk_http_request.h"

#include <string.h>

#define FORM "application/x-www-form-urlencoded"

/* --- authorization hosts --- */

const char *tk_oauth_default_host(const struct tk_host *portal)
{
    static const char *const eastern[] = {".ru", ".by", ".kz"};

    for (size_t i = 0; i < sizeof eastern / sizeof eastern[0]; i++) {
        if (tk_ends_with(portal->name, eastern[i]))
            return TK_OAUTH_EAST;
    }
    return TK_OAUTH_WEST;
}

const char *tk_oauth_known_host(const char *named)
{
    static const char *const known[] = {TK_OAUTH_WEST, TK_OAUTH_EAST};
    struct tk_host host;

    if (!tk_host_parse(&host, named, NULL) || host.port != TK_HTTPS_PORT)
        return NULL;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(host.name, known[i]) == 0)
            return known[i];
    }
    return NULL;
}

/* --- requests --- */

void tk_oauth_authorization_url(struct tk_text *t, const struct tk_client *client,
                                const char *state)
{
    tk_text_add(t, "https://");
    tk_text_host(t, &client->portal);
    tk_text_add(t, "/oauth/authorize/?client_id=");
    tk_text_form(t, client->client_id);
    tk_text_add(t, "&state=");
    tk_text_form(t, state);
}

/* parameter: "code" or "refresh_token", with its value. */
static void token_request(struct tk_text *t, const struct tk_host *host,
                          const struct tk_client *client, const char *secret,
                          const char *grant_type, const char *parameter, const char *value)
{
    TK_ASSERT(value[0] != '\0');
    size_t body_start = tk_http_request(t, "POST", host, "/oauth/token/", FORM);

    tk_text_print(t, "grant_type=%s&client_id=", grant_type);
    tk_text_form(t, client->client_id);
    tk_text_add(t, "&client_secret=");
    tk_text_form(t, secret);
    tk_text_print(t, "&%s=", parameter);
    tk_text_form(t, value);
    tk_http_request_end(t, body_start, 0);
}

void tk_oauth_exchange_request(struct tk_text *t, const struct tk_host *host,
                               const struct tk_client *client, const char *secret, const char *code)
{
    token_request(t, host, client, secret, "authorization_code", "code", code);
}

void tk_oauth_refresh_request(struct tk_text *t, const struct tk_host *host,
                              const struct tk_client *client, const char *secret,
                              const char *refresh_token)
{
    token_request(t, host, client, secret, "refresh_token", "refresh_token", refresh_token);
}

/* --- redirect URL or code --- */

/* Visible ASCII characters (RFC 6749 appendix A.11: VSCHAR, without the space). */
static bool is_code(const char *s)
{
    return s[0] != '\0' && tk_is_vchar(s);
}

/* A fragment of a URL is rejected: the part that is missing may have held a state. */
static enum tk_err parse_bare_code(const char *pasted, struct tk_redirect *out)
{
    bool is_bare = strstr(pasted, "code=") == NULL && strstr(pasted, "://") == NULL &&
                   is_code(pasted) && tk_copy(out->code, sizeof out->code, pasted);

    return is_bare ? TK_OK : TK_E_NO_CODE;
}

enum tk_err tk_oauth_parse_redirect(const char *pasted, struct tk_redirect *out)
{
    memset(out, 0, sizeof *out);
    out->is_url = strchr(pasted, '?') != NULL;
    if (!out->is_url)
        return parse_bare_code(pasted, out);
    (void)tk_query_value(pasted, "state", out->state, sizeof out->state);
    (void)tk_query_value(pasted, "domain", out->domain, sizeof out->domain);
    (void)tk_query_value(pasted, "server_domain", out->server_domain, sizeof out->server_domain);
    if (!tk_query_value(pasted, "code", out->code, sizeof out->code) || !is_code(out->code))
        return TK_E_NO_CODE;
    return TK_OK;
}
