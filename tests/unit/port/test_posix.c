/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* mkdtemp, posix_openpt */

/* The POSIX port with real sockets, terminals and files. getaddrinfo and freeaddrinfo are wrapped:
 * the test resolves names under .example. */

#include "patience.h"
#include "tk_clock.h"
#include "tk_entropy.h"
#include "tk_posix.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char *self; /* argv[0] */

static int set_up(void **state)
{
    struct tk_port *port = malloc(sizeof *port);

    tk_posix_init(port);
    *state = port;
    return 0;
}

static int tear_down(void **state)
{
    tk_posix_free(*state);
    free(*state);
    return 0;
}

static uint64_t now(void)
{
    return tk_clock_now_ms(NULL);
}

/* For polling loops; fails the test when that takes too long. */
static void poll_again(struct tk_port *port, uint64_t start_ms)
{
    assert_true(now() < start_ms + patient_ms());
    tk_wait(port, start_ms + patient_ms());
}

/* --- clock, wait, entropy, device --- */

static void the_clock_is_that_of_the_machine(void **state)
{
    int64_t unix_s = 0;
    int64_t before = time(NULL);

    assert_int_equal(tk_clock_unix(*state, &unix_s), TK_TIME_SYSTEM);
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
    tk_device_feed_watchdog(port);
    tk_device_indicate(port, 3);
    assert_int_equal(port->level, 3);
    assert_false(port->reboot);
    tk_device_reboot(port);
    assert_true(port->reboot);
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
    assert_int_equal(tk_sock_open(port, &loopback4, tcp_port), TK_SOCK_ERR);
    tk_sock_close(port, 11);
    assert_int_equal(tk_sock_open(port, &loopback4, tcp_port), 11);
    close(listener);
}

static uint8_t letter(size_t at)
{
    return (uint8_t)(at * 7 + at / 251);
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

/* --- lookups --- */

int __real_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **list);
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **list);
void __real_freeaddrinfo(struct addrinfo *list);
void __wrap_freeaddrinfo(struct addrinfo *list);

static int gate[2];                 /* slow names are resolved when a byte is written */
static volatile sig_atomic_t asked; /* a slow name has been looked up */

static struct addrinfo *fake(const char *digits, struct addrinfo *next)
{
    struct addrinfo *a = calloc(1, sizeof *a);
    struct sockaddr_in *v4 = calloc(1, sizeof(struct sockaddr_in6));
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)v4;

    a->ai_family = inet_pton(AF_INET, digits, &v4->sin_addr) == 1 ? AF_INET : AF_INET6;
    if (a->ai_family == AF_INET6)
        (void)inet_pton(AF_INET6, digits, &v6->sin6_addr);
    v4->sin_family = (sa_family_t)a->ai_family;
    a->ai_addr = (struct sockaddr *)v4;
    a->ai_next = next;
    return a;
}

static void free_fakes(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;

        free(list->ai_addr);
        free(list);
        list = next;
    }
}

int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **list)
{
    const char *dot = strrchr(host, '.');
    char byte;

    if (dot == NULL || strcmp(dot, ".example") != 0)
        return __real_getaddrinfo(host, service, hints, list);
    if (hints->ai_flags != AI_ADDRCONFIG || hints->ai_socktype != SOCK_STREAM)
        return EAI_BADFLAGS;
    if (strcmp(host, "none.example") == 0)
        return EAI_NONAME;
    asked = asked || strcmp(host, "slow.example") == 0;
    if (strcmp(host, "slow.example") == 0 && read(gate[0], &byte, 1) != 1)
        return EAI_FAIL;
    *list = fake("192.0.2.9", NULL);
    if (strcmp(host, "many.example") == 0) {
        *list = fake("192.0.2.4", fake("192.0.2.5", *list));
        *list = fake("192.0.2.1", fake("2001:db8::2", fake("192.0.2.1", fake("192.0.2.3", *list))));
    }
    return 0;
}

void __wrap_freeaddrinfo(struct addrinfo *list)
{
    if (list->ai_canonname == NULL && list->ai_addrlen == 0)
        free_fakes(list);
    else
        __real_freeaddrinfo(list);
}

static int look_up(struct tk_port *port, const char *host, struct tk_addr *addrs, size_t max)
{
    int lookup = tk_sock_lookup(port, host);
    uint64_t start_ms = now();
    int n = lookup;

    while (lookup >= 0 && (n = tk_sock_lookup_poll(port, lookup, addrs, max)) == TK_SOCK_AGAIN)
        poll_again(port, start_ms);
    return n;
}

static void addresses_are_resolved_at_once(void **state)
{
    struct tk_addr addrs[TK_SOCK_ADDRS];
    int lookup = tk_sock_lookup(*state, "127.0.0.1");

    assert_int_equal(tk_sock_lookup_poll(*state, lookup, addrs, TK_SOCK_ADDRS), 1);
    assert_memory_equal(&addrs[0], &loopback4, sizeof loopback4);
    lookup = tk_sock_lookup(*state, "::1");
    tk_wait(*state, UINT64_MAX); /* returns: there is an answer */
    assert_int_equal(tk_sock_lookup_poll(*state, lookup, addrs, TK_SOCK_ADDRS), 1);
    assert_memory_equal(&addrs[0], &loopback6, sizeof loopback6);
    assert_int_equal(tk_sock_lookup_poll(*state, lookup, addrs, 1), TK_SOCK_ERR);
}

static void addresses_are_in_order_and_unique(void **state)
{
    struct tk_addr addrs[TK_SOCK_ADDRS + 1] = {{0}};

    assert_int_equal(look_up(*state, "many.example", addrs, TK_SOCK_ADDRS), 4);
    assert_int_equal(addrs[0].bytes[3], 1);
    assert_int_equal(addrs[1].family, 6);
    assert_int_equal(addrs[2].bytes[3], 3);
    assert_int_equal(addrs[3].bytes[3], 4);
    memset(addrs, 0, sizeof addrs);
    assert_int_equal(look_up(*state, "many.example", addrs, 2), 2);
    assert_int_equal(addrs[2].family, 0);
    assert_int_equal(look_up(*state, "one.example", addrs, TK_SOCK_ADDRS), 1);
}

static void unknown_names_are_errors(void **state)
{
    struct tk_addr addrs[TK_SOCK_ADDRS];
    char name[255];

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(look_up(*state, "none.example", addrs, TK_SOCK_ADDRS), TK_SOCK_ERR);
    assert_int_equal(look_up(*state, "", addrs, TK_SOCK_ADDRS), TK_SOCK_ERR);
    assert_int_equal(look_up(*state, name, addrs, TK_SOCK_ADDRS), TK_SOCK_ERR);
}

static void localhost_is_resolved(void **state)
{
    struct tk_addr addrs[TK_SOCK_ADDRS];
    int n = look_up(*state, "localhost", addrs, TK_SOCK_ADDRS);

    assert_in_range(n, 1, TK_SOCK_ADDRS);
    assert_true(memcmp(&addrs[0], &loopback4, sizeof loopback4) == 0 ||
                memcmp(&addrs[0], &loopback6, sizeof loopback6) == 0);
}

/* Polls until a slot is free: an earlier thread needs a moment to end. */
static int look_up_when_possible(struct tk_port *port, const char *host)
{
    uint64_t start_ms = now();
    int lookup;

    while ((lookup = tk_sock_lookup(port, host)) == TK_SOCK_AGAIN)
        poll_again(port, start_ms);
    return lookup;
}

/* Until the threads of lookups have ended; else valgrind reports their memory. */
static void wait_for_threads(void)
{
    uint64_t deadline_ms = now() + patient_ms();
    struct stat tasks = {.st_nlink = 0};

    while (tasks.st_nlink != 3) { /* ".", ".." and this thread */
        assert_true(now() < deadline_ms);
        sched_yield();
        assert_int_equal(stat("/proc/self/task", &tasks), 0);
    }
}

static void slow_lookups_do_not_block(void **state)
{
    struct tk_port *port = *state;
    struct tk_addr addr;
    uint64_t start_ms = now();
    int slow[TK_POSIX_LOOKUPS];

    for (int i = 0; i < TK_POSIX_LOOKUPS; i++) {
        slow[i] = tk_sock_lookup(port, "slow.example");
        assert_true(slow[i] >= 0);
        assert_int_equal(tk_sock_lookup_poll(port, slow[i], &addr, 1), TK_SOCK_AGAIN);
    }
    tk_wait(port, start_ms + 30);
    assert_true(now() >= start_ms + 30);
    assert_int_equal(tk_sock_lookup(port, "one.example"), TK_SOCK_AGAIN);
    for (int i = 0; i < TK_POSIX_LOOKUPS; i++)
        tk_sock_lookup_cancel(port, slow[i]);
    /* Their threads still run, and each keeps its slot. */
    assert_int_equal(tk_sock_lookup(port, "one.example"), TK_SOCK_AGAIN);
    assert_int_equal(write(gate[1], "1", 1), 1);
    tk_sock_lookup_cancel(port, look_up_when_possible(port, "127.0.0.1"));
    assert_int_equal(write(gate[1], "234", 3), 3);
    for (int i = 0; i < 20; i++)
        assert_int_equal(tk_sock_lookup_poll(port, look_up_when_possible(port, "::1"), &addr, 1),
                         1);
    wait_for_threads();
}

static void an_answer_ends_wait(void **state)
{
    struct tk_port *port = *state;
    uint64_t start_ms = now();
    struct tk_addr addr;
    int lookup;

    lookup = tk_sock_lookup(port, "slow.example");
    assert_int_equal(tk_sock_lookup_poll(port, lookup, &addr, 1), TK_SOCK_AGAIN);
    assert_int_equal(write(gate[1], "1", 1), 1);
    tk_wait(port, start_ms + patient_ms());
    assert_true(now() < start_ms + patient_ms());
    assert_int_equal(tk_sock_lookup_poll(port, lookup, &addr, 1), 1);
    wait_for_threads();
}

/* In a process of its own. */
static int exit_during_lookup(void)
{
    static struct tk_port port;
    struct tk_addr addr;

    tk_posix_init(&port);
    if (tk_sock_lookup_poll(&port, tk_sock_lookup(&port, "slow.example"), &addr, 1) !=
        TK_SOCK_AGAIN)
        return 2;
    while (!asked)
        tk_wait(&port, now() + 1);
    tk_posix_free(&port);
    return 0;
}

static void a_process_can_exit_during_a_lookup(void **state)
{
    pid_t child = fork();
    int status = -1;

    (void)state;
    if (child == 0) {
        execl(self, self, "end-with-a-lookup-under-way", (char *)NULL);
        _exit(9);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- consoles --- */

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

/* --- flash --- */

struct place {
    char dir[32];
    char file[48];
};

static void make_dir(struct place *p)
{
    strcpy(p->dir, "/tmp/tk-posix-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->file, sizeof p->file, "%s/flash.bin", p->dir);
}

/* Fails where the directory has other files than the flash. */
static void remove_dir(const struct place *p)
{
    unlink(p->file);
    assert_int_equal(rmdir(p->dir), 0);
}

static int open_flash(struct tk_posix_flash *f, const struct place *p)
{
    return tk_posix_flash_open(f, p->file, 4096, 4, 8);
}

static void a_new_flash_is_erased_and_private(void **state)
{
    struct tk_posix_flash f;
    struct place p;
    struct stat st;
    uint8_t buf[4096], blank[4096];

    (void)state;
    make_dir(&p);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    assert_int_equal(stat(p.file, &st), 0);
    assert_int_equal(st.st_size, 4 * 4096);
    assert_int_equal(st.st_mode & 07777, 0600);
    memset(blank, 0xff, sizeof blank);
    for (uint32_t sector = 0; sector < 4; sector++) {
        assert_int_equal(f.flash.read(f.flash.ctx, sector * 4096, buf, 4096), TK_FLASH_OK);
        assert_memory_equal(buf, blank, sizeof buf);
    }
    tk_posix_flash_close(&f);
    remove_dir(&p);
}

static void programs_only_clear_bits(void **state)
{
    const uint8_t first[8] = {0xf0, 0xff, 1, 2, 3, 4, 5, 6};
    const uint8_t second[8] = {0x3c, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const uint8_t both[8] = {0x30, 0x0f, 1, 2, 3, 4, 5, 6};
    struct tk_posix_flash f;
    struct place p;
    uint8_t buf[8];

    (void)state;
    make_dir(&p);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    assert_int_equal(f.flash.program(f.flash.ctx, 4096 + 8, first, 8), TK_FLASH_OK);
    assert_int_equal(f.flash.program(f.flash.ctx, 4096 + 8, second, 8), TK_FLASH_OK);
    assert_int_equal(f.flash.sync(f.flash.ctx), TK_FLASH_OK);
    tk_posix_flash_close(&f);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    assert_int_equal(f.flash.read(f.flash.ctx, 4096 + 8, buf, 8), TK_FLASH_OK);
    assert_memory_equal(buf, both, 8);
    assert_int_equal(f.flash.erase(f.flash.ctx, 4096), TK_FLASH_OK);
    assert_int_equal(f.flash.read(f.flash.ctx, 4096 + 8, buf, 8), TK_FLASH_OK);
    assert_int_equal(buf[0] & buf[7], 0xff);
    tk_posix_flash_close(&f);
    remove_dir(&p);
}

static void a_whole_sector_is_programmed_in_one_call(void **state)
{
    struct tk_posix_flash f;
    struct place p;
    uint8_t data[4096], buf[4096];

    (void)state;
    make_dir(&p);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = letter(i);
    assert_int_equal(f.flash.program(f.flash.ctx, 8192, data, sizeof data), TK_FLASH_OK);
    assert_int_equal(f.flash.read(f.flash.ctx, 8192, buf, sizeof buf), TK_FLASH_OK);
    assert_memory_equal(buf, data, sizeof data);
    tk_posix_flash_close(&f);
    remove_dir(&p);
}

static void operations_against_the_contract_are_refused(void **state)
{
    static const struct {
        uint32_t offset;
        size_t len;
    } programs[] = {{4, 8}, {8, 4}, {4088, 16}, {16384, 8}, {16376, 16}, {UINT32_MAX - 7, 8}};
    struct tk_posix_flash f;
    struct place p;
    uint8_t buf[64] = {0};

    (void)state;
    make_dir(&p);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
        assert_int_equal(f.flash.program(f.flash.ctx, programs[i].offset, buf, programs[i].len),
                         TK_FLASH_ERR);
    assert_int_equal(f.flash.erase(f.flash.ctx, 8), TK_FLASH_ERR);
    assert_int_equal(f.flash.erase(f.flash.ctx, 16384), TK_FLASH_ERR);
    assert_int_equal(f.flash.read(f.flash.ctx, 16384, buf, 1), TK_FLASH_ERR);
    assert_int_equal(f.flash.read(f.flash.ctx, 16350, buf, 35), TK_FLASH_ERR);
    assert_int_equal(f.flash.read(f.flash.ctx, 16384, buf, 0), TK_FLASH_OK);
    tk_posix_flash_close(&f);
    remove_dir(&p);
}

static void a_flash_can_be_opened_once(void **state)
{
    struct tk_posix_flash first, second;
    struct place p;

    (void)state;
    make_dir(&p);
    assert_int_equal(open_flash(&first, &p), TK_POSIX_FLASH_OK);
    assert_int_equal(open_flash(&second, &p), TK_POSIX_FLASH_BUSY);
    tk_posix_flash_close(&first);
    assert_int_equal(open_flash(&second, &p), TK_POSIX_FLASH_OK);
    tk_posix_flash_close(&second);
    remove_dir(&p);
}

static void a_file_of_another_size_or_type_is_refused(void **state)
{
    struct tk_posix_flash f;
    struct place p;

    (void)state;
    make_dir(&p);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    tk_posix_flash_close(&f);
    assert_int_equal(tk_posix_flash_open(&f, p.file, 4096, 8, 8), TK_POSIX_FLASH_SIZE);
    assert_int_equal(tk_posix_flash_open(&f, "/dev/null", 4096, 4, 8), TK_POSIX_FLASH_SIZE);
    assert_int_equal(tk_posix_flash_open(&f, p.dir, 4096, 4, 8), TK_POSIX_FLASH_ERR);
    assert_int_equal(tk_posix_flash_open(&f, "/nowhere/flash", 4096, 4, 8), TK_POSIX_FLASH_ERR);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(tk_posix_flash_open(&f, p.file, 512, 4, 8), TK_POSIX_FLASH_ERR);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(tk_posix_flash_open(&f, p.file, 4096, 4, 3), TK_POSIX_FLASH_ERR);
    assert_int_equal(tk_posix_flash_open(&f, p.file, 4096, 1, 8), TK_POSIX_FLASH_ERR);
    remove_dir(&p);
}

/* Opens the flash, reports the result, and keeps it open until all have reported. */
static int race(const char *file, int go, int done, int leave)
{
    struct tk_posix_flash f;
    char byte;

    if (read(go, &byte, 1) != 1)
        return 9;
    int ret = tk_posix_flash_open(&f, file, 65536, 4, 8);
    uint8_t told = (uint8_t)-ret;

    if (write(done, &told, 1) != 1 || read(leave, &byte, 1) != 1)
        return 9;
    tk_posix_flash_close(&f);
    return 0;
}

static void one_of_many_that_create_it_at_once_succeeds(void **state)
{
    enum { RACERS = 6 };
    int go[2], done[2], leave[2], status, got[4] = {0};
    struct place p;
    uint8_t told;

    (void)state;
    make_dir(&p);
    assert_true(pipe(go) == 0 && pipe(done) == 0 && pipe(leave) == 0);
    for (int i = 0; i < RACERS; i++) {
        if (fork() == 0)
            _exit(race(p.file, go[0], done[1], leave[0]));
    }
    assert_int_equal(write(go[1], "123456", RACERS), RACERS);
    for (int i = 0; i < RACERS; i++) {
        assert_int_equal(read(done[0], &told, 1), 1);
        got[told & 3]++;
    }
    assert_int_equal(write(leave[1], "123456", RACERS), RACERS);
    for (int i = 0; i < RACERS; i++)
        assert_true(wait(&status) > 0 && status == 0);
    assert_int_equal(got[-TK_POSIX_FLASH_OK], 1);
    assert_int_equal(got[-TK_POSIX_FLASH_BUSY], RACERS - 1);
    for (int i = 0; i < 2; i++) {
        close(go[i]);
        close(done[i]);
        close(leave[i]);
    }
    remove_dir(&p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
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
        TEST(the_device_has_key_level_and_reboot),
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
        TEST(addresses_are_resolved_at_once),
        TEST(addresses_are_in_order_and_unique),
        TEST(unknown_names_are_errors),
        TEST(localhost_is_resolved),
        TEST(slow_lookups_do_not_block),
        TEST(an_answer_ends_wait),
        TEST(a_process_can_exit_during_a_lookup),
        TEST(a_console_reads_and_writes),
        TEST(typing_ends_wait),
        TEST(end_of_input_detaches_after_the_last_output),
        TEST(a_slow_terminal_does_not_block),
        TEST(room_ends_wait),
        TEST(a_closed_output_detaches),
        TEST(a_line_is_free_after_core_has_read_the_end),
        TEST(a_terminal_is_a_console),
        cmocka_unit_test(a_new_flash_is_erased_and_private),
        cmocka_unit_test(programs_only_clear_bits),
        cmocka_unit_test(a_whole_sector_is_programmed_in_one_call),
        cmocka_unit_test(operations_against_the_contract_are_refused),
        cmocka_unit_test(a_flash_can_be_opened_once),
        cmocka_unit_test(a_file_of_another_size_or_type_is_refused),
        cmocka_unit_test(one_of_many_that_create_it_at_once_succeeds),
    };

    self = argv[0];
    if (pipe(gate) != 0)
        return 1;
    if (argc > 1 && strcmp(argv[1], "end-with-a-lookup-under-way") == 0)
        return exit_during_lookup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
