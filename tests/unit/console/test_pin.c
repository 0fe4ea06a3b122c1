/* SPDX-License-Identifier: Apache-2.0 */

/* console_pin: what it guards, and what it costs to guess; and that one table says which settings
 * are secret. */

#include "tk_pin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_console.h"
#include "tk_setting_table.h"

#define PIN    "424242"
#define MINUTE 60000

static void set_pin(void)
{
    world_assert_begins(world_type(&w, "set console_pin " PIN), "OK console_pin=set");
}

static void it_is_off_by_default(void **state)
{
    (void)state;
    world_provision(&w);
    world_assert_begins(world_type(&w, "token"), "OK ");
    world_type(&w, "show");
    assert_non_null(strstr(w.answer, "@1 console_pin=\n"));
}

static void guarded_commands_need_it(void **state)
{
    static const char *const guarded[] = {
        "token",
        "auth forget",
        "portal accept",
        "seed 00",
        "ca add begin",
        "ca add end",
        "ca add AAAA",
        "ca del 12345678",
        "ref del token",
        "set portal acme",
        "unset portal",
        "set auth_host auto",
        "set escalate_url https://h/x",
        "set  escalate_url",
        "unset ntp",
        "set ntp pool.example",
        "set ip 10.0.0.2/24,10.0.0.1,10.0.0.1", /* with a name server */
        "unset ip",
        "set console_pin 123456",
        "unset console_pin",
        "auth begin other_user",
    };
    static const char *const open[] = {
        "status",       "show",       "history",       "history --security",
        "check",        "auth begin", "set renew 30m", "set client_secret s3cret",
        "auth refresh", "version",    "ca list",       "time",
    };

    (void)state;
    world_provision(&w);
    world_run(&w, 11000);
    set_pin();
    for (size_t i = 0; i < sizeof guarded / sizeof guarded[0]; i++) {
        if (strncmp(world_type(&w, guarded[i]), "ERR pin_needed ", 15) != 0)
            fail_msg("%s", guarded[i]);
    }
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        if (strncmp(world_type(&w, open[i]), "ERR pin_needed ", 15) == 0)
            fail_msg("%s", open[i]);
    }
    world_restart(&w, 1000);
    world_assert_begins(world_type(&w, "token"), "ERR pin_needed ");
}

static void it_unlocks_for_5_minutes(void **state)
{
    (void)state;
    world_provision(&w);
    set_pin();
    world_assert_begins(world_type(&w, "pin"), "ERR need_value");
    world_assert_begins(world_type(&w, "pin 424243"), "ERR wrong_pin retry_in=2 ");
    world_run(&w, 2000);
    assert_string_equal(world_type(&w, "pin " PIN), "OK");
    world_assert_begins(world_type(&w, "token"), "OK ");
    world_run(&w, 5 * MINUTE);
    world_assert_begins(world_type(&w, "token"), "ERR pin_needed ");
    assert_string_equal(world_type(&w, "pin " PIN), "OK");
    assert_string_equal(world_type(&w, "unset console_pin"), "OK console_pin=");
    world_run(&w, 5 * MINUTE);
    world_assert_begins(world_type(&w, "token"), "OK ");
    assert_string_equal(world_type(&w, "pin 1"), "OK"); /* there is none */
}

/* The operator is asked, and then the command runs. */
static void an_operator_is_asked(void **state)
{
    (void)state;
    world_provision(&w);
    set_pin();
    assert_string_equal(type("auth forget\r"), "auth forget\r\nconsole_pin: ");
    assert_memory_equal(type("000000\r"), "(6 characters, hidden)\r\nERR wrong_pin retry_in=2 ",
                        48);
    world_assert_begins(world_type(&w, "status"), "OK");
    assert_non_null(strstr(w.answer, "generation=1\n"));
    world_run(&w, 2000);
    type("token 60\r");
    type(PIN "\r");
    assert_non_null(strstr(out, "(6 characters, hidden)\r\nOK access_token=access1 "));
    assert_null(strstr(out, PIN));
    world_run(&w, 5 * MINUTE);
    type("set escalate_url\r");
    assert_non_null(strstr(type(PIN "\r"), "escalate_url: "));
    assert_non_null(strstr(type("https://h/x\r"), "OK escalate_url_len=11 "));
    assert_memory_equal(type("pin\r"), "pin\r\nconsole_pin: ", 18);
    assert_non_null(strstr(type("\x03"), "ERR cancelled"));
}

/* The wait doubles, for each console and across restarts; the right one is refused meanwhile. */
static void failures_cost_more_and_more_time(void **state)
{
    uint32_t expected = 2;
    char wanted[64];

    (void)state;
    set_pin();
    for (int i = 1; i < 20; i++) {
        snprintf(wanted, sizeof wanted, "ERR wrong_pin retry_in=%u ", (unsigned)expected);
        world_assert_begins(world_type(&w, "pin 000000"), wanted);
        world_assert_begins(world_type(&w, "pin " PIN), "ERR wrong_pin retry_in=");
        w.port.now_ms += expected * (uint64_t)1000;
        expected = expected < 4096 ? expected * 2 : 4096;
    }
    world_assert_begins(world_type(&w, "pin 000000"), "ERR wrong_pin retry_in=4096 ");
    world_restart(&w, 1000);
    world_assert_begins(world_type(&w, "pin " PIN), "ERR wrong_pin retry_in=40");
    world_run(&w, 4096000);
    assert_string_equal(world_type(&w, "pin " PIN), "OK");
    world_assert_begins(world_type(&w, "pin 000000"), "ERR wrong_pin retry_in=2 ");
    world_type(&w, "history --security");
    assert_non_null(strstr(w.answer, "event=wrong_pin count="));
}

static void it_has_6_to_16_characters(void **state)
{
    static const char *const bad[] = {"12345", "12345678901234567", "123 456", "1234\x7f"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(tk_pin_set(&w.keeper.rt, bad[i]), TK_E_BAD_VALUE);
    assert_int_equal(tk_pin_set(&w.keeper.rt, "1234567890123456"), TK_OK);
    assert_string_equal(world_type(&w, "pin 1234567890123456"), "OK");
}

static bool flash_has(const char *text)
{
    size_t len = strlen(text);

    for (size_t at = 0; at + len <= (size_t)8 * 4096; at++) {
        if (memcmp(w.flash.bytes + at, text, len) == 0)
            return true;
    }
    return false;
}

/* Nor printed, nor derivable from what is printed. */
static void it_is_not_on_flash(void **state)
{
    (void)state;
    world_type(&w, "set client_id local.1");
    set_pin();
    assert_true(flash_has("local.1"));
    assert_false(flash_has(PIN));
    world_type(&w, "show");
    assert_non_null(strstr(w.answer, "@1 console_pin=set\n"));
}

/* Forgotten, it ends with all else. */
static void factory_reset_needs_none(void **state)
{
    (void)state;
    set_pin();
    assert_string_equal(world_type(&w, "factory-reset 0001"), "OK");
    world_restart(&w, 1000);
    world_assert_begins(world_type(&w, "token"), "ERR no_client");
}

static bool is_second(void *ctx, unsigned console)
{
    (void)ctx;
    return console == 1;
}

static void a_console_whose_user_the_system_knows_needs_none(void **state)
{
    (void)state;
    world_provision(&w);
    set_pin();
    w.config.is_trusted = is_second;
    world_assert_begins(world_type(&w, "token"), "ERR pin_needed");
    tk_sim_console_attach(&w.port, 1, true);
    tk_sim_console_feed(&w.port, 1, "@2 token\n", 9);
    world_run(&w, 100);
    char output[1024] = "";

    tk_sim_console_drain(&w.port, 1, output, sizeof output - 1);
    assert_non_null(strstr(output, "@2 OK access_token=access1 "));
}

static void it_needs_random_numbers(void **state)
{
    (void)state;
    w.port.unseeded = true;
    world_assert_begins(world_type(&w, "set console_pin " PIN), "ERR not_seeded");
    assert_false(tk_pin_is_set(&w.keeper.pin, &w.keeper.rt));
    assert_string_equal(world_type(&w, "unset console_pin"), "OK console_pin=");
}

/* An attempt that is not counted would be free. */
static void an_attempt_needs_flash(void **state)
{
    (void)state;
    world_provision(&w);
    set_pin();
    w.flash.fail_at = w.flash.operations + 1;
    w.flash.fail_until = UINT64_MAX;
    world_assert_begins(world_type(&w, "pin " PIN), "ERR storage_failed");
    world_assert_begins(world_type(&w, "token"), "ERR pin_needed ");
    tk_sim_flash_heal(&w.flash);
    world_type(&w, "history --security");
    assert_null(strstr(w.answer, "event=wrong_pin"));
}

static void one_that_is_damaged_guards(void **state)
{
    (void)state;
    world_provision(&w);
    assert_int_equal(tk_storage_put(&w.keeper.rt.storage, TK_KEY_CONSOLE_PIN, "x", 1), TK_OK);
    world_assert_begins(world_type(&w, "token"), "ERR pin_needed");
    world_assert_begins(world_type(&w, "pin " PIN), "ERR storage_failed");
    world_assert_begins(world_type(&w, "token"), "ERR pin_needed");
}

/* Where there was one it guards, where there was none it does not. */
static void flash_that_cannot_be_read_changes_nothing(void **state)
{
    (void)state;
    world_provision(&w);
    w.flash.off = true;
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
    w.flash.off = false;
    set_pin();
    w.flash.off = true;
    world_assert_begins(world_type(&w, "token"), "ERR pin_needed ");
    w.flash.off = false;
}

static void what_cannot_be_one_is_wrong(void **state)
{
    (void)state;
    set_pin();
    world_assert_begins(world_type(&w, "pin 1"), "ERR wrong_pin retry_in=2 ");
    world_run(&w, 2000);
    world_assert_begins(world_type(&w, "pin " PIN PIN PIN), "ERR wrong_pin retry_in=4 ");
}

/* It cannot be kept until the operator has typed the PIN. */
static void a_long_guarded_line_is_not_asked_for(void **state)
{
    char line[TK_LINE_MAX] = "set escalate_url https://h/";
    size_t len = strlen(line);

    (void)state;
    set_pin();
    memset(line + len, 'x', 600);
    strcpy(line + len + 600, "\r");
    assert_non_null(strstr(type(line), "ERR pin_needed "));
    assert_null(strstr(out, "console_pin: "));
}

/* --- the table of settings --- */

/* Typed on one line, or asked for; answered, shown, and in the history. */
static void no_secret_setting_is_echoed_or_shown(void **state)
{
    static const char *const values[] = {"{\"k\":\"S3CRETVALUE\"}", "https://h/S3CRETVALUE",
                                         "S3CRETVALUE"};
    char line[100];

    (void)state;
    for (size_t i = 0; i < TK_SETTING_ROWS; i++) {
        const struct tk_setting_row *row = &tk_setting_table[i];

        for (size_t j = 0; j < 3 && (row->flags & TK_SETTING_HIDDEN) != 0; j++) {
            snprintf(line, sizeof line, "set %s %s\r", row->name, values[j]);
            type(line);
            assert_null(strstr(out, "S3CRET"));
            snprintf(line, sizeof line, "  set   %s\t%s\r", row->name, values[j]);
            type(line);
            assert_null(strstr(out, "S3CRET"));
            type("pin S3CRETVALUE\r");
            assert_null(strstr(out, "S3CRET"));
            type("show\r");
            assert_non_null(strstr(out, "OK"));
            assert_null(strstr(out, "S3CRET"));
            type("history --security\r");
            assert_null(strstr(out, "S3CRET"));
        }
    }
    assert_null(strstr(w.events, "S3CRET"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(it_is_off_by_default),
        TEST(guarded_commands_need_it),
        TEST(it_unlocks_for_5_minutes),
        TEST(an_operator_is_asked),
        TEST(failures_cost_more_and_more_time),
        TEST(it_has_6_to_16_characters),
        TEST(it_is_not_on_flash),
        TEST(factory_reset_needs_none),
        TEST(a_console_whose_user_the_system_knows_needs_none),
        TEST(no_secret_setting_is_echoed_or_shown),
        TEST(it_needs_random_numbers),
        TEST(an_attempt_needs_flash),
        TEST(one_that_is_damaged_guards),
        TEST(what_cannot_be_one_is_wrong),
        TEST(a_long_guarded_line_is_not_asked_for),
        TEST(flash_that_cannot_be_read_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
