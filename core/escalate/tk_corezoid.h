/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_COREZOID_H
#define TK_COREZOID_H

/*
 * Corezoid's API v2: a task is created by a POST that names an API user, the time, and a signature
 * over time, body and the user's key,
 *
 *      /api/2/json/<login>/<unix time>/<hex of SHA-1(time + key + body + key)>
 *
 * and is answered 200 with the verdict inside. Its direct URLs take any JSON and answer the same.
 * SHA-1 is what this API knows; nothing of TLS accepts it. Pure functions.
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

/* Adds the path. Its last TK_COREZOID_SIGNATURE characters are the signature's, once the body is
 * known. */
void tk_corezoid_path(struct tk_text *t, const char *login, int64_t unix_s);

/* Writes the signature, without a NUL. */
void tk_corezoid_sign(char out[TK_COREZOID_SIGNATURE], const char *key, int64_t unix_s,
                      const char *body, size_t len);

/* Begins and ends the body: between them stands the task's data, a JSON object. conv: digits. ref:
 * no two active tasks of a process have the same. */
void tk_corezoid_begin(struct tk_text *t, const char *conv, const char *ref);
void tk_corezoid_end(struct tk_text *t);

/* Whether a 2xx means that it was taken: true for all that is not Corezoid's; there the package and
 * each operation must be ok, or be known there already. */
bool tk_corezoid_accepted(struct tk_http *answer);

#endif
