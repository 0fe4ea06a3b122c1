/* SPDX-License-Identifier: Apache-2.0 */

/* What is shown of a server's words and of responses that cannot be read. */

#include "tk_account_response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"
#include "tk_rest_verify.h"

#define MINUTE 60000
#define HOUR   (60 * MINUTE)

#define SECRET "s3cretOfTheApplication0123456789"

static int set_up_ready(void **state)
{
    set_up(state);
    world_set_client(&w);
    world_type(&w, "set client_secret " SECRET);
    strcpy(w.server.rules.clients[0].secret, SECRET);
    world_give_code(&w, "code1");
    world_assert_begins(world_type(&w, "auth code code1"), "OK state=ready");
    world_run(&w, 11000);
    return 0;
}

static struct tk_account *account(void)
{
    return &w.keeper.accounts.of[0];
}

static void respond(int status, const char *type, const char *body)
{
    struct server_fault x = {.kind = SERVER_STATUS, .status = status, .type = type, .body = body};

    server_set_fault(&w.server, SERVER_ALL, &x);
}

static void refresh(int status, const char *type, const char *body)
{
    respond(status, type, body);
    account()->refresh.has_succeeded = false; /* not too soon */
    world_type(&w, "auth refresh");
}

static void assert_shown(const char *key, const char *want)
{
    assert_string_equal(world_status(&w, key), want);
}

/* --- error codes --- */

static void refresh_with_code(const char *code)
{
    char body[300];

    snprintf(body, sizeof body, "{\"error\":\"%s\"}", code);
    refresh(400, "application/json", body);
}

static void an_error_code_is_shown_if_it_cannot_be_a_secret(void **state)
{
    static const char *const rows[][2] = {
        {"something_new-2", "="},
        {"PAYMENT_REQUIRED", "="},
        {"aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd", "="},
        {"aaaaaaaaaabbbbbbbbbbccccccccccdddddddddde", "unlisted"},
        {"two words", "unlisted"},
        {"a.b", "unlisted"},
        {"a\\nEVT b", "unlisted"},
        {"a\\\\b", "unlisted"},
        {"\\u00e9", "unlisted"},
        {"bad_" SECRET, "unlisted"},
        {"bad_s3cretOf", "unlisted"},
        {"BAD_S3CRETOF", "unlisted"},
        {"bad_s3cretO", "="},
        {"x23456789x", "unlisted"},
        {"x3456789x", "="},
        {"3456789", "="},
        {"refresh1", "unlisted"},
        {"_access1_", "unlisted"},
        {"access", "="},
        {"not_a_word_that_anyone_has_listed", "="},
        {"error-a1b2c3d4e5f6a7b8_a1b2c3d4", "="},
        {"a1b2c3d4e5f6a7b8", "="},
        {"a1b2c3d4e5f6a7b8c", "unlisted"},
        {"7abcdefghijklmnop", "unlisted"},
        {"7-abcdefghijklmnopq", "="},
        {"czNjcmV0T2ZUaGVBcHBsaWNhdGlvbg", "unlisted"}, /* base64 */
        {"7333637265744f6654686541", "unlisted"},       /* hex */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        refresh_with_code(rows[i][0]);
        if (strcmp(world_status(&w, "said"), rows[i][1][0] == '=' ? rows[i][0] : rows[i][1]) != 0)
            fail_msg("%s: %s", rows[i][0], world_status(&w, "said"));
    }
}

static void a_secret_may_be_one_character(void **state)
{
    (void)state;
    world_type(&w, "set client_secret _");
    assert_false(tk_account_leaks(account(), "no-secret"));
    assert_true(tk_account_leaks(account(), "a_secret"));
}

static void a_code_that_is_being_exchanged_is_a_secret(void **state)
{
    (void)state;
    respond(400, "application/json",
            "{\"error\":\"no_abcdefgh\",\"error_description\":\"abcdefghi?\"}");
    world_type(&w, "auth code abcdefghi");
    assert_shown("said", "unlisted");
    assert_shown("description", "unlisted");
}

/* It is still on flash, and what a recovery sends. */
static void the_previous_refresh_token_is_a_secret(void **state)
{
    (void)state;
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready generation=2");
    refresh_with_code("refresh1");
    assert_shown("said", "unlisted");
    refresh_with_code("refresh3");
    assert_shown("said", "refresh3");
}

static void the_next_client_secret_is_a_secret(void **state)
{
    (void)state;
    world_type(&w, "set client_secret_next n3xtOfTheApplication");
    refresh_with_code("bad_n3xtOfTh");
    assert_shown("said", "unlisted");
    refresh_with_code("bad_n3xtOfT");
    assert_shown("said", "bad_n3xtOfT");
}

/* --- descriptions --- */

static void a_description_is_shown_up_to_80_characters(void **state)
{
    char body[400], long_one[200];

    (void)state;
    refresh(400, "application/json",
            "{\"error\":\"invalid_client\",\"error_description\":\"The client: \\\"x\\\" is not "
            "known\"}");
    assert_non_null(strstr(w.answer, "@1 description=The client: \"x\" is not known\n"));
    assert_shown("said", "invalid_client");
    assert_shown("description", "The client: \"x\" is not known");
    assert_shown("answer", "");
    memset(long_one, 'd', sizeof long_one);
    long_one[120] = '\0';
    snprintf(body, sizeof body, "{\"error\":\"invalid_client\",\"error_description\":\"%s\"}",
             long_one);
    refresh(400, "application/json", body);
    long_one[80] = '\0';
    assert_shown("description", long_one);
    refresh(400, "application/json",
            "{\"error\":\"invalid_client\",\"error_description\":\"\\u041d\\u0435 "
            "\xd0\x9d\\r\\nEVT\\u001b[2J\"}");
    assert_shown("description", "?? ????EVT?[2J");
    refresh(400, "application/json",
            "{\"error\":\"invalid_client\",\"error_description\":\"from ~ to \\u007f\"}");
    assert_shown("description", "from ~ to ?");
    refresh(401, "application/json", "{\"error\":\"invalid_client\"}");
    assert_shown("description", "");
}

static void a_description_with_a_part_of_a_secret_is_not_shown(void **state)
{
    static const char *const rows[] = {SECRET,
                                       "is s3cretOf wrong",
                                       "IS S3CRETOF WRONG",
                                       "x 23456789",
                                       "no refresh1",
                                       "(access1)",
                                       "Basic czNjcmV0T2ZUaGVBcHBsaWNhdGlvbg==",
                                       "(7333637265744f665468)",
                                       "%73%33%63%72%65%74%4F"};
    char body[300];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(body, sizeof body, "{\"error\":\"invalid_client\",\"error_description\":\"%s\"}",
                 rows[i]);
        refresh(400, "application/json", body);
        assert_shown("description", "unlisted");
    }
}

static void a_good_response_ends_what_was_shown(void **state)
{
    (void)state;
    refresh(400, "application/json", "{\"error\":\"invalid_client\",\"error_description\":\"d\"}");
    assert_shown("description", "d");
    world_fault(&w, WORLD_WELL, 0);
    world_assert_begins(world_type(&w, "auth refresh"), "OK");
    assert_shown("said", "");
    assert_shown("description", "");
    assert_shown("answer", "");
}

/* --- responses that cannot be read --- */

#define PAGE_SHAPE "http=200 type=text/html length=36 begins=<aaaa><a>aaaaa 00 aa aaaaaa0?aaa"

static void a_response_that_cannot_be_read_leaves_its_shape(void **state)
{
    (void)state;
    refresh(200, "text/html; charset=utf-8", "<html><p>Error 12 at access1\nfor {x}");
    assert_non_null(strstr(w.answer, "@1 answer=" PAGE_SHAPE "\n"));
    assert_shown("last_error", "bad_answer");
    assert_shown("answer", PAGE_SHAPE);
    assert_shown("description", "");
    refresh(502, "text/html", "<html>"); /* ... which a later one without a pair does not replace */
    assert_shown("answer", PAGE_SHAPE);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_run(&w, HOUR);
    assert_shown("answer", PAGE_SHAPE);
}

/* An operator who finds rotation_lost sees why. */
static void the_shape_outlives_the_pair_that_it_cost(void **state)
{
    (void)state;
    refresh(200, "text/html", "<html><p>Error 12 at access1\nfor {x}");
    rules_revoke(&w.server.rules);
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 10 * MINUTE);
    world_assert_state(&w, "needs_code", "rotation_lost");
    assert_shown("said", "invalid_grant");
    assert_shown("answer", PAGE_SHAPE);
    world_give_code(&w, "code2");
    world_assert_begins(world_type(&w, "auth code code2"), "OK state=ready");
    assert_shown("answer", "");
}

static void the_shape_of_an_error_status_is_replaced(void **state)
{
    (void)state;
    refresh(502, "text/html", "<html>");
    assert_shown("answer", "http=502 type=text/html length=6 begins=<aaaa>");
    refresh(503, "text/plain", "");
    assert_shown("answer", "http=503 type=text/plain length=0");
    refresh(400, "application/json", "{\"error\":\"invalid_client\",\"error_description\":\"d\"}");
    assert_shown("answer", "");
    assert_shown("description", "d");
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_type(&w, "auth refresh");
    assert_shown("description", "");
}

static void a_response_without_a_refresh_token_to_a_code_leaves_its_shape(void **state)
{
    (void)state;
    respond(200, "application/json", "{\"access_token\":\"a\"}");
    world_assert_begins(world_type(&w, "auth code other"), "ERR bad_answer");
    assert_shown("answer",
                 "http=200 type=application/json length=20 begins={\"aaaaaa_aaaaa\":\"a\"}");
}

/* --- servers that say everything back --- */

#define RUN 8
#define ODD "zQ7vK1mX9pR4tW2yB6nC8dF3hJ5kL0gA" /* of no word that is shown anyway */

static bool has_run_of(const char *text, const char *secret)
{
    for (; strlen(secret) >= RUN; secret++) {
        for (const char *at = text; *at != '\0'; at++) {
            if (tk_same_nocase_n(at, secret, RUN))
                return true;
        }
    }
    return false;
}

static void assert_silent_about(const char *secret)
{
    static const char *const commands[] = {"status --all", "show",  "history",
                                           "auth refresh", "check", "portal accept"};

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {

        world_type(&w, commands[i]);
        if (has_run_of(w.answer, secret))
            fail_msg("%s: %s", commands[i], w.answer);
        if (has_run_of(w.events, secret))
            fail_msg("%s", w.events);
    }
    assert_false(has_run_of(w.last_post, secret));
}

/* The whole secret, and each part of it that is long enough, in each member and each field that is
 * read. */
static void say(const char *part)
{
    static const char *const bodies[] = {
        "{\"error\":\"%s\"}",
        "{\"error\":\"x-%s-y\",\"error_description\":\"%s\"}",
        "{\"error\":\"invalid_request\",\"error_description\":\"bad client (%s)\"}",
        "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}",
        "{\"access_token\":\"t\",\"refresh_token\":\"u\",\"member_id\":\"%s\",\"user_id\":\"%s\","
        "\"scope\":\"%s\"}",
        "{\"access_token\":\"t\",\"refresh_token\":\"u\",\"client_endpoint\":"
        "\"https://%s.example/rest/\",\"server_endpoint\":\"https://%s.example/rest/\"}",
        "{\"access_token\":\"t\",\"refresh_token\":\"u\",\"client_endpoint\":"
        "\"https://%s.bitrix24.de/rest/\"}",
        "{\"access_token\":\"t\",\"refresh_token\":\"u\",\"client_endpoint\":"
        "\"https://acme.bitrix24.com/%s/\"}",
        "%s",
    };
    static const int statuses[] = {200, 302, 400, 503};
    char body[400], fields[500], type[80];

    snprintf(type, sizeof type, "text/%s", part);
    snprintf(fields, sizeof fields,
             "Location: https://%s.example/%s\r\nServer: %s\r\nContent-Encoding: %s\r\n"
             "Retry-After: %s\r\nDate: %s\r\nConnection: %s\r\n%s: %s\r\n",
             part, part, part, part, part, part, part, part, part);
    for (size_t i = 0; i < 4 * sizeof bodies / sizeof bodies[0]; i++) {
        struct server_fault x = {.kind = SERVER_STATUS,
                                 .status = statuses[i % 4],
                                 .type = i % 3 == 0 ? type : "application/json",
                                 .fields = i % 5 == 0 ? fields : "",
                                 .body = body};

        snprintf(body, sizeof body, bodies[i / 4], part, part, part);
        server_set_fault(&w.server, SERVER_ALL, &x);
        account()->refresh.has_succeeded = false;
        world_type(&w, "auth refresh");
        world_run(&w, 1000);
        tk_rest_verify(account());
        world_run(&w, 1000);
        assert_silent_about(ODD);
    }
}

static void a_server_that_says_a_secret_back_is_not_quoted(void **state)
{
    char part[sizeof ODD];

    (void)state;
    world_type(&w, "set client_secret " ODD);
    world_type(&w, "log info");
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    say(ODD);
    for (size_t at = 0; at + RUN < sizeof ODD; at += 5) {
        snprintf(part, sizeof part, "%.*s", (int)(RUN + at % 3), &ODD[at]);
        say(part);
    }
}

/* Nor is its redirect to such a host followed. */
static void a_host_with_a_secret_in_its_name_is_no_move(void **state)
{
    static const char *const hosts[] = {"https://" SECRET ".example/",
                                        "https://" SECRET ".bitrix24.de/",
                                        "https://x.s3cretOf.bitrix24.de/"};

    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        w.server.redirects[0].host = "acme.bitrix24.com";
        w.server.redirects[0].location = hosts[i];
        tk_rest_verify(account());
        world_run(&w, 1000);
        assert_shown("portal", "acme.bitrix24.com");
        assert_shown("moved_to", "");
        assert_shown("last_error", "http_redirect");
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_ready, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_error_code_is_shown_if_it_cannot_be_a_secret),
        TEST(a_secret_may_be_one_character),
        TEST(a_code_that_is_being_exchanged_is_a_secret),
        TEST(the_previous_refresh_token_is_a_secret),
        TEST(a_description_is_shown_up_to_80_characters),
        TEST(a_description_with_a_part_of_a_secret_is_not_shown),
        TEST(a_good_response_ends_what_was_shown),
        TEST(a_response_that_cannot_be_read_leaves_its_shape),
        TEST(the_shape_outlives_the_pair_that_it_cost),
        TEST(the_shape_of_an_error_status_is_replaced),
        TEST(a_response_without_a_refresh_token_to_a_code_leaves_its_shape),
        TEST(a_server_that_says_a_secret_back_is_not_quoted),
        TEST(a_host_with_a_secret_in_its_name_is_no_move),
        TEST(the_next_client_secret_is_a_secret),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
