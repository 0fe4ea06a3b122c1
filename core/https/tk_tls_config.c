/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_tls_config.h"

#include "tk_chain.h"
#include "tk_entropy.h"
#include "tk_limits.h"
#include "tk_tls_needs.h"

/* --- the profiles --- */

static int random_bytes(void *port, unsigned char *out, size_t len)
{
    return tk_entropy_get(port, out, len) == TK_ENTROPY_OK ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

/* RSA-PSS last: mbedTLS 3.6 fails (-0x6600) if a TLS 1.2 server picks it. A server that follows its
 * own order may still do so, and is tried again with the TLS 1.2 profile. */
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

/* P-256 first: TLS 1.3 sends a key share for the first group, and P-256 is the fastest. */
static const uint16_t key_exchange_groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
#if defined(MBEDTLS_ECP_DP_CURVE25519_ENABLED)
                                               MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
#endif
                                               MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
                                               MBEDTLS_SSL_IANA_TLS_GROUP_NONE};

/* mbedTLS asks for the roots of each certificate, beginning with the server's own, before it
 * searches the rest of the list for an issuer: until then the list may be changed. A certificate
 * without issuer was not parsed. */
static int find_root(void *ctx, const mbedtls_x509_crt *child, mbedtls_x509_crt **candidates)
{
    const struct tk_tls_config *config = ctx;

    *candidates = NULL;
    if (child->issuer_raw.len == 0)
        return 0;
    tk_chain_sort((mbedtls_x509_crt *)child);
    return config->find_root(config->trust, child, candidates);
}

static enum tk_err configure(struct tk_tls_config *config, mbedtls_ssl_config *conf)
{
    mbedtls_ssl_config_init(conf);
    if (mbedtls_ssl_config_defaults(conf, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return TK_E_TLS_NO_MEMORY;
    mbedtls_ssl_conf_authmode(conf, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_rng(conf, random_bytes, config->port);
    mbedtls_ssl_conf_sig_algs(conf, signature_algorithms);
    mbedtls_ssl_conf_groups(conf, key_exchange_groups);
    mbedtls_ssl_conf_ca_cb(conf, find_root, config);
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        conf, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
    return TK_OK;
}

#if defined(MBEDTLS_SSL_PROTO_TLS1_3)

static const uint16_t tls12_signature_algorithms[] = {
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256, MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,       MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,       MBEDTLS_TLS1_3_SIG_NONE};

static enum tk_err configure_tls12(struct tk_tls_config *config)
{
    enum tk_err err = configure(config, &config->conf_tls12);

    mbedtls_ssl_conf_sig_algs(&config->conf_tls12, tls12_signature_algorithms);
    mbedtls_ssl_conf_max_tls_version(&config->conf_tls12, MBEDTLS_SSL_VERSION_TLS1_2);
    return err;
}

#endif

enum tk_err tk_tls_config_init(struct tk_tls_config *config, struct tk_port *port,
                               struct tk_time *time, mbedtls_x509_crt_ca_cb_t find, void *trust)
{
    config->port = port;
    config->time = time;
    config->find_root = find;
    config->trust = trust;
    config->tls12_first = TK_TLS12_FIRST;
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    mbedtls_ssl_config_init(&config->conf_tls12); /* may be freed before it is configured */
#endif
    enum tk_err err = configure(config, &config->conf);

#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    if (err == TK_OK)
        err = configure_tls12(config);
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

/* --- which one --- */

static bool is_tls12_only(const struct tk_tls_config *config, bool use_fallback)
{
    return use_fallback != config->tls12_first;
}

const mbedtls_ssl_config *tk_tls_config_profile(const struct tk_tls_config *config,
                                                bool use_fallback)
{
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    if (is_tls12_only(config, use_fallback))
        return &config->conf_tls12;
#else
    (void)use_fallback;
#endif
    return &config->conf;
}

int tk_tls_config_alert(const mbedtls_ssl_context *ssl, int ret)
{
    return ret == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE ? ssl->MBEDTLS_PRIVATE(in_msg)[1] : 0;
}

/* A server without TLS 1.2 sends protocol_version or, some servers, handshake_failure. */
static bool wants_newer(const mbedtls_ssl_context *ssl, int ret)
{
    int alert = tk_tls_config_alert(ssl, ret);

    return alert == MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION ||
           alert == MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE;
}

/* A TLS 1.2 server that picked RSA-PSS. */
static bool picked_pss(const mbedtls_ssl_context *ssl, int ret)
{
    return ret == MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER &&
           mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_2;
}

/* Without TLS 1.3 the other profile is the same one, and the retry a second chance. */
bool tk_tls_config_should_switch(const struct tk_tls_config *config, bool use_fallback,
                                 const mbedtls_ssl_context *ssl, int ret)
{
    return is_tls12_only(config, use_fallback) ? wants_newer(ssl, ret) : picked_pss(ssl, ret);
}
