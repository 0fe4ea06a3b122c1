/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_escalate_record.h"

#include "tk_container.h"
#include "tk_le.h"

#define RETRY_MS 60000

/* level 1 | delivered, sent << 4 1 | cleared, returns << 1 1 | since 8, little-endian | the cause's
 * code with its NUL: error numbers change between builds */
enum { LEVEL = 0, DELIVERED = 1, CLEARED = 2, SINCE = 3, CAUSE = 11, SIZE = CAUSE + 24 };

static size_t pack(const struct tk_escalation_record *r, uint8_t buf[SIZE])
{
    struct tk_text cause;

    buf[LEVEL] = r->level;
    buf[DELIVERED] = (uint8_t)(r->delivered | r->sent << 4);
    buf[CLEARED] = (uint8_t)(r->cleared | r->returns << 1);
    tk_le_put(buf + SINCE, (uint64_t)r->since, 8);
    tk_text_init(&cause, (char *)buf + CAUSE, SIZE - CAUSE);
    tk_text_add(&cause, tk_err_code((enum tk_err)r->cause));
    return CAUSE + cause.len + 1;
}

static void unpack(struct tk_escalation_record *r, const uint8_t buf[SIZE])
{
    r->level = buf[LEVEL];
    r->delivered = buf[DELIVERED] & 15;
    r->sent = buf[DELIVERED] >> 4;
    r->cleared = buf[CLEARED] & 1;
    r->returns = buf[CLEARED] >> 1;
    r->since = (int64_t)tk_le_get(buf + SINCE, 8);
    r->cause = (uint8_t)tk_err_from_code((const char *)buf + CAUSE);
}

static uint8_t key_of(const struct tk_escalation *e)
{
    return tk_account_key(e->account->index, TK_KEY_ESCALATION);
}

static void store_again(struct tk_timer *timer, uint64_t now_ms)
{
    (void)now_ms;
    tk_escalate_record_store(TK_CONTAINER_OF(timer, struct tk_escalation, store_timer));
}

void tk_escalate_record_load(struct tk_escalation *e)
{
    uint8_t buf[SIZE] = {0};

    tk_timer_init(&e->store_timer, store_again);
    if (tk_storage_get(&e->all->rt->storage, key_of(e), buf, sizeof buf - 1) > CAUSE)
        unpack(&e->record, buf);
}

void tk_escalate_record_store(struct tk_escalation *e)
{
    struct tk_runtime *rt = e->all->rt;
    uint8_t buf[SIZE];
    size_t len = pack(&e->record, buf);
    bool open = e->record.level > 0 || e->record.cleared;
    enum tk_err err = tk_storage_put(&rt->storage, key_of(e), buf, open ? len : 0);

    if (err == TK_OK)
        tk_timer_stop(&rt->timers, &e->store_timer);
    else
        tk_timer_start(&rt->timers, &e->store_timer, tk_runtime_now(rt) + RETRY_MS);
}

void tk_escalate_record_cancel(struct tk_escalation *e)
{
    tk_timer_stop(&e->all->rt->timers, &e->store_timer);
}
