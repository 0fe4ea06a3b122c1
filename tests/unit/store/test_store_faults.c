/* SPDX-License-Identifier: Apache-2.0 */

/* Power cuts, failing flash and bit flips. Without faults: test_store_values.c. */

#include "tk_sim_flash.h"
#include "tk_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEYS    4
#define LEN_MAX 800
#define COMMITS 4

/* What a store must hold: [key][age], age 1 is the previous value. A length of -1: no value. */
struct model {
    int len[KEYS][2];
    uint8_t value[KEYS][2][LEN_MAX];
};

struct shape {
    uint32_t sector_size, sectors, unit;
};

static const struct shape shapes[] = {
    {1024, 2, 1}, {1024, 2, 8}, {1024, 2, 64}, {1024, 4, 1}, {1024, 5, 16},
};

#define SHAPES (sizeof shapes / sizeof shapes[0])

static struct tk_sim_flash f;
static struct tk_store s;
static struct model models[COMMITS + 2]; /* [n]: after n commits */

/* --- commits --- */

/* Commit i writes key 0, which is small; key 1, so large that it fits just twice; and key 2, or
 * deletes it. Only commit 0 writes key 3. */
static int len_of(int i, int key)
{
    int big = (int)(f.flash.sector_size * 3 / 8);

    switch (key) {
    case 0:
        return 5 + i;
    case 1:
        return big - 7 * i;
    case 2:
        return i % 2 == 0 ? 20 : -1;
    default:
        return i == 0 ? 3 : -2; /* not in the commit */
    }
}

static void fill(uint8_t *value, int i, int key, int len)
{
    for (int at = 0; at < len; at++)
        value[at] = (uint8_t)(i * 31 + key * 7 + at * 3);
}

static void model_commit(struct model *m, int i)
{
    for (int key = 0; key < KEYS; key++) {
        int len = len_of(i, key);

        if (len == -2)
            continue;
        m->len[key][1] = len < 0 ? -1 : m->len[key][0];
        memcpy(m->value[key][1], m->value[key][0], LEN_MAX);
        m->len[key][0] = len;
        fill(m->value[key][0], i, key, len);
    }
}

static int commit(int i)
{
    static uint8_t bytes[KEYS][LEN_MAX];
    struct tk_store_piece pieces[KEYS][2];
    struct tk_store_value values[KEYS];
    size_t count = 0;

    for (int key = 0; key < KEYS; key++) {
        int len = len_of(i, key);

        if (len == -2)
            continue;
        fill(bytes[key], i, key, len);
        pieces[key][0] = (struct tk_store_piece){bytes[key], (uint16_t)(len < 0 ? 0 : len / 3)};
        pieces[key][1] =
            (struct tk_store_piece){bytes[key] + len / 3, (uint16_t)(len < 0 ? 0 : len - len / 3)};
        values[count++] = (struct tk_store_value){(uint8_t)key, len < 0 ? 0 : 2, pieces[key]};
    }
    return tk_store_commit(&s, values, count);
}

/* --- checks --- */

static bool holds(const struct model *m)
{
    uint8_t got[LEN_MAX];

    for (int key = 0; key < KEYS; key++) {
        /* with two sectors the previous value is lost with its sector */
        for (int age = 0; age < (f.flash.sectors > 2 ? 2 : 1); age++) {
            int want = m->len[key][age];
            int len = age == 0 ? tk_store_get(&s, (uint8_t)key, got, sizeof got)
                               : tk_store_previous(&s, (uint8_t)key, got, sizeof got);

            if (want < 0 ? len != TK_STORE_MISSING
                         : len != want || memcmp(got, m->value[key][age], (size_t)len) != 0)
                return false;
        }
    }
    return true;
}

static void begin(const struct shape *shape)
{
    tk_sim_flash_init(&f, shape->sector_size, shape->sectors, shape->unit);
    memset(models[0].len, -1, sizeof models[0].len);
    for (int i = 0; i <= COMMITS; i++) {
        models[i + 1] = models[i];
        model_commit(&models[i + 1], i);
    }
    assert_int_equal(tk_store_open(&s, &f.flash, NULL), TK_STORE_OK);
}

static void end(void)
{
    if (f.violations > 0)
        fail_msg("%s", f.violation);
    tk_sim_flash_free(&f);
}

static void restart(void)
{
    tk_sim_flash_power_on(&f);
    assert_int_equal(tk_store_open(&s, &f.flash, NULL), TK_STORE_OK);
}

static int commit_until_cut(void)
{
    int done = 0;

    while (done < COMMITS && commit(done) == TK_STORE_OK)
        done++;
    return done;
}

struct snapshot {
    uint8_t *bytes, *programmed;
    uint64_t operations;
};

static size_t memory(void)
{
    return (size_t)f.flash.sector_size * f.flash.sectors;
}

static void snapshot_take(struct snapshot *snap)
{
    *snap = (struct snapshot){malloc(memory()), malloc(memory()), f.operations};
    assert_true(snap->bytes != NULL && snap->programmed != NULL);
    memcpy(snap->bytes, f.bytes, memory());
    memcpy(snap->programmed, f.programmed, memory() / f.flash.unit);
}

static void snapshot_restore(const struct snapshot *snap)
{
    memcpy(f.bytes, snap->bytes, memory());
    memcpy(f.programmed, snap->programmed, memory() / f.flash.unit);
    f.operations = snap->operations;
    restart();
}

static void snapshot_free(struct snapshot *snap)
{
    free(snap->bytes);
    free(snap->programmed);
}

/* --- power cuts --- */

/* After a power cut, cuts the next commit at each of its operations. */
static void cut_again(int had)
{
    struct snapshot snap;
    bool cut = true;

    snapshot_take(&snap);
    for (unsigned at = 1; cut; at++) {
        snapshot_restore(&snap);
        f.cut_at = f.operations + at;
        int ret = commit(had);

        cut = f.off;
        assert_int_equal(ret == TK_STORE_OK, !cut);
        restart();
        if (!(cut && holds(&models[had])) && !holds(&models[had + 1]))
            fail_msg("after a second cut at %u: neither old nor new", at);
        assert_int_equal(commit(had), TK_STORE_OK);
        restart();
        assert_true(holds(&models[had + 1]));
    }
    snapshot_free(&snap);
}

static void cut_at(const struct shape *shape, unsigned at, int torn, bool again)
{
    begin(shape);
    f.torn_program = (enum tk_sim_torn_program)(torn % 4);
    f.torn_erase = (enum tk_sim_torn_erase)(torn / 4);
    f.random = at * 12 + (unsigned)torn + 1;
    f.cut_at = at;
    int done = commit_until_cut();

    assert_int_equal(done < COMMITS, f.off);
    restart();
    int had = holds(&models[done]) ? done : done + 1;

    if (!holds(&models[had]))
        fail_msg("cut at %u, torn as %d: neither old nor new", at, torn);
    if (again && had <= COMMITS)
        cut_again(had);
    end();
}

static unsigned operations_of(const struct shape *shape)
{
    begin(shape);
    assert_int_equal(commit_until_cut(), COMMITS);
    assert_true(holds(&models[COMMITS]));
    restart();
    assert_true(holds(&models[COMMITS]));
    unsigned operations = (unsigned)f.operations;

    end();
    return operations;
}

static void a_cut_anywhere_leaves_all_or_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        unsigned operations = operations_of(&shapes[i]);

        assert_true(operations > 20);
        for (unsigned at = 1; at <= operations; at++) {
            for (int torn = 0; torn < 12; torn += i < 2 ? 1 : 5)
                cut_at(&shapes[i], at, torn, false);
        }
    }
}

static void a_cut_during_recovery_leaves_all_or_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i += 2) {
        unsigned operations = operations_of(&shapes[i]);

        for (unsigned at = 1; at <= operations; at++)
            cut_at(&shapes[i], at, (int)at % 12, true);
    }
}

/* A torn wipe leaves the newest values or none, never older ones. */
static void a_cut_during_a_wipe_leaves_all_or_nothing(void **state)
{
    (void)state;
    for (int torn = 0; torn < 12; torn++) {
        bool cut = true;

        for (unsigned at = 1; cut; at++) {
            begin(&shapes[4]);
            assert_int_equal(commit_until_cut(), COMMITS);
            f.torn_erase = (enum tk_sim_torn_erase)(torn % 3);
            f.random = (unsigned)torn + 1;
            f.cut_at = f.operations + at;
            int ret = tk_store_wipe(&s);

            cut = f.off;
            assert_int_equal(ret, cut ? TK_STORE_FLASH : TK_STORE_OK);
            restart();
            assert_true(holds(&models[0]) || (cut && holds(&models[COMMITS])));
            assert_int_equal(tk_store_wipe(&s), TK_STORE_OK);
            assert_true(holds(&models[0]));
            end();
        }
    }
}

/* --- flash failures with the power on --- */

/* A failure once is made up for; or the commit is refused, where its header is there all the same,
 * and succeeds when it is tried again. */
static void a_failed_operation_costs_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        unsigned operations = operations_of(&shapes[i]);

        for (unsigned at = 1; at <= operations; at++) {
            begin(&shapes[i]);
            f.fail_at = at;
            f.torn_program = (enum tk_sim_torn_program)(at % 4);
            f.torn_erase = (enum tk_sim_torn_erase)(at % 3);
            for (int done = commit_until_cut(); done < COMMITS; done++)
                assert_int_equal(commit(done), TK_STORE_OK);
            assert_true(holds(&models[COMMITS]));
            restart();
            assert_true(holds(&models[COMMITS]));
            end();
        }
    }
}

static void a_failed_wipe_returns_no_garbage(void **state)
{
    (void)state;
    for (int torn = 0; torn < 12; torn++) {
        for (unsigned at = 1; at <= 5; at++) {
            begin(&shapes[4]);
            assert_int_equal(commit_until_cut(), COMMITS);
            f.torn_erase = (enum tk_sim_torn_erase)(torn % 3);
            f.random = (unsigned)torn + 1;
            f.fail_at = f.operations + at;
            int ret = tk_store_wipe(&s); /* a failed commit before the erases does not stop it */

            assert_true(holds(&models[0]) || (ret == TK_STORE_FLASH && holds(&models[COMMITS])));
            end();
        }
    }
}

/* Reads that fail now and then are repeated. */
static void a_failed_read_costs_nothing(void **state)
{
    (void)state;
    begin(&shapes[3]);
    assert_int_equal(commit_until_cut(), COMMITS);
    uint8_t got[LEN_MAX];
    uint64_t before = f.reads;

    assert_int_equal(tk_store_get(&s, 1, got, sizeof got), len_of(COMMITS - 1, 1));
    uint64_t reads = f.reads - before;

    for (uint64_t at = 1; at <= reads; at++) {
        f.fail_read_at = f.reads + at;
        assert_int_equal(tk_store_get(&s, 1, got, sizeof got), len_of(COMMITS - 1, 1));
        assert_int_equal(s.health, 0);
    }
    end();
}

/* From some read on nothing answers. What could not be read at mount is not overwritten, and
 * nothing older is returned for it. */
static void a_mute_flash_at_mount_refuses_all_access(void **state)
{
    bool failed = true;

    (void)state;
    begin(&shapes[3]);
    assert_int_equal(commit_until_cut(), COMMITS);
    for (unsigned at = 1; failed; at++) {
        uint64_t operations = f.operations;
        uint8_t got[LEN_MAX];

        f.fail_read_at = f.reads + at;
        f.fail_read_until = UINT64_MAX;
        int ret = tk_store_open(&s, &f.flash, NULL);

        failed = f.reads >= f.fail_read_at;
        f.fail_read_at = f.fail_read_until = 0;
        assert_int_equal(ret, failed ? TK_STORE_FLASH : TK_STORE_OK);
        if (failed) {
            assert_int_equal(tk_store_get(&s, 1, got, sizeof got), TK_STORE_FLASH);
            assert_int_equal(commit(COMMITS), TK_STORE_FLASH);
            assert_int_equal(tk_store_prepare(&s), TK_STORE_FLASH);
            assert_int_equal(f.operations, operations);
        }
        restart();
        assert_true(holds(&models[COMMITS]));
    }
    end();
}

static void a_failed_read_corrupts_no_commit(void **state)
{
    bool failed = true;

    (void)state;
    for (unsigned at = 1; failed; at++) {
        begin(&shapes[3]);
        assert_int_equal(commit(0), TK_STORE_OK);
        assert_int_equal(commit(1), TK_STORE_OK);
        f.fail_read_at = f.reads + at;
        int ret = commit(2);

        failed = f.reads >= f.fail_read_at;
        f.fail_read_at = 0;
        assert_true(failed || ret == TK_STORE_OK);
        assert_true(holds(&models[ret == TK_STORE_OK ? 3 : 2]));
        restart();
        assert_true(holds(&models[3]) || (ret != TK_STORE_OK && holds(&models[2])));
        end();
    }
}

/* --- bit flips --- */

static void a_bit_flip_costs_at_most_the_last_commit(void **state)
{
    unsigned newest = 0, older = 0;

    (void)state;
    begin(&shapes[0]);
    assert_int_equal(commit_until_cut(), COMMITS);
    for (size_t bit = 0; bit < 8 * memory(); bit += bit % 1024 < 32 * 8 ? 1 : 3) {
        f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        restart();
        bool is_newest = holds(&models[COMMITS]);

        if (!is_newest && !holds(&models[COMMITS - 1]))
            fail_msg("bit %zu: neither the last commit nor the one before", bit);
        newest += is_newest;
        older += !is_newest;
        f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(newest > 1000 && older > 1000);
    end();
}

/* Whether the value of a key was ever committed, or an error is returned. */
static bool was_once(int key)
{
    uint8_t got[LEN_MAX];
    int len = tk_store_get(&s, (uint8_t)key, got, sizeof got);

    if (len < 0)
        return len == TK_STORE_MISSING || len == TK_STORE_FLASH;
    for (int i = 0; i <= COMMITS; i++) {
        const struct model *m = &models[i];

        if (m->len[key][0] == len && memcmp(got, m->value[key][0], (size_t)len) == 0)
            return true;
    }
    return false;
}

static void many_bit_flips_never_make_a_value(void **state)
{
    uint64_t random = 1;

    (void)state;
    begin(&shapes[0]);
    assert_int_equal(commit_until_cut(), COMMITS);
    struct snapshot snap;

    snapshot_take(&snap);
    for (int round = 0; round < 2000; round++) {
        memcpy(f.bytes, snap.bytes, memory());
        for (int i = 0; i < 2 + round % 20; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            f.bytes[(random >> 33) % memory()] ^= (uint8_t)(1 << (random >> 60) % 8);
        }
        restart();
        for (int key = 0; key < KEYS; key++)
            assert_true(was_once(key));
        assert_true(holds(&models[COMMITS]) || s.health != 0 || s.top.seq == 0);
    }
    snapshot_free(&snap);
    end();
}

/* A bit that flips after mount is not returned either, and no commit copies it with a fresh CRC. */
static void a_bit_flip_at_run_time_never_makes_a_value(void **state)
{
    struct snapshot snap;
    uint8_t got[LEN_MAX];

    (void)state;
    begin(&shapes[0]);
    assert_int_equal(commit_until_cut(), COMMITS);
    snapshot_take(&snap);
    for (size_t bit = 0; bit < 8 * memory(); bit += 13) {
        snapshot_restore(&snap);
        f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        int len = tk_store_get(&s, 3, got, sizeof got);

        assert_true(len == TK_STORE_FLASH ||
                    (len == 3 && memcmp(got, models[1].value[3][0], 3) == 0));
        assert_int_equal(commit(COMMITS), TK_STORE_OK);
        len = tk_store_get(&s, 3, got, sizeof got);
        assert_true(len == 3 && memcmp(got, models[1].value[3][0], 3) == 0);
        struct model older = models[COMMITS - 1];

        model_commit(&older, COMMITS);
        assert_true(holds(&models[COMMITS + 1]) || holds(&older));
    }
    snapshot_free(&snap);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_anywhere_leaves_all_or_nothing),
        cmocka_unit_test(a_cut_during_recovery_leaves_all_or_nothing),
        cmocka_unit_test(a_cut_during_a_wipe_leaves_all_or_nothing),
        cmocka_unit_test(a_failed_operation_costs_nothing),
        cmocka_unit_test(a_failed_wipe_returns_no_garbage),
        cmocka_unit_test(a_failed_read_costs_nothing),
        cmocka_unit_test(a_mute_flash_at_mount_refuses_all_access),
        cmocka_unit_test(a_failed_read_corrupts_no_commit),
        cmocka_unit_test(a_bit_flip_costs_at_most_the_last_commit),
        cmocka_unit_test(many_bit_flips_never_make_a_value),
        cmocka_unit_test(a_bit_flip_at_run_time_never_makes_a_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
