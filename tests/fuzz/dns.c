/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Responses of a name server to port/lwip: what follows the ID of a query. The first byte of the
 * input is 0 for one that is all the input's, else 1 for one that repeats header and question of
 * the query and has the input's records.
 *
 * The result is an error or a few addresses: those of the A records, as a second reader finds them.
 */

#include "fuzz.h"

#include "tk_sock.h"
#include "wire.h"

enum { HEADER = 12, RESPONSE_MAX = 512 };

static struct {
    const uint8_t *data;
    size_t size;
    bool keeps_question;
    uint8_t bytes[RESPONSE_MAX]; /* as it was sent */
    size_t len;
    unsigned sent;
} response;

/* The count of records stays the input's: two bytes before the records. */
static void answer(uint8_t *bytes, size_t *len)
{
    const uint8_t *data = response.data;
    size_t at = response.keeps_question ? *len : 2, size = response.size;

    if (response.keeps_question && size >= 2) {
        memcpy(bytes + 6, data, 2);
        data += 2;
        size -= 2;
    }
    size = size < RESPONSE_MAX - at ? size : RESPONSE_MAX - at;
    memcpy(bytes + at, data, size);
    *len = at + size;
    memcpy(response.bytes, bytes, *len);
    response.len = *len;
    response.sent++;
}

static void start(void)
{
    static bool is_started;

    if (!is_started)
        wire_start();
    is_started = true;
    wire.names[0] = (struct wire_name){.name = "one.example", .count = 0, .count6 = 1};
    wire.mangle = answer;
    response.sent = 0;
}

/* --- the second reader (RFC 1035 section 4.1) --- */

static unsigned get16(size_t at)
{
    return at + 2 > response.len ? 0 : (unsigned)(response.bytes[at] << 8 | response.bytes[at + 1]);
}

/* The offset after a name; beyond the response: it is not one. */
static size_t after_name(size_t at)
{
    while (at < response.len && response.bytes[at] != 0 && response.bytes[at] < 0xc0)
        at += 1u + response.bytes[at];
    return at + (at < response.len && response.bytes[at] != 0 ? 2 : 1);
}

/* Whether the response has an A record with this address among those that it counts. lwIP reads on
 * after the name of the root, in the question too, so what follows one is not judged. */
static bool is_sent(const struct tk_addr *addr)
{
    size_t at = after_name(HEADER) + 4;

    if (response.len > HEADER && response.bytes[HEADER] == 0)
        return true;
    for (unsigned left = get16(6); left > 0 && at < response.len; left--) {
        size_t fixed = after_name(at), len = get16(fixed + 8);
        bool is_root = response.bytes[at] == 0;

        at = fixed + 10 + len;
        if (is_root)
            return true;
        if (at <= response.len && get16(fixed) == 1 && get16(fixed + 2) == 1 && len == 4 &&
            memcmp(response.bytes + fixed + 10, addr->bytes, 4) == 0)
            return true;
    }
    return false;
}

static void check(const struct tk_addr *addrs, int n)
{
    CHECK(n == TK_SOCK_ERR || (n >= 1 && n <= TK_SOCK_ADDRS));
    for (int i = 0; i < n; i++) {
        CHECK(addrs[i].family == 4 && is_sent(&addrs[i]));
        for (int j = 0; j < i; j++)
            CHECK(memcmp(&addrs[i], &addrs[j], sizeof addrs[i]) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct tk_addr addrs[TK_SOCK_ADDRS];
    int lookup, n = TK_SOCK_AGAIN;

    start();
    response.keeps_question = fuzz_byte(&in) & 1;
    response.data = in.at;
    response.size = in.left;
    lookup = tk_sock_lookup(&wire.port, "one.example");
    CHECK(lookup >= 0);
    for (int i = 0; i < 200 && n == TK_SOCK_AGAIN; i++) {
        wire_run(i < 10 ? 10 : 1000);
        n = tk_sock_lookup_poll(&wire.port, lookup, addrs, TK_SOCK_ADDRS);
    }
    CHECK(response.sent > 0);
    check(addrs, n);
    return 0;
}
