/* SPDX-License-Identifier: Apache-2.0 */

/* Requests of browsers and of what claims to be one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "provision/http_get.h"

#define HOST "localhost:7000"
#define H    "Host: " HOST "\r\n"

static const struct {
    enum tk_get status;
    const char *request;
} cases[] = {
    {TK_GET_OK, "GET / HTTP/1.1\r\n" H "\r\n"},
    {TK_GET_OK, "GET /?code=1&state=2 HTTP/1.1\r\nhost:\tLOCALHOST:7000 \r\nAccept: */*\r\n\r\n"},
    {TK_GET_OK, "GET / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n"},
    {TK_GET_MORE, "GET / HTTP/1.1\r\n" H "\r"},
    {TK_GET_MORE, "G"},
    {TK_GET_METHOD, "HEAD / HTTP/1.1\r\n" H "\r\n"},
    {TK_GET_METHOD, "get / HTTP/1.1\r\n" H "\r\n"},
    {TK_GET_BAD, "GET / HTTP/1.0\r\n" H "\r\n"},
    {TK_GET_BAD, "GET / HTTP/1.1 \r\n" H "\r\n"},
    {TK_GET_BAD, "GET HTTP/1.1\r\n" H "\r\n"},
    {TK_GET_BAD, "GET  HTTP/1.1\r\n" H "\r\n"},
    {TK_GET_BAD, "GET http://localhost:7000/ HTTP/1.1\r\n" H "\r\n"},
    {TK_GET_BAD, "GET /a b HTTP/1.1\r\n" H "\r\n"},
    {TK_GET_BAD, "GET / HTTP/1.1\r\n\r\n"},
    {TK_GET_BAD, "GET / HTTP/1.1\r\n" H H "\r\n"},
    {TK_GET_BAD, "GET / HTTP/1.1\r\n" H " folded\r\n\r\n"},
    {TK_GET_BAD, "GET / HTTP/1.1\r\n" H "no colon\r\n\r\n"},
    {TK_GET_BAD, "GET / HTTP/1.1\n" H "\r\n"},
    {TK_GET_BAD, "GET / HTTP/1.1\r\r\n" H "\r\n"},
    {TK_GET_BAD, "GET / HTTP/1.1\r\n" H "\r\nG"},
    {TK_GET_BAD, "GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"},
    {TK_GET_BAD, "GET / HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\n"},
    {TK_GET_BAD, "\x16\x03\x01"},
    {TK_GET_HOST, "GET / HTTP/1.1\r\nHost: localhost:7001\r\n\r\n"},
    {TK_GET_HOST, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"},
    {TK_GET_HOST, "GET / HTTP/1.1\r\nHost: 127.0.0.1:7000\r\n\r\n"},
    {TK_GET_HOST, "GET / HTTP/1.1\r\nHost: localhost:7000.evil.example\r\n\r\n"},
    {TK_GET_PREFETCH, "GET / HTTP/1.1\r\n" H "Sec-Purpose: prefetch;prerender\r\n\r\n"},
};

/* From memory of its own size, so that a read behind it is found. */
static enum tk_get read_request(const char *request, size_t len, size_t *target_len)
{
    char *copy = malloc(len + (len == 0));
    const char *target = NULL;

    memcpy(copy, request, len);
    enum tk_get found = tk_http_get(copy, len, HOST, &target, target_len);

    if (found == TK_GET_OK)
        assert_true(target > copy && target + *target_len < copy + len && *target == '/');
    free(copy);
    return found;
}

static void test_each_request(void **state)
{
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum tk_get found = read_request(cases[i].request, strlen(cases[i].request), &len);

        if (found != cases[i].status)
            fail_msg("%s: %d", cases[i].request, found);
    }
}

/* A request that is right is never refused because a part of it has not come yet. */
static void test_each_beginning(void **state)
{
    const char *request = cases[1].request;
    size_t len;

    (void)state;
    for (size_t n = 1; n < strlen(request); n++)
        assert_int_equal(read_request(request, n, &len), TK_GET_MORE);
    assert_int_equal(read_request(request, strlen(request), &len), TK_GET_OK);
    assert_int_equal(len, strlen("/?code=1&state=2"));
}

static void test_a_large_request(void **state)
{
    char request[TK_HTTP_GET_MAX];
    size_t len;

    (void)state;
    memset(request, 'a', sizeof request);
    memcpy(request, "GET /", 5);
    assert_int_equal(read_request(request, sizeof request - 1, &len), TK_GET_MORE);
    assert_int_equal(read_request(request, sizeof request, &len), TK_GET_LARGE);
}

static void test_parameters(void **state)
{
    static const struct {
        const char *target, *value; /* of a; NULL: there is none */
    } rows[] = {{"/?a=1", "1"},        {"/?b=2&a=1%2d", "1-"},
                {"/?a=%41&b", "A"},    {"/", NULL},
                {"/?a=", NULL},        {"/?a", NULL},
                {"/?a=1&a=1", NULL},   {"/?a=1%", NULL},
                {"/?a=%4", NULL},      {"/?a=%00", NULL},
                {"/?a=%20", NULL},     {"/?a=%zz", NULL},
                {"/?ab=1", NULL},      {"/?a=1234567", "1234567"},
                {"/?a=12345678", NULL}};
    char out[8];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool found =
            tk_http_get_param(rows[i].target, strlen(rows[i].target), "a", out, sizeof out);

        if (found != (rows[i].value != NULL) || (found && strcmp(out, rows[i].value) != 0))
            fail_msg("%s: %s", rows[i].target, found ? out : "none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_request), cmocka_unit_test(test_each_beginning),
        cmocka_unit_test(test_a_large_request), cmocka_unit_test(test_parameters)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
