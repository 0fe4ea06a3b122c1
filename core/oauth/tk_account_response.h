/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ACCOUNT_RESPONSE_H
#define TK_ACCOUNT_RESPONSE_H

/*
 * What may be shown of a server's responses. Its words are foreign and may contain our secrets: an
 * error code is shown if it is a known one (tk_server_errors.h) or at most TK_SERVER_ERROR_MAX
 * letters, digits, _ and -. Neither that nor a description may share 8 characters in a row with a
 * secret, or a whole shorter one, or look encoded: have a `%`, or more than 16 letters and digits
 * in a row with a digit among them. Else `unlisted` is shown.
 *
 * A response that could not be read leaves its shape (tk_http_shape.h) in place of a description.
 * With status 2xx it may have carried a pair: its shape remains until a good response.
 */

#include "tk_account.h"

/* True if text shares 8 characters in a row with a secret, or contains a shorter one. */
bool tk_account_leaks(const struct tk_account *a, const char *text);

/* A request ended with err; http: what was read of the response, or NULL. */
void tk_account_note_response(struct tk_account *a, const struct tk_http *http, enum tk_err err,
                              const struct tk_server_error *error);

/* code, or `unlisted`; "" stays. */
const char *tk_account_shown_code(const struct tk_account *a, const char *code);

/* The pair of a code is not for the user or portal `was`, but for `now`: detail says so. */
void tk_account_note_other(struct tk_account *a, const char *was, const char *now);

/* Reads the response to a code or a refresh token (tk_oauth_read_token_response) and notes it and
 * the server's time. needs_both: a response without a refresh token is TK_E_BAD_ANSWER. */
enum tk_err tk_account_read_tokens(struct tk_account *a, const struct tk_http *http,
                                   enum tk_err err, bool needs_both,
                                   struct tk_token_response *response);

#endif
