/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_OAUTH_H
#define TK_OAUTH_H

/*
 * OAuth 2.0 (RFC 6749) as Bitrix24 speaks it: the authorization URL, what an operator pastes, and
 * requests to the token endpoint. Responses are in tk_oauth_response.h. Pure functions.
 *
 * Where Bitrix24 differs from the RFC: client credentials are form fields (section 2.3.1), sent by
 * POST to the authorization server and to no other host.
 */

#include "tk_err.h"
#include "tk_http.h"
#include "tk_limits.h"
#include "tk_url.h"

/* The client (RFC 6749 section 2) and the portal where it is registered. "" where not set. */
struct tk_client {
    struct tk_host portal;
    char client_id[TK_CLIENT_ID_MAX + 1];
    char client_secret[TK_SECRET_MAX + 1];
    char scope[TK_SCOPE_MAX + 1];
};

/* What the operator pasted: a bare authorization code, or the whole redirect URL (section 4.1.2).
 * All but the code are "" where missing. */
struct tk_redirect {
    char code[TK_TOKEN_MAX + 1];
    char state[48];
    char domain[TK_HOST_TEXT];        /* the portal */
    char server_domain[TK_HOST_TEXT]; /* the authorization host */
    bool is_url;
};

/* Bitrix24's authorization hosts. client_secret goes to no other host unless the operator sets
 * one. */
#define TK_OAUTH_WEST "oauth.bitrix.info"
#define TK_OAUTH_EAST "oauth.bitrix24.tech"

/* The authorization host for a portal, by its top-level domain. */
const char *tk_oauth_default_host(const struct tk_host *portal);

/* If `named`, a host name or an https URL, is one of the two hosts on port 443: its constant. Else
 * NULL. */
const char *tk_oauth_known_host(const char *named);

/* Appends https://portal/oauth/authorize/?client_id=...&state=..., which is what the portal needs
 * of RFC 6749 4.1.1: it knows the redirect address and the response type. */
void tk_oauth_authorization_url(struct tk_text *t, const struct tk_client *client,
                                const char *state);

/* Appends a whole HTTP request to the token endpoint, for an authorization code (section 4.1.3) or
 * a refresh token (section 6). secret: the client's, or the one that is to replace it. */
void tk_oauth_exchange_request(struct tk_text *t, const struct tk_host *host,
                               const struct tk_client *client, const char *secret,
                               const char *code);
void tk_oauth_refresh_request(struct tk_text *t, const struct tk_host *host,
                              const struct tk_client *client, const char *secret,
                              const char *refresh_token);

/* Parses what the operator pasted. TK_E_NO_CODE. */
enum tk_err tk_oauth_parse_redirect(const char *pasted, struct tk_redirect *out);

#endif
