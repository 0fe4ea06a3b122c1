/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_mailbox_call.h"

#include "tk_assert.h"
#include "tk_container.h"
#include "tk_mailbox_private.h"
#include "tk_string.h"
#include "tk_wipe.h"

#include <string.h>

/* What a task asks, on its stack. */
struct ask {
    bool done;       /* result is set */
    bool ready;      /* it is done, or buf has more */
    bool is_started; /* by the main loop */
    bool is_paused;  /* buf is full */
    bool is_read;    /* ... and was read: the answer goes on */
    bool is_cut;     /* the answer did not fit buf */
    struct tk_mailbox_call *call;
    const uint32_t *left_ms; /* of the task's timeout, when it has its slot */
    uint32_t body_len;
    size_t fill; /* bytes in buf */
    struct tk_call_result result;
};

/* --- main loop --- */

static struct tk_mailbox_call_slot *of_call(struct tk_call *call)
{
    return TK_CONTAINER_OF(call, struct tk_mailbox_call_slot, call);
}

/* In the critical section: what is asked; NULL: its task has left. */
static struct ask *asked(const struct tk_mailbox_call_slot *s)
{
    return s->slot.state == TK_SLOT_ASKED ? s->slot.ask : NULL;
}

/* Hands the result over; a task that has left needs its slot no more. */
static void deliver(struct tk_mailbox_call_slot *s, const struct tk_call_result *result)
{
    uint32_t before = tk_mailbox_lock(s->box);
    struct ask *ask = asked(s);

    if (ask != NULL) {
        ask->result = *result;
        ask->done = ask->ready = true;
    }
    tk_mailbox_unlock(s->box, before);
    s->is_active = false;
    tk_wipe(s->call.held, sizeof s->call.held);
    if (ask == NULL)
        tk_mailbox_release(s->box, &s->slot);
    else
        tk_mailbox_signal(s->box, &s->slot);
}

static size_t produce(struct tk_call *call, uint32_t offset, char *out, size_t size)
{
    struct tk_mailbox_call_slot *s = of_call(call);
    uint32_t before = tk_mailbox_lock(s->box);
    const struct ask *ask = asked(s);
    size_t n = 0;

    if (ask != NULL) {
        n = ask->body_len - offset;
        n = n < size ? n : size;
        memcpy(out, ask->call->body + offset, n);
    }
    tk_mailbox_unlock(s->box, before);
    return n;
}

/* In the critical section. Returns how much of the answer is taken. */
static size_t take_body(struct ask *ask, const char *data, size_t len)
{
    const struct tk_mailbox_call *call = ask->call;
    bool is_piece = call->on_body != NULL;
    size_t room = call->size - ask->fill - (is_piece ? 0 : 1); /* for a NUL */
    size_t n = len < room ? len : room;

    memcpy(call->buf + ask->fill, data, n);
    ask->fill += n;
    if (!is_piece) {
        ask->is_cut |= n < len;
        return len;
    }
    ask->is_paused |= n < len;
    ask->ready = true;
    return n;
}

static size_t on_body(struct tk_call *call, const char *data, size_t len)
{
    struct tk_mailbox_call_slot *s = of_call(call);
    uint32_t before = tk_mailbox_lock(s->box);
    struct ask *ask = asked(s);
    size_t n = ask == NULL ? TK_TAKE_NONE : take_body(ask, data, len);
    bool is_ready = ask != NULL && ask->ready;

    tk_mailbox_unlock(s->box, before);
    if (is_ready)
        tk_mailbox_signal(s->box, &s->slot);
    return n;
}

static void on_done(struct tk_call *call, const struct tk_call_result *result)
{
    deliver(of_call(call), result);
}

/* In the critical section: copies what the keeper may use after the task has left. */
static void copy_ask(struct tk_mailbox_call_slot *s, struct ask *ask)
{
    const struct tk_mailbox_call *call = ask->call;

    ask->is_started = true;
    (void)tk_copy(s->ref, sizeof s->ref, call->ref == NULL ? "" : call->ref);
    (void)tk_copy(s->method, sizeof s->method, call->method);
    s->call = (struct tk_call){.ref = s->ref,
                               .method = s->method,
                               .user = call->user,
                               .only_reads = call->only_reads,
                               .timeout_ms = *ask->left_ms - tk_mailbox_spare(*ask->left_ms),
                               .id_key = call->id_key,
                               .produce = produce,
                               .body_len = ask->body_len,
                               .on_body = call->buf == NULL ? NULL : on_body,
                               .done = on_done};
}

static void start(struct tk_mailbox *box, struct tk_mailbox_call_slot *s)
{
    struct tk_call_result result = {.outcome = TK_CALL_NOT_SENT};

    s->is_active = true;
    result.err = tk_call_start(box->keeper, &s->call);
    if (result.err != TK_OK)
        deliver(s, &result);
}

/* Ends the call, if the keeper has it: its task has left, or the mailbox is closed. */
static void end(struct tk_mailbox *box, struct tk_mailbox_call_slot *s)
{
    struct tk_call_result result = {.err = TK_E_CANCELLED,
                                    .outcome = s->is_active ? TK_CALL_UNKNOWN : TK_CALL_NOT_SENT};

    tk_call_cancel(box->keeper, &s->call);
    deliver(s, &result);
}

enum next { START, RESUME, END, NOTHING };

/* In the critical section. */
static enum next next_of(const struct tk_mailbox *box, struct tk_mailbox_call_slot *s)
{
    struct ask *ask = asked(s);

    if (s->slot.state == TK_SLOT_LEFT)
        return END;
    if (ask == NULL || ask->done)
        return NOTHING;
    if (box->closed)
        return END;
    if (!ask->is_started) {
        copy_ask(s, ask);
        return START;
    }
    return ask->is_read ? RESUME : NOTHING;
}

static void serve(struct tk_mailbox *box, struct tk_mailbox_post *post)
{
    struct tk_mailbox_call_slot *s = TK_CONTAINER_OF(post, struct tk_mailbox_call_slot, slot.post);
    uint32_t before = tk_mailbox_lock(box);
    enum next next = next_of(box, s);

    if (next == RESUME)
        ((struct ask *)s->slot.ask)->is_read = false;
    tk_mailbox_unlock(box, before);
    if (next == START)
        start(box, s);
    else if (next == RESUME)
        tk_call_resume(box->keeper, &s->call);
    else if (next == END)
        end(box, s);
}

void tk_mailbox_add_call_slots(struct tk_mailbox *box, struct tk_mailbox_call_slot *slots,
                               unsigned count)
{
    TK_ASSERT(box->hooks->wait != NULL && box->hooks->signal != NULL);
    for (unsigned i = 0; i < count; i++) {
        memset(&slots[i], 0, sizeof slots[i]);
        slots[i].box = box;
        tk_mailbox_add_slot(box, TK_POOL_CALLS, &slots[i].slot, serve);
    }
}

/* --- task --- */

/* Passes on a part of buf. Returns false if the task wants no more. */
static bool pass_on(const struct ask *ask, size_t from, size_t to)
{
    struct tk_mailbox_call *call = ask->call;

    return call->on_body == NULL || from == to || call->on_body(call, call->buf + from, to - from);
}

/* Passes on what has come since *from, outside of the critical section, in which the main loop
 * appends. A buffer that was read to its end is filled from its beginning. */
static bool read_more(struct tk_mailbox *box, struct tk_mailbox_slot *slot, struct ask *ask,
                      size_t *from, bool *done)
{
    uint32_t before = tk_mailbox_lock(box);
    size_t to = ask->fill;

    *done = ask->done;
    ask->ready = false;
    tk_mailbox_unlock(box, before);
    bool goes_on = pass_on(ask, *from, to);

    before = tk_mailbox_lock(box);
    bool is_empty = ask->call->on_body != NULL && ask->fill == to;
    bool resumes = is_empty && ask->is_paused;

    *from = is_empty ? 0 : to;
    if (is_empty)
        ask->fill = 0;
    ask->is_read |= resumes;
    ask->is_paused &= !resumes;
    tk_mailbox_unlock(box, before);
    if (resumes)
        tk_mailbox_notify(box, slot);
    return goes_on;
}

static void wait_for_answer(struct tk_mailbox *box, struct tk_mailbox_slot *slot, struct ask *ask,
                            uint32_t left_ms)
{
    bool goes_on = true, done = false;
    size_t from = 0;

    while (goes_on && !done && tk_mailbox_await(box, slot, &ask->ready, &left_ms))
        goes_on = read_more(box, slot, ask, &from, &done);
    done = tk_mailbox_leave(box, slot, &ask->done); /* from here on it is this task's alone */
    if (done && goes_on)
        goes_on = pass_on(ask, from, ask->fill);
    if (!done)
        ask->result = (struct tk_call_result){
            .err = TK_E_TIMEOUT, .outcome = ask->is_started ? TK_CALL_UNKNOWN : TK_CALL_NOT_SENT};
    if (!goes_on)
        ask->result.err = TK_E_CANCELLED;
    else if (done && ask->result.err == TK_OK && ask->is_cut)
        ask->result.err = TK_E_HTTP_TOO_LARGE;
}

static bool may_repeat(const struct tk_mailbox_call *call)
{
    return call->only_reads || tk_method_reads(call->method);
}

/* What is too long for a slot is no name of an account or a method. */
static enum tk_err check(const struct tk_mailbox_call *call)
{
    TK_ASSERT(call->method != NULL && (call->buf == NULL ? call->on_body == NULL : call->size > 0));
    if (call->ref != NULL && strlen(call->ref) > TK_NAME_MAX)
        return TK_E_NO_SUCH_REF;
    return tk_method_is_valid(call->method) ? TK_OK : TK_E_BAD_VALUE;
}

enum tk_err tk_mailbox_call(struct tk_mailbox *box, struct tk_mailbox_call *call,
                            uint32_t timeout_ms, struct tk_call_result *result)
{
    struct ask ask = {.call = call,
                      .left_ms = &timeout_ms,
                      .body_len = call->body == NULL ? 0 : (uint32_t)strlen(call->body)};
    struct tk_mailbox_slot *slot = NULL;

    ask.result = (struct tk_call_result){.err = check(call), .outcome = TK_CALL_NOT_SENT};
    if (ask.result.err == TK_OK)
        slot = tk_mailbox_take(box, TK_POOL_CALLS, &ask, &timeout_ms, &ask.result.err);
    if (slot != NULL)
        wait_for_answer(box, slot, &ask, timeout_ms);
    if (call->buf != NULL && call->on_body == NULL)
        call->buf[ask.fill] = '\0';
    if (ask.result.err == TK_E_TIMEOUT && ask.result.outcome == TK_CALL_UNKNOWN &&
        !may_repeat(call))
        ask.result.err = TK_E_UNKNOWN_OUTCOME;
    *result = ask.result;
    return result->err;
}
