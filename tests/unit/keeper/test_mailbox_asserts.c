/* SPDX-License-Identifier: Apache-2.0 */

/* Mistakes in the use of a mailbox that TK_ASSERT catches. */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"
#include "simulated_task.h"

static void a_mailbox_has_hooks(void **state)
{
    struct tk_mailbox other;
    struct tk_mailbox_hooks some = hooks;

    (void)state;
    some.lock = NULL;
    expect_assert_failure(tk_mailbox_init(&other, &w.keeper, &some));
    some = hooks;
    some.unlock = NULL;
    expect_assert_failure(tk_mailbox_init(&other, &w.keeper, &some));
    some = hooks;
    some.wake = NULL;
    expect_assert_failure(tk_mailbox_init(&other, &w.keeper, &some));
}

static void assert_no_slots(const struct tk_mailbox_hooks *some)
{
    static struct tk_mailbox other;

    tk_mailbox_init(&other, &w.keeper, some);
    expect_assert_failure(tk_mailbox_add_slots(&other, slots, 1));
    expect_assert_failure(tk_mailbox_add_call_slots(&other, call_slots, 1));
}

static void slots_need_semaphores(void **state)
{
    struct tk_mailbox_hooks some = hooks;

    (void)state;
    some.wait = NULL;
    assert_no_slots(&some);
    some = hooks;
    some.signal = NULL;
    assert_no_slots(&some);
}

static void a_post_has_a_function(void **state)
{
    struct tk_mailbox_post post = {.run = NULL};

    (void)state;
    expect_assert_failure(tk_mailbox_post(&box, &post));
}

static void a_token_has_a_buffer_and_its_facts(void **state)
{
    char buf[TK_TOKEN_MAX + 1];
    struct tk_token_info info;

    (void)state;
    expect_assert_failure(tk_mailbox_get(&box, NULL, 0, 1, NULL, sizeof buf, &info));
    expect_assert_failure(tk_mailbox_get(&box, NULL, 0, 1, buf, sizeof buf, NULL));
}

static bool on_piece(struct tk_mailbox_call *call, const char *data, size_t len)
{
    (void)call, (void)data, (void)len;
    return true;
}

static void a_call_has_a_method_and_room_for_its_answer(void **state)
{
    char buf[8];
    struct tk_call_result ended;
    struct tk_mailbox_call call = {.method = NULL};

    (void)state;
    expect_assert_failure(tk_mailbox_call(&box, &call, 1, &ended));
    call = (struct tk_mailbox_call){.method = "profile", .buf = buf};
    expect_assert_failure(tk_mailbox_call(&box, &call, 1, &ended));
    call = (struct tk_mailbox_call){.method = "profile", .on_body = on_piece};
    expect_assert_failure(tk_mailbox_call(&box, &call, 1, &ended));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_mailbox_has_hooks),
        TEST(slots_need_semaphores),
        TEST(a_post_has_a_function),
        TEST(a_token_has_a_buffer_and_its_facts),
        TEST(a_call_has_a_method_and_room_for_its_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
