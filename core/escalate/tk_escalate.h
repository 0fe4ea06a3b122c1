/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ESCALATE_H
#define TK_ESCALATE_H

/*
 * Telling a person or another system that a token is not being renewed, and that it is again: a
 * ladder with edges, raised once and cleared once, kept over restarts.
 *
 *      1  a refresh failed
 *      2  three failures, or less than 5 minutes left
 *      3  the token is expired
 *      4  a person must act
 *
 * A fault climbs until a refresh or an exchange succeeds; that clears it. Each step up and the end
 * are told at once on the consoles (EVT), to the board's indicator and to the program's function.
 * The POST (tk_webhook.h says where to) goes once when the fault reaches escalate_level (3 and 4
 * always), once more for each other thing that a person must do (level 4), and once when it ends.
 * It is tried until delivered, and never goes before a refresh.
 *
 * Whoever may have heard of a fault hears of its end, over restarts too: a POST is taken for
 * received from the moment it leaves until its answer says otherwise. A fault that returns before
 * its end was told goes on as the same, and at level 4 is told again. A new one is told 10 minutes
 * after the last at the soonest.
 */

#include "tk_err.h"
#include "tk_https.h"
#include "tk_timer.h"

struct tk_account;
struct tk_keeper;

enum { TK_LEVEL_MAX = 4 };

/* The part that survives a restart. */
struct tk_escalation_record {
    uint8_t level;     /* of the fault now; 0: none */
    uint8_t delivered; /* the level that the last delivered POST named; 0: none delivered */
    uint8_t sent;      /* the same of the last one that was sent, and not refused */
    uint8_t cause;     /* enum tk_err */
    uint8_t cleared;   /* 1: the fault has ended, and that is still to be delivered */
    uint8_t returns;   /* how often it came back before that was */
    int64_t since;     /* unix time of the first step; 0: unknown */
};

enum tk_posting { TK_POST_TEST, TK_POST_RAISED, TK_POST_CLEARED };

struct tk_escalation {
    struct tk_escalation_record record;
    struct tk_timer post_timer;  /* the next try of a POST */
    struct tk_timer level_timer; /* the next moment at which the level may rise by itself */
    struct tk_request request;
    uint64_t holdoff_until_ms; /* tick until which no fault is told that begins from now on ... */
    uint64_t not_before_ms;    /* ... and this one */
    uint32_t failures;         /* of the POST, in a row */
    enum tk_posting posting;   /* what the newest POST tells ... */
    uint8_t posted_level;      /* and the level that it names, ... */
    uint8_t posted_cause;      /* the cause, ... */
    uint8_t before;            /* and what `sent` or end_unsent was before it */
    uint8_t kept;              /* what was delivered of a fault before it came back */
    bool end_unsent;           /* nothing of the fault's end was sent yet, or it was refused */
    bool unstored;             /* flash has not this record yet */
    bool testing;              /* the POST under way is a test */
    int test_status;           /* what HTTP said to the last one; 0: nothing */
    enum tk_err test_result;
};

void tk_escalate_init(struct tk_account *a);

/* After tk_account_load, and when what is set about it changed: goes on with what was not
 * delivered. To another address a fault that lasts is told anew, and the end of none. */
void tk_escalate_resume(struct tk_account *a, bool another);

/* A refresh failed, storing failed, or time passed: raises the level that follows. */
void tk_escalate_look(struct tk_account *a, uint64_t now_ms);

/* The pair is good again. */
void tk_escalate_clear(struct tk_account *a);

/* Sends one POST with event "test"; tk_escalate_testing tells when it ended, and the HTTP status.
 */
enum tk_err tk_escalate_test(struct tk_account *a);
bool tk_escalate_testing(const struct tk_account *a, enum tk_err *result, int *status);

#endif
