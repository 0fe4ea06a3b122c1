/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_alert_record.h"

#include "tk_container.h"
#include "tk_le.h"
#include "tk_words.h"

#include <string.h>

#define RETRY_MS 60000

/* Offsets of the stored record: level | delivered, sent << 4 | clear_pending, recurrences << 1 |
 * since, 8 bytes little-endian | the code of the cause with its NUL, because error numbers change
 * from build to build. */
enum {
    LEVEL = 0,
    SENT = 1,
    PENDING = 2,
    SINCE = 3,
    CAUSE = 11,
    SIZE = CAUSE + TK_ERR_CODE_MAX + 1
};

static size_t pack(const struct tk_alert_record *r, uint8_t buf[SIZE])
{
    buf[LEVEL] = r->level;
    buf[SENT] = (uint8_t)(r->delivered | r->sent << 4);
    buf[PENDING] = (uint8_t)(r->clear_pending | r->recurrences << 1);
    tk_le_put(buf + SINCE, (uint64_t)r->since, 8);
    return CAUSE + strlen(tk_words_code((enum tk_err)r->cause, (char *)buf + CAUSE)) + 1;
}

/* False, with *r cleared, if no build stores such a record. */
static bool unpack(struct tk_alert_record *r, const uint8_t buf[SIZE])
{
    r->level = buf[LEVEL];
    r->delivered = buf[SENT] & 15;
    r->sent = buf[SENT] >> 4;
    r->clear_pending = buf[PENDING] & 1;
    r->recurrences = buf[PENDING] >> 1;
    r->since = (int64_t)tk_le_get(buf + SINCE, 8);
    r->cause = (uint8_t)tk_words_err((const char *)buf + CAUSE);
    if (r->level <= TK_ALERT_LEVEL_MAX && r->delivered <= TK_ALERT_LEVEL_MAX &&
        r->sent <= TK_ALERT_LEVEL_MAX && tk_is_unix_time(r->since))
        return true;
    memset(r, 0, sizeof *r);
    return false;
}

static uint16_t key_of(const struct tk_alert *alert)
{
    return tk_account_key(alert->account->index, TK_KEY_ESCALATION);
}

static void store_due(struct tk_timer *timer, uint64_t now_ms)
{
    (void)now_ms;
    tk_alert_record_store(TK_CONTAINER_OF(timer, struct tk_alert, store_timer));
}

void tk_alert_record_load(struct tk_alert *alert)
{
    struct tk_storage *storage = &alert->all->rt->storage;
    uint8_t buf[SIZE] = {0};
    int len = tk_storage_get(storage, key_of(alert), buf, sizeof buf);

    tk_timer_init(&alert->store_timer, store_due);
    if (!tk_store_found(len))
        return;
    if (len <= CAUSE || buf[len - 1] != '\0' || !unpack(&alert->record, buf))
        tk_storage_reject(storage, key_of(alert));
}

void tk_alert_record_store(struct tk_alert *alert)
{
    struct tk_runtime *rt = alert->all->rt;
    uint8_t buf[SIZE];
    size_t len = pack(&alert->record, buf);
    bool open = alert->record.level > 0 || alert->record.clear_pending;
    enum tk_err err = tk_storage_put(&rt->storage, key_of(alert), buf, open ? len : 0);

    if (err == TK_OK)
        tk_timer_stop(&rt->timers, &alert->store_timer);
    else
        tk_timer_start(&rt->timers, &alert->store_timer, tk_runtime_now(rt) + RETRY_MS);
}

void tk_alert_record_cancel(struct tk_alert *alert)
{
    tk_timer_stop(&alert->all->rt->timers, &alert->store_timer);
}
