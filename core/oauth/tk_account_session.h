/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ACCOUNT_SESSION_H
#define TK_ACCOUNT_SESSION_H

/*
 * The TLS session with the authorization host, stored on flash with the pair, so that the first
 * refresh after a restart resumes it (RFC 5077, RFC 8446 section 2.2) instead of doing a full
 * handshake. It is a secret. It is restored for the same host only, with the same roots of trust
 * and the same firmware; it is used until the first certificate of its chain expires.
 */

#include "tk_account.h"

/* Bytes: the largest session that is stored, and the head in front of it. */
enum { TK_SESSION_STORED_MAX = 512, TK_SESSION_HEAD = 8 + 8 + 4 };

/* A session as the pieces of one stored value. They point into this struct and into the session
 * cache of tk_https, so commit them before tk_https is called again. */
struct tk_session_value {
    uint8_t head[TK_SESSION_HEAD];
    char host[TK_HOST_TEXT];
    struct tk_store_piece pieces[3];
};

/* True, with v filled, if the authorization host has a session that is worth storing: small, and
 * with a lifetime beyond the next refresh. Without a refresh timer none is. */
bool tk_account_session_pack(const struct tk_account *a, struct tk_session_value *v);

/* Hands a stored value to the session cache, unless it is from another firmware or other roots.
 * False: no build stores such a value. */
bool tk_account_session_restore(struct tk_account *a, const uint8_t *data, size_t len);

#endif
