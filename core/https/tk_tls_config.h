/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TLS_CONFIG_H
#define TK_TLS_CONFIG_H

/*
 * What all TLS connections of a program share: port, wall time, roots of trust, and the profiles
 * that servers are offered. Chain, name and dates of a server's certificate are always verified;
 * there is no switch.
 *
 * A build with TLS 1.3 has two profiles. conf offers TLS 1.3 and 1.2; conf_tls12 offers TLS 1.2
 * alone, and no RSA-PSS. A host that rejects the first is tried with the other, the fallback. A
 * build without TLS 1.3 has only conf.
 */

#include "tk_err.h"
#include "tk_time.h"

#include <mbedtls/ssl.h>

struct tk_tls_config {
    struct tk_port *port;
    struct tk_time *time;
    mbedtls_x509_crt_ca_cb_t find_root;
    void *trust;
    mbedtls_ssl_config conf;
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    mbedtls_ssl_config conf_tls12;
#endif
    bool tls12_first; /* try the TLS 1.2 profile first; from TK_TLS12_FIRST */
};

/* find_root and trust: see mbedtls_ssl_conf_ca_cb; called during handshakes. All pointers must
 * outlive config. mbedTLS' heap and time must be set up before (tk_mbedtls_init in port/mbedtls).
 * TK_E_TLS_NO_MEMORY, or TK_OK. */
enum tk_err tk_tls_config_init(struct tk_tls_config *config, struct tk_port *port,
                               struct tk_time *time, mbedtls_x509_crt_ca_cb_t find_root,
                               void *trust);

/* Needed also after a failed init. No connection may use config any more. */
void tk_tls_config_free(struct tk_tls_config *config);

/* The profile for a host: the first one, or the fallback. */
const mbedtls_ssl_config *tk_tls_config_profile(const struct tk_tls_config *config,
                                                bool use_fallback);

/* The server's fatal alert if a handshake failed with mbedTLS' ret because of one, else 0. */
int tk_tls_config_alert(const mbedtls_ssl_context *ssl, int ret);

/* True if a handshake that failed with mbedTLS' ret may succeed with the other profile.
 * use_fallback: of the handshake that failed. */
bool tk_tls_config_should_switch(const struct tk_tls_config *config, bool use_fallback,
                                 const mbedtls_ssl_context *ssl, int ret);

#endif
