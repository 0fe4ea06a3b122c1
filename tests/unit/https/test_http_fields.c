/* SPDX-License-Identifier: Apache-2.0 */

/* What the fields of a response say beside its framing, what may be shown of it, and what is picked
 * from it. */

#include "tk_http_shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct tk_http h;
static char body[256];

/* In pieces of this many bytes. */
static int feed(const char *response, size_t step)
{
    int result = TK_HTTP_MORE;

    for (size_t len = strlen(response), n; result == TK_HTTP_MORE && len > 0; len -= n) {
        n = len < step ? len : step;
        result = tk_http_feed(&h, response, n);
        response += n;
    }
    return result;
}

static int whole(const char *response)
{
    tk_http_begin(&h, body, sizeof body);
    return feed(response, strlen(response));
}

static void reads_the_date(void **state)
{
    (void)state;
    assert_int_equal(whole("HTTP/1.1 302 Found\r\nDATE:Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                           "Content-Length: 0\r\n\r\n"),
                     TK_HTTP_DONE);
    assert_int_equal(h.date_unix, 784111777);
    assert_int_equal(
        whole("HTTP/1.1 200 OK\r\nDate: yesterday\r\nDated: x\r\nContent-Length: 0\r\n\r\n"),
        TK_HTTP_DONE);
    assert_int_equal(h.date_unix, 0);
}

/* RFC 9110 10.2.2, RFC 3986 4.2. A reference without a host stays on the host of the request. */
static void reads_the_host_of_a_location(void **state)
{
    static const struct {
        const char *location, *host;
        uint16_t port;
    } rows[] = {
        {"https://h.example/x?y#z", "h.example", 443},
        {"HTTPS://H.Example.:8443", "h.example", 8443},
        {"//h.example/x", "h.example", 443},
        {"/x", "", 0},
        {"x", "", 0},
        {"http://h.example/", "", 0},
        {"https:///x", "", 0},
        {"x/h.example/", "", 0},
        {"", "", 0},
    };
    char response[200];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(response, sizeof response,
                 "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                 rows[i].location);
        assert_int_equal(whole(response), TK_HTTP_DONE);
        assert_string_equal(h.location.name, rows[i].host);
        if (rows[i].port != 0)
            assert_int_equal(h.location.port, rows[i].port);
    }
}

static void reads_retry_after(void **state)
{
    static const struct {
        const char *fields;
        uint32_t want;
    } rows[] = {
        {"Retry-After: 30", 30},
        {"Retry-After: 0", 0},
        {"Retry-After: 0000000000000000000000000120s", 120},
        {"Retry-After: 99999999999999999999", UINT32_MAX},
        {"Retry-After: -5", 0},
        {"Retry-After: soon", 0},
        {"Retry-After:", 0},
        {"Retry-After: Sun, 06 Nov 1994 08:49:37 GMT", 37},
        {"Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Sun, 06 Nov 1994 08:49:30 GMT", 7},
        {"Date: Sun, 06 Nov 1994 08:49:39 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT", 0},
    };
    char response[200];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(response, sizeof response, "HTTP/1.1 503 Busy\r\n%s\r\nContent-Length: 0\r\n\r\n",
                 rows[i].fields);
        assert_int_equal(whole(response), TK_HTTP_DONE);
        assert_int_equal(tk_http_retry_after_s(&h, 784111740), rows[i].want);
    }
    assert_int_equal(whole("HTTP/1.1 503 Busy\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                           "Content-Length: 0\r\n\r\n"),
                     TK_HTTP_DONE);
    assert_int_equal(tk_http_retry_after_s(&h, 0), 0);
}

static const struct {
    const char *response, *shape;
} shapes[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "http=200 length=0"},
    {"HTTP/1.1 503 Busy\r\nContent-Type: Text/HTML; charset=utf-8\r\nContent-Length: "
     "40\r\n\r\n<!DOCTYPE html>\n<b>12 \xd0\xb9</b></html>........",
     "http=503 type=text/html length=40 begins=<!aaaaaaa aaaa>?<a>00 ?"
     "?</a></aa"},
    {"HTTP/1.1 200 OK\r\nContent-Encoding: identity, GZIP;q=1\r\nContent-Type: s3cret/Zz\r\n"
     "Content-Length: 3\r\n\r\n\x1f\x8b\x08",
     "http=200 type=a0aaaa/aa coding=gzip length=3 begins=???"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, aSecretOf20Characters, chunked\r\n\r\n"
     "1\r\nx\r\n0\r\n\r\n",
     "http=200 coding=aaaaaaaaa00aaaa length=1 begins=a"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n~\x7f\x1f ", "http=200 length=4 begins=~?? "},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
     "http=200 length=0"},
};

static void shows_what_is_no_secret(void **state)
{
    char buf[TK_HTTP_SHAPE_MAX + 1];
    struct tk_text t;

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        assert_int_equal(whole(shapes[i].response), TK_HTTP_DONE);
        tk_text_init(&t, buf, sizeof buf);
        tk_http_shape(&t, &h);
        assert_true(tk_text_ok(&t));
        assert_string_equal(buf, shapes[i].shape);
    }
}

static void ignores_fields_of_interim_responses(void **state)
{
    (void)state;
    assert_int_equal(whole("HTTP/1.0 103 Early\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                           "Location: https://h/\r\nTransfer-Encoding: gzip, chunked\r\n"
                           "Connection: close\r\nContent-Length: x\r\nContent-Type: a/b\r\n"
                           "Retry-After: 5\r\n\r\n"
                           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"),
                     TK_HTTP_DONE);
    assert_int_equal(h.date_unix, 0);
    assert_int_equal(tk_http_retry_after_s(&h, 0), 0);
    assert_string_equal(h.type, "");
    assert_string_equal(h.coding, "");
    assert_string_equal(h.location.name, "");
    assert_string_equal(h.body, "ab");
    assert_true(h.keep);
}

static void a_line_without_name_or_colon_is_no_field(void **state)
{
    (void)state;
    assert_int_equal(whole("HTTP/1.1 200 OK\r\nDate\r\n: 5\r\nContent-Length: 2\r\n : 5\r\n"
                           "Content-Length\r\nRetry-After\r\n\r\nab"),
                     TK_HTTP_DONE);
    assert_int_equal(h.date_unix, 0);
    assert_int_equal(tk_http_retry_after_s(&h, 0), 0);
    assert_string_equal(h.body, "ab");
}

static void the_last_location_counts(void **state)
{
    (void)state;
    assert_int_equal(whole("HTTP/1.1 302 Found\r\nLocation: https://h.example/\r\n"
                           "Location: http://h.example/\r\nContent-Length: 0\r\n\r\n"),
                     TK_HTTP_DONE);
    assert_string_equal(h.location.name, "");
}

/* RFC 9110 5.5 */
static void a_nul_or_cr_is_white_space(void **state)
{
    static const char nul[] = "HTTP/1.1 200 OK\r\nConnection: keep-alive\0, close\r\n"
                              "Content-Length: 0\r\n\r\n";

    (void)state;
    tk_http_begin(&h, body, sizeof body);
    assert_int_equal(tk_http_feed(&h, nul, sizeof nul - 1), TK_HTTP_DONE);
    assert_false(h.keep);
    assert_int_equal(whole("HTTP/1.1 200 OK\r\nConnection: close\r, x\r\n"
                           "Content-Length: 0\r\n\r\n"),
                     TK_HTTP_DONE);
    assert_false(h.keep);
}

/* White space and CR in front of the buffer are none of an empty line. */
static void an_empty_line_ends_at_the_buffer(void **state)
{
    static const char front[] = {' ', '\t', '\r'};
    char room[64];

    (void)state;
    for (size_t i = 0; i < sizeof front; i++) {
        memset(room, front[i], 8);
        tk_http_begin(&h, room + 8, sizeof room - 8);
        assert_int_equal(feed("HTTP/1.1 200 OK\r\n \r\nContent-Length: 0\r\n\r\n", 100),
                         TK_HTTP_DONE);
        for (size_t at = 0; at < 8; at++)
            assert_int_equal(room[at], front[i]);
    }
}

/* As it comes, into a buffer that has room for these fields and nothing else. */
static void picks_fields_of_long_content(void **state)
{
    static const struct tk_json_field of[] = {{"first", 8}, {"token", 20}};
    static const struct tk_json_fields fields = {.of = of, .count = 2};
    const size_t size = TK_HTTP_BEGINNING + 1 + tk_json_pick_size(&fields);
    char room[200];
    uint32_t len;

    (void)state;
    for (size_t step = 1; step < 200; step += 11) {
        memset(room, 'm', sizeof room);
        tk_http_begin(&h, room, size);
        h.fields = &fields;
        assert_int_equal(feed("HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n"
                              "{\"none\":[\"so much that the rest does not fit\"],"
                              "\"first\":\"a\",\"token\":\"0123456789abcdefghij\"}",
                              step),
                         TK_HTTP_DONE);
        assert_string_equal(h.body, "{\"none\":[\"so much that the rest ");
        assert_string_equal(tk_json_pick_text(&h.pick, 0, &len), "a");
        assert_string_equal(tk_json_pick_text(&h.pick, 1, &len), "0123456789abcdefghij");
        for (size_t at = size; at < sizeof room; at++)
            assert_int_equal(room[at], 'm');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_date),
        cmocka_unit_test(reads_the_host_of_a_location),
        cmocka_unit_test(reads_retry_after),
        cmocka_unit_test(shows_what_is_no_secret),
        cmocka_unit_test(ignores_fields_of_interim_responses),
        cmocka_unit_test(a_line_without_name_or_colon_is_no_field),
        cmocka_unit_test(the_last_location_counts),
        cmocka_unit_test(a_nul_or_cr_is_white_space),
        cmocka_unit_test(an_empty_line_ends_at_the_buffer),
        cmocka_unit_test(picks_fields_of_long_content),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
