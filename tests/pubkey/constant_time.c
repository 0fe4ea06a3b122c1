/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs under valgrind's memcheck with scalars that are marked as undefined: a branch or an address
 * that depends on one is an error there, as on any other value that was never set. tk_ecdh.c is
 * built with TK_ECC_PUBLISH, which marks as defined what its caller learns: whether a scalar is in
 * range.
 *
 * Not seen: an instruction whose duration depends on its operands.
 */
#include "tk_ecc.h"

#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

static struct tk_ecc_work work;

/* Scalars at which different things happen inside: leading zeros, an even one, equal points in the
 * last addition (2 on P-256, 6 on P-384), all windows full, out of range. */
static const struct {
    uint8_t first, middle, last;
    bool in_range;
} scalars[] = {{0, 0, 1, true},          {0, 0, 2, true},          {0, 0, 6, true},
               {0x5a, 0xa5, 3, true},    {0xfe, 0xff, 0xff, true}, {0, 0, 0, false},
               {0xff, 0xff, 0xff, false}};

static void fill(uint8_t *scalar, size_t i, size_t octets)
{
    memset(scalar, scalars[i].middle, octets);
    scalar[0] = scalars[i].first;
    scalar[octets - 1] = scalars[i].last;
}

/* Marks the scalar, and the result as defined; wipes what is left behind. */
static bool run_public(const struct tk_curve *c, uint8_t *q, uint8_t *scalar)
{
    VALGRIND_MAKE_MEM_UNDEFINED(scalar, c->octets);
    bool good = tk_ecdh_public(c, q, scalar, &work);

    VALGRIND_MAKE_MEM_DEFINED(q, 2 * c->octets);
    VALGRIND_MAKE_MEM_DEFINED(scalar, c->octets);
    memset(&work, 0, sizeof work);
    return good;
}

static bool run_shared(const struct tk_curve *c, uint8_t *x, const uint8_t *q, uint8_t *scalar)
{
    VALGRIND_MAKE_MEM_UNDEFINED(scalar, c->octets);
    bool good = tk_ecdh_shared(c, x, q, scalar, &work);

    VALGRIND_MAKE_MEM_DEFINED(x, c->octets);
    VALGRIND_MAKE_MEM_DEFINED(scalar, c->octets);
    memset(&work, 0, sizeof work);
    return good;
}

/* a * (b * g) is b * (a * g): it computes what it should. */
static bool check(const struct tk_curve *c, size_t i)
{
    uint8_t a[48], b[48], qa[96] = {0}, qb[96], xa[48] = {0}, xb[48];

    fill(a, i, c->octets);
    fill(b, 3, c->octets);
    bool good = run_public(c, qb, b);
    bool in_range = run_public(c, qa, a);

    good = run_shared(c, xa, qb, a) == in_range && in_range == scalars[i].in_range && good;
    return good && (!in_range || (run_shared(c, xb, qa, b) && memcmp(xa, xb, c->octets) == 0));
}

int main(void)
{
    bool good = true;

    if (!RUNNING_ON_VALGRIND) {
        fprintf(stderr, "constant_time: this shows nothing without valgrind\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof scalars / sizeof scalars[0]; i++)
        good = check(&tk_p256, i) && check(&tk_p384, i) && good;
    printf("limbs of %d bits, %u scalars a curve: %s; branches and addresses: %s\n", TK_LIMB_BITS,
           (unsigned)(sizeof scalars / sizeof scalars[0]), good ? "results right" : "results WRONG",
           VALGRIND_COUNT_ERRORS == 0 ? "independent" : "DEPENDENT");
    return good ? 0 : 1;
}
