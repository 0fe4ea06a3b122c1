/* SPDX-License-Identifier: Apache-2.0 */

/* The command `call`: parameters as JSON, the answer as lines, and what ends it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"

#include "tk_params.h"

/* --- parameters --- */

static void words_become_json(void **state)
{
    static const char *const rows[][2] = {
        {"", "{}"},
        {"a=b", "{\"a\":\"b\"}"},
        {"a=b  c=", "{\"a\":\"b\",\"c\":\"\"}"},
        {"a=b=c[d]", "{\"a\":\"b=c[d]\"}"},
        {"a=\"\\", "{\"a\":\"\\\"\\\\\"}"},
        {"fields[TITLE]=x", "{\"fields\":{\"TITLE\":\"x\"}}"},
        {"filter[>ID]=10 filter[%TITLE]=x", "{\"filter\":{\">ID\":\"10\",\"%TITLE\":\"x\"}}"},
        {"fields[A]=1 id=2 fields[B]=3 fieldsX=4 fields[AB][C]=5",
         "{\"fields\":{\"A\":\"1\",\"B\":\"3\",\"AB\":{\"C\":\"5\"}},\"id\":\"2\",\"fieldsX\":"
         "\"4\"}"},
        {"f[P][0][V]=1 f[P][1][V]=2 f[P][0][T]=3",
         "{\"f\":{\"P\":{\"0\":{\"V\":\"1\",\"T\":\"3\"},\"1\":{\"V\":\"2\"}}}}"},
        {"a[b=c]=d", "{\"a\":{\"b=c\":\"d\"}}"},
        {"a[1][2][3][4][5][6][7]=d",
         "{\"a\":{\"1\":{\"2\":{\"3\":{\"4\":{\"5\":{\"6\":{\"7\":\"d\"}}}}}}}}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char words[200], json[400];
        struct tk_text t;

        strcpy(words, rows[i][0]);
        tk_text_init(&t, json, sizeof json);
        assert_true(tk_params_json(&t, words));
        assert_string_equal(json, rows[i][1]);
        assert_string_equal(words, rows[i][0]);
    }
}

static void other_words_are_refused(void **state)
{
    static const char *const rows[] = {"a",
                                       "a:=1",
                                       "f[a]:=1",
                                       "=b",
                                       "[a]=b",
                                       "a[=b",
                                       "a[]=b",
                                       "a[b=c",
                                       "a[b]c=d",
                                       "a=1 a=2",
                                       "a]=1",
                                       "a=1 a[b]=2",
                                       "a[b]=1 a=2",
                                       "a[b]=1 a[b]=2",
                                       "a[b][c]",
                                       "a[b]",
                                       "a[b]=1 a[b][c]=2",
                                       "a[1][2][3][4][5][6][7][8]=d"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char words[200], json[400];
        struct tk_text t;

        strcpy(words, rows[i]);
        tk_text_init(&t, json, sizeof json);
        if (tk_params_json(&t, words))
            fail_msg("%s: %s", rows[i], json);
    }
}

/* --- calls --- */

static const char *reply;
static char sent[SERVER_REQUEST];

static const char *on_call(struct server *s, const char *request, const char *body)
{
    (void)s;
    (void)request;
    snprintf(sent, sizeof sent, "%s", body);
    return reply;
}

static int begin(void **state)
{
    set_up(state);
    reply = "{\"result\":true}";
    w.server.on_call = on_call;
    world_provision(&w);
    sent[0] = '\0';
    return 0;
}

/* What the body= lines of the answer hold together, as they were escaped. */
static const char *body_lines(void)
{
    static char body[8192];
    char *to = body;

    for (const char *at = w.answer; (at = strstr(at, "@1 body=")) != NULL;) {
        size_t len = strcspn(at += 8, "\n");

        assert_in_range(len, 1, 512);
        memcpy(to, at, len);
        to += len;
    }
    *to = '\0';
    return body;
}

static void a_call_is_answered_by_lines(void **state)
{
    (void)state;
    reply = "{\"result\":[{\"ID\":\"7\"}],\"next\":50,\"total\":120,\"time\":{\"operating\":1.5}}";
    assert_string_equal(world_type(&w, "call crm.deal.list select[0]=ID filter[>ID]=5"),
                        "OK status=200 next=50 total=120 last_id=7 operating_ms=1500");
    assert_string_equal(body_lines(), reply);
    assert_string_equal(sent, "{\"auth\":\"access1\",\"select\":{\"0\":\"ID\"},\"filter\":{\">ID\":"
                              "\"5\"}}");
    assert_string_equal(world_type(&w, "call crm.deal.list {\"a\": [false, \"x y\"]}"),
                        "OK status=200 next=50 total=120 last_id=7 operating_ms=1500");
    assert_string_equal(sent, "{\"auth\":\"access1\",\"a\": [false, \"x y\"]}");
}

/* Longer than the queue of the console's output, which it waits for; each byte may become 4. The
 * line takes nothing for a while. */
static void an_answer_of_any_length_is_printed(void **state)
{
    static char large[3600];
    size_t len = (size_t)sprintf(large, "{\"result\":\"");

    (void)state;
    for (; len < sizeof large - 10; len++)
        large[len] = len % 3 == 0 ? '\xd0' : 'x';
    strcpy(large + len, "\"}");
    reply = large;
    w.port.consoles[0].full = 40;
    assert_string_equal(world_type(&w, "call user.current"), "OK status=200");
    assert_int_equal(w.port.consoles[0].full, 0);
    const char *at = body_lines();

    for (size_t i = 0; large[i] != '\0'; i++) {
        char one[5];

        snprintf(one, sizeof one, large[i] == '\xd0' ? "\\xd0" : "%c", large[i]);
        assert_memory_equal(at, one, strlen(one));
        at += strlen(one);
    }
}

static void a_call_that_fails_says_why(void **state)
{
    (void)state;
    reply = "{\"error\":\"ERROR_METHOD_NOT_FOUND\",\"error_description\":\"Method not found!\"}";
    world_assert_begins(world_type(&w, "call no.such"),
                        "ERR rest_error status=200 error=ERROR_METHOD_NOT_FOUND the portal");
    assert_string_equal(body_lines(), reply);
    world_assert_begins(world_type(&w, "call a/b"), "ERR bad_value");
    world_assert_begins(world_type(&w, "call app.info a"), "ERR bad_value");
    world_assert_begins(world_type(&w, "call app.info auth=1"), "ERR bad_body");
    world_assert_begins(world_type(&w, "call app.info {"), "ERR bad_body");
    world_assert_begins(world_type(&w, "call"), "ERR usage call <method>");
    world_error(&w, "QUERY_LIMIT_EXCEEDED", 503, 0);
    world_assert_begins(world_type(&w, "call crm.deal.add"), "ERR rest_limit retry_in=");
}

/* Method and body need room beside what was typed. */
static void a_line_without_room_is_refused(void **state)
{
    char line[1000] = "call crm.deal.add a=";

    (void)state;
    memset(line + 20, 'x', 600);
    world_assert_begins(world_type(&w, line), "ERR bad_value");
    line[450] = '\0';
    world_assert_begins(world_type(&w, line), "OK status=200");
    assert_int_equal(strlen(sent), strlen("{\"auth\":\"access1\",\"a\":\"\"}") + 430);
}

static void a_pin_guards_it(void **state)
{
    (void)state;
    world_assert_begins(world_type(&w, "set console_pin 123456"), "OK");
    world_run(&w, 400000);
    world_assert_begins(world_type(&w, "call user.current"), "ERR pin_needed");
    world_assert_begins(world_type(&w, "pin 123456"), "OK");
    world_assert_begins(world_type(&w, "call user.current"), "OK");
}

static void type(const char *bytes)
{
    tk_sim_console_feed(&w.port, 0, bytes, strlen(bytes));
    world_run(&w, 100);
}

static const char *printed(void)
{
    static char text[4096];
    size_t n = tk_sim_console_drain(&w.port, 0, text, sizeof text - 1);

    text[n] = '\0';
    return text;
}

/* Its body stays while other lines are typed, which are refused; Ctrl-C and a code end it. */
static void a_call_can_be_ended(void **state)
{
    (void)state;
    world_latency(&w, 5000);
    (void)printed();
    type("@1 call crm.deal.list a=1\n");
    type("@2 status\n");
    assert_non_null(strstr(printed(), "@2 ERR busy"));
    world_error(&w, "CONNECTION_ERROR", 401, 1); /* it is repeated, with its body */
    world_run(&w, 20000);
    assert_non_null(strstr(printed(), "@1 OK status=200"));
    assert_string_equal(sent, "{\"auth\":\"access1\",\"a\":\"1\"}");
    type("@3 call crm.deal.add a=1\n");
    sent[0] = '\0';
    for (int i = 0; i < 1000 && sent[0] == '\0'; i++)
        world_run(&w, 100);
    type("\x03");
    assert_non_null(strstr(printed(), "@3 ERR unknown_outcome"));
    type("@4 call crm.deal.list a=1\n");
    type("\x03");
    assert_non_null(strstr(printed(), "@4 ERR cancelled"));
    type("@5 call crm.deal.list a=1\n");
    type("@6 auth code x\n");
    assert_non_null(strstr(printed(), "@5 ERR cancelled"));
    world_run(&w, 30000);
    assert_null(strstr(printed(), "@5 "));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_become_json),
        cmocka_unit_test(other_words_are_refused),
        TEST(a_call_is_answered_by_lines),
        TEST(an_answer_of_any_length_is_printed),
        TEST(a_call_that_fails_says_why),
        TEST(a_line_without_room_is_refused),
        TEST(a_pin_guards_it),
        TEST(a_call_can_be_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
