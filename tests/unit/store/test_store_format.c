/* SPDX-License-Identifier: Apache-2.0 */

/* The invariants listed in core/store/tk_store.h, one test each. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store_load.h"

static void noise(uint8_t *bytes, size_t len, uint32_t seed)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(seed >> 24);
    }
}

/* Without its last operation a commit does not count. */
static void a_commit_is_one_record(void **state)
{
    (void)state;
    for (uint32_t n = 1; n < 40; n++) {
        begin(4096, 4, 1);
        run(0, n);
        uint64_t before = f.operations;

        run(n, n + 1);
        uint64_t operations = f.operations - before;

        end();
        begin(4096, 4, 1);
        run(0, n);
        f.torn_program = TK_SIM_PROGRAM_NOTHING;
        f.cut_at = f.operations + operations;
        assert_true(commit(n) != TK_STORE_OK);
        open_store();
        assert_true(holds(n - 1));
        end();
    }
}

/* A cut anywhere before the header is complete leaves the sector before as the newest. */
static void a_sector_counts_from_its_header(void **state)
{
    (void)state;
    for (uint32_t n = 1; n < 30; n++) {
        begin(1024, 3, 1);
        run(0, n);
        uint32_t seq = s.top.seq;
        uint64_t before = f.operations;

        run(n, n + 1);
        if (s.top.seq == seq) {
            end();
            continue;
        }
        uint64_t operations = f.operations - before; /* the last one writes the header */

        end();
        for (uint64_t at = 1; at <= operations; at++) {
            begin(1024, 3, 1);
            run(0, n);
            f.torn_program =
                at < operations ? TK_SIM_PROGRAM_ALL_BUT_ONE_UNIT : TK_SIM_PROGRAM_NOTHING;
            f.cut_at = f.operations + at;
            assert_int_not_equal(commit(n), TK_STORE_OK);
            open_store();
            assert_int_equal(s.top.seq, seq);
            assert_true(holds(n - 1));
            end();
        }
    }
}

/* Garbage in the sector that is erased next does not matter. */
static void the_oldest_sector_is_dead(void **state)
{
    static const uint32_t sectors[] = {2, 3, 4, 8};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        begin(1024, sectors[i], 4);
        uint8_t *saved = malloc(1024);

        assert_non_null(saved);
        for (uint32_t n = 0; n < 60; n++) {
            run(n, n + 1);
            uint8_t *next = f.bytes + (s.top.seq + 1) % sectors[i] * 1024;

            memcpy(saved, next, 1024);
            noise(next, 1024, n);
            assert_true(holds(n));
            memcpy(next, saved, 1024);
        }
        free(saved);
        end();
    }
}

/* Also across cuts and restarts. The simulated flash counts violations, see end(). */
static void a_unit_is_programmed_once(void **state)
{
    static const uint32_t units[] = {1, 4, 8, 32, 64};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        begin(2048, 3, units[i]);
        for (uint32_t n = 0; n < 200; n++) {
            f.torn_program = (enum tk_sim_torn_program)(n % 4);
            f.torn_erase = (enum tk_sim_torn_erase)(n % 3);
            f.cut_at = n % 3 == 0 ? f.operations + 1 + n % 11 : 0;
            (void)commit(n);
            if (f.off || n % 7 == 0)
                open_store();
            f.cut_at = 0;
            if (n % 2 == 0)
                assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
            assert_int_equal(commit(n), TK_STORE_OK);
            assert_true(holds(n));
        }
        end();
    }
}

static void sectors_are_erased_in_turn(void **state)
{
    (void)state;
    begin(1024, 5, 1);
    for (uint32_t n = 0; n < 300; n++) {
        run(n, n + 1);
        assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
        for (int i = 1; i < 5; i++)
            assert_true(f.wear[i] <= f.wear[0] + 1 && f.wear[i] + 1 >= f.wear[0]);
    }
    end();
}

/* Old bytes of the same place, from one lap ago, come back. */
static void an_earlier_lap_never_validates(void **state)
{
    uint8_t old[1024];
    uint32_t n = 0;

    (void)state;
    begin(1024, 2, 1);
    while (s.top.seq < 2)
        run(n, n + 1), n++;
    memcpy(old, f.bytes, 1024); /* sector 2 is at place 0 */
    while (s.top.seq < 4)
        run(n, n + 1), n++;
    assert_memory_equal(f.bytes, "\4\0\0", 4);
    uint32_t used = s.append_at;

    memcpy(f.bytes + used, old + used, 1024 - used);
    open_store();
    assert_int_equal(s.top.seq, 4);
    assert_true(holds(n - 1));
    memcpy(f.bytes, old, 1024);
    assert_int_equal(tk_store_open(&s, &f.flash, NULL), TK_STORE_OK);
    assert_int_equal(s.top.seq, 3);
    end();
}

static void mounting_writes_nothing(void **state)
{
    (void)state;
    begin(1024, 4, 8);
    for (uint32_t n = 0; n < 30; n++) {
        f.cut_at = n % 2 == 0 ? f.operations + n % 5 + 1 : 0;
        (void)commit(n / 2);
        uint64_t operations = f.operations;

        open_store();
        assert_int_equal(f.operations, operations);
    }
    uint64_t operations = f.operations;

    noise(f.bytes, 4096, 9);
    assert_int_equal(tk_store_open(&s, &f.flash, NULL), TK_STORE_FOREIGN);
    assert_int_equal(f.operations, operations);
    end();
}

/* However often power comes and goes. Only a mark is written. */
static void restarts_alone_erase_nothing(void **state)
{
    (void)state;
    begin(1024, 2, 1);
    run(0, 2);
    open_store();
    assert_int_equal(tk_store_prepare(&s), TK_STORE_OK); /* copies the last record */
    uint64_t erases = f.erases, operations = f.operations;

    for (int i = 0; i < 20; i++) {
        open_store();
        assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
        assert_true(holds(1));
    }
    assert_int_equal(f.erases, erases);
    assert_int_equal(f.operations, operations + 2);
    end();
}

static int put_one(uint8_t key, const char *text)
{
    struct tk_store_piece piece = {text, (uint16_t)strlen(text)};
    struct tk_store_value value = {key, 1, &piece};

    return tk_store_commit(&s, &value, 1);
}

/* The heads of a torn commit may be intact. It stays void once something else was committed. */
static void a_torn_record_stays_void(void **state)
{
    (void)state;
    for (unsigned at = 1; at < 9; at++) {
        begin(4096, 4, 1);
        run(0, 3);
        assert_int_equal(put_one(100, "a"), TK_STORE_OK);
        f.torn_program = TK_SIM_PROGRAM_ALL_BUT_ONE_UNIT;
        f.cut_at = f.operations + at;
        uint32_t had = commit(3) == TK_STORE_OK ? 3 : 2;

        open_store();
        assert_true(holds(had));
        assert_int_equal(put_one(101, "b"), TK_STORE_OK);
        assert_true(holds(had));
        open_store();
        assert_true(holds(had));
        end();
    }
}

/* --- the list in the header --- */

static void each_listed_invariant_has_a_test(void **state);

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_commit_is_one_record),
    cmocka_unit_test(a_sector_counts_from_its_header),
    cmocka_unit_test(the_oldest_sector_is_dead),
    cmocka_unit_test(a_unit_is_programmed_once),
    cmocka_unit_test(sectors_are_erased_in_turn),
    cmocka_unit_test(an_earlier_lap_never_validates),
    cmocka_unit_test(mounting_writes_nothing),
    cmocka_unit_test(restarts_alone_erase_nothing),
    cmocka_unit_test(a_torn_record_stays_void),
    cmocka_unit_test(each_listed_invariant_has_a_test),
};

enum { INVARIANTS = sizeof tests / sizeof tests[0] - 1 };

static void each_listed_invariant_has_a_test(void **state)
{
    FILE *file = fopen(TK_SOURCE_DIR "/core/store/tk_store.h", "r");
    char line[200], name[100];
    int listed = 0, found = 0;
    bool in_list = false;

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL && strcmp(line, " */\n") != 0) {
        in_list = in_list || strncmp(line, " * Invariants,", 14) == 0;
        if (!in_list || sscanf(line, " *   %99[a-z_]", name) != 1 || strchr(name, '_') == NULL)
            continue;
        listed++;
        for (int i = 0; i < INVARIANTS; i++)
            found += strcmp(name, tests[i].name) == 0;
    }
    fclose(file);
    assert_int_equal(listed, INVARIANTS);
    assert_int_equal(found, INVARIANTS);
}

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
