/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pipe2 */
#include "tk_posix_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * getaddrinfo blocks and cannot be cancelled, so each lookup of a name is a thread. Thread and port
 * share only a pipe: the thread owns the query, writes its result to the pipe in one call, and a
 * port that has cancelled the lookup closes the read end. No lock is needed, and nothing is left to
 * clean up when the process exits in between.
 */

enum { HOST_MAX = 253 /* characters of a name (RFC 1035 2.3.4) */ };

struct query {
    int fd; /* write end of the pipe */
    char host[HOST_MAX + 1];
};

/* --- in the thread --- */

static bool to_addr(const struct sockaddr *sa, struct tk_addr *addr)
{
    memset(addr, 0, sizeof *addr);
    if (sa->sa_family == AF_INET) {
        addr->family = 4;
        memcpy(addr->bytes, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
    } else if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)sa;
        uint32_t scope = htonl(v6->sin6_scope_id);

        addr->family = 6;
        memcpy(addr->bytes, &v6->sin6_addr, 16);
        if (IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
            memcpy(addr->bytes + TK_POSIX_SCOPE, &scope, sizeof scope);
    }
    return addr->family != 0;
}

static void resolve(const char *host, struct tk_posix_answer *answer)
{
    struct addrinfo hints = {.ai_flags = AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    struct tk_addr addr;

    if (getaddrinfo(host, NULL, &hints, &list) != 0)
        return;
    for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
        if (to_addr(at->ai_addr, &addr))
            answer->count = tk_sock_add(answer->addrs, answer->count, addr);
    }
    freeaddrinfo(list);
}

static void *run_query(void *arg)
{
    struct query *q = arg;
    struct tk_posix_answer answer;

    memset(&answer, 0, sizeof answer);
    resolve(q->host, &answer);
    if (write(q->fd, &answer, sizeof answer) < 0) {
        /* the lookup was cancelled */
    }
    close(q->fd);
    free(q);
    return NULL;
}

/* --- in the port --- */

/* Signals go to the program's own thread, where they end tk_wait. */
static int start_thread(struct query *q)
{
    sigset_t all, before;
    pthread_attr_t detached;
    pthread_t thread;
    int ret;

    sigfillset(&all);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ret = pthread_create(&thread, &detached, run_query, q);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&detached);
    return ret == 0 ? 0 : -1;
}

/* Starts a query. Returns the read end of its pipe, or -1. */
static int start_query(const char *host)
{
    struct query *q = malloc(sizeof *q);
    int ends[2];

    if (q == NULL || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        free(q);
        return -1;
    }
    strcpy(q->host, host);
    q->fd = ends[1];
    if (start_thread(q) == 0)
        return ends[0];
    close(ends[0]);
    close(ends[1]);
    free(q);
    return -1;
}

static bool parse_numeric(const char *host, struct tk_posix_answer *answer)
{
    struct tk_addr addr = {.family = 0};

    memset(answer, 0, sizeof *answer);
    if (inet_pton(AF_INET, host, addr.bytes) == 1)
        addr.family = 4;
    else if (inet_pton(AF_INET6, host, addr.bytes) == 1)
        addr.family = 6;
    if (addr.family != 0)
        answer->count = tk_sock_add(answer->addrs, 0, addr);
    return answer->count > 0;
}

/* Whether the answer has arrived. A thread that ended without one found no address. */
static bool collect(struct tk_posix_lookup *l)
{
    if (l->fd < 0)
        return true;
    ssize_t n = read(l->fd, &l->answer, sizeof l->answer);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n != (ssize_t)sizeof l->answer)
        l->answer.count = 0;
    close(l->fd);
    l->fd = -1;
    return true;
}

static void release(struct tk_posix_lookup *l)
{
    if (l->fd >= 0)
        close(l->fd);
    *l = (struct tk_posix_lookup){.fd = -1};
}

/* A cancelled lookup keeps its slot until its thread ends, so that there are never more threads
 * than slots, no matter how often callers time out. */
static int free_slot(struct tk_port *port)
{
    for (int i = 0; i < TK_POSIX_LOOKUPS; i++) {
        struct tk_posix_lookup *l = &port->lookups[i];

        if (l->cancelled && collect(l))
            release(l);
        if (!l->used)
            return i;
    }
    return -1;
}

int tk_sock_lookup(struct tk_port *port, const char *host)
{
    int i = free_slot(port);
    size_t len = strlen(host);

    tk_posix_set_wanted(&port->lookup_slot, i < 0);
    if (i < 0)
        return TK_SOCK_AGAIN;
    if (len == 0 || len > HOST_MAX)
        return TK_SOCK_ERR;
    struct tk_posix_lookup *l = &port->lookups[i];

    if (!parse_numeric(host, &l->answer) && (l->fd = start_query(host)) < 0)
        return TK_SOCK_ERR;
    l->used = true;
    tk_posix_set_wanted(&l->answered, true);
    return i;
}

static struct tk_posix_lookup *find(struct tk_port *port, int lookup)
{
    if (lookup < 0 || lookup >= TK_POSIX_LOOKUPS)
        return NULL;
    struct tk_posix_lookup *l = &port->lookups[lookup];

    return l->used && !l->cancelled ? l : NULL;
}

int tk_sock_lookup_poll(struct tk_port *port, int lookup, struct tk_addr *addrs, size_t max)
{
    struct tk_posix_lookup *l = find(port, lookup);

    if (l == NULL)
        return TK_SOCK_ERR;
    tk_posix_set_wanted(&l->answered, true);
    if (!collect(l))
        return TK_SOCK_AGAIN;
    size_t n = l->answer.count < max ? l->answer.count : max;

    memcpy(addrs, l->answer.addrs, n * sizeof *addrs);
    release(l);
    return n == 0 ? TK_SOCK_ERR : (int)n;
}

void tk_sock_lookup_cancel(struct tk_port *port, int lookup)
{
    struct tk_posix_lookup *l = find(port, lookup);

    if (l == NULL)
        return;
    if (collect(l))
        release(l);
    else
        l->cancelled = true;
}

void tk_posix_lookup_init(struct tk_port *port)
{
    for (int i = 0; i < TK_POSIX_LOOKUPS; i++)
        port->lookups[i].fd = -1;
}

void tk_posix_lookup_free(struct tk_port *port)
{
    for (int i = 0; i < TK_POSIX_LOOKUPS; i++)
        release(&port->lookups[i]);
}

void tk_posix_lookup_add_waits(struct tk_port *port, struct tk_posix_wait_set *w)
{
    for (int i = 0; i < TK_POSIX_LOOKUPS; i++) {
        struct tk_posix_lookup *l = &port->lookups[i];

        if (!l->used)
            continue;
        if (l->fd < 0)
            tk_posix_wait_met(w, &l->answered);
        else
            tk_posix_wait_fd(w, l->fd, POLLIN, l->cancelled ? &port->lookup_slot : &l->answered);
    }
}
