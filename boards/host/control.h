/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONTROL_H
#define TK_CONTROL_H

/*
 * The control socket, for other programs on this machine. One JSON object per line:
 *
 *   {"op":"get","ref":"token","min_valid":60,"rejected":3,"timeout":30}
 *     {"ok":true,"ref":...,"access_token":...,"expires_in":...,"generation":...,
 *      "client_endpoint":...,"portal":...,"user_id":...,"member_id":...,"short":false}
 *     {"ok":false,"error":"needs_code","words":"...","exit":5}
 *   {"op":"root","index":0}
 *     {"ok":true,"der":"<base64>"}, an added root; "" for a free slot
 *   {"op":"console"}
 *     {"ok":true}, then the connection is a console line
 *
 * All members except `op` are optional. Access is controlled by the permissions of the socket.
 */

#include "tokenkeeper.h"

enum { TK_CONTROL_CLIENTS = 24, TK_CONTROL_LINE = 1024 };

enum tk_client_state { TK_CLIENT_FREE, TK_CLIENT_READING, TK_CLIENT_WAITING, TK_CLIENT_CONSOLE };

struct tk_control_client {
    enum tk_client_state state;
    int fd;
    uint64_t deadline_ms;
    unsigned line; /* of the console, in TK_CLIENT_CONSOLE */
    size_t len;
    char text[TK_CONTROL_LINE + 1];
    char ref[TK_NAME_MAX + 1]; /* of a get, in TK_CLIENT_WAITING */
    uint32_t min_valid_s;
};

struct tk_control {
    struct tk_port *port;
    struct tk_keeper *keeper;
    int fd;
    char path[108];
    struct tk_control_client clients[TK_CONTROL_CLIENTS];
};

/* Listens at path; replaces the socket of a service that no longer runs. group NULL: only this user
 * may connect. Returns false after a message. */
bool tk_control_open(struct tk_control *c, struct tk_port *port, struct tk_keeper *keeper,
                     const char *path, const char *group);

/* Serves the clients, after tk_wait. Returns the tick of its next timeout. */
uint64_t tk_control_run(struct tk_control *c, uint64_t now_ms);

void tk_control_close(struct tk_control *c);

#endif
