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

/* Judges the commands of a batch. *reads: all of them only read. TK_ACCESS_MALFORMED also for a
 * command with a token of its own. */
enum tk_access_verdict tk_access_judge_batch(const struct tk_access_rights *r, const char *account,
                                             const char *body, size_t len, bool *reads);

bool tk_call_is_batch(const char *method);

#endif
