/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ACCOUNT_STORE_H
#define TK_ACCOUNT_STORE_H

/*
 * Storing an account on flash: one function for each commit. This is where tokens are written to
 * flash (tk_account_store_pair). Keys are in tk_keys.h, formats in tk_account_value.h.
 *
 * Each tk_account_store_* is one commit; after an error (TK_E_STORAGE_*) flash holds what it held
 * before. RAM is the caller's to update, except where noted.
 */

#include "tk_account.h"

enum tk_err tk_account_store_name(struct tk_account *a, const char *name);

/* A setting other than TK_SET_RENEW; "" deletes it. Setting a portal clears its former host
 * name. */
enum tk_err tk_account_store_setting(struct tk_account *a, enum tk_setting setting,
                                     const char *value);

/* NULL deletes it. */
enum tk_err tk_account_store_renew(struct tk_account *a, const uint32_t *seconds);

/* The portal's new host and client_endpoint as in RAM, its former host, and the end of a fault. */
enum tk_err tk_account_store_move(struct tk_account *a, const struct tk_host *from);

/* portal_fault as in RAM. moved_to: the host[:port] of one of the two moves, else "". */
enum tk_err tk_account_store_portal_fault(struct tk_account *a, const char *moved_to);

/* The pair, its TLS session, a promoted client_secret, and whatever grant info is not stored yet;
 * read back by the store. The intent and the revocation are stored as they are in RAM: if an
 * earlier commit failed, a refresh with this pair may have been sent since. Updates info_stored,
 * secret_promoted and session_cleared. */
enum tk_err tk_account_store_pair(struct tk_account *a);

/* The floor of the wall time, which is stored with the pair: for a floor that was lowered. Best
 * effort. No effect without a pair on flash. */
void tk_account_store_time_floor(struct tk_account *a);

/* Grant info, discovered host and revocation, as tk_account_store_pair stores them. */
enum tk_err tk_account_store_info(struct tk_account *a);

/* The intent: a refresh is about to be sent, and until it is closed its outcome is unknown. Stores
 * refresh.too_long with it. */
enum tk_err tk_account_store_intent(struct tk_account *a, bool open);

/* The server no longer honours the pair; closes the intent. Updates info_stored. */
enum tk_err tk_account_store_revocation(struct tk_account *a, enum tk_revocation revocation);

/* Records a code as sent, in RAM even if flash fails; call it before sending. */
enum tk_err tk_account_store_code(struct tk_account *a, const char *code);

/* True for the last TK_USED_CODES codes that were sent. */
bool tk_account_code_is_used(const struct tk_account *a, const char *code);

/* Deletes the pair with its grant info and TLS session, and client_secret_next; or everything. */
enum tk_err tk_account_store_forget(struct tk_account *a);
enum tk_err tk_account_store_delete(struct tk_account *a);

#endif
