/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_oauth.h"

#include "tk_json.h"

#include <string.h>

#define EXPIRES_DEFAULT 3600     /* s; what every documented answer says */
#define EXPIRES_MAX     31622400 /* s; a year: more is nonsense */
#define FORM            "application/x-www-form-urlencoded"

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

/* --- what is asked --- */

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

static void token_request(struct tk_text *t, const struct tk_host *host,
                          const struct tk_client *client, const char *grant_type, const char *name,
                          const char *value)
{
    size_t body_start = tk_http_request(t, "POST", host, "/oauth/token/", FORM);

    tk_text_add(t, "grant_type=");
    tk_text_add(t, grant_type);
    tk_text_add(t, "&client_id=");
    tk_text_form(t, client->client_id);
    tk_text_add(t, "&client_secret=");
    tk_text_form(t, client->client_secret);
    tk_text_char(t, '&');
    tk_text_add(t, name);
    tk_text_char(t, '=');
    tk_text_form(t, value);
    tk_http_request_end(t, body_start);
}

void tk_oauth_exchange_request(struct tk_text *t, const struct tk_host *host,
                               const struct tk_client *client, const char *code)
{
    token_request(t, host, client, "authorization_code", "code", code);
}

void tk_oauth_refresh_request(struct tk_text *t, const struct tk_host *host,
                              const struct tk_client *client, const char *refresh_token)
{
    token_request(t, host, client, "refresh_token", "refresh_token", refresh_token);
}

/* --- what is answered --- */

bool tk_oauth_is_token(const char *s)
{
    size_t len = strlen(s);

    return len > 0 && len <= TK_TOKEN_MAX && tk_is_vchar(s);
}

enum server { OAUTH, PORTAL };

static const struct {
    const char *word;
    uint8_t means[2]; /* enum tk_err, by server */
} words[] = {
#define TK_SERVER_ERROR(word, oauth, portal) {word, {TK_E_##oauth, TK_E_##portal}},
#include "tk_server_errors.h"
#undef TK_SERVER_ERROR
};

static enum tk_err by_word(const char *word, enum server server)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (tk_same_nocase(words[i].word, word))
            return (enum tk_err)words[i].means[server];
    }
    return server == OAUTH ? TK_E_OAUTH_ERROR : TK_E_REST_ERROR;
}

static enum tk_err by_status(int status)
{
    if (status >= 300 && status < 400)
        return TK_E_HTTP_REDIRECT;
    if (status == 408 || status == 429 || status == 503)
        return TK_E_SERVER_BUSY;
    return status >= 500 ? TK_E_SERVER_ERROR : TK_E_HTTP_STATUS;
}

/* The portal's REST 3.0 has an object behind "error" with the word in it. */
static const char *word_of(struct tk_json *j, enum server server)
{
    int at = tk_json_member(j, 0, "error");

    if (server == PORTAL && tk_json_is_object(j, at))
        at = tk_json_member(j, at, "code");
    const char *word = tk_json_text(j, at);

    return word == NULL ? "" : word;
}

/* The body's word decides first, then the status. A 5xx with a word about the pair or the
 * application is still the authorization server's fault: it may have rotated the pair before it
 * failed. */
static enum tk_err refusal(const char *word, int status, enum server server)
{
    enum tk_err err = by_word(word, server);
    bool unknown = err == TK_E_OAUTH_ERROR || err == TK_E_REST_ERROR;

    if (*word == '\0')
        return status == 200 ? TK_OK : by_status(status);
    if (status >= 500 && (unknown || (server == OAUTH && tk_err_action(err) != TK_ACTION_RETRY)))
        return by_status(status);
    return unknown && status == 429 ? by_status(status) : err;
}

static uint32_t lifetime(struct tk_json *j, int64_t now_unix)
{
    int64_t value;

    if (!tk_json_int(j, tk_json_member(j, 0, "expires_in"), &value)) {
        if (!tk_json_int(j, tk_json_member(j, 0, "expires"), &value))
            return EXPIRES_DEFAULT;
        value -= now_unix;
    }
    if (value < 1)
        return 1;
    return value > EXPIRES_MAX ? EXPIRES_MAX : (uint32_t)value;
}

static const struct {
    const char *name;
    size_t at; /* in struct tk_token_response */
} members[] = {{"access_token", offsetof(struct tk_token_response, access_token)},
               {"refresh_token", offsetof(struct tk_token_response, refresh_token)},
               {"client_endpoint", offsetof(struct tk_token_response, client_endpoint)},
               {"server_endpoint", offsetof(struct tk_token_response, server_endpoint)},
               {"member_id", offsetof(struct tk_token_response, member_id)},
               {"user_id", offsetof(struct tk_token_response, user_id)},
               {"scope", offsetof(struct tk_token_response, scope)}};

static enum tk_err read_grant(struct tk_json *j, int64_t now_unix, struct tk_token_response *grant)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const char *s = tk_json_text(j, tk_json_member(j, 0, members[i].name));

        *(const char **)((char *)grant + members[i].at) = s == NULL ? "" : s;
    }
    grant->expires_in = lifetime(j, now_unix);
    if (!tk_oauth_is_token(grant->access_token) || !tk_oauth_is_token(grant->refresh_token))
        return TK_E_BAD_ANSWER;
    return TK_OK;
}

/* Reads the body; TK_OK for one that is no refusal. *said is the server's word, "" without. */
static enum tk_err read_body(struct tk_json *j, jsmntok_t tokens[TK_JSON_TOKENS],
                             const struct tk_http *answer, enum server server, const char **said)
{
    bool is_json = tk_json_parse(j, answer->body, answer->body_len, tokens, TK_JSON_TOKENS) &&
                   tk_json_is_object(j, 0);

    *said = is_json ? word_of(j, server) : "";
    enum tk_err err = refusal(*said, answer->status, server);

    return err == TK_OK && !is_json ? TK_E_BAD_ANSWER : err;
}

enum tk_err tk_oauth_read_token_response(struct tk_http *answer, int64_t now_unix,
                                         struct tk_token_response *grant)
{
    jsmntok_t tokens[TK_JSON_TOKENS];
    struct tk_json j;
    enum tk_err err = read_body(&j, tokens, answer, OAUTH, &grant->server_error);

    return err == TK_OK ? read_grant(&j, now_unix, grant) : err;
}

enum tk_err tk_oauth_read_rest_response(struct tk_http *answer, const char **said)
{
    jsmntok_t tokens[TK_JSON_TOKENS];
    struct tk_json j;
    enum tk_err err = read_body(&j, tokens, answer, PORTAL, said);

    return err == TK_OK && tk_json_member(&j, 0, "result") == TK_JSON_NONE ? TK_E_BAD_ANSWER : err;
}

/* --- what is pasted --- */

enum tk_err tk_oauth_parse_redirect(const char *pasted, struct tk_redirect *out)
{
    memset(out, 0, sizeof *out);
    out->is_url = strchr(pasted, '?') != NULL;
    if (!out->is_url)
        return strstr(pasted, "code=") == NULL && strstr(pasted, "://") == NULL &&
                       tk_oauth_is_token(pasted) && tk_copy(out->code, sizeof out->code, pasted)
                   ? TK_OK
                   : TK_E_NO_CODE;
    (void)tk_query_value(pasted, "state", out->state, sizeof out->state);
    (void)tk_query_value(pasted, "domain", out->domain, sizeof out->domain);
    (void)tk_query_value(pasted, "server_domain", out->server_domain, sizeof out->server_domain);
    if (!tk_query_value(pasted, "code", out->code, sizeof out->code) ||
        !tk_oauth_is_token(out->code))
        return TK_E_NO_CODE;
    return TK_OK;
}
