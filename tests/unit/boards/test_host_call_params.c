/* SPDX-License-Identifier: Apache-2.0 */

/* Parameters of `tokenkeeper call` on the command line. */

#include "call_params.h"
#include "host_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct tk_buffer out = {.max = 4096};

/* The JSON of up to 8 parameters; NULL: they were refused. */
static const char *json_of(const char *const *args)
{
    size_t count = 0;

    while (args[count] != NULL)
        count++;
    tk_buffer_cut(&out, 0);
    message[0] = '\0';
    return tk_params_make((char *const *)args, count, &out) ? out.bytes : NULL;
}

#define JSON(...) json_of((const char *[]){__VA_ARGS__, NULL})

static void text_stays_text(void **state)
{
    (void)state;
    assert_string_equal(json_of((const char *[]){NULL}), "{}");
    assert_string_equal(JSON("a=1", "b=", "c=true", "d=x=y:=z", "e=[1]"),
                        "{\"a\":\"1\",\"b\":\"\",\"c\":\"true\",\"d\":\"x=y:=z\",\"e\":\"[1]\"}");
    assert_string_equal(JSON("a=\"\\\n+\xd0\xb6\xf0\x9f\x98\x80"),
                        "{\"a\":\"\\\"\\\\\\u000a+\xd0\xb6\xf0\x9f\x98\x80\"}");
}

static void typed_values_are_json(void **state)
{
    (void)state;
    assert_string_equal(JSON("a:=false", "b:=null", "c:=[]", "d:= {\"x\": 1.50}", "e:=\"@x\""),
                        "{\"a\":false,\"b\":null,\"c\":[],\"d\": {\"x\": 1.50},\"e\":\"@x\"}");
    assert_null(JSON("a:=tru"));
    assert_string_equal(message, "the value of 'a' is not JSON; text needs = instead of :=");
    assert_null(JSON("a:="));
    assert_null(JSON("a:=1,2"));
}

static void names_are_nested_as_in_php(void **state)
{
    (void)state;
    assert_string_equal(JSON("fields[PHONE][0][VALUE]=1", "fields[PHONE][0][TYPE]=W", "fields[T]=x",
                             "s[]=A", "s[]=B"),
                        "{\"fields\":{\"PHONE\":[{\"VALUE\":\"1\",\"TYPE\":\"W\"}],\"T\":\"x\"},"
                        "\"s\":[\"A\",\"B\"]}");
    assert_string_equal(JSON("filter[>=D]=1", "filter[=S]=2", "filter[!%X]:=3", "filter[a:=b]=4"),
                        "{\"filter\":{\">=D\":\"1\",\"=S\":\"2\",\"!%X\":3,\"a:=b\":\"4\"}}");
    assert_string_equal(JSON("a[1]=x", "b[x y]=z"), "{\"a\":{\"1\":\"x\"},\"b\":{\"x y\":\"z\"}}");
    assert_string_equal(JSON("a[2]=x", "a[]=y", "a[k]=z", "a[]=w"),
                        "{\"a\":{\"2\":\"x\",\"3\":\"y\",\"k\":\"z\",\"4\":\"w\"}}");
    assert_string_equal(JSON("a[0]=x", "a[k]=y"), "{\"a\":{\"0\":\"x\",\"k\":\"y\"}}");
}

static void malformed_names_are_refused(void **state)
{
    static const char *const wrong[] = {"a",     "=1",      "[]=1",     "[a]=1",  "a[=1", "a]=1",
                                        "a[]]=", "a[b]c=1", "a[[b]]=1", "\xff=1", ":=1",  ""};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_null(JSON(wrong[i]));
        assert_true(strlen(message) > 10);
    }
    assert_null(JSON("a=1", "a=2"));
    assert_null(JSON("a=1", "a[b]=2"));
    assert_null(JSON("a[b]=1", "a=2"));
    assert_string_equal(message, "'a': this name is malformed, or has a value already");
    assert_null(JSON("a[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]"
                     "[0][0][0][0][0][0]=1"));
}

static void files_are_read(void **state)
{
    char path[] = "/tmp/tk-params-XXXXXX", text[64], json[64];
    int fd = mkstemp(path);

    (void)state;
    assert_true(write(fd, "{\"x\":\n1}", 8) == 8);
    snprintf(text, sizeof text, "a=@%s", path);
    snprintf(json, sizeof json, "b:=@%s", path);
    assert_string_equal(JSON(text, json), "{\"a\":\"{\\\"x\\\":\\u000a1}\",\"b\":{\"x\":\n1}}");
    assert_true(pwrite(fd, "\0\xff", 2, 0) == 2);
    assert_null(JSON(text));
    assert_string_equal(message, "the value of 'a' is not UTF-8 text");
    close(fd);
    unlink(path);
    assert_null(JSON(text));
    assert_non_null(strstr(message, "No such file"));
}

static void a_secret_value_is_not_in_a_message(void **state)
{
    (void)state;
    assert_null(JSON("pass:=hunter2"));
    assert_null(strstr(message, "hunter2"));
    assert_null(JSON("pass=hunter2\xff"));
    assert_null(strstr(message, "hunter2"));
}

static void what_is_utf8(void **state)
{
    static const char *const good[] = {"",
                                       "a",
                                       "\xc2\x80",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2x",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xe2\x82",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xff"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(tk_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(tk_is_utf8(bad[i], strlen(bad[i])));
}

static void a_buffer_has_a_limit(void **state)
{
    struct tk_buffer b = {.max = 300};

    (void)state;
    for (int i = 0; i < 300; i++)
        tk_buffer_char(&b, 'x');
    assert_true(tk_buffer_ok(&b));
    tk_buffer_char(&b, 'x');
    assert_false(tk_buffer_ok(&b));
    assert_int_equal(b.len, 300);
    tk_buffer_cut(&b, 2);
    tk_buffer_add(&b, "y");
    assert_true(tk_buffer_ok(&b));
    assert_string_equal(b.bytes, "xxy");
    tk_buffer_free(&b);
    assert_null(b.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_stays_text),
        cmocka_unit_test(typed_values_are_json),
        cmocka_unit_test(names_are_nested_as_in_php),
        cmocka_unit_test(malformed_names_are_refused),
        cmocka_unit_test(files_are_read),
        cmocka_unit_test(a_secret_value_is_not_in_a_message),
        cmocka_unit_test(what_is_utf8),
        cmocka_unit_test(a_buffer_has_a_limit),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    tk_buffer_free(&out);
    return failed;
}
