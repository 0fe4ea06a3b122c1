/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CALL_ACCESS_H
#define TK_CALL_ACCESS_H

/* Who may make which calls: each command in the body of a batch is judged. */

#include "access.h"

/* What a client may do: everything for root and the user of the service. */
struct tk_access_rights {
    const struct tk_access *access;
    tk_rights rights;
    bool is_owner;
};

enum tk_access_verdict {
    TK_ACCESS_ALLOWED,
    TK_ACCESS_REFUSED,  /* this user may not call that method */
    TK_ACCESS_MALFORMED /* not the name of a method, or not the body of a batch */
};

/* Judges the method; the batch itself is always allowed. */
enum tk_access_verdict tk_access_judge(const struct tk_access_rights *r, const char *account,
                                       const char *method);

/* What the commands of a batch are. */
struct tk_batch_commands {
    bool reads;     /* all of them only read */
    uint32_t count; /* that were judged; the last one is the one that is not allowed */
};

/* Judges the commands of a batch. TK_ACCESS_MALFORMED also for a command with a token of its own.
 */
enum tk_access_verdict tk_access_judge_batch(const struct tk_access_rights *r, const char *account,
                                             const char *body, size_t len,
                                             struct tk_batch_commands *commands);

bool tk_call_is_batch(const char *method);

#endif
