/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ACCOUNT_SET_H
#define TK_ACCOUNT_SET_H

/* What changes an account on flash and in RAM: its name, its configuration, its portal's address,
 * its end. Each call is one commit; on an error RAM and flash stay as they were. */

#include "tk_account.h"

/* The settings of an account, in the order of their keys in tk_keys.h. */
enum tk_setting {
    TK_SET_PORTAL,
    TK_SET_CLIENT_ID,
    TK_SET_CLIENT_SECRET,
    TK_SET_SCOPE,
    TK_SET_AUTH_HOST,
    TK_SET_RENEW
};

/* Names a free place and stores the name. TK_E_STORAGE_*. */
enum tk_err tk_account_create(struct tk_account *a, const char *name);

/* Checks, stores and applies a value; "" unsets it. The caller has normalised it ("acme" is
 * acme.bitrix24.com). TK_E_BAD_VALUE, TK_E_IN_USE, TK_E_STORAGE_*. */
enum tk_err tk_account_set(struct tk_account *a, enum tk_setting setting, const char *value);

/* Deletes the pair and what came with it. The configuration stays. TK_E_STORAGE_*. */
enum tk_err tk_account_forget(struct tk_account *a);

/* Deletes all of it. TK_E_STORAGE_*. */
enum tk_err tk_account_delete(struct tk_account *a);

/* The portal has another address: adopts and stores it. Where flash fails RAM has it, and it will
 * be found again. */
void tk_account_move(struct tk_account *a, const struct tk_host *to);

/* Whether a server that names this portal means ours: by its name, or by its former one. */
bool tk_account_is_portal(const struct tk_account *a, const struct tk_host *host);

#endif
