/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Responses of a name server to port/lwip: what follows the ID of a query. The first byte of the
 * input is 0 for one that is all the input's, else 1 for one that repeats header and question of
 * the query and has the input's records.
 *
 * The result is an error or a few addresses, and each of them is in the response.
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

static bool is_sent(const struct tk_addr *addr)
{
    return addr->family == 4 && memmem(response.bytes, response.len, addr->bytes, 4) != NULL;
}

static void check(const struct tk_addr *addrs, int n)
{
    CHECK(n == TK_SOCK_ERR || (n >= 1 && n <= TK_SOCK_ADDRS));
    for (int i = 0; i < n; i++) {
        CHECK(is_sent(&addrs[i]));
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
