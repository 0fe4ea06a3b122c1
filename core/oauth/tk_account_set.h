/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ACCOUNT_SET_H
#define TK_ACCOUNT_SET_H

/*
 * Changes to an account's name and configuration, and its deletion: on flash and in RAM. Each call
 * is one commit. On an error neither is changed.
 */

#include "tk_account.h"

/* Allocates the slot to an account of this name, 1 to TK_NAME_MAX characters. TK_E_STORAGE_*. */
enum tk_err tk_account_create(struct tk_account *a, const char *name);

/* Checks, stores and applies a value; "" restores the default. Host names must be valid and
 * complete ("acme" is expanded by the console). TK_E_BAD_VALUE, TK_E_STORAGE_*; TK_E_IN_USE: the
 * account has a pair, which belongs to its portal, client and authorization host. */
enum tk_err tk_account_set(struct tk_account *a, enum tk_setting setting, const char *value);

/* Deletes the pair with its grant info and TLS session, and client_secret_next; the other settings
 * stay. TK_E_STORAGE_*. */
enum tk_err tk_account_forget(struct tk_account *a);

/* Deletes everything on flash and frees the slot, which tk_account_init clears. TK_E_STORAGE_*. */
enum tk_err tk_account_delete(struct tk_account *a);

#endif
