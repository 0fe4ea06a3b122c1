/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* mkdtemp, MAP_ANONYMOUS */

/*
 * The conformance suite with faulty ports. The POSIX port passes it with nothing skipped; then each
 * function of the contract is replaced (-Wl,--wrap) by one with a bug, one at a time, and exactly
 * the checks named here must fail.
 *
 * Each run is a process of its own, several at a time, because a suite mostly waits.
 */

#include "patience.h"
#include "tk_clock.h"
#include "tk_conformance.h"
#include "tk_console_io.h"
#include "tk_device.h"
#include "tk_entropy.h"
#include "tk_posix.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { AT_A_TIME = 60, CLIENTS = 200 };

enum bug {
    NO_BUG,
    CLOCK_STANDS,
    CLOCK_BACK,
    CLOCK_DOUBLE,
    CLOCK_HALF,
    CLOCK_DOUBLE_BY_PEER,
    WALL_TOUCHES,
    WALL_GUESSES,
    WALL_OF_MS,
    WAIT_LATE,
    WAIT_PAST,
    WAIT_SPINS,
    WAIT_DEAF,
    ENTROPY_UNSEEDED_TOUCHES,
    ENTROPY_THIRD_ANSWER,
    ENTROPY_SHORT,
    ENTROPY_REPEATS,
    ENTROPY_TOO_FAR,
    ENTROPY_NOT_ZERO,
    FLASH_OF_NO_GEOMETRY,
    FLASH_ERASE_SHORT,
    FLASH_ERASE_NEIGHBOUR,
    FLASH_ERASE_SLOW,
    FLASH_PROGRAM_NEIGHBOUR,
    FLASH_PAGE_WRAPS,
    FLASH_UNIT_OF_8,
    FLASH_ALIAS,
    FLASH_LIES,
    FLASH_READ_ALIGNED,
    FLASH_READ_TOO_FAR,
    FLASH_SYNC_FAILS,
    LOOKUP_TURNED,
    LOOKUP_FINDS_ALL,
    LOOKUP_OF_NOTHING,
    CANCEL_LEAKS,
    CONNECTED_ANYWAY,
    HANDLE_TWICE,
    CLOSE_LEAKS,
    RECV_0_IN_SILENCE,
    RECV_0_AT_END,
    RECV_LOSES_THE_END,
    SEND_LOSES,
    SEND_0,
    CONSOLE_READ_TOO_FAR,
    CONSOLE_NEVER_EMPTY,
    CONSOLE_CLAIMS,
    CONSOLE_STUCK,
    ID_WITH_SPACE,
    ID_CHANGES,
    KEY_CHANGES,
    KEY_BLANK,
    WATCHDOG_HASTY
};

static enum bug bug;

/* --- the contract, with a bug --- */

uint64_t __real_tk_clock_now_ms(struct tk_port *port);
uint64_t __wrap_tk_clock_now_ms(struct tk_port *port);
enum tk_time_quality __real_tk_clock_unix(struct tk_port *port, int64_t *unix_s);
enum tk_time_quality __wrap_tk_clock_unix(struct tk_port *port, int64_t *unix_s);
void __real_tk_wait(struct tk_port *port, uint64_t until_ms);
void __wrap_tk_wait(struct tk_port *port, uint64_t until_ms);
int __real_tk_entropy_get(struct tk_port *port, void *buf, size_t len);
int __wrap_tk_entropy_get(struct tk_port *port, void *buf, size_t len);
int __real_tk_sock_lookup(struct tk_port *port, const char *host);
int __wrap_tk_sock_lookup(struct tk_port *port, const char *host);
int __real_tk_sock_lookup_poll(struct tk_port *port, int lookup, struct tk_addr *addrs, size_t max);
int __wrap_tk_sock_lookup_poll(struct tk_port *port, int lookup, struct tk_addr *addrs, size_t max);
void __real_tk_sock_lookup_cancel(struct tk_port *port, int lookup);
void __wrap_tk_sock_lookup_cancel(struct tk_port *port, int lookup);
int __real_tk_sock_open(struct tk_port *port, const struct tk_addr *addr, uint16_t tcp_port);
int __wrap_tk_sock_open(struct tk_port *port, const struct tk_addr *addr, uint16_t tcp_port);
int __real_tk_sock_connected(struct tk_port *port, int sock);
int __wrap_tk_sock_connected(struct tk_port *port, int sock);
int __real_tk_sock_send(struct tk_port *port, int sock, const void *data, size_t len);
int __wrap_tk_sock_send(struct tk_port *port, int sock, const void *data, size_t len);
int __real_tk_sock_recv(struct tk_port *port, int sock, void *buf, size_t size);
int __wrap_tk_sock_recv(struct tk_port *port, int sock, void *buf, size_t size);
void __real_tk_sock_close(struct tk_port *port, int sock);
void __wrap_tk_sock_close(struct tk_port *port, int sock);
int __real_tk_console_read(struct tk_port *port, unsigned line, void *buf, size_t size);
int __wrap_tk_console_read(struct tk_port *port, unsigned line, void *buf, size_t size);
int __real_tk_console_write(struct tk_port *port, unsigned line, const void *data, size_t len);
int __wrap_tk_console_write(struct tk_port *port, unsigned line, const void *data, size_t len);
const char *__real_tk_device_id(struct tk_port *port);
const char *__wrap_tk_device_id(struct tk_port *port);
uint32_t __real_tk_device_feed_watchdog(struct tk_port *port);
uint32_t __wrap_tk_device_feed_watchdog(struct tk_port *port);
int __real_tk_device_key(struct tk_port *port, uint8_t out[TK_DEVICE_KEY_SIZE]);
int __wrap_tk_device_key(struct tk_port *port, uint8_t out[TK_DEVICE_KEY_SIZE]);

/* Resolves no name, so that no query leaves this machine. */
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **list);
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **list)
{
    (void)host;
    (void)service;
    (void)hints;
    (void)list;
    return EAI_NONAME;
}

static uint64_t epoch_ms; /* at the start of the run */

uint64_t __wrap_tk_clock_now_ms(struct tk_port *port)
{
    static int calls;
    uint64_t now_ms = __real_tk_clock_now_ms(port);

    switch (bug) {
    case CLOCK_STANDS:
        return epoch_ms;
    case CLOCK_BACK:
        return ++calls % 50 == 0 ? now_ms - 2 : now_ms;
    case CLOCK_DOUBLE:
    case CLOCK_DOUBLE_BY_PEER:
        return epoch_ms + (now_ms - epoch_ms) * 2;
    case CLOCK_HALF:
        return epoch_ms + (now_ms - epoch_ms) / 2;
    default:
        return now_ms;
    }
}

enum tk_time_quality __wrap_tk_clock_unix(struct tk_port *port, int64_t *unix_s)
{
    enum tk_time_quality quality = TK_TIME_NONE;

    if (bug == CLOCK_DOUBLE_BY_PEER)
        return TK_TIME_NONE;
    quality = __real_tk_clock_unix(port, unix_s);
    if (bug == WALL_TOUCHES)
        return TK_TIME_NONE;
    if (bug == WALL_GUESSES)
        return TK_TIME_CONSOLE;
    if (bug == WALL_OF_MS)
        *unix_s = (int64_t)__real_tk_clock_now_ms(port);
    return quality;
}

static void sleep_ms(uint64_t ms)
{
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    nanosleep(&t, NULL);
}

/* The tick of the real clock at tick_ms of the wrapped one. */
static uint64_t real_ms(uint64_t tick_ms)
{
    if (bug == CLOCK_DOUBLE || bug == CLOCK_DOUBLE_BY_PEER)
        return epoch_ms + (tick_ms - epoch_ms + 1) / 2;
    return bug == CLOCK_HALF ? epoch_ms + (tick_ms - epoch_ms) * 2 : tick_ms;
}

void __wrap_tk_wait(struct tk_port *port, uint64_t until_ms)
{
    uint64_t now_ms = __wrap_tk_clock_now_ms(port);
    bool past = until_ms <= now_ms;

    if (bug == WAIT_SPINS)
        return;
    if (bug == WAIT_DEAF)
        sleep_ms(past ? 0 : until_ms - now_ms);
    else
        __real_tk_wait(port, past ? 0 : real_ms(until_ms));
    if ((bug == WAIT_LATE && !past) || (bug == WAIT_PAST && past))
        sleep_ms(30);
}

int __wrap_tk_entropy_get(struct tk_port *port, void *buf, size_t len)
{
    uint8_t *bytes = buf;
    int ret = TK_ENTROPY_OK;

    if (bug == ENTROPY_THIRD_ANSWER)
        return -5;
    if (bug == ENTROPY_NOT_ZERO && len == 0)
        return TK_ENTROPY_NOT_SEEDED;
    ret = __real_tk_entropy_get(port, buf, bug == ENTROPY_SHORT && len > 1 ? len - 1 : len);
    if (bug == ENTROPY_UNSEEDED_TOUCHES)
        return TK_ENTROPY_NOT_SEEDED;
    for (size_t i = 0; bug == ENTROPY_REPEATS && i < len; i++)
        bytes[i] = (uint8_t)i;
    if (bug == ENTROPY_TOO_FAR && len == 13)
        bytes[len] = 0;
    return ret;
}

int __wrap_tk_sock_lookup(struct tk_port *port, const char *host)
{
    if (bug == LOOKUP_TURNED && strcmp(host, "192.0.2.33") == 0)
        host = "33.2.0.192";
    if (bug == LOOKUP_FINDS_ALL && strstr(host, ".invalid") != NULL)
        host = "192.0.2.80"; /* as resolvers of some providers do */
    if (bug == CANCEL_LEAKS && strcmp(host, "192.0.2.33") != 0) {
        for (int i = 0; i < TK_POSIX_LOOKUPS; i++) /* the other checks need answers */
            __real_tk_sock_lookup_cancel(port, i);
    }
    return __real_tk_sock_lookup(port, host);
}

int __wrap_tk_sock_lookup_poll(struct tk_port *port, int lookup, struct tk_addr *addrs, size_t max)
{
    int n = __real_tk_sock_lookup_poll(port, lookup, addrs, max);

    if (bug != LOOKUP_OF_NOTHING)
        return n;
    for (int i = 0; i < 10000 && n == TK_SOCK_AGAIN; i++) { /* a busy machine is no excuse */
        usleep(1000);
        n = __real_tk_sock_lookup_poll(port, lookup, addrs, max);
    }
    return n == TK_SOCK_ERR ? 0 : n;
}

void __wrap_tk_sock_lookup_cancel(struct tk_port *port, int lookup)
{
    if (bug != CANCEL_LEAKS)
        __real_tk_sock_lookup_cancel(port, lookup);
}

int __wrap_tk_sock_open(struct tk_port *port, const struct tk_addr *addr, uint16_t tcp_port)
{
    static int last = TK_SOCK_ERR;
    int sock = __real_tk_sock_open(port, addr, tcp_port);

    if (bug == CONNECTED_ANYWAY && sock < 0)
        return TK_POSIX_SOCKETS;
    if (bug == HANDLE_TWICE && sock > 0) {
        __real_tk_sock_close(port, sock);
        return last;
    }
    last = sock;
    return sock;
}

int __wrap_tk_sock_connected(struct tk_port *port, int sock)
{
    int ret = __real_tk_sock_connected(port, sock);

    return bug == CONNECTED_ANYWAY ? TK_SOCK_OK : ret;
}

int __wrap_tk_sock_send(struct tk_port *port, int sock, const void *data, size_t len)
{
    static int calls;

    if (bug == SEND_0 && len > 100 && ++calls % 3 == 0)
        return 0;
    if (bug == SEND_LOSES && len > 100)
        return __real_tk_sock_send(port, sock, data, 100) < 0 ? TK_SOCK_AGAIN : (int)len;
    return __real_tk_sock_send(port, sock, data, len);
}

int __wrap_tk_sock_recv(struct tk_port *port, int sock, void *buf, size_t size)
{
    /* As if nothing had arrived yet: on a busy machine the answer may be early. */
    if (bug == RECV_0_IN_SILENCE)
        return 0;
    int n = __real_tk_sock_recv(port, sock, buf, size);

    if (bug == RECV_0_AT_END && n == TK_SOCK_CLOSED)
        return 0;
    if (bug == RECV_LOSES_THE_END && n == 11)
        return TK_SOCK_CLOSED;
    return n;
}

void __wrap_tk_sock_close(struct tk_port *port, int sock)
{
    static int leaked;

    if (bug != CLOSE_LEAKS || ++leaked >= TK_POSIX_SOCKETS)
        __real_tk_sock_close(port, sock);
}

int __wrap_tk_console_read(struct tk_port *port, unsigned line, void *buf, size_t size)
{
    int n = __real_tk_console_read(port, line, buf, size);

    if (bug == CONSOLE_READ_TOO_FAR)
        ((uint8_t *)buf)[size] = 0;
    return bug == CONSOLE_NEVER_EMPTY ? 1 : n;
}

int __wrap_tk_console_write(struct tk_port *port, unsigned line, const void *data, size_t len)
{
    int n = bug == CONSOLE_STUCK ? 0 : __real_tk_console_write(port, line, data, len);

    return bug == CONSOLE_CLAIMS ? n + 1 : n;
}

const char *__wrap_tk_device_id(struct tk_port *port)
{
    static char id[] = "gateway-0";

    if (bug == ID_WITH_SPACE)
        return "gateway 7";
    if (bug != ID_CHANGES)
        return __real_tk_device_id(port);
    id[8]++;
    return id;
}

int __wrap_tk_device_key(struct tk_port *port, uint8_t out[TK_DEVICE_KEY_SIZE])
{
    int ret = __real_tk_device_key(port, out);

    if (bug == KEY_BLANK)
        memset(out, 0xff, TK_DEVICE_KEY_SIZE);
    if (bug == KEY_CHANGES)
        ret = __real_tk_entropy_get(port, out, TK_DEVICE_KEY_SIZE);
    return ret;
}

uint32_t __wrap_tk_device_feed_watchdog(struct tk_port *port)
{
    return bug == WATCHDOG_HASTY ? 9999 : __real_tk_device_feed_watchdog(port);
}

/* --- a flash with a bug, above a good one --- */

static const struct tk_flash *good;

static uint32_t alias(uint32_t offset)
{
    uint32_t two = 2 * good->sector_size;

    return bug == FLASH_ALIAS && offset >= two ? offset - two : offset;
}

static int bad_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    if (bug == FLASH_READ_TOO_FAR && len % 2 == 1)
        ((uint8_t *)buf)[len] = 0;
    if (bug == FLASH_READ_ALIGNED)
        offset -= offset % 4;
    return good->read(ctx, alias(offset), buf, len);
}

/* A word of 8 bytes with a checksum: programming the second half damages the first. */
static void spoil_word(void *ctx, uint32_t offset)
{
    uint8_t word[8], zeros[8] = {0};

    offset -= offset % 8;
    if (good->read(ctx, offset, word, 8) == TK_FLASH_OK && (word[0] != 0xff || word[7] != 0xff))
        (void)good->program(ctx, offset, zeros, 8);
}

static int wrap_in_page(void *ctx, uint32_t offset, const uint8_t *data, size_t len)
{
    size_t first = 256 - offset % 256;

    if (first >= len)
        return good->program(ctx, offset, data, len);
    (void)good->program(ctx, offset, data, first);
    return good->program(ctx, offset - offset % 256, data + first, len - first);
}

static int bad_program(void *ctx, uint32_t offset, const void *data, size_t len)
{
    uint8_t more[4] = {0};

    offset = alias(offset);
    if (bug == FLASH_LIES)
        return TK_FLASH_OK;
    if (bug == FLASH_PAGE_WRAPS)
        return wrap_in_page(ctx, offset, data, len);
    if (bug == FLASH_UNIT_OF_8 && len < 8)
        spoil_word(ctx, offset);
    if (bug == FLASH_PROGRAM_NEIGHBOUR)
        (void)good->program(ctx, offset + (uint32_t)len, more, good->unit);
    return good->program(ctx, offset, data, len);
}

static int bad_erase(void *ctx, uint32_t offset)
{
    uint8_t last[4];
    uint32_t end = offset + good->sector_size - (uint32_t)sizeof last;
    int ret;

    (void)good->read(ctx, end, last, sizeof last);
    if (bug == FLASH_ERASE_SLOW)
        sleep_ms(30);
    if (bug == FLASH_ERASE_NEIGHBOUR)
        (void)good->erase(ctx, offset + good->sector_size);
    ret = good->erase(ctx, alias(offset));
    if (bug == FLASH_ERASE_SHORT)
        (void)good->program(ctx, end, last, sizeof last);
    return ret;
}

static int bad_sync(void *ctx)
{
    return bug == FLASH_SYNC_FAILS ? TK_FLASH_ERR : good->sync(ctx);
}

static struct tk_flash bad_flash(const struct tk_flash *flash)
{
    struct tk_flash bad = *flash;

    good = flash;
    bad.read = bad_read;
    bad.program = bad_program;
    bad.erase = bad_erase;
    bad.sync = bad_sync;
    if (bug == FLASH_OF_NO_GEOMETRY)
        bad.unit = 5;
    return bad;
}

/* --- the peer --- */

static pid_t peer;
static uint16_t peer_port, closed_port;
static int listener, bound;

/* A connection, and the bytes to send back. */
struct client {
    struct pollfd poll;
    uint64_t at_ms; /* 0: nothing to send */
    size_t len;
    char buf[2048];
};

static struct client clients[CLIENTS];

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
    c->at_ms = __real_tk_clock_now_ms(NULL);
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
            if (clients[i].at_ms != 0 && __real_tk_clock_now_ms(NULL) >= clients[i].at_ms)
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

/* --- runs --- */

struct run {
    const char *name;
    enum bug bug;
    uint32_t sector_size, sectors, unit;
    const char *failing; /* the checks that must fail, each followed by a space */
};

#define BUG(bug, failing)                                                                          \
    {                                                                                              \
#bug, bug, 4096, 4, 4, failing                                                             \
    }

static const struct run runs[] = {
    BUG(NO_BUG, ""),
    {"NO_BUG, smallest sectors", NO_BUG, 1024, 2, 1, ""},
    {"NO_BUG, largest units", NO_BUG, 1024, 3, 256, ""},
    {"NO_BUG, large sectors", NO_BUG, 65536, 2, 16, ""},
    {"NO_BUG, odd units", NO_BUG, 1300, 5, 13, ""},
    BUG(CLOCK_STANDS, "clock.runs "),
    BUG(CLOCK_BACK, "clock.monotonic "),
    BUG(CLOCK_DOUBLE, "clock.rate clock.rate_of_peer "),
    BUG(CLOCK_HALF, "clock.rate clock.rate_of_peer "),
    BUG(CLOCK_DOUBLE_BY_PEER, "clock.rate_of_peer "),
    BUG(WALL_TOUCHES, "clock.wall "),
    BUG(WALL_GUESSES, "clock.wall "),
    BUG(WALL_OF_MS, "clock.wall clock.rate "),
    BUG(WAIT_LATE, "wait.punctual "),
    BUG(WAIT_PAST, "wait.past "),
    BUG(WAIT_SPINS, "wait.sleeps "),
    BUG(WAIT_DEAF, "sock.wakes "),
    BUG(ENTROPY_UNSEEDED_TOUCHES, "entropy.outcome "),
    BUG(ENTROPY_THIRD_ANSWER, "entropy.outcome "),
    BUG(ENTROPY_SHORT, "entropy.fills "),
    BUG(ENTROPY_REPEATS, "entropy.fresh "),
    BUG(ENTROPY_TOO_FAR, "entropy.any_length "),
    BUG(ENTROPY_NOT_ZERO, "entropy.any_length "),
    BUG(FLASH_OF_NO_GEOMETRY, "flash.geometry "),
    BUG(FLASH_ERASE_SHORT, "flash.erase "),
    BUG(FLASH_ERASE_NEIGHBOUR, "flash.sectors "),
    BUG(FLASH_ERASE_SLOW, "flash.erase_steps "),
    BUG(FLASH_PROGRAM_NEIGHBOUR, "flash.unit flash.page flash.sectors flash.read "),
    BUG(FLASH_PAGE_WRAPS, "flash.page "),
    BUG(FLASH_UNIT_OF_8, "flash.unit "),
    BUG(FLASH_ALIAS, "flash.sectors "),
    BUG(FLASH_LIES, "flash.unit flash.page flash.sectors flash.read "),
    BUG(FLASH_READ_ALIGNED, "flash.read "),
    BUG(FLASH_READ_TOO_FAR, "flash.read "),
    BUG(FLASH_SYNC_FAILS, "flash.sync "),
    BUG(LOOKUP_TURNED, "sock.digits "),
    BUG(LOOKUP_FINDS_ALL, "sock.no_such_name "),
    BUG(LOOKUP_OF_NOTHING, "sock.no_such_name "),
    BUG(CANCEL_LEAKS, "sock.cancel "),
    BUG(CONNECTED_ANYWAY, "sock.refused "),
    BUG(HANDLE_TWICE, "sock.handles "),
    BUG(CLOSE_LEAKS, "sock.handles "),
    BUG(RECV_0_IN_SILENCE, "clock.rate_of_peer sock.silent sock.echo sock.wakes sock.closed "),
    BUG(RECV_0_AT_END, "sock.closed "),
    BUG(RECV_LOSES_THE_END, "sock.closed "),
    BUG(SEND_LOSES, "sock.echo "),
    BUG(SEND_0, "sock.echo "),
    BUG(CONSOLE_READ_TOO_FAR, "console.read "),
    BUG(CONSOLE_NEVER_EMPTY, "console.read "),
    BUG(CONSOLE_CLAIMS, "console.write "),
    BUG(CONSOLE_STUCK, "console.write "),
    BUG(ID_WITH_SPACE, "device.id "),
    BUG(ID_CHANGES, "device.id "),
    BUG(KEY_CHANGES, "device.key "),
    BUG(KEY_BLANK, "device.key "),
    BUG(WATCHDOG_HASTY, "device.watchdog "),
};

enum { RUNS = sizeof runs / sizeof runs[0] };

/* The result of a run, in memory that all processes share. */
struct outcome {
    bool done;
    int failures, checks, skipped;
    char failing[200];
    char details[800];
    size_t shown; /* bytes written to the console */
};

static struct outcome *outcomes;

static void append(char *text, size_t size, const char *s)
{
    size_t len = strlen(text);

    snprintf(text + len, size - len, "%s", s);
}

static void note(void *ctx, const char *check, const char *result, const char *detail)
{
    struct outcome *o = ctx;

    o->checks++;
    o->skipped += strcmp(result, TK_CONFORMANCE_SKIPPED) == 0;
    if (strcmp(result, TK_CONFORMANCE_FAILED) != 0)
        return;
    append(o->failing, sizeof o->failing, check);
    append(o->failing, sizeof o->failing, " ");
    append(o->details, sizeof o->details, detail);
    append(o->details, sizeof o->details, "\n");
}

static const char words[] = "the console is looked at: these words may be ignored\r\n";

static void try_port(const struct run *run, struct tk_port *port, const struct tk_flash *flash,
                     struct outcome *o)
{
    struct tk_flash scratch = bad_flash(flash);
    struct tk_conformance suite = {.port = port,
                                   .scratch = &scratch,
                                   .peer = "127.0.0.1",
                                   .peer_port = peer_port,
                                   .closed_port = closed_port,
                                   .text = words,
                                   .line = 1,
                                   .report = note,
                                   .ctx = o};
    char shown[sizeof words];
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return;
    tk_posix_console_attach(port, 1, ends[0], ends[0]);
    port->has_key = true;
    memcpy(port->key, "a key of thirty-two bytes, no less", sizeof port->key);
    epoch_ms = __real_tk_clock_now_ms(port);
    o->failures = tk_conformance_run(&suite);
    if (run->bug == NO_BUG)
        o->shown = (size_t)recv(ends[1], shown, sizeof shown, MSG_DONTWAIT);
    close(ends[0]);
    close(ends[1]);
    o->done = true;
}

/* In a process of its own. */
static int run_suite(const struct run *run, struct outcome *o)
{
    static struct tk_port port;
    struct tk_posix_flash flash;
    char dir[] = "/tmp/tk-conformance-XXXXXX";
    char path[64];

    alarm((unsigned)(patient_ms() / 1000));
    bug = run->bug;
    if (mkdtemp(dir) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/scratch", dir);
    tk_posix_init(&port);
    if (tk_posix_flash_open(&flash, path, run->sector_size, run->sectors, run->unit) ==
        TK_POSIX_FLASH_OK) {
        try_port(run, &port, &flash.flash, o);
        tk_posix_flash_close(&flash);
    }
    tk_posix_free(&port);
    unlink(path);
    rmdir(dir);
    return 0;
}

static int run_all(void **state)
{
    size_t size = RUNS * sizeof *outcomes;
    int at_work = 0;

    (void)state;
    listener = bind_loopback(&peer_port);
    bound = bind_loopback(&closed_port);
    outcomes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (listener < 0 || bound < 0 || outcomes == MAP_FAILED || listen(listener, 100) != 0)
        return -1;
    peer = fork();
    if (peer == 0)
        serve();
    for (int i = 0; i < RUNS; i++) {
        if (at_work == AT_A_TIME && wait(NULL) > 0)
            at_work--;
        if (fork() == 0)
            _exit(run_suite(&runs[i], &outcomes[i]));
        at_work++;
    }
    while (at_work > 0 && wait(NULL) > 0)
        at_work--;
    return 0;
}

static int kill_all(void **state)
{
    (void)state;
    kill(peer, SIGTERM);
    waitpid(peer, NULL, 0);
    close(listener);
    close(bound);
    munmap(outcomes, RUNS * sizeof *outcomes);
    return 0;
}

static int count_words(const char *s)
{
    int n = 0;

    for (; *s != '\0'; s++)
        n += *s == ' ';
    return n;
}

/* On a busy machine a good port is late. A failed run is repeated alone. */
static void run_again(const struct run *run, struct outcome *o)
{
    for (int i = 0; i < 10 && strcmp(o->failing, run->failing) != 0; i++) {
        memset(o, 0, sizeof *o);
        pid_t child = fork();

        if (child == 0)
            _exit(run_suite(run, o));
        waitpid(child, NULL, 0);
    }
}

static void each_bug_fails_exactly_its_checks(void **state)
{
    const struct run *run = *state;
    struct outcome *o = &outcomes[run - runs];

    run_again(run, o);
    if (o->details[0] != '\0')
        print_message("%s", o->details);
    assert_true(o->done);
    assert_string_equal(o->failing, run->failing);
    assert_int_equal(o->failures, count_words(run->failing));
    if (run->bug != NO_BUG)
        return;
    assert_int_equal(o->skipped, 0);
    assert_int_equal(o->shown, sizeof words - 1);
}

/* --- the details of failures --- */

/* Appends text in the form in which sentences are compared: lower case, single spaces, and no
 * asterisks, which begin lines of comments. */
static size_t add_plain(char *to, size_t size, const char *from)
{
    size_t len = strlen(to);

    for (; *from != '\0' && len + 2 < size; from++) {
        char c = (char)tolower((unsigned char)*from);

        if (c == '*' || (isspace((unsigned char)c) && len > 0 && to[len - 1] == ' '))
            continue;
        to[len++] = isspace((unsigned char)c) ? ' ' : c;
        to[len] = '\0';
    }
    return len;
}

static void add_header(char *to, size_t size, const char *name)
{
    static char text[20000];
    char path[600];

    snprintf(path, sizeof path, "%s/platform/%s", TK_SOURCE_DIR, name);
    FILE *f = fopen(path, "r");

    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    (void)add_plain(to, size, text);
}

/* A detail is "function: sentence". */
static void each_detail_quotes_the_contract(void **state)
{
    static const char *headers[] = {"tk_clock.h",   "tk_console_io.h", "tk_device.h",
                                    "tk_entropy.h", "tk_flash.h",      "tk_sock.h"};
    static char contract[60000];

    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        add_header(contract, sizeof contract, headers[i]);
    for (int i = 0; i < RUNS; i++) {
        for (char *line = strtok(outcomes[i].details, "\n"); line; line = strtok(NULL, "\n")) {
            char sentence[200] = "";

            (void)add_plain(sentence, sizeof sentence, strchr(line, ':') + 2);
            if (strstr(contract, sentence) == NULL)
                fail_msg("not in the contract: %s", sentence);
        }
    }
}

static void an_empty_suite_skips_everything(void **state)
{
    static struct tk_port port;
    struct outcome o = {.done = true};
    struct tk_conformance suite = {.port = &port, .report = note, .ctx = &o};

    (void)state;
    tk_posix_init(&port);
    port.unseeded = true;
    assert_int_equal(tk_conformance_run(&suite), 0);
    assert_int_equal(o.checks, outcomes[0].checks);
    assert_int_equal(o.skipped, 3 + 8 + 6 + 2 + 1); /* seed, flash, peer, console, key */
    tk_posix_free(&port);
}

int main(void)
{
    struct CMUnitTest tests[RUNS + 2];

    for (int i = 0; i < RUNS; i++)
        tests[i] = (struct CMUnitTest){.name = runs[i].name,
                                       .test_func = each_bug_fails_exactly_its_checks,
                                       .initial_state = (void *)(uintptr_t)&runs[i]};
    tests[RUNS] = (struct CMUnitTest)cmocka_unit_test(an_empty_suite_skips_everything);
    tests[RUNS + 1] = (struct CMUnitTest)cmocka_unit_test(each_detail_quotes_the_contract);
    return cmocka_run_group_tests(tests, run_all, kill_all);
}
