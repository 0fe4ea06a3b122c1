/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of tk_ecc.h at its limits: ranges, points, and what a call leaves behind. */
#include "tk_ecc.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>

#define LEN(a) (sizeof(a) / sizeof(a)[0])

static const struct tk_curve *const curves[] = {&tk_p256, &tk_p384};
static struct tk_ecc_work work;

/* The order of a curve and a small number, as octets. */
static void put_order(const struct tk_curve *c, uint8_t *out, unsigned more)
{
    tk_element sum, number = {more};

    (void)tk_limbs_add(sum, c->order.m, number, c->order.n);
    tk_limbs_store(out, c->octets, sum);
}

static void put_small(const struct tk_curve *c, uint8_t *out, uint8_t number)
{
    memset(out, 0, c->octets);
    out[c->octets - 1] = number;
}

/* Octets that differ from each other, the last one given: below the order. */
static void put_scalar(const struct tk_curve *c, uint8_t *out, uint8_t last)
{
    for (size_t i = 0; i < c->octets; i++)
        out[i] = (uint8_t)(0x11 + 5 * i);
    out[c->octets - 1] = last;
}

static void put_generator(const struct tk_curve *c, uint8_t *q)
{
    uint8_t one[48];

    put_small(c, one, 1);
    assert_true(tk_ecdh_public(c, q, one, &work));
}

/* The numbers that are no scalar: 0, the order and more. Returns false behind the last. */
static bool put_no_scalar(const struct tk_curve *c, uint8_t *out, unsigned i)
{
    if (i == 0)
        put_small(c, out, 0);
    else if (i <= 3)
        put_order(c, out, i - 1);
    else
        memset(out, 0xff, c->octets);
    return i <= 4;
}

/* --- ECDSA --- */

/* By the key 1 with the nonce 1 a hash of zeros has the signature r = s = x of the generator. */
static void r_and_s_out_of_range_are_refused(void **state)
{
    static const uint8_t hash[48];
    uint8_t q[96], number[48];

    (void)state;
    for (size_t i = 0; i < LEN(curves); i++) {
        const struct tk_curve *c = curves[i];

        put_generator(c, q);
        assert_true(tk_ecdsa_verify(c, q, hash, c->octets, q, q, &work));
        for (unsigned j = 0; put_no_scalar(c, number, j); j++) {
            assert_false(tk_ecdsa_verify(c, q, hash, c->octets, number, q, &work));
            assert_false(tk_ecdsa_verify(c, q, hash, c->octets, q, number, &work));
            assert_false(tk_ecdsa_verify(c, q, hash, c->octets, number, number, &work));
        }
    }
}

static void a_signature_is_of_one_hash_and_one_key(void **state)
{
    uint8_t hash[48] = {0}, q[96], two[48], other[96];

    (void)state;
    for (size_t i = 0; i < LEN(curves); i++) {
        const struct tk_curve *c = curves[i];

        put_generator(c, q);
        put_small(c, two, 2);
        assert_true(tk_ecdh_public(c, other, two, &work));
        assert_false(tk_ecdsa_verify(c, other, hash, c->octets, q, q, &work));
        assert_true(tk_ecdsa_verify(c, q, hash, 0, q, q, &work)); /* a hash of no octets is 0 */
        hash[c->octets - 1] = 1;
        assert_false(tk_ecdsa_verify(c, q, hash, c->octets, q, q, &work));
        assert_true(tk_ecdsa_verify(c, q, hash, c->octets - 1, q, q, &work));
        hash[c->octets - 1] = 0;
    }
}

/* By the key 1 with the nonce 2 and r = s = hash: both scalars are 1, and the generator is added to
 * itself. */
static void a_sum_of_equal_points_is_their_double(void **state)
{
    uint8_t q[96], two[48], sum[96];

    (void)state;
    for (size_t i = 0; i < LEN(curves); i++) {
        const struct tk_curve *c = curves[i];

        put_generator(c, q);
        put_small(c, two, 2);
        assert_true(tk_ecdh_public(c, sum, two, &work));
        assert_true(tk_ecdsa_verify(c, q, sum, c->octets, sum, sum, &work));
        sum[c->octets - 1] ^= 1;
        assert_false(tk_ecdsa_verify(c, q, sum, c->octets, sum, sum, &work));
    }
}

/* The same with the key -1: the sum is at infinity, and has no x. */
static void a_sum_of_opposite_points_is_no_signature(void **state)
{
    uint8_t q[96], k[48], r[48];

    (void)state;
    for (size_t i = 0; i < LEN(curves); i++) {
        const struct tk_curve *c = curves[i];

        put_order(c, k, 0);
        k[c->octets - 1]--;
        assert_true(tk_ecdh_public(c, q, k, &work));
        for (uint8_t number = 1; number < 4; number++) {
            put_small(c, r, number);
            assert_false(tk_ecdsa_verify(c, q, r, c->octets, r, r, &work));
        }
    }
}

/* The first point whose x is not below the order; r: what x exceeds it by. */
static void put_large_x(const struct tk_curve *c, uint8_t *q, uint8_t *r)
{
    EC_GROUP *group =
        EC_GROUP_new_by_curve_name(c == &tk_p256 ? NID_X9_62_prime256v1 : NID_secp384r1);
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *x = BN_dup(EC_GROUP_get0_order(group));
    uint8_t octets[97];
    uint8_t number = 0;

    do {
        BN_add_word(x, 1);
        number++;
    } while (EC_POINT_set_compressed_coordinates(group, point, x, 0, NULL) != 1);
    EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, octets, sizeof octets, NULL);
    memcpy(q, octets + 1, 2 * c->octets);
    put_small(c, r, number);
    BN_free(x);
    EC_POINT_free(point);
    EC_GROUP_free(group);
}

/* A hash of 0 and r = s: the sum is the key itself. r is its x modulo the order. */
static void x_may_be_above_the_order(void **state)
{
    static const uint8_t hash[48];
    uint8_t q[96], r[48], other[96];

    (void)state;
    for (size_t i = 0; i < LEN(curves); i++) {
        const struct tk_curve *c = curves[i];

        put_large_x(c, q, r);
        assert_true(tk_ecdsa_verify(c, q, hash, c->octets, r, r, &work));
        put_generator(c, other);
        assert_false(tk_ecdsa_verify(c, other, hash, c->octets, r, r, &work));
        memset(r, 0, c->octets); /* plus the order it is not below the prime */
        r[c->octets - 26] = 1;
        assert_false(tk_ecdsa_verify(c, q, hash, c->octets, r, r, &work));
    }
}

/* --- points --- */

static const uint8_t p256_x[] = {0x09, 0xe7, 0x8d, 0x4e, 0xf6, 0x0d, 0x05, 0xf7, 0x50, 0xf6, 0x63,
                                 0x62, 0x09, 0x09, 0x2b, 0xc4, 0x3c, 0xbd, 0xd6, 0xb4, 0x7e, 0x11,
                                 0xa9, 0xde, 0x20, 0xa9, 0xfe, 0xb2, 0xa5, 0x0b, 0xb9, 0x6c};
static const uint8_t p256_y[] = {0x66, 0x48, 0x5c, 0x78, 0x0e, 0x2f, 0x83, 0xd7, 0x24, 0x33, 0xbd,
                                 0x5d, 0x84, 0xa0, 0x6b, 0xb6, 0x54, 0x1c, 0x2a, 0xf3, 0x1d, 0xae,
                                 0x87, 0x17, 0x28, 0xbf, 0x85, 0x6a, 0x17, 0x4f, 0x93, 0xf4};
static const uint8_t p384_x[] = {
    0x22, 0x61, 0xb2, 0xbf, 0x60, 0x5c, 0x22, 0xf2, 0xf3, 0xae, 0xf6, 0x33, 0x87, 0x19, 0xb2, 0xc4,
    0x86, 0x38, 0x8a, 0xd5, 0x24, 0x07, 0x19, 0xa5, 0x25, 0x73, 0x15, 0x96, 0x9e, 0xf0, 0x1b, 0xa2,
    0x7f, 0x0a, 0x10, 0x4c, 0x89, 0x70, 0x47, 0x73, 0xa8, 0x1f, 0xda, 0xbe, 0xe6, 0xab, 0x5c, 0x78};
static const uint8_t p384_y[] = {
    0xc3, 0x06, 0x61, 0x0f, 0xb0, 0xae, 0x5a, 0x15, 0x9c, 0xf4, 0x5c, 0x06, 0x06, 0x9f, 0x22, 0xa6,
    0xc5, 0xeb, 0x36, 0x41, 0xc6, 0x02, 0xd4, 0x2d, 0xea, 0x2c, 0x4b, 0x4f, 0x75, 0x55, 0x07, 0x93,
    0x40, 0x6d, 0x80, 0xd2, 0xb9, 0x1a, 0xd5, 0x4f, 0x90, 0x48, 0xbd, 0x48, 0x7a, 0xf1, 0xad, 0xe1};

/* A small coordinate, which plus the prime fits its octets. */
static void put_small_and_prime(const struct tk_curve *c, uint8_t *out, uint8_t number)
{
    tk_element sum, small = {number};

    (void)tk_limbs_add(sum, c->field->p.m, small, c->field->p.n);
    tk_limbs_store(out, c->octets, sum);
}

/* Points with x = 0, or with y = 1: the same number plus the prime is refused. */
static void coordinates_not_below_the_prime_are_refused(void **state)
{
    static const uint8_t *const xs[] = {p256_x, p384_x}, *const ys[] = {p256_y, p384_y};
    uint8_t q[96], peer[96], x[48];

    (void)state;
    for (size_t i = 0; i < LEN(curves); i++) {
        const struct tk_curve *c = curves[i];

        put_small(c, q, 0);
        memcpy(q + c->octets, ys[i], c->octets);
        assert_true(tk_ecc_is_point(c, q));
        put_small_and_prime(c, q, 0);
        assert_false(tk_ecc_is_point(c, q));
        memcpy(q, xs[i], c->octets);
        put_small(c, q + c->octets, 1);
        assert_true(tk_ecc_is_point(c, q));
        put_small_and_prime(c, q + c->octets, 1);
        assert_false(tk_ecc_is_point(c, q));
        put_generator(c, peer);
        assert_false(tk_ecdh_shared(c, x, q, peer, &work));
        assert_false(tk_ecdsa_verify(c, q, peer, c->octets, peer, peer, &work));
    }
}

static void a_change_of_any_bit_is_off_the_curve(void **state)
{
    uint8_t q[96];

    (void)state;
    for (size_t i = 0; i < LEN(curves); i++) {
        put_generator(curves[i], q);
        for (size_t bit = 0; bit < 16 * curves[i]->octets; bit++) {
            q[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_false(tk_ecc_is_point(curves[i], q));
            q[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        memset(q, 0, sizeof q);
        assert_false(tk_ecc_is_point(curves[i], q));
    }
}

/* --- ECDH --- */

static void a_refused_scalar_or_point_leaves_the_result_untouched(void **state)
{
    uint8_t k[48], q[96], out[96], before[96];

    (void)state;
    memset(before, 0x5a, sizeof before);
    memcpy(out, before, sizeof out);
    for (size_t i = 0; i < LEN(curves); i++) {
        const struct tk_curve *c = curves[i];

        put_generator(c, q);
        for (unsigned j = 0; put_no_scalar(c, k, j); j++) {
            assert_false(tk_ecdh_public(c, out, k, &work));
            assert_false(tk_ecdh_shared(c, out, q, k, &work));
        }
        put_small(c, k, 1);
        q[0] ^= 1;
        assert_false(tk_ecdh_shared(c, out, q, k, &work));
        assert_memory_equal(out, before, sizeof out);
    }
}

/* (n - 1) * g is -g: its x is that of g. */
static void the_largest_scalar_gives_the_negative(void **state)
{
    uint8_t k[48], q[96], negative[96], x[48];
    tk_element y, sum;

    (void)state;
    for (size_t i = 0; i < LEN(curves); i++) {
        const struct tk_curve *c = curves[i];
        size_t n = c->field->p.n;

        put_generator(c, q);
        put_order(c, k, 0);
        k[c->octets - 1]--;
        assert_true(tk_ecdh_public(c, negative, k, &work));
        assert_memory_equal(negative, q, c->octets);
        tk_limbs_load(sum, n, q + c->octets, c->octets);
        tk_limbs_load(y, n, negative + c->octets, c->octets);
        (void)tk_limbs_add(sum, sum, y, n);
        assert_memory_equal(sum, c->field->p.m, n * sizeof *sum); /* y + -y is the prime */
        assert_true(tk_ecdh_shared(c, x, negative, k, &work));
        assert_memory_equal(x, q, c->octets);
    }
}

/* --- what a call leaves on the stack --- */

static struct call {
    ucontext_t caller, callee;
    const struct tk_curve *c;
    bool shared;
    uint8_t k[48], q[96], out[96];
    uint8_t stack[64 * 1024];
} call;

static void run_call(void)
{
    if (call.shared)
        (void)tk_ecdh_shared(call.c, call.out, call.q, call.k, &work);
    else
        (void)tk_ecdh_public(call.c, call.out, call.k, &work);
}

/* Runs the call on a stack of its own. */
static void run_on_own_stack(const struct tk_curve *c, bool shared)
{
    call.c = c;
    call.shared = shared;
    memset(call.stack, 0, sizeof call.stack);
    assert_int_equal(getcontext(&call.callee), 0);
    call.callee.uc_stack.ss_sp = call.stack;
    call.callee.uc_stack.ss_size = sizeof call.stack;
    call.callee.uc_link = &call.caller;
    makecontext(&call.callee, run_call, 0);
    assert_int_equal(swapcontext(&call.caller, &call.callee), 0);
}

/* Whether the stack has a number, in the order of limbs. Single limbs may be there: registers that
 * the compiler saves. */
static bool stack_has(const struct tk_curve *c, const uint8_t *number)
{
    uint8_t reversed[48];

    for (size_t i = 0; i < c->octets; i++)
        reversed[i] = number[c->octets - 1 - i];
    for (size_t at = 0; at + c->octets <= sizeof call.stack; at++) {
        if (memcmp(call.stack + at, reversed, c->octets) == 0)
            return true;
    }
    return false;
}

/* Neither of an odd nor of an even scalar, which is replaced by its negative. */
static void no_copy_of_the_scalar_stays_on_the_stack(void **state)
{
    uint8_t negative[48];
    tk_element number;

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        const struct tk_curve *c = curves[i & 1];

        put_generator(c, call.q);
        put_scalar(c, call.k, (uint8_t)(0xfe | (i >> 1 & 1)));
        tk_limbs_load(number, c->order.n, call.k, c->octets);
        (void)tk_limbs_sub(number, c->order.m, number, c->order.n);
        tk_limbs_store(negative, c->octets, number);
        run_on_own_stack(c, i >= 4);
        assert_false(stack_has(c, call.k));
        assert_false(stack_has(c, negative));
    }
}

/* --- scratch memory --- */

static void scratch_memory_need_not_be_initialised(void **state)
{
    uint8_t k[48], q[2][96], x[2][48];

    (void)state;
    for (size_t i = 0; i < LEN(curves); i++) {
        const struct tk_curve *c = curves[i];

        put_scalar(c, k, 3);
        for (int fill = 0; fill < 2; fill++) {
            memset(&work, fill == 0 ? 0 : 0xff, sizeof work);
            assert_true(tk_ecdh_public(c, q[fill], k, &work));
            memset(&work, fill == 0 ? 0 : 0xff, sizeof work);
            assert_true(tk_ecdh_shared(c, x[fill], q[0], k, &work));
        }
        assert_memory_equal(q[0], q[1], 2 * c->octets);
        assert_memory_equal(x[0], x[1], c->octets);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r_and_s_out_of_range_are_refused),
        cmocka_unit_test(a_signature_is_of_one_hash_and_one_key),
        cmocka_unit_test(coordinates_not_below_the_prime_are_refused),
        cmocka_unit_test(a_change_of_any_bit_is_off_the_curve),
        cmocka_unit_test(a_refused_scalar_or_point_leaves_the_result_untouched),
        cmocka_unit_test(the_largest_scalar_gives_the_negative),
        cmocka_unit_test(no_copy_of_the_scalar_stays_on_the_stack),
        cmocka_unit_test(scratch_memory_need_not_be_initialised),
        cmocka_unit_test(a_sum_of_equal_points_is_their_double),
        cmocka_unit_test(a_sum_of_opposite_points_is_no_signature),
        cmocka_unit_test(x_may_be_above_the_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
