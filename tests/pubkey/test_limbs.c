/* SPDX-License-Identifier: Apache-2.0 */
/* Limbs and moduli where carries begin and end; random values are the differential test's. */
#include "tk_modulus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ONES   ((tk_limb)-1)
#define HIGH   ((tk_limb)1 << (TK_LIMB_BITS - 1))
#define N      3
#define LEN(a) (sizeof(a) / sizeof(a)[0])

static void assert_limbs(const tk_limb *ours, tk_limb a, tk_limb b, tk_limb c)
{
    const tk_limb expected[N] = {a, b, c};

    assert_memory_equal(ours, expected, sizeof expected);
}

/* --- sums --- */

static void adding_a_limb_takes_and_makes_a_carry(void **state)
{
    static const struct {
        tk_limb a, b, in, sum, out;
    } sums[] = {{0, 0, 0, 0, 0},
                {0, 0, 1, 1, 0},
                {ONES, 0, 1, 0, 1},
                {0, ONES, 1, 0, 1},
                {ONES, ONES, 0, ONES - 1, 1},
                {ONES, ONES, 1, ONES, 1},
                {HIGH, HIGH, 0, 0, 1},
                {HIGH, HIGH - 1, 1, 0, 1}};

    (void)state;
    for (size_t i = 0; i < LEN(sums); i++) {
        tk_limb carry = sums[i].in;

        assert_true(tk_limb_add(sums[i].a, sums[i].b, &carry) == sums[i].sum);
        assert_true(carry == sums[i].out);
    }
}

static void subtracting_a_limb_takes_and_makes_a_borrow(void **state)
{
    static const struct {
        tk_limb a, b, in, difference, out;
    } differences[] = {{0, 0, 0, 0, 0},       {0, 0, 1, ONES, 1}, {1, 0, 1, 0, 0},
                       {0, ONES, 0, 1, 1},    {0, ONES, 1, 0, 1}, {ONES, ONES, 1, ONES, 1},
                       {HIGH, HIGH, 0, 0, 0}, {5, 5, 1, ONES, 1}, {ONES, 0, 1, ONES - 1, 0}};

    (void)state;
    for (size_t i = 0; i < LEN(differences); i++) {
        tk_limb borrow = differences[i].in;

        assert_true(tk_limb_sub(differences[i].a, differences[i].b, &borrow) ==
                    differences[i].difference);
        assert_true(borrow == differences[i].out);
    }
}

static void carries_run_through_all_limbs(void **state)
{
    tk_limb a[N] = {ONES, ONES, ONES}, b[N] = {1, 0, 0}, r[N];

    (void)state;
    assert_true(tk_limbs_add(r, a, b, N) == 1);
    assert_limbs(r, 0, 0, 0);
    assert_true(tk_limbs_sub(r, r, b, N) == 1);
    assert_limbs(r, ONES, ONES, ONES);
    assert_true(tk_limbs_add(a, a, a, N) == 1);
    assert_limbs(a, ONES - 1, ONES, ONES);
    assert_true(tk_limbs_add_masked(r, b, a, 0, N) == 0);
    assert_limbs(r, 1, 0, 0);
    assert_true(tk_limbs_add_masked(r, r, a, ONES, N) == 0);
    assert_limbs(r, ONES, ONES, ONES);
}

static void the_largest_products_do_not_overflow(void **state)
{
    tk_limb t[N] = {ONES, ONES, ONES}, a[N] = {ONES, ONES, ONES}, sum[N] = {0, 0, 0};

    (void)state;
    assert_true(tk_limbs_mul_add(t, a, ONES, N) == ONES); /* R - 1 + (R - 1) * (2^w - 1) */
    assert_limbs(t, 0, ONES, ONES);
    for (int i = 0; i < 3; i++)
        tk_limbs_accumulate(sum, ONES, ONES); /* 3 * (2^2w - 2^(w + 1) + 1) */
    assert_limbs(sum, 3, ONES - 5, 2);
}

/* --- comparisons and masks --- */

static void masks_select_all_or_nothing(void **state)
{
    tk_limb a[N] = {1, 2, 3}, r[N] = {4, 5, 6}, zero[N] = {0, 0, 0};

    (void)state;
    tk_limbs_select(r, a, 0, N);
    assert_limbs(r, 4, 5, 6);
    tk_limbs_select(r, a, ONES, N);
    assert_limbs(r, 1, 2, 3);
    assert_true(tk_limb_is_zero(0) == ONES);
    assert_true(tk_limb_is_zero(1) == 0 && tk_limb_is_zero(HIGH) == 0 &&
                tk_limb_is_zero(ONES) == 0);
    assert_true(tk_limbs_are_zero(zero, N) == ONES);
    for (int i = 0; i < N; i++) {
        zero[i] = HIGH;
        assert_true(tk_limbs_are_zero(zero, N) == 0);
        zero[i] = 0;
    }
}

static void the_highest_limb_that_differs_decides_a_comparison(void **state)
{
    tk_limb a[N] = {5, 5, 5}, b[N];

    (void)state;
    memcpy(b, a, sizeof b);
    assert_true(tk_limbs_are_less(a, b, N) == 0);
    for (int i = 0; i < N; i++) {
        b[i] = 6;
        assert_true(tk_limbs_are_less(a, b, N) == ONES);
        assert_true(tk_limbs_are_less(b, a, N) == 0);
        b[i] = 5;
    }
    b[2] = 6;
    b[0] = b[1] = 0;
    assert_true(tk_limbs_are_less(a, b, N) == ONES);
}

/* (carry, a) from 0 to 2 * m - 1. */
static void settling_leaves_a_number_below_the_modulus(void **state)
{
    static const tk_limb m[N] = {3, 0, HIGH};
    static const struct {
        tk_limb carry, a[N], r[N];
    } cases[] = {{0, {0, 0, 0}, {0, 0, 0}},
                 {0, {2, 0, HIGH}, {2, 0, HIGH}},
                 {0, {3, 0, HIGH}, {0, 0, 0}},
                 {0, {4, 0, HIGH}, {1, 0, 0}},
                 {0, {ONES, ONES, ONES}, {ONES - 3, ONES, HIGH - 1}},
                 {1, {0, 0, 0}, {ONES - 2, ONES, HIGH - 1}},
                 {1, {5, 0, 0}, {2, 0, HIGH}}};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        tk_limb r[N];

        tk_limbs_settle(r, cases[i].carry, cases[i].a, m, N);
        assert_memory_equal(r, cases[i].r, sizeof r);
    }
}

/* --- octets --- */

static void octets_of_any_length_are_loaded_and_stored(void **state)
{
    uint8_t octets[N * sizeof(tk_limb) + 4] = {0}, again[sizeof octets];
    tk_limb r[N];

    (void)state;
    for (size_t len = 0; len <= N * sizeof *r; len++) {
        for (size_t i = 0; i < len; i++)
            octets[i] = (uint8_t)(i + 0x81);
        memset(r, 0x55, sizeof r);
        tk_limbs_load(r, N, octets, len);
        memset(again, 0, sizeof again);
        tk_limbs_store(again, len, r);
        assert_memory_equal(again, octets, len);
        for (size_t i = len; i < N * sizeof *r; i++)
            assert_int_equal((uint8_t)(r[i / sizeof *r] >> 8 * (i % sizeof *r)), 0);
    }
    memset(octets, 0, sizeof octets);
    octets[sizeof octets - 1] = 7; /* zeros in front of it */
    tk_limbs_load(r, N, octets, sizeof octets);
    assert_limbs(r, 7, 0, 0);
}

/* --- a modulus --- */

static void each_odd_limb_has_its_inverse(void **state)
{
    (void)state;
    for (tk_limb m = 1; m < 2001; m += 2) {
        assert_true((tk_limb)(tk_modulus_inverse(m) * m) == ONES);
        assert_true((tk_limb)(tk_modulus_inverse(0 - m) * (0 - m)) == ONES);
        assert_true((tk_limb)(tk_modulus_inverse(HIGH + m) * (HIGH + m)) == ONES);
    }
}

static void doubling_reduces_with_a_carry_too(void **state)
{
    static const tk_limb m[N] = {ONES, ONES, ONES};
    struct tk_modulus modulus = {m, N, 1};
    tk_limb r[N] = {0, 0, 0};

    (void)state;
    tk_modulus_double(&modulus, r);
    assert_limbs(r, 0, 0, 0);
    r[2] = HIGH; /* 2^(3w - 1), doubled 2^3w, is 1 */
    tk_modulus_double(&modulus, r);
    assert_limbs(r, 1, 0, 0);
    r[0] = ONES - 1;
    r[1] = r[2] = ONES; /* -1, doubled -2 */
    tk_modulus_double(&modulus, r);
    assert_limbs(r, ONES - 2, ONES, ONES);
}

/* Modulo R - 1, R is 1: the product of Montgomery is a plain one. Both ways of what is allowed: the
 * operand that is not below m may be either. */
static void one_operand_may_exceed_the_modulus(void **state)
{
    static const tk_limb m[N] = {ONES, ONES, ONES};
    struct tk_modulus modulus = {m, N, 1};
    tk_limb above[N] = {ONES, ONES, ONES}, below[N] = {ONES - 1, ONES, ONES}, r[N], t[N + 1];

    (void)state;
    tk_modulus_mul(&modulus, r, above, below, t); /* 0 * -1 */
    assert_limbs(r, 0, 0, 0);
    tk_modulus_mul(&modulus, r, below, above, t);
    assert_limbs(r, 0, 0, 0);
    tk_modulus_mul(&modulus, r, below, below, t); /* -1 * -1 */
    assert_limbs(r, 1, 0, 0);
    tk_modulus_mul(&modulus, below, below, below, t); /* in place */
    assert_limbs(below, 1, 0, 0);
}

/* r is R^2: its product of Montgomery with 1 is R, and that with 1 is 1. */
static void check_square_of_r(const tk_limb *m)
{
    struct tk_modulus modulus = {m, N, tk_modulus_inverse(m[0])};
    tk_limb r[N], t[N + 1], one[N] = {1, 0, 0};

    tk_modulus_square_of_r(&modulus, r, t);
    assert_true(tk_limbs_are_less(r, m, N) == ONES);
    tk_modulus_mul(&modulus, r, r, one, t);
    tk_modulus_mul(&modulus, r, r, one, t);
    assert_limbs(r, 1, 0, 0);
}

static void r_squared_is_right_for_any_highest_limb(void **state)
{
    static const tk_limb moduli[][N] = {
        {1, 0, 1},       {3, 0, 1},          {ONES, ONES, 1},        {1, 0, HIGH},
        {ONES, 0, HIGH}, {ONES, ONES, ONES}, {ONES - 2, ONES, ONES}, {5, ONES, 3}};

    (void)state;
    for (size_t i = 0; i < LEN(moduli); i++)
        check_square_of_r(moduli[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adding_a_limb_takes_and_makes_a_carry),
        cmocka_unit_test(subtracting_a_limb_takes_and_makes_a_borrow),
        cmocka_unit_test(carries_run_through_all_limbs),
        cmocka_unit_test(the_largest_products_do_not_overflow),
        cmocka_unit_test(masks_select_all_or_nothing),
        cmocka_unit_test(the_highest_limb_that_differs_decides_a_comparison),
        cmocka_unit_test(settling_leaves_a_number_below_the_modulus),
        cmocka_unit_test(octets_of_any_length_are_loaded_and_stored),
        cmocka_unit_test(each_odd_limb_has_its_inverse),
        cmocka_unit_test(doubling_reduces_with_a_carry_too),
        cmocka_unit_test(one_operand_may_exceed_the_modulus),
        cmocka_unit_test(r_squared_is_right_for_any_highest_limb),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
