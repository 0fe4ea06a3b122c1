/* SPDX-License-Identifier: Apache-2.0 */

/* Picking from objects in objects: members of several fields, the first name, and the number of the
 * last row of a list. */

#include "tk_json_pick.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { OTHER, RESULT, X, Y, ERROR, CODE, FIELDS };

static const struct tk_json_field of[FIELDS] = {{"other", 4}, {"result", 4}, {".x", 4},
                                                {".y", 4},    {"error", 4},  {".code", 4}};

static struct tk_json_pick p;
static char memory[200];

static void pick_with(const struct tk_json_fields *fields, const char *text)
{
    assert_true(tk_json_pick_size(fields) <= sizeof memory);
    tk_json_pick_begin(&p, fields, memory);
    for (; *text != '\0'; text++)
        tk_json_pick_feed(&p, text, 1);
}

static void pick(const char *text)
{
    static const struct tk_json_fields fields = {.of = of, .count = FIELDS};

    pick_with(&fields, text);
}

static void an_object_has_the_members_behind_its_field(void **state)
{
    static const unsigned members[] = {X, Y, CODE};
    static const struct {
        const char *text;
        unsigned picked;
    } rows[] = {{"{\"result\":{\"x\":1}}", X},          {"{\"result\":{\"y\":1}}", Y},
                {"{\"error\":{\"code\":1}}", CODE},     {"{\"result\":{\"code\":1}}", FIELDS},
                {"{\"error\":{\"x\":1}}", FIELDS},      {"{\"other\":{\"x\":1}}", FIELDS},
                {"{\".x\":1,\".code\":1}", FIELDS},     {"{\"result\":{\".x\":1}}", FIELDS},
                {"{\"result\":{\"other\":1}}", FIELDS}, {"{\"error\":{\"y\":1}}", FIELDS}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pick(rows[i].text);
        assert_true(tk_json_pick_is_whole(&p));
        for (size_t j = 0; j < sizeof members / sizeof members[0]; j++) {
            if (tk_json_pick_has(&p, members[j]) != (members[j] == rows[i].picked))
                fail_msg("%s", rows[i].text);
        }
    }
}

static void the_first_name_is_known_once_it_has_been_read(void **state)
{
    static const struct {
        const char *text;
        unsigned first;
    } rows[] = {{"{\"other\":1,\"error\":2}", OTHER},
                {"{\"error\"", ERROR},
                {"{\"result\":{\"x\":1}}", RESULT},
                {"{\"z\":1,\"error\":2}", FIELDS},
                {"{\".x\":1}", FIELDS},
                {"{\"error\":2,\"z\":1}", ERROR}};
    unsigned first;

    (void)state;
    pick("{\"error");
    assert_false(tk_json_pick_first(&p, &first));
    pick("{}");
    assert_false(tk_json_pick_first(&p, &first));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pick(rows[i].text);
        assert_true(tk_json_pick_first(&p, &first));
        assert_int_equal(first, rows[i].first);
    }
}

static void the_last_row_with_a_number_counts(void **state)
{
    static const struct tk_json_fields fields = {
        .of = of, .count = FIELDS, .row_id = "Id", .rows = OTHER};
    static const struct {
        const char *text;
        unsigned row;
    } rows[] = {
        {"{\"other\":[{\"ID\":\"7\"},{\"ID\":\"94\"}]}", 94},
        {"{\"other\":[{\"ID\":70},{\"id\":94,\"x\":1}]}", 94},
        {"{\"other\":[{ \"\\u0049D\" : \"\\u0031\\u0032\" , \"x\" : 1 }]}", 12},
        {"{\"other\":[{\"x\":1,\"ID\" : 12\r\n}\t]}", 12},
        {"{\"other\":[{\"ID\":\"7\"},{\"x\":1},{}]}", 7},
        {"{\"other\":{\"items\":[{\"id\":5}],\"n\":{\"id\":6}}}", 5},
        {"{\"other\":[{\"ID\":7},{\"ID\":\"x\"}]}", 0}, /* no number */
        {"{\"other\":[{\"ID\":7},{\"ID\":-1}]}", 0},
        {"{\"other\":[{\"ID\":7},{\"ID\":null}]}", 0},
        {"{\"other\":[{\"ID\":7,\"x\":[{\"ID\":3}],\"y\":{\"ID\":3}}]}", 7},
        {"{\"other\":[{\"x\":[[[[[[[[[]]]]]]]]],\"ID\":8}]}", 8},
        {"{\"other\":{\"ID\":4}}", 0}, /* no list */
        {"{\"other\":[[\"ID\",4]]}", 0},
        {"{\"other\":[[{\"ID\":4}]]}", 0},
        {"{\"other\":{\"a\":{\"b\":[{\"ID\":4}]}}}", 0}, /* not a member of the value */
        {"{\"result\":[{\"ID\":4}]}", 0},                /* of another field */
        {"{\"z\":[{\"ID\":4}]}", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pick_with(&fields, rows[i].text);
        assert_true(tk_json_pick_is_whole(&p));
        if (tk_json_pick_row(&p) != rows[i].row)
            fail_msg("%s: %u", rows[i].text, (unsigned)tk_json_pick_row(&p));
    }
}

static void the_name_of_the_number_has_up_to_19_characters(void **state)
{
    static const struct tk_json_fields fields = {
        .of = of, .count = FIELDS, .row_id = "abcdefghijklmnopqrs", .rows = OTHER};

    (void)state;
    pick_with(&fields, "{\"other\":[{\"abcdefghijklmnopqrs\":5,\"abcdefghijklmnopqrst\":6}]}");
    assert_int_equal(tk_json_pick_row(&p), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_has_the_members_behind_its_field),
        cmocka_unit_test(the_first_name_is_known_once_it_has_been_read),
        cmocka_unit_test(the_last_row_with_a_number_counts),
        cmocka_unit_test(the_name_of_the_number_has_up_to_19_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
