/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SOCK_H
#define TK_SOCK_H

/*
 * TCP client sockets: the part of lwip/sockets.h that an HTTPS client needs, non-blocking, with
 * four results instead of errno. Where BSD or lwIP sockets exist, each function is a few lines
 * around the one of the same name.
 *
 *      tk_sock_lookup -> tk_sock_lookup_poll ... -> addresses
 *      tk_sock_open   -> tk_sock_connected ...   -> tk_sock_send, tk_sock_recv ... -> tk_sock_close
 *
 * All calls are non-blocking. An idle caller blocks in tk_wait(). Main loop only. Handles are small
 * numbers from 0; a port must offer at least TK_SOCK_MIN at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tk_port;

enum {
    TK_SOCK_OK = 0,
    TK_SOCK_AGAIN = -1,  /* not ready: wait, then call again */
    TK_SOCK_CLOSED = -2, /* the peer closed the connection (FIN), and all its data was read */
    TK_SOCK_ERR = -3     /* reset, refused, unreachable, no such name, out of sockets */
};

/* 0: IPv4 alone, which saves memory. A build's to choose, for all its files. */
#ifndef TK_SOCK_IPV6
#define TK_SOCK_IPV6 1
#endif

enum {
    TK_SOCK_MIN = 2,
    TK_SOCK_FAMILY = 9, /* addresses of one family: eight may be dead and the last one answer */
    TK_SOCK_ADDRS = TK_SOCK_IPV6 ? 2 * TK_SOCK_FAMILY : TK_SOCK_FAMILY
};

/* An IP address in network byte order (RFC 791, RFC 8200). IPv4 uses the first four bytes,
 * and the others are zero. A link-local IPv6 address (fe80::/64) has the number of its interface in
 * bytes 4 to 7, which are zero on the wire (RFC 4291 2.5.6). */
struct tk_addr {
    uint8_t family; /* 4 or 6 */
    uint8_t bytes[TK_SOCK_IPV6 ? 16 : 4];
};

/* For ports: adds an address to the count found so far, unless it is there or TK_SOCK_FAMILY of its
 * family are. An IPv4-mapped one (RFC 4291 2.5.5.2) is added as IPv4. Returns the new count. */
static inline size_t tk_sock_add(struct tk_addr addrs[TK_SOCK_ADDRS], size_t count,
                                 struct tk_addr addr)
{
    size_t family = 0;

#if TK_SOCK_IPV6
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    if (addr.family == 6 && memcmp(addr.bytes, mapped, sizeof mapped) == 0) {
        addr.family = 4;
        memmove(addr.bytes, addr.bytes + sizeof mapped, 4);
        memset(addr.bytes + 4, 0, sizeof mapped);
    }
#endif
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&addrs[i], &addr, sizeof addr) == 0)
            return count;
        family += addrs[i].family == addr.family;
    }
    if (family < TK_SOCK_FAMILY)
        addrs[count++] = addr;
    return count;
}

/* IPv4 configuration: DHCP (RFC 2131) or static. Addresses are in network byte order; 0.0.0.0 is
 * none. */
struct tk_ip {
    bool fixed;     /* static; false: DHCP, and the other members are ignored */
    uint8_t prefix; /* bits of the network: 1 to 30 */
    uint8_t addr[4], gateway[4], dns[4];
};

/* Applies a configuration; connections and lookups in progress may fail. ip is used only during the
 * call. TK_SOCK_OK, or TK_SOCK_ERR where an operating system manages the network. Until the first
 * call a port uses DHCP. */
int tk_sock_set_ip(struct tk_port *port, const struct tk_ip *ip);

/* The configuration in use, static or from DHCP: TK_SOCK_OK with *ip set, TK_SOCK_AGAIN while there
 * is none, or TK_SOCK_ERR where an operating system manages the network. */
int tk_sock_get_ip(struct tk_port *port, struct tk_ip *ip);

/*
 * Starts to resolve host: a name or a numeric address, NUL-terminated, used only during the call.
 * Returns a handle for the two functions below; TK_SOCK_AGAIN when too many lookups are in progress
 * or the device has no address yet; or TK_SOCK_ERR.
 */
int tk_sock_lookup(struct tk_port *port, const char *host);

/*
 * Returns the number of addresses written to addrs (1 to max, in the order to try them), which ends
 * the lookup; TK_SOCK_AGAIN while it is in progress; TK_SOCK_ERR when there is none, which ends it
 * too. A name has each address once, of each family that the port can connect to at most
 * TK_SOCK_FAMILY; more are left out, so that neither family displaces the other. A timeout of the
 * port itself is at least 5 s; the caller has its own.
 */
int tk_sock_lookup_poll(struct tk_port *port, int lookup, struct tk_addr *addrs, size_t max);

/* Ends a lookup before its result. */
void tk_sock_lookup_cancel(struct tk_port *port, int lookup);

/*
 * Starts a TCP connection with Nagle's algorithm off: the caller sends each flight in one call.
 * addr is used only during the call. Returns a handle; TK_SOCK_AGAIN when all sockets are in use;
 * or TK_SOCK_ERR, also for a family that the port does not have.
 */
int tk_sock_open(struct tk_port *port, const struct tk_addr *addr, uint16_t tcp_port);

/* TK_SOCK_OK once connected, TK_SOCK_AGAIN before, TK_SOCK_ERR when it failed (close it then). */
int tk_sock_connected(struct tk_port *port, int sock);

/*
 * Takes 1 to len bytes and returns how many; TK_SOCK_AGAIN when there is no room; or TK_SOCK_ERR.
 * Never 0 for len > 0. data is copied or sent before the call returns.
 */
int tk_sock_send(struct tk_port *port, int sock, const void *data, size_t len);

/*
 * Moves 1 to size received bytes to buf and returns how many; TK_SOCK_AGAIN when there are none
 * now; TK_SOCK_CLOSED after the last byte; or TK_SOCK_ERR. Never 0 for size > 0.
 */
int tk_sock_recv(struct tk_port *port, int sock, void *buf, size_t size);

/* Closes the connection and releases the handle. Data that was sent is still delivered where the
 * network allows. */
void tk_sock_close(struct tk_port *port, int sock);

/*
 * Sleeps until the tick reaches until_ms (UINT64_MAX: no limit), or until something happens that an
 * earlier call reported as not ready: a lookup ends, a socket can continue, console input arrives
 * or output has room. May return early without cause; must not return late by more than 10 ms. A
 * wake-up between the last check and this call is not lost.
 */
void tk_wait(struct tk_port *port, uint64_t until_ms);

#ifdef __cplusplus
}
#endif

#endif
