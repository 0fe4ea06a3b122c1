/* SPDX-License-Identifier: Apache-2.0 */

/* A board's serial line from the UART interrupt to the answer, while the processor is busy with a
 * handshake: bytes come every 86.8 us, and the main loop does not run for 2 s. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tk_arch.h"
#include "tk_bare.h"
#include "tk_board.h"
#include "tk_device.h"
#include "tk_mbedtls.h"
#include "tk_sim_flash.h"
#include "tokenkeeper.h"

enum {
    TICKS_PER_MS = 50000,
    BYTE = 4340, /* ticks for one at 115200 baud: 86.8 us */
    STALL = 2000,
    DIGITS = 1008, /* of base64: a line of nearly 1023 characters */
    STREAM = 2000 * TICKS_PER_MS / BYTE
};

const uint32_t tk_board_ticks_per_ms = TICKS_PER_MS;
const uint32_t tk_board_alarm_max = 20000u * TICKS_PER_MS;

static struct tk_port port;
static struct tk_keeper keeper;
static struct tk_sim_flash flash;
static char output[65536];
static size_t output_len;

static struct {
    uint64_t ticks;
    const char *bytes; /* still to be received */
    uint64_t next_at;  /* the tick of the first of them */
} machine;

/* --- the machine --- */

uint32_t tk_board_ticks(void)
{
    return (uint32_t)machine.ticks;
}

void tk_board_alarm(uint32_t ticks)
{
    (void)ticks;
}

bool tk_board_put(uint8_t byte)
{
    assert_true(output_len + 1 < sizeof output);
    output[output_len++] = (char)byte;
    output[output_len] = '\0';
    return true;
}

void tk_board_enable_tx_interrupt(void)
{
}

uint32_t tk_arch_mask(void)
{
    return 0;
}

void tk_arch_unmask(uint32_t before)
{
    (void)before;
}

void tk_arch_sleep(void)
{
}

const char *tk_device_id(struct tk_port *p)
{
    (void)p;
    return "line-0001";
}

void tk_device_reboot(struct tk_port *p)
{
    (void)p;
    fail();
}

uint32_t tk_device_feed_watchdog(struct tk_port *p)
{
    (void)p;
    return UINT32_MAX;
}

void tk_device_indicate(struct tk_port *p, int level)
{
    (void)p, (void)level;
}

const char *tk_device_metric(struct tk_port *p, unsigned index, uint32_t *value)
{
    (void)p, (void)index, (void)value;
    return NULL;
}

int tk_device_key(struct tk_port *p, uint8_t out[TK_DEVICE_KEY_SIZE])
{
    (void)p, (void)out;
    return -1;
}

/* Each byte interrupts when it is received. */
static void pass_ms(uint64_t ms)
{
    uint64_t end = machine.ticks + ms * TICKS_PER_MS;

    while (*machine.bytes != '\0' && machine.next_at <= end) {
        machine.ticks = machine.next_at;
        tk_bare_received(&port, (uint8_t)*machine.bytes++);
        machine.next_at += BYTE;
    }
    machine.ticks = end;
}

/* The main loop, once a millisecond. */
static void run_ms(uint64_t ms)
{
    while (ms-- > 0) {
        (void)tk_keeper_run(&keeper);
        pass_ms(1);
    }
}

static void type(const char *bytes)
{
    machine.bytes = bytes;
    machine.next_at = machine.ticks + BYTE;
}

/* The answer to a command that is received while the main loop runs. */
static const char *ask(const char *line)
{
    output_len = 0;
    output[0] = '\0';
    type(line);
    run_ms(300);
    assert_int_equal(*machine.bytes, '\0');
    return output;
}

static int set_up(void **state)
{
    static const struct tk_config config = {
        .port = &port, .flash = &flash.flash, .build_unix = 1, .board = "line"};

    (void)state;
    memset(&port, 0, sizeof port);
    machine.bytes = "";
    tk_sim_flash_init(&flash, 4096, 8, 1);
    tk_keeper_init(&keeper, &config);
    run_ms(10);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tk_keeper_free(&keeper);
    tk_sim_flash_free(&flash);
    return 0;
}

/* --- tests --- */

static unsigned count(const char *word)
{
    unsigned n = 0;

    for (const char *at = output; (at = strstr(at, word)) != NULL; at++)
        n++;
    return n;
}

/* The answer has the number of bytes, so that a missing digit is noticed. */
static void a_long_line_during_a_stall_is_complete(void **state)
{
    char line[16 + DIGITS + 2];

    (void)state;
    memcpy(line, "@7 ca add ", 10);
    memset(line + 10, 'A', DIGITS);
    memcpy(line + 10 + DIGITS, "\r", 2);
    for (uint64_t before_ms = 0; before_ms <= STALL + 100; before_ms += 70) {
        assert_non_null(strstr(ask("@6 ca add begin\r"), "@6 OK"));
        output_len = 0;
        type(line);
        machine.next_at += before_ms * TICKS_PER_MS;
        pass_ms(STALL);
        run_ms(300);
        assert_non_null(strstr(output, "@7 OK bytes=756\r\n"));
    }
    assert_int_equal(port.rx.overruns, 0);
}

/* Two seconds of lines do not fit into the buffer: the first are answered, the torn one is refused
 * and no part of it is run, and the next one works. */
static void a_stream_that_does_not_fit_is_one_overrun(void **state)
{
    static char stream[STREAM + 1];

    (void)state;
    for (size_t i = 0; i < STREAM; i++)
        stream[i] = "@5 version\r"[i % 11];
    output_len = 0;
    type(stream);
    pass_ms(STALL);
    assert_true(port.rx.overruns > 0);
    run_ms(2000);
    assert_in_range(count("@5 OK version="), TK_BARE_LINE / 11 - 1, TK_BARE_LINE / 11 + 1);
    assert_int_equal(count("ERR"), 0); /* the torn line has not ended yet */
    (void)ask(" and its tail\r");
    assert_int_equal(count("ERR rx_overrun"), 1);
    assert_int_equal(count("ERR"), 1);
    assert_non_null(strstr(ask("@8 version\r"), "@8 OK version="));
}

/* The sender waits for an answer. */
static void a_line_with_a_lost_end_is_answered(void **state)
{
    static char line[TK_BARE_LINE + 500];

    (void)state;
    memset(line, 'x', sizeof line - 2);
    line[sizeof line - 2] = '\r';
    type(line);
    pass_ms(STALL);
    output_len = 0;
    run_ms(300);
    assert_int_equal(count("ERR rx_overrun"), 1);
    assert_int_equal(count("ERR"), 1);
    assert_non_null(strstr(ask("@8 version\r"), "@8 OK version="));
}

/* The UART reports it. */
static void a_line_with_an_overrun_of_the_uart_is_refused(void **state)
{
    (void)state;
    (void)ask("@5 ver");
    tk_bare_overrun(&port);
    assert_null(strstr(ask("ion\r"), "OK"));
    assert_int_equal(count("ERR rx_overrun"), 1);
    assert_non_null(strstr(ask("@8 version\r"), "@8 OK version="));
    assert_int_equal(port.rx.overruns, 1);
}

int main(void)
{
#define LINE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        LINE(a_long_line_during_a_stall_is_complete),
        LINE(a_stream_that_does_not_fit_is_one_overrun),
        LINE(a_line_with_a_lost_end_is_answered),
        LINE(a_line_with_an_overrun_of_the_uart_is_refused),
    };

    tk_mbedtls_init(&port, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
