/* SPDX-License-Identifier: Apache-2.0 */

/* core/https/tk_tls.c against OpenSSL: connections that work, in pieces of any size. */

#include "tls_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static unsigned sends; /* calls of tk_sock_send */

int __real_tk_sock_send(struct tk_port *port, int sock, const void *data, size_t len);
int __wrap_tk_sock_send(struct tk_port *port, int sock, const void *data, size_t len);

int __wrap_tk_sock_send(struct tk_port *port, int sock, const void *data, size_t len)
{
    sends++;
    return __real_tk_sock_send(port, sock, data, len);
}

static void echo(struct tls_world *w)
{
    char back[16] = "";

    assert_int_equal(tls_send_all(w, "hello", 5), 5);
    assert_int_equal(tls_recv_all(w, back, 5), 5);
    assert_string_equal(back, "hello");
}

static void connects_and_echoes(void **state)
{
    static const enum tls_kind kinds[] = {TLS_EC, TLS_RSA, TLS_SHORT};
    struct tls_world w;

    (void)state;
    for (int i = 0; i < 6; i++) {
        tls_world_init(&w, tls_chain(kinds[i / 2]), versions[i % 2]);
        assert_int_equal(tls_connect(&w, NULL), TK_SOCK_OK);
        assert_int_equal(SSL_version(w.peer.ssl), versions[i % 2]);
        echo(&w);
        assert_false(w.tls.resumed);
        assert_int_equal(w.tls.not_after, TLS_UNIX + TLS_DAY);
        tk_tls_close(&w.tls);
        assert_int_equal(w.peer.alert, SSL_AD_CLOSE_NOTIFY);
        assert_int_equal(w.peer.closed, 1);
        assert_int_equal(w.port.now_ms, 0); /* waited for nothing but the peer */
        tls_world_free(&w);
    }
}

/* Also with TK_SOCK_AGAIN between any two bytes. */
static void works_byte_by_byte(void **state)
{
    struct tls_world w;

    (void)state;
    for (int i = 0; i < 4; i++) {
        tls_world_init(&w, tls_chain(TLS_EC), versions[i % 2]);
        w.peer.peer.up = (struct tk_sim_flow){.at_most = 1, .again = i / 2};
        w.peer.peer.down = w.peer.peer.up;
        assert_int_equal(tls_connect(&w, NULL), TK_SOCK_OK);
        echo(&w);
        tk_tls_close(&w.tls);
        assert_int_equal(w.port.now_ms, 0);
        tls_world_free(&w);
    }
}

/* Round trips: TCP, two for TLS 1.2 or one for 1.3, the request. */
static void adds_no_round_trips(void **state)
{
    struct tls_world w;

    (void)state;
    for (int i = 0; i < 2; i++) {
        tls_world_init(&w, tls_chain(TLS_EC), versions[i]);
        w.peer.name.after_ms = 1000;
        w.peer.peer.connect_ms = 100;
        w.peer.peer.reply_ms = 10;
        assert_int_equal(tls_connect(&w, NULL), TK_SOCK_OK);
        assert_int_equal(w.port.now_ms, versions[i] == TLS1_2_VERSION ? 1120 : 1110);
        echo(&w);
        assert_int_equal(w.port.now_ms, versions[i] == TLS1_2_VERSION ? 1130 : 1120);
        tls_world_free(&w);
    }
}

/* The socket accepts no more for 500 ms, in each flight and in the request. */
static void continues_after_a_stall_at_any_sent_byte(void **state)
{
    struct tls_world w;

    (void)state;
    for (size_t v = 0; v < 2; v++) {
        size_t came = SIZE_MAX;

        for (size_t at = 1; at < came; at += 7 * tls_stride()) {
            tls_world_init(&w, tls_chain(TLS_SHORT), versions[v]);
            w.peer.peer.up = (struct tk_sim_flow){
                .event = TK_SIM_STALL, .after = at, .until_ms = w.port.now_ms + 500};
            assert_int_equal(tls_connect(&w, NULL), TK_SOCK_OK);
            echo(&w);
            came = w.peer.came;
            assert_int_equal(w.port.now_ms, 500);
            tls_world_free(&w);
        }
    }
}

static void sends_each_flight_at_once(void **state)
{
    struct tls_world w;

    (void)state;
    for (int i = 0; i < 4; i++) {
        tls_world_init(&w, tls_chain(i < 2 ? TLS_EC : TLS_RSA), versions[i % 2]);
        sends = 0;
        assert_int_equal(tls_connect(&w, NULL), TK_SOCK_OK);
        assert_int_equal(sends, 2);
        echo(&w);
        assert_int_equal(sends, 3);
        tk_tls_close(&w.tls);
        assert_int_equal(sends, 4);
        assert_int_equal(w.peer.sends, 4);
        tls_world_free(&w);
    }
}

/* Up to the largest request of tk_https.c. */
static void sends_each_request_at_once(void **state)
{
    static const size_t sizes[] = {1, 200, 255, 256, 257, 1000, 2047};
    uint8_t bytes[2048] = {0};
    struct tls_world w;

    (void)state;
    for (int i = 0; i < 2; i++) {
        tls_world_init(&w, tls_chain(TLS_SHORT), versions[i]);
        assert_int_equal(tls_connect(&w, NULL), TK_SOCK_OK);
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            sends = 0;
            assert_int_equal(tk_tls_send(&w.tls, bytes, sizes[j]), sizes[j]);
            assert_int_equal(sends, 1);
            assert_int_equal(tls_recv_all(&w, bytes, sizes[j]), sizes[j]);
        }
        tls_world_free(&w);
    }
}

static void large_response(int version, size_t at_most)
{
    static uint8_t bytes[100000];
    struct tls_world w;

    tls_world_init(&w, tls_chain(TLS_SHORT), version);
    w.peer.peer.down.at_most = at_most;
    w.peer.response_len = sizeof bytes;
    assert_int_equal(tls_connect(&w, NULL), TK_SOCK_OK);
    assert_int_equal(tls_send_all(&w, "x", 1), 1);
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(tls_recv_all(&w, bytes, sizeof bytes), sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], tls_byte(i));
    assert_int_equal(w.port.now_ms, 0);
    tls_world_free(&w);
}

static void receives_full_records(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        large_response(versions[i], 0);
        large_response(versions[i], 1000);
    }
}

static void sends_more_than_a_record(void **state)
{
    static uint8_t out[20000], in[20000];
    struct tls_world w;

    (void)state;
    for (size_t i = 0; i < sizeof out; i++)
        out[i] = tls_byte(i);
    for (int i = 0; i < 2; i++) {
        tls_world_init(&w, tls_chain(TLS_SHORT), versions[i]);
        w.peer.peer.up = (struct tk_sim_flow){.at_most = 100, .again = 1};
        assert_int_equal(tls_connect(&w, NULL), TK_SOCK_OK);
        assert_int_equal(tls_send_all(&w, out, sizeof out), sizeof out);
        assert_int_equal(tls_recv_all(&w, in, sizeof in), sizeof in);
        assert_memory_equal(in, out, sizeof in);
        assert_int_equal(w.peer.plain, sizeof out);
        tls_world_free(&w);
    }
}

/* RFC 8446 6.1, RFC 9112 9.8: without close_notify an attacker may have cut the connection. */
static void only_close_notify_ends_the_stream(void **state)
{
    struct tls_world w;
    char back[8];

    (void)state;
    for (int i = 0; i < 4; i++) {
        tls_world_init(&w, tls_chain(TLS_SHORT), versions[i % 2]);
        w.peer.closes = i < 2;
        w.peer.drops = i >= 2;
        assert_int_equal(tls_connect(&w, NULL), TK_SOCK_OK);
        assert_int_equal(tls_send_all(&w, "hello", 5), 5);
        assert_int_equal(tls_recv_all(&w, back, 5), 5);
        assert_int_equal(tls_recv_all(&w, back, 1), i < 2 ? TK_SOCK_CLOSED : TK_SOCK_ERR);
        assert_int_equal(w.tls.err, i < 2 ? TK_OK : TK_E_CONN_LOST);
        tls_world_free(&w);
    }
}

/* RFC 6066 3: a name without its dot, and no address. With TLS 1.3 also in the second ClientHello,
 * which a server asks for that has another curve. */
static void sends_a_name_but_no_address(void **state)
{
    static const struct {
        const char *host, *sni;
    } rows[] = {{TLS_HOST, TLS_HOST}, {TLS_HOST ".", TLS_HOST}, {"10.0.0.1", NULL}};
    struct tls_world w;

    (void)state;
    for (size_t i = 0; i < 4 * (sizeof rows / sizeof rows[0]); i++) {
        tls_world_init(&w, tls_chain(TLS_SHORT), versions[i % 2]);
        if (i % 4 / 2 == 1)
            assert_int_equal(SSL_CTX_set1_groups_list(w.peer.ctx, "P-384"), 1);
        assert_int_equal(tls_connect_to(&w, rows[i / 4].host, NULL, TLS_LIMIT), TK_SOCK_OK);
        const char *sni = SSL_get_servername(w.peer.ssl, TLSEXT_NAMETYPE_host_name);

        assert_int_equal(sni == NULL, rows[i / 4].sni == NULL);
        if (sni != NULL)
            assert_string_equal(sni, rows[i / 4].sni);
        echo(&w);
        tls_world_free(&w);
    }
}

/* Its certificate is for 10.0.0.1. */
static void verifies_an_address(void **state)
{
    struct tls_world w;

    (void)state;
    for (int i = 0; i < 2; i++) {
        tls_world_init(&w, tls_chain(TLS_SHORT), versions[i]);
        assert_int_equal(tls_connect_to(&w, "10.0.0.2", NULL, TLS_LIMIT), TK_SOCK_ERR);
        assert_int_equal(w.tls.err, TK_E_TLS_NAME);
        tls_world_free(&w);
    }
}

static void resumes_with_an_address(void **state)
{
    static struct tk_tls_session session;
    struct tls_world w;

    (void)state;
    for (int i = 0; i < 2; i++) {
        memset(&session, 0, sizeof session);
        tls_world_init(&w, tls_chain(TLS_SHORT), versions[i]);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(tls_connect_to(&w, "10.0.0.1", &session, TLS_LIMIT), TK_SOCK_OK);
            echo(&w);
            assert_int_equal(w.tls.resumed, k == 1);
            tk_tls_close(&w.tls);
        }
        tls_world_free(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects_and_echoes),
        cmocka_unit_test(works_byte_by_byte),
        cmocka_unit_test(adds_no_round_trips),
        cmocka_unit_test(continues_after_a_stall_at_any_sent_byte),
        cmocka_unit_test(sends_each_flight_at_once),
        cmocka_unit_test(sends_each_request_at_once),
        cmocka_unit_test(receives_full_records),
        cmocka_unit_test(sends_more_than_a_record),
        cmocka_unit_test(only_close_notify_ends_the_stream),
        cmocka_unit_test(sends_a_name_but_no_address),
        cmocka_unit_test(verifies_an_address),
        cmocka_unit_test(resumes_with_an_address),
    };

    return cmocka_run_group_tests(tests, NULL, tls_free_chains);
}
