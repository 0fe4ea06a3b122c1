/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_OAUTH_RESPONSE_H
#define TK_OAUTH_RESPONSE_H

/*
 * Responses of the authorization server (RFC 6749 section 5) and of the portal. Pure functions.
 *
 * A response to a refresh may be the only copy of the pair, so a pair is taken from whatever can be
 * read with certainty: members are picked as the response comes, whatever its size
 * (tk_json_pick.h), also from one that is surrounded, cut or of another status than 200. An error
 * code, which may end a pair, counts only if the body is one JSON object. errors.md has all of it.
 *
 * Where Bitrix24 differs from the RFC: no token_type; numbers as strings, `expires` instead of
 * expires_in, errors with status 200.
 */

#include "tk_http.h"
#include "tk_limits.h"

/* For the requests whose responses are read here (tk_request.h). */
extern const struct tk_json_fields tk_oauth_fields;

/* The members that tk_oauth_read_rest_response reads: the first fields of a request, others may
 * follow. ERROR first: its value is an object in REST 3.0 (tk_json_pick.h). */
enum {
    TK_FIELD_ERROR,
    TK_FIELD_CODE,
    TK_FIELD_MESSAGE,
    TK_FIELD_DESCRIPTION,
    TK_FIELD_RESULT,
    TK_REST_FIELDS
};

#define TK_REST_FIELD_LIST                                                                         \
    {"error", TK_SERVER_ERROR_MAX + 1}, {".code", TK_SERVER_ERROR_MAX + 1},                        \
        {".message", TK_DESCRIPTION_MAX}, {"error_description", TK_DESCRIPTION_MAX},               \
    {                                                                                              \
        "result", 0                                                                                \
    }

/* What a server says of an error: not to be shown before tk_account_note_response has checked it.
 * "" where missing; code is cut at TK_SERVER_ERROR_MAX + 1 characters, description at
 * TK_DESCRIPTION_MAX. */
struct tk_server_error {
    const char *code;        /* the member "error" */
    const char *description; /* the member "error_description" */
};

#define TK_LIFETIME_MAX 31622400 /* s: a year; longer lifetimes are clamped */

/* A token response (RFC 6749 section 5). Strings point into the HTTP body and are "" where missing.
 * After an error only `error` and token_len are set. */
struct tk_token_response {
    const char *access_token;
    const char *refresh_token;   /* "": the one that was sent stays valid (section 6) */
    const char *client_endpoint; /* URL of the portal's REST API */
    const char *server_endpoint; /* URL at the authorization server */
    const char *member_id;       /* of the portal */
    const char *user_id;         /* of the user who authorized */
    const char *scope;
    uint32_t expires_in; /* s, from when the response was generated */
    uint32_t token_len;  /* TK_E_TOKEN_TOO_LONG: characters of the longer token */
    bool is_doubtful;    /* the pair came with an error status or an unknown error code: the one
                            before it may still be the server's */
    struct tk_server_error error;
};

/* Reads the response of the token endpoint to a request that ended with err; http may be NULL after
 * an error. now_unix converts `expires` where expires_in is missing and the response has no Date;
 * 0: unknown.
 * TK_OK with a pair, err, or any error of errors.md. */
enum tk_err tk_oauth_read_token_response(const struct tk_http *http, enum tk_err err,
                                         int64_t now_unix, struct tk_token_response *response);

/* Reads the portal's response to a REST call, as above. TK_OK if it has a result. */
enum tk_err tk_oauth_read_rest_response(const struct tk_http *http, enum tk_err err,
                                        struct tk_server_error *error);

/* What an answer of the portal with this code, "" for none, and status means; TK_OK: no error. */
enum tk_err tk_oauth_rest_error(const char *code, int status);

/* True for a code of tk_server_errors.h, in any case. */
bool tk_oauth_is_listed(const char *code);

#endif
