/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tk_arena.h"

enum { SIZE = 30 * 1024, BLOCKS = 100, STEPS = 200000 };

static uint64_t memory[SIZE / 8];

static struct tk_arena make(size_t size)
{
    struct tk_arena arena;

    memset(memory, 0xee, sizeof memory);
    tk_arena_init(&arena, memory, size);
    return arena;
}

static void allocates_nearly_all_bytes(void **state)
{
    struct tk_arena arena = make(SIZE);
    size_t largest = tk_arena_largest(&arena);

    (void)state;
    assert_in_range(largest, SIZE - 16, SIZE);
    assert_null(tk_arena_calloc(&arena, 1, largest + 1));
    assert_non_null(tk_arena_calloc(&arena, 1, largest));
    assert_null(tk_arena_calloc(&arena, 1, 1));
    assert_int_equal(tk_arena_largest(&arena), 0);
}

static void refuses_counts_that_overflow(void **state)
{
    struct tk_arena arena = make(SIZE);

    (void)state;
    assert_null(tk_arena_calloc(&arena, SIZE_MAX / 2 + 2, 2));
    assert_null(tk_arena_calloc(&arena, SIZE_MAX, SIZE_MAX));
    assert_null(tk_arena_calloc(&arena, 1, SIZE_MAX));
    assert_int_equal(arena.used, 0);
}

static void blocks_of_no_bytes_are_distinct(void **state)
{
    struct tk_arena arena = make(SIZE);

    (void)state;
    void *none = tk_arena_calloc(&arena, 0, 8);

    assert_non_null(none);
    assert_ptr_not_equal(none, tk_arena_calloc(&arena, 8, 0));
    tk_arena_free(&arena, NULL);
    tk_arena_free(&arena, none);
}

static void overwrites_freed_memory(void **state)
{
    struct tk_arena arena = make(SIZE);
    char *secret = tk_arena_calloc(&arena, 1, 100);

    (void)state;
    memset(secret, 'S', 100);
    tk_arena_free(&arena, secret);
    assert_null(memmem(memory, sizeof memory, "SSSS", 4));
}

static void takes_the_smallest_hole_that_fits(void **state)
{
    struct tk_arena arena = make(SIZE);
    void *large = tk_arena_calloc(&arena, 1, 2000);
    void *fence = tk_arena_calloc(&arena, 1, 20);
    void *small = tk_arena_calloc(&arena, 1, 500);

    (void)state;
    assert_non_null(tk_arena_calloc(&arena, 1, 20));
    tk_arena_free(&arena, large);
    tk_arena_free(&arena, small);
    assert_ptr_equal(tk_arena_calloc(&arena, 1, 480), small);
    assert_ptr_equal(tk_arena_calloc(&arena, 1, 600), large);
    assert_non_null(fence);
}

/* --- at random --- */

static struct {
    uint8_t *at;
    size_t len;
    uint8_t fill;
} blocks[BLOCKS];

static void allocate(struct tk_arena *arena, int i)
{
    size_t len = (size_t)(rand() % 8 == 0 ? rand() % 3000 : rand() % 100);
    uint8_t *p = tk_arena_calloc(arena, 1, len);

    if (p == NULL)
        return;
    assert_int_equal((uintptr_t)p % 8, 0);
    for (size_t k = 0; k < len; k++)
        assert_int_equal(p[k], 0);
    blocks[i].at = p;
    blocks[i].len = len;
    blocks[i].fill = (uint8_t)rand();
    memset(p, blocks[i].fill, len);
}

static void release(struct tk_arena *arena, int i)
{
    for (size_t k = 0; k < blocks[i].len; k++)
        assert_int_equal(blocks[i].at[k], blocks[i].fill);
    tk_arena_free(arena, blocks[i].at);
    blocks[i].at = NULL;
}

static void blocks_do_not_overlap_and_all_memory_returns(void **state)
{
    struct tk_arena arena = make(SIZE - 12);
    size_t whole = tk_arena_largest(&arena);

    (void)state;
    srand(1);
    memset(blocks, 0, sizeof blocks);
    for (int step = 0; step < STEPS; step++) {
        int i = rand() % BLOCKS;

        if (blocks[i].at == NULL)
            allocate(&arena, i);
        else
            release(&arena, i);
        assert_true(arena.used <= arena.peak && arena.peak <= SIZE);
    }
    for (int i = 0; i < BLOCKS; i++) {
        if (blocks[i].at != NULL)
            release(&arena, i);
    }
    assert_int_equal(arena.used, 0);
    assert_int_equal(tk_arena_largest(&arena), whole);
}

static void accepts_memory_of_any_alignment(void **state)
{
    (void)state;
    for (size_t start = 0; start < 16; start++) {
        struct tk_arena arena;

        tk_arena_init(&arena, (char *)memory + start, 1000);
        void *p = tk_arena_calloc(&arena, 1, 900);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 8, 0);
        memset(p, 1, 900);
        tk_arena_free(&arena, p);
        assert_int_equal(arena.used, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocates_nearly_all_bytes),
        cmocka_unit_test(refuses_counts_that_overflow),
        cmocka_unit_test(blocks_of_no_bytes_are_distinct),
        cmocka_unit_test(overwrites_freed_memory),
        cmocka_unit_test(takes_the_smallest_hole_that_fits),
        cmocka_unit_test(blocks_do_not_overlap_and_all_memory_returns),
        cmocka_unit_test(accepts_memory_of_any_alignment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
