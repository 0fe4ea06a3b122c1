/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ACCOUNTS_H
#define TK_ACCOUNTS_H

/* The table of accounts. There is always one at least. */

#include "tk_account.h"

struct tk_accounts {
    struct tk_runtime *rt;
    struct tk_account_listener listener;
    struct tk_account of[TK_ACCOUNTS];
};

/* Loads the accounts; creates the first one where there is none. The listener hears of all that
 * happens to any of them. */
void tk_accounts_init(struct tk_accounts *all, struct tk_runtime *rt,
                      const struct tk_account_listener *listener);

/* Plans the refreshes of all: after tk_accounts_init, and when the time became known. */
void tk_accounts_schedule(struct tk_accounts *all);

/* The account of that name, or NULL. NULL or "" is the first one. */
struct tk_account *tk_accounts_find(struct tk_accounts *all, const char *ref);

/* Makes an account of that name. TK_E_BAD_VALUE, TK_E_REF_EXISTS, TK_E_REF_LIMIT,
 * TK_E_STORAGE_*. */
enum tk_err tk_accounts_add(struct tk_accounts *all, const char *ref);

/* Deletes an account without a pair. TK_E_NO_SUCH_REF, TK_E_IN_USE, TK_E_STORAGE_*; TK_E_BUSY
 * while a command works on it. */
enum tk_err tk_accounts_delete(struct tk_accounts *all, const char *ref);

/* The operator or SNTP set the time. As tk_time_set; a lowered floor is stored. */
enum tk_err tk_accounts_set_time(struct tk_accounts *all, int64_t unix_s,
                                 enum tk_time_quality quality);

#endif
