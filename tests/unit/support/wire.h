/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_H
#define WIRE_H

/*
 * A cable in virtual time, with a small network at its other end: 10.0.2.0/24, where one machine
 * has every address and gives leases, resolves names, tells the time and takes TCP connections.
 * It is a script: what is not said below it does by the book, without haste.
 *
 * The port that lwIP's sockets are tested with is here too; it is one, as lwIP is.
 */

#include "tk_lwip.h"
#include "tk_sock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tk_port {
    uint64_t now_ms;
    bool unseeded;
    unsigned wakes; /* times that tk_wait's sleep ended */
};

enum { WIRE_CONNS = 8, WIRE_BUFFER = 65536, WIRE_NAMES = 8, WIRE_FRAMES = 64 };

/* One TCP connection, seen from the network. */
struct wire_conn {
    bool used;
    uint8_t ip[4];
    uint16_t client_port, port;
    bool open;           /* its handshake is done */
    bool got_fin;        /* the client closed in order */
    bool got_reset;      /* or not */
    bool fin, fin_taken; /* we close behind out; the client acknowledged it */
    uint32_t iss, una, next, peer_next;
    uint32_t window, least_window; /* that the client offers; the least that it ever did */
    uint64_t again_ms;
    uint8_t in[WIRE_BUFFER], out[WIRE_BUFFER];
    size_t in_len, out_len;
    uint64_t in_ms; /* when the last of it came */
};

struct wire_name {
    const char *name;
    uint8_t count;   /* of addresses; 0: there is no such name */
    uint8_t last[8]; /* 10.0.2.<last> each */
    bool alias;      /* the answer begins with a CNAME, and a record of four bytes */
    unsigned lost;   /* questions that get no answer, UINT_MAX: none does */
    uint64_t delay_ms;
};

struct wire {
    struct tk_port port;
    bool cut;     /* nothing goes through */
    bool no_dhcp; /* there is nobody who gives leases */
    uint32_t lease_s;
    uint32_t latency_ms;
    uint16_t silent_port;   /* TCP: never answered */
    uint16_t open_ports[4]; /* TCP: taken; all others are refused */
    size_t piece;           /* bytes of one segment at most */
    unsigned lose_every;    /* of the frames to the client one in so many is lost; 0: none */
    struct wire_name names[WIRE_NAMES];

    void (*mangle)(uint8_t *answer, size_t *len); /* of the name server */
    void (*serve)(struct wire_conn *conn, const uint8_t *data, size_t len);

    /* the answers of SNTP; NULL: none */
    bool (*ntp)(const uint8_t request[48], uint8_t answer[48]);

    /* what was seen */
    unsigned frames_out, frames_in, dropped, dhcp_requests, dns_questions, ntp_questions;
    uint8_t client_ip[4];
    char hostname[40];
    struct wire_conn conns[WIRE_CONNS];
};

extern struct wire wire;

/* Everything as above, and lwIP with an address of the lease. Once a program: lwIP has no end. */
void wire_start(void);

/* Back to the book, and no connections. lwIP keeps its own memory of what was. */
void wire_reset(void);

/* Lets time go by, or so long as it is false. */
void wire_run(uint64_t ms);
bool wire_until(bool (*done)(void), uint64_t ms);

/* The network's end of a connection. */
void wire_give(struct wire_conn *conn, const void *data, size_t len);
void wire_fin(struct wire_conn *conn);
void wire_rst(struct wire_conn *conn);
void wire_give_later(struct wire_conn *conn, uint64_t ms, const void *data, size_t len);
struct wire_conn *wire_last(void); /* the newest */

/* A cable that goes and comes. */
void wire_link(bool up);

/* How many packets of lwIP's pool are in use. */
unsigned wire_pool_used(void);

#endif
