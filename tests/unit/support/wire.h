/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_H
#define WIRE_H

/*
 * A simulated Ethernet in virtual time: 10.0.2.0/24 and fd00:2::/64, where one machine has all
 * addresses and is the DHCP, DNS and SNTP server and the TCP peer. It follows the protocols but for
 * what a test sets below.
 *
 * Also the rest of the port that lwIP is tested with; one instance, as of lwIP.
 */

#include "tk_lwip.h"
#include "tk_sock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tk_port {
    uint64_t now_ms;
    bool unseeded;
    unsigned wakes; /* times that a sleep in tk_wait ended */
};

enum { WIRE_CONNS = 8, WIRE_BUFFER = 65536, WIRE_NAMES = 8, WIRE_FRAMES = 64 };

/* One TCP connection, seen from the network. */
struct wire_conn {
    bool used;
    uint8_t ip[4];
    uint16_t client_port, port;
    bool open;           /* the handshake is over */
    bool got_fin;        /* the client sent a FIN */
    bool got_reset;      /* the client sent a reset */
    bool fin, fin_taken; /* the server sends a FIN after `out`; it is acknowledged */
    uint32_t iss, una, next, peer_next;
    uint32_t window, least_window; /* advertised by the client: now, the smallest ever */
    uint64_t again_ms;
    uint8_t in[WIRE_BUFFER], out[WIRE_BUFFER];
    size_t in_len, out_len;
    uint64_t in_ms; /* the tick of the newest byte */
};

struct wire_name {
    const char *name;
    uint8_t count;    /* of addresses; 0: unknown name */
    uint8_t last[12]; /* 10.0.2.<last> each */
    uint8_t count6;   /* the same of IPv6, fd00:2::<last6> each */
    uint8_t last6[12];
    unsigned lost6; /* queries for them that get no answer */
    bool alias;     /* the answer begins with a CNAME and a record of four bytes */
    unsigned lost;  /* queries that get no answer; UINT_MAX: all */
    uint64_t delay_ms;
};

struct wire {
    struct tk_port port;
    bool cut;     /* no frame gets through */
    bool no_dhcp; /* no DHCP server */
    uint32_t lease_s;
    uint32_t latency_ms;
    bool no_router;         /* IPv6 is not advertised */
    uint32_t dead_ipv4;     /* bit n: TCP to 10.0.2.<n> is not answered, nor ... */
    uint64_t dead_ipv6;     /* ... fd00:2::<n> in any way; n below 32 and 64 */
    uint16_t silent_port;   /* TCP: SYNs are not answered */
    uint16_t open_ports[4]; /* TCP: accepted; others are refused */
    size_t piece;           /* most bytes of a segment */
    unsigned lose_every;    /* one of so many frames to the client is lost; 0: none */
    struct wire_name names[WIRE_NAMES];

    void (*mangle)(uint8_t *answer, size_t *len); /* changes answers of the name server */
    void (*serve)(struct wire_conn *conn, const uint8_t *data, size_t len);

    /* writes answers of SNTP; NULL: none */
    bool (*ntp)(const uint8_t request[48], uint8_t answer[48]);

    /* observed */
    unsigned frames_out, frames_in, dropped, dhcp_requests, dns_questions, ntp_questions;
    uint8_t client_ip[4];
    char hostname[40];
    struct wire_conn conns[WIRE_CONNS];
};

extern struct wire wire;

/* Starts lwIP, and returns when it has a lease. Once in a program: lwIP cannot be stopped. */
void wire_start(void);

/* All settings back to default, and no connections. lwIP keeps its state. */
void wire_reset(void);

/* Runs for ms, or until done() or ms have passed. */
void wire_run(uint64_t ms);
bool wire_until(bool (*done)(void), uint64_t ms);

/* The server's end of a connection. */
void wire_give(struct wire_conn *conn, const void *data, size_t len);
void wire_fin(struct wire_conn *conn);
void wire_rst(struct wire_conn *conn);
void wire_give_later(struct wire_conn *conn, uint64_t ms, const void *data, size_t len);
struct wire_conn *wire_last(void); /* the newest connection */

/* Unplugs and plugs the cable. */
void wire_link(bool up);

/* Packets of lwIP's pool that are in use. */
unsigned wire_pool_used(void);

#endif
