/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INVARIANTS_H
#define INVARIANTS_H

/*
 * Checks after each pass, with a view of both ends, the gateway's memory and the server's records:
 *
 *  a  at most one refresh request of the account is open
 *  b  a pair is never mixed: both tokens, the generation and the times are from one answer
 *  c  a pair that the server honours is never dropped, and a stored pair is never lost
 *  d  a token that is served is of the newest pair received and has not expired
 *  e  level 4 is raised if and only if the server honours no pair that the gateway can read, or its
 *     last answer was an error of configuration, payment or permission
 *  f  the server never receives more requests than its limits
 *  g  after the last fault the account is ready within one backoff interval, and is renewed in time
 *  h  the webhook's receiver knows each fault and its end, once; see delivery.h
 *
 * Times: an error of configuration, payment or permission is level 4 in the pass that reads it.
 * Where no pair is honoured, it is level 4 within INVARIANTS_BACK_MS of the server's refusal and of
 * the end of all faults: the previous pair may have to be tried first. INVARIANTS_BACK_MS is also
 * the backoff interval of (g), INVARIANTS_PROBE_MS that of a blocked account. The limits of (f): 20
 * requests in any minute, 60 in any hour and 3 more for each boot in it, no refresh within 10 s of
 * a successful one; and the server's own limit, a bucket of 50 that drains at 2 a second.
 */

#include "delivery.h"

/* The longest backoff, a request that was under way in the fault, one that succeeds, a minute. */
#define INVARIANTS_BACK_MS  (15 * 60000 + 2 * 30000 + 60000)
#define INVARIANTS_PROBE_MS (24 * 3600000 + 2 * 60000)

enum { INVARIANTS_REQUESTS = 128, INVARIANTS_BOOTS = 8 };

struct invariants {
    struct gateway *g;
    char violated;    /* the letter; 0: none */
    char detail[160]; /* what was observed */
    uint64_t at_ms;

    bool faulty;       /* a fault is injected now */
    bool wrong_clock;  /* wall time is wrong now */
    int64_t behind_ms; /* most that the gateway's time was behind since the boot, before a pair
                          came: it cannot know that a stored token has expired that long ago */
    uint64_t fault_end_ms;

    uint32_t got;              /* newest pair received and accepted since the boot; 0: none */
    uint32_t kept;             /* newest pair that must survive */
    uint32_t pair, generation; /* of the account, at the last check */
    unsigned grants;           /* requests to token endpoints that were checked */
    enum tk_state state;
    int level;
    bool forbidden;      /* the last answer to a refresh was configuration, payment or permission */
    bool refused;        /* the server refused every pair that the gateway has ... */
    uint64_t refused_ms; /* ... at this tick */
    bool booted;         /* since the last check */

    uint64_t request_ms[INVARIANTS_REQUESTS];
    uint64_t boot_ms[INVARIANTS_BOOTS];
    unsigned requests, boots;
    uint64_t success_ms;
    bool success;

    struct delivery delivery;
    unsigned checks, served, needs_code, lost, stops;
};

void invariants_init(struct invariants *v, struct gateway *g);

/* A fault begins or ends. */
void invariants_fault(struct invariants *v, bool faulty);

/* After each pass; may be called at any time. */
void invariants_check(struct invariants *v);

/* A consumer was given this token. */
void invariants_served(struct invariants *v, const char *token, const struct tk_token_info *info);

/* The tick at which a check is due without a pass; UINT64_MAX: none. */
uint64_t invariants_next(const struct invariants *v);

/* Whether the server honours a pair that this gateway can read. */
bool invariants_honoured(struct invariants *v);

#endif
