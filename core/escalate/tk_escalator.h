/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ESCALATOR_H
#define TK_ESCALATOR_H

/* The interface of the room: the escalations of all accounts, and their webhook. tk_escalation.h
 * says what is raised, cleared and delivered. */

#include "tk_escalation.h"

/* Loads the webhook's settings and each account's record. Both pointers outlive e. */
void tk_escalator_init(struct tk_escalator *e, struct tk_runtime *rt, struct tk_accounts *accounts);

/* Continues with what was not delivered before the restart: after the accounts were planned. */
void tk_escalator_resume(struct tk_escalator *e);

/* For the accounts' listener: raises and clears. */
void tk_escalator_on(struct tk_escalator *e, struct tk_account *a, enum tk_account_event event,
                     enum tk_err err);

/* As tk_webhook_set. A fault that lasts is posted again to a new target. */
enum tk_err tk_escalator_set(struct tk_escalator *e, enum tk_webhook_setting which,
                             const char *value);

/* The account's escalation, for reading. */
const struct tk_escalation *tk_escalator_of(const struct tk_escalator *e,
                                            const struct tk_account *a);

/* Sends one POST with event "test". TK_OK: in progress; TK_E_NO_ESCALATE_URL,
 * TK_E_COREZOID_PARTLY, TK_E_BUSY. */
enum tk_err tk_escalator_test(struct tk_escalator *e, const struct tk_account *a);

/* Whether the test is in progress; if not, *result and the HTTP *status (0: no answer). */
bool tk_escalator_testing(const struct tk_escalator *e, const struct tk_account *a,
                          enum tk_err *result, int *status);

#endif
