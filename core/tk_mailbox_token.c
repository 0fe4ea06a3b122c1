/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_mailbox_private.h"

#include "tk_assert.h"
#include "tk_container.h"
#include "tk_wipe.h"

#include <string.h>

/* What a task asks. */
struct ask {
    bool done; /* it has its answer */
    bool last; /* its timeout is near */
    const char *ref;
    uint32_t min_valid_s;
    uint32_t rejected; /* generation; 0: a token is asked for */
    uint32_t wait_s;
    char *buf;
    size_t size;
    enum tk_token_answer answer;
    struct tk_token_info info;
};

/* Copies what is asked. Returns false if the task has left. */
static bool read_ask(const struct tk_mailbox *box, const struct tk_mailbox_slot *slot,
                     struct ask *ask, char ref[TK_NAME_MAX + 1])
{
    uint32_t before = tk_mailbox_lock(box);
    bool is_asked = slot->state == TK_SLOT_ASKED;

    if (is_asked) {
        *ask = *(const struct ask *)slot->ask;
        strcpy(ref, ask->ref);
    }
    tk_mailbox_unlock(box, before);
    return is_asked;
}

/* Hands the answer over, unless the task has left. */
static void deliver(struct tk_mailbox *box, struct tk_mailbox_slot *slot, const struct ask *answer)
{
    uint32_t before = tk_mailbox_lock(box);
    struct ask *ask = slot->state == TK_SLOT_ASKED ? slot->ask : NULL;

    if (ask != NULL) {
        ask->answer = answer->answer;
        ask->info = answer->info;
        ask->wait_s = answer->wait_s;
        ask->done = answer->answer != TK_TOKEN_WAIT;
        if (answer->answer == TK_TOKEN_VALUE && ask->rejected == 0)
            strcpy(ask->buf, box->token);
    }
    tk_mailbox_unlock(box, before);
    if (ask == NULL)
        tk_mailbox_release(box, slot);
    else if (answer->answer == TK_TOKEN_WAIT)
        tk_mailbox_again(box, slot);
    else
        tk_mailbox_signal(box, slot);
}

/* Main loop. A token that is waited for is asked for again in the next pass. */
static void serve(struct tk_mailbox *box, struct tk_mailbox_post *post)
{
    struct tk_mailbox_slot *slot = TK_CONTAINER_OF(post, struct tk_mailbox_slot, post);
    char ref[TK_NAME_MAX + 1];
    struct ask a;

    if (!read_ask(box, slot, &a, ref)) {
        tk_mailbox_release(box, slot);
        return;
    }
    if (box->closed) {
        a.answer = TK_TOKEN_REFUSED;
        a.info = (struct tk_token_info){.err = TK_E_CANCELLED};
    } else if (a.rejected != 0) {
        a.answer = TK_TOKEN_VALUE;
        a.wait_s = tk_token_rejected(box->keeper, ref, a.rejected);
    } else {
        a.answer = (a.last ? tk_token_get_last : tk_token_get)(
            box->keeper, ref, a.min_valid_s, box->token,
            a.size < sizeof box->token ? a.size : sizeof box->token, &a.info);
    }
    deliver(box, slot, &a);
    tk_wipe(box->token, sizeof box->token);
}

/* Task. Returns whether it was answered; else a->info.err is why not. */
static bool ask_for(struct tk_mailbox *box, struct ask *a, uint32_t timeout_ms)
{
    uint32_t left_ms = timeout_ms;
    struct tk_mailbox_slot *slot = tk_mailbox_take(box, TK_POOL_TOKENS, a, &left_ms, &a->info.err);

    if (slot == NULL)
        return false;
    uint32_t spare_ms = tk_mailbox_spare(left_ms);

    left_ms -= spare_ms;
    if (!tk_mailbox_await(box, slot, &a->done, &left_ms) && spare_ms > 0) {
        uint32_t before = tk_mailbox_lock(box);

        a->last = true;
        tk_mailbox_unlock(box, before);
        tk_mailbox_notify(box, slot);
        (void)tk_mailbox_await(box, slot, &a->done, &spare_ms);
    }
    return tk_mailbox_leave(box, slot, &a->done);
}

static const char *name_of(const char *ref)
{
    return ref == NULL ? "" : ref;
}

enum tk_token_answer tk_mailbox_get(struct tk_mailbox *box, const char *ref, uint32_t min_valid_s,
                                    uint32_t timeout_ms, char *buf, size_t size,
                                    struct tk_token_info *info)
{
    TK_ASSERT(buf != NULL && info != NULL);
    struct ask a = {.ref = name_of(ref),
                    .min_valid_s = min_valid_s,
                    .buf = buf,
                    .size = size,
                    .answer = TK_TOKEN_WAIT};

    *info = (struct tk_token_info){.err = TK_E_NO_SUCH_REF};
    if (strlen(a.ref) > TK_NAME_MAX)
        return TK_TOKEN_REFUSED;
    bool answered = ask_for(box, &a, timeout_ms);

    *info = a.info;
    if (answered)
        return a.answer;
    if (info->err == TK_OK)
        info->err = TK_E_TRY_LATER;
    return info->err == TK_E_CANCELLED ? TK_TOKEN_REFUSED : TK_TOKEN_WAIT;
}

enum tk_err tk_mailbox_rejected(struct tk_mailbox *box, const char *ref, uint32_t generation,
                                uint32_t timeout_ms, uint32_t *wait_s)
{
    struct ask a = {.ref = name_of(ref), .rejected = generation};

    if (wait_s != NULL)
        *wait_s = 0;
    if (generation == 0 || strlen(a.ref) > TK_NAME_MAX)
        return TK_OK;
    if (!ask_for(box, &a, timeout_ms))
        return a.info.err == TK_OK ? TK_E_TRY_LATER : a.info.err;
    if (a.answer == TK_TOKEN_REFUSED)
        return a.info.err;
    if (wait_s != NULL)
        *wait_s = a.wait_s;
    return a.wait_s == 0 ? TK_OK : TK_E_TOO_SOON;
}

void tk_mailbox_add_slots(struct tk_mailbox *box, struct tk_mailbox_slot *slots, unsigned count)
{
    TK_ASSERT(box->hooks->wait != NULL && box->hooks->signal != NULL);
    for (unsigned i = 0; i < count; i++)
        tk_mailbox_add_slot(box, TK_POOL_TOKENS, &slots[i], serve);
}
