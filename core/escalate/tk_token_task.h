/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TOKEN_TASK_H
#define TK_TOKEN_TASK_H

/*
 * The access token of an account in a task of Corezoid, where other processes read it:
 *
 *      {{conv[<corezoid_token_conv>].ref[<corezoid_token_ref>].access_token}}
 *
 * Once conv, login and key are set, each new pair is written, and the task is blanked when the
 * token expires, is forgotten, or is no longer to be published. A write is two requests: "show"
 * tells whose the task is and what it holds, then "create" or "modify" writes it, unless it holds
 * that already. So nothing about it is kept on flash: a lost response and a restart are settled by
 * the next "show". A task without the id of this device and the name of the account is another's;
 * it is left alone until tk_token_task_takeover.
 *
 * It shares the request of the account's alert, has a backoff of its own, and is preempted by
 * any other request that needs the connection.
 */

#include "tk_alert.h"

/* In the order of their keys in tk_keys.h. */
enum tk_task_setting {
    TK_TASK_LOGIN, /* of an API user with whom the process is shared */
    TK_TASK_KEY,   /* of that user, secret */
    TK_TASK_CONV,  /* of the process; the task is written while all three are set */
    TK_TASK_REF,   /* of the task; default: the account's name */
    TK_TASK_URL    /* of the API */
};

/* Sets up a task and reads its settings from flash. */
void tk_token_task_init(struct tk_alert *alert);

/* The account changed: schedules the write that is due, if any. */
void tk_token_task_update(struct tk_alert *alert);

/* Ends the request in progress, and schedules none. */
void tk_token_task_stop(struct tk_alert *alert);

/* Checks, stores and applies a setting; "" restores the default. Unsetting conv blanks the task,
 * which is retried until done; unsetting it again gives up. TK_E_BAD_VALUE, TK_E_STORAGE_*;
 * TK_E_TASK_IN_USE: the task holds the token, or is being blanked. */
enum tk_err tk_token_task_set(struct tk_alert *alert, enum tk_task_setting which,
                              const char *value);

/* A setting, "" if it is not set; ref and url have a default. The caller wipes the key. */
void tk_token_task_get(const struct tk_alert *alert, enum tk_task_setting which,
                       char out[TK_URL_MAX + 1]);

/* The next write takes the task over, whichever device wrote it. TK_E_COREZOID_PARTLY: it is not
 * set up. */
enum tk_err tk_token_task_takeover(struct tk_alert *alert);

/* Blanks the task, whose settings are about to be erased: task.ending until that is done. */
void tk_token_task_end(struct tk_alert *alert);

/* off, ok, behind, taken or ending; a constant. */
const char *tk_token_task_state(const struct tk_alert *alert);

#endif
