/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ALERT_POST_H
#define TK_ALERT_POST_H

/* The POST of an alert: when it is sent, its contents, and whether it was delivered. */

#include "tk_alert.h"

void tk_alert_post_init(struct tk_alert *alert);

/* The record changed: cancels a POST that was not sent yet, and schedules the one now due. */
void tk_alert_post_changed(struct tk_alert *alert);

/* Cancels the POST in progress and schedules none. */
void tk_alert_post_cancel(struct tk_alert *alert);

/* See tk_alerts_test. */
enum tk_err tk_alert_post_test(struct tk_alert *alert);

#endif
