/* SPDX-License-Identifier: Apache-2.0 */

/* The store under a gateway's load: nine values, then commits of four (268 bytes), as a token
 * refresh makes them. Its cost, and every power cut, torn in every way. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store_load.h"

/* --- cost --- */

static void assert_cost(uint32_t sectors, uint64_t bytes, uint64_t erases)
{
    const uint32_t commits = 3000;

    begin(4096, sectors, 1);
    run(0, 200);
    uint64_t bytes0 = f.program_bytes, erases0 = f.erases;

    for (uint32_t n = 200; n < commits; n++) {
        uint64_t before = f.erases;

        assert_int_equal(commit(n), TK_STORE_OK);
        assert_true(f.erases <= before + 1);
    }
    uint64_t per_commit = (f.program_bytes - bytes0) * 100 / (commits - 200);
    uint64_t erased = (f.erases - erases0) * 100000 / (commits - 200);

    print_message("%u sectors: %u.%02u bytes, 0.%05u erases a commit\n", (unsigned)sectors,
                  (unsigned)(per_commit / 100), (unsigned)(per_commit % 100), (unsigned)erased);
    assert_true(per_commit <= bytes * 100 && erased <= erases * 10);
    assert_true(holds(commits - 1));
    for (uint32_t i = 0; i < sectors; i++) {
        assert_true(f.wear[i] <= f.wear[0] + 1 && f.wear[i] + 1 >= f.wear[0]);
    }
    end();
}

static void a_commit_stays_within_its_budget(void **state)
{
    (void)state;
    assert_cost(2, 303, 7700);
    assert_cost(4, 291, 7330);
    assert_cost(8, 287, 7230);
}

static void mounting_reads_little_and_writes_nothing(void **state)
{
    struct tk_store another;
    uint64_t worst = 0;

    (void)state;
    begin(4096, 4, 1);
    for (uint32_t n = 0; n < 200; n++) {
        run(n, n + 1);
        uint64_t operations = f.operations, reads = f.read_bytes;

        assert_int_equal(tk_store_open(&another, &f.flash, NULL), TK_STORE_OK);
        assert_int_equal(f.operations, operations);
        worst = f.read_bytes - reads > worst ? f.read_bytes - reads : worst;
        assert_int_equal(another.append_at, s.append_at);
        assert_int_equal(another.health, 0);
    }
    print_message("mounting reads %u bytes at most\n", (unsigned)worst);
    assert_in_range(worst, 100, 1023);
    end();
}

/* --- power cuts --- */

struct snapshot {
    uint8_t *bytes, *programmed;
};

static size_t memory(void)
{
    return (size_t)f.flash.sector_size * f.flash.sectors;
}

static void snapshot_take(struct snapshot *snap)
{
    memcpy(snap->bytes, f.bytes, memory());
    memcpy(snap->programmed, f.programmed, memory() / f.flash.unit);
}

static void snapshot_restore(const struct snapshot *snap)
{
    memcpy(f.bytes, snap->bytes, memory());
    memcpy(f.programmed, snap->programmed, memory() / f.flash.unit);
}

static struct snapshot snapshot_alloc(void)
{
    struct snapshot snap = {malloc(memory()), malloc(memory())};

    assert_true(snap.bytes != NULL && snap.programmed != NULL);
    return snap;
}

static void snapshot_free(struct snapshot *snap)
{
    free(snap->bytes);
    free(snap->programmed);
}

static void tear(uint32_t seed)
{
    f.torn_program = (enum tk_sim_torn_program)(seed % 4);
    f.torn_erase = (enum tk_sim_torn_erase)(seed / 4 % 3);
    f.random = seed * 7919 + 1;
}

/* After a cut in commit n: old or new, and the same after a restart. */
static bool is_old_or_new(uint32_t n)
{
    bool old = n == 0 ? is_blank() : holds(n - 1);

    if (!old && !holds(n))
        return false;
    open_store();
    return old ? (n == 0 ? is_blank() : holds(n - 1)) : holds(n);
}

static void continues(uint32_t n)
{
    assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(commit(n + i), TK_STORE_OK);
        assert_true(holds(n + i));
    }
    open_store();
    assert_true(holds(n + 2));
}

/* Cuts commit n at each of its operations, torn in each way. Returns the number of cuts. again: the
 * recovery is cut too. */
static unsigned cut_commit(uint32_t n, const struct snapshot *snap, struct snapshot *second,
                           bool again)
{
    unsigned cuts = 0;

    for (unsigned at = 1, cut = 1; cut; at++) {
        for (uint32_t torn = 0; torn < 12; torn++) {
            snapshot_restore(snap);
            open_store();
            tear(torn + 12 * at);
            f.cut_at = f.operations + at;
            int ret = commit(n);

            cut = f.off;
            assert_int_equal(ret == TK_STORE_OK, !cut);
            cuts += cut;
            open_store();
            if (!is_old_or_new(n))
                fail_msg("commit %u cut at %u torn %u", (unsigned)n, at, (unsigned)torn);
            if (!again || !cut) {
                continues(n);
                continue;
            }
            snapshot_take(second);
            for (unsigned at2 = 1, cut2 = 1; cut2; at2++) {
                snapshot_restore(second);
                open_store();
                tear(torn * 5 + at2);
                f.cut_at = f.operations + at2;
                if (at2 % 2 == 0 || tk_store_prepare(&s) == TK_STORE_OK)
                    (void)commit(n);
                cut2 = f.off;
                open_store();
                if (!is_old_or_new(n))
                    fail_msg("commit %u cut at %u, then at %u, torn %u", (unsigned)n, at, at2,
                             (unsigned)torn);
                continues(n);
                cuts++;
            }
        }
    }
    return cuts;
}

static void cut_all(uint32_t size, uint32_t sectors, uint32_t unit, uint32_t commits, bool again)
{
    unsigned cuts = 0;

    begin(size, sectors, unit);
    struct snapshot snap = snapshot_alloc(), second = snapshot_alloc();

    for (uint32_t n = 0; n < commits; n++) {
        snapshot_take(&snap);
        cuts += cut_commit(n, &snap, &second, again);
        snapshot_restore(&snap);
        open_store();
        run(n, n + 1);
    }
    print_message("%u x %u, unit %u: %u cuts\n", (unsigned)sectors, (unsigned)size, (unsigned)unit,
                  cuts);
    snapshot_free(&snap);
    snapshot_free(&second);
    end();
}

static void a_cut_anywhere_leaves_old_or_new(void **state)
{
    (void)state;
    cut_all(1024, 2, 1, 8, false);
    cut_all(1024, 4, 4, 8, false);
    cut_all(2048, 3, 32, 12, false);
}

static void a_second_cut_leaves_old_or_new(void **state)
{
    (void)state;
    cut_all(1024, 2, 1, 3, true);
    cut_all(1024, 4, 8, 4, true);
}

/* --- bit flips --- */

/* Never a wrong value, never an older one without a report, and other keys are not affected. */
static void check_flip(uint32_t bit, uint32_t newest, unsigned counts[3])
{
    f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    open_store();
    bool older = s.health & TK_STORE_OLDER;

    for (int key = 0; key < KEYS; key++) {
        if (key < STATIC)
            assert_true(has(key, 0));
        else if (!has(key, newest) && !(older && has(key, newest - 1)))
            fail_msg("bit %u: key %d", (unsigned)bit, key);
    }
    counts[older ? 2 : (s.health & TK_STORE_CORRECTED) != 0]++;
    f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

static void a_bit_flip_is_corrected_or_reported(void **state)
{
    unsigned counts[3] = {0, 0, 0};
    uint32_t random = 12345;

    (void)state;
    begin(4096, 4, 1);
    run(0, 57);
    for (int i = 0; i < 2000; i++) {
        random = random * 1664525u + 1013904223u;
        check_flip((random >> 8) % (8 * 4096 * 4), 56, counts);
    }
    print_message("%u harmless, %u corrected, %u reported as older\n", counts[0], counts[1],
                  counts[2]);
    assert_true(counts[1] > 25 && counts[2] > 5);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_stays_within_its_budget),
        cmocka_unit_test(mounting_reads_little_and_writes_nothing),
        cmocka_unit_test(a_cut_anywhere_leaves_old_or_new),
        cmocka_unit_test(a_second_cut_leaves_old_or_new),
        cmocka_unit_test(a_bit_flip_is_corrected_or_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
