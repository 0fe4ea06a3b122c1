/* SPDX-License-Identifier: Apache-2.0 */

/* Random numbers from a board's simulated random source, which may fail. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "tk_bare.h"
#include "tk_board.h"
#include "tk_entropy.h"

enum { OUT = 48, LONG = MBEDTLS_HMAC_DRBG_MAX_REQUEST * 2 + 100 };

static struct tk_port port;

static struct {
    uint32_t next; /* the first word of the next answer */
    unsigned calls;
    bool fails;
    unsigned period; /* of its bytes, if it is stuck */
    unsigned breaks; /* ... but for each so-manieth byte; 0: none */
} source;

static uint8_t source_byte(size_t i)
{
    bool is_good = source.period == 0 || (source.breaks > 0 && i % source.breaks == 0);

    return (uint8_t)(is_good ? source.next++ * 2654435761u >> 24 : 0x5c + i % source.period);
}

bool tk_board_random(void *to, size_t len)
{
    source.calls++;
    if (source.fails)
        return false;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)to)[i] = source_byte(i);
    return true;
}

/* For the linker: mbedTLS's port refers to it. */
uint64_t tk_clock_now_ms(struct tk_port *of)
{
    (void)of;
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    memset(&source, 0, sizeof source);
    memset(&port, 0, sizeof port);
    tk_bare_seed_init(&port, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mbedtls_hmac_drbg_free(&port.drbg);
    return 0;
}

static void needs_no_seed(void **state)
{
    uint8_t first[OUT], second[OUT];

    (void)state;
    assert_int_equal(tk_entropy_get(&port, first, OUT), TK_ENTROPY_OK);
    assert_int_equal(tk_entropy_get(&port, second, OUT), TK_ENTROPY_OK);
    assert_memory_not_equal(first, second, OUT);
    assert_int_equal(tk_entropy_seed(&port, first, 32), TK_ENTROPY_HAS_SOURCE);
}

static void the_stream_depends_on_the_source(void **state)
{
    uint8_t first[OUT], second[OUT];

    assert_int_equal(tk_entropy_get(&port, first, OUT), TK_ENTROPY_OK);
    tear_down(state);
    uint32_t next = source.next;

    set_up(state);
    assert_int_equal(tk_entropy_get(&port, second, OUT), TK_ENTROPY_OK);
    assert_memory_equal(first, second, OUT); /* the same source, the same stream */
    tear_down(state);
    memset(&port, 0, sizeof port);
    source.next = next;
    tk_bare_seed_init(&port, NULL);
    assert_int_equal(tk_entropy_get(&port, second, OUT), TK_ENTROPY_OK);
    assert_memory_not_equal(first, second, OUT);
}

static void fills_long_requests(void **state)
{
    static uint8_t out[LONG + 1];
    unsigned zeros = 0;

    (void)state;
    memset(out, 0, sizeof out);
    assert_int_equal(tk_entropy_get(&port, out, LONG), TK_ENTROPY_OK);
    for (size_t i = LONG - 64; i < LONG; i++)
        zeros += out[i] == 0;
    assert_in_range(zeros, 0, 8);
    assert_int_equal(out[LONG], 0);
    assert_int_equal(tk_entropy_get(&port, out, 0), TK_ENTROPY_OK);
}

static void a_failing_source_is_not_seeded(void **state)
{
    uint8_t out[OUT], untouched[OUT];

    tear_down(state);
    source.fails = true;
    tk_bare_seed_init(&port, NULL);
    memset(out, 7, sizeof out);
    memset(untouched, 7, sizeof untouched);
    assert_int_equal(tk_entropy_get(&port, out, OUT), TK_ENTROPY_NOT_SEEDED);
    assert_memory_equal(out, untouched, OUT);
    source.fails = false;
    assert_int_equal(tk_entropy_get(&port, out, OUT), TK_ENTROPY_OK);
}

static void a_stuck_source_is_not_seeded(void **state)
{
    uint8_t out[OUT];

    for (unsigned period = 1; period <= 16; period *= 2) {
        tear_down(state);
        source.period = period;
        source.breaks = 0;
        tk_bare_seed_init(&port, NULL);
        assert_int_equal(tk_entropy_get(&port, out, OUT), TK_ENTROPY_NOT_SEEDED);
        source.breaks = period + TK_ENTROPY_RUN + 1; /* nearly stuck */
        assert_int_equal(tk_entropy_get(&port, out, OUT), TK_ENTROPY_NOT_SEEDED);
        source.breaks = TK_ENTROPY_RUN; /* bad, but that is not what this test finds */
        assert_int_equal(tk_entropy_get(&port, out, OUT), TK_ENTROPY_OK);
    }
}

static void a_source_that_fails_later_is_retried(void **state)
{
    uint8_t out[OUT];

    (void)state;
    mbedtls_hmac_drbg_set_reseed_interval(&port.drbg, 1);
    assert_int_equal(tk_entropy_get(&port, out, OUT), TK_ENTROPY_OK);
    source.fails = true;
    int ret = TK_ENTROPY_OK;

    for (int i = 0; i < 3 && ret == TK_ENTROPY_OK; i++)
        ret = tk_entropy_get(&port, out, OUT);
    assert_int_equal(ret, TK_ENTROPY_NOT_SEEDED);
    unsigned calls = source.calls;

    assert_int_equal(tk_entropy_get(&port, out, OUT), TK_ENTROPY_NOT_SEEDED);
    assert_true(source.calls > calls);
    source.fails = false;
    assert_int_equal(tk_entropy_get(&port, out, OUT), TK_ENTROPY_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(needs_no_seed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_stream_depends_on_the_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fills_long_requests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failing_source_is_not_seeded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stuck_source_is_not_seeded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_source_that_fails_later_is_retried, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
