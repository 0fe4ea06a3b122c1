/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* posix_openpt */

/* Consoles of the POSIX port, on real sockets, pipes and pseudoterminals. */

#include "tk_console_io.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "posix_port.h"

static void attach(struct tk_port *port, int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    tk_posix_console_attach(port, 0, ends[0], ends[0]);
}

static int console_next(struct tk_port *port, char *buf, size_t size)
{
    uint64_t start_ms = now();
    int n;

    while ((n = tk_console_read(port, 0, buf, size)) == 0)
        poll_again(port, start_ms);
    return n;
}

static void a_console_reads_and_writes(void **state)
{
    struct tk_port *port = *state;
    char buf[32];
    int ends[2];

    assert_int_equal(tk_console_read(port, 0, buf, sizeof buf), TK_CONSOLE_CLOSED);
    assert_int_equal(tk_console_write(port, 0, "x", 1), TK_CONSOLE_CLOSED);
    assert_int_equal(tk_console_read(port, TK_POSIX_CONSOLES, buf, 1), TK_CONSOLE_CLOSED);
    attach(port, ends);
    assert_int_equal(tk_console_read(port, 0, buf, sizeof buf), 0);
    assert_int_equal(tk_console_read(port, 1, buf, sizeof buf), TK_CONSOLE_CLOSED);
    assert_int_equal(write(ends[1], "status\r", 7), 7);
    assert_int_equal(console_next(port, buf, 3), 3);
    assert_int_equal(console_next(port, buf, sizeof buf), 4);
    assert_memory_equal(buf, "tus\r", 4);
    assert_int_equal(tk_console_write(port, 0, "OK\r\n", 4), 4);
    assert_int_equal(read(ends[1], buf, sizeof buf), 4);
    assert_int_equal(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
    close(ends[0]);
    close(ends[1]);
}

static void typing_ends_wait(void **state)
{
    struct tk_port *port = *state;
    uint64_t start_ms = now();
    int ends[2];

    attach(port, ends);
    tk_wait(port, start_ms + 20);
    assert_true(now() >= start_ms + 20);
    assert_int_equal(write(ends[1], "x", 1), 1);
    tk_wait(port, UINT64_MAX);
    close(ends[0]);
    close(ends[1]);
}

static void a_console_knows_when_it_was_last_active(void **state)
{
    struct tk_port *port = *state;
    uint64_t attached_ms, read_ms;
    char buf[4];
    int ends[2];

    attach(port, ends);
    attached_ms = tk_posix_console_active(port, 0);
    assert_true(attached_ms <= now());
    tk_wait(port, now() + 5);
    assert_int_equal(tk_console_read(port, 0, buf, sizeof buf), 0);
    assert_int_equal(tk_posix_console_active(port, 0), attached_ms);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(console_next(port, buf, sizeof buf), 1);
    read_ms = tk_posix_console_active(port, 0);
    assert_true(read_ms > attached_ms);
    tk_wait(port, now() + 5);
    assert_int_equal(tk_console_write(port, 0, "y", 1), 1);
    assert_true(tk_posix_console_active(port, 0) > read_ms);
    assert_int_equal(tk_posix_console_active(port, TK_POSIX_CONSOLES), 0);
    close(ends[0]);
    close(ends[1]);
}

static void end_of_input_detaches_after_the_last_output(void **state)
{
    struct tk_port *port = *state;
    char buf[32];
    int ends[2];

    attach(port, ends);
    assert_int_equal(write(ends[1], "q", 1), 1);
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    assert_int_equal(console_next(port, buf, sizeof buf), 1);
    assert_int_equal(tk_console_write(port, 0, "bye\r\n", 5), 5);
    assert_int_equal(console_next(port, buf, sizeof buf), TK_CONSOLE_CLOSED);
    assert_int_equal(tk_console_write(port, 0, "x", 1), TK_CONSOLE_CLOSED);
    assert_false(tk_posix_console_attached(port, 0));
    assert_int_equal(read(ends[1], buf, sizeof buf), 5);
    close(ends[0]);
    close(ends[1]);
}

static size_t write_all(struct tk_port *port)
{
    size_t sent = 0;
    uint8_t piece[700];
    int n;

    do {
        for (size_t i = 0; i < sizeof piece; i++)
            piece[i] = letter(sent + i);
        n = tk_console_write(port, 0, piece, sizeof piece);
        assert_in_range(n, 0, sizeof piece);
        sent += (size_t)n;
    } while (n > 0);
    return sent;
}

/* Reads the test's end of a console while the port sends the rest. */
static void read_slowly(struct tk_port *port, int fd, size_t len)
{
    uint8_t buf[512];
    size_t at = 0;

    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (uint64_t start_ms = now(); at < len; tk_wait(port, now() + 1)) {
        ssize_t n = read(fd, buf, sizeof buf);

        assert_true(now() < start_ms + patient_ms());
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(buf[i], letter(at + (size_t)i));
        at += n > 0 ? (size_t)n : 0;
    }
    assert_int_equal(at, len);
}

static void a_slow_terminal_does_not_block(void **state)
{
    struct tk_port *port = *state;
    int typed[2], shown[2];
    size_t sent;

    assert_int_equal(pipe(typed), 0);
    assert_int_equal(pipe(shown), 0);
    tk_posix_console_attach(port, 0, typed[0], shown[1]);
    sent = write_all(port);
    assert_true(sent > TK_POSIX_CONSOLE_RING);
    assert_int_equal(tk_console_write(port, 0, "x", 1), 0);
    close(typed[1]); /* ends its input; the output continues */
    assert_int_equal(tk_console_read(port, 0, &sent, 1), TK_CONSOLE_CLOSED);
    assert_true(tk_posix_console_attached(port, 0));
    read_slowly(port, shown[0], sent);
    assert_false(tk_posix_console_attached(port, 0));
    close(typed[0]);
    close(shown[0]);
    close(shown[1]);
}

static void room_ends_wait(void **state)
{
    struct tk_port *port = *state;
    uint64_t start_ms = now();
    uint8_t buf[4096];
    int ends[2];

    attach(port, ends);
    (void)write_all(port);
    tk_wait(port, start_ms + 20);
    assert_true(now() >= start_ms + 20);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (read(ends[1], buf, sizeof buf) > 0)
        continue;
    tk_wait(port, start_ms + patient_ms());
    assert_true(now() < start_ms + patient_ms());
    assert_true(tk_console_write(port, 0, "x", 1) == 1);
    close(ends[0]);
    close(ends[1]);
}

static void a_closed_output_detaches(void **state)
{
    struct tk_port *port = *state;
    int typed[2], shown[2];

    assert_int_equal(pipe(typed), 0);
    assert_int_equal(pipe(shown), 0);
    tk_posix_console_attach(port, 3, typed[0], shown[1]);
    close(shown[0]);
    assert_int_equal(tk_console_write(port, 3, "x", 1), TK_CONSOLE_CLOSED);
    assert_false(tk_posix_console_attached(port, 3));
    close(shown[1]);
    close(typed[0]);
    close(typed[1]);
}

/* Else a new terminal could get a line on which a command of the last one runs. */
static void a_line_is_free_after_core_has_read_the_end(void **state)
{
    struct tk_port *port = *state;
    char byte;
    int ends[2];

    attach(port, ends);
    (void)write_all(port);
    close(ends[1]);
    tk_wait(port, now() + 1);
    assert_true(tk_posix_console_attached(port, 0));
    assert_int_equal(tk_console_read(port, 0, &byte, 1), TK_CONSOLE_CLOSED);
    assert_false(tk_posix_console_attached(port, 0));
    close(ends[0]);
}

static void a_terminal_is_a_console(void **state)
{
    struct tk_port *port = *state;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    char buf[64];
    int slave;

    if (master < 0)
        skip(); /* the machine has no pseudoterminals */
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    tk_posix_console_attach(port, 0, slave, slave);
    assert_int_equal(write(master, "help\n", 5), 5);
    assert_int_equal(console_next(port, buf, sizeof buf), 5);
    assert_memory_equal(buf, "help\n", 5);
    assert_int_equal(tk_console_write(port, 0, "OK", 2), 2);
    assert_true(read(master, buf, sizeof buf) > 0);
    close(master);
    assert_int_equal(console_next(port, buf, sizeof buf), TK_CONSOLE_CLOSED);
    close(slave);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_console_reads_and_writes),
        TEST(typing_ends_wait),
        TEST(a_console_knows_when_it_was_last_active),
        TEST(end_of_input_detaches_after_the_last_output),
        TEST(a_slow_terminal_does_not_block),
        TEST(room_ends_wait),
        TEST(a_closed_output_detaches),
        TEST(a_line_is_free_after_core_has_read_the_end),
        TEST(a_terminal_is_a_console),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
