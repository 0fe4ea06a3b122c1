/* SPDX-License-Identifier: Apache-2.0 */

/* Images of format 1, made by its own code, and of format 2: images/. A store of format 1 is read,
 * and rewritten by the first commit or prepare; a cut anywhere in that loses nothing. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store_load.h"
#include "tk_seal.h"

static const uint8_t board_key[TK_SEAL_KEY] = "the key of a board, of 32 bytes";
static struct tk_seal seal;

struct image {
    uint32_t sectors, size, unit, commit;
    bool is_sealed;
    uint8_t bytes[16384];
};

static const char *const names[] = {"1_plain_2x1024_1",   "1_plain_4x1024_8",  "1_plain_3x2048_32",
                                    "1_plain_4x2048_1",   "1_sealed_4x1024_4", "1_sealed_8x1024_1",
                                    "1_sealed_2x2048_16", "2_plain_4x1024_1",  "2_plain_2x1024_8",
                                    "2_sealed_4x1024_1",  "2_sealed_3x2048_32"};

enum { IMAGES = sizeof names / sizeof names[0], OLD_IMAGES = 7 };

static void load(struct image *image, const char *name)
{
    char path[300], line[100], kind[16];
    unsigned at, byte;
    FILE *file;

    snprintf(path, sizeof path, TK_SOURCE_DIR "/tests/unit/store/images/%s.txt", name);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    assert_int_equal(fscanf(file, "sectors %u of %u, unit %u, %15[a-z], commit %u ",
                            &image->sectors, &image->size, &image->unit, kind, &image->commit),
                     5);
    image->is_sealed = strcmp(kind, "sealed") == 0;
    memset(image->bytes, 0xff, sizeof image->bytes);
    while (fscanf(file, "%5x ", &at) == 1) {
        for (unsigned i = 0; i < 32 && fscanf(file, "%2x", &byte) == 1; i++)
            image->bytes[at + i] = (uint8_t)byte;
    }
    fclose(file);
}

static int open_image(const struct image *image)
{
    tk_sim_flash_power_on(&f);
    return tk_store_open(&s, &f.flash, image->is_sealed ? &seal.store : NULL);
}

/* In an area of so many sectors. */
static void put_in(const struct image *image, uint32_t sectors)
{
    tk_sim_flash_init(&f, image->size, sectors, image->unit);
    memcpy(f.bytes, image->bytes, image->size * image->sectors);
    for (uint32_t i = 0; i < image->size * image->sectors; i++) {
        if (f.bytes[i] != 0xff)
            f.programmed[i / image->unit] = 1;
    }
}

static void each_image_is_read(void **state)
{
    struct image image;

    (void)state;
    for (int i = 0; i < IMAGES; i++) {
        load(&image, names[i]);
        put_in(&image, image.sectors);
        assert_int_equal(open_image(&image), TK_STORE_OK);
        assert_true(holds(image.commit));
        assert_int_equal(s.health & TK_STORE_CORRUPT, 0);
        end();
    }
}

/* Afterwards, only format 2 is there. */
static void goes_on(const struct image *image, uint32_t n)
{
    for (uint32_t i = n; i < n + 30; i++) {
        assert_int_equal(commit(i), TK_STORE_OK);
        assert_true(holds(i));
    }
    assert_int_equal(open_image(image), TK_STORE_OK);
    assert_true(holds(n + 29));
    assert_int_equal(s.top.format, 2);
    assert_int_equal(s.top.sectors, f.flash.sectors);
}

/* By prepare where n is odd, else by a commit. */
static int take_over(uint32_t n)
{
    int ret = n % 2 == 0 ? TK_STORE_OK : tk_store_prepare(&s);

    return ret == TK_STORE_OK ? commit(n) : ret;
}

static void cut_everywhere(const struct image *image, uint32_t sectors)
{
    bool cut = true;

    for (uint64_t at = 1; cut; at++) {
        for (uint32_t torn = 0; torn < 12; torn++) {
            uint32_t n = image->commit + 1;

            put_in(image, sectors);
            f.torn_program = (enum tk_sim_torn_program)(torn % TK_SIM_TORN_PROGRAMS);
            f.torn_erase = (enum tk_sim_torn_erase)(torn % TK_SIM_TORN_ERASES);
            f.random = at * 12 + torn + 1;
            assert_int_equal(open_image(image), TK_STORE_OK);
            assert_true(holds(n - 1));
            f.cut_at = at;
            int ret = take_over(n);

            cut = f.off;
            if ((ret == TK_STORE_OK) == cut)
                fail_msg("%ux%u/%u in %u: %d, cut at %u", (unsigned)image->sectors,
                         (unsigned)image->size, (unsigned)image->unit, (unsigned)sectors, ret,
                         (unsigned)at);
            assert_int_equal(open_image(image), TK_STORE_OK);
            if (!holds(n) && !(cut && holds(n - 1)))
                fail_msg("cut at %u, torn as %u", (unsigned)at, (unsigned)torn);
            goes_on(image, n);
            end();
        }
    }
}

static void a_cut_while_format_1_is_taken_over_loses_nothing(void **state)
{
    struct image image;

    (void)state;
    for (int i = 0; i < OLD_IMAGES; i++) {
        load(&image, names[i]);
        cut_everywhere(&image, image.sectors);
    }
}

static void a_larger_area_takes_over_a_smaller_one(void **state)
{
    struct image image;

    (void)state;
    for (int i = OLD_IMAGES; i < IMAGES; i++) {
        load(&image, names[i]);
        cut_everywhere(&image, image.sectors + 1 + (uint32_t)i % 3);
        cut_everywhere(&image, 2 * image.sectors);
    }
}

static void assert_refused(const struct image *image, int error)
{
    uint64_t operations = f.operations;

    assert_int_equal(open_image(image), error);
    assert_int_equal(commit(0), error);
    assert_int_equal(tk_store_prepare(&s), error);
    assert_int_equal(tk_store_get(&s, 0, NULL, 0), error);
    tk_store_close(&s);
    assert_int_equal(f.operations, operations);
    end();
}

static void another_shape_is_refused(void **state)
{
    struct image image;

    (void)state;
    for (int i = OLD_IMAGES; i < IMAGES; i++) {
        load(&image, names[i]);
        if (image.sectors > 2) { /* fewer sectors */
            put_in(&image, image.sectors);
            f.flash.sectors = image.sectors - 1;
            assert_refused(&image, TK_STORE_SHAPE);
        }
        put_in(&image, image.sectors);
        f.flash.unit = image.unit == 1 ? 4 : image.unit / 4; /* another unit */
        int ret = open_image(&image);

        if (ret != TK_STORE_SHAPE && ret != TK_STORE_FOREIGN)
            fail_msg("%s: %d", names[i], ret);
        f.flash.unit = image.unit;
        end();
    }
}

/* What a firmware of format 1 sees in a header of format 2 (its tk_header_read_copy): never one of
 * its own plaintext, and one that is sealed. So it refuses a plaintext store; a sealed one by its
 * first record, which it reads but cannot authenticate. */
static void format_1_refuses_format_2(void **state)
{
    struct image image;

    (void)state;
    for (int i = OLD_IMAGES; i < IMAGES; i++) {
        unsigned sealed = 0;

        load(&image, names[i]);
        for (uint32_t at = 0; at < image.size * image.sectors; at += image.size) {
            uint32_t copies[] = {at, at + (16 + image.unit - 1) / image.unit * image.unit};

            for (int j = 0; j < 2; j++) {
                const uint8_t *header = image.bytes + copies[j];

                for (uint32_t seed = 0; seed < 2; seed++) {
                    uint32_t crc = UINT32_MAX, seq = seed == 0 ? 0 : 0x5ea1ed00u;

                    for (int k = 0; k < 4 + 16; k++) {
                        crc ^= k < 4 ? seq >> 8 * k & 0xff : header[k - 4];
                        for (int b = 0; b < 8; b++)
                            crc = crc >> 1 ^ (-(crc & 1) & 0xedb88320u);
                    }
                    if (crc == 0xdebb20e3u)
                        assert_int_equal(seed, 1);
                    sealed += crc == 0xdebb20e3u;
                }
            }
        }
        assert_true(sealed > 0);
    }
}

/* Format 1 has no shape: the numbers of its sectors say how many there are. */
static void sectors_of_format_1_in_another_order_are_refused(void **state)
{
    struct image image;

    (void)state;
    load(&image, "1_plain_4x2048_1");
    put_in(&image, image.sectors);
    for (uint32_t i = 0; i < image.size; i++) {
        uint8_t byte = f.bytes[i];

        f.bytes[i] = f.bytes[image.size + i];
        f.bytes[image.size + i] = byte;
    }
    assert_refused(&image, TK_STORE_SHAPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_image_is_read),
        cmocka_unit_test(a_cut_while_format_1_is_taken_over_loses_nothing),
        cmocka_unit_test(a_larger_area_takes_over_a_smaller_one),
        cmocka_unit_test(another_shape_is_refused),
        cmocka_unit_test(format_1_refuses_format_2),
        cmocka_unit_test(sectors_of_format_1_in_another_order_are_refused),
    };

    assert_true(tk_seal_init(&seal, board_key));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    tk_seal_free(&seal);
    return failed;
}
