/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REST_CALLS_H
#define REST_CALLS_H

/* Calls of a whole gateway, and a portal that counts what it carries out. Include after cmocka.h.
 */

#include "tk_container.h"
#include "tk_string.h"

#include "one_world.h"

#include <string.h>

/* --- the portal --- */

static const char *reply; /* of the portal */
static unsigned executed;
static char sent[SERVER_REQUEST]; /* the body of the newest call */

static inline const char *carry_out(struct server *s, const char *request, const char *body)
{
    (void)s;
    (void)request;
    executed++;
    snprintf(sent, sizeof sent, "%s", body);
    return reply;
}

static inline int begin(void **state)
{
    set_up(state);
    executed = 0;
    reply = "{\"result\":true}";
    w.server.on_call = carry_out;
    world_provision(&w);
    return 0;
}

/* --- a call --- */

struct test_call {
    struct tk_call call;
    const char *body;
    size_t piece; /* that produce gives at a time; 0: all that fits */
    size_t takes; /* bytes that on_body takes at a time, then it pauses; 0: all */
    char answer[16384];
    size_t len;
    bool is_full; /* the next time it takes nothing */
    unsigned dones;
    uint64_t done_ms;
    struct tk_call_result result;
};

static inline size_t produce(struct tk_call *call, uint32_t offset, char *out, size_t size)
{
    struct test_call *x = TK_CONTAINER_OF(call, struct test_call, call);
    size_t n = call->body_len - offset;

    n = n < size ? n : size;
    n = x->piece > 0 && x->piece < n ? x->piece : n;
    memcpy(out, x->body + offset, n);
    return n;
}

static inline size_t on_body(struct tk_call *call, const char *data, size_t len)
{
    struct test_call *x = TK_CONTAINER_OF(call, struct test_call, call);

    if (x->takes > 0) {
        x->is_full = !x->is_full;
        len = x->is_full ? (x->takes < len ? x->takes : len) : 0;
    }
    assert_true(x->len + len < sizeof x->answer);
    memcpy(x->answer + x->len, data, len);
    x->len += len;
    return len;
}

static inline void done(struct tk_call *call, const struct tk_call_result *result)
{
    struct test_call *x = TK_CONTAINER_OF(call, struct test_call, call);

    x->dones++;
    x->done_ms = w.port.now_ms;
    x->result = *result;
}

static inline enum tk_err start(struct test_call *x, const char *method, const char *body)
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

static inline void run_until_done(struct test_call *x)
{
    for (int i = 0; i < 20000 && x->dones == 0; i++) {
        world_run(&w, 10);
        tk_call_resume(&w.keeper, &x->call);
    }
    assert_int_equal(x->dones, 1);
}

static inline void run_call(struct test_call *x, const char *method, const char *body)
{
    assert_int_equal(start(x, method, body), TK_OK);
    run_until_done(x);
}

#endif
