/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ERR_H
#define TK_ERR_H

/*
 * All errors of the product, from one table: tk_errors.h. Each has
 *   - a code, which programs compare: it follows ERR on the console, stands in last_error and in
 *     webhooks, and does not change between versions;
 *   - an action: what a refresh that ended with it leads to (tk_token.h);
 *   - a hint: the operator's next step (tk_words.h).
 *
 * Pure functions.
 */

enum tk_action {
    TK_ACTION_NONE,   /* never the outcome of a refresh */
    TK_ACTION_RETRY,  /* retry with backoff; no answer, or one that says nothing about the pair */
    TK_ACTION_WAIT,   /* the same, but the server did answer: it has not rotated the pair */
    TK_ACTION_BLOCK,  /* configuration, payment or permission must change first; probed slowly */
    TK_ACTION_REAUTH, /* the server does not accept this pair any more */
    TK_ACTION_REFRESH /* the portal rejects the access token; a new one may be accepted */
};

enum tk_err {
    TK_OK = 0,
#define TK_ERROR(id, code, action, hint) TK_E_##id,
#include "tk_errors.h"
#undef TK_ERROR
    TK_E_COUNT
};

enum { TK_ERR_CODE_MAX = 23 }; /* characters of the longest code */

/* The code, "ok" for TK_OK; a constant. */
const char *tk_err_code(enum tk_err err);

enum tk_action tk_err_action(enum tk_err err);

#endif
