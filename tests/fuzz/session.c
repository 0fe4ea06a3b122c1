/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A TLS session as flash has it: the first line of the input has lifetime in s, days to the end of
 * the chain, and host; what follows is the session of mbedTLS, without the header that tells its
 * version and options. One that is restored is packed as the same, and offered, or refused, in a
 * handshake.
 */

#include "fuzz.h"

#include "tk_account_session.h"
#include "tk_le.h"
#include "tk_mbedtls.h"
#include "tk_tls_session.h"
#include "world.h"

#include <mbedtls/ssl.h>

enum { HEADER = 5, LINE = 300, VALUE = 4096, LIFETIMES = 1000000 };

static struct world w;
static uint8_t context[8];
static uint8_t header[HEADER];
static mbedtls_ssl_config conf, conf_tls12; /* without the cost of a key share */
static uint32_t sent;

static struct tk_account *account(void)
{
    return &w.keeper.accounts.of[0];
}

static int on_send(void *ctx, const unsigned char *bytes, size_t len)
{
    (void)ctx;
    (void)bytes;
    sent += (uint32_t)len;
    return (int)len;
}

static int on_receive(void *ctx, unsigned char *bytes, size_t size)
{
    (void)ctx;
    (void)bytes;
    (void)size;
    return MBEDTLS_ERR_SSL_WANT_READ;
}

static int draw(void *ctx, unsigned char *bytes, size_t len)
{
    (void)ctx;
    memset(bytes, 0x5a, len);
    return 0;
}

/* The header of this build, from a session that it saves. */
static void read_header(void)
{
    mbedtls_ssl_session empty;
    uint8_t bytes[512];
    size_t len = 0;

    mbedtls_ssl_session_init(&empty);
    empty.MBEDTLS_PRIVATE(tls_version) = MBEDTLS_SSL_VERSION_TLS1_2;
    CHECK(mbedtls_ssl_session_save(&empty, bytes, sizeof bytes, &len) == 0 && len > HEADER);
    memcpy(header, bytes, HEADER);
    mbedtls_ssl_session_free(&empty);
}

/* What a session that is stored by this firmware begins with. */
static void read_context(void)
{
    struct tk_tls_session session = {.len = 1, .lifetime_s = LIFETIMES};
    struct tk_session_value v;

    tk_account_auth_host(account(), &session.host);
    tk_https_restore_session(&w.keeper.rt.https, &session);
    CHECK(tk_account_session_pack(account(), &v));
    memcpy(context, v.head, sizeof context);
}

static void set_up(mbedtls_ssl_config *c)
{
    static const uint16_t groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
                                      MBEDTLS_SSL_IANA_TLS_GROUP_NONE};

    mbedtls_ssl_config_init(c);
    CHECK(mbedtls_ssl_config_defaults(c, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                      MBEDTLS_SSL_PRESET_DEFAULT) == 0);
    mbedtls_ssl_conf_rng(c, draw, NULL);
    mbedtls_ssl_conf_groups(c, groups);
}

static void start(void)
{
    static bool is_started;

    if (is_started)
        return;
    is_started = true;
    tk_mbedtls_init(&w.port, 0);
    world_init(&w, 1);
    world_set_client(&w);
    read_header();
    read_context();
    set_up(&conf);
    set_up(&conf_tls12);
    mbedtls_ssl_conf_max_tls_version(&conf_tls12, MBEDTLS_SSL_VERSION_TLS1_2);
}

/* A value of TK_KEY_SESSION. Returns its length. */
static size_t make_value(struct fuzz_input *in, uint8_t value[VALUE])
{
    char line[LINE];
    const char *days, *host;
    size_t len = TK_SESSION_HEAD;

    fuzz_line(in, line, sizeof line);
    days = line + strcspn(line, " ");
    days += *days != '\0';
    host = days + strcspn(days, " ");
    host += *host != '\0';
    memcpy(value, context, sizeof context);
    tk_le_put(value + 8, WORLD_UNIX + 86400 * (uint64_t)fuzz_number(days, 9999), 8);
    tk_le_put(value + 16, fuzz_number(line, LIFETIMES), 4);
    memcpy(value + len, host, strlen(host) + 1);
    len += strlen(host) + 1;
    memcpy(value + len, header, HEADER);
    len += HEADER;
    size_t rest = in->left < VALUE - len ? in->left : VALUE - len;

    memcpy(value + len, in->at, rest);
    return len + rest;
}

/* What is worth storing is stored as it was read. */
static void check_packed(const uint8_t *value, size_t len)
{
    struct tk_session_value v;
    uint8_t again[VALUE];
    size_t at = 0;

    if (!tk_account_session_pack(account(), &v) ||
        strcmp(v.host, (const char *)value + TK_SESSION_HEAD) != 0)
        return;
    for (size_t i = 0; i < 3; i++) {
        memcpy(again + at, v.pieces[i].data, v.pieces[i].len);
        at += v.pieces[i].len;
    }
    CHECK(at == len && memcmp(again, value, len) == 0);
}

static void check_offer(const struct tk_tls_session *session)
{
    bool is_tls13 = session->len > HEADER && session->data[HEADER] == 4;
    mbedtls_ssl_context ssl;

    mbedtls_ssl_init(&ssl);
    CHECK(mbedtls_ssl_setup(&ssl, is_tls13 ? &conf : &conf_tls12) == 0);
    CHECK(mbedtls_ssl_set_hostname(&ssl, session->host.name) == 0);
    mbedtls_ssl_set_bio(&ssl, NULL, on_send, on_receive, NULL);
    sent = 0;
    if (tk_tls_session_offer(session, &session->host, &w.keeper.rt.time, &ssl))
        (void)mbedtls_ssl_handshake(&ssl);
    CHECK(sent <= 4096); /* the first message only */
    mbedtls_ssl_free(&ssl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t value[VALUE];
    struct fuzz_input in = {data, size};
    struct tk_https *https = &w.keeper.rt.https;

    start();
    memset(https->sessions, 0, sizeof https->sessions);
    size_t len = make_value(&in, value);

    if (tk_account_session_restore(account(), value, len) && https->sessions[0].len > 0) {
        CHECK(https->sessions[0].len <= TK_SESSION_SIZE && https->sessions[0].host.name[0] != '\0');
        check_packed(value, len);
        check_offer(&https->sessions[0]);
    }
    return 0;
}
