/* SPDX-License-Identifier: Apache-2.0 */

/* Records: damage in their heads, crafted ones, and values before the newest. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store_text.h"

/* --- heads --- */

/* Up to 253 bytes take one. As lengths, 254 and 255 mean something else. */
static void values_of_one_head_and_of_more(void **state)
{
    static const uint16_t lengths[] = {0, 1, 253, 254, 255, 507, 508, 509};
    static char large[509], got[509];
    struct tk_store_piece piece = {large, 0};
    struct tk_store_value value = {7, 1, &piece};

    (void)state;
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (char)(i * 7);
    for (int i = 0; i < 8; i++) {
        begin(1024, 2, 1);
        piece.len = lengths[i];
        assert_int_equal(tk_store_commit(&s, &value, 1), TK_STORE_OK);
        for (int j = 0; j < 2; j++) {
            assert_int_equal(tk_store_get(&s, 7, got, sizeof got), lengths[i]);
            assert_memory_equal(got, large, lengths[i]);
            open_store();
            assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
        }
        end();
    }
}

static void heads_of_a_wide_key_are_as_documented(void **state)
{
    static const uint8_t heads[] = {3, 240 + (4079 - 240) / 256, (4079 - 240) % 256, 0, 255, 0, 2};
    static char large[256];
    struct tk_store_piece piece = {large, 256};
    struct tk_store_value value = {4079, 1, &piece};

    (void)state;
    begin(1024, 2, 1);
    assert_int_equal(put(1, "first"), TK_STORE_OK);
    uint8_t *record = f.bytes + s.append_at;

    assert_int_equal(tk_store_commit(&s, &value, 1), TK_STORE_OK);
    assert_memory_equal(record, heads, sizeof heads);
    end();
}

/* The longest record in heads: it is copied after a start, and with its sector. */
static void values_of_31_wide_keys(void **state)
{
    struct tk_store_value values[31];
    struct tk_store_piece pieces[31];
    char text[31][4];

    (void)state;
    begin(1024, 2, 4);
    assert_int_equal(put(1, "first"), TK_STORE_OK);
    for (uint16_t i = 0; i < 31; i++) {
        pieces[i] = (struct tk_store_piece){text[i], (uint16_t)snprintf(text[i], 4, "%d", i)};
        values[i] = (struct tk_store_value){(uint16_t)(1000 + 7 * i), 1, &pieces[i]};
    }
    assert_int_equal(tk_store_commit(&s, values, 31), TK_STORE_OK);
    for (uint32_t seq = 1; seq < 4; seq++) {
        for (uint16_t i = 0; i < 31; i++)
            assert_true(has_text((uint16_t)(1000 + 7 * i), text[i]));
        assert_int_equal(s.top.seq, seq);
        open_store();
        assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
        assert_int_equal(put(1, &"another"[seq]), TK_STORE_OK);
    }
    end();
}

/* --- damaged heads --- */

/* The last record of all cannot be told from a torn one. */
static void a_wrong_bit_in_the_last_head_costs_its_record(void **state)
{
    (void)state;
    begin(1024, 4, 1);
    assert_int_equal(put(1, "old"), TK_STORE_OK);
    uint32_t at = s.append_at;

    assert_int_equal(put(1, "new"), TK_STORE_OK);
    for (uint32_t bit = 0; bit < 8 * 5; bit++) {
        f.bytes[at + bit / 8] ^= (uint8_t)(1 << bit % 8);
        open_store();
        assert_true(has_text(1, "old"));
        assert_string_equal(tk_store_health(&s), "older");
        f.bytes[at + bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    end();
}

/* What follows a record whose heads are lost is not found: the next commit opens a sector, whether
 * its key is in an index or not. */
static void nothing_is_appended_after_lost_heads(void **state)
{
    static const uint16_t keys[] = {4, 4004};

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        begin(1024, 4, 1);
        assert_int_equal(put(1, "first"), TK_STORE_OK);
        uint32_t at = s.append_at;

        assert_int_equal(put(2, "second"), TK_STORE_OK);
        assert_int_equal(put(3, "third"), TK_STORE_OK);
        f.bytes[at + 1] ^= 0x09;
        assert_int_equal(put(keys[k], "fourth"), TK_STORE_OK);
        assert_int_equal(s.top.seq, 2);
        for (int i = 0; i < 2; i++) {
            assert_true(has_text(1, "first"));
            assert_true(has_text(keys[k], "fourth"));
            open_store();
        }
        end();
    }
}

/* It has no bytes of its own, but its record is damaged all the same. */
static void an_empty_value_is_checked(void **state)
{
    (void)state;
    begin(1024, 4, 1);
    assert_int_equal(put(1, "first"), TK_STORE_OK);
    uint32_t at = s.append_at;

    assert_int_equal(put(2, ""), TK_STORE_OK);
    assert_int_equal(put(3, "third"), TK_STORE_OK);
    assert_int_equal(tk_store_get(&s, 2, NULL, 0), 0);
    f.bytes[at + 5] ^= 0x09; /* of its CRC-32 */
    assert_int_equal(tk_store_get(&s, 2, NULL, 0), TK_STORE_FLASH);
    assert_string_equal(tk_store_health(&s), "corrupt");
    end();
}

/* --- crafted --- */

static uint32_t crc_of(const uint8_t *record, size_t len)
{
    static const uint8_t seq[4] = {1, 0, 0, 0};
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < 4 + len; i++) {
        crc ^= i < 4 ? seq[i] : record[i - 4];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return crc;
}

/* The last head says that another one continues its value. */
static void a_last_head_that_is_continued(void **state)
{
    char got[300];

    (void)state;
    begin(1024, 2, 1);
    assert_int_equal(put(1, "first"), TK_STORE_OK);
    uint8_t *record = f.bytes + s.append_at;
    const uint8_t head[] = {1, 7, 255};

    memset(record, 'x', 300);
    memcpy(record, head, 3);
    for (int i = 0; i < 2; i++)
        record[3 + i] = (uint8_t)(crc_of(record, 3) >> 8 * i);
    for (int i = 0; i < 4; i++)
        record[5 + 254 + i] = (uint8_t)(~crc_of(record, 5 + 254) >> 8 * i);
    memset(record + 5 + 254 + 4, 0xff, 40);
    open_store();
    assert_int_equal(tk_store_get(&s, 7, got, sizeof got), 254);
    assert_int_equal(got[253], 'x');
    end();
}

/* --- the value before --- */

static int previous(uint16_t key, const char *text)
{
    char got[40] = "";
    int len = tk_store_previous(&s, key, got, sizeof got - 1);

    return len >= 0 ? strcmp(got, text) : len;
}

/* A value that was written once has none before it, however often it is copied. */
static void of_a_value_that_is_copied_there_is_none(void **state)
{
    char text[24];

    (void)state;
    for (uint32_t sectors = 2; sectors <= 4; sectors++) {
        begin(1024, sectors, 1);
        assert_int_equal(put(9, "once"), TK_STORE_OK);
        assert_int_equal(put(300, "once"), TK_STORE_OK);
        assert_int_equal(put(3009, "once"), TK_STORE_OK); /* in no index */
        for (int i = 0; s.top.seq < 3 * sectors; i++) {
            snprintf(text, sizeof text, "value number %d", i);
            assert_int_equal(put(1, text), TK_STORE_OK);
            assert_int_equal(previous(9, ""), TK_STORE_MISSING);
            assert_int_equal(previous(300, ""), TK_STORE_MISSING);
            assert_int_equal(previous(3009, ""), TK_STORE_MISSING);
            assert_true(has_text(9, "once") && has_text(300, "once") && has_text(3009, "once"));
        }
        end();
    }
}

/* With more than two sectors, the one that the last commit replaced is there. */
static void of_the_last_commit_it_is_there(void **state)
{
    static const uint16_t keys[] = {1, 3001}; /* the second one is in no index */

    (void)state;
    for (uint32_t sectors = 3; sectors <= 8; sectors++) {
        char now[24], before[24] = "";
        uint16_t key = keys[sectors % 2];

        begin(1024, sectors, 1);
        for (int i = 0; s.top.seq < 2 * sectors + 2; i++) {
            snprintf(now, sizeof now, "value number %d", i);
            assert_int_equal(put(key, now), TK_STORE_OK);
            assert_int_equal(previous(key, before), i == 0 ? TK_STORE_MISSING : 0);
            assert_int_equal(s.health, 0);
            memcpy(before, now, sizeof before);
        }
        end();
    }
}

/* Nor one of a sector that is damaged behind it, once the newest value is copied to another. */
static void of_a_damaged_sector_there_is_none(void **state)
{
    (void)state;
    begin(1024, 3, 1);
    assert_int_equal(put(1, "first"), TK_STORE_OK);
    assert_int_equal(put(1, "second"), TK_STORE_OK);
    uint32_t at = s.append_at;

    for (int i = 0; s.top.seq < 3; i++)
        assert_int_equal(put(2, i % 2 == 0 ? "even" : "odd"), TK_STORE_OK);
    f.bytes[at + 1] ^= 0x09;
    open_store();
    assert_int_equal(previous(1, ""), TK_STORE_MISSING);
    assert_true(has_text(1, "second"));
    end();
}

/* What could not be read is read anew. */
static void after_reads_that_failed_all_is_found(void **state)
{
    (void)state;
    begin(1024, 3, 1);
    assert_int_equal(put(1, "first"), TK_STORE_OK);
    assert_int_equal(put(2, "second"), TK_STORE_OK);
    open_store();
    f.fail_read_at = f.reads + 1;
    f.fail_read_until = UINT64_MAX;
    assert_int_equal(tk_store_get(&s, 1, NULL, 0), TK_STORE_FLASH);
    f.fail_read_at = f.fail_read_until = 0;
    assert_true(has_text(1, "first"));
    assert_true(has_text(2, "second"));
    assert_int_equal(s.health, 0);
    end();
}

/* Nor after a deletion, whether an index has the key or not. */
static void of_what_is_deleted_there_is_none(void **state)
{
    static const uint16_t keys[] = {1, 3001};

    (void)state;
    for (int k = 0; k < 2; k++) {
        struct tk_store_value gone = {keys[k], 0, NULL};

        begin(1024, 4, 1);
        assert_int_equal(put(keys[k], "first"), TK_STORE_OK);
        assert_int_equal(put(keys[k], "second"), TK_STORE_OK);
        assert_int_equal(tk_store_commit(&s, &gone, 1), TK_STORE_OK);
        assert_int_equal(previous(keys[k], ""), TK_STORE_MISSING);
        assert_int_equal(tk_store_get(&s, keys[k], NULL, 0), TK_STORE_MISSING);
        assert_int_equal(put(keys[k], "third"), TK_STORE_OK);
        assert_int_equal(previous(keys[k], ""), TK_STORE_MISSING);
        end();
    }
}

/* Not one before a record that is lost. */
static void of_damaged_records_there_is_none(void **state)
{
    static const uint16_t keys[] = {1, 3001};

    (void)state;
    for (int k = 0; k < 2; k++) {
        begin(1024, 4, 1);
        assert_int_equal(put(keys[k], "first"), TK_STORE_OK);
        uint32_t at = s.append_at;

        assert_int_equal(put(keys[k], "second"), TK_STORE_OK);
        for (int i = 0; s.top.seq == 1; i++)
            assert_int_equal(put(2, i % 2 == 0 ? "even" : "odd"), TK_STORE_OK);
        assert_int_equal(put(keys[k], "third"), TK_STORE_OK);
        assert_int_equal(previous(keys[k], "second"), 0);
        f.bytes[at + 1] ^= 0x09;
        open_store();
        assert_int_equal(previous(keys[k], ""), TK_STORE_MISSING);
        assert_true(has_text(keys[k], "third"));
        end();
    }
}

/* --- copies --- */

/* Keys below 256 have a bit each where live values are counted, others share 32. */
static void keys_do_not_stand_for_each_other(void **state)
{
    static const uint16_t kept[] = {0, 1, 31, 33, 65, 127, 254, 256, 257, 300};
    static const uint16_t others[] = {32, 34, 63, 64, 66, 97, 128, 222, 288, 289, 332, 512, 513};
    char text[24];

    (void)state;
    begin(1024, 4, 1);
    for (int i = 0; i < 10; i++)
        assert_int_equal(put(kept[i], "kept"), TK_STORE_OK);
    for (int i = 0; s.top.seq < 12; i++) {
        snprintf(text, sizeof text, "%d", i);
        assert_int_equal(put(others[i % 13], text), TK_STORE_OK);
    }
    for (int i = 0; i < 10; i++)
        assert_true(has_text(kept[i], "kept"));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_one_head_and_of_more),
        cmocka_unit_test(heads_of_a_wide_key_are_as_documented),
        cmocka_unit_test(values_of_31_wide_keys),
        cmocka_unit_test(a_wrong_bit_in_the_last_head_costs_its_record),
        cmocka_unit_test(nothing_is_appended_after_lost_heads),
        cmocka_unit_test(an_empty_value_is_checked),
        cmocka_unit_test(a_last_head_that_is_continued),
        cmocka_unit_test(of_a_value_that_is_copied_there_is_none),
        cmocka_unit_test(of_the_last_commit_it_is_there),
        cmocka_unit_test(of_a_damaged_sector_there_is_none),
        cmocka_unit_test(after_reads_that_failed_all_is_found),
        cmocka_unit_test(of_what_is_deleted_there_is_none),
        cmocka_unit_test(of_damaged_records_there_is_none),
        cmocka_unit_test(keys_do_not_stand_for_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
