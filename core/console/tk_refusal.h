/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_REFUSAL_H
#define TK_REFUSAL_H

/* Why a line is not run, in words. */

#include "tk_console.h"

/* Queues "<prefix>ERR <code> <hint>" of c->line.refusal without a line end; for TK_E_BAD_BYTE with
 * the character and where it stood: "the line held a no-break space at column 12; ...". */
void tk_refusal_answer(struct tk_console *c, const char *prefix);

#endif
