/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ERR_H
#define TK_ERR_H

/*
 * Every way in which something does not work: one table (tk_errors.h) of a code that programs
 * compare, and the words that tell a person the next step (tk_words.h). The codes are stable: they
 * stand after `ERR` on the console, in `last_error`, and in what is escalated.
 *
 * The action says what a refresh that ended so leads to (see tk_token.h):
 *   RETRY   try again by backoff; the server said nothing about the pair
 *   WAIT    the same, but the server did answer: it has not rotated the pair
 *   BLOCK   a person must change configuration, payment or permission; probed slowly
 *   REAUTH  the server does not honour this pair (any more)
 *   REFRESH said by the portal alone: the access token is of no use, another one may be
 *   NONE    never the outcome of a refresh
 */

enum tk_action {
    TK_ACTION_NONE,
    TK_ACTION_RETRY,
    TK_ACTION_WAIT,
    TK_ACTION_BLOCK,
    TK_ACTION_REAUTH,
    TK_ACTION_REFRESH
};

enum tk_err {
    TK_OK = 0,
#define TK_ERROR(id, code, action, words) TK_E_##id,
#include "tk_errors.h"
#undef TK_ERROR
    TK_E_COUNT
};

/* The stable word, "ok" for TK_OK. A constant. */
const char *tk_err_code(enum tk_err err);

enum tk_action tk_err_action(enum tk_err err);

/* The error of a stable word (numbers may change from build to build); TK_OK for any other. */
enum tk_err tk_err_from_code(const char *code);

#endif
