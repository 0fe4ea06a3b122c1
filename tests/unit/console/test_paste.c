/* SPDX-License-Identifier: Apache-2.0 */

/* What an operator pastes for a code: taken, or refused with the next step; never shown. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_console.h"
#include "screen.h"
#include "tk_auth.h"

static struct screen screen;
static char state_of[48]; /* of the last auth begin */

static void keys(const char *text)
{
    type(text);
    screen_put(&screen, out);
}

/* Until what was pasted is complete, and the command has answered. */
static void wait_for_answer(void)
{
    for (int i = 0; i < 20; i++) {
        tk_sim_advance(&w.port, 300);
        keys("");
    }
}

static void begin(void)
{
    world_fault(&w, WORLD_WELL, 0);
    keys("\x03");
    world_assert_begins(world_type(&w, "auth begin"), "OK");
    snprintf(state_of, sizeof state_of, "%s", tk_auth_state(&w.keeper.accounts.of[0]));
    screen_init(&screen);
    keys("\r");
}

static int set_up_client(void **state)
{
    set_up(state);
    world_set_client(&w);
    tk_sim_set_wall(&w.port, TK_TIME_RTC, WORLD_UNIX);
    return 0;
}

/* format has one %s for the state. */
static const char *address(const char *format)
{
    static char text[400];

    snprintf(text, sizeof text, format, state_of);
    return text;
}

#define QUERY                                                                                      \
    "?code=c0de5ecret&state=%s&domain="                                                            \
    "acme.bitrix24.com"                                                                            \
    "&member_id=m"
#define FULL "http://localhost:7000/" QUERY

static void paste(const char *format)
{
    begin();
    world_give_code(&w, "c0de5ecret");
    keys(address(format));
    keys("\r");
    wait_for_answer();
    assert_null(strstr(screen_from(&screen, 0), "c0de"));
    assert_null(strstr(screen_from(&screen, 0), "5ecret"));
    keys("\x10");
    assert_null(strstr(screen_from(&screen, 0), "ecret"));
}

static bool is_authorized(void)
{
    return strstr(screen_from(&screen, 0), "\nOK state=ready ") != NULL;
}

static void an_address_is_taken_as_a_code(void **state)
{
    static const char *const pasted[] = {
        FULL,
        "auth code " FULL,
        "  " FULL "  ",
        "HTTP://localhost:7000/" QUERY,
        "https://localhost:7000/" QUERY,
        "\"" FULL "\"",
        "'" FULL "',",
        "<" FULL ">",
        "(" FULL ").",
        "auth code \"" FULL "\"",
        "\xe2\x80\x9c" FULL "\xe2\x80\x9d",
        "\xef\xbb\xbf" FULL,
        FULL "\xc2\xa0",
        "\xc2\xa0"
        "auth code " FULL "\xe2\x80\x8b",
        "localhost:7000/" QUERY,
        "auth cod " FULL,
        "http://localhost:7000/?code=c0de5ecret&amp;state=%s&amp;domain="
        "acme.bitrix24.com",
        "/?state=%s&amp;code=c0de5ecret",
        "\x1b[200~" FULL "\x1b[201~",
        FULL "#",
        "auth code c0de5ecret",
        "auth code \"c0de5ecret\"",
        "auth code 'c0de5ecret',",
        "auth code <c0de5ecret>.",
        "auth code c0de\r5ecret",
    };

    (void)state;
    for (size_t i = 0; i < sizeof pasted / sizeof pasted[0]; i++) {
        tear_down(state);
        set_up_client(state);
        paste(pasted[i]);
        if (!is_authorized())
            print_error("%zu: %s\n", i, screen_from(&screen, 0));
        assert_true(is_authorized());
    }
}

static void the_echo_stops_where_the_address_begins(void **state)
{
    (void)state;
    begin();
    keys(address(FULL));
    assert_string_equal(screen_from(&screen, 1), "tk> http://_\n");
    begin();
    keys(address("\"HTTPS://localhost:7000/" QUERY));
    assert_string_equal(screen_from(&screen, 1), "tk> \"HTTPS://_\n");
    begin();
    keys(address("localhost:7000/" QUERY));
    assert_string_equal(screen_from(&screen, 1), "tk> localhost:7000/?code=_\n");
    keys("\r");
    wait_for_answer();
    assert_memory_equal(screen.rows[1], "tk> localhost:7000/?code=(", 26);

    begin();
    keys("set portal https://h"); /* no secret */
    assert_string_equal(screen_from(&screen, 1), "tk> set portal https://h_\n");
    keys("/?code=c0de5ecret");
    assert_string_equal(screen_from(&screen, 1), "tk> set portal https://h/?code=_\n");
}

/* A mail program wraps the address: wherever it does, no part behind the scheme is shown or run. */
static void a_wrapped_address_is_joined(void **state)
{
    static const char *const wraps[] = {"\r", "\n", "\r\n", "\n  ", " \r\n"};
    char whole[400], typed[420];

    (void)state;
    for (size_t cut = 7; cut <= sizeof FULL; cut += 3) {
        const char *wrap = wraps[cut % 5];

        tear_down(state);
        set_up_client(state);
        begin();
        world_give_code(&w, "c0de5ecret");
        snprintf(whole, sizeof whole, "%s", address(FULL));
        snprintf(typed, sizeof typed, "%.*s%s%s\r", (int)cut, whole, wrap, whole + cut);
        keys(typed);
        wait_for_answer();
        if (!is_authorized())
            print_error("%zu: %s\n", cut, screen_from(&screen, 0));
        assert_true(is_authorized());
        assert_null(strstr(screen_from(&screen, 0), "5ecret"));
        assert_null(strstr(screen_from(&screen, 0), "unknown"));
        assert_null(strstr(screen_from(&screen, 0), "member"));
    }
}

static void a_programs_line_ends_an_address(void **state)
{
    (void)state;
    begin();
    world_give_code(&w, "c0de5ecret");
    keys(address(FULL));
    keys("\r@7 log off\n");
    wait_for_answer();
    assert_true(is_authorized());
    assert_non_null(strstr(screen_from(&screen, 0), "@7 ERR busy "));
    keys(address("@8 " FULL "\n"));
    assert_non_null(strstr(out, "@8 ERR unknown_command "));
}

static void a_held_address_can_be_given_up(void **state)
{
    (void)state;
    begin();
    keys(address(FULL));
    keys("\r");
    keys("\x03");
    wait_for_answer();
    assert_string_equal(screen_from(&screen, 1), "tk> http://^C\ntk> _\n");
    assert_string_equal(w.keeper.accounts.of[0].auth.code, "");
}

/* Nothing is sent, and the words are the next step. */
static void what_is_no_code_says_what_it_is(void **state)
{
    static const struct {
        const char *pasted, *answer;
    } rows[] = {
        {"http://localhost:7000/?error=access_denied&state=%s",
         "said=access_denied\nERR no_code the portal refused, see said: "},
        {"https://"
         "acme.bitrix24.com"
         "/oauth/authorize/?client_id=local.1&response_type=code&state=%s",
         "ERR no_code that is the link to open, not the answer: "},
        {"https://"
         "acme.bitrix24.com"
         "/",
         "ERR no_code no code= in that address; "},
        {"https://"
         "acme.bitrix24.com",
         "ERR no_code no code= in that address; "},
        {"http://localhost:7000/", "ERR no_code no code= in that address; "},
        {"http://localhost:7000/?state=%s", "ERR no_code no code= in that address; "},
        {"http://localhost:7000/?code=&state=%s", "ERR no_code no code= in that address; "},
        {"auth code code=c0de5ecret", "ERR no_code no code= found; "},
        {"set scope http://localhost:7000/?code=c0de5ecret&state=%s", "ERR bad_value "},
        {"code=c0de5ecret&state=%s", "ERR no_code no code= found; "},
        {"\"code=c0de5ecret\"", "ERR no_code no code= found; "},
        {"http://localhost:7000/?code=c0de5ecret&state=%sx", "ERR wrong_state "},
        {"http://localhost:7000/?code=c0de5ecret", "ERR wrong_state "},
        {"http://localhost:7000/?code=c0de5ecret&state=%s&domain=other.bitrix24.com",
         "ERR wrong_domain "},
        {"http://localhost:7000/?code=c0de\x12&state=%s", "ERR bad_byte the line held a control "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        paste(rows[i].pasted);
        if (strstr(screen_from(&screen, 0), rows[i].answer) == NULL)
            print_error("%zu: %s\n", i, screen_from(&screen, 0));
        assert_non_null(strstr(screen_from(&screen, 0), rows[i].answer));
    }
}

static void an_event_does_not_show_an_address(void **state)
{
    char buf[16];
    struct tk_text t;

    (void)state;
    begin();
    keys(address("\"" FULL));
    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "test");
    tk_keeper_event(&w.keeper, &t);
    keys("\r");
    assert_string_equal(screen_from(&screen, 1), "EVT test\ntk> \"http://_\n");
}

static void a_program_can_ask_what_is_hidden(void **state)
{
    (void)state;
    assert_true(tk_console_hides("set client_secret "));
    assert_true(tk_console_hides("auth code "));
    assert_true(tk_console_hides("pin "));
    assert_false(tk_console_hides("set scope "));
    assert_false(tk_console_hides(""));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_client, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_address_is_taken_as_a_code),     TEST(the_echo_stops_where_the_address_begins),
        TEST(a_wrapped_address_is_joined),       TEST(a_programs_line_ends_an_address),
        TEST(a_held_address_can_be_given_up),    TEST(what_is_no_code_says_what_it_is),
        TEST(an_event_does_not_show_an_address), TEST(a_program_can_ask_what_is_hidden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
