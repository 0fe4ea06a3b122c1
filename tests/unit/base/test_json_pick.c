/* SPDX-License-Identifier: Apache-2.0 */

/* Members picked out of JSON objects of any size, whole, surrounded, broken and cut. */

#include "tk_json.h"
#include "tk_json_pick.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ERROR, CODE, A, B, SHORT, FIELDS };

static const struct tk_json_field of[FIELDS] = {
    {"error", 20}, {".code", 20}, {"a", 20}, {"bb", 20}, {"short", 4}};
static const struct tk_json_fields fields = {.of = of, .count = FIELDS};

static struct tk_json_pick p;
static char memory[200];

/* Nothing is written behind the memory. */
static void assert_inside(void)
{
    for (size_t at = tk_json_pick_size(&fields); at < sizeof memory; at++)
        assert_int_equal(memory[at], 'm');
}

/* In pieces of this many bytes. */
static void pick_in(const char *text, size_t len, size_t piece)
{
    memset(memory, 'm', sizeof memory);
    assert_true(tk_json_pick_size(&fields) <= sizeof memory);
    tk_json_pick_begin(&p, &fields, memory);
    for (size_t at = 0; at < len; at += piece)
        tk_json_pick_feed(&p, text + at, len - at < piece ? len - at : piece);
    assert_inside();
}

static void pick(const char *text)
{
    pick_in(text, strlen(text), strlen(text) + 1);
}

static const char *text_of(unsigned field)
{
    uint32_t len;

    return tk_json_pick_text(&p, field, &len);
}

static void assert_text(unsigned field, const char *want)
{
    if (want == NULL) {
        assert_null(text_of(field));
        return;
    }
    assert_non_null(text_of(field));
    assert_string_equal(text_of(field), want);
}

/* --- one object --- */

static void picks_strings_and_numbers(void **state)
{
    (void)state;
    pick(" {\"x\" : [1,{\"a\":\"no\"},\"]\"], \"a\":\"one\" ,\"bb\" :-12.5e3\r\n,\"ab\":0}\n");
    assert_true(tk_json_pick_is_whole(&p));
    assert_text(A, "one");
    assert_text(B, "-12.5e3");
    assert_text(ERROR, NULL);
    assert_false(tk_json_pick_has(&p, ERROR));
    pick("{}");
    assert_true(tk_json_pick_is_whole(&p));
    assert_text(A, NULL);
}

static void other_values_have_no_text(void **state)
{
    static const char *const values[] = {
        "null", "true", "false", "{}", "[]", "[\"s\"]", "{\"a\":\"s\",\".a\":1}"};
    char text[100];

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        snprintf(text, sizeof text, "{\"a\":%s,\"bb\":\"b\"}", values[i]);
        pick(text);
        assert_true(tk_json_pick_is_whole(&p) && tk_json_pick_has(&p, A));
        assert_text(A, NULL);
        assert_text(B, "b");
    }
}

static void decodes_escapes_in_names_and_values(void **state)
{
    (void)state;
    pick("{\"\\u0061\":\"\\/\\\"\\\\\\u0041\\u005a~\",\"b\\u0062\":\"1\\n2\\u00e93\\ud83d\\ude004\\"
         "u00005\\b\"}");
    assert_true(tk_json_pick_is_whole(&p));
    assert_text(A, "/\"\\AZ~");
    assert_text(B, "1\x7f"
                   "2\x7f"
                   "3\x7f\x7f"
                   "4\x7f"
                   "5\x7f");
    pick_in("{\"a\":\"1\0002\",\"bb\":\"\\\0\"}", 22, 30);
    assert_text(A, "1\x7f"
                   "2");
    assert_text(B, "\x7f");
    pick("{\"a\":\"\\u1041\\u0141\\u0042\",\"bb\":\"\\ug041\"}");
    assert_text(A, "\x7f\x7f"
                   "B");
    assert_text(B, "\x7fg041");
    pick("{\"a\":\"\xc3\xa9\"}");
    assert_text(A, "\xc3\xa9");
    pick("{\"a\":\"\\u12\",\"bb\":\"\\x\"}"); /* no escapes, but the strings end there */
    assert_text(A, "\x7f");
    assert_text(B, "\x7f");
}

static void of_equal_names_the_last_string_counts(void **state)
{
    (void)state;
    pick("{\"a\":1,\"a\":2,\"bb\":null,\"bb\":\"x\",\"bb\":\"y\",\"bb\":null,\"bb\":3,\"bb\":[]}");
    assert_true(tk_json_pick_is_whole(&p));
    assert_text(A, "2");
    assert_text(B, "y");
}

static void names_are_compared_whole(void **state)
{
    (void)state;
    pick("{\"A\":\"1\",\"aa\":\"2\",\"\":\"3\",\"b\":\"4\",\"bbb\":\"5\",\"a\\u0000\":\"6\"}");
    assert_true(tk_json_pick_is_whole(&p));
    for (unsigned i = 0; i < FIELDS; i++)
        assert_false(tk_json_pick_has(&p, i));
}

static void long_values_are_cut_and_their_length_told(void **state)
{
    char text[400] = "{\"short\":\"";
    uint32_t len;

    (void)state;
    pick("{\"short\":\"1234\"}");
    assert_string_equal(tk_json_pick_text(&p, SHORT, &len), "1234");
    assert_int_equal(len, 4);
    memset(text + strlen(text), '1', 300);
    strcpy(text + 310, "\",\"a\":\"x\",\"bb\":\"y\"}");
    pick(text);
    assert_string_equal(tk_json_pick_text(&p, SHORT, &len), "1111");
    assert_int_equal(len, 300);
    assert_text(A, "x");
    assert_text(B, "y");
    assert_true(tk_json_pick_is_whole(&p));
}

static void the_first_field_may_be_an_object(void **state)
{
    (void)state;
    pick("{\"code\":\"no\",\"error\":{\"x\":[{\"code\":1}],\"code\":\"C\",\"a\":\"no\"},\"a\":"
         "\"s\"}");
    assert_true(tk_json_pick_is_whole(&p));
    assert_text(CODE, "C");
    assert_text(A, "s");
    assert_text(ERROR, NULL);
    assert_true(tk_json_pick_has(&p, ERROR));
    pick("{\"error\":{},\"a\":\"s\"}");
    assert_text(A, "s");
    pick("{\"error\":[{\"code\":1}],\".code\":1}");
    assert_text(CODE, NULL);
}

/* --- what surrounds it --- */

static void whole_is_one_object_and_white_space(void **state)
{
    static const char *const whole[] = {"{\"a\":1}", "\r\n\t {\"a\":1} \n",
                                        "\xef\xbb\xbf{\"a\":1}"};
    static const char *const odd[] = {"",
                                      "null",
                                      "\"a\"",
                                      "[{\"a\":1}]",
                                      "{\"a\":1}x",
                                      "{\"a\":1",
                                      "{\"a\":1}{}",
                                      "x{\"a\":1}",
                                      "{\"a\"}",
                                      "{\"a\":1,,",
                                      "{\"a\":1]}",
                                      "{\"a\":1}\0{}",
                                      "{\"a\":1 2}",
                                      "{\"a\":,\"b\":1}",
                                      "{a:1}",
                                      "{\"a\":'x'}",
                                      "<p>{\"a\":1}</p>"};

    (void)state;
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        pick(whole[i]);
        assert_true(tk_json_pick_is_whole(&p));
        assert_text(A, "1");
    }
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        pick_in(odd[i], strlen(odd[i]) + (i == 11 ? 2 : 0), 100);
        if (tk_json_pick_is_whole(&p))
            fail_msg("%s", odd[i]);
    }
}

static void the_object_is_found_in_a_page(void **state)
{
    static const char *const pages[] = {
        "<br />\n<b>Warning</b>: x in <b>/a.php</b> on line <b>3</b><br />\n{\"a\":\"v\"}",
        "<style>b{margin:0}</style><script>f({ x: 1 }); e = {};</script>{\"a\":\"v\"}</html>",
        "{ {\"a\":\"v\"}",
        "{\"x\":1}\n{\"a\":\"v\"}",
        "callback({\"a\":\"v\"});",
        "[{\"a\":\"v\"}]",
        "{\"a\":\"v\"}{\"a\":\"w\"}",
        "{\"a\":\"v\",\"x\":}",
        "{\"a\":\"v\",}",
        "{\"a\":\"v\";\"a\":\"w\"}",
        "{\"a\":\"v\",\"x\":\"",
        "{\"a\":\"v\"",
        "{\"error\":{\"code\":\"1\";},\"a\":\"w\"} {\"error\"",
    };

    (void)state;
    for (size_t i = 0; i < sizeof pages / sizeof pages[0] - 1; i++) {
        pick(pages[i]);
        assert_text(A, "v");
    }
    pick(pages[sizeof pages / sizeof pages[0] - 1]);
    assert_text(CODE, "1");
    assert_text(A, NULL);
}

static void a_value_that_has_not_ended_is_none(void **state)
{
    static const char text[] = "{\"a\":\"value\",\"bb\":12345}";

    (void)state;
    for (size_t len = 0; len < sizeof text; len++) {
        pick_in(text, len, 100);
        assert_text(A, len < 12 ? NULL : "value");
        assert_text(B, len < 24 ? NULL : "12345");
        assert_true(tk_json_pick_is_clean(&p));
        assert_int_equal(tk_json_pick_is_whole(&p), len == sizeof text - 1 || len == sizeof text);
        if (len == sizeof text - 1)
            break;
    }
}

/* --- size --- */

static void depth_and_length_do_not_matter(void **state)
{
    enum { DEPTH = 70000 };
    char *text = malloc(2 * DEPTH + 100), *at = text;

    (void)state;
    at += sprintf(at, "{\"x\":");
    memset(at, '[', DEPTH);
    memset(at + DEPTH, ']', DEPTH);
    strcpy(at + 2 * DEPTH, ",\"a\":\"v\"}");
    pick(text);
    assert_text(A, "v");
    assert_true(tk_json_pick_is_whole(&p));
    free(text);
}

static void pieces_do_not_matter(void **state)
{
    static const char *const texts[] = {
        "\xef\xbb\xbf {\"x\":[{\"a\":\"\\\"]}\"},1e5],\"a\":\"\\u0041\\/\\\\\",\"bb\":-0.5 "
        ",\"s\":{} }\n",
        "<p>{ f } {\"error\":{\"code\":\"x\"},\"a\":\"v\"}</p>"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char want[sizeof memory];
        struct tk_json_pick whole;

        pick(texts[i]);
        memcpy(want, memory, sizeof want);
        whole = p;
        for (size_t piece = 1; piece <= strlen(texts[i]); piece++) {
            pick_in(texts[i], strlen(texts[i]), piece);
            assert_memory_equal(memory, want, sizeof want);
            assert_memory_equal(&p, &whole, sizeof p);
        }
    }
}

/* --- against the reader of whole documents --- */

static unsigned seed = 1;

static unsigned pseudo(unsigned below)
{
    seed = seed * 1103515245 + 12345;
    return (seed >> 16) % below;
}

/* Where that accepts a document, the same members are picked and the stream is whole. */
static void agrees_with_the_reader_of_documents(void **state)
{
    static const char *const parts[] = {"{",    "}",      "[",       "]",      ",", ":",
                                        " ",    "\"a\":", "\"bb\":", "\"s\"",  "1", "-2.5",
                                        "null", "\"x\":", "\"\\n\"", ",\"a\":"};
    unsigned accepted = 0;

    (void)state;
    for (int n = 0; n < 300000; n++) {
        char text[200] = "{", copy[200];
        jsmntok_t tokens[64];
        struct tk_json j;

        for (unsigned i = pseudo(12); i > 0; i--)
            strcat(text, parts[pseudo(16)]);
        strcat(text, "}");
        strcpy(copy, text);
        pick(text);
        if (!tk_json_parse(&j, copy, strlen(copy), tokens, 64) || strstr(text, "\\n") != NULL)
            continue;
        accepted++;
        assert_true(tk_json_pick_is_whole(&p));
        for (unsigned i = A; i <= B; i++) {
            const char *want = tk_json_text(&j, tk_json_member(&j, 0, of[i].name));

            if (want != NULL && strstr(strstr(text, of[i].name) + 1, of[i].name) == NULL)
                assert_text(i, want);
        }
    }
    assert_true(accepted > 1000);
}

/* Only its beginning is kept, which may be a field's name. */
static void a_name_longer_than_any_field_is_no_field(void **state)
{
    static const struct tk_json_field longest[] = {{"error", 20}, {"nineteen_characters", 20}};
    static const struct tk_json_fields both = {.of = longest, .count = 2};
    static const char document[] = "{\"nineteen_characters\":\"a\",\"nineteen_characters_\":\"b\"}";

    (void)state;
    tk_json_pick_begin(&p, &both, memory);
    tk_json_pick_feed(&p, document, sizeof document - 1);
    assert_true(tk_json_pick_is_whole(&p));
    assert_text(1, "a");
}

static void a_control_character_alone_is_replaced(void **state)
{
    (void)state;
    pick("{\"a\":\"b c\td \x1f!\"}");
    assert_text(A, "b c\x7f"
                   "d \x7f!");
}

/* The last slot ends with the memory. */
static void each_piece_of_a_long_value_is_cut(void **state)
{
    char text[400] = "{\"error\":{\"code\":\"";
    uint32_t len;

    (void)state;
    memset(text + strlen(text), 'c', 300);
    strcpy(text + 317, "\"},\"short\":\"12345\",\"bb\":\"y\"}");
    for (size_t piece = 1; piece < 30; piece++) {
        pick_in(text, strlen(text), piece);
        assert_text(CODE, "cccccccccccccccccccc");
        assert_string_equal(tk_json_pick_text(&p, SHORT, &len), "1234");
        assert_int_equal(len, 5);
        assert_text(B, "y");
    }
}

static unsigned count_secret(void)
{
    unsigned count = 0;

    for (size_t at = 0; at < tk_json_pick_size(&fields); at++)
        count += memory[at] == 'S';
    return count;
}

/* Whole values, those that are longer than what is kept, unfinished ones, and replaced ones. */
static void wiping_leaves_nothing(void **state)
{
    static const char *const rows[] = {
        "{\"a\":\"SSSS\",\"bb\":\"SSSSSSSSSSSSSSSSSSSSSSSSSSSSSS\",\"short\":\"SSSS\"}",
        "{\"a\":\"SSSSSSSSSSSSSSSSSSSS\",\"bb\":\"SSS",
        "{\"bb\":\"SSSSSSSSSSSSSSSSSSSSSSSSSSSSSS",
        "{\"short\":\"SSSSSSSSSSSSSSSSSSSSSSSSSSSSSS", /* in the last slot */
        "{\"error\":\"SSS\"}",
        "{\"error\":{\"code\":\"SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS",
        "{\"a\":\"SSSSSSSSSS\",\"a\":\"x\"}",
        "{\"a\":\"SSSSSSSSSS\",\"a\":\""};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pick(rows[i]);
        if ((count_secret() > 0) != (i < 6))
            fail_msg("%s", rows[i]);
        tk_json_pick_wipe(&p);
        assert_int_equal(count_secret(), 0);
        assert_inside();
        for (unsigned field = 0; field < FIELDS; field++)
            assert_false(tk_json_pick_has(&p, field));
    }
}

static void each_malformed_place_is_noticed(void **state)
{
    static const char *const rows[] = {"{;\"a\":1}", "{\"a\";:1}", "{\"a\":;1}",
                                       "{\"a\":\"x\";,\"bb\":1}", "{\"a\":1,;\"bb\":1}"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pick(rows[i]);
        assert_false(tk_json_pick_is_whole(&p));
        assert_false(tk_json_pick_is_clean(&p));
    }
    pick_in("\xef\xbb\xbf\0{\"a\":1}", 11, 11); /* NUL is no white space */
    assert_false(tk_json_pick_is_whole(&p));
}

static void a_long_value_that_is_replaced_leaves_its_neighbours(void **state)
{
    (void)state;
    pick("{\"bb\":\"kept\",\"a\":\"123456789012345678901234567890\",\"a\":\"x\"}");
    assert_text(A, "x");
    assert_text(B, "kept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(picks_strings_and_numbers),
        cmocka_unit_test(other_values_have_no_text),
        cmocka_unit_test(decodes_escapes_in_names_and_values),
        cmocka_unit_test(of_equal_names_the_last_string_counts),
        cmocka_unit_test(names_are_compared_whole),
        cmocka_unit_test(long_values_are_cut_and_their_length_told),
        cmocka_unit_test(the_first_field_may_be_an_object),
        cmocka_unit_test(whole_is_one_object_and_white_space),
        cmocka_unit_test(the_object_is_found_in_a_page),
        cmocka_unit_test(a_value_that_has_not_ended_is_none),
        cmocka_unit_test(depth_and_length_do_not_matter),
        cmocka_unit_test(pieces_do_not_matter),
        cmocka_unit_test(agrees_with_the_reader_of_documents),
        cmocka_unit_test(a_name_longer_than_any_field_is_no_field),
        cmocka_unit_test(a_control_character_alone_is_replaced),
        cmocka_unit_test(each_piece_of_a_long_value_is_cut),
        cmocka_unit_test(wiping_leaves_nothing),
        cmocka_unit_test(each_malformed_place_is_noticed),
        cmocka_unit_test(a_long_value_that_is_replaced_leaves_its_neighbours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
