/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ESCALATE_POST_H
#define TK_ESCALATE_POST_H

/* The POST of an escalation: when it is sent, its contents, and whether it was delivered. */

#include "tk_escalation.h"

void tk_escalate_post_init(struct tk_escalation *e);

/* The record changed: cancels a POST that was not sent yet, and plans what is wanted now. */
void tk_escalate_post_changed(struct tk_escalation *e);

/* Cancels the POST in progress and plans none. */
void tk_escalate_post_cancel(struct tk_escalation *e);

/* See tk_escalator_test. */
enum tk_err tk_escalate_post_test(struct tk_escalation *e);

#endif
