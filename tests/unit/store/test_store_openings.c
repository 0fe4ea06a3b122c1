/* SPDX-License-Identifier: Apache-2.0 */

/* Sectors that are opened with the last record after a start, or although some are worn. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store_text.h"

/* --- the last record --- */

/* After a start; the last record has two values. Flash offset of it. */
static uint32_t begin_unsettled(uint32_t sectors)
{
    struct tk_store_piece pieces[] = {{"new", 3}, {"new, too", 8}};
    struct tk_store_value values[] = {{1, 1, &pieces[0]}, {2, 1, &pieces[1]}};

    begin(1024, sectors, 1);
    assert_int_equal(put(3, "kept"), TK_STORE_OK);
    assert_int_equal(put(1, "old"), TK_STORE_OK);
    assert_int_equal(tk_store_commit(&s, values, 2), TK_STORE_OK);
    open_store();
    assert_true(s.unsettled != 0);
    return s.unsettled;
}

/* Of each read while it is copied. */
static void a_misread_while_it_is_copied_shows_in_nothing(void **state)
{
    bool read = true;

    (void)state;
    for (uint64_t at = 1; read; at++) {
        (void)begin_unsettled(3);
        f.random = at * 7919;
        f.misread_at = f.reads + at;
        assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
        read = f.reads >= f.misread_at;
        for (int i = 0; i < 2; i++) {
            assert_true(has_text(1, "new"));
            assert_true(has_text(2, "new, too"));
            assert_true(has_text(3, "kept"));
            open_store();
        }
        end();
    }
}

/* Two bits of a byte of it change after it was found whole: it was torn. */
static void it_is_dropped_where_it_changes(void **state)
{
    (void)state;
    for (uint32_t byte = 0; byte < 1 + 4 + 2 + 3 + 8 + 4; byte++) {
        uint32_t at = begin_unsettled(2 + byte % 2); /* with 2, all that is live is copied */

        assert_true(has_text(1, "new")); /* from now on in an index */
        f.bytes[at + byte] ^= 0x09;
        assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
        assert_int_equal(s.top.seq, 2);
        for (int i = 0; i < 2; i++) {
            assert_true(has_text(1, "old"));
            assert_int_equal(tk_store_get(&s, 2, NULL, 0), TK_STORE_MISSING);
            assert_true(has_text(3, "kept"));
            open_store();
        }
        end();
    }
}

/* Bits of its head read differently each time. */
static void it_or_the_value_before_it_stays(void **state)
{
    unsigned olds = 0;

    (void)state;
    for (uint64_t seed = 1; seed < 150; seed++) {
        uint32_t at = begin_unsettled(2); /* all that is live is copied */

        tk_sim_flash_weaken(&f, at + 5, 0x09); /* its check */
        f.weak = TK_SIM_WEAK_READ;
        f.random = seed;
        for (int i = 0; i < 20 && tk_store_prepare(&s) != TK_STORE_OK; i++)
            continue;
        f.weak = TK_SIM_WEAK_NEVER;
        open_store();
        bool is_old = has_text(1, "old");

        olds += is_old;
        assert_true(is_old || has_text(1, "new"));
        assert_true(is_old != has_text(2, "new, too"));
        assert_true(has_text(3, "kept"));
        end();
    }
    assert_in_range(olds, 5, 145);
}

/* Where no sector can be opened a mark proves it, and commits are appended. */
static void it_is_proven_where_no_sector_can_be_opened(void **state)
{
    unsigned proven = 0;

    (void)state;
    for (uint32_t seq = 3; seq < 9; seq++) {
        uint32_t n = 0;

        begin(1024, 3, 1);
        for (; s.top.seq < seq || s.append_at == s.top.opened_end; n++)
            assert_int_equal(commit(n), TK_STORE_OK);
        f.worn[(seq + 1) % 3] = TK_SIM_NO_ERASE; /* the one after it may have live values */
        open_store();
        assert_true(s.unsettled != 0);
        assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
        if (s.is_marked) {
            assert_int_equal(put(100, "appended"), TK_STORE_OK);
            assert_int_equal(s.top.seq, seq);
            proven++;
        }
        open_store();
        assert_true(holds(n - 1));
        end();
    }
    assert_true(proven > 0);
}

/* A commit may have been cut before it left anything that can be read. */
static void nothing_is_appended_after_a_start_to_a_header_alone(void **state)
{
    (void)state;
    begin(1024, 3, 1);
    run(0, 1);
    f.torn_program = TK_SIM_PROGRAM_NOTHING;
    f.cut_at = f.operations + 1;
    assert_int_not_equal(commit(1), TK_STORE_OK);
    open_store();
    assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
    assert_true(s.is_marked);
    assert_int_equal(commit(1), TK_STORE_OK);
    assert_int_equal(s.top.seq, 2);
    assert_true(holds(1));
    end();
}

/* Where records are lost that the header counts, the next sector is opened with all that is left.
 */
static void a_header_whose_records_are_lost_is_not_proven(void **state)
{
    (void)state;
    begin(1024, 2, 1);
    run(0, 1);
    f.bytes[1024 + 32 + 1] ^= 0x09;
    open_store();
    assert_true(s.append_at != s.top.opened_end);
    assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
    assert_int_equal(s.top.seq, 2);
    assert_true(s.top.is_complete);
    end();
}

/* A wipe is cut before its first erase: its record is the last one, and stays in force. */
static void a_wipe_that_was_cut_stays_in_force(void **state)
{
    (void)state;
    begin(1024, 3, 1);
    assert_int_equal(put(3001, "in no index"), TK_STORE_OK);
    run(0, 3);
    f.cut_at = f.operations + 2;
    f.torn_erase = TK_SIM_ERASE_NOTHING;
    assert_int_equal(tk_store_wipe(&s), TK_STORE_FLASH);
    open_store();
    assert_true(is_blank());
    assert_int_equal(put(100, "another"), TK_STORE_OK);
    open_store();
    assert_true(is_blank());
    assert_true(has_text(100, "another"));
    assert_int_equal(tk_store_scrub(&s), TK_STORE_OK);
    assert_true(is_blank());
    assert_int_equal(tk_store_get(&s, 3001, NULL, 0), TK_STORE_MISSING);
    end();
}

/* --- sectors that fail --- */

/* Number of the first commit that opens a sector beyond this one. */
static uint32_t run_until_full(void)
{
    uint32_t seq = s.top.seq, n = 0;
    uint64_t erases;

    assert_int_equal(commit(n++), TK_STORE_OK);
    do {
        struct tk_sim_image image = {.bytes = NULL};
        struct tk_store before = s;

        tk_sim_flash_save(&f, &image);
        erases = f.erases;
        assert_int_equal(commit(n), TK_STORE_OK);
        if (f.erases > erases && s.top.seq > seq + 1) {
            tk_sim_flash_restore(&f, &image);
            s = before;
        } else
            erases = f.erases;
        tk_sim_image_free(&image);
        n += erases == f.erases;
    } while (erases == f.erases);
    return n;
}

static void a_failure_once_condemns_no_sector(void **state)
{
    bool failed = true;

    (void)state;
    for (uint64_t at = 1; failed; at++) {
        begin(1024, 3, 1);
        uint32_t n = run_until_full(), seq = s.top.seq;

        f.torn_program = TK_SIM_PROGRAM_NOTHING;
        f.torn_erase = TK_SIM_ERASE_NOTHING;
        f.fail_at = f.operations + at;
        assert_int_equal(commit(n), TK_STORE_OK);
        failed = f.operations >= f.fail_at;
        assert_true(holds(n));
        assert_int_equal(s.top.seq, seq + 1);
        assert_string_equal(tk_store_health(&s), "ok");
        end();
    }
}

/* The header is there although its program failed. Nothing may be written then: an erase could
 * leave it without its records. */
static void a_header_that_is_there_in_spite_of_an_error(void **state)
{
    (void)state;
    begin(1024, 3, 1);
    uint32_t n = run_until_full();
    struct tk_sim_image image = {.bytes = NULL};
    struct tk_store before = s;

    tk_sim_flash_save(&f, &image);
    uint64_t operations = f.operations;

    assert_int_equal(commit(n), TK_STORE_OK);
    operations = f.operations - operations;
    tk_sim_flash_restore(&f, &image);
    s = before;
    f.torn_program = TK_SIM_PROGRAM_ALL;
    f.fail_at = f.operations + operations;
    assert_int_equal(commit(n), TK_STORE_FLASH);
    assert_int_equal(f.operations, f.fail_at);
    assert_string_equal(tk_store_health(&s), "ok");
    assert_true(holds(n - 1));
    open_store();
    assert_true(holds(n));
    tk_sim_image_free(&image);
    end();
}

/* Each sector is tried twice. Then, once more, those that were worn before. */
static void each_sector_is_tried_before_a_commit_fails(void **state)
{
    (void)state;
    begin(1024, 4, 1);
    uint32_t n = run_until_full();

    for (uint32_t place = 0; place < 4; place++)
        f.worn[place] = TK_SIM_NO_ERASE;
    assert_int_equal(commit(n), TK_STORE_FLASH);
    assert_int_equal(f.worn_failures, 2 * 3);
    assert_string_equal(tk_store_health(&s), "worn");
    assert_true(holds(n - 1));
    end();
}

static void a_worn_sector_is_tried_again_in_need(void **state)
{
    char text[40];

    (void)state;
    begin(1024, 3, 1);
    f.worn[0] = TK_SIM_NO_ERASE;
    for (int i = 0; s.top.seq == 0 || s.top.seq % 3 != 0; i++) {
        snprintf(text, sizeof text, "a value with a number: %d", i);
        assert_int_equal(put(1, text), TK_STORE_OK);
        (void)tk_store_prepare(&s); /* erases while there is room for what is live */
        if (s.top.worn == 1) {
            f.worn[0] = 0;
            f.worn[1] = f.worn[2] = TK_SIM_NO_ERASE;
        }
    }
    assert_int_equal(s.top.worn & 1, 0);
    assert_true(has_text(1, text));
    open_store();
    assert_true(has_text(1, text));
    end();
}

/* Where one of the first 10 is worn, the places of two numbers are dead. What is in the second one
 * does not matter, and is not read, whatever key is asked for. */
static void assert_dead(uint32_t sectors, uint32_t worn)
{
    uint8_t saved[2048];

    begin(2048, sectors, 1);
    f.worn[worn] = TK_SIM_NO_ERASE;
    for (uint32_t n = 0; n < 60; n++) {
        assert_int_equal(commit(n), TK_STORE_OK);
        (void)tk_store_prepare(&s); /* erases while there is room for what is live */
        uint32_t place = (s.top.seq + 1) % sectors;

        place = (s.top.worn >> place & 1) != 0 ? (place + 1) % sectors : place;
        s.health = 0;
        memcpy(saved, f.bytes + place * sizeof saved, sizeof saved);
        memset(f.bytes + place * sizeof saved, 0x11, sizeof saved);
        assert_true(holds(n));
        assert_int_equal(tk_store_get(&s, 200, NULL, 0), TK_STORE_MISSING);
        assert_int_equal(s.health, 0);
        memcpy(f.bytes + place * sizeof saved, saved, sizeof saved);
    }
    assert_int_equal(s.top.worn, 1u << worn);
    end();
}

static void the_oldest_sector_is_dead_where_one_is_worn(void **state)
{
    (void)state;
    for (uint32_t sectors = 3; sectors <= 5; sectors++) {
        for (uint32_t worn = 0; worn < sectors; worn++)
            assert_dead(sectors, worn);
    }
}

/* It is passed by, and tried anew in each lap. */
static void a_worn_sector_beyond_the_first_10_is_not_noted(void **state)
{
    struct tk_store_status status;

    (void)state;
    begin(1024, 12, 1);
    f.worn[10] = TK_SIM_NO_ERASE;
    for (uint32_t n = 0; n < 60; n++)
        assert_int_equal(commit(n), TK_STORE_OK);
    assert_true(s.top.seq > 14);
    tk_store_status(&s, &status);
    assert_int_equal(status.worn, 1);
    assert_int_equal(status.worn_mask, 0);
    open_store();
    assert_int_equal(s.top.worn, 0);
    assert_true(holds(59));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_misread_while_it_is_copied_shows_in_nothing),
        cmocka_unit_test(it_is_dropped_where_it_changes),
        cmocka_unit_test(it_or_the_value_before_it_stays),
        cmocka_unit_test(it_is_proven_where_no_sector_can_be_opened),
        cmocka_unit_test(nothing_is_appended_after_a_start_to_a_header_alone),
        cmocka_unit_test(a_header_whose_records_are_lost_is_not_proven),
        cmocka_unit_test(a_wipe_that_was_cut_stays_in_force),
        cmocka_unit_test(a_failure_once_condemns_no_sector),
        cmocka_unit_test(a_header_that_is_there_in_spite_of_an_error),
        cmocka_unit_test(each_sector_is_tried_before_a_commit_fails),
        cmocka_unit_test(a_worn_sector_is_tried_again_in_need),
        cmocka_unit_test(the_oldest_sector_is_dead_where_one_is_worn),
        cmocka_unit_test(a_worn_sector_beyond_the_first_10_is_not_noted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
