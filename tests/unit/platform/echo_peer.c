/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "echo_peer.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 200 };

uint16_t echo_peer_port, echo_closed_port;

static pid_t peer;
static int listener, bound;

/* A connection, and the bytes to send back. */
struct client {
    struct pollfd poll;
    uint64_t at_ms; /* 0: nothing to send */
    size_t len;
    char buf[2048];
};

static struct client clients[CLIENTS];

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void close_client(struct client *c)
{
    close(c->poll.fd);
    *c = (struct client){.poll = {.fd = -1}};
}

static void receive(struct client *c)
{
    ssize_t n = recv(c->poll.fd, c->buf, sizeof c->buf, 0);

    if (n <= 0) {
        close_client(c);
        return;
    }
    c->len = (size_t)n;
    c->at_ms = now_ms();
    if (memchr(c->buf, 0x05, c->len) != NULL)
        c->at_ms += 500;
}

static void send_back(struct client *c)
{
    bool last = memchr(c->buf, 0x04, c->len) != NULL;

    c->at_ms = 0;
    if (send(c->poll.fd, c->buf, c->len, MSG_NOSIGNAL) != (ssize_t)c->len || last)
        close_client(c);
}

static void accept_client(void)
{
    int fd = accept(listener, NULL, NULL);

    for (int i = 0; fd >= 0 && i < CLIENTS; i++) {
        if (clients[i].poll.fd >= 0)
            continue;
        clients[i].poll = (struct pollfd){.fd = fd, .events = POLLIN};
        return;
    }
}

static void serve(void)
{
    struct pollfd polls[CLIENTS + 1];

    for (int i = 0; i < CLIENTS; i++)
        clients[i].poll.fd = -1;
    for (;;) {
        bool waits = false;

        polls[CLIENTS] = (struct pollfd){.fd = listener, .events = POLLIN};
        for (int i = 0; i < CLIENTS; i++) {
            waits = waits || clients[i].at_ms != 0;
            polls[i] = clients[i].poll;
            if (clients[i].at_ms != 0)
                polls[i].fd = -1; /* sends before it receives more */
        }
        (void)poll(polls, CLIENTS + 1, waits ? 5 : -1);
        for (int i = 0; i < CLIENTS; i++) {
            if (polls[i].fd >= 0 && polls[i].revents != 0)
                receive(&clients[i]);
            if (clients[i].at_ms != 0 && now_ms() >= clients[i].at_ms)
                send_back(&clients[i]);
        }
        if (polls[CLIENTS].revents != 0)
            accept_client();
    }
}

static int bind_loopback(uint16_t *tcp_port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&addr, &len) != 0)
        return -1;
    *tcp_port = ntohs(addr.sin_port);
    return fd;
}

int echo_peer_start(void)
{
    listener = bind_loopback(&echo_peer_port);
    bound = bind_loopback(&echo_closed_port);
    if (listener < 0 || bound < 0 || listen(listener, 100) != 0)
        return -1;
    peer = fork();
    if (peer == 0)
        serve();
    return peer > 0 ? 0 : -1;
}

void echo_peer_stop(void)
{
    kill(peer, SIGTERM);
    waitpid(peer, NULL, 0);
    close(listener);
    close(bound);
}
