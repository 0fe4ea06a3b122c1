/* SPDX-License-Identifier: Apache-2.0 */

/* The token in a task of Corezoid. tests/e2e has the whole way to its reader. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one_webhook.h"

#define TASK w.server.task

static const char *state(void)
{
    return world_status(&w, "corezoid_token");
}

static void connect_task(void)
{
    world_type(&w, "set corezoid_token_login 98765");
    world_type(&w, "set corezoid_token_key topsecret");
    assert_string_equal(world_type(&w, "set corezoid_token_conv 777"),
                        "OK corezoid_token_conv=777");
    world_run(&w, 3000);
}

/* The first pair is in the task. */
static void start_with_a_task(void)
{
    world_provision(&w);
    connect_task();
    assert_string_equal(state(), "ok");
    world_webhook_fault(&w, WORLD_WELL);
}

static bool holds(const char *token)
{
    char wanted[80];

    snprintf(wanted, sizeof wanted, "{\"access_token\":\"%s\",", token);
    return strncmp(TASK.data, wanted, strlen(wanted)) == 0;
}

static void set_device(const char *device)
{
    snprintf(TASK.data, sizeof TASK.data,
             "{\"device\":\"%s\",\"account\":\"token\",\"access_token\":\"theirs\"}", device);
}

static void each_pair_is_written_once(void **state_)
{
    (void)state_;
    start_with_a_task();
    assert_string_equal(w.server.last_host, "api.corezoid.com");
    world_assert_begins(w.last_request, "POST /api/2/json/98765/");
    assert_non_null(strstr(w.last_request, "{\"ops\":[{\"type\":\"create\",\"obj\":\"task\","
                                           "\"conv_id\":777,\"ref\":\"token\",\"data\":{"));
    assert_true(holds("access1"));
    assert_non_null(strstr(TASK.data, "\"expires_at\":1795003600,\"portal\":\"acme.bitrix24.com\","
                                      "\"client_endpoint\":\"https://acme.bitrix24.com/rest/\","
                                      "\"member_id\":\""));
    assert_non_null(strstr(TASK.data, "\"device\":\"SIM-0001\",\"account\":\"token\","
                                      "\"state\":\"ready\"}"));
    world_run(&w, 10 * (uint64_t)HOUR);
    assert_int_equal(TASK.writes, 1 + w.server.refreshes);
    assert_int_equal(TASK.ops, 2 * TASK.writes);
    world_restart(&w, 1000);
    unsigned writes = TASK.writes;

    world_run(&w, MINUTE);
    assert_string_equal(state(), "ok");
    assert_int_equal(TASK.writes - writes, w.server.refreshes + 1 - writes);
}

/* Nothing about it is on flash. */
static void a_write_that_failed_is_repeated_after_a_restart(void **state_)
{
    (void)state_;
    start_with_a_task();
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    world_run(&w, 26 * MINUTE);
    assert_string_equal(state(), "behind");
    assert_string_equal(world_status(&w, "corezoid_token_error"), "connect_failed");
    world_restart(&w, 1000);
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, MINUTE);
    assert_string_equal(state(), "ok");
    assert_true(holds("access2") || holds("access3"));
}

static void a_lost_answer_to_the_creation_is_settled(void **state_)
{
    (void)state_;
    world_provision(&w);
    world_webhook_fault(&w, WORLD_LOSES);
    connect_task();
    world_run(&w, MINUTE);
    assert_string_equal(state(), "behind");
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 5 * MINUTE);
    assert_string_equal(state(), "ok");
    assert_int_equal(TASK.writes, 1);
}

static void an_expired_token_is_blanked(void **state_)
{
    (void)state_;
    start_with_a_task();
    world_error(&w, "something", 500, 0);
    w.webhook_apart = true;
    world_run(&w, 59 * MINUTE);
    assert_true(holds("access1"));
    world_run(&w, 2 * MINUTE);
    assert_true(holds(""));
    assert_non_null(strstr(TASK.data, "\"expires_at\":0,"));
    assert_non_null(strstr(TASK.data, "\"state\":\"retrying\""));
    assert_string_equal(state(), "ok");
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 20 * MINUTE);
    assert_true(holds("access2"));
}

static void a_forgotten_token_is_blanked_however_long_it_takes(void **state_)
{
    (void)state_;
    start_with_a_task();
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    world_type(&w, "auth forget");
    world_run(&w, HOUR);
    unsigned requests = w.server.requests;

    world_run(&w, 6 * (uint64_t)HOUR);
    assert_in_range(w.server.requests - requests, 0, 100);
    assert_true(holds("access1"));
    world_restart(&w, 1000);
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, MINUTE);
    assert_true(holds(""));
    assert_string_equal(state(), "ok");
}

static void an_account_is_not_deleted_before_its_task_is_blanked(void **state_)
{
    (void)state_;
    start_with_a_task();
    world_latency(&w, 500);
    world_type(&w, "auth forget");
    world_assert_begins(world_type(&w, "ref del token"), "ERR busy ");
    world_run(&w, 5000);
    assert_true(holds(""));
    world_assert_begins(world_type(&w, "ref del token"), "OK ref=token");
    assert_string_equal(state(), "off");
}

static void another_gateways_task_is_left_alone(void **state_)
{
    char theirs[sizeof TASK.data];

    (void)state_;
    set_device("SIM-0002");
    strcpy(theirs, TASK.data);
    world_provision(&w);
    connect_task();
    assert_string_equal(state(), "taken");
    assert_int_equal(world_count_events(&w, "event=raised level=2 cause=corezoid_taken"), 1);
    world_run(&w, 3 * HOUR);
    assert_string_equal(TASK.data, theirs);
    assert_in_range(TASK.ops, 1, 3 * w.server.refreshes);
    assert_int_equal(world_count_events(&w, "event=cleared"), 0);
    world_restart(&w, 1000);
    world_run(&w, HOUR);
    assert_string_equal(TASK.data, theirs);
    assert_int_equal(world_count_events(&w, "event=raised"), 1);
    assert_int_equal(world_count_events(&w, "event=cleared"), 0);
    assert_string_equal(world_type(&w, "corezoid_token takeover"), "OK");
    world_run(&w, 5000);
    assert_string_equal(state(), "ok");
    assert_non_null(strstr(TASK.data, "\"device\":\"SIM-0001\""));
    assert_string_equal(world_status(&w, "escalation"), "0");
    set_device("SIM-0002"); /* takes it over in turn */
    world_run(&w, 26 * MINUTE);
    assert_string_equal(state(), "taken");
    assert_non_null(strstr(TASK.data, "theirs"));
    world_type(&w, "auth forget");
    world_run(&w, MINUTE);
    assert_non_null(strstr(TASK.data, "theirs"));
}

static void two_gateways_that_create_at_once_are_told_apart(void **state_)
{
    (void)state_;
    world_provision(&w);
    w.server.task.refuses = "show"; /* as if the task were not there yet */
    set_device("SIM-0002");
    connect_task();
    assert_string_equal(state(), "behind");
    assert_non_null(strstr(TASK.data, "theirs"));
    w.server.task.refuses = NULL;
    world_run(&w, 10 * MINUTE);
    assert_string_equal(state(), "taken");
}

static void a_task_of_another_account_is_anothers(void **state_)
{
    (void)state_;
    start_with_a_task();
    world_type(&w, "ref add second");
    world_type(&w, "set portal acme");
    world_type(&w, "set client_id local.1");
    world_type(&w, "set client_secret s3cret");
    world_give_code(&w, "code2");
    world_assert_begins(world_type(&w, "auth code code2"), "OK state=ready");
    world_type(&w, "set corezoid_token_ref token");
    connect_task();
    assert_string_equal(state(), "taken");
    assert_true(holds("access1"));
}

static void an_error_of_an_operation_is_retried(void **state_)
{
    (void)state_;
    start_with_a_task();
    TASK.refuses = "modify";
    world_run(&w, 26 * MINUTE);
    assert_string_equal(state(), "behind");
    assert_string_equal(world_status(&w, "corezoid_token_error"), "escalate_refused");
    TASK.refuses = NULL;
    world_run(&w, 5 * MINUTE);
    assert_string_equal(state(), "ok");
    TASK.data[0] = '\0'; /* it reached a final node */
    world_run(&w, 26 * MINUTE);
    assert_string_equal(state(), "ok");
    assert_true(TASK.data[0] != '\0');
}

static void on_demand_renews_ahead_for_those_who_read_it(void **state_)
{
    (void)state_;
    world_provision(&w);
    world_type(&w, "set renew on-demand");
    assert_in_range(atol(world_status(&w, "next_refresh_in")), 6 * 86400, 7 * 86400);
    connect_task();
    assert_in_range(atol(world_status(&w, "next_refresh_in")), 2500, 2880);
    world_run(&w, 3 * HOUR);
    assert_in_range(w.server.refreshes, 3, 4);
    assert_string_equal(world_type(&w, "unset corezoid_token_conv"), "OK corezoid_token_conv=");
    world_run(&w, 5000);
    assert_in_range(atol(world_status(&w, "next_refresh_in")), 6 * 86400 - 3600, 7 * 86400);
}

static void the_task_is_blanked_before_its_settings_change(void **state_)
{
    (void)state_;
    start_with_a_task();
    world_assert_begins(world_type(&w, "set corezoid_token_conv 777"), "OK ");
    world_assert_begins(world_type(&w, "set corezoid_token_conv 778"), "ERR task_in_use ");
    world_assert_begins(world_type(&w, "set corezoid_token_ref x"), "ERR task_in_use ");
    world_assert_begins(world_type(&w, "unset corezoid_token_login"), "ERR task_in_use ");
    world_assert_begins(world_type(&w, "set corezoid_token_key another"), "OK ");
    world_run(&w, 5000);
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    world_assert_begins(world_type(&w, "unset corezoid_token_conv"), "OK corezoid_token_conv=");
    assert_string_equal(state(), "ending");
    world_restart(&w, 1000);
    assert_string_equal(state(), "ending");
    world_assert_begins(world_type(&w, "unset corezoid_token_key"), "ERR task_in_use ");
    world_assert_begins(world_type(&w, "set corezoid_token_conv 5"), "ERR task_in_use ");
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, MINUTE);
    assert_string_equal(state(), "off");
    assert_true(holds(""));
    world_restart(&w, 1000);
    assert_string_equal(state(), "off");
    connect_task();
    assert_true(holds("access1") || holds("access2"));
}

static void blanking_is_given_up_by_another_unset(void **state_)
{
    (void)state_;
    start_with_a_task();
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    world_type(&w, "unset corezoid_token_conv");
    assert_string_equal(state(), "ending");
    world_type(&w, "unset corezoid_token_conv");
    assert_string_equal(state(), "off");
    world_assert_begins(world_type(&w, "unset corezoid_token_key"), "OK ");
}

static void a_reset_blanks_the_task_or_waits_ten_seconds(void **state_)
{
    (void)state_;
    start_with_a_task();
    uint64_t before_ms = w.port.now_ms;

    world_webhook_fault(&w, WORLD_SILENT);
    world_assert_begins(world_type(&w, "factory-reset 0001"), "OK");
    assert_in_range(w.port.now_ms - before_ms, 10000, 10100);
    world_restart(&w, 0);
    world_webhook_fault(&w, WORLD_WELL);
    TASK.data[0] = '\0';
    start_with_a_task();
    world_assert_begins(world_type(&w, "factory-reset 0001"), "OK");
    assert_true(holds(""));
}

static void it_takes_all_three_settings(void **state_)
{
    (void)state_;
    world_provision(&w);
    world_assert_begins(world_type(&w, "corezoid_token takeover"), "ERR corezoid_partly ");
    assert_string_equal(world_type(&w, "set corezoid_token_conv 777"),
                        "OK corezoid_token_conv=777 note=corezoid_partly");
    world_assert_begins(world_type(&w, "set corezoid_token_conv 077"), "ERR bad_value ");
    world_assert_begins(world_type(&w, "set corezoid_token_conv -77"), "ERR bad_value ");
    world_assert_begins(world_type(&w, "set corezoid_token_ref a/b"), "ERR bad_value ");
    world_assert_begins(world_type(&w, "set corezoid_token_url nowhere"), "ERR bad_value ");
    assert_string_equal(state(), "off");
    world_run(&w, HOUR);
    assert_int_equal(TASK.ops, 0);
    world_type(&w, "set corezoid_token_url https://corezoid.example/base");
    world_type(&w, "set corezoid_token_ref other");
    connect_task();
    assert_string_equal(w.server.last_host, "corezoid.example");
    world_assert_begins(w.last_request, "POST /base/api/2/json/98765/");
    assert_non_null(strstr(w.last_request, "\"ref\":\"other\""));
}

static void without_a_token_no_task_is_created(void **state_)
{
    (void)state_;
    world_set_client(&w);
    connect_task();
    world_run(&w, HOUR);
    assert_string_equal(state(), "ok");
    assert_int_equal(TASK.ops, 1);
    assert_string_equal(TASK.data, "");
}

/* They share a request. */
static void alerts_and_the_task_wait_for_each_other(void **state_)
{
    (void)state_;
    start_with_a_task();
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    world_run(&w, 11000);
    world_latency(&w, 3000);
    for (int i = 1; i <= 5; i++) {
        start_fault();
        recover();
        world_run(&w, 11 * MINUTE);
        assert_string_equal(state(), "ok");
        assert_int_equal(w.server.posts, 2 * i);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_pair_is_written_once),
        TEST(a_write_that_failed_is_repeated_after_a_restart),
        TEST(a_lost_answer_to_the_creation_is_settled),
        TEST(an_expired_token_is_blanked),
        TEST(a_forgotten_token_is_blanked_however_long_it_takes),
        TEST(an_account_is_not_deleted_before_its_task_is_blanked),
        TEST(another_gateways_task_is_left_alone),
        TEST(two_gateways_that_create_at_once_are_told_apart),
        TEST(a_task_of_another_account_is_anothers),
        TEST(an_error_of_an_operation_is_retried),
        TEST(on_demand_renews_ahead_for_those_who_read_it),
        TEST(the_task_is_blanked_before_its_settings_change),
        TEST(blanking_is_given_up_by_another_unset),
        TEST(a_reset_blanks_the_task_or_waits_ten_seconds),
        TEST(it_takes_all_three_settings),
        TEST(without_a_token_no_task_is_created),
        TEST(alerts_and_the_task_wait_for_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
