/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CALL_END_H
#define TK_CALL_END_H

/* The second part of the answer to a REST call, as PROTOCOL.md says. */

#include "tokenkeeper.h"

#define TK_CALL_NOT_ALLOWED                                                                        \
    "this user may not call that method; an administrator permits it in the file of run --access"

/* Adds the object with its line end, at most 2 KB. reads: the call may be repeated. is_refused:
 * the access file does not permit one of its commands. */
void tk_call_end_add(struct tk_text *t, const struct tk_call_result *r, bool reads,
                     bool is_refused);

#endif
