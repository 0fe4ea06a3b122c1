/* SPDX-License-Identifier: Apache-2.0 */

/* The output of a console line by itself: what is dropped, and how long it waits for the terminal.
 */

#include "tk_output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tk_sim.h"

static struct tk_port port;
static struct tk_output output;
static char seen[8192];

static int set_up(void **state)
{
    (void)state;
    tk_sim_init(&port, 1);
    tk_output_init(&output, &port, 0);
    seen[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tk_sim_free(&port);
    return 0;
}

static const char *see(void)
{
    size_t len = strlen(seen);

    len += tk_sim_console_drain(&port, 0, seen + len, sizeof seen - 1 - len);
    seen[len] = '\0';
    return seen;
}

/* Half of a text would be another text. */
static void what_does_not_fit_is_dropped_whole(void **state)
{
    static char text[TK_CONSOLE_OUT + 1];

    (void)state;
    memset(text, 'x', sizeof text);
    tk_output_put(&output, text, sizeof text - 2);
    tk_output_put(&output, "ab", 2);
    tk_output_put(&output, "", 0);
    assert_int_equal(tk_output_room(&output), 1);
    tk_output_put(&output, "c", 1);
    tk_output_put(&output, "d", 1);
    tk_output_flush(&output);
    assert_int_equal(strlen(see()), TK_CONSOLE_OUT);
    assert_string_equal(seen + TK_CONSOLE_OUT - 2, "xc");
}

static void a_prompt_is_not_repeated(void **state)
{
    (void)state;
    tk_output_prompt(&output);
    tk_output_prompt(&output);
    tk_output_flush(&output);
    assert_string_equal(see(), "\r\ntk> ");
    tk_output_line(&output, "x");
    tk_output_prompt(&output);
    tk_output_flush(&output);
    assert_string_equal(see(), "\r\ntk> \r\nx\r\ntk> ");
}

static void reads(struct tk_port *p, struct tk_sim_alarm *alarm)
{
    (void)p;
    (void)alarm;
    (void)see();
}

static void draining_waits_for_a_slow_terminal(void **state)
{
    struct tk_sim_alarm alarms[] = {{.at_ms = 500, .run = reads}, {.at_ms = 900, .run = reads}};

    (void)state;
    port.consoles[0].out_max = 8;
    port.watchdog_ms = 100;
    for (size_t i = 0; i < 2; i++)
        tk_sim_add_alarm(&port, &alarms[i]);
    tk_output_text(&output, "0123456789abcdefghij");
    tk_output_drain(&output);
    assert_string_equal(see(), "0123456789abcdefghij");
    assert_in_range(port.now_ms, 900, 1000);
}

/* Two seconds, then the device restarts. */
static void draining_does_not_wait_for_ever(void **state)
{
    (void)state;
    port.consoles[0].out_max = 8;
    tk_output_text(&output, "0123456789abcdefghij");
    tk_output_drain(&output);
    assert_int_equal(port.now_ms, 2000);
    assert_string_equal(see(), "01234567");
}

static void events_without_room_are_counted(void **state)
{
    static char line[TK_CONSOLE_ASYNC - 4];

    (void)state;
    memset(line, 'e', sizeof line - 1);
    tk_output_async(&output, line);
    tk_output_async(&output, "abcd");
    tk_output_async(&output, "efg");
    tk_output_async(&output, "h");
    tk_output_flush_async(&output);
    assert_non_null(strstr(see(), "e\r\nefg\r\nLOG lines_lost=2\r\n"));
    assert_null(strstr(seen, "abcd"));
    seen[0] = '\0';
    tk_output_async(&output, "i");
    tk_output_flush_async(&output);
    assert_string_equal(see(), "i\r\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_does_not_fit_is_dropped_whole), TEST(a_prompt_is_not_repeated),
        TEST(draining_waits_for_a_slow_terminal), TEST(draining_does_not_wait_for_ever),
        TEST(events_without_room_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
