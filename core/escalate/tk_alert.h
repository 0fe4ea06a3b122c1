/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ALERT_H
#define TK_ALERT_H

/*
 * Alerts report to an operator or another system that a token is not being renewed, and when it is
 * again. Edge-triggered levels, one RAISED and one CLEARED per fault, kept across restarts:
 *
 *      1  a refresh failed
 *      2  three failures in a row, less than 5 minutes of token life left, or flash does not store
 *      3  the token expired
 *      4  operator action required
 *
 * The level of a fault only rises, until a refresh or an exchange succeeds and clears it. Each
 * change is reported at once: an EVT line, the board's indicator, the program's on_escalation. The
 * webhook (tk_webhook.h) gets one POST when the fault reaches escalate_level (3 and 4 always), one
 * more for level 4 and for each other cause there, and one when the fault is cleared. A POST is
 * retried until delivered and never delays a refresh.
 *
 * Every RAISED that may have been delivered is followed by a CLEARED, across restarts too
 * (at-least-once delivery): a POST may have been delivered from the moment it is sent until its
 * response says otherwise. A fault that recurs before its CLEARED was delivered is still the same
 * fault; it is posted again if its CLEARED may have been delivered, or at level 4. A new fault is
 * posted 10 minutes after the last RAISED at the earliest (hold-off).
 *
 * These structs are private to the room; its interface is tk_alerts.h.
 */

#include "tk_accounts.h"
#include "tk_webhook.h"

enum tk_alert_level {
    TK_ALERT_NONE = 0,
    TK_ALERT_FAILED = 1,
    TK_ALERT_FAILING = 2,
    TK_ALERT_EXPIRED = 3,
    TK_ALERT_OPERATOR = 4,
    TK_ALERT_LEVEL_MAX = TK_ALERT_OPERATOR
};

/* The part that is on flash. */
struct tk_alert_record {
    uint8_t level;         /* current; 0: no fault */
    uint8_t delivered;     /* level in the last RAISED that was delivered; 0: none */
    uint8_t sent;          /* level in the last RAISED that was sent and not rejected; 0: none */
    uint8_t cause;         /* enum tk_err */
    uint8_t clear_pending; /* 1: the fault is over and its CLEARED is not delivered */
    uint8_t recurrences;   /* how often the fault came back while clear_pending */
    int64_t since;         /* Unix time of the first level; 0: unknown */
};

/* See tk_token_task.h. */
struct tk_token_task {
    struct tk_timer timer; /* the next write is due */
    uint32_t held; /* generation whose token the task holds, 0: none; if it is taken: for which it
                      was looked at; valid if known */
    uint32_t sent; /* ... that the newest write has */
    uint8_t err;   /* enum tk_err: of the last attempt */
    uint8_t failures;  /* in a row */
    uint8_t op;        /* of the newest request */
    bool waiting : 1;  /* the last attempt failed, and timer runs until the next one */
    bool busy : 1;     /* the alert's request is that of the task */
    bool complete : 1; /* conv, login and key are set */
    bool ending : 1;   /* conv is unset, and the task to be blanked */
    bool known : 1;    /* the task was seen or written since the start */
    bool taken : 1;    /* it is another's */
    bool takeover : 1; /* the next write takes it over */
};

enum tk_alert_event { TK_ALERT_TEST, TK_ALERT_RAISED, TK_ALERT_CLEARED };

/* Of one account. */
struct tk_alert {
    struct tk_alerts *all;
    struct tk_account *account;
    struct tk_alert_record record;
    struct tk_timer post_timer;  /* next attempt of a POST */
    struct tk_timer level_timer; /* when remaining token life alone raises the level */
    struct tk_timer store_timer; /* retries to store the record */
    struct tk_request request;   /* of a POST of this alert, or of task */
    struct tk_token_task task;   /* here, since a request of its own is 190 B of an account's RAM */
    uint64_t holdoff_until_ms;   /* tick: no RAISED of a fault that begins before it */
    uint64_t not_before_ms;      /* tick: no RAISED of the current fault before it */
    uint64_t retry_at_ms;        /* tick: the webhook wants no POST before it; 0: any */
    uint32_t post_failures;      /* in a row */
    uint32_t posts_taken;        /* delivered since the start; tests do not count */
    uint32_t posts_failed;

    /* The newest POST. */
    enum tk_alert_event event;
    uint8_t posted_level;
    uint8_t posted_cause;
    uint8_t sent_before;      /* record.sent before this RAISED: restored if it is rejected */
    bool clear_unsent_before; /* clear_unsent before this CLEARED: restored likewise */

    uint8_t delivered_before; /* record.delivered before the fault came back */
    bool clear_unsent;        /* no CLEARED of this fault was sent, or each was rejected */
    bool testing;             /* the POST in progress is a test */
    uint16_t test_status;     /* HTTP status of the last test; 0: no response */
    enum tk_err test_result;
};

struct tk_alerts {
    struct tk_runtime *rt;
    struct tk_webhook webhook;
    struct tk_alert of[TK_ACCOUNTS]; /* by the account's index */
};

#endif
