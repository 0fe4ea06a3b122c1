/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* getaddrinfo */

/* Lookups of the POSIX port. getaddrinfo and freeaddrinfo are wrapped: the test resolves names
 * under .example. */

#include <arpa/inet.h>
#include <netdb.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "posix_port.h"

static char *self; /* argv[0] */

static const struct tk_addr loopback4 = {4, {127, 0, 0, 1}};
static const struct tk_addr loopback6 = {6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

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
    if (a->ai_family == AF_INET6 && strncmp(digits, "fe80", 4) == 0)
        v6->sin6_scope_id = next->ai_family == AF_INET ? 3 : 0x10002;
    v4->sin_family = (sa_family_t)a->ai_family;
    a->ai_addr = (struct sockaddr *)v4;
    a->ai_next = next;
    return a;
}

static const char *numbered(int i)
{
    static char digits[20];

    snprintf(digits, sizeof digits, "2001:db8::%x", (unsigned)i);
    return digits;
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
    if (strcmp(host, "mapped.example") == 0)
        *list = fake("::ffff:192.0.2.9", fake("::ffff:192.0.2.8", *list));
    if (strcmp(host, "local.example") == 0)
        *list = fake("fe80::1", fake("fe80::1", *list)); /* of two interfaces */
    for (int i = 20; strcmp(host, "ipv6.example") == 0 && i > 0; i--)
        *list = fake(numbered(i), *list);
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

    assert_int_equal(look_up(*state, "many.example", addrs, TK_SOCK_ADDRS), 6);
    assert_int_equal(addrs[0].bytes[3], 1);
    assert_int_equal(addrs[1].family, 6);
    assert_int_equal(addrs[2].bytes[3], 3);
    assert_int_equal(addrs[3].bytes[3], 4);
    assert_int_equal(addrs[5].bytes[3], 9);
    memset(addrs, 0, sizeof addrs);
    assert_int_equal(look_up(*state, "many.example", addrs, 2), 2);
    assert_int_equal(addrs[2].family, 0);
    assert_int_equal(look_up(*state, "one.example", addrs, TK_SOCK_ADDRS), 1);
}

/* One IPv4 address after twenty of IPv6. */
static void neither_family_displaces_the_other(void **state)
{
    struct tk_addr addrs[TK_SOCK_ADDRS];

    assert_int_equal(look_up(*state, "ipv6.example", addrs, TK_SOCK_ADDRS), TK_SOCK_FAMILY + 1);
    for (int i = 0; i < TK_SOCK_FAMILY; i++) {
        assert_int_equal(addrs[i].family, 6);
        assert_int_equal(addrs[i].bytes[15], i + 1);
    }
    assert_int_equal(addrs[TK_SOCK_FAMILY].family, 4);
    assert_int_equal(addrs[TK_SOCK_FAMILY].bytes[3], 9);
}

static void mapped_addresses_are_ipv4(void **state)
{
    struct tk_addr addrs[TK_SOCK_ADDRS];

    assert_int_equal(look_up(*state, "mapped.example", addrs, TK_SOCK_ADDRS), 2);
    assert_memory_equal(&addrs[0], &((struct tk_addr){4, {192, 0, 2, 9}}), sizeof addrs[0]);
    assert_memory_equal(&addrs[1], &((struct tk_addr){4, {192, 0, 2, 8}}), sizeof addrs[1]);
    assert_int_equal(look_up(*state, "::ffff:127.0.0.1", addrs, TK_SOCK_ADDRS), 1);
    assert_memory_equal(&addrs[0], &loopback4, sizeof loopback4);
}

/* RFC 4007 6 */
static void link_local_addresses_have_an_interface(void **state)
{
    static const struct tk_addr first = {6, {0xfe, 0x80, 0, 0, 0, 1, 0, 2, [15] = 1}},
                                second = {6, {0xfe, 0x80, 0, 0, 0, 0, 0, 3, [15] = 1}};
    struct tk_addr addrs[TK_SOCK_ADDRS];

    assert_int_equal(look_up(*state, "local.example", addrs, TK_SOCK_ADDRS), 3);
    assert_memory_equal(&addrs[0], &first, sizeof first);
    assert_memory_equal(&addrs[1], &second, sizeof second);
    assert_int_equal(addrs[2].family, 4);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(addresses_are_resolved_at_once),
        TEST(addresses_are_in_order_and_unique),
        TEST(neither_family_displaces_the_other),
        TEST(mapped_addresses_are_ipv4),
        TEST(link_local_addresses_have_an_interface),
        TEST(unknown_names_are_errors),
        TEST(localhost_is_resolved),
        TEST(slow_lookups_do_not_block),
        TEST(an_answer_ends_wait),
        TEST(a_process_can_exit_during_a_lookup),
    };

    self = argv[0];
    if (pipe(gate) != 0)
        return 1;
    if (argc > 1 && strcmp(argv[1], "end-with-a-lookup-under-way") == 0)
        return exit_during_lookup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
