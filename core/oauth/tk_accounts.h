/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ACCOUNTS_H
#define TK_ACCOUNTS_H

/* The table of TK_ACCOUNTS slots. At least one of them always holds an account. */

#include "tk_account.h"

struct tk_accounts {
    struct tk_runtime *rt;
    struct tk_account_listener listener;
    struct tk_account of[TK_ACCOUNTS];
};

/* Loads the accounts, or creates the first one, `token`. rt must outlive all. The listener is
 * called for every account, but not before this returns. */
void tk_accounts_init(struct tk_accounts *all, struct tk_runtime *rt,
                      const struct tk_account_listener *listener);

/* Schedules all refreshes: after tk_accounts_init, and when the time becomes known. */
void tk_accounts_schedule(struct tk_accounts *all);

/* The account with this reference name, NULL if there is none. ref NULL or "": the first account.
 */
struct tk_account *tk_accounts_find(struct tk_accounts *all, const char *ref);

/* Adds an account. TK_E_BAD_VALUE: ref is not 1 to TK_NAME_MAX of a-z, 0-9, - and _.
 * TK_E_REF_EXISTS, TK_E_REF_LIMIT, TK_E_STORAGE_*. */
enum tk_err tk_accounts_add(struct tk_accounts *all, const char *ref);

/* Deletes an account, and creates `token` if it was the last one. TK_E_NO_SUCH_REF, TK_E_STORAGE_*;
 * TK_E_IN_USE: it has a pair; TK_E_BUSY: a command works on it. */
enum tk_err tk_accounts_delete(struct tk_accounts *all, const char *ref);

/* tk_token_renew_first for each account. */
void tk_accounts_renew_first(struct tk_accounts *all);

/* Retries at once to store pairs that are only in RAM. */
void tk_accounts_store_now(struct tk_accounts *all);

/* True if no account has a pair that is only in RAM. */
bool tk_accounts_are_stored(const struct tk_accounts *all);

/* As tk_time_set, by the operator or SNTP. Stores a floor that was lowered. */
enum tk_err tk_accounts_set_time(struct tk_accounts *all, int64_t unix_s,
                                 enum tk_time_quality quality);

#endif
