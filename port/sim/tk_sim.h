/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SIM_H
#define TK_SIM_H

/*
 * The contract in virtual time, for tests: one machine with a clock, consoles, and a network
 * scripted by the test. Nothing depends on the real world, so that a failure is reproducible. The
 * random numbers are predictable, for tests only.
 *
 *      struct tk_addr ip = {4, {10, 0, 0, 1}};
 *      struct tk_sim_name name = {.name = "acme.example", .count = 1, .addrs = {ip}};
 *      struct tk_sim_peer peer = {.addr = ip, .port = 443, .received = reply};
 *
 *      tk_sim_init(&port, 1);
 *      tk_sim_add_name(&port, &name);
 *      tk_sim_add_peer(&port, &peer);
 *      peer.down.at_most = 1; // a slow peer: each recv returns one byte
 *
 * Time advances in tk_sim_advance, and in tk_wait, which jumps to its deadline or to the next
 * scripted event, whichever is first. Structs added by the test stay the test's: it may change them
 * at any time and must keep them until tk_sim_free.
 */

#include "tk_clock.h"
#include "tk_console_io.h"
#include "tk_device.h"
#include "tk_sock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TK_SIM_CONSOLES = 4, TK_SIM_LOOKUPS = 4, TK_SIM_SOCKETS = 16 };

#define TK_SIM_NEVER UINT64_MAX

/* --- written by the test --- */

struct tk_sim_name {
    const char *name;
    struct tk_addr addrs[TK_SOCK_ADDRS];
    size_t count;      /* 0: no such name, like every name that was not added */
    uint64_t after_ms; /* duration of the lookup; TK_SIM_NEVER: it does not end */
    struct tk_sim_name *next;
};

enum tk_sim_answer {
    TK_SIM_ACCEPT,
    TK_SIM_REFUSE,     /* like every peer that was not added */
    TK_SIM_SILENT,     /* does not answer */
    TK_SIM_UNREACHABLE /* tk_sock_open fails at once: there is no route */
};

enum tk_sim_event {
    TK_SIM_NOTHING,
    TK_SIM_FIN,   /* the peer closes the connection */
    TK_SIM_RESET, /* the peer resets the connection */
    TK_SIM_STALL  /* no byte moves */
};

/* How bytes flow in one direction. All zero: at once, and as many as requested. */
struct tk_sim_flow {
    size_t at_most;          /* bytes per call; 0: no limit */
    unsigned again;          /* TK_SOCK_AGAIN results before each call that moves bytes */
    enum tk_sim_event event; /* happens to the connection ... */
    uint64_t after;          /* ... once this many bytes have moved */
    uint64_t until_ms;       /* the tick at which TK_SIM_STALL ends; TK_SIM_NEVER */
};

struct tk_sim_link;

/* A server. Its functions may be NULL; they may call tk_sim_reply, tk_sim_fin, tk_sim_reset. */
struct tk_sim_peer {
    struct tk_addr addr;
    uint16_t port;
    enum tk_sim_answer answer;
    uint64_t connect_ms;     /* delay before it accepts or refuses */
    uint64_t reply_ms;       /* delay of what tk_sim_reply sends */
    struct tk_sim_flow up;   /* from the client */
    struct tk_sim_flow down; /* to the client */
    void (*accepted)(struct tk_sim_link *link);
    void (*received)(struct tk_sim_link *link, const uint8_t *data, size_t len);
    void (*closed)(struct tk_sim_link *link); /* by the client; link is invalid afterwards */
    void *ctx;
    struct tk_sim_peer *next;
};

/* Sends bytes to the client, in order: they arrive after the peer's reply_ms, or at a tick. */
void tk_sim_reply(struct tk_sim_link *link, const void *data, size_t len);
void tk_sim_reply_at(struct tk_sim_link *link, uint64_t at_ms, const void *data, size_t len);

/* Closes the connection after the bytes that were sent; resets it at once. */
void tk_sim_fin(struct tk_sim_link *link);
void tk_sim_reset(struct tk_sim_link *link);

/* An event at a tick, once. run may add it again. */
struct tk_sim_alarm {
    uint64_t at_ms;
    void (*run)(struct tk_port *port, struct tk_sim_alarm *alarm);
    void *ctx;
    struct tk_sim_alarm *next;
};

/* --- the machine --- */

/* A condition that ends tk_wait. One that ended the last tk_wait and was not used since is skipped
 * once, for 10 ms: a program that ignores it neither spins in one tick nor misses it. */
struct tk_sim_interest {
    bool wanted;   /* the last call reported "not ready" */
    bool reported; /* it ended the last tk_wait, and has not been used since */
};

struct tk_sim_bytes {
    uint8_t *data;
    size_t len, size;
};

struct tk_sim_console {
    bool attached;
    bool overrun;   /* set: the next read reports an overrun, once */
    size_t at_most; /* bytes per read or write; 0: no limit */
    size_t out_max; /* capacity of out; initially SIZE_MAX */
    unsigned full;  /* so many writes take nothing, although there is room */
    struct tk_sim_bytes in, out;
    bool changed; /* attached or detached since the last call */
    struct tk_sim_interest read, room;
};

struct tk_sim_traffic {
    uint64_t bytes;  /* so far */
    unsigned agains; /* TK_SOCK_AGAIN results since the last byte */
};

enum tk_sim_state { TK_SIM_FREE, TK_SIM_CONNECTING, TK_SIM_REFUSED, TK_SIM_OPEN };

/* A connection. A peer's functions may read port, peer, up and down, and use ctx. */
struct tk_sim_link {
    struct tk_port *port;
    const struct tk_sim_peer *peer;
    void *ctx;
    struct tk_sim_traffic up, down;
    enum tk_sim_state state;
    uint64_t connect_at_ms;
    bool fin, reset;
    struct tk_sim_chunk *first, *last; /* in flight to the client */
    struct tk_sim_interest read, write;
};

struct tk_sim_lookup {
    bool used;
    struct tk_sim_interest answered;
    uint64_t at_ms;
    size_t count;
    struct tk_addr addrs[TK_SOCK_ADDRS];
};

struct tk_port {
    uint64_t now_ms;
    unsigned stuck; /* calls of tk_wait that would have slept for ever */

    enum tk_time_quality wall;        /* of tk_clock_unix; initially TK_TIME_NONE */
    int64_t wall_unix;                /* at tick 0 */
    enum tk_time_quality set_quality; /* of the last tk_clock_set_unix */
    int64_t set_unix_s;
    void (*on_set_unix)(int64_t unix_s); /* tk_mbedtls_set_time in tests of TLS; or NULL */

    const char *ntp;   /* the SNTP server; NULL or "": none */
    bool ntp_answered; /* set both for a reply */
    int64_t ntp_unix;
    struct tk_ip ip, leased; /* leased: from DHCP; set fixed once there is a lease */
    bool system;             /* set: an operating system manages network and time */

    bool unseeded;
    uint64_t random;
    unsigned random_period; /* set: the random source is stuck, its bytes repeat after so many */
    unsigned random_at;     /* private */

    char id[33]; /* initially "SIM-0001" */
    bool has_key;
    uint8_t key[TK_DEVICE_KEY_SIZE];
    unsigned reboots;
    uint32_t watchdog_ms; /* how often its watchdog wants to be fed; 0: there is none */
    int level;

    struct tk_sim_console consoles[TK_SIM_CONSOLES]; /* initially line 0 is attached */
    int max_sockets;                                 /* initially TK_SIM_SOCKETS */
    unsigned lookups_begun, connections_begun;
    struct tk_sim_link links[TK_SIM_SOCKETS];
    struct tk_sim_lookup lookups[TK_SIM_LOOKUPS];
    struct tk_sim_name *names;
    struct tk_sim_peer *peers;
    struct tk_sim_alarm *alarms; /* sorted by tick */
};

void tk_sim_init(struct tk_port *port, uint64_t seed);
void tk_sim_free(struct tk_port *port);

/* Advances the time by ms; scripted events happen at their ticks. */
void tk_sim_advance(struct tk_port *port, uint64_t ms);

/* Sets the wall time, which then advances with the tick; TK_TIME_NONE: unknown. */
void tk_sim_set_wall(struct tk_port *port, enum tk_time_quality quality, int64_t unix_s);

void tk_sim_add_name(struct tk_port *port, struct tk_sim_name *name);
void tk_sim_add_peer(struct tk_port *port, struct tk_sim_peer *peer);
void tk_sim_add_alarm(struct tk_port *port, struct tk_sim_alarm *alarm);

/* Attaches or detaches a terminal; buffered bytes are lost. */
void tk_sim_console_attach(struct tk_port *port, unsigned line, bool attached);

/* Types on the terminal. */
void tk_sim_console_feed(struct tk_port *port, unsigned line, const void *data, size_t len);

/* Reads from the terminal. Returns the number of bytes moved to buf. */
size_t tk_sim_console_drain(struct tk_port *port, unsigned line, void *buf, size_t size);

#endif
