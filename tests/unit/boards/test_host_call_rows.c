/* SPDX-License-Identifier: Apache-2.0 */

/* `tokenkeeper call`: values out of an answer, bodies of pages, commands of a batch. */

#include "call_rows.h"
#include "host_message.h"
#include "json_walk.h"
#include "php_query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- values out of a stream --- */

static const char *wanted; /* names with / between them */
static char taken[4096];

static bool begin(struct tk_walk *w, char first)
{
    char path[256] = "";

    (void)first;
    for (unsigned i = 0; i < w->depth && i < TK_WALK_LEVELS; i++)
        snprintf(path + strlen(path), sizeof path - strlen(path), "/%s", w->names[i]);
    return w->depth <= TK_WALK_LEVELS && strcmp(path, wanted) == 0;
}

static void take(struct tk_walk *w, const char *bytes, size_t len, bool is_end)
{
    (void)w;
    snprintf(taken + strlen(taken), sizeof taken - strlen(taken), "%.*s%s", (int)len, bytes,
             is_end ? "|" : "");
}

/* The values at path in text, fed in pieces of this size. */
static const char *values(const char *path, const char *text, size_t piece)
{
    struct tk_walk w = {.begin = begin, .take = take};
    size_t len = strlen(text);

    wanted = path;
    taken[0] = '\0';
    for (size_t at = 0; at < len; at += piece)
        tk_walk_feed(&w, text + at, len - at < piece ? len - at : piece);
    assert_int_equal(w.depth, 0);
    return taken;
}

static void values_of_any_cut(void **state)
{
    static const char text[] = "\xef\xbb\xbf { \"x\" : {\"result\": 1}, \"result\" : [ {\"ID\" : "
                               "\"1\", \"a\" : [ 1 , {} ]} ,"
                               " {\"ID\":2,\"b\":\"]}\\\"\\\\\"} , 17, \"s\\u00e9\" , null , [] ], "
                               "\"time\":{\"result\":[3]} }";

    (void)state;
    for (size_t piece = 1; piece <= sizeof text; piece++) {
        assert_string_equal(values("/result", text, piece),
                            "[{\"ID\":\"1\",\"a\":[1,{}]},{\"ID\":2,\"b\":\"]}\\\"\\\\\"},17,"
                            "\"s\\u00e9\",null,[]]|");
        assert_string_equal(values("/result/", text, piece),
                            "{\"ID\":\"1\",\"a\":[1,{}]}|{\"ID\":2,\"b\":\"]}\\\"\\\\\"}|17|"
                            "\"s\\u00e9\"|null|[]|");
        assert_string_equal(values("/time/result/", text, piece), "3|");
        assert_string_equal(values("/time", text, piece), "{\"result\":[3]}|");
    }
}

static void names_may_be_escaped(void **state)
{
    (void)state;
    assert_string_equal(values("/result", "{\"r\\u0065sult\":1}", 1), "1|");
    assert_string_equal(values("/a\"b", "{\"a\\\"b\":true }", 3), "true|");
    assert_string_equal(values("/result", "{\"results\":1,\"resul\":2}", 1), "");
    assert_string_equal(values("/result", "{\"\\u00\":1,\"r\\u12\":2}", 1), "");
}

static void deep_values_are_passed(void **state)
{
    char text[2048] = "{\"a\":";

    (void)state;
    for (int i = 0; i < 200; i++)
        strcat(text, "{\"b\":");
    strcat(text, "[\"c\",{\"d\":1}]");
    for (int i = 0; i < 200; i++)
        strcat(text, "}");
    strcat(text, ",\"e\":[{\"f\":2}]}");
    assert_string_equal(values("/e//f", text, 7), "2|");
}

static void nonsense_is_harmless(void **state)
{
    struct tk_walk w = {.begin = begin, .take = take};
    unsigned seed = 1;

    (void)state;
    wanted = "/a";
    for (int i = 0; i < 200000; i++) {
        char c;

        seed = seed * 1103515245 + 12345;
        c = "{}[]\",:\\ a1u0\n"[(seed >> 16) % 14];
        taken[0] = '\0';
        tk_walk_feed(&w, &c, 1);
    }
}

/* --- pages --- */

static const char *page(const char *body, const char *id_key)
{
    static char text[1024];
    struct tk_rows_body made;
    bool ok;

    message[0] = '\0';
    ok = tk_rows_make(&made, body, strlen(body), id_key);
    if (ok)
        snprintf(text, sizeof text, "%s7%s", made.before.bytes, made.after.bytes);
    tk_rows_free(&made);
    return ok ? text : NULL;
}

static void bodies_of_pages(void **state)
{
    (void)state;
    assert_string_equal(page("{}", "ID"),
                        "{\"filter\":{\">ID\":7},\"order\":{\"ID\":\"ASC\"},\"start\":-1}");
    assert_string_equal(page(" { \"a\" : [1], \"filter\" : { \"X\" : 1 } , \"b\":2}", "id"),
                        "{\"a\" : [1],\"b\":2,\"filter\":{ \"X\" : 1 ,\">id\":7},"
                        "\"order\":{\"id\":\"ASC\"},\"start\":-1}");
    assert_string_equal(page("{\"select\":[\"T\"],\"filter\":[]}", "ID"),
                        "{\"select\":[\"T\",\"ID\"],\"filter\":{\">ID\":7},"
                        "\"order\":{\"ID\":\"ASC\"},\"start\":-1}");
    assert_non_null(strstr(page("{\"select\":[\"T\",\"id\"]}", "ID"), "[\"T\",\"id\"]"));
    assert_non_null(strstr(page("{\"SELECT\":[\"*\"]}", "ID"), "\"SELECT\":[\"*\"]"));
    assert_non_null(strstr(page("{\"select\":[ ]}", "ID"), "\"select\":[ ]"));
    assert_non_null(strstr(page("{\"Filter\":{\"A\":{\"B\":[1]}}}", "ID"),
                           "\"Filter\":{\"A\":{\"B\":[1]},\">ID\":7}"));
}

static void what_pages_cannot_have(void **state)
{
    static const char *const wrong[] = {"{\"order\":{}}",           "{\"ORDER\":{\"ID\":\"DESC\"}}",
                                        "{\"start\":50}",           "{\"st\\u0061rt\":50}",
                                        "{\"filter\":{\">ID\":5}}", "{\"filter\":{\">id\":5}}",
                                        "{\"filter\":\"x\"}",       "{\"filter\":[1]}",
                                        "{\"select\":\"ID\"}",      "{\"select\":{\"0\":\"ID\"}}"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_null(page(wrong[i], "ID"));
        assert_true(strlen(message) > 10);
    }
    assert_non_null(page("{\"filter\":{\">=ID\":5,\"ID\":[1]},\"ordering\":1}", "ID"));
}

static uint64_t id_of(const char *row)
{
    uint64_t id = 0;

    return tk_rows_id(row, strlen(row), "ID", &id) ? id : 0;
}

static void ids_of_rows(void **state)
{
    (void)state;
    assert_int_equal(id_of("{\"ID\":\"37\"}"), 37);
    assert_int_equal(id_of("{\"a\":{\"id\":1},\"id\":38}"), 38);
    assert_int_equal(id_of("{\"ID\":\"37x\"}"), 0);
    assert_int_equal(id_of("{\"ID\":-1}"), 0);
    assert_int_equal(id_of("{\"ID\":null}"), 0);
    assert_int_equal(id_of("{\"ID\":[1]}"), 0);
    assert_int_equal(id_of("{\"a\":1}"), 0);
    assert_int_equal(id_of("[1]"), 0);
    assert_int_equal(id_of("{\"ID\":99999999999999999999}"), 0);
    assert_string_equal(tk_rows_id_key("crm.deal.list"), "ID");
    assert_string_equal(tk_rows_id_key("CRM.item.list"), "id");
}

/* --- commands of a batch --- */

static bool knows(const void *owner, const char *text, size_t len)
{
    (void)owner;
    return len == 1 && text[0] == 'a';
}

static char error[TK_QUERY_ERROR];

static const char *query(const char *params)
{
    static char text[1024];
    struct tk_buffer out = {.max = 1023};
    bool ok;

    error[0] = '\0';
    ok = tk_query_make(&out, params, strlen(params), knows, NULL, error);
    snprintf(text, sizeof text, "%s", out.bytes != NULL ? out.bytes : "");
    tk_buffer_free(&out);
    return ok ? text : NULL;
}

static void queries_as_php_reads_them(void **state)
{
    (void)state;
    assert_string_equal(query("{}"), "");
    assert_string_equal(query("[]"), "");
    assert_string_equal(
        query(
            "{\"f\":{\"T\":\"x&y=+ \xd0\xb6\\ud83d\\ude00\",\"P\":[{\"V\":1},\"\"]},\"n\":-1.50}"),
        "f[T]=x%26y%3D%2B%20%D0%B6%F0%9F%98%80&f[P][0][V]=1&f[P][1]=&n=-1.50");
    assert_string_equal(query("{\"t\":true,\"f\":false,\"n\":null}"), "t=1&f=0&n=");
    assert_string_equal(query("{\"filter\":{\">=ID\":7,\"!%x\":1}}"),
                        "filter[%3E%3DID]=7&filter[%21%25x]=1");
}

static void references_to_results(void **state)
{
    (void)state;
    assert_string_equal(query("{\"id\":{\"ref\":\"a\"}}"), "id=%24result%5Ba%5D");
    assert_string_equal(query("{\"f\":[{\"ref\":\"a.items.0.ID\"}]}"),
                        "f[0]=%24result%5Ba%5D%5Bitems%5D%5B0%5D%5BID%5D");
    assert_string_equal(query("{\"id\":{\"ref\":\"a\",\"b\":1}}"), "id[ref]=a&id[b]=1");
    assert_null(query("{\"id\":{\"ref\":\"b\"}}"));
    assert_non_null(strstr(error, "id: ref names no command"));
    assert_null(query("{\"id\":{\"ref\":\"a..b\"}}"));
    assert_null(query("{\"id\":{\"ref\":\"a.x]y\"}}"));
}

static void what_a_query_cannot_say(void **state)
{
    static const char *const wrong[] = {"{\"a\":[]}", "{\"a\":{\"b\":{}}}",
                                        "{\"a\":\"see $result[a]\"}", "{\"a\":\"\\u0000\"}",
                                        "{\"\":1}"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_null(query(wrong[i]));
        assert_true(strlen(error) > 10);
    }
    assert_null(query("{\"x\":{\"y\":1,\"long\":[]}}"));
    assert_string_equal(error, "x[long]: an empty list or object cannot be sent in a batch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_any_cut),
        cmocka_unit_test(names_may_be_escaped),
        cmocka_unit_test(deep_values_are_passed),
        cmocka_unit_test(nonsense_is_harmless),
        cmocka_unit_test(bodies_of_pages),
        cmocka_unit_test(what_pages_cannot_have),
        cmocka_unit_test(ids_of_rows),
        cmocka_unit_test(queries_as_php_reads_them),
        cmocka_unit_test(references_to_results),
        cmocka_unit_test(what_a_query_cannot_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
