/* SPDX-License-Identifier: Apache-2.0 */
#include "edge.h"

enum { NEAR = 40, BITS_MAX = 4096 + 64 };

/* --- random numbers: splitmix64 (Steele, Lea, Flood, 2014) --- */

void rng_start(struct rng *rng, uint64_t seed, uint64_t number)
{
    rng->state = seed;
    rng->state = rng_next(rng) ^ number;
    rng->state = rng_next(rng);
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

unsigned rng_below(struct rng *rng, unsigned limit)
{
    return (unsigned)(rng_next(rng) % limit);
}

void rng_fill(struct rng *rng, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)rng_next(rng);
}

int rng_for_mbedtls(void *ctx, unsigned char *out, size_t len)
{
    rng_fill(ctx, out, len);
    return 0;
}

/* --- edges --- */

static BIGNUM *word(uint64_t value)
{
    BIGNUM *x = BN_new();

    BN_set_word(x, value);
    return x;
}

/* n + value, for a value that may be negative. */
static BIGNUM *beside(const BIGNUM *n, int value)
{
    BIGNUM *x = BN_dup(n);

    if (value < 0)
        BN_sub_word(x, (BN_ULONG)-value);
    else
        BN_add_word(x, (BN_ULONG)value);
    return x;
}

/* 0 to 40, n - 40 to n + 40, and every power of 2. */
unsigned edge_count(const BIGNUM *n)
{
    return 3 * NEAR + 2 + (unsigned)BN_num_bits(n);
}

BIGNUM *edge_at(const BIGNUM *n, unsigned i)
{
    if (i <= NEAR)
        return word(i);
    i -= NEAR + 1;
    if (i <= 2 * NEAR)
        return beside(n, (int)i - NEAR);
    BIGNUM *x = BN_new();

    BN_set_bit(x, (int)(i - 2 * NEAR - 1));
    return x;
}

/* --- at random --- */

static BIGNUM *random_bits(struct rng *rng, unsigned bits)
{
    uint8_t octets[BITS_MAX / 8];
    BIGNUM *x = BN_new();

    rng_fill(rng, octets, (bits + 7) / 8);
    BN_bin2bn(octets, (int)((bits + 7) / 8), x);
    BN_mask_bits(x, (int)bits);
    return x;
}

/* Words of 32 bits in which carries start, or through which they run. */
static BIGNUM *random_words(struct rng *rng, unsigned bits)
{
    static const uint32_t words[] = {0,          0,          1,          2,
                                     0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe,
                                     0xffffffff, 0xffffffff, 0xffffffff, 0xffff0000};
    BIGNUM *x = BN_new();

    for (unsigned i = 0; i < bits; i += 32) {
        unsigned choice = rng_below(rng, 16);
        uint32_t value = choice < 12 ? words[choice] : (uint32_t)rng_next(rng);

        BN_lshift(x, x, 32);
        BN_add_word(x, value);
    }
    BN_mask_bits(x, (int)bits);
    return x;
}

/* 2^i, 2^i + 2^j or 2^i - 2^j. */
static BIGNUM *random_powers(struct rng *rng, unsigned bits)
{
    BIGNUM *x = BN_new(), *y = BN_new();
    unsigned choice = rng_below(rng, 3);

    BN_set_bit(x, (int)rng_below(rng, bits));
    BN_set_bit(y, (int)rng_below(rng, bits));
    if (choice == 1)
        BN_add(x, x, y);
    if (choice == 2)
        BN_sub(x, x, y);
    BN_set_negative(x, 0);
    BN_mask_bits(x, (int)bits);
    BN_free(y);
    return x;
}

/* n / d and its neighbours, for a small d. */
static BIGNUM *random_part(struct rng *rng, const BIGNUM *n)
{
    BIGNUM *part = BN_dup(n);

    BN_div_word(part, 2 + rng_below(rng, 31));
    BIGNUM *x = beside(part, (int)rng_below(rng, 5) - 2);

    BN_free(part);
    BN_set_negative(x, 0);
    return x;
}

BIGNUM *edge_number(struct rng *rng, const BIGNUM *n)
{
    unsigned bits = (unsigned)BN_num_bits(n);

    switch (rng_below(rng, 8)) {
    case 0:
        return edge_at(n, rng_below(rng, edge_count(n)));
    case 1:
        return beside(n, (int)rng_below(rng, 2 * NEAR + 1) - NEAR);
    case 2:
        return random_part(rng, n);
    case 3:
        return random_powers(rng, bits);
    case 4:
    case 5:
        return random_words(rng, bits);
    default:
        return random_bits(rng, bits);
    }
}

BIGNUM *edge_residue(struct rng *rng, const BIGNUM *n)
{
    BIGNUM *x;

    while (x = edge_number(rng, n), BN_is_negative(x) || BN_cmp(x, n) >= 0)
        BN_free(x);
    return x;
}

BIGNUM *edge_scalar(struct rng *rng, const BIGNUM *n)
{
    BIGNUM *x;

    while (x = edge_residue(rng, n), BN_is_zero(x))
        BN_free(x);
    return x;
}

BIGNUM *edge_modulus(struct rng *rng, unsigned bits)
{
    BIGNUM *x = rng_below(rng, 2) == 0 ? random_words(rng, bits) : random_bits(rng, bits);

    BN_set_bit(x, (int)bits - 1);
    BN_set_bit(x, 0);
    return x;
}
