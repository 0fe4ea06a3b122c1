/* SPDX-License-Identifier: Apache-2.0 */

/* core/https/tk_tls.c against OpenSSL: resumed sessions, the two profiles, and records without
 * application data. */

#include "tls_peer.h"

#include <mbedtls/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void echo(struct tls_world *w)
{
    char back[8] = "";

    assert_int_equal(tls_send_all(w, "hello", 5), 5);
    assert_int_equal(tls_recv_all(w, back, 5), 5);
    assert_string_equal(back, "hello");
}

/* Leaves a session with the first host in *session. */
static void begin(struct tls_world *w, int version, struct tk_tls_session *session)
{
    memset(session, 0, sizeof *session);
    tls_world_init(w, tls_chain(TLS_EC), version);
    assert_int_equal(tls_connect(w, session), TK_SOCK_OK);
    assert_false(w->tls.resumed);
    assert_int_equal(session->len > 0, version == TLS1_2_VERSION);
    echo(w);
    tk_tls_close(&w->tls);
    assert_true(session->len > 0);
    assert_true(session->len <= sizeof session->data);
    assert_string_equal(session->host.name, TLS_HOST);
    assert_int_equal(session->not_after, TLS_UNIX + TLS_DAY);
}

static void assert_next(struct tls_world *w, const char *host, struct tk_tls_session *session,
                        bool resumed)
{
    struct tls_peer *p = strcmp(host, TLS_HOST) == 0 ? &w->peer : &w->peer_2;

    assert_int_equal(tls_connect_to(w, host, session, w->port.now_ms + TLS_LIMIT), TK_SOCK_OK);
    assert_int_equal(w->tls.resumed, resumed);
    assert_int_equal(w->tls.chain.verified, !resumed);
    assert_int_equal(w->tls.not_after, TLS_UNIX + TLS_DAY);
    echo(w);
    assert_int_equal(p->resumed, resumed);
    tk_tls_close(&w->tls);
}

static void resumes_a_session(void **state)
{
    struct tk_tls_session session;
    struct tls_world w;

    (void)state;
    for (int i = 0; i < 2; i++) {
        begin(&w, versions[i], &session);
        for (int times = 0; times < 3; times++) {
            assert_next(&w, TLS_HOST, &session, true);
            assert_int_equal(w.peer.sends, 4); /* hello, finished, request, close_notify */
            assert_int_equal(session.not_after, TLS_UNIX + TLS_DAY);
        }
        tls_world_free(&w);
    }
}

/* As in a session that is read from damaged flash. */
static void does_not_resume_a_session_whose_name_has_no_end(void **state)
{
    struct tk_tls_session session;
    struct tls_world w;
    uint8_t *name = session.data;

    (void)state;
    begin(&w, TLS1_3_VERSION, &session);
    while (memcmp(name, TLS_HOST, sizeof TLS_HOST) != 0)
        assert_true(++name < session.data + session.len);
    name[sizeof TLS_HOST - 1] = 'x';
    assert_next(&w, TLS_HOST, &session, false);
    tls_world_free(&w);
}

/* How long a connection takes to the name with one more address before the good one. */
static uint64_t connect_ms(struct tls_world *w, struct tk_tls_session *session)
{
    uint64_t start_ms = w->port.now_ms;

    assert_int_equal(tls_connect(w, session), TK_SOCK_OK);
    tk_tls_close(&w->tls);
    return w->port.now_ms - start_ms;
}

/* One that is silent, or accepts and is silent then; until another address answers. */
static void the_address_that_answered_is_tried_first(void **state)
{
    struct tk_sim_peer dead = {.addr = {4, {10, 9, 0, 2}}, .port = 443};
    static struct tk_tls_session session;
    struct tls_world w;

    (void)state;
    for (int i = 0; i < 2; i++) {
        memset(&session, 0, sizeof session);
        tls_world_init(&w, tls_chain(TLS_SHORT), TLS1_2_VERSION);
        dead.answer = i == 0 ? TK_SIM_SILENT : TK_SIM_ACCEPT;
        tk_sim_add_peer(&w.port, &dead);
        w.peer.name.addrs[1] = w.peer.name.addrs[0];
        w.peer.name.addrs[0] = dead.addr;
        w.peer.name.count = 2;
        assert_int_equal(connect_ms(&w, &session), i == 0 ? 500 : 7200);
        assert_int_equal(connect_ms(&w, &session), 0);
        w.peer.name.addrs[1] = dead.addr; /* the name changes: the address is gone */
        w.peer.name.addrs[0] = w.peer_2.name.addrs[0];
        assert_int_equal(connect_ms(&w, &session), 0);
        w.peer.name.addrs[0] = dead.addr;
        w.peer.name.addrs[1] = w.peer_2.name.addrs[0];
        assert_int_equal(connect_ms(&w, &session), 0);
        tls_world_free(&w);
    }
}

static void works_without_a_session(void **state)
{
    struct tls_world w;

    (void)state;
    for (int i = 0; i < 2; i++) {
        tls_world_init(&w, tls_chain(TLS_EC), versions[i]);
        assert_next(&w, TLS_HOST, NULL, false);
        assert_next(&w, TLS_HOST, NULL, false);
        tls_world_free(&w);
    }
}

/* Both servers would accept it. */
static void does_not_resume_with_another_host(void **state)
{
    struct tk_tls_session session;
    struct tls_world w;

    (void)state;
    for (int i = 0; i < 2; i++) {
        begin(&w, versions[i], &session);
        assert_next(&w, TLS_HOST_2, &session, false);
        assert_string_equal(session.host.name, TLS_HOST_2); /* replaced it */
        assert_next(&w, TLS_HOST, &session, false);
        tls_world_free(&w);
    }
}

static void does_not_resume_with_another_port(void **state)
{
    struct tk_tls_session session;
    struct tls_world w;

    (void)state;
    for (int i = 0; i < 2; i++) {
        begin(&w, versions[i], &session);
        w.peer.peer.port = 8443;
        assert_int_equal(tls_connect_to(&w, TLS_HOST ":8443", &session, w.port.now_ms + TLS_LIMIT),
                         TK_SOCK_OK);
        assert_false(w.tls.resumed);
        tls_world_free(&w);
    }
}

static void does_not_resume_after_the_chain_expired(void **state)
{
    struct tk_tls_session session;
    struct tls_world w;

    (void)state;
    for (int i = 0; i < 2; i++) {
        begin(&w, versions[i], &session);
        tk_sim_set_wall(&w.port, TK_TIME_RTC, TLS_UNIX + TLS_DAY - 1);
        assert_next(&w, TLS_HOST, &session, true);
        tk_sim_set_wall(&w.port, TK_TIME_RTC, TLS_UNIX + TLS_DAY + 1);
        assert_int_equal(tls_connect(&w, &session), TK_SOCK_ERR);
        assert_int_equal(w.tls.err, TK_E_TLS_EXPIRED);
        assert_int_equal(session.len, 0);
        tls_world_free(&w);
    }
}

/* The server has new ticket keys: a full handshake and a new session follow. */
static void makes_a_full_handshake_if_the_server_rejects_the_session(void **state)
{
    uint8_t keys[80] = {1};
    struct tk_tls_session session;
    struct tls_world w;

    (void)state;
    for (int i = 0; i < 2; i++) {
        begin(&w, versions[i], &session);
        SSL_CTX_set_session_cache_mode(w.peer.ctx, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_tlsext_ticket_keys(w.peer.ctx, keys, sizeof keys);
        assert_next(&w, TLS_HOST, &session, false);
        assert_next(&w, TLS_HOST, &session, true);
        tls_world_free(&w);
    }
}

static void ignores_a_corrupt_session(void **state)
{
    struct tk_tls_session session;
    struct tls_world w;

    (void)state;
    for (int i = 0; i < 2; i++) {
        begin(&w, versions[i], &session);
        session.data[0] ^= 0xff;
        assert_next(&w, TLS_HOST, &session, false);
        session.len = 3;
        assert_next(&w, TLS_HOST, &session, false);
        assert_next(&w, TLS_HOST, &session, true);
        tls_world_free(&w);
    }
}

static void drops_the_session_after_a_failed_handshake(void **state)
{
    struct tk_tls_session session;
    struct tls_world w;

    (void)state;
    for (int i = 0; i < 2; i++) {
        begin(&w, versions[i], &session);
        w.peer.peer.down = (struct tk_sim_flow){.event = TK_SIM_FIN, .after = 60};
        assert_int_equal(tls_connect(&w, &session), TK_SOCK_ERR);
        assert_int_equal(session.len, 0);
        tk_tls_close(&w.tls);
        w.peer.peer.down.event = TK_SIM_NOTHING;
        assert_next(&w, TLS_HOST, &session, false);
        tls_world_free(&w);
    }
}

/* mbedTLS 3.6 fails if the server picks RSA-PSS with TLS 1.2; the fallback does not offer it. */
static void falls_back_if_the_server_picks_pss(void **state)
{
    struct tk_tls_session session = {.len = 0};
    struct tls_world w;

    (void)state;
    tls_world_init(&w, tls_chain(TLS_RSA), TLS1_2_VERSION);
    SSL_CTX_set_options(w.peer.ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
    assert_int_equal(SSL_CTX_set1_sigalgs_list(w.peer.ctx, "RSA-PSS+SHA256:RSA+SHA256"), 1);
    assert_int_equal(tls_connect(&w, &session), TK_SOCK_ERR);
    assert_true(w.tls.try_again);
    assert_int_equal(session.fallback_until_ms, w.port.now_ms + TLS_DAY * 1000);
    tk_tls_close(&w.tls);
    assert_next(&w, TLS_HOST, &session, false);
    assert_next(&w, TLS_HOST, &session, true);
    tls_world_free(&w);
}

/* The rejection may have come from an attacker. */
static void tries_tls13_again_after_a_day(void **state)
{
    struct tk_tls_session session = {.len = 0};
    struct tls_world w;

    (void)state;
    tls_world_init(&w, tls_chain(TLS_EC), TLS1_3_VERSION);
    assert_int_equal(SSL_CTX_set_min_proto_version(w.peer.ctx, TLS1_2_VERSION), 1);
    session.fallback_until_ms = w.port.now_ms + TLS_DAY * 1000;
    assert_next(&w, TLS_HOST, &session, false);
    assert_int_equal(SSL_version(w.peer.ssl), TLS1_2_VERSION);
    tk_sim_advance(&w.port, TLS_DAY * 1000 - 1);
    assert_next(&w, TLS_HOST, &session, true);
    assert_int_equal(SSL_version(w.peer.ssl), TLS1_2_VERSION);
    tk_sim_advance(&w.port, 1);
    assert_next(&w, TLS_HOST, &session, false);
    assert_int_equal(SSL_version(w.peer.ssl), TLS1_3_VERSION);
    tls_world_free(&w);
}

/* For boards that can afford to resume only TLS 1.2. */
static void resumes_tls12_if_tried_first(void **state)
{
    struct tk_tls_session session = {.len = 0};
    struct tls_world w;

    (void)state;
    tls_world_init(&w, tls_chain(TLS_EC), TLS1_3_VERSION);
    w.config.tls12_first = true;
    assert_int_equal(SSL_CTX_set_min_proto_version(w.peer.ctx, TLS1_2_VERSION), 1);
    assert_next(&w, TLS_HOST, &session, false);
    assert_next(&w, TLS_HOST, &session, true);
    assert_int_equal(SSL_version(w.peer.ssl), TLS1_2_VERSION);
    tls_world_free(&w);
}

static void falls_back_to_tls13(void **state)
{
    struct tk_tls_session session = {.len = 0};
    struct tls_world w;

    (void)state;
    tls_world_init(&w, tls_chain(TLS_EC), TLS1_3_VERSION);
    w.config.tls12_first = true;
    assert_int_equal(tls_connect(&w, &session), TK_SOCK_ERR);
    assert_int_equal(w.tls.err, TK_E_TLS_NO_COMMON);
    assert_true(w.tls.try_again);
    tk_tls_close(&w.tls);
    assert_next(&w, TLS_HOST, &session, false); /* the fallback is remembered */
    assert_next(&w, TLS_HOST, &session, true);
    tls_world_free(&w);
}

/* A stored time is only a lower bound: the chain may have expired. */
static void does_not_resume_without_the_time(void **state)
{
    struct tk_tls_session session;
    struct tls_world w;

    (void)state;
    begin(&w, TLS1_2_VERSION, &session);
    tk_time_init(&w.time, &w.port, TLS_UNIX - 365 * TLS_DAY);
    tk_sim_set_wall(&w.port, TK_TIME_NONE, 0);
    tk_time_restore_floor(&w.time, TLS_UNIX);
    assert_next(&w, TLS_HOST, &session, false);
    tls_world_free(&w);
}

static void an_untrusted_server_is_not_asked_again(void **state)
{
    struct tk_tls_session session;
    struct tls_world w, other;

    (void)state;
    for (int i = 0; i < 2; i++) {
        begin(&w, versions[i], &session);
        tls_world_init(&other, tls_chain(TLS_OTHER_ROOT), versions[i]);
        SSL_CTX_set_options(other.peer.ctx, SSL_OP_NO_TICKET);
        SSL_CTX_set_session_cache_mode(other.peer.ctx, SSL_SESS_CACHE_OFF);
        assert_int_equal(tls_connect(&other, &session), TK_SOCK_ERR);
        assert_true(other.tls.offered);
        assert_string_equal(tk_err_code(other.tls.err), tk_err_code(TK_E_TLS_UNTRUSTED));
        assert_false(other.tls.try_again);
        assert_int_equal(session.len, 0);
        tls_world_free(&other);
        tls_world_free(&w);
    }
}

static void goes_back_to_tls13_if_the_server_has_dropped_tls12(void **state)
{
    struct tk_tls_session session = {.fallback_until_ms = UINT64_MAX};
    struct tls_world w;

    (void)state;
    tls_world_init(&w, tls_chain(TLS_EC), TLS1_3_VERSION);
    assert_int_equal(tls_connect(&w, &session), TK_SOCK_ERR);
    assert_int_equal(w.tls.err, TK_E_TLS_NO_COMMON);
    assert_true(w.tls.try_again);
    assert_true(session.fallback_until_ms == 0);
    tk_tls_close(&w.tls);
    assert_next(&w, TLS_HOST, &session, false);
    tls_world_free(&w);
}

static void only_pss_of_tls12_changes_the_profile(void **state)
{
    struct tls_world w;

    (void)state;
    tls_world_init(&w, tls_chain(TLS_EC), TLS1_3_VERSION);
    for (int i = 0; i < 2; i++) {
        int ret = i == 0 ? MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER : MBEDTLS_ERR_SSL_DECODE_ERROR;

        w.tls.ssl.MBEDTLS_PRIVATE(tls_version) = MBEDTLS_SSL_VERSION_TLS1_3;
        assert_false(tk_tls_config_should_switch(&w.config, false, &w.tls.ssl, ret));
        w.tls.ssl.MBEDTLS_PRIVATE(tls_version) = MBEDTLS_SSL_VERSION_TLS1_2;
        assert_int_equal(tk_tls_config_should_switch(&w.config, false, &w.tls.ssl, ret), i == 0);
        assert_false(tk_tls_config_should_switch(&w.config, true, &w.tls.ssl, ret));
    }
    tls_world_free(&w);
}

static bool get_fails, save_fails;

int __real_mbedtls_ssl_get_session(const mbedtls_ssl_context *ssl, mbedtls_ssl_session *to);
int __wrap_mbedtls_ssl_get_session(const mbedtls_ssl_context *ssl, mbedtls_ssl_session *to);
int __real_mbedtls_ssl_session_save(const mbedtls_ssl_session *from, unsigned char *buf,
                                    size_t size, size_t *len);
int __wrap_mbedtls_ssl_session_save(const mbedtls_ssl_session *from, unsigned char *buf,
                                    size_t size, size_t *len);

int __wrap_mbedtls_ssl_get_session(const mbedtls_ssl_context *ssl, mbedtls_ssl_session *to)
{
    return get_fails ? MBEDTLS_ERR_SSL_ALLOC_FAILED : __real_mbedtls_ssl_get_session(ssl, to);
}

int __wrap_mbedtls_ssl_session_save(const mbedtls_ssl_session *from, unsigned char *buf,
                                    size_t size, size_t *len)
{
    return save_fails ? MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL
                      : __real_mbedtls_ssl_session_save(from, buf, size, len);
}

static void a_session_that_cannot_be_saved_is_not_kept(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct tk_tls_session session = {.len = 0};
        struct tls_world w;

        get_fails = i == 0;
        save_fails = i == 1;
        tls_world_init(&w, tls_chain(TLS_EC), TLS1_2_VERSION);
        assert_next(&w, TLS_HOST, &session, false);
        assert_int_equal(session.len, 0);
        assert_string_equal(session.host.name, "");
        get_fails = save_fails = false;
        assert_next(&w, TLS_HOST, &session, false);
        assert_next(&w, TLS_HOST, &session, true);
        tls_world_free(&w);
    }
}

/* --- records without application data --- */

static void accepts_tickets_before_a_response(void **state)
{
    struct tk_tls_session session;
    struct tls_world w;
    char byte;

    (void)state;
    for (size_t count = 0; count <= 7; count++) {
        memset(&session, 0, sizeof session);
        tls_world_init(&w, tls_chain(TLS_SHORT), TLS1_3_VERSION);
        SSL_CTX_set_num_tickets(w.peer.ctx, count);
        assert_int_equal(tls_connect(&w, &session), TK_SOCK_OK);
        assert_int_equal(tk_tls_recv(&w.tls, &byte, 1), TK_SOCK_AGAIN);
        assert_int_equal(session.len > 0, count > 0);
        echo(&w);
        assert_int_equal(w.port.now_ms, 0);
        tls_world_free(&w);
    }
}

/* A bounded number per call, so that the main loop goes on. */
static void fails_on_a_flood_of_tickets(void **state)
{
    struct tls_world w;
    char byte;

    (void)state;
    tls_world_init(&w, tls_chain(TLS_SHORT), TLS1_3_VERSION);
    SSL_CTX_set_num_tickets(w.peer.ctx, 100);
    assert_int_equal(tls_connect(&w, NULL), TK_SOCK_OK);
    assert_int_equal(tk_tls_recv(&w.tls, &byte, 1), TK_SOCK_ERR);
    assert_int_equal(w.tls.err, TK_E_TLS_FAILED);
    tls_world_free(&w);
}

static void accepts_tickets_between_responses(void **state)
{
    struct tk_tls_session session = {.len = 0};
    struct tls_world w;

    (void)state;
    for (unsigned at_most = 0; at_most < 9; at_most++) {
        tls_world_init(&w, tls_chain(TLS_SHORT), TLS1_3_VERSION);
        w.peer.tickets = true;
        w.peer.peer.down = (struct tk_sim_flow){.at_most = at_most, .again = at_most % 3};
        assert_int_equal(tls_connect(&w, &session), TK_SOCK_OK);
        for (int i = 0; i < 3; i++)
            echo(&w);
        assert_int_equal(w.port.now_ms, 0);
        tk_tls_close(&w.tls);
        tls_world_free(&w);
    }
}

/* mbedTLS has read the record of a ticket, but not processed it, as after RECORDS_MAX records. */
static void send_processes_a_pending_ticket(void **state)
{
    struct tk_tls_session session = {.len = 0};
    struct tls_world w;
    char back[8] = "";

    (void)state;
    tls_world_init(&w, tls_chain(TLS_SHORT), TLS1_3_VERSION);
    assert_int_equal(tls_connect(&w, &session), TK_SOCK_OK);
    assert_int_equal(mbedtls_ssl_read(&w.tls.ssl, (unsigned char *)back, 1),
                     MBEDTLS_ERR_SSL_WANT_READ);
    assert_int_equal(session.len, 0);
    assert_int_equal(tk_tls_send(&w.tls, "hello", 5), 5);
    assert_true(session.len > 0);
    assert_int_equal(tls_recv_all(&w, back, 5), 5);
    assert_string_equal(back, "hello");
    assert_int_equal(w.port.now_ms, 0);
    tls_world_free(&w);
}

static void send_hello_request(struct tls_peer *p)
{
    SSL_renegotiate(p->ssl);
    SSL_do_handshake(p->ssl);
    p->greet = NULL;
    assert_int_equal(SSL_write(p->ssl, "hello", 5), 5);
}

/* A HelloRequest of TLS 1.2 is refused; the data after it is received. */
static void refuses_renegotiation(void **state)
{
    struct tls_world w;
    char back[8] = "";

    (void)state;
    for (unsigned at_most = 0; at_most < 9; at_most++) {
        tls_world_init(&w, tls_chain(TLS_SHORT), TLS1_2_VERSION);
        w.peer.greet = send_hello_request;
        w.peer.peer.down.at_most = at_most;
        assert_int_equal(tls_connect(&w, NULL), TK_SOCK_OK);
        assert_int_equal(tls_recv_all(&w, back, 5), 5);
        assert_string_equal(back, "hello");
        assert_int_equal(w.port.now_ms, 0);
        tls_world_free(&w);
    }
}

static void send_key_update(struct tls_peer *p)
{
    SSL_key_update(p->ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
    assert_int_equal(SSL_write(p->ssl, "hello", 5), 5);
}

/* mbedTLS 3.6 does not support KeyUpdate. */
static void fails_on_a_key_update(void **state)
{
    struct tls_world w;
    char byte = 0;

    (void)state;
    tls_world_init(&w, tls_chain(TLS_SHORT), TLS1_3_VERSION);
    w.peer.greet = send_key_update;
    assert_int_equal(tls_connect(&w, NULL), TK_SOCK_OK);
    assert_int_equal(tls_recv_all(&w, &byte, 1), TK_SOCK_ERR);
    assert_int_equal(w.tls.err, TK_E_TLS_FAILED);
    assert_int_equal(byte, 0);
    tls_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resumes_a_session),
        cmocka_unit_test(does_not_resume_a_session_whose_name_has_no_end),
        cmocka_unit_test(the_address_that_answered_is_tried_first),
        cmocka_unit_test(works_without_a_session),
        cmocka_unit_test(does_not_resume_with_another_host),
        cmocka_unit_test(does_not_resume_with_another_port),
        cmocka_unit_test(does_not_resume_after_the_chain_expired),
        cmocka_unit_test(makes_a_full_handshake_if_the_server_rejects_the_session),
        cmocka_unit_test(ignores_a_corrupt_session),
        cmocka_unit_test(drops_the_session_after_a_failed_handshake),
        cmocka_unit_test(falls_back_if_the_server_picks_pss),
        cmocka_unit_test(tries_tls13_again_after_a_day),
        cmocka_unit_test(resumes_tls12_if_tried_first),
        cmocka_unit_test(falls_back_to_tls13),
        cmocka_unit_test(accepts_tickets_before_a_response),
        cmocka_unit_test(fails_on_a_flood_of_tickets),
        cmocka_unit_test(accepts_tickets_between_responses),
        cmocka_unit_test(send_processes_a_pending_ticket),
        cmocka_unit_test(refuses_renegotiation),
        cmocka_unit_test(fails_on_a_key_update),
        cmocka_unit_test(does_not_resume_without_the_time),
        cmocka_unit_test(an_untrusted_server_is_not_asked_again),
        cmocka_unit_test(goes_back_to_tls13_if_the_server_has_dropped_tls12),
        cmocka_unit_test(only_pss_of_tls12_changes_the_profile),
        cmocka_unit_test(a_session_that_cannot_be_saved_is_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, tls_free_chains);
}
