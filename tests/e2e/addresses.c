/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* RTLD_NEXT */

/*
 * For LD_PRELOAD: the name localhost has the addresses in $TK_ADDRESSES, in that order:
 *
 *      2001:db8::1=4711 192.0.2.1=0 127.0.0.1
 *
 * A connection to one with a port goes to that port of loopback instead, where a test decides what
 * happens; with port 0 it is unreachable. Nothing leaves the machine.
 */

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 32 };

static struct address {
    struct sockaddr_storage sa;
    int port; /* -1: connect as usual */
    struct addrinfo info;
} addresses[MOST];

static int count;

static struct in_addr *v4(void *sa)
{
    return &((struct sockaddr_in *)sa)->sin_addr;
}

static struct in6_addr *v6(void *sa)
{
    return &((struct sockaddr_in6 *)sa)->sin6_addr;
}

static void add(char *text)
{
    struct address *a = &addresses[count];
    char *port = strchr(text, '=');

    if (port != NULL)
        *port++ = '\0';
    a->port = port == NULL ? -1 : atoi(port);
    a->sa.ss_family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
    if (inet_pton(a->sa.ss_family, text,
                  a->sa.ss_family == AF_INET ? (void *)v4(&a->sa) : (void *)v6(&a->sa)) != 1)
        abort();
    a->info = (struct addrinfo){.ai_family = a->sa.ss_family,
                                .ai_socktype = SOCK_STREAM,
                                .ai_addrlen = sizeof a->sa,
                                .ai_addr = (struct sockaddr *)&a->sa};
    if (count > 0)
        addresses[count - 1].info.ai_next = &a->info;
    count++;
}

__attribute__((constructor)) static void read_environment(void)
{
    char *copy = strdup(getenv("TK_ADDRESSES")), *rest = copy, *word;

    while ((word = strtok_r(rest, " ", &rest)) != NULL && count < MOST)
        add(word);
    free(copy);
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **list)
{
    int (*usual)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

    if (strcmp(host, "localhost") == 0) {
        *list = &addresses[0].info;
        return 0;
    }
    *(void **)&usual = dlsym(RTLD_NEXT, "getaddrinfo");
    return usual(host, service, hints, list);
}

void freeaddrinfo(struct addrinfo *list)
{
    void (*usual)(struct addrinfo *);

    if (list == &addresses[0].info)
        return;
    *(void **)&usual = dlsym(RTLD_NEXT, "freeaddrinfo");
    usual(list);
}

static int is_same(const struct address *a, const struct sockaddr *to)
{
    if (a->sa.ss_family != to->sa_family)
        return 0;
    if (to->sa_family == AF_INET)
        return memcmp(v4((void *)&a->sa), v4((void *)to), 4) == 0;
    return memcmp(v6((void *)&a->sa), v6((void *)to), 16) == 0;
}

int connect(int fd, const struct sockaddr *to, socklen_t len)
{
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in loopback4 = {.sin_family = AF_INET};
    int (*usual)(int, const struct sockaddr *, socklen_t);

    *(void **)&usual = dlsym(RTLD_NEXT, "connect");
    for (int i = 0; i < count; i++) {
        if (addresses[i].port < 0 || !is_same(&addresses[i], to))
            continue;
        errno = ENETUNREACH;
        if (addresses[i].port == 0)
            return -1;
        loopback.sin6_port = loopback4.sin_port = htons((uint16_t)addresses[i].port);
        loopback4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return to->sa_family == AF_INET ? usual(fd, (struct sockaddr *)&loopback4, sizeof loopback4)
                                        : usual(fd, (struct sockaddr *)&loopback, sizeof loopback);
    }
    return usual(fd, to, len);
}
