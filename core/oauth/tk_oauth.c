/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_oauth.h"

#include "tk_assert.h"
#include "tk_json.h"

#include <string.h>

#define EXPIRES_DEFAULT 3600     /* s, in every response of Bitrix24's documentation */
#define EXPIRES_MAX     31622400 /* s: a year; clamps absurd values */
#define FORM            "application/x-www-form-urlencoded"

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
    tk_text_add(t, "&response_type=code&state=");
    tk_text_form(t, state);
}

/* parameter: "code" or "refresh_token", with its value. */
static void token_request(struct tk_text *t, const struct tk_host *host,
                          const struct tk_client *client, const char *secret,
                          const char *grant_type, const char *parameter, const char *value)
{
    TK_ASSERT(value[0] != '\0');
    size_t body_start = tk_http_request(t, "POST", host, "/oauth/token/", FORM);

    tk_text_add(t, "grant_type=");
    tk_text_add(t, grant_type);
    tk_text_add(t, "&client_id=");
    tk_text_form(t, client->client_id);
    tk_text_add(t, "&client_secret=");
    tk_text_form(t, secret);
    tk_text_char(t, '&');
    tk_text_add(t, parameter);
    tk_text_char(t, '=');
    tk_text_form(t, value);
    tk_http_request_end(t, body_start);
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

/* --- error responses --- */

enum server { OAUTH, PORTAL };

static const struct {
    const char *code;
    uint8_t err[2]; /* enum tk_err, by server */
} server_errors[] = {
#define TK_SERVER_ERROR(code, oauth, portal) {code, {TK_E_##oauth, TK_E_##portal}},
#include "tk_server_errors.h"
#undef TK_SERVER_ERROR
};

static enum tk_err error_by_code(const char *code, enum server server)
{
    for (size_t i = 0; i < sizeof server_errors / sizeof server_errors[0]; i++) {
        if (tk_same_nocase(server_errors[i].code, code))
            return (enum tk_err)server_errors[i].err[server];
    }
    return server == OAUTH ? TK_E_OAUTH_ERROR : TK_E_REST_ERROR;
}

static enum tk_err error_by_status(int status)
{
    if (status >= 300 && status < 400)
        return TK_E_HTTP_REDIRECT;
    if (status == 408 || status == 429 || status == 503)
        return TK_E_SERVER_BUSY;
    return status >= 500 ? TK_E_SERVER_ERROR : TK_E_HTTP_STATUS;
}

/* The error code in the body decides, then the status. On a 5xx of the authorization server, a code
 * about the pair or the client is not trusted: the server may have rotated the pair before it
 * failed. */
static enum tk_err classify(const char *code, int status, enum server server)
{
    enum tk_err err = error_by_code(code, server);
    bool is_unknown = err == TK_E_OAUTH_ERROR || err == TK_E_REST_ERROR;

    if (*code == '\0')
        return status == 200 ? TK_OK : error_by_status(status);
    if (status >= 500 && (is_unknown || (server == OAUTH && tk_err_action(err) != TK_ACTION_RETRY)))
        return error_by_status(status);
    return is_unknown && status == 429 ? error_by_status(status) : err;
}

/* The code in the member "error"; in REST 3.0 that is an object with a member "code". */
static const char *error_code(struct tk_json *j, enum server server)
{
    int at = tk_json_member(j, 0, "error");

    if (server == PORTAL && tk_json_is_object(j, at))
        at = tk_json_member(j, at, "code");
    const char *code = tk_json_text(j, at);

    return code == NULL ? "" : code;
}

/* Why a body is not what it should be. */
static enum tk_err unreadable(const struct tk_http *http)
{
    if (http->coding[0] != '\0')
        return TK_E_HTTP_CODED;
    return http->is_cut ? TK_E_HTTP_TOO_LARGE : TK_E_BAD_ANSWER;
}

/* Parses and classifies a response. TK_OK: the body is an object without an error. */
static enum tk_err read_body(struct tk_json *j, jsmntok_t tokens[TK_JSON_TOKENS],
                             const struct tk_http *http, enum server server,
                             const char **server_error)
{
    bool is_json = tk_json_parse(j, http->body, http->body_len, tokens, TK_JSON_TOKENS) &&
                   tk_json_is_object(j, 0);

    *server_error = is_json ? error_code(j, server) : "";
    enum tk_err err = classify(*server_error, http->status, server);

    return err == TK_OK && !is_json ? unreadable(http) : err;
}

/* --- token responses --- */

bool tk_oauth_is_token(const char *s)
{
    size_t len = strlen(s);

    return len > 0 && len <= TK_TOKEN_MAX && tk_is_vchar(s);
}

static uint32_t read_expires_in(struct tk_json *j, int64_t now_unix)
{
    int64_t seconds;

    if (!tk_json_int(j, tk_json_member(j, 0, "expires_in"), &seconds)) {
        if (!tk_json_int(j, tk_json_member(j, 0, "expires"), &seconds))
            return EXPIRES_DEFAULT;
        seconds -= now_unix;
    }
    if (seconds < 1)
        return 1;
    return seconds > EXPIRES_MAX ? EXPIRES_MAX : (uint32_t)seconds;
}

static const struct {
    const char *name;
    size_t offset; /* in struct tk_token_response */
} members[] = {{"access_token", offsetof(struct tk_token_response, access_token)},
               {"refresh_token", offsetof(struct tk_token_response, refresh_token)},
               {"client_endpoint", offsetof(struct tk_token_response, client_endpoint)},
               {"server_endpoint", offsetof(struct tk_token_response, server_endpoint)},
               {"member_id", offsetof(struct tk_token_response, member_id)},
               {"user_id", offsetof(struct tk_token_response, user_id)},
               {"scope", offsetof(struct tk_token_response, scope)}};

static enum tk_err read_members(struct tk_json *j, int64_t now_unix,
                                struct tk_token_response *response)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const char *s = tk_json_text(j, tk_json_member(j, 0, members[i].name));

        *(const char **)((char *)response + members[i].offset) = s == NULL ? "" : s;
    }
    response->expires_in = read_expires_in(j, now_unix);
    if (!tk_oauth_is_token(response->access_token) || !tk_oauth_is_token(response->refresh_token))
        return TK_E_BAD_ANSWER;
    return TK_OK;
}

enum tk_err tk_oauth_read_token_response(struct tk_http *http, int64_t now_unix,
                                         struct tk_token_response *response)
{
    jsmntok_t tokens[TK_JSON_TOKENS];
    struct tk_json j;
    enum tk_err err = read_body(&j, tokens, http, OAUTH, &response->server_error);

    return err == TK_OK ? read_members(&j, now_unix, response) : err;
}

enum tk_err tk_oauth_read_rest_response(struct tk_http *http, const char **server_error)
{
    jsmntok_t tokens[TK_JSON_TOKENS];
    struct tk_json j;
    enum tk_err err = read_body(&j, tokens, http, PORTAL, server_error);

    return err == TK_OK && tk_json_member(&j, 0, "result") == TK_JSON_NONE ? TK_E_BAD_ANSWER : err;
}

/* --- redirect URL or code --- */

/* A fragment of a URL is rejected: the part that is missing may have held a state. */
static enum tk_err parse_bare_code(const char *pasted, struct tk_redirect *out)
{
    bool is_code = strstr(pasted, "code=") == NULL && strstr(pasted, "://") == NULL &&
                   tk_oauth_is_token(pasted) && tk_copy(out->code, sizeof out->code, pasted);

    return is_code ? TK_OK : TK_E_NO_CODE;
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
    if (!tk_query_value(pasted, "code", out->code, sizeof out->code) ||
        !tk_oauth_is_token(out->code))
        return TK_E_NO_CODE;
    return TK_OK;
}
