/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_history.h"

#include "tk_assert.h"
#include "tk_keys.h"
#include "tk_le.h"

#include <string.h>

/*
 * TK_KEY_HISTORY: starts 2 | event 10 | event 10 | ... | zeros, the oldest event first. Its size is
 * constant: once it fits the store, it always does.
 *
 * An event, little-endian:
 *
 *      0      4      6                            7         8
 *      | when | boot | type, level << 4, UNIX_BIT | account | cause |
 *
 * when: unix time if UNIX_BIT is set, else seconds since that start.
 * cause: hash of an error's code, since error numbers change between builds.
 */
#define UNIX_BIT 0x80

enum { WHEN = 0, BOOT = 4, TYPE = 6, ACCOUNT = 7, CAUSE = 8 };

/* --- packing --- */

static uint32_t get(const uint8_t *p, int bytes)
{
    return (uint32_t)tk_le_get(p, bytes);
}

static uint8_t *event_at(struct tk_history *h, unsigned i)
{
    return h->data + 2 + i * TK_HISTORY_EVENT;
}

/* FNV-1a of the code, folded to 16 bits. */
static uint16_t hash_of(enum tk_err err)
{
    uint32_t hash = 2166136261u;

    for (const char *s = tk_err_code(err); *s != '\0'; s++)
        hash = (hash ^ (uint8_t)*s) * 16777619u;
    return (uint16_t)(hash ^ hash >> 16);
}

static const char *code_of(uint32_t hash)
{
    for (int err = 0; err < TK_E_COUNT; err++) {
        if (hash_of((enum tk_err)err) == hash)
            return tk_err_code((enum tk_err)err);
    }
    return "unknown";
}

static uint32_t uptime(const struct tk_history *h)
{
    return (uint32_t)((tk_clock_now_ms(h->time->port) - h->started_ms) / 1000);
}

/* --- events --- */

void tk_history_init(struct tk_history *h, const struct tk_time *time, uint64_t started_ms)
{
    *h = (struct tk_history){.time = time, .started_ms = started_ms};
}

void tk_history_add(struct tk_history *h, enum tk_event_type type, uint8_t account, uint8_t level,
                    enum tk_err cause)
{
    int64_t now_unix = tk_time_or_0(h->time);

    TK_ASSERT(type < 16 && level < 8);
    if (h->count == TK_HISTORY)
        memmove(event_at(h, 0), event_at(h, 1), --h->count * (size_t)TK_HISTORY_EVENT);
    uint8_t *p = event_at(h, h->count++);

    tk_le_put(p + WHEN, now_unix > 0 ? (uint32_t)now_unix : uptime(h), 4);
    tk_le_put(p + BOOT, tk_history_boots(h), 2);
    p[TYPE] = (uint8_t)(type | level << 4 | (now_unix > 0 ? UNIX_BIT : 0));
    p[ACCOUNT] = account;
    tk_le_put(p + CAUSE, hash_of(cause), 2);
    h->unstored = true;
}

void tk_history_forget_account(struct tk_history *h, uint8_t account)
{
    for (unsigned i = 0; i < h->count; i++) {
        uint8_t *p = event_at(h, i);

        if (p[ACCOUNT] == account) {
            p[ACCOUNT] = TK_NO_ACCOUNT;
            h->unstored = true;
        }
    }
}

void tk_history_set_time(struct tk_history *h, int64_t now_unix)
{
    for (unsigned i = 0; i < h->count; i++) {
        uint8_t *p = event_at(h, i);

        if ((p[TYPE] & UNIX_BIT) != 0 || get(p + BOOT, 2) != tk_history_boots(h))
            continue;
        tk_le_put(p + WHEN, (uint32_t)(now_unix - (uptime(h) - get(p + WHEN, 4))), 4);
        p[TYPE] |= UNIX_BIT;
        h->unstored = true;
    }
}

uint16_t tk_history_boots(const struct tk_history *h)
{
    return (uint16_t)get(h->data, 2);
}

void tk_history_get(const struct tk_history *h, unsigned i, struct tk_event *event)
{
    const uint8_t *p = h->data + 2 + i * TK_HISTORY_EVENT;

    TK_ASSERT(i < h->count);
    *event = (struct tk_event){.when = get(p + WHEN, 4),
                               .is_unix = (p[TYPE] & UNIX_BIT) != 0,
                               .type = p[TYPE] & 15,
                               .account = p[ACCOUNT],
                               .level = p[TYPE] >> 4 & 7,
                               .boot = (uint16_t)get(p + BOOT, 2),
                               .cause = code_of(get(p + CAUSE, 2))};
}

/* --- on flash --- */

bool tk_history_load(struct tk_history *h, struct tk_store *store)
{
    int len = tk_store_get(store, TK_KEY_HISTORY, h->data, sizeof h->data);
    bool is_whole = len < 0 || len % TK_HISTORY_EVENT == 2;

    if (len < 0 || !is_whole) /* missing, damaged, or longer: of a build with more events */
        memset(h->data, 0, sizeof h->data);
    while (h->count < TK_HISTORY && event_at(h, h->count)[TYPE] != 0)
        h->count++;
    tk_le_put(h->data, tk_history_boots(h) + 1u, 2);
    tk_history_add(h, TK_EVENT_STARTED, TK_NO_ACCOUNT, 0, TK_OK);
    return is_whole;
}

bool tk_history_value(struct tk_history *h, struct tk_store_value *value,
                      struct tk_store_piece *piece)
{
    *piece = (struct tk_store_piece){h->data, sizeof h->data};
    *value = (struct tk_store_value){TK_KEY_HISTORY, 1, piece};
    return h->unstored;
}

void tk_history_stored(struct tk_history *h)
{
    h->unstored = false;
}
