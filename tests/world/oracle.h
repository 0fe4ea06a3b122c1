/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ORACLE_H
#define ORACLE_H

/*
 * Knows both ends, the gateway's flash and the server's books, and says when one of these is not
 * so:
 *
 *  a  at most one refresh request of the account is open
 *  b  a pair is never mixed: both tokens, the generation and the times are of one answer
 *  c  a pair that the server honours is never dropped, nor a pair lost that was kept
 *  d  a token that is served is of the newest pair received, and not past its expiry
 *  e  level 4 is raised if and only if the server honours no pair that the gateway can read, or its
 *     last answer was one of configuration, payment or permission
 *  f  the server never sees more than its limits
 *  g  after a fault has ended the account is ready within one backoff interval, and is renewed
 *  h  what the sink is told of a fault is so, and is told once; see told.h
 *
 * The times that belong to them: a refusal of configuration, payment or permission is level 4 in
 * the same pass. Where no pair is honoured, it is level 4 by ORACLE_BACK_MS after the server said
 * so to a refresh and all faults are over: another pair may have to be asked for. ORACLE_BACK_MS is
 * also the one backoff interval of (g), ORACLE_PROBE_MS that of a blocked account. The limits of
 * (f): 20 requests in any minute, 60 in any hour and 3 more for each start in it, none within 10 s
 * after a refresh that went well; and the server's own, a bucket of 50 that leaks 2 a second.
 */

#include "told.h"

/* The longest backoff, a request that was under way in the fault, and the one that goes well. */
#define ORACLE_BACK_MS  (15 * 60000 + 2 * 30000 + 60000)
#define ORACLE_PROBE_MS (24 * 3600000 + 2 * 60000)

enum { ORACLE_ASKED = 128 };

struct oracle {
    struct gate *g;
    char broken;     /* the letter; 0: all is well */
    char words[160]; /* what was seen */
    uint64_t at_ms;

    bool faulty;         /* something goes wrong now */
    bool wrong_clock;    /* wall time is wrong now ... */
    bool doubtful_clock; /* or was since the pair came: after a start its age may be wrong too */
    uint64_t calm_ms;    /* the tick at which the last fault ended */

    uint32_t got;  /* newest pair that was received and taken in since the start; 0: none */
    uint32_t kept; /* newest pair that is to survive */
    uint32_t pair, generation; /* of the account, when it was last looked at */
    unsigned grants;           /* that were looked at */
    enum tk_state state;
    int level;
    bool forbidden; /* the last answer to a refresh was of configuration, payment, permission */
    bool refused;   /* the server said that it honours no pair ... */
    uint64_t refused_ms; /* ... then */
    bool booted;

    uint64_t asked_ms[ORACLE_ASKED];
    uint64_t boot_ms[8];
    unsigned asked, boots;
    uint64_t success_ms;
    bool success;

    struct told told;
    unsigned looks, served, needs_code, lost, recovered;
};

void oracle_init(struct oracle *o, struct gate *g);

/* A fault begins or ends. */
void oracle_fault(struct oracle *o, bool faulty);

/* After each pass, and whenever else somebody wants to know. */
void oracle_look(struct oracle *o);

/* A consumer was given this token. */
void oracle_served(struct oracle *o, const char *token, const struct tk_token_info *info);

/* When it must be looked next though nothing happens; UINT64_MAX: never. */
uint64_t oracle_next(const struct oracle *o);

/* Whether the server honours a pair that this gateway can read. */
bool oracle_honoured(struct oracle *o);

#endif
