/* SPDX-License-Identifier: Apache-2.0 */
/* `set ip` and `set ntp`: their syntax, and how they are stored and handed to the port. */
#include "tk_ip.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct world w;

static int set_up(void **state)
{
    (void)state;
    world_init(&w, 7);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_free(&w);
    return 0;
}

#define assert_begins(text, start) assert_memory_equal(text, start, strlen(start))

/* --- addresses --- */

static void addresses_are_written_as_they_are_read(void **state)
{
    static const char *const good[] = {
        "dhcp",
        "192.168.1.20/24,192.168.1.1,192.168.1.1",
        "10.0.0.5/8,10.255.0.1,1.1.1.1",
        "192.0.2.1/30,192.0.2.2,0.0.0.0",
        "172.16.5.4/12,0.0.0.0,0.0.0.0",
        "223.255.255.254/1,128.0.0.1,8.8.8.8",
        "100.100.100.100/24,100.100.100.101,100.100.100.102",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct tk_ip ip;
        char buf[TK_IP_TEXT];
        struct tk_text t;

        assert_true(tk_ip_parse(&ip, good[i]));
        tk_text_init(&t, buf, sizeof buf);
        tk_text_ip(&t, &ip);
        assert_string_equal(buf, good[i]);
    }
}

static void the_longest_text_fits(void **state)
{
    struct tk_ip ip = {.fixed = true, .prefix = 30};
    char buf[TK_IP_TEXT];
    struct tk_text t;

    (void)state;
    memset(ip.addr, 222, 4);
    memset(ip.gateway, 222, 4);
    memset(ip.dns, 222, 4);
    tk_text_init(&t, buf, sizeof buf);
    tk_text_ip(&t, &ip);
    assert_string_equal(buf, "222.222.222.222/30,222.222.222.222,222.222.222.222");
    assert_int_equal(t.len, TK_IP_TEXT - 2);
}

static void bad_addresses_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "DHCP",
        "dhcp ",
        "192.168.1.20",
        "192.168.1.20/24",
        "192.168.1.20/24,192.168.1.1",
        "192.168.1.20/24,192.168.1.1,",
        "192.168.1.20/24,192.168.1.1,192.168.1.1,",
        "192.168.1.20/24,192.168.1.1,192.168.1.1 ",
        "192.168.1.20/24 ,192.168.1.1,192.168.1.1",
        "192.168.1/24,192.168.1.1,192.168.1.1",
        "192.168.1.20.1/24,192.168.1.1,192.168.1.1",
        "192.168.1.256/24,192.168.1.1,192.168.1.1",
        "192.168.1.020/24,192.168.1.1,192.168.1.1",
        "192.168.1.-1/24,192.168.1.1,192.168.1.1",
        "192.168.1.1000/24,192.168.1.1,192.168.1.1",
        "192.168.1.20/0,192.168.1.1,192.168.1.1",
        "192.168.1.20/31,192.168.1.21,192.168.1.1",
        "192.168.1.20/32,192.168.1.20,192.168.1.1",
        "192.168.1.0/24,192.168.1.1,192.168.1.1",   /* the network address */
        "192.168.1.255/24,192.168.1.1,192.168.1.1", /* broadcast */
        "192.168.1.20/24,192.168.2.1,192.168.1.1",  /* the gateway is in another network */
        "192.168.1.20/24,192.168.1.20,192.168.1.1", /* the gateway is the device */
        "127.0.0.1/8,127.0.0.2,127.0.0.2",
        "0.0.0.1/8,0.0.0.2,0.0.0.2",
        "224.0.0.1/8,224.0.0.2,224.0.0.2",
        "192.168.1.20/24,192.168.1.1,255.255.255.255",
        "fe80::1/24,192.168.1.1,192.168.1.1",
    };
    struct tk_ip ip, before;

    (void)state;
    memset(&ip, 0x5a, sizeof ip);
    ip.fixed = true;
    before = ip;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(tk_ip_parse(&ip, bad[i]));
        assert_memory_equal(&ip, &before, sizeof ip);
    }
}

/* --- set ip --- */

static void a_fixed_address_is_used_and_stored(void **state)
{
    static const char ip[] = "10.1.2.3/16,10.1.0.1,10.1.0.2";

    (void)state;
    assert_false(w.port.ip.fixed);
    assert_string_equal(world_type(&w, "set ip 10.1.2.3/16,10.1.0.1,10.1.0.2"),
                        "OK ip=10.1.2.3/16,10.1.0.1,10.1.0.2");
    assert_true(w.port.ip.fixed);
    assert_int_equal(w.port.ip.prefix, 16);
    assert_memory_equal(w.port.ip.addr, ((uint8_t[]){10, 1, 2, 3}), 4);
    assert_memory_equal(w.port.ip.gateway, ((uint8_t[]){10, 1, 0, 1}), 4);
    assert_memory_equal(w.port.ip.dns, ((uint8_t[]){10, 1, 0, 2}), 4);
    memset(&w.port.ip, 0, sizeof w.port.ip);
    world_restart(&w, 1000);
    assert_true(w.port.ip.fixed);
    (void)world_type(&w, "show");
    assert_non_null(strstr(w.answer, ip));
    assert_string_equal(world_type(&w, "unset ip"), "OK ip=dhcp");
    assert_false(w.port.ip.fixed);
    world_restart(&w, 1000);
    assert_false(w.port.ip.fixed);
}

static void show_names_the_address_from_dhcp(void **state)
{
    (void)state;
    (void)world_type(&w, "show");
    assert_non_null(strstr(w.answer, "ip=dhcp (none yet)\n"));
    assert_true(tk_ip_parse(&w.port.leased, "10.0.2.15/24,10.0.2.2,10.0.2.3"));
    (void)world_type(&w, "show");
    assert_non_null(strstr(w.answer, "ip=dhcp (10.0.2.15/24,10.0.2.2,10.0.2.3)\n"));
}

static void a_bad_address_changes_nothing(void **state)
{
    (void)state;
    (void)world_type(&w, "set ip 10.1.2.3/16,10.1.0.1,10.1.0.2");
    assert_begins(world_type(&w, "set ip 10.1.2.3/16,10.9.0.1,10.1.0.2"),
                  "ERR bad_value dhcp (default), or");
    assert_begins(world_type(&w, "set ip"), "ERR need_value");
    assert_true(w.port.ip.fixed);
    assert_int_equal(w.port.ip.gateway[1], 1);
}

/* `show` names the address that is used after a restart, too. */
static void an_address_that_cannot_be_stored_is_not_used(void **state)
{
    (void)state;
    (void)world_type(&w, "set ip 10.1.2.3/16,10.1.0.1,10.1.0.2");
    w.flash.off = true;
    assert_begins(world_type(&w, "set ip 10.1.2.4/16,10.1.0.1,10.1.0.2"), "ERR storage_failed");
    assert_int_equal(w.port.ip.addr[3], 3);
    assert_int_equal(w.keeper.rt.netconf.ip.addr[3], 3);
    w.flash.off = false;
}

static void under_an_operating_system_both_are_refused(void **state)
{
    (void)state;
    w.port.system = true;
    assert_begins(world_type(&w, "set ip 10.1.2.3/16,10.1.0.1,10.1.0.2"), "ERR ip_system");
    assert_begins(world_type(&w, "set ntp time.example"), "ERR clock_system");
    (void)world_type(&w, "show");
    assert_non_null(strstr(w.answer, "ip=system\n"));
    assert_non_null(strstr(w.answer, "ntp=\n"));
}

/* --- set ntp --- */

static void a_time_server_is_used_and_stored(void **state)
{
    (void)state;
    assert_string_equal(w.port.ntp, "");
    assert_string_equal(world_type(&w, "set ntp Time.Example"), "OK ntp=time.example");
    assert_string_equal(w.port.ntp, "time.example");
    w.port.ntp = NULL;
    world_restart(&w, 1000);
    assert_string_equal(w.port.ntp, "time.example");
    assert_string_equal(world_type(&w, "unset ntp"), "OK ntp=");
    assert_string_equal(w.port.ntp, "");
}

static void a_bad_time_server_changes_nothing(void **state)
{
    (void)state;
    (void)world_type(&w, "set ntp 192.0.2.1");
    assert_begins(world_type(&w, "set ntp time.example:123"), "ERR bad_value");
    assert_begins(world_type(&w, "set ntp https://time.example"), "ERR bad_value");
    assert_begins(world_type(&w, "set ntp time.example/"), "ERR bad_value");
    assert_begins(world_type(&w, "set ntp a b"), "ERR bad_value");
    assert_string_equal(w.port.ntp, "192.0.2.1");
}

static void a_time_server_that_cannot_be_stored_is_not_used(void **state)
{
    (void)state;
    (void)world_type(&w, "set ntp time.example");
    w.flash.off = true;
    assert_begins(world_type(&w, "set ntp other.example"), "ERR storage_failed");
    assert_string_equal(w.port.ntp, "time.example");
    assert_string_equal(w.keeper.rt.netconf.ntp, "time.example");
    w.flash.off = false;
}

static void answer_ntp(int64_t unix_s)
{
    w.port.ntp_unix = unix_s;
    w.port.ntp_answered = true;
    world_run(&w, 11000);
}

static void restart_without_clock(void)
{
    tk_sim_set_wall(&w.port, TK_TIME_NONE, 0);
    world_restart(&w, 1000);
    assert_string_equal(world_status(&w, "time"), "unknown");
}

static void its_answer_sets_the_time(void **state)
{
    int64_t now;

    (void)state;
    restart_without_clock();
    answer_ntp(WORLD_UNIX + 1000);
    assert_string_equal(world_status(&w, "time_quality"), "sntp");
    assert_true(tk_time_known(&w.keeper.rt.time, &now));
    assert_in_range(now, WORLD_UNIX + 1000, WORLD_UNIX + 1020);
    assert_int_equal(w.port.set_quality, TK_TIME_SNTP);
    answer_ntp(WORLD_UNIX + 500); /* a correction */
    assert_true(tk_time_known(&w.keeper.rt.time, &now));
    assert_in_range(now, WORLD_UNIX + 500, WORLD_UNIX + 520);
}

static void an_implausible_time_is_refused_and_logged(void **state)
{
    (void)state;
    restart_without_clock();
    answer_ntp(w.config.build_unix - 1);
    assert_string_equal(world_status(&w, "time"), "unknown");
    assert_int_equal(world_count_events(&w, "LOG ntp_refused time="), 1);
    answer_ntp(w.config.build_unix + (int64_t)21 * 31557600);
    assert_string_equal(world_status(&w, "time"), "unknown");
    assert_int_equal(world_count_events(&w, "LOG ntp_refused time="), 2);
    answer_ntp(WORLD_UNIX);
    assert_string_equal(world_status(&w, "time_quality"), "sntp");
    answer_ntp(0);
    assert_string_equal(world_status(&w, "time_quality"), "sntp");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_written_as_they_are_read),
        cmocka_unit_test(the_longest_text_fits),
        cmocka_unit_test(bad_addresses_are_refused),
        cmocka_unit_test_setup_teardown(a_fixed_address_is_used_and_stored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(show_names_the_address_from_dhcp, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bad_address_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_address_that_cannot_be_stored_is_not_used, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(under_an_operating_system_both_are_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_time_server_is_used_and_stored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bad_time_server_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(its_answer_sets_the_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_implausible_time_is_refused_and_logged, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_time_server_that_cannot_be_stored_is_not_used, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
