/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CALLS_H
#define TK_CALLS_H

/*
 * The calls of a keeper (tk_call.h): when each is sent, and what follows from its answer. One
 * connection at least is left free for refreshes; where there is only one, a refresh preempts a
 * call that may start over. Of the others, however long calls take, one user at one portal leaves
 * one if there are three connections, and one portal if there are five.
 */

#include "tk_accounts.h"
#include "tk_bucket.h"
#include "tk_call.h"

enum { TK_LIMITED = TK_CONNECTIONS > 1 ? 8 : 2 };

/* A method whose operating time at a portal is used up. */
struct tk_limited {
    uint32_t method;  /* a hash of both; 0: none */
    uint32_t until_s; /* tick, seconds */
};

struct tk_calls {
    struct tk_accounts *accounts;
    struct tk_call *first; /* all calls, the lowest turn first */
    bool stopped;          /* none is started any more */
    uint32_t turn;         /* of the call that was sent last */
    uint32_t salt;         /* of this start's idempotency keys; 0: there are none yet */
    uint32_t count;        /* of calls that were started */
    struct tk_limited limited[TK_LIMITED];
    struct tk_bucket buckets[TK_ACCOUNTS]; /* of each portal: that of its last account */
};

/* all must be zeroed; accounts must outlive it. */
void tk_calls_init(struct tk_calls *all, struct tk_accounts *accounts);

/* As tk_call_start, tk_call_cancel, tk_call_resume and tk_call_wait_ms in tokenkeeper.h. */
enum tk_err tk_calls_start(struct tk_calls *all, struct tk_call *call);
void tk_calls_cancel(struct tk_call *call);
void tk_calls_resume(struct tk_call *call);
uint32_t tk_calls_wait_ms(const struct tk_call *call);

/* Sends what may be sent, and ends what has waited too long. Returns the tick of the next call;
 * now_ms if there is more to do at once. */
uint64_t tk_calls_run(struct tk_calls *all, uint64_t now_ms);

/* Ends all calls with TK_E_CANCELLED: no request is sent any more. */
void tk_calls_stop(struct tk_calls *all);

#endif
