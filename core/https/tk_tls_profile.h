/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TLS_PROFILE_H
#define TK_TLS_PROFILE_H

/*
 * What a server is offered, for tk_tls.c alone: versions, algorithms, groups, and the session of
 * an earlier connection; and what is remembered of how it took that. tk_tls_config_init stands here
 * too.
 */

#include "tk_tls.h"

/* The configuration that the host of this connection is asked with. */
const mbedtls_ssl_config *tk_tls_profile_conf(const struct tk_tls *tls);

/* Offers the kept session where it may be used; sets tls->offered. */
void tk_tls_offer_session(struct tk_tls *tls);

/* Keeps the session of the connection. One that cannot be kept costs a full handshake next time,
 * nothing else. */
void tk_tls_keep_session(struct tk_tls *tls);

/* The handshake failed with mbedTLS' ret: forgets the session, and sets tls->try_again where the
 * host is offered something else next. */
void tk_tls_change_profile(struct tk_tls *tls, int ret);

#endif
