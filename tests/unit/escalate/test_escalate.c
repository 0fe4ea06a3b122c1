/* SPDX-License-Identifier: Apache-2.0 */

/* Escalation: levels, and messages to webhook and Corezoid. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_webhook.h"
#include "tk_message.h"
#include "tk_rest_verify.h"

static void a_fault_is_raised_once_and_cleared_once(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm?key=k");
    w.server.posts = 0;
    w.fault_status = 500;
    world_fault(&w, WORLD_STATUS, 0);
    world_run(&w, 70 * MINUTE); /* the webhook has the fault, too */
    assert_string_equal(world_status(&w, "escalation"), "3");
    assert_int_equal(world_count_events(&w, "event=raised level=1"), 1);
    assert_int_equal(world_count_events(&w, "event=raised level=2"), 1);
    assert_int_equal(world_count_events(&w, "event=raised level=3"), 1);
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 40 * MINUTE);
    assert_string_equal(world_status(&w, "escalation"), "0");
    assert_int_equal(world_count_events(&w, "event=cleared"), 1);
    assert_in_range(w.server.posts, 0, 2);
}

static void a_failed_refresh_is_logged_at_log_level_info(void **state)
{
    (void)state;
    world_provision(&w);
    world_error(&w, "something", 400, 1);
    world_run(&w, 26 * MINUTE);
    assert_int_equal(world_count_events(&w, "LOG "), 0);
    world_type(&w, "log info");
    world_error(&w, "something", 400, 1);
    world_run(&w, 26 * MINUTE);
    assert_int_equal(
        world_count_events(&w, "LOG refresh ref=token error=oauth_error failures=1 next_in="), 1);
}

/* The webhook works; the authorization server refuses the client secret. */
static void a_message_names_fault_cause_and_action(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    strcpy(w.server.rules.clients[0].secret, "another");
    world_run(&w, 26 * MINUTE);
    assert_int_equal(w.server.posts, 1);
    assert_non_null(strstr(w.last_post, "\"event\":\"raised\",\"account\":\"token\","
                                        "\"device\":\"SIM-0001\""));
    assert_non_null(strstr(w.last_post, "\"level\":4,"));
    char ref[80];

    snprintf(ref, sizeof ref, "\"ref\":\"SIM-0001-token-%lld\",",
             (long long)w.keeper.alerts.of[0].record.since);
    assert_non_null(strstr(w.last_post, ref));
    assert_non_null(strstr(w.last_post, "\"cause\":\"invalid_client\","));
    assert_non_null(strstr(w.last_post, "set client_secret"));
    assert_non_null(strstr(w.last_post, "\"said\":\"invalid_client\","));
    world_restart(&w, MINUTE);
    world_run(&w, 3 * HOUR);
    assert_int_equal(w.server.posts, 1); /* stored: not raised again after a restart */
    strcpy(w.server.rules.clients[0].secret, "s3cret");
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready");
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 2);
    assert_non_null(strstr(w.last_post, "\"event\":\"cleared\""));
    assert_non_null(strstr(w.last_post, ref)); /* the same ref */
    world_run(&w, DAY);
    assert_int_equal(w.server.posts, 2);
}

/* By an earlier version, say. */
static void a_stored_url_that_is_none_counts_as_not_set(void **state)
{
    static const char *const urls[] = {"foo", "https://h/a b", "ftp://h/", "https://h/\r\nX:"};

    (void)state;
    world_provision(&w);
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        assert_int_equal(
            tk_storage_put(&w.keeper.rt.storage, TK_KEY_ESCALATE_URL, urls[i], strlen(urls[i])),
            TK_OK);
        world_restart(&w, 100);
        world_assert_begins(world_type(&w, "escalate test"), "ERR no_escalate_url");
    }
}

static void a_template_is_used_and_stored(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    world_assert_begins(
        world_type(&w, "set escalate_template {\"text\": \"{device}: {account} {event}\"}"),
        "OK escalate_template_len=39 escalate_template_sha256=");
    world_assert_begins(world_type(&w, "escalate test"), "OK delivered=yes");
    assert_string_equal(w.last_post, "{\"text\": \"SIM-0001: token test\"}");
    world_restart(&w, 100);
    world_assert_begins(world_type(&w, "escalate test"), "OK delivered=yes");
    assert_string_equal(w.last_post, "{\"text\": \"SIM-0001: token test\"}");
    world_assert_begins(world_type(&w, "set escalate_template {\"text\": \"{acount}\"}"),
                        "ERR template_word the words in braces are event, account,");
    world_assert_begins(world_type(&w, "set escalate_template {\"text\": {account}"),
                        "ERR template_json ");
    assert_string_equal(world_type(&w, "unset escalate_template"), "OK escalate_template=");
    world_assert_begins(world_type(&w, "escalate test"), "OK delivered=yes");
    world_assert_begins(w.last_post, "{\"event\":\"test\",\"account\":\"token\",");
}

/* tests/e2e verifies the signature. */
static void sends_signed_tasks_to_corezoid(void **state)
{
    (void)state;
    world_provision(&w);
    assert_string_equal(world_type(&w, "set corezoid_login 98765"),
                        "OK corezoid_login=98765 note=corezoid_partly");
    world_assert_begins(world_type(&w, "escalate test"), "ERR corezoid_partly ");
    world_assert_begins(world_type(&w, "set corezoid_key topsecret"),
                        "OK corezoid_key_len=9 corezoid_key_sha256=53336a67");
    assert_string_equal(world_type(&w, "set corezoid_conv 12345"), "OK corezoid_conv=12345");
    world_assert_begins(world_type(&w, "escalate test"), "OK delivered=yes");
    assert_string_equal(w.server.last_host, "api.corezoid.com");
    world_assert_begins(w.last_request, "POST /api/2/json/98765/");
    world_assert_begins(w.last_post,
                        "{\"ops\":[{\"type\":\"create\",\"obj\":\"task\",\"conv_id\":12345,"
                        "\"ref\":\"SIM-0001-token-");
    world_type(&w, "set escalate_url https://corezoid.example/base/");
    world_restart(&w, 100);
    world_assert_begins(world_type(&w, "escalate test"), "OK delivered=yes");
    assert_string_equal(w.server.last_host, "corezoid.example");
    world_assert_begins(w.last_request, "POST /base/api/2/json/98765/");
    world_type(&w, "unset corezoid_key");
    world_assert_begins(world_type(&w, "escalate test"), "ERR corezoid_partly ");
}

/* The ref of the newest task. */
static const char *task_ref(void)
{
    static char ref[80];
    const char *at = strstr(w.last_post, "\"ref\":\"");

    assert_non_null(at);
    at += strlen("\"ref\":\"SIM-0001-token-");
    snprintf(ref, sizeof ref, "%.*s", (int)strcspn(at, "\""), at);
    return ref + strspn(ref, "0123456789");
}

/* While the first task is active, Corezoid refuses another one with its ref. */
static void corezoid_gets_a_new_task_for_a_fault_that_returns(void **state)
{
    (void)state;
    provision_with_webhook();
    world_type(&w, "set corezoid_login 98765");
    world_type(&w, "set corezoid_key topsecret");
    world_type(&w, "set corezoid_conv 12345");
    start_fault();
    wait_posts(1);
    assert_string_equal(task_ref(), "");
    for (unsigned i = 1; i < 3; i++) {
        char raised[8], cleared[16];

        snprintf(raised, sizeof raised, "-%u", i);
        snprintf(cleared, sizeof cleared, i == 1 ? "-cleared" : "-cleared-%u", i - 1);
        world_webhook_fault(&w, WORLD_LOSES);
        recover();
        wait_posts(2 * i);
        assert_string_equal(task_ref(), cleared);
        world_webhook_fault(&w, WORLD_UNREACHABLE);
        world_restart(&w, 100);
        start_fault();
        world_webhook_fault(&w, WORLD_WELL);
        wait_posts(2 * i + 1);
        assert_string_equal(task_ref(), raised);
    }
}

static void corezoid_gets_a_new_task_for_another_cause(void **state)
{
    (void)state;
    provision_with_webhook();
    world_type(&w, "set corezoid_login 98765");
    world_type(&w, "set corezoid_key topsecret");
    world_type(&w, "set corezoid_conv 12345");
    refuse_account("invalid_client");
    wait_posts(1);
    assert_string_equal(task_ref(), "");
    refuse_account("PAYMENT_REQUIRED");
    wait_posts(2);
    assert_string_equal(task_ref(), "-payment_required");
}

static void settings_of_corezoid_are_checked(void **state)
{
    static const struct {
        const char *line, *answer;
    } cases[] = {
        {"set corezoid_login a/b", "ERR bad_value "},
        {"set corezoid_login a b", "ERR bad_value "},
        {"set corezoid_login 12345678901234567890123456789012345678901234567890123456789012345",
         "ERR bad_value "},
        {"set corezoid_login api-user_1.2", "OK corezoid_login=api-user_1.2"},
        {"set corezoid_conv 12a", "ERR bad_value "},
        {"set corezoid_conv 012", "ERR bad_value "},
        {"set corezoid_conv 1234567890123456789", "ERR bad_value "},
        {"set corezoid_key a b", "ERR bad_value "},
        {"set corezoid_key", "ERR need_value "},
        {"unset corezoid_login", "OK corezoid_login="},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        world_assert_begins(world_type(&w, cases[i].line), cases[i].answer);
}

static void expiry_raises_level_3_without_a_refresh(void **state)
{
    (void)state;
    world_provision(&w);
    w.fault_status = 500;
    world_fault(&w, WORLD_STATUS, 0);
    uint64_t expires_ms = w.keeper.accounts.of[0].expires_ms;

    while (world_count_events(&w, "event=raised level=3") == 0)
        world_run(&w, 50);
    assert_in_range(w.port.now_ms, expires_ms, expires_ms + 100);
}

/* A refresh fails within the second in which they begin, and the next one hangs. */
static void under_5_minutes_of_life_raise_level_2_in_time(void **state)
{
    struct tk_account *a = &w.keeper.accounts.of[0];

    (void)state;
    world_provision(&w);
    tk_timer_stop(&w.keeper.rt.timers, &a->refresh.timer);
    world_run(&w, a->expires_ms - 300500 - w.port.now_ms);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_assert_begins(world_type(&w, "auth refresh"), "ERR connect_failed");
    world_fault(&w, WORLD_SILENT, 0);
    world_run(&w, 100);
    assert_int_equal(world_count_events(&w, "event=raised level=1"), 1);
    world_run(&w, 2000);
    assert_int_equal(world_count_events(&w, "event=raised level=2"), 1);
}

/* 2xx alone is not enough in an answer of Corezoid. */
static void delivered_means_accepted_by_the_receiver(void **state)
{
    static const struct {
        const char *body;
        const char *answer;
    } cases[] = {
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"ok\"}]}", "OK delivered=yes"},
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"error\"}]}", "ERR escalate_refused"},
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"ok\"},{}]}", "ERR escalate_refused"},
        {"{\"request_proc\":\"format_error\",\"ops\":[]}", "ERR escalate_refused"},
        {"{\"thanks\":1}", "OK delivered=yes"},
        {"thanks", "OK delivered=yes"},
    };

    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        w.fault_word = cases[i].body;
        world_fault(&w, WORLD_BODY, 1);
        world_assert_begins(world_type(&w, "escalate test"), cases[i].answer);
    }
    w.fault_status = 302;
    world_fault(&w, WORLD_STATUS, 1);
    world_assert_begins(world_type(&w, "escalate test"), "ERR escalate_refused");
    assert_non_null(strstr(w.answer, "@1 http=302\n"));
}

static void lower_levels_than_escalate_level_are_not_sent(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    assert_string_equal(world_type(&w, "set escalate_level 3"), "OK escalate_level=3");
    world_assert_begins(world_type(&w, "set escalate_level 4"), "ERR bad_value");
    world_error(&w, "something", 400, 2);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(world_count_events(&w, "event=raised level=1"), 1);
    assert_int_equal(world_count_events(&w, "event=cleared"), 1);
    assert_int_equal(w.server.posts, 0);
}

static void the_board_gets_the_level(void **state)
{
    (void)state;
    world_provision(&w);
    assert_int_equal(w.port.level, 0);
    world_error(&w, "invalid_client", 400, 0);
    world_run(&w, 26 * MINUTE);
    assert_int_equal(w.port.level, 4);
    world_restart(&w, 100);
    assert_int_equal(w.port.level, 4);
}

static struct {
    unsigned count;
    char ref[TK_NAME_MAX + 1];
    int level;
    enum tk_err cause;
} told;

static void on_escalation(void *ctx, const char *ref, int level, enum tk_err cause)
{
    assert_ptr_equal(ctx, &w);
    told.count++;
    snprintf(told.ref, sizeof told.ref, "%s", ref);
    told.level = level;
    told.cause = cause;
}

static void the_program_gets_the_level(void **state)
{
    (void)state;
    w.config.on_escalation = on_escalation;
    world_provision(&w);
    assert_int_equal(told.count, 0);
    world_error(&w, "invalid_client", 400, 0);
    world_run(&w, 26 * MINUTE);
    assert_int_equal(told.count, 1);
    assert_string_equal(told.ref, "token");
    assert_int_equal(told.level, 4);
    assert_int_equal(told.cause, TK_E_INVALID_CLIENT);
    world_fault(&w, WORLD_WELL, 0);
    world_assert_begins(world_type(&w, "auth refresh"), "OK");
    assert_int_equal(told.count, 2);
    assert_int_equal(told.level, 0);
}

/* By a build with more words. */
static void a_stored_template_with_another_word_gives_the_default(void **state)
{
    static const char template[] = "{\"t\":\"{device}\",\"u\":{newer}}";

    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    assert_int_equal(tk_storage_put(&w.keeper.rt.storage, TK_KEY_ESCALATE_TEMPLATE, template,
                                    sizeof template - 1),
                     TK_OK);
    world_restart(&w, 100);
    world_assert_begins(world_type(&w, "escalate test"), "OK delivered=yes");
    world_assert_begins(w.last_post, "{\"event\":\"test\",\"account\":\"token\",");
    assert_string_equal(world_status(&w, "store"), "ok");
}

/* It is checked in a connection's buffer. */
static enum tk_err write_nothing_much(struct tk_request *r, struct tk_text *out)
{
    (void)r;
    tk_text_add(out, "GET / HTTP/1.1\r\nHost: hooks.example\r\n\r\n");
    return TK_OK;
}

static void ignore(struct tk_request *r, enum tk_err err, struct tk_http *response)
{
    (void)r;
    (void)err;
    (void)response;
}

/* All connections but two. */
static void occupy_others(void)
{
    static struct tk_request busy[TK_CONNECTIONS];

    memset(busy, 0, sizeof busy);
    for (size_t i = 2; i < TK_CONNECTIONS; i++) {
        assert_true(tk_host_parse(&busy[i].host, "hooks.example", NULL));
        busy[i].write = write_nothing_much;
        busy[i].done = ignore;
        tk_https_start(&w.keeper.rt.https, &busy[i], TK_PRIORITY_CHECK, MINUTE);
    }
}

static void a_template_waits_for_a_connection(void **state)
{
    char template[TK_TEMPLATE_MAX + 2];

    (void)state;
    world_provision(&w);
    memset(template, ' ', sizeof template);
    template[sizeof template - 1] = '\0';
    assert_int_equal(tk_alerts_set(&w.keeper.alerts, TK_WEBHOOK_TEMPLATE, template),
                     TK_E_BAD_VALUE);
    world_run(&w, 11000);
    world_fault(&w, WORLD_SILENT, 0);
    occupy_others();
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    tk_sim_console_attach(&w.port, 1, true);
    tk_sim_console_attach(&w.port, 2, true);
    tk_sim_console_feed(&w.port, 1, "@2 auth refresh\n", 16);
    tk_sim_console_feed(&w.port, 2, "@2 escalate test\n", 17);
    world_run(&w, 1000);
    world_assert_begins(world_type(&w, "set escalate_template {}"), "ERR try_later");
    world_run(&w, MINUTE);
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, MINUTE);
    world_assert_begins(world_type(&w, "set escalate_template {}"), "OK escalate_template_len=2");
}

/* Corezoid always says what became of a task. */
static void half_an_answer_of_corezoid_is_no_delivery(void **state)
{
    struct server_fault x = {.kind = SERVER_FLOW, .down = {.event = TK_SIM_FIN}};

    (void)state;
    world_provision(&w);
    world_type(&w, "set corezoid_login 98765");
    world_type(&w, "set corezoid_key topsecret");
    world_type(&w, "set corezoid_conv 12345");
    for (x.down.after = 90; x.down.after < 130; x.down.after += 10) {
        server_set_fault(&w.server, SERVER_ALL, &x);
        world_assert_begins(world_type(&w, "escalate test"), "ERR connection_lost");
    }
}

/* The pair is another device's, and the time is not known yet. */
static void a_fault_without_a_time_gets_it_when_it_is_sent(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    tk_sim_set_wall(&w.port, TK_TIME_NONE, 0);
    strcpy(w.port.id, "sim-0002");
    world_restart(&w, 1000);
    world_run(&w, MINUTE);
    assert_string_equal(world_status(&w, "escalation"), "4");
    assert_true(record()->since == 0);
    assert_int_equal(w.server.posts, 0);
    tk_sim_set_wall(&w.port, TK_TIME_RTC, WORLD_UNIX);
    while (w.server.posts == 0)
        world_run(&w, 1000);
    world_run(&w, 1000);
    assert_in_range(record()->since, WORLD_UNIX + 60, truth());
    char since[40];

    snprintf(since, sizeof since, "\"since\":%lld,", (long long)record()->since);
    assert_non_null(strstr(w.last_post, since));
}

/* Accepting it does not bring back what the server has revoked. */
static void a_revoked_pair_outlasts_a_move(void **state)
{
    (void)state;
    world_provision(&w);
    w.server.redirects[0].host = "acme.bitrix24.com";
    w.server.redirects[0].location = "https://crm.example.com/";
    tk_rest_verify(&w.keeper.accounts.of[0]);
    world_run(&w, 11000);
    rules_revoke(&w.server.rules);
    world_type(&w, "auth refresh");
    world_assert_state(&w, "needs_code", "revoked");
    assert_string_equal(world_type(&w, "portal accept"), "OK portal=crm.example.com");
    assert_string_equal(world_status(&w, "escalation"), "4");
    assert_int_equal(world_count_events(&w, "event=cleared"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_fault_is_raised_once_and_cleared_once),
        TEST(a_failed_refresh_is_logged_at_log_level_info),
        TEST(a_message_names_fault_cause_and_action),
        TEST(a_stored_url_that_is_none_counts_as_not_set),
        TEST(a_template_is_used_and_stored),
        TEST(sends_signed_tasks_to_corezoid),
        TEST(corezoid_gets_a_new_task_for_a_fault_that_returns),
        TEST(corezoid_gets_a_new_task_for_another_cause),
        TEST(settings_of_corezoid_are_checked),
        TEST(expiry_raises_level_3_without_a_refresh),
        TEST(under_5_minutes_of_life_raise_level_2_in_time),
        TEST(delivered_means_accepted_by_the_receiver),
        TEST(lower_levels_than_escalate_level_are_not_sent),
        TEST(the_board_gets_the_level),
        TEST(the_program_gets_the_level),
        TEST(a_stored_template_with_another_word_gives_the_default),
        TEST(a_template_waits_for_a_connection),
        TEST(half_an_answer_of_corezoid_is_no_delivery),
        TEST(a_fault_without_a_time_gets_it_when_it_is_sent),
        TEST(a_revoked_pair_outlasts_a_move),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
