/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HISTORY_H
#define TK_HISTORY_H

/*
 * The last things that happened on this device, over restarts: a ring of a few bytes each, without
 * any secret, one value of the store.
 *
 * It costs no commit of its own: what is new rides in the next one that happens anyway. An
 * escalation's edge, an exchange and a move are commits themselves; a start is kept by the first
 * refresh after it, so that a board which starts over and over wears nothing out, and does not
 * count those starts.
 *
 * An event is stamped with unix time; with seconds since its start while the time is unknown, which
 * become unix time once it is known before power goes.
 */

#include "tk_err.h"
#include "tk_limits.h"
#include "tk_store.h"
#include "tk_text.h"

struct tk_keeper;

/* On flash for good: numbers are added, never changed. */
enum tk_event_type {
    TK_EVENT_STARTED = 1,   /* the device */
    TK_EVENT_EXCHANGED = 2, /* a code became a pair */
    TK_EVENT_FORGOTTEN = 3, /* auth forget */
    TK_EVENT_RAISED = 4,    /* an escalation to level 2 to 4; below that it is nobody's business */
    TK_EVENT_CLEARED = 5,   /* one of these */
    TK_EVENT_RECOVERED = 6, /* the pair before the newest one was honoured yet */
    TK_EVENT_MOVED = 7      /* the portal has another address */
};

enum { TK_HISTORY_EVENT = 10, TK_HISTORY_SIZE = 2 + TK_HISTORY_EVENT * TK_HISTORY };

struct tk_history {
    uint8_t data[TK_HISTORY_SIZE]; /* as on flash: starts counted, then events, oldest first, then
                                      0: what is kept never grows, so what fits flash goes on to */
    uint8_t count;                 /* of events */
    bool unstored;                 /* flash has not all of them */
};

/* Reads it, and adds this start. */
void tk_history_load(struct tk_keeper *k);

/* account: its index. level: of TK_EVENT_RAISED, else 0. */
void tk_history_add(struct tk_keeper *k, enum tk_event_type what, uint8_t account, uint8_t level,
                    enum tk_err cause);

/* The account is no more: what happened to it is said of nobody. */
void tk_history_orphan(struct tk_keeper *k, uint8_t account);

/* The time is known from now on. */
void tk_history_time(struct tk_keeper *k, int64_t now_unix);

/* Its value, to ride in a commit; false where there is nothing new. After that commit:
 * tk_history_stored. */
bool tk_history_value(struct tk_history *h, struct tk_store_value *value,
                      struct tk_store_piece *piece);
void tk_history_stored(struct tk_history *h);

/* Event i, oldest 0: unix=1795000000 boot=3 event=raised ref=token level=2 cause=timeout */
void tk_history_text(const struct tk_keeper *k, unsigned i, struct tk_text *t);
uint16_t tk_history_boots(const struct tk_history *h);

#endif
