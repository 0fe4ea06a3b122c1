/* SPDX-License-Identifier: Apache-2.0 */

/* Wall time and its floor, on the simulated port. */

#include "tk_sim.h"
#include "tk_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BUILD ((int64_t)1700000000)
#define YEAR  ((int64_t)31557600)

static struct tk_port port;
static struct tk_time t;

static int begin(void **state)
{
    (void)state;
    tk_sim_init(&port, 1);
    tk_sim_advance(&port, 12345678);
    tk_time_init(&t, &port, BUILD);
    return 0;
}

static int end(void **state)
{
    (void)state;
    tk_sim_free(&port);
    return 0;
}

static int64_t now(enum tk_time_quality want)
{
    int64_t unix_s = 0;

    assert_int_equal(tk_time_now(&t, &unix_s), want);
    return unix_s;
}

static void knows_only_the_floor_at_first(void **state)
{
    int64_t unix_s;

    (void)state;
    assert_int_equal(now(TK_TIME_FLOOR), BUILD);
    tk_sim_advance(&port, 100000000);
    assert_int_equal(now(TK_TIME_FLOOR), BUILD); /* the floor does not advance */
    assert_false(tk_time_known(&t, &unix_s));
    assert_int_equal(tk_time_or_0(&t), 0);
}

static void advances_a_set_time_by_the_tick(void **state)
{
    int64_t unix_s;

    (void)state;
    assert_int_equal(tk_time_set(&t, BUILD + 5, TK_TIME_CONSOLE), TK_OK);
    assert_int_equal(port.set_unix_s, BUILD + 5);
    assert_int_equal(port.set_quality, TK_TIME_CONSOLE);
    assert_int_equal(now(TK_TIME_CONSOLE), BUILD + 5);
    tk_sim_advance(&port, 999);
    assert_int_equal(now(TK_TIME_CONSOLE), BUILD + 5);
    tk_sim_advance(&port, 1);
    assert_int_equal(now(TK_TIME_CONSOLE), BUILD + 6);
    tk_sim_advance(&port, (uint64_t)YEAR * 1000 * 5);
    assert_int_equal(now(TK_TIME_CONSOLE), BUILD + 6 + 5 * YEAR);
    assert_true(tk_time_known(&t, &unix_s));
    assert_int_equal(tk_time_or_0(&t), unix_s);
    assert_int_equal(tk_time_set(&t, BUILD + 9, TK_TIME_SNTP), TK_OK);
    assert_int_equal(now(TK_TIME_SNTP), BUILD + 9);
}

static void rejects_times_before_the_build_and_20_years_after(void **state)
{
    (void)state;
    assert_int_equal(tk_time_set(&t, BUILD - 1, TK_TIME_SNTP), TK_E_TIME_RANGE);
    assert_int_equal(tk_time_set(&t, 0, TK_TIME_SNTP), TK_E_TIME_RANGE);
    assert_int_equal(tk_time_set(&t, -1, TK_TIME_SNTP), TK_E_TIME_RANGE);
    assert_int_equal(tk_time_set(&t, INT64_MIN, TK_TIME_SNTP), TK_E_TIME_RANGE);
    assert_int_equal(tk_time_set(&t, INT64_MAX, TK_TIME_SNTP), TK_E_TIME_RANGE);
    assert_int_equal(tk_time_set(&t, BUILD + 20 * YEAR + 1, TK_TIME_SNTP), TK_E_TIME_RANGE);
    assert_int_equal(now(TK_TIME_FLOOR), BUILD);
    assert_int_equal(port.set_quality, TK_TIME_NONE);
    assert_int_equal(tk_time_set(&t, BUILD, TK_TIME_SNTP), TK_OK);
    assert_int_equal(tk_time_set(&t, BUILD + 20 * YEAR, TK_TIME_SNTP), TK_OK);
}

static void prefers_the_clock_of_the_platform(void **state)
{
    (void)state;
    assert_int_equal(tk_time_set(&t, BUILD + 5, TK_TIME_CONSOLE), TK_OK);
    tk_sim_set_wall(&port, TK_TIME_SYSTEM, BUILD + 1000);
    assert_int_equal(now(TK_TIME_SYSTEM), BUILD + 1000);
    assert_int_equal(tk_time_set(&t, BUILD + 7, TK_TIME_CONSOLE), TK_E_CLOCK_SYSTEM);
    assert_int_equal(tk_time_set(&t, 5, TK_TIME_CONSOLE), TK_E_CLOCK_SYSTEM);
    tk_sim_set_wall(&port, TK_TIME_RTC, BUILD + 1000);
    assert_int_equal(now(TK_TIME_RTC), BUILD + 1000);
    assert_int_equal(tk_time_set(&t, BUILD + 7, TK_TIME_CONSOLE), TK_OK); /* sets the RTC */
    assert_int_equal(port.set_unix_s, BUILD + 7);
}

static void ignores_an_implausible_clock_of_the_platform(void **state)
{
    static const int64_t wrong[] = {
        0, 1, 946684800, BUILD - 1, BUILD + 20 * YEAR + 1, INT64_MAX / 2};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        tk_time_init(&t, &port, BUILD);
        tk_sim_set_wall(&port, TK_TIME_SYSTEM, wrong[i]);
        assert_int_equal(now(TK_TIME_FLOOR), BUILD);
        assert_int_equal(tk_time_set(&t, BUILD + 7, TK_TIME_CONSOLE), TK_OK);
        assert_int_equal(now(TK_TIME_CONSOLE), BUILD + 7);
    }
}

static void raises_the_floor_by_server_dates_up_to_our_clock(void **state)
{
    (void)state;
    tk_time_note_server_date(&t, BUILD + 50); /* ignored: no clock of our own to check it against */
    assert_int_equal(now(TK_TIME_FLOOR), BUILD);
    assert_int_equal(tk_time_set(&t, BUILD + 100, TK_TIME_SNTP), TK_OK);
    tk_time_note_server_date(&t, BUILD + 50);
    assert_int_equal(t.floor_unix, BUILD + 50);
    tk_time_note_server_date(&t, BUILD + 40);
    tk_time_note_server_date(&t, 0);
    tk_time_note_server_date(&t, -1);
    assert_int_equal(t.floor_unix, BUILD + 50);
    tk_time_note_server_date(&t, BUILD + 10 * YEAR);
    assert_int_equal(t.floor_unix, BUILD + 100);
    tk_time_note_server_date(&t, INT64_MAX);
    assert_int_equal(t.floor_unix, BUILD + 100);
}

/* A server and our own clock were both ahead. */
static void raise_floor(int64_t unix_s)
{
    assert_int_equal(tk_time_set(&t, unix_s, TK_TIME_SNTP), TK_OK);
    tk_time_note_server_date(&t, unix_s);
    assert_int_equal(t.floor_unix, unix_s);
}

static void takes_a_time_slightly_below_the_floor_for_the_floor(void **state)
{
    (void)state;
    raise_floor(BUILD + 1000);
    assert_int_equal(tk_time_set(&t, BUILD + 700, TK_TIME_SNTP), TK_OK);
    assert_int_equal(now(TK_TIME_SNTP), BUILD + 1000);
    assert_int_equal(tk_time_set(&t, BUILD + 699, TK_TIME_SNTP), TK_E_TIME_RANGE);
    tk_sim_set_wall(&port, TK_TIME_SYSTEM, BUILD + 700);
    assert_int_equal(now(TK_TIME_SYSTEM), BUILD + 1000);
    tk_sim_set_wall(&port, TK_TIME_SYSTEM, BUILD + 699);
    assert_int_equal(now(TK_TIME_SNTP), BUILD + 1000);
    assert_int_equal(t.floor_unix, BUILD + 1000);
}

static void stands_in_for_a_clock_once_a_server_vouched_for_it(void **state)
{
    int64_t unix_s;

    (void)state;
    tk_time_restore_floor(&t, BUILD + 1000);
    assert_false(tk_time_known(&t, &unix_s));
    assert_true(tk_time_can_verify(&t, &unix_s));
    tk_sim_advance(&port, 7000);
    assert_int_equal(now(TK_TIME_FLOOR), BUILD + 1007);
    assert_int_equal(tk_time_stored_floor(&t), BUILD + 1000);
    assert_int_equal(tk_time_behind(&t), 0); /* there is no clock */
    tk_sim_set_wall(&port, TK_TIME_SYSTEM, BUILD + 707);
    assert_int_equal(now(TK_TIME_SYSTEM), BUILD + 1007);
    assert_int_equal(tk_time_behind(&t), 0);
    tk_sim_set_wall(&port, TK_TIME_SYSTEM, BUILD + 706);
    assert_int_equal(now(TK_TIME_FLOOR), BUILD + 1007);
    assert_int_equal(tk_time_behind(&t), 301);
    tk_sim_set_wall(&port, TK_TIME_SYSTEM, 0);
    assert_int_equal(tk_time_behind(&t), BUILD + 1007);
    assert_int_equal(tk_time_set(&t, BUILD + 706, TK_TIME_SNTP), TK_E_TIME_RANGE);
    assert_int_equal(tk_time_set(&t, BUILD + 707, TK_TIME_SNTP), TK_OK);
    assert_int_equal(now(TK_TIME_SNTP), BUILD + 1007);
}

static void moves_forward_by_dates_and_certificates(void **state)
{
    (void)state;
    tk_time_note_server_date(&t, BUILD + 50); /* of no verified connection */
    tk_time_restore_floor(&t, BUILD + 1000);
    tk_time_note_not_before(&t, BUILD + 999);
    assert_int_equal(now(TK_TIME_FLOOR), BUILD + 1000);
    tk_time_note_not_before(&t, BUILD + 2000);
    assert_int_equal(now(TK_TIME_FLOOR), BUILD + 2000);
    tk_time_note_server_date(&t, BUILD + 1699); /* far below the bound: it says nothing */
    tk_time_note_server_date(&t, 0);
    assert_int_equal(now(TK_TIME_FLOOR), BUILD + 2000);
    tk_time_note_server_date(&t, BUILD + 3000);
    assert_int_equal(now(TK_TIME_SERVER), BUILD + 3000);
    tk_sim_advance(&port, 60000);
    assert_int_equal(now(TK_TIME_SERVER), BUILD + 3060);
    tk_time_note_server_date(&t, BUILD + 3050); /* never back */
    assert_int_equal(now(TK_TIME_SERVER), BUILD + 3060);
    tk_time_note_server_date(&t, BUILD + 20 * YEAR + 1);
    tk_time_note_not_before(&t, BUILD + 20 * YEAR + 1);
    tk_time_note_server_date(&t, INT64_MAX);
    assert_int_equal(now(TK_TIME_SERVER), BUILD + 3060);
}

static void does_not_move_a_clock_that_is_believed(void **state)
{
    (void)state;
    tk_time_restore_floor(&t, BUILD + 1000);
    tk_sim_set_wall(&port, TK_TIME_SYSTEM, BUILD + 5000);
    tk_time_note_server_date(&t, BUILD + YEAR);
    tk_time_note_not_before(&t, BUILD + YEAR);
    assert_int_equal(now(TK_TIME_SYSTEM), BUILD + 5000);
    assert_int_equal(t.floor_unix, BUILD + 5000);
    tk_sim_set_wall(&port, TK_TIME_SYSTEM, BUILD + 1000); /* set back */
    assert_int_equal(now(TK_TIME_FLOOR), BUILD + 5000);
    tk_sim_set_wall(&port, TK_TIME_SYSTEM, BUILD + 6000);
    tk_time_note_server_date(&t, BUILD + 6001);
    tk_sim_set_wall(&port, TK_TIME_SYSTEM, BUILD + 1000);
    assert_int_equal(now(TK_TIME_SERVER), BUILD + 6000); /* our clock had agreed with a server */
}

/* --- a system clock that nothing has synchronized --- */

static void confirms_an_unsynced_clock_by_a_date(void **state)
{
    int64_t unix_s;

    (void)state;
    tk_sim_set_wall(&port, TK_TIME_UNSYNCED, BUILD + 5000);
    assert_int_equal(now(TK_TIME_UNSYNCED), BUILD + 5000);
    assert_true(tk_time_is_unconfirmed(&t));
    assert_true(tk_time_can_verify(&t, &unix_s)); /* else it could never be confirmed */
    assert_false(tk_time_known(&t, &unix_s));
    tk_time_note_server_date(&t, BUILD + 4700);
    assert_int_equal(now(TK_TIME_SYSTEM), BUILD + 5000);
    assert_false(tk_time_is_unconfirmed(&t));
    assert_int_equal(t.floor_unix, BUILD + 4700);
    tk_time_note_server_date(&t, BUILD + 5200);
    assert_int_equal(t.floor_unix, BUILD + 5000); /* as with any clock that is believed */
    assert_int_equal(tk_time_set(&t, BUILD + 6000, TK_TIME_CONSOLE), TK_E_CLOCK_SYSTEM);
}

static void a_date_stands_in_for_an_unsynced_clock(void **state)
{
    static const int64_t off_s[] = {301, 3 * 3600, 30 * 86400, 5 * YEAR};

    (void)state;
    for (size_t i = 0; i < sizeof off_s / sizeof off_s[0]; i++) {
        tk_time_init(&t, &port, BUILD);
        tk_time_restore_floor(&t, BUILD + 1000);
        tk_sim_set_wall(&port, TK_TIME_UNSYNCED, BUILD + 2000); /* behind */
        tk_time_note_server_date(&t, BUILD + 2000 + off_s[i]);
        assert_int_equal(now(TK_TIME_SERVER), BUILD + 2000 + off_s[i]);
        assert_int_equal(tk_time_behind(&t), off_s[i]);

        tk_time_init(&t, &port, BUILD);
        tk_time_restore_floor(&t, BUILD + 1000);
        tk_sim_set_wall(&port, TK_TIME_UNSYNCED, BUILD + 2000 + off_s[i]); /* ahead */
        assert_int_equal(tk_time_least(&t), BUILD + 1000);
        tk_time_note_server_date(&t, BUILD + 2000);
        assert_int_equal(now(TK_TIME_SERVER), BUILD + 2000);
        assert_int_equal(tk_time_behind(&t), 0);
        assert_false(tk_time_is_unconfirmed(&t));
    }
}

static void believes_an_operator_rather_than_an_unsynced_clock(void **state)
{
    (void)state;
    tk_sim_set_wall(&port, TK_TIME_UNSYNCED, BUILD + 5 * YEAR);
    assert_int_equal(tk_time_set(&t, BUILD + 1000, TK_TIME_CONSOLE), TK_E_CLOCK_SYSTEM);
    tk_sim_set_wall(&port, TK_TIME_UNSYNCED, BUILD - 1);
    assert_int_equal(tk_time_set(&t, BUILD + 1000, TK_TIME_CONSOLE), TK_OK);
    assert_int_equal(now(TK_TIME_CONSOLE), BUILD + 1000);
    tk_sim_set_wall(&port, TK_TIME_UNSYNCED, BUILD + 1);
    assert_int_equal(now(TK_TIME_CONSOLE), BUILD + 1000);
    assert_false(tk_time_is_unconfirmed(&t));
    tk_sim_set_wall(&port, TK_TIME_SYSTEM, BUILD + 2000); /* synchronized meanwhile */
    assert_int_equal(now(TK_TIME_SYSTEM), BUILD + 2000);
}

static void a_certificate_moves_the_bound_of_an_unsynced_clock(void **state)
{
    (void)state;
    tk_time_restore_floor(&t, BUILD + 1000);
    tk_sim_set_wall(&port, TK_TIME_UNSYNCED, BUILD + 2000);
    tk_time_note_not_before(&t, BUILD + 1500);
    assert_int_equal(t.floor_unix, BUILD + 1500);
    assert_int_equal(now(TK_TIME_UNSYNCED), BUILD + 2000);
    tk_time_note_not_before(&t, BUILD + 3000);
    assert_int_equal(now(TK_TIME_FLOOR), BUILD + 3000);
    assert_int_equal(tk_time_behind(&t), 1000);
}

static void takes_a_floor_of_an_earlier_build_for_vouched(void **state)
{
    int64_t unix_s;

    (void)state;
    assert_int_equal(tk_time_stored_floor(&t), 0);
    tk_time_restore_floor(&t, 0); /* stored by a gateway without one */
    assert_false(tk_time_can_verify(&t, &unix_s));
    tk_time_restore_floor(&t, BUILD - 86400);
    assert_true(tk_time_can_verify(&t, &unix_s));
    assert_int_equal(now(TK_TIME_FLOOR), BUILD);
    tk_time_init(&t, &port, BUILD);
    tk_time_restore_floor(&t, 1);
    assert_int_equal(tk_time_stored_floor(&t), BUILD);
}

/* Dates up to 300 s from ours agree with it. */
static void a_date_agrees_up_to_the_skew(void **state)
{
    static const struct {
        int64_t date;
        bool agrees;
    } rows[] = {{-301, false}, {-300, true}, {300, true}, {301, false}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tk_time_init(&t, &port, BUILD); /* confirms a clock */
        tk_sim_set_wall(&port, TK_TIME_UNSYNCED, BUILD + 5000);
        tk_time_note_server_date(&t, BUILD + 5000 + rows[i].date);
        assert_int_equal(tk_time_is_unconfirmed(&t), false);
        assert_int_equal(t.confirmed, rows[i].agrees);

        tk_time_init(&t, &port, BUILD); /* and a bound, that of a clock which is lost later */
        tk_sim_set_wall(&port, TK_TIME_SYSTEM, BUILD + 5000);
        tk_time_note_server_date(&t, BUILD + 5000);
        t.from_server = false;
        tk_time_note_server_date(&t, BUILD + 5000 + rows[i].date);
        tk_sim_set_wall(&port, TK_TIME_NONE, 0);
        assert_int_equal(now(rows[i].agrees ? TK_TIME_SERVER : TK_TIME_FLOOR), BUILD + 5000);
    }
}

/* It stays as it is stored, so that nothing is written for it. */
static void the_same_time_does_not_move_the_floor(void **state)
{
    (void)state;
    assert_int_equal(tk_time_set(&t, BUILD, TK_TIME_CONSOLE), TK_OK);
    assert_int_equal(tk_time_stored_floor(&t), 0);
    tk_time_init(&t, &port, BUILD);
    tk_time_restore_floor(&t, BUILD + 1000);
    tk_sim_advance(&port, 7000);
    tk_time_note_not_before(&t, BUILD + 1007);
    assert_int_equal(tk_time_stored_floor(&t), BUILD + 1000);
    tk_time_note_server_date(&t, BUILD + 1007);
    tk_time_note_not_before(&t, BUILD + 4000); /* later than a server's date */
    assert_int_equal(now(TK_TIME_SERVER), BUILD + 4000);
}

static void lets_the_operator_lower_the_floor_to_the_build_date(void **state)
{
    (void)state;
    raise_floor(BUILD + 10 * YEAR);
    assert_int_equal(tk_time_set(&t, BUILD + YEAR, TK_TIME_SNTP), TK_E_TIME_RANGE);
    assert_int_equal(tk_time_set(&t, BUILD - 1, TK_TIME_CONSOLE), TK_E_TIME_RANGE);
    assert_int_equal(tk_time_set(&t, BUILD + 20 * YEAR + 1, TK_TIME_CONSOLE), TK_E_TIME_RANGE);
    assert_int_equal(now(TK_TIME_SNTP), BUILD + 10 * YEAR);
    assert_int_equal(tk_time_set(&t, BUILD + YEAR, TK_TIME_CONSOLE), TK_OK);
    assert_int_equal(now(TK_TIME_CONSOLE), BUILD + YEAR);
    assert_int_equal(t.floor_unix, BUILD + YEAR);
    assert_int_equal(tk_time_set(&t, BUILD + YEAR + 9, TK_TIME_SNTP), TK_OK);
}

static void never_lowers_the_floor_by_a_stored_one(void **state)
{
    (void)state;
    tk_time_restore_floor(&t, BUILD + 10);
    assert_int_equal(now(TK_TIME_FLOOR), BUILD + 10);
    tk_time_restore_floor(&t, BUILD + 9);
    tk_time_restore_floor(&t, 0);
    tk_time_restore_floor(&t, INT64_MIN);
    tk_time_restore_floor(&t, BUILD + 20 * YEAR + 1);
    tk_time_restore_floor(&t, INT64_MAX);
    assert_int_equal(now(TK_TIME_FLOOR), BUILD + 10);
}

static void names_qualities(void **state)
{
    (void)state;
    assert_string_equal(tk_time_quality_name(TK_TIME_NONE), "none");
    assert_string_equal(tk_time_quality_name(TK_TIME_FLOOR), "floor");
    assert_string_equal(tk_time_quality_name(TK_TIME_UNSYNCED), "unsynced");
    assert_string_equal(tk_time_quality_name(TK_TIME_SERVER), "server");
    assert_string_equal(tk_time_quality_name(TK_TIME_CONSOLE), "console");
    assert_string_equal(tk_time_quality_name(TK_TIME_SNTP), "sntp");
    assert_string_equal(tk_time_quality_name(TK_TIME_RTC), "rtc");
    assert_string_equal(tk_time_quality_name(TK_TIME_SYSTEM), "system");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(knows_only_the_floor_at_first),
        TEST(advances_a_set_time_by_the_tick),
        TEST(rejects_times_before_the_build_and_20_years_after),
        TEST(prefers_the_clock_of_the_platform),
        TEST(ignores_an_implausible_clock_of_the_platform),
        TEST(raises_the_floor_by_server_dates_up_to_our_clock),
        TEST(takes_a_time_slightly_below_the_floor_for_the_floor),
        TEST(stands_in_for_a_clock_once_a_server_vouched_for_it),
        TEST(moves_forward_by_dates_and_certificates),
        TEST(does_not_move_a_clock_that_is_believed),
        TEST(confirms_an_unsynced_clock_by_a_date),
        TEST(a_date_stands_in_for_an_unsynced_clock),
        TEST(believes_an_operator_rather_than_an_unsynced_clock),
        TEST(a_certificate_moves_the_bound_of_an_unsynced_clock),
        TEST(takes_a_floor_of_an_earlier_build_for_vouched),
        TEST(a_date_agrees_up_to_the_skew),
        TEST(the_same_time_does_not_move_the_floor),
        TEST(lets_the_operator_lower_the_floor_to_the_build_date),
        TEST(never_lowers_the_floor_by_a_stored_one),
        TEST(names_qualities),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
