/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORLD_H
#define WORLD_H

/*
 * A whole gateway in virtual time, driven through its console: a keeper on the simulated port, and
 * the servers of tests/support/server, without TLS. Tokens are readable: access1 and refresh1 are
 * the first pair.
 */

#include "server.h"

#include "tk_sim_flash.h"
#include "tokenkeeper.h"

enum world_fault {
    WORLD_WELL,
    WORLD_UNREACHABLE, /* TCP connections are refused; open ones are silent */
    WORLD_UNTRUSTED,   /* the handshake fails */
    WORLD_SILENT,      /* takes the request and does not answer; not carried out */
    WORLD_CLOSES,      /* the same, and closes */
    WORLD_LOSES,       /* carries the request out, and closes without an answer */
    WORLD_STATUS,      /* answers fault_status with an HTML body; not carried out */
    WORLD_ERROR, /* answers fault_word as the OAuth error, with fault_status; not carried out */
    WORLD_BODY   /* answers 200 with fault_word as the body; not carried out */
};

#define WORLD_UNIX     1795000000 /* true time at tick 0: after the build date */
#define WORLD_GRACE_MS 86400000   /* for server.rules.old_refresh_grace_ms */

struct world {
    struct tk_port port; /* first: the port's pointer is the world's */
    struct tk_sim_flash flash;
    struct tk_config config;
    struct server server;
    struct tk_keeper keeper;

    /* Faults. status and word are those of the next world_fault or world_webhook_fault. */
    enum world_fault fault, webhook_fault;
    unsigned fault_count;
    int fault_status, webhook_status;
    const char *fault_word;
    const char *fault_fields;      /* of WORLD_STATUS: "Name: value\r\n"; NULL: none */
    bool webhook_apart;            /* webhooks have webhook_fault, not fault */
    int64_t cert_from, cert_until; /* dates of the servers' certificates; 0: any */
    bool dies_with_flash;          /* when the flash loses power, the gateway sends nothing more */

    char last_request[SERVER_REQUEST];
    char last_post[SERVER_REQUEST]; /* the newest body that a webhook accepted */
    char answer[8192];              /* of the last command, with LF line ends */
    char events[16384];             /* all EVT and LOG lines so far */
    unsigned passes;
};

/* Blank flash of 8 sectors of 4 KB, and the time known. */
void world_init(struct world *w, uint64_t seed);
void world_free(struct world *w);

/* Power off and on again: RAM and connections are lost, ms pass. */
void world_restart(struct world *w, uint64_t ms);

/* Runs the gateway for ms. */
void world_run(struct world *w, uint64_t ms);

/* Enters a line and runs until it is answered. Returns the last line of the answer. */
const char *world_type(struct world *w, const char *line);

/* Sets portal acme, client_id and client_secret. */
void world_set_client(struct world *w);

/* The same, and exchanges a code: generation 1. */
void world_provision(struct world *w);

/* The server issues this code. */
void world_give_code(struct world *w, const char *code);

/* Sets a fault of the servers; error: they answer this OAuth error. It ends after count requests;
 * count 0: it stays, and so do faults that let no request through. */
void world_fault(struct world *w, enum world_fault kind, unsigned count);
void world_error(struct world *w, const char *word, int status, unsigned count);

/* From now on webhooks have this fault, and not that of the other servers. WORLD_STATUS: 404. */
void world_webhook_fault(struct world *w, enum world_fault kind);

/* From a whole request to its answer; 0 at first. Names, TCP and handshakes take no time. */
void world_latency(struct world *w, uint64_t ms);

/* Whether the server accepts the newest refresh token. */
bool world_honours_newest(const struct world *w);

void world_assert_state(struct world *w, const char *state, const char *reason);
void world_assert_begins(const char *s, const char *beginning);

/* The first account's value of a line of `status --all`; a static buffer. */
const char *world_status(struct world *w, const char *key);

unsigned world_count_events(const struct world *w, const char *part);

#endif
