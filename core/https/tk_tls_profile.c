/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_tls_profile.h"

#include "tk_entropy.h"

#include <mbedtls/pk.h>
#include <string.h>
#if defined(MBEDTLS_PSA_CRYPTO_C)
#include <psa/crypto.h>
#endif

/* --- the two offers --- */

static int random_bytes(void *port, unsigned char *out, size_t len)
{
    return tk_entropy_get(port, out, len) == TK_ENTROPY_OK ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

/* ECDSA, PKCS#1, then PSS: a TLS 1.2 server with an RSA key that picks PSS is not understood by
 * mbedTLS 3.6 there (-0x6600). One that follows its own order does so nevertheless; it is asked
 * again without PSS. */
static const uint16_t signature_algorithms[] = {MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
                                                MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
                                                MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
                                                MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
                                                MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
                                                MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,
                                                MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
                                                MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,
#endif
                                                MBEDTLS_TLS1_3_SIG_NONE};

/* The first is the one that a key is made for in advance, and P-256 is the fastest mbedTLS has: on
 * X25519 a handshake costs a fifth more. */
static const uint16_t key_exchange_groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
#if defined(MBEDTLS_ECP_DP_CURVE25519_ENABLED)
                                               MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
#endif
                                               MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
                                               MBEDTLS_SSL_IANA_TLS_GROUP_NONE};

static enum tk_err configure(mbedtls_ssl_config *conf, struct tk_port *port,
                             mbedtls_x509_crt_ca_cb_t find_root, void *trust)
{
    mbedtls_ssl_config_init(conf);
    if (mbedtls_ssl_config_defaults(conf, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return TK_E_TLS_NO_MEMORY;
    mbedtls_ssl_conf_authmode(conf, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_rng(conf, random_bytes, port);
    mbedtls_ssl_conf_sig_algs(conf, signature_algorithms);
    mbedtls_ssl_conf_groups(conf, key_exchange_groups);
    mbedtls_ssl_conf_ca_cb(conf, find_root, trust);
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        conf, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
    return TK_OK;
}

#if defined(MBEDTLS_SSL_PROTO_TLS1_3)

static const uint16_t plain_algorithms[] = {
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256, MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,       MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,       MBEDTLS_TLS1_3_SIG_NONE};

static enum tk_err configure_plain(struct tk_tls_config *config, mbedtls_x509_crt_ca_cb_t find_root,
                                   void *trust)
{
    enum tk_err err = configure(&config->conf_tls12, config->port, find_root, trust);

    mbedtls_ssl_conf_sig_algs(&config->conf_tls12, plain_algorithms);
    mbedtls_ssl_conf_max_tls_version(&config->conf_tls12, MBEDTLS_SSL_VERSION_TLS1_2);
    return err;
}

#endif

enum tk_err tk_tls_config_init(struct tk_tls_config *config, struct tk_port *port,
                               struct tk_time *time, mbedtls_x509_crt_ca_cb_t find_root,
                               void *trust)
{
    config->port = port;
    config->time = time;
    config->tls12_first = TK_TLS12_FIRST;
    enum tk_err err = configure(&config->conf, port, find_root, trust);

#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    if (err == TK_OK)
        err = configure_plain(config, find_root, trust);
#endif
    return err;
}

void tk_tls_config_free(struct tk_tls_config *config)
{
    mbedtls_ssl_config_free(&config->conf);
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    mbedtls_ssl_config_free(&config->conf_tls12);
#endif
}

/* Whether the host is asked for TLS 1.2 alone, without RSA-PSS. */
static bool is_tls12_only(const struct tk_tls *tls)
{
    bool second = tls->session != NULL && tls->session->use_fallback;

    return second != tls->config->tls12_first;
}

const mbedtls_ssl_config *tk_tls_profile_conf(const struct tk_tls *tls)
{
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    if (is_tls12_only(tls))
        return &tls->config->conf_tls12;
#endif
    return &tls->config->conf;
}

/* --- sessions --- */

static bool session_usable(const struct tk_tls *tls)
{
    const struct tk_tls_session *kept = tls->session;
    int64_t now;

    return kept != NULL && kept->len > 0 && tk_host_same(&kept->host, &tls->host) &&
           tk_time_known(tls->config->time, &now) && now < kept->not_after;
}

void tk_tls_offer_session(struct tk_tls *tls)
{
    mbedtls_ssl_session session;

    if (!session_usable(tls))
        return;
    mbedtls_ssl_session_init(&session);
    if (mbedtls_ssl_session_load(&session, tls->session->data, tls->session->len) == 0)
        tls->offered = mbedtls_ssl_set_session(&tls->ssl, &session) == 0; /* else a full one */
    mbedtls_ssl_session_free(&session);
}

/* What was verified is not looked at again when its session is resumed; not_after is all that is
 * needed of it. Kept along, it would be parsed anew three times at each resumption. */
static int save_session(mbedtls_ssl_session *session, struct tk_tls_session *kept, size_t *len)
{
#if defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
    mbedtls_x509_crt *crt = session->MBEDTLS_PRIVATE(peer_cert);

    session->MBEDTLS_PRIVATE(peer_cert) = NULL;
#endif
    int ret = mbedtls_ssl_session_save(session, kept->data, sizeof kept->data, len);

#if defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
    session->MBEDTLS_PRIVATE(peer_cert) = crt;
#endif
    return ret;
}

void tk_tls_keep_session(struct tk_tls *tls)
{
    mbedtls_ssl_session session;
    struct tk_tls_session *kept = tls->session;
    size_t len = 0;

    if (kept == NULL)
        return;
    mbedtls_ssl_session_init(&session);
    if (mbedtls_ssl_get_session(&tls->ssl, &session) == 0 &&
        save_session(&session, kept, &len) == 0) {
        kept->len = (uint16_t)len;
        kept->host = tls->host;
        kept->not_after = tls->not_after;
        kept->lifetime_s = session.MBEDTLS_PRIVATE(ticket_lifetime);
    }
    mbedtls_ssl_session_free(&session);
}

/* --- the next offer --- */

/* A server without TLS 1.2: it says protocol_version, or, some do, handshake_failure. */
static bool wants_newer(const struct tk_tls *tls, int ret)
{
    int alert =
        ret == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE ? tls->ssl.MBEDTLS_PRIVATE(in_msg)[1] : 0;

    return alert == MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION ||
           alert == MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE;
}

/* A server with TLS 1.2 that takes RSA-PSS before what it was offered before. */
static bool prefers_pss(const struct tk_tls *tls, int ret)
{
    return ret == MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER &&
           mbedtls_ssl_get_version_number(&tls->ssl) == MBEDTLS_SSL_VERSION_TLS1_2;
}

/* Whether the host gets the other offer from now on; a build without 1.3 just asks again. */
static bool change_offer(struct tk_tls *tls, int ret)
{
    bool change = is_tls12_only(tls) ? wants_newer(tls, ret) : prefers_pss(tls, ret);

    tls->session->use_fallback = tls->session->use_fallback != change;
    return change;
}

/* What the host was offered may be what it did not take: a session of keys or of a version that it
 * has no more, or RSA-PSS. */
void tk_tls_change_profile(struct tk_tls *tls, int ret)
{
    bool of_session = tls->offered && ret != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;

    if (tls->session == NULL)
        return;
    tls->session->len = 0;
    tls->try_again = of_session || change_offer(tls, ret);
}
