/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONTROL_H
#define TK_CONTROL_H

/*
 * The two sockets of the service: consumers get tokens at one, administrators have the console at
 * the other. PROTOCOL.md says what is sent there; access.h who may do what.
 *
 * No client can keep others out: silent ones give way to newcomers, those of the user who has most
 * first; the number that wait is limited by user; a request that need not wait is answered at once;
 * administrators have connections of their own.
 */

#include "access.h"
#include "journal.h"
#include "listener.h"
#include "tokenkeeper.h"

enum {
    TK_CONTROL_LINE = 1024, /* bytes of a request */
    /* connections; at most half of them wait while a token is refreshed */
    TK_CONTROL_CONSUMERS = 96,
    TK_CONTROL_WAITING_PER_USER = 24,
    TK_CONTROL_ADMINS = 8,
    TK_CALLS_OPEN = 16,
    TK_CONTROL_CLIENTS = TK_CONTROL_CONSUMERS + TK_CONTROL_ADMINS
};

enum tk_client_state {
    TK_CLIENT_FREE,
    TK_CLIENT_GREETING, /* connected; nothing is known but its credentials */
    TK_CLIENT_READING,  /* between requests */
    TK_CLIENT_WAITING,  /* for a token */
    TK_CLIENT_SKIPPING, /* sends the body of a call that was refused */
    TK_CLIENT_CALLING,  /* sends the body of a call, or gets its answer */
    TK_CLIENT_OPENING,  /* waits for its console, which another one had until now */
    TK_CLIENT_CONSOLE,
    TK_CLIENT_EVENTS /* gets the events */
};

struct tk_control_client {
    enum tk_client_state state;
    bool is_admin;
    bool is_owner; /* root, or the user of the service */
    bool is_lost;  /* it closed the connection, broke a rule of the protocol or does not read */
    bool asks_pin; /* its console has a user whom the system does not know */
    bool is_call;  /* its request is a call, whose answer has two parts */
    bool may_read; /* there may be input that no poll has reported */
    int fd;
    uid_t uid;
    pid_t pid;
    tk_rights rights;
    uint64_t since_ms; /* tick of the last request */
    uint64_t deadline_ms;
    unsigned line; /* of the console, in TK_CLIENT_OPENING and TK_CLIENT_CONSOLE */
    size_t len;
    char text[TK_CONTROL_LINE + 1];
    char ref[TK_NAME_MAX + 1]; /* of a get; the name of the account once there is one */
    uint32_t min_valid_s;
    uint32_t rejected; /* generation that it rejects; 0: none */
    size_t skip;       /* bytes of a refused body, in TK_CLIENT_SKIPPING */
};

struct tk_call_session; /* call_service.c */

struct tk_control {
    struct tk_port *port;
    struct tk_keeper *keeper;
    const struct tk_access *access;
    struct tk_listener consumers;
    struct tk_listener admins;
    struct tk_journal journal;
    struct tk_control_client clients[TK_CONTROL_CLIENTS]; /* those of administrators come last */
    struct tk_call_session *calls[TK_CALLS_OPEN];         /* NULL: free */
};

/* Before all others; opens nothing. access must outlive c. */
void tk_control_init(struct tk_control *c, struct tk_port *port, struct tk_keeper *keeper,
                     const struct tk_access *access);

/* Listens at both paths. group NULL: only this user may connect to the consumers' socket. Returns
 * false after a message. */
bool tk_control_open(struct tk_control *c, const char *path, const char *group,
                     const char *admin_path);

/* Serves the clients, after tk_wait. Returns the tick of its next timeout. */
uint64_t tk_control_run(struct tk_control *c, uint64_t now_ms);

/* True if tk_control_run must run again at once, after the keeper. */
bool tk_control_is_due(const struct tk_control *c, uint64_t now_ms);

void tk_control_close(struct tk_control *c);

/* --- for request.c and consoles.c --- */

/* Whether one more client of this user may wait. */
bool tk_control_has_place(const struct tk_control *c, const struct tk_control_client *client);

/* Closes a connection: its console ends, too. */
void tk_control_end(struct tk_control *c, struct tk_control_client *client);

#endif
