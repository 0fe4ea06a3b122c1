/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_sha1.h"

#include "tk_text.h"

#include <string.h>

static uint32_t rotate(uint32_t x, int bits)
{
    return x << bits | x >> (32 - bits);
}

/* f(b, c, d) + K of round i (FIPS 180-4 4.1.1, 4.2.1). */
static uint32_t mix(int i, uint32_t b, uint32_t c, uint32_t d)
{
    if (i < 20)
        return ((b & c) | (~b & d)) + 0x5a827999;
    if (i < 40)
        return (b ^ c ^ d) + 0x6ed9eba1;
    if (i < 60)
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    return (b ^ c ^ d) + 0xca62c1d6;
}

/* Word i of the message schedule, of which w holds the last 16. */
static uint32_t schedule(uint32_t w[16], int i)
{
    if (i >= 16)
        w[i % 16] = rotate(w[(i + 13) % 16] ^ w[(i + 8) % 16] ^ w[(i + 2) % 16] ^ w[i % 16], 1);
    return w[i % 16];
}

static void take_block(struct tk_sha1 *s)
{
    uint32_t w[16] = {0};
    uint32_t a = s->h[0], b = s->h[1], c = s->h[2], d = s->h[3], e = s->h[4];

    for (int i = 0; i < TK_SHA1_BLOCK; i++)
        w[i / 4] = w[i / 4] << 8 | s->block[i];
    for (int i = 0; i < 80; i++) {
        uint32_t next = rotate(a, 5) + mix(i, b, c, d) + e + schedule(w, i);

        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    s->h[0] += a;
    s->h[1] += b;
    s->h[2] += c;
    s->h[3] += d;
    s->h[4] += e;
}

void tk_sha1_begin(struct tk_sha1 *s)
{
    static const uint32_t h[] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};

    memcpy(s->h, h, sizeof h);
    s->len = 0;
}

static void add_byte(struct tk_sha1 *s, uint8_t byte)
{
    s->block[s->len++ % TK_SHA1_BLOCK] = byte;
    if (s->len % TK_SHA1_BLOCK == 0)
        take_block(s);
}

void tk_sha1_add(struct tk_sha1 *s, const void *data, size_t len)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++)
        add_byte(s, bytes[i]);
}

/* Byte i of words in big-endian order. */
static uint8_t byte_of(const uint32_t *words, int i)
{
    return (uint8_t)(words[i / 4] >> (24 - i % 4 * 8));
}

void tk_sha1_end(struct tk_sha1 *s, uint8_t out[TK_SHA1_SIZE])
{
    uint32_t bits[] = {s->len >> 29, s->len << 3};

    add_byte(s, 0x80);
    while (s->len % TK_SHA1_BLOCK != TK_SHA1_BLOCK - sizeof bits)
        add_byte(s, 0);
    for (int i = 0; i < (int)sizeof bits; i++)
        add_byte(s, byte_of(bits, i));
    for (int i = 0; i < TK_SHA1_SIZE; i++)
        out[i] = byte_of(s->h, i);
    tk_wipe(s, sizeof *s);
}
