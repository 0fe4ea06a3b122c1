/* SPDX-License-Identifier: Apache-2.0 */
#include "loopback.h"

#include "loopback_page.h"
#include "random_hex.h"
#include "service.h"
#include "socket_owner.h"
#include "tk_wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define START_PATH "/start/"

enum { BACKLOG = 64 };

/* --- listening --- */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t make_address(union address *a, int family, unsigned port)
{
    memset(a, 0, sizeof *a);
    a->any.sa_family = (sa_family_t)family;
    if (family == AF_INET) {
        a->v4.sin_port = htons((uint16_t)port);
        a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return sizeof a->v4;
    }
    a->v6.sin6_port = htons((uint16_t)port);
    a->v6.sin6_addr = in6addr_loopback;
    return sizeof a->v6;
}

static bool set_flags(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static int listen_at(int family, unsigned port)
{
    union address at;
    socklen_t len = make_address(&at, family, port);
    int on = 1, fd = socket(family, SOCK_STREAM, 0);

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (set_flags(fd) && bind(fd, &at.any, len) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int error = errno;

    close(fd);
    errno = error;
    return -1;
}

static void explain(int family, unsigned port, int error, char *why, size_t size)
{
    const char *at = family == AF_INET ? "127.0.0.1" : "[::1]";
    union address address;
    char holder[160];

    if (error != EADDRINUSE) {
        snprintf(why, size, "cannot listen at %s:%u: %s", at, port, strerror(error));
        return;
    }
    (void)make_address(&address, family, port);
    tk_socket_listener(&address.any, holder, sizeof holder);
    snprintf(why, size,
             "%s:%u is taken by %s, which would get the code of the login; end it, then repeat", at,
             port, holder);
}

bool tk_loopback_open(struct tk_loopback *l, char *why, size_t size)
{
    static const int families[] = {AF_INET, AF_INET6};

    l->fds[0] = l->fds[1] = -1;
    snprintf(l->host, sizeof l->host, "localhost:%u", l->port);
    for (int i = 0; i < TK_LOOPBACK_CLIENTS; i++)
        l->clients[i].fd = -1;
    for (int i = 0; i < 2; i++) {
        l->fds[i] = listen_at(families[i], l->port);
        if (l->fds[i] < 0 && !(i == 1 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))) {
            explain(families[i], l->port, errno, why, size);
            tk_loopback_close(l);
            return false;
        }
    }
    return true;
}

/* --- a login --- */

bool tk_loopback_begin(struct tk_loopback *l, const char *link, const char *state,
                       const char *gateway)
{
    char nonce[TK_LOOPBACK_NONCE + 1];

    tk_loopback_end(l);
    l->link = link;
    l->state = state;
    l->gateway = gateway;
    if (!tk_random_hex(nonce, TK_LOOPBACK_NONCE))
        return false;
    snprintf(l->start, sizeof l->start, "http://%s" START_PATH "%s", l->host, nonce);
    return true;
}

void tk_loopback_end(struct tk_loopback *l)
{
    tk_wipe(l->start, sizeof l->start);
    tk_wipe(l->address, sizeof l->address);
    l->error[0] = '\0';
    l->is_opened = false;
    l->event = TK_LOGIN_WAITING;
    l->link = l->state = NULL;
    l->noted = 0;
}

/* Each kind once: a hostile program shall not fill the terminal. */
static void note(struct tk_loopback *l, enum tk_page page, const char *words)
{
    if ((l->noted & 1u << page) == 0 && l->note != NULL)
        l->note(l->owner, words);
    l->noted |= 1u << page;
}

/* --- requests --- */

/* Takes the same time wherever they differ. */
static bool is_same(const char *a, size_t len, const char *b)
{
    unsigned char different = 0;

    if (b == NULL || len != strlen(b) || len == 0)
        return false;
    for (size_t i = 0; i < len; i++)
        different |= (unsigned char)(a[i] ^ b[i]);
    return different == 0;
}

static enum tk_page serve_start(struct tk_loopback *l, const char *nonce, size_t len)
{
    const char *wanted = l->start[0] == '\0' ? NULL : strrchr(l->start, '/') + 1;

    if (!is_same(nonce, len, wanted))
        return TK_PAGE_NOT_FOUND;
    if (l->is_opened) {
        if (l->event == TK_LOGIN_WAITING)
            l->event = TK_LOGIN_TWICE;
        else
            note(l, TK_PAGE_TWICE,
                 "the link was opened again after the code had come: if you have not done that, "
                 "look at the user of the token");
        return TK_PAGE_TWICE;
    }
    l->is_opened = true;
    return TK_PAGE_START;
}

/* Whether s[0..len) has this parameter, with whatever value. */
static bool has_param(const char *s, size_t len, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 1; i + n < len; i++) {
        if ((s[i - 1] == '?' || s[i - 1] == '&') && memcmp(s + i, name, n) == 0 && s[i + n] == '=')
            return true;
    }
    return false;
}

/* The target is /?..., with a code or an error. */
static enum tk_page serve_redirect(struct tk_loopback *l, const char *target, size_t len)
{
    char state[128], code[512];

    if (!tk_http_get_param(target, len, "state", state, sizeof state) ||
        !is_same(state, strlen(state), l->state)) {
        note(l, TK_PAGE_STATE, "an answer to another login was refused: its state is not ours");
        return TK_PAGE_STATE;
    }
    if (l->event != TK_LOGIN_WAITING)
        return TK_PAGE_DONE;
    if (has_param(target, len, "error")) {
        if (!tk_http_get_param(target, len, "error", l->error, sizeof l->error))
            strcpy(l->error, "unlisted");
        l->event = TK_LOGIN_REFUSED;
        return TK_PAGE_REFUSED;
    }
    bool has_code = tk_http_get_param(target, len, "code", code, sizeof code);

    tk_wipe(code, sizeof code);
    if (!has_code || len + sizeof "http://localhost:65535" > sizeof l->address)
        return TK_PAGE_BAD;
    snprintf(l->address, sizeof l->address, "http://%s%.*s", l->host, (int)len, target);
    l->event = TK_LOGIN_CODE;
    return TK_PAGE_CODE;
}

/* This user, who may be root for another one; root forwards connections for SSH. */
static bool is_ours(uid_t user)
{
    const char *sudo = getenv("SUDO_UID");

    return user == 0 || user == geteuid() || user == getuid() ||
           (geteuid() == 0 && sudo != NULL && (unsigned long)user == strtoul(sudo, NULL, 10));
}

/* Where the system does not say whose a connection is, it is taken for ours: the nonce and the
 * state are still needed. */
static bool is_of_another_user(struct tk_loopback *l, int fd)
{
    union address from;
    socklen_t len = sizeof from;
    char name[64], words[160];
    uid_t user;

    if (getpeername(fd, &from.any, &len) != 0 || !tk_socket_owner(&from.any, l->port, &user) ||
        is_ours(user))
        return false;
    tk_user_name(user, name, sizeof name);
    snprintf(words, sizeof words,
             "a request of user %s was refused: another user of this machine watches this login",
             name);
    note(l, TK_PAGE_USER, words);
    return true;
}

static enum tk_page serve(struct tk_loopback *l, int fd, const char *target, size_t len)
{
    if (l->page != NULL)
        return *target == '/' && (len == 1 || target[1] == '?') ? TK_PAGE_FILE : TK_PAGE_NOT_FOUND;
    static const size_t prefix = sizeof START_PATH - 1;
    bool is_start = len > prefix && memcmp(target, START_PATH, prefix) == 0;
    bool is_redirect = len > 2 && memcmp(target, "/?", 2) == 0 &&
                       (has_param(target, len, "code") || has_param(target, len, "error"));

    if (!is_start && !is_redirect)
        return TK_PAGE_NOT_FOUND;
    if (is_of_another_user(l, fd))
        return TK_PAGE_USER;
    return is_start ? serve_start(l, target + prefix, len - prefix)
                    : serve_redirect(l, target, len);
}

bool tk_loopback_take(struct tk_loopback *l, const char *pasted)
{
    char text[TK_LOOPBACK_ADDRESS];
    const char *at = strstr(pasted, l->host), *target = at == NULL ? "" : at + strlen(l->host);
    size_t len = strcspn(target, " <>\"'\t");

    snprintf(text, sizeof text, "%s%.*s", *target == '/' ? "" : "/", (int)len, target);
    enum tk_page page =
        strncmp(text, "/?", 2) == 0 ? serve_redirect(l, text, strlen(text)) : TK_PAGE_NOT_FOUND;

    tk_wipe(text, sizeof text);
    return page != TK_PAGE_NOT_FOUND && page != TK_PAGE_BAD;
}

static enum tk_page page_of(enum tk_get found)
{
    return found == TK_GET_METHOD     ? TK_PAGE_METHOD
           : found == TK_GET_HOST     ? TK_PAGE_HOST
           : found == TK_GET_LARGE    ? TK_PAGE_LARGE
           : found == TK_GET_PREFETCH ? TK_PAGE_PREFETCH
                                      : TK_PAGE_BAD;
}

/* --- connections --- */

static void drop(struct tk_loopback_client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    tk_wipe(c->bytes, c->len);
    c->len = 0;
}

/* Waits for a browser that reads slowly, until its deadline: there is nothing else to do. */
static void send_page(const struct tk_loopback *l, int fd, uint64_t deadline_ms)
{
    const struct timeval wait = {.tv_sec = 2};
    int flags = fcntl(fd, F_GETFL);
    ssize_t n = 1;

    (void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    for (size_t at = 0; n > 0 && at < l->page_len && tk_service_now() < deadline_ms;
         at += (size_t)n)
        n = send(fd, l->page + at, l->page_len - at, 0);
}

/* A small answer fits into the socket's buffer. */
static void answer(struct tk_loopback *l, struct tk_loopback_client *c, enum tk_page page)
{
    char text[2048];
    size_t len = page == TK_PAGE_FILE
                     ? tk_loopback_file(l->page_len, text, sizeof text)
                     : tk_loopback_page(page, l->link, l->gateway, text, sizeof text);

    (void)!send(c->fd, text, len, 0);
    if (page == TK_PAGE_FILE)
        send_page(l, c->fd, c->deadline_ms);
    (void)shutdown(c->fd, SHUT_WR);
    tk_wipe(text, sizeof text);
    drop(c);
}

static void read_client(struct tk_loopback *l, struct tk_loopback_client *c)
{
    const char *target;
    size_t target_len;
    ssize_t n = recv(c->fd, c->bytes + c->len, sizeof c->bytes - c->len, 0);

    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (n <= 0) {
        drop(c);
        return;
    }
    c->len += (size_t)n;
    enum tk_get found = tk_http_get(c->bytes, c->len, l->host, &target, &target_len);

    if (found != TK_GET_MORE)
        answer(l, c, found == TK_GET_OK ? serve(l, c->fd, target, target_len) : page_of(found));
}

/* A free place, or that of the oldest. */
static struct tk_loopback_client *place(struct tk_loopback *l)
{
    struct tk_loopback_client *best = &l->clients[0];

    for (int i = 0; i < TK_LOOPBACK_CLIENTS; i++) {
        struct tk_loopback_client *c = &l->clients[i];

        if (c->fd < 0)
            return c;
        if (c->order < best->order)
            best = c;
    }
    drop(best);
    return best;
}

/* Reads at once: a browser sends its request as it connects, so that connections without one, how
 * many there may be, do not take its place. */
static void accept_from(struct tk_loopback *l, int listener, uint64_t now_ms)
{
    for (int i = 0; i < BACKLOG; i++) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0)
            return;
        if (!set_flags(fd)) {
            close(fd);
            return;
        }
        struct tk_loopback_client *c = place(l);

        c->fd = fd;
        c->order = l->arrivals++;
        c->deadline_ms = now_ms + TK_LOOPBACK_REQUEST_MS;
        read_client(l, c);
    }
}

void tk_loopback_wait(const struct tk_loopback *l, struct pollfd p[TK_LOOPBACK_FDS],
                      uint64_t *until_ms)
{
    for (int i = 0; i < 2; i++)
        p[i] = (struct pollfd){.fd = l->fds[i], .events = POLLIN};
    for (int i = 0; i < TK_LOOPBACK_CLIENTS; i++) {
        const struct tk_loopback_client *c = &l->clients[i];

        p[2 + i] = (struct pollfd){.fd = c->fd, .events = POLLIN};
        if (c->fd >= 0 && c->deadline_ms < *until_ms)
            *until_ms = c->deadline_ms;
    }
}

void tk_loopback_step(struct tk_loopback *l, uint64_t now_ms)
{
    for (int i = 0; i < TK_LOOPBACK_CLIENTS; i++) {
        struct tk_loopback_client *c = &l->clients[i];

        if (c->fd >= 0)
            read_client(l, c);
        if (c->fd >= 0 && now_ms >= c->deadline_ms)
            answer(l, c, TK_PAGE_LATE);
    }
    for (int i = 0; i < 2; i++) {
        if (l->fds[i] >= 0)
            accept_from(l, l->fds[i], now_ms);
    }
}

void tk_loopback_close(struct tk_loopback *l)
{
    for (int i = 0; i < TK_LOOPBACK_CLIENTS; i++)
        drop(&l->clients[i]);
    for (int i = 0; i < 2; i++) {
        if (l->fds[i] >= 0)
            close(l->fds[i]);
        l->fds[i] = -1;
    }
    tk_loopback_end(l);
}
