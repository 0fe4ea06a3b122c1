/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ESCALATE_RECORD_H
#define TK_ESCALATE_RECORD_H

/* The record of an escalation on flash, so that it survives a restart. */

#include "tk_escalation.h"

/* Reads it, and sets the timer of tk_escalate_record_store up. */
void tk_escalate_record_load(struct tk_escalation *e);

/* Stores it; retried each minute while flash fails. After a restart before that, a RAISED may be
 * posted again, or a CLEARED be missing. */
void tk_escalate_record_store(struct tk_escalation *e);

/* Stops retrying. */
void tk_escalate_record_cancel(struct tk_escalation *e);

#endif
