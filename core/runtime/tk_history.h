/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HISTORY_H
#define TK_HISTORY_H

/*
 * The device's last TK_HISTORY events, kept over restarts. They hold no secret.
 *
 * The history makes no commit of its own: new events are stored with the next commit that is made
 * anyway (tk_storage.h), so a device that restarts in a loop does not wear out its flash. Alerts,
 * exchanges and moves are followed by a commit; a start is stored with the first refresh after it,
 * and not at all if the device restarts before that.
 *
 * Call from the main loop only.
 */

#include "tk_err.h"
#include "tk_limits.h"
#include "tk_store.h"
#include "tk_time.h"

/* Numbers are on flash for good: add new ones up to 15, never change one. */
enum tk_event_type {
    TK_EVENT_STARTED = 1,         /* the device started */
    TK_EVENT_EXCHANGED = 2,       /* a code was exchanged for a pair */
    TK_EVENT_FORGOTTEN = 3,       /* auth forget */
    TK_EVENT_RAISED = 4,          /* an alert of level 2 to 4; level 1 is not recorded */
    TK_EVENT_CLEARED = 5,         /* such an alert was cleared */
    TK_EVENT_RECOVERED = 6,       /* the previous pair was refreshed after a lost response */
    TK_EVENT_MOVED = 7,           /* the portal has a new host name */
    TK_EVENT_SECRET_PROMOTED = 8, /* client_secret_next became client_secret */
    TK_EVENT_CORRUPT = 9          /* a stored value was rejected; see tk_storage_reject */
};

enum {
    TK_HISTORY_EVENT = 10, /* bytes of an event */
    TK_HISTORY_SIZE = 2 + TK_HISTORY_EVENT * TK_HISTORY,
    TK_NO_ACCOUNT = 0xff
};

struct tk_history {
    const struct tk_time *time;
    uint64_t started_ms;
    uint8_t count;                 /* of events */
    bool unstored;                 /* not all of data is on flash */
    uint8_t data[TK_HISTORY_SIZE]; /* as stored, see tk_history.c */
};

/* An event, unpacked. */
struct tk_event {
    uint32_t when;     /* unix time if is_unix, else seconds since that start */
    bool is_unix;      /* false: the time was unknown until the next start */
    uint8_t type;      /* enum tk_event_type; any other number is from newer firmware */
    uint8_t account;   /* index of its slot, or TK_NO_ACCOUNT */
    uint8_t level;     /* of TK_EVENT_RAISED, else 0 */
    uint16_t boot;     /* number of that start */
    const char *cause; /* code of an error, a constant; "unknown": an error of other firmware */
};

/* An empty history. time must outlive h; started_ms is the tick of this start. */
void tk_history_init(struct tk_history *h, const struct tk_time *time, uint64_t started_ms);

/* Loads the stored events, and adds TK_EVENT_STARTED. False: what is stored is no history. */
bool tk_history_load(struct tk_history *h, struct tk_store *store);

/* Adds an event now; the oldest one is dropped if there are TK_HISTORY. level: 0 to 7. */
void tk_history_add(struct tk_history *h, enum tk_event_type type, uint8_t account, uint8_t level,
                    enum tk_err cause);

/* An account was deleted: its events get TK_NO_ACCOUNT. */
void tk_history_forget_account(struct tk_history *h, uint8_t account);

/* The time became known: converts the times of events of this start to unix time. */
void tk_history_set_time(struct tk_history *h, int64_t now_unix);

/* The value to add to a commit; it points into h and *piece. False if it is on flash already. Call
 * tk_history_stored after the commit. */
bool tk_history_value(struct tk_history *h, struct tk_store_value *value,
                      struct tk_store_piece *piece);
void tk_history_stored(struct tk_history *h);

/* Unpacks event i, from 0 (the oldest) to h->count - 1. */
void tk_history_get(const struct tk_history *h, unsigned i, struct tk_event *event);

/* The number of starts, with this one. */
uint16_t tk_history_boots(const struct tk_history *h);

#endif
