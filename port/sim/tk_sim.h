/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SIM_H
#define TK_SIM_H

/*
 * The contract in virtual time, for tests: one machine with its clock, its consoles, and a network
 * that does what the test says. Nothing in it depends on the real world, so a test that fails
 * fails again. Its random numbers are good for tests only.
 *
 *      struct tk_sim_name name = {.name = "acme.example", .count = 1, .addrs = {{4, {10, 0, 0,
 * 1}}}}; struct tk_sim_peer peer = {.addr = {4, {10, 0, 0, 1}}, .port = 443, .received = answer};
 *
 *      tk_sim_init(&port, 1);
 *      tk_sim_add_name(&port, &name);
 *      tk_sim_add_peer(&port, &peer);
 *      peer.down.at_most = 1; // a slow one: each recv gives a byte
 *
 * Time moves in tk_sim_advance, and in tk_wait, which jumps to its deadline or to the next thing
 * that is scripted, whichever is first. Structs that the test adds stay the test's; it may change
 * them at any time and must keep them until tk_sim_free.
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

/* --- what the test writes --- */

struct tk_sim_name {
    const char *name;
    struct tk_addr addrs[TK_SOCK_ADDRS];
    size_t count;      /* 0: there is no such name, as for every name that was not added */
    uint64_t after_ms; /* how long the answer takes; TK_SIM_NEVER: none comes */
    struct tk_sim_name *next;
};

enum tk_sim_answer {
    TK_SIM_ACCEPT,
    TK_SIM_REFUSE, /* as every peer that was not added */
    TK_SIM_SILENT  /* never answers */
};

enum tk_sim_event {
    TK_SIM_NOTHING,
    TK_SIM_FIN,   /* the peer closes in good order */
    TK_SIM_RESET, /* the peer resets the connection */
    TK_SIM_STALL  /* bytes wait */
};

/* How bytes go in one direction. All zero: at once, as many as asked for, without end. */
struct tk_sim_flow {
    size_t at_most;          /* bytes a call moves; 0: no limit */
    unsigned again;          /* TK_SOCK_AGAIN this many times before each call that moves bytes */
    enum tk_sim_event event; /* happens to the connection ... */
    uint64_t after;          /* ... once this many bytes went this way */
    uint64_t until_ms;       /* the tick that TK_SIM_STALL ends at; TK_SIM_NEVER */
};

struct tk_sim_link;

/* A server. Its functions may be NULL; they may call tk_sim_reply, tk_sim_fin, tk_sim_reset. */
struct tk_sim_peer {
    struct tk_addr addr;
    uint16_t port;
    enum tk_sim_answer answer;
    uint64_t connect_ms;     /* until it accepts or refuses */
    uint64_t reply_ms;       /* from tk_sim_reply to the client */
    struct tk_sim_flow up;   /* from the client */
    struct tk_sim_flow down; /* to the client */
    void (*accepted)(struct tk_sim_link *link);
    void (*received)(struct tk_sim_link *link, const uint8_t *data, size_t len);
    void (*closed)(struct tk_sim_link *link); /* by the client; the link ends with this call */
    void *ctx;
    struct tk_sim_peer *next;
};

/* Bytes for the client, in order; they reach it after the peer's reply_ms, or at a tick. */
void tk_sim_reply(struct tk_sim_link *link, const void *data, size_t len);
void tk_sim_reply_at(struct tk_sim_link *link, uint64_t at_ms, const void *data, size_t len);

/* The peer closes: after the bytes it gave, and at once. */
void tk_sim_fin(struct tk_sim_link *link);
void tk_sim_reset(struct tk_sim_link *link);

/* Something that happens at a tick, once. It may arm itself again. */
struct tk_sim_alarm {
    uint64_t at_ms;
    void (*run)(struct tk_port *port, struct tk_sim_alarm *alarm);
    void *ctx;
    struct tk_sim_alarm *next;
};

/* --- the machine --- */

/* Whether tk_wait ends for a thing: after a call answered "not now". What it ended for and nobody
 * looked at since (told) is passed over once, and 10 ms go by: a program that forgets it neither
 * hangs in one tick nor misses it. */
struct tk_sim_interest {
    bool wanted;
    bool reported;
};

struct tk_sim_bytes {
    uint8_t *data;
    size_t len, size;
};

struct tk_sim_console {
    bool attached;
    bool overrun;   /* set it: the next read says so, once */
    size_t at_most; /* bytes a read or a write moves; 0: no limit */
    size_t out_max; /* bytes that may wait in out; SIZE_MAX at first */
    unsigned full;  /* so many writes take nothing; there is room right behind */
    struct tk_sim_bytes in, out;
    bool changed; /* somebody came or left since the last look */
    struct tk_sim_interest read, room;
};

struct tk_sim_traffic {
    uint64_t moved; /* bytes so far */
    unsigned said;  /* TK_SOCK_AGAIN since then */
};

enum tk_sim_state { TK_SIM_FREE, TK_SIM_CONNECTING, TK_SIM_REFUSED, TK_SIM_OPEN };

/* A connection. A peer's functions may read port, peer and the ways, and use ctx. */
struct tk_sim_link {
    struct tk_port *port;
    const struct tk_sim_peer *peer;
    void *ctx;
    struct tk_sim_traffic up, down;
    enum tk_sim_state state;
    uint64_t connect_at_ms;
    bool fin, reset;
    struct tk_sim_chunk *first, *last; /* on their way to the client */
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

    enum tk_time_quality wall; /* TK_TIME_NONE at first */
    int64_t wall_unix;         /* at tick 0 */
    enum tk_time_quality published;
    int64_t published_unix;
    void (*publish)(int64_t unix_s); /* tk_mbedtls_set_time, where the test does TLS; or NULL */

    const char *ntp; /* who is asked for the time; NULL or "": nobody */
    bool ntp_answered;
    int64_t ntp_unix;        /* what he said: set both to play it */
    struct tk_ip ip, leased; /* leased: what DHCP gave; fixed is set once it did */
    bool system; /* set it to play an operating system: address and time are none of ours */

    bool unseeded;
    uint64_t random;

    char id[33]; /* "SIM-0001" at first */
    bool has_key;
    uint8_t key[TK_DEVICE_KEY_SIZE];
    unsigned reboots;
    int level;
    uint64_t alive_ms; /* when the watchdog was fed last */

    struct tk_sim_console consoles[TK_SIM_CONSOLES]; /* line 0 is attached at first */
    int max_sockets;                                 /* TK_SIM_SOCKETS at first */
    unsigned lookups_begun, connections_begun;
    struct tk_sim_link links[TK_SIM_SOCKETS];
    struct tk_sim_lookup lookups[TK_SIM_LOOKUPS];
    struct tk_sim_name *names;
    struct tk_sim_peer *peers;
    struct tk_sim_alarm *alarms; /* by tick */
};

void tk_sim_init(struct tk_port *port, uint64_t seed);
void tk_sim_free(struct tk_port *port);

/* Lets ms pass, with all that is scripted in it happening at its tick. */
void tk_sim_advance(struct tk_port *port, uint64_t ms);

/* Wall time from now on, running with the tick; TK_TIME_NONE forgets it. */
void tk_sim_set_wall(struct tk_port *port, enum tk_time_quality quality, int64_t unix_s);

void tk_sim_add_name(struct tk_port *port, struct tk_sim_name *name);
void tk_sim_add_peer(struct tk_port *port, struct tk_sim_peer *peer);
void tk_sim_add_alarm(struct tk_port *port, struct tk_sim_alarm *alarm);

/* Somebody attaches to a line or leaves; what waited there is gone. */
void tk_sim_console_attach(struct tk_port *port, unsigned line, bool attached);

/* Types. */
void tk_sim_console_feed(struct tk_port *port, unsigned line, const void *data, size_t len);

/* Reads: the number of bytes moved to buf. */
size_t tk_sim_console_drain(struct tk_port *port, unsigned line, void *buf, size_t size);

#endif
