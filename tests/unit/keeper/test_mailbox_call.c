/* SPDX-License-Identifier: Apache-2.0 */

/* REST calls through a mailbox. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"
#include "simulated_task.h"

/* --- the portal --- */

enum { LONG = 7000 };

static const char *reply;
static unsigned executed;
static char sent[SERVER_REQUEST];
static char long_reply[LONG + 1];

static const char *on_call(struct server *s, const char *request, const char *body)
{
    (void)s;
    (void)request;
    executed++;
    snprintf(sent, sizeof sent, "%s", body);
    return reply;
}

static void make_long_reply(void)
{
    static const char beginning[] = "{\"result\":\"", end[] = "\"}";
    size_t at = strlen(beginning);

    memcpy(long_reply, beginning, at);
    for (; at < LONG - strlen(end); at++)
        long_reply[at] = (char)('a' + at % 23);
    strcpy(long_reply + at, end);
}

static int begin_call(void **state)
{
    begin(state);
    executed = 0;
    reply = "{\"result\":42}";
    w.server.on_call = on_call;
    make_long_reply();
    world_provision(&w);
    return 0;
}

/* --- calls --- */

static struct tk_call_result result;
static char answer[LONG + 1];

static struct tk_mailbox_call lead(void)
{
    return (struct tk_mailbox_call){.method = "crm.lead.add",
                                    .body = "{\"fields\":{\"TITLE\":\"21.5\"}}",
                                    .buf = answer,
                                    .size = sizeof answer};
}

static enum tk_err make(struct tk_mailbox_call *call, uint32_t timeout_ms)
{
    uint64_t start_ms = w.port.now_ms;

    memset(answer, 'x', sizeof answer);
    memset(&result, 0xa5, sizeof result);
    enum tk_err err = tk_mailbox_call(&box, call, timeout_ms, &result);

    assert_int_equal(err, result.err);
    assert_true(w.port.now_ms - start_ms <= timeout_ms);
    assert_false(locked);
    return err;
}

static void a_call_is_answered(void **state)
{
    struct tk_mailbox_call call = lead();

    (void)state;
    assert_int_equal(make(&call, 30 * SECOND), TK_OK);
    assert_string_equal(answer, reply);
    assert_string_equal(sent, "{\"auth\":\"access1\",\"fields\":{\"TITLE\":\"21.5\"}}");
    assert_int_equal(result.outcome, TK_CALL_DONE);
    assert_int_equal(result.status, 200);
    for (size_t i = 0; i < sizeof call_slots[0].call.held; i++)
        assert_int_equal(call_slots[0].call.held[i], 0); /* nothing of the answer stays */
    call = (struct tk_mailbox_call){.ref = "token", .method = "user.current"};
    assert_int_equal(make(&call, 30 * SECOND), TK_OK);
    assert_string_equal(sent, "{\"auth\":\"access1\"}");
    assert_int_equal(executed, 2);
}

static void a_body_may_be_long(void **state)
{
    static const char beginning[] = "{\"fields\":{\"COMMENTS\":\"", end[] = "\"}}";
    char body[1500];
    struct tk_mailbox_call call = lead();

    (void)state;
    memset(body, 'c', sizeof body);
    memcpy(body, beginning, strlen(beginning));
    memcpy(body + sizeof body - sizeof end, end, sizeof end);
    call.body = body;
    assert_int_equal(make(&call, 30 * SECOND), TK_OK);
    assert_string_equal(sent + strlen("{\"auth\":\"access1\","), body + 1);
}

static void an_error_of_the_portal_is_an_answer(void **state)
{
    struct tk_mailbox_call call = lead();

    (void)state;
    reply = "{\"error\":\"ERROR_METHOD_NOT_FOUND\",\"error_description\":\"Method not found!\"}";
    assert_int_not_equal(make(&call, 30 * SECOND), TK_OK);
    assert_int_equal(result.outcome, TK_CALL_DONE);
    assert_string_equal(result.error, "ERROR_METHOD_NOT_FOUND");
    assert_string_equal(answer, reply);
}

static void an_answer_that_does_not_fit_is_cut(void **state)
{
    struct tk_mailbox_call call = lead();

    (void)state;
    call.size = 6;
    assert_int_equal(make(&call, 30 * SECOND), TK_E_HTTP_TOO_LARGE);
    assert_int_equal(result.outcome, TK_CALL_DONE);
    assert_string_equal(answer, "{\"res");
    assert_int_equal(answer[6], 'x');
    call.size = 1;
    assert_int_equal(make(&call, 30 * SECOND), TK_E_HTTP_TOO_LARGE);
    assert_string_equal(answer, "");
    call.size = strlen(reply) + 1;
    assert_int_equal(make(&call, 30 * SECOND), TK_OK);
    assert_string_equal(answer, reply);
}

static void mistakes_are_found_before_anything_is_sent(void **state)
{
    struct tk_mailbox_call call = lead();

    (void)state;
    call.method = "crm/../lead";
    assert_int_equal(make(&call, SECOND), TK_E_BAD_VALUE);
    assert_string_equal(answer, "");
    call = lead();
    call.ref = "name-of-17-chars-";
    assert_int_equal(make(&call, SECOND), TK_E_NO_SUCH_REF);
    world_type(&w, "ref add name-of-16-chars");
    call.ref = "name-of-16-chars";
    assert_int_equal(make(&call, SECOND), TK_E_NO_CLIENT);
    call.ref = "other";
    assert_int_equal(make(&call, SECOND), TK_E_NO_SUCH_REF);
    call = lead();
    call.body = "{\"auth\":\"x\"}";
    assert_int_equal(make(&call, SECOND), TK_E_BAD_BODY);
    assert_int_equal(result.outcome, TK_CALL_NOT_SENT);
    assert_int_equal(executed, 0);
}

/* --- pieces --- */

static char pieces[LONG + 1];
static size_t pieces_len, pieces_max, largest;
static char small[16];

static bool on_piece(struct tk_mailbox_call *call, const char *data, size_t len)
{
    assert_false(locked);
    assert_true(data >= call->buf && data + len <= call->buf + call->size);
    assert_true(pieces_len + len <= LONG);
    memcpy(pieces + pieces_len, data, len);
    pieces_len += len;
    pieces[pieces_len] = '\0';
    largest = len > largest ? len : largest;
    return pieces_len < pieces_max;
}

static struct tk_mailbox_call list(size_t size)
{
    pieces_len = largest = 0;
    pieces_max = SIZE_MAX;
    return (struct tk_mailbox_call){
        .method = "crm.lead.list", .buf = small, .size = size, .on_body = on_piece};
}

static void a_long_answer_passes_through_a_buffer_of_any_size(void **state)
{
    (void)state;
    reply = long_reply;
    for (size_t size = 1; size <= sizeof small; size += 5) {
        struct tk_mailbox_call call = list(size);

        assert_int_equal(make(&call, 60 * SECOND), TK_OK);
        assert_string_equal(pieces, long_reply);
        assert_true(largest <= size);
    }
    assert_int_equal(executed, 4);
}

static void a_task_may_end_its_call(void **state)
{
    struct tk_mailbox_call call = list(sizeof small);

    (void)state;
    reply = long_reply;
    pieces_max = 20;
    assert_int_equal(make(&call, 60 * SECOND), TK_E_CANCELLED);
    assert_int_equal(pieces_len, 32);
    call = list(sizeof small);
    pieces_max = 12; /* all in one piece */
    reply = "{\"result\":7}";
    assert_int_equal(make(&call, 60 * SECOND), TK_E_CANCELLED);
    assert_string_equal(pieces, reply);
    call = lead();
    reply = "{\"result\":1}";
    assert_int_equal(make(&call, 60 * SECOND), TK_OK);
    assert_string_equal(answer, reply);
}

/* --- timeouts --- */

static void a_portal_that_is_not_reached(void **state)
{
    struct tk_mailbox_call call = lead();

    (void)state;
    world_fault(&w, WORLD_UNREACHABLE, 0);
    assert_int_equal(make(&call, 4 * SECOND), TK_E_CONNECT_FAILED);
    assert_int_equal(result.outcome, TK_CALL_NOT_SENT);
}

/* The keeper says what is certain, before the task's own timeout. */
static void a_portal_that_is_silent(void **state)
{
    struct tk_mailbox_call call = lead();

    (void)state;
    world_fault(&w, WORLD_SILENT, 0);
    assert_int_equal(make(&call, 20 * SECOND), TK_E_UNKNOWN_OUTCOME);
    assert_int_equal(result.outcome, TK_CALL_UNKNOWN);
}

/* The main loop does not run at all, then after the task has left. */
static void a_main_loop_that_stands_still(void **state)
{
    struct tk_mailbox_call call = lead();

    (void)state;
    stalled = true;
    assert_int_equal(make(&call, SECOND), TK_E_TIMEOUT);
    assert_int_equal(result.outcome, TK_CALL_NOT_SENT);
    assert_int_equal(make(&call, SECOND), TK_E_BUSY); /* the slot waits for the main loop */
    assert_int_equal(result.outcome, TK_CALL_NOT_SENT);
    stalled = false;
    tk_mailbox_run(&box);
    world_run(&w, SECOND);
    assert_int_equal(executed, 0);
    assert_int_equal(make(&call, 30 * SECOND), TK_OK);
    assert_int_equal(executed, 1);
}

static void stall(void)
{
    tk_mailbox_run(&box);
    (void)tk_keeper_run(&w.keeper);
    stalled = true;
}

/* It has started the call, and has sent nothing yet. */
static void a_task_that_left_is_not_read(void **state)
{
    char *body = malloc(64);
    struct tk_mailbox_call call = {.method = "crm.lead.add", .body = body};

    (void)state;
    strcpy(body, "{\"fields\":{}}");
    during = stall;
    assert_int_equal(make(&call, SECOND), TK_E_UNKNOWN_OUTCOME);
    free(body);
    call = (struct tk_mailbox_call){.method = "crm.lead.get"};
    stalled = false;
    world_run(&w, 5 * SECOND); /* the keeper runs before the mailbox does */
    tk_mailbox_run(&box);
    assert_int_equal(executed, 0);
    during = stall;
    assert_int_equal(make(&call, SECOND), TK_E_TIMEOUT);
    assert_int_equal(result.outcome, TK_CALL_UNKNOWN);
    stalled = false;
    assert_int_equal(make(&call, 30 * SECOND), TK_OK);
}

/* The main loop ends it, before the keeper has run again. */
static void a_slot_that_was_left_is_freed(void **state)
{
    struct tk_mailbox_call call = lead();

    (void)state;
    during = stall;
    assert_int_equal(make(&call, SECOND), TK_E_UNKNOWN_OUTCOME);
    tk_mailbox_run(&box);
    assert_int_equal(make(&call, SECOND), TK_E_TIMEOUT); /* it had a slot */
    stalled = false;
    world_run(&w, 5 * SECOND);
    assert_int_equal(executed, 0);
}

/* --- the end --- */

static void close_box(void)
{
    for (int i = 0; i < 3; i++)
        run_until(w.port.now_ms, 0);
    assert_false(tk_mailbox_close(&box));
}

static void close_at_once(void)
{
    assert_false(tk_mailbox_close(&box));
}

static void closing_ends_a_call(void **state)
{
    struct tk_mailbox_call call = lead();

    (void)state;
    world_fault(&w, WORLD_SILENT, 0);
    during = close_box;
    assert_int_equal(make(&call, 30 * SECOND), TK_E_CANCELLED);
    assert_int_equal(result.outcome, TK_CALL_UNKNOWN);
    assert_true(tk_mailbox_close(&box));
    assert_int_equal(make(&call, 30 * SECOND), TK_E_CANCELLED);
    assert_int_equal(result.outcome, TK_CALL_NOT_SENT);
    make_mailbox(SLOTS);
    world_fault(&w, WORLD_WELL, 0);
    assert_int_equal(make(&call, 30 * SECOND), TK_OK);
    during = close_at_once;
    assert_int_equal(make(&call, 30 * SECOND), TK_E_CANCELLED);
    assert_int_equal(result.outcome, TK_CALL_NOT_SENT);
    world_run(&w, SECOND);
    assert_int_equal(executed, 1);
}

/* Its task has left, and the main loop has not noticed. */
static void closing_ends_a_call_that_was_left(void **state)
{
    struct tk_mailbox_call call = lead();

    (void)state;
    world_fault(&w, WORLD_SILENT, 0);
    during = stall;
    assert_int_equal(make(&call, SECOND), TK_E_UNKNOWN_OUTCOME);
    assert_non_null(w.keeper.calls.first);
    assert_true(tk_mailbox_close(&box));
    assert_null(w.keeper.calls.first);
}

static void shut_down(void)
{
    run_until(w.port.now_ms, 0);
    while (!tk_keeper_shutdown(&w.keeper))
        run_until(w.port.now_ms + SECOND, 0);
}

static void a_shutdown_of_the_keeper_ends_a_call(void **state)
{
    struct tk_mailbox_call call = lead();

    (void)state;
    during = shut_down;
    assert_int_equal(make(&call, 30 * SECOND), TK_E_CANCELLED);
    assert_int_equal(result.outcome, TK_CALL_NOT_SENT);
    assert_int_equal(make(&call, 30 * SECOND), TK_E_TRY_LATER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_call, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_is_answered),
        TEST(a_body_may_be_long),
        TEST(an_error_of_the_portal_is_an_answer),
        TEST(an_answer_that_does_not_fit_is_cut),
        TEST(mistakes_are_found_before_anything_is_sent),
        TEST(a_long_answer_passes_through_a_buffer_of_any_size),
        TEST(a_task_may_end_its_call),
        TEST(a_portal_that_is_not_reached),
        TEST(a_portal_that_is_silent),
        TEST(a_main_loop_that_stands_still),
        TEST(a_task_that_left_is_not_read),
        TEST(a_slot_that_was_left_is_freed),
        TEST(closing_ends_a_call),
        TEST(closing_ends_a_call_that_was_left),
        TEST(a_shutdown_of_the_keeper_ends_a_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
