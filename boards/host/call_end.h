/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CALL_END_H
#define TK_CALL_END_H

/* The second part of the answer to a REST call, as PROTOCOL.md says. */

#include "call_queue.h"
#include "tokenkeeper.h"

#define TK_CALL_NOT_ALLOWED                                                                        \
    "this user may not call that method; an administrator permits it in the file of run --access"

/* Ends the first part, and queues the second one. reads: the call may be repeated. refused: the
 * command of a batch that the access file does not permit, from 1; 0: none. */
void tk_call_end_queue(struct tk_call_queue *q, const struct tk_call_result *r, bool reads,
                       uint32_t refused);

#endif
