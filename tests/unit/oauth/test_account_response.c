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
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        refresh_with_code(rows[i][0]);
        if (strcmp(world_status(&w, "said"), rows[i][1][0] == '=' ? rows[i][0] : rows[i][1]) != 0)
            fail_msg("%s: %s", rows[i][0], world_status(&w, "said"));
    }
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
    refresh(401, "application/json", "{\"error\":\"invalid_client\"}");
    assert_shown("description", "");
}

static void a_description_with_a_part_of_a_secret_is_not_shown(void **state)
{
    static const char *const rows[] = {SECRET,       "is s3cretOf wrong", "IS S3CRETOF WRONG",
                                       "x 23456789", "no refresh1",       "(access1)"};
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_ready, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_error_code_is_shown_if_it_cannot_be_a_secret),
        TEST(a_code_that_is_being_exchanged_is_a_secret),
        TEST(the_previous_refresh_token_is_a_secret),
        TEST(a_description_is_shown_up_to_80_characters),
        TEST(a_description_with_a_part_of_a_secret_is_not_shown),
        TEST(a_good_response_ends_what_was_shown),
        TEST(a_response_that_cannot_be_read_leaves_its_shape),
        TEST(the_shape_outlives_the_pair_that_it_cost),
        TEST(the_shape_of_an_error_status_is_replaced),
        TEST(a_response_without_a_refresh_token_to_a_code_leaves_its_shape),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
