/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* usleep */
#include "bad_port.h"

#include "tk_clock.h"
#include "tk_console_io.h"
#include "tk_device.h"
#include "tk_entropy.h"
#include "tk_sock.h"

#include <netdb.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static enum bug bug;

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
int __real_tk_device_key(struct tk_port *port, uint8_t out[TK_DEVICE_KEY_SIZE]);
int __wrap_tk_device_key(struct tk_port *port, uint8_t out[TK_DEVICE_KEY_SIZE]);
uint32_t __real_tk_device_feed_watchdog(struct tk_port *port);
uint32_t __wrap_tk_device_feed_watchdog(struct tk_port *port);

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

static uint64_t epoch_ms; /* the tick of bad_port_begin */

uint64_t __wrap_tk_clock_now_ms(struct tk_port *port)
{
    static int calls;
    uint64_t now_ms = __real_tk_clock_now_ms(port);

    switch (bug) {
    case CLOCK_STOPPED:
        return epoch_ms;
    case CLOCK_RUNS_BACK:
        return ++calls % 50 == 0 ? now_ms - 2 : now_ms;
    case CLOCK_DOUBLE:
    case CLOCK_DOUBLE_WITHOUT_WALL:
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

    if (bug == CLOCK_DOUBLE_WITHOUT_WALL)
        return TK_TIME_NONE;
    quality = __real_tk_clock_unix(port, unix_s);
    if (bug == WALL_WRITES_WITHOUT_TIME)
        return TK_TIME_NONE;
    if (bug == WALL_OF_CONSOLE)
        return TK_TIME_CONSOLE;
    if (bug == WALL_IN_MS)
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
    if (bug == CLOCK_DOUBLE || bug == CLOCK_DOUBLE_WITHOUT_WALL)
        return epoch_ms + (tick_ms - epoch_ms + 1) / 2;
    return bug == CLOCK_HALF ? epoch_ms + (tick_ms - epoch_ms) * 2 : tick_ms;
}

void __wrap_tk_wait(struct tk_port *port, uint64_t until_ms)
{
    uint64_t now_ms = __wrap_tk_clock_now_ms(port);
    bool past = until_ms <= now_ms;

    if (bug == WAIT_SPINS)
        return;
    if (bug == WAIT_IGNORES_EVENTS)
        sleep_ms(past ? 0 : until_ms - now_ms);
    else
        __real_tk_wait(port, past ? 0 : real_ms(until_ms));
    if ((bug == WAIT_LATE && !past) || (bug == WAIT_SLEEPS_IN_PAST && past))
        sleep_ms(30);
}

int __wrap_tk_entropy_get(struct tk_port *port, void *buf, size_t len)
{
    uint8_t *bytes = buf;
    int ret = TK_ENTROPY_OK;

    if (bug == ENTROPY_UNKNOWN_RESULT)
        return -5;
    if (bug == ENTROPY_REFUSES_LENGTH_0 && len == 0)
        return TK_ENTROPY_NOT_SEEDED;
    ret = __real_tk_entropy_get(port, buf, bug == ENTROPY_SHORT && len > 1 ? len - 1 : len);
    if (bug == ENTROPY_WRITES_UNSEEDED)
        return TK_ENTROPY_NOT_SEEDED;
    for (size_t i = 4; bug == ENTROPY_STUCK && i < len; i++)
        bytes[i] = bytes[i - 4];
    for (size_t i = 0; bug == ENTROPY_REPEATS && i < len; i++)
        bytes[i] = (uint8_t)i;
    if (bug == ENTROPY_OVERRUNS && len == 13)
        bytes[len] = 0;
    return ret;
}

int __wrap_tk_sock_lookup(struct tk_port *port, const char *host)
{
    if (bug == LOOKUP_REVERSES_BYTES && strcmp(host, "192.0.2.33") == 0)
        host = "33.2.0.192";
    if (bug == LOOKUP_REVERSES_IPV6 && strcmp(host, "2001:db8::21") == 0)
        host = "2100::b80d:120";
    if (bug == LOOKUP_FINDS_ALL_NAMES && strstr(host, ".invalid") != NULL)
        host = "192.0.2.80"; /* as resolvers of some providers do */
    if (bug == CANCEL_LEAKS && strcmp(host, "192.0.2.33") != 0) {
        for (int i = 0; i < TK_POSIX_LOOKUPS; i++) /* the other checks need answers */
            __real_tk_sock_lookup_cancel(port, i);
    }
    return __real_tk_sock_lookup(port, host);
}

int __wrap_tk_sock_lookup_poll(struct tk_port *port, int lookup, struct tk_addr *addrs, size_t max)
{
    static bool mapped; /* the second numeric address is, in sock.digits */
    int n = __real_tk_sock_lookup_poll(port, lookup, addrs, max);

    if (bug == LOOKUP_MAPS_IPV4 && n == 1 && addrs[0].bytes[0] == 192) {
        addrs[0].family = mapped ? 6 : 4;
        mapped = !mapped;
    }
    if (bug != LOOKUP_WITHOUT_ADDRESS)
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

    if (bug == NO_ROOM_IS_AN_ERROR && sock == TK_SOCK_AGAIN)
        return TK_SOCK_ERR;
    if (bug == REFUSED_IS_CONNECTED && sock < 0)
        return TK_POSIX_SOCKETS;
    if (bug == HANDLE_IN_USE && sock > 0) {
        __real_tk_sock_close(port, sock);
        return last;
    }
    last = sock;
    return sock;
}

int __wrap_tk_sock_connected(struct tk_port *port, int sock)
{
    int ret = __real_tk_sock_connected(port, sock);

    return bug == REFUSED_IS_CONNECTED ? TK_SOCK_OK : ret;
}

int __wrap_tk_sock_send(struct tk_port *port, int sock, const void *data, size_t len)
{
    static int calls;

    if (bug == SEND_0 && len > 100 && ++calls % 3 == 0)
        return 0;
    if (bug == SEND_LOSES_BYTES && len > 100)
        return __real_tk_sock_send(port, sock, data, 100) < 0 ? TK_SOCK_AGAIN : (int)len;
    return __real_tk_sock_send(port, sock, data, len);
}

int __wrap_tk_sock_recv(struct tk_port *port, int sock, void *buf, size_t size)
{
    /* As if nothing had arrived yet: on a busy machine the answer may be early. */
    if (bug == RECV_0_WITHOUT_DATA)
        return 0;
    int n = __real_tk_sock_recv(port, sock, buf, size);

    if (bug == RECV_0_AT_END && n == TK_SOCK_CLOSED)
        return 0;
    if (bug == RECV_LOSES_LAST_BYTES && n == 11)
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

    if (bug == CONSOLE_READ_OVERRUNS)
        ((uint8_t *)buf)[size] = 0;
    return bug == CONSOLE_NEVER_EMPTY ? 1 : n;
}

int __wrap_tk_console_write(struct tk_port *port, unsigned line, const void *data, size_t len)
{
    int n = bug == CONSOLE_NEVER_WRITES ? 0 : __real_tk_console_write(port, line, data, len);

    return bug == CONSOLE_WRITE_OVERCOUNTS ? n + 1 : n;
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

    return bug == FLASH_ALIASES && offset >= two ? offset - two : offset;
}

static uint32_t spoilt = UINT32_MAX; /* a unit that was programmed twice */

static bool is_erased(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] == 0xff)
            return true;
    }
    return false;
}

/* As on an encrypted partition without the help of the port. */
static void decrypt_erased(uint32_t offset, uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] == 0xff)
            p[i] = (uint8_t)((offset + i) * 77 + 5);
    }
}

static int read_part(void *ctx, uint32_t offset, void *buf, size_t len)
{
    int ret = good->read(ctx, offset, buf, len);

    if (spoilt >= offset && spoilt < offset + len)
        return TK_FLASH_ERR;
    if (bug == FLASH_ERASED_IS_UNREADABLE && is_erased(buf, len))
        return TK_FLASH_ERR;
    if (bug == FLASH_ERASED_IS_NOISE)
        decrypt_erased(offset, buf, len);
    return ret;
}

static int bad_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    if (bug == FLASH_READ_OVERRUNS && len % 2 == 1)
        ((uint8_t *)buf)[len] = 0;
    if (bug == FLASH_ALIGNS_READS)
        offset -= offset % 4;
    return read_part(ctx, alias(offset), buf, len);
}

static void note_second_program(void *ctx, uint32_t offset)
{
    uint8_t byte, zeros[4] = {0};

    if (bug < FLASH_TWICE_SPOILS_NEIGHBOUR || bug > FLASH_TWICE_FOR_GOOD ||
        good->read(ctx, offset, &byte, 1) != TK_FLASH_OK || byte == 0xff)
        return;
    if (bug == FLASH_TWICE_SPOILS_NEIGHBOUR)
        (void)good->program(ctx, offset + good->unit, zeros, good->unit);
    else
        spoilt = offset;
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
    note_second_program(ctx, offset);
    if (bug == FLASH_IGNORES_PROGRAM)
        return TK_FLASH_OK;
    if (bug == FLASH_PAGE_WRAPS)
        return wrap_in_page(ctx, offset, data, len);
    if (bug == FLASH_UNIT_IS_8 && len < 8)
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
    if (bug == FLASH_TWICE_IS_UNREADABLE)
        spoilt = UINT32_MAX;
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

struct tk_flash bad_port_flash(const struct tk_flash *flash)
{
    struct tk_flash bad = *flash;

    good = flash;
    bad.read = bad_read;
    bad.program = bad_program;
    bad.erase = bad_erase;
    bad.sync = bad_sync;
    if (bug == FLASH_BAD_GEOMETRY)
        bad.unit = 5;
    return bad;
}

void bad_port_begin(enum bug which)
{
    bug = which;
    epoch_ms = __real_tk_clock_now_ms(NULL);
}
