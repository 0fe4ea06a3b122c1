/* SPDX-License-Identifier: Apache-2.0 */

/* Mistakes of callers that TK_ASSERT catches. */

#include "tk_https.h"
#include "tk_mbedtls.h"
#include "tk_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct tk_port port;
static struct tk_time wall;
static struct tk_https https;
static struct tk_sim_name slow = {.name = "h", .after_ms = TK_SIM_NEVER};

static int begin(void **state)
{
    (void)state;
    tk_sim_init(&port, 1);
    tk_sim_add_name(&port, &slow);
    tk_mbedtls_init(&port, 0);
    tk_sim_set_wall(&port, TK_TIME_RTC, 1795000000);
    tk_time_init(&wall, &port, 1790000000);
    return tk_https_init(&https, &port, &wall, NULL, NULL) == TK_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    tk_https_free(&https);
    tk_sim_free(&port);
    return 0;
}

static unsigned dones;

static void note_done(struct tk_request *r, enum tk_err err, struct tk_http *response)
{
    (void)r;
    (void)err;
    (void)response;
    dones++;
}

static void an_active_request_is_not_submitted(void **state)
{
    struct tk_request r = {.host = {"h", 443}, .deadline_ms = 30000, .done = note_done};
    struct tk_request no_done = {.host = {"h", 443}, .deadline_ms = 30000};

    (void)state;
    expect_assert_failure(tk_https_submit(&https, &no_done));
    tk_https_submit(&https, &r);
    expect_assert_failure(tk_https_submit(&https, &r)); /* queued */
    tk_https_step(&https, 0);
    assert_non_null(tk_https_tls(&r));
    expect_assert_failure(tk_https_submit(&https, &r)); /* assigned */
    tk_https_cancel(&https, &r);
    tk_https_submit(&https, &r);
    tk_https_cancel(&https, &r);
    assert_int_equal(dones, 0);
}

static void a_connection_has_one_request(void **state)
{
    struct tk_request r = {.host = {"h", 443}};
    static struct tk_connection conn;

    (void)state;
    tk_connection_assign(&conn, &r);
    expect_assert_failure(tk_connection_assign(&conn, &r));
}

static void a_tls_connection_is_opened_once_and_used_when_ready(void **state)
{
    struct tk_host host = {"h", 443};
    struct tk_tls *tls = &https.connections[0].tls;
    char byte = 0;

    (void)state;
    expect_assert_failure(tk_tls_send(tls, &byte, 1));
    expect_assert_failure(tk_tls_recv(tls, &byte, 1));
    tk_tls_open(tls, &host, NULL);
    expect_assert_failure(tk_tls_open(tls, &host, NULL));
    tk_tls_close(tls);
    tk_tls_open(tls, &host, NULL);
}

static void a_body_starts_after_its_head(void **state)
{
    struct tk_host host = {"h", 443};
    char buf[300], other[300];
    struct tk_text t, u;

    (void)state;
    tk_text_init(&t, buf, sizeof buf);
    tk_text_init(&u, other, sizeof other);
    size_t body_start = tk_http_request(&t, "POST", &host, "/", "text/plain");

    tk_text_add(&t, "body");
    tk_http_request_end(&t, body_start, 0);
    expect_assert_failure(tk_http_request_end(&t, body_start - 1, 0));
    expect_assert_failure(tk_http_request_end(&t, 0, 0));
    expect_assert_failure(tk_http_request_end(&u, body_start, 0)); /* of another text */
}

static void a_response_has_a_buffer(void **state)
{
    struct tk_http h;
    char body[1];

    (void)state;
    tk_http_begin(&h, body, 1);
    expect_assert_failure(tk_http_begin(&h, body, 0));
}

static void a_queued_request_is_cancelled_where_it_is_queued(void **state)
{
    struct tk_request r = {.host = {"h", 443}, .deadline_ms = 30000, .done = note_done};
    static struct tk_https other;

    (void)state;
    tk_https_submit(&https, &r);
    expect_assert_failure(tk_https_cancel(&other, &r));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(an_active_request_is_not_submitted),
        TEST(a_connection_has_one_request),
        TEST(a_tls_connection_is_opened_once_and_used_when_ready),
        TEST(a_body_starts_after_its_head),
        TEST(a_response_has_a_buffer),
        cmocka_unit_test_setup_teardown(a_queued_request_is_cancelled_where_it_is_queued, begin,
                                        end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
