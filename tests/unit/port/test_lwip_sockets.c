/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket contract over lwip/sockets.h with lwIP's unix port and loopback interface: the
 * conformance suite, and what that does not check.
 */
#include "patience.h"
#include "tk_clock.h"
#include "tk_conformance.h"
#include "tk_console_io.h"
#include "tk_device.h"
#include "tk_entropy.h"
#include "tk_lwip_sockets.h"
#include "tk_sock.h"

#include <lwip/dns.h>
#include <lwip/sockets.h>
#include <lwip/tcpip.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { PEER = 7007, SILENT = 7008, EOT = 4, ENQ = 5 };

struct tk_port {
    int nothing;
};

static struct tk_port port;

/* --- the rest of a port --- */

uint64_t tk_clock_now_ms(struct tk_port *p)
{
    struct timespec now;

    (void)p;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

enum tk_time_quality tk_clock_unix(struct tk_port *p, int64_t *unix_s)
{
    (void)p;
    *unix_s = time(NULL);
    return TK_TIME_SYSTEM;
}

int tk_entropy_get(struct tk_port *p, void *buf, size_t len)
{
    (void)p, (void)buf, (void)len;
    return TK_ENTROPY_NOT_SEEDED;
}

int tk_console_read(struct tk_port *p, unsigned line, void *buf, size_t size)
{
    (void)p, (void)line, (void)buf, (void)size;
    return TK_CONSOLE_CLOSED;
}

int tk_console_write(struct tk_port *p, unsigned line, const void *data, size_t len)
{
    (void)p, (void)line, (void)data, (void)len;
    return TK_CONSOLE_CLOSED;
}

const char *tk_device_id(struct tk_port *p)
{
    (void)p;
    return "threads-0001";
}

uint32_t tk_device_feed_watchdog(struct tk_port *p)
{
    (void)p;
    return UINT32_MAX;
}

int tk_device_key(struct tk_port *p, uint8_t out[TK_DEVICE_KEY_SIZE])
{
    (void)p, (void)out;
    return -1;
}

/* --- the peer of tk_conformance.h, on lwIP's blocking sockets --- */

static int bind_socket(int type, uint16_t its_port)
{
    struct sockaddr_in addr = {.sin_len = sizeof addr, .sin_family = AF_INET};
    int fd = lwip_socket(AF_INET, type, 0);

    addr.sin_port = lwip_htons(its_port);
    addr.sin_addr.s_addr = PP_HTONL(INADDR_LOOPBACK);
    if (fd < 0 || lwip_bind(fd, (struct sockaddr *)&addr, sizeof addr) != 0 ||
        (type == SOCK_STREAM && lwip_listen(fd, 32) != 0))
        abort();
    return fd;
}

static void *serve(void *arg)
{
    const struct timespec half_a_second = {0, 500000000};
    int fd = (int)(intptr_t)arg;
    uint8_t buf[2000];
    ssize_t n;

    while ((n = lwip_recv(fd, buf, sizeof buf, 0)) > 0) {
        if (memchr(buf, ENQ, (size_t)n) != NULL)
            nanosleep(&half_a_second, NULL);
        lwip_send(fd, buf, (size_t)n, 0);
        if (memchr(buf, EOT, (size_t)n) != NULL)
            break;
    }
    lwip_close(fd);
    return NULL;
}

static void *listen_and_serve(void *arg)
{
    int listener = (int)(intptr_t)arg;
    pthread_t thread;
    int fd;

    while ((fd = lwip_accept(listener, NULL, NULL)) >= 0) {
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) != 0)
            abort();
        pthread_detach(thread);
    }
    return NULL;
}

enum { RECORD = 16, SEVERAL = 12 };

static atomic_uint queries, first_address = 1;

/* How many addresses a name has: none in .invalid, several in .several. */
static uint8_t addresses_of(const uint8_t *query, size_t len)
{
    if (memmem(query, len, "invalid", 7) != NULL)
        return 0;
    return memmem(query, len, "several", 7) != NULL ? SEVERAL : 1;
}

/* One that is sent again because its answer was late is the same query. */
static void count_query(const uint8_t *query, size_t len)
{
    static uint8_t last[512];

    if (memcmp(query, last, len) != 0)
        queries++;
    memcpy(last, query, len);
}

static void *answer_names(void *arg)
{
    static const uint8_t record[RECORD] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0};
    int fd = (int)(intptr_t)arg;
    struct sockaddr_in from;
    uint8_t m[512 + SEVERAL * RECORD];
    socklen_t len = sizeof from;
    ssize_t n;

    while ((n = lwip_recvfrom(fd, m, 512, 0, (struct sockaddr *)&from, &len)) > 12) {
        uint8_t count = addresses_of(m, (size_t)n);

        count_query(m, (size_t)n);
        m[2] = 0x81;
        m[3] = count > 0 ? 0x80 : 0x83;
        m[7] = count;
        for (uint8_t i = 0; i < count; i++) {
            memcpy(m + n + i * RECORD, record, RECORD);
            m[n + i * RECORD + RECORD - 1] = (uint8_t)(first_address + i);
        }
        lwip_sendto(fd, m, (size_t)n + count * RECORD, 0, (struct sockaddr *)&from, len);
        len = sizeof from;
    }
    return NULL;
}

/* --- tests --- */

static int sock;

static int connect_to(uint16_t tcp_port)
{
    const struct tk_addr self = {.family = 4, .bytes = {127, 0, 0, 1}};
    uint64_t deadline_ms = tk_clock_now_ms(&port) + patient_ms();
    int ret;

    sock = tk_sock_open(&port, &self, tcp_port);
    assert_true(sock >= 0);
    while ((ret = tk_sock_connected(&port, sock)) == TK_SOCK_AGAIN &&
           tk_clock_now_ms(&port) < deadline_ms)
        tk_wait(&port, deadline_ms);
    return ret;
}

static void report(void *ctx, const char *check, const char *result, const char *detail)
{
    (void)ctx;
    if (strcmp(result, TK_CONFORMANCE_FAILED) == 0)
        print_message("%s %s %s\n", check, result, detail);
}

static void conforms(void **state)
{
    const struct tk_conformance suite = {
        .port = &port, .peer = "127.0.0.1", .peer_port = PEER, .closed_port = 81, .report = report};

    (void)state;
    assert_int_equal(tk_conformance_run(&suite), 0);
}

static int resolve_all(const char *name, struct tk_addr *addrs, size_t max)
{
    uint64_t deadline_ms = tk_clock_now_ms(&port) + patient_ms();
    int lookup, n;

    while ((lookup = tk_sock_lookup(&port, name)) == TK_SOCK_AGAIN)
        tk_wait(&port, tk_clock_now_ms(&port) + 10);
    assert_true(lookup >= 0);
    while ((n = tk_sock_lookup_poll(&port, lookup, addrs, max)) == TK_SOCK_AGAIN &&
           tk_clock_now_ms(&port) < deadline_ms)
        tk_wait(&port, deadline_ms);
    return n;
}

static int resolve(const char *name, struct tk_addr *addr)
{
    return resolve_all(name, addr, 1);
}

static void assert_addresses(const char *name, int want)
{
    struct tk_addr addrs[TK_SOCK_ADDRS];

    assert_int_equal(resolve_all(name, addrs, TK_SOCK_ADDRS), want);
    for (int i = 0; i < want; i++) {
        assert_int_equal(addrs[i].family, 4);
        assert_int_equal(addrs[i].bytes[3], (int)first_address + i);
    }
}

/* lwIP reports one of them, and its cache has no other. */
static void all_addresses_of_a_name_are_found(void **state)
{
    unsigned before = queries;

    (void)state;
    assert_addresses("one.several", TK_SOCK_FAMILY);
    assert_int_equal(queries, before + 1);
    assert_addresses("one.several", TK_SOCK_FAMILY);
    assert_int_equal(queries, before + 1); /* by the cache */
    first_address = 101;
    assert_addresses("two.several", TK_SOCK_FAMILY);
    assert_addresses("three.several", TK_SOCK_FAMILY);
    assert_addresses("two.several", TK_SOCK_FAMILY);
    assert_int_equal(queries, before + 3);
    first_address = 1;
    assert_addresses("127.0.0.1", 1);
}

static void resolves_names_in_the_lwip_thread(void **state)
{
    struct tk_addr addr;

    (void)state;
    assert_int_equal(resolve("one.example", &addr), 1);
    assert_int_equal(addr.family, 4);
    assert_memory_equal(addr.bytes, ((uint8_t[]){127, 0, 0, 1}), 4);
    assert_int_equal(resolve("one.example", &addr), 1);
    assert_int_equal(resolve("none.invalid", &addr), TK_SOCK_ERR);
    for (int i = 0; i < 20; i++)
        tk_sock_lookup_cancel(&port, tk_sock_lookup(&port, "other.example"));
    assert_int_equal(resolve("two.example", &addr), 1);
}

static void a_refused_connection_stays_an_error(void **state)
{
    (void)state;
    assert_int_equal(connect_to(81), TK_SOCK_ERR);
    assert_int_equal(tk_sock_connected(&port, sock), TK_SOCK_ERR);
    assert_int_equal(tk_sock_send(&port, sock, "x", 1), TK_SOCK_ERR);
    tk_sock_close(&port, sock);
}

static void wrong_handles_are_errors(void **state)
{
    uint8_t byte;
    struct tk_addr addr = {.family = 5};

    (void)state;
    for (int s = -3; s < 100; s += 50) {
        assert_int_equal(tk_sock_connected(&port, s), TK_SOCK_ERR);
        assert_int_equal(tk_sock_send(&port, s, "x", 1), TK_SOCK_ERR);
        assert_int_equal(tk_sock_recv(&port, s, &byte, 1), TK_SOCK_ERR);
        assert_int_equal(tk_sock_lookup_poll(&port, s == 47 ? 9 : s, &addr, 1), TK_SOCK_ERR);
        tk_sock_lookup_cancel(&port, s == 47 ? 9 : s);
        tk_sock_close(&port, s);
    }
    assert_int_equal(tk_sock_open(&port, &addr, PEER), TK_SOCK_ERR);
}

/* The listener does not accept, so the buffers fill up. */
static void a_full_send_buffer_is_again(void **state)
{
    static uint8_t data[1000];
    int n, sent = 0;

    (void)state;
    assert_int_equal(connect_to(SILENT), TK_SOCK_OK);
    while ((n = tk_sock_send(&port, sock, data, sizeof data)) > 0 && sent < 1000000)
        sent += n;
    assert_int_equal(n, TK_SOCK_AGAIN);
    tk_sock_close(&port, sock);
}

static sem_t go;

static void *wake_up(void *arg)
{
    (void)arg;
    sem_wait(&go);
    tk_lwip_sockets_wake();
    return NULL;
}

/* From another thread, while a socket waits for data. */
static void a_wake_up_ends_the_sleep_and_keeps_interest_in_sockets(void **state)
{
    uint64_t start_ms = tk_clock_now_ms(&port);
    pthread_t thread;
    uint8_t byte = ENQ;

    (void)state;
    assert_int_equal(connect_to(PEER), TK_SOCK_OK);
    assert_int_equal(tk_sock_recv(&port, sock, &byte, 1), TK_SOCK_AGAIN);
    sem_init(&go, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, wake_up, NULL), 0);
    sem_post(&go);
    tk_wait(&port, start_ms + patient_ms());
    assert_true(tk_clock_now_ms(&port) - start_ms < patient_ms());
    pthread_join(thread, NULL);
    assert_int_equal(tk_sock_send(&port, sock, &byte, 1), 1);
    tk_wait(&port, start_ms + 2 * patient_ms()); /* the wake-up may be reported again */
    tk_wait(&port, start_ms + 2 * patient_ms());
    assert_true(tk_clock_now_ms(&port) - start_ms < patient_ms());
    sem_destroy(&go);
    tk_sock_close(&port, sock);
}

/* The socket is readable and is not read. */
static void an_ignored_event_neither_hangs_nor_spins(void **state)
{
    uint64_t start_ms, deadline_ms = tk_clock_now_ms(&port) + patient_ms();
    uint8_t byte = 'x';
    int returns = 0;

    (void)state;
    assert_int_equal(connect_to(PEER), TK_SOCK_OK);
    assert_int_equal(tk_sock_recv(&port, sock, &byte, 1), TK_SOCK_AGAIN);
    assert_int_equal(tk_sock_send(&port, sock, &byte, 1), 1);
    tk_wait(&port, deadline_ms);
    assert_true(tk_clock_now_ms(&port) < deadline_ms);
    start_ms = tk_clock_now_ms(&port);
    while (tk_clock_now_ms(&port) < start_ms + 100) {
        tk_wait(&port, deadline_ms);
        returns++;
    }
    assert_in_range(returns, 1, 40);
    assert_int_equal(tk_sock_recv(&port, sock, &byte, 1), 1);
    tk_sock_close(&port, sock);
}

static void the_system_keeps_address_and_time(void **state)
{
    struct tk_ip ip = {.fixed = false};
    int64_t unix_s;

    (void)state;
    assert_int_equal(tk_sock_set_ip(&port, &ip), TK_SOCK_ERR);
    assert_int_equal(tk_sock_get_ip(&port, &ip), TK_SOCK_ERR);
    assert_int_equal(tk_clock_ntp_server(&port, "time.example"), -1);
    assert_false(tk_clock_ntp_poll(&port, &unix_s));
}

static void on_ready(void *arg)
{
    sem_post(arg);
}

static int start(void **state)
{
    const ip_addr_t self = IPADDR4_INIT_BYTES(127, 0, 0, 1);
    pthread_t thread;
    sem_t ready;

    (void)state;
    sem_init(&ready, 0, 0);
    tcpip_init(on_ready, &ready);
    sem_wait(&ready);
    sem_destroy(&ready);
    if (tk_lwip_sockets_init() != 0)
        return -1;
    LOCK_TCPIP_CORE();
    dns_setserver(0, &self);
    UNLOCK_TCPIP_CORE();
    (void)bind_socket(SOCK_STREAM, SILENT);
    return pthread_create(&thread, NULL, answer_names,
                          (void *)(intptr_t)bind_socket(SOCK_DGRAM, 53)) ||
           pthread_create(&thread, NULL, listen_and_serve,
                          (void *)(intptr_t)bind_socket(SOCK_STREAM, PEER));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conforms),
        cmocka_unit_test(resolves_names_in_the_lwip_thread),
        cmocka_unit_test(all_addresses_of_a_name_are_found),
        cmocka_unit_test(a_refused_connection_stays_an_error),
        cmocka_unit_test(wrong_handles_are_errors),
        cmocka_unit_test(a_full_send_buffer_is_again),
        cmocka_unit_test(a_wake_up_ends_the_sleep_and_keeps_interest_in_sockets),
        cmocka_unit_test(an_ignored_event_neither_hangs_nor_spins),
        cmocka_unit_test(the_system_keeps_address_and_time),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
