/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HISTORY_H
#define TK_HISTORY_H

/*
 * The device's last events, over restarts: a ring of 10 bytes each without any secret, stored as
 * one value.
 *
 * It costs no commit of its own: new events are stored by the next commit that happens anyway (see
 * tk_storage.h). Escalations, exchanges and moves commit something themselves; a start is stored
 * by the first refresh after it, so a device that restarts in a loop wears nothing out, and those
 * starts are not counted.
 *
 * An event carries unix time, or seconds since the start while the time is unknown; the latter
 * become unix time as soon as it is known.
 */

#include "tk_err.h"
#include "tk_limits.h"
#include "tk_store.h"
#include "tk_time.h"

/* On flash for good: add numbers, never change one. */
enum tk_event_type {
    TK_EVENT_STARTED = 1,   /* the device */
    TK_EVENT_EXCHANGED = 2, /* a code became a pair */
    TK_EVENT_FORGOTTEN = 3, /* auth forget */
    TK_EVENT_RAISED = 4,    /* an escalation to level 2 to 4; level 1 is not recorded */
    TK_EVENT_CLEARED = 5,   /* of such an escalation */
    TK_EVENT_RECOVERED = 6, /* the previous pair was still honoured after a lost answer */
    TK_EVENT_MOVED = 7      /* the portal has another address */
};

enum {
    TK_HISTORY_EVENT = 10, /* bytes of one */
    TK_HISTORY_SIZE = 2 + TK_HISTORY_EVENT * TK_HISTORY,
    TK_NO_ACCOUNT = 0xff
};

struct tk_history {
    const struct tk_time *time;
    uint64_t started_ms;
    uint8_t count; /* of events */
    bool unstored; /* flash does not have all of them */
    uint8_t
        data[TK_HISTORY_SIZE]; /* as on flash: the count of starts, events oldest first, zeros;
                                  of constant size, so that a value that fits once always does */
};

struct tk_event {
    uint32_t when; /* unix time if is_unix, else seconds since that start */
    bool is_unix;
    uint8_t type;    /* enum tk_event_type; another number comes from newer firmware */
    uint8_t account; /* index, or TK_NO_ACCOUNT */
    uint8_t level;   /* of TK_EVENT_RAISED, else 0 */
    uint16_t boot;
    const char *cause; /* an error's code; "unknown" for one of another build */
};

void tk_history_init(struct tk_history *h, const struct tk_time *time, uint64_t started_ms);

/* Reads the stored events, and adds this start. */
void tk_history_load(struct tk_history *h, struct tk_store *store);

void tk_history_add(struct tk_history *h, enum tk_event_type type, uint8_t account, uint8_t level,
                    enum tk_err cause);

/* The account was removed: its events lose their account. */
void tk_history_orphan(struct tk_history *h, uint8_t account);

/* The time is known from now on. */
void tk_history_set_time(struct tk_history *h, int64_t now_unix);

/* The value to commit; false where nothing is new. Call tk_history_stored after the commit. */
bool tk_history_value(struct tk_history *h, struct tk_store_value *value,
                      struct tk_store_piece *piece);
void tk_history_stored(struct tk_history *h);

/* Event i of h->count, oldest first. */
void tk_history_get(const struct tk_history *h, unsigned i, struct tk_event *event);

/* Starts counted so far, this one included. */
uint16_t tk_history_boots(const struct tk_history *h);

#endif
