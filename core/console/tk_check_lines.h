/* SPDX-License-Identifier: Apache-2.0 */

/* The lines of `check`, an X-macro in the order that it prints: TK_CHECK(id, key). */

TK_CHECK(CLOCK, "clock")
TK_CHECK(SEED, "seed")
TK_CHECK(STORE, "store")
TK_CHECK(NETWORK, "network")
TK_CHECK(NTP, "ntp")
TK_CHECK(AUTH_HOST, "auth.host")
TK_CHECK(AUTH_NAME, "auth.name")
TK_CHECK(AUTH_TCP, "auth.tcp")
TK_CHECK(AUTH_TLS, "auth.tls")
TK_CHECK(AUTH_CERTIFICATE, "auth.certificate")
TK_CHECK(PORTAL_HOST, "portal.host")
TK_CHECK(PORTAL_NAME, "portal.name")
TK_CHECK(PORTAL_TCP, "portal.tcp")
TK_CHECK(PORTAL_TLS, "portal.tls")
TK_CHECK(PORTAL_CERTIFICATE, "portal.certificate")
TK_CHECK(REST, "rest")
