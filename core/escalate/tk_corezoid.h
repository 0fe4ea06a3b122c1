/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_COREZOID_H
#define TK_COREZOID_H

/*
 * Corezoid's API v2. A POST with one operation on a task goes to a path that has the login of an
 * API user, the time, and a signature over the time, the body and the user's key:
 *
 *      /api/2/json/<login>/<Unix time>/<hex of SHA-1(time + key + body + key)>
 *
 * The response is a 200 with the result in its body. Direct URLs accept any JSON and respond the
 * same way. The API requires SHA-1; TLS does not accept it here.
 */

#include "tk_http.h"
#include "tk_storage.h"
#include "tk_text.h"
#include "tk_url.h"

enum {
    TK_COREZOID_LOGIN_MAX = 63,
    TK_COREZOID_KEY_MAX = 128,
    TK_COREZOID_CONV_MAX = 18, /* digits */
    TK_COREZOID_SIGNATURE = 40 /* hex digits */
};

#define TK_COREZOID_URL "https://api.corezoid.com"

/* Whether a login, a key, or the id of a process is valid. The latter may have a - in front, which
 * is not part of it. */
bool tk_corezoid_is_login(const char *login);
bool tk_corezoid_is_key(const char *key);
bool tk_corezoid_is_conv(const char *conv);

/* A request as it is written into out. The caller sets these ... */
struct tk_corezoid_post {
    struct tk_text *out;
    struct tk_storage *storage;
    uint16_t keys; /* of the store: login; key and id of the process follow */
    int64_t unix_s;

    /* ... and not these. */
    size_t path_len;
    size_t body_start;
};

/* Writes the head of a request. base: the path of the API's URL, "" or "/base". The signature is
 * zeros until tk_corezoid_end. */
void tk_corezoid_begin(struct tk_corezoid_post *p, const struct tk_host *host, const char *base);

/* Writes the beginning of the body. type: "create", "modify" or "show". ref: unique among the
 * process's active tasks. The data of the task, a JSON object, follows; or nothing, after "show".
 */
void tk_corezoid_op(struct tk_corezoid_post *p, const char *type, const char *ref);

/* Ends the body and signs the request. */
void tk_corezoid_end(struct tk_corezoid_post *p);

/* Writes the signature, without a NUL. */
void tk_corezoid_sign(char out[TK_COREZOID_SIGNATURE], const char *key, int64_t unix_s,
                      const char *body, size_t len);

/* More of a response than its result. */
struct tk_corezoid_seen {
    /* Set by the caller, NULL: nothing is compared: what the data of a task may have as device,
     * account and access_token. */
    const char *const *values;

    uint8_t equal;     /* bit i: the task has values[i] */
    bool is_answer;    /* the package is ok: the error is that of an operation */
    bool is_duplicate; /* the ref is that of an active task */
};

/* What a response that ended with err says; *seen must be zeroed but for what the caller sets.
 * TK_OK: the package and each operation are ok, or the task is a duplicate of an active one.
 * TK_E_ESCALATE_REFUSED: they are not, or the status is no 2xx. TK_E_HTTP_CODED, TK_E_BAD_ANSWER:
 * it is not a response of Corezoid's, or cannot be read; then err, unless that is TK_OK. */
enum tk_err tk_corezoid_result(enum tk_err err, const struct tk_http *response,
                               struct tk_corezoid_seen *seen);

#endif
