/* SPDX-License-Identifier: Apache-2.0 */

/* The console, byte by byte: lines, prefixes, prompts, output. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_console.h"
#include "tk_version.h"

#define GREETING                                                                                   \
    "\r\nEVT hello version=" TK_VERSION " board=sim id=SIM-0001\r\n"                               \
    "tokenkeeper " TK_VERSION " on sim, device SIM-0001\r\n"                                       \
    "Settings are missing. Next: set portal <name> (help lists the commands)\r\ntk> "

static void a_terminal_gets_a_greeting_and_a_prompt(void **state)
{
    (void)state;
    assert_string_equal(out, GREETING);
}

static void the_greeting_says_the_state_and_what_to_type(void **state)
{
    (void)state;
    world_provision(&w);
    tk_sim_console_attach(&w.port, 0, false);
    type("");
    tk_sim_console_attach(&w.port, 0, true);
    assert_non_null(strstr(type(""), "\r\nThe token is renewed in time. Next: status (help lists "
                                     "the commands)\r\ntk> "));
}

static void a_line_without_prefix_gets_echo_and_prompt(void **state)
{
    (void)state;
    assert_string_equal(type("log info\r"), "log info\r\nOK log=info\r\ntk> ");
    assert_string_equal(type("\r"), "\r\ntk> ");
}

static void a_line_with_prefix_gets_neither(void **state)
{
    (void)state;
    assert_string_equal(type("@7 log info\n"), "\r\n@7 OK log=info\r\n");
    assert_string_equal(type("@0123456789 log off\n"), "@0123456789 OK log=off\r\n");
    assert_string_equal(type("@7 set portal acme\n"), "@7 OK portal=acme.bitrix24.com\r\n");
}

static void a_sequence_has_1_to_10_digits(void **state)
{
    (void)state;
    type("@1 log off\n");
    assert_string_equal(
        type("@ log off\n"),
        "ERR bad_prefix a program's line is @<1 to 10 digits> <command>; type help for "
        "the commands\r\n");
    assert_memory_equal(type("@x log off\n"), "ERR bad_prefix ", 15);
    assert_memory_equal(type("@12345678901 log off\n"), "ERR bad_prefix ", 15);
    assert_memory_equal(type("@7\n"), "@7 ERR unknown_command ", 23);
}

static void cr_lf_and_crlf_each_end_one_line(void **state)
{
    (void)state;
    type("@1 log off\n");
    assert_string_equal(type("@1 log off\r@2 log off\n@3 log off\r\n@4 log off\r"),
                        "@1 OK log=off\r\n@2 OK log=off\r\n@3 OK log=off\r\n@4 OK log=off\r\n");
    assert_string_equal(type("\n@5 log off\r\n"), "@5 OK log=off\r\n"); /* CRLF across reads */
}

static void every_line_of_an_answer_has_the_prefix(void **state)
{
    (void)state;
    type("@1 log off\n");
    type("@42 show\n");
    for (const char *line = out; *line != '\0'; line = strstr(line, "\r\n") + 2)
        assert_memory_equal(line, "@42 ", 4);
}

static void secrets_are_not_echoed(void **state)
{
    (void)state;
    assert_string_equal(type("set client_secret hunter2\r"),
                        "set client_secret (7 characters, hidden)\r\n"
                        "OK client_secret_len=7 client_secret_sha256=f52fbd32\r\ntk> ");
    assert_string_equal(type("auth code 12345678\r"), "auth code ");
    tk_sim_advance(&w.port, 300);
    assert_memory_equal(type(""), "(8 characters, hidden)\r\nERR ", 28);
    assert_memory_equal(type("  set   client_secret   x y\r"),
                        "  set   client_secret (5 characters, hidden)\r\n", 46);
    assert_null(strstr(type("set escalate_url https://h/secretpath\r"), "secretpath"));
}

static void a_secret_without_a_value_is_prompted_for(void **state)
{
    (void)state;
    assert_string_equal(type("set client_secret\r"), "set client_secret\r\nclient_secret: ");
    assert_string_equal(type("@hunter2\r"), "(8 characters, hidden)\r\n"
                                            "OK client_secret_len=8 "
                                            "client_secret_sha256=0759621c\r\ntk> ");
    type("set client_secret\r");
    assert_string_equal(
        type("\x03"),
        "\r\nERR cancelled a request that was already sent continues; see status\r\ntk> ");
    type("@1 log off\r");
    assert_memory_equal(type("@9 set client_secret\n"), "@9 ERR need_value ", 18);
}

static void a_prompt_for_a_secret_times_out_after_a_minute(void **state)
{
    (void)state;
    type("set client_secret\r");
    type("half");
    tk_sim_advance(&w.port, 61000);
    assert_memory_equal(type(""), "\r\nERR need_value ", 17);
    assert_memory_equal(type("log off\r"), "log off\r\nOK log=off\r\n", 20);
}

static void backspace_and_ctrl_u_edit_the_line(void **state)
{
    (void)state;
    assert_string_equal(type("log ofx\x7f"
                             "f\r"),
                        "log ofx\b \bf\r\nOK log=off\r\ntk> ");
    assert_string_equal(type("rubbish\x15log off\r"),
                        "rubbish\r\x1b[Ktk> log off\r\nOK log=off\r\ntk> ");
    assert_string_equal(type("\b\b\blog off\r"), "log off\r\nOK log=off\r\ntk> ");
    assert_string_equal(type("set client_secret abc\b\b\b\b\x15"),
                        "set client_secret \b \b\r\x1b[Ktk> ");
}

static void ctrl_c_discards_the_line(void **state)
{
    (void)state;
    assert_string_equal(type("factory-re\x03"), "factory-re^C\r\ntk> ");
}

static void lines_of_1024_characters_are_refused(void **state)
{
    char line[1100];

    (void)state;
    type("@1 log off\n");
    memset(line, ' ', sizeof line);
    memcpy(line, "@1 log off", 10);
    line[1023] = '\n';
    assert_string_equal(type_bytes(line, 1024), "@1 OK log=off\r\n");
    line[1023] = ' ';
    line[1024] = '\n';
    assert_memory_equal(type_bytes(line, 1025), "@1 ERR line_too_long ", 21);
    assert_string_equal(type("@2 log off\n"), "@2 OK log=off\r\n");
}

static void the_end_of_a_long_line_is_not_run(void **state)
{
    char line[5001];

    (void)state;
    type("@1 log off\n");
    memset(line, 'x', sizeof line);
    memcpy(line + 4900, " factory-reset 0001", 19);
    line[5000] = '\n';
    type_bytes(line, sizeof line);
    assert_non_null(strstr(out, "ERR line_too_long "));
    assert_int_equal(w.port.reboots, 0);
    assert_null(strstr(out, "OK"));
}

static void control_bytes_invalidate_only_their_line(void **state)
{
    (void)state;
    type("@1 log off\n");
    assert_memory_equal(type("@1 log\x04 off\n"), "@1 ERR bad_byte ", 16);
    assert_memory_equal(type("@1 log \x80\xff off\n"), "@1 ERR bad_byte ", 16);
    assert_string_equal(type_bytes("@1 lo\0g off\n", 12), "@1 OK log=off\r\n"); /* NUL is ignored */
    assert_string_equal(type("@1 log\toff\n"), "@1 OK log=off\r\n");
}

static void escape_sequences_are_ignored(void **state)
{
    (void)state;
    type("@1 log off\n");
    assert_string_equal(type("@1 \x1b[Alog\x1b[1;5C \x1bOPoff\x1b[200~\x1b[201~\n"),
                        "@1 OK log=off\r\n");
    assert_string_equal(type("@1 log off\x1b[1\x7f;5C\n"), "@1 OK log=off\r\n");
    assert_string_equal(type("@1 log off\x1b\n"), "@1 OK log=off\r\n");
    assert_string_equal(type("@1 log off\x1b[\n"), "@1 OK log=off\r\n");
}

static void an_overrun_is_reported(void **state)
{
    (void)state;
    type("@1 log off\n");
    tk_sim_console_feed(&w.port, 0, "@1 lo", 5);
    type("");
    w.port.consoles[0].overrun = true;
    assert_memory_equal(type("ff\n"), "@1 ERR rx_overrun ", 18);
    assert_string_equal(type("@1 log off\n"), "@1 OK log=off\r\n");
}

static void survives_binary_noise(void **state)
{
    uint32_t random = 1;
    char noise[4096];

    (void)state;
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < sizeof noise; i++) {
            random = random * 1664525 + 1013904223;
            noise[i] = (char)(random >> 24);
        }
        type_bytes(noise, sizeof noise);
    }
    type("\x03\r");
    assert_non_null(strstr(type("@1 log off\n"), "@1 OK log=off\r\n"));
}

static void events_are_printed_after_the_answer(void **state)
{
    (void)state;
    world_provision(&w);
    world_latency(&w, 2000);
    type("@1 auth refresh\n");
    assert_null(strstr(out, "EVT"));
    tk_sim_advance(&w.port, 11000);
    type("");
    type("@2 auth refresh\n");
    assert_null(strstr(out, "EVT"));
    tk_sim_advance(&w.port, 2100);
    type("");
    const char *ok = strstr(out, "@2 OK");
    const char *event = strstr(out, "EVT state");

    assert_non_null(ok);
    assert_non_null(event);
    assert_true(ok < event);
}

static void a_second_command_is_refused_as_busy(void **state)
{
    (void)state;
    world_provision(&w);
    tk_sim_advance(&w.port, 20000);
    world_latency(&w, 2000);
    type("@1 auth refresh\n");
    assert_memory_equal(type("@2 status\n"), "@2 ERR busy ", 12);
    assert_memory_equal(type("@3 auth code x\n"), "@3 ERR busy ", 12);
    assert_memory_equal(
        type("\x03"), "@1 ERR cancelled a request that was already sent continues; see status\r\n",
        30);
    assert_string_equal(type("@4 log off\n"), "@4 OK log=off\r\n");
}

/* Without `system` the simulated port has a network stack of its own, and gets no DHCP lease. */
static void check_reports_a_missing_address(void **state)
{
    (void)state;
    w.port.system = false;
    world_assert_begins(world_type(&w, "check"), "ERR no_network");
    assert_non_null(strstr(w.answer, "@1 network=no_network "));
    assert_null(strstr(w.answer, "@1 auth."));
    world_assert_begins(world_type(&w, "set ip 10.0.0.7/24,10.0.0.1,10.0.0.2"), "OK");
    world_assert_begins(world_type(&w, "check"), "ERR no_client");
    assert_non_null(strstr(w.answer, "@1 network=ok 10.0.0.7/24,"));
    w.port.system = true;
    world_assert_begins(world_type(&w, "check"), "ERR no_client");
    assert_null(strstr(w.answer, "@1 network="));
}

static void a_cancelled_check_leaves_no_request(void **state)
{
    const struct tk_request *probe = &w.keeper.consoles[0].job.u.check.probe.request;

    (void)state;
    world_set_client(&w);
    for (size_t i = 0; i < w.server.host_count; i++)
        w.server.peers[i].connect_ms = 5000;
    w.port.system = true;
    type("@5 check\n");
    assert_true(tk_https_active(probe));
    type("\x03");
    assert_non_null(strstr(out, "@5 ERR cancelled "));
    assert_false(tk_https_active(probe));
    assert_null(w.keeper.rt.https.queue);
}

/* None waits in silence when the program ends; `auth begin` has printed its link. */
static void the_end_answers_each_command(void **state)
{
    static const struct {
        const char *line, *answer;
    } rows[] = {{"@7 check\n", "@7 ERR cancelled "},
                {"@7 auth begin\n", "@7 OK\r\n"},
                {"@7 auth code code2\n", "@7 ERR cancelled "},
                {"@7 auth refresh\n", "@7 ERR cancelled "},
                {"@7 token rejected=1\n", "@7 ERR cancelled "},
                {"set client_secret\n", "ERR cancelled "}};

    (void)state;
    world_provision(&w);
    w.port.system = true;
    for (size_t i = 0; i < w.server.host_count; i++)
        w.server.peers[i].connect_ms = 5000;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world_restart(&w, 60000);
        type("");
        type(rows[i].line);
        assert_null(strstr(out, rows[i].answer));
        tk_keeper_free(&w.keeper);
        collect();
        assert_non_null(strstr(out, rows[i].answer));
        tk_keeper_init(&w.keeper, &w.config);
    }
}

/* The machine slept past its deadline; the stages that are left have deadlines of their own. */
static void a_check_that_is_late_does_not_spin(void **state)
{
    (void)state;
    world_set_client(&w);
    for (size_t i = 0; i < w.server.host_count; i++)
        w.server.peers[i].connect_ms = 3000;
    w.port.system = true;
    tk_sim_console_feed(&w.port, 0, "@5 check\n", 9);
    world_run(&w, 100);
    tk_sim_advance(&w.port, 120000);
    world_run(&w, 60000);
    assert_null(w.keeper.consoles[0].job.step);
}

static void auth_code_cancels_a_check(void **state)
{
    (void)state;
    world_set_client(&w);
    world_type(&w, "auth begin");
    world_give_code(&w, "c");
    tk_sim_set_wall(&w.port, TK_TIME_RTC, WORLD_UNIX);
    world_fault(&w, WORLD_WELL, 0);
    /* Hosts answer at once: check may have ended before. */
    type("@5 check\n@6 auth code c\n");
    assert_true(strstr(out, "@5 ERR cancelled") != NULL || strstr(out, "@5 OK") != NULL);
    assert_non_null(strstr(out, "@6 OK state=ready"));
}

static void a_new_terminal_does_not_see_the_input_of_the_last(void **state)
{
    (void)state;
    type("set client_secret abc"); /* no line end */
    tk_sim_console_attach(&w.port, 0, false);
    type("");
    tk_sim_console_attach(&w.port, 0, true);
    assert_string_equal(type(""), GREETING);
    assert_string_equal(type("log off\r"), "log off\r\nOK log=off\r\ntk> ");
}

/* The output queue is so full that no input is read. */
static void a_new_terminal_does_not_get_the_answer_of_the_last(void **state)
{
    (void)state;
    type("@1 log off\n");
    w.port.consoles[0].out_max = 0;
    type("@2 ref add b\n@3 help\n");
    tk_sim_console_attach(&w.port, 0, false);
    w.port.consoles[0].out_max = SIZE_MAX;
    type("");
    tk_sim_console_attach(&w.port, 0, true);
    assert_string_equal(type(""), GREETING);
    assert_string_equal(type("@1 ref\n"), "\r\n@1 token=no_client\r\n@1 b=no_client\r\n"
                                          "@1 OK ref=token\r\n");
}

static void events_wait_for_the_end_of_a_prompt(void **state)
{
    char buf[16];
    struct tk_text t;

    (void)state;
    type("set client_secret\r");
    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "test");
    tk_keeper_event(&w.keeper, &t);
    assert_string_equal(type(""), "");
    type("s3cret\r");
    assert_non_null(strstr(out, "OK client_secret_len=6 "));
    assert_true(strstr(out, "EVT test\r\n") > strstr(out, "OK client_secret_len=6 "));
}

/* The port does not report room again. */
static void output_continues_where_room_returns_in_the_same_pass(void **state)
{
    (void)state;
    world_provision(&w);
    for (unsigned writes = 1; writes < 200; writes++) {
        uint64_t now_ms = w.port.now_ms;

        w.port.consoles[0].full = writes;
        assert_string_equal(world_type(&w, "help"), "OK");
        w.port.consoles[0].full = 0;
        assert_in_range(w.port.now_ms, now_ms, now_ms + 1000);
    }
}

static void a_terminal_that_does_not_read_causes_no_passes(void **state)
{
    unsigned passes = w.passes;

    (void)state;
    w.port.consoles[0].out_max = 0;
    tk_sim_console_feed(&w.port, 0, "@2 help\n", 8);
    world_run(&w, 60000);
    assert_in_range(w.passes - passes, 1, 100);
}

static void a_slow_terminal_gets_all_output(void **state)
{
    (void)state;
    type("@1 log off\n");
    w.port.consoles[0].at_most = 3;
    w.port.consoles[0].out_max = 5;
    out[0] = '\0';
    tk_sim_console_feed(&w.port, 0, "@1 status --all\n", 16);
    for (int i = 0; i < 5000; i++) {
        tk_keeper_run(&w.keeper);
        collect();
    }
    assert_non_null(strstr(out, "@1 ref=token\r\n"));
    assert_non_null(strstr(out, "@1 posts_failed=0\r\n@1 OK\r\n"));
    unsigned lines = 0;

    for (const char *at = out; (at = strstr(at, "@1 ")) != NULL; at++)
        lines++;
    assert_int_equal(lines, 48);
}

/* In a script that an operator pastes. */
static void a_comment_is_no_command(void **state)
{
    (void)state;
    assert_string_equal(type("# set client_id\r"), "# set client_id\r\ntk> ");
    assert_string_equal(type("   \r"), "   \r\ntk> ");
    assert_memory_equal(type("@1 # x\n"), "\r\n@1 ERR unknown_command ", 25);
}

static void a_value_that_is_no_line_is_refused(void **state)
{
    char line[1100];

    (void)state;
    memset(line, 'v', sizeof line);
    line[sizeof line - 1] = '\r';
    type("set client_secret\r");
    assert_non_null(strstr(type_bytes(line, sizeof line), "ERR line_too_long "));
    type("set client_secret\r");
    assert_non_null(strstr(type("a\x12z\r"), "ERR bad_byte "));
    assert_string_equal(w.keeper.accounts.of[0].client.client_secret, "");
}

static void refresh_at_the_other_console(void)
{
    world_provision(&w);
    world_run(&w, 11000);
    world_latency(&w, 2000);
    tk_sim_console_attach(&w.port, 1, true);
    tk_sim_console_feed(&w.port, 1, "@2 auth refresh\n", 16);
}

/* The answers to two operators: neither claims what the other has ended. */
static void auth_forget_ends_a_refresh(void **state)
{
    char answer[256] = "";

    (void)state;
    refresh_at_the_other_console();
    world_run(&w, 100);
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    world_run(&w, 100);
    tk_sim_console_drain(&w.port, 1, answer, sizeof answer - 1);
    assert_non_null(strstr(answer, "@2 ERR try_later "));
}

static void auth_forget_right_after_a_refresh_is_seen(void **state)
{
    char answer[256] = "";

    (void)state;
    refresh_at_the_other_console();
    while (w.keeper.accounts.of[0].pair.generation == 1) {
        uint64_t until_ms = tk_keeper_run(&w.keeper);

        if (w.keeper.accounts.of[0].pair.generation == 1)
            tk_wait(&w.port, until_ms);
    }
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    world_run(&w, 100);
    tk_sim_console_drain(&w.port, 1, answer, sizeof answer - 1);
    assert_non_null(strstr(answer, "@2 OK state=needs_code generation=2\r\n"));
}

/* The code is used; the portal's answer is not waited for any longer. */
static void auth_code_answers_before_a_slow_portal(void **state)
{
    struct server_fault x = {.kind = SERVER_IGNORES};

    (void)state;
    world_set_client(&w);
    world_latency(&w, 14000);
    server_set_fault(&w.server, server_hosts(&w.server, SERVER_PORTAL), &x);
    world_give_code(&w, "c");
    uint64_t before = w.port.now_ms;

    assert_string_equal(world_type(&w, "auth code c"),
                        "OK state=ready generation=1 expires_in=3575 rest=unknown");
    assert_in_range(w.port.now_ms - before, 24900, 25100);
}

/* A refresh that still runs when the consumer's time is over. */
static void a_rejected_token_that_is_not_replaced_in_time_is_not_served(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 60000);
    world_fault(&w, WORLD_SILENT, 0);
    world_assert_begins(world_type(&w, "token rejected=1"), "ERR try_later");
}

/* Its refresh is under way for as long as the consumer waits. */
static void a_token_that_is_not_renewed_in_time_is_to_be_tried_later(void **state)
{
    (void)state;
    world_provision(&w);
    world_fault(&w, WORLD_SILENT, 0);
    world_restart(&w, 2 * 3600000);
    uint64_t before = w.port.now_ms;

    world_assert_begins(world_type(&w, "token"), "ERR try_later");
    assert_in_range(w.port.now_ms - before, 25000, 25100);
}

/* The portal works again, and refreshes still fail: the last error is over, the rejection not. */
static void a_rejected_token_is_not_served_without_an_error_either(void **state)
{
    struct tk_account *a = &w.keeper.accounts.of[0];

    (void)state;
    world_provision(&w);
    world_run(&w, 60000);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_assert_begins(world_type(&w, "auth refresh"), "ERR connect_failed");
    tk_account_set_error(a, TK_OK);
    world_assert_begins(world_type(&w, "token rejected=1"), "ERR try_later");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
}

static void a_program_need_not_take_lines(void **state)
{
    (void)state;
    w.config.on_line = NULL;
    world_provision(&w);
    world_run(&w, 11000);
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready generation=2 ");
    assert_string_equal(w.events, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_terminal_gets_a_greeting_and_a_prompt),
        TEST(the_greeting_says_the_state_and_what_to_type),
        TEST(a_line_without_prefix_gets_echo_and_prompt),
        TEST(a_line_with_prefix_gets_neither),
        TEST(a_sequence_has_1_to_10_digits),
        TEST(cr_lf_and_crlf_each_end_one_line),
        TEST(every_line_of_an_answer_has_the_prefix),
        TEST(secrets_are_not_echoed),
        TEST(a_secret_without_a_value_is_prompted_for),
        TEST(a_prompt_for_a_secret_times_out_after_a_minute),
        TEST(backspace_and_ctrl_u_edit_the_line),
        TEST(ctrl_c_discards_the_line),
        TEST(lines_of_1024_characters_are_refused),
        TEST(the_end_of_a_long_line_is_not_run),
        TEST(control_bytes_invalidate_only_their_line),
        TEST(escape_sequences_are_ignored),
        TEST(an_overrun_is_reported),
        TEST(survives_binary_noise),
        TEST(events_are_printed_after_the_answer),
        TEST(a_second_command_is_refused_as_busy),
        TEST(check_reports_a_missing_address),
        TEST(a_cancelled_check_leaves_no_request),
        TEST(the_end_answers_each_command),
        TEST(a_check_that_is_late_does_not_spin),
        TEST(auth_code_cancels_a_check),
        TEST(a_new_terminal_does_not_see_the_input_of_the_last),
        TEST(output_continues_where_room_returns_in_the_same_pass),
        TEST(a_new_terminal_does_not_get_the_answer_of_the_last),
        TEST(a_terminal_that_does_not_read_causes_no_passes),
        TEST(events_wait_for_the_end_of_a_prompt),
        TEST(a_slow_terminal_gets_all_output),
        TEST(a_comment_is_no_command),
        TEST(a_value_that_is_no_line_is_refused),
        TEST(auth_forget_ends_a_refresh),
        TEST(auth_forget_right_after_a_refresh_is_seen),
        TEST(auth_code_answers_before_a_slow_portal),
        TEST(a_rejected_token_that_is_not_replaced_in_time_is_not_served),
        TEST(a_rejected_token_is_not_served_without_an_error_either),
        TEST(a_program_need_not_take_lines),
        TEST(a_token_that_is_not_renewed_in_time_is_to_be_tried_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
