/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */

/* What was deleted or replaced is in no sector after tk_store_scrub. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "store_load.h"

#define SECRET "a secret of some length"

enum { AT = 40, SECTOR = 1024, SECTORS = 4 };

static int put(const char *text)
{
    struct tk_store_piece piece = {text, (uint16_t)strlen(text)};
    struct tk_store_value value = {AT, 1, &piece};

    return tk_store_commit(&s, &value, 1);
}

static int drop(void)
{
    struct tk_store_value value = {AT, 0, NULL};

    return tk_store_commit(&s, &value, 1);
}

static unsigned count(const char *text)
{
    const uint8_t *at = f.bytes, *end = f.bytes + f.flash.sector_size * f.flash.sectors;
    unsigned n = 0;

    for (; (at = memmem(at, (size_t)(end - at), text, strlen(text))) != NULL; at++)
        n++;
    return n;
}

static void fill_with_secret(uint32_t size, uint32_t sectors, uint32_t unit)
{
    begin(size, sectors, unit);
    assert_int_equal(commit(0), TK_STORE_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(put(SECRET " 1"), TK_STORE_OK);
        assert_int_equal(put(SECRET " 2"), TK_STORE_OK);
        run(1, 4);
    }
    assert_true(count(SECRET) >= 2);
}

static void nothing_is_left(void **state)
{
    static const uint32_t shapes[][3] = {
        {1024, 2, 1}, {1024, 4, 4}, {4096, 3, 64}, {4096, 8, 8}, {4096, 2, 16}};

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        fill_with_secret(shapes[i][0], shapes[i][1], shapes[i][2]);
        assert_int_equal(drop(), TK_STORE_OK);
        uint64_t erases = f.erases;

        assert_int_equal(tk_store_scrub(&s), TK_STORE_OK);
        assert_int_equal(f.erases - erases, shapes[i][1]);
        assert_int_equal(count(SECRET), 0);
        assert_true(holds(3));
        open_store();
        assert_true(holds(3));
        assert_string_equal(tk_store_health(&s), "ok");
        run(4, 40);
        assert_true(holds(39));
        end();
    }
}

static void what_was_replaced_goes_and_what_counts_stays(void **state)
{
    char got[40];

    (void)state;
    fill_with_secret(SECTOR, SECTORS, 1);
    assert_int_equal(tk_store_scrub(&s), TK_STORE_OK);
    assert_int_equal(count(SECRET " 1"), 0);
    assert_int_equal(tk_store_get(&s, AT, got, sizeof got), strlen(SECRET " 2"));
    assert_int_equal(tk_store_previous(&s, AT, got, sizeof got), TK_STORE_MISSING);
    end();
}

/* Of a key that no index has, too. */
static void of_a_high_key_too(void **state)
{
    struct tk_store_piece piece = {SECRET, sizeof SECRET - 1};
    struct tk_store_value value = {4000, 1, &piece};

    (void)state;
    begin(SECTOR, 2, 1);
    assert_int_equal(tk_store_commit(&s, &value, 1), TK_STORE_OK);
    piece.len = 8;
    assert_int_equal(tk_store_commit(&s, &value, 1), TK_STORE_OK);
    assert_int_equal(tk_store_scrub(&s), TK_STORE_OK);
    assert_int_equal(count(SECRET), 0);
    assert_int_equal(tk_store_need(tk_store_get(&s, 4000, NULL, 0)), 8);
    end();
}

static void in_the_first_sector_too(void **state)
{
    (void)state;
    begin(SECTOR, SECTORS, 1);
    assert_int_equal(put(SECRET), TK_STORE_OK);
    assert_int_equal(drop(), TK_STORE_OK);
    assert_int_equal(s.top.seq, 1);
    assert_int_equal(tk_store_scrub(&s), TK_STORE_OK);
    assert_int_equal(count(SECRET), 0);
    end();
}

/* Right after a start the last record may be torn, and is settled first. */
static void after_a_start_too(void **state)
{
    (void)state;
    fill_with_secret(SECTOR, SECTORS, 1);
    assert_int_equal(drop(), TK_STORE_OK);
    open_store();
    assert_int_equal(tk_store_scrub(&s), TK_STORE_OK);
    assert_int_equal(count(SECRET), 0);
    assert_true(holds(3));
    end();
}

/* A record that holds the secret beside a value that counts, and is the last before a start. */
static void of_a_record_that_is_copied_whole_too(void **state)
{
    const struct tk_store_piece pieces[] = {{SECRET, sizeof SECRET - 1}, {"kept", 4}};
    const struct tk_store_value both[] = {{AT, 1, &pieces[0]}, {AT + 1, 1, &pieces[1]}};
    char got[40];

    (void)state;
    fill_with_secret(SECTOR, SECTORS, 1);
    assert_int_equal(tk_store_commit(&s, both, 2), TK_STORE_OK);
    open_store();
    assert_int_equal(drop(), TK_STORE_OK);
    assert_int_equal(tk_store_scrub(&s), TK_STORE_OK);
    assert_int_equal(count(SECRET), 0);
    assert_int_equal(tk_store_get(&s, AT + 1, got, sizeof got), 4);
    end();
}

static void an_empty_or_closed_store(void **state)
{
    (void)state;
    begin(SECTOR, SECTORS, 1);
    assert_int_equal(tk_store_scrub(&s), TK_STORE_OK);
    assert_int_equal(f.operations, 0);
    tk_store_close(&s);
    assert_int_equal(tk_store_scrub(&s), TK_STORE_CLOSED);
    end();
}

static void a_worn_sector_is_counted(void **state)
{
    struct tk_store_status status;

    (void)state;
    fill_with_secret(SECTOR, SECTORS, 1);
    assert_int_equal(drop(), TK_STORE_OK);
    f.worn[(s.top.seq + 1) % SECTORS] = TK_SIM_NO_ERASE;
    assert_int_equal(tk_store_scrub(&s), TK_STORE_OK);
    tk_store_status(&s, &status);
    assert_int_equal(status.worn, 1);
    assert_true(holds(3));
    end();
}

/* A wipe passes by what it could not erase, and no other sector, beyond the first 10, too. */
static void a_wipe_condemns_no_good_sector(void **state)
{
    struct tk_store_status status;

    (void)state;
    for (uint32_t place = 0; place < 13; place++) {
        begin(SECTOR, 16, 1);
        run(0, 40);
        f.worn[place] = TK_SIM_NO_ERASE;
        assert_int_equal(tk_store_wipe(&s), TK_STORE_FLASH);
        tk_store_status(&s, &status);
        assert_int_equal(status.worn_mask, place < 10 ? 1u << place : 0);
        assert_int_equal(status.worn, 1);
        assert_true(is_blank());
        run(0, 60);
        open_store();
        assert_true(holds(59));
        end();
    }
}

/* The store could not be read, so that its numbers were not known. */
static void a_wipe_begins_above_all_numbers(void **state)
{
    (void)state;
    begin(SECTOR, 4, 1);
    run(0, 40);
    f.worn[s.top.seq % 4] = TK_SIM_NO_ERASE;
    f.torn_erase = TK_SIM_ERASE_NOTHING;
    f.fail_read_at = f.reads + 1;
    f.fail_read_until = UINT64_MAX;
    assert_int_equal(tk_store_open(&s, &f.flash, NULL), TK_STORE_FLASH);
    f.fail_read_at = f.fail_read_until = 0;
    assert_int_equal(tk_store_wipe(&s), TK_STORE_FLASH);
    assert_true(is_blank());
    open_store();
    assert_true(is_blank());
    end();
}

/* One for each sector; two more for that in which the new numbers begin. */
static void a_wipe_of_an_empty_store_costs_few_erases(void **state)
{
    (void)state;
    begin(SECTOR, SECTORS, 1);
    assert_int_equal(tk_store_wipe(&s), TK_STORE_OK);
    assert_int_equal(f.erases, SECTORS + 2);
    end();
}

/* Then nothing is erased ahead of time: the place that comes next in turn is that of the newest
 * one.
 */
static void a_wipe_that_leaves_one_good_sector(void **state)
{
    (void)state;
    for (uint32_t sectors = 3; sectors < 6; sectors++) {
        begin(SECTOR, sectors, 1);
        run(0, 10);
        for (uint32_t place = 0; place < sectors; place++)
            f.worn[place] = place == 2 ? 0 : TK_SIM_NO_ERASE;
        assert_int_equal(tk_store_wipe(&s), TK_STORE_FLASH);
        uint32_t n = 0;

        for (; n < 30 && commit(n) == TK_STORE_OK; n++) {
            (void)tk_store_prepare(&s);
            assert_true(holds(n));
        }
        assert_in_range(n, 2, 29);
        (void)tk_store_prepare(&s);
        assert_true(holds(n - 1));
        open_store();
        assert_true(holds(n - 1));
        end();
    }
}

static void flash_that_fails_is_reported(void **state)
{
    (void)state;
    fill_with_secret(SECTOR, SECTORS, 1);
    assert_int_equal(drop(), TK_STORE_OK);
    f.fail_at = f.operations + 3;
    f.fail_until = UINT64_MAX;
    assert_int_not_equal(tk_store_scrub(&s), TK_STORE_OK); /* or full: no sector can be opened */
    end();
}

/* Values stay, whenever power fails; the next scrub ends it. */
static void a_cut_in_each_operation(void **state)
{
    struct tk_sim_image image = {.bytes = NULL};
    uint64_t last;

    (void)state;
    fill_with_secret(SECTOR, SECTORS, 1);
    assert_int_equal(drop(), TK_STORE_OK);
    tk_sim_flash_save(&f, &image);
    struct tk_store before = s;
    uint64_t first = f.operations;

    assert_int_equal(tk_store_scrub(&s), TK_STORE_OK);
    last = f.operations - first;
    assert_true(last > 2 * SECTORS);
    for (uint64_t at = 1; at <= last; at++) {
        tk_sim_flash_restore(&f, &image);
        s = before;
        f.cut_at = f.operations + at;
        assert_int_not_equal(tk_store_scrub(&s), TK_STORE_OK);
        open_store();
        assert_true(holds(3));
        assert_int_equal(tk_store_scrub(&s), TK_STORE_OK);
        assert_int_equal(count(SECRET), 0);
        assert_true(holds(3));
    }
    tk_sim_image_free(&image);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left),
        cmocka_unit_test(what_was_replaced_goes_and_what_counts_stays),
        cmocka_unit_test(of_a_high_key_too),
        cmocka_unit_test(in_the_first_sector_too),
        cmocka_unit_test(after_a_start_too),
        cmocka_unit_test(of_a_record_that_is_copied_whole_too),
        cmocka_unit_test(an_empty_or_closed_store),
        cmocka_unit_test(a_worn_sector_is_counted),
        cmocka_unit_test(a_wipe_condemns_no_good_sector),
        cmocka_unit_test(a_wipe_begins_above_all_numbers),
        cmocka_unit_test(a_wipe_of_an_empty_store_costs_few_erases),
        cmocka_unit_test(a_wipe_that_leaves_one_good_sector),
        cmocka_unit_test(flash_that_fails_is_reported),
        cmocka_unit_test(a_cut_in_each_operation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
