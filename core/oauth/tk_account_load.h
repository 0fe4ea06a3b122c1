/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ACCOUNT_LOAD_H
#define TK_ACCOUNT_LOAD_H

/*
 * Reading an account from flash. Each value is checked where it is read; what no build stores is
 * rejected (tk_storage_reject), and not used.
 */

#include "tk_account.h"

/* Loads the account of this slot. a->used stays false if there is none. */
void tk_account_load(struct tk_account *a);

/* Its stored name is not valid, or another account's: it gets one from its slot. */
void tk_account_reject_name(struct tk_account *a);

/* The portal's host[:port] before the last move; "" if it never moved. */
void tk_account_former_portal(const struct tk_account *a, char out[TK_HOST_TEXT]);

/* The host[:port] that an operator must accept; "" if there is none. It is on flash only. */
void tk_account_moved_to(const struct tk_account *a, char out[TK_HOST_TEXT]);

/* The refresh token of the previous pair. False if there is none. */
bool tk_account_previous_refresh_token(const struct tk_account *a, char out[TK_TOKEN_MAX + 1]);

#endif
