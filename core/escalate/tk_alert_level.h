/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ALERT_LEVEL_H
#define TK_ALERT_LEVEL_H

/* The level of an alert: raised by failures and by time, cleared by success. */

#include "tk_alert.h"

void tk_alert_level_init(struct tk_alert *alert);

/* After a start, or after a change of the webhook's settings: resumes what was not delivered.
 * new_target: see tk_alerts_set. */
void tk_alert_level_resume(struct tk_alert *alert, bool new_target);

/* Whether a good pair does not end what was raised: half of the flash's sectors no longer erase
 * (for the first account only: one alert is enough), or the task in Corezoid is another's. */
bool tk_alert_level_lasts(const struct tk_alert *alert);

/* Raises the level if the account's failures or remaining token life demand it. */
void tk_alert_level_update(struct tk_alert *alert);

/* The account has a good pair again. */
void tk_alert_level_clear(struct tk_alert *alert);

#endif
