/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLOUD_H
#define CLOUD_H

/*
 * Everything at the other end of a gateway's cable: both authorization hosts and the portal of
 * Bitrix24, and somebody who takes escalations. Four peers of the simulated network that speak
 * HTTP, keep the rules (rules.h), and go wrong as told.
 */

#include "rules.h"

#include "tk_sim.h"
#include "tls_clear.h"

enum cloud_host { CLOUD_WEST, CLOUD_EAST, CLOUD_PORTAL, CLOUD_SINK, CLOUD_HOSTS };

enum { CLOUD_ALL = 15, CLOUD_OAUTH = 3 };

/* What goes wrong with a host. The way there is as port/sim can break it; what follows the answers
 * is what the faults of tests/bitrix24 do. */
enum cloud_fault {
    CLOUD_WELL,
    CLOUD_NO_NAME,
    CLOUD_NO_ANSWER_TO_NAME,
    CLOUD_REFUSES,
    CLOUD_SILENT, /* no TCP connection, and no refusal */
    CLOUD_HELLO,  /* the handshake fails: `hello` */
    CLOUD_FLOW,   /* `up` and `down` of the connection */
    CLOUD_SLOW,   /* answers after `ms` */
    CLOUD_ERROR,  /* answers `error` of the catalogue; not carried out */
    CLOUD_STATUS, /* answers `status` with a body of `body`; carried out if `done` */
    CLOUD_LOSES,  /* carries it out, and closes (resets, if `reset`) without an answer */
    CLOUD_TRUNCATES,
    CLOUD_GARBAGE,
    CLOUD_FAULTS
};

struct cloud_trouble {
    enum cloud_fault kind;
    unsigned odds; /* of 100 connections so many meet it; where the way fails, all do */
    enum tk_err hello;
    struct tk_sim_flow up, down;
    uint64_t ms;
    const char *error;
    int status;
    const char *body;
    bool done, reset;
};

/* A request to a token endpoint, and what became of it. */
struct cloud_grant {
    unsigned n; /* counts them; 0: there was none */
    uint64_t at_ms;
    bool is_refresh;
    uint32_t token;    /* the pair whose refresh token came; 0: none of ours */
    uint32_t pair;     /* the new one; 0: none */
    const char *error; /* that the answer says; NULL: another answer, or a pair */
    bool intact;       /* the answer says what the rules do, whole */
    bool over;         /* its connection has ended */
    bool received;     /* the gateway read the whole answer */
};

/* A POST to the sink that has ended, and what became of it. */
struct cloud_post {
    bool raised;  /* it came whole, and tells that a fault is raised; else that one is cleared */
    char ref[64]; /* "": it did not come whole */
    char cause[24];
    int level;
    int64_t since;
    bool done;
    int status; /* of the answer; 0: none */
    bool taken; /* the sink heard of it: it was answered so, or was carried out without an answer */
    bool sure;  /* the gateway read an answer that says which */
};

struct cloud;

/* A connection. */
struct cloud_talk {
    struct cloud *cloud;
    enum cloud_host host;
    bool troubled;
    char request[3072];
    size_t len;
    int status;          /* of the answer; 0: none */
    bool grant, refresh; /* it asked a token endpoint; for a refresh */
    uint64_t ends;       /* bytes down with which the answer is whole */
};

struct cloud {
    struct tk_port *port;
    struct rules rules;
    int64_t unix_ms; /* at tick 0 */
    uint64_t random;
    uint64_t latency_ms;

    struct tk_sim_name names[CLOUD_HOSTS];
    struct tk_sim_peer peers[CLOUD_HOSTS];
    struct cloud_trouble troubles[CLOUD_HOSTS];
    struct cloud_talk talks[TK_SIM_SOCKETS];

    struct cloud_grant last;
    struct cloud_talk *last_talk;
    unsigned open_refreshes; /* now, on all connections */
    unsigned most_refreshes; /* ever */
    unsigned requests, grants, pairs, troubled;
    struct cloud_post post;
    uint64_t sink_well_ms; /* since when nothing goes wrong with the sink; UINT64_MAX: it does */

    /* The limit of the real one: a bucket of 50 that leaks 2 a second, for all that come from one
     * address. NULL: not looked at. */
    struct cloud_bucket *bucket;

    void (*asked)(struct cloud *cloud); /* a token endpoint, see last; NULL: nobody hears */
    void (*told)(struct cloud *cloud);  /* the sink, see post; NULL: nobody hears */
    void *ctx;
};

struct cloud_bucket {
    double level;
    int64_t at_ms; /* unix */
    unsigned overflows;
};

void cloud_init(struct cloud *c, struct tk_port *port, uint64_t seed, int64_t unix_ms);
void cloud_free(struct cloud *c);

int64_t cloud_now(const struct cloud *c);

/* hosts: a bit of each. */
void cloud_set(struct cloud *c, unsigned hosts, const struct cloud_trouble *trouble);

/* 0 to below limit; any number at all for 0. */
uint64_t cloud_random(uint64_t *state, uint64_t limit);

#endif
