/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TLS_SESSION_H
#define TK_TLS_SESSION_H

/* What is kept of a host between connections: the TLS session to resume (RFC 5077, RFC 8446 2.2),
 * which is a secret, the profile that the host accepts, and the address that answers. */

#include "tk_limits.h"
#include "tk_sock.h"
#include "tk_time.h"
#include "tk_url.h"

#include <mbedtls/ssl.h>

struct tk_tls_session {
    struct tk_host host;
    struct tk_addr addr;        /* of the newest connection; family 0: none */
    uint64_t fallback_until_ms; /* tick; the host rejected the first profile: try the other one
                                   until then. Not longer, as an attacker can reject it, too */
    int64_t not_after; /* earliest end of a certificate in the chain that was verified; unix time */
    uint32_t lifetime_s; /* ticket lifetime that the server announced; 0: none */
    uint16_t len;        /* bytes in data; 0: no session */
    uint8_t data[TK_SESSION_SIZE];
};

/* Offers the session in the handshake that is about to start, if it belongs to host and its
 * certificates are still valid. True if it is offered. */
bool tk_tls_session_offer(const struct tk_tls_session *session, const struct tk_host *host,
                          const struct tk_time *time, mbedtls_ssl_context *ssl);

/* Frees the certificates of a peer whose handshake is over: they are verified, and mbedTLS would
 * keep them and parse them three times per resumption. Of them a session needs only not_after. */
void tk_tls_session_drop_certificates(mbedtls_ssl_context *ssl);

/* Stores the connection's session in data, len and lifetime_s. False, with session unchanged, if
 * that fails: the next handshake is then a full one. */
bool tk_tls_session_save(struct tk_tls_session *session, const mbedtls_ssl_context *ssl);

#endif
