/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_H
#define SERVER_H

/*
 * The servers of a simulated gateway: authorization hosts and portal of Bitrix24, and webhooks, as
 * peers of the simulated network (port/sim) behind tls_clear.h. They speak HTTP, follow the rules
 * of rules.h, and fail as configured.
 *
 *      server_init(&s, &port, hosts, count, seed, unix_ms);
 *      strcpy(s.rules.clients[0].id, ...);
 *      server_set_fault(&s, SERVER_ALL, &(struct server_fault){.kind = SERVER_REFUSES});
 */

#include "rules.h"

#include "tk_err.h"
#include "tk_sim.h"

enum { SERVER_HOSTS = 16, SERVER_REDIRECTS = 3, SERVER_REQUEST = 3072 };

#define SERVER_ALL ((1u << SERVER_HOSTS) - 1)

enum server_role { SERVER_OAUTH, SERVER_PORTAL, SERVER_WEBHOOK };

struct server_host {
    const char *name;
    uint16_t port;
    enum server_role role;
};

enum server_fault_kind {
    SERVER_WELL,

    /* On the way to the host. Open connections are silent where the host cannot be reached, and
     * otherwise work. */
    SERVER_NO_NAME,
    SERVER_NAME_TIMEOUT,
    SERVER_REFUSES,     /* TCP connections are reset ... */
    SERVER_UNREACHABLE, /* ... or not answered */
    SERVER_HANDSHAKE,   /* the handshake ends with `handshake` */
    SERVER_FLOW,        /* bytes of the connection as `up` and `down` say */

    /* In its answers, as the faults of tests/bitrix24. */
    SERVER_SLOW,      /* `ms` late */
    SERVER_ERROR,     /* `error` with `status` (0: that of the catalogue); not carried out */
    SERVER_STATUS,    /* `status` with `body`; carried out if `done` */
    SERVER_IGNORES,   /* no answer; not carried out */
    SERVER_CLOSES,    /* the same, and the connection is closed */
    SERVER_LOSES,     /* carried out, and closed (reset, if `reset`) without an answer */
    SERVER_TRUNCATES, /* carried out; half of the body */
    SERVER_GARBAGE    /* not carried out; random bytes, and closed */
};

struct server_fault {
    enum server_fault_kind kind;
    unsigned odds; /* percent of the connections or requests that meet it; 0: all */
    enum tk_err handshake;
    struct tk_sim_flow up, down;
    bool exact; /* these are not drawn: each connection has them as they are */
    uint64_t ms;
    const char *error;
    int status;
    const char *type, *body; /* type NULL: text/html */
    const char *fields;      /* more of the head: "Name: value\r\n"; or NULL */
    bool done, reset;
};

/* The newest request to a token endpoint. */
struct server_grant {
    unsigned n; /* counts them; 0: there was none */
    uint64_t at_ms;
    bool is_refresh;
    uint32_t token;    /* the pair whose refresh token was sent; 0: not a token of the server */
    uint32_t pair;     /* issued for it; 0: none */
    const char *error; /* in the answer; NULL: a pair, or not an answer of the rules */
    bool intact;       /* the answer is that of the rules */
    bool over;         /* its connection has ended, or carries the next request */
    bool received;     /* the gateway read the whole answer */
};

/* A POST to a webhook that has ended. */
struct server_post {
    bool raised;  /* "event":"raised"; else "cleared" */
    char ref[64]; /* "": the request was not complete */
    char cause[24];
    int level;
    int64_t since;
    bool done;  /* carried out */
    int status; /* of the answer; 0: none */
    bool taken; /* the receiver has the message: its answer says so, or there was none */
    bool sure;  /* the gateway read an answer that says which */
};

/* A task of Corezoid that holds a token, whatever its process and ref. */
struct server_task {
    char data[1024];     /* "": there is none */
    unsigned ops;        /* operations on it ... */
    unsigned writes;     /* ... that created or modified it */
    const char *refuses; /* a type of operation that fails; NULL: none */
};

struct server;

/* A connection. */
struct server_talk {
    struct server *server;
    unsigned host;
    bool flows;    /* it has the flows of SERVER_FLOW */
    bool asked;    /* a whole request was received; the fields below are of the newest */
    bool grant;    /* to a token endpoint ... */
    bool refresh;  /* ... for a refresh */
    int status;    /* of the answer; 0: none */
    uint64_t ends; /* bytes to the gateway with which the answer is whole */
    uint64_t given;
    size_t len;
    char request[SERVER_REQUEST];
};

/* The limit of the real server: a bucket of 50 requests that drains at 2 a second, for each client
 * address. */
struct server_bucket {
    double level;
    int64_t at_ms; /* unix */
    unsigned overflows;
};

struct server {
    struct tk_port *port;
    struct rules rules;
    int64_t unix_ms; /* true time at tick 0 */
    uint64_t random;
    uint64_t latency_ms;          /* see server_set_latency */
    uint64_t think_ms;            /* from a whole request to its answer, beyond latency_ms */
    struct server_bucket *bucket; /* may be shared; NULL: no limit */
    const char *date;             /* Date field of all answers; NULL: the true time; "": none */
    const char *server_endpoint;  /* in answers with a pair; NULL: the usual one */
    const char *client_endpoint;  /* the same */
    bool omits_user;              /* answers with a pair lack user_id */
    const char *profile;          /* the user that REST names; NULL: none */
    const char *rest_error;       /* REST refuses all calls with it; NULL: as the rules say */
    struct {
        const char *host, *location; /* REST of this host redirects; location NULL: without one */
        int status;                  /* 0: 302 */
    } redirects[SERVER_REDIRECTS];

    const struct server_host *hosts;
    unsigned host_count;
    struct tk_sim_name names[SERVER_HOSTS];
    struct tk_sim_peer peers[SERVER_HOSTS];
    size_t addresses[SERVER_HOSTS];              /* of each name */
    struct tk_sim_peer dead[2 * TK_SOCK_FAMILY]; /* addresses at which there is no server */
    struct server_fault faults[SERVER_HOSTS];
    struct server_talk talks[TK_SIM_SOCKETS];

    /* Counters. A request that met a fault counts where it was carried out. */
    unsigned requests, heads, faulty;
    unsigned grants, exchanges, refreshes, pairs; /* requests to token endpoints; pairs issued */
    unsigned checks, posts;                       /* carried out: REST calls, webhook messages */
    unsigned open_refreshes, most_refreshes;      /* at a time: now, at most */
    uint64_t last_ms;                             /* of the newest request */
    const char *last_host;                        /* "": none */
    struct server_grant grant;
    struct server_talk *grant_talk;
    struct server_post post;
    struct server_task task;
    uint64_t webhook_well_ms; /* the tick since which webhooks have no fault; UINT64_MAX: one has */

    /* Callbacks; each may be NULL. */
    enum tk_err (*on_handshake)(struct server *s, unsigned host);
    void (*on_request)(struct server *s, unsigned host, const char *request); /* it was answered */
    void (*on_post)(struct server *s);                                        /* see post */
    /* Carries out a REST call; returns the JSON of its answer, at most 7 KB. */
    const char *(*on_call)(struct server *s, const char *request, const char *body);
    void *ctx;
};

/* hosts: kept by the caller; at most SERVER_HOSTS. */
void server_init(struct server *s, struct tk_port *port, const struct server_host *hosts,
                 unsigned count, uint64_t seed, int64_t unix_ms);
void server_free(struct server *s);

/* True time, unix milliseconds. */
int64_t server_now(const struct server *s);

/* hosts: a bit for each. Replaces what was set before. */
void server_set_fault(struct server *s, unsigned hosts, const struct server_fault *fault);

/* Gives each name other addresses: one at which the server is, of either family, and up to eight of
 * each family at which it is not. Call it between connections. */
void server_draw_addresses(struct server *s, uint64_t *random);

/* Of names, TCP connections, handshakes and answers, each. */
void server_set_latency(struct server *s, uint64_t ms);

/* The hosts of a role, a bit for each. */
unsigned server_hosts(const struct server *s, enum server_role role);

/* 0 to below limit; any number for 0. */
uint64_t server_random(uint64_t *state, uint64_t limit);

#endif
