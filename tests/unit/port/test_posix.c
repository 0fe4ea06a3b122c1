/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* struct itimerval */

/* The POSIX port: clock, wait, random numbers, device, and real sockets on loopback. */

#include "tk_entropy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "posix_port.h"
#include "tk_posix_private.h"

/* --- clock, wait, entropy, device --- */

static void the_clock_is_that_of_the_machine(void **state)
{
    int64_t unix_s = 0;
    int64_t before = time(NULL);

    enum tk_time_quality quality = tk_clock_unix(*state, &unix_s);

    assert_true(quality == TK_TIME_SYSTEM || quality == TK_TIME_UNSYNCED);
    assert_in_range(unix_s, before, time(NULL));
}

static void wait_sleeps_to_its_deadline(void **state)
{
    uint64_t until_ms = now() + 30;

    tk_wait(*state, until_ms);
    assert_true(now() >= until_ms);
    tk_wait(*state, until_ms);
    tk_wait(*state, 0);
}

static void wait_sleeps_without_its_timer(void **state)
{
    struct tk_port *port = *state;
    uint64_t until_ms = now() + 30;

    close(port->timer);
    port->timer = -1;
    tk_wait(port, until_ms);
    assert_true(now() >= until_ms);
}

static void on_alarm(int sig)
{
    (void)sig;
}

static void a_signal_ends_wait(void **state)
{
    struct sigaction act = {.sa_handler = on_alarm};
    struct itimerval soon = {{.tv_usec = 50000}, {.tv_usec = 50000}}; /* one during the wait */
    const struct itimerval never = {{0}, {0}};
    uint64_t start_ms = now();

    sigaction(SIGALRM, &act, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    tk_wait(*state, start_ms + patient_ms());
    assert_true(now() < start_ms + patient_ms());
    setitimer(ITIMER_REAL, &never, NULL);
    signal(SIGALRM, SIG_DFL);
}

static void watched_descriptors_end_wait(void **state)
{
    struct tk_port *port = *state;
    uint64_t start_ms = now();
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(tk_posix_watch(port, ends[0], POLLIN), 0);
    tk_wait(port, start_ms + 20);
    assert_int_equal(tk_posix_ready(port, ends[0]), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    tk_wait(port, start_ms + patient_ms());
    assert_true(now() < start_ms + patient_ms());
    assert_int_equal(tk_posix_ready(port, ends[0]), POLLIN);
    assert_int_equal(tk_posix_watch(port, ends[0], 0), 0);
    assert_int_equal(tk_posix_ready(port, ends[0]), 0);
    start_ms = now();
    tk_wait(port, start_ms + 20);
    assert_true(now() >= start_ms + 20);
    close(ends[0]);
    close(ends[1]);
}

static void the_number_of_watches_is_limited(void **state)
{
    for (int fd = 0; fd < TK_POSIX_WATCHES; fd++)
        assert_int_equal(tk_posix_watch(*state, 1000 + fd, POLLIN), 0);
    assert_int_equal(tk_posix_watch(*state, 2000, POLLIN), -1);
    assert_int_equal(tk_posix_watch(*state, 1007, POLLOUT), 0);
    assert_int_equal(tk_posix_watch(*state, 1007, 0), 0);
    assert_int_equal(tk_posix_watch(*state, 2000, POLLIN), 0);
}

static void entropy_can_be_disabled(void **state)
{
    struct tk_port *port = *state;
    uint8_t a[300] = {0}, b[300] = {0};

    assert_int_equal(tk_entropy_get(port, a, sizeof a), TK_ENTROPY_OK);
    assert_int_equal(tk_entropy_get(port, b, sizeof b), TK_ENTROPY_OK);
    assert_memory_not_equal(a, b, sizeof a);
    port->unseeded = true;
    memset(a, 7, sizeof a);
    memset(b, 7, sizeof b);
    assert_int_equal(tk_entropy_get(port, a, sizeof a), TK_ENTROPY_NOT_SEEDED);
    assert_memory_equal(a, b, sizeof a);
}

/* Writes what a machine-id file holds, and reads it. */
static void take_machine_id(struct tk_port *port, const char *text)
{
    char path[] = "/tmp/tk_machine_id_XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    tk_posix_id_init(port, path);
    unlink(path);
}

static void the_id_is_the_machines_or_the_host_names(void **state)
{
    struct tk_port *port = *state;
    char of_host[sizeof port->id];

    tk_posix_id_init(port, "/nonexistent/machine-id");
    assert_int_equal(port->id_error, ENOENT);
    strcpy(of_host, port->id);
    take_machine_id(port, "");
    assert_int_equal(port->id_error, ENOENT);
    take_machine_id(port, "uninitialized\n");
    assert_int_equal(port->id_error, ENOENT);
    assert_string_equal(port->id, of_host);
    tk_posix_id_init(port, "/");
    assert_int_equal(port->id_error, EISDIR);
    assert_int_equal(tk_posix_set_id(port, "gw-7"), 0);
    assert_int_equal(port->id_error, 0);
    take_machine_id(port, "0123456789abcdef0123456789abcdef\n");
    assert_int_equal(port->id_error, 0);
    assert_string_not_equal(port->id, of_host);
}

static void the_device_has_an_id(void **state)
{
    struct tk_port *port = *state;
    const char *id = tk_device_id(port);

    assert_int_equal(strlen(id), 14);
    assert_memory_equal(id, "h-", 2);
    assert_int_equal(strspn(id + 2, "0123456789abcdef"), 12);
    assert_int_equal(tk_posix_set_id(port, "abc"), -1);
    assert_int_equal(tk_posix_set_id(port, "no spaces"), -1);
    assert_int_equal(tk_posix_set_id(port, "a-name-of-more-than-32-characters"), -1);
    assert_int_equal(tk_posix_set_id(port, "gw-7"), 0);
    assert_string_equal(tk_device_id(port), "gw-7");
}

static void the_device_has_key_level_and_reboot(void **state)
{
    struct tk_port *port = *state;
    uint8_t key[TK_DEVICE_KEY_SIZE];

    assert_int_equal(tk_device_key(port, key), -1);
    memset(port->key, 5, sizeof port->key);
    port->has_key = true;
    assert_int_equal(tk_device_key(port, key), 0);
    assert_memory_equal(key, port->key, sizeof key);
    (void)tk_device_feed_watchdog(port);
    tk_device_indicate(port, 3);
    assert_int_equal(port->level, 3);
    assert_false(port->reboot);
    tk_device_reboot(port);
    assert_true(port->reboot);
}

static void wait_does_not_sleep_once_a_reboot_is_due(void **state)
{
    struct tk_port *port = *state;
    uint64_t until_ms = tk_clock_now_ms(port) + 60000;

    tk_device_reboot(port);
    tk_wait(port, until_ms);
    assert_true(tk_clock_now_ms(port) < until_ms);
}

/* --- sockets --- */

static const struct tk_addr loopback4 = {4, {127, 0, 0, 1}};
static const struct tk_addr loopback6 = {6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

/* A socket on loopback, bound to any port; -1 where the machine has no such family. */
static int open_socket(int family, bool listening, uint16_t *tcp_port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    void *addr = family == AF_INET ? (void *)&v4 : (void *)&v6;
    socklen_t len = family == AF_INET ? sizeof v4 : sizeof v6;
    int fd = socket(family, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, addr, len) != 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    if (listening)
        assert_int_equal(listen(fd, 50), 0);
    assert_int_equal(getsockname(fd, addr, &len), 0);
    *tcp_port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
    return fd;
}

struct line {
    int server; /* the server's end */
    int sock;
};

static struct line connect_over(struct tk_port *port, int family)
{
    struct line l = {-1, -1};
    uint16_t tcp_port = 0;
    int listener = open_socket(family, true, &tcp_port);
    uint64_t start_ms = now();
    int ret;

    if (listener < 0)
        return l;
    l.sock = tk_sock_open(port, family == AF_INET ? &loopback4 : &loopback6, tcp_port);
    assert_true(l.sock >= 0);
    l.server = accept(listener, NULL, NULL);
    assert_true(l.server >= 0);
    while ((ret = tk_sock_connected(port, l.sock)) == TK_SOCK_AGAIN)
        poll_again(port, start_ms);
    assert_int_equal(ret, TK_SOCK_OK);
    assert_int_equal(tk_sock_connected(port, l.sock), TK_SOCK_OK);
    close(listener);
    return l;
}

static int recv_next(struct tk_port *port, int sock, void *buf, size_t size)
{
    uint64_t start_ms = now();
    int n;

    while ((n = tk_sock_recv(port, sock, buf, size)) == TK_SOCK_AGAIN)
        poll_again(port, start_ms);
    return n;
}

static void exchange_over(struct tk_port *port, int family)
{
    struct line l = connect_over(port, family);
    char buf[16];

    if (l.sock < 0)
        return; /* the machine lacks this family */
    assert_int_equal(tk_sock_send(port, l.sock, "hello", 5), 5);
    assert_int_equal(recv(l.server, buf, sizeof buf, 0), 5);
    assert_int_equal(tk_sock_recv(port, l.sock, buf, sizeof buf), TK_SOCK_AGAIN);
    assert_int_equal(send(l.server, "world", 5, 0), 5);
    assert_int_equal(recv_next(port, l.sock, buf, 3), 3);
    assert_int_equal(recv_next(port, l.sock, buf, sizeof buf), 2);
    assert_int_equal(tk_sock_recv(port, l.sock, buf, 0), 0);
    close(l.server);
    assert_int_equal(recv_next(port, l.sock, buf, sizeof buf), TK_SOCK_CLOSED);
    tk_sock_close(port, l.sock);
}

static void bytes_go_both_ways(void **state)
{
    exchange_over(*state, AF_INET);
    exchange_over(*state, AF_INET6);
}

static void socket_options_are_those_of_the_contract(void **state)
{
    struct tk_port *port = *state;
    struct line l = connect_over(port, AF_INET);
    int on = 0;
    socklen_t len = sizeof on;

    assert_int_equal(getsockopt(port->socks[l.sock].fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    assert_true(on);
    assert_true(fcntl(port->socks[l.sock].fd, F_GETFD) & FD_CLOEXEC);
    close(l.server);
}

static void a_refused_connection_stays_an_error(void **state)
{
    struct tk_port *port = *state;
    uint16_t tcp_port = 0;
    int bound = open_socket(AF_INET, false, &tcp_port);
    int sock = tk_sock_open(port, &loopback4, tcp_port);
    uint64_t start_ms = now();
    char byte;

    if (sock >= 0) {
        while (tk_sock_connected(port, sock) == TK_SOCK_AGAIN)
            poll_again(port, start_ms);
        assert_int_equal(tk_sock_connected(port, sock), TK_SOCK_ERR);
        assert_int_equal(tk_sock_send(port, sock, "x", 1), TK_SOCK_ERR);
        assert_int_equal(tk_sock_recv(port, sock, &byte, 1), TK_SOCK_ERR);
        tk_sock_close(port, sock);
    }
    close(bound);
}

static void a_reset_is_an_error(void **state)
{
    struct line l = connect_over(*state, AF_INET);
    struct linger at_once = {.l_onoff = 1};
    char byte;

    setsockopt(l.server, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(l.server);
    assert_int_equal(recv_next(*state, l.sock, &byte, 1), TK_SOCK_ERR);
    assert_int_equal(tk_sock_send(*state, l.sock, "x", 1), TK_SOCK_ERR);
}

static void unknown_handles_and_families_are_errors(void **state)
{
    struct tk_addr strange = {5, {0}};
    char byte;

    assert_int_equal(tk_sock_open(*state, &strange, 80), TK_SOCK_ERR);
    for (int sock = -1; sock <= TK_POSIX_SOCKETS; sock++) {
        assert_int_equal(tk_sock_connected(*state, sock), TK_SOCK_ERR);
        assert_int_equal(tk_sock_send(*state, sock, "x", 1), TK_SOCK_ERR);
        assert_int_equal(tk_sock_recv(*state, sock, &byte, 1), TK_SOCK_ERR);
        tk_sock_close(*state, sock);
    }
}

static void handles_are_reused(void **state)
{
    struct tk_port *port = *state;
    uint16_t tcp_port = 0;
    int listener = open_socket(AF_INET, true, &tcp_port);
    bool seen[TK_POSIX_SOCKETS] = {false};

    for (int i = 0; i < TK_POSIX_SOCKETS; i++) {
        int sock = tk_sock_open(port, &loopback4, tcp_port);

        assert_in_range(sock, 0, TK_POSIX_SOCKETS - 1);
        assert_false(seen[sock]);
        seen[sock] = true;
    }
    assert_int_equal(tk_sock_open(port, &loopback4, tcp_port), TK_SOCK_AGAIN);
    tk_sock_close(port, 11);
    assert_int_equal(tk_sock_open(port, &loopback4, tcp_port), 11);
    close(listener);
}

/* Sends until the socket is full. */
static size_t fill(struct tk_port *port, int sock, size_t sent)
{
    uint8_t piece[1000];

    for (;;) {
        for (size_t i = 0; i < sizeof piece; i++)
            piece[i] = letter(sent + i);
        int n = tk_sock_send(port, sock, piece, sizeof piece);

        if (n == TK_SOCK_AGAIN)
            return sent;
        assert_in_range(n, 1, sizeof piece);
        sent += (size_t)n;
    }
}

static void read_back(int fd, size_t from, size_t to)
{
    uint8_t buf[4096];

    while (from < to) {
        ssize_t n = recv(fd, buf, sizeof buf, 0);

        assert_true(n > 0);
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(buf[i], letter(from + (size_t)i));
        from += (size_t)n;
    }
}

static void a_full_socket_returns_again_and_continues(void **state)
{
    struct tk_port *port = *state;
    struct line l = connect_over(port, AF_INET);
    size_t first = fill(port, l.sock, 0);
    uint64_t start_ms = now();
    size_t second;

    tk_wait(port, start_ms + 20);
    assert_true(now() >= start_ms + 20); /* the server does not read */
    read_back(l.server, 0, first);
    tk_wait(port, start_ms + patient_ms());
    assert_true(now() < start_ms + patient_ms());
    second = fill(port, l.sock, first);
    assert_true(second > first);
    tk_sock_close(port, l.sock);
    read_back(l.server, first, second);
    assert_int_equal(recv(l.server, &first, 1, 0), 0);
    close(l.server);
}

static void close_delivers_what_was_sent(void **state)
{
    struct tk_port *port = *state;
    struct line l = connect_over(port, AF_INET);
    char buf[8];

    assert_int_equal(send(l.server, "unread", 6, 0), 6);
    assert_int_equal(tk_sock_send(port, l.sock, "bye", 3), 3);
    tk_sock_close(port, l.sock);
    assert_int_equal(recv(l.server, buf, sizeof buf, 0), 3);
    assert_int_equal(recv(l.server, buf, sizeof buf, 0), 0);
    close(l.server);
}

static void data_ends_wait(void **state)
{
    struct tk_port *port = *state;
    struct line l = connect_over(port, AF_INET);
    uint64_t start_ms = now();
    char byte;

    assert_int_equal(tk_sock_recv(port, l.sock, &byte, 1), TK_SOCK_AGAIN);
    tk_wait(port, start_ms + 20);
    assert_true(now() >= start_ms + 20);
    assert_int_equal(send(l.server, "xy", 2, 0), 2); /* between recv and wait */
    tk_wait(port, UINT64_MAX);
    assert_int_equal(tk_sock_recv(port, l.sock, &byte, 1), 1);
    start_ms = now();
    tk_wait(port, start_ms + 20); /* y is there, but no call has returned "again" */
    assert_true(now() >= start_ms + 20);
    close(l.server);
}

static void an_ignored_event_neither_hangs_nor_spins(void **state)
{
    struct tk_port *port = *state;
    struct line l = connect_over(port, AF_INET);
    uint64_t start_ms = now();
    int returns = 0;
    char byte;

    assert_int_equal(tk_sock_recv(port, l.sock, &byte, 1), TK_SOCK_AGAIN);
    assert_int_equal(send(l.server, "x", 1, 0), 1);
    while (now() < start_ms + 200 || returns < 2) {
        tk_wait(port, start_ms + patient_ms());
        returns++;
    }
    assert_true(now() < start_ms + patient_ms());
    assert_in_range(returns, 2, 60);
    close(l.server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_clock_is_that_of_the_machine),
        TEST(wait_sleeps_to_its_deadline),
        TEST(wait_sleeps_without_its_timer),
        TEST(a_signal_ends_wait),
        TEST(watched_descriptors_end_wait),
        TEST(the_number_of_watches_is_limited),
        TEST(entropy_can_be_disabled),
        TEST(the_device_has_an_id),
        TEST(the_id_is_the_machines_or_the_host_names),
        TEST(the_device_has_key_level_and_reboot),
        TEST(wait_does_not_sleep_once_a_reboot_is_due),
        TEST(bytes_go_both_ways),
        TEST(socket_options_are_those_of_the_contract),
        TEST(a_refused_connection_stays_an_error),
        TEST(a_reset_is_an_error),
        TEST(unknown_handles_and_families_are_errors),
        TEST(handles_are_reused),
        TEST(a_full_socket_returns_again_and_continues),
        TEST(close_delivers_what_was_sent),
        TEST(data_ends_wait),
        TEST(an_ignored_event_neither_hangs_nor_spins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
