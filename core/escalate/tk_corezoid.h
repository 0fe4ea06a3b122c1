/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_COREZOID_H
#define TK_COREZOID_H

/*
 * Corezoid's API v2. A task is created by a POST to a path that has the login of an API user, the
 * time, and a signature over the time, the body and the user's key:
 *
 *      /api/2/json/<login>/<Unix time>/<hex of SHA-1(time + key + body + key)>
 *
 * The response is a 200 with the result in its body. Direct URLs accept any JSON and respond the
 * same way. The API requires SHA-1; TLS does not accept it here. Pure functions.
 */

#include "tk_http.h"
#include "tk_text.h"

enum {
    TK_COREZOID_LOGIN_MAX = 63,
    TK_COREZOID_KEY_MAX = 128,
    TK_COREZOID_CONV_MAX = 18, /* digits */
    TK_COREZOID_SIGNATURE = 40 /* hex digits */
};

#define TK_COREZOID_URL "https://api.corezoid.com"

/* Appends the path. Its last TK_COREZOID_SIGNATURE characters are zeros, to be replaced by the
 * signature once the body is complete. */
void tk_corezoid_path(struct tk_text *t, const char *login, int64_t unix_s);

/* Writes the signature, without a NUL. */
void tk_corezoid_sign(char out[TK_COREZOID_SIGNATURE], const char *key, int64_t unix_s,
                      const char *body, size_t len);

/* Append the start and the end of the body; the caller appends the task's data, a JSON object, in
 * between. conv: the id of the process, digits. ref: unique among the process's active tasks. */
void tk_corezoid_begin(struct tk_text *t, const char *conv, const char *ref);
void tk_corezoid_end(struct tk_text *t);

/* What a 2xx response says. TK_OK: the package and each operation are ok, or the task is a
 * duplicate of one that was accepted. TK_E_ESCALATE_REFUSED: they are not. TK_E_HTTP_CODED,
 * TK_E_BAD_ANSWER: it is not a response of Corezoid's, or cannot be read. */
enum tk_err tk_corezoid_read_response(const struct tk_http *response);

#endif
