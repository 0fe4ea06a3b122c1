/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LOOPBACK_H
#define TK_LOOPBACK_H

/*
 * The end of a login in a browser of this machine (RFC 8252 section 7.3): listens at
 * http://localhost:<port>, which the application's handler is set to, at 127.0.0.1 and [::1].
 *
 * The browser opens /start/<nonce>, which leads to the portal once: so the state of the login is in
 * no argument of a process. The portal leads back to /?code=...&state=... Requests of other users
 * are refused where the system says whose a connection is. Nothing is logged but through note.
 */

#include "http_get.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TK_LOOPBACK_PORT = 7000,  /* of the handler that our README has the operator enter */
    TK_LOOPBACK_CLIENTS = 16, /* at a time; one more takes the place of the oldest */
    TK_LOOPBACK_FDS = 2 + TK_LOOPBACK_CLIENTS,
    TK_LOOPBACK_REQUEST_MS = 5000, /* until a request is complete */
    TK_LOOPBACK_NONCE = 32,        /* hexadecimal digits */
    TK_LOOPBACK_ADDRESS = 950      /* characters of a redirect's address */
};

enum tk_login_event {
    TK_LOGIN_WAITING,
    TK_LOGIN_CODE,    /* address has the redirect */
    TK_LOGIN_REFUSED, /* the portal redirected with an error, which is in error */
    TK_LOGIN_TWICE    /* the start was opened again: by another program, or by mistake */
};

struct tk_loopback_client {
    int fd; /* -1: free */
    uint64_t deadline_ms;
    uint64_t order; /* of its arrival */
    size_t len;
    char bytes[TK_HTTP_GET_MAX];
};

struct tk_loopback {
    /* set by the caller before tk_loopback_open */
    unsigned port;
    /* Reports a refused request to the operator; each kind at most once a login. NULL: not needed
     */
    void (*note)(void *owner, const char *words);
    void *owner;
    const char *page; /* HTML that is served at / instead of a login; NULL: none */
    size_t page_len;

    /* of the login under way; tk_loopback_begin sets them */
    char start[sizeof "http://localhost:65535/start/" + TK_LOOPBACK_NONCE]; /* to be opened */
    bool is_opened;
    enum tk_login_event event;
    char address[TK_LOOPBACK_ADDRESS]; /* TK_LOGIN_CODE */
    char error[64];                    /* TK_LOGIN_REFUSED: visible ASCII */

    /* private */
    int fds[2];
    char host[sizeof "localhost:65535"];
    const char *link, *state, *gateway;
    unsigned noted;
    uint64_t arrivals;
    struct tk_loopback_client clients[TK_LOOPBACK_CLIENTS];
};

/* Listens at both addresses; that of IPv6 is left out where the kernel does not have it. False
 * with the reason in why. */
bool tk_loopback_open(struct tk_loopback *l, char *why, size_t size);

/* Begins a login with a new nonce; link (to the portal), state and gateway (its name on the pages)
 * outlive it. False if there is no random source. */
bool tk_loopback_begin(struct tk_loopback *l, const char *link, const char *state,
                       const char *gateway);

/* Fills p with what to wait for until *until_ms (a tick of tk_service_now, or later). */
void tk_loopback_wait(const struct tk_loopback *l, struct pollfd p[TK_LOOPBACK_FDS],
                      uint64_t *until_ms);

/* Accepts, reads and answers what there is; the result is in event. */
void tk_loopback_step(struct tk_loopback *l, uint64_t now_ms);

/* Judges a line that the operator has pasted; what stands around the address is left out. False if
 * it is no address of a login; one of another login is reported. */
bool tk_loopback_take(struct tk_loopback *l, const char *pasted);

/* Ends the login: its start and state are of no use from now on, and its secrets are wiped. */
void tk_loopback_end(struct tk_loopback *l);
void tk_loopback_close(struct tk_loopback *l);

#endif
