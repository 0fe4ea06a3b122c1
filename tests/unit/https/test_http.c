/* SPDX-License-Identifier: Apache-2.0 */

/* HTTP responses, split at every byte, and malformed ones. */

#include "tk_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOM 64

static struct tk_http h;
static char body[ROOM];

/* Feeds pieces of at most `step` bytes until the result is not TK_HTTP_MORE. */
static int feed(const char *bytes, size_t len, size_t step)
{
    int result = TK_HTTP_MORE;

    while (result == TK_HTTP_MORE && len > 0) {
        size_t n = len < step ? len : step;
        char *piece = malloc(n); /* exact, for the sanitizer */

        assert_non_null(piece);
        memcpy(piece, bytes, n);
        result = tk_http_feed(&h, piece, n);
        free(piece);
        bytes += n;
        len -= n;
    }
    return result;
}

static void begin(void)
{
    memset(body, '#', sizeof body);
    tk_http_begin(&h, body, sizeof body);
}

static int whole(const char *response)
{
    begin();
    return feed(response, strlen(response), strlen(response) + 1);
}

/* --- well-formed responses --- */

struct sample {
    const char *bytes;
    int status;
    const char *body;
    bool keep;
    bool until_close; /* the body ends with the connection */
};

static const struct sample samples[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello\r\nyou\n", 200, "hello\r\nyou\n", true,
     false},
    {"HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", 200, "", true, false},
    {"HTTP/1.1 200\r\nCONTENT-LENGTH: \t 2 \t\r\n\r\nab", 200, "ab", true, false},
    {"HTTP/1.1 400 Bad Request\nContent-Length: 2\n\nab", 400, "ab", true, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab", 200, "ab", true, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: "
     "chunked\r\n\r\n5\r\nhello\r\n6\r\n\r\nyou\n\r\n0\r\n\r\n",
     200, "hello\r\nyou\n", true, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n00A;name=\"v\"\r\n0123456789\r\n"
     "a \r\n0123456789\r\n1\t; x\r\nz\r\n000;last\r\nTrailer: x\r\nOther: y\r\n\r\n",
     200, "01234567890123456789z", true, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, "", true, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: "
     "1\r\n\r\n2\r\nab\r\n0\r\n\r\n",
     200, "ab", false, false},
    {"HTTP/1.1 200 OK\r\nServer: x\r\n\r\nhello", 200, "hello", false, true},
    {"HTTP/1.1 200 OK\r\n\r\n", 200, "", false, true},
    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", 200, "a", false, false},
    {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\na", 200, "a", true,
     false},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", 200, "a", false, false},
    {"HTTP/1.1 200 OK\r\nConnection: upgrade, Close\r\nContent-Length: 1\r\n\r\na", 200, "a", false,
     false},
    {"HTTP/1.1 200 OK\r\nConnection: closed\r\nContent-Length: 1\r\n\r\na", 200, "a", true, false},
    {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", true, false},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n", 304, "", true, false},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: "
     "9\r\n\r\n"
     "HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nabc",
     201, "abc", true, false},
    {"HTTP/1.1 599 \r\nX-Empty:\r\nX-Odd:::a:b\r\nContent-Length: 0\r\n\r\n", 599, "", true, false},
};

#define SAMPLES (sizeof samples / sizeof samples[0])

static void expect(const struct sample *s, int result, size_t cut)
{
    if (s->until_close && result == TK_HTTP_MORE)
        result = tk_http_end(&h);
    if (result != TK_HTTP_DONE || h.status != s->status || h.keep != s->keep ||
        h.body_len != strlen(s->body) || strcmp(h.body, s->body) != 0)
        fail_msg("cut at %zu: result %d error %s status %d keep %d body \"%s\" of\n%s", cut, result,
                 tk_err_code(h.err), h.status, h.keep, h.body, s->bytes);
}

static void parses_responses(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++)
        expect(&samples[i], whole(samples[i].bytes), 0);
}

static void parses_pieces_of_every_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t len = strlen(samples[i].bytes);

        for (size_t step = 1; step <= len; step++) {
            begin();
            expect(&samples[i], feed(samples[i].bytes, len, step), step);
        }
    }
}

static void parses_two_pieces_split_at_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t len = strlen(samples[i].bytes);

        for (size_t cut = 1; cut < len; cut++) {
            begin();
            assert_int_equal(feed(samples[i].bytes, cut, cut), TK_HTTP_MORE);
            expect(&samples[i], feed(samples[i].bytes + cut, len - cut, len), cut);
        }
    }
}

/* Unless the body ends with the connection. */
static void reports_a_truncated_response(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t head = (size_t)(strstr(samples[i].bytes, "\n\r\n") - samples[i].bytes) + 3;
        size_t len = samples[i].until_close ? head : strlen(samples[i].bytes);

        for (size_t cut = 0; cut < len && samples[i].status != 400; cut++) {
            begin();
            assert_int_equal(feed(samples[i].bytes, cut, len), TK_HTTP_MORE);
            assert_int_equal(tk_http_end(&h), TK_HTTP_FAILED);
            assert_int_equal(h.err, TK_E_CONN_LOST);
        }
    }
}

static void stays_complete_when_the_connection_closes(void **state)
{
    (void)state;
    assert_int_equal(whole(samples[0].bytes), TK_HTTP_DONE);
    assert_int_equal(tk_http_end(&h), TK_HTTP_DONE);
    assert_false(h.keep);
    assert_string_equal(h.body, samples[0].body);
}

static void drops_bytes_after_the_end_and_the_connection(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        char more[400];

        if (samples[i].until_close)
            continue;
        snprintf(more, sizeof more, "%s\n", samples[i].bytes);
        assert_int_equal(whole(more), TK_HTTP_DONE);
        assert_false(h.keep);
        assert_string_equal(h.body, samples[i].body);
    }
}

static void reads_the_date(void **state)
{
    (void)state;
    assert_int_equal(whole("HTTP/1.1 302 Found\r\nDATE:Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                           "Location:https://h/x?y#z\r\nContent-Length: 0\r\n\r\n"),
                     TK_HTTP_DONE);
    assert_int_equal(h.date_unix, 784111777);
    assert_int_equal(
        whole("HTTP/1.1 200 OK\r\nDate: yesterday\r\nDated: x\r\nContent-Length: 0\r\n\r\n"),
        TK_HTTP_DONE);
    assert_int_equal(h.date_unix, 0);
}

static void ignores_fields_of_interim_responses(void **state)
{
    (void)state;
    assert_int_equal(whole("HTTP/1.0 103 Early\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                           "Location: https://h/\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"),
                     TK_HTTP_DONE);
    assert_int_equal(h.date_unix, 0);
    assert_string_equal(h.body, "ab");
    assert_true(h.keep);
}

/* Lines are kept up to a length; a cut value must not be used. */
static void ignores_values_that_were_cut(void **state)
{
    char response[1000];

    (void)state;
    for (int spaces = 0; spaces < 400; spaces++) {
        snprintf(response, sizeof response,
                 "HTTP/1.1 200 OK\r\nDate:%*sSun, 06 Nov 1994 08:49:37 GMT\r\n"
                 "Content-Length: 0\r\n\r\n",
                 spaces, "");
        assert_int_equal(whole(response), TK_HTTP_DONE);
        assert_true(h.date_unix == 784111777 || (h.date_unix == 0 && spaces > 50));
        snprintf(response, sizeof response, "HTTP/1.1 200 OK\r\nContent-Length:%*s0011\r\n\r\n%s",
                 spaces, "", "0123456789x");
        int result = whole(response);

        assert_true(result == (spaces > 50 ? result : TK_HTTP_DONE));
        if (result == TK_HTTP_DONE)
            assert_string_equal(h.body, "0123456789x");
    }
}

/* --- malformed responses --- */

static void expect_rejected(const char *response, size_t len, enum tk_err why)
{
    for (size_t step = len; step > 0; step = step == 1 ? 0 : 1) {
        begin();
        int result = feed(response, len, step);

        if (result != TK_HTTP_FAILED || h.err != why)
            fail_msg("result %d, error %s:\n%s", result, tk_err_code(h.err), response);
    }
}

static void rejects_malformed_heads(void **state)
{
    static const char *const rows[] = {
        "\r\n",
        " HTTP/1.1 200 OK\r\n",
        "HTTP/1.1\r\n",
        "HTTP/2 200\r\n",
        "HTTP/2.0 200 OK\r\n",
        "http/1.1 200 OK\r\n",
        "HTTP/1.x 200 OK\r\n",
        "HTTP/1.1  200 OK\r\n",
        "HTTP/1.1 20 OK\r\n",
        "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1 -20 OK\r\n",
        "HTTP/1.1 2x0 OK\r\n",
        "HTTP/1.1 099 OK\r\n",
        "HTTP/1.1 600 OK\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "<html>\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n folded: c\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n\tfolded: c\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n \r\nab", /* folded and empty */
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\t\t\r\nab",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_rejected(rows[i], strlen(rows[i]), TK_E_HTTP_MALFORMED);
    expect_rejected("HTTP/1.1 200 O\0K\r\n", 18, TK_E_HTTP_MALFORMED);
    expect_rejected("HTTP/1.1 200 OK\r\nA: b\0c\r\n", 25, TK_E_HTTP_MALFORMED);
}

static void rejects_wrong_lengths(void **state)
{
    static const char *const rows[] = {
        "Content-Length:",
        "Content-Length: ",
        "Content-Length: -1",
        "Content-Length: +1",
        "Content-Length: 0x10",
        "Content-Length: 1.5",
        "Content-Length: 1 1",
        "Content-Length: 2, 2",
        "Content-Length: 2;",
        "Content-Length: a",
        "Content-Length: 9223372036854775808",
        "Content-Length: 18446744073709551616",
        "Content-Length: 99999999999999999999999999999999999999999",
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: 0\r\nContent-Length: 3",
        "Transfer-Encoding:",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunkedx",
        "Transfer-Encoding: xchunked",
    };
    char response[200];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(response, sizeof response, "HTTP/1.1 200 OK\r\n%s\r\n\r\nab", rows[i]);
        expect_rejected(response, strlen(response), TK_E_HTTP_MALFORMED);
    }
}

/* A line that is too long must not be parsed by its beginning. */
static void rejects_lengths_that_were_cut(void **state)
{
    static const char *const names[] = {"Content-Length: 2", "Transfer-Encoding: chunked"};
    char response[1000];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (int spaces = 200; spaces < 300; spaces++) {
            snprintf(response, sizeof response, "HTTP/1.1 200 OK\r\n%s%*sx\r\n\r\n2\r\nab",
                     names[i], spaces, "");
            expect_rejected(response, strlen(response), TK_E_HTTP_MALFORMED);
        }
    }
}

static void rejects_malformed_chunks(void **state)
{
    static const char *const rows[] = {
        "\r\n",          "x\r\n",           "-1\r\nab",         "+1\r\nab",
        " 2\r\nab\r\n",  "0x2\r\nab\r\n",   "2,\r\nab\r\n",     ";\r\n",
        "100000000\r\n", "000000002\r\nab", "fffffffff\r\n",    "2\r\nabc\r\n",
        "2\r\nab3\r\n",  "2\r\nab\r\n\r\n", "2\r\nab\r\nz\r\n", "2\r\nab \r\n0\r\n\r\n",
    };
    char response[200];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(response, sizeof response,
                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s", rows[i]);
        expect_rejected(response, strlen(response), TK_E_HTTP_MALFORMED);
    }
}

/* --- limits --- */

static void limits_the_body_to_its_buffer(void **state)
{
    static const char *const heads[] = {
        "Content-Length: %d\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n%x\r\n", "A: %d\r\n\r\n"};
    char response[300];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (int len = ROOM - 2; len <= ROOM + 1; len++) {
            strcpy(response, "HTTP/1.1 200 OK\r\n");
            snprintf(response + 17, 100, heads[i], len);
            size_t head = strlen(response);

            memset(response + head, 'b', (size_t)len);
            strcpy(response + head + len, i == 1 ? "\r\n0\r\n\r\n" : "");
            if (len >= ROOM) {
                expect_rejected(response, strlen(response), TK_E_HTTP_TOO_LARGE);
                continue;
            }
            int result = whole(response);

            assert_int_equal(i == 2 ? tk_http_end(&h) : result, TK_HTTP_DONE);
            assert_int_equal(strspn(h.body, "b"), len);
        }
    }
}

static void joins_chunks(void **state)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    (void)state;
    begin();
    assert_int_equal(feed(head, strlen(head), 100), TK_HTTP_MORE);
    for (int i = 0; i < ROOM - 1; i++)
        assert_int_equal(feed("1\r\nb\r\n", 6, 6), TK_HTTP_MORE);
    assert_int_equal(h.body_len, ROOM - 1);
    assert_int_equal(feed("1\r\nb\r\n", 6, 6), TK_HTTP_FAILED);
    assert_int_equal(h.err, TK_E_HTTP_TOO_LARGE);
}

/* Repeats a piece until parsing fails; returns how often. */
static int repeat(const char *start, const char *piece, enum tk_err why)
{
    int count = 0;

    begin();
    assert_int_equal(feed(start, strlen(start), 100), TK_HTTP_MORE);
    while (count < 100000 && feed(piece, strlen(piece), 100) == TK_HTTP_MORE)
        count++;
    assert_int_equal(h.err, why);
    return count;
}

static void limits_every_part(void **state)
{
    static const char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    (void)state;
    assert_int_equal(repeat("HTTP/1.1 200 OK", "x", TK_E_HTTP_TOO_LARGE), 16384 - 15);
    assert_int_equal(repeat("", " ", TK_E_HTTP_TOO_LARGE), 16384);
    assert_in_range(repeat("HTTP/1.1 200 OK\r\n", "A: b\r\n", TK_E_HTTP_TOO_LARGE), 2700, 2731);
    assert_in_range(repeat("HTTP/1.1 200 OK\r\nA:", "b", TK_E_HTTP_TOO_LARGE), 16300, 16384);
    assert_int_equal(repeat("", "HTTP/1.1 100 C\r\n\r\n", TK_E_HTTP_MALFORMED), 8);
    assert_in_range(repeat(chunked, "0", TK_E_HTTP_TOO_LARGE), 16000, 16384);
    assert_in_range(repeat("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n",
                           TK_E_HTTP_TOO_LARGE),
                    2000, 2731);
}

static void survives_noise(void **state)
{
    uint32_t random = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char noise[220];

        random = random * 1664525 + 1013904223;
        strcpy(noise, samples[random % SAMPLES].bytes);
        for (int i = 0; i < 3; i++) {
            random = random * 1664525 + 1013904223;
            noise[(random >> 16) % strlen(noise)] = (char)((random >> 8 & 0x7f) | 1);
        }
        begin();
        if (feed(noise, strlen(noise), 1 + round % 50) == TK_HTTP_MORE)
            tk_http_end(&h);
        assert_true(h.body_len < ROOM && strlen(h.body) <= h.body_len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_responses),
        cmocka_unit_test(parses_pieces_of_every_size),
        cmocka_unit_test(parses_two_pieces_split_at_every_byte),
        cmocka_unit_test(reports_a_truncated_response),
        cmocka_unit_test(stays_complete_when_the_connection_closes),
        cmocka_unit_test(drops_bytes_after_the_end_and_the_connection),
        cmocka_unit_test(reads_the_date),
        cmocka_unit_test(ignores_fields_of_interim_responses),
        cmocka_unit_test(ignores_values_that_were_cut),
        cmocka_unit_test(rejects_malformed_heads),
        cmocka_unit_test(rejects_wrong_lengths),
        cmocka_unit_test(rejects_lengths_that_were_cut),
        cmocka_unit_test(rejects_malformed_chunks),
        cmocka_unit_test(limits_the_body_to_its_buffer),
        cmocka_unit_test(joins_chunks),
        cmocka_unit_test(limits_every_part),
        cmocka_unit_test(survives_noise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
