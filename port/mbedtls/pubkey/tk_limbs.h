/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LIMBS_H
#define TK_LIMBS_H

/*
 * Natural numbers as arrays of n limbs, least significant limb first. A limb has 64 bits where the
 * compiler has a 128-bit product, else 32; -DTK_LIMB_BITS=32 forces the latter. Where not said
 * otherwise a result may be the same array as an operand (r == a); arrays that overlap in part are
 * not allowed. A mask is a limb of all ones or of zeros; carries and borrows are 0 or 1.
 *
 * Constant time: no function here branches on, or indexes by, the value of a limb or an octet; only
 * lengths show. The duration of a multiplication is the processor's: see README.md.
 */

#include <stddef.h>
#include <stdint.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if !defined(TK_LIMB_BITS)
#if defined(__SIZEOF_INT128__)
#define TK_LIMB_BITS 64
#else
#define TK_LIMB_BITS 32
#endif
#endif

#if TK_LIMB_BITS == 64
typedef uint64_t tk_limb;
typedef unsigned __int128 tk_wide;
#define TK_LIMBS(high, low) UINT64_C(0x##high##low) /* 64 bits of an initialiser */
#else
typedef uint32_t tk_limb;
typedef uint64_t tk_wide;
#define TK_LIMBS(high, low) 0x##low, 0x##high
#endif

#define TK_LIMBS_OF(bits) ((bits) / TK_LIMB_BITS)

/* Asks the compiler to unroll the loop that follows. */
#if defined(__clang__)
#define TK_UNROLL
#else
#define TK_UNROLL _Pragma("GCC unroll 16")
#endif

/* Hot loops, inlined where they are used: with -Os alone they would be calls. */
#if defined(__GNUC__)
#define TK_HOT static inline __attribute__((always_inline))
#else
#define TK_HOT static inline
#endif

/* Hides a mask from the optimiser, which could otherwise make a branch of it. */
static inline tk_limb tk_opaque(tk_limb x)
{
    __asm__("" : "+r"(x));
    return x;
}

/* a + b + *carry and a - b - *borrow; *carry and *borrow are those of the result. */
#if TK_LIMB_BITS == 64 && defined(__x86_64__) && !defined(TK_LIMBS_PORTABLE)
TK_HOT tk_limb tk_limb_add(tk_limb a, tk_limb b, tk_limb *carry)
{
    unsigned long long sum;

    *carry = _addcarry_u64((unsigned char)*carry, a, b, &sum);
    return sum;
}

TK_HOT tk_limb tk_limb_sub(tk_limb a, tk_limb b, tk_limb *borrow)
{
    unsigned long long difference;

    *borrow = _subborrow_u64((unsigned char)*borrow, a, b, &difference);
    return difference;
}
#else
TK_HOT tk_limb tk_limb_add(tk_limb a, tk_limb b, tk_limb *carry)
{
    tk_wide sum = (tk_wide)a + b + *carry;

    *carry = (tk_limb)(sum >> TK_LIMB_BITS);
    return (tk_limb)sum;
}

TK_HOT tk_limb tk_limb_sub(tk_limb a, tk_limb b, tk_limb *borrow)
{
    tk_wide difference = (tk_wide)a - b - *borrow;

    *borrow = (tk_limb)(difference >> TK_LIMB_BITS) & 1;
    return (tk_limb)difference;
}
#endif

/* r = a + b. Returns the carry. */
TK_HOT tk_limb tk_limbs_add(tk_limb *r, const tk_limb *a, const tk_limb *b, size_t n)
{
    tk_limb carry = 0;

    TK_UNROLL
    for (size_t i = 0; i < n; i++)
        r[i] = tk_limb_add(a[i], b[i], &carry);
    return carry;
}

/* r = a - b. Returns the borrow. */
TK_HOT tk_limb tk_limbs_sub(tk_limb *r, const tk_limb *a, const tk_limb *b, size_t n)
{
    tk_limb borrow = 0;

    TK_UNROLL
    for (size_t i = 0; i < n; i++)
        r[i] = tk_limb_sub(a[i], b[i], &borrow);
    return borrow;
}

/* r = a + (b & mask). Returns the carry. */
TK_HOT tk_limb tk_limbs_add_masked(tk_limb *r, const tk_limb *a, const tk_limb *b, tk_limb mask,
                                   size_t n)
{
    tk_limb carry = 0;

    TK_UNROLL
    for (size_t i = 0; i < n; i++)
        r[i] = tk_limb_add(a[i], b[i] & mask, &carry);
    return carry;
}

/* r = mask ? a : r. */
TK_HOT void tk_limbs_select(tk_limb *r, const tk_limb *a, tk_limb mask, size_t n)
{
    for (size_t i = 0; i < n; i++)
        r[i] ^= (r[i] ^ a[i]) & mask;
}

/* A mask: all ones if x is 0. */
static inline tk_limb tk_limb_is_zero(tk_limb x)
{
    return tk_opaque((tk_limb)(((tk_wide)x - 1) >> TK_LIMB_BITS));
}

/* A mask: all ones if a is 0. */
static inline tk_limb tk_limbs_are_zero(const tk_limb *a, size_t n)
{
    tk_limb any = 0;

    for (size_t i = 0; i < n; i++)
        any |= a[i];
    return tk_limb_is_zero(any);
}

/* A mask: all ones if a < b. */
static inline tk_limb tk_limbs_are_less(const tk_limb *a, const tk_limb *b, size_t n)
{
    tk_limb borrow = 0;

    for (size_t i = 0; i < n; i++)
        (void)tk_limb_sub(a[i], b[i], &borrow);
    return tk_opaque(0 - borrow);
}

/* r = v mod m for v = carry * 2^(bits of n limbs) + a, v below 2 * m. r is neither a nor m. */
TK_HOT void tk_limbs_settle(tk_limb *r, tk_limb carry, const tk_limb *a, const tk_limb *m, size_t n)
{
    tk_limb borrow = tk_limbs_sub(r, a, m, n);

    tk_limbs_select(r, a, tk_opaque(0 - (borrow & (carry ^ 1))), n);
}

/* t += a * b. Returns the limb to add to t[n]. */
TK_HOT tk_limb tk_limbs_mul_add(tk_limb *t, const tk_limb *a, tk_limb b, size_t n)
{
    tk_limb carry = 0;

    TK_UNROLL
    for (size_t i = 0; i < n; i++) {
        tk_wide v = (tk_wide)a[i] * b + t[i] + carry;

        t[i] = (tk_limb)v;
        carry = (tk_limb)(v >> TK_LIMB_BITS);
    }
    return carry;
}

/* sum += a * b, for a sum of three limbs; a carry out of the third is lost. */
TK_HOT void tk_limbs_accumulate(tk_limb *sum, tk_limb a, tk_limb b)
{
    tk_wide v = (tk_wide)a * b;
    tk_limb carry = 0;

    sum[0] = tk_limb_add(sum[0], (tk_limb)v, &carry);
    sum[1] = tk_limb_add(sum[1], (tk_limb)(v >> TK_LIMB_BITS), &carry);
    sum[2] = tk_limb_add(sum[2], 0, &carry);
}

/* Reads a big-endian number of len octets. Octets in front of the lowest n limbs are ignored: the
 * caller knows that they are zeros. */
static inline void tk_limbs_load(tk_limb *r, size_t n, const uint8_t *octets, size_t len)
{
    for (size_t i = 0; i < n; i++)
        r[i] = 0;
    for (size_t i = 0; i < len && i < n * sizeof *r; i++)
        r[i / sizeof *r] |= (tk_limb)octets[len - 1 - i] << 8 * (i % sizeof *r);
}

/* Writes a as a big-endian number of len octets, at most those of its limbs. */
static inline void tk_limbs_store(uint8_t *octets, size_t len, const tk_limb *a)
{
    for (size_t i = 0; i < len; i++)
        octets[len - 1 - i] = (uint8_t)(a[i / sizeof *a] >> 8 * (i % sizeof *a));
}

#endif
