/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CALL_BODY_H
#define TK_CALL_BODY_H

/* The body that a caller produces. */

#include "tk_call.h"

/* Reads all of it, before anything is sent, and sets is_empty and the body_len of the request,
 * which is what follows the brace. TK_E_BAD_BODY: it is not one JSON object, or has a member that
 * only the keeper sets. TK_E_CANCELLED: it was not produced. */
enum tk_err tk_call_check_body(struct tk_call *call);

#endif
