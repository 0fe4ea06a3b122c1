/* SPDX-License-Identifier: Apache-2.0 */

/* The example in core/README.md, with a thread for each of its parts. */

#include "mailbox_example.h" /* from the README */

#include "tk_string.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"

int tk_posix_wake_open(struct tk_port *port);
void tk_posix_wake(const struct tk_port *port);

/* The main loop sleeps in virtual time: it wakes by itself. */
int tk_posix_wake_open(struct tk_port *port)
{
    (void)port;
    return 0;
}

void tk_posix_wake(const struct tk_port *port)
{
    (void)port;
}

static const char *on_call(struct server *s, const char *request, const char *body)
{
    (void)s;
    (void)request;
    return strstr(body, "\"TITLE\":\"21.5 C\"") == NULL ? "{\"error\":\"WRONG\"}"
                                                        : "{\"result\":8}";
}

static atomic_bool ended;

static bool goes_on(void)
{
    return !ended;
}

static char seen[3][16];
static unsigned uses;
static enum tk_err err;
static char answer[40];

static int use(const char *token)
{
    assert_true(tk_copy(seen[uses], sizeof seen[0], token));
    return uses++ == 1 ? 401 : 200;
}

static void *run_thread(void *arg)
{
    err = add_lead("21.5 C", answer, sizeof answer);
    with_token(use);
    with_token(use);
    with_token(use);
    ended = true;
    return arg;
}

static void the_example_works(void **state)
{
    pthread_t thread;

    (void)state;
    w.server.on_call = on_call;
    world_provision(&w);
    world_type(&w, "set renew on-demand");
    world_run(&w, 20000); /* a newer token is not refreshed */
    assert_int_equal(make_mailbox(&w.keeper, &w.port), 0);
    assert_int_equal(pthread_create(&thread, NULL, run_thread, NULL), 0);
    run_keeper(&w.keeper, &w.port, goes_on);
    pthread_join(thread, NULL);
    tk_posix_threads_free(&threads);
    assert_int_equal(err, TK_OK);
    assert_string_equal(answer, "{\"result\":8}");
    assert_int_equal(uses, 3);
    assert_string_not_equal(seen[1], seen[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_example_works, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
