/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Replies of an SNTP server to port/lwip: 40 bytes, into which the time of the query is put unless
 * the first byte of the input is odd. A time is taken only from a reply to our query by a server
 * that is synchronized, and is the time that the reply has.
 */

#include "fuzz.h"

#include "tk_clock.h"
#include "wire.h"

enum { SIZE = 48, ORIGINATE = 24, TRANSMIT = 40 };

static struct {
    uint8_t bytes[SIZE];
    bool is_foreign; /* not a reply to our query */
    unsigned sent;
} reply;

static bool on_query(const uint8_t request[SIZE], uint8_t answer[SIZE])
{
    memcpy(answer, reply.bytes, SIZE);
    if (!reply.is_foreign)
        memcpy(answer + ORIGINATE, request + TRANSMIT, 8);
    return reply.sent++ == 0;
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* RFC 4330 section 5: mode 4 (server), clock synchronized, stratum 1 to 15, a time. */
static bool is_good(void)
{
    const uint8_t *m = reply.bytes;

    return !reply.is_foreign && (m[0] & 7) == 4 && m[0] >> 6 != 3 && m[1] >= 1 && m[1] <= 15 &&
           get32(m + TRANSMIT) != 0;
}

/* Seconds of Unix time; the era 1968 to 2104 (RFC 4330 section 3). */
static int64_t time_of(const uint8_t *timestamp)
{
    uint32_t seconds = get32(timestamp);

    return (int64_t)seconds - 2208988800 + (seconds >> 31 == 0 ? (int64_t)1 << 32 : 0);
}

static void start(void)
{
    static bool is_started;

    if (!is_started)
        wire_start();
    is_started = true;
    wire.ntp = on_query;
    reply.sent = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    int64_t unix_s = 0;

    reply.is_foreign = fuzz_byte(&in) & 1;
    for (size_t i = 0; i < SIZE; i++)
        reply.bytes[i] = fuzz_byte(&in);
    start();
    CHECK(tk_clock_ntp_server(&wire.port, "10.0.2.4") == 0);
    for (int i = 0; i < 20 && reply.sent == 0; i++)
        wire_run(100);
    wire_run(10);
    CHECK(reply.sent > 0);
    CHECK(tk_clock_ntp_poll(&wire.port, &unix_s) == is_good());
    if (is_good()) {
        int64_t sent = time_of(reply.bytes + TRANSMIT);

        sent = sent < 0 ? 0 : sent; /* before 1970 */
        CHECK(unix_s >= sent && unix_s <= sent + 2);
    }
    CHECK(!tk_clock_ntp_poll(&wire.port, &unix_s));
    (void)tk_clock_ntp_server(&wire.port, "");
    return 0;
}
