/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SOCK_H
#define TK_SOCK_H

/*
 * TCP for a client: the part of lwip/sockets.h that an HTTPS client needs, never blocking, with
 * four outcomes instead of errno. On a system that has BSD or lwIP sockets each function is a
 * few lines around the one of the same name there.
 *
 *      tk_sock_lookup -> tk_sock_lookup_poll ... -> addresses
 *      tk_sock_open   -> tk_sock_connected ...   -> tk_sock_send, tk_sock_recv ... -> tk_sock_close
 *
 * No function blocks; who has nothing to do calls tk_wait. All are called from the main loop
 * only. Handles are small numbers from 0; a port must offer at least TK_SOCK_MIN at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tk_port;

enum {
    TK_SOCK_OK = 0,
    TK_SOCK_AGAIN = -1,  /* not now: wait, then call again */
    TK_SOCK_CLOSED = -2, /* the peer closed in good order (FIN); what it sent before was read */
    TK_SOCK_ERR = -3     /* reset, refused, unreachable, no such name, out of sockets */
};

enum { TK_SOCK_MIN = 2, TK_SOCK_ADDRS = 4 };

/* An address of an answer. IPv4 uses the first four bytes. Network byte order (RFC 791, 8200). */
struct tk_addr {
    uint8_t family; /* 4 or 6 */
    uint8_t bytes[16];
};

/* How the device comes by an address of its own: by DHCP (RFC 2131), or as somebody says. IPv4 in
 * network byte order; 0.0.0.0 is none. */
struct tk_ip {
    bool fixed; /* false: DHCP, and the others do not matter */
    uint8_t prefix;
    uint8_t addr[4], gateway[4], dns[4];
};

/* Does so from now on; connections and lookups under way may end. ip is used only during the call.
 * TK_SOCK_OK, or TK_SOCK_ERR where an operating system has the network in its own hands. A port
 * that was told nothing uses DHCP. */
int tk_sock_set_ip(struct tk_port *port, const struct tk_ip *ip);

/* What the device has now, however it came by it: TK_SOCK_OK with *ip set, TK_SOCK_AGAIN while it
 * has none, or TK_SOCK_ERR where an operating system keeps it. */
int tk_sock_get_ip(struct tk_port *port, struct tk_ip *ip);

/*
 * Starts to resolve host (a name, or an address in digits; NUL-terminated, used only during the
 * call). A handle for the two functions below, TK_SOCK_AGAIN when too many are under way or
 * the device has no address yet, or TK_SOCK_ERR.
 */
int tk_sock_lookup(struct tk_port *port, const char *host);

/*
 * The number of addresses written to addrs (1 to max, in the order to try them in), which ends
 * the lookup; TK_SOCK_AGAIN while it goes on; TK_SOCK_ERR when there is none, which ends it too.
 * The port gives no time limit of its own shorter than 5 s; the caller has one.
 */
int tk_sock_lookup_poll(struct tk_port *port, int lookup, struct tk_addr *addrs, size_t max);

/* Ends a lookup whose answer nobody wants any more. */
void tk_sock_lookup_cancel(struct tk_port *port, int lookup);

/*
 * Begins a TCP connection, with Nagle's algorithm off (one send a flight is the caller's care). A
 * handle, or TK_SOCK_ERR. addr is used only during the call.
 */
int tk_sock_open(struct tk_port *port, const struct tk_addr *addr, uint16_t tcp_port);

/* TK_SOCK_OK once connected, TK_SOCK_AGAIN before, TK_SOCK_ERR when it failed (close it then). */
int tk_sock_connected(struct tk_port *port, int sock);

/*
 * Takes 1 to len bytes and says how many, or TK_SOCK_AGAIN, or TK_SOCK_ERR. Never 0 for len > 0.
 * data is copied or sent before the call returns.
 */
int tk_sock_send(struct tk_port *port, int sock, const void *data, size_t len);

/*
 * Gives 1 to size bytes that arrived and says how many, or TK_SOCK_AGAIN, or TK_SOCK_CLOSED after
 * the last byte, or TK_SOCK_ERR. Never 0 for size > 0: the end of a stream is its own outcome.
 */
int tk_sock_recv(struct tk_port *port, int sock, void *buf, size_t size);

/* Gives the handle back. What was sent is still delivered where the network allows. */
void tk_sock_close(struct tk_port *port, int sock);

/*
 * Sleeps until the tick reaches until_ms (UINT64_MAX: no limit), or something happened that an
 * earlier call answered "not now" to: a lookup ended, a socket can go on, a console byte came or
 * can go out. May return early for no reason; must not return late by more than 10 ms. A wake-up
 * that comes between the last look and this call is not lost.
 */
void tk_wait(struct tk_port *port, uint64_t until_ms);

#endif
