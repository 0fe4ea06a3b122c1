/* SPDX-License-Identifier: Apache-2.0 */

/* core/tk_tls.c against somebody else's TLS: what works, however the bytes come. */

#include "tls_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void echo(struct tls_world *w)
{
    char back[16] = "";

    assert_int_equal(tls_send_all(w, "hello", 5), 5);
    assert_int_equal(tls_recv_all(w, back, 5), 5);
    assert_string_equal(back, "hello");
}

static void test_handshake_and_echo(void **state)
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
        assert_int_equal(w.port.now_ms, 0); /* no wake-up was lost */
        tls_world_free(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshake_and_echo),
    };

    return cmocka_run_group_tests(tests, NULL, tls_free_chains);
}
