/* SPDX-License-Identifier: Apache-2.0 */

/* core/https/tk_https.c over a scripted TLS: bodies that are larger than a connection's buffer. */

#include "requests.h"
#include "tk_container.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\nabcdefghijklmnopqrstuvwxyz"

/* --- requests --- */

static uint32_t offsets[64];
static unsigned produced;
static size_t piece; /* bytes that a call gives; 0: all that fit */

static size_t produce(struct tk_request *r, uint32_t offset, char *out, size_t size)
{
    (void)r;
    if (produced < 64)
        offsets[produced++] = offset;
    size = piece > 0 && piece < size ? piece : size;
    for (size_t i = 0; i < size; i++)
        out[i] = (char)('A' + (offset + i) % 19);
    return size;
}

static uint32_t sum_of(uint32_t bytes)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < bytes; i++)
        sum = 31 * sum + (unsigned char)('A' + i % 19);
    return sum;
}

static void a_body_is_produced_in_pieces(void **state)
{
    static const struct {
        size_t piece, send_at_most;
    } cases[] = {{0, 0}, {1000, 0}, {1000, 7}, {2047, 2047}, {999, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_request x = {.name = "", .r = {.produce = produce, .body_len = 9000}};

        tls_fake.body_bytes = tls_fake.body_sum = produced = 0;
        piece = cases[i].piece;
        tls_fake.send_at_most = cases[i].send_at_most;
        submit(&x, "large", "a", TK_PRIORITY_CALL);
        run_for(SECOND);
        assert_int_equal(x.dones, 1);
        assert_int_equal(x.err, TK_OK);
        assert_int_equal(tls_fake.body_bytes, 9000);
        assert_int_equal(tls_fake.body_sum, sum_of(9000));
        assert_int_equal(offsets[0], 0);
    }
}

static size_t give_up(struct tk_request *r, uint32_t offset, char *out, size_t size)
{
    return offset < 3000 ? produce(r, offset, out, size) : 0;
}

static void a_producer_may_give_up(void **state)
{
    struct test_request x = {.name = "", .r = {.produce = give_up, .body_len = 9000}};

    (void)state;
    produced = 0;
    piece = 1000;
    submit(&x, "large", "a", TK_PRIORITY_CALL);
    run_for(SECOND);
    assert_int_equal(x.dones, 1);
    assert_int_equal(x.err, TK_E_CANCELLED);
    assert_true(x.r.sent);
    assert_int_equal(tls_fake.closed, 1); /* the server waits for the rest */
}

static void a_request_that_starts_over_is_produced_anew(void **state)
{
    struct test_request low[2] = {{.name = "", .r = {.produce = produce, .body_len = 4000}},
                                  {.name = ""}};
    struct test_request high = {.name = ""};

    (void)state;
    piece = 0;
    produced = 0;
    tls_fake.response_ms = SECOND;
    submit(&low[0], "low0", "a", TK_PRIORITY_CHECK);
    submit(&low[1], "low1", "b", TK_PRIORITY_CALL);
    run_for(100);
    unsigned before = produced;

    submit(&high, "high", "c", TK_PRIORITY_REFRESH);
    run_for(10 * SECOND);
    assert_int_equal(low[0].dones, 1);
    assert_int_equal(low[0].err, TK_OK);
    assert_int_equal(produced, 2 * before);
    assert_int_equal(offsets[before], 0);
}

/* --- responses --- */

struct reader {
    struct test_request x;
    size_t bytes;
    char text[64];
    unsigned pieces, pause_at; /* the piece of which it takes fewer bytes; 0: none */
    size_t takes;
    bool pauses;
    size_t enough; /* bytes after which it wants no more; 0: all */
};

static size_t read_body(struct tk_request *r, const struct tk_http *response, const char *data,
                        size_t len)
{
    struct reader *reader = TK_CONTAINER_OF(r, struct reader, x.r);

    assert_int_equal(response->status, 200);
    if (reader->pauses) { /* a part was taken, this is the rest */
        reader->pauses = false;
        return 0;
    }
    if (++reader->pieces == reader->pause_at) {
        len = reader->takes < len ? reader->takes : len - 1;
        reader->pauses = len > 0;
    }
    assert_true(reader->bytes + len < sizeof reader->text);
    memcpy(reader->text + reader->bytes, data, len);
    reader->bytes += len;
    if (reader->enough > 0 && reader->bytes >= reader->enough)
        return TK_TAKE_NONE;
    return len;
}

static void a_response_is_passed_on(void **state)
{
    struct reader reader = {.x = {.name = "", .r = {.on_body = read_body, .keepalive_ms = SECOND}}};

    (void)state;
    tls_fake.response = RESPONSE;
    submit(&reader.x, "call", "a", TK_PRIORITY_CALL);
    run_for(10);
    assert_ended(&reader.x, TK_OK, 0);
    assert_string_equal(reader.text, "abcdefghijklmnopqrstuvwxyz");
    assert_true(tk_https_is_warm(&https, &reader.x.r.host));
}

static void a_reader_ends_it(void **state)
{
    struct reader reader = {.x = {.name = "", .r = {.on_body = read_body, .keepalive_ms = SECOND}},
                            .enough = 3};

    (void)state;
    tls_fake.response = RESPONSE;
    submit(&reader.x, "call", "a", TK_PRIORITY_CALL);
    run_for(10);
    assert_int_equal(reader.x.dones, 1);
    assert_int_equal(reader.x.err, TK_E_CANCELLED);
    assert_false(tk_https_is_warm(&https, &reader.x.r.host));
}

/* In the first piece or in the second, whose bytes are split by chunks and by what one call of
 * tk_tls_recv reads. */
static void a_pause_holds_the_response(void **state)
{
    static const char chunks[] = "3\r\nabc\r\n5\r\ndefgh\r\n12\r\nijklmnopqrstuvwxyz\r\n0\r\n\r\n";
    char response[1024];

    (void)state;
    for (size_t i = 0; i < 2 * 3 * sizeof chunks; i++) {
        struct reader reader = {.x = {.name = "", .r = {.on_body = read_body}},
                                .pause_at = 1 + i % 2,
                                .takes = i / 2 % 3};

        sprintf(response, "HTTP/1.1 200 OK\r\nX: %0*d\r\nTransfer-Encoding: chunked\r\n\r\n%s",
                (int)(460 - sizeof chunks + i / 6), 0, chunks);
        tls_fake.response = response;
        submit(&reader.x, "call", "a", TK_PRIORITY_CALL);
        reader.x.r.deadline_ms = port.now_ms + 101 * SECOND;
        run_for(100 * SECOND);
        assert_int_equal(reader.x.dones, 0);
        assert_int_equal(reader.pieces, reader.pause_at);
        tk_https_resume(&reader.x.r);
        reader.x.r.deadline_ms = port.now_ms + SECOND;
        run_for(0);
        assert_int_equal(reader.x.dones, 1);
        assert_int_equal(reader.x.err, TK_OK);
        assert_string_equal(reader.text, "abcdefghijklmnopqrstuvwxyz");
    }
}

static void a_pause_ends_at_its_deadline(void **state)
{
    struct reader reader = {.x = {.name = "", .r = {.on_body = read_body}}, .pause_at = 1};

    (void)state;
    tls_fake.response = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    submit(&reader.x, "call", "a", TK_PRIORITY_CALL);
    reader.x.r.deadline_ms = port.now_ms + 100 * SECOND;
    run_for(99 * SECOND);
    assert_int_equal(reader.x.dones, 0);
    run_for(2 * SECOND);
    assert_int_equal(reader.x.dones, 1);
    assert_int_equal(reader.x.err, TK_E_TIMEOUT);
}

/* --- fields --- */

static void a_kept_connection_forgets_the_fields(void **state)
{
    static const struct tk_json_field field = {"next", 10};
    struct tk_json_fields *fields = malloc(sizeof *fields);
    struct test_request x = {.name = "", .r.fields = fields, .r.keepalive_ms = SECOND};

    (void)state;
    *fields = (struct tk_json_fields){.of = &field, .count = 1};
    tls_fake.response = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"next\":1}";
    submit(&x, "call", "a", TK_PRIORITY_CALL);
    run_for(0);
    assert_ended(&x, TK_OK, 0);
    assert_true(tk_https_is_warm(&https, &x.r.host));
    memset(fields, 0xff, sizeof *fields);
    free(fields);
    run_for(2 * SECOND);
    assert_false(tk_https_is_warm(&https, &x.r.host));
}

/* --- once --- */

static struct test_request low[2], high;

/* Both free connections are at work for what must not be repeated when something else needs one. */
static void run_beside_once(enum tk_priority priority)
{
    low[0] = low[1] = (struct test_request){.name = "", .r.once = true};
    high = (struct test_request){.name = ""};
    tls_fake.response_ms = SECOND;
    submit(&low[0], "low0", "a", TK_PRIORITY_CALL);
    submit(&low[1], "low1", "b", TK_PRIORITY_CALL);
    run_for(100);
    submit(&high, "high", "c", priority);
    run_for(10 * SECOND);
}

static void what_must_not_be_repeated_is_not_preempted(void **state)
{
    (void)state;
    run_beside_once(TK_PRIORITY_REFRESH);
    assert_ended(&low[0], TK_OK, SECOND);
    assert_ended(&low[1], TK_OK, SECOND);
    assert_ended(&high, TK_OK, 2 * SECOND);
}

static void an_exchange_ends_what_must_not_be_repeated(void **state)
{
    (void)state;
    run_beside_once(TK_PRIORITY_EXCHANGE);
    assert_ended(&high, TK_OK, SECOND + 100);
    assert_int_equal(low[0].dones + low[1].dones, 2);
    assert_int_equal(low[0].writes + low[1].writes, 2);
    assert_true(low[0].err == TK_E_CONN_LOST || low[1].err == TK_E_CONN_LOST);
}

int main(void)
{
#define TEST(name)        cmocka_unit_test_setup_teardown(name, https_begin, https_end)
#define TEST_OF_TWO(name) cmocka_unit_test_setup_teardown(name, https_begin_two, https_end)
    const struct CMUnitTest tests[] = {
        TEST(a_body_is_produced_in_pieces),
        TEST(a_producer_may_give_up),
        TEST_OF_TWO(a_request_that_starts_over_is_produced_anew),
        TEST(a_response_is_passed_on),
        TEST(a_reader_ends_it),
        TEST(a_pause_holds_the_response),
        TEST(a_pause_ends_at_its_deadline),
        TEST(a_kept_connection_forgets_the_fields),
        TEST_OF_TWO(what_must_not_be_repeated_is_not_preempted),
        TEST_OF_TWO(an_exchange_ends_what_must_not_be_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
