/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ACCOUNT_STORE_H
#define TK_ACCOUNT_STORE_H

/*
 * An account's memory on flash: which keys it has in the store, and what stands in them. Each call
 * is one commit. All give TK_E_STORAGE_FAILED or TK_E_STORAGE_FULL where flash did not keep it;
 * what was stored before is there then. Only tk_account_load and tk_account_store_code change what
 * the account knows in RAM.
 */

#include "tk_account_set.h"

/* Reads the account from flash; not `used` when there is none. */
void tk_account_load(struct tk_account *a);

enum tk_err tk_account_store_name(struct tk_account *a, const char *name);

/* A setting that is text; "" is none. Another portal has moved from nowhere. */
enum tk_err tk_account_store_setting(struct tk_account *a, enum tk_setting setting,
                                     const char *value);

/* Stores the portal's new address, and the name of the one before it. */
enum tk_err tk_account_store_move(struct tk_account *a, const struct tk_host *from);

/* The name that the portal had before it moved; "" where it did not. */
void tk_account_former_portal(const struct tk_account *a, char out[TK_HOST_TEXT]);

/* NULL: the default. */
enum tk_err tk_account_store_renew(struct tk_account *a, const uint32_t *seconds);

/* Stores a new pair with what else is new, in one commit, and reads it back. Intent and end go
 * along as they are in RAM: where flash failed before, a refresh with this pair may have left. */
enum tk_err tk_account_store_pair(struct tk_account *a);

/* Stores the floor of the time, which goes along with pairs, without another pair. */
void tk_account_store_time_floor(struct tk_account *a);

/* Stores whether a refresh may be under way without an answer. */
enum tk_err tk_account_store_intent(struct tk_account *a, bool open);

/* Stores that the server does not honour the pair. */
enum tk_err tk_account_store_revocation(struct tk_account *a, enum tk_revocation ended);

/* Remembers a code as sent, before it is. */
enum tk_err tk_account_store_code(struct tk_account *a, const char *code);

/* Whether it is one of the newest that were sent. */
bool tk_account_code_is_used(const struct tk_account *a, const char *code);

/* The refresh token of the pair before this one, or false. */
bool tk_account_previous_refresh_token(const struct tk_account *a, char out[TK_TOKEN_MAX + 1]);

/* Deletes the pair and what came with it, or all of the account. */
enum tk_err tk_account_store_forget(struct tk_account *a);
enum tk_err tk_account_store_delete(struct tk_account *a);

#endif
