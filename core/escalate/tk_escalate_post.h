/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ESCALATE_POST_H
#define TK_ESCALATE_POST_H

/* The POST of an escalation: when it goes, what it is, and whether it arrived. For tk_escalate.c
 * alone, whose record it follows. */

struct tk_account;

void tk_escalate_post_init(struct tk_account *a);

/* The record is another one: what is under way and has not left is given up, what is wanted now is
 * planned. */
void tk_escalate_post_changed(struct tk_account *a);

/* Gives up whatever is under way. */
void tk_escalate_post_cancel(struct tk_account *a);

#endif
