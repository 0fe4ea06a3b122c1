/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_OAUTH_H
#define TK_OAUTH_H

/*
 * OAuth 2.0 (RFC 6749) as Bitrix24 speaks it: what is asked of the authorization server, and what
 * its answers mean. Pure functions: no connection, no clock, no store.
 *
 * The dialect: the secret goes in a POST form to the token endpoint, to no other host. Answers
 * come with escaped slashes, numbers as strings, missing `expires`; errors with status 200.
 */

#include "tk_err.h"
#include "tk_http.h"
#include "tk_limits.h"
#include "tk_url.h"

/* What one account is to the authorization server. All strings are "" where unknown. */
struct tk_client {
    struct tk_host portal;
    char client_id[TK_CLIENT_ID_MAX + 1];
    char client_secret[TK_SECRET_MAX + 1];
    char scope[TK_SCOPE_MAX + 1];
};

/* A good answer of the token endpoint. The strings lie in the answer's body and live as long. */
struct tk_token_response {
    const char *access_token;
    const char *refresh_token;
    const char *client_endpoint; /* "" when missing */
    const char *server_endpoint; /* "" when missing */
    const char *member_id;       /* "" when missing */
    const char *user_id;         /* "" when missing */
    const char *scope;           /* "" when missing */
    uint32_t expires_in;         /* seconds from now */
    const char *server_error;    /* its word for an error, also where there is no pair; or "" */
};

/* What a person pasted: a bare code, or the whole address of the redirect. */
struct tk_redirect {
    char code[TK_TOKEN_MAX + 1];
    char state[48];                   /* "" when missing */
    char domain[TK_HOST_TEXT];        /* "" when missing */
    char server_domain[TK_HOST_TEXT]; /* "" when missing */
    bool is_url;
};

/* The authorization servers that Bitrix24 is known to have; client_secret goes to no other unless
 * a person names it. */
#define TK_OAUTH_WEST "oauth.bitrix.info"
#define TK_OAUTH_EAST "oauth.bitrix24.tech"

/* The one for a portal of which nothing more is known: by the end of its name. */
const char *tk_oauth_default_host(const struct tk_host *portal);

/* The one of the two that `named` is ("oauth.bitrix.info" or an URL there), else NULL. */
const char *tk_oauth_known_host(const char *named);

/* https://portal/oauth/authorize/?client_id=...&response_type=code&state=... */
void tk_oauth_authorization_url(struct tk_text *t, const struct tk_client *client,
                                const char *state);

/* The whole request to the token endpoint, for a code or for a refresh token. */
void tk_oauth_exchange_request(struct tk_text *t, const struct tk_host *host,
                               const struct tk_client *client, const char *code);
void tk_oauth_refresh_request(struct tk_text *t, const struct tk_host *host,
                              const struct tk_client *client, const char *refresh_token);

/* What an answer of the token endpoint means: TK_OK with *grant filled, or why not, with
 * grant->server_error alone. now_unix serves an answer that has `expires` alone. Changes the body
 * in place.
 */
enum tk_err tk_oauth_read_token_response(struct tk_http *answer, int64_t now_unix,
                                         struct tk_token_response *grant);

/* What the portal says to a REST call. TK_OK for a result. *said as in tk_grant. */
enum tk_err tk_oauth_read_rest_response(struct tk_http *answer, const char **said);

/* Takes apart what was pasted. TK_E_NO_CODE, or TK_OK. */
enum tk_err tk_oauth_parse_redirect(const char *pasted, struct tk_redirect *out);

/* Whether s may be a token or a code: 1 to 256 visible ASCII characters. */
bool tk_oauth_is_token(const char *s);

#endif
