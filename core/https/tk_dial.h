/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_DIAL_H
#define TK_DIAL_H

/*
 * From a host name to a TCP connection, non-blocking. All addresses of the name are tried, IPv4 and
 * IPv6 in turn (RFC 8305 4 and 5):
 *
 *      0 s     0.5 s     1 s ...
 *      the 1st,          begins
 *              the 2nd,  while the 1st is still silent
 *                        ...
 *
 * The first that connects wins, and the others are closed. Where sockets are short, the oldest
 * attempt makes room for the next address, in time for nine addresses within 7.2 s. Addresses that
 * were given up early are tried once more, with all the time: 5 s each.
 */

#include "tk_limits.h"
#include "tk_sock.h"
#include "tk_url.h"

struct tk_attempt {
    int sock;          /* -1: none */
    uint32_t since_ms; /* low 32 bits of the tick, like the others here */
    uint8_t addr;      /* index */
};

struct tk_dial {
    uint64_t next_ms; /* the tick of the next step even if nothing happens */
    uint8_t count;    /* of addrs; 0: the name is not resolved */
    uint8_t current;  /* index of the address that connected */
    uint8_t next;     /* index of the one to try next */

    /* private */
    bool hurried; /* an address was given up early */
    bool patient; /* addresses are tried once more */
    int lookup;   /* -1: none */
    struct tk_port *port;
    uint32_t now_ms;
    uint32_t open_ms; /* of the next attempt, if there is a socket for it */
    uint32_t took_ms; /* the connection to the current address */
    struct tk_attempt attempts[TK_ATTEMPTS];

    struct tk_addr addrs[TK_SOCK_ADDRS]; /* in the order to try */
};

void tk_dial_init(struct tk_dial *d, struct tk_port *port);

/* Continues. Returns the handle of a connected socket, which is then the caller's; TK_SOCK_AGAIN;
 * or TK_SOCK_ERR, if no address connects or, with count 0, the name has none. first is tried first
 * if the name has it; NULL: none. */
int tk_dial_step(struct tk_dial *d, const struct tk_host *host, const struct tk_addr *first);

/* How long the server at the current address may be silent before another is tried: most_ms at the
 * last one, else less. */
uint32_t tk_dial_patience(const struct tk_dial *d, uint32_t most_ms);

/* The caller has closed the socket, since the server did not answer; early: before most_ms. True if
 * tk_dial_step can go on to another address. */
bool tk_dial_abandon(struct tk_dial *d, bool early);

/* Ends lookup and attempts: d is as after tk_dial_init. */
void tk_dial_cancel(struct tk_dial *d);

#endif
