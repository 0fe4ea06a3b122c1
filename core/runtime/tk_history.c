/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_history.h"

#include "tk_keeper.h"
#include "tk_le.h"

#include <string.h>

#define KEY      9 /* among the keeper's own keys */
#define NOBODY   0xff
#define UNIX_BIT 0x80

/* when 4 | boot 2 | what, level << 4, UNIX_BIT 1 | account 1 | cause 2, little-endian */
enum { WHEN = 0, BOOT = 4, WHAT = 6, ACCOUNT = 7, CAUSE = 8 };

static uint32_t number(const uint8_t *p, int bytes)
{
    return (uint32_t)tk_le_get(p, bytes);
}

static uint8_t *event(struct tk_history *h, unsigned i)
{
    return h->data + 2 + i * TK_HISTORY_EVENT;
}

/* Numbers of errors change from build to build, their words do not: FNV-1a of the word, folded. */
static uint16_t mark_of(enum tk_err err)
{
    uint32_t hash = 2166136261u;

    for (const char *s = tk_err_code(err); *s != '\0'; s++)
        hash = (hash ^ (uint8_t)*s) * 16777619u;
    return (uint16_t)(hash ^ hash >> 16);
}

static const char *word_of(uint32_t mark)
{
    for (int err = 0; err < TK_E_COUNT; err++) {
        if (mark_of((enum tk_err)err) == mark)
            return tk_err_code((enum tk_err)err);
    }
    return "unknown";
}

static uint32_t uptime(const struct tk_keeper *k)
{
    return (uint32_t)((tk_keeper_now(k) - k->started_ms) / 1000);
}

void tk_history_add(struct tk_keeper *k, enum tk_event_type what, uint8_t account, uint8_t level,
                    enum tk_err cause)
{
    struct tk_history *h = &k->history;
    int64_t now = tk_time_or_0(&k->time);

    if (h->count == TK_HISTORY)
        memmove(event(h, 0), event(h, 1), --h->count * (size_t)TK_HISTORY_EVENT);
    uint8_t *p = event(h, h->count++);

    tk_le_put(p + WHEN, now > 0 ? (uint32_t)now : uptime(k), 4);
    tk_le_put(p + BOOT, tk_history_boots(h), 2);
    p[WHAT] = (uint8_t)(what | level << 4 | (now > 0 ? UNIX_BIT : 0));
    p[ACCOUNT] = account;
    tk_le_put(p + CAUSE, mark_of(cause), 2);
    h->unstored = true;
}

void tk_history_orphan(struct tk_keeper *k, uint8_t account)
{
    for (unsigned i = 0; i < k->history.count; i++) {
        uint8_t *p = event(&k->history, i);

        if (p[ACCOUNT] == account) {
            p[ACCOUNT] = NOBODY;
            k->history.unstored = true;
        }
    }
}

void tk_history_time(struct tk_keeper *k, int64_t now_unix)
{
    struct tk_history *h = &k->history;

    for (unsigned i = 0; i < h->count; i++) {
        uint8_t *p = event(h, i);

        if ((p[WHAT] & UNIX_BIT) != 0 || number(p + BOOT, 2) != tk_history_boots(h))
            continue;
        tk_le_put(p + WHEN, (uint32_t)(now_unix - (uptime(k) - number(p + WHEN, 4))), 4);
        p[WHAT] |= UNIX_BIT;
        h->unstored = true;
    }
}

void tk_history_load(struct tk_keeper *k)
{
    struct tk_history *h = &k->history;
    int len = tk_store_get(&k->store, KEY, h->data, sizeof h->data);

    if (len < 2) /* none, or of a build that kept more */
        memset(h->data, 0, sizeof h->data);
    while (h->count < TK_HISTORY && event(h, h->count)[WHAT] != 0)
        h->count++;
    tk_le_put(h->data, tk_history_boots(h) + 1u, 2);
    tk_history_add(k, TK_EVENT_STARTED, NOBODY, 0, TK_OK);
}

bool tk_history_value(struct tk_history *h, struct tk_store_value *value,
                      struct tk_store_piece *piece)
{
    *piece = (struct tk_store_piece){h->data, sizeof h->data};
    *value = (struct tk_store_value){KEY, 1, piece};
    return h->unstored;
}

void tk_history_stored(struct tk_history *h)
{
    h->unstored = false;
}

uint16_t tk_history_boots(const struct tk_history *h)
{
    return (uint16_t)number(h->data, 2);
}

/* --- as text --- */

static void add_number(struct tk_text *t, const char *key, uint32_t value)
{
    tk_text_add(t, key);
    tk_text_int(t, value);
}

static void add_account(const struct tk_keeper *k, uint8_t account, struct tk_text *t)
{
    bool known = account < TK_ACCOUNTS && k->accounts[account].used;

    tk_text_add(t, " ref=");
    tk_text_add(t, known ? k->accounts[account].name : "(removed)");
}

void tk_history_text(const struct tk_keeper *k, unsigned i, struct tk_text *t)
{
    static const char *const names[] = {"unknown", "started", "exchanged", "forgotten",
                                        "raised",  "cleared", "recovered", "moved"};
    const uint8_t *p = k->history.data + 2 + i * TK_HISTORY_EVENT;
    unsigned what = p[WHAT] & 15, level = p[WHAT] >> 4 & 7;

    add_number(t, (p[WHAT] & UNIX_BIT) != 0 ? "unix=" : "uptime=", number(p + WHEN, 4));
    add_number(t, " boot=", number(p + BOOT, 2));
    tk_text_add(t, " event=");
    tk_text_add(t, names[what < sizeof names / sizeof names[0] ? what : 0]);
    if (what != TK_EVENT_STARTED)
        add_account(k, p[ACCOUNT], t);
    if (level > 0)
        add_number(t, " level=", level);
    if (what == TK_EVENT_RAISED || what == TK_EVENT_CLEARED) {
        tk_text_add(t, " cause=");
        tk_text_add(t, word_of(number(p + CAUSE, 2)));
    }
}
