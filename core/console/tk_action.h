/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ACTION_H
#define TK_ACTION_H

/* What an operator does next: `action` of status, and the greeting of a console. */

#include "tk_console.h"

/* Appends what to type next; nothing if the account needs no operator. */
void tk_action_add(struct tk_console *c, struct tk_text *t);

/* Queues, for an operator: product, version, board and id; the state and what to type next. */
void tk_action_greet(struct tk_console *c);

/* Appends what the account's state means. */
void tk_action_add_meaning(struct tk_console *c, struct tk_text *t);

#endif
