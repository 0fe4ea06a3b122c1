/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_tls_session.h"

static bool is_usable(const struct tk_tls_session *session, const struct tk_host *host,
                      const struct tk_time *time)
{
    int64_t now;

    return session->len > 0 && tk_host_same(&session->host, host) && tk_time_known(time, &now) &&
           now < session->not_after;
}

#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
/* In a session of TLS 1.3 that mbedTLS has loaded from damaged flash, the host name may lack its
 * NUL, on which mbedTLS relies. */
static bool has_whole_name(const struct tk_tls_session *session)
{
    enum { VERSION = 5, KEY_SIZE = 14 }; /* offsets; the name follows the key, after its size */
    const uint8_t *data = session->data;
    size_t at = KEY_SIZE + 3 + data[KEY_SIZE];

    if (data[VERSION] != (MBEDTLS_SSL_VERSION_TLS1_3 & 0xff))
        return true;
    size_t end = at + ((size_t)data[at - 2] << 8 | data[at - 1]);

    return end == at || (end <= session->len && data[end - 1] == '\0'); /* an address: no name */
}
#else
static bool has_whole_name(const struct tk_tls_session *session)
{
    (void)session;
    return true;
}
#endif

bool tk_tls_session_offer(const struct tk_tls_session *session, const struct tk_host *host,
                          const struct tk_time *time, mbedtls_ssl_context *ssl)
{
    mbedtls_ssl_session loaded;
    bool offered = false;

    if (!is_usable(session, host, time))
        return false;
    mbedtls_ssl_session_init(&loaded);
    if (mbedtls_ssl_session_load(&loaded, session->data, session->len) == 0 &&
        has_whole_name(session))
        offered = mbedtls_ssl_set_session(ssl, &loaded) == 0;
    mbedtls_ssl_session_free(&loaded);
    return offered;
}

void tk_tls_session_drop_certificates(mbedtls_ssl_context *ssl)
{
#if defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
    mbedtls_ssl_session *session = ssl->MBEDTLS_PRIVATE(session);
    mbedtls_ssl_session owner;

    mbedtls_ssl_session_init(&owner);
    owner.MBEDTLS_PRIVATE(peer_cert) = session->MBEDTLS_PRIVATE(peer_cert);
    session->MBEDTLS_PRIVATE(peer_cert) = NULL;
    mbedtls_ssl_session_free(&owner);
#else
    (void)ssl;
#endif
}

bool tk_tls_session_save(struct tk_tls_session *session, const mbedtls_ssl_context *ssl)
{
    mbedtls_ssl_session current;
    size_t len = 0;

    mbedtls_ssl_session_init(&current);
    bool saved = mbedtls_ssl_get_session(ssl, &current) == 0 &&
                 mbedtls_ssl_session_save(&current, session->data, sizeof session->data, &len) == 0;

    if (saved) {
        session->len = (uint16_t)len;
        session->lifetime_s = current.MBEDTLS_PRIVATE(ticket_lifetime);
    }
    mbedtls_ssl_session_free(&current);
    return saved;
}
