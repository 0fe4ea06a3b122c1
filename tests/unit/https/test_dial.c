/* SPDX-License-Identifier: Apache-2.0 */

/* Names whose first addresses are dead, in any way: how soon one that answers is connected. */

#include "tk_dial.h"
#include "tk_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = TK_SOCK_ADDRS, DEADLINE_MS = 10000 };

static const struct tk_host host = {.name = "acme.example", .port = 443};
static struct tk_port port;
static struct tk_sim_name name;
static struct tk_sim_peer peers[MOST];
static struct tk_dial dial;

static struct tk_addr address(int family, size_t i)
{
    struct tk_addr addr = {.family = (uint8_t)family, .bytes = {10, [3] = (uint8_t)(i + 1)}};

    return addr;
}

static int set_up(void **state)
{
    char none;

    (void)state;
    memset(&name, 0, sizeof name);
    memset(peers, 0, sizeof peers);
    tk_sim_init(&port, 1);
    tk_console_read(&port, 0, &none, 1); /* or its first event ends every wait */
    name.name = host.name;
    tk_sim_add_name(&port, &name);
    tk_dial_init(&dial, &port);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tk_dial_cancel(&dial);
    for (int i = 0; i < TK_SIM_SOCKETS; i++)
        assert_int_equal(port.links[i].state, TK_SIM_FREE);
    for (int i = 0; i < TK_SIM_LOOKUPS; i++)
        assert_false(port.lookups[i].used);
    tk_sim_free(&port);
    return 0;
}

static void restart(void)
{
    tear_down(NULL);
    set_up(NULL);
}

/* Adds an address to the name. */
static struct tk_sim_peer *add(int family, enum tk_sim_answer answer)
{
    struct tk_sim_peer *peer = &peers[name.count];

    assert_true(name.count < MOST);
    peer->addr = name.addrs[name.count] = address(family, name.count);
    peer->port = host.port;
    peer->answer = answer;
    name.count++;
    tk_sim_add_peer(&port, peer);
    return peer;
}

/* A socket, or the error that came until then. */
static int step_until(uint64_t until_ms, const struct tk_addr *first)
{
    int n = TK_SOCK_AGAIN;

    for (int passes = 0; n == TK_SOCK_AGAIN && port.now_ms < until_ms; passes++) {
        uint64_t next_ms = until_ms;

        n = tk_dial_step(&dial, &host, first);
        if (dial.count > 0 && dial.next_ms < next_ms)
            next_ms = dial.next_ms;
        if (n == TK_SOCK_AGAIN)
            tk_wait(&port, next_ms);
        assert_true(passes < 1000);
    }
    return n;
}

static int connect_at_once_or_not(void)
{
    return step_until(30000, NULL);
}

/* --- dead addresses --- */

static void assert_connects_to(size_t index, const char *what, int n, int sockets)
{
    int sock = connect_at_once_or_not();

    if (sock < 0 || port.now_ms > DEADLINE_MS || dial.addrs[dial.current].bytes[3] != index + 1)
        fail_msg("%d %s, %d sockets: result %d after %d ms", n, what, sockets, sock,
                 (int)port.now_ms);
    tk_sock_close(&port, sock);
}

/* The last one connects. families: of the dead ones and of the last. */
static void connects_after_n_dead(const char *what, enum tk_sim_answer answer, uint64_t connect_ms,
                                  const int families[2])
{
    for (int sockets = 1; sockets <= 8; sockets *= 2) {
        for (int n = 0; n <= 8; n++) {
            port.max_sockets = sockets;
            for (int i = 0; i < n; i++)
                add(families[0], answer)->connect_ms = connect_ms;
            add(families[1], TK_SIM_ACCEPT)->connect_ms = 200;
            assert_connects_to((size_t)n, what, n, sockets);
            restart();
        }
    }
}

static void a_living_address_is_found_within_10_s(void **state)
{
    static const int families[][2] = {{4, 4}, {6, 4}, {4, 6}, {6, 6}};
    static const struct {
        const char *what;
        enum tk_sim_answer answer;
        uint64_t connect_ms;
    } kinds[] = {{"silent", TK_SIM_SILENT, 0},
                 {"unreachable", TK_SIM_UNREACHABLE, 0},
                 {"refused", TK_SIM_REFUSE, 0},
                 {"refused late", TK_SIM_REFUSE, 700},
                 {"unreachable late", TK_SIM_REFUSE, 3000}};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (size_t f = 0; f < sizeof families / sizeof families[0]; f++)
            connects_after_n_dead(kinds[i].what, kinds[i].answer, kinds[i].connect_ms, families[f]);
    }
}

/* Nine of each, and only the last one of one family answers. */
static void a_living_address_is_found_among_all_that_are_kept(void **state)
{
    static const int few_and_enough[] = {1, 2, 3, 4, TK_SIM_SOCKETS};

    (void)state;
    for (size_t s = 0; s < sizeof few_and_enough / sizeof few_and_enough[0]; s++) {
        int sockets = few_and_enough[s];

        for (size_t alive = 0; alive < MOST; alive++) {
            port.max_sockets = sockets;
            for (size_t i = 0; i < MOST; i++)
                add(i < TK_SOCK_FAMILY ? 6 : 4, i == alive ? TK_SIM_ACCEPT : TK_SIM_SILENT);
            assert_connects_to(alive, "silent", MOST, sockets);
            restart();
        }
    }
}

/* Their server accepts and says nothing: each is abandoned after the time that it may be silent. */
static void a_server_that_answers_is_found_within_10_s(void **state)
{
    (void)state;
    for (int n = 0; n <= 8; n++) {
        for (int i = 0; i <= n; i++)
            add(4, TK_SIM_ACCEPT)->connect_ms = 10;
        for (int i = 0; i < n; i++) {
            int sock = connect_at_once_or_not();

            assert_true(sock >= 0);
            assert_int_equal(dial.current, i);
            uint32_t ms = tk_dial_patience(&dial, 8000);

            tk_sim_advance(&port, ms);
            tk_sock_close(&port, sock);
            assert_true(tk_dial_abandon(&dial, ms < 8000));
        }
        assert_connects_to((size_t)n, "without TLS", n, TK_SIM_SOCKETS);
        restart();
    }
}

/* --- the race --- */

static void the_next_address_begins_while_the_last_is_silent(void **state)
{
    (void)state;
    add(4, TK_SIM_SILENT);
    add(4, TK_SIM_SILENT);
    add(4, TK_SIM_SILENT);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(step_until(500 * i, NULL), TK_SOCK_AGAIN);
        assert_int_equal(port.connections_begun, i);
    }
}

static void a_refused_address_is_followed_at_once(void **state)
{
    (void)state;
    add(4, TK_SIM_REFUSE)->connect_ms = 100;
    add(4, TK_SIM_UNREACHABLE);
    add(4, TK_SIM_ACCEPT);
    assert_connects_to(2, "refused", 2, TK_SIM_SOCKETS);
    assert_int_equal(port.now_ms, 100);
}

/* The slow one is not closed when the next one begins. */
static void a_slow_address_can_still_win(void **state)
{
    (void)state;
    add(6, TK_SIM_ACCEPT)->connect_ms = 2500;
    add(4, TK_SIM_SILENT);
    assert_connects_to(0, "slow", 1, TK_SIM_SOCKETS);
    assert_int_equal(port.now_ms, 2500);
    assert_int_equal(port.connections_begun, 2);
}

/* A network with 3 s from end to end, where all were given up after a second at first. */
static void slow_addresses_are_tried_once_more(void **state)
{
    (void)state;
    port.max_sockets = 1;
    for (int i = 0; i < 9; i++)
        add(4, TK_SIM_ACCEPT)->connect_ms = 3000;
    int sock = connect_at_once_or_not();

    assert_true(sock >= 0);
    assert_in_range(port.now_ms, 8 * 900 + 3000, 8 * 900 + 5000);
    tk_sock_close(&port, sock);
}

static void each_address_has_5_s_if_there_is_time(void **state)
{
    (void)state;
    for (int count = 1; count <= 2; count++) {
        port.max_sockets = 1;
        for (int i = 0; i < count; i++)
            add(4, TK_SIM_SILENT);
        assert_int_equal(connect_at_once_or_not(), TK_SOCK_ERR);
        assert_int_equal(port.now_ms, 5000 * count);
        assert_int_equal(port.connections_begun, count);
        restart();
    }
}

/* Every 49.7 days. */
static void it_works_where_32_bits_of_the_tick_wrap(void **state)
{
    (void)state;
    for (uint32_t before = 0; before < 8000; before += 250) {
        tk_sim_advance(&port, UINT64_C(0x100000000) - before);
        port.max_sockets = 1 + (int)before % 3;
        for (int i = 0; i < 8; i++)
            add(4, TK_SIM_SILENT);
        add(4, TK_SIM_ACCEPT);
        int sock = step_until(UINT64_C(0x100000000) + DEADLINE_MS, NULL);

        assert_true(sock >= 0);
        tk_sock_close(&port, sock);
        restart();
    }
}

static void it_ends_where_no_address_answers(void **state)
{
    static const enum tk_sim_answer answers[] = {TK_SIM_SILENT, TK_SIM_REFUSE, TK_SIM_UNREACHABLE};

    (void)state;
    for (int i = 0; i < 12; i++) {
        port.max_sockets = 1 << i / 3;
        for (int k = 0; k < TK_SOCK_FAMILY; k++)
            add(k % 2 == 0 ? 6 : 4, answers[i % 3]);
        assert_int_equal(step_until(120000, NULL), TK_SOCK_ERR);
        assert_in_range(port.connections_begun, answers[i % 3] == TK_SIM_UNREACHABLE ? 0 : 9, 18);
        restart();
    }
}

static void without_sockets_it_fails(void **state)
{
    (void)state;
    port.max_sockets = 0;
    add(4, TK_SIM_ACCEPT);
    add(4, TK_SIM_ACCEPT);
    assert_int_equal(connect_at_once_or_not(), TK_SOCK_ERR);
    assert_int_equal(dial.count, 2);
}

static void a_name_without_addresses_fails(void **state)
{
    (void)state;
    assert_int_equal(connect_at_once_or_not(), TK_SOCK_ERR);
    assert_int_equal(dial.count, 0);
}

/* --- the order --- */

static void assert_order(const char *order)
{
    (void)step_until(port.now_ms + 1, NULL);
    assert_int_equal(dial.count, strlen(order));
    for (size_t i = 0; order[i] != '\0'; i++)
        assert_int_equal(dial.addrs[i].bytes[3], order[i] - '0');
}

static void add_all(const char *families)
{
    for (; *families != '\0'; families++)
        add(*families - '0', TK_SIM_SILENT);
}

/* RFC 8305 4: in the order of the port, which is that of RFC 6724, the families in turn. */
static void the_families_alternate(void **state)
{
    static const char *const rows[][2] = {{"6644", "1324"},   {"4466", "1324"}, {"6664", "1423"},
                                          {"4", "1"},         {"666", "123"},   {"6444", "1234"},
                                          {"64644", "12345"}, {"466", "123"}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        add_all(rows[i][0]);
        assert_order(rows[i][1]);
        restart();
    }
}

static void the_address_that_answered_is_tried_first(void **state)
{
    struct tk_addr good = address(4, 3), gone = address(4, 5), other_family = address(6, 3);

    (void)state;
    for (int i = 0; i < 3; i++) {
        add_all("6644");
        (void)step_until(1, i == 0 ? &good : i == 1 ? &gone : &other_family);
        assert_int_equal(dial.addrs[0].bytes[3], i == 0 ? 4 : 1);
        assert_int_equal(dial.addrs[1].bytes[3], i == 0 ? 1 : 3);
        restart();
    }
}

static void a_lookup_waits_until_one_is_free(void **state)
{
    int lookups[TK_SIM_LOOKUPS];

    (void)state;
    add(4, TK_SIM_ACCEPT);
    for (int i = 0; i < TK_SIM_LOOKUPS; i++)
        lookups[i] = tk_sock_lookup(&port, host.name);
    assert_int_equal(tk_dial_step(&dial, &host, NULL), TK_SOCK_AGAIN);
    assert_int_equal(dial.count, 0);
    for (int i = 0; i < TK_SIM_LOOKUPS; i++)
        tk_sock_lookup_cancel(&port, lookups[i]);
    assert_connects_to(0, "once a lookup is free", 0, TK_SIM_SOCKETS);
}

/* Two servers that say nothing: the first is left early, the second is not, and then the first has
 * its second try. */
static void the_last_try_has_the_full_time(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        add(4, TK_SIM_ACCEPT);
    for (int i = 0; i < 4; i++) {
        int sock = connect_at_once_or_not();

        assert_int_equal(dial.current, i % 2);
        assert_int_equal(tk_dial_patience(&dial, 8000), i == 0 ? 7200 : 8000);
        tk_sock_close(&port, sock);
        assert_int_equal(tk_dial_abandon(&dial, i == 0), i < 3);
    }
    assert_int_equal(connect_at_once_or_not(), TK_SOCK_ERR);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_living_address_is_found_within_10_s),
        TEST(a_living_address_is_found_among_all_that_are_kept),
        TEST(a_server_that_answers_is_found_within_10_s),
        TEST(the_next_address_begins_while_the_last_is_silent),
        TEST(a_refused_address_is_followed_at_once),
        TEST(a_slow_address_can_still_win),
        TEST(slow_addresses_are_tried_once_more),
        TEST(each_address_has_5_s_if_there_is_time),
        TEST(it_works_where_32_bits_of_the_tick_wrap),
        TEST(it_ends_where_no_address_answers),
        TEST(without_sockets_it_fails),
        TEST(a_name_without_addresses_fails),
        TEST(the_families_alternate),
        TEST(the_address_that_answered_is_tried_first),
        TEST(a_lookup_waits_until_one_is_free),
        TEST(the_last_try_has_the_full_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
