/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ACCOUNT_SESSION_H
#define TK_ACCOUNT_SESSION_H

/*
 * The TLS session that goes to flash with a pair, so that the first refresh after a start costs no
 * full handshake either. It counts for the host that it is of, with the same roots of trust and
 * the same program, and before the first end of a certificate of its chain; and it is a secret.
 */

#include "tk_account.h"

enum { TK_SESSION_STORED = 512, TK_SESSION_HEAD = 8 + 8 + 4 + 1 };

/* A session as pieces of one value. They point into this struct and to the kept session. */
struct tk_session_value {
    uint8_t head[TK_SESSION_HEAD];
    char host[TK_HOST_TEXT];
    struct tk_store_piece pieces[3];
};

/* The session of the account's authorization host, where one is worth storing: small, and promised
 * to be known for longer than until the next refresh. Else v->pieces are not used. */
bool tk_account_session_pack(const struct tk_account *a, struct tk_session_value *v);

/* Puts back what was stored, where it still counts. */
void tk_account_session_restore(struct tk_account *a, const uint8_t *data, size_t len);

#endif
