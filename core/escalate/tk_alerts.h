/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ALERTS_H
#define TK_ALERTS_H

/*
 * The interface of the room: the alerts of all accounts, and the webhook that they are posted to.
 * tk_alert.h says what is raised, cleared and delivered. Call all of it from the main loop.
 */

#include "tk_alert.h"

/* Loads the webhook's settings and each account's record. rt and accounts must outlive all. */
void tk_alerts_init(struct tk_alerts *all, struct tk_runtime *rt, struct tk_accounts *accounts);

/* Resumes deliveries that a restart interrupted. Call it once the refreshes are scheduled, which a
 * POST reports. */
void tk_alerts_resume(struct tk_alerts *all);

/* Raises and clears: to be called by the accounts' listener. */
void tk_alerts_on_account(struct tk_alerts *all, struct tk_account *a, enum tk_account_event event);

/* As tk_webhook_set. To a new target a fault that persists is posted again; of one that is over
 * nothing more is posted. */
enum tk_err tk_alerts_set(struct tk_alerts *all, enum tk_webhook_setting which, const char *value);

/* The account's alert, for reading. */
const struct tk_alert *tk_alerts_of(const struct tk_alerts *all, const struct tk_account *a);

/* Sends one POST with event "test", once. TK_OK: in progress; TK_E_NO_ESCALATE_URL,
 * TK_E_COREZOID_PARTLY, or TK_E_BUSY while another POST of the account is in progress. */
enum tk_err tk_alerts_test(struct tk_alerts *all, const struct tk_account *a);

/* Whether the test is in progress; if not, *result is its outcome and *status the HTTP status (0:
 * no response). */
bool tk_alerts_testing(const struct tk_alerts *all, const struct tk_account *a, enum tk_err *result,
                       int *status);

#endif
