/* SPDX-License-Identifier: Apache-2.0 */

/* core/https/tk_tls.c against somebody else's TLS: sessions that are kept, and records without a
 * byte for us, which come when the server likes. */

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

/* A world with a session of the first host in *session. */
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
    assert_int_equal(w->tls.verified, !resumed);
    assert_int_equal(w->tls.not_after, TLS_UNIX + TLS_DAY);
    echo(w);
    assert_int_equal(p->resumed, resumed);
    tk_tls_close(&w->tls);
}

static void test_resumed(void **state)
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

static void test_no_place_to_keep_one(void **state)
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

/* Both servers would take it. */
static void test_not_for_another_host(void **state)
{
    struct tk_tls_session session;
    struct tls_world w;

    (void)state;
    for (int i = 0; i < 2; i++) {
        begin(&w, versions[i], &session);
        assert_next(&w, TLS_HOST_2, &session, false);
        assert_string_equal(session.host.name, TLS_HOST_2); /* has taken the place */
        assert_next(&w, TLS_HOST, &session, false);
        tls_world_free(&w);
    }
}

static void test_not_for_another_port(void **state)
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

static void test_not_after_the_chain_that_was_verified(void **state)
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

/* The server lost its keys: a full handshake, and a new session. */
static void test_refused_by_the_server(void **state)
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

static void test_bytes_that_are_no_session(void **state)
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

/* Whatever made it fail, the next one is a full one. */
static void test_gone_after_a_failed_handshake(void **state)
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

/* mbedTLS 3.6 does not know RSA-PSS under 1.2: the other offer that is remembered has none. */
static void test_a_server_that_prefers_pss(void **state)
{
    struct tk_tls_session session = {.len = 0};
    struct tls_world w;

    (void)state;
    tls_world_init(&w, tls_chain(TLS_RSA), TLS1_2_VERSION);
    SSL_CTX_set_options(w.peer.ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
    assert_int_equal(SSL_CTX_set1_sigalgs_list(w.peer.ctx, "RSA-PSS+SHA256:RSA+SHA256"), 1);
    assert_int_equal(tls_connect(&w, &session), TK_SOCK_ERR);
    assert_true(w.tls.try_again);
    tk_tls_close(&w.tls);
    assert_next(&w, TLS_HOST, &session, false);
    assert_next(&w, TLS_HOST, &session, true);
    tls_world_free(&w);
}

/* Where resuming 1.2 is what a board can afford, 1.3 is for servers that have nothing else. */
static void test_tls_1_2_first(void **state)
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

static void test_forward_to_tls_1_3(void **state)
{
    struct tk_tls_session session = {.len = 0};
    struct tls_world w;

    (void)state;
    tls_world_init(&w, tls_chain(TLS_EC), TLS1_3_VERSION);
    w.config.tls12_first = true;
    assert_int_equal(tls_connect(&w, &session), TK_SOCK_ERR);
    assert_int_equal(w.tls.err, TK_E_TLS_ALERT);
    assert_true(w.tls.try_again);
    tk_tls_close(&w.tls);
    assert_next(&w, TLS_HOST, &session, false); /* and remembers it */
    assert_next(&w, TLS_HOST, &session, true);
    tls_world_free(&w);
}

/* --- records without a byte for us --- */

static void test_tickets_where_an_answer_is_awaited(void **state)
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

/* Ever so many are an error, not a loop: some other task may want to run. */
static void test_a_flood_of_tickets(void **state)
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

static void test_tickets_between_answers(void **state)
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

/* mbedTLS read a ticket's record and has not looked at it: so it is left when a reader has had
 * enough records. The next call is a write. */
static void test_a_ticket_that_a_write_meets(void **state)
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

static void ask_to_begin_anew(struct tls_peer *p)
{
    SSL_renegotiate(p->ssl);
    SSL_do_handshake(p->ssl);
    p->greet = NULL;
    assert_int_equal(SSL_write(p->ssl, "hello", 5), 5);
}

/* 1.2's HelloRequest is refused, and what stands behind it is read all the same. */
static void test_renegotiation(void **state)
{
    struct tls_world w;
    char back[8] = "";

    (void)state;
    for (unsigned at_most = 0; at_most < 9; at_most++) {
        tls_world_init(&w, tls_chain(TLS_SHORT), TLS1_2_VERSION);
        w.peer.greet = ask_to_begin_anew;
        w.peer.peer.down.at_most = at_most;
        assert_int_equal(tls_connect(&w, NULL), TK_SOCK_OK);
        assert_int_equal(tls_recv_all(&w, back, 5), 5);
        assert_string_equal(back, "hello");
        assert_int_equal(w.port.now_ms, 0);
        tls_world_free(&w);
    }
}

static void change_key(struct tls_peer *p)
{
    SSL_key_update(p->ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
    assert_int_equal(SSL_write(p->ssl, "hello", 5), 5);
}

/* mbedTLS 3.6 cannot change keys within a connection: an error of its own, no bytes. */
static void test_key_update_is_an_error(void **state)
{
    struct tls_world w;
    char byte = 0;

    (void)state;
    tls_world_init(&w, tls_chain(TLS_SHORT), TLS1_3_VERSION);
    w.peer.greet = change_key;
    assert_int_equal(tls_connect(&w, NULL), TK_SOCK_OK);
    assert_int_equal(tls_recv_all(&w, &byte, 1), TK_SOCK_ERR);
    assert_int_equal(w.tls.err, TK_E_TLS_FAILED);
    assert_int_equal(byte, 0);
    tls_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resumed),
        cmocka_unit_test(test_no_place_to_keep_one),
        cmocka_unit_test(test_not_for_another_host),
        cmocka_unit_test(test_not_for_another_port),
        cmocka_unit_test(test_not_after_the_chain_that_was_verified),
        cmocka_unit_test(test_refused_by_the_server),
        cmocka_unit_test(test_bytes_that_are_no_session),
        cmocka_unit_test(test_gone_after_a_failed_handshake),
        cmocka_unit_test(test_a_server_that_prefers_pss),
        cmocka_unit_test(test_tls_1_2_first),
        cmocka_unit_test(test_forward_to_tls_1_3),
        cmocka_unit_test(test_tickets_where_an_answer_is_awaited),
        cmocka_unit_test(test_a_flood_of_tickets),
        cmocka_unit_test(test_tickets_between_answers),
        cmocka_unit_test(test_a_ticket_that_a_write_meets),
        cmocka_unit_test(test_renegotiation),
        cmocka_unit_test(test_key_update_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, tls_free_chains);
}
