/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HISTORY_H
#define TK_HISTORY_H

/*
 * The device's last TK_HISTORY events, kept over restarts, and in a ring of their own its last
 * TK_SECURITY kinds of security events: what operators changed, and what was refused. They hold no
 * secret and no value. A security event that is repeated is counted, so that repetition displaces
 * no other.
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

/* Numbers are on flash for good, as above; up to 127. */
enum tk_security_type {
    TK_SECURITY_SET = 1,
    TK_SECURITY_UNSET = 2,
    TK_SECURITY_CA_ADDED = 3,
    TK_SECURITY_CA_REMOVED = 4,
    TK_SECURITY_TIME_SET = 5, /* by hand */
    TK_SECURITY_SEEDED = 6,
    TK_SECURITY_FORGOTTEN = 7,   /* auth forget */
    TK_SECURITY_RESET = 8,       /* factory-reset; erased with all else */
    TK_SECURITY_AUTHORIZED = 9,  /* a code brought a pair */
    TK_SECURITY_REBOUND = 10,    /* ... after auth begin other_user */
    TK_SECURITY_OTHER_USER = 11, /* ... of another user, which was dropped */
    TK_SECURITY_WRONG_STATE = 12,
    TK_SECURITY_WRONG_PIN = 13,
    TK_SECURITY_REF_ADDED = 14,
    TK_SECURITY_REF_REMOVED = 15,
    TK_SECURITY_PORTAL_ACCEPTED = 16,
    TK_SECURITY_REBOOT = 17
};

enum {
    TK_HISTORY_EVENT = 10, /* bytes of an event */
    TK_HISTORY_SIZE = 2 + TK_HISTORY_EVENT * TK_HISTORY,
    TK_SECURITY = 16, /* events kept */
    TK_SECURITY_EVENT = 12,
    TK_SECURITY_SIZE = TK_SECURITY_EVENT * TK_SECURITY,
    TK_NO_ACCOUNT = 0xff
};

struct tk_history {
    const struct tk_time *time;
    uint64_t started_ms;
    uint8_t count;                      /* of events */
    bool unstored;                      /* not all of data is on flash */
    uint8_t security_count;             /* of security events */
    bool security_unstored;             /* not all of security is on flash */
    uint8_t data[TK_HISTORY_SIZE];      /* as stored, see tk_history.c */
    uint8_t security[TK_SECURITY_SIZE]; /* likewise */
};

/* An event, or a security event, unpacked. */
struct tk_event {
    uint32_t when;     /* unix time if is_unix, else seconds since that start */
    bool is_unix;      /* false: the time was unknown until the next start */
    uint8_t type;      /* enum tk_event_type or tk_security_type; any other number is from newer
                          firmware */
    uint8_t account;   /* index of its slot, or TK_NO_ACCOUNT */
    uint8_t level;     /* of TK_EVENT_RAISED, else 0 */
    uint16_t boot;     /* number of that start */
    enum tk_err cause; /* TK_E_COUNT: an error of other firmware; TK_OK for a security event, to
                          which alone belong: */
    uint16_t key;      /* tk_history_hash of the setting; 0: none */
    uint16_t count;    /* how often it happened, the last time at `when`; 65535: or more often */
};

/* An empty history. time must outlive h; started_ms is the tick of this start. */
void tk_history_init(struct tk_history *h, const struct tk_time *time, uint64_t started_ms);

/* Loads the stored events, and adds TK_EVENT_STARTED. False: what is stored is no history. */
bool tk_history_load(struct tk_history *h, struct tk_store *store);

/* Adds an event now; the oldest one is dropped if there are TK_HISTORY. level: 0 to 7. */
void tk_history_add(struct tk_history *h, enum tk_event_type type, uint8_t account, uint8_t level,
                    enum tk_err cause);

/* Adds a security event, or counts it if it is there. key: of the setting; NULL: none. */
void tk_history_add_security(struct tk_history *h, enum tk_security_type type, uint8_t account,
                             const char *key);

/* Names a word in 16 bits; not 0. */
uint16_t tk_history_hash(const char *word);

/* An account was deleted: its events get TK_NO_ACCOUNT. */
void tk_history_forget_account(struct tk_history *h, uint8_t account);

/* The time became known: converts the times of events of this start to unix time. */
void tk_history_set_time(struct tk_history *h, int64_t now_unix);

/* The values to add to a commit, TK_HISTORY_VALUES at most, and their pieces; they point into h.
 * Returns how many are not on flash yet. Call tk_history_stored after the commit. */
enum { TK_HISTORY_VALUES = 2 };
size_t tk_history_values(struct tk_history *h, struct tk_store_value *values,
                         struct tk_store_piece *pieces);
void tk_history_stored(struct tk_history *h);

/* Unpacks event i, from 0 (the oldest) to h->count - 1. */
void tk_history_get(const struct tk_history *h, unsigned i, struct tk_event *event);

/* The same for security event i, from 0 to h->security_count - 1. */
void tk_history_get_security(const struct tk_history *h, unsigned i, struct tk_event *event);

/* The number of starts, with this one. */
uint16_t tk_history_boots(const struct tk_history *h);

#endif
