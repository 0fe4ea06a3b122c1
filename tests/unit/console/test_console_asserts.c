/* SPDX-License-Identifier: Apache-2.0 */

/* Mistakes in a command that TK_ASSERT catches. */

#include "tk_console_run.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define LINE 2 /* not used by the world */

static struct world w;
static struct tk_console console;
static struct tk_command_table table;
static struct tk_console_env env;

static void feed(const char *text)
{
    tk_sim_console_feed(&w.port, LINE, text, strlen(text));
    tk_console_run(&console, tk_keeper_now(&w.keeper));
}

static int set_up(void **state)
{
    (void)state;
    world_init(&w, 3);
    tk_sim_console_attach(&w.port, LINE, true);
    env = (struct tk_console_env){
        &w.keeper.rt, &w.keeper.accounts, &w.keeper.alerts, &w.keeper.calls, &table, &w.keeper.pin};
    tk_console_init(&console, &env, LINE);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_free(&w);
    return 0;
}

static bool no_secret(const char *args)
{
    (void)args;
    return false;
}

static bool not_guarded(const struct tk_command *command, const char *args)
{
    (void)command;
    (void)args;
    return false;
}

static bool no_line(struct tk_console *c, char *line)
{
    (void)c;
    (void)line;
    return false;
}

static void no_greeting(struct tk_console *c)
{
    (void)c;
}

/* Types the command `test`, which is run. */
static void run(void (*command)(struct tk_console *c, char *args))
{
    static struct tk_command row = {"test\0", 0, NULL};

    row.run = command;
    table = (struct tk_command_table){&row, 1, NULL, no_secret, not_guarded, no_line, no_greeting};
    feed("test\n");
}

static void answer_once(struct tk_console *c, char *args)
{
    (void)args;
    tk_console_data(c, "key", "value");
    tk_console_ok(c, NULL);
}

static void answer_twice(struct tk_console *c, char *args)
{
    answer_once(c, args);
    tk_console_err(c, TK_E_BAD_VALUE);
}

static void print_after_answer(struct tk_console *c, char *args)
{
    answer_once(c, args);
    tk_console_data(c, "key", "value");
}

static void do_nothing(struct tk_console *c, char *args)
{
    (void)c;
    (void)args;
}

static void continue_without_a_step(struct tk_console *c, char *args)
{
    (void)args;
    tk_console_continue(c, NULL);
}

static void a_command_answers_exactly_once(void **state)
{
    (void)state;
    run(answer_once);
    run(answer_once);
    expect_assert_failure(run(answer_twice));
}

static void nothing_is_printed_after_the_answer(void **state)
{
    (void)state;
    expect_assert_failure(run(print_after_answer));
}

static void a_command_answers_or_continues(void **state)
{
    (void)state;
    expect_assert_failure(run(do_nothing));
}

static void a_command_continues_with_a_step(void **state)
{
    (void)state;
    expect_assert_failure(run(continue_without_a_step));
}

static void a_console_line_exists(void **state)
{
    (void)state;
    expect_assert_failure(tk_console_init(&console, &env, TK_CONSOLES));
}

static void step_end(struct tk_console *c)
{
    tk_console_ok(c, NULL);
}

static void take_and_continue(struct tk_console *c, char *value)
{
    (void)value;
    tk_console_continue(c, step_end);
}

static void ask_and_continue(struct tk_console *c, char *args)
{
    (void)args;
    tk_console_ask(c, "value", take_and_continue);
}

static void an_account_is_pinned_once_by_a_command(void **state)
{
    (void)state;
    run(ask_and_continue);
    assert_int_equal(w.keeper.accounts.of[0].pins, 1);
    feed("x\n");
    feed("");
    assert_int_equal(w.keeper.accounts.of[0].pins, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_command_answers_exactly_once), TEST(nothing_is_printed_after_the_answer),
        TEST(a_command_answers_or_continues), TEST(a_command_continues_with_a_step),
        TEST(a_console_line_exists),          TEST(an_account_is_pinned_once_by_a_command),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
