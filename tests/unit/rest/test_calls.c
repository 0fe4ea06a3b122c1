/* SPDX-License-Identifier: Apache-2.0 */

/* Calls of a whole gateway: what is sent, what comes back, and what is repeated. */

#include "tk_container.h"
#include "tk_string.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"

/* --- the portal --- */

static const char *reply; /* of the portal */
static unsigned executed;
static char sent[SERVER_REQUEST]; /* the body of the newest call */

static const char *on_call(struct server *s, const char *request, const char *body)
{
    (void)s;
    (void)request;
    executed++;
    snprintf(sent, sizeof sent, "%s", body);
    return reply;
}

static int begin(void **state)
{
    set_up(state);
    executed = 0;
    reply = "{\"result\":true}";
    w.server.on_call = on_call;
    world_provision(&w);
    return 0;
}

/* --- a call --- */

struct test_call {
    struct tk_call call;
    const char *body;
    size_t piece; /* that produce gives at a time; 0: all that fits */
    size_t takes; /* bytes that on_body takes at a time; 0: all */
    char answer[16384];
    size_t len;
    unsigned dones;
    struct tk_call_result result;
};

static size_t produce(struct tk_call *call, uint32_t offset, char *out, size_t size)
{
    struct test_call *x = TK_CONTAINER_OF(call, struct test_call, call);
    size_t n = call->body_len - offset;

    n = n < size ? n : size;
    n = x->piece > 0 && x->piece < n ? x->piece : n;
    memcpy(out, x->body + offset, n);
    return n;
}

static size_t on_body(struct tk_call *call, const char *data, size_t len)
{
    struct test_call *x = TK_CONTAINER_OF(call, struct test_call, call);

    len = x->takes > 0 && x->takes < len ? x->takes : len;
    assert_true(x->len + len < sizeof x->answer);
    memcpy(x->answer + x->len, data, len);
    x->len += len;
    return len;
}

static void done(struct tk_call *call, const struct tk_call_result *result)
{
    struct test_call *x = TK_CONTAINER_OF(call, struct test_call, call);

    x->dones++;
    x->result = *result;
}

static enum tk_err start(struct test_call *x, const char *method, const char *body)
{
    x->body = body;
    x->call.method = method;
    x->call.body_len = body == NULL ? 0 : (uint32_t)strlen(body);
    x->call.produce = produce;
    x->call.on_body = on_body;
    x->call.done = done;
    if (x->call.timeout_ms == 0)
        x->call.timeout_ms = 60000;
    return tk_call_start(&w.keeper, &x->call);
}

static void run_until_done(struct test_call *x)
{
    for (int i = 0; i < 10000 && x->dones == 0; i++)
        world_run(&w, 10);
    assert_int_equal(x->dones, 1);
}

/* --- tests --- */

static void a_call_is_answered(void **state)
{
    struct test_call x = {.body = NULL};

    (void)state;
    reply = "{\"result\":[{\"ID\":\"36\"},{\"ID\":\"37\"}],\"next\":50,\"total\":120,"
            "\"time\":{\"operating\":0.25,\"operating_reset_at\":1795000600}}";
    assert_int_equal(start(&x, "crm.deal.list", "{\"select\":[\"ID\"]}"), TK_OK);
    run_until_done(&x);
    assert_int_equal(x.result.err, TK_OK);
    assert_int_equal(x.result.outcome, TK_CALL_DONE);
    assert_int_equal(x.result.status, 200);
    assert_string_equal(x.answer, reply);
    assert_string_equal(sent, "{\"auth\":\"access1\",\"select\":[\"ID\"]}");
    assert_true(x.result.has_next);
    assert_int_equal(x.result.next, 50);
    assert_int_equal(x.result.total, 120);
    assert_int_equal(x.result.operating_ms, 250);
    assert_int_equal(x.result.last_id, 37);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, tear_down)
    const struct CMUnitTest tests[] = {TEST(a_call_is_answered)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
