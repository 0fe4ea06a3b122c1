/* SPDX-License-Identifier: Apache-2.0 */

/* port/baremetal on a simulated machine: its counter, interrupts, sleep, and flash that tears. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tk_arch.h"
#include "tk_bare.h"
#include "tk_board.h"
#include "tk_console_io.h"
#include "tk_entropy.h"
#include "tk_sim_flash.h"
#include "tk_sock.h"

enum { SECOND = 1000, TICKS = 50000, LINE = 1023 + 2, STALL_BYTES = 23041 /* 2 s at 86.8 us */ };

const uint32_t tk_board_ticks_per_ms = TICKS;
const uint32_t tk_board_alarm_max = 20000u * TICKS;

static struct tk_port port;

static struct {
    uint64_t ticks;
    uint32_t alarm; /* 0: none */
    unsigned masked;
    uint64_t byte_at; /* the UART interrupts at that tick; 0: it does not */
    unsigned room;    /* of the UART, in bytes */
    bool wants_room;
} machine;

uint32_t tk_board_ticks(void)
{
    return (uint32_t)machine.ticks;
}

void tk_board_alarm(uint32_t ticks)
{
    assert_in_range(ticks, 1, tk_board_alarm_max);
    machine.alarm = ticks;
}

bool tk_board_put(uint8_t byte)
{
    (void)byte;
    return machine.room > 0 && machine.room-- > 0;
}

void tk_board_enable_tx_interrupt(void)
{
    machine.wants_room = true;
}

uint32_t tk_arch_mask(void)
{
    return machine.masked++;
}

void tk_arch_unmask(uint32_t before)
{
    machine.masked = before;
}

/* The interrupt is handled at once, and not when interrupts are enabled again. */
void tk_arch_sleep(void)
{
    assert_int_not_equal(machine.masked, 0);
    assert_int_not_equal(machine.alarm, 0);
    uint64_t end = machine.ticks + machine.alarm;

    if (machine.byte_at != 0 && machine.byte_at < end) {
        machine.ticks = machine.byte_at;
        machine.byte_at = 0;
        tk_bare_received(&port, 'x');
        return;
    }
    machine.ticks = end;
    machine.alarm = 0;
}

static int set_up(void **state)
{
    (void)state;
    memset(&machine, 0, sizeof machine);
    memset(&port, 0, sizeof port);
    machine.ticks = 0xFFFF0000u; /* shortly before a wrap */
    port.seen_ticks = tk_board_ticks();
    return 0;
}

/* --- time --- */

static void the_clock_counts_across_wraps(void **state)
{
    uint64_t start = machine.ticks;

    (void)state;
    for (uint64_t i = 0; i < 100000; i++) {
        machine.ticks += 12345 + i * 17 % 1999999;
        assert_int_equal(tk_clock_now_ms(&port), (machine.ticks - start) / TICKS);
    }
}

/* Around 2^31 and 2^32, in steps of one tick up to nearly a whole wrap. */
static void the_clock_is_right_at_each_edge_of_its_counter(void **state)
{
    static const uint32_t starts[] = {0, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFF};
    static const uint32_t steps[] = {1, TICKS - 1, TICKS, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};

    (void)state;
    for (size_t i = 0; i < 30; i++) {
        uint64_t start = starts[i % 5];

        machine.ticks = start;
        port.seen_ticks = (uint32_t)start;
        port.now_ms = 0;
        machine.ticks += steps[i / 5];
        assert_int_equal(tk_clock_now_ms(&port), (machine.ticks - start) / TICKS);
        machine.ticks += TICKS; /* the remainder counts */
        assert_int_equal(tk_clock_now_ms(&port), (machine.ticks - start) / TICKS);
        machine.ticks += 0xFFFFFFFF - TICKS;
        assert_int_equal(tk_clock_now_ms(&port), (machine.ticks - start) / TICKS);
    }
}

static void a_sleep_ends_at_its_deadline_after_one_alarm(void **state)
{
    (void)state;
    tk_wait(&port, 10 * SECOND);
    assert_int_equal(tk_clock_now_ms(&port), 10 * SECOND);
    assert_int_equal(port.wakes, 1);
}

static void a_sleep_longer_than_the_alarm_continues(void **state)
{
    (void)state;
    tk_wait(&port, 65 * SECOND);
    assert_int_equal(tk_clock_now_ms(&port), 65 * SECOND);
    assert_int_equal(port.wakes, 4);
}

static void a_deadline_that_has_passed_does_not_sleep(void **state)
{
    (void)state;
    machine.ticks += TICKS * 5;
    tk_wait(&port, 4);
    assert_int_equal(port.wakes, 0);
}

static void an_interrupt_ends_a_sleep(void **state)
{
    (void)state;
    machine.byte_at = machine.ticks + 3 * SECOND * (uint64_t)TICKS;
    tk_wait(&port, UINT64_MAX);
    assert_int_equal(tk_clock_now_ms(&port), 3 * SECOND);
    tk_wait(&port, 5 * SECOND);
    assert_int_equal(tk_clock_now_ms(&port), 5 * SECOND);
}

static void a_wake_up_before_the_sleep_is_not_lost(void **state)
{
    (void)state;
    tk_bare_received(&port, 'x');
    tk_wait(&port, UINT64_MAX);
    assert_int_equal(port.wakes, 0);
}

static uint64_t work_at_ms, worked;

static uint64_t work(struct tk_port *p, bool *news)
{
    uint64_t now_ms = tk_clock_now_ms(p);

    if (now_ms < work_at_ms)
        return work_at_ms;
    worked++;
    work_at_ms = now_ms + 2 * SECOND;
    *news = worked == 3;
    return work_at_ms;
}

static void background_work_runs_until_it_has_news(void **state)
{
    (void)state;
    work_at_ms = 2 * SECOND;
    worked = 0;
    port.work = work;
    tk_wait(&port, 60 * SECOND);
    assert_int_equal(worked, 3);
    assert_int_equal(tk_clock_now_ms(&port), 6 * SECOND);
}

/* --- the console --- */

static int read_all(char *to, size_t size)
{
    int n, len = 0;

    while ((n = tk_console_read(&port, 0, to + len, size - (size_t)len)) > 0)
        len += n;
    assert_true(n == 0 || len == 0 || n == TK_CONSOLE_OVERRUN);
    return n < 0 ? n : len;
}

static void a_line_received_during_a_stall_is_complete(void **state)
{
    char line[2 * LINE], got[4 * LINE];

    (void)state;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < LINE; i++) {
            line[i] = (char)(round + i * 7);
            tk_bare_received(&port, (uint8_t)line[i]);
        }
        assert_int_equal(read_all(got, sizeof got), LINE);
        assert_memory_equal(got, line, LINE);
    }
    assert_int_equal(port.rx.overruns, 0);
}

static void an_overrun_is_reported_once_where_it_happened(void **state)
{
    char got[2 * TK_BARE_LINE];
    int n;

    (void)state;
    for (int i = 0; i < STALL_BYTES; i++)
        tk_bare_received(&port, (uint8_t)i);
    n = tk_console_read(&port, 0, got, sizeof got);
    assert_int_equal(n, TK_BARE_LINE - 1);
    for (int i = 0; i < n; i++)
        assert_int_equal((uint8_t)got[i], (uint8_t)i);
    tk_bare_received(&port, 'y'); /* of the torn line */
    assert_int_equal(tk_console_read(&port, 0, got, sizeof got), TK_CONSOLE_OVERRUN);
    assert_int_equal(tk_console_read(&port, 0, got, sizeof got), 0);
    tk_bare_received(&port, 'z');
    assert_int_equal(tk_console_read(&port, 0, got, sizeof got), 1);
    assert_int_equal(got[0], 'z');
}

static void there_is_one_console_line(void **state)
{
    char byte = 0;

    (void)state;
    assert_int_equal(tk_console_read(&port, 1, &byte, 1), TK_CONSOLE_CLOSED);
    assert_int_equal(tk_console_write(&port, 1, &byte, 1), TK_CONSOLE_CLOSED);
}

static void a_full_uart_enables_its_transmit_interrupt(void **state)
{
    (void)state;
    machine.room = 5;
    assert_int_equal(tk_console_write(&port, 0, "abc", 3), 3);
    assert_false(machine.wants_room);
    assert_int_equal(tk_console_write(&port, 0, "defg", 4), 2);
    assert_true(machine.wants_room);
}

/* --- the seed --- */

enum { OUT = 16, OUTS = 1000 };

static struct tk_sim_flash flash;
static uint8_t outs[OUTS][OUT];
static size_t out_count;

static int set_up_seed(void **state)
{
    set_up(state);
    out_count = 0;
    tk_sim_flash_init(&flash, 2048, 2, 64);
    return 0;
}

static int tear_down_seed(void **state)
{
    (void)state;
    mbedtls_hmac_drbg_free(&port.drbg);
    tk_sim_flash_free(&flash);
    return 0;
}

/* At the same tick each time, so that only the seed differs. */
static bool boot(void)
{
    mbedtls_hmac_drbg_free(&port.drbg);
    set_up(NULL);
    tk_bare_seed_init(&port, &flash.flash);
    return port.seeded;
}

/* Random bytes must not repeat those of an earlier boot. */
static void draw_unique(void)
{
    uint8_t *out = outs[out_count];

    assert_true(out_count < OUTS);
    assert_int_equal(tk_entropy_get(&port, out, OUT), TK_ENTROPY_OK);
    for (size_t i = 0; i < out_count; i++)
        assert_memory_not_equal(out, outs[i], OUT);
    out_count++;
}

static void enter_seed(void)
{
    assert_int_equal(tk_entropy_seed(&port, "0123456789abcdef0123456789abcdef", 32), TK_ENTROPY_OK);
}

static void without_a_seed_there_are_no_random_numbers(void **state)
{
    uint8_t buf[OUT] = {7};

    (void)state;
    assert_false(boot());
    assert_int_equal(tk_entropy_get(&port, buf, sizeof buf), TK_ENTROPY_NOT_SEEDED);
    assert_int_equal(buf[0], 7);
    assert_int_equal(flash.operations, 0);
}

static void a_seed_is_needed_once(void **state)
{
    (void)state;
    (void)boot();
    enter_seed();
    draw_unique();
    for (int i = 0; i < 100; i++) {
        assert_true(boot());
        draw_unique();
        draw_unique();
    }
    assert_int_equal(flash.violations, 0);
}

static void the_same_seed_entered_twice_gives_other_numbers(void **state)
{
    (void)state;
    (void)boot();
    enter_seed();
    draw_unique();
    enter_seed();
    draw_unique();
}

/* In each flash operation of a boot, torn in each way, and again in the next boot. */
static void a_power_cut_loses_no_seed_and_repeats_none(void **state)
{
    (void)state;
    (void)boot();
    enter_seed();
    draw_unique();
    for (unsigned cut = 1; cut <= 4; cut++) {
        for (unsigned again = 1; again <= 4; again++) {
            for (int torn = 0; torn < 12; torn++) {
                flash.torn_program = (enum tk_sim_torn_program)(torn % 4);
                flash.torn_erase = (enum tk_sim_torn_erase)(torn % 3);
                flash.cut_at = flash.operations + cut;
                assert_false(boot());
                tk_sim_flash_power_on(&flash);
                flash.cut_at = flash.operations + again;
                assert_false(boot());
                tk_sim_flash_power_on(&flash);
                assert_true(boot());
                draw_unique();
            }
        }
    }
    assert_int_equal(flash.violations, 0);
}

static void a_damaged_copy_is_replaced_by_the_other(void **state)
{
    (void)state;
    (void)boot();
    enter_seed();
    for (uint32_t sector = 0; sector < 2; sector++) {
        for (uint32_t byte = 0; byte < 52; byte++) {
            flash.bytes[sector * 2048 + byte] ^= 0x10;
            assert_true(boot());
            draw_unique();
        }
    }
}

static void two_damaged_copies_need_a_new_seed(void **state)
{
    (void)state;
    (void)boot();
    enter_seed();
    flash.bytes[10] ^= 1;
    flash.bytes[2048 + 40] ^= 1;
    assert_false(boot());
    enter_seed();
    draw_unique();
}

static void a_seed_that_cannot_be_stored_is_not_used(void **state)
{
    (void)state;
    (void)boot();
    enter_seed();
    flash.fail_at = flash.operations + 2;
    assert_int_equal(tk_entropy_seed(&port, "0123456789abcdef0123456789abcdef", 32),
                     TK_ENTROPY_NOT_SEEDED);
    assert_int_equal(tk_entropy_get(&port, outs[0], OUT), TK_ENTROPY_NOT_SEEDED);
}

static void requests_of_any_length_are_filled(void **state)
{
    static uint8_t buf[5000], blank[64];

    (void)state;
    (void)boot();
    enter_seed();
    assert_int_equal(tk_entropy_get(&port, buf, sizeof buf), TK_ENTROPY_OK);
    for (size_t i = 0; i + sizeof blank <= sizeof buf; i += sizeof blank)
        assert_memory_not_equal(buf + i, blank, sizeof blank);
    assert_int_equal(tk_entropy_get(&port, buf, 0), TK_ENTROPY_OK);
}

int main(void)
{
#define BARE(name) cmocka_unit_test_setup(name, set_up)
#define SEED(name) cmocka_unit_test_setup_teardown(name, set_up_seed, tear_down_seed)
    const struct CMUnitTest tests[] = {
        BARE(the_clock_counts_across_wraps),
        BARE(the_clock_is_right_at_each_edge_of_its_counter),
        BARE(a_sleep_ends_at_its_deadline_after_one_alarm),
        BARE(a_sleep_longer_than_the_alarm_continues),
        BARE(a_deadline_that_has_passed_does_not_sleep),
        BARE(an_interrupt_ends_a_sleep),
        BARE(a_wake_up_before_the_sleep_is_not_lost),
        BARE(background_work_runs_until_it_has_news),
        BARE(a_line_received_during_a_stall_is_complete),
        BARE(an_overrun_is_reported_once_where_it_happened),
        BARE(there_is_one_console_line),
        BARE(a_full_uart_enables_its_transmit_interrupt),
        SEED(without_a_seed_there_are_no_random_numbers),
        SEED(a_seed_is_needed_once),
        SEED(the_same_seed_entered_twice_gives_other_numbers),
        SEED(a_power_cut_loses_no_seed_and_repeats_none),
        SEED(a_damaged_copy_is_replaced_by_the_other),
        SEED(two_damaged_copies_need_a_new_seed),
        SEED(a_seed_that_cannot_be_stored_is_not_used),
        SEED(requests_of_any_length_are_filled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
