/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ESCALATION_H
#define TK_ESCALATION_H

/*
 * Telling an operator or another system that a token is not being renewed, and that it is again:
 * edge-triggered alert levels with one RAISED and one CLEARED per fault, kept over restarts.
 *
 *      1  a refresh failed
 *      2  three failures in a row, or less than 5 minutes of token life left
 *      3  the token expired
 *      4  operator action required
 *
 * A fault rises until a refresh or an exchange succeeds, which clears it. Each step and the end
 * are reported at once: an EVT line, the board's indicator, the program's on_escalation. The
 * webhook (tk_webhook.h) gets one POST when the fault reaches escalate_level (3 and 4 always), one
 * more for each other action at level 4, and one when it ends. A POST is retried until delivered
 * and never delays a refresh.
 *
 * Every RAISED that may have been delivered is followed by a CLEARED, over restarts too
 * (at-least-once delivery): a POST counts as delivered from the moment it is sent until its answer
 * says otherwise. A fault that returns before its CLEARED was delivered is the same fault, and is
 * posted again at level 4. A new fault is posted 10 minutes after the last one at the earliest.
 *
 * These structs are the inside of the room; tk_escalator.h is its interface.
 */

#include "tk_accounts.h"
#include "tk_webhook.h"

enum { TK_LEVEL_MAX = 4 };

/* The part that survives a restart. */
struct tk_escalation_record {
    uint8_t level;     /* of the fault now; 0: none */
    uint8_t delivered; /* the level in the last delivered POST; 0: none delivered */
    uint8_t sent;      /* the level in the last POST that was sent and not refused */
    uint8_t cause;     /* enum tk_err */
    uint8_t cleared;   /* 1: the fault has ended, and that is still to be delivered */
    uint8_t returns;   /* how often it came back before that was */
    int64_t since;     /* unix time of the first step; 0: unknown */
};

enum tk_posting { TK_POST_TEST, TK_POST_RAISED, TK_POST_CLEARED };

/* Of one account. */
struct tk_escalation {
    struct tk_escalator *all;
    struct tk_account *account;
    struct tk_escalation_record record;
    struct tk_timer post_timer;  /* the next try of a POST */
    struct tk_timer level_timer; /* when the level may rise by time alone */
    struct tk_timer store_timer; /* stores the record that flash did not take */
    struct tk_request request;
    uint64_t holdoff_until_ms; /* no fault that begins before this tick is posted before it ... */
    uint64_t not_before_ms;    /* ... and this is that limit for the current fault */
    uint32_t failures;         /* of the POST, in a row */
    uint32_t posts_taken;      /* since the start; tests do not count */
    uint32_t posts_failed;
    enum tk_posting posting; /* what the newest POST says, */
    uint8_t posted_level;    /* the level in it, */
    uint8_t posted_cause;    /* the cause in it, */
    uint8_t before;          /* and what `sent` or end_unsent was before it */
    uint8_t kept;            /* what was delivered of the fault before it returned */
    bool end_unsent;         /* no CLEARED of this fault was sent yet, or it was refused */
    bool testing;            /* the POST in progress is a test */
    int test_status;         /* HTTP status of the last test; 0: no answer */
    enum tk_err test_result;
};

struct tk_escalator {
    struct tk_runtime *rt;
    struct tk_webhook webhook;
    struct tk_escalation of[TK_ACCOUNTS]; /* by the account's index */
};

#endif
