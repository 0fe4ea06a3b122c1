/* SPDX-License-Identifier: Apache-2.0 */

/* HTTP responses, split at every byte, and malformed ones. */

#include "tk_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOM 128

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

/* --- a listener --- */

struct listener {
    size_t bytes;
    uint32_t sum;
    size_t enough; /* bytes after which it ends the response */
};

static size_t hear(void *ctx, const struct tk_http *http, const char *data, size_t len)
{
    struct listener *l = ctx;

    assert_true(tk_http_has_head(http));
    assert_int_equal(http->status, 200);
    for (size_t i = 0; i < len; i++)
        l->sum = 31 * l->sum + (unsigned char)data[i];
    l->bytes += len;
    return l->bytes < l->enough ? len : SIZE_MAX;
}

static void begin(void)
{
    memset(body, '#', sizeof body);
    tk_http_begin(&h, body, sizeof body);
    assert_string_equal(h.body, "");
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
    {"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab", 200, "ab", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length:\r\n 0000000000000000000000002\r\n\r\nab", 200, "ab", true,
     false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 01000000000000000000\r\n\r\nab", 200, "ab", false, true},
    {"HTTP/1.1 200 OK\r\nX: default-src 'self';\r\n  script-src\r\n\t\r\nContent-Length: "
     "2\r\n\r\nab",
     200, "ab", true, false},
    {"HTTP/1.1 200 OK\r\n A: b\r\nno colon\r\nConnection : close\r\nContent-Length: 2\r\n\r\nab",
     200, "ab", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\nab", 200, "ab", false, true},
    {"\r\n\r\nHTTP/1.2  999\tOdd\r\nContent-Length: 2\r\r\n\r\r\nab", 999, "ab", true, false},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive\r\nContent-Length: "
     "1\r\n\r\na",
     200, "a", false, false},
    {"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nConnection: ;, x;y, close\r\nContent-Length: "
     "1\r\n\r\na",
     200, "a", false, false},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
     "1\r\na\r\n0\r\n\r\n",
     200, "a", false, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\nab", 200, "ab",
     false, true},
    {"HTTP/1.1 200 OK\r\nContent-Length: x\r\nTransfer-Encoding: ,chunked\r\n\r\n"
     "1;a=\"b;c\"\na\n0\n\n",
     200, "a", true, false},
    {"http/2 200\r\nContent-Length: 1\r\n\r\na", 200, "a", false, false},
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
            if (tk_http_end(&h) == TK_HTTP_FAILED)
                assert_int_equal(h.err, TK_E_CONN_LOST);
            else /* the last chunk has come, not all of the trailer (RFC 9112 8) */
                assert_true(h.is_chunked && strcmp(h.body, samples[i].body) == 0);
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

/* A field must fit the buffer; a cut value must not be used. */
static void ignores_fields_that_do_not_fit(void **state)
{
    char response[1000];

    (void)state;
    for (int spaces = 0; spaces < 400; spaces++) {
        snprintf(response, sizeof response,
                 "HTTP/1.1 200 OK\r\nDate:%*sSun, 06 Nov 1994 08:49:37 GMT\r\n"
                 "Content-Length: 0\r\n\r\n",
                 spaces, "");
        assert_int_equal(whole(response), TK_HTTP_DONE);
        assert_int_equal(h.date_unix, spaces + 35 < ROOM ? 784111777 : 0);
        snprintf(response, sizeof response, "HTTP/1.1 200 OK\r\nContent-Length:%*s0011\r\n\r\n%s",
                 spaces, "", "0123456789x");
        int result = whole(response);

        assert_int_equal(result, spaces + 20 < ROOM ? TK_HTTP_DONE : TK_HTTP_MORE);
        assert_string_equal(h.body, "0123456789x");
        assert_false(h.is_cut);
    }
}

/* The rest of a long reason phrase is dropped. */
static void keeps_the_status_of_a_line_that_does_not_fit(void **state)
{
    char response[1000];

    (void)state;
    snprintf(response, sizeof response, "HTTP/1.1 503 %0400d\r\nA: b\r\nContent-Length: 1\r\n\r\na",
             0);
    assert_int_equal(whole(response), TK_HTTP_DONE);
    assert_int_equal(h.status, 503);
    assert_string_equal(h.body, "a");
    assert_false(h.is_cut);
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
        " HTTP/1.1 200 OK\r\n",
        "HTTP/1.1\r\n",
        "HTTP/1.x 200 OK\r\n",
        "HTTP/x 200 OK\r\n",
        "HTTP/ 200 OK\r\n",
        "HTTP/1.1 20 OK\r\n",
        "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1 -20 OK\r\n",
        "HTTP/1.1 2x0 OK\r\n",
        "HTTP/1.1 099 OK\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "<html>\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_rejected(rows[i], strlen(rows[i]), TK_E_HTTP_MALFORMED);
        assert_false(tk_http_has_head(&h));
    }
}

/* Status and fields have been read. */
static void rejects_lengths_without_a_number(void **state)
{
    static const char *const rows[] = {"", " ", "\t", "-1", "++1", "a", "=1", "\"1\"", ",1"};
    char response[200];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(response, sizeof response,
                 "HTTP/1.1 503 Busy\r\nContent-Length:%s\r\nRetry-After: 7\r\n\r\nab", rows[i]);
        expect_rejected(response, strlen(response), TK_E_HTTP_MALFORMED);
        assert_true(tk_http_has_head(&h));
        assert_int_equal(h.status, 503);
        assert_int_equal(tk_http_retry_after_s(&h, 0), 7);
        assert_string_equal(h.body, "");
    }
}

static void rejects_malformed_chunks(void **state)
{
    static const char *const rows[] = {
        "\r\n",
        "x\r\n",
        "-1\r\nab",
        "+1\r\nab",
        " 2\r\nab\r\n",
        ";\r\n",
        "100000000\r\n",
        "fffffffff\r\n",
        "2\r\nabc\r\n",
        "2\r\nab3\r\n",
        "2\r\nab\r\n\r\n",
        "2\r\nab\r\nz\r\n",
        "2\r\nab \r\n0\r\n\r\n",
    };
    char response[200];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(response, sizeof response,
                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s", rows[i]);
        expect_rejected(response, strlen(response), TK_E_HTTP_MALFORMED);
        assert_true(tk_http_has_head(&h));
    }
}

/* --- limits --- */

/* The rest is read past, and the connection kept. */
static void keeps_what_fits_of_the_body(void **state)
{
    static const char *const heads[] = {
        "Content-Length: %d\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n%x\r\n", "A: %d\r\n\r\n"};
    char response[ROOM + 100];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (int len = ROOM - 2; len <= ROOM + 1; len++) {
            strcpy(response, "HTTP/1.1 200 OK\r\n");
            snprintf(response + 17, 100, heads[i], len);
            size_t head = strlen(response);

            memset(response + head, 'b', (size_t)len);
            strcpy(response + head + len, i == 1 ? "\r\n0\r\n\r\n" : "");
            int result = whole(response);

            assert_int_equal(i == 2 ? tk_http_end(&h) : result, TK_HTTP_DONE);
            assert_int_equal(h.is_cut, len >= ROOM);
            assert_int_equal(h.length, len);
            assert_int_equal(h.keep, i != 2);
            assert_int_equal(h.body_len, len < ROOM ? len : ROOM - 1);
            assert_int_equal(strspn(h.body, "b"), h.body_len);
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
    assert_false(h.is_cut);
    assert_int_equal(feed("1\r\nb\r\n", 6, 6), TK_HTTP_MORE);
    assert_true(h.is_cut);
    assert_int_equal(feed("0\r\n\r\n", 5, 5), TK_HTTP_DONE);
    assert_int_equal(h.length, ROOM);
}

/* Repeats a piece until the result is this one; returns how often. */
static int repeat(const char *start, const char *piece, int result)
{
    int count = 0, now;

    begin();
    assert_int_equal(feed(start, strlen(start), 100), TK_HTTP_MORE);
    while (count < 1000000 && (now = feed(piece, strlen(piece), 100)) == TK_HTTP_MORE)
        count++;
    assert_int_equal(now, result);
    return count;
}

#define HEAD_MAX 307200
#define BODY_MAX 65536

static void limits_the_head(void **state)
{
    static const char *const rows[][2] = {{"HTTP/1.1 200 OK", "x"},
                                          {"", " "},
                                          {"", "\r\n"},
                                          {"", "HTTP/1.1 100 C\r\n\r\n"},
                                          {"HTTP/1.1 200 OK\r\n", "A: b\r\n"},
                                          {"HTTP/1.1 200 OK\r\nA:", "b"},
                                          {"HTTP/1.1 200 OK\r\nA:", "\r\n b"}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t bytes = (size_t)repeat(rows[i][0], rows[i][1], TK_HTTP_FAILED) * strlen(rows[i][1]);

        assert_int_equal(h.err, TK_E_HTTP_TOO_LARGE);
        assert_in_range(strlen(rows[i][0]) + bytes, HEAD_MAX - 20, HEAD_MAX);
    }
}

/* Status and the beginning of the body count. */
static void limits_what_it_reads_past(void **state)
{
    static const char *const rows[][2] = {
        {"Content-Length: 1000000\r\n\r\na", "b"},
        {"\r\na", "b"},
        {"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n", "1\r\nb\r\n"},
        {"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n", "0"},
        {"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1;", "x"},
        {"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", "A: b\r\n"}};
    char start[100];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(start, sizeof start, "HTTP/1.1 503 Busy\r\n%s", rows[i][0]);
        size_t bytes = (size_t)repeat(start, rows[i][1], TK_HTTP_DONE) * strlen(rows[i][1]);

        assert_in_range(bytes, BODY_MAX - 20, BODY_MAX);
        assert_int_equal(h.status, 503);
        assert_int_equal(h.body[0], 'a');
        assert_true(h.is_cut && !h.keep);
    }
}

static void survives_noise(void **state)
{
    uint32_t random = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char noise[400];

        random = random * 1664525 + 1013904223;
        strcpy(noise, samples[random % SAMPLES].bytes);
        for (int i = 0; i < 3; i++) {
            random = random * 1664525 + 1013904223;
            noise[(random >> 16) % strlen(noise)] = (char)((random >> 8 & 0x7f) | 1);
        }
        begin();
        if (feed(noise, strlen(noise), 1 + round % 50) == TK_HTTP_MORE)
            tk_http_end(&h);
        assert_true(h.body_len < ROOM);
        assert_true(!tk_http_has_head(&h) || strlen(h.body) <= h.body_len);
    }
}

static unsigned count_secret(void)
{
    unsigned count = 0;

    for (size_t i = 0; i < sizeof body; i++)
        count += body[i] == 'S';
    return count;
}

/* Bodies, values that were picked, and lines of a head, also unfinished ones. */
static void wiping_leaves_nothing_of_a_response(void **state)
{
    static const struct tk_json_field token = {"token", 20};
    static const struct tk_json_fields fields = {.of = &token, .count = 1};
    static const char *const rows[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nSSSSSS",
        "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nSSSSSS",
        "HTTP/1.1 200 OK\r\nSet-Cookie: SSSSSSSSSSSS",
        "HTTP/1.1 200 OK\r\nSet-Cookie: SSSSSSSSSSSSSSSSSSSSSSSS\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"token\":\"SSSSSSSS\"}",
        "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"token\":\"SSSS"};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        begin();
        h.fields = i % 2 == 0 ? NULL : &fields;
        (void)feed(rows[i / 2], strlen(rows[i / 2]), 1000);
        assert_true(count_secret() > 0);
        tk_http_wipe(&h);
        assert_int_equal(count_secret(), 0);
    }
}

/* --- content that is passed on --- */

enum { LONG_CONTENT = 300000, PIECES = 1500 };

/* Of LONG_CONTENT bytes, in chunks of that many; 0: as a whole. Returns the length. */
static size_t write_long(char *out, size_t chunk)
{
    char *at = out;

    at += sprintf(at, "HTTP/1.1 200 OK\r\n");
    if (chunk == 0)
        at += sprintf(at, "Content-Length: %d\r\n\r\n", LONG_CONTENT);
    else
        at += sprintf(at, "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < LONG_CONTENT; i++) {
        if (chunk > 0 && i % chunk == 0)
            at += sprintf(at, "%s%zx\r\n", i == 0 ? "" : "\r\n", chunk);
        *at++ = (char)('a' + i % 23);
    }
    if (chunk > 0)
        at += sprintf(at, "\r\n0\r\n\r\n");
    return (size_t)(at - out);
}

static uint32_t sum_of_long(void)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < LONG_CONTENT; i++)
        sum = 31 * sum + (unsigned char)('a' + i % 23);
    return sum;
}

static void content_of_any_length_is_passed_on(void **state)
{
    static const size_t chunks[] = {0, 1, 8, 30000};
    char *response = malloc(8 * LONG_CONTENT);

    (void)state;
    assert_non_null(response);
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        struct listener l = {.enough = SIZE_MAX};
        size_t len = write_long(response, chunks[i]);

        begin();
        h.on_content = hear;
        h.ctx = &l;
        assert_int_equal(feed(response, len, PIECES), TK_HTTP_DONE);
        assert_int_equal(l.bytes, LONG_CONTENT);
        assert_int_equal(l.sum, sum_of_long());
        assert_true(h.keep);
        assert_true(h.is_cut); /* what the buffer keeps */
    }
    free(response);
}

static void a_listener_ends_the_response(void **state)
{
    struct listener l = {.enough = 5};

    (void)state;
    begin();
    h.on_content = hear;
    h.ctx = &l;
    assert_int_equal(feed("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n012345678", 48, 3),
                     TK_HTTP_FAILED);
    assert_int_equal(h.err, TK_E_CANCELLED);
    assert_in_range(l.bytes, 5, 7);
}

/* An interim response has no content; its successor's is heard. */
static void an_interim_response_keeps_the_listener(void **state)
{
    struct listener l = {.enough = SIZE_MAX};
    static const char response[] = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                                   "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";

    (void)state;
    begin();
    h.on_content = hear;
    h.ctx = &l;
    assert_int_equal(feed(response, sizeof response - 1, 5), TK_HTTP_DONE);
    assert_int_equal(l.bytes, 3);
}

/* Between pieces of content too much framing is malice. */
static void framing_without_content_is_limited(void **state)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1;";
    struct listener l = {.enough = SIZE_MAX};
    int result = TK_HTTP_MORE;

    (void)state;
    begin();
    h.on_content = hear;
    h.ctx = &l;
    result = feed(head, sizeof head - 1, sizeof head);
    for (int i = 0; result == TK_HTTP_MORE && i < 100000; i++)
        result = tk_http_feed(&h, "x", 1);
    assert_int_equal(result, TK_HTTP_DONE);
    assert_true(h.is_cut);
    assert_false(h.keep);
    assert_int_equal(l.bytes, 1);
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
        cmocka_unit_test(ignores_fields_that_do_not_fit),
        cmocka_unit_test(keeps_the_status_of_a_line_that_does_not_fit),
        cmocka_unit_test(rejects_malformed_heads),
        cmocka_unit_test(rejects_lengths_without_a_number),
        cmocka_unit_test(rejects_malformed_chunks),
        cmocka_unit_test(keeps_what_fits_of_the_body),
        cmocka_unit_test(joins_chunks),
        cmocka_unit_test(limits_the_head),
        cmocka_unit_test(limits_what_it_reads_past),
        cmocka_unit_test(survives_noise),
        cmocka_unit_test(wiping_leaves_nothing_of_a_response),
        cmocka_unit_test(content_of_any_length_is_passed_on),
        cmocka_unit_test(a_listener_ends_the_response),
        cmocka_unit_test(an_interim_response_keeps_the_listener),
        cmocka_unit_test(framing_without_content_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
