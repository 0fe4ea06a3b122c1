/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_REST_VERIFY_H
#define TK_REST_VERIFY_H

/* REST calls to the portal with the account's token. So far one: `app.info`, the proof that a
 * token opens something, because a portal without a paid plan gives tokens that open nothing. */

#include "tk_account.h"

void tk_rest_verify_init(struct tk_account *a);

/* Calls app.info; a->rest.status is TK_REST_UNKNOWN until it answered. What could not be proven is
 * tried again (errors.md says when). A portal that redirects to another host is followed, https
 * only, twice at most, and its new address is kept once that answered well. */
void tk_rest_verify(struct tk_account *a);

/* Whether the call is in progress; then, and before the first one, the status is unknown. */
bool tk_rest_verifying(const struct tk_account *a);
enum tk_rest_status tk_rest_verify_status(const struct tk_account *a);

/* Why the status is not TK_REST_OK. */
enum tk_err tk_rest_verify_error(const struct tk_account *a);

/* Stops what is in progress or planned; the status is unknown. */
void tk_rest_verify_stop(struct tk_account *a);

/* Host and path of a method: the portal's client_endpoint, or https://portal/rest/ where it named
 * none. False when the endpoint is not https. */
bool tk_rest_target(const struct tk_account *a, const char *method, struct tk_host *host,
                    struct tk_text *path);

#endif
