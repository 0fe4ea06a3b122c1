/* SPDX-License-Identifier: Apache-2.0 */

/* Help, usage, and the values of settings. */

#include "tk_command_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_console.h"
#include "tk_auth.h"
#include "tk_words.h"

static void help_lists_all_commands(void **state)
{
    (void)state;
    type("@1 log off\n");
    type("@1 help\n");
    for (size_t i = 0; i < tk_command_table.count; i++) {
        char line[80];

        snprintf(line, sizeof line, "\r\n@1 %s=", tk_command_table.commands[i].name);
        assert_true(strstr(out, line) != NULL || strncmp(out, line + 2, strlen(line) - 2) == 0);
    }
    assert_memory_equal(type("@1 help auth code\n"), "@1 auth code=<code", 18);
    assert_memory_equal(type("@1 help nothing\n"), "@1 ERR unknown_command", 22);
}

static void help_with_a_word_lists_commands_that_begin_with_it(void **state)
{
    (void)state;
    assert_string_equal(world_type(&w, "help auth"), "OK");
    assert_non_null(strstr(w.answer, "@1 auth begin="));
    assert_non_null(strstr(w.answer, "@1 auth forget="));
    assert_null(strstr(w.answer, "@1 token="));
    assert_string_equal(world_type(&w, "help ref add"), "OK");
    assert_null(strstr(w.answer, "@1 ref del="));
    assert_string_equal(world_type(&w, "help unset portal"), "OK");
    assert_non_null(strstr(w.answer, "@1 unset="));
    assert_string_equal(world_type(&w, "help set nothing"), "OK");
    assert_non_null(strstr(w.answer, "@1 set="));
    assert_memory_equal(world_type(&w, "help aut"), "ERR unknown_command ", 20);
}

static void a_setting_alone_is_answered_with_its_valid_values(void **state)
{
    (void)state;
    assert_string_equal(world_type(&w, "help set renew"), "OK");
    assert_non_null(strstr(w.answer, "@1 renew=25m (default), 60s to 7d, or on-demand\n"));
    assert_null(strstr(w.answer, "@1 set="));
    assert_string_equal(world_type(&w, "set renew"),
                        "ERR need_value 25m (default), 60s to 7d, or on-demand");
}

/* What an operator is answered, indented lines joined to the one before; none is over 80 columns.
 */
static const char *unwrapped(const char *command)
{
    static char joined[sizeof out];
    char *to = joined;

    (void)type(command);
    for (char *line = strtok(out, "\r\n"); line != NULL; line = strtok(NULL, "\r\n")) {
        assert_in_range(strlen(line), 1, 80);
        *to++ = line[0] == ' ' ? ' ' : '\n';
        to += sprintf(to, "%s", line + strspn(line, " "));
    }
    return joined;
}

static void help_fits_a_terminal(void **state)
{
    (void)state;
    type("log off\r");
    (void)unwrapped("help\r");
#define TK_SETTING(name, flags, which, kind, values, about)                                        \
    assert_non_null(                                                                               \
        strstr(unwrapped("help set " name "\r"), "\n" name " <value> " values ". " about "\n"));
#include "tk_settings.h"
#undef TK_SETTING
#define TK_COMMAND(name, usage, flags, run, help)                                                  \
    assert_non_null(strstr(unwrapped("help " name "\r"), " " help "\n"));
#include "tk_commands.h"
#undef TK_COMMAND
}

static void the_first_page_lists_all_commands_in_groups(void **state)
{
    (void)state;
    type("log off\r");
    assert_memory_equal(type("help\r"), "help\r\nSet up      ", 18);
    for (size_t i = 1; i < tk_command_table.count; i++) {
        char item[80];

        snprintf(item, sizeof item, "  %s", tk_command_table.commands[i].name);
        if (strstr(out, item) == NULL)
            fail_msg("%s", item);
    }
    assert_non_null(strstr(out, "\nAuthorize   auth begin [other_user]   auth code   "));
    assert_non_null(strstr(out, "\nUse         token   call   status [--all]   "));
    assert_non_null(strstr(out, "\nAccounts    ref [name]   ref add <name>   ref del <name>"));
    assert_non_null(strstr(out, "\nDevice      "));
    assert_non_null(strstr(out, "\nhelp <command> or help set <key> says more.\r\nOK\r\n"));
    assert_int_equal(strlen(out) < 1000, 1);
    assert_memory_equal(type("?\r"), "?\r\nSet up ", 10);
    assert_memory_equal(type("HELP\r"), "HELP\r\nSet up ", 13);
    assert_non_null(strstr(type("? Set RENEW\r"), "\nrenew <value>\r\n  25m (default)"));
}

static void the_case_of_a_command_does_not_matter(void **state)
{
    (void)state;
    assert_string_equal(world_type(&w, "Set Renew on-demand"), "OK renew=on-demand");
    assert_string_equal(world_type(&w, "REF"), "OK ref=token");
    type("SET CLIENT_SECRET s3cret\r");
    assert_non_null(
        strstr(out, "SET CLIENT_SECRET (6 characters, hidden)\r\nOK client_secret_len=6"));
}

static void the_first_word_of_several_commands_lists_them(void **state)
{
    static const char *const typed[] = {"auth\r", "AUTH\r", "auth  \r"};

    (void)state;
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        type(typed[i]);
        assert_non_null(strstr(out, "\r\nauth begin [other_user]\r\n  "));
        assert_non_null(strstr(out, "\r\nauth forget\r\n  "));
        assert_null(strstr(out, "portal accept"));
        assert_non_null(strstr(out, "\r\nOK\r\ntk> "));
    }
    assert_string_equal(world_type(&w, "auth"),
                        "ERR unknown_command type help for the list, or auth begin, or auth code, "
                        "or auth refresh, or auth forget");
    assert_non_null(strstr(type("ca\r"), "\r\nca add end\r\n"));
}

static void a_mistyped_command_is_answered_with_the_nearest(void **state)
{
    static const char *const rows[][2] = {{"stat", "status"},
                                          {"stauts", "status"},
                                          {"statsu now", "status"},
                                          {"Hlep", "help"},
                                          {"tokne 60", "token"},
                                          {"auth begn", "auth begin"},
                                          {"auth cod x", "auth code"},
                                          {"atuh code x", "auth code"},
                                          {"auth xcode x", "auth code"},
                                          {"ca ad begin", "ca add begin"},
                                          {"factory_reset", "factory-reset"},
                                          {"chekc", "check"},
                                          {"sett portal x", "set"},
                                          {"hsitory", "history"},
                                          {"versin", "version"}};
    char expected[80];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(expected, sizeof expected, ", or %s", rows[i][1]);
        world_assert_begins(world_type(&w, rows[i][0]),
                            "ERR unknown_command type help for the list");
        if (strstr(world_type(&w, rows[i][0]), expected) == NULL)
            fail_msg("%s: %s", rows[i][0], world_type(&w, rows[i][0]));
    }
    assert_string_equal(world_type(&w, "stauts"),
                        "ERR unknown_command type help for the list, or status");
    assert_string_equal(world_type(&w, "nonsense"), "ERR unknown_command type help for the list");
    assert_string_equal(world_type(&w, "auth xyzzy"), "ERR unknown_command type help for the list");
    assert_string_equal(world_type(&w, ""), "ERR unknown_command type help for the list");
    assert_string_equal(world_type(&w, "help stauts"), world_type(&w, "stauts"));
}

static void wrong_arguments_are_answered_with_the_usage(void **state)
{
    (void)state;
    assert_string_equal(world_type(&w, "set"), "ERR usage set <key> <value>");
    assert_string_equal(world_type(&w, "log"), "ERR usage log <off|error|info>");
    assert_string_equal(world_type(&w, "show me"), "ERR usage show");
    assert_string_equal(world_type(&w, "status now"), "ERR usage status [--all]");
    assert_string_equal(world_type(&w, "token x"), "ERR usage token [min_valid_s] [rejected=G]");
}

/* A command or a setting, as a whole word. A sentence may have "check", "set" and "call" as verbs.
 */
static bool names_a_command(const char *text)
{
    static const char *const also[] = {"Ctrl-C", "type it again", "ca add", "type the value"};

    for (size_t i = 0; i < sizeof also / sizeof also[0]; i++) {
        if (strstr(text, also[i]) != NULL)
            return true;
    }
    for (size_t i = 0; i < tk_command_table.count; i++) {
        const char *name = tk_command_table.commands[i].name;
        const char *at = strstr(text, name);

        for (; at != NULL; at = strstr(at + 1, name)) {
            bool begins = at == text || strchr(" (", at[-1]) != NULL;

            if (begins && strchr(" ,;):", at[strlen(name)]) != NULL)
                return true;
        }
    }
    return false;
}

/* Its last clause. */
static void every_error_ends_with_what_to_type(void **state)
{
    (void)state;
    for (int err = 1; err < TK_E_COUNT; err++) {
        char hint[TK_WORDS_MAX + 1];
        struct tk_text t;

        tk_text_init(&t, hint, sizeof hint);
        tk_words_add(&t, (unsigned)err);
        const char *clause = strrchr(hint, ';');

        if (!names_a_command(clause == NULL ? hint : clause + 2))
            fail_msg("%s: %s", tk_err_code((enum tk_err)err), hint);
    }
    assert_false(names_a_command("use another root"));
    assert_false(names_a_command("the settings"));
}

static const char *answer_of(const char *line)
{
    (void)type(line);
    for (int i = 0; i < 100 && strstr(out, "OK") == NULL; i++) {
        world_run(&w, 100);
        collect();
    }
    return out;
}

/* To an operator the link stands alone on its line; a program gets three lines. */
static void auth_begin_says_the_three_steps(void **state)
{
    char expected[600];
    const struct tk_account *a = &w.keeper.accounts.of[0];

    (void)state;
    world_set_client(&w);
    type("");
    out[0] = '\0';
    answer_of("auth begin\r");
    snprintf(expected, sizeof expected,
             "auth begin\r\n"
             "1. Open this link in a browser and log in to the portal:\r\n"
             "https://acme.bitrix24.com/oauth/authorize/?client_id=local.1&state=%s\r\n"
             "2. The browser then shows an error page for localhost:7000. That is expected.\r\n"
             "3. Copy its whole address and paste it here within 30 seconds.\r\n"
             "(A cut-off link? Widen the window, or in minicom press Ctrl-A W.)\r\nOK\r\ntk> ",
             tk_auth_state(a));
    assert_string_equal(out, expected);
    answer_of("@4 auth begin\n");
    snprintf(expected, sizeof expected,
             "\r\n@4 url=https://acme.bitrix24.com/oauth/authorize/?client_id=local.1&state=%s\r\n"
             "@4 state=%s\r\n@4 warm=yes\r\n@4 OK\r\n",
             tk_auth_state(a), tk_auth_state(a));
    assert_string_equal(out, expected);
}

/* The link is good all the same. */
static void auth_begin_without_a_network_says_what_to_do(void **state)
{
    (void)state;
    world_set_client(&w);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    type("");
    out[0] = '\0';
    answer_of("auth begin\r");
    assert_non_null(strstr(out, "Ctrl-A W.)\r\ncannot connect to the host; look at cable, firewall "
                                "and port, then type check\r\nOK\r\n"));
    answer_of("@4 auth begin\n");
    assert_non_null(strstr(out, "@4 warm=no\r\n@4 OK\r\n"));
    assert_null(strstr(out, "@4 warm_"));
}

static void version_says_whose_arithmetic_it_is(void **state)
{
    (void)state;
#if defined(TK_ECC_OWN)
    assert_non_null(strstr(type("version\r"), " ecc=own "));
#else
    assert_non_null(strstr(type("version\r"), " ecc=mbedtls "));
#endif
}

static void settings_are_normalized_or_refused(void **state)
{
    static const struct {
        const char *line;
        const char *answer;
    } rows[] = {
        {"set portal acme", "OK portal=acme.bitrix24.com"},
        {"set portal ACME.Bitrix24.DE", "OK portal=acme.bitrix24.de"},
        {"set portal https://acme.bitrix24.ru/crm/", "OK portal=acme.bitrix24.ru"},
        {"set portal localhost", "OK portal=localhost"},
        {"set portal localhost:8443", "OK portal=localhost:8443"},
        {"set portal acme:8443", "OK portal=acme:8443"},
        {"set portal acme.bitrix24.ru.", "OK portal=acme.bitrix24.ru"},
        {"set portal https://acme.bitrix24.ru.:443/", "OK portal=acme.bitrix24.ru"},
        {"set portal acme.", "OK portal=acme.bitrix24.com"},
        {"set portal h.example:", "OK portal=h.example"},
        {"set portal [::1]:8443", "OK portal=[::1]:8443"},
        {"set portal 127.0.0.1:08443", "OK portal=127.0.0.1:8443"},
        {"set portal xn--80aa.xn--p1ai", "OK portal=xn--80aa.xn--p1ai"},
        {"set portal 127.1", "ERR bad_value"},
        {"set portal 0x7f.0.0.1", "ERR bad_value"},
        {"set portal a%2eb", "ERR bad_value a name (acme is acme.bitrix24.com), host[:port], or an "
                             "https URL; in its xn-- form"},
        {"set portal \xd0\xb0.\xd1\x80\xd1\x84",
         "ERR bad_byte the line held a letter that is not ASCII at column 15; "
         "type it again in ASCII, a host in its xn-- form"},
        {"set portal http://acme.bitrix24.com", "ERR bad_value"},
        {"set portal a b", "ERR bad_value"},
        {"set portal user@host", "ERR bad_value"},
        {"set portal", "ERR need_value"},
        {"unset portal", "OK portal="},
        {"set renew 25m", "OK renew=25m note=vendor_advises_on_demand"},
        {"set renew 60s", "OK renew=1m note=vendor_advises_on_demand"},
        {"set renew 59s", "ERR bad_value"},
        {"set renew 7d", "OK renew=7d note=vendor_advises_on_demand"},
        {"set renew 8d", "ERR bad_value"},
        {"set renew on-demand", "OK renew=on-demand"},
        {"set renew 25", "ERR bad_value"},
        {"unset renew", "OK renew=25m note=vendor_advises_on_demand"},
        {"set auth_host oauth.bitrix24.tech", "OK auth_host=oauth.bitrix24.tech"},
        {"set auth_host oauth.bitrix24.tech.:443", "OK auth_host=oauth.bitrix24.tech"},
        {"set auth_host auto", "OK auth_host=auto"},
        {"set auth_host http://x", "ERR bad_value"},
        {"set escalate_url http://x/y", "ERR bad_value"},
        {"set escalate_url foo", "ERR bad_value an https URL of up to 255 characters: https://"},
        {"set escalate_url foo/a.b", "ERR bad_value"},
        {"set escalate_url https://x/a b", "ERR bad_value"},
        {"set escalate_url https://u@x/y", "ERR bad_value"},
        {"set escalate_url h.example./y", "OK escalate_url_len=12 "},
        {"set escalate_url https://x/y", "OK escalate_url_len=11 escalate_url_sha256="},
        {"unset escalate_url", "OK escalate_url="},
        {"set nothing x", "ERR unknown_key"},
        {"set", "ERR usage"},
        {"unset nothing", "ERR unknown_key"},
        {"log loud", "ERR bad_value"},
        {"time x", "ERR bad_value"},
        {"time 5", "ERR time_range"},
        {"token x", "ERR usage"},
        {"version x", "ERR usage"},
        {"nonsense", "ERR unknown_command"},
        {"escalate test", "ERR no_escalate_url"},
        {"auth refresh", "ERR no_client"},
        {"auth begin", "ERR no_client"},
        {"auth code abc", "ERR no_client"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *answer = world_type(&w, rows[i].line);

        if (strncmp(answer, rows[i].answer, strlen(rows[i].answer)) != 0)
            fail_msg("%s -> %s", rows[i].line, answer);
    }
}

static void too_long_values_are_refused_not_truncated(void **state)
{
    static const char *const keys[] = {"client_id", "client_secret", "scope",
                                       "portal",    "auth_host",     "escalate_url"};
    char line[800];

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        int n = snprintf(line, sizeof line, "set %s %s", keys[i],
                         strcmp(keys[i], "escalate_url") == 0 ? "https://h/" : "");

        memset(line + n, 'a', 400);
        line[n + 400] = '\0';
        assert_memory_equal(world_type(&w, line), "ERR bad_value ", 14);
    }
}

static void settings_survive_a_restart(void **state)
{
    (void)state;
    world_set_client(&w);
    world_type(&w, "set scope crm,user");
    world_type(&w, "set auth_host oauth.local:8443");
    world_type(&w, "set renew 1h");
    world_type(&w, "set escalate_url https://h/x");
    world_type(&w, "set escalate_level 3");
    world_type(&w, "show");
    char before[sizeof w.answer];

    strcpy(before, w.answer);
    world_restart(&w, 1000);
    world_type(&w, "show");
    assert_string_equal(strstr(w.answer, "@1 ref="), strstr(before, "@1 ref="));
    assert_non_null(strstr(w.answer, "client_secret=len=6 sha256="));
    assert_null(strstr(w.answer, "s3cret"));
    assert_null(strstr(w.answer, "https://h/x"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(help_lists_all_commands),
        TEST(help_with_a_word_lists_commands_that_begin_with_it),
        TEST(a_setting_alone_is_answered_with_its_valid_values),
        TEST(help_fits_a_terminal),
        TEST(the_first_page_lists_all_commands_in_groups),
        TEST(the_case_of_a_command_does_not_matter),
        TEST(the_first_word_of_several_commands_lists_them),
        TEST(a_mistyped_command_is_answered_with_the_nearest),
        TEST(wrong_arguments_are_answered_with_the_usage),
        TEST(every_error_ends_with_what_to_type),
        TEST(auth_begin_says_the_three_steps),
        TEST(auth_begin_without_a_network_says_what_to_do),
        TEST(version_says_whose_arithmetic_it_is),
        TEST(settings_are_normalized_or_refused),
        TEST(too_long_values_are_refused_not_truncated),
        TEST(settings_survive_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
