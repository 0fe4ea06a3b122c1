/* SPDX-License-Identifier: Apache-2.0 */

/* The limit of requests, and names of methods. */

#include "tk_bucket.h"
#include "tk_method.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* --- the limit --- */

/* Takes as many as it gives at this tick. */
static unsigned take_all(struct tk_bucket *b, uint64_t now_ms)
{
    unsigned n = 0;

    for (; tk_bucket_free_ms(b) <= now_ms && n < 1000; n++)
        tk_bucket_take(b, now_ms);
    return n;
}

static void fifty_at_once_then_two_a_second(void **state)
{
    struct tk_bucket b = {0};
    uint64_t now_ms = 1000000;

    (void)state;
    assert_int_equal(take_all(&b, now_ms), 50);
    assert_int_equal(tk_bucket_free_ms(&b), now_ms + 500);
    assert_int_equal(take_all(&b, now_ms + 499), 0);
    assert_int_equal(take_all(&b, now_ms + 500), 1);
    assert_int_equal(take_all(&b, now_ms + 10000), 19);
    assert_int_equal(take_all(&b, now_ms + 1000000), 50);
}

static void the_first_tick_has_a_full_one(void **state)
{
    struct tk_bucket b = {0};

    (void)state;
    assert_int_equal(take_all(&b, 0), 50);
}

static void after_a_refusal_one_by_one(void **state)
{
    struct tk_bucket b = {0};

    (void)state;
    tk_bucket_empty(&b, 5000, 1500);
    assert_int_equal(take_all(&b, 6499), 0);
    assert_int_equal(take_all(&b, 6500), 1);
    assert_int_equal(take_all(&b, 6999), 0);
    assert_int_equal(take_all(&b, 7000), 1);
    tk_bucket_empty(&b, 7000, 0); /* an earlier end does not shorten it */
    assert_int_equal(tk_bucket_free_ms(&b), 7500);
}

/* --- names --- */

static void names_of_methods(void **state)
{
    static const char *const good[] = {"profile", "crm.deal.list", "tasks.flow.Flow.get", "a_1"};
    static const char *const bad[] = {"",      ".a",   "a.",       "a..b",  "a/b",
                                      "a?b=c", "a b",  "a\r\nb",   "\xd0z", "a%2e",
                                      "a#",    "a\\b", "../oauth", "a,b",   "*"};
    char longest[66];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(tk_method_is_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(tk_method_is_valid(bad[i]));
    memset(longest, 'a', sizeof longest);
    longest[65] = '\0';
    assert_false(tk_method_is_valid(longest));
    longest[64] = '\0';
    assert_true(tk_method_is_valid(longest));
}

static void what_a_name_says_of_reading(void **state)
{
    static const char *const reads[] = {
        "profile",      "crm.deal.list",      "crm.item.GET",    "app.info",
        "user.current", "crm.deal.list.json", "server.time.xml", "event.offline.geo.list"};
    static const char *const writes[] = {"crm.deal.add",
                                         "im.notify",
                                         "batch",
                                         "crm.deal.listing",
                                         "json",
                                         "event.offline.clear",
                                         "list.add",
                                         "event.offline.get",
                                         "Event.Offline.Get.json"};

    (void)state;
    for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++)
        assert_true(tk_method_reads(reads[i]));
    for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++)
        assert_false(tk_method_reads(writes[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty_at_once_then_two_a_second),
        cmocka_unit_test(the_first_tick_has_a_full_one),
        cmocka_unit_test(after_a_refusal_one_by_one),
        cmocka_unit_test(names_of_methods),
        cmocka_unit_test(what_a_name_says_of_reading),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
