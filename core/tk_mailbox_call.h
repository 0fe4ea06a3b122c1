/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_MAILBOX_CALL_H
#define TK_MAILBOX_CALL_H

/*
 * REST calls through a mailbox (tk_mailbox.h): a task sleeps until the portal has answered, and
 * gets the answer, however long it is, through a buffer of any size. What tk_call.h says of limits,
 * refreshes and repeats holds here.
 *
 *      static struct tk_mailbox_call_slot call_slots[1];
 *
 *      tk_mailbox_add_call_slots(&mailbox, call_slots, 1);
 *
 *      struct tk_mailbox_call call = {.method = "crm.lead.add",
 *                                     .body = "{\"fields\":{\"TITLE\":\"21.5\"}}",
 *                                     .buf = answer,
 *                                     .size = sizeof answer};
 *      err = tk_mailbox_call(&mailbox, &call, 30000, &result);
 */

#include "tk_mailbox.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The task fills it in; members that it does not need are 0. It must not change it during
 * tk_mailbox_call. */
struct tk_mailbox_call {
    const char *ref;    /* account, used during the call only; NULL or "": the first */
    const char *method; /* the same */
    uint32_t user;      /* as in tk_call.h, like the next two */
    bool only_reads;
    const char *id_key; /* a string that is never freed: it may be used after a timeout */
    const char *body;   /* a JSON object, used during the call only; NULL: {} */

    /* The answer passes through buf, which is used during the call only; NULL: it is not needed.
     * Without on_body, buf gets all of it and a NUL; TK_E_HTTP_TOO_LARGE: its beginning, and the
     * method ran. */
    char *buf;
    size_t size;

    /* Called in the task, with a piece of the answer in buf: an answer of the portal that is an
     * error, too. While buf is full the connection waits. Returns false to end the call with
     * TK_E_CANCELLED. Time spent here does not count. */
    bool (*on_body)(struct tk_mailbox_call *call, const char *data, size_t len);
    void *ctx; /* for on_body */
};

/* What one task makes a call with; all members are private. */
struct tk_mailbox_call_slot {
    struct tk_mailbox_slot slot;
    struct tk_mailbox *box;
    struct tk_call call;
    bool is_active; /* the keeper has the call */
    char ref[TK_NAME_MAX + 1];
    char method[sizeof TK_METHOD_V3 + TK_METHOD_MAX];
};

/* As tk_mailbox_add_slots, for as many calls at a time. */
void tk_mailbox_add_call_slots(struct tk_mailbox *box, struct tk_mailbox_call_slot *slots,
                               unsigned count);

/*
 * Makes a call and sleeps until it has ended or timeout_ms have passed, all waiting included.
 * Returns result->err; result->outcome is what is certain. Besides the errors of tk_call_start and
 * of a tk_call_result:
 *
 *      TK_E_BUSY             no slot became free in time; not sent
 *      TK_E_TIMEOUT          timeout_ms have passed: not sent, or the method only reads
 *      TK_E_UNKNOWN_OUTCOME  the same, and it may have been sent
 *      TK_E_CANCELLED        by on_body, or the mailbox is closed: see result->outcome
 *
 * A call whose task has left is ended by the main loop. Task.
 */
enum tk_err tk_mailbox_call(struct tk_mailbox *box, struct tk_mailbox_call *call,
                            uint32_t timeout_ms, struct tk_call_result *result);

#ifdef __cplusplus
}
#endif

#endif
