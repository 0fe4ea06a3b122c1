/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CALL_ANSWER_H
#define TK_CALL_ANSWER_H

/*
 * The portal's answer to a call: read as it comes, and what it means for the call. The first
 * member decides: an error is not passed on before it is certain that the call is not repeated; any
 * other answer is passed on from its first byte.
 */

#include "tk_account.h"
#include "tk_call.h"

/* What an answer, or the lack of one, means for the call. */
enum tk_call_verdict {
    TK_CALL_FINAL,
    TK_CALL_BEFORE,   /* the portal refused it before the method ran, or it was not sent */
    TK_CALL_LIMIT,    /* the same, because of a limit */
    TK_CALL_AMBIGUOUS /* the method may have run */
};

#define TK_CALL_NEXT_BYTE_MS 15000 /* between two pieces of the content */
#define TK_CALL_PAUSE_MS     60000 /* a caller keeps others waiting */

/* What becomes of the content (call->answer). */
enum { TK_ANSWER_UNDECIDED, TK_ANSWER_PASSED_ON, TK_ANSWER_DROPPED };

/* Sets the members to pick from the answer. */
void tk_call_begin_fields(struct tk_call *call);

/* Whether a call may be sent twice: it only reads, or has an idempotency key. */
bool tk_call_may_repeat(const struct tk_call *call);

/* status: 0 if there was no response. code: the portal's, or "". */
enum tk_call_verdict tk_call_judge(const struct tk_call *call, enum tk_err err, int status,
                                   const char *code);

/* Whether to repeat a call if none of its answer was passed on. */
bool tk_call_repeats(const struct tk_call *call, enum tk_call_verdict verdict);

/* on_body of the request. */
size_t tk_call_on_body(struct tk_request *r, const struct tk_http *http, const char *data,
                       size_t len);

/* The error of a call whose request ended with err, and the portal's own. */
enum tk_err tk_call_read_answer(const struct tk_http *http, enum tk_err err,
                                struct tk_server_error *server_error);

/* Copies what the answer says. */
void tk_call_read_result(struct tk_call_result *result, const struct tk_account *a,
                         const struct tk_http *http, const char *code);

/* When the operating time of the method starts over, unix; 0: unknown. */
uint32_t tk_call_reset_at(const struct tk_http *http);

/* What is certain, after the last attempt ended with err and code. */
enum tk_call_outcome tk_call_outcome_of(const struct tk_call *call, enum tk_err err,
                                        enum tk_call_verdict verdict, const char *code);

#endif
