/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_REST_VERIFY_H
#define TK_REST_VERIFY_H

/*
 * Verifies that the portal's REST API accepts the access token, by one call of `app.info`: a portal
 * without a paid plan issues tokens, and then refuses every call. The result never changes the
 * account's pair; a portal that moved or that refuses the user is a fault (portal_fault).
 *
 * A good verification is repeated after a day, so that a dismissed user or a closed portal is
 * noticed early; errors.md says when one that failed is. If the portal redirects to a host that
 * tk_portal.h trusts, the call follows: https only, at most two redirects. The new host is adopted
 * when the call succeeds there.
 */

#include "tk_account.h"

/* Call it once for each slot, after tk_account_init. */
void tk_rest_verify_init(struct tk_account *a);

/* Starts a verification, in place of one in progress. The status is unknown until it ends. */
void tk_rest_verify(struct tk_account *a);

/* True while the call is in progress. */
bool tk_rest_verifying(const struct tk_account *a);

/* The result, and if it is not TK_REST_OK: why. */
enum tk_rest_status tk_rest_verify_status(const struct tk_account *a);
enum tk_err tk_rest_verify_error(const struct tk_account *a);

/* "unknown", "ok", "access_denied" or "unreachable"; a constant. */
const char *tk_rest_status_name(enum tk_rest_status status);

/* Cancels a verification, in progress or scheduled. The status becomes unknown, and the portal no
 * longer refuses the user. */
void tk_rest_verify_stop(struct tk_account *a);

/* After a start: repeats the verification of a portal whose answer was a fault. */
void tk_rest_verify_resume(struct tk_account *a);

/* The method that says whose a token is, the members to pick from its response, and the id of the
 * user in it; "": there is none. http may be NULL. */
#define TK_REST_USER "profile"
extern const struct tk_json_fields tk_rest_user_fields;
const char *tk_rest_user(const struct tk_http *http);

#define TK_REST_JSON "application/json"

/* Appends a call of method, to r->host; type: TK_REST_JSON, which more fields may follow: its body
 * is a JSON object that begins with the token, then `after`, then what r->produce produces.
 * TK_E_REST_INSECURE. */
enum tk_err tk_rest_write(const struct tk_account *a, const struct tk_request *r,
                          const char *method, const char *type, const char *token,
                          const char *after, struct tk_text *out);

/* A call of the portal ended. If it was redirected to another host where the token may go, submits
 * it again, as a POST with its body whatever the status: true, and *redirects, 0 at first, is one
 * more. Else *err says why not, or is unchanged if it was not redirected. http may be NULL. */
bool tk_rest_follow(struct tk_account *a, struct tk_request *r, const struct tk_http *http,
                    uint8_t *redirects, enum tk_err *err);

#define TK_REST_PATH_SIZE (TK_PATH_MAX + 80)

/* Host and path of a REST method: below client_endpoint, or https://portal/rest/ if the server
 * named none. False if the endpoint is not https, or the path does not fit. */
bool tk_rest_target(const struct tk_account *a, const char *method, struct tk_host *host,
                    struct tk_text *path);

#endif
