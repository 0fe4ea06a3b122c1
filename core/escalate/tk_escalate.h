/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ESCALATE_H
#define TK_ESCALATE_H

/* The levels of an escalation: raised by failures and by time, cleared by success. */

#include "tk_escalation.h"

void tk_escalate_init(struct tk_escalation *e);

/* After a start, or with settings changed: continues with what was not delivered. To a new target
 * a fault that lasts is posted again, and no end of an earlier one. */
void tk_escalate_resume(struct tk_escalation *e, bool new_target);

/* A refresh or storing failed, or time passed: raises the level that follows. */
void tk_escalate_look(struct tk_escalation *e);

/* The pair is good again. */
void tk_escalate_clear(struct tk_escalation *e);

#endif
