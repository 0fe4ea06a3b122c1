/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORLD_H
#define WORLD_H

/*
 * A whole gateway in virtual time: a keeper on the simulated port, and a small Bitrix24 in C:
 * peers of its network that speak in the clear (tests/support/tls; TLS is tested apart). Rules
 * and words of the server are those of tests/bitrix24, which is the reference.
 */

#include "tk_sim_flash.h"
#include "tls_clear.h"
#include "tokenkeeper.h"

enum world_fault {
    WORLD_WELL,
    WORLD_UNREACHABLE, /* no TCP connection; an open one is silent */
    WORLD_UNTRUSTED,   /* the handshake fails; the same */
    WORLD_SILENT,      /* takes the request and says nothing; it was not carried out */
    WORLD_CLOSES,      /* the same, and closes */
    WORLD_LOSES,       /* carries the request out, and closes without an answer */
    WORLD_STATUS,      /* answers fault_status with an HTML body; not carried out */
    WORLD_ERROR, /* answers fault_word as the OAuth error, with fault_status; not carried out */
    WORLD_BODY   /* answers 200 with fault_word as the body; not carried out */
};

struct world_server {
    char secret[64];
    uint32_t life_s; /* of an access token */
    bool grace;      /* the refresh token before the newest one is still good */
    enum world_fault fault;
    int fault_status;
    const char *fault_word;
    unsigned fault_count;
    bool apart;               /* who takes escalations has a fault of his own: webhook */
    enum world_fault webhook; /* WORLD_STATUS: webhook_status, 404 at first */
    int webhook_status;
    int64_t cert_from, cert_until; /* the certificates' dates; 0: any */
    const char *date;              /* the Date field of good answers; NULL: without one */
    const char *server_endpoint;   /* NULL: "https://oauth.bitrix.info/rest/" */
    const char *client_endpoint;   /* NULL: "https://acme.bitrix24.com/rest/" */
    bool no_plan;                  /* REST answers ACCESS_DENIED */
    const char *rest_word;         /* REST answers 401 with this error; NULL: it does not */
    struct {
        const char *host, *location; /* REST there answers 302; location NULL: without one */
    } moved[3];

    char code[32];   /* the one that is good now; "": none */
    unsigned number; /* of the newest pair; its tokens are access<N> and refresh<N> */
    bool alive;      /* the newest pair is honoured */
    unsigned parent; /* of the newest pair: the one that was given for it */

    unsigned exchanges, refreshes, proofs, posts; /* requests that were carried out */
    unsigned requests;                            /* that came, to any host */
    char last_host[128];                          /* whom the last request was for */
    char last_request[2048];
    char last_post[2048]; /* the newest body that was sent to escalate_url */
    uint64_t last_ms;
    char answer[4096]; /* to the last request */
};

enum { WORLD_HOSTS = 15 };

/* A connection. */
struct world_talk {
    char request[2048];
    size_t len;
};

struct world {
    struct tk_port port;
    struct tk_sim_name names[WORLD_HOSTS];
    struct tk_sim_peer peers[WORLD_HOSTS];
    struct world_talk talks[TK_SIM_SOCKETS];
    struct tk_sim_flash flash;
    struct tk_config config;
    struct world_server server;
    struct tk_keeper keeper;
    char answer[8192];  /* what came of the last command, with LF line ends */
    char events[16384]; /* all EVT and LOG lines so far */
    unsigned passes;
    bool dies_with_flash; /* the power of all goes with that of the flash: nothing is sent then */
};

#define WORLD_UNIX 1795000000 /* when worlds begin: after the build */

/* A blank gateway on 8 sectors of 4 KB, with the time known. */
void world_init(struct world *w, uint64_t seed);
void world_free(struct world *w);

/* Power off and on again: RAM and connections are gone, ms pass. */
void world_restart(struct world *w, uint64_t ms);

/* Lets the gateway live for so long. */
void world_run(struct world *w, uint64_t ms);

/* Types a line and lives until it is answered. The last line of the answer. */
const char *world_type(struct world *w, const char *line);

/* portal acme, client_id, client_secret. */
void world_set_client(struct world *w);

/* The same, and a good code: generation 1. */
void world_provision(struct world *w);
void world_give_code(struct world *w, const char *code);

/* The servers meet a fault from now on; error: they answer this OAuth error. It is over when count
 * requests came to them; 0, and always where none comes: it stays. */
void world_fault(struct world *w, enum world_fault kind, unsigned count);
void world_error(struct world *w, const char *word, int status, unsigned count);

/* From now on who takes escalations meets this, and not what the others do. WORLD_STATUS: 404. */
void world_webhook_fault(struct world *w, enum world_fault kind);

/* From a whole request to its answer; 0 at first. Names, TCP and handshakes take no time. */
void world_latency(struct world *w, uint64_t ms);

void world_assert_state(struct world *w, const char *state, const char *reason);
void world_assert_begins(const char *s, const char *beginning);

/* The first account's value of a line of `status --all`; a static buffer. */
const char *world_status(struct world *w, const char *key);

unsigned world_count_events(const struct world *w, const char *part);

#endif
