/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_conformance.h"

#include "tk_clock.h"
#include "tk_console_io.h"
#include "tk_device.h"
#include "tk_entropy.h"
#include "tk_sock.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * One function a check. It answers NULL when the port keeps its word, else the sentence of the
 * contract that it breaks. The table at the end gives each its name, and says what it needs.
 *
 * A busy machine is late now and then, a wrong port always: where lateness counts, a check takes
 * the best of some tries.
 */

typedef struct tk_conformance suite;

enum {
    LATE_MS = 10,      /* what tk_wait and a step of an erase may take too long */
    STEP_MS = 20,      /* of a loop that waits for something */
    QUICK_MS = 1000,   /* for what needs no network */
    PATIENT_MS = 5000, /* for what does */
    ERASE_MS = 10000,
    PEER_MS = 500, /* that the peer takes to answer ENQ */
    TRIES = 5
};

enum { EOT = 0x04, ENQ = 0x05, GUARD = 0xa5 };

/* --- time --- */

static uint64_t now(const suite *c)
{
    return tk_clock_now_ms(c->port);
}

static uint64_t since(const suite *c, uint64_t start_ms)
{
    uint64_t now_ms = now(c);

    return now_ms > start_ms ? now_ms - start_ms : 0;
}

static void rest(const suite *c, uint64_t ms)
{
    uint64_t until_ms = now(c) + ms;

    while (now(c) < until_ms) {
        tk_device_alive(c->port);
        tk_wait(c->port, until_ms);
    }
}

/* For loops that try again: false when there is no time left to. */
static bool may_wait(const suite *c, uint64_t give_up_ms)
{
    uint64_t now_ms = now(c);

    if (now_ms >= give_up_ms)
        return false;
    tk_device_alive(c->port);
    tk_wait(c->port, now_ms + STEP_MS < give_up_ms ? now_ms + STEP_MS : give_up_ms);
    return true;
}

/* All that follows waits by the tick. */
static const char *clock_runs(const suite *c)
{
    uint64_t start_ms = now(c);

    for (long i = 0; i < 100000 && now(c) == start_ms; i++) {
        tk_device_alive(c->port);
        tk_wait(c->port, start_ms + 1);
    }
    return now(c) != start_ms
               ? NULL
               : "tk_clock_now_ms: milliseconds since some moment before the program started";
}

static const char *clock_monotonic(const suite *c)
{
    uint64_t last_ms = now(c);

    for (int i = 0; i < 10000; i++) {
        uint64_t now_ms = now(c);

        if (now_ms < last_ms)
            return "tk_clock_now_ms: never goes back";
        last_ms = now_ms;
        if (i % 1000 == 0)
            tk_wait(c->port, now_ms + 1);
    }
    return NULL;
}

static const char *clock_wall(const suite *c)
{
    static const int64_t untouched = -1234567;
    int64_t first = untouched, second = untouched;
    enum tk_time_quality quality = tk_clock_unix(c->port, &first);

    if (quality == TK_TIME_NONE)
        return first == untouched ? NULL : "tk_clock_unix: TK_TIME_NONE with *unix_s untouched";
    if (quality != TK_TIME_RTC && quality != TK_TIME_SYSTEM)
        return "tk_clock_unix: TK_TIME_RTC or TK_TIME_SYSTEM with *unix_s set, or TK_TIME_NONE";
    rest(c, STEP_MS);
    if (tk_clock_unix(c->port, &second) != quality)
        return "tk_clock_unix: as the platform knows them by itself";
    return first >= 0 && second >= first && second - first <= 2
               ? NULL
               : "tk_clock_unix: seconds since 1970-01-01T00:00:00Z";
}

/* The tick at which the wall clock's second ends; UINT64_MAX when it does not. */
static uint64_t end_of_second(const suite *c)
{
    uint64_t start_ms = now(c);
    int64_t at_start = 0, unix_s = 0;

    (void)tk_clock_unix(c->port, &at_start);
    do {
        if (since(c, start_ms) > 3000)
            return UINT64_MAX;
        rest(c, LATE_MS);
        (void)tk_clock_unix(c->port, &unix_s);
    } while (unix_s == at_start);
    return now(c);
}

static uint64_t second_of_wall(const suite *c)
{
    uint64_t start_ms = end_of_second(c);

    return start_ms == UINT64_MAX ? UINT64_MAX : end_of_second(c) - start_ms;
}

static bool has_wall(const suite *c)
{
    int64_t unix_s;

    return tk_clock_unix(c->port, &unix_s) != TK_TIME_NONE;
}

/* The tick is measured with something that is none. */
static const char *compare_rate(const suite *c, uint64_t (*second)(const suite *c))
{
    for (int i = 0; i < 3; i++) {
        uint64_t ms = second(c);

        if (ms > 750 && ms < 1500)
            return NULL;
    }
    return "tk_clock_now_ms: two calls one second apart differ by 1000";
}

static const char *clock_rate(const suite *c)
{
    return compare_rate(c, second_of_wall);
}

static const char *wait_punctual(const suite *c)
{
    uint64_t least_ms = UINT64_MAX;

    for (int i = 0; i < TRIES; i++) {
        uint64_t start_ms = now(c);

        rest(c, STEP_MS);
        if (since(c, start_ms) < least_ms)
            least_ms = since(c, start_ms);
    }
    return least_ms <= STEP_MS + LATE_MS ? NULL
                                         : "tk_wait: must not return late by more than 10 ms";
}

static const char *wait_past(const suite *c)
{
    uint64_t least_ms = UINT64_MAX;

    for (int i = 0; i < TRIES; i++) {
        uint64_t start_ms = now(c);

        tk_wait(c->port, i % 2 == 0 ? start_ms : 0);
        if (since(c, start_ms) < least_ms)
            least_ms = since(c, start_ms);
    }
    return least_ms <= LATE_MS ? NULL : "tk_wait: sleeps until the tick reaches until_ms";
}

/* Early returns are allowed; nothing but early returns is a processor that never rests. */
static const char *wait_sleeps(const suite *c)
{
    uint64_t until_ms = now(c) + 100;
    int returns = 0;

    while (now(c) < until_ms && ++returns < 1000)
        tk_wait(c->port, until_ms);
    return returns < 1000 ? NULL : "tk_wait: sleeps until the tick reaches until_ms";
}

/* --- entropy --- */

static bool is_all(const uint8_t *p, uint8_t value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] != value)
            return false;
    }
    return true;
}

static bool is_seeded(const suite *c)
{
    uint8_t byte;

    return tk_entropy_get(c->port, &byte, 1) == TK_ENTROPY_OK;
}

static const char *entropy_outcome(const suite *c)
{
    uint8_t buf[16];

    memset(buf, GUARD, sizeof buf);
    int ret = tk_entropy_get(c->port, buf, sizeof buf);

    if (ret == TK_ENTROPY_NOT_SEEDED && !is_all(buf, GUARD, sizeof buf))
        return "tk_entropy_get: TK_ENTROPY_NOT_SEEDED, with buf untouched";
    return ret == TK_ENTROPY_OK || ret == TK_ENTROPY_NOT_SEEDED
               ? NULL
               : "tk_entropy_get: there is no third answer";
}

/* A byte that keeps what was in it before eight times was not filled. */
static const char *entropy_fills(const suite *c)
{
    uint8_t buf[64];
    uint8_t changed[sizeof buf] = {0};

    for (int i = 0; i < 8; i++) {
        uint8_t before = i % 2 == 0 ? 0x00 : 0xff;

        memset(buf, before, sizeof buf);
        (void)tk_entropy_get(c->port, buf, sizeof buf);
        for (size_t k = 0; k < sizeof buf; k++)
            changed[k] |= buf[k] ^ before;
    }
    return memchr(changed, 0, sizeof changed) == NULL ? NULL
                                                      : "tk_entropy_get: fills buf with len bytes";
}

static const char *entropy_fresh(const suite *c)
{
    uint8_t first[32], second[32];

    (void)tk_entropy_get(c->port, first, sizeof first);
    (void)tk_entropy_get(c->port, second, sizeof second);
    return memcmp(first, second, sizeof first) != 0 ? NULL : "tk_entropy_get: bytes fit for keys";
}

static const char *entropy_any_length(const suite *c)
{
    static const size_t lengths[] = {0, 1, 2, 3, 5, 8, 13, 31, 33};
    uint8_t buf[48];

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t end = 8 + lengths[i];

        memset(buf, GUARD, sizeof buf);
        if (tk_entropy_get(c->port, buf + 8, lengths[i]) != TK_ENTROPY_OK)
            return "tk_entropy_get: any len from 0";
        if (!is_all(buf, GUARD, 8) || !is_all(buf + end, GUARD, sizeof buf - end))
            return "tk_entropy_get: fills buf with len bytes";
    }
    return NULL;
}

/* --- flash --- */

/* Each byte of the area has a value of its own, so that what lands in a wrong place shows. */
static uint8_t pattern(uint32_t at)
{
    return (uint8_t)((at + 1) * 2654435761u >> 24);
}

static bool holds(const suite *c, uint32_t at, uint32_t len, bool blank)
{
    const struct tk_flash *f = c->scratch;
    uint8_t buf[64];

    for (uint32_t end = at + len; at < end;) {
        uint32_t n = end - at < sizeof buf ? end - at : sizeof buf;

        if (f->read(f->ctx, at, buf, n) != TK_FLASH_OK)
            return false;
        for (uint32_t i = 0; i < n; i++) {
            if (buf[i] != (blank ? 0xff : pattern(at + i)))
                return false;
        }
        at += n;
    }
    return true;
}

static bool is_blank(const suite *c, uint32_t at, uint32_t len)
{
    return holds(c, at, len, true);
}

static bool is_pattern(const suite *c, uint32_t at, uint32_t len)
{
    return holds(c, at, len, false);
}

/* In one call; at most 512 bytes. */
static bool program(const suite *c, uint32_t at, uint32_t len)
{
    const struct tk_flash *f = c->scratch;
    uint8_t data[512];

    for (uint32_t i = 0; i < len; i++)
        data[i] = pattern(at + i);
    return f->program(f->ctx, at, data, len) == TK_FLASH_OK;
}

/* *longest_ms: of a call; may be NULL. */
static bool erase(const suite *c, uint32_t sector, uint64_t *longest_ms)
{
    const struct tk_flash *f = c->scratch;
    uint64_t give_up_ms = now(c) + ERASE_MS;
    int ret;

    do {
        uint64_t start_ms = now(c);

        ret = f->erase(f->ctx, sector * f->sector_size);
        if (longest_ms != NULL && since(c, start_ms) > *longest_ms)
            *longest_ms = since(c, start_ms);
    } while (ret == TK_FLASH_AGAIN && may_wait(c, give_up_ms));
    return ret == TK_FLASH_OK;
}

static uint32_t whole_units(const suite *c, uint32_t len)
{
    uint32_t unit = c->scratch->unit;

    return (len + unit - 1) / unit * unit;
}

static const char *flash_geometry(const suite *c)
{
    const struct tk_flash *f = c->scratch;

    if (f->unit < 1 || f->unit > 256)
        return "tk_flash.h: bytes a program is aligned to and a multiple of: 1 to 256";
    if (f->sector_size < 1024 || f->sector_size > 262144 || f->sector_size % f->unit != 0)
        return "tk_flash.h: bytes an erase clears: 1 KB to 256 KB, a multiple of unit";
    return f->sectors >= 2 ? NULL : "tk_flash.h: 2 and up";
}

/* A sector that has something at its beginning, in its middle and at its end. */
static const char *flash_erase(const suite *c)
{
    uint32_t size = c->scratch->sector_size;
    uint32_t unit = c->scratch->unit;

    for (uint32_t sector = 0; sector < 2; sector++) {
        uint32_t at = sector * size;
        bool ok = erase(c, sector, NULL) && program(c, at, unit) &&
                  program(c, at + size / 2 / unit * unit, unit) &&
                  program(c, at + size - unit, unit) && erase(c, sector, NULL);

        if (!ok || !is_blank(c, at, size))
            return "tk_flash.h: erase sets every byte of one sector to 0xFF";
    }
    return NULL;
}

static const char *flash_erase_steps(const suite *c)
{
    uint64_t least_ms = UINT64_MAX;

    for (int i = 0; i < 3; i++) {
        uint64_t longest_ms = 0;

        if (!erase(c, 0, &longest_ms))
            return "tk_flash.h: longer erases answer TK_FLASH_AGAIN until they are done";
        if (longest_ms < least_ms)
            least_ms = longest_ms;
    }
    return least_ms <= LATE_MS + 1 ? NULL : "tk_flash.h: one call takes at most 10 ms";
}

/* The first and the third of four, then the second: each stays as it is. */
static const char *flash_unit(const suite *c)
{
    uint32_t unit = c->scratch->unit;

    if (!erase(c, 0, NULL) || !program(c, 0, unit) || !program(c, 2 * unit, unit))
        return "tk_flash.h: offset and len are multiples of unit";
    if (!is_blank(c, unit, unit) || !is_blank(c, 3 * unit, unit))
        return "tk_flash.h: units that the call did not name stay as they were";
    if (!program(c, unit, unit) || !is_pattern(c, 0, 3 * unit) || !is_blank(c, 3 * unit, unit))
        return "tk_flash.h: program changes 1 bits to 0 bits, in whole units";
    return NULL;
}

/* Chips have pages of 256 bytes, and wrap a write around in one where the driver forgets them. */
static const char *flash_page(const suite *c)
{
    uint32_t unit = c->scratch->unit;
    uint32_t at = 255 / unit * unit;
    uint32_t len = unit < 64 ? whole_units(c, 64) : 2 * unit;

    if (!erase(c, 0, NULL) || !program(c, at, len) || !is_pattern(c, at, len))
        return "tk_flash.h: programs len bytes";
    return is_blank(c, 0, at) && is_blank(c, at + len, 256)
               ? NULL
               : "tk_flash.h: units that the call did not name stay as they were";
}

/* Marks at both ends of every sector; then one of them is erased. */
static const char *flash_sectors(const suite *c)
{
    const struct tk_flash *f = c->scratch;
    uint32_t size = f->sector_size;
    uint32_t mark = whole_units(c, 8);
    bool ok = true;

    for (uint32_t i = 0; i < f->sectors && ok; i++)
        ok = erase(c, i, NULL);
    for (uint32_t i = 0; i < f->sectors && ok; i++)
        ok = program(c, i * size, mark) && program(c, (i + 1) * size - mark, mark);
    for (uint32_t i = 0; i < f->sectors && ok; i++)
        ok = is_pattern(c, i * size, mark) && is_pattern(c, (i + 1) * size - mark, mark);
    if (!ok)
        return "tk_flash.h: offsets are bytes from the beginning of the area";
    ok = erase(c, 1, NULL) && is_pattern(c, size - mark, mark) &&
         (f->sectors == 2 || is_pattern(c, 2 * size, mark));
    return ok ? NULL : "tk_flash.h: erase sets every byte of one sector to 0xFF";
}

/* Around the end of a sector, from each offset, with each length. */
static const char *flash_read(const suite *c)
{
    const struct tk_flash *f = c->scratch;
    uint32_t mark = whole_units(c, 16);
    uint32_t begin = f->sector_size - 8;
    uint8_t buf[32];

    if (!erase(c, 0, NULL) || !erase(c, 1, NULL) || !program(c, f->sector_size - mark, mark) ||
        !program(c, f->sector_size, mark))
        return "tk_flash.h: programs len bytes";
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t len = 16 - i;

        memset(buf, GUARD, sizeof buf);
        if (f->read(f->ctx, begin + i, buf + 8, len) != TK_FLASH_OK)
            return "tk_flash.h: reads any len at any offset inside the area";
        for (uint32_t k = 0; k < len; k++) {
            if (buf[8 + k] != pattern(begin + i + k))
                return "tk_flash.h: reads any len at any offset inside the area";
        }
        if (!is_all(buf, GUARD, 8) || !is_all(buf + 8 + len, GUARD, sizeof buf - 8 - len))
            return "tk_flash.h: reads any len at any offset inside the area";
    }
    return NULL;
}

static const char *flash_sync(const suite *c)
{
    const struct tk_flash *f = c->scratch;

    return f->sync == NULL || f->sync(f->ctx) == TK_FLASH_OK
               ? NULL
               : "tk_flash.h: makes all calls so far survive a power cut before it returns";
}

/* --- names --- */

/* As tk_sock_lookup_poll; TK_SOCK_AGAIN when there was no answer in time. */
static int look_up(const suite *c, const char *host, uint64_t patience_ms, struct tk_addr *addrs)
{
    uint64_t give_up_ms = now(c) + patience_ms;
    int lookup = tk_sock_lookup(c->port, host);
    int n;

    if (lookup < 0)
        return lookup;
    do {
        n = tk_sock_lookup_poll(c->port, lookup, addrs, TK_SOCK_ADDRS);
    } while (n == TK_SOCK_AGAIN && may_wait(c, give_up_ms));
    if (n == TK_SOCK_AGAIN)
        tk_sock_lookup_cancel(c->port, lookup);
    return n;
}

static const char *sock_digits(const suite *c)
{
    static const uint8_t expected[] = {192, 0, 2, 33};
    struct tk_addr addrs[TK_SOCK_ADDRS];
    int n = look_up(c, "192.0.2.33", QUICK_MS, addrs);

    return n == 1 && addrs[0].family == 4 && memcmp(addrs[0].bytes, expected, 4) == 0
               ? NULL
               : "tk_sock_lookup: a name, or an address in digits";
}

static const char *sock_no_such_name(const suite *c)
{
    struct tk_addr addrs[TK_SOCK_ADDRS];
    char too_long[300];
    int n;

    memset(too_long, 'a', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    n = look_up(c, "no-such-name.invalid", QUICK_MS, addrs); /* no network: no answer either */
    if ((n != TK_SOCK_AGAIN && n != TK_SOCK_ERR) ||
        look_up(c, too_long, PATIENT_MS, addrs) != TK_SOCK_ERR ||
        look_up(c, "", PATIENT_MS, addrs) != TK_SOCK_ERR)
        return "tk_sock_lookup_poll: TK_SOCK_ERR when there is none";
    return NULL;
}

static const char *sock_cancel(const suite *c)
{
    for (int i = 0; i < 16; i++) {
        int lookup = tk_sock_lookup(c->port, "192.0.2.33");

        if (lookup < 0)
            return "tk_sock_lookup_cancel: ends a lookup whose answer nobody wants any more";
        tk_sock_lookup_cancel(c->port, lookup);
    }
    return NULL;
}

/* --- connections --- */

/* As tk_sock_connected; TK_SOCK_AGAIN when nothing came of it in time. *sock is to be closed where
 * it is not negative. */
static int dial(const suite *c, const char *host, uint16_t tcp_port, int *sock)
{
    struct tk_addr addrs[TK_SOCK_ADDRS];
    uint64_t give_up_ms;
    int ret;

    *sock = TK_SOCK_ERR;
    if (look_up(c, host, PATIENT_MS, addrs) < 1)
        return TK_SOCK_ERR;
    *sock = tk_sock_open(c->port, &addrs[0], tcp_port);
    if (*sock < 0)
        return *sock;
    give_up_ms = now(c) + PATIENT_MS;
    do {
        ret = tk_sock_connected(c->port, *sock);
    } while (ret == TK_SOCK_AGAIN && may_wait(c, give_up_ms));
    return ret;
}

static void hang_up(const suite *c, int sock)
{
    if (sock >= 0)
        tk_sock_close(c->port, sock);
}

/* Where there is no peer, the device itself serves; not every one answers itself, though. */
static const char *sock_refused(const suite *c)
{
    int sock;
    int ret = dial(c, c->peer != NULL ? c->peer : "127.0.0.1",
                   c->closed_port != 0 ? c->closed_port : 1, &sock);

    hang_up(c, sock);
    return ret == TK_SOCK_ERR || (c->peer == NULL && ret == TK_SOCK_AGAIN)
               ? NULL
               : "tk_sock_connected: TK_SOCK_ERR when it failed";
}

static bool distinct(const int *socks)
{
    for (int i = 0; i < TK_SOCK_MIN; i++) {
        for (int k = 0; k < i; k++) {
            if (socks[i] == socks[k])
                return false;
        }
    }
    return true;
}

static const char *sock_handles(const suite *c)
{
    for (int round = 0; round < 10; round++) {
        int socks[TK_SOCK_MIN];
        bool ok = true;

        for (int i = 0; i < TK_SOCK_MIN; i++)
            ok = dial(c, c->peer, c->peer_port, &socks[i]) == TK_SOCK_OK && ok;
        ok = ok && distinct(socks);
        for (int i = 0; i < TK_SOCK_MIN; i++)
            hang_up(c, socks[i]);
        if (!ok)
            return round == 0 ? "tk_sock.h: a port must offer at least TK_SOCK_MIN at a time"
                              : "tk_sock_close: gives the handle back";
    }
    return NULL;
}

static const char *on_connection(const suite *c, const char *(*check)(const suite *c, int sock))
{
    int sock;
    const char *broken = "tk_sock_connected: TK_SOCK_OK once connected";

    if (dial(c, c->peer, c->peer_port, &sock) == TK_SOCK_OK)
        broken = check(c, sock);
    hang_up(c, sock);
    return broken;
}

static const char *expect_silence(const suite *c, int sock)
{
    uint8_t buf[8];

    for (int i = 0; i < 2; i++) {
        int n = tk_sock_recv(c->port, sock, buf, sizeof buf);

        if (n != TK_SOCK_AGAIN)
            return "tk_sock_recv: gives 1 to size bytes that arrived and says how many, or "
                   "TK_SOCK_AGAIN";
        rest(c, STEP_MS);
    }
    return NULL;
}

static const char *sock_silent(const suite *c)
{
    return on_connection(c, expect_silence);
}

static const char *bad_send = "tk_sock_send: takes 1 to len bytes and says how many";
static const char *bad_recv = "tk_sock_recv: gives 1 to size bytes that arrived and says how many";

enum { ECHO_BYTES = 8000, PIECE = 125 };

static int send_piece(const suite *c, int sock, uint32_t at)
{
    uint8_t data[PIECE];
    int len = ECHO_BYTES - at < PIECE ? (int)(ECHO_BYTES - at) : PIECE;

    if (len == 0)
        return TK_SOCK_AGAIN;
    for (int i = 0; i < len; i++)
        data[i] = pattern(at + (uint32_t)i) | 0x08; /* neither EOT nor ENQ */
    int n = tk_sock_send(c->port, sock, data, (size_t)len);

    return n != 0 && n <= len ? n : TK_SOCK_ERR;
}

static int recv_piece(const suite *c, int sock, uint32_t at)
{
    uint8_t data[PIECE];
    int n = tk_sock_recv(c->port, sock, data, sizeof data);

    if (n == 0 || n > PIECE)
        return TK_SOCK_ERR;
    for (int i = 0; i < n; i++) {
        if (data[i] != (pattern(at + (uint32_t)i) | 0x08))
            return TK_SOCK_ERR;
    }
    return n;
}

static const char *expect_echo(const suite *c, int sock)
{
    uint64_t give_up_ms = now(c) + PATIENT_MS;
    uint32_t sent = 0, got = 0;

    while (got < ECHO_BYTES) {
        int up = send_piece(c, sock, sent);
        int down = recv_piece(c, sock, got);

        if (up < 0 && up != TK_SOCK_AGAIN)
            return bad_send;
        if (down < 0 && down != TK_SOCK_AGAIN)
            return bad_recv;
        sent += up > 0 ? (uint32_t)up : 0;
        got += down > 0 ? (uint32_t)down : 0;
        if (up < 0 && down < 0 && !may_wait(c, give_up_ms))
            return sent < ECHO_BYTES ? bad_send : bad_recv;
    }
    return NULL;
}

static const char *sock_echo(const suite *c)
{
    return on_connection(c, expect_echo);
}

/* One sleep from the question to the answer, where that comes long before the deadline. */
static const char *expect_wake(const suite *c, int sock)
{
    uint64_t start_ms = now(c);
    uint8_t byte = ENQ;
    int n;

    if (tk_sock_send(c->port, sock, &byte, 1) != 1)
        return bad_send;
    do {
        n = tk_sock_recv(c->port, sock, &byte, 1);
        tk_device_alive(c->port);
        if (n == TK_SOCK_AGAIN)
            tk_wait(c->port, start_ms + PATIENT_MS);
    } while (n == TK_SOCK_AGAIN && since(c, start_ms) < PATIENT_MS);
    return n == 1 && since(c, start_ms) < PATIENT_MS
               ? NULL
               : "tk_wait: something happened that an earlier call answered \"not now\" to";
}

static const char *sock_wakes(const suite *c)
{
    return on_connection(c, expect_wake);
}

/* Reads until the stream ends. The number of bytes it had, or an outcome. */
static int read_to_end(const suite *c, int sock, uint8_t *buf, int size)
{
    uint64_t give_up_ms = now(c) + PATIENT_MS;
    int got = 0;

    for (;;) {
        int n = tk_sock_recv(c->port, sock, buf + got, (size_t)(size - got));

        if (n == TK_SOCK_CLOSED)
            return got;
        if (n == 0 || (n < 0 && (n != TK_SOCK_AGAIN || !may_wait(c, give_up_ms))))
            return TK_SOCK_ERR;
        got += n > 0 ? n : 0;
        if (got == size)
            return TK_SOCK_ERR;
    }
}

static const char *expect_end(const suite *c, int sock)
{
    static const uint8_t words[] = {'l', 'a', 's', 't', ' ', 'w', 'o', 'r', 'd', 's', EOT};
    uint8_t buf[sizeof words + 1];

    if (tk_sock_send(c->port, sock, words, sizeof words) != (int)sizeof words)
        return bad_send;
    if (read_to_end(c, sock, buf, sizeof buf) != (int)sizeof words)
        return "tk_sock_recv: the end of a stream is its own outcome";
    return memcmp(buf, words, sizeof words) == 0 ? NULL : bad_recv;
}

static const char *sock_closed(const suite *c)
{
    return on_connection(c, expect_end);
}

/* Twice what the peer takes to answer ENQ. */
static uint64_t second_of_peer(const suite *c)
{
    uint64_t give_up_ms, start_ms;
    uint8_t byte = ENQ;
    int sock;
    int ret = dial(c, c->peer, c->peer_port, &sock);

    start_ms = now(c);
    give_up_ms = start_ms + PATIENT_MS;
    if (ret == TK_SOCK_OK && tk_sock_send(c->port, sock, &byte, 1) == 1) {
        while (tk_sock_recv(c->port, sock, &byte, 1) == TK_SOCK_AGAIN && may_wait(c, give_up_ms))
            continue;
    }
    hang_up(c, sock);
    return since(c, start_ms) * 1000 / PEER_MS;
}

static const char *clock_rate_of_peer(const suite *c)
{
    return compare_rate(c, second_of_peer);
}

/* --- console --- */

static const char *console_read(const suite *c)
{
    uint8_t buf[32];
    int n;

    for (int i = 0; i < 1000; i++) {
        memset(buf, GUARD, sizeof buf);
        n = tk_console_read(c->port, c->line, buf, 16);
        if (n > 16 || n < TK_CONSOLE_OVERRUN || !is_all(buf + 16, GUARD, 16))
            return "tk_console_read: the number of bytes moved to buf";
        if (n == 0 || n == TK_CONSOLE_CLOSED)
            return NULL;
    }
    return "tk_console_read: 0 when there are none now";
}

static const char *console_write(const suite *c)
{
    uint64_t give_up_ms = now(c) + PATIENT_MS;
    const char *at = c->text;

    while (*at != '\0') {
        size_t left = strlen(at);
        int n = tk_console_write(c->port, c->line, at, left);

        if (n == TK_CONSOLE_CLOSED)
            return NULL;
        if (n < 0 || (size_t)n > left)
            return "tk_console_write: the number of bytes taken";
        if (n == 0 && !may_wait(c, give_up_ms))
            return "tk_console_write: 0 when there is no room now";
        at += n;
    }
    return NULL;
}

/* --- device --- */

static bool is_legal(const char *id)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    size_t len = strlen(id);

    return len >= 4 && len <= 32 && strspn(id, letters) == len;
}

static const char *device_id(const suite *c)
{
    const char *id = tk_device_id(c->port);
    char first[33];

    if (id == NULL || !is_legal(id))
        return "tk_device_id: 4 to 32 characters of [A-Za-z0-9-]";
    strcpy(first, id);
    return strcmp(first, tk_device_id(c->port)) == 0 && strcmp(first, id) == 0
               ? NULL
               : "tk_device_id: the string lives as long as the port";
}

static bool has_key(const suite *c)
{
    uint8_t key[TK_DEVICE_KEY_SIZE];

    return tk_device_key(c->port, key) == 0;
}

static const char *device_key(const suite *c)
{
    uint8_t first[TK_DEVICE_KEY_SIZE], second[TK_DEVICE_KEY_SIZE];

    memset(first, 0x00, sizeof first);
    memset(second, 0xff, sizeof second);
    if (tk_device_key(c->port, first) != 0 || tk_device_key(c->port, second) != 0 ||
        memcmp(first, second, sizeof first) != 0)
        return "tk_device_key: the same key at every call";
    return is_all(first, first[0], sizeof first) ? "tk_device_key: the device's own secret key"
                                                 : NULL;
}

/* --- all of them --- */

enum need { NOTHING, WALL, SEED, SCRATCH, SECTORS, PEER, TEXT, KEY };

struct check {
    const char *name;
    enum need need;
    const char *(*run)(const suite *c);
};

static const struct check alone[] = {
    {"clock.runs", NOTHING, clock_runs}, /* stays first */
    {"clock.monotonic", NOTHING, clock_monotonic},
    {"clock.wall", NOTHING, clock_wall},
    {"clock.rate", WALL, clock_rate},
    {"wait.punctual", NOTHING, wait_punctual},
    {"wait.past", NOTHING, wait_past},
    {"wait.sleeps", NOTHING, wait_sleeps},
    {"entropy.outcome", NOTHING, entropy_outcome},
    {"entropy.fills", SEED, entropy_fills},
    {"entropy.fresh", SEED, entropy_fresh},
    {"entropy.any_length", SEED, entropy_any_length},
    {"flash.geometry", SCRATCH, flash_geometry},
    {"flash.erase", SECTORS, flash_erase},
    {"flash.erase_steps", SECTORS, flash_erase_steps},
    {"flash.unit", SECTORS, flash_unit},
    {"flash.page", SECTORS, flash_page},
    {"flash.sectors", SECTORS, flash_sectors},
    {"flash.read", SECTORS, flash_read},
    {"flash.sync", SECTORS, flash_sync},
    {"sock.digits", NOTHING, sock_digits},
    {"sock.no_such_name", NOTHING, sock_no_such_name},
    {"sock.cancel", NOTHING, sock_cancel},
    {"sock.refused", NOTHING, sock_refused},
    {"device.id", NOTHING, device_id},
    {"device.key", KEY, device_key},
};

/* These want a program around them. */
static const struct check helped[] = {
    {"clock.rate_of_peer", PEER, clock_rate_of_peer},
    {"sock.handles", PEER, sock_handles},
    {"sock.silent", PEER, sock_silent},
    {"sock.echo", PEER, sock_echo},
    {"sock.wakes", PEER, sock_wakes},
    {"sock.closed", PEER, sock_closed},
    {"console.read", TEXT, console_read},
    {"console.write", TEXT, console_write},
};

/* Why a check cannot be made here; NULL when it can. */
static const char *missing(const suite *c, enum need need)
{
    switch (need) {
    case WALL:
        return has_wall(c) ? NULL : "no clock to compare with";
    case SEED:
        return is_seeded(c) ? NULL : "not seeded";
    case SCRATCH:
        return c->scratch != NULL ? NULL : "no flash to spare";
    case SECTORS:
        return c->scratch == NULL          ? "no flash to spare"
               : flash_geometry(c) != NULL ? "not of this geometry"
                                           : NULL;
    case PEER:
        return c->peer != NULL ? NULL : "no peer";
    case TEXT:
        return c->text != NULL ? NULL : "the console is in use";
    case KEY:
        return has_key(c) ? NULL : "no key";
    default:
        return NULL;
    }
}

/* *stopped: why no check can be made any more; NULL. The number of failures. */
static int run_checks(const suite *c, const struct check *checks, size_t count,
                      const char **stopped)
{
    int failures = 0;

    for (size_t i = 0; i < count; i++) {
        const char *why = *stopped != NULL ? *stopped : missing(c, checks[i].need);
        const char *result = why != NULL ? TK_CONFORMANCE_SKIPPED : TK_CONFORMANCE_OK;

        if (why == NULL && (why = checks[i].run(c)) != NULL) {
            result = TK_CONFORMANCE_FAILED;
            failures++;
            *stopped = checks[i].run == clock_runs ? "the clock stands still" : NULL;
        }
        tk_device_alive(c->port);
        c->report(c->ctx, checks[i].name, result, why != NULL ? why : "");
    }
    return failures;
}

int tk_conformance_run_alone(const struct tk_conformance *c)
{
    const char *stopped = NULL;

    return run_checks(c, alone, sizeof alone / sizeof alone[0], &stopped);
}

int tk_conformance_run(const struct tk_conformance *c)
{
    const char *stopped = NULL;
    int failures = run_checks(c, alone, sizeof alone / sizeof alone[0], &stopped);

    return failures + run_checks(c, helped, sizeof helped / sizeof helped[0], &stopped);
}
