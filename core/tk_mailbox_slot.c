/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_mailbox_private.h"

#include "tk_assert.h"

uint32_t tk_mailbox_lock(const struct tk_mailbox *box)
{
    return box->hooks->lock(box->hooks->ctx);
}

void tk_mailbox_unlock(const struct tk_mailbox *box, uint32_t before)
{
    box->hooks->unlock(box->hooks->ctx, before);
}

static void wake(const struct tk_mailbox *box)
{
    box->hooks->wake(box->hooks->ctx);
}

static void give(const struct tk_mailbox *box, unsigned waiter)
{
    box->hooks->signal(box->hooks->ctx, waiter);
}

/* --- the queue --- */

/* In the critical section. Returns whether post was not queued yet. */
static bool append(struct tk_mailbox *box, struct tk_mailbox_post *post)
{
    if (post->queued || box->closed)
        return false;
    post->queued = true;
    post->next = NULL;
    if (box->first == NULL)
        box->first = post;
    else
        box->last->next = post;
    box->last = post;
    return true;
}

bool tk_mailbox_post(struct tk_mailbox *box, struct tk_mailbox_post *post)
{
    TK_ASSERT(post->run != NULL);
    uint32_t before = tk_mailbox_lock(box);
    bool queued = append(box, post);

    tk_mailbox_unlock(box, before);
    if (queued)
        wake(box);
    return queued;
}

static struct tk_mailbox_post *pop(struct tk_mailbox *box)
{
    uint32_t before = tk_mailbox_lock(box);
    struct tk_mailbox_post *post = box->first;

    if (post != NULL) {
        box->first = post->next;
        post->queued = false;
    }
    tk_mailbox_unlock(box, before);
    return post;
}

/* What is posted during a pass is for the next one, so that posts which post again do not keep the
 * main loop: `last` bounds it. */
void tk_mailbox_run(struct tk_mailbox *box)
{
    uint32_t before = tk_mailbox_lock(box);
    struct tk_mailbox_post *last = box->first == NULL ? NULL : box->last, *post;

    tk_mailbox_unlock(box, before);
    while (last != NULL && (post = pop(box)) != NULL) {
        post->run(box, post);
        if (post == last)
            break;
    }
}

/* --- slots --- */

/* In the critical section. Returns whether to signal a task that waits for it. */
static bool give_back(struct tk_mailbox *box, struct tk_mailbox_slot *slot)
{
    slot->ask = NULL;
    slot->state = TK_SLOT_FREE;
    slot->next_free = box->pools[slot->pool].free;
    box->pools[slot->pool].free = slot;
    return box->pools[slot->pool].waiting > 0;
}

void tk_mailbox_add_slot(struct tk_mailbox *box, unsigned pool, struct tk_mailbox_slot *slot,
                         void (*run)(struct tk_mailbox *box, struct tk_mailbox_post *post))
{
    *slot = (struct tk_mailbox_slot){
        .post.run = run, .next = box->slots, .waiter = box->waiters++, .pool = (uint8_t)pool};
    box->slots = slot;
    (void)give_back(box, slot);
}

void tk_mailbox_signal(const struct tk_mailbox *box, const struct tk_mailbox_slot *slot)
{
    give(box, slot->waiter);
}

void tk_mailbox_again(struct tk_mailbox *box, struct tk_mailbox_slot *slot)
{
    uint32_t before = tk_mailbox_lock(box);

    (void)append(box, &slot->post);
    tk_mailbox_unlock(box, before);
}

void tk_mailbox_release(struct tk_mailbox *box, struct tk_mailbox_slot *slot)
{
    uint32_t before = tk_mailbox_lock(box);
    bool is_wanted = slot->state == TK_SLOT_LEFT && give_back(box, slot);

    tk_mailbox_unlock(box, before);
    if (is_wanted)
        give(box, slot->pool);
}

/* In the critical section: a free slot is taken and queued. */
static struct tk_mailbox_slot *take_free(struct tk_mailbox *box, unsigned pool, void *ask)
{
    struct tk_mailbox_slot *slot = box->closed ? NULL : box->pools[pool].free;

    if (slot == NULL)
        return NULL;
    box->pools[pool].free = slot->next_free;
    slot->ask = ask;
    slot->state = TK_SLOT_ASKED;
    (void)append(box, &slot->post);
    return slot;
}

/* Two slots may become free before the first of two tasks wakes, and the semaphore counts to one:
 * that task passes it on. */
struct tk_mailbox_slot *tk_mailbox_take(struct tk_mailbox *box, unsigned pool, void *ask,
                                        uint32_t *left_ms, enum tk_err *err)
{
    const struct tk_mailbox_hooks *hooks = box->hooks;
    struct tk_mailbox_slot *slot;
    uint32_t before = tk_mailbox_lock(box);

    box->inside++;
    box->pools[pool].waiting++;
    while ((slot = take_free(box, pool, ask)) == NULL && !box->closed && *left_ms > 0) {
        tk_mailbox_unlock(box, before);
        *left_ms = hooks->wait(hooks->ctx, pool, *left_ms);
        before = tk_mailbox_lock(box);
    }
    box->pools[pool].waiting--;
    bool pass_on = box->pools[pool].waiting > 0 && (box->closed || box->pools[pool].free != NULL);
    bool is_last = false;

    if (slot == NULL) {
        *err = box->closed ? TK_E_CANCELLED : TK_E_BUSY;
        is_last = --box->inside == 0 && box->closed;
    }
    tk_mailbox_unlock(box, before);
    if (pass_on)
        give(box, pool);
    if (slot != NULL || is_last)
        wake(box);
    return slot;
}

bool tk_mailbox_await(struct tk_mailbox *box, const struct tk_mailbox_slot *slot, const bool *done,
                      uint32_t *left_ms)
{
    const struct tk_mailbox_hooks *hooks = box->hooks;

    for (;;) {
        uint32_t before = tk_mailbox_lock(box);
        bool is_done = *done;

        tk_mailbox_unlock(box, before);
        if (is_done || *left_ms == 0)
            return is_done;
        *left_ms = hooks->wait(hooks->ctx, slot->waiter, *left_ms);
    }
}

uint32_t tk_mailbox_spare(uint32_t timeout_ms)
{
    static const uint32_t longest_ms = 2000;

    return timeout_ms / 4 < longest_ms ? timeout_ms / 4 : longest_ms;
}

void tk_mailbox_notify(struct tk_mailbox *box, struct tk_mailbox_slot *slot)
{
    tk_mailbox_again(box, slot);
    wake(box);
}

bool tk_mailbox_leave(struct tk_mailbox *box, struct tk_mailbox_slot *slot, const bool *done)
{
    unsigned pool = slot->pool;
    uint32_t before = tk_mailbox_lock(box);
    bool is_done = *done, is_wanted = false;

    if (is_done) {
        is_wanted = give_back(box, slot);
    } else {
        slot->state = TK_SLOT_LEFT;
        (void)append(box, &slot->post);
    }
    bool is_last = --box->inside == 0 && box->closed;

    tk_mailbox_unlock(box, before);
    if (is_wanted)
        give(box, pool);
    if (!is_done || is_last)
        wake(box);
    return is_done;
}

/* --- beginning and end --- */

void tk_mailbox_init(struct tk_mailbox *box, struct tk_keeper *keeper,
                     const struct tk_mailbox_hooks *hooks)
{
    TK_ASSERT(hooks->lock != NULL && hooks->unlock != NULL && hooks->wake != NULL);
    *box = (struct tk_mailbox){.keeper = keeper, .hooks = hooks, .waiters = TK_MAILBOX_POOLS};
}

/* In the critical section. */
static bool begin_close(struct tk_mailbox *box)
{
    bool begins = !box->closed;

    for (; box->first != NULL; box->first = box->first->next)
        box->first->queued = false;
    box->closed = true;
    return begins;
}

bool tk_mailbox_close(struct tk_mailbox *box)
{
    uint32_t before = tk_mailbox_lock(box);
    bool begins = begin_close(box), is_empty = box->inside == 0;

    tk_mailbox_unlock(box, before);
    if (begins) {
        for (struct tk_mailbox_slot *slot = box->slots; slot != NULL; slot = slot->next)
            slot->post.run(box, &slot->post);
        for (unsigned pool = 0; pool < TK_MAILBOX_POOLS; pool++)
            give(box, pool);
    }
    return is_empty;
}
