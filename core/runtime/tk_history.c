/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_history.h"

#include "tk_assert.h"
#include "tk_keys.h"
#include "tk_le.h"
#include "tk_timer.h"
#include "tk_words.h"

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
 * TK_KEY_SECURITY: event 12 | event 12 | ... | zeros, the one that happened last at the end:
 *
 *      0      4      6                7         8     10      12
 *      | when | boot | type, UNIX_BIT | account | key | count |
 *
 * when: unix time if UNIX_BIT is set, else seconds since that start.
 * cause: hash of an error's code, since error numbers change between builds.
 */
#define UNIX_BIT 0x80

enum { WHEN = 0, BOOT = 4, TYPE = 6, ACCOUNT = 7, CAUSE = 8, KEY = 8, COUNT = 10 };

/* --- packing --- */

static uint32_t get(const uint8_t *p, int bytes)
{
    return (uint32_t)tk_le_get(p, bytes);
}

static uint8_t *event_at(struct tk_history *h, unsigned i)
{
    return h->data + 2 + i * TK_HISTORY_EVENT;
}

static uint8_t *security_at(struct tk_history *h, unsigned i)
{
    return h->security + i * TK_SECURITY_EVENT;
}

/* FNV-1a, folded to 16 bits. */
static uint16_t fnv(const char *s)
{
    uint32_t hash = 2166136261u;

    for (; *s != '\0'; s++)
        hash = (hash ^ (uint8_t)*s) * 16777619u;
    return (uint16_t)(hash ^ hash >> 16);
}

static uint16_t hash_of(enum tk_err err)
{
    char code[TK_ERR_CODE_MAX + 1];

    return fnv(tk_words_code(err, code));
}

uint16_t tk_history_hash(const char *word)
{
    uint16_t hash = fnv(word);

    return hash == 0 ? 1 : hash;
}

static enum tk_err error_of(uint32_t hash)
{
    enum tk_err err = TK_OK;

    while (err < TK_E_COUNT && hash_of(err) != hash)
        err++;
    return err;
}

static uint32_t uptime(const struct tk_history *h)
{
    return tk_seconds_until(tk_clock_now_ms(h->time->port), h->started_ms);
}

/* --- events --- */

void tk_history_init(struct tk_history *h, const struct tk_time *time, uint64_t started_ms)
{
    *h = (struct tk_history){.time = time, .started_ms = started_ms};
}

/* Writes time, start, type and account of an event. */
static void stamp(const struct tk_history *h, uint8_t *p, unsigned type, uint8_t account)
{
    int64_t now_unix = tk_time_or_0(h->time);

    tk_le_put(p + WHEN, now_unix > 0 ? (uint32_t)now_unix : uptime(h), 4);
    tk_le_put(p + BOOT, tk_history_boots(h), 2);
    p[TYPE] = (uint8_t)(type | (now_unix > 0 ? UNIX_BIT : 0));
    p[ACCOUNT] = account;
}

void tk_history_add(struct tk_history *h, enum tk_event_type type, uint8_t account, uint8_t level,
                    enum tk_err cause)
{
    TK_ASSERT(type < 16 && level < 8);
    if (h->count == TK_HISTORY)
        memmove(event_at(h, 0), event_at(h, 1), --h->count * (size_t)TK_HISTORY_EVENT);
    uint8_t *p = event_at(h, h->count++);

    stamp(h, p, (unsigned)type | (unsigned)level << 4, account);
    tk_le_put(p + CAUSE, hash_of(cause), 2);
    h->unstored = true;
}

/* The index of the same event; security_count if there is none. */
static unsigned find_security(struct tk_history *h, unsigned type, uint8_t account, uint16_t key)
{
    unsigned i = 0;

    for (; i < h->security_count; i++) {
        const uint8_t *p = security_at(h, i);

        if ((p[TYPE] & ~UNIX_BIT) == type && p[ACCOUNT] == account && get(p + KEY, 2) == key)
            break;
    }
    return i;
}

/* It moves to the end of the ring. */
void tk_history_add_security(struct tk_history *h, enum tk_security_type type, uint8_t account,
                             const char *key)
{
    uint16_t hash = key == NULL ? 0 : tk_history_hash(key);
    unsigned at = find_security(h, type, account, hash);
    uint32_t count = 0;
    uint8_t *last;

    if (at < h->security_count)
        count = get(security_at(h, at) + COUNT, 2);
    else if (at == TK_SECURITY)
        at = 0;
    else
        h->security_count++;
    last = security_at(h, h->security_count - 1u);
    memmove(security_at(h, at), security_at(h, at + 1), (size_t)(last - security_at(h, at)));
    stamp(h, last, type, account);
    tk_le_put(last + KEY, hash, 2);
    tk_le_put(last + COUNT, count + (count < UINT16_MAX), 2);
    h->security_unstored = true;
}

/* size: of an event. True if one was changed. */
static bool forget(uint8_t *p, unsigned count, size_t size, uint8_t account)
{
    bool changed = false;

    for (; count > 0; count--, p += size) {
        if (p[ACCOUNT] != account)
            continue;
        p[ACCOUNT] = TK_NO_ACCOUNT;
        changed = true;
    }
    return changed;
}

void tk_history_forget_account(struct tk_history *h, uint8_t account)
{
    if (forget(event_at(h, 0), h->count, TK_HISTORY_EVENT, account))
        h->unstored = true;
    if (forget(h->security, h->security_count, TK_SECURITY_EVENT, account))
        h->security_unstored = true;
}

static bool set_time(const struct tk_history *h, uint8_t *p, unsigned count, size_t size,
                     int64_t now_unix)
{
    bool changed = false;

    for (; count > 0; count--, p += size) {
        if ((p[TYPE] & UNIX_BIT) != 0 || get(p + BOOT, 2) != tk_history_boots(h))
            continue;
        tk_le_put(p + WHEN, (uint32_t)(now_unix - (uptime(h) - get(p + WHEN, 4))), 4);
        p[TYPE] |= UNIX_BIT;
        changed = true;
    }
    return changed;
}

void tk_history_set_time(struct tk_history *h, int64_t now_unix)
{
    if (set_time(h, event_at(h, 0), h->count, TK_HISTORY_EVENT, now_unix))
        h->unstored = true;
    if (set_time(h, h->security, h->security_count, TK_SECURITY_EVENT, now_unix))
        h->security_unstored = true;
}

uint16_t tk_history_boots(const struct tk_history *h)
{
    return (uint16_t)get(h->data, 2);
}

/* What both kinds of events have. */
static void unpack(const uint8_t *p, struct tk_event *event)
{
    *event = (struct tk_event){.when = get(p + WHEN, 4),
                               .is_unix = (p[TYPE] & UNIX_BIT) != 0,
                               .account = p[ACCOUNT],
                               .boot = (uint16_t)get(p + BOOT, 2)};
}

void tk_history_get(const struct tk_history *h, unsigned i, struct tk_event *event)
{
    const uint8_t *p = h->data + 2 + i * TK_HISTORY_EVENT;

    TK_ASSERT(i < h->count);
    unpack(p, event);
    event->type = p[TYPE] & 15;
    event->level = p[TYPE] >> 4 & 7;
    event->cause = error_of(get(p + CAUSE, 2));
}

void tk_history_get_security(const struct tk_history *h, unsigned i, struct tk_event *event)
{
    const uint8_t *p = h->security + i * TK_SECURITY_EVENT;

    TK_ASSERT(i < h->security_count);
    unpack(p, event);
    event->type = p[TYPE] & (UNIX_BIT - 1);
    event->key = (uint16_t)get(p + KEY, 2);
    event->count = (uint16_t)get(p + COUNT, 2);
}

/* --- on flash --- */

static bool load_security(struct tk_history *h, struct tk_store *store)
{
    int len = tk_store_get(store, TK_KEY_SECURITY, h->security, sizeof h->security);

    if (len != (int)sizeof h->security)
        memset(h->security, 0, sizeof h->security);
    while (h->security_count < TK_SECURITY && security_at(h, h->security_count)[TYPE] != 0)
        h->security_count++;
    return len < 0 || len == (int)sizeof h->security;
}

bool tk_history_load(struct tk_history *h, struct tk_store *store)
{
    int len = tk_store_get(store, TK_KEY_HISTORY, h->data, sizeof h->data);
    bool is_whole = len < 0 || len % TK_HISTORY_EVENT == 2;

    if (len < 0 || !is_whole) /* missing, damaged, or longer: of a build with more events */
        memset(h->data, 0, sizeof h->data);
    while (h->count < TK_HISTORY && event_at(h, h->count)[TYPE] != 0)
        h->count++;
    tk_le_put(h->data, tk_history_boots(h) + 1u, 2);
    is_whole &= load_security(h, store);
    tk_history_add(h, TK_EVENT_STARTED, TK_NO_ACCOUNT, 0, TK_OK);
    return is_whole;
}

size_t tk_history_values(struct tk_history *h, struct tk_store_value *values,
                         struct tk_store_piece *pieces)
{
    size_t count = 0;

    if (h->unstored) {
        pieces[count] = (struct tk_store_piece){h->data, sizeof h->data};
        values[count] = (struct tk_store_value){TK_KEY_HISTORY, 1, &pieces[count]};
        count++;
    }
    if (h->security_unstored) {
        pieces[count] = (struct tk_store_piece){h->security, sizeof h->security};
        values[count] = (struct tk_store_value){TK_KEY_SECURITY, 1, &pieces[count]};
        count++;
    }
    return count;
}

void tk_history_stored(struct tk_history *h)
{
    h->unstored = h->security_unstored = false;
}
