/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include "call_service.h"
#include "consoles.h"
#include "host.h"
#include "peer.h"
#include "private_file.h"
#include "reply.h"
#include "request.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPTED_PER_PASS = 32 /* then those that are connected are served first */ };

void tk_control_init(struct tk_control *c, struct tk_port *port, struct tk_keeper *keeper,
                     const struct tk_access *access)
{
    memset(c, 0, sizeof *c);
    c->port = port;
    c->keeper = keeper;
    c->access = access;
    c->consumers.fd = c->admins.fd = -1;
}

bool tk_control_open(struct tk_control *c, const char *path, const char *group,
                     const char *admin_path)
{
    if (strcmp(path, admin_path) == 0) {
        tk_host_message("consumers and administrators need different sockets: %s", path);
        return false;
    }
    return tk_host_only_owner_creates(admin_path) &&
           tk_listener_open(&c->admins, c->port, admin_path, NULL) &&
           tk_listener_open(&c->consumers, c->port, path, group);
}

/* --- connections --- */

void tk_control_end(struct tk_control *c, struct tk_control_client *client)
{
    if (client->state == TK_CLIENT_CONSOLE)
        tk_consoles_close(c, client);
    if (client->state == TK_CLIENT_CALLING)
        tk_call_service_leave(c, client);
    tk_posix_watch(c->port, client->fd, 0);
    close(client->fd);
    tk_wipe(client, sizeof *client);
}

static bool is_silent(const struct tk_control_client *client)
{
    return client->state == TK_CLIENT_GREETING || client->state == TK_CLIENT_READING ||
           client->state == TK_CLIENT_SKIPPING;
}

/* The clients of the consumers, or those of the administrators. */
static struct tk_control_client *pool(struct tk_control *c, bool is_admin, size_t *count)
{
    *count = is_admin ? TK_CONTROL_ADMINS : TK_CONTROL_CONSUMERS;
    return is_admin ? c->clients + TK_CONTROL_CONSUMERS : c->clients;
}

static size_t count_of(const struct tk_control_client *of, size_t count, uid_t uid,
                       bool waiting_only)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        n += of[i].state != TK_CLIENT_FREE && of[i].uid == uid &&
             (!waiting_only || of[i].state == TK_CLIENT_WAITING);
    return n;
}

/* Ends the connection that has been silent for longest, of the user who has most of them. Returns
 * false if none is silent. */
static bool end_silent(struct tk_control *c, bool is_admin)
{
    size_t count, most = 0;
    struct tk_control_client *of = pool(c, is_admin, &count), *found = NULL;

    for (size_t i = 0; i < count; i++) {
        if (!is_silent(&of[i]))
            continue;
        size_t share = count_of(of, count, of[i].uid, false);

        if (share > most || (share == most && of[i].since_ms < found->since_ms)) {
            found = &of[i];
            most = share;
        }
    }
    if (found != NULL)
        tk_control_end(c, found);
    return found != NULL;
}

static struct tk_control_client *free_client(struct tk_control *c, bool is_admin)
{
    size_t count;
    struct tk_control_client *of = pool(c, is_admin, &count);

    for (size_t i = 0; i < count; i++) {
        if (of[i].state == TK_CLIENT_FREE)
            return &of[i];
    }
    return NULL;
}

/* Makes room for a connection. NULL: all wait. */
static struct tk_control_client *room(struct tk_control *c, bool is_admin)
{
    struct tk_control_client *client = free_client(c, is_admin);

    if (client == NULL && end_silent(c, is_admin))
        client = free_client(c, is_admin);
    return client;
}

static void admit(struct tk_control *c, bool is_admin, int fd, uint64_t now_ms)
{
    struct tk_peer peer;
    struct tk_control_client *client = NULL;

    if (tk_peer_read(fd, &peer) && (!is_admin || tk_peer_is_owner(&peer)))
        client = room(c, is_admin);
    if (client == NULL || tk_posix_watch(c->port, fd, POLLIN) != 0) {
        close(fd);
        return;
    }
    *client = (struct tk_control_client){.state = TK_CLIENT_GREETING,
                                         .is_admin = is_admin,
                                         .is_owner = tk_peer_is_owner(&peer),
                                         .may_read = true,
                                         .fd = fd,
                                         .uid = peer.uid,
                                         .pid = peer.pid,
                                         .rights = tk_access_of(c->access, &peer),
                                         .since_ms = now_ms};
}

/* Without a descriptor for a new client a silent consumer gives up his. */
static void accept_clients(struct tk_control *c, bool is_admin, uint64_t now_ms)
{
    struct tk_listener *l = is_admin ? &c->admins : &c->consumers;

    for (int i = 0; i < ACCEPTED_PER_PASS; i++) {
        int fd = tk_listener_accept(l, now_ms);

        if (fd == TK_LISTENER_FULL && end_silent(c, false))
            tk_listener_resume(l);
        else if (fd < 0)
            return;
        else
            admit(c, is_admin, fd, now_ms);
    }
}

bool tk_control_has_place(const struct tk_control *c, const struct tk_control_client *client)
{
    const struct tk_control_client *of = c->clients + (client->is_admin ? TK_CONTROL_CONSUMERS : 0);
    size_t count = client->is_admin ? TK_CONTROL_ADMINS : TK_CONTROL_CONSUMERS, waiting = 0;

    for (size_t i = 0; i < count; i++)
        waiting += of[i].state == TK_CLIENT_WAITING;
    return waiting < count / 2 && (client->is_admin || count_of(of, count, client->uid, true) <
                                                           TK_CONTROL_WAITING_PER_USER);
}

/* --- a client --- */

static void run_line(struct tk_control *c, struct tk_control_client *client, uint64_t now_ms)
{
    client->text[client->len] = '\0';
    client->since_ms = now_ms;
    client->may_read = true; /* for the next line */
    if (client->state == TK_CLIENT_GREETING)
        tk_request_greet(c, client, now_ms);
    else
        tk_request_run(c, client, now_ms);
    tk_wipe(client->text, client->len);
    client->len = 0;
}

/* Where the next request begins is unknown then. */
static void refuse_long_line(struct tk_control_client *client)
{
    const char *code = tk_err_code(TK_E_LINE_TOO_LONG);
    const char *words = "a request has at most 1023 bytes and a line end";

    if (client->state == TK_CLIENT_GREETING)
        tk_reply_no_greeting(client, code, words, TK_EXIT_USAGE);
    else
        tk_reply_words(client, code, words, TK_EXIT_USAGE);
    client->is_lost = true;
}

/* Reads up to the end of a line: what follows it stays in the socket, for the console or the next
 * pass. */
static void read_line(struct tk_control *c, struct tk_control_client *client, uint64_t now_ms)
{
    char *at = client->text + client->len;
    ssize_t n = recv(client->fd, at, TK_CONTROL_LINE - client->len, MSG_PEEK);

    client->may_read = false;
    if (n <= 0) {
        client->is_lost = n == 0 || (errno != EAGAIN && errno != EINTR);
        return;
    }
    const char *end = memchr(at, '\n', (size_t)n);

    n = end != NULL ? end + 1 - at : n;
    if (recv(client->fd, at, (size_t)n, 0) != n) {
        client->is_lost = true;
        return;
    }
    client->len += (size_t)n;
    if (end != NULL) {
        client->len--;
        run_line(c, client, now_ms);
    } else if (client->len == TK_CONTROL_LINE) {
        refuse_long_line(client);
    }
}

/* Or sent urgent data, which no request has: poll would report it for ever. */
static bool has_hung_up(const struct tk_control *c, const struct tk_control_client *client)
{
    return (tk_posix_ready(c->port, client->fd) & (POLLHUP | POLLERR | POLLPRI)) != 0;
}

static void step_client(struct tk_control *c, struct tk_control_client *client, uint64_t now_ms)
{
    switch (client->state) {
    case TK_CLIENT_GREETING:
    case TK_CLIENT_READING:
        client->is_lost = (tk_posix_ready(c->port, client->fd) & POLLPRI) != 0;
        if (!client->is_lost && (client->may_read || tk_posix_ready(c->port, client->fd) != 0))
            read_line(c, client, now_ms);
        break;
    case TK_CLIENT_WAITING:
        client->is_lost = has_hung_up(c, client);
        if (!client->is_lost)
            tk_request_step(c, client, now_ms);
        break;
    case TK_CLIENT_SKIPPING:
    case TK_CLIENT_CALLING:
        client->is_lost |= has_hung_up(c, client);
        if (!client->is_lost)
            tk_call_service_step(c, client, now_ms);
        break;
    case TK_CLIENT_OPENING:
        tk_consoles_open(c, client);
        break;
    case TK_CLIENT_EVENTS:
        client->is_lost |= has_hung_up(c, client);
        break;
    default:
        break;
    }
    if (client->is_lost)
        tk_control_end(c, client);
}

/* What tk_wait waits for. Further input of a client that waits stays unread: only its end counts.
 * Returns the tick of the client's next step. */
static uint64_t watch_client(struct tk_control *c, struct tk_control_client *client,
                             uint64_t now_ms)
{
    if (client->state == TK_CLIENT_CALLING || client->state == TK_CLIENT_SKIPPING) {
        uint64_t next_ms = UINT64_MAX;
        short events = tk_call_service_events(c, client, now_ms, &next_ms);

        tk_posix_watch(c->port, client->fd, events);
        return next_ms;
    }
    if (is_silent(client)) {
        tk_posix_watch(c->port, client->fd, POLLIN | POLLPRI);
        return client->may_read ? now_ms : UINT64_MAX;
    }
    if (client->state == TK_CLIENT_WAITING || client->state == TK_CLIENT_EVENTS) {
        tk_posix_watch(c->port, client->fd, POLLPRI);
        return client->state == TK_CLIENT_WAITING ? client->deadline_ms : UINT64_MAX;
    }
    return client->state == TK_CLIENT_OPENING ? now_ms : UINT64_MAX;
}

static uint64_t sooner(uint64_t a_ms, uint64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

uint64_t tk_control_run(struct tk_control *c, uint64_t now_ms)
{
    uint64_t next_ms;

    tk_consoles_end_closed(c);
    tk_call_service_run(c);
    accept_clients(c, true, now_ms);
    accept_clients(c, false, now_ms);
    next_ms = sooner(tk_listener_wait(&c->admins, now_ms), tk_listener_wait(&c->consumers, now_ms));
    for (size_t i = 0; i < TK_CONTROL_CLIENTS; i++) {
        step_client(c, &c->clients[i], now_ms);
        next_ms = sooner(next_ms, watch_client(c, &c->clients[i], now_ms));
    }
    return next_ms;
}

bool tk_control_is_due(const struct tk_control *c, uint64_t now_ms)
{
    return tk_consoles_is_due(c) || tk_call_service_is_due(c, now_ms);
}

void tk_control_close(struct tk_control *c)
{
    for (size_t i = 0; i < TK_CONTROL_CLIENTS; i++) {
        if (c->clients[i].state != TK_CLIENT_FREE)
            tk_control_end(c, &c->clients[i]);
    }
    tk_call_service_close(c);
    tk_listener_close(&c->consumers);
    tk_listener_close(&c->admins);
}
