/* SPDX-License-Identifier: Apache-2.0 */

/* Headers and marks, byte by byte as core/store/FORMAT.md says, with wrong bits, and crafted. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store_load.h"

enum { HALF = 16, SHAPE_BYTES = 6 };

static int put(uint16_t key, const char *text, uint32_t len)
{
    struct tk_store_piece piece = {text, (uint16_t)len};
    struct tk_store_value value = {key, 1, &piece};

    return tk_store_commit(&s, &value, 1);
}

/* --- another implementation --- */

static uint32_t crc_register(uint32_t crc, const uint8_t *p, size_t len)
{
    while (len-- > 0) {
        crc ^= *p++;
        for (int i = 0; i < 8; i++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return crc;
}

static void little(uint8_t *to, uint32_t number, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (uint8_t)(number >> 8 * i);
}

struct header {
    uint32_t seq, prev_end, opened_end, format, sectors, size, log_unit, worn;
    bool complete, sealed;
    uint8_t wrong; /* bits of the seed */
};

/* 16 bytes of each half. */
static void encode(const struct header *h, uint8_t first[HALF], uint8_t second[HALF])
{
    static const uint8_t zero[4] = {0};
    const uint8_t seed[4] = {0x00, 0xed, 0xa1, 0x5e ^ h->wrong};
    const uint8_t log_unit = (uint8_t)h->log_unit;
    uint32_t check;

    little(first, h->seq, 4);
    little(first + 4, h->prev_end, 4);
    little(first + 8, h->opened_end, 4);
    little(first + 12, ~crc_register(crc_register(UINT32_MAX, seed, 4), first, 12), 4);
    memset(second, 0xff, HALF);
    little(second, h->format | h->sectors << 4, 2);
    little(second + 2, (h->size / 16 - 1) | (h->complete ? 0x4000u : 0) | (h->sealed ? 0x8000u : 0),
           2);
    check = crc_register(crc_register(crc_register(UINT32_MAX, zero, 4), second, 4), &log_unit, 1);
    little(second + 4, (check & 0x1fff) | h->log_unit << 13, 2);
    if (h->worn != 0) {
        little(second + 6, 0, 2); /* no tag */
        little(second + 8, ~(h->worn | h->worn << 10 | h->worn << 20), 4);
    }
}

static struct header current(void)
{
    uint32_t log_unit = 0;

    while (1u << log_unit < f.flash.unit)
        log_unit++;
    return (struct header){.seq = s.top.seq,
                           .prev_end = s.top.prev_end,
                           .opened_end = s.top.opened_end % f.flash.sector_size,
                           .format = 2,
                           .sectors = f.flash.sectors,
                           .size = f.flash.sector_size,
                           .log_unit = log_unit,
                           .worn = s.top.worn,
                           .complete = s.top.is_complete};
}

static uint32_t half_of(uint32_t unit)
{
    return unit < HALF ? HALF : unit;
}

static void assert_header(const struct header *h, uint32_t at)
{
    uint8_t first[HALF], second[HALF];

    encode(h, first, second);
    assert_memory_equal(f.bytes + at, first, HALF);
    assert_memory_equal(f.bytes + at + half_of(f.flash.unit), second, HALF);
}

static void write_header(const struct header *h, uint32_t at)
{
    encode(h, f.bytes + at, f.bytes + at + half_of(f.flash.unit));
}

/* --- as documented --- */

static void headers_and_marks_are_as_documented(void **state)
{
    static const struct {
        uint32_t size, sectors, unit, worn;
    } shapes[] = {{1024, 2, 1, 99},  {2048, 12, 8, 1},    {16384, 5, 16, 2},
                  {65536, 4, 32, 2}, {262144, 2, 64, 99}, {1024, 4095, 4, 99}};

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        uint32_t size = shapes[i].size, half = half_of(shapes[i].unit);

        begin(size, shapes[i].sectors, shapes[i].unit);
        if (shapes[i].worn < shapes[i].sectors)
            f.worn[shapes[i].worn] = TK_SIM_NO_ERASE;
        for (uint32_t n = 0; n < 3; n++) { /* each opens a sector */
            assert_int_equal(commit(n), TK_STORE_OK);
            uint32_t at = s.top.seq % shapes[i].sectors * size;
            struct header h = current();

            assert_header(&h, at);
            assert_int_equal(commit(n + 3), TK_STORE_OK);
            uint32_t end = (s.append_at - 1) % size + 1;

            tk_store_close(&s);
            h.opened_end = end | 0x40000000u; /* records may follow */
            assert_header(&h, at + size - 2 * half - (shapes[i].unit < 4 ? 4 : shapes[i].unit));
            open_store();
            s.sector_closed = true;
            s.is_marked = false;
        }
        assert_int_equal(s.top.worn, shapes[i].worn < 3 ? 1u << shapes[i].worn : 0);
        end();
    }
}

/* --- wrong bits --- */

static void assert_newest(const struct header *h)
{
    assert_int_equal(s.top.seq, h->seq);
    assert_int_equal(s.top.prev_end, h->prev_end);
    assert_int_equal(s.top.opened_end % 2048, h->opened_end);
    assert_int_equal(s.top.is_complete, h->complete);
    assert_int_equal(s.top.sectors, h->sectors);
    assert_int_equal(s.top.worn, h->worn);
}

/* Without a mark. With two wrong bits in the worn sectors, of different ones, none is known. */
static void one_wrong_bit_in_a_header_is_corrected(void **state)
{
    uint32_t n = 0;

    (void)state;
    begin(2048, 4, 1);
    f.worn[0] = TK_SIM_NO_ERASE;
    for (; s.top.worn == 0; n++) {
        assert_int_equal(commit(n), TK_STORE_OK);
        (void)tk_store_prepare(&s); /* erases while there is room for what is live */
    }
    struct header h = current();
    uint8_t *header = f.bytes + h.seq % 4 * 2048;

    assert_int_equal(h.worn, 1);
    assert_true(h.prev_end != 0);
    for (uint32_t bit = 0; bit < 8 * (HALF + 12); bit++) {
        header[bit / 8] ^= (uint8_t)(1 << bit % 8);
        open_store();
        assert_newest(&h);
        assert_true(holds(n - 1));
        assert_string_equal(tk_store_health(&s), "worn");
        assert_int_equal(s.health & TK_STORE_OLDER, 0);
        assert_int_equal((s.health & TK_STORE_CORRECTED) != 0, bit < 8 * HALF);
        header[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (uint32_t bit = 1; bit < 30; bit += bit % 10 == 9 ? 2 : 1) {
        header[HALF + 8] ^= 1;
        header[HALF + 8 + bit / 8] ^= (uint8_t)(1 << bit % 8);
        open_store();
        assert_int_equal(s.top.worn, 0);
        assert_true(holds(n - 1));
        header[HALF + 8] ^= 1;
        header[HALF + 8 + bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    end();
}

/* Of an older sector: the end of the records before it is unknown, and nothing is lost. */
static void a_lost_header_of_an_older_sector_costs_nothing(void **state)
{
    char text[60];

    (void)state;
    begin(1024, 4, 1);
    memset(text, 'x', sizeof text);
    for (uint32_t i = 0, done = 0; s.top.seq < 5; i++) {
        assert_int_equal(put(1, text, 20 + i * 7 % 40), TK_STORE_OK);
        if (s.append_at % 1024 < 900 || s.top.seq == done)
            continue;
        done = s.top.seq;
        assert_int_equal(put((uint16_t)(100 + done), text, 9), TK_STORE_OK);
        assert_int_equal(s.top.seq, done);
    }
    for (uint32_t seq = 2; seq < 5; seq++) {
        uint8_t header[32];

        memcpy(header, f.bytes + seq % 4 * 1024, 32);
        memset(f.bytes + seq % 4 * 1024, 0, 32);
        open_store();
        for (uint16_t key = 101; key < 105; key++)
            assert_int_equal(tk_store_need(tk_store_get(&s, key, NULL, 0)), 9);
        memcpy(f.bytes + seq % 4 * 1024, header, 32);
    }
    end();
}

/* --- crafted --- */

/* Opens a flash of 4 sectors that has this header alone, and zeros elsewhere. */
static int open_crafted(const struct header *h)
{
    int ret;

    tk_sim_flash_init(&f, 1024, 4, 1);
    memset(f.bytes, 0, 4096);
    write_header(h, h->seq % 4 * 1024);
    ret = tk_store_open(&s, &f.flash, NULL);
    tk_sim_flash_free(&f);
    return ret;
}

static void what_no_store_writes_is_no_header(void **state)
{
    static const struct header good = {
        .seq = 4, .opened_end = 32, .format = 2, .sectors = 4, .size = 1024, .complete = true};
    struct header h = good;

    (void)state;
    assert_int_equal(open_crafted(&h), TK_STORE_OK);
    h.seq = 0;
    assert_int_equal(open_crafted(&h), TK_STORE_FOREIGN);
    h.seq = 0x7fffffff;
    assert_int_equal(open_crafted(&h), TK_STORE_OK);
    h.seq++;
    assert_int_equal(open_crafted(&h), TK_STORE_FOREIGN);
    h = good;
    h.prev_end = h.opened_end = 1024;
    assert_int_equal(open_crafted(&h), TK_STORE_OK);
    h.prev_end++;
    assert_int_equal(open_crafted(&h), TK_STORE_FOREIGN);
    h = good;
    h.opened_end = 1025;
    assert_int_equal(open_crafted(&h), TK_STORE_FOREIGN);
    h = good;
    for (int bit = 0; bit < 8; bit++) { /* one wrong bit, but not of the header */
        h.wrong = (uint8_t)(1 << bit);
        assert_int_equal(open_crafted(&h), TK_STORE_FOREIGN);
    }
    h = good;
    h.sectors = 1;
    assert_int_equal(open_crafted(&h), TK_STORE_FOREIGN);
    h.sectors = 2;
    assert_int_equal(open_crafted(&h), TK_STORE_OK); /* a smaller area */
    h.sectors = 3;
    assert_int_equal(open_crafted(&h), TK_STORE_FOREIGN); /* number 4 is not in place 0 */
}

static void another_store_is_refused_by_name(void **state)
{
    static const struct header good = {
        .seq = 4096, .opened_end = 32, .format = 2, .sectors = 4, .size = 1024, .complete = true};
    struct header h = good;

    (void)state;
    h.format = 3;
    assert_int_equal(open_crafted(&h), TK_STORE_FORMAT);
    h.format = 1;
    assert_int_equal(open_crafted(&h), TK_STORE_FORMAT);
    h = good;
    h.sealed = true;
    assert_int_equal(open_crafted(&h), TK_STORE_SEALED);
    h = good;
    h.sectors = 8;
    assert_int_equal(open_crafted(&h), TK_STORE_SHAPE);
    h = good;
    h.size = 2048;
    assert_int_equal(open_crafted(&h), TK_STORE_SHAPE);
    h.size = 1008;
    assert_int_equal(open_crafted(&h), TK_STORE_SHAPE);
    h = good;
    h.log_unit = 4;
    assert_int_equal(open_crafted(&h), TK_STORE_SHAPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_and_marks_are_as_documented),
        cmocka_unit_test(one_wrong_bit_in_a_header_is_corrected),
        cmocka_unit_test(a_lost_header_of_an_older_sector_costs_nothing),
        cmocka_unit_test(what_no_store_writes_is_no_header),
        cmocka_unit_test(another_store_is_refused_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
